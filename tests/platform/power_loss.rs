//! The power fails among transfers: what was acknowledged is in the journal, once, and nothing is there in pieces.
//!
//! A server on files is watched while callers send transfers, one by one and in lists. What it did to its files is played
//! again up to many moments, each time with what was synced by then and nothing, all or torn parts of the rest, and a
//! server is started on what is found. A transfer counts as acknowledged from the moment at which the call that sends its
//! answer began. Postgres syncs in processes of its own, and its `synchronous_commit` is its own proof.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;

use crate::disk::{CALLS, Disk, Doubt, deeds, is_sync};
use crate::kill9::Dice;
use crate::ledger_kills::{ACCOUNTS, account, adds_up, moves, opens, post, results, transfer};
use crate::server::{Server, wait_for};
use crate::stage::{ALL, Stage, project};
use crate::trace::{Call, Traced};
use crate::wire::{Request, Wire};

/// How many transfers each caller sends at a time.
const SIZES: [usize; 4] = [1, 1, 20, 100];
/// More than any one call writes.
const SHOWN_BYTES: &str = "4194304";
const MARK: &str = "x-correlation-id";
const CHUNK: usize = 2_000;
const DOUBTS: [Doubt; 3] = [Doubt::Nothing, Doubt::Torn, Doubt::Everything];

/// Transfers that were asked for together, and the line of the trace at which the answer began to go out.
struct List {
    mark: String,
    transfers: Vec<Value>,
    answered: Option<usize>,
}

/// What happened before the power failed.
struct Story {
    stage: Stage,
    calls: Vec<Call>,
    lists: Vec<List>,
    keys: BTreeMap<String, Vec<u8>>,
    /// The balances when all transfers are done.
    balances: BTreeMap<String, i64>,
}

/// A moment at which the power fails.
#[derive(Clone, Copy)]
struct Cut {
    line: usize,
    doubt: Doubt,
    why: &'static str,
}

#[test]
fn acknowledged_transfers_survive_a_power_cut() {
    let cuts: usize = std::env::var("STOA_TEST_CUTS").ok().and_then(|cuts| cuts.parse().ok()).unwrap_or(12);
    let Some(story) = Story::of_transfers() else { return };
    let mut dice = Dice::new();
    let cuts = story.cuts(cuts, &mut dice);
    let (mut disk, mut left) = (Disk::of(&story.stage.data()), story.deeds().into_iter().peekable());
    let (mut acknowledged, mut uncertain) = (0, [0, 0]);
    for cut in &cuts {
        while let Some((line, call)) = left.next_if(|(line, _)| *line < cut.line) {
            disk.play(line, call);
        }
        let found = story
            .found_after(&disk, *cut, &mut dice)
            .unwrap_or_else(|wrong| panic!("{}: {wrong}", cut.told()));
        acknowledged += found.acknowledged;
        uncertain[0] += found.missing;
        uncertain[1] += found.there;
    }
    let [missing, there] = uncertain;
    assert!(acknowledged > 0, "nothing was acknowledged");
    eprintln!(
        "the power failed at {} moments of {} calls: {acknowledged} transfers had been acknowledged, 0 lost, 0 twice; of lists \
         that were not, {missing} were not there, {there} were",
        cuts.len(),
        story.calls.len()
    );
}

/// The test of the test: with a disk that only says that it syncs, the same calls lose what was acknowledged.
#[test]
fn a_disk_that_lies_about_its_syncs_is_found_out() {
    let Some(story) = Story::of_transfers() else { return };
    let mut answers: Vec<usize> = story.lists.iter().filter_map(|list| list.answered).collect();
    answers.sort_unstable();
    let (middle, last) = (answers[answers.len() / 2], answers[answers.len() - 1]);
    let cut = Cut { line: last + 1, doubt: Doubt::Nothing, why: "after the last answer" };
    let mut disk = Disk::of(&story.stage.data()).lying_from(middle);
    for (line, call) in story.deeds().into_iter().filter(|(line, _)| *line < cut.line) {
        disk.play(line, call);
    }
    let found = story.found_after(&disk, cut, &mut Dice::new());
    let wrong = found.err().unwrap_or_default();
    assert!(wrong.contains("lost"), "a lying disk was taken for a good one: {wrong}");
}

