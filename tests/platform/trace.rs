//! What a server asked of the system, as `strace` saw it: calls with their order in time.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::{Server, wait_for};
use crate::stage::{Stage, is_required};

const CALLS: &str = "trace=fdatasync,fsync,pwrite64,pwritev,write,writev,sendto,sendmsg";
/// How much of what is written or sent is shown.
const SHOWN_BYTES: &str = "8192";

/// One call to the system. Places are lines of the trace, so that they can be compared.
#[derive(Debug)]
pub struct Call {
    pub name: String,
    pub text: String,
    pub began: usize,
    pub ended: usize,
    /// What it returned, where that is a number.
    pub result: Option<i64>,
}

/// A server whose calls are written down.
pub struct Traced {
    pub server: Server,
    file: PathBuf,
}

impl Traced {
    /// Starts one; `None` where there is no `strace`.
    pub fn start(stage: &Stage, more: &[&str]) -> Option<Self> {
        Self::watch(stage, CALLS, SHOWN_BYTES, more)
    }

    /// Starts one of which these calls are seen, with so many bytes of what is written; `None` where there is no `strace`.
    pub fn watch(stage: &Stage, calls: &str, bytes: &str, more: &[&str]) -> Option<Self> {
        if Command::new("strace").arg("-V").output().is_err() {
            assert!(!is_required("strace"), "strace is required and is not there");
            eprintln!("not run: `strace` is not installed");
            return None;
        }
        let file = stage.path("strace.out");
        let ours = stage.command(&["up"]);
        let mut command = Command::new("strace");
        // With -D the server is our child and strace looks on from aside: what we end and reap is the server.
        command.args(["-D", "-f", "-y", "-s", bytes, "-e", calls, "-e", "signal=SIGKILL", "-o"]).arg(&file);
        command.args(more).arg(ours.get_program()).args(ours.get_args());
        stage.settle(&mut command);
        Some(Self { server: stage.start_by(command), file })
    }

    /// Ends the server and reads what it did.
    pub fn calls(self) -> Vec<Call> {
        let thread = self.server.id().to_string();
        self.server.kill();
        let is_end =
            |line: &str| line.strip_prefix(&thread).is_some_and(|rest| rest.trim_start().starts_with("+++ "));
        wait_for("the end of the trace", || read(&self.file).lines().any(is_end).then_some(()));
        calls(&read(&self.file))
    }
}

fn read(file: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned()
}

/// Puts the two halves of calls that were interrupted by others together.
fn calls(text: &str) -> Vec<Call> {
    let mut found = Vec::new();
    let mut begun: HashMap<&str, (usize, String)> = HashMap::new();
    for (at, line) in text.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(first) = rest.strip_suffix("<unfinished ...>") {
            begun.insert(thread, (at, first.trim_end().to_owned()));
        } else if let Some((_, second)) =
            rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"))
        {
            if let Some((began, first)) = begun.remove(thread) {
                found.extend(call(&format!("{first}{second}"), began, at));
            }
        } else {
            found.extend(call(rest, at, at));
        }
    }
    found
}

fn call(text: &str, began: usize, ended: usize) -> Option<Call> {
    let name = text.split_once('(')?.0.to_owned();
    let (asked, answered) = text.rsplit_once(" = ")?;
    let result = answered.split([' ', '<']).next().filter(|_| asked.trim_end().ends_with(')'))?.parse().ok();
    Some(Call { name, text: text.to_owned(), began, ended, result })
}

/// The first string among the arguments, where it is a path.
pub fn quoted(arguments: &str) -> String {
    arguments.split('"').nth(1).unwrap().to_owned()
}

/// The first string among the arguments as the bytes it stands for: all of those that were written.
pub fn bytes(arguments: &str, length: usize) -> Vec<u8> {
    let text = arguments.split_once('"').unwrap().1.as_bytes();
    let (mut found, mut at) = (Vec::with_capacity(length), 0);
    while found.len() < length {
        let (byte, next) = if text[at] == b'\\' { escaped(text, at + 1) } else { (text[at], at + 1) };
        assert!(text[at] != b'"', "the trace has not all of what was written");
        found.push(byte);
        at = next;
    }
    found
}

fn escaped(text: &[u8], at: usize) -> (u8, usize) {
    let simple = |byte| (byte, at + 1);
    match text[at] {
        b'n' => simple(b'\n'),
        b't' => simple(b'\t'),
        b'r' => simple(b'\r'),
        b'v' => simple(0x0b),
        b'f' => simple(0x0c),
        b'0'..=b'7' => {
            let digits = text[at..].iter().take(3).take_while(|digit| (b'0'..=b'7').contains(digit));
            let (value, count) = digits
                .fold((0_u32, 0), |(value, count), digit| (value * 8 + u32::from(digit - b'0'), count + 1));
            (value as u8, at + count)
        }
        other => simple(other),
    }
}

#[test]
fn a_call_that_was_interrupted_is_one_call() {
    let text = "10 fsync(3</a> <unfinished ...>\n11 write(4<s>, \"x) = \", 5) = 5\n10 <... fsync resumed>)      = 0\n\
        12 fsync(3</a>) = -1 EIO (Input/output error) (INJECTED)\n12 openat(AT_FDCWD</>, \"/a\", O_RDONLY) = 3</a>\n12 +++ exited with 0 +++\n";
    let calls = calls(text);
    let seen: Vec<_> =
        calls.iter().map(|call| (call.name.as_str(), call.began, call.ended, call.result)).collect();
    assert_eq!(
        seen,
        [
            ("write", 1, 1, Some(5)),
            ("fsync", 0, 2, Some(0)),
            ("fsync", 3, 3, Some(-1)),
            ("openat", 4, 4, Some(3))
        ]
    );
}
