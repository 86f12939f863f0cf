//! What is heard: the catalog's goods and stock, what payments tell of an order's money, and whom to forget.

use contracts::events::access::UserErased;
use contracts::events::commerce::{
    PaymentAuthorized, PaymentCancelled, PaymentRefunded, ProductChanged, RefundFailed, StockAdjusted,
};
use contracts::events::{PaymentFailed, PaymentKind, PaymentSucceeded};
use kernel::events::Heard;
use kernel::store::Tx;

use crate::commands::{forgetting, goods, money};
use crate::domain::Attempt;
use crate::error::Error;

/// A product is for sale as it is told, and in no other way.
pub fn on_product_changed(tx: &mut Tx<'_>, heard: &Heard<'_, ProductChanged>) -> Result<(), Error> {
    Ok(goods::take_product(tx, heard)?)
}

/// Goods came into the store or left it.
pub fn on_stock_adjusted(tx: &mut Tx<'_>, heard: &Heard<'_, StockAdjusted>) -> Result<(), Error> {
    Ok(goods::adjust(tx, heard.id, heard)?)
}

/// The money for an order has arrived; a payment for no order is not ours.
pub fn on_payment_succeeded(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentSucceeded>) -> Result<(), Error> {
    match heard.order_id {
        Some(order) => money::receive(tx, order, heard, heard.at),
        None => Ok(()),
    }
}

/// An attempt came to nothing: the order can be paid until it expires. Wallets settle among themselves.
pub fn on_payment_failed(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentFailed>) -> Result<(), Error> {
    match (heard.order_id, heard.kind) {
        (Some(order), PaymentKind::Provider) => {
            let reason = money::failure(heard.reason.as_deref());
            money::attempt(tx, order, Attempt::Failed { at: heard.at, reason })
        }
        (None, PaymentKind::Provider) | (_, PaymentKind::Wallet) => Ok(()),
    }
}

/// A provider keeps the money for us.
pub fn on_payment_authorized(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentAuthorized>) -> Result<(), Error> {
    match heard.order_id {
        Some(order) => money::attempt(tx, order, Attempt::Authorized { at: heard.at }),
        None => Ok(()),
    }
}

/// A payment will never be made: nobody tries any more.
pub fn on_payment_cancelled(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentCancelled>) -> Result<(), Error> {
    match heard.order_id {
        Some(order) => money::attempt(tx, order, Attempt::Open { at: heard.at }),
        None => Ok(()),
    }
}

/// Money of an order went back.
pub fn on_payment_refunded(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentRefunded>) -> Result<(), Error> {
    match heard.order_id {
        Some(order) => money::repaid(tx, order, heard),
        None => Ok(()),
    }
}

/// Money of an order did not go back.
pub fn on_refund_failed(tx: &mut Tx<'_>, heard: &Heard<'_, RefundFailed>) -> Result<(), Error> {
    match heard.order_id {
        Some(order) => money::refund_failed(tx, order, heard),
        None => Ok(()),
    }
}

/// Whoever is forgotten elsewhere is forgotten here, as far as the law lets us; the platform's own people buy nothing.
pub fn on_user_erased(tx: &mut Tx<'_>, heard: &Heard<'_, UserErased>) -> Result<(), Error> {
    match tx.scope().project() {
        Some(_) => Ok(forgetting::erase(tx, heard.user_id)?),
        None => Ok(()),
    }
}
