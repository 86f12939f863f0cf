//! Where a project's journal ends, and whose turn it is to go on with it.

use contracts::{ProjectId, Timestamp};
use kernel::params;
use kernel::store::{Bytes, StoreError, Tx};
use serde::Deserialize;

use super::unreadable;
use crate::domain::{Hash, Position};

/// Where a journal ends.
#[derive(Clone, Debug)]
pub struct Head {
    /// The last item.
    pub position: Position,
    /// The hash of all pieces.
    pub hash: Hash,
    /// When the last item was made.
    pub latest_at: Timestamp,
    /// Another one whenever an account is frozen or closed, or no longer.
    pub marks: String,
    /// Ids of items up to here stand in the index.
    pub indexed: Position,
    /// Stored balances know all up to here at least.
    pub base: Position,
    /// The hash of all pieces up to there.
    pub base_hash: Hash,
    /// Why nothing is taken any more.
    pub stopped: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    position: Position,
    hash: Bytes,
    latest_at: Timestamp,
    marks: String,
    indexed: Position,
    base: Position,
    base_hash: Bytes,
    stopped: Option<String>,
}

impl TryFrom<Row> for Head {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let Row { position, hash, latest_at, marks, indexed, base, base_hash, stopped } = row;
        let hash_of = |bytes: Bytes| bytes.0.try_into().map(Hash).map_err(|_| unreadable("hash"));
        let (hash, base_hash) = (hash_of(hash)?, hash_of(base_hash)?);
        Ok(Self { position, hash, latest_at, marks, indexed, base, base_hash, stopped })
    }
}

macro_rules! head_of {
    () => {
        "select position, hash, latest_at, marks, indexed, base, base_hash, stopped from heads where project_id = $1"
    };
}

/// Takes the project's turn until the commit: whoever else wants it waits, and then starts again with what it finds.
pub fn take_turn(tx: &mut Tx<'_>) -> Result<Head, StoreError> {
    let project = tx.project()?;
    let found: Vec<Row> = tx.lock_rows(head_of!(), params![project])?;
    if let Some(row) = found.into_iter().next() {
        return row.try_into();
    }
    let nothing = Bytes(Hash::OF_NOTHING.0.to_vec());
    let row: Row = tx.one(
        "insert into heads (project_id, position, hash, latest_at, marks, indexed, base, base_hash)
         values ($1, 0, $2, $3, '', 0, 0, $2)
         on conflict (project_id) do update set position = heads.position
         returning position, hash, latest_at, marks, indexed, base, base_hash, stopped",
        params![project, nothing, tx.now()],
    )?;
    row.try_into()
}

/// Where the journal ends, for reading.
pub fn head(tx: &mut Tx<'_>) -> Result<Option<Head>, StoreError> {
    let row: Option<Row> = tx.row(head_of!(), params![tx.project()?])?;
    row.map(Head::try_from).transpose()
}

/// The journal goes on to here.
pub fn move_head(tx: &mut Tx<'_>, head: &Head) -> Result<(), StoreError> {
    tx.run_versioned(
        "update heads set position = $2, hash = $3, latest_at = $4, marks = $5, indexed = $6, base = $7, base_hash = $8
         where project_id = $1 and position <= $2",
        params![
            tx.project()?,
            head.position,
            Bytes(head.hash.0.to_vec()),
            head.latest_at,
            head.marks,
            head.indexed,
            head.base,
            Bytes(head.base_hash.0.to_vec()),
        ],
    )
}

/// Nothing is taken any more, until a person has found out why.
pub fn stop(tx: &mut Tx<'_>, why: &str) -> Result<(), StoreError> {
    tx.run("update heads set stopped = $2 where project_id = $1", params![tx.project()?, why]).map(drop)
}

/// Projects that have a journal, after one of them; for work of the system.
pub fn projects(tx: &mut Tx<'_>, after: Option<ProjectId>, limit: u32) -> Result<Vec<ProjectId>, StoreError> {
    tx.rows(
        "select project_id from heads where cast($1 as text) is null or project_id > $1
         order by project_id limit $2",
        params![after, limit],
    )
}
