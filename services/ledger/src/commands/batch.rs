//! Batches of transfers: what they name is known, the machine decides, what changed is stored set by set.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use contracts::events::wallet::BalanceUpdated;
use contracts::{EventId, TransactionId, WalletPaymentId};
use kernel::store::{StoreError, Tx};

use crate::books::{Books, Shelf, Written};
use crate::domain::{Act, Address, Chunk, LedgerResult, Outcome, Phase, State, Transfer, apply, expire};
use crate::error::Error;
use crate::jobs::ExpireHolds;
use crate::store::{self, Head};

/// The turn of one command: until its transaction ends nobody else goes on with this project's journal.
pub struct Turn {
    head: Head,
    books: Books,
    place: Arc<Mutex<Books>>,
}

/// Takes the project's turn, unless the ledger has stopped.
pub fn take_turn(tx: &mut Tx<'_>) -> Result<Turn, Error> {
    let head = store::take_turn(tx)?;
    if let Some(why) = head.stopped {
        return Err(Error::Stopped(why));
    }
    let place = tx.beside::<Shelf>().working(tx.project()?);
    let books = place.lock().unwrap_or_else(PoisonError::into_inner).taken();
    let mut turn = Turn { head, books, place };
    turn.books.catch_up(tx, &turn.head)?;
    Ok(turn)
}

/// Does a batch: each transfer that can be done is done, each other says why not.
pub fn post(tx: &mut Tx<'_>, batch: &[Transfer]) -> Result<Vec<Outcome>, Error> {
    let mut turn = take_turn(tx)?;
    let outcomes = turn.plan(tx, batch)?;
    turn.keep(tx)?;
    tell_balances(tx, turn.state(), None)?;
    Ok(outcomes)
}

/// Does the batches of several callers as one; no chain goes on from one into the next.
pub fn post_each(tx: &mut Tx<'_>, batches: &[Vec<Transfer>]) -> Result<Vec<Vec<Outcome>>, Error> {
    let mut turn = take_turn(tx)?;
    turn.books.prepare(tx, tx.now().max(turn.head.latest_at), batches.iter().flatten())?;
    let outcomes = batches.iter().map(|batch| apply(&mut turn.books.state, batch)).collect();
    turn.books.state.verify()?;
    turn.keep(tx)?;
    tell_balances(tx, turn.state(), None)?;
    Ok(outcomes)
}

impl Drop for Turn {
    /// Whoever comes next looks whether it is still right.
    fn drop(&mut self) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = std::mem::take(&mut self.books);
    }
}

impl Turn {
    /// Where the journal ended when the turn was taken, or its last batch was kept.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What the batch has made of the accounts.
    pub fn state(&self) -> &State {
        &self.books.state
    }

    /// All that is known of the project's ledger.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Lets the machine decide on a batch, without storing anything.
    pub fn plan(&mut self, tx: &mut Tx<'_>, batch: &[Transfer]) -> Result<Vec<Outcome>, Error> {
        self.books.prepare(tx, tx.now().max(self.head.latest_at), batch)?;
        let outcomes = apply(&mut self.books.state, batch);
        self.books.state.verify()?;
        Ok(outcomes)
    }

    /// Plans a batch that is done whole or not at all.
    pub fn plan_all(&mut self, tx: &mut Tx<'_>, batch: &[Transfer]) -> Result<(), Error> {
        match refusal(&self.plan(tx, batch)?) {
            Some((leg, result)) => {
                self.forget();
                Err(Error::Refused { leg, result })
            }
            None => Ok(()),
        }
    }

    /// Lets go of holds whose time is over, as a batch of its own.
    pub fn expire(&mut self, tx: &mut Tx<'_>, due: &[TransactionId]) -> Result<(), Error> {
        let named: Vec<Transfer> =
            due.iter().map(|hold| Transfer::ending(tx.new_id(), Phase::Void, *hold)).collect();
        self.books.prepare(tx, tx.now().max(self.head.latest_at), &named)?;
        for (hold, ending) in due.iter().zip(&named) {
            expire(&mut self.books.state, *hold, ending.id);
        }
        Ok(self.books.state.verify()?)
    }