impl Cut {
    fn told(&self) -> String {
        format!("line {} ({}), of what was not synced {:?}", self.line, self.why, self.doubt)
    }
}

/// What is found of the transfers after a cut.
#[derive(Default)]
struct Found {
    acknowledged: usize,
    /// Lists whose callers had heard nothing yet.
    missing: usize,
    there: usize,
}

impl Story {
    /// Lets callers send transfers until the ledger has brought its log into its file at least once.
    fn of_transfers() -> Option<Self> {
        let stage = Stage::embedded();
        let traced = Traced::watch(&stage, CALLS, SHOWN_BYTES, &["--seccomp-bpf"])?;
        let token = stage.token(project(1), ALL);
        let mut balances = BTreeMap::new();
        opens(&traced.server, &token, &mut balances);
        let (address, file, enough) =
            (traced.server.address(), stage.data().join("db/ledger.db"), AtomicBool::new(false));
        let size = || file.metadata().unwrap().len();
        let before = size();
        let mut lists: Vec<List> = thread::scope(|scope| {
            let (token, enough) = (&token, &enough);
            let callers: Vec<_> = SIZES
                .iter()
                .enumerate()
                .map(|(caller, size)| scope.spawn(move || send(address, token, caller, *size, enough)))
                .collect();
            wait_for("a checkpoint", || (size() > before).then_some(()));
            enough.store(true, Ordering::Relaxed);
            callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
        });
        traced.server.has_not_panicked();
        let keys = keys(&stage);
        let calls = traced.calls();
        let answers = answers(&calls);
        for list in &mut lists {
            list.answered = answers.get(list.mark.as_str()).copied();
            assert!(list.answered.is_some(), "{}: the trace has no answer", list.mark);
            list.transfers.iter().for_each(|transfer| moves(transfer, &mut balances));
        }
        Some(Self { stage, calls, lists, keys, balances })
    }

    fn deeds(&self) -> Vec<(usize, &Call)> {
        deeds(&self.calls, &self.stage.data())
    }

    /// Moments of each kind, with each kind of doubt, in their order.
    fn cuts(&self, count: usize, dice: &mut Dice) -> Vec<Cut> {
        let deeds = self.deeds();
        let of = |file: &str, is_wanted: fn(&Call) -> bool| -> Vec<usize> {
            let those = deeds.iter().filter(|(_, call)| is_wanted(call) && call.text.contains(file));
            those.map(|(line, _)| *line).collect()
        };
        let answers: Vec<usize> =
            self.lists.iter().filter_map(|list| list.answered).map(|line| line + 1).collect();
        let first = answers.iter().min().copied().unwrap_or(0);
        let since = |lines: Vec<usize>| lines.into_iter().filter(|line| *line > first).collect();
        let mut kinds: Vec<(&str, Vec<usize>)> = vec![
            ("an answer goes out", answers),
            ("before a sync of the log has ended", since(of("/ledger.db-wal>", is_sync))),
            ("the log is brought into the file", since(of("/ledger.db>", |call| call.name == "pwrite64"))),
            ("any moment", deeds.iter().map(|(line, _)| *line).collect()),
        ];
        // A store that never syncs is to be found out by what it loses.
        kinds.retain(|(_, lines)| !lines.is_empty());
        let mut cuts: Vec<Cut> = (0..count)
            .map(|number| {
                let (why, lines) = &kinds[number % kinds.len()];
                let line = lines[dice.between(0, lines.len() as u64) as usize];
                Cut { line, doubt: DOUBTS[number / kinds.len() % DOUBTS.len()], why }
            })
            .collect();
        cuts.sort_by_key(|cut| cut.line);
        cuts
    }

    /// Starts a server on what the disk has kept; an error says what is wrong with the transfers.
    fn found_after(&self, disk: &Disk, cut: Cut, dice: &mut Dice) -> Result<Found, String> {
        let stage = self.stage.another();
        disk.lose_power(cut.doubt, dice, stage.data().parent().unwrap());
        let is_told = |list: &List| list.answered.is_some_and(|line| line < cut.line);
        let mut found = Found::default();
        let server = if self.lists.iter().any(is_told) {
            if keys(&stage) != self.keys {
                return Err("keys are lost".to_owned());
            }
            let server = stage.start();
            self.compare(&server, &stage.token(project(1), ALL), is_told, &mut found)?;
            server
        } else {
            stage.start()
        };
        server.has_not_panicked();
        server.kill();
        let verified = stage.run(&["ledger", "verify"]);
        if verified.code != Some(0) {
            return Err(format!("{}{}", verified.out, verified.err));
        }
        Ok(found)
    }

