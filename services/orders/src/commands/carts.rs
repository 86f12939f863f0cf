//! Filling a cart. Each change locks the cart, so that of several at once all land, one after the other.

use std::time::Duration;

use contracts::{Currency, Id, VariantId};
use kernel::secrets::random;
use kernel::store::{StoreError, Tx};

use crate::domain::{CartId, LINES_MAX, QUANTITY_MAX, Quantity, QuantityOrNone, Refusal};
use crate::error::Error;
use crate::queries::{self, Cart};
use crate::store::{self, CartRow};

/// How long a cart that nobody uses is kept.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Carts that are deleted at a time.
const PURGED_MAX: u32 = 500;

/// Makes an empty cart. Its id lets in whoever knows it, so it is not made like other ids, which can be guessed.
pub fn open(tx: &mut Tx<'_>, currency: Currency) -> Result<Cart, Error> {
    let unix_ms = u64::try_from(tx.now().as_millis()).unwrap_or(0);
    let id = CartId::from_parts(unix_ms, u128::from_be_bytes(random()?));
    store::insert_cart(tx, id, currency)?;
    queries::cart(tx, id)
}

/// Puts more of a variant into a cart.
pub fn add(tx: &mut Tx<'_>, id: CartId, variant: VariantId, more: Quantity) -> Result<Cart, Error> {
    let cart = unplaced(tx, id)?;
    let known = store::quantity_of(tx, id, variant)?;
    let quantity = known.unwrap_or(0) + more.count();
    if quantity > QUANTITY_MAX {
        return Err(Error::TooManyOfOne);
    }
    put(tx, &cart, variant, quantity, known.is_none())
}

/// Makes a cart hold so many of a variant.
pub fn set(tx: &mut Tx<'_>, id: CartId, variant: VariantId, wanted: QuantityOrNone) -> Result<Cart, Error> {
    let cart = unplaced(tx, id)?;
    if wanted.count() == 0 {
        store::touch_cart(tx, id)?;
        store::remove_line(tx, id, variant)?;
        return queries::cart(tx, id);
    }
    let is_new = store::quantity_of(tx, id, variant)?.is_none();
    put(tx, &cart, variant, wanted.count(), is_new)
}

/// Deletes some of the carts that nobody has used for long; says whether there may be more.
pub fn purge(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let before = tx.now().saturating_sub(KEPT);
    store::delete_old_lines(tx, before, PURGED_MAX)?;
    Ok(store::delete_old_carts(tx, before, PURGED_MAX)? == u64::from(PURGED_MAX))
}

fn put(
    tx: &mut Tx<'_>,
    cart: &CartRow,
    variant: VariantId,
    quantity: u32,
    is_new: bool,
) -> Result<Cart, Error> {
    if is_new {
        let offer = store::offers(tx, [variant], cart.currency)?.pop();
        if offer.and_then(|offer| offer.unit(cart.currency)).is_none() {
            return Err(Refusal::NotForSale(vec![variant]).into());
        }
        if store::cart_size(tx, cart.id)? >= LINES_MAX {
            return Err(Error::CartFull);
        }
    }
    store::touch_cart(tx, cart.id)?;
    store::put_line(tx, cart, variant, quantity)?;
    queries::cart(tx, cart.id)
}

/// A cart that is no order yet, locked until the commit.
fn unplaced(tx: &mut Tx<'_>, id: CartId) -> Result<CartRow, Error> {
    let cart = store::lock_cart(tx, id)?.ok_or(Error::Absent("cart"))?;
    if cart.order_id.is_some() { Err(Error::CartPlaced) } else { Ok(cart) }
}
