//! The trace that a purge leaves in the chain, and the account of what each purge is known to have taken.
//!
//! It leaves out how long records are kept (`retention`) and the walk along the chain (`verify`).
//!
//! A purge takes every record of one class up to the last block that was sealed by its cutoff. A class and a
//! span of entries therefore say exactly what went, however the classes alternate. Sealing time and not
//! record time decides, because that is what still stands, signed, when the record is gone.

use contracts::{AuditRecordId, Timestamp};
use serde::{Deserialize, Serialize};

use super::finding::{Fault, Finding};
use super::record::{Class, PURGED, Record};

/// What a purge took: the details of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purge {
    /// The class that it took.
    pub class: Class,
    /// Blocks sealed after this were left alone.
    pub cutoff: Timestamp,
    /// The first entry whose record it took.
    pub first_seq: u64,
    /// The last one; every entry of the class between the two went with it.
    pub last_seq: u64,
    /// How many records it took.
    pub count: u64,
}

/// What is known of one purge before its own record is reached.
#[derive(Debug)]
struct Claim {
    record: AuditRecordId,
    purge: Purge,
    taken: u64,
    first_taken: Option<(u64, AuditRecordId)>,
    is_proven: bool,
}

/// The claims on one class in the order of their spans, none of which overlap.
#[derive(Debug, Default)]
struct Lane {
    claims: Vec<Claim>,
    /// The first claim that does not end before the entry that was asked for last.
    at: usize,
}

/// All purges that records tell of, to be proven by the chain.
///
/// A purge stands in the chain after what it took, so its record is read first and believed later.
#[derive(Debug)]
pub(super) struct Claims {
    operational: Lane,
    financial: Lane,
}

impl Purge {
    /// Reads the details of a purge's record.
    fn read(record: &Record) -> Option<Self> {
        serde_json::from_str(&record.details).ok()
    }
}

impl Claims {
    /// Collects what `records` claim; what is no purge of a class that may go claims nothing.
    pub(super) fn of(records: &[Record]) -> Self {
        let mut claims = Self { operational: Lane::default(), financial: Lane::default() };
        for record in records.iter().filter(|record| record.is_own(PURGED)) {
            let Some(purge) = Purge::read(record) else { continue };
            let Some(lane) = claims.lane(purge.class) else { continue };
            let claim = Claim { record: record.id, purge, taken: 0, first_taken: None, is_proven: false };
            lane.claims.push(claim);
        }
        claims.operational.settle();
        claims.financial.settle();
        claims
    }

    /// Charges a record that is gone to the purge that took it.
    pub(super) fn take(
        &mut self,
        class: Class,
        (seq, id): (u64, AuditRecordId),
        sealed_at: Timestamp,
    ) -> Result<(), Finding> {
        let claim = self.lane(class).and_then(|lane| lane.covering(seq));
        let claim = claim.ok_or(Finding::RecordMissing { seq, id })?;
        if sealed_at > claim.purge.cutoff {
            return Err(Finding::RecordPurgedEarly { seq, id, purge: claim.record });
        }
        claim.taken += 1;
        claim.first_taken.get_or_insert((seq, id));
        Ok(())
    }

    /// Believes the purge that `record` tells of, now that all before entry `seq` has been seen, if it kept
    /// to `latest_cutoff`, the rule of its day.
    pub(super) fn prove(
        &mut self,
        record: &Record,
        seq: u64,
        latest_cutoff: impl FnOnce(Class) -> Option<Timestamp>,
    ) -> Result<(), Fault> {
        let purge = Purge::read(record).ok_or(Fault::Unreadable)?;
        if record.class != Class::Permanent {
            return Err(Fault::NotPermanent);
        }
        if latest_cutoff(purge.class).is_none_or(|latest| purge.cutoff > latest) {
            return Err(Fault::TooEarly { class: purge.class });
        }
        if purge.last_seq >= seq {
            return Err(Fault::Ahead);
        }
        let claim = self.lane(purge.class).and_then(|lane| lane.claim(record.id, &purge));
        let claim = claim.ok_or(Fault::Overlaps)?;
        if claim.taken != purge.count {
            return Err(Fault::Miscounted { said: purge.count, gone: claim.taken });
        }
        claim.is_proven = true;
        Ok(())
    }

    /// The first record whose purge the chain knows nothing of.
    pub(super) fn first_unproven(&self) -> Option<Finding> {
        let claims = self.operational.claims.iter().chain(&self.financial.claims);
        let taken = claims.filter(|claim| !claim.is_proven).filter_map(|claim| claim.first_taken);
        taken.min_by_key(|(seq, _)| *seq).map(|(seq, id)| Finding::RecordMissing { seq, id })
    }

    fn lane(&mut self, class: Class) -> Option<&mut Lane> {
        match class {
            Class::Operational => Some(&mut self.operational),
            Class::Financial => Some(&mut self.financial),
            Class::Permanent => None,
        }
    }
}

impl Lane {
    /// Puts the claims in order and drops those that overlap one before; their records fail when reached.
    fn settle(&mut self) {
        self.claims.sort_by_key(|claim| (claim.purge.first_seq, claim.record));
        let mut end = 0;
        self.claims.retain(|Claim { purge, .. }| {
            let is_apart = purge.first_seq > end;
            if is_apart {
                end = purge.last_seq;
            }
            is_apart
        });
    }

    /// The claim whose span holds entry `seq`. Entries are asked for in rising order.
    fn covering(&mut self, seq: u64) -> Option<&mut Claim> {
        let passed = self.claims[self.at..].iter().take_while(|claim| claim.purge.last_seq < seq).count();
        self.at += passed;
        self.claims.get_mut(self.at).filter(|claim| claim.purge.first_seq <= seq)
    }

    fn claim(&mut self, record: AuditRecordId, purge: &Purge) -> Option<&mut Claim> {
        let at = self.claims.binary_search_by_key(&purge.first_seq, |claim| claim.purge.first_seq).ok()?;
        self.claims.get_mut(at).filter(|claim| claim.record == record && claim.purge == *purge)
    }
}
