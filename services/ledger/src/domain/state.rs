//! The accounts, holds and ids that batches work on, and what the latest batch did to them. A chain that fails is undone
//! here, and a batch that is not kept.

use std::collections::BTreeSet;

use contracts::{Currency, Timestamp, TransactionId};

use super::account::{Account, Standing};
use super::address::Address;
use super::entry::{Checkpoint, Entry, Hold, Item, Position, Refusal};
use super::result::LedgerResult;

/// After so many entries an account gets a mark to start from.
const CHECKPOINT_EVERY: u64 = 128;

/// Looked into several times for each transfer; seeded, so that nobody can choose names that meet.
type Quick<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

/// What batches work on. It lives on from one batch to the next.
#[derive(Clone, Debug, Default)]
pub struct State {
    position: Position,
    accounts: Vec<Account>,
    by_address: Quick<Address, usize>,
    /// Where the ids of the latest items stand.
    ids: Quick<TransactionId, Position>,
    /// No id is higher, neither here nor among those that are known elsewhere: most that are asked for are.
    highest: Option<TransactionId>,
    batch: Batch,
}

/// What one batch knows beside, and what it has done.
#[derive(Clone, Debug)]
struct Batch {
    at: Timestamp,
    start: Position,
    /// How many accounts were known before it opened any.
    opened_from: usize,
    /// What was done under an id before, as far as this batch names it.
    known: Quick<TransactionId, Item>,
    holds: Quick<TransactionId, Hold>,
    changed_holds: BTreeSet<TransactionId>,
    /// The accounts that it moved, as they were.
    touched: Vec<(usize, Standing)>,
    /// The last batch that touched each account, by their places.
    marks: Vec<u64>,
    number: u64,
    items: Vec<Item>,
    checkpoints: Vec<Checkpoint>,
    undo: Option<Undo>,
}

/// What became of one transfer of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The transfer.
    pub id: TransactionId,
    /// What is answered.
    pub result: LedgerResult,
    /// How much it was in the end and when, where it is done.
    pub done: Option<(i64, Timestamp)>,
}

/// The sums of a batch do not agree: a mistake of ours, or of the database. Nothing of it may be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger does not add up: {0}")]
pub struct Broken(pub String);

/// What stood before a chain.
#[derive(Clone, Debug)]
struct Undo {
    accounts: Vec<(usize, Standing)>,
    holds: Vec<(TransactionId, Option<Hold>)>,
    items: usize,
    checkpoints: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            at: Timestamp::MIN,
            start: Position::NOWHERE,
            opened_from: 0,
            known: Quick::default(),
            holds: Quick::default(),
            changed_holds: BTreeSet::new(),
            touched: Vec::new(),
            marks: Vec::new(),
            number: 0,
            items: Vec::new(),
            checkpoints: Vec::new(),
            undo: None,
        }
    }
}

impl State {
    /// A journal that ends at `position`, of which nothing else is known yet.
    pub fn at_position(position: Position) -> Self {
        let batch = Batch { start: position, ..Batch::default() };
        Self { position, batch, ..Self::default() }
    }

    /// Begins a batch whose time is `at`.
    pub fn begin_batch(&mut self, at: Timestamp) {
        let batch = &mut self.batch;
        (batch.at, batch.start, batch.opened_from) = (at, self.position, self.accounts.len());
        batch.number += 1;
        batch.known.clear();
        batch.holds.clear();
        batch.changed_holds.clear();
        batch.touched.clear();
        batch.items.clear();
        batch.checkpoints.clear();
        batch.undo = None;
    }

    /// Everything is as it was when the batch began; what it has learned of accounts stays known.
    pub fn forget_batch(&mut self) {
        for (place, was) in std::mem::take(&mut self.batch.touched) {
            if let Some(account) = self.accounts.get_mut(place) {
                account.set_standing(was);
            }
        }
        for item in std::mem::take(&mut self.batch.items) {
            self.ids.remove(&item.id());
        }
        for account in self.accounts.drain(self.batch.opened_from..) {
            self.by_address.remove(&account.address);
        }
        self.batch.marks.truncate(self.accounts.len());
        self.position = self.batch.start;
        self.begin_batch(self.batch.at);
    }

    /// Knows an account as it is stored.
    pub fn know(&mut self, account: Account) {
        self.put(account);
        self.batch.opened_from = self.accounts.len();
    }

    /// Opens an account with the batch.
    pub fn open(&mut self, account: Account) {
        self.put(account);
    }

    fn put(&mut self, account: Account) {
        if !self.by_address.contains_key(&account.address) {
            self.by_address.insert(account.address.clone(), self.accounts.len());
            self.accounts.push(account);
            self.batch.marks.push(0);
        }
    }

    /// Knows what is set aside.
    pub fn know_hold(&mut self, hold: Hold) {
        self.batch.holds.insert(hold.id, hold);
    }