    /// Asks for all transfers again under their ids: the ledger says which it knows.
    fn compare(
        &self,
        server: &Server,
        token: &str,
        is_told: impl Fn(&List) -> bool,
        found: &mut Found,
    ) -> Result<(), String> {
        let verification = Request::get("/api/v1/ledger/verification").bearer(token);
        let before = server.ask(&verification).json();
        if before["sound"] != true {
            return Err(before.to_string());
        }
        let all: Vec<Value> = self.lists.iter().flat_map(|list| list.transfers.clone()).collect();
        let mut wire = server.wire();
        let mut again = Vec::new();
        for chunk in all.chunks(CHUNK) {
            again.extend(results(&wire.ask(&post(token, chunk)).map_err(|error| error.to_string())?.json()));
        }
        let (mut rest, mut known_ever) = (again.as_slice(), 0);
        for list in &self.lists {
            let (these, others) = rest.split_at(list.transfers.len());
            rest = others;
            let known = these.iter().filter(|result| *result == "exists").count();
            if these.iter().any(|result| result != "exists" && result != "created") {
                return Err(format!("{}: {these:?}", list.mark));
            }
            match (is_told(list), known) {
                (true, known) if known < these.len() => {
                    return Err(format!("{}: {known} of {} are there, lost", list.mark, these.len()));
                }
                (true, _) => found.acknowledged += known,
                (false, 0) => found.missing += 1,
                (false, known) if known == these.len() => found.there += 1,
                (false, known) => {
                    return Err(format!("{}: {known} of {} are there, in pieces", list.mark, these.len()));
                }
            }
            known_ever += known;
        }
        let entries = before["entries"].as_u64().unwrap_or_default() as usize;
        if entries != known_ever + ACCOUNTS {
            return Err(format!("{entries} entries of {} transfers", known_ever + ACCOUNTS));
        }
        assert_eq!(
            adds_up(server, token, &self.balances),
            (all.len() + ACCOUNTS) as u64,
            "each transfer is there once"
        );
        Ok(())
    }
}

/// Sends lists of this size until there is enough.
fn send(address: SocketAddr, token: &str, caller: usize, size: usize, enough: &AtomicBool) -> Vec<List> {
    let (mut sent, mut wire) = (Vec::new(), Wire::connect(address).unwrap());
    let mut next = (caller as u128 + 1) << 48;
    while !enough.load(Ordering::Relaxed) {
        let transfers: Vec<Value> = (next..)
            .take(size)
            .map(|id| {
                let (from, step) = ((id % ACCOUNTS as u128) as usize, 1 + (id / 7) as usize % (ACCOUNTS - 1));
                transfer(id, account(from), account((from + step) % ACCOUNTS), 1 + (id % 97) as i64)
            })
            .collect();
        next += size as u128;
        let mark = format!("list-{caller}-{}", sent.len());
        let reply = wire.ask(&post(token, &transfers).header(MARK, mark.as_str())).unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(results(&reply.json()).iter().all(|result| result == "created"), "{}", reply.text());
        sent.push(List { mark, transfers, answered: None });
    }
    sent
}

/// The line at which each answer began to go out, by its mark.
fn answers(calls: &[Call]) -> BTreeMap<&str, usize> {
    let told = calls.iter().filter(|call| call.text.contains("\"HTTP/1.1 200"));
    told.filter_map(|call| {
        let (_, after) = call.text.split_once(MARK)?;
        let mark = after.trim_start_matches(": ").split('\\').next()?;
        Some((mark, call.began))
    })
    .collect()
}

fn keys(stage: &Stage) -> BTreeMap<String, Vec<u8>> {
    let read = |path: &Path| {
        (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap())
    };
    let folder = std::fs::read_dir(stage.data().join("keys"));
    let files = folder.into_iter().flatten().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|kind| kind != "new")).map(|path| read(&path)).collect()
}
