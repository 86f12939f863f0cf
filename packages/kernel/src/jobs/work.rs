//! The worker: picks fairly, leases, keeps so many calls going and no more, and wakes when there is work.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::{JobId, Timestamp};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::firing;
use super::registry::{Jobs, Work};
use super::run;
use super::store::{self, Fenced, Leased, Pick};
use crate::store::{Scope, Store, StoreError, Tx};

/// Inside jobs share a transaction; so many at once keep it short.
const BATCH_MAX: usize = 256;
const EXPIRED_MAX: u32 = 50;
/// To pick fairly is to look at all jobs that are due. Behind a long queue so many more are picked at once, and
/// they last for some times as long as the picking took: it costs a fifth of the time at most, and who is new
/// waits no longer than that.
const HAND_MAX: usize = 4_096;
const HAND_TIMES: u32 = 4;
const HAND_TIME_MAX: Duration = Duration::from_secs(1);
/// Polling for jobs of other processes: quick after one came, patient when none do.
const POLL_MIN: Duration = Duration::from_millis(5);
const POLL_MAX: Duration = Duration::from_millis(500);
const TROUBLE_PAUSE: Duration = Duration::from_millis(500);

/// The two kinds of work of a queue stand in two lanes, so that neither waits for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// A batch at a time.
    Inside,
    /// A call a permit.
    Outside,
}

/// Jobs that are picked together.
struct Lane {
    queue: &'static str,
    way: Way,
    /// `,a,b,`
    kinds: String,
    /// The longest of its kinds' leases.
    lease: Duration,
    permits: Arc<Semaphore>,
    last_project: String,
    /// Picked and not leased yet, the next one last.
    hand: Vec<Pick>,
    hand_until: Instant,
}

/// What one process does at a time.
pub(super) struct Floor {
    store: Store,
    jobs: Arc<Jobs>,
    lanes: Vec<Lane>,
    running: JoinSet<()>,
    next_firing: Option<Timestamp>,
}

/// What a look at the lanes showed.
#[derive(Default)]
struct Seen {
    /// By the number of their lane.
    picks: Vec<(usize, Vec<Pick>)>,
    expired: Vec<Leased>,
    next_due: Option<Timestamp>,
}

/// What one round came to.
pub(super) struct Round {
    /// Jobs begun or taken from silent workers, and schedules fired.
    pub worked: usize,
    /// When there will be something to do, as far as is known.
    pub next: Option<Timestamp>,
}

/// Does the jobs of a service until `stop` says so; then waits for what it has begun.
pub async fn work(store: Store, jobs: Arc<Jobs>, mut stop: watch::Receiver<bool>) {
    if jobs.is_empty() {
        return;
    }
    let mut enqueued = store.jobs_enqueued();
    let mut floor = Floor::new(store, jobs);
    let mut pause = POLL_MIN;
    // A sender that is gone says stop, too.
    while !*stop.borrow() && stop.has_changed().is_ok() {
        let patience = match floor.round().await {
            Ok(Round { worked: 1.., .. }) => {
                pause = POLL_MIN;
                continue;
            }
            Ok(Round { next: Some(next), .. }) => pause.min(next.duration_since(floor.store.clock().now())),
            Ok(_) => pause,
            Err(error) => {
                tracing::warn!(service = floor.store.service(), error = %error, "jobs cannot be done now");
                tokio::select! { _ = stop.changed() => {}, () = tokio::time::sleep(TROUBLE_PAUSE) => {} }
                continue;
            }
        };
        tokio::select! {
            _ = stop.changed() => {}
            _ = enqueued.changed() => pause = POLL_MIN,
            Some(_) = floor.running.join_next() => pause = POLL_MIN,
            () = tokio::time::sleep(patience) => pause = (pause * 2).min(POLL_MAX),
        }
    }
    floor.finish().await;
}

/// Does one round and waits for its calls; returns how much there was to do. For tests, which hold the clock.
pub async fn work_once(store: &Store, jobs: &Arc<Jobs>) -> Result<usize, StoreError> {
    let mut floor = Floor::new(store.clone(), Arc::clone(jobs));
    let round = floor.round().await?;
    floor.finish().await;
    Ok(round.worked)
}

impl Lane {
    /// How many jobs it can begin now.
    fn room(&self) -> usize {
        match self.way {
            Way::Inside => self.permits.available_permits() * BATCH_MAX,
            Way::Outside => self.permits.available_permits().min(BATCH_MAX),
        }
    }
}

