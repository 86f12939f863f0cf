//! What is kept in memory of a project's ledger: accounts that moved of late, and where the latest ids stand.
//!
//! It is right because the journal says so: before it is used, its place and hash are compared with the journal's end,
//! and what is missing is read. What a rolled back transaction or another process has made of it is found out that way,
//! and then it is read anew from `heads.base`.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use contracts::{ProjectId, Timestamp, TransactionId};
use kernel::store::{StoreError, Tx};

use crate::domain::{Account, Act, Address, Broken, Hash, Ids, Item, Position, Run, State, Transfer};
use crate::error::Error;
use crate::store::{self, Head};

/// Beyond so many accounts those are forgotten whose rows know everything.
const ACCOUNTS_KEPT: usize = 1 << 19;
/// So many projects are kept in memory at most.
const PROJECTS_KEPT: usize = 64;
/// The journal is read in steps of so many pieces.
const CHUNKS_AT_A_TIME: u32 = 256;
/// Where batches end is remembered so many times within what is in memory alone.
const ENDS_KEPT: u64 = 128;

/// A project's ledger in memory.
#[derive(Debug, Default)]
pub struct Books {
    pub state: State,
    /// So many items have their ids and balances here alone.
    kept: u32,
    hash: Hash,
    marks: String,
    indexed: Position,
    runs: Vec<Run>,
    ends: VecDeque<(Position, Hash)>,
    /// Accounts whose rows do not know all, in the order in which they began to lag. One that was written since is here
    /// until its turn comes.
    lagging: VecDeque<(Position, usize)>,
    /// Since when, by place; nowhere, where the row knows all.
    lags_since: Vec<Position>,
    /// The same accounts by their names: neighbours are written together, since their rows share pages.
    to_write: BTreeMap<Address, usize>,
    /// The last that was written.
    written: Option<Address>,
    /// What is owed to the round through all of them, in parts of `kept`.
    owed: u64,
}

/// The books of all projects: those that commands work on, and those that questions are answered from. The first may be
/// ahead of what is committed, the others never.
#[derive(Debug, Default)]
pub struct Shelf {
    kept: AtomicU32,
    /// Counts who asked.
    asked: AtomicU64,
    working: Mutex<Library>,
    reading: Mutex<Library>,
}

/// Books, and who asked for them last.
type Library = HashMap<ProjectId, (u64, Arc<Mutex<Books>>)>;

/// What is written of the books beside the journal itself.
pub struct Written {
    pub head: Head,
    pub accounts: Vec<usize>,
    pub ids: Option<Ids>,
}

impl Shelf {
    /// So many items of each journal have their ids and balances in memory alone.
    pub fn keep_in_memory(&self, items: u32) {
        self.kept.store(items, Ordering::Relaxed);
    }

    /// The books that commands of a project work on.
    pub fn working(&self, project: ProjectId) -> Arc<Mutex<Books>> {
        self.book(&self.working, project)
    }

    /// Looks into the books of a project as they are committed.
    pub fn look<T>(
        tx: &mut Tx<'_>,
        look: impl FnOnce(&mut Tx<'_>, &mut Books) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let shelf = tx.beside::<Self>();
        let books = shelf.book(&shelf.reading, tx.project()?);
        // Waited for before the first statement, so that what is seen is not older than the books.
        let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(head) = store::head(tx)? {
            if books.state.position() > head.position {
                return Err(Error::Behind);
            }
            books.catch_up(tx, &head)?;
        }
        look(tx, &mut books)
    }

    fn book(&self, all: &Mutex<Library>, project: ProjectId) -> Arc<Mutex<Books>> {
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= PROJECTS_KEPT && !all.contains_key(&project) {
            let idle = all.iter().filter(|(_, (_, books))| Arc::strong_count(books) == 1);
            let longest = idle.min_by_key(|(_, (asked, _))| *asked).map(|(project, _)| *project);
            if let Some(project) = longest {
                all.remove(&project);
            }
        }
        let kept = self.kept.load(Ordering::Relaxed);
        let new = || (0, Arc::new(Mutex::new(Books { kept, ..Books::default() })));
        let (asked, books) = all.entry(project).or_insert_with(new);
        *asked = self.asked.fetch_add(1, Ordering::Relaxed);
        Arc::clone(books)
    }
}

impl Books {
    /// Takes them away; what is left knows nothing.
    pub fn taken(&mut self) -> Self {
        let nothing = Self { kept: self.kept, ..Self::default() };
        std::mem::replace(self, nothing)
    }

