//! The statements on the chain: what waits for its seal, leaves and blocks.

use contracts::{AuditRecordId, ProjectId};
use kernel::params;
use kernel::store::{Bytes, StoreError, Tx, Value};
use serde::Deserialize;

use super::whole::{LeafRow, RecordRow, unreadable};
use crate::domain::{Block, Hash, Leaf, Record, Signature};

/// A block as it lies in its table.
#[derive(Debug, Deserialize)]
pub struct BlockRow {
    project_id: String,
    /// Its number, whatever else of it can be read.
    pub number: i64,
    first_seq: i64,
    last_seq: i64,
    root: Bytes,
    head: Bytes,
    previous: Bytes,
    hash: Bytes,
    sealed_at: i64,
    key_id: String,
    signature: Bytes,
}

impl BlockRow {
    /// The block, unless the row makes none.
    pub fn read(self) -> Option<Block> {
        Some(Block {
            project_id: self.project_id.parse().ok()?,
            number: self.number.try_into().ok()?,
            first_seq: self.first_seq.try_into().ok()?,
            last_seq: self.last_seq.try_into().ok()?,
            root: Hash::try_from(&*self.root.0).ok()?,
            head: Hash::try_from(&*self.head.0).ok()?,
            previous: Hash::try_from(&*self.previous.0).ok()?,
            hash: Hash::try_from(&*self.hash.0).ok()?,
            sealed_at: super::whole::time(self.sealed_at)?,
            key_id: self.key_id,
            signature: Signature::try_from(&*self.signature.0).ok()?,
        })
    }

    fn sound(self) -> Result<Block, StoreError> {
        let number = self.number;
        self.read().ok_or_else(|| unreadable("block", number))
    }
}

/// The records that wait longest for their seal, of all projects.
pub fn waiting(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<Record>, StoreError> {
    let rows: Vec<RecordRow> = tx.rows(
        "select r.project_id, r.id, r.occurred_at, r.recorded_at, r.class, r.actor, r.action, r.object_kind,
                r.object_id, r.outcome, r.source, r.correlation_id, r.causation, r.subject, r.details
         from unsealed u join records r on r.project_id = u.project_id and r.id = u.record_id
         order by u.record_id limit $1",
        params![limit],
    )?;
    rows.into_iter().map(RecordRow::sound).collect()
}

/// The last block of each project that has records waiting up to `last`.
pub fn last_blocks_of_waiting(tx: &mut Tx<'_>, last: AuditRecordId) -> Result<Vec<Block>, StoreError> {
    let rows: Vec<BlockRow> = tx.rows(
        "select b.project_id, b.number, b.first_seq, b.last_seq, b.root, b.head, b.previous, b.hash, b.sealed_at,
                b.key_id, b.signature
         from (select distinct project_id from unsealed where record_id <= $1) as w
         join blocks b on b.project_id = w.project_id
           and b.number = (select max(number) from blocks where project_id = w.project_id)",
        params![last],
    )?;
    rows.into_iter().map(BlockRow::sound).collect()
}

/// Takes records up to `last` off the list of those that wait; says how many there were.
pub fn forget_waiting(tx: &mut Tx<'_>, last: AuditRecordId) -> Result<u64, StoreError> {
    tx.run("delete from unsealed where record_id <= $1", params![last])
}

/// Takes the turn to lengthen these chains, until the commit.
pub fn take_turns(tx: &mut Tx<'_>, projects: impl Iterator<Item = ProjectId>) -> Result<(), StoreError> {
    let rows: Vec<Vec<Value>> = projects.map(|project| vec![Value::of(&project), Value::Int(1)]).collect();
    tx.run_many(
        "insert into chains (project_id, turns) values ($1, $2)
         on conflict (project_id) do update set turns = chains.turns + 1",
        &rows,
    )
    .map(drop)
}

/// Adds entries to chains.
pub fn insert_leaves(tx: &mut Tx<'_>, leaves: &[(ProjectId, Leaf)]) -> Result<(), StoreError> {
    let rows: Vec<Vec<Value>> = leaves
        .iter()
        .map(|(project, leaf)| {
            params![project, leaf.seq, leaf.record_id, leaf.class, leaf.leaf, leaf.chain].to_vec()
        })
        .collect();
    tx.run_many(
        "insert into leaves (project_id, seq, record_id, class, leaf, chain) values ($1, $2, $3, $4, $5, $6)",
        &rows,
    )
    .map(drop)
}

/// Adds blocks to chains.
pub fn insert_blocks(tx: &mut Tx<'_>, blocks: &[Block]) -> Result<(), StoreError> {
    let rows: Vec<Vec<Value>> = blocks
        .iter()
        .map(|b| {
            params![
                b.project_id,
                b.number,
                b.first_seq,
                b.last_seq,
                b.root,
                b.head,
                b.previous,
                b.hash,
                b.sealed_at,
                b.key_id,
                b.signature
            ]
            .to_vec()
        })
        .collect();
    tx.run_many(
        "insert into blocks (project_id, number, first_seq, last_seq, root, head, previous, hash, sealed_at,
           key_id, signature)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &rows,
    )
    .map(drop)
}

