//! The statements on persons, their authenticators and recovery codes.

use contracts::{Timestamp, UserId};
use kernel::params;
use kernel::store::{Json, StoreError, Tx, Value};
use serde::{Deserialize, Serialize};

use crate::domain::contact::{Email, Locale, Phone, PostalAddress};
use crate::domain::text::Title;

/// A person's row.
#[derive(Clone, Deserialize)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// Where mail reaches them; none once they were erased.
    pub email: Option<Email>,
    /// Since when that is proven.
    pub email_verified_at: Option<Timestamp>,
    /// Where messages reach them.
    pub phone: Option<Phone>,
    /// Since when that is proven.
    pub phone_verified_at: Option<Timestamp>,
    /// What their password is checked against.
    pub password_hash: Option<String>,
    /// Whether they can sign in at all.
    pub status: Status,
    /// What they are called.
    pub name: Option<Title>,
    /// Where letters reach them.
    pub address: Option<Json<PostalAddress>>,
    /// The language that they read.
    pub locale: Locale,
    /// The secret of their authenticator, sealed.
    pub totp: Option<String>,
    /// Since when it is proven that they have it.
    pub totp_confirmed_at: Option<Timestamp>,
    /// The last step of it that was used.
    pub totp_step: Option<i64>,
    /// Since when they are known.
    pub created_at: Timestamp,
    /// Which state of the row this is.
    pub version: u64,
}

/// Whether somebody can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Yes.
    Active,
    /// Not now.
    Disabled,
    /// Never again.
    Erased,
}

/// Somebody who is not known yet.
pub struct NewPerson<'a> {
    /// Who.
    pub id: UserId,
    /// Where mail reaches them.
    pub email: &'a Email,
    /// Where messages reach them.
    pub phone: Option<&'a Phone>,
    /// What their password is checked against; none until they choose one.
    pub password_hash: Option<&'a str>,
    /// What they are called.
    pub name: Option<&'a Title>,
}

impl Person {
    /// Whether they have an authenticator that they have proven to have.
    pub fn has_authenticator(&self) -> bool {
        self.totp.is_some() && self.totp_confirmed_at.is_some()
    }
}

/// Stores somebody new; says whether the address was free.
pub fn insert_person(tx: &mut Tx<'_>, new: &NewPerson<'_>) -> Result<bool, StoreError> {
    let now = tx.now();
    let changed_at = new.password_hash.map(|_| now);
    let inserted = tx.run(
        "insert into users (id, email, phone, password_hash, password_changed_at, status, name, locale,
           created_at, version)
         values ($1, $2, $3, $4, $5, 'active', $6, $7, $8, 1) on conflict do nothing",
        params![
            new.id,
            new.email,
            new.phone,
            new.password_hash,
            changed_at,
            new.name,
            Locale::default(),
            now
        ],
    )?;
    Ok(inserted > 0)
}

/// One person.
pub fn person(tx: &mut Tx<'_>, id: UserId) -> Result<Option<Person>, StoreError> {
    tx.row(
        "select id, email, email_verified_at, phone, phone_verified_at, password_hash, status, name, address,
           locale, totp, totp_confirmed_at, totp_step, created_at, version
         from users where id = $1",
        params![id],
    )
}

/// One person, whom nobody else changes until the commit: their row is written as it is, so that whoever saw it before
/// begins again.
pub fn held_person(tx: &mut Tx<'_>, id: UserId) -> Result<Option<Person>, StoreError> {
    tx.run("update users set locale = locale where id = $1", params![id])?;
    person(tx, id)
}

/// Whoever has this address.
pub fn by_email(tx: &mut Tx<'_>, email: &Email) -> Result<Option<Person>, StoreError> {
    tx.row(
        "select id, email, email_verified_at, phone, phone_verified_at, password_hash, status, name, address,
           locale, totp, totp_confirmed_at, totp_step, created_at, version
         from users where email = $1",
        params![email],
    )
}

/// Stores what somebody says of themselves, on top of the version before.
pub fn update_profile(tx: &mut Tx<'_>, changed: &Person) -> Result<(), StoreError> {
    tx.run_versioned(
        "update users set name = $2, phone = $3, phone_verified_at = $4, address = $5, locale = $6, version = $7
         where id = $1 and version = $7 - 1",
        params![
            changed.id,
            changed.name,
            changed.phone,
            changed.phone_verified_at,
            changed.address,
            changed.locale,
            changed.version
        ],
    )
}

/// Stores a new password's hash.
pub fn set_password(tx: &mut Tx<'_>, id: UserId, hash: &str) -> Result<(), StoreError> {
    tx.run(
        "update users set password_hash = $2, password_changed_at = $3, version = version + 1 where id = $1",
        params![id, hash, tx.now()],
    )
    .map(drop)
}

