//! Rows read without trust, for the verifier: what cannot be read is found, and ends nothing.
//!
//! A row is taken as the numbers, texts and bytes of its columns, and parsed afterwards: a row that the store
//! itself fails to read would end the transaction and, with it, the verification.

use contracts::{ProjectId, Timestamp};
use kernel::params;
use kernel::store::{Bytes, StoreError, Tx};
use serde::Deserialize;

use super::chain::BlockRow;
use super::records::Stored;
use crate::domain::{Hash, Leaf, PURGED, Record};

/// A record as it lies in its table.
#[derive(Debug, Deserialize)]
pub struct RecordRow {
    project_id: String,
    /// Its id, whatever else of it can be read.
    pub id: String,
    occurred_at: i64,
    recorded_at: i64,
    class: String,
    actor: String,
    action: String,
    object_kind: String,
    object_id: String,
    outcome: String,
    source: String,
    correlation_id: String,
    causation: Option<String>,
    subject: Option<String>,
    details: String,
    #[serde(default)]
    wrapped_key: Option<String>,
}

/// An entry as it lies in its table.
#[derive(Debug, Deserialize)]
pub struct LeafRow {
    /// Its number, whatever else of it can be read.
    pub seq: i64,
    /// The record that it stands for.
    pub record_id: String,
    class: String,
    leaf: Bytes,
    chain: Bytes,
}

impl RecordRow {
    /// The record, unless the row makes none.
    pub fn read(self) -> Option<Record> {
        Some(Record {
            project_id: self.project_id.parse().ok()?,
            id: self.id.parse().ok()?,
            occurred_at: time(self.occurred_at)?,
            recorded_at: time(self.recorded_at)?,
            class: self.class.parse().ok()?,
            actor: self.actor,
            action: self.action,
            object_kind: self.object_kind,
            object_id: self.object_id,
            outcome: self.outcome.parse().ok()?,
            source: self.source,
            correlation_id: self.correlation_id,
            causation: self.causation,
            subject: self.subject,
            details: self.details,
        })
    }

    /// The record, for those who need it to be one.
    pub fn sound(self) -> Result<Record, StoreError> {
        let id = self.id.clone();
        self.read().ok_or_else(|| unreadable("record", id))
    }

    /// The record and its person's key.
    pub fn stored(mut self) -> Result<Stored, StoreError> {
        let wrapped_key = self.wrapped_key.take();
        Ok(Stored { record: self.sound()?, wrapped_key })
    }
}

impl LeafRow {
    /// The entry, unless the row makes none.
    pub fn read(self) -> Option<Leaf> {
        Some(Leaf {
            seq: self.seq.try_into().ok()?,
            record_id: self.record_id.parse().ok()?,
            class: self.class.parse().ok()?,
            leaf: Hash::try_from(&*self.leaf.0).ok()?,
            chain: Hash::try_from(&*self.chain.0).ok()?,
        })
    }
}

/// The first project after `after` that has anything at all.
pub fn next_project(tx: &mut Tx<'_>, after: &str) -> Result<Option<String>, StoreError> {
    tx.one(
        "select min(project_id) from (
           select min(project_id) as project_id from records where project_id > $1 union all
           select min(project_id) from leaves where project_id > $1 union all
           select min(project_id) from blocks where project_id > $1) as ends",
        params![after],
    )
}

/// All that the purges of a project say of themselves: two a day at most, kept for ever.
pub fn purges(tx: &mut Tx<'_>, project: ProjectId) -> Result<Vec<Record>, StoreError> {
    let rows: Vec<RecordRow> = tx.rows(
        "select project_id, id, occurred_at, recorded_at, class, actor, action, object_kind, object_id, outcome,
                source, correlation_id, causation, subject, details
         from records where project_id = $1 and action = $2",
        params![project, PURGED],
    )?;
    Ok(rows.into_iter().filter_map(RecordRow::read).collect())
}

/// Blocks with greater numbers than `after`.
pub fn all_blocks(
    tx: &mut Tx<'_>,
    project: ProjectId,
    after: i64,
    limit: u32,
) -> Result<Vec<BlockRow>, StoreError> {
    tx.rows(
        "select project_id, number, first_seq, last_seq, root, head, previous, hash, sealed_at, key_id, signature
         from blocks where project_id = $1 and number > $2 order by number limit $3",
        params![project, after, limit],
    )
}

/// Entries with greater numbers than `after`.
pub fn all_leaves(
    tx: &mut Tx<'_>,
    project: ProjectId,
    after: i64,
    limit: u32,
) -> Result<Vec<LeafRow>, StoreError> {
    tx.rows(
        "select seq, record_id, class, leaf, chain from leaves
         where project_id = $1 and seq > $2 order by seq limit $3",
        params![project, after, limit],
    )
}

/// The records that the entries from `first` to `last` stand for, as far as they are there.
pub fn sealed_records(
    tx: &mut Tx<'_>,
    project: ProjectId,
    first: i64,
    last: i64,
) -> Result<Vec<RecordRow>, StoreError> {
    tx.rows(
        "select r.project_id, r.id, r.occurred_at, r.recorded_at, r.class, r.actor, r.action, r.object_kind,
                r.object_id, r.outcome, r.source, r.correlation_id, r.causation, r.subject, r.details
         from leaves l join records r on r.project_id = l.project_id and r.id = l.record_id
         where l.project_id = $1 and l.seq >= $2 and l.seq <= $3",
        params![project, first, last],
    )
}

/// Records after `after` that no entry stands for, whether they are on the list of those that wait or not.
pub fn unsealed_records(
    tx: &mut Tx<'_>,
    project: ProjectId,
    after: &str,
    limit: u32,
) -> Result<Vec<RecordRow>, StoreError> {
    tx.rows(
        "select r.project_id, r.id, r.occurred_at, r.recorded_at, r.class, r.actor, r.action, r.object_kind,
                r.object_id, r.outcome, r.source, r.correlation_id, r.causation, r.subject, r.details
         from records r
         where r.project_id = $1 and r.id > $2
           and not exists (select 1 from leaves l where l.project_id = r.project_id and l.record_id = r.id)
         order by r.id limit $3",
        params![project, after, limit],
    )
}

/// A stored time, unless it is out of range: that would be clamped, and hash as another one.
pub(super) fn time(micros: i64) -> Option<Timestamp> {
    let time = Timestamp::from_micros(micros);
    (time.as_micros() == micros).then_some(time)
}

/// A row that this code cannot have written.
pub(super) fn unreadable(what: &str, which: impl std::fmt::Display) -> StoreError {
    StoreError::Sql(format!("the stored {what} {which} cannot be read").into())
}
