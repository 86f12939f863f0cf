//! How transfers move accounts: a batch in its order, each seeing those before it, chains as one.

use std::time::Duration;

use contracts::{Timestamp, TransactionId};

use super::account::{Account, Side};
use super::entry::{Act, Entry, Hold, HoldStatus, Item, Position};
use super::result::LedgerResult;
use super::state::{Outcome, State};
use super::transfer::{Phase, Sides, Transfer};

use LedgerResult::{
    AccountsMustBeDifferent, AccountsMustHaveTheSameLedger, AmountMustNotBeZero,
    ClosingTransferMustBePending, CodeMustNotBeZero, Created, CreditAccountAlreadyClosed,
    CreditAccountFrozen, CreditAccountIdMustNotBeZero, CreditAccountNotFound, DebitAccountAlreadyClosed,
    DebitAccountFrozen, DebitAccountIdMustNotBeZero, DebitAccountNotFound, ExceedsPendingTransferAmount,
    Exists, ExistsWithDifferentAmount, ExistsWithDifferentCode, ExistsWithDifferentCreditAccountId,
    ExistsWithDifferentDebitAccountId, ExistsWithDifferentFlags, ExistsWithDifferentLedger,
    ExistsWithDifferentPendingId, ExistsWithDifferentTimeout, FlagsAreMutuallyExclusive, IdAlreadyFailed,
    LedgerMustNotBeZero, LinkedEventChainOpen, LinkedEventFailed, OverflowsCredits, OverflowsDebits,
    OverflowsDebitsPosted, OverflowsTimeout, PendingIdMustBeDifferent, PendingIdMustBeZero,
    PendingIdMustNotBeZero, PendingTransferAlreadyPosted, PendingTransferAlreadyVoided,
    PendingTransferBelongsToPayment, PendingTransferExpired, PendingTransferHasDifferentAmount,
    PendingTransferHasDifferentCode, PendingTransferHasDifferentCreditAccountId,
    PendingTransferHasDifferentDebitAccountId, PendingTransferHasDifferentLedger, PendingTransferNotFound,
    PendingTransferNotPending, TimeoutReservedForPendingTransfer, TransferMustHaveTheSameLedgerAsAccounts,
};

type Done<T> = Result<T, LedgerResult>;

/// What became of one transfer, and how much of it when, where it is done.
type Became = (LedgerResult, Option<(i64, Timestamp)>);

/// Applies a batch; there is one outcome a transfer, in their order.
pub fn apply(state: &mut State, batch: &[Transfer]) -> Vec<Outcome> {
    let mut became: Vec<Became> = Vec::with_capacity(batch.len());
    // Where the chain began that goes on now, and whether one of it was refused.
    let mut chain: Option<(usize, bool)> = None;
    for (at, transfer) in batch.iter().enumerate() {
        if transfer.linked && chain.is_none() {
            state.begin_chain();
            chain = Some((at, false));
        }
        let is_open = transfer.linked && at + 1 == batch.len();
        let result = match chain {
            Some((_, true)) => {
                if is_open {
                    LinkedEventChainOpen
                } else {
                    LinkedEventFailed
                }
            }
            Some((_, false)) if is_open => LinkedEventChainOpen,
            _ => one(state, transfer).map_or_else(|refused| refused, |()| Created),
        };
        let done = match result {
            Created => state.last_entry(),
            Exists => state.known(transfer.id).and_then(Item::entry),
            _ => None,
        };
        became.push((result, done.map(|entry| (entry.amount, entry.at))));
        if let Some((start, broken)) = &mut chain {
            if result != Created && !*broken {
                *broken = true;
                state.undo_chain();
                became[*start..at].fill((LinkedEventFailed, None));
            }
            if !transfer.linked {
                state.keep_chain();
                chain = None;
            }
        }
        if result.is_transient() {
            state.refuse(transfer.id, result);
        }
    }
    let outcome = |(transfer, (result, done)): (&Transfer, Became)| Outcome { id: transfer.id, result, done };
    batch.iter().zip(became).map(outcome).collect()
}

/// Lets go of what was set aside, if it still is and its time is over.
pub fn expire(state: &mut State, hold: TransactionId, id: TransactionId) -> bool {
    let Some(hold) = state.hold(hold).cloned() else { return false };
    let over = hold.status == HoldStatus::Pending && is_over(&hold, state.at());
    over && end(state, &hold, id, Act::Expire, 0, hold.remaining, 0).is_ok()
}

