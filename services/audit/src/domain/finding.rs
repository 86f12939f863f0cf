//! What a verification can find, in sentences for the person who asked.
//!
//! It leaves out how it is found (`verify`).

use std::time::Duration;

use contracts::{AuditRecordId, Timestamp};

use super::record::Class;

/// The first bad place of a history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentence of each variant names its fields")]
pub enum Finding {
    /// A record no longer says what was sealed, or cannot be read.
    #[error("record {seq} ({id}) was changed after it was sealed")]
    RecordAltered { seq: u64, id: AuditRecordId },
    /// A record is gone and no purge took it.
    #[error("record {seq} ({id}) was deleted, and no purge in the chain covers it")]
    RecordMissing { seq: u64, id: AuditRecordId },
    /// A purge took a record that was sealed after the purge's own cutoff.
    #[error("record {seq} ({id}) was removed before its time by purge {purge}")]
    RecordPurgedEarly { seq: u64, id: AuditRecordId, purge: AuditRecordId },
    /// A record stands in the chain more than once.
    #[error("record {seq} ({id}) stands in the chain twice")]
    RecordTwice { seq: u64, id: AuditRecordId },
    /// A record of the audit service itself, such as a purge's, is against the rules.
    #[error("record {seq} ({id}) is against the rules: {fault}")]
    RecordUnsound { seq: u64, id: AuditRecordId, fault: Fault },
    /// An entry is not what the one after it was chained to.
    #[error("entry {seq} of the chain was changed or moved")]
    LeafAltered { seq: u64 },
    /// The chain skips an entry, or ends before its last block does.
    #[error("entry {seq} of the chain was deleted")]
    LeafMissing { seq: u64 },
    /// An entry appears again after later ones.
    #[error("entry {seq} of the chain stands there twice or out of order")]
    LeafOutOfOrder { seq: u64 },
    /// An entry is in no block.
    #[error("entry {seq} of the chain belongs to no block: the block was deleted, or the entry was added")]
    LeafUnsealed { seq: u64 },
    /// A block's row was changed, or stands there twice.
    #[error("block {number} was changed after it was sealed")]
    BlockAltered { number: u64 },
    /// A block is gone, or was published once and is gone.
    #[error("block {number} was deleted")]
    BlockMissing { number: u64 },
    /// A block is not signed by a key that is trusted.
    #[error("block {number} is not signed by a trusted key {key_id:?}: the chain was rebuilt")]
    BlockForged { number: u64, key_id: String },
    /// A block is sound and belongs elsewhere.
    #[error("block {number} does not follow the block before it")]
    BlockDetached { number: u64 },
    /// The entries of a block are not those that it sealed.
    #[error(
        "entries {first_seq} to {last_seq} are not those that block {number} sealed: the chain was rebuilt"
    )]
    BlockBroken { number: u64, first_seq: u64, last_seq: u64 },
    /// A block is not the one that was published under its number.
    #[error("block {number} is not the one that was published: the chain was rebuilt")]
    BlockReplaced { number: u64 },
}

/// What is wrong with a record of the audit service itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentence of each variant names its fields")]
pub enum Fault {
    /// Its details do not parse.
    #[error("its details cannot be read")]
    Unreadable,
    /// It could be purged itself.
    #[error("it is not kept for ever")]
    NotPermanent,
    /// It says that it was written after its block was sealed.
    #[error("it is dated after the block that holds it")]
    PostDated,
    /// The purge's cutoff is later than the retention of its day allowed.
    #[error("it purged {class} records before their time")]
    TooEarly { class: Class },
    /// The purge speaks of records that did not exist yet.
    #[error("it purged records that come after it")]
    Ahead,
    /// The purge speaks of records that another purge took.
    #[error("it claims records that another purge took")]
    Overlaps,
    /// More or fewer records are gone than the purge says.
    #[error("it says that it removed {said} records, and {gone} are gone")]
    Miscounted { said: u64, gone: u64 },
}

/// What is no proof of tampering and should be looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentence of each variant names its fields")]
pub enum Warning {
    /// Records wait longer for their seal than they should; until then nothing protects them.
    #[error("{records} records are not sealed yet, the oldest for {} seconds", waiting.as_secs())]
    UnsealedTooLong { records: u64, since: Timestamp, waiting: Duration },
}

/// What a verification saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Records that are there and are what was sealed.
    pub records: u64,
    /// Records that a purge took.
    pub purged: u64,
    /// Blocks begun; the last may be the bad place.
    pub blocks: u64,
    /// Published blocks that were compared and found the same.
    pub published: u64,
    /// Records that wait for their seal.
    pub unsealed: u64,
    /// The first bad place, if there is one; nothing after it was looked at.
    pub first_bad: Option<Finding>,
    /// What should be looked into.
    pub warning: Option<Warning>,
}
