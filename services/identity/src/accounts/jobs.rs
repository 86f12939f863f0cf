//! What happens because time passed: what is over goes, and keys follow each other.

use std::time::Duration;

use kernel::jobs::{Jobs, Schedule};
use kernel::store::Tx;

use super::commands::{contacts, profile};
use super::signing::turn_keys;
use super::store::{attempts, codes, sessions};
use crate::domain::attempts::FORGOTTEN_AFTER;
use crate::error::Error;

const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// How often some more members are told of, where a project is to hear by what they are found.
const CONTACTS_EVERY: Duration = Duration::from_secs(5);
/// Rows of a kind that one sweep removes.
const SWEPT_MAX: u32 = 2_000;
/// Codes are counted against their destination for a day.
const CODES_KEPT: Duration = Duration::from_secs(24 * 3_600);
/// People see for a day that a session was there.
const SESSIONS_KEPT: Duration = Duration::from_secs(24 * 3_600);

/// Says what is done when.
pub fn register(jobs: &mut Jobs) {
    match Schedule::interval(SWEEP_EVERY) {
        Ok(each_minute) => jobs.every("identity.sweep", each_minute, sweep),
        Err(error) => tracing::error!(%error, "sessions and codes that are over are not removed"),
    }
    match Schedule::interval(SWEEP_EVERY) {
        Ok(each_minute) => jobs.every("identity.tell_names", each_minute, profile::tell_names),
        Err(error) => tracing::error!(%error, "names from before they were told are not told"),
    }
    match Schedule::interval(CONTACTS_EVERY) {
        Ok(often) => jobs.every("identity.tell_contacts", often, contacts::tell_members),
        Err(error) => tracing::error!(%error, "members whose addresses count from now on are not told of"),
    }
    match Schedule::cron("17 3 * * *") {
        Ok(each_night) => jobs.every("identity.turn_keys", each_night, turn_keys),
        Err(error) => tracing::error!(%error, "signing keys are not followed by new ones"),
    }
}

/// Removes what is over, a batch of each kind.
fn sweep(tx: &mut Tx<'_>) -> Result<(), Error> {
    let now = tx.now();
    sessions::sweep_tokens(tx, now, SWEPT_MAX)?;
    sessions::sweep_sessions(tx, now.saturating_sub(SESSIONS_KEPT), SWEPT_MAX)?;
    codes::sweep_codes(tx, now.saturating_sub(CODES_KEPT), SWEPT_MAX)?;
    attempts::sweep_attempts(tx, now.saturating_sub(FORGOTTEN_AFTER), SWEPT_MAX)?;
    Ok(())
}
