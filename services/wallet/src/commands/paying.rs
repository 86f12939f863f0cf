//! Beginning a payment: everything is asked before anything is written, and what is written is written together: the
//! payment with the time by which it has to have ended, what it takes of the limits, the word that it began.

use contracts::events::wallet::WalletPaymentInitiated;
use contracts::{Currency, Money, UserId, WalletAccountId, WalletPaymentId};
use kernel::store::Tx;

use super::counting;
use crate::domain::{Account, Cause, Device, Note, Payee, Payment, State, Terms, Whose, fee_of};
use crate::error::Error;
use crate::store;

/// A payment that is to begin.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Who pays.
    pub payer: UserId,
    /// From which account.
    pub from: WalletAccountId,
    /// Whom.
    pub to: Payee,
    /// How much, in minor units.
    pub amount: i64,
    /// The currency of it.
    pub currency: Currency,
    /// What for.
    pub note: Option<Note>,
    /// From where it was asked for.
    pub client_address: Option<String>,
    /// With which device.
    pub device: Option<Device>,
    /// What brought it about.
    pub cause: Cause,
}

/// Begins a payment and tells the world.
pub fn initiate(tx: &mut Tx<'_>, wanted: &Wanted, terms: &Terms) -> Result<Payment, Error> {
    let from = store::lock_account(tx, wanted.from)?.filter(|account| account.owner == wanted.payer);
    let from = from.ok_or(Error::Absent("account"))?;
    if from.frozen.is_some() {
        return Err(Error::Frozen);
    }
    if from.currency() != wanted.currency {
        return Err(Error::WrongCurrency);
    }
    let to = payee(tx, &wanted.to, wanted.currency)?;
    if to.id == from.id {
        return Err(Error::SameAccount);
    }
    if to.frozen.is_some() {
        return Err(Error::PayeeUnavailable);
    }
    let amount = Money::new(wanted.amount, wanted.currency);
    let fee = match wanted.cause {
        Cause::Direct | Cause::Asked(_) | Cause::Schedule(..) => fee_of(amount, to.fee_basis_points)?,
        Cause::Refund(_) => 0,
    };
    let now = tx.now();
    let payment = Payment {
        id: tx.new_id(),
        from: from.id,
        to: to.id,
        payer: from.owner,
        payee: to.owner,
        amount,
        fee,
        note: wanted.note.clone(),
        client_address: wanted.client_address.clone(),
        device: wanted.device.clone(),
        cause: wanted.cause,
        initiated_at: now,
        patience: terms.patience,
        refunded: 0,
        state: State::Initiated { until: now.saturating_add(terms.patience.answer) },
        version: 1,
    };
    begin(tx, &payment, &from, terms)?;
    Ok(payment)
}

/// The account of whoever is to be paid.
pub fn payee(tx: &mut Tx<'_>, payee: &Payee, currency: Currency) -> Result<Account, Error> {
    let found = match payee {
        Payee::Account(id) => store::account(tx, *id)?,
        Payee::Email(_) | Payee::Phone(_) => match store::find_person(tx, payee)? {
            Some(user) => store::account_of(tx, user, currency)?,
            None => None,
        },
    };
    let found = found.ok_or(Error::Absent("payee"))?;
    if found.currency() == currency { Ok(found) } else { Err(Error::WrongCurrency) }
}

/// One payment as its payer or payee may see it: the payee once it is done, its making being the payer's affair.
pub fn get(tx: &mut Tx<'_>, id: WalletPaymentId, whose: Whose) -> Result<Payment, Error> {
    let found = store::payment(tx, id)?.filter(|payment| is_seen_by(payment, whose));
    found.ok_or(Error::Absent("payment"))
}

fn is_seen_by(payment: &Payment, whose: Whose) -> bool {
    whose.covers(payment.payer) || whose.covers(payment.payee) && payment.has_arrived()
}

fn begin(tx: &mut Tx<'_>, payment: &Payment, from: &Account, terms: &Terms) -> Result<(), Error> {
    if payment.counts() {
        counting::count(tx, from, payment.amount.minor(), terms)?;
    }
    store::insert_payment(tx, payment)?;
    tx.publish(payment.id, &WalletPaymentInitiated { payment: payment.facts() })?;
    Ok(())
}
