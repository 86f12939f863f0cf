//! What callers look at: balances at any time, statements, transactions with their legs, and the proof that all adds up.

use contracts::{ProjectId, Timestamp, TransactionId};
use kernel::store::{Json, Scope, Store, StoreError, Tx};
use serde_json::Map;

use crate::books::{Books, Shelf};
use crate::commands::batch::Turn;
use crate::domain::{Account, Address, Balances, Difference, Entry, Hash, Item, Position, Reference, Replay};
use crate::error::Error;
use crate::store::{self, Line, PeriodRow, Places, TransactionKind, TransactionRow};

/// A transaction with its legs.
#[derive(Clone, Debug)]
pub struct Record {
    /// The transaction.
    pub row: TransactionRow,
    /// What it did, in its order.
    pub legs: Vec<Entry>,
    /// How much of it went back.
    pub reversed: i64,
    /// The accounts as it left them, where it was just made.
    pub accounts: Vec<Account>,
}

/// What verifying one project's ledger has found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The project.
    pub project: ProjectId,
    /// How many entries were replayed.
    pub entries: u64,
    /// How many accounts were compared.
    pub accounts: u64,
    /// How many sealed periods were compared.
    pub periods: u64,
    /// What is wrong; nothing, where all adds up.
    pub differences: Vec<Difference>,
}

/// One account as it is now.
pub fn account(tx: &mut Tx<'_>, address: &Address) -> Result<Account, Error> {
    Shelf::look(tx, |tx, books| {
        books.know_accounts(tx, std::iter::once(address))?;
        books.state.account(address).cloned().ok_or(Error::Absent("account"))
    })
}

/// Accounts after one, by address, as they are now.
pub fn accounts(tx: &mut Tx<'_>, after: Option<&Address>, limit: u32) -> Result<Vec<Account>, Error> {
    Shelf::look(tx, |tx, books| {
        let mut accounts = store::accounts(tx, after, limit)?;
        for account in &mut accounts {
            if let Some(latest) = books.state.account(&account.address) {
                account.set_standing(latest.standing());
            }
        }
        Ok(accounts)
    })
}

/// An account, and its columns at a time.
pub fn balance(
    tx: &mut Tx<'_>,
    address: &Address,
    at: Option<Timestamp>,
) -> Result<(Account, Balances), Error> {
    let account = account(tx, address)?;
    let balances = match at {
        None => account.balances,
        Some(at) => store::at_time(tx, &account, at)?.as_ref().map(after).unwrap_or_default(),
    };
    Ok((account, balances))
}

/// The columns of the account of a statement's line after it.
pub fn after(line: &Line) -> Balances {
    if line.gave { line.entry.debit_after } else { line.entry.credit_after }
}

/// Entries of an account, newest first.
pub fn statement(
    tx: &mut Tx<'_>,
    address: &Address,
    before: Option<Position>,
    span: (Timestamp, Timestamp),
    limit: u32,
) -> Result<(Account, Vec<Line>), Error> {
    let account = account(tx, address)?;
    let lines = store::statement(tx, &account, before, span, limit)?;
    Ok((account, lines))
}

/// What was done under an id.
pub fn transfer(tx: &mut Tx<'_>, id: TransactionId) -> Result<Entry, Error> {
    entry(tx, id)?.ok_or(Error::Absent("transfer"))
}

fn entry(tx: &mut Tx<'_>, id: TransactionId) -> Result<Option<Entry>, Error> {
    Shelf::look(tx, |tx, books| Ok(done_under(tx, books, id)?))
}

fn done_under(tx: &mut Tx<'_>, books: &Books, id: TransactionId) -> Result<Option<Entry>, StoreError> {
    let item = books.item(tx, &mut Places::default(), id)?;
    Ok(item.as_ref().and_then(Item::entry).cloned())
}

/// A transaction, or the one that a transfer of this id is a leg of, or that transfer as one of its own.
pub fn transaction(tx: &mut Tx<'_>, id: TransactionId) -> Result<Option<Record>, Error> {
    match store::transaction(tx, id)? {
        Some(row) => Ok(Some(record(tx, row)?)),
        None => match entry(tx, id)? {
            Some(entry) => Ok(Some(of_leg(tx, entry)?)),
            None => Ok(None),
        },
    }
}

/// The same for a command that has the turn.
pub fn made(tx: &mut Tx<'_>, turn: &Turn, id: TransactionId) -> Result<Option<Record>, StoreError> {
    match store::transaction(tx, id)? {
        Some(row) => record(tx, row).map(Some),
        None => match done_under(tx, turn.books(), id)? {
            Some(entry) => of_leg(tx, entry).map(Some),
            None => Ok(None),
        },
    }
}

