//! Transactions: legs that are done together under a name, and taking them back.

use contracts::events::wallet::{TransactionCreated, TransactionSettled};
use contracts::{Currency, TransactionId, WalletPaymentId};
use kernel::store::{Json, Tx};
use serde_json::{Map, Value};

use super::batch::{self, Turn};
use crate::domain::{
    Account, Address, NotReversible, Phase, Position, Reference, State, Text, Transfer, back, undo,
};
use crate::error::Error;
use crate::queries::{self, Record};
use crate::store::{self, TransactionKind, TransactionRow};

/// One leg that is asked for.
#[derive(Clone, Debug)]
pub struct Leg {
    /// Who gives.
    pub debit: Address,
    /// Who takes.
    pub credit: Address,
    /// How much.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// What the caller takes it for.
    pub code: u16,
}

/// What a transaction says of itself.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// What its maker calls it.
    pub reference: Option<Reference>,
    /// What it is about, for people.
    pub description: Option<Text>,
    /// What its maker wants to find with it.
    pub metadata: Map<String, Value>,
}

/// Whether it is done, or only looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earnest {
    /// It is done.
    Done,
    /// It is only said what it would be.
    DryRun,
}

/// What a transaction is made with, beside its legs.
struct Making<'m> {
    kind: TransactionKind,
    words: &'m Words,
    payment_id: Option<WalletPaymentId>,
    reverses: Option<TransactionId>,
}

/// Makes a transaction, all of its legs or none.
pub fn make(
    tx: &mut Tx<'_>,
    kind: TransactionKind,
    legs: &[Leg],
    words: &Words,
    earnest: Earnest,
) -> Result<Record, Error> {
    let leg = |leg: &Leg| {
        let (debit, credit) = (leg.debit.clone(), leg.credit.clone());
        let transfer =
            Transfer::between(tx.new_id(), Phase::Transfer, debit, credit, leg.amount, leg.currency);
        Transfer { code: leg.code, ..transfer }
    };
    let mut transfers: Vec<Transfer> = legs.iter().map(leg).collect();
    Transfer::chain(&mut transfers);
    let making = Making { kind, words, payment_id: None, reverses: None };
    let turn = batch::take_turn(tx)?;
    carry_out(tx, turn, &transfers, &making, earnest)
}

/// Takes a transaction back, or so much of it.
pub fn reverse(
    tx: &mut Tx<'_>,
    id: TransactionId,
    amount: Option<i64>,
    words: &Words,
    earnest: Earnest,
) -> Result<Record, Error> {
    let turn = batch::take_turn(tx)?;
    let original = queries::made(tx, &turn, id)?.ok_or(Error::Absent("transaction"))?;
    if original.row.id != id {
        return Err(Error::LegOf(original.row.id));
    }
    match original.row.kind {
        TransactionKind::Made | TransactionKind::Exchange => {}
        TransactionKind::Reversal => return Err(NotReversible::NothingMoved.into()),
        TransactionKind::Payment | TransactionKind::TopUp | TransactionKind::Withdrawal => {
            return Err(NotReversible::OfSomethingElse.into());
        }
    }
    let amount = back(&original.legs, original.reversed, amount)?;
    let transfers = undo(&original.legs, amount, || tx.new_id());
    let making = Making { kind: TransactionKind::Reversal, words, payment_id: None, reverses: Some(id) };
    let record = carry_out(tx, turn, &transfers, &making, earnest)?;
    if earnest == Earnest::Done {
        store::note_reversed(tx, id, amount)?;
    }
    Ok(record)
}

fn carry_out(
    tx: &mut Tx<'_>,
    mut turn: Turn,
    transfers: &[Transfer],
    making: &Making<'_>,
    earnest: Earnest,
) -> Result<Record, Error> {
    free(tx, making.words.reference.as_ref())?;
    turn.plan_all(tx, transfers)?;
    let row = row(tx, turn.state(), making);
    let legs = turn.state().entries().cloned().collect();
    let mut accounts: Vec<Account> = turn.state().changed_accounts().cloned().collect();
    accounts.sort_unstable_by(|a, b| a.address.cmp(&b.address));
    match earnest {
        Earnest::Done => {
            turn.keep(tx)?;
            tell(tx, &row)?;
            batch::tell_balances(tx, turn.state(), None)?;
        }
        Earnest::DryRun => turn.forget(),
    }
    Ok(Record { row, legs, reversed: 0, accounts })
}

/// Stores a transaction of what was just done for a payment, and tells of it.
pub fn settle(tx: &mut Tx<'_>, state: &State, payment: WalletPaymentId) -> Result<(), Error> {
    let words = Words::default();
    let making =
        Making { kind: TransactionKind::Payment, words: &words, payment_id: Some(payment), reverses: None };
    let row = row(tx, state, &making);
    tell(tx, &row)
}

/// Stores a transaction of what was just done for a top-up or withdrawal, and tells of it.
pub fn fund(tx: &mut Tx<'_>, state: &State, kind: TransactionKind) -> Result<TransactionId, Error> {
    let words = Words::default();
    let row = row(tx, state, &Making { kind, words: &words, payment_id: None, reverses: None });
    tell(tx, &row)?;
    Ok(row.id)
}

fn row(tx: &Tx<'_>, state: &State, making: &Making<'_>) -> TransactionRow {
    let first = state.entries().next().map_or(Position::NOWHERE, |entry| entry.position);
    TransactionRow {
        id: tx.new_id(),
        kind: making.kind,
        reference: making.words.reference.clone(),
        description: making.words.description.clone(),
        metadata: Json(making.words.metadata.clone()),
        payment_id: making.payment_id,
        reverses: making.reverses,
        first_position: first,
        legs: u32::try_from(state.entries().count()).unwrap_or(u32::MAX),
        made_at: state.at(),
    }
}

fn tell(tx: &mut Tx<'_>, row: &TransactionRow) -> Result<(), Error> {
    store::insert_transaction(tx, row)?;
    let (transaction_id, payment_id) = (row.id, row.payment_id);
    tx.publish(transaction_id, &TransactionCreated { transaction_id, payment_id })?;
    tx.publish(transaction_id, &TransactionSettled { transaction_id, payment_id })?;
    Ok(())
}

/// Told before anything else, also where the money is gone meanwhile: it was spent by that very transaction.
fn free(tx: &mut Tx<'_>, reference: Option<&Reference>) -> Result<(), Error> {
    let Some(reference) = reference else { return Ok(()) };
    match store::transaction_by_reference(tx, reference)? {
        Some(_) => Err(Error::ReferenceTaken),
        None => Ok(()),
    }
}
