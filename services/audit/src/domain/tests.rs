//! A small audit service in memory: it records, seals, purges and lets time pass, honestly, so that the
//! tests beside it can verify its history and then tamper with it.

mod purging;
mod tampering;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
use std::time::Duration;

use contracts::{AuditRecordId, Id, ProjectId, Timestamp};
use proptest::prelude::*;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::*;

const DAY: Duration = Duration::from_secs(86_400);
const KEY_IDS: [&str; 2] = ["k1", "k2"];

/// The trusted keys, and one that nobody knows.
static KEYS: LazyLock<[Ed25519KeyPair; 3]> =
    LazyLock::new(|| [1, 2, 3].map(|seed| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()));

fn project() -> ProjectId {
    ProjectId::from_u128(7)
}

fn start() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

fn is_trusted(key_id: &str, message: &[u8], signature: &[u8]) -> bool {
    KEY_IDS.iter().position(|known| *known == key_id).is_some_and(|key| {
        let public = KEYS[key].public_key().as_ref();
        UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
    })
}

fn sign(block: UnsignedBlock, key_id: &str, key: usize) -> Block {
    let signature = Signature::try_from(KEYS[key].sign(block.message()).as_ref()).unwrap();
    block.signed(key_id.into(), signature)
}

/// A record that differs from others by its id.
pub(super) fn record(id: u128, class: Class) -> Record {
    Record {
        project_id: project(),
        id: AuditRecordId::from_u128(id + 1_000_000),
        occurred_at: start(),
        recorded_at: start(),
        class,
        actor: format!("user:{id}"),
        action: "order.paid".into(),
        object_kind: "order".into(),
        object_id: "o1".into(),
        outcome: Outcome::Succeeded,
        source: "orders".into(),
        correlation_id: "c1".into(),
        causation: Some("e1".into()),
        subject: Some("ana".into()),
        details: "sealed".into(),
    }
}

/// The rows of one project, in the order in which they were written.
#[derive(Clone, Debug, Default)]
struct History {
    records: Vec<Record>,
    leaves: Vec<Leaf>,
    blocks: Vec<Block>,
}

/// A service with a clock that the test holds.
#[derive(Clone)]
struct World {
    rows: History,
    head: Head,
    now: Timestamp,
    retention: Retention,
    key: usize,
}

#[derive(Clone, Debug)]
enum Step {
    Record(Class),
    Seal,
    Purge(Class),
    Wait { days: u32 },
    Rotate,
    Retain { operational_days: u32 },
}

impl History {
    fn find(&self, id: AuditRecordId) -> Option<&Record> {
        self.records.iter().find(|record| record.id == id)
    }

    fn verify(&self, published: &[Block]) -> Report {
        let now = start().saturating_add(DAY * 36_500);
        self.verify_at(now, published)
    }

    /// Reads the rows as a store would: by project, in the order of their numbers.
    fn verify_at(&self, now: Timestamp, published: &[Block]) -> Report {
        let ours: Vec<&Record> = self.records.iter().filter(|row| row.project_id == project()).collect();
        let purges: Vec<Record> =
            ours.iter().filter(|row| row.action == PURGED).map(|row| (*row).clone()).collect();
        let by_id: HashMap<_, _> = ours.iter().map(|row| (row.id, *row)).collect();
        let mut verifier =
            Verifier::new(project(), &is_trusted, Retention::default(), &purges, published.to_vec());
        let (mut leaves, mut blocks) = (self.leaves.clone(), self.blocks.clone());
        leaves.sort_by_key(|leaf| leaf.seq);
        blocks.sort_by_key(|block| block.number);
        let kept = |leaf: &Leaf| by_id.get(&leaf.record_id).map_or(Kept::Gone, |row| Kept::Present(row));
        let mut rest = leaves.iter().peekable();
        for block in &blocks {
            verifier.block(block);
            while let Some(leaf) = rest.next_if(|leaf| leaf.seq <= block.last_seq) {
                verifier.leaf(leaf, kept(leaf));
            }
        }
        rest.for_each(|leaf| verifier.leaf(leaf, kept(leaf)));
        let sealed: HashSet<_> = leaves.iter().map(|leaf| leaf.record_id).collect();
        ours.iter().filter(|row| !sealed.contains(&row.id)).for_each(|row| verifier.unsealed(row));
        verifier.finish(now, Duration::from_secs(60))
    }

    fn first_bad(&self, published: &[Block]) -> Option<Finding> {
        self.verify(published).first_bad
    }
}

impl World {
    fn new() -> Self {
        Self {
            rows: History::default(),
            head: Head::genesis(project()),
            now: start(),
            retention: Retention::default(),
            key: 0,
        }
    }

    fn after(steps: &[Step]) -> Self {
        let mut world = Self::new();
        steps.iter().for_each(|step| world.step(step));
        world
    }

    fn step(&mut self, step: &Step) {
        self.now = self.now.saturating_add(Duration::from_micros(1_234_567));
        match step {
            Step::Record(class) => self.record(record(self.rows.records.len() as u128 + 1_000, *class)),
            Step::Seal => self.seal(),
            Step::Purge(class) => self.purge(*class),
            Step::Wait { days } => self.now = self.now.saturating_add(DAY * *days),
            Step::Rotate => self.key = 1 - self.key,
            Step::Retain { operational_days } => {
                self.retention = Retention::new(*operational_days, 400).unwrap();
                self.own(RETENTION_CHANGED, serde_json::to_string(&self.retention).unwrap());
            }
        }
    }