fn of_leg(tx: &mut Tx<'_>, entry: Entry) -> Result<Record, StoreError> {
    if let Some(row) = store::transaction_at(tx, entry.position)? {
        return record(tx, row);
    }
    let row = TransactionRow {
        id: entry.id,
        kind: TransactionKind::Made,
        reference: None,
        description: None,
        metadata: Json(Map::new()),
        payment_id: entry.payment,
        reverses: None,
        first_position: entry.position,
        legs: 1,
        made_at: entry.at,
    };
    let reversed = store::reversed(tx, entry.id)?;
    Ok(Record { row, legs: vec![entry], reversed, accounts: Vec::new() })
}

/// Transactions before one, newest first, without their legs; of a reference the one that has it.
pub fn transactions(
    tx: &mut Tx<'_>,
    reference: Option<&Reference>,
    before: Option<TransactionId>,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    let rows = match reference {
        Some(reference) => {
            let named = store::transaction_by_reference(tx, reference)?;
            named.into_iter().filter(|row| before.is_none_or(|before| row.id < before)).collect()
        }
        None => store::transactions(tx, before, limit)?,
    };
    Ok(rows
        .into_iter()
        .map(|row| Record { row, legs: Vec::new(), reversed: 0, accounts: Vec::new() })
        .collect())
}

fn record(tx: &mut Tx<'_>, row: TransactionRow) -> Result<Record, StoreError> {
    let legs = store::entries_from(tx, row.first_position, row.legs)?;
    let reversed = store::reversed(tx, row.id)?;
    Ok(Record { row, legs, reversed, accounts: Vec::new() })
}

/// Replays the journals of all projects and compares every balance with what is kept; each project on one snapshot.
pub async fn verify(store: &Store) -> Result<Vec<Report>, StoreError> {
    let mut reports = Vec::new();
    let mut after = None;
    loop {
        let some = move |tx: &mut Tx<'_>| store::projects(tx, after, PROJECTS_AT_A_TIME);
        let projects = store.read::<_, StoreError, _>(Scope::System("verifying the ledger"), some).await?;
        let Some(last) = projects.last() else { return Ok(reports) };
        after = Some(*last);
        for project in projects {
            reports.push(store.read(Scope::Project(project), verify_one).await?);
        }
    }
}

const PROJECTS_AT_A_TIME: u32 = 500;
const ROWS_AT_A_TIME: u32 = 1_000;

/// Replays the journal of one project and compares every balance with what is kept.
pub fn verify_one(tx: &mut Tx<'_>) -> Result<Report, StoreError> {
    let periods = sealed(tx)?;
    let root = |period: &PeriodRow| {
        // A root of another length is no root of ours; nothing hashes to it.
        let bytes = period.root.0.as_slice().try_into().unwrap_or([0xff; 32]);
        (period.last_position, Hash(bytes))
    };
    let mut replay = Replay::against(periods.iter().map(root));
    let (mut accounts, mut last) = (0, None);
    loop {
        let some = store::accounts(tx, last.as_ref(), ROWS_AT_A_TIME)?;
        let Some(account) = some.last() else { break };
        last = Some(account.address.clone());
        accounts += some.len() as u64;
        some.into_iter().for_each(|account| replay.compare(account));
    }
    let mut position = Position::NOWHERE;
    loop {
        let chunks = store::chunks(tx, position, ROWS_AT_A_TIME)?;
        let Some(chunk) = chunks.last() else { break };
        position = chunk.first;
        chunks.iter().for_each(|chunk| replay.take(chunk));
    }
    let entries = replay.entries();
    let nothing = (Position::NOWHERE, Hash::OF_NOTHING, Position::NOWHERE);
    let (end, hash, base) = store::head(tx)?.map_or(nothing, |head| (head.position, head.hash, head.base));
    let differences = replay.end(end, hash, base);
    Ok(Report { project: tx.project()?, entries, accounts, periods: periods.len() as u64, differences })
}

fn sealed(tx: &mut Tx<'_>) -> Result<Vec<PeriodRow>, StoreError> {
    let mut all: Vec<PeriodRow> = Vec::new();
    loop {
        let mut some = store::periods(tx, all.last().map(|period| period.number), ROWS_AT_A_TIME)?;
        if some.is_empty() {
            return Ok(all);
        }
        all.append(&mut some);
    }
}