    /// Knows what was done under an id before.
    pub fn know_item(&mut self, item: Item) {
        self.batch.known.insert(item.id(), item);
    }

    /// When this is done.
    pub fn at(&self) -> Timestamp {
        self.batch.at
    }

    /// Where the journal ends.
    pub fn position(&self) -> Position {
        self.position
    }

    /// What the batch did, in its order.
    pub fn items(&self) -> &[Item] {
        &self.batch.items
    }

    /// What was done of it, without what was refused for good.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.batch.items.iter().filter_map(Item::entry)
    }

    /// New marks.
    pub fn checkpoints(&self) -> &[Checkpoint] {
        &self.batch.checkpoints
    }

    /// Accounts that the batch has opened.
    pub fn opened(&self) -> &[Account] {
        self.accounts.get(self.batch.opened_from..).unwrap_or_default()
    }

    /// An account.
    pub fn account(&self, address: &Address) -> Option<&Account> {
        self.find(address).and_then(|place| self.at_place(place))
    }

    /// What is set aside under an id.
    pub fn hold(&self, id: TransactionId) -> Option<&Hold> {
        self.batch.holds.get(&id)
    }

    /// Holds that are new or not as they were.
    pub fn changed_holds(&self) -> impl Iterator<Item = &Hold> {
        self.batch.changed_holds.iter().filter_map(|id| self.batch.holds.get(id))
    }

    /// The accounts that the batch moved: where they stand among all, and as they were.
    pub fn touched(&self) -> &[(usize, Standing)] {
        &self.batch.touched
    }

    /// The accounts that the batch moved.
    pub fn changed_accounts(&self) -> impl Iterator<Item = &Account> {
        // A chain that was undone has touched accounts that are as they were.
        let start = self.batch.start;
        let touched = self.batch.touched.iter().filter_map(|(place, _)| self.accounts.get(*place));
        touched.filter(move |account| account.head > start)
    }

    /// Each entry moves as much on one side as on the other, so over all accounts nothing may be left over; and no
    /// account may be beyond its bounds.
    pub fn verify(&self) -> Result<(), Broken> {
        let mut sums: Vec<(Currency, i128, i128)> = Vec::new();
        for (place, before) in &self.batch.touched {
            let Some(account) = self.accounts.get(*place) else { continue };
            let (now, before) = (account.balances, before.balances);
            let wide = i128::from;
            let known = sums.iter().position(|(currency, ..)| *currency == account.currency);
            let at = known.unwrap_or_else(|| {
                sums.push((account.currency, 0, 0));
                sums.len() - 1
            });
            let Some((_, pending, posted)) = sums.get_mut(at) else { continue };
            *pending += wide(now.debits_pending)
                - wide(before.debits_pending)
                - (wide(now.credits_pending) - wide(before.credits_pending));
            *posted += wide(now.debits_posted)
                - wide(before.debits_posted)
                - (wide(now.credits_posted) - wide(before.credits_posted));
            if now != before && !now.keep(account.bounds) {
                return Err(Broken(format!("{} is beyond its bounds: {now:?}", account.address)));
            }
        }
        match sums.iter().find(|(_, pending, posted)| (*pending, *posted) != (0, 0)) {
            Some((currency, pending, posted)) => Err(Broken(format!(
                "{currency} is out by {posted} in what moved and by {pending} in what is set aside"
            ))),
            None => Ok(()),
        }
    }

    /// Where an account stands among those that are known.
    pub fn find(&self, address: &Address) -> Option<usize> {
        self.by_address.get(address).copied()
    }

    /// The account at a place.
    pub fn at_place(&self, place: usize) -> Option<&Account> {
        self.accounts.get(place)
    }

    /// Where an id stands, if it is one of the latest.
    pub fn latest(&self, id: TransactionId) -> Option<Position> {
        self.ids.get(&id).copied()
    }

    /// Whether nothing can stand under an id, because all that are known are lower.
    pub fn is_beyond(&self, id: TransactionId) -> bool {
        self.highest < Some(id)
    }

    /// There are ids elsewhere, up to this one.
    pub fn know_highest(&mut self, id: TransactionId) {
        self.highest = self.highest.max(Some(id));
    }

    /// What stands under an id: done or refused before, or in this batch.
    pub(super) fn known(&self, id: TransactionId) -> Option<&Item> {
        if self.is_beyond(id) {
            return None;
        }
        match self.ids.get(&id) {
            Some(position) if *position > self.batch.start => {
                let at = usize::try_from(position.0 - self.batch.start.0 - 1).ok()?;
                self.batch.items.get(at)
            }
            Some(_) | None => self.batch.known.get(&id),
        }
    }

    /// The last entry.
    pub(super) fn last_entry(&self) -> Option<&Entry> {
        self.batch.items.last().and_then(Item::entry)
    }

    /// An id is refused from now on.
    pub(super) fn refuse(&mut self, id: TransactionId, why: LedgerResult) {
        let position = self.position.next();
        self.write(Item::Refusal(Refusal { position, id, why, at: self.batch.at }));
    }

    fn write(&mut self, item: Item) {
        self.position = item.position();
        self.ids.insert(item.id(), item.position());
        self.know_highest(item.id());
        self.batch.items.push(item);
    }

    /// From here on everything can be undone.
    pub(super) fn begin_chain(&mut self) {
        let (items, checkpoints) = (self.batch.items.len(), self.batch.checkpoints.len());
        self.batch.undo = Some(Undo { accounts: Vec::new(), holds: Vec::new(), items, checkpoints });
    }

    /// What was done since `begin_chain` stays.
    pub(super) fn keep_chain(&mut self) {
        self.batch.undo = None;
    }

    /// What was done since `begin_chain` is as if it had never been.
    pub(super) fn undo_chain(&mut self) {
        let Some(undo) = self.batch.undo.take() else { return };
        for (place, was) in undo.accounts.into_iter().rev() {
            if let Some(account) = self.accounts.get_mut(place) {
                account.set_standing(was);
            }
        }
        for (id, was) in undo.holds.into_iter().rev() {
            match was {
                Some(hold) => self.batch.holds.insert(id, hold),
                None => self.batch.holds.remove(&id),
            };
        }
        for item in self.batch.items.drain(undo.items..) {
            self.ids.remove(&item.id());
        }
        self.batch.checkpoints.truncate(undo.checkpoints);
        self.position = Position(self.batch.start.0 + self.batch.items.len() as u64);
    }

    /// Writes an entry: both accounts move, and their chains go on.
    pub(super) fn append(&mut self, entry: Entry, debit: usize, credit: usize) {
        let position = self.position.next();
        let head = |place: usize| self.accounts.get(place).map_or(Position::NOWHERE, |account| account.head);
        let (debit_previous, credit_previous) = (head(debit), head(credit));
        let entry = Entry { position, debit_previous, credit_previous, ..entry };
        for (place, after) in [(debit, entry.debit_after), (credit, entry.credit_after)] {
            self.change(place, |account| {
                account.balances = after;
                account.sequence = account.sequence.saturating_add(1);
                account.head = position;
            });
            if let Some(account) = self.accounts.get(place)
                && account.sequence.is_multiple_of(CHECKPOINT_EVERY)
            {
                let (account, at) = (account.address.clone(), self.batch.at);
                self.batch.checkpoints.push(Checkpoint { account, position, at });
            }
        }
        self.write(Item::Entry(entry));
    }

    /// Changes an account so that it can be undone.
    pub(super) fn change(&mut self, place: usize, change: impl FnOnce(&mut Account)) {
        let Some(account) = self.accounts.get_mut(place) else { return };
        let was = account.standing();
        if let Some(undo) = &mut self.batch.undo {
            undo.accounts.push((place, was));
        }
        if let Some(mark) = self.batch.marks.get_mut(place)
            && *mark != self.batch.number
        {
            *mark = self.batch.number;
            self.batch.touched.push((place, was));
        }
        change(account);
    }

    /// Puts a hold in place so that it can be undone.
    pub(super) fn put_hold(&mut self, hold: Hold) {
        let id = hold.id;
        let was = self.batch.holds.insert(id, hold);
        if let Some(undo) = &mut self.batch.undo {
            undo.holds.push((id, was));
        }
        self.batch.changed_holds.insert(id);
    }

    /// Goes on with an item as the journal has it; accounts that it names must be known. Says whose places it moved.
    pub fn follow(&mut self, item: &Item, keeps_id: bool) -> Vec<usize> {
        (self.position, self.batch.start) = (item.position(), item.position());
        self.know_highest(item.id());
        if keeps_id {
            self.ids.insert(item.id(), item.position());
        }
        let Some(entry) = item.entry() else { return Vec::new() };
        let sides = [(&entry.debit, entry.debit_after), (&entry.credit, entry.credit_after)];
        let mut moved = Vec::with_capacity(2);
        for (address, after) in sides {
            let Some(place) = self.find(address) else { continue };
            if let Some(account) =
                self.accounts.get_mut(place).filter(|account| account.head < entry.position)
            {
                account.balances = after;
                account.sequence = account.sequence.saturating_add(1);
                account.head = entry.position;
                moved.push(place);
            }
        }
        moved
    }

    /// An account takes new transfers no more, or again.
    pub fn freeze(&mut self, address: &Address, frozen: bool) {
        if let Some(account) = self.find(address).and_then(|place| self.accounts.get_mut(place)) {
            account.frozen = frozen;
        }
    }

    /// The ids of the latest items with their places, which are known elsewhere from now on.
    pub fn take_ids(&mut self) -> Vec<(TransactionId, Position)> {
        // As many will come again.
        self.ids.drain().collect()
    }

    /// How many ids are known here alone.
    pub fn ids(&self) -> usize {
        self.ids.len()
    }

    /// How many accounts are known.
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }
}