fn one(state: &mut State, transfer: &Transfer) -> Done<()> {
    match state.known(transfer.id) {
        Some(Item::Entry(entry)) => return Err(compare(state, transfer, entry)),
        Some(Item::Refusal(_)) => return Err(IdAlreadyFailed),
        None => {}
    }
    match transfer.phase {
        Phase::Transfer | Phase::Pending => begin(state, transfer),
        Phase::Post | Phase::Void => resolve(state, transfer),
    }
}

/// How a transfer differs from the one that has its id.
fn compare(state: &State, transfer: &Transfer, entry: &Entry) -> LedgerResult {
    let ends = matches!(transfer.phase, Phase::Post | Phase::Void);
    let timeout = state.hold(transfer.id).map_or(0, |hold| hold.timeout_s);
    let said = |differs: bool, is_said: bool| differs && (is_said || !ends);
    let amount_differs = match transfer.amount {
        Some(amount) if transfer.balancing.any() => amount < entry.amount,
        Some(amount) => amount != entry.amount,
        None => !ends && !transfer.balancing.any(),
    };
    if Act::from(transfer.phase) != entry.act || flags(transfer) != entry.flags {
        ExistsWithDifferentFlags
    } else if transfer.pending_id != entry.pending_id {
        ExistsWithDifferentPendingId
    } else if transfer.timeout_s != timeout {
        ExistsWithDifferentTimeout
    } else if said(transfer.debit.as_ref() != Some(&entry.debit), transfer.debit.is_some()) {
        ExistsWithDifferentDebitAccountId
    } else if said(transfer.credit.as_ref() != Some(&entry.credit), transfer.credit.is_some()) {
        ExistsWithDifferentCreditAccountId
    } else if amount_differs {
        ExistsWithDifferentAmount
    } else if said(transfer.currency != Some(entry.currency), transfer.currency.is_some()) {
        ExistsWithDifferentLedger
    } else if said(transfer.code != entry.code, transfer.code != 0) {
        ExistsWithDifferentCode
    } else {
        Exists
    }
}

/// What is remembered of how it was asked for.
fn flags(transfer: &Transfer) -> u16 {
    let bits = [
        transfer.balancing.debit,
        transfer.balancing.credit,
        transfer.closing.debit,
        transfer.closing.credit,
        transfer.keeps_rest,
    ];
    bits.iter().enumerate().fold(0, |flags, (bit, set)| flags | u16::from(*set) << bit)
}

/// A transfer at once, or the first half of one in two phases.
fn begin(state: &mut State, transfer: &Transfer) -> Done<()> {
    let pending = transfer.phase == Phase::Pending;
    let at = state.at();
    let ((debit, from), (credit, to)) = places(state, transfer)?;
    if from.currency != to.currency {
        return Err(AccountsMustHaveTheSameLedger);
    }
    if transfer.currency != Some(from.currency) {
        return Err(TransferMustHaveTheSameLedgerAsAccounts);
    }
    open_for_new(from, to)?;
    let mut amount = transfer.amount.unwrap_or(i64::MAX);
    if transfer.balancing.debit {
        amount = amount.min(from.room(Side::Debit));
    }
    if transfer.balancing.credit {
        amount = amount.min(to.room(Side::Credit));
    }
    if let Some(refused) = overflow(from, to, amount, pending) {
        return Err(refused);
    }
    let due_at = due(transfer.timeout_s, at)?;
    if let Some(refused) = from.exceeds(Side::Debit, amount).or_else(|| to.exceeds(Side::Credit, amount)) {
        return Err(refused);
    }
    let (waits, moves) = if pending { (amount, 0) } else { (0, amount) };
    let debit_after = from.balances.moved(Side::Debit, waits, moves).ok_or(OverflowsDebitsPosted)?;
    let credit_after = to.balances.moved(Side::Credit, waits, moves).ok_or(OverflowsDebitsPosted)?;
    let set_aside = pending.then(|| Hold {
        id: transfer.id,
        debit: from.address.clone(),
        credit: to.address.clone(),
        amount,
        remaining: amount,
        currency: from.currency,
        code: transfer.code,
        closing: transfer.closing,
        timeout_s: transfer.timeout_s,
        due_at,
        status: HoldStatus::Pending,
        payment: transfer.payment,
        at,
    });
    let entry = Entry {
        position: Position::NOWHERE,
        id: transfer.id,
        act: Act::from(transfer.phase),
        debit: from.address.clone(),
        credit: to.address.clone(),
        amount,
        released: 0,
        currency: from.currency,
        code: transfer.code,
        flags: flags(transfer),
        pending_id: None,
        payment: transfer.payment,
        at,
        debit_previous: Position::NOWHERE,
        credit_previous: Position::NOWHERE,
        debit_after,
        credit_after,
    };
    state.append(entry, debit, credit);
    if let Some(hold) = set_aside {
        state.put_hold(hold);
        shut(state, transfer.closing, debit, credit, true);
    }
    Ok(())
}

