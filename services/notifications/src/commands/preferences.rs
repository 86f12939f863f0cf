//! What a person wants to hear.

use contracts::UserId;
use kernel::store::Tx;

use crate::domain::choices::{CHOICES_MAX, Preferences};
use crate::domain::template::Misfit;
use crate::error::Error;
use crate::store;

/// What a person has chosen.
pub fn find(tx: &mut Tx<'_>, user: UserId) -> Result<Preferences, Error> {
    match store::people::preferences(tx, user)? {
        Some(choices) => Ok(serde_json::from_str(&choices)?),
        None => Ok(Preferences::default()),
    }
}

/// A person chooses anew, all of it.
pub fn choose(tx: &mut Tx<'_>, user: UserId, wanted: &Preferences) -> Result<Preferences, Error> {
    if wanted.choices.len() > CHOICES_MAX {
        return Err(Misfit::new("choices", format!("has at most {CHOICES_MAX} entries")).into());
    }
    let settled = wanted.clone().settled();
    store::people::put_preferences(tx, user, &serde_json::to_string(&settled)?)?;
    Ok(settled)
}
