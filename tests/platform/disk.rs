//! A disk that loses power: the calls of a trace played again up to a moment, and what may be found after it.
//!
//! The reading is the strict one. An fsync of a file keeps its bytes and not its name; an fsync of a folder keeps the names in
//! it; both keep what was done before they began, once they have ended. All else is in doubt: nothing of it may be there,
//! all, or any part, where a sector is written whole or not at all. Memory that is mapped from a file (`-shm`) is left out:
//! SQLite makes it anew.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::kill9::Dice;
use crate::trace::{Call, bytes, quoted};

/// The calls that this disk understands. What else could change a file is traced as well, so that it is noticed.
pub const CALLS: &str = "trace=openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,\
    symlink,symlinkat,ftruncate,truncate,fallocate,write,pwrite64,pwritev,pwritev2,writev,sendto,sendmsg,fsync,fdatasync,\
    sync_file_range,msync,copy_file_range,sendfile,lseek,dup,dup2,dup3";
const SECTOR: usize = 512;

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    Nothing,
    Everything,
    /// Any part of it, torn at sectors.
    Torn,
}

/// Names, and what they stand for from now on.
type Names = Vec<(String, Option<usize>)>;

/// Files and folders as far as the calls were played.
pub struct Disk {
    /// The folder around ours: its other names are not looked at.
    around: String,
    root: String,
    nodes: Vec<Node>,
    /// What open descriptors stand for, and where they write next.
    open: HashMap<u64, (usize, usize)>,
    /// From this line on it says that it has synced, and has not.
    lies_from: usize,
}

enum Node {
    File(File),
    Folder(Folder),
}

#[derive(Default)]
struct File {
    kept: Vec<u8>,
    doubtful: Vec<(usize, Change)>,
}

enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// Names and what they stand for. A change may be of two names: a file that is renamed.
#[derive(Default)]
struct Folder {
    kept: BTreeMap<String, usize>,
    now: BTreeMap<String, usize>,
    doubtful: Vec<(usize, Names)>,
}

/// The calls that matter to this folder, each with the line at which it takes effect: a sync when it has ended.
pub fn deeds<'c>(calls: &'c [Call], folder: &Path) -> Vec<(usize, &'c Call)> {
    let around = folder.parent().and_then(Path::to_str).unwrap();
    let ours =
        calls.iter().filter(|call| call.text.contains(around) && call.result.is_some_and(|code| code >= 0));
    let mut deeds: Vec<_> =
        ours.map(|call| (if is_sync(call) { call.ended } else { call.began }, call)).collect();
    deeds.sort_by_key(|(line, _)| *line);
    deeds
}

/// Whether it makes something last.
pub fn is_sync(call: &Call) -> bool {
    matches!(call.name.as_str(), "fsync" | "fdatasync")
}

impl Disk {
    /// Of which this folder is looked at; the one around it is there from the beginning.
    pub fn of(folder: &Path) -> Self {
        let nodes = vec![Node::Folder(Folder::default())];
        let [around, root] = [folder.parent().unwrap(), folder].map(|path| path.to_str().unwrap().to_owned());
        Self { around, root, nodes, open: HashMap::new(), lies_from: usize::MAX }
    }

    /// The same that syncs nothing any more from this line on.
    pub fn lying_from(self, line: usize) -> Self {
        Self { lies_from: line, ..self }
    }

    /// Plays a call.
    pub fn play(&mut self, line: usize, call: &Call) {
        let arguments = call.text.split_once('(').unwrap().1;
        match call.name.as_str() {
            "openat" => self.opens(call, arguments),
            "mkdir" => self.appears(call, &quoted(arguments), Node::Folder(Folder::default())),
            "unlink" => self.names(call, &[(quoted(arguments), None)]),
            "rename" => {
                let (from, to) = arguments.split_once("\", \"").unwrap();
                let (from, to) = (quoted(from), quoted(&format!("\"{to}")));
                let node = self.find(&from);
                self.names(call, &[(from, None), (to, node)]);
            }
            "fsync" | "fdatasync" if line < self.lies_from => self.syncs(call, arguments),
            "fsync" | "fdatasync" => {}
            "sendto" | "sendmsg" => {}
            _ => self.writes(call, arguments),
        }
    }