/// The last block of a chain.
pub fn last_block(tx: &mut Tx<'_>, project: ProjectId) -> Result<Option<Block>, StoreError> {
    Ok(blocks_before(tx, project, i64::MAX, 1)?.into_iter().next())
}

/// Blocks with smaller numbers than `before`, the latest first.
pub fn blocks_before(
    tx: &mut Tx<'_>,
    project: ProjectId,
    before: i64,
    limit: u32,
) -> Result<Vec<Block>, StoreError> {
    let rows: Vec<BlockRow> = tx.rows(
        "select project_id, number, first_seq, last_seq, root, head, previous, hash, sealed_at, key_id, signature
         from blocks where project_id = $1 and number < $2 order by number desc limit $3",
        params![project, before, limit],
    )?;
    rows.into_iter().map(BlockRow::sound).collect()
}

/// Blocks with greater numbers than `after`, the earliest first.
pub fn blocks_after(
    tx: &mut Tx<'_>,
    project: ProjectId,
    after: i64,
    limit: u32,
) -> Result<Vec<Block>, StoreError> {
    super::all_blocks(tx, project, after, limit)?.into_iter().map(BlockRow::sound).collect()
}

/// The entry that stands for a record.
pub fn leaf_of(
    tx: &mut Tx<'_>,
    project: ProjectId,
    record: AuditRecordId,
) -> Result<Option<Leaf>, StoreError> {
    let row: Option<LeafRow> = tx.row(
        "select seq, record_id, class, leaf, chain from leaves where project_id = $1 and record_id = $2",
        params![project, record],
    )?;
    row.map(|row| {
        let seq = row.seq;
        row.read().ok_or_else(|| unreadable("entry", seq))
    })
    .transpose()
}

/// The block that holds entry `seq`.
pub fn block_of(tx: &mut Tx<'_>, project: ProjectId, seq: u64) -> Result<Option<Block>, StoreError> {
    let row: Option<BlockRow> = tx.row(
        "select project_id, number, first_seq, last_seq, root, head, previous, hash, sealed_at, key_id, signature
         from blocks where project_id = $1 and last_seq >= $2 order by last_seq limit 1",
        params![project, seq],
    )?;
    row.map(BlockRow::sound).transpose()
}

/// The leaf hashes that a block was made of.
pub fn hashes(tx: &mut Tx<'_>, block: &Block, limit: u32) -> Result<Vec<Hash>, StoreError> {
    let rows: Vec<Bytes> = tx.rows(
        "select leaf from leaves where project_id = $1 and seq >= $2 and seq <= $3 order by seq limit $4",
        params![block.project_id, block.first_seq, block.last_seq, limit],
    )?;
    rows.iter()
        .map(|row| Hash::try_from(&*row.0).map_err(|_| unreadable("entry of block", block.number)))
        .collect()
}
