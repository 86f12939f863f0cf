//! The money of payments between wallets: set aside, moved, let go. Facts come in any order and twice.

use contracts::events::wallet::{BalanceRefused, BalanceReleased, BalanceReserved, WalletPaymentFacts};
use contracts::{TransactionId, WalletPaymentId};
use kernel::store::{Json, Tx};

use super::batch::{self, Turn};
use super::transactions;
use crate::domain::{Address, News, PaymentState, Phase, Step, legs_of};
use crate::error::Error;
use crate::store::{self, PaymentRow};

const NO_AMOUNT: &str = "amount_must_not_be_zero";
const UNSAID: &str = "released";

/// A payment was initiated: its money is set aside, or it is told why not.
pub fn initiate(tx: &mut Tx<'_>, facts: &WalletPaymentFacts) -> Result<(), Error> {
    hear(tx, facts, News::Initiated)
}

/// A payment goes on: what was set aside for it moves.
pub fn process(tx: &mut Tx<'_>, facts: &WalletPaymentFacts) -> Result<(), Error> {
    hear(tx, facts, News::Processing)
}

/// A payment does not go on: what was set aside for it is let go, unless it has moved.
pub fn release(tx: &mut Tx<'_>, id: WalletPaymentId, reason: &str) -> Result<(), Error> {
    let turn = batch::take_turn(tx)?;
    let found = store::payment(tx, id)?;
    let state = found.as_ref().map(|payment| payment.state);
    match (PaymentState::step(state, News::ReleaseRequested), found) {
        (Step::Release, Some(payment)) => let_go(tx, turn, id, payment.holds.0, reason),
        (Step::Withdraw, _) => {
            note(tx, id, PaymentState::Withdrawn, Vec::new(), Some(reason))?;
            tx.publish(id, &BalanceReleased { payment_id: id, reason: reason.to_owned() })?;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn hear(tx: &mut Tx<'_>, facts: &WalletPaymentFacts, news: News) -> Result<(), Error> {
    let mut turn = batch::take_turn(tx)?;
    let id = facts.payment_id;
    let found = store::payment(tx, id)?;
    match PaymentState::step(found.as_ref().map(|payment| payment.state), news) {
        Step::Nothing | Step::Withdraw | Step::Release => Ok(()),
        Step::Reserve => reserve(tx, &mut turn, facts).map(drop),
        Step::ReserveAndPost => match reserve(tx, &mut turn, facts)? {
            Some(holds) => post(tx, turn, id, holds),
            None => Ok(()),
        },
        Step::Post => post(tx, turn, id, found.map(|payment| payment.holds.0).unwrap_or_default()),
        Step::Refuse => {
            let reason = found.and_then(|payment| payment.reason).unwrap_or_else(|| UNSAID.to_owned());
            refuse(tx, id, &reason)
        }
    }
}

/// Sets the money aside; says under which ids, or nothing where it could not be.
fn reserve(
    tx: &mut Tx<'_>,
    turn: &mut Turn,
    facts: &WalletPaymentFacts,
) -> Result<Option<Vec<TransactionId>>, Error> {
    let id = facts.payment_id;
    let Some(legs) = legs_of(facts, || tx.new_id()) else {
        return refuse(tx, id, NO_AMOUNT).map(|()| None);
    };
    if let Some((_, result)) = batch::refusal(&turn.plan(tx, &legs)?) {
        turn.forget();
        return refuse(tx, id, result.as_str()).map(|()| None);
    }
    turn.keep(tx)?;
    let holds: Vec<TransactionId> = legs.iter().map(|leg| leg.id).collect();
    note(tx, id, PaymentState::Reserved, holds.clone(), None)?;
    let payer = turn.state().account(&Address::of_wallet(facts.from_account));
    let available = payer.map_or(0, crate::domain::Account::available);
    tx.publish(id, &BalanceReserved { payment: facts.clone(), available })?;
    Ok(Some(holds))
}

fn refuse(tx: &mut Tx<'_>, id: WalletPaymentId, reason: &str) -> Result<(), Error> {
    note(tx, id, PaymentState::Refused, Vec::new(), Some(reason))?;
    tx.publish(id, &BalanceRefused { payment_id: id, reason: reason.to_owned() })?;
    Ok(())
}

/// Moves what was set aside. An account that was closed meanwhile cannot take it: then it is let go.
fn post(
    tx: &mut Tx<'_>,
    mut turn: Turn,
    id: WalletPaymentId,
    holds: Vec<TransactionId>,
) -> Result<(), Error> {
    let ends = batch::ends(tx, Phase::Post, &holds, Some(id));
    if let Some((_, result)) = batch::refusal(&turn.plan(tx, &ends)?) {
        turn.forget();
        return let_go(tx, turn, id, holds, result.as_str());
    }
    turn.keep(tx)?;
    note(tx, id, PaymentState::Posted, holds, None)?;
    transactions::settle(tx, turn.state(), id)?;
    Ok(batch::tell_balances(tx, turn.state(), Some(id))?)
}

fn let_go(
    tx: &mut Tx<'_>,
    mut turn: Turn,
    id: WalletPaymentId,
    holds: Vec<TransactionId>,
    reason: &str,
) -> Result<(), Error> {
    let ends = batch::ends(tx, Phase::Void, &holds, Some(id));
    turn.plan_all(tx, &ends)?;
    turn.keep(tx)?;
    note(tx, id, PaymentState::Released, holds, Some(reason))?;
    tx.publish(id, &BalanceReleased { payment_id: id, reason: reason.to_owned() })?;
    Ok(batch::tell_balances(tx, turn.state(), Some(id))?)
}

fn note(
    tx: &mut Tx<'_>,
    id: WalletPaymentId,
    state: PaymentState,
    holds: Vec<TransactionId>,
    reason: Option<&str>,
) -> Result<(), Error> {
    let row = PaymentRow { state, holds: Json(holds), reason: reason.map(str::to_owned) };
    Ok(store::put_payment(tx, id, &row)?)
}
