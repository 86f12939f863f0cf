//! Putting money into a wallet: wallet asks for it, a provider takes it (`payments`), the ledger credits it.
//!
//! What a provider took is told to the ledger until it has answered, so no money that was taken is forgotten; the ledger
//! credits a top-up once, however often it is told.

use std::time::Duration;

use contracts::events::PaymentSucceeded;
use contracts::events::commerce::PaymentCancelled;
use contracts::events::funding::{TopUpCredited, TopUpExpired, TopUpHeld};
use contracts::{Money, Timestamp, TopUpId, UserId, WalletAccountId};
use kernel::store::{StoreError, Tx};

use super::saying::say;
use crate::domain::{PaidAlready, Reason, Taken, Terms, TopUp, TopUpState, Whose};
use crate::error::Error;
use crate::jobs::{TopUpDeadline, TopUpThawed, TopUpsThawed};
use crate::store;

/// Top-ups that are looked up at a time.
const THAWED_MAX: u32 = 200;
const OVERDUE_MAX: u32 = 500;

/// Asks for money to be put into somebody's own account.
pub fn request(
    tx: &mut Tx<'_>,
    id: WalletAccountId,
    user: UserId,
    amount: i64,
    terms: &Terms,
) -> Result<TopUp, Error> {
    let account = store::account(tx, id)?.filter(|account| account.owner == user);
    let account = account.ok_or(Error::Absent("account"))?;
    if account.frozen.is_some() {
        return Err(Error::Frozen);
    }
    terms.top_up.allow(amount)?;
    let now = tx.now();
    let top_up = TopUp {
        id: tx.new_id(),
        account: account.id,
        user,
        asked: Money::new(amount, account.currency()),
        requested_at: now,
        answer: terms.patience.answer,
        state: TopUpState::Pending { until: now.saturating_add(terms.top_up.timeout) },
        version: 1,
    };
    store::insert_top_up(tx, &top_up)?;
    tx.publish(top_up.id, &top_up.requested())?;
    watch(tx, &top_up)?;
    Ok(top_up)
}

/// One top-up of an account, as its owner may see it.
pub fn get(tx: &mut Tx<'_>, account: WalletAccountId, id: TopUpId, whose: Whose) -> Result<TopUp, Error> {
    let found = store::top_up(tx, id)?;
    let found = found.filter(|top_up| top_up.account == account && whose.covers(top_up.user));
    found.ok_or(Error::Absent("top-up"))
}

/// A provider has taken money; what is for no top-up of ours is not ours.
pub fn paid(tx: &mut Tx<'_>, told: &PaymentSucceeded, at: Timestamp) -> Result<(), Error> {
    let Some(id) = told.top_up_id else { return Ok(()) };
    let Some(top_up) = store::lock_top_up(tx, id)? else { return Ok(()) };
    let amount = told.amount.unwrap_or(top_up.asked.minor());
    if told.currency.is_some_and(|currency| currency != top_up.asked.currency()) || amount <= 0 {
        tracing::error!(top_up.id = %id, "what was taken for a top-up is in another currency or nothing; it is not believed");
        return Ok(());
    }
    let taken = Taken { reference: told.payment_intent_id.clone(), amount, at };
    let now = tx.now();
    match top_up.pay(taken, now) {
        Ok(moved) => advance(tx, moved),
        Err(PaidAlready) => {
            tracing::error!(top_up.id = %id, "a second payment was taken for a top-up; it is to be given back");
            Ok(())
        }
    }
}

/// A payment was called off.
pub fn cancelled(tx: &mut Tx<'_>, told: &PaymentCancelled, at: Timestamp) -> Result<(), Error> {
    let Some(id) = told.top_up_id else { return Ok(()) };
    let Some(top_up) = store::lock_top_up(tx, id)? else { return Ok(()) };
    advance(tx, top_up.cancel(at))
}

/// The ledger has credited the money.
pub fn credited(tx: &mut Tx<'_>, told: &TopUpCredited, at: Timestamp) -> Result<(), Error> {
    let Some(top_up) = store::lock_top_up(tx, told.top_up_id)? else { return Ok(()) };
    if top_up.taken().is_none() {
        tracing::error!(top_up.id = %told.top_up_id, "the ledger has credited a top-up that was not paid");
    }
    advance(tx, top_up.credit(told.transaction_id, at))
}

