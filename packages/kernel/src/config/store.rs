//! The SQL of live settings: what was heard last of each scope, in the order in which it was kept.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::params;
use crate::store::{Json, StoreError, Tx};

/// Values as they were heard, with secret ones sealed.
pub(super) type Heard = BTreeMap<String, String>;

/// What was heard last of one scope.
#[derive(Deserialize)]
pub(super) struct Kept {
    /// A project, or nothing for all of them.
    pub scope: String,
    /// The registry's revision.
    pub revision: u64,
    /// Rises with every change of the table.
    pub turn: i64,
    /// The values.
    pub texts: Json<Heard>,
}

/// What is kept of one scope.
pub(super) fn find(tx: &mut Tx<'_>, scope: &str) -> Result<Option<Kept>, StoreError> {
    tx.row("select scope, revision, turn, texts from live_settings where scope = $1", params![scope])
}

/// What was kept after `turn`, earliest first.
pub(super) fn since(tx: &mut Tx<'_>, turn: i64, limit: u32) -> Result<Vec<Kept>, StoreError> {
    tx.rows(
        "select scope, revision, turn, texts from live_settings where turn > $1 order by turn limit $2",
        params![turn, limit],
    )
}

/// Waits for the transaction that is keeping something now, where the engine has more than one writer.
pub(super) fn behind_the_last(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.lock_rows::<i64>("select turn from live_turns where id = 1", params![]).map(drop)
}

/// The next turn. Of two transactions at once the second waits, so that turns are committed in their order.
pub(super) fn next_turn(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    tx.one(
        "insert into live_turns (id, turn) values (1, 1)
         on conflict (id) do update set turn = live_turns.turn + 1 returning turn",
        params![],
    )
}

/// Keeps what was heard of a scope.
pub(super) fn keep(tx: &mut Tx<'_>, kept: &Kept) -> Result<(), StoreError> {
    tx.run(
        "insert into live_settings (scope, revision, turn, texts) values ($1, $2, $3, $4)
         on conflict (scope) do update
           set revision = excluded.revision, turn = excluded.turn, texts = excluded.texts",
        params![kept.scope, kept.revision, kept.turn, kept.texts],
    )
    .map(drop)
}
