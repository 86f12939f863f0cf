//! The statements on records, and on the list of those that wait for their seal.

use contracts::{AuditRecordId, ProjectId, Timestamp};
use kernel::params;
use kernel::store::{StoreError, Tx, Value};
use serde::{Deserialize, Serialize};

use super::whole::RecordRow;
use crate::domain::{Class, Outcome, Record};

/// Which records are wanted; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Who did it.
    pub actor: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// What kind of thing it was done to.
    pub object_kind: Option<String>,
    /// Which one.
    pub object_id: Option<String>,
    /// How long it is kept.
    pub class: Option<Class>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The request that it was part of.
    pub correlation_id: Option<String>,
    /// It happened then or later.
    pub from: Option<Timestamp>,
}

/// A place in a list that is newest first: what comes after it happened earlier, or has a smaller id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// When the record happened, in microseconds.
    pub occurred_at: i64,
    /// Its id; empty before all records of that time.
    pub id: String,
}

/// A record with the wrapped key of the person whom its details are about, if there still is one.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The record.
    pub record: Record,
    /// The key.
    pub wrapped_key: Option<String>,
}

/// Writes records down.
pub fn insert(tx: &mut Tx<'_>, records: &[Record]) -> Result<(), StoreError> {
    let rows: Vec<Vec<Value>> = records.iter().map(row).collect();
    tx.run_many(
        "insert into records (project_id, id, occurred_at, recorded_at, class, actor, action, object_kind,
           object_id, outcome, source, correlation_id, causation, subject, details)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        &rows,
    )
    .map(drop)
}

/// Puts records on the list of those that wait for their seal.
pub fn await_seal(tx: &mut Tx<'_>, records: &[Record]) -> Result<(), StoreError> {
    let rows: Vec<Vec<Value>> =
        records.iter().map(|r| vec![Value::of(&r.id), Value::of(&r.project_id)]).collect();
    tx.run_many("insert into unsealed (record_id, project_id) values ($1, $2)", &rows).map(drop)
}

/// One record.
pub fn find(tx: &mut Tx<'_>, project: ProjectId, id: AuditRecordId) -> Result<Option<Stored>, StoreError> {
    let row: Option<RecordRow> = tx.row(
        "select r.project_id, r.id, r.occurred_at, r.recorded_at, r.class, r.actor, r.action, r.object_kind,
                r.object_id, r.outcome, r.source, r.correlation_id, r.causation, r.subject, r.details,
                (select k.wrapped from subject_keys k
                 where k.project_id = r.project_id and k.subject = r.subject) as wrapped_key
         from records r where r.project_id = $1 and r.id = $2",
        params![project, id],
    )?;
    row.map(RecordRow::stored).transpose()
}

/// A list's statement: neither engine uses an index for `$2 is null or actor = $2`, so the filter that has one
/// stands in front by itself.
macro_rules! newest_first {
    ($leading:literal) => {
        concat!(
            "select r.project_id, r.id, r.occurred_at, r.recorded_at, r.class, r.actor, r.action, r.object_kind,
                    r.object_id, r.outcome, r.source, r.correlation_id, r.causation, r.subject, r.details,
                    (select k.wrapped from subject_keys k
                     where k.project_id = r.project_id and k.subject = r.subject) as wrapped_key
             from records r
             where r.project_id = $1 and ",
            $leading,
            "  and (cast($2 as text) is null or r.actor = $2)
               and (cast($3 as text) is null or r.action = $3)
               and (cast($4 as text) is null or r.object_kind = $4)
               and (cast($5 as text) is null or r.object_id = $5)
               and (cast($6 as text) is null or r.class = $6)
               and (cast($7 as text) is null or r.outcome = $7)
               and (cast($8 as text) is null or r.correlation_id = $8)
               and r.occurred_at >= $9 and (r.occurred_at, r.id) < ($10, $11)
             order by r.occurred_at desc, r.id desc limit $12"
        )
    };
}

/// Records after `place`, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    project: ProjectId,
    filter: &Filter,
    place: &Place,
    limit: u32,
) -> Result<Vec<Stored>, StoreError> {
    let sql = match filter {
        Filter { correlation_id: Some(_), .. } => newest_first!("r.correlation_id = $8"),
        Filter { object_id: Some(_), .. } => newest_first!("r.object_id = $5"),
        Filter { actor: Some(_), .. } => newest_first!("r.actor = $2"),
        Filter { action: Some(_), .. } => newest_first!("r.action = $3"),
        _ => newest_first!("true"),
    };
    let from = filter.from.unwrap_or(Timestamp::MIN);
    let rows: Vec<RecordRow> = tx.rows(
        sql,
        params![
            project,
            filter.actor,
            filter.action,
            filter.object_kind,
            filter.object_id,
            filter.class,
            filter.outcome,
            filter.correlation_id,
            from,
            place.occurred_at,
            place.id,
            limit
        ],
    )?;
    rows.into_iter().map(RecordRow::stored).collect()
}

fn row(record: &Record) -> Vec<Value> {
    params![
        record.project_id,
        record.id,
        record.occurred_at,
        record.recorded_at,
        record.class,
        record.actor,
        record.action,
        record.object_kind,
        record.object_id,
        record.outcome,
        record.source,
        record.correlation_id,
        record.causation,
        record.subject,
        record.details
    ]
    .to_vec()
}
