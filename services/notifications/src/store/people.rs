//! The statements on people: where they are reached, what they have chosen, and which addresses are left alone.

use contracts::{OrderId, ProjectId, Timestamp, UserId};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use crate::domain::notification::Channel;
use crate::domain::words::Category;

/// Where a person is reached.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Contact {
    /// By mail.
    pub email: Option<String>,
    /// By phone.
    pub phone: Option<String>,
}

/// An address that is left alone.
#[derive(Clone, Debug, Deserialize)]
pub struct Suppression {
    /// How it would be reached.
    pub channel: Channel,
    /// The address.
    pub address: String,
    /// For which category; empty for all.
    pub category: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// Keeps where somebody is reached.
pub fn put_contact(
    tx: &mut Tx<'_>,
    user: UserId,
    email: Option<&str>,
    phone: Option<&str>,
) -> Result<(), StoreError> {
    tx.run(
        "insert into contacts (project_id, user_id, email, phone) values ($1, $2, $3, $4)
         on conflict (project_id, user_id) do update set email = excluded.email, phone = excluded.phone",
        params![tx.project()?, user, email, phone],
    )
    .map(drop)
}

/// Where somebody is reached.
pub fn contact(tx: &mut Tx<'_>, user: UserId) -> Result<Option<Contact>, StoreError> {
    tx.row(
        "select email, phone from contacts where project_id = $1 and user_id = $2",
        params![tx.project()?, user],
    )
}

/// Forgets where somebody is reached.
pub fn delete_contact(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run("delete from contacts where project_id = $1 and user_id = $2", params![tx.project()?, user])
        .map(drop)
}

/// Keeps whose order it is.
pub fn put_order(tx: &mut Tx<'_>, order: OrderId, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "insert into orders (project_id, order_id, user_id) values ($1, $2, $3) on conflict do nothing",
        params![tx.project()?, order, user],
    )
    .map(drop)
}

/// Whose order it is.
pub fn customer_of(tx: &mut Tx<'_>, order: OrderId) -> Result<Option<UserId>, StoreError> {
    tx.row(
        "select user_id from orders where project_id = $1 and order_id = $2",
        params![tx.project()?, order],
    )
}

/// Forgets which orders were somebody's.
pub fn delete_orders(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run("delete from orders where project_id = $1 and user_id = $2", params![tx.project()?, user])
        .map(drop)
}

/// What somebody has chosen, as JSON.
pub fn preferences(tx: &mut Tx<'_>, user: UserId) -> Result<Option<String>, StoreError> {
    tx.row(
        "select choices from preferences where project_id = $1 and user_id = $2",
        params![tx.project()?, user],
    )
}

/// Keeps what somebody has chosen.
pub fn put_preferences(tx: &mut Tx<'_>, user: UserId, choices: &str) -> Result<(), StoreError> {
    tx.run(
        "insert into preferences (project_id, user_id, choices, updated_at) values ($1, $2, $3, $4)
         on conflict (project_id, user_id) do update set choices = excluded.choices, updated_at = excluded.updated_at",
        params![tx.project()?, user, choices, tx.now()],
    )
    .map(drop)
}

/// Forgets what somebody has chosen.
pub fn delete_preferences(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run("delete from preferences where project_id = $1 and user_id = $2", params![tx.project()?, user])
        .map(drop)
}

/// Leaves an address alone from now on.
pub fn suppress(
    tx: &mut Tx<'_>,
    project: ProjectId,
    channel: Channel,
    address: &str,
    category: &str,
    reason: &str,
) -> Result<(), StoreError> {
    tx.run(
        "insert into suppressions (project_id, channel, address, category, reason, created_at)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        params![project, channel, address, category, reason, tx.now()],
    )
    .map(drop)
}

/// Whether an address is left alone with this category.
pub fn is_suppressed(
    tx: &mut Tx<'_>,
    channel: Channel,
    address: &str,
    category: &Category,
) -> Result<bool, StoreError> {
    let found: Option<String> = tx.row(
        "select reason from suppressions
         where project_id = $1 and channel = $2 and address = $3 and category in ('', $4) limit 1",
        params![tx.project()?, channel, address, category],
    )?;
    Ok(found.is_some())
}

/// Addresses that are left alone, after a place.
pub fn suppressions(
    tx: &mut Tx<'_>,
    (channel, address, category): (&str, &str, &str),
    limit: u32,
) -> Result<Vec<Suppression>, StoreError> {
    tx.rows(
        "select channel, address, category, reason, created_at from suppressions
         where project_id = $1 and (channel, address, category) > ($2, $3, $4)
         order by channel, address, category limit $5",
        params![tx.project()?, channel, address, category, limit],
    )
}

/// Writes to an address again; says whether it was left alone.
pub fn unsuppress(
    tx: &mut Tx<'_>,
    channel: Channel,
    address: &str,
    category: Option<&Category>,
) -> Result<bool, StoreError> {
    let gone = tx.run(
        "delete from suppressions where project_id = $1 and channel = $2 and address = $3
           and category = coalesce($4, '')",
        params![tx.project()?, channel, address, category],
    )?;
    Ok(gone > 0)
}
