//! The statements on carts.

use contracts::{Currency, OrderId, Timestamp, VariantId};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use crate::domain::{CartId, Offer, Wish};

/// A cart without its lines.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct CartRow {
    /// Its id.
    pub id: CartId,
    /// The currency of its prices.
    pub currency: Currency,
    /// How often it was changed.
    pub version: u64,
    /// The order that it became.
    pub order_id: Option<OrderId>,
}

/// A line as it is stored, with its offer.
#[derive(Deserialize)]
struct WishRow {
    quantity: u32,
    variant_id: VariantId,
    product_id: contracts::ProductId,
    sku: String,
    title: String,
    variant_title: String,
    image_url: Option<String>,
    on_sale: bool,
    price: Option<i64>,
    available: i64,
}

/// Stores a new cart.
pub fn insert_cart(tx: &mut Tx<'_>, id: CartId, currency: Currency) -> Result<(), StoreError> {
    tx.run(
        "insert into carts (project_id, id, currency, version, used_at) values ($1, $2, $3, 1, $4)",
        params![tx.project()?, id, currency, tx.now()],
    )
    .map(drop)
}

/// One cart.
pub fn cart(tx: &mut Tx<'_>, id: CartId) -> Result<Option<CartRow>, StoreError> {
    tx.row(
        "select id, currency, version, order_id from carts where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )
}

/// One cart, which nobody else changes until the commit.
pub fn lock_cart(tx: &mut Tx<'_>, id: CartId) -> Result<Option<CartRow>, StoreError> {
    let rows: Vec<CartRow> = tx.lock_rows(
        "select id, currency, version, order_id from carts where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )?;
    Ok(rows.into_iter().next())
}

/// Counts a change of a cart.
pub fn touch_cart(tx: &mut Tx<'_>, id: CartId) -> Result<(), StoreError> {
    tx.run(
        "update carts set version = version + 1, used_at = $3 where project_id = $1 and id = $2",
        params![tx.project()?, id, tx.now()],
    )
    .map(drop)
}

/// Notes the order that a cart became.
pub fn place_cart(tx: &mut Tx<'_>, id: CartId, order: OrderId) -> Result<(), StoreError> {
    tx.run(
        "update carts set order_id = $3, version = version + 1, used_at = $4 where project_id = $1 and id = $2",
        params![tx.project()?, id, order, tx.now()],
    )
    .map(drop)
}

/// How many lines a cart has.
pub fn cart_size(tx: &mut Tx<'_>, id: CartId) -> Result<usize, StoreError> {
    tx.one(
        "select count(*) as lines from cart_lines where project_id = $1 and cart_id = $2",
        params![tx.project()?, id],
    )
}

/// How many of a variant are in a cart; none where it has no such line.
pub fn quantity_of(tx: &mut Tx<'_>, id: CartId, variant: VariantId) -> Result<Option<u32>, StoreError> {
    tx.row(
        "select quantity from cart_lines where project_id = $1 and cart_id = $2 and variant_id = $3",
        params![tx.project()?, id, variant],
    )
}

/// Makes a line of a cart hold so many; a new one comes last.
pub fn put_line(
    tx: &mut Tx<'_>,
    cart: &CartRow,
    variant: VariantId,
    quantity: u32,
) -> Result<(), StoreError> {
    tx.run(
        "insert into cart_lines (project_id, cart_id, variant_id, quantity, position) values ($1, $2, $3, $4, $5)
         on conflict (project_id, cart_id, variant_id) do update set quantity = excluded.quantity",
        params![tx.project()?, cart.id, variant, quantity, cart.version],
    )
    .map(drop)
}

/// Takes a line out of a cart.
pub fn remove_line(tx: &mut Tx<'_>, cart: CartId, variant: VariantId) -> Result<(), StoreError> {
    tx.run(
        "delete from cart_lines where project_id = $1 and cart_id = $2 and variant_id = $3",
        params![tx.project()?, cart, variant],
    )
    .map(drop)
}

/// The lines of a cart with how each is offered today; a cart has few.
pub fn cart_wishes(tx: &mut Tx<'_>, cart: &CartRow) -> Result<Vec<Wish>, StoreError> {
    let rows: Vec<WishRow> = tx.rows(
        "select l.quantity, v.variant_id, v.product_id, v.sku, v.title, v.variant_title, v.image_url, v.on_sale,
           p.amount as price, coalesce(s.on_hand - s.held, 0) as available
         from cart_lines as l
         join variants as v on v.project_id = $1 and v.variant_id = l.variant_id
         left join prices as p on p.project_id = $1 and p.variant_id = l.variant_id and p.currency = $3
         left join stock as s on s.project_id = $1 and s.variant_id = l.variant_id
         where l.project_id = $1 and l.cart_id = $2 order by l.position, l.variant_id",
        params![tx.project()?, cart.id, cart.currency],
    )?;
    Ok(rows.into_iter().map(Wish::from).collect())
}

/// Deletes the lines of some of the carts of all projects that nobody has used since `before`.
pub fn delete_old_lines(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<(), StoreError> {
    tx.run(
        "delete from cart_lines where (project_id, cart_id) in
           (select project_id, id from carts where used_at < $1 order by used_at, project_id, id limit $2)",
        params![before, limit],
    )
    .map(drop)
}

/// Deletes the same carts; says how many there were.
pub fn delete_old_carts(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from carts where (project_id, id) in
           (select project_id, id from carts where used_at < $1 order by used_at, project_id, id limit $2)",
        params![before, limit],
    )
}

impl From<WishRow> for Wish {
    fn from(row: WishRow) -> Self {
        let WishRow { quantity, variant_id, product_id, sku, title, variant_title, image_url, .. } = row;
        let (on_sale, price, available) = (row.on_sale, row.price, row.available);
        let offer =
            Offer { variant_id, product_id, sku, title, variant_title, image_url, on_sale, price, available };
        Self { variant_id, quantity, offer: Some(offer) }
    }
}