/// Stores a better hash of the same password, unless it has been changed meanwhile.
pub fn replace_hash(tx: &mut Tx<'_>, id: UserId, seen: &str, better: &str) -> Result<(), StoreError> {
    tx.run(
        "update users set password_hash = $3 where id = $1 and password_hash = $2",
        params![id, seen, better],
    )
    .map(drop)
}

/// Mail reaches them; says whether that is new.
pub fn set_email_verified(tx: &mut Tx<'_>, id: UserId) -> Result<bool, StoreError> {
    let changed = tx.run(
        "update users set email_verified_at = $2, version = version + 1
         where id = $1 and email_verified_at is null",
        params![id, tx.now()],
    )?;
    Ok(changed > 0)
}

/// Messages reach them at this number; says whether it still is theirs and that is new.
pub fn set_phone_verified(tx: &mut Tx<'_>, id: UserId, phone: &Phone) -> Result<bool, StoreError> {
    let changed = tx.run(
        "update users set phone_verified_at = $3, version = version + 1
         where id = $1 and phone = $2 and phone_verified_at is null",
        params![id, phone, tx.now()],
    )?;
    Ok(changed > 0)
}

/// Stores the secret of an authenticator that is still to be proven.
pub fn set_totp(tx: &mut Tx<'_>, id: UserId, sealed: &str) -> Result<(), StoreError> {
    tx.run(
        "update users set totp = $2, totp_confirmed_at = null, totp_step = null, version = version + 1
         where id = $1",
        params![id, sealed],
    )
    .map(drop)
}

/// The authenticator is proven, by the code of this step.
pub fn confirm_totp(tx: &mut Tx<'_>, id: UserId, step: i64) -> Result<(), StoreError> {
    tx.run(
        "update users set totp_confirmed_at = $2, totp_step = $3, version = version + 1 where id = $1",
        params![id, tx.now(), step],
    )
    .map(drop)
}

/// Uses a step of the authenticator; says whether it was still to be had.
pub fn use_totp_step(tx: &mut Tx<'_>, id: UserId, step: i64) -> Result<bool, StoreError> {
    let used = tx.run(
        "update users set totp_step = $2 where id = $1 and (totp_step is null or totp_step < $2)",
        params![id, step],
    )?;
    Ok(used > 0)
}

/// There is no authenticator any more.
pub fn remove_totp(tx: &mut Tx<'_>, id: UserId) -> Result<(), StoreError> {
    tx.run(
        "update users set totp = null, totp_confirmed_at = null, totp_step = null, version = version + 1
         where id = $1",
        params![id],
    )
    .map(drop)
}

/// Stores the marks of new recovery codes.
pub fn insert_recovery_marks(tx: &mut Tx<'_>, id: UserId, marks: &[String]) -> Result<(), StoreError> {
    let rows: Vec<Vec<Value>> = marks.iter().map(|mark| params![id, mark].to_vec()).collect();
    tx.run_many("insert into recovery_codes (user_id, mark) values ($1, $2)", &rows).map(drop)
}

/// The marks of recovery codes that were not used yet.
pub fn recovery_marks(tx: &mut Tx<'_>, id: UserId) -> Result<Vec<String>, StoreError> {
    tx.rows(
        "select mark from recovery_codes where user_id = $1 and used_at is null order by mark limit 100",
        params![id],
    )
}

/// Uses a recovery code; says whether it was still to be had.
pub fn use_recovery_mark(tx: &mut Tx<'_>, id: UserId, mark: &str) -> Result<bool, StoreError> {
    let used = tx.run(
        "update recovery_codes set used_at = $3 where user_id = $1 and mark = $2 and used_at is null",
        params![id, mark, tx.now()],
    )?;
    Ok(used > 0)
}

/// Removes all recovery codes of somebody.
pub fn delete_recovery_codes(tx: &mut Tx<'_>, id: UserId) -> Result<(), StoreError> {
    tx.run("delete from recovery_codes where user_id = $1", params![id]).map(drop)
}

/// Leaves nothing of a person but that there was one.
pub fn anonymise(tx: &mut Tx<'_>, id: UserId) -> Result<(), StoreError> {
    tx.run(
        "update users set email = null, email_verified_at = null, phone = null, phone_verified_at = null,
           password_hash = null, password_changed_at = null, status = 'erased', name = null, address = null,
           locale = $2, totp = null, totp_confirmed_at = null, totp_step = null, version = version + 1
         where id = $1",
        params![id, Locale::default()],
    )
    .map(drop)
}

/// Whoever ran the platform does so no more.
pub fn delete_operator(tx: &mut Tx<'_>, id: UserId) -> Result<(), StoreError> {
    tx.run("delete from platform_operators where user_id = $1", params![id]).map(drop)
}
