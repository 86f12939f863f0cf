//! What is heard of orders, wallets, fraud detection and people: each handler is a rule.

use contracts::events::OrderCreated;
use contracts::events::access::UserErased;
use contracts::events::commerce::{OrderCancelled, RefundRequested};
use contracts::events::funding::{
    TopUpExpired, TopUpRequested, WithdrawalCancelRequested, WithdrawalReserved,
};
use contracts::events::wallet::RiskAssessed;
use kernel::events::Heard;
use kernel::store::{Scope, Tx};

use crate::commands::{block, erase, give_back, pay_out, start, steer};
use crate::error::Error;

/// An order is to be paid: its payment is made, at the price that the order says.
pub fn on_order_created(tx: &mut Tx<'_>, heard: &Heard<'_, OrderCreated>) -> Result<(), Error> {
    start::for_order(tx, heard)
}

/// An order came to nothing: its payment is cancelled, unless it is made already.
pub fn on_order_cancelled(tx: &mut Tx<'_>, heard: &Heard<'_, OrderCancelled>) -> Result<(), Error> {
    steer::call_off(tx, heard.order_id)
}

/// Money of an order is to go back.
pub fn on_refund_requested(tx: &mut Tx<'_>, heard: &Heard<'_, RefundRequested>) -> Result<(), Error> {
    give_back::on_request(tx, heard)
}

/// A wallet is to be topped up: its payment is made, at the amount that the top-up says.
pub fn on_top_up_requested(tx: &mut Tx<'_>, heard: &Heard<'_, TopUpRequested>) -> Result<(), Error> {
    start::for_top_up(tx, heard)
}

/// Nobody has paid a top-up in time: its payment is cancelled, unless it is made already, which the wallet then hears.
pub fn on_top_up_expired(tx: &mut Tx<'_>, heard: &Heard<'_, TopUpExpired>) -> Result<(), Error> {
    steer::call_off_top_up(tx, heard.top_up_id)
}

/// The money of a withdrawal is set aside: it is paid out.
pub fn on_withdrawal_reserved(tx: &mut Tx<'_>, heard: &Heard<'_, WithdrawalReserved>) -> Result<(), Error> {
    pay_out::for_withdrawal(tx, heard)
}

/// A withdrawal is wanted no more: it is not paid out, unless a provider was asked to.
pub fn on_withdrawal_cancel_requested(
    tx: &mut Tx<'_>,
    heard: &Heard<'_, WithdrawalCancelRequested>,
) -> Result<(), Error> {
    pay_out::call_off(tx, heard)
}

/// A payment was judged: what is blocked is not made, and what waited for that goes on.
pub fn on_risk_assessed(tx: &mut Tx<'_>, heard: &Heard<'_, RiskAssessed>) -> Result<(), Error> {
    block::assessed(tx, heard)
}

/// Somebody is to be forgotten. Operators of the platform pay nothing.
pub fn on_user_erased(tx: &mut Tx<'_>, heard: &Heard<'_, UserErased>) -> Result<(), Error> {
    match tx.scope() {
        Scope::Project(_) => erase::erase(tx, heard.user_id),
        Scope::System(_) => Ok(()),
    }
}
