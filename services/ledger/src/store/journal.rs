//! The statements on the journal: pieces go in and are never changed; an account's entries are found by walking its chain.

use contracts::Timestamp;
use kernel::params;
use kernel::store::{Bytes, StoreError, Tx, Value};
use serde::Deserialize;

use super::unreadable;
use crate::domain::{Account, Address, CHUNK_ITEMS, Checkpoint, Chunk, Entry, Item, Position};

#[derive(Deserialize)]
struct Row {
    first_position: Position,
    made_at: Timestamp,
    body: Bytes,
}

impl From<Row> for Chunk {
    fn from(row: Row) -> Self {
        Self { first: row.first_position, at: row.made_at, body: row.body.0 }
    }
}

/// An entry as one account sees it.
#[derive(Clone, Debug)]
pub struct Line {
    /// The entry.
    pub entry: Entry,
    /// The account was the one that gave.
    pub gave: bool,
}

/// Pieces that begin after a position, in their order.
pub fn chunks(tx: &mut Tx<'_>, after: Position, limit: u32) -> Result<Vec<Chunk>, StoreError> {
    let rows: Vec<Row> = tx.rows(
        "select first_position, made_at, body from journal where project_id = $1 and first_position > $2
         order by first_position limit $3",
        params![tx.project()?, after, limit],
    )?;
    Ok(rows.into_iter().map(Chunk::from).collect())
}

/// Adds pieces to the journal.
pub fn insert_chunks(tx: &mut Tx<'_>, chunks: Vec<Chunk>) -> Result<(), StoreError> {
    let project = Value::of(&tx.project()?);
    let row = |chunk: Chunk| {
        vec![project.clone(), Value::of(&chunk.first), Value::of(&chunk.at), Value::Bytes(chunk.body)]
    };
    let rows: Vec<Vec<Value>> = chunks.into_iter().map(row).collect();
    tx.run_many(
        "insert into journal (project_id, first_position, made_at, body) values ($1, $2, $3, $4)",
        &rows,
    )
    .map(drop)
}

/// Reads single items; neighbours are read together.
#[derive(Default)]
pub struct Places {
    items: Vec<Item>,
}

impl Places {
    /// What stands at a position.
    pub fn item(&mut self, tx: &mut Tx<'_>, position: Position) -> Result<Option<Item>, StoreError> {
        let find = |items: &[Item]| {
            let at = items.binary_search_by_key(&position, Item::position).ok()?;
            items.get(at).cloned()
        };
        if let Some(item) = find(&self.items) {
            return Ok(Some(item));
        }
        let earliest = Position(position.0.saturating_sub(CHUNK_ITEMS as u64));
        let row: Option<Row> = tx.row(
            "select first_position, made_at, body from journal
             where project_id = $1 and first_position > $2 and first_position <= $3
             order by first_position desc limit 1",
            params![tx.project()?, earliest, position],
        )?;
        let Some(row) = row else { return Ok(None) };
        self.items = items(&Chunk::from(row))?;
        Ok(find(&self.items))
    }

    fn entry(&mut self, tx: &mut Tx<'_>, position: Position) -> Result<Option<Entry>, StoreError> {
        Ok(self.item(tx, position)?.as_ref().and_then(Item::entry).cloned())
    }
}

/// The items of a piece.
pub fn items(chunk: &Chunk) -> Result<Vec<Item>, StoreError> {
    chunk.items().map_err(|_| unreadable("piece of the journal"))
}

/// Consecutive entries from a position on.
pub fn entries_from(tx: &mut Tx<'_>, first: Position, count: u32) -> Result<Vec<Entry>, StoreError> {
    let mut places = Places::default();
    let mut entries = Vec::new();
    for position in (first.0..).take(count as usize) {
        entries.extend(places.entry(tx, Position(position))?);
    }
    Ok(entries)
}

/// Stores marks.
pub fn insert_checkpoints(tx: &mut Tx<'_>, marks: &[Checkpoint]) -> Result<(), StoreError> {
    let project = tx.project()?;
    let rows: Vec<Vec<Value>> =
        marks.iter().map(|mark| params![project, mark.account, mark.at, mark.position].to_vec()).collect();
    tx.run_many(
        "insert into checkpoints (project_id, account, made_at, position) values ($1, $2, $3, $4)",
        &rows,
    )
    .map(drop)
}

/// Where to start walking back to a time: the first mark after it, or the account's head.
fn start(tx: &mut Tx<'_>, account: &Account, until: Timestamp) -> Result<Position, StoreError> {
    let mark: Option<Position> = tx.row(
        "select position from checkpoints where project_id = $1 and account = $2 and made_at > $3
         order by made_at, position limit 1",
        params![tx.project()?, account.address, until],
    )?;
    Ok(mark.unwrap_or(account.head))
}

/// The last entry of an account that was made at a time or before; the chain is walked from the mark after it.
pub fn at_time(tx: &mut Tx<'_>, account: &Account, until: Timestamp) -> Result<Option<Line>, StoreError> {
    let mut places = Places::default();
    let mut position = start(tx, account, until)?;
    while let Some(line) = line(tx, &mut places, &account.address, position)? {
        if line.entry.at <= until {
            return Ok(Some(line));
        }
        position = line.entry.previous(&account.address);
    }
    Ok(None)
}

/// Entries of an account, newest first: before a position, or the last at a time; none older than `from`.
pub fn statement(
    tx: &mut Tx<'_>,
    account: &Account,
    before: Option<Position>,
    (from, until): (Timestamp, Timestamp),
    limit: u32,
) -> Result<Vec<Line>, StoreError> {
    let mut places = Places::default();
    let mut position = match before {
        Some(position) => line(tx, &mut places, &account.address, position)?
            .map_or(Position::NOWHERE, |line| line.entry.previous(&account.address)),
        None => at_time(tx, account, until)?.map_or(Position::NOWHERE, |line| line.entry.position),
    };
    let mut lines = Vec::new();
    while lines.len() < limit as usize
        && let Some(line) = line(tx, &mut places, &account.address, position)?
        && line.entry.at >= from
    {
        position = line.entry.previous(&account.address);
        lines.push(line);
    }
    Ok(lines)
}

/// The entry at a position, if it is about this account.
fn line(
    tx: &mut Tx<'_>,
    places: &mut Places,
    account: &Address,
    position: Position,
) -> Result<Option<Line>, StoreError> {
    if position == Position::NOWHERE {
        return Ok(None);
    }
    let entry = places.entry(tx, position)?;
    let mine = entry.filter(|entry| entry.debit == *account || entry.credit == *account);
    Ok(mine.map(|entry| Line { gave: entry.debit == *account, entry }))
}
