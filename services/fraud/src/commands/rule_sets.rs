//! Writing rule sets and publishing them.

use kernel::store::{Json, Tx};

use crate::domain::RuleSetPublished;
use crate::domain::rules::RuleSet;
use crate::error::Error;
use crate::store::{self, RuleSetRow};

/// Writes a draft. It may have mistakes; they are told, and it cannot be published with them.
pub fn write(tx: &mut Tx<'_>, set: &RuleSet, author: &str) -> Result<RuleSetRow, Error> {
    let version = store::next_version(tx)?;
    store::insert_rule_set(tx, version, set, author)?;
    found(tx, version)
}

/// Makes a rule set the one that judges, an earlier one too.
pub fn publish(tx: &mut Tx<'_>, version: u32, by: &str) -> Result<RuleSetRow, Error> {
    let row = found(tx, version)?;
    let Json(set) = &row.body;
    set.compile(version).map_err(Error::BadRules)?;
    if row.head == Some(version) {
        return Ok(row);
    }
    store::set_published(tx, version)?;
    store::mark_published(tx, version)?;
    tx.publish(version, &RuleSetPublished { version, by: by.to_owned() })?;
    found(tx, version)
}

/// One rule set.
pub fn found(tx: &mut Tx<'_>, version: u32) -> Result<RuleSetRow, Error> {
    store::rule_set(tx, version)?.ok_or(Error::Absent("rule set"))
}
