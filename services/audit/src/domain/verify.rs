//! The verifier: reads a project's history once, in order, and names the first bad place.
//!
//! It leaves out where rows come from; they may be read from the live database or from an export. They must
//! be of one moment (one snapshot), or a purge that runs meanwhile looks like a deletion.
//!
//! Memory does not grow with the records. It holds the purges, the published blocks that it was given, and
//! the ids of the latest entries: a record that is sealed twice is found when its places are at most
//! `RECENT_IDS` apart; farther apart, the unique key of the stored entries stands against it.

use std::collections::HashSet;
use std::iter::Peekable;
use std::time::Duration;
use std::vec;

use contracts::{AuditRecordId, ProjectId, Timestamp};

use super::chain::{Block, Head, Leaf, genesis};
use super::finding::{Fault, Finding, Report, Warning};
use super::hash::Hash;
use super::merkle::Tree;
use super::purge::Claims;
use super::record::{Class, PURGED, RETENTION_CHANGED, Record};
use super::retention::Retention;

/// How far back an id is remembered.
const RECENT_IDS: usize = 32_768;

/// How far the clock of who purges may be ahead of the clock of who seals.
const CLOCK_SKEW_MAX: Duration = Duration::from_secs(60 * 60);

/// Tells of `(key_id, message, signature)` whether the key is trusted and has signed the message.
pub type TrustedKey<'k> = &'k (dyn Fn(&str, &[u8], &[u8]) -> bool + Sync);

/// What is left of the record that an entry stands for.
#[derive(Debug, Clone, Copy)]
pub enum Kept<'r> {
    /// The record as it was read.
    Present(&'r Record),
    /// There is a row, and it makes no record.
    Unreadable,
    /// There is no row.
    Gone,
}

/// Feed it each block followed by the entries up to the block's last, then entries in no block, then the
/// records that are not sealed yet, then `finish`. After the first bad place it takes no more notice.
pub struct Verifier<'k> {
    project_id: ProjectId,
    is_trusted: TrustedKey<'k>,
    retention: Retention,
    claims: Claims,
    published: Peekable<vec::IntoIter<Block>>,
    block: Option<Block>,
    head: Head,
    tree: Tree,
    recent: RecentIds,
    unsealed_since: Option<Timestamp>,
    bytes: Vec<u8>,
    report: Report,
}

/// The ids seen last, in two generations, so that old ones are forgotten all at once.
#[derive(Default)]
struct RecentIds {
    young: HashSet<AuditRecordId>,
    old: HashSet<AuditRecordId>,
}

impl<'k> Verifier<'k> {
    /// Starts at the beginning of a project's history.
    ///
    /// `purges` are the records of action `PURGED` (others are passed over), `published` the blocks of this
    /// project that were kept outside, and `retention` what was in force before the first recorded change.
    pub fn new(
        project_id: ProjectId,
        is_trusted: TrustedKey<'k>,
        retention: Retention,
        purges: &[Record],
        mut published: Vec<Block>,
    ) -> Self {
        published.retain(|block| block.project_id == project_id);
        published.sort_by_key(|block| block.number);
        Self {
            project_id,
            is_trusted,
            retention,
            claims: Claims::of(purges),
            published: published.into_iter().peekable(),
            block: None,
            head: Head::genesis(project_id),
            tree: Tree::default(),
            recent: RecentIds::default(),
            unsealed_since: None,
            bytes: Vec::new(),
            report: Report::default(),
        }
    }

    /// Takes the next block; its entries come after it.
    pub fn block(&mut self, block: &Block) {
        self.step(|this| this.check_block(block));
    }

    /// Takes the next entry and what is left of its record.
    pub fn leaf(&mut self, leaf: &Leaf, kept: Kept<'_>) {
        self.step(|this| this.check_leaf(leaf, kept));
    }

    /// Takes a record that no entry stands for yet. A purge among them is believed: until the seal nothing
    /// protects a record, and the warning tells how long that has been.
    pub fn unsealed(&mut self, record: &Record) {
        self.step(|this| {
            this.check_complete()?;
            this.report.unsealed += 1;
            let since = this.unsealed_since.get_or_insert(record.recorded_at);
            *since = record.recorded_at.min(*since);
            this.heed(record, this.head.seq() + 1, None)
        });
    }

    /// Takes a bad place that the reader has met itself, such as an entry or a block that cannot be read.
    pub fn found(&mut self, finding: Finding) {
        self.step(|_| Err(finding));
    }

    /// The first bad place so far; once there is one, the rest need not be read.
    pub fn first_bad(&self) -> Option<&Finding> {
        self.report.first_bad.as_ref()
    }

    /// Closes the history and tells what was seen. Records may wait for their seal for `unsealed_age_max`.
    pub fn finish(mut self, now: Timestamp, unsealed_age_max: Duration) -> Report {
        self.step(|this| {
            this.check_complete()?;
            this.claims.first_unproven().map_or(Ok(()), Err)?;
            match this.published.peek() {
                Some(_) => Err(Finding::BlockMissing { number: this.report.blocks + 1 }),
                None => Ok(()),
            }
        });
        let late = self.unsealed_since.map(|since| (since, now.duration_since(since)));
        self.report.warning =
            late.filter(|(_, waiting)| *waiting > unsealed_age_max).map(|(since, waiting)| {
                Warning::UnsealedTooLong { records: self.report.unsealed, since, waiting }
            });
        self.report
    }