    /// Reads what it lacks, so that it is the journal's end.
    pub fn catch_up(&mut self, tx: &mut Tx<'_>, head: &Head) -> Result<(), Error> {
        self.state.begin_batch(head.latest_at);
        let same_line = self.marks == head.marks && self.indexed == head.indexed;
        if same_line && self.state.position() <= head.position && self.state.accounts() < ACCOUNTS_KEPT {
            self.follow(tx, head.position)?;
            if self.ends_at(head) {
                return Ok(());
            }
        }
        *self = Self {
            state: State::at_position(head.base),
            hash: head.base_hash,
            marks: head.marks.clone(),
            indexed: head.indexed,
            kept: self.kept,
            ..Self::default()
        };
        while let Some(some) = Some(store::runs(tx, self.runs.last().map_or(0, |run| run.number), 64)?)
            && !some.is_empty()
        {
            some.into_iter().for_each(|run| self.add(run));
        }
        self.follow(tx, head.position)?;
        if self.ends_at(head) {
            return Ok(());
        }
        let (found, expected) = (self.state.position().0, head.position.0);
        Err(Broken(format!("the journal reads on to {found} and should end at {expected}, by its hash"))
            .into())
    }

    fn add(&mut self, run: Run) {
        self.state.know_highest(run.last);
        self.runs.push(run);
    }

    fn ends_at(&self, head: &Head) -> bool {
        self.state.position() == head.position && self.hash == head.hash
    }

    fn follow(&mut self, tx: &mut Tx<'_>, until: Position) -> Result<(), StoreError> {
        while self.state.position() < until {
            let chunks = store::chunks(tx, self.state.position(), CHUNKS_AT_A_TIME)?;
            if chunks.is_empty() {
                return Ok(());
            }
            for chunk in &chunks {
                let items = store::items(chunk)?;
                let sides =
                    items.iter().filter_map(Item::entry).flat_map(|entry| [&entry.debit, &entry.credit]);
                self.know_accounts(tx, sides)?;
                for item in &items {
                    let is_new = item.position() > self.indexed;
                    for place in self.state.follow(item, is_new) {
                        self.lag(item.position(), place);
                    }
                }
                self.hash = self.hash.after(chunk);
                self.note_end();
            }
        }
        Ok(())
    }

    /// Knows all of these accounts that there are; returns those that there are not.
    pub fn know_accounts<'a>(
        &mut self,
        tx: &mut Tx<'_>,
        named: impl Iterator<Item = &'a Address>,
    ) -> Result<Vec<Address>, StoreError> {
        let unknown: BTreeSet<&Address> =
            named.filter(|address| self.state.find(address).is_none()).collect();
        if unknown.is_empty() {
            return Ok(Vec::new());
        }
        let unknown: Vec<Address> = unknown.into_iter().cloned().collect();
        for account in store::accounts_of(tx, &unknown)? {
            self.state.know(account);
        }
        Ok(unknown.into_iter().filter(|address| self.state.find(address).is_none()).collect())
    }

