//! What is kept in memory of a project's ledger: accounts that moved of late, and where the latest ids stand.
//!
//! It is right because the journal says so: before it is used, its place and hash are compared with the journal's end,
//! and what is missing is read. What a rolled back transaction or another process has made of it is found out that way,
//! and then it is read anew from `heads.base`.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
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
    /// Accounts whose rows do not know all, in the order in which they began to lag.
    lagging: VecDeque<(Position, usize)>,
    /// Since when, by place; nowhere, where the row knows all.
    lags_since: Vec<Position>,
}

/// The books of all projects: those that commands work on, and those that questions are answered from. The first may be
/// ahead of what is committed, the others never.
#[derive(Debug, Default)]
pub struct Shelf {
    kept: AtomicU32,
    working: Mutex<Library>,
    reading: Mutex<Library>,
}

type Library = HashMap<ProjectId, Arc<Mutex<Books>>>;

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
            all.retain(|_, books| Arc::strong_count(books) > 1);
        }
        let kept = self.kept.load(Ordering::Relaxed);
        let new = || Arc::new(Mutex::new(Books { kept, ..Books::default() }));
        Arc::clone(all.entry(project).or_insert_with(new))
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
            self.runs.extend(some);
        }
        self.follow(tx, head.position)?;
        if self.ends_at(head) {
            return Ok(());
        }
        let (found, expected) = (self.state.position().0, head.position.0);
        Err(Broken(format!("the journal reads on to {found} and should end at {expected}, by its hash"))
            .into())
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
            self.runs.push(ids.run.clone());
            self.indexed = position;
        }
        let accounts = self.overdue(moved.len());
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
        }
    }

    /// Accounts that have lagged for long enough; as many at most as keep their number from growing.
    fn overdue(&mut self, moved: usize) -> Vec<usize> {
        let position = self.state.position().0;
        let (mut due, most) = (Vec::new(), 2 * moved + 64);
        while due.len() < most
            && let Some((since, place)) = self.lagging.front().copied()
            && position - since.0 >= u64::from(self.kept)
        {
            self.lagging.pop_front();
            if let Some(lags) = self.lags_since.get_mut(place) {
                *lags = Position::NOWHERE;
            }
            due.push(place);
        }
        due
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