    fn record(&mut self, record: Record) {
        // Ids stay apart when rows go, because the clock does not stand still.
        let id = AuditRecordId::from_u128(self.now.as_micros() as u128);
        self.rows.records.push(Record { id, occurred_at: self.now, recorded_at: self.now, ..record });
    }

    fn own(&mut self, action: &str, details: String) {
        let own = record(0, Class::Permanent);
        self.record(Record { action: action.into(), source: SOURCE.into(), subject: None, details, ..own });
    }

    fn seal(&mut self) {
        let sealed: HashSet<_> = self.rows.leaves.iter().map(|leaf| leaf.record_id).collect();
        let waiting = self.rows.records.iter().filter(|record| !sealed.contains(&record.id));
        let leaves: Vec<Leaf> = waiting.map(|record| self.head.append(record)).collect();
        if let Ok(block) = Block::seal(project(), self.rows.blocks.last(), &leaves, self.now) {
            self.rows.blocks.push(sign(block, KEY_IDS[self.key], self.key));
            self.rows.leaves.extend(leaves);
        }
    }

    fn purge(&mut self, class: Class) {
        if let Some(cutoff) = self.retention.cutoff(class, self.now) {
            self.purge_until(class, cutoff);
        }
    }

    /// Takes what blocks up to `cutoff` hold of the class, and leaves the trace.
    fn purge_until(&mut self, class: Class, cutoff: Timestamp) {
        let last_seq =
            self.rows.blocks.iter().rfind(|block| block.sealed_at <= cutoff).map(|block| block.last_seq);
        let old = self.rows.leaves.iter().filter(|leaf| leaf.class == class && Some(leaf.seq) <= last_seq);
        let gone: Vec<Leaf> = old.filter(|leaf| self.rows.find(leaf.record_id).is_some()).copied().collect();
        if let ([first, ..], Some(last)) = (&gone[..], gone.last()) {
            let purge =
                Purge { class, cutoff, first_seq: first.seq, last_seq: last.seq, count: gone.len() as u64 };
            self.rows.records.retain(|record| gone.iter().all(|leaf| leaf.record_id != record.id));
            self.own(PURGED, serde_json::to_string(&purge).unwrap());
        }
    }
}

fn any_class() -> impl Strategy<Value = Class> {
    prop::sample::select(Class::ALL.to_vec())
}

/// A history long enough to have been sealed, purged, signed by both keys and left with a tail.
fn honest_steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any_class().prop_map(Step::Record),
        4 => Just(Step::Seal),
        3 => any_class().prop_map(Step::Purge),
        2 => (1..200u32).prop_map(|days| Step::Wait { days }),
        1 => Just(Step::Rotate),
        1 => (1..120u32).prop_map(|operational_days| Step::Retain { operational_days }),
    ];
    prop::collection::vec(step, 20..70).prop_map(|mut steps| {
        let opening = [Step::Record(Class::Financial), Step::Record(Class::Operational), Step::Seal];
        let closing = [Step::Record(Class::Financial), Step::Record(Class::Permanent), Step::Seal];
        steps.splice(0..0, opening);
        steps.extend(closing);
        steps
    })
}

proptest! {
    #[test]
    fn an_honest_history_is_found_whole(steps in honest_steps(), tail in any::<bool>()) {
        let mut world = World::after(&steps);
        if tail {
            world.step(&Step::Purge(Class::Operational));
            world.step(&Step::Record(Class::Operational));
        }
        let rows = &world.rows;
        let report = rows.verify_at(world.now, &rows.blocks);
        prop_assert_eq!(&report.first_bad, &None);
        prop_assert_eq!(report.warning, None);
        prop_assert_eq!(report.blocks, rows.blocks.len() as u64);
        prop_assert_eq!(report.published, report.blocks);
        prop_assert_eq!(report.records + report.purged, rows.leaves.len() as u64);
        prop_assert_eq!(report.records + report.unsealed, rows.records.len() as u64);
    }

    #[test]
    fn any_sealed_record_is_proven_by_its_block_alone(steps in honest_steps(), which: prop::sample::Index) {
        let rows = World::after(&steps).rows;
        let leaf = which.get(&rows.leaves);
        let block = rows.blocks.iter().find(|block| leaf.seq <= block.last_seq).unwrap();
        let span = block.first_seq as usize - 1..block.last_seq as usize;
        let members: Vec<Hash> = rows.leaves[span].iter().map(|leaf| leaf.leaf).collect();
        let at = leaf.seq - block.first_seq;
        let proof = inclusion_proof(at as usize, &members).unwrap();
        prop_assert!(verify_inclusion(at, members.len() as u64, &leaf.leaf, &proof, &block.root));
    }
}

#[test]
fn an_empty_history_is_found_whole() {
    assert_eq!(History::default().verify(&[]), Report::default());
}

#[test]
fn records_that_wait_too_long_for_their_seal_are_a_warning_and_no_fault() {
    let world = World::after(&[Step::Record(Class::Operational), Step::Seal, Step::Record(Class::Financial)]);
    let since = world.rows.records[1].recorded_at;
    let report = |waiting| world.rows.verify_at(since.saturating_add(waiting), &[]);
    let (prompt, late) = (report(Duration::from_secs(60)), report(Duration::from_secs(61)));
    assert_eq!((prompt.unsealed, prompt.warning, prompt.first_bad), (1, None, None));
    let waiting = Duration::from_secs(61);
    assert_eq!(late.warning, Some(Warning::UnsealedTooLong { records: 1, since, waiting }));
    assert_eq!(late.warning.unwrap().to_string(), "1 records are not sealed yet, the oldest for 61 seconds");
    assert_eq!(late.first_bad, None);
}