/// Why 64 bits cannot hold so much more. A column that is too small is told before two that are too small together.
fn overflow(from: &Account, to: &Account, amount: i64, pending: bool) -> Option<LedgerResult> {
    let of_both = |result: &LedgerResult| matches!(result, OverflowsDebits | OverflowsCredits);
    let sides = [from.overflows(Side::Debit, amount, pending), to.overflows(Side::Credit, amount, pending)];
    sides.into_iter().flatten().min_by_key(of_both)
}

/// Both accounts of a new transfer, and whether it says all that it must.
#[allow(clippy::type_complexity, reason = "two accounts with their places")]
fn places<'s>(state: &'s State, transfer: &Transfer) -> Done<((usize, &'s Account), (usize, &'s Account))> {
    let pending = transfer.phase == Phase::Pending;
    if transfer.keeps_rest {
        return Err(FlagsAreMutuallyExclusive);
    }
    let debit = transfer.debit.as_ref().ok_or(DebitAccountIdMustNotBeZero)?;
    let credit = transfer.credit.as_ref().ok_or(CreditAccountIdMustNotBeZero)?;
    let wrong = [
        (debit == credit, AccountsMustBeDifferent),
        (transfer.pending_id.is_some(), PendingIdMustBeZero),
        (!pending && transfer.timeout_s != 0, TimeoutReservedForPendingTransfer),
        (!pending && transfer.closing.any(), ClosingTransferMustBePending),
        (transfer.amount.is_none() && !transfer.balancing.any(), AmountMustNotBeZero),
        (transfer.currency.is_none(), LedgerMustNotBeZero),
        (transfer.code == 0, CodeMustNotBeZero),
    ];
    if let Some((_, wrong)) = wrong.iter().find(|(is_wrong, _)| *is_wrong) {
        return Err(*wrong);
    }
    let find = |address| state.find(address).and_then(|at| Some((at, state.at_place(at)?)));
    Ok((find(debit).ok_or(DebitAccountNotFound)?, find(credit).ok_or(CreditAccountNotFound)?))
}

fn open_for_new(debit: &Account, credit: &Account) -> Done<()> {
    match (debit.closed, credit.closed, debit.frozen, credit.frozen) {
        (true, ..) => Err(DebitAccountAlreadyClosed),
        (_, true, ..) => Err(CreditAccountAlreadyClosed),
        (_, _, true, _) => Err(DebitAccountFrozen),
        (.., true) => Err(CreditAccountFrozen),
        _ => Ok(()),
    }
}

fn due(timeout_s: u32, at: Timestamp) -> Done<Option<Timestamp>> {
    match timeout_s {
        0 => Ok(None),
        seconds => {
            let due = at.checked_add(Duration::from_secs(u64::from(seconds)));
            due.map(Some).ok_or(OverflowsTimeout)
        }
    }
}

fn is_over(hold: &Hold, at: Timestamp) -> bool {
    hold.due_at.is_some_and(|due| due <= at)
}

