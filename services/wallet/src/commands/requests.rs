//! Asking somebody for money, and answering.

use contracts::{Money, UserId, WalletAccountId};
use kernel::store::Tx;

use super::accounts;
use super::paying::{self, Wanted};
use super::saying::say;
use crate::domain::{Cause, Device, MoneyRequest, MoneyRequestId, Note, Payee, RequestState, Terms, Whose};
use crate::error::Error;
use crate::store;

/// A request that is to be made.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Who asks.
    pub requester: UserId,
    /// Where the money is to go.
    pub to: WalletAccountId,
    /// Who is asked.
    pub payer: Payee,
    /// For how much, in minor units of the account's currency.
    pub amount: i64,
    /// What for.
    pub note: Option<Note>,
}

/// With what a request is answered.
#[derive(Clone, Debug)]
pub struct Accepting {
    /// Which request.
    pub request: MoneyRequestId,
    /// Who answers.
    pub payer: UserId,
    /// From which account.
    pub from: WalletAccountId,
    /// From where.
    pub client_address: Option<String>,
    /// With which device.
    pub device: Option<Device>,
}

/// Asks somebody for money.
pub fn ask(tx: &mut Tx<'_>, asking: &Asking) -> Result<MoneyRequest, Error> {
    let to = accounts::get(tx, asking.to, Whose::Of(asking.requester))?;
    let payer = store::find_person(tx, &asking.payer)?.ok_or(Error::Absent("payee"))?;
    if payer == asking.requester {
        return Err(Error::SameAccount);
    }
    let request = MoneyRequest {
        id: tx.new_id(),
        requester: asking.requester,
        to: to.id,
        payer,
        amount: Money::new(asking.amount, to.currency()),
        note: asking.note.clone(),
        state: RequestState::Open,
        payment: None,
        asked_at: tx.now(),
        version: 1,
    };
    store::insert_request(tx, &request)?;
    let text = format!("You are asked for {}.", request.amount);
    say(tx, payer, text, format!("wallet.{}.asked", request.id))?;
    Ok(request)
}

/// One request, as who asks and who is asked may see it.
pub fn get(tx: &mut Tx<'_>, id: MoneyRequestId, user: UserId) -> Result<MoneyRequest, Error> {
    let found = store::request(tx, id)?;
    let found = found.filter(|request| request.requester == user || request.payer == user);
    found.ok_or(Error::Absent("request"))
}

/// Answers a request with a payment; it is open again if that comes to nothing.
pub fn accept(tx: &mut Tx<'_>, accepting: &Accepting, terms: &Terms) -> Result<MoneyRequest, Error> {
    let request = asked(tx, accepting.request, accepting.payer)?.open()?;
    let wanted = Wanted {
        payer: accepting.payer,
        from: accepting.from,
        to: Payee::Account(request.to),
        amount: request.amount.minor(),
        currency: request.amount.currency(),
        note: request.note.clone(),
        client_address: accepting.client_address.clone(),
        device: accepting.device.clone(),
        cause: Cause::Asked(request.id),
    };
    let payment = paying::initiate(tx, &wanted, terms)?;
    let request = request.accept(payment.id)?;
    store::update_request(tx, &request)?;
    Ok(request)
}

/// Turns a request down.
pub fn decline(tx: &mut Tx<'_>, id: MoneyRequestId, payer: UserId) -> Result<MoneyRequest, Error> {
    let request = asked(tx, id, payer)?.decline()?;
    store::update_request(tx, &request)?;
    let text = format!("Your request for {} was turned down.", request.amount);
    say(tx, request.requester, text, format!("wallet.{id}.declined"))?;
    Ok(request)
}

fn asked(tx: &mut Tx<'_>, id: MoneyRequestId, payer: UserId) -> Result<MoneyRequest, Error> {
    let found = store::lock_request(tx, id)?.filter(|request| request.payer == payer);
    found.ok_or(Error::Absent("request"))
}
