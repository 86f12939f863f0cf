//! All SQL of the gateway: what it heard, and what is new in it.

use contracts::events::access::{ApiKeyIssued, ApiKeyKind, ProjectFacts};
use contracts::events::fleet::{InstanceChanged, InstanceState};
use contracts::{ApiKeyId, ProjectId, SessionId, Timestamp};
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

/// A key as it was heard of.
#[derive(Clone, Debug, Deserialize)]
pub struct KnownKey {
    /// Whose it is.
    pub project_id: ProjectId,
    /// Its name.
    pub id: ApiKeyId,
    /// What kind it is.
    pub kind: ApiKeyKind,
    /// What it may do.
    pub scopes: Json<Vec<String>>,
    /// What its secret is checked against.
    pub mark: String,
    /// From then on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Since then it is refused.
    pub revoked_at: Option<Timestamp>,
    /// When it was heard of last.
    pub heard_at: Timestamp,
}

/// A session that is over.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct EndedSession {
    /// Which.
    pub id: SessionId,
    /// When that was heard.
    pub heard_at: Timestamp,
}

/// A project as it was heard of.
#[derive(Clone, Debug, Deserialize)]
pub struct KnownProject {
    /// Which.
    pub project_id: ProjectId,
    /// What is known of it.
    pub facts: Json<ProjectFacts>,
    /// When that was heard.
    pub heard_at: Timestamp,
}

/// Where one instance of a service answers.
#[derive(Clone, Debug, Deserialize)]
pub struct KnownInstance {
    /// Of which service.
    pub service: String,
    /// Where.
    pub address: String,
    /// Whether it can be called.
    pub state: InstanceState,
}

/// Remembers a key.
pub fn put_key(tx: &mut Tx<'_>, project: ProjectId, key: &ApiKeyIssued) -> Result<(), StoreError> {
    let (scopes, now) = (Json(&key.scopes), tx.now());
    tx.run(
        "insert into known_keys (project_id, id, kind, scopes, mark, expires_at, revoked_at, heard_at)
         values ($1, $2, $3, $4, $5, $6, null, $7)
         on conflict (project_id, id) do update set kind = excluded.kind, scopes = excluded.scopes,
           mark = excluded.mark, expires_at = excluded.expires_at, heard_at = excluded.heard_at",
        params![project, key.api_key_id, key.kind, scopes, key.mac, key.expires_at, now],
    )
    .map(drop)
}

/// Notes until when a key is good.
pub fn set_key_expiry(
    tx: &mut Tx<'_>,
    project: ProjectId,
    key: ApiKeyId,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let now = tx.now();
    tx.run(
        "update known_keys set expires_at = $3, heard_at = $4 where project_id = $1 and id = $2",
        params![project, key, expires_at, now],
    )
    .map(drop)
}

/// Notes that a key is refused from now on.
pub fn set_key_revoked(tx: &mut Tx<'_>, project: ProjectId, key: ApiKeyId) -> Result<(), StoreError> {
    let now = tx.now();
    tx.run(
        "update known_keys set revoked_at = coalesce(revoked_at, $3), heard_at = $3
         where project_id = $1 and id = $2",
        params![project, key, now],
    )
    .map(drop)
}

/// Remembers that sessions are over.
pub fn put_ended_sessions(
    tx: &mut Tx<'_>,
    project: ProjectId,
    sessions: &[SessionId],
) -> Result<(), StoreError> {
    let now = tx.now();
    let rows: Vec<_> = sessions.iter().map(|session| params![project, *session, now].to_vec()).collect();
    tx.run_many(
        "insert into ended_sessions (project_id, id, heard_at) values ($1, $2, $3) on conflict do nothing",
        &rows,
    )
    .map(drop)
}

/// Remembers a project.
pub fn put_project(tx: &mut Tx<'_>, facts: &ProjectFacts) -> Result<(), StoreError> {
    let now = tx.now();
    tx.run(
        "insert into known_projects (project_id, facts, heard_at) values ($1, $2, $3)
         on conflict (project_id) do update set facts = excluded.facts, heard_at = excluded.heard_at",
        params![facts.project_id, Json(facts), now],
    )
    .map(drop)
}

/// Remembers where an instance answers.
pub fn put_instance(tx: &mut Tx<'_>, told: &InstanceChanged) -> Result<(), StoreError> {
    let now = tx.now();
    tx.run(
        "insert into instances (service, instance, address, state, environment, heard_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (service, instance) do update set address = excluded.address, state = excluded.state,
           environment = excluded.environment, heard_at = excluded.heard_at",
        params![told.service, told.instance, told.address, told.state, told.environment, now],
    )
    .map(drop)
}

/// Keys heard of since `since`, in that order.
pub fn keys_since(
    tx: &mut Tx<'_>,
    (since, id): (Timestamp, &str),
    limit: u32,
) -> Result<Vec<KnownKey>, StoreError> {
    tx.rows(
        "select project_id, id, kind, scopes, mark, expires_at, revoked_at, heard_at from known_keys
         where heard_at > $1 or (heard_at = $1 and id > $2) order by heard_at, id limit $3",
        params![since, id, limit],
    )
}

/// Sessions heard to be over since `since`, in that order.
pub fn ended_since(
    tx: &mut Tx<'_>,
    (since, id): (Timestamp, &str),
    limit: u32,
) -> Result<Vec<EndedSession>, StoreError> {
    tx.rows(
        "select id, heard_at from ended_sessions
         where heard_at > $1 or (heard_at = $1 and id > $2) order by heard_at, id limit $3",
        params![since, id, limit],
    )
}

/// Projects heard of since `since`, in that order.
pub fn projects_since(
    tx: &mut Tx<'_>,
    (since, id): (Timestamp, &str),
    limit: u32,
) -> Result<Vec<KnownProject>, StoreError> {
    tx.rows(
        "select project_id, facts, heard_at from known_projects
         where heard_at > $1 or (heard_at = $1 and project_id > $2) order by heard_at, project_id limit $3",
        params![since, id, limit],
    )
}

/// Where all instances of an environment are that are not gone. A fleet is small.
pub fn instances(tx: &mut Tx<'_>, environment: &str, limit: u32) -> Result<Vec<KnownInstance>, StoreError> {
    tx.rows(
        "select service, address, state from instances
         where state <> 'down' and (environment is null or environment = $1) order by service, instance limit $2",
        params![environment, limit],
    )
}

/// Forgets sessions whose tokens have all expired by themselves.
pub fn forget_ended(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, StoreError> {
    tx.run("delete from ended_sessions where heard_at < $1", params![before])
}

/// Forgets instances that went long ago.
pub fn forget_gone(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, StoreError> {
    tx.run("delete from instances where state = 'down' and heard_at < $1", params![before])
}

/// Forgets all keys.
pub fn clear_keys(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.run("delete from known_keys", params![]).map(drop)
}

/// Forgets all sessions that are over.
pub fn clear_ended(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.run("delete from ended_sessions", params![]).map(drop)
}

/// Forgets all projects.
pub fn clear_projects(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.run("delete from known_projects", params![]).map(drop)
}

/// Forgets all instances.
pub fn clear_instances(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.run("delete from instances", params![]).map(drop)
}
