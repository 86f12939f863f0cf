//! The statements on people: under which address they are paid, and what is proven of who they are.

use contracts::{Timestamp, UserId};
use kernel::params;
use kernel::store::{StoreError, Tx};

use crate::domain::Payee;

/// Remembers where somebody is reached, unless they are to be forgotten.
pub fn put_contact(
    tx: &mut Tx<'_>,
    user: UserId,
    email: Option<&str>,
    phone: Option<&str>,
) -> Result<(), StoreError> {
    tx.run(
        "insert into people (project_id, user_id, email, phone, erased, kyc_level) values ($1, $2, $3, $4, false, 0)
         on conflict (project_id, user_id) do update set email = excluded.email, phone = excluded.phone
         where people.erased = false",
        params![tx.project()?, user, email, phone],
    )
    .map(drop)
}

/// Forgets where somebody is reached, for good.
pub fn forget_person(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "insert into people (project_id, user_id, erased, kyc_level) values ($1, $2, true, 0)
         on conflict (project_id, user_id) do update set email = null, phone = null, erased = true",
        params![tx.project()?, user],
    )
    .map(drop)
}

/// Remembers how much is proven of somebody; the latest word holds.
pub fn put_kyc(tx: &mut Tx<'_>, user: UserId, level: u8, at: Timestamp) -> Result<(), StoreError> {
    tx.run(
        "insert into people (project_id, user_id, erased, kyc_level, kyc_at) values ($1, $2, false, $3, $4)
         on conflict (project_id, user_id) do update set kyc_level = excluded.kyc_level, kyc_at = excluded.kyc_at
         where coalesce(people.kyc_at, excluded.kyc_at) <= excluded.kyc_at",
        params![tx.project()?, user, level, at],
    )
    .map(drop)
}

/// How much is proven of somebody: 0 nothing, 1 basic, 2 full.
pub fn kyc_level(tx: &mut Tx<'_>, user: UserId) -> Result<u8, StoreError> {
    let level: Option<u8> = tx.row(
        "select kyc_level from people where project_id = $1 and user_id = $2",
        params![tx.project()?, user],
    )?;
    Ok(level.unwrap_or(0))
}

/// Whoever has this address, where exactly one person has it.
pub fn find_person(tx: &mut Tx<'_>, payee: &Payee) -> Result<Option<UserId>, StoreError> {
    let found: Vec<UserId> = match payee {
        Payee::Account(account) => tx.rows(
            "select user_id from accounts where project_id = $1 and id = $2",
            params![tx.project()?, account],
        ),
        Payee::Email(email) => tx.rows(
            "select user_id from people where project_id = $1 and email = $2 limit 2",
            params![tx.project()?, email],
        ),
        Payee::Phone(phone) => tx.rows(
            "select user_id from people where project_id = $1 and phone = $2 limit 2",
            params![tx.project()?, phone],
        ),
    }?;
    match found.as_slice() {
        [only] => Ok(Some(*only)),
        [] | [_, ..] => Ok(None),
    }
}