    fn opens(&mut self, call: &Call, arguments: &str) {
        let path = call.text.rsplit_once(" = ").and_then(|(_, opened)| opened.split_once('<')).unwrap().1;
        let path = path.trim_end_matches('>').to_owned();
        if !self.is_ours(&path) {
            return;
        }
        assert!(
            !arguments.contains("O_APPEND") && !arguments.contains("O_TMPFILE"),
            "not understood: {arguments}"
        );
        if arguments.contains("O_CREAT") && self.find(&path).is_none() {
            self.appears(call, &path, Node::File(File::default()));
        }
        let node = self.find(&path).unwrap_or_else(|| panic!("{path} was opened and has never been made"));
        if arguments.contains("O_TRUNC") {
            self.file(node).doubtful.push((call.ended, Change::Length(0)));
        }
        self.open.insert(call.result.unwrap() as u64, (node, 0));
    }

    fn writes(&mut self, call: &Call, arguments: &str) {
        let (descriptor, rest) =
            arguments.split_once('<').unwrap_or_else(|| panic!("not understood: {}", call.name));
        let path = rest.split_once('>').unwrap().0;
        if !self.is_ours(path) {
            return;
        }
        let descriptor: u64 = descriptor.parse().unwrap();
        let (node, place) =
            self.open.get(&descriptor).copied().unwrap_or_else(|| panic!("{path} was not opened"));
        let last = || arguments.rsplit_once(')').unwrap().0.rsplit_once(", ").unwrap().1.parse().unwrap();
        let done = call.result.unwrap() as usize;
        let (at, change) = match call.name.as_str() {
            "lseek" => {
                self.open.insert(descriptor, (node, done));
                return;
            }
            "ftruncate" => (place, Change::Length(last())),
            "write" => (place + done, Change::Write(place, bytes(arguments, done))),
            "pwrite64" => (place, Change::Write(last(), bytes(arguments, done))),
            other => panic!("a call that this disk does not understand changes {path}: {other}"),
        };
        self.open.insert(descriptor, (node, at));
        self.file(node).doubtful.push((call.ended, change));
    }

    /// What had ended when the sync began is kept.
    fn syncs(&mut self, call: &Call, arguments: &str) {
        let (descriptor, rest) = arguments.split_once('<').unwrap();
        if !self.is_ours(rest.split_once('>').unwrap().0) {
            return;
        }
        let (node, _) = self.open[&descriptor.parse().unwrap()];
        match &mut self.nodes[node] {
            Node::File(file) => {
                let (kept, doubtful) = file.doubtful.drain(..).partition(|(ended, _)| *ended < call.began);
                file.doubtful = doubtful;
                let kept: Vec<(usize, Change)> = kept;
                kept.iter().for_each(|(_, change)| change.make(&mut file.kept));
            }
            Node::Folder(folder) => {
                let (kept, doubtful) = folder.doubtful.drain(..).partition(|(ended, _)| *ended < call.began);
                folder.doubtful = doubtful;
                let kept: Vec<(usize, Names)> = kept;
                kept.into_iter().for_each(|(_, names)| rename(&mut folder.kept, &names));
            }
        }
    }

    fn appears(&mut self, call: &Call, path: &str, node: Node) {
        self.nodes.push(node);
        self.names(call, &[(path.to_owned(), Some(self.nodes.len() - 1))]);
    }

    /// Names of one folder change, together.
    fn names(&mut self, call: &Call, changes: &[(String, Option<usize>)]) {
        if !changes.iter().all(|(path, _)| self.is_ours(path)) {
            return;
        }
        let (folder, _) = changes[0].0.rsplit_once('/').unwrap();
        let name = |path: &str| path.strip_prefix(folder).unwrap().trim_start_matches('/').to_owned();
        let names: Vec<_> = changes.iter().map(|(path, node)| (name(path), *node)).collect();
        let at = self.find(folder).unwrap();
        let Node::Folder(folder) = &mut self.nodes[at] else { panic!("{folder} is no folder") };
        rename(&mut folder.now, &names);
        folder.doubtful.push((call.ended, names));
    }

