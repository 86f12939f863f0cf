//! The statements on what is set, and on its history.

use contracts::{ProjectId, Timestamp};
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

use crate::domain::{Change, Config, Environment, Place, Remark, Revision, ServiceName, Texts};

#[derive(Deserialize)]
struct ConfigRow {
    revision: u64,
    changed_at: Timestamp,
    texts: Json<Texts>,
}

#[derive(Deserialize)]
struct PlacedRow {
    project_id: ProjectId,
    service: ServiceName,
    environment: Environment,
    revision: u64,
    changed_at: Timestamp,
    texts: Json<Texts>,
}

#[derive(Deserialize)]
struct RevisionRow {
    revision: u64,
    made_at: Timestamp,
    made_by: String,
    remark: Option<Remark>,
    restores: Option<u64>,
    changes: Json<Vec<Change>>,
}

/// What is set at a place; nothing where nobody has set anything.
pub fn config(tx: &mut Tx<'_>, place: &Place) -> Result<Config, StoreError> {
    let row: Option<ConfigRow> = tx.row(
        "select revision, changed_at, texts from configs
         where project_id = $1 and service = $2 and environment = $3",
        params![place.project, place.service, place.environment],
    )?;
    let config = row.map(|row| Config {
        revision: row.revision,
        changed_at: Some(row.changed_at),
        texts: row.texts.0,
    });
    Ok(config.unwrap_or_default())
}

/// What is set anywhere, by project, service and environment, after `after`.
pub fn configs_after(
    tx: &mut Tx<'_>,
    (project, service, environment): &(String, String, String),
    limit: u32,
) -> Result<Vec<(Place, Config)>, StoreError> {
    let rows: Vec<PlacedRow> = tx.rows(
        "select project_id, service, environment, revision, changed_at, texts from configs
         where (project_id, service, environment) > ($1, $2, $3)
         order by project_id, service, environment limit $4",
        params![project, service, environment, limit],
    )?;
    Ok(rows.into_iter().map(PlacedRow::parted).collect())
}

/// Puts the next revision in the place of the one before.
pub fn put_config(tx: &mut Tx<'_>, place: &Place, revision: u64, texts: &Texts) -> Result<(), StoreError> {
    let (now, texts) = (tx.now(), Json(texts));
    tx.run_versioned(
        "insert into configs (project_id, service, environment, revision, changed_at, texts)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (project_id, service, environment) do update
           set revision = excluded.revision, changed_at = excluded.changed_at, texts = excluded.texts
         where configs.revision = excluded.revision - 1",
        params![place.project, place.service, place.environment, revision, now, texts],
    )
}

/// Writes a revision down in the history.
pub fn insert_revision(
    tx: &mut Tx<'_>,
    place: &Place,
    made: &Revision,
    texts: &Texts,
) -> Result<(), StoreError> {
    tx.run(
        "insert into config_revisions (project_id, service, environment, revision, made_at, made_by, remark,
           restores, changes, texts)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            place.project,
            place.service,
            place.environment,
            made.revision,
            made.made_at,
            made.made_by,
            made.remark,
            made.restores,
            Json(&made.changes),
            Json(texts)
        ],
    )
    .map(drop)
}

/// All that was set as of a revision.
pub fn revision_texts(tx: &mut Tx<'_>, place: &Place, revision: u64) -> Result<Option<Texts>, StoreError> {
    let texts: Option<Json<Texts>> = tx.row(
        "select texts from config_revisions
         where project_id = $1 and service = $2 and environment = $3 and revision = $4",
        params![place.project, place.service, place.environment, revision],
    )?;
    Ok(texts.map(|texts| texts.0))
}

/// Revisions before `before`, the latest first.
pub fn revisions_before(
    tx: &mut Tx<'_>,
    place: &Place,
    before: i64,
    limit: u32,
) -> Result<Vec<Revision>, StoreError> {
    let rows: Vec<RevisionRow> = tx.rows(
        "select revision, made_at, made_by, remark, restores, changes from config_revisions
         where project_id = $1 and service = $2 and environment = $3 and revision < $4
         order by revision desc limit $5",
        params![place.project, place.service, place.environment, before, limit],
    )?;
    Ok(rows.into_iter().map(Revision::from).collect())
}

/// Forgets the revisions up to `until`.
pub fn forget_revisions(tx: &mut Tx<'_>, place: &Place, until: u64) -> Result<u64, StoreError> {
    tx.run(
        "delete from config_revisions
         where project_id = $1 and service = $2 and environment = $3 and revision <= $4",
        params![place.project, place.service, place.environment, until],
    )
}

impl PlacedRow {
    fn parted(self) -> (Place, Config) {
        let Self { project_id: project, service, environment, revision, changed_at, texts } = self;
        let config = Config { revision, changed_at: Some(changed_at), texts: texts.0 };
        (Place { project, service, environment }, config)
    }
}

impl From<RevisionRow> for Revision {
    fn from(row: RevisionRow) -> Self {
        Self {
            revision: row.revision,
            made_at: row.made_at,
            made_by: row.made_by,
            remark: row.remark,
            restores: row.restores,
            changes: row.changes.0,
        }
    }
}
