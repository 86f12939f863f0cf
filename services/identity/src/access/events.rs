//! What this half hears: that a key was used.

use contracts::events::access::ApiKeyUsed;
use kernel::events::Heard;
use kernel::store::{StoreError, Tx};

use super::store::keys;

/// A key is shown with the last time that it was seen; what arrives late changes nothing.
pub fn on_api_key_used(tx: &mut Tx<'_>, heard: &Heard<'_, ApiKeyUsed>) -> Result<(), StoreError> {
    let Some(project) = tx.scope().project() else { return Ok(()) };
    keys::set_last_used(tx, project, heard.api_key_id, heard.used_at)
}
