//! The rules of the audit trail: what a record is, how records are chained and sealed, when they may go,
//! and how anyone proves afterwards that nobody touched them.
//!
//! It leaves out where rows are kept, who may write them, what time it is and how blocks are signed.
//!
//! Read in this order: `entry` (what may be told at all), `record` (who did what, as bytes), `hash`, `chain` (entries and blocks), `merkle`
//! (one record proven without the others), `retention` and `purge` (what may go, and the trace it leaves),
//! `finding` (what can be wrong) and `verify` (how it is found).
//!
//! Every column of every row is bound to a signed block: a record by its leaf hash; an entry's number,
//! record and class by the chain, even after the record has been purged; a block by its own hash.

mod chain;
mod entry;
mod finding;
mod hash;
mod merkle;
mod purge;
mod record;
mod retention;
mod verify;

pub use chain::{Block, Head, Leaf, NotABlock, UnsignedBlock};
pub use contracts::BadText;
pub use entry::{Action, Actor, Details, Entry, ObjectId, ObjectKind, Subject, Target};
pub use finding::{Fault, Finding, Report, Warning};
pub use hash::{BadBytes, Hash, Signature};
pub use merkle::{Tree, inclusion_proof, root, verify_inclusion};
pub use purge::Purge;
pub use record::{Class, Outcome, PURGED, RETENTION_CHANGED, Record, SOURCE, SUBJECT_ERASED, UnknownWord};
pub use retention::{BadRetention, Retention};
pub use verify::{Kept, TrustedKey, Verifier};

use contracts::{Id, ProjectId};

/// The chain of what happens to the platform itself and to no project; no project is ever given this id.
pub fn platform() -> ProjectId {
    ProjectId::from_u128(0)
}

#[cfg(test)]
mod tests;
