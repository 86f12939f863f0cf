//! Keeping lists that rules ask.

use kernel::store::{StoreError, Tx};

use crate::domain::ListName;
use crate::store::{self, Listed};

/// Makes a list hold these entries and no others.
pub fn replace(tx: &mut Tx<'_>, list: &ListName, listed: &[Listed]) -> Result<usize, StoreError> {
    store::clear_list(tx, list)?;
    if !listed.is_empty() {
        store::insert_entries(tx, list, listed)?;
    }
    Ok(listed.len())
}
