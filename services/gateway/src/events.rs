//! What is heard from identity and the registry is written down, so that both may be away.

use contracts::events::access::{
    ApiKeyExpiring, ApiKeyIssued, ApiKeyRevoked, ProjectChanged, ProjectCreated, SessionsEnded,
};
use contracts::events::fleet::InstanceChanged;
use contracts::{Id, ProjectId};
use kernel::events::Heard;
use kernel::store::{StoreError, Tx};

use crate::store;

/// A key lets in what it is presented for, from now on.
pub fn on_key_issued(tx: &mut Tx<'_>, event: &Heard<'_, ApiKeyIssued>) -> Result<(), StoreError> {
    let project = tx.project()?;
    store::put_key(tx, project, event)
}

/// A key has a successor and goes out of use.
pub fn on_key_expiring(tx: &mut Tx<'_>, event: &Heard<'_, ApiKeyExpiring>) -> Result<(), StoreError> {
    let project = tx.project()?;
    store::set_key_expiry(tx, project, event.api_key_id, event.expires_at)
}

/// A key lets nobody in any more.
pub fn on_key_revoked(tx: &mut Tx<'_>, event: &Heard<'_, ApiKeyRevoked>) -> Result<(), StoreError> {
    let project = tx.project()?;
    store::set_key_revoked(tx, project, event.api_key_id)
}

/// The tokens of these sessions are refused, however long they would have been good.
pub fn on_sessions_ended(tx: &mut Tx<'_>, event: &Heard<'_, SessionsEnded>) -> Result<(), StoreError> {
    let project = tx.scope().project().unwrap_or(platform());
    store::put_ended_sessions(tx, project, &event.session_ids)
}

/// Callers of a new project may come.
pub fn on_project_created(tx: &mut Tx<'_>, event: &Heard<'_, ProjectCreated>) -> Result<(), StoreError> {
    store::put_project(tx, &event.project)
}

/// A project's origins and addresses, or whether it is active, have changed.
pub fn on_project_changed(tx: &mut Tx<'_>, event: &Heard<'_, ProjectChanged>) -> Result<(), StoreError> {
    store::put_project(tx, &event.project)
}

/// An instance is called from now on, or no more.
pub fn on_instance_changed(tx: &mut Tx<'_>, event: &Heard<'_, InstanceChanged>) -> Result<(), StoreError> {
    store::put_instance(tx, event)
}

/// Forgets all that was heard, for it to be heard again.
pub fn forget(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    store::clear_keys(tx)?;
    store::clear_ended(tx)?;
    store::clear_projects(tx)?;
    store::clear_instances(tx)
}

/// Where rows of no project stand: under the number that no project is given.
fn platform() -> ProjectId {
    ProjectId::from_u128(0)
}
