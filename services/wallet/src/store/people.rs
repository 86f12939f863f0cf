//! The statements on people: under which address they are paid, what they are called, and what is proven of who they
//! are.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{Timestamp, UserId};
use kernel::params;
use kernel::store::{StoreError, Tx, Value};

use crate::domain::{Payee, ShortName};

/// What people are called, as far as that is known.
pub type Names = BTreeMap<UserId, ShortName>;

/// People who are looked up with one statement: those of a payment, or those of many.
const NAMED_AT_ONCE: usize = 50;
const NAMED_OF_ONE: usize = 2;
const NAMES: &str =
    "select user_id, name from people where project_id = $1 and name is not null and user_id in
       ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
        $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47,
        $48, $49, $50, $51)";
const NAMES_OF_ONE: &str =
    "select user_id, name from people where project_id = $1 and name is not null and user_id in ($2, $3)";

/// Remembers by what somebody is found, unless they are to be forgotten; the latest word holds.
pub fn put_contacts(
    tx: &mut Tx<'_>,
    user: UserId,
    email: Option<&str>,
    phone: Option<&str>,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.run(
        "insert into people (project_id, user_id, found_email, found_phone, found_at, erased, kyc_level)
         values ($1, $2, $3, $4, $5, false, 0)
         on conflict (project_id, user_id) do update
           set found_email = excluded.found_email, found_phone = excluded.found_phone, found_at = excluded.found_at
         where people.erased = false and coalesce(people.found_at, excluded.found_at) <= excluded.found_at",
        params![tx.project()?, user, email, phone, at],
    )
    .map(drop)
}

/// Remembers what somebody is called, unless they are to be forgotten.
pub fn put_name(tx: &mut Tx<'_>, user: UserId, name: Option<ShortName>) -> Result<(), StoreError> {
    tx.run(
        "insert into people (project_id, user_id, name, erased, kyc_level) values ($1, $2, $3, false, 0)
         on conflict (project_id, user_id) do update set name = excluded.name where people.erased = false",
        params![tx.project()?, user, name],
    )
    .map(drop)
}

/// What these people are called; who has not said it is left out.
pub fn names(tx: &mut Tx<'_>, people: impl IntoIterator<Item = UserId>) -> Result<Names, StoreError> {
    let wanted: Vec<UserId> = people.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut known = Names::new();
    for some in wanted.chunks(NAMED_AT_ONCE) {
        let (sql, places) =
            if some.len() <= NAMED_OF_ONE { (NAMES_OF_ONE, NAMED_OF_ONE) } else { (NAMES, NAMED_AT_ONCE) };
        let mut values: Vec<Value> = params![tx.project()?].to_vec();
        values.extend((0..places).map(|at| Value::of(&some.get(at))));
        let found: Vec<(UserId, ShortName)> = tx.rows(sql, &values)?;
        known.extend(found);
    }
    Ok(known)
}

/// Forgets where somebody is reached and what they are called, for good.
pub fn forget_person(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "insert into people (project_id, user_id, name, erased, kyc_level) values ($1, $2, $3, true, 0)
         on conflict (project_id, user_id) do update
           set email = null, phone = null, found_email = null, found_phone = null, name = excluded.name,
             erased = true",
        params![tx.project()?, user, ShortName::forgotten()],
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
            "select user_id from people where project_id = $1 and found_email = $2 limit 2",
            params![tx.project()?, email],
        ),
        Payee::Phone(phone) => tx.rows(
            "select user_id from people where project_id = $1 and found_phone = $2 limit 2",
            params![tx.project()?, phone],
        ),
    }?;
    match found.as_slice() {
        [only] => Ok(Some(*only)),
        [] | [_, ..] => Ok(None),
    }
}