    fn is_ours(&self, path: &str) -> bool {
        let below = path == self.around
            || path.strip_prefix(&self.root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        below && !path.ends_with("-shm") && !path.ends_with("(deleted)")
    }

    fn find(&self, path: &str) -> Option<usize> {
        let names = path.strip_prefix(&self.around)?.split('/').filter(|name| !name.is_empty());
        names.into_iter().try_fold(0, |at, name| match &self.nodes[at] {
            Node::Folder(folder) => folder.now.get(name).copied(),
            Node::File(_) => None,
        })
    }

    fn file(&mut self, node: usize) -> &mut File {
        let Node::File(file) = &mut self.nodes[node] else { panic!("a folder was written to") };
        file
    }

    /// Writes down what is found when the power comes back, into the folder that stands for the one around ours.
    pub fn lose_power(&self, doubt: Doubt, dice: &mut Dice, around: &Path) {
        self.write_down(0, doubt, dice, around);
    }

    fn write_down(&self, node: usize, doubt: Doubt, dice: &mut Dice, to: &Path) {
        match &self.nodes[node] {
            Node::File(file) => std::fs::write(to, file.after(doubt, dice)).unwrap(),
            Node::Folder(folder) => {
                std::fs::create_dir_all(to).unwrap();
                for (name, node) in folder.after(doubt, dice) {
                    self.write_down(node, doubt, dice, &to.join(name));
                }
            }
        }
    }
}

impl Folder {
    fn after(&self, doubt: Doubt, dice: &mut Dice) -> BTreeMap<String, usize> {
        let mut names = self.kept.clone();
        for (_, changes) in &self.doubtful {
            let happens = match doubt {
                Doubt::Nothing => false,
                Doubt::Everything => true,
                Doubt::Torn => dice.between(0, 2) == 1,
            };
            if happens {
                rename(&mut names, changes);
            }
        }
        names
    }
}

impl File {
    fn after(&self, doubt: Doubt, dice: &mut Dice) -> Vec<u8> {
        let mut found = self.kept.clone();
        match doubt {
            Doubt::Nothing => {}
            Doubt::Everything => self.doubtful.iter().for_each(|(_, change)| change.make(&mut found)),
            Doubt::Torn => self.tear(&mut found, dice),
        }
        found
    }

    /// Each sector is as it was after one of the changes, and so is the length: the system writes back what it held at
    /// some moment, not parts of it that were never together.
    fn tear(&self, found: &mut Vec<u8>, dice: &mut Dice) {
        let mut moment = |_| match dice.between(0, 4) {
            0 => 0,
            1 => self.doubtful.len(),
            _ => dice.between(0, self.doubtful.len() as u64 + 1) as usize,
        };
        let length_at = moment(0);
        let end = self.doubtful.iter().map(|(_, change)| change.end()).max().unwrap_or(0).max(found.len());
        let moments: Vec<usize> = (0..end.div_ceil(SECTOR)).map(moment).collect();
        let mut length = found.len();
        found.resize(end, 0);
        for (at, (_, change)) in self.doubtful.iter().enumerate() {
            if at < length_at {
                length = change.length(length);
            }
            change.make_where(found, |sector| moments[sector] > at);
        }
        found.truncate(length);
        found.resize(length, 0);
    }
}

impl Change {
    fn make(&self, file: &mut Vec<u8>) {
        file.resize(self.length(file.len()), 0);
        self.make_where(file, |_| true);
    }

    /// Changes the bytes of these sectors, and no length.
    fn make_where(&self, file: &mut [u8], is_made: impl Fn(usize) -> bool) {
        let (mut at, bytes) = match self {
            Self::Write(at, bytes) => (*at, Some(bytes)),
            Self::Length(length) => (*length, None),
        };
        let (start, end) = (at, bytes.map_or(file.len(), |bytes| at + bytes.len()));
        while at < end {
            let next = ((at / SECTOR + 1) * SECTOR).min(end);
            if is_made(at / SECTOR) {
                match bytes {
                    Some(bytes) => file[at..next].copy_from_slice(&bytes[at - start..next - start]),
                    None => file[at..next].fill(0),
                }
            }
            at = next;
        }
    }

    fn length(&self, before: usize) -> usize {
        match self {
            Self::Write(at, bytes) => before.max(at + bytes.len()),
            Self::Length(length) => *length,
        }
    }

