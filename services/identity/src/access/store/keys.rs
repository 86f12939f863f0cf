//! The statements on API keys.

use contracts::events::access::ApiKeyKind;
use contracts::{ApiKeyId, ProjectId, Timestamp};
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

use crate::domain::api_key::ApiKey;
use crate::domain::text::{Grant, Title};

#[derive(Deserialize)]
struct KeyRow {
    id: ApiKeyId,
    kind: ApiKeyKind,
    name: Title,
    scopes: Json<Vec<Grant>>,
    last_four: String,
    created_at: Timestamp,
    created_by: String,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    replaced_by: Option<ApiKeyId>,
    last_used_at: Option<Timestamp>,
    version: u64,
}

/// How many keys of a project are good.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Live {
    /// All of them.
    pub good: u32,
    /// Those that run out beside their successors.
    pub replaced: u32,
}

impl From<KeyRow> for ApiKey {
    fn from(row: KeyRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            name: row.name,
            scopes: row.scopes.0,
            last_four: row.last_four,
            created_at: row.created_at,
            created_by: row.created_by,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            replaced_by: row.replaced_by,
            last_used_at: row.last_used_at,
            version: row.version,
        }
    }
}

/// Stores a new key with the mark of its secret.
pub fn insert_key(tx: &mut Tx<'_>, project: ProjectId, new: &ApiKey, mark: &str) -> Result<(), StoreError> {
    tx.run(
        "insert into api_keys (project_id, id, kind, name, scopes, mark, last_four, created_at, created_by,
           expires_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        params![
            project,
            new.id,
            new.kind,
            new.name,
            Json(&new.scopes),
            mark,
            new.last_four,
            new.created_at,
            new.created_by,
            new.expires_at,
            new.version
        ],
    )
    .map(drop)
}

/// One key.
pub fn key(tx: &mut Tx<'_>, project: ProjectId, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    let row: Option<KeyRow> = tx.row(
        "select id, kind, name, scopes, last_four, created_at, created_by, expires_at, revoked_at, replaced_by,
           last_used_at, version
         from api_keys where project_id = $1 and id = $2",
        params![project, id],
    )?;
    Ok(row.map(ApiKey::from))
}

/// Keys after `after`, oldest first: ids are ordered by time.
pub fn keys(
    tx: &mut Tx<'_>,
    project: ProjectId,
    after: Option<ApiKeyId>,
    limit: u32,
) -> Result<Vec<ApiKey>, StoreError> {
    let rows: Vec<KeyRow> = tx.rows(
        "select id, kind, name, scopes, last_four, created_at, created_by, expires_at, revoked_at, replaced_by,
           last_used_at, version
         from api_keys where project_id = $1 and id > coalesce($2, '') order by id limit $3",
        params![project, after, limit],
    )?;
    Ok(rows.into_iter().map(ApiKey::from).collect())
}

/// How many keys of a project are good now.
pub fn live(tx: &mut Tx<'_>, project: ProjectId) -> Result<Live, StoreError> {
    tx.one(
        "select cast(count(*) as bigint) as good, cast(count(replaced_by) as bigint) as replaced
         from api_keys where project_id = $1 and revoked_at is null and coalesce(expires_at, $3) > $2",
        params![project, tx.now(), Timestamp::MAX],
    )
}

/// Stores what became of a key, on top of the version before.
pub fn update_key(tx: &mut Tx<'_>, project: ProjectId, changed: &ApiKey) -> Result<(), StoreError> {
    tx.run_versioned(
        "update api_keys set expires_at = $3, revoked_at = $4, replaced_by = $5, version = $6
         where project_id = $1 and id = $2 and version = $6 - 1",
        params![
            project,
            changed.id,
            changed.expires_at,
            changed.revoked_at,
            changed.replaced_by,
            changed.version
        ],
    )
}

/// Notes when a key was last seen; what is older is passed over.
pub fn set_last_used(
    tx: &mut Tx<'_>,
    project: ProjectId,
    id: ApiKeyId,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.run(
        "update api_keys set last_used_at = $3
         where project_id = $1 and id = $2 and coalesce(last_used_at, 0) < $3",
        params![project, id, at],
    )
    .map(drop)
}
