//! Events from the service that tells to the one that hears, beside bare statements that write the same rows.
//!
//! The lag is from the transaction that tells to the handler; the commit of the handler's batch is not in it.

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use contracts::{Event, Id, OrderId};
use kernel::events::{Handlers, Heard, consume, sequence};
use kernel::params;
use kernel::store::{Engine, Migration, Scope, Store, StoreError, Tx};
use kernel::testing::Place;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::contest::{Latencies, Tally, take_turns};
use crate::results::{Row, per_second, quantiles, ratio};
use crate::{Failure, bare, shop};

const CROWD: u64 = 64;
/// Tellers wait when so many are on their way: a longer line would only be a longer lag.
const ON_THE_WAY_MAX: u64 = 2_048;
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// The calm load at which the lag says how quick the way is, not how long the line.
const CALM_PER_SECOND: u64 = 1_000;
const GROUP: i64 = 64;
const BATCH: i64 = 256;

const TELLER: &[Migration] = &[Migration {
    name: "0001_orders.sql",
    sql: "create table orders (project_id text not null, id text not null, minor bigint not null,
          primary key (project_id, id));",
}];
const HEARER: &[Migration] = &[Migration {
    name: "0001_sales.sql",
    sql: "create table sales (project_id text not null, order_id text not null, minor bigint not null,
          primary key (project_id, order_id));",
}];
const INSERT_ORDER: &str = "insert into orders (project_id, id, minor) values ($1, $2, $3)";
const INSERT_SALE: &str = "insert into sales (project_id, order_id, minor) values ($1, $2, $3)";

/// What is told.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
struct OrderPlaced {
    order_id: OrderId,
    minor: i64,
    told_micros: u64,
}

impl Event for OrderPlaced {
    const TYPE: &'static str = "order.placed";
}

/// Handlers are plain functions, so what they count stands here.
static HEARD: AtomicU64 = AtomicU64::new(0);
static LAGS: Mutex<Latencies> = Mutex::new(Latencies::NONE);
static START: OnceLock<Instant> = OnceLock::new();

fn micros_now() -> u64 {
    START.get_or_init(Instant::now).elapsed().as_micros() as u64
}