    fn end(&self) -> usize {
        self.length(0)
    }
}

fn rename(names: &mut BTreeMap<String, usize>, changes: &[(String, Option<usize>)]) {
    for (name, node) in changes {
        match node {
            Some(node) => names.insert(name.clone(), *node),
            None => names.remove(name),
        };
    }
}

/// A disk with a folder `/f` and in it what these lines of a trace do.
#[cfg(test)]
fn played(lines: &[&str]) -> Disk {
    let call = |text: &&str| Call {
        name: text.split('(').next().unwrap().to_owned(),
        text: (*text).to_owned(),
        began: 0,
        ended: 0,
        result: text.rsplit(" = ").next().unwrap().split('<').next().unwrap().parse().ok(),
    };
    let mut calls: Vec<Call> = lines.iter().map(call).collect();
    for (at, call) in calls.iter_mut().enumerate() {
        (call.began, call.ended) = (at, at);
    }
    let mut disk = Disk::of(Path::new("/h/f"));
    deeds(&calls, Path::new("/h/f")).into_iter().for_each(|(line, call)| disk.play(line, call));
    disk
}

#[cfg(test)]
fn found(disk: &Disk, doubt: Doubt, dice: &mut Dice) -> Vec<(String, Vec<u8>)> {
    let home = kernel::testing::unique_directory();
    disk.lose_power(doubt, dice, &home);
    let files = std::fs::read_dir(home.join("f")).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    found.sort();
    std::fs::remove_dir_all(home).unwrap();
    found
}

#[test]
fn what_was_not_synced_is_in_doubt() {
    let begin = [
        r#"mkdir("/h/f", 0777) = 0"#,
        r#"openat(AT_FDCWD</>, "/h", O_RDONLY) = 9</h>"#,
        r#"openat(AT_FDCWD</>, "/h/f/a.new", O_RDWR|O_CREAT, 0666) = 3</h/f/a.new>"#,
        r#"write(3</h/f/a.new>, "on\0\1771\n", 6) = 6"#,
        "fsync(3</h/f/a.new>) = 0",
    ];
    let named = [r#"openat(AT_FDCWD</>, "/h/f", O_RDONLY) = 4</h/f>"#, "fsync(4</h/f>) = 0"];
    let moved = [
        r#"rename("/h/f/a.new", "/h/f/a") = 0"#,
        r#"pwrite64(3</h/f/a>, "two", 3, 600) = 3"#,
        "ftruncate(3</h/f/a>, 601) = 0",
    ];
    let after = |parts: &[&[&str]], doubt| found(&played(&parts.concat()), doubt, &mut Dice::new());
    let (first, mut last) = (b"on\0\x7f1\n".to_vec(), vec![0; 601]);
    last[..6].copy_from_slice(&first);
    last[600] = b't';
    assert_eq!(after(&[&begin], Doubt::Nothing), [], "the file has no name yet");
    assert_eq!(after(&[&begin], Doubt::Everything), [("a.new".to_owned(), first.clone())]);
    // The folder's own name stands in the folder around it.
    assert_eq!(after(&[&begin, &named], Doubt::Nothing), []);
    let around = ["fsync(9</h>) = 0"];
    assert_eq!(after(&[&begin, &named, &around, &moved], Doubt::Nothing), [("a.new".to_owned(), first)]);
    assert_eq!(after(&[&begin, &moved], Doubt::Everything), [("a".to_owned(), last)]);
}

#[test]
fn a_torn_file_has_each_sector_from_some_moment() {
    let write = |letter: char, at: usize, length: usize| {
        format!(r#"pwrite64(3</h/f/a>, "{}", {length}, {at}) = {length}"#, letter.to_string().repeat(length))
    };
    let lines = [
        r#"mkdir("/h/f", 0777) = 0"#.to_owned(),
        r#"openat(AT_FDCWD</>, "/h/f/a", O_RDWR|O_CREAT, 0666) = 3</h/f/a>"#.to_owned(),
        write('a', 0, 2_048),
        "fsync(3</h/f/a>) = 0".to_owned(),
        write('b', 0, 1_100),
        write('c', 900, 1_148),
    ];
    let disk = played(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let Some(Node::File(file)) = disk.nodes.get(2) else { panic!("there is no file") };
    let (mut dice, mut kinds) = (Dice::new(), std::collections::BTreeSet::new());
    for _ in 0..1_000 {
        let found = file.after(Doubt::Torn, &mut dice);
        assert_eq!(found.len(), 2_048);
        // In the second sector the later write is on top of the earlier one, or not there.
        assert!([&b"a"[..], b"b", b"bc"].contains(&letters(&found[512..1_024]).as_slice()));
        assert!([&b"a"[..], b"ba", b"c"].contains(&letters(&found[1_024..1_536]).as_slice()));
        kinds.insert(found.chunks(SECTOR).map(letters).collect::<Vec<_>>());
    }
    assert!(kinds.len() > 20, "{}", kinds.len());
}

#[cfg(test)]
fn letters(bytes: &[u8]) -> Vec<u8> {
    let mut letters = bytes.to_vec();
    letters.dedup();
    letters
}