    /// Begins a batch, and knows all that it names: accounts, ids, and what is set aside under them. Accounts of the
    /// project itself are opened when they are first named.
    pub fn prepare<'t>(
        &mut self,
        tx: &mut Tx<'_>,
        at: Timestamp,
        batch: impl IntoIterator<Item = &'t Transfer> + Clone,
    ) -> Result<(), StoreError> {
        self.state.begin_batch(at);
        let mut places = store::Places::default();
        let mut pending: BTreeSet<TransactionId> =
            batch.clone().into_iter().filter_map(|one| one.pending_id).collect();
        for id in batch.clone().into_iter().map(|one| one.id).chain(pending.clone()) {
            let Some(item) = self.item(tx, &mut places, id)? else { continue };
            if item.entry().is_some_and(|entry| entry.act == Act::Pending) {
                pending.insert(id);
            }
            self.state.know_item(item);
        }
        let pending: Vec<TransactionId> = pending.into_iter().collect();
        let holds = store::holds_of(tx, &pending)?;
        let held = holds.iter().flat_map(|hold| [&hold.debit, &hold.credit]);
        let asked = batch.into_iter().flat_map(|one| [&one.debit, &one.credit]).flatten();
        let missing = self.know_accounts(tx, asked.chain(held))?;
        for hold in holds {
            self.state.know_hold(hold);
        }
        for account in missing.iter().filter_map(|address| Account::of_project(address, at)) {
            self.state.open(account);
        }
        Ok(())
    }

    /// What stands under an id.
    pub fn item(
        &self,
        tx: &mut Tx<'_>,
        places: &mut store::Places,
        id: TransactionId,
    ) -> Result<Option<Item>, StoreError> {
        if self.state.is_beyond(id) {
            return Ok(None);
        }
        if let Some(position) = self.state.latest(id) {
            return places.item(tx, position);
        }
        for run in self.runs.iter().rev().filter(|run| run.may_have(id)) {
            if let Some(position) = store::find_in(tx, run, id)? {
                return places.item(tx, position);
            }
        }
        Ok(None)
    }

    /// Goes on to the end of a batch whose last piece has this hash; says what is to be written now beside the pieces.
    pub fn keep(&mut self, head: &Head, hash: Hash, marks: Option<String>) -> Written {
        self.hash = hash;
        let position = self.state.position();
        let moved: Vec<usize> = self.state.touched().iter().map(|(place, _)| *place).collect();
        let first = head.position.next();
        moved.iter().for_each(|place| self.lag(first, *place));
        if let Some(marks) = marks {
            self.marks = marks;
        }
        let ids = if self.state.ids() >= self.kept as usize {
            let number = self.runs.last().map_or(1, |run| run.number + 1);
            Ids::of(number, self.state.take_ids())
        } else {
            None
        };
        if let Some(ids) = &ids {
            self.add(ids.run.clone());
            self.indexed = position;
        }
        let accounts = self.next_to_write(position.0 - head.position.0, moved.len());
        self.note_end();
        let (mut base, mut base_hash) = (head.base, head.base_hash);
        let known = self.lagging.front().map_or(position, |(since, _)| since.before()).min(self.indexed);
        while let Some((end, hash)) = self.ends.front().filter(|(end, _)| *end <= known) {
            (base, base_hash) = (*end, *hash);
            self.ends.pop_front();
        }
        let (marks, indexed, latest_at) = (self.marks.clone(), self.indexed, self.state.at());
        let head = Head { position, hash, latest_at, marks, indexed, base, base_hash, stopped: None };
        Written { head, accounts, ids }
    }

    fn lag(&mut self, since: Position, place: usize) {
        if self.lags_since.len() <= place {
            self.lags_since.resize(place + 1, Position::NOWHERE);
        }
        if let Some(lags) = self.lags_since.get_mut(place).filter(|lags| **lags == Position::NOWHERE) {
            *lags = since;
            self.lagging.push_back((since, place));
            if let Some(account) = self.state.at_place(place) {
                self.to_write.insert(account.address.clone(), place);
            }
        }
    }

    /// The next accounts of a round through all that lag, by their names: with so many new items as many as bring it
    /// around once in `kept` items. New names may go before it for ever, so whoever has waited for two rounds is next.
    fn next_to_write(&mut self, items: u64, moved: usize) -> Vec<usize> {
        let (position, round) = (self.state.position().0, u64::from(self.kept).max(1));
        self.owed += items * self.to_write.len() as u64;
        let (count, mut places) = (self.owed / round, Vec::new());
        self.owed %= round;
        for _ in 0..count.min(self.to_write.len() as u64) {
            let after = self.written.take().map_or(Bound::Unbounded, Bound::Excluded);
            let next = self.to_write.range((after, Bound::Unbounded)).next();
            let Some((name, place)) = next.or_else(|| self.to_write.iter().next()) else { break };
            let (name, place) = (name.clone(), *place);
            self.writes(&name, place, &mut places);
            self.written = Some(name);
        }
        let most = places.len() + 2 * moved + 64;
        while let Some((since, place)) = self.lagging.front().copied() {
            let waits = self.lags_since.get(place) == Some(&since);
            if waits && (position - since.0 < 2 * round || places.len() >= most) {
                break;
            }
            self.lagging.pop_front();
            if waits && let Some(name) = self.state.at_place(place).map(|account| account.address.clone()) {
                self.writes(&name, place, &mut places);
            }
        }
        places
    }

    fn writes(&mut self, name: &Address, place: usize, places: &mut Vec<usize>) {
        self.to_write.remove(name);
        if let Some(lags) = self.lags_since.get_mut(place) {
            *lags = Position::NOWHERE;
        }
        places.push(place);
    }

    fn note_end(&mut self) {
        let position = self.state.position();
        if self.ends.back().is_none_or(|(end, _)| position.0 - end.0 >= u64::from(self.kept) / ENDS_KEPT) {
            self.ends.push_back((position, self.hash));
        }
    }

    /// By which hash the journal ends for it.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// An account is frozen or thawed; whoever has the books elsewhere learns it by the new mark.
    pub fn freeze(&mut self, address: &Address, frozen: bool, marks: String) {
        self.state.freeze(address, frozen);
        self.marks = marks;
    }
}

