//! The statements on how long records are kept, on purges, and on the keys of persons.

use contracts::{ProjectId, Timestamp};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use super::whole::unreadable;
use crate::domain::{Class, Retention};

/// The entries of one class in a stretch of the chain.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Span {
    /// The first of them.
    pub first_seq: Option<u64>,
    /// The last.
    pub last_seq: Option<u64>,
}

/// How long a project keeps its records, and the version of that choice; none where it has made none.
pub fn retention(tx: &mut Tx<'_>, project: ProjectId) -> Result<Option<(Retention, u64)>, StoreError> {
    let row: Option<(u32, u32, u64)> = tx.row(
        "select operational_days, financial_days, version from retention where project_id = $1",
        params![project],
    )?;
    row.map(|(operational, financial, version)| {
        let retention =
            Retention::new(operational, financial).map_err(|_| unreadable("retention of", project))?;
        Ok((retention, version))
    })
    .transpose()
}

/// Stores a choice that was made on top of `version`.
pub fn set_retention(
    tx: &mut Tx<'_>,
    project: ProjectId,
    retention: Retention,
    version: u64,
) -> Result<(), StoreError> {
    let days = |class| retention.days(class);
    tx.run_versioned(
        "insert into retention (project_id, operational_days, financial_days, version) values ($1, $2, $3, $4 + 1)
         on conflict (project_id) do update set operational_days = excluded.operational_days,
           financial_days = excluded.financial_days, version = excluded.version
         where retention.version = $4",
        params![project, days(Class::Operational), days(Class::Financial), version],
    )
}

/// Projects that have a chain, after `after`.
pub fn projects_after(tx: &mut Tx<'_>, after: &str, limit: u32) -> Result<Vec<ProjectId>, StoreError> {
    tx.rows(
        "select project_id from chains where project_id > $1 order by project_id limit $2",
        params![after, limit],
    )
}

/// The last entry of the last block that was sealed by `cutoff`; 0 where there is none.
pub fn last_seq_sealed_by(tx: &mut Tx<'_>, project: ProjectId, cutoff: Timestamp) -> Result<u64, StoreError> {
    let seq: Option<u64> = tx.row(
        "select last_seq from blocks where project_id = $1 and sealed_at <= $2
         order by sealed_at desc, last_seq desc limit 1",
        params![project, cutoff],
    )?;
    Ok(seq.unwrap_or(0))
}

/// How far the purge of a class has come; 0 where it has not begun.
pub fn purged_until(tx: &mut Tx<'_>, project: ProjectId, class: Class) -> Result<u64, StoreError> {
    let seq: Option<u64> =
        tx.row("select last_seq from purged where project_id = $1 and class = $2", params![project, class])?;
    Ok(seq.unwrap_or(0))
}

/// Notes how far the purge of a class has come.
pub fn insert_purged(
    tx: &mut Tx<'_>,
    project: ProjectId,
    class: Class,
    last_seq: u64,
) -> Result<(), StoreError> {
    tx.run(
        "insert into purged (project_id, class, last_seq) values ($1, $2, $3)
         on conflict (project_id, class) do update set last_seq = excluded.last_seq",
        params![project, class, last_seq],
    )
    .map(drop)
}

/// The entries of `class` after `after` up to `until`.
pub fn span_of(
    tx: &mut Tx<'_>,
    project: ProjectId,
    class: Class,
    (after, until): (u64, u64),
) -> Result<Span, StoreError> {
    tx.one(
        "select min(seq) as first_seq, max(seq) as last_seq from leaves
         where project_id = $1 and seq > $2 and seq <= $3 and class = $4",
        params![project, after, until, class],
    )
}

/// Deletes the records of `class` whose entries stand after `after` up to `until`; says how many there were.
pub fn delete_records(
    tx: &mut Tx<'_>,
    project: ProjectId,
    class: Class,
    (after, until): (u64, u64),
) -> Result<u64, StoreError> {
    tx.run(
        "delete from records where project_id = $1 and id in
           (select record_id from leaves where project_id = $1 and seq > $2 and seq <= $3 and class = $4)",
        params![project, after, until, class],
    )
}

/// The wrapped key of a person.
pub fn wrapped_key(tx: &mut Tx<'_>, project: ProjectId, subject: &str) -> Result<Option<String>, StoreError> {
    tx.row(
        "select wrapped from subject_keys where project_id = $1 and subject = $2",
        params![project, subject],
    )
}

/// Stores a person's first key. Of two at once the second loses the race and runs again.
pub fn insert_key(
    tx: &mut Tx<'_>,
    project: ProjectId,
    subject: &str,
    wrapped: &str,
) -> Result<(), StoreError> {
    tx.run(
        "insert into subject_keys (project_id, subject, wrapped) values ($1, $2, $3) on conflict do nothing",
        params![project, subject, wrapped],
    )
    .map(drop)
}

/// Destroys a person's key; says whether there was one.
pub fn destroy_key(tx: &mut Tx<'_>, project: ProjectId, subject: &str) -> Result<bool, StoreError> {
    let destroyed =
        tx.run("delete from subject_keys where project_id = $1 and subject = $2", params![project, subject])?;
    Ok(destroyed > 0)
}