    fn step(&mut self, check: impl FnOnce(&mut Self) -> Result<(), Finding>) {
        if self.report.first_bad.is_none() {
            self.report.first_bad = check(self).err();
        }
    }

    /// A block's own row first, since all that follows is measured against it.
    fn check_block(&mut self, block: &Block) -> Result<(), Finding> {
        self.check_complete()?;
        let (number, previous) = self.next_block();
        if block.number > number {
            return Err(Finding::BlockMissing { number });
        }
        if block.number < number || block.project_id != self.project_id || block.computed_hash() != block.hash
        {
            return Err(Finding::BlockAltered { number: block.number });
        }
        if !(self.is_trusted)(&block.key_id, block.hash.as_bytes(), block.signature.as_bytes()) {
            return Err(Finding::BlockForged { number, key_id: block.key_id.clone() });
        }
        while let Some(published) = self.published.next_if(|published| published.number <= number) {
            // The hash is computed again, or a damaged digest could vouch for what it does not say.
            if published.computed_hash() != block.hash {
                return Err(Finding::BlockReplaced { number });
            }
            self.report.published += 1;
        }
        let follows = block.previous == previous && block.first_seq == self.head.seq() + 1;
        if !follows || block.last_seq < block.first_seq {
            return Err(Finding::BlockDetached { number });
        }
        self.report.blocks += 1;
        self.tree.clear();
        self.block = Some(block.clone());
        Ok(())
    }

    /// An entry's place, then its binding, then its record.
    fn check_leaf(&mut self, leaf: &Leaf, kept: Kept<'_>) -> Result<(), Finding> {
        let &Leaf { seq, record_id: id, class, .. } = leaf;
        let expected = self.head.seq() + 1;
        if seq > expected {
            return Err(Finding::LeafMissing { seq: expected });
        }
        if seq < expected {
            return Err(Finding::LeafOutOfOrder { seq });
        }
        let block = self.block.as_ref().filter(|block| seq <= block.last_seq);
        let sealed_at = block.ok_or(Finding::LeafUnsealed { seq })?.sealed_at;
        if !self.head.follow(leaf) {
            return Err(Finding::LeafAltered { seq });
        }
        if !self.recent.insert(id) {
            return Err(Finding::RecordTwice { seq, id });
        }
        self.tree.push(leaf.leaf);
        match kept {
            Kept::Present(record) => {
                let is_named = record.id == id && record.class == class;
                if !is_named || record.leaf_hash(seq, &mut self.bytes) != leaf.leaf {
                    return Err(Finding::RecordAltered { seq, id });
                }
                self.report.records += 1;
                self.heed(record, seq, Some(sealed_at))?;
            }
            Kept::Unreadable => return Err(Finding::RecordAltered { seq, id }),
            Kept::Gone => {
                self.claims.take(class, (seq, id), sealed_at)?;
                self.report.purged += 1;
            }
        }
        self.check_sealed()
    }

    /// Acts on what the audit service says of itself: purges and changes of retention.
    fn heed(&mut self, record: &Record, seq: u64, sealed_at: Option<Timestamp>) -> Result<(), Finding> {
        let unsound = |fault| Finding::RecordUnsound { seq, id: record.id, fault };
        if record.is_own(PURGED) {
            // Only the seal can tell a date from a lie.
            let is_post_dated = |at: Timestamp| record.occurred_at > at.saturating_add(CLOCK_SKEW_MAX);
            if sealed_at.is_some_and(is_post_dated) {
                return Err(unsound(Fault::PostDated));
            }
            let retention = self.retention;
            let latest_cutoff = |class| retention.cutoff(class, record.occurred_at);
            self.claims.prove(record, seq, latest_cutoff).map_err(unsound)?;
        } else if record.is_own(RETENTION_CHANGED) {
            if record.class != Class::Permanent {
                return Err(unsound(Fault::NotPermanent));
            }
            self.retention = serde_json::from_str(&record.details).map_err(|_| unsound(Fault::Unreadable))?;
        }
        Ok(())
    }

    /// At a block's last entry: the entries must be those that the block sealed.
    fn check_sealed(&self) -> Result<(), Finding> {
        match &self.block {
            Some(block) if block.last_seq == self.head.seq() => {
                let is_whole = block.head == self.head.chain() && block.root == self.tree.root();
                let &Block { number, first_seq, last_seq, .. } = block;
                is_whole.then_some(()).ok_or(Finding::BlockBroken { number, first_seq, last_seq })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Before anything but an entry: the block must have had all of its entries.
    fn check_complete(&self) -> Result<(), Finding> {
        match &self.block {
            Some(block) if self.head.seq() < block.last_seq => {
                Err(Finding::LeafMissing { seq: self.head.seq() + 1 })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn next_block(&self) -> (u64, Hash) {
        match &self.block {
            Some(block) => (block.number + 1, block.hash),
            None => (1, genesis(self.project_id)),
        }
    }
}

impl RecentIds {
    /// Whether the id is new among the recent ones.
    fn insert(&mut self, id: AuditRecordId) -> bool {
        if self.young.len() >= RECENT_IDS {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        !self.old.contains(&id) && self.young.insert(id)
    }
}