#[cfg(test)]
mod tests {
    use contracts::{Currency, Id};

    use super::*;
    use crate::domain::{Balances, Bounds, Phase, apply};

    const KEPT: u32 = 24;

    fn account(name: &str) -> Account {
        Account {
            address: name.parse().unwrap(),
            currency: Currency::INR,
            code: 1,
            bounds: Bounds::None,
            owner: None,
            frozen: false,
            closed: false,
            balances: Balances::default(),
            sequence: 0,
            head: Position::NOWHERE,
            opened_at: Timestamp::MIN,
        }
    }

    #[test]
    fn whose_books_were_not_asked_for_the_longest_time_are_read_anew() {
        let shelf = Shelf::default();
        let project = |number: usize| ProjectId::from_u128(number as u128);
        let known = |number| shelf.working.lock().unwrap().contains_key(&project(number));
        (0..PROJECTS_KEPT).for_each(|number| drop(shelf.working(project(number))));
        let at_work = shelf.working(project(1));
        drop(shelf.working(project(0)));
        drop(shelf.working(project(PROJECTS_KEPT)));
        assert!(known(0) && known(1) && !known(2) && known(3) && known(PROJECTS_KEPT));
        (4..PROJECTS_KEPT * 3).for_each(|number| drop(shelf.working(project(number))));
        assert!(known(1), "who is at work is not sent away");
        assert!(Arc::ptr_eq(&at_work, &shelf.working(project(1))));
        assert_eq!(shelf.working.lock().unwrap().len(), PROJECTS_KEPT);
    }

    #[test]
    fn no_balance_waits_for_more_than_three_rounds_whoever_comes_before_it() {
        let mut books = Books { kept: KEPT, ..Books::default() };
        let mut head = Head {
            position: Position::NOWHERE,
            hash: Hash::OF_NOTHING,
            latest_at: Timestamp::MIN,
            marks: String::new(),
            indexed: Position::NOWHERE,
            base: Position::NOWHERE,
            base_hash: Hash::OF_NOTHING,
            stopped: None,
        };
        for number in 1..=600 {
            // One name is behind whoever was written last, the other before all that were.
            let (low, high) = (account(&format!("a:{number:05}")), account(&format!("z:{number:05}")));
            let (from, to) = (low.address.clone(), high.address.clone());
            let id = TransactionId::from_u128(number);
            books.state.begin_batch(Timestamp::MIN);
            [low, high].into_iter().for_each(|account| books.state.open(account));
            let outcomes = apply(
                &mut books.state,
                &[Transfer::between(id, Phase::Transfer, from, to, 1, Currency::INR)],
            );
            assert!(outcomes[0].result.is_done());
            head = books.keep(&head, Hash::OF_NOTHING, None).head;
            let behind = head.position.0 - head.base.0;
            assert!(behind <= 3 * u64::from(KEPT), "{number}: {behind} would be read again after a start");
        }
        assert!(books.lagging.len() <= 4 * KEPT as usize, "what was written is forgotten");
    }
}
