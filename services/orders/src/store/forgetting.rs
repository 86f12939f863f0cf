//! The statements that forget whom an order went to.

use contracts::{OrderId, UserId};
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

use super::{joined, wanted_ids};
use crate::domain::{Destination, Place, Status};

/// An order, as far as forgetting looks at it.
#[derive(Debug, Deserialize)]
pub struct Bought {
    /// Which.
    pub id: OrderId,
    /// Where it stands as a whole.
    pub status: Status,
    ship_to: Json<Destination>,
}

impl Bought {
    /// Where it goes.
    pub fn destination(&self) -> &Destination {
        &self.ship_to.0
    }
}

/// Keeps that somebody was erased; the same again changes nothing.
pub fn note_erased(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "insert into erased (project_id, user_id) values ($1, $2) on conflict do nothing",
        params![tx.project()?, user],
    )
    .map(drop)
}

/// Whether somebody was erased.
pub fn is_erased(tx: &mut Tx<'_>, user: UserId) -> Result<bool, StoreError> {
    tx.one(
        "select exists (select 1 from erased where project_id = $1 and user_id = $2)",
        params![tx.project()?, user],
    )
}

/// Orders of somebody after `after` by id, which nobody else changes until the commit.
pub fn lock_bought(
    tx: &mut Tx<'_>,
    user: UserId,
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<Bought>, StoreError> {
    tx.lock_rows(
        "select id, status, ship_to from orders
         where project_id = $1 and user_id = $2 and id > coalesce($3, '') order by id limit $4",
        params![tx.project()?, user, after, limit],
    )
}

/// Leaves no more of where these orders went than the place that they have in common.
pub fn forget_ship_to(
    tx: &mut Tx<'_>,
    orders: impl IntoIterator<Item = OrderId>,
    place: &Place,
) -> Result<(), StoreError> {
    tx.run(
        wanted_ids!(
            "$2",
            "update orders set version = version + 1, ship_to = $3
             where project_id = $1 and id in (select id from wanted)"
        ),
        params![tx.project()?, joined(orders), Json(place)],
    )
    .map(drop)
}

/// Changes the rows of these orders and nothing that they say: on Postgres, whoever ends one of them at this moment
/// runs again and sees who was erased.
pub fn touch_orders(tx: &mut Tx<'_>, orders: impl IntoIterator<Item = OrderId>) -> Result<(), StoreError> {
    tx.run(
        wanted_ids!(
            "$2",
            "update orders set version = version + 1 where project_id = $1 and id in (select id from wanted)"
        ),
        params![tx.project()?, joined(orders)],
    )
    .map(drop)
}
