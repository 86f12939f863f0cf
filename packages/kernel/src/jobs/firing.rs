//! Schedules fire once among all processes: the move to the next time is the permission to fire.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use contracts::Timestamp;

use super::registry::{Firing, Jobs};
use super::store;
use crate::store::{Scope, Store, StoreError, Tx};

/// A firing that failed is tried again so soon.
const AGAIN: Duration = Duration::from_secs(60);

/// What a look at the schedules came to.
pub(super) struct Fired {
    pub count: usize,
    pub next: Option<Timestamp>,
}

/// Fires the schedules that are due. Firings missed while nobody worked are one; then it goes on from now.
pub(super) async fn fire_due(store: &Store, jobs: &Arc<Jobs>) -> Result<Fired, StoreError> {
    let mut fired = Fired { count: 0, next: None };
    if jobs.schedules().is_empty() {
        return Ok(fired);
    }
    let stored: HashMap<String, Timestamp> =
        store.read(Scope::System("reading schedules"), store::schedules).await?.into_iter().collect();
    for (at, firing) in jobs.schedules().iter().enumerate() {
        let known = stored.get(firing.name).copied();
        let next = firing.schedule.next_after(store.clock().now());
        // A schedule that was made quicker does not wait for its old time.
        let due = known.is_some_and(|known| known <= store.clock().now());
        if !due && known.is_some_and(|known| known <= next) {
            fired.next = [fired.next, known].into_iter().flatten().min();
            continue;
        }
        let jobs = Arc::clone(jobs);
        let (count, next) = store
            .write(Scope::System("a schedule"), move |tx| {
                let firing = &jobs.schedules()[at];
                match known {
                    Some(known) if known <= tx.now() => fire(tx, firing, known),
                    _ => plan(tx, firing, known),
                }
            })
            .await?;
        fired.count += count;
        fired.next = [fired.next, Some(next)].into_iter().flatten().min();
    }
    Ok(fired)
}

/// Writes when a schedule fires next that is new, or quicker than it was.
fn plan(
    tx: &mut Tx<'_>,
    firing: &Firing,
    known: Option<Timestamp>,
) -> Result<(usize, Timestamp), StoreError> {
    let next = firing.schedule.next_after(tx.now());
    match known {
        Some(known) => store::move_schedule(tx, firing.name, known, next)?,
        None => store::add_schedule(tx, firing.name, next)?,
    };
    Ok((0, next))
}

fn fire(tx: &mut Tx<'_>, firing: &Firing, known: Timestamp) -> Result<(usize, Timestamp), StoreError> {
    let next = firing.schedule.next_after(tx.now());
    if store::move_schedule(tx, firing.name, known, next)? == 0 {
        return Ok((0, next));
    }
    let Some(error) = tx.attempt(|tx| (firing.run)(tx))?.err() else { return Ok((1, next)) };
    tracing::warn!(schedule = firing.name, error = %error, "a schedule failed; it fires again soon");
    let again = next.min(tx.now().saturating_add(AGAIN));
    store::move_schedule(tx, firing.name, next, again)?;
    Ok((0, again))
}
