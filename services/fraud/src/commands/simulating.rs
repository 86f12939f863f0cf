//! Replaying the journal with other rules: each payment is judged again by what was known of it then.

use contracts::{Id, Timestamp};
use kernel::store::{Json, Tx};

use super::deciding::verdict;
use super::rule_sets::found;
use crate::domain::rules::Judge;
use crate::domain::tally::{Progress, Tally};
use crate::domain::{DecisionId, SimulationId};
use crate::error::Error;
use crate::jobs::Simulate;
use crate::store::{self, Simulation};

/// So many payments are judged again in one transaction.
const STEP: u32 = 200;

/// Begins a replay of the payments from a time on and before another.
pub fn begin(
    tx: &mut Tx<'_>,
    version: u32,
    from_at: Timestamp,
    to_at: Timestamp,
) -> Result<Simulation, Error> {
    found(tx, version)?.body.0.compile(version).map_err(Error::BadRules)?;
    let simulation = Simulation {
        id: tx.new_id(),
        rule_set_version: version,
        from_at,
        to_at,
        state: Progress::Running,
        place: None,
        tally: Json(Tally::default()),
        asked_at: tx.now(),
        done_at: None,
        version: 1,
    };
    store::insert_simulation(tx, &simulation)?;
    tx.enqueue(&Simulate { simulation: simulation.id })?;
    Ok(simulation)
}

/// Judges the next payments again, and says that there is more to do where there is.
pub fn step(tx: &mut Tx<'_>, id: SimulationId) -> Result<(), Error> {
    let Some(mut simulation) = store::lock_simulation(tx, id)? else { return Ok(()) };
    if simulation.state == Progress::Done {
        return Ok(());
    }
    let set = found(tx, simulation.rule_set_version)?.body.0;
    let judge = Judge::of(set, simulation.rule_set_version);
    let after = simulation.place.unwrap_or_else(|| before(simulation.from_at));
    let decisions = store::decisions_between(tx, after, first(simulation.to_at), STEP)?;
    for decision in &decisions {
        let again = verdict(&decision.evidence.0, &judge, false)?;
        simulation.tally.0.add(&decision.verdict.0, &again);
    }
    simulation.place = decisions.last().map(|last| last.id).or(simulation.place);
    if decisions.len() < STEP as usize {
        simulation.state = Progress::Done;
        simulation.done_at = Some(tx.now());
    } else {
        tx.enqueue(&Simulate { simulation: id })?;
    }
    Ok(store::update_simulation(tx, &simulation)?)
}

/// The first id that a time can give.
fn first(at: Timestamp) -> DecisionId {
    DecisionId::from_parts(u64::try_from(at.as_millis()).unwrap_or_default(), 0)
}

/// The last id before a time.
fn before(at: Timestamp) -> DecisionId {
    DecisionId::from_u128(first(at).as_u128().saturating_sub(1))
}
