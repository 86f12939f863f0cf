//! A ledger in memory: what a batch changes is kept as the database would keep it, and the next batch starts from that.

use std::collections::BTreeMap;

use contracts::{Currency, Id, Timestamp, TransactionId};

use crate::domain::*;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Books {
    pub accounts: BTreeMap<Address, Account>,
    pub holds: BTreeMap<TransactionId, Hold>,
    pub journal: Vec<Item>,
    pub now_s: i64,
}

pub fn id(number: u128) -> TransactionId {
    TransactionId::from_u128(number)
}

pub fn address(name: &str) -> Address {
    Address::try_from(name.to_owned()).unwrap()
}

/// A transfer of rupees.
pub fn pay(number: u128, from: &str, to: &str, amount: i64) -> Transfer {
    Transfer::between(id(number), Phase::Transfer, address(from), address(to), amount, Currency::INR)
}

/// The same, only set aside.
pub fn hold(number: u128, from: &str, to: &str, amount: i64) -> Transfer {
    Transfer { phase: Phase::Pending, ..pay(number, from, to, amount) }
}

pub fn post(number: u128, pending: u128, amount: Option<i64>) -> Transfer {
    Transfer { amount, ..Transfer::ending(id(number), Phase::Post, id(pending)) }
}

pub fn void(number: u128, pending: u128) -> Transfer {
    Transfer::ending(id(number), Phase::Void, id(pending))
}

pub fn chain<const N: usize>(mut transfers: [Transfer; N]) -> [Transfer; N] {
    Transfer::chain(&mut transfers);
    transfers
}

impl Books {
    /// Two deposits, a till and the world, all in rupees; and one account in dollars.
    pub fn new() -> Self {
        let mut books = Self { now_s: 1_790_000_000, ..Self::default() };
        books.open("a", Bounds::DebitsMustNotExceedCredits, Currency::INR);
        books.open("b", Bounds::DebitsMustNotExceedCredits, Currency::INR);
        books.open("till", Bounds::CreditsMustNotExceedDebits, Currency::INR);
        books.open("world", Bounds::None, Currency::INR);
        books.open("usd", Bounds::None, Currency::USD);
        books
    }

    pub fn open(&mut self, name: &str, bounds: Bounds, currency: Currency) {
        let account = Account::open(address(name), currency, 1, bounds, None, self.now());
        self.accounts.insert(address(name), account);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_s * 1_000)
    }

    /// A state that knows all that there is, with a batch begun.
    pub fn state(&self) -> State {
        let mut state = State::at_position(Position::NOWHERE);
        self.journal.iter().for_each(|item| drop(state.follow(item, false)));
        state.begin_batch(self.now());
        self.accounts.values().for_each(|account| state.know(account.clone()));
        self.holds.values().for_each(|hold| state.know_hold(hold.clone()));
        self.journal.iter().for_each(|item| state.know_item(item.clone()));
        state
    }

    pub fn keep(&mut self, state: &State) {
        assert_eq!(state.verify(), Ok(()));
        self.journal.extend_from_slice(state.items());
        for account in state.changed_accounts() {
            self.accounts.insert(account.address.clone(), account.clone());
        }
        for hold in state.changed_holds() {
            self.holds.insert(hold.id, hold.clone());
        }
    }

    /// What was done, without what was refused for good.
    pub fn entries(&self) -> Vec<Entry> {
        self.journal.iter().filter_map(Item::entry).cloned().collect()
    }

    /// How many ids were refused for good.
    pub fn refused(&self) -> usize {
        self.journal.len() - self.entries().len()
    }

    pub fn apply(&mut self, batch: &[Transfer]) -> Vec<LedgerResult> {
        let mut state = self.state();
        let outcomes = apply(&mut state, batch);
        self.keep(&state);
        outcomes.into_iter().map(|outcome| outcome.result).collect()
    }

    pub fn one(&mut self, transfer: Transfer) -> LedgerResult {
        self.apply(&[transfer])[0]
    }

    /// Lets go of all that is over.
    pub fn expire(&mut self) -> usize {
        let mut state = self.state();
        let all: Vec<TransactionId> = self.holds.keys().copied().collect();
        let mut number = 1 << 100;
        let gone = all.into_iter().filter(|hold| {
            number += 1 + self.journal.len() as u128;
            expire(&mut state, *hold, id(number))
        });
        let gone = gone.count();
        self.keep(&state);
        gone
    }

    pub fn account(&self, name: &str) -> &Account {
        &self.accounts[&address(name)]
    }

    /// Debits pending and posted, credits pending and posted.
    pub fn columns(&self, name: &str) -> [i64; 4] {
        let of = self.account(name).balances;
        [of.debits_pending, of.debits_posted, of.credits_pending, of.credits_posted]
    }

    /// Blnk's six invariants, as far as they can be seen at one moment.
    pub fn hold_together(&self) {
        let mut sums: BTreeMap<Currency, [i128; 4]> = BTreeMap::new();
        let mut replay = Replay::default();
        for account in self.accounts.values() {
            let name = account.address.as_str();
            let columns = self.columns(name);
            let sums = sums.entry(account.currency).or_default();
            sums.iter_mut().zip(columns).for_each(|(sum, column)| *sum += i128::from(column));
            assert!(columns.iter().all(|column| *column >= 0), "{name} is below nothing: {columns:?}");
            assert!(account.balances.keep(account.bounds), "{name} is beyond its bounds: {columns:?}");
            let open = |side: fn(&Hold) -> &Address| -> i64 {
                let mine = self.holds.values().filter(|hold| *side(hold) == account.address);
                mine.map(|hold| hold.remaining).sum()
            };
            assert_eq!(
                [open(|hold| &hold.debit), open(|hold| &hold.credit)],
                [columns[0], columns[2]],
                "{name}"
            );
            replay.compare(account.clone());
        }
        for (currency, [debits_pending, debits, credits_pending, credits]) in sums {
            assert_eq!((debits, debits_pending), (credits, credits_pending), "{currency} is not conserved");
        }
        let (mut hash, end) = (Hash::OF_NOTHING, Position(self.journal.len() as u64));
        for chunk in Chunk::all_of(&self.journal) {
            replay.take(&chunk);
            hash = hash.after(&chunk);
        }
        let found = replay.end(end, hash, end);
        assert_eq!(found, [], "the journal makes other balances");
    }
}
