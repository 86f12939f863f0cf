//! Giving back what a payment brought: a payment of its own, the other way.

use contracts::WalletPaymentId;
use kernel::store::Tx;

use super::paying::{self, Wanted};
use crate::domain::{Cause, Device, Note, Payee, Payment, Terms, Whose, still_refundable};
use crate::error::Error;
use crate::store;

/// Where and with what giving back was asked for.
#[derive(Clone, Debug)]
pub struct Refund {
    /// Of which payment.
    pub of: WalletPaymentId,
    /// How much, in minor units; all that is left where nothing is said.
    pub amount: Option<i64>,
    /// Why.
    pub note: Option<Note>,
    /// From where it was asked for.
    pub client_address: Option<String>,
    /// With which device.
    pub device: Option<Device>,
}

/// Gives back part or all of what a payment brought, never more than that. Its fee stays with the project.
pub fn refund(tx: &mut Tx<'_>, refund: &Refund, whose: Whose, terms: &Terms) -> Result<Payment, Error> {
    let found = store::lock_payment(tx, refund.of)?.filter(|payment| whose.covers(payment.payee));
    let payment = found.ok_or(Error::Absent("payment"))?;
    let left = still_refundable(&payment)?;
    let amount = refund.amount.unwrap_or(left);
    if amount > left || left == 0 {
        return Err(Error::RefundTooLarge { left });
    }
    let wanted = Wanted {
        payer: payment.payee,
        from: payment.to,
        to: Payee::Account(payment.from),
        amount,
        currency: payment.amount.currency(),
        note: refund.note.clone(),
        client_address: refund.client_address.clone(),
        device: refund.device.clone(),
        cause: Cause::Refund(payment.id),
    };
    let back = paying::initiate(tx, &wanted, terms)?;
    store::change_refunded(tx, payment.id, amount)?;
    Ok(back)
}