    /// What was planned is not done.
    pub fn forget(&mut self) {
        self.books.state.forget_batch();
    }

    /// Stores what was planned.
    pub fn keep(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        if self.books.state.items().is_empty() {
            // Accounts that it would have opened are not there.
            self.forget();
            return Ok(());
        }
        let state = &self.books.state;
        let chunks = Chunk::all_of(state.items());
        let hash = chunks.iter().fold(self.books.hash(), |hash, chunk| hash.after(chunk));
        store::put_accounts(tx, state.opened().iter())?;
        store::insert_chunks(tx, chunks)?;
        store::put_holds(tx, state.changed_holds())?;
        store::insert_checkpoints(tx, state.checkpoints())?;
        let new = state.entries().filter(|entry| entry.act == Act::Pending);
        let due: BTreeSet<_> = new.filter_map(|entry| state.hold(entry.id)?.due_at).collect();
        for at in due {
            tx.enqueue_at(&ExpireHolds {}, at)?;
        }
        let marks = close_accounts(tx, state)?;
        let Written { head, accounts, ids } = self.books.keep(&self.head, hash, marks);
        if let Some(ids) = &ids {
            store::insert_run(tx, ids)?;
        }
        let state = &self.books.state;
        store::put_accounts(tx, accounts.iter().filter_map(|place| state.at_place(*place)))?;
        store::move_head(tx, &head)?;
        self.head = head;
        Ok(())
    }

    /// Lets no new transfer touch an account, or lets them again.
    pub fn freeze(&mut self, tx: &mut Tx<'_>, address: &Address, frozen: bool) -> Result<(), Error> {
        store::freeze(tx, address, frozen)?;
        self.head.marks = mark(tx);
        self.books.freeze(address, frozen, self.head.marks.clone());
        Ok(store::move_head(tx, &self.head)?)
    }
}

/// Writes down which accounts the batch has closed or opened again; says the new mark, if it has any.
fn close_accounts(tx: &mut Tx<'_>, state: &State) -> Result<Option<String>, StoreError> {
    let mut marks = None;
    for (place, was) in state.touched() {
        if let Some(account) = state.at_place(*place).filter(|account| account.closed != was.closed) {
            store::close(tx, &account.address, account.closed)?;
            marks = Some(mark(tx));
        }
    }
    Ok(marks)
}

fn mark(tx: &Tx<'_>) -> String {
    tx.new_id::<EventId>().to_string()
}

/// Tells the owners of wallets what they have now.
pub fn tell_balances(
    tx: &mut Tx<'_>,
    state: &State,
    payment_id: Option<WalletPaymentId>,
) -> Result<(), StoreError> {
    let wallets = state.changed_accounts().filter_map(|account| Some((account.address.wallet()?, account)));
    let mut wallets: Vec<_> = wallets.collect();
    wallets.sort_unstable_by_key(|(id, _)| *id);
    for (account_id, account) in wallets {
        let (balance, available) = (account.balance(), account.available());
        let (currency, sequence) = (account.currency, account.sequence);
        tx.publish(
            account_id,
            &BalanceUpdated { account_id, balance, available, currency, sequence, payment_id },
        )?;
    }
    Ok(())
}

/// The first that was refused, in a batch that is done whole or not at all.
pub fn refusal(outcomes: &[Outcome]) -> Option<(usize, LedgerResult)> {
    let own = |result: LedgerResult| !result.is_done() && result != LedgerResult::LinkedEventFailed;
    let refused = outcomes.iter().enumerate().find(|(_, outcome)| own(outcome.result));
    let any = || outcomes.iter().enumerate().find(|(_, outcome)| !outcome.result.is_done());
    refused.or_else(any).map(|(at, outcome)| (at, outcome.result))
}

/// The ends of holds, together.
pub fn ends(
    tx: &Tx<'_>,
    phase: Phase,
    holds: &[TransactionId],
    payment: Option<WalletPaymentId>,
) -> Vec<Transfer> {
    let end = |hold: &TransactionId| Transfer { payment, ..Transfer::ending(tx.new_id(), phase, *hold) };
    let mut ends: Vec<Transfer> = holds.iter().map(end).collect();
    Transfer::chain(&mut ends);
    ends
}