/// The ledger keeps the money, since the account does not take it.
pub fn held(tx: &mut Tx<'_>, told: &TopUpHeld) -> Result<(), Error> {
    let Some(top_up) = store::lock_top_up(tx, told.top_up_id)? else { return Ok(()) };
    let now = tx.now();
    let Some(held) = top_up.hold(Reason::heard(&told.reason), now) else { return Ok(()) };
    let text = "Money for your wallet has arrived and is kept until the wallet can be used again.".to_owned();
    say(tx, held.user, text, format!("wallet.{}.held", held.id))?;
    advance(tx, Some(held))
}

/// The account can be used again.
pub fn thawed(tx: &mut Tx<'_>, id: TopUpId) -> Result<(), Error> {
    let Some(top_up) = store::lock_top_up(tx, id)? else { return Ok(()) };
    let now = tx.now();
    advance(tx, top_up.thaw(now))
}

/// Time has passed; what has time left has another job for it.
pub fn run_out(tx: &mut Tx<'_>, id: TopUpId) -> Result<(), Error> {
    let Some(top_up) = store::lock_top_up(tx, id)? else { return Ok(()) };
    let frozen = store::account(tx, top_up.account)?.is_some_and(|account| account.frozen.is_some());
    let now = tx.now();
    advance(tx, top_up.run_out(frozen, now))
}

/// Hands out the top-ups that were held for an account which can be used again, some at a time.
pub fn thaw_held(tx: &mut Tx<'_>, swept: &TopUpsThawed) -> Result<(), Error> {
    let found = store::held_of(tx, swept.account, swept.after, THAWED_MAX)?;
    for top_up in &found {
        tx.enqueue(&TopUpThawed { top_up: *top_up })?;
    }
    if found.len() == THAWED_MAX as usize {
        tx.enqueue(&TopUpsThawed { account: swept.account, after: found.last().copied() })?;
    }
    Ok(())
}

/// Has top-ups looked at whose time has been over for so long: the job that was to do it is gone.
pub fn look_for_overdue(tx: &mut Tx<'_>, overdue_for: Duration) -> Result<(), StoreError> {
    let now = tx.now();
    for (project, top_up) in store::overdue_top_ups(tx, now.saturating_sub(overdue_for), OVERDUE_MAX)? {
        tx.enqueue_for(project, &TopUpDeadline { top_up }, now)?;
    }
    Ok(())
}

/// Stores where a top-up stands now, and tells what follows from it. Nothing is stored or told where it did not move.
fn advance(tx: &mut Tx<'_>, moved: Option<TopUp>) -> Result<(), Error> {
    let Some(top_up) = moved else { return Ok(()) };
    store::update_top_up(tx, &top_up)?;
    let id = top_up.id;
    match &top_up.state {
        TopUpState::Pending { .. } | TopUpState::Held { .. } => watch(tx, &top_up)?,
        TopUpState::Paid { taken, .. } => {
            watch(tx, &top_up)?;
            tx.publish(id, &top_up.told_as_paid(taken))?;
        }
        TopUpState::Completed { taken, .. } => {
            let came = Money::new(taken.amount, top_up.asked.currency());
            say(
                tx,
                top_up.user,
                format!("You put {came} into your wallet."),
                format!("wallet.{id}.completed"),
            )?;
        }
        TopUpState::Failed { why, .. } => {
            let text = format!("Your top-up of {} came to nothing: {}.", top_up.asked, why.as_str());
            say(tx, top_up.user, text, format!("wallet.{id}.failed"))?;
            if top_up.has_expired() {
                tx.publish(id, &TopUpExpired { top_up_id: id })?;
            }
        }
    }
    Ok(())
}

/// Has a top-up looked at when its time is over.
fn watch(tx: &mut Tx<'_>, top_up: &TopUp) -> Result<(), StoreError> {
    match top_up.until() {
        Some(until) => tx.enqueue_at(&TopUpDeadline { top_up: top_up.id }, until).map(drop),
        None => Ok(()),
    }
}
