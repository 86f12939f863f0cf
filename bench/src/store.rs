//! The store alone: `Store::write` from a crowd, beside the same statements on bare SQLite.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kernel::store::{Engine, Scope, Store, StoreError};
use kernel::testing::Place;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::bare::Embedded;
use crate::contest::{Tally, take_turns};
use crate::results::{Row, per_second, quantiles, ratio};
use crate::{Failure, shop};

const CROWD: u64 = 64;
/// What one commit of the baseline holds: as many as the crowd can have waiting.
const GROUP: u64 = 64;

/// Measures and keeps the row.
pub fn measure(time: Duration) -> Result<(), Failure> {
    let place = Place::sqlite();
    let bare_place = Place::sqlite();
    let Engine::Sqlite { directory } = &bare_place.engine else { return Err("no files".into()) };
    let store = Store::open("shop", place.engine.clone(), shop::MIGRATIONS, shop::surroundings()?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(shop::open_shop(&store))?;
    let bare = RefCell::new(Embedded::shop(&directory.join("bare.db"))?);
    let [ours, alone, grouped] = take_turns(
        time,
        [
            Box::new(|turn| crowd(&runtime, &store, turn)),
            Box::new(|turn| bare.borrow_mut().run(turn, 1)),
            Box::new(|turn| bare.borrow_mut().run(turn, GROUP)),
        ],
    )?;
    store.close();
    Row {
        what: format!("store, embedded: one select, two inserts, {CROWD} at once"),
        figure: per_second(&ours),
        baseline: format!(
            "rusqlite, {GROUP} to a commit {}, one {}",
            per_second(&grouped),
            per_second(&alone)
        ),
        ratio: ratio(ours.rate(), grouped.rate()),
        quantiles: quantiles(&ours.latencies),
    }
    .keep()
}

fn crowd(runtime: &Runtime, store: &Store, time: Duration) -> Result<Tally, Failure> {
    let started = Instant::now();
    let (over, numbers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut all = Tally::default();
    runtime.block_on(async {
        let mut crowd = JoinSet::new();
        for _ in 0..CROWD {
            crowd.spawn(orders(store.clone(), Arc::clone(&over), Arc::clone(&numbers)));
        }
        tokio::time::sleep(time).await;
        over.store(true, Ordering::Relaxed);
        while let Some(part) = crowd.join_next().await {
            all.add_beside(&part??);
        }
        all.took = started.elapsed();
        Ok(all)
    })
}

async fn orders(store: Store, over: Arc<AtomicBool>, numbers: Arc<AtomicU64>) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    while !over.load(Ordering::Relaxed) {
        let before = Instant::now();
        let sku = shop::sku(numbers.fetch_add(1, Ordering::Relaxed));
        store.write(Scope::Project(shop::project()), move |tx| shop::place(tx, &sku).map(drop)).await?;
        tally.latencies.record(before.elapsed());
        tally.done += 1;
    }
    Ok(tally)
}
