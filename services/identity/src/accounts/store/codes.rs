//! The statements on one-time codes.

use contracts::{OtpId, ProjectId, Timestamp, UserId};
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

use crate::domain::code::{Channel, Purpose, Then};

/// A code's row.
#[derive(Clone, Debug, Deserialize)]
pub struct Code {
    /// Which.
    pub id: OtpId,
    /// What the person answers.
    pub challenge: OtpId,
    /// Whose; none where nobody has that address.
    pub user_id: Option<UserId>,
    /// The project in whose name it was sent.
    pub acts_for: Option<ProjectId>,
    /// What it is for.
    pub purpose: Purpose,
    /// How it travels.
    pub channel: Channel,
    /// Where it went, as a mark.
    pub destination_mark: String,
    /// What it is checked against.
    pub mark: String,
    /// Wrong tries so far.
    pub tries: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was sent; none where nothing was.
    pub sent_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// What goes on when it is right.
    pub bound_to: Json<Then>,
}

/// Stores a new code.
pub fn insert_code(tx: &mut Tx<'_>, new: &Code) -> Result<(), StoreError> {
    tx.run(
        "insert into otp_events (id, challenge, user_id, acts_for, purpose, channel, destination_mark, mark, tries,
           created_at, sent_at, expires_at, bound_to)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        params![
            new.id,
            new.challenge,
            new.user_id,
            new.acts_for,
            new.purpose,
            new.channel,
            new.destination_mark,
            new.mark,
            new.tries,
            new.created_at,
            new.sent_at,
            new.expires_at,
            new.bound_to
        ],
    )
    .map(drop)
}

/// The newest code of a challenge, locked: of two who answer at once, one goes first.
pub fn locked_newest(tx: &mut Tx<'_>, challenge: OtpId) -> Result<Option<Code>, StoreError> {
    let found = tx.lock_rows(
        "select id, challenge, user_id, acts_for, purpose, channel, destination_mark, mark, tries, created_at,
           sent_at, expires_at, used_at, bound_to
         from otp_events where challenge = $1 order by id desc limit 1",
        params![challenge],
    )?;
    Ok(found.into_iter().next())
}

/// The challenge of the last code for a new password that went to a destination.
pub fn newest_reset(tx: &mut Tx<'_>, destination_mark: &str) -> Result<Option<OtpId>, StoreError> {
    tx.row(
        "select challenge from otp_events where destination_mark = $1 and purpose = 'password_reset'
         order by created_at desc, id desc limit 1",
        params![destination_mark],
    )
}

/// When codes were sent to a destination since `since`, the latest first.
pub fn sent_times(
    tx: &mut Tx<'_>,
    destination_mark: &str,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<Timestamp>, StoreError> {
    tx.rows(
        "select sent_at from otp_events where destination_mark = $1 and created_at > $2 and sent_at is not null
         order by created_at desc limit $3",
        params![destination_mark, since, limit],
    )
}

/// Counts a wrong try.
pub fn count_try(tx: &mut Tx<'_>, id: OtpId) -> Result<(), StoreError> {
    tx.run("update otp_events set tries = tries + 1 where id = $1", params![id]).map(drop)
}

/// A code was right, and is good no more.
pub fn set_used(tx: &mut Tx<'_>, id: OtpId) -> Result<(), StoreError> {
    tx.run("update otp_events set used_at = $2 where id = $1", params![id, tx.now()]).map(drop)
}

/// Removes all codes of somebody.
pub fn delete_codes_of(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run("delete from otp_events where user_id = $1", params![user]).map(drop)
}

/// Removes codes that are over since `before`.
pub fn sweep_codes(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from otp_events where id in
           (select id from otp_events where expires_at < $1 order by expires_at limit $2)",
        params![before, limit],
    )
}
