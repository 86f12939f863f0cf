//! The statements on replays of the journal.

use contracts::Timestamp;
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

use crate::domain::tally::{Progress, Tally};
use crate::domain::{DecisionId, SimulationId};

/// A replay of the journal with other rules.
#[derive(Clone, Debug, Deserialize)]
pub struct Simulation {
    /// Its id.
    pub id: SimulationId,
    /// The rules.
    pub rule_set_version: u32,
    /// Payments from this time on.
    pub from_at: Timestamp,
    /// Payments before this time.
    pub to_at: Timestamp,
    /// How far it has come.
    pub state: Progress,
    /// The last decision that was looked at.
    pub place: Option<DecisionId>,
    /// What it has found so far.
    pub tally: Json<Tally>,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// How often it was changed.
    pub version: u64,
}

macro_rules! one_simulation {
    () => {
        "select id, rule_set_version, from_at, to_at, state, place, tally, asked_at, done_at, version from simulations
         where project_id = $1 and id = $2"
    };
}

/// Stores a new replay.
pub fn insert_simulation(tx: &mut Tx<'_>, new: &Simulation) -> Result<(), StoreError> {
    tx.run(
        "insert into simulations (project_id, id, rule_set_version, from_at, to_at, state, tally, asked_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            tx.project()?,
            new.id,
            new.rule_set_version,
            new.from_at,
            new.to_at,
            new.state,
            new.tally,
            new.asked_at,
            new.version
        ],
    )
    .map(drop)
}

/// One replay.
pub fn simulation(tx: &mut Tx<'_>, id: SimulationId) -> Result<Option<Simulation>, StoreError> {
    tx.row(one_simulation!(), params![tx.project()?, id])
}

/// One replay, which nobody else changes until the commit.
pub fn lock_simulation(tx: &mut Tx<'_>, id: SimulationId) -> Result<Option<Simulation>, StoreError> {
    Ok(tx.lock_rows(one_simulation!(), params![tx.project()?, id])?.into_iter().next())
}

/// Stores how far a replay has come.
pub fn update_simulation(tx: &mut Tx<'_>, now: &Simulation) -> Result<(), StoreError> {
    tx.run_versioned(
        "update simulations set version = version + 1, state = $4, place = $5, tally = $6, done_at = $7
         where project_id = $1 and id = $2 and version = $3",
        params![tx.project()?, now.id, now.version, now.state, now.place, now.tally, now.done_at],
    )
}