fn on_order_placed(tx: &mut Tx<'_>, event: &Heard<'_, OrderPlaced>) -> Result<(), StoreError> {
    tx.run(INSERT_SALE, params![tx.project()?, event.order_id, event.minor])?;
    let lag = Duration::from_micros(micros_now().saturating_sub(event.told_micros));
    LAGS.lock().unwrap_or_else(PoisonError::into_inner).record(lag);
    HEARD.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

async fn tell(store: &Store) -> Result<(), StoreError> {
    store
        .write(Scope::Project(shop::project()), |tx| {
            let order_id: OrderId = tx.new_id();
            let minor = 1_350;
            tx.run(INSERT_ORDER, params![tx.project()?, order_id, minor])?;
            tx.publish(order_id, &OrderPlaced { order_id, minor, told_micros: micros_now() }).map(drop)
        })
        .await
}

/// Two services and what carries events between them.
struct Pair {
    teller: Store,
    hearer: Store,
    stop: watch::Sender<bool>,
    runtime: Runtime,
}

/// Measures and keeps the rows of both engines.
pub fn measure(time: Duration) -> Result<(), Failure> {
    let (place, beside) = (Place::sqlite(), Place::sqlite());
    let Engine::Sqlite { directory } = &beside.engine else { return Err("no files".into()) };
    let mut pipe = Pipe::open(directory)?;
    let bare = |turn| Tally::of_steps(turn, || pipe.carry());
    contest("events, embedded", &place, time, bare, "rusqlite, the same rows in two files")?;
    match Place::postgres() {
        Some(place) => measure_scaled(&place, time),
        None => Ok(()),
    }
}

fn measure_scaled(place: &Place, time: Duration) -> Result<(), Failure> {
    let Engine::Postgres { url, .. } = &place.engine else { return Err("no Postgres".into()) };
    // Its tables are made when the shop's store is opened; only the statements run without it.
    let shop = Store::open("shop", place.engine.clone(), shop::MIGRATIONS, shop::surroundings()?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(shop::open_shop(&shop))?;
    shop.close();
    let mut bare = bare::Scaled::connect(url)?;
    contest(
        "events, Postgres",
        place,
        time,
        |turn| bare.run(turn),
        "bare client, one select and two inserts, nobody hears",
    )
}

fn contest(
    what: &str,
    place: &Place,
    time: Duration,
    bare: impl FnMut(Duration) -> Result<Tally, Failure>,
    baseline: &str,
) -> Result<(), Failure> {
    let pair = RefCell::new(Pair::start(place)?);
    let [ours, bare, calm] = take_turns(
        time,
        [
            Box::new(|turn| pair.borrow_mut().crowd(turn)),
            Box::new(bare),
            Box::new(|turn| pair.borrow_mut().calm(turn)),
        ],
    )?;
    pair.into_inner().end();
    Row {
        what: format!("{what}: told, stored, heard, stored"),
        figure: per_second(&ours),
        baseline: format!("{baseline} {}", per_second(&bare)),
        ratio: ratio(ours.rate(), bare.rate()),
        quantiles: quantiles(&ours.latencies),
    }
    .keep()?;
    Row {
        what: format!("{what}: lag under a calm load"),
        figure: per_second(&calm),
        baseline: format!("{CALM_PER_SECOND}/s told"),
        ratio: ratio(calm.rate(), CALM_PER_SECOND as f64),
        quantiles: quantiles(&calm.latencies),
    }
    .keep()
}

impl Pair {
    fn start(place: &Place) -> Result<Self, Failure> {
        let teller = Store::open("orders", place.engine.clone(), TELLER, shop::surroundings()?)?;
        let hearer = Store::open("sales", place.engine.clone(), HEARER, shop::surroundings()?)?;
        let mut handlers = Handlers::default();
        handlers.hear(on_order_placed);
        let (stop, stopping) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.spawn(sequence(teller.clone(), stopping.clone()));
        runtime.spawn(consume(hearer.clone(), teller.clone(), Arc::new(handlers), stopping));
        Ok(Self { teller, hearer, stop, runtime })
    }

    /// As many as the way carries.
    fn crowd(&mut self, time: Duration) -> Result<Tally, Failure> {
        let teller = self.teller.clone();
        self.turn(async move |heard_before| {
            let until = Instant::now() + time;
            let told = Arc::new(AtomicU64::new(0));
            let mut crowd = JoinSet::new();
            for _ in 0..CROWD {
                let (teller, told) = (teller.clone(), Arc::clone(&told));
                crowd.spawn(async move {
                    while Instant::now() < until {
                        let heard = HEARD.load(Ordering::Relaxed) - heard_before;
                        if told.load(Ordering::Relaxed).saturating_sub(heard) > ON_THE_WAY_MAX {
                            tokio::time::sleep(LOOK_AGAIN).await;
                            continue;
                        }
                        told.fetch_add(1, Ordering::Relaxed);
                        tell(&teller).await?;
                    }
                    Ok::<_, StoreError>(())
                });
            }
            while let Some(ended) = crowd.join_next().await {
                ended??;
            }
            Ok(told.load(Ordering::Relaxed))
        })
    }

    /// One after another, at an even pace.
    fn calm(&mut self, time: Duration) -> Result<Tally, Failure> {
        let teller = self.teller.clone();
        self.turn(async move |_| {
            let pause = Duration::from_secs(1) / CALM_PER_SECOND as u32;
            let count = (time.as_micros() / pause.as_micros()) as u64;
            let mut beat = tokio::time::interval(pause);
            let mut telling = JoinSet::new();
            for _ in 0..count {
                beat.tick().await;
                let teller = teller.clone();
                telling.spawn(async move { tell(&teller).await });
            }
            while let Some(told) = telling.join_next().await {
                told??;
            }
            Ok(count)
        })
    }

    /// Tells, waits until all is heard, and takes what was counted meanwhile.
    fn turn(&mut self, telling: impl AsyncFnOnce(u64) -> Result<u64, Failure>) -> Result<Tally, Failure> {
        let (started, before) = (Instant::now(), HEARD.load(Ordering::Relaxed));
        let lags =
            |fresh| std::mem::replace(&mut *LAGS.lock().unwrap_or_else(PoisonError::into_inner), fresh);
        lags(Latencies::NONE);
        let done = self.runtime.block_on(async {
            let told = telling(before).await?;
            while HEARD.load(Ordering::Relaxed) < before + told {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok::<_, Failure>(told)
        })?;
        Ok(Tally { done, took: started.elapsed(), latencies: lags(Latencies::NONE), ..Tally::default() })
    }

    fn end(self) {
        // Without receivers there is nobody left to stop.
        let _ = self.stop.send(true);
        self.teller.close();
        self.hearer.close();
    }
}

/// The same rows in two bare files: orders and their log, then sales and a cursor.
struct Pipe {
    told: rusqlite::Connection,
    heard: rusqlite::Connection,
    count: i64,
}

impl Pipe {
    fn open(directory: &Path) -> Result<Self, Failure> {
        let (told, heard) =
            (bare::sqlite(&directory.join("told.db"))?, bare::sqlite(&directory.join("heard.db"))?);
        TELLER.iter().try_for_each(|migration| told.execute_batch(migration.sql))?;
        HEARER.iter().try_for_each(|migration| heard.execute_batch(migration.sql))?;
        told.execute_batch(
            "create table outbox (position integer primary key autoincrement, event_id text not null,
             project_id text not null, type text not null, key text not null, occurred_at bigint not null,
             data text not null)",
        )?;
        heard.execute_batch("create table cursors (source text primary key, position bigint not null)")?;
        Ok(Self { told, heard, count: 0 })
    }

    /// Carries one batch over.
    fn carry(&mut self) -> Result<u64, Failure> {
        let first = self.count;
        let project = shop::project().to_string();
        while self.count < first + BATCH {
            let group = self.told.transaction()?;
            for _ in 0..GROUP {
                self.count += 1;
                let id = OrderId::from_u128(self.count as u128).to_string();
                group.prepare_cached(INSERT_ORDER)?.execute((&project, &id, 1_350))?;
                let data =
                    format!("{{\"order_id\":\"{id}\",\"minor\":1350,\"told_micros\":{}}}", micros_now());
                let sql = "insert into outbox (event_id, project_id, type, key, occurred_at, data) \
                           values ($1, $2, $3, $4, $5, $6)";
                group.prepare_cached(sql)?.execute((&id, &project, OrderPlaced::TYPE, &id, 0, data))?;
            }
            group.commit()?;
        }
        let mut log =
            self.told.prepare_cached("select project_id, key, data from outbox where position > $1")?;
        let mut rows = log.query([first])?;
        let batch = self.heard.transaction()?;
        while let Some(row) = rows.next()? {
            let (project, key, data): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            batch.prepare_cached(INSERT_SALE)?.execute((project, key, data.len() as i64))?;
        }
        let sql =
            "insert into cursors values ('orders', $1) on conflict (source) do update set position = $1";
        batch.prepare_cached(sql)?.execute([self.count])?;
        batch.commit()?;
        Ok(BATCH as u64)
    }
}