/// The second half of a transfer in two phases. What was set aside covers it, so no bound can refuse it.
fn resolve(state: &mut State, transfer: &Transfer) -> Done<()> {
    let void = transfer.phase == Phase::Void;
    if transfer.balancing.any() || transfer.closing.any() || (void && transfer.keeps_rest) {
        return Err(FlagsAreMutuallyExclusive);
    }
    let pending = transfer.pending_id.ok_or(PendingIdMustNotBeZero)?;
    if pending == transfer.id {
        return Err(PendingIdMustBeDifferent);
    }
    if transfer.timeout_s != 0 {
        return Err(TimeoutReservedForPendingTransfer);
    }
    let hold = match state.hold(pending) {
        Some(hold) => hold.clone(),
        None if state.known(pending).and_then(Item::entry).is_some() => {
            return Err(PendingTransferNotPending);
        }
        None => return Err(PendingTransferNotFound),
    };
    fits(transfer, &hold)?;
    let amount = transfer.amount.unwrap_or(hold.remaining);
    if amount > hold.amount {
        return Err(ExceedsPendingTransferAmount);
    }
    match hold.status {
        HoldStatus::Pending => {}
        HoldStatus::Posted => return Err(PendingTransferAlreadyPosted),
        HoldStatus::Voided => return Err(PendingTransferAlreadyVoided),
        HoldStatus::Expired => return Err(PendingTransferExpired),
    }
    if amount > hold.remaining {
        return Err(ExceedsPendingTransferAmount);
    }
    if void && amount != hold.remaining {
        return Err(PendingTransferHasDifferentAmount);
    }
    if is_over(&hold, state.at()) {
        return Err(PendingTransferExpired);
    }
    let released = if void || !transfer.keeps_rest { hold.remaining } else { amount };
    end(state, &hold, transfer.id, Act::from(transfer.phase), amount, released, flags(transfer))
}

/// Whether a post or void says nothing of the hold that is not so.
fn fits(transfer: &Transfer, hold: &Hold) -> Done<()> {
    let other = |said: bool, same: bool| said && !same;
    let wrong = [
        (transfer.payment != hold.payment, PendingTransferBelongsToPayment),
        (
            other(transfer.debit.is_some(), transfer.debit.as_ref() == Some(&hold.debit)),
            PendingTransferHasDifferentDebitAccountId,
        ),
        (
            other(transfer.credit.is_some(), transfer.credit.as_ref() == Some(&hold.credit)),
            PendingTransferHasDifferentCreditAccountId,
        ),
        (
            other(transfer.currency.is_some(), transfer.currency == Some(hold.currency)),
            PendingTransferHasDifferentLedger,
        ),
        (other(transfer.code != 0, transfer.code == hold.code), PendingTransferHasDifferentCode),
    ];
    wrong.iter().find(|(is_wrong, _)| *is_wrong).map_or(Ok(()), |(_, wrong)| Err(*wrong))
}

/// Ends a hold, or part of it: `released` of it is set aside no more, and `amount` of that moves.
fn end(
    state: &mut State,
    hold: &Hold,
    id: TransactionId,
    act: Act,
    amount: i64,
    released: i64,
    flags: u16,
) -> Done<()> {
    let debit = state.find(&hold.debit).ok_or(DebitAccountNotFound)?;
    let credit = state.find(&hold.credit).ok_or(CreditAccountNotFound)?;
    let from = state.at_place(debit).ok_or(DebitAccountNotFound)?;
    let to = state.at_place(credit).ok_or(CreditAccountNotFound)?;
    let moves = if act == Act::Post { amount } else { 0 };
    if act == Act::Post && from.closed {
        return Err(DebitAccountAlreadyClosed);
    }
    if act == Act::Post && to.closed {
        return Err(CreditAccountAlreadyClosed);
    }
    let debit_after = from.balances.moved(Side::Debit, -released, moves).ok_or(OverflowsDebitsPosted)?;
    let credit_after = to.balances.moved(Side::Credit, -released, moves).ok_or(OverflowsDebitsPosted)?;
    let entry = Entry {
        position: Position::NOWHERE,
        id,
        act,
        debit: hold.debit.clone(),
        credit: hold.credit.clone(),
        amount: if act == Act::Post { amount } else { released },
        released,
        currency: hold.currency,
        code: hold.code,
        flags,
        pending_id: Some(hold.id),
        payment: hold.payment,
        at: state.at(),
        debit_previous: Position::NOWHERE,
        credit_previous: Position::NOWHERE,
        debit_after,
        credit_after,
    };
    state.append(entry, debit, credit);
    let remaining = hold.remaining - released;
    let status = match act {
        Act::Void => HoldStatus::Voided,
        Act::Expire => HoldStatus::Expired,
        Act::Post if remaining > 0 => HoldStatus::Pending,
        Act::Post | Act::Pending | Act::Transfer => HoldStatus::Posted,
    };
    state.put_hold(Hold { remaining, status, ..hold.clone() });
    if matches!(act, Act::Void | Act::Expire) {
        shut(state, hold.closing, debit, credit, false);
    }
    Ok(())
}

fn shut(state: &mut State, closing: Sides, debit: usize, credit: usize, closed: bool) {
    for (place, meant) in [(debit, closing.debit), (credit, closing.credit)] {
        if meant {
            state.change(place, |account| account.closed = closed);
        }
    }
}