impl Floor {
    pub fn new(store: Store, jobs: Arc<Jobs>) -> Self {
        let mut lanes: BTreeMap<(&'static str, Way), Lane> = BTreeMap::new();
        for (name, kind) in jobs.kinds() {
            let (way, permits) = match kind.work {
                Work::Inside(_) => (Way::Inside, 1),
                Work::Outside { .. } => (Way::Outside, jobs.calls_max(kind.queue)),
            };
            let lane = lanes.entry((kind.queue, way)).or_insert_with(|| Lane {
                queue: kind.queue,
                way,
                kinds: ",".to_owned(),
                lease: Duration::ZERO,
                permits: Arc::new(Semaphore::new(permits)),
                last_project: String::new(),
                hand: Vec::new(),
                hand_until: Instant::now(),
            });
            lane.kinds += name;
            lane.kinds.push(',');
            lane.lease = lane.lease.max(kind.policy.lease);
        }
        let lanes = lanes.into_values().collect();
        Self { store, jobs, lanes, running: JoinSet::new(), next_firing: Some(Timestamp::MIN) }
    }

    /// Fires what is due, takes jobs from silent workers, and begins as many jobs as there is room for.
    pub async fn round(&mut self) -> Result<Round, StoreError> {
        while self.running.try_join_next().is_some() {}
        let mut worked = 0;
        if self.next_firing.is_some_and(|at| at <= self.store.clock().now()) {
            let fired = firing::fire_due(&self.store, &self.jobs).await?;
            worked += fired.count;
            self.next_firing = fired.next;
        }
        let seen = self.look().await?;
        worked += seen.expired.len();
        for job in seen.expired {
            run::take_away(&self.store, &self.jobs, job).await;
        }
        for lane in 0..self.lanes.len() {
            worked += self.begin(lane).await?;
        }
        let next = [seen.next_due, self.next_firing].into_iter().flatten().min();
        Ok(Round { worked, next })
    }

    /// Waits for all that was begun.
    pub async fn finish(&mut self) {
        while self.running.join_next().await.is_some() {}
    }

    /// One read for all lanes: an idle worker writes nothing.
    async fn look(&mut self) -> Result<Seen, StoreError> {
        let started = Instant::now();
        let mut wanted = Vec::new();
        for (at, lane) in self.lanes.iter_mut().enumerate() {
            if lane.hand_until <= started {
                lane.hand.clear();
            }
            let picks_max = match lane.room() {
                0 => 0,
                _ if !lane.hand.is_empty() => continue,
                room => room + HAND_MAX,
            };
            wanted.push((at, lane.queue, lane.kinds.clone(), lane.last_project.clone(), picks_max));
        }
        if wanted.is_empty() {
            return Ok(Seen::default());
        }
        let look = move |tx: &mut Tx<'_>| {
            let mut seen = Seen::default();
            for (at, queue, kinds, last_project, picks_max) in &wanted {
                seen.expired.extend(store::expired(tx, queue, kinds, EXPIRED_MAX)?);
                if *picks_max == 0 {
                    continue;
                }
                let picks = store::pick(tx, queue, kinds, last_project, *picks_max)?;
                if picks.is_empty() {
                    let due = store::next_due(tx, queue)?;
                    seen.next_due = [seen.next_due, due].into_iter().flatten().min();
                }
                seen.picks.push((*at, picks));
            }
            Ok::<_, StoreError>(seen)
        };
        let mut seen = self.store.read(Scope::System("looking for jobs"), look).await?;
        let lasts = started.elapsed().saturating_mul(HAND_TIMES).min(HAND_TIME_MAX);
        for (at, mut picks) in seen.picks.drain(..) {
            picks.reverse();
            self.lanes[at].hand = picks;
            self.lanes[at].hand_until = Instant::now() + lasts;
        }
        Ok(seen)
    }

    /// Leases what the lane has room for and begins it; returns how many another worker had not taken.
    async fn begin(&mut self, lane: usize) -> Result<usize, StoreError> {
        let lane = &mut self.lanes[lane];
        let rest = lane.hand.len().saturating_sub(lane.room());
        let mut picks = lane.hand.split_off(rest);
        picks.reverse();
        let Some(last) = picks.last() else { return Ok(0) };
        lane.last_project.clone_from(&last.project_id);
        let (picks, lease) = (Arc::new(picks), lane.lease);
        let wanted = picks.len();
        let claimed =
            self.store.write(Scope::System("leasing jobs"), move |tx| claim(tx, &picks, lease)).await?;
        let count = claimed.len();
        if count < wanted {
            // Another worker holds the same hand.
            lane.hand.clear();
        }
        let (store, jobs) = (&self.store, &self.jobs);
        match lane.way {
            Way::Inside if claimed.is_empty() => {}
            Way::Inside => {
                let permit = Arc::clone(&lane.permits).try_acquire_owned();
                let batch = run::run_inside(store.clone(), Arc::clone(jobs), claimed);
                self.running.spawn(async move {
                    let _permit = permit;
                    batch.await;
                });
            }
            Way::Outside => {
                for job in claimed {
                    // There were as many permits as were picked, and only this floor takes them.
                    let permit = Arc::clone(&lane.permits).try_acquire_owned();
                    let call = run::run_outside(store.clone(), Arc::clone(jobs), job);
                    self.running.spawn(async move {
                        let _permit = permit;
                        call.await;
                    });
                }
            }
        }
        Ok(count)
    }
}

/// Leases what is still as it was picked, in the order of the picks.
fn claim(tx: &mut Tx<'_>, picks: &[Pick], lease: Duration) -> Result<Vec<Leased>, StoreError> {
    let mut fenced = Fenced::default();
    let mut places: HashMap<JobId, usize> = HashMap::with_capacity(picks.len());
    for (place, pick) in picks.iter().enumerate() {
        fenced.add(pick.id, pick.fence);
        places.insert(pick.id, place);
    }
    let until = tx.now().saturating_add(lease);
    let mut claimed = store::claim(tx, &fenced, until)?;
    let place = |job: &Leased| places.get(&job.id).copied().unwrap_or_default();
    claimed.sort_unstable_by_key(place);
    for job in &mut claimed {
        // The fence is as it was picked, so what the pick says of the last lease still holds.
        job.after_unknown = picks[place(job)].lease_until.is_some();
    }
    Ok(claimed)
}
