//! What events promise, on both engines: a kitchen tells what it cooked, a hall hears it and tells what it served.

mod any_history;
mod broker;
mod heard;
mod kept;
mod parked;
mod sequencer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::{Event, Id, ProjectId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::consume::Hearing;
use super::*;
use crate::params;
use crate::store::{Engine, Migration, Scope, Store, StoreError, Tx, project_text};
use crate::testing::Place;

const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_dishes.sql",
    sql: "create table dishes (
            project_id text not null, key text not null, versions text not null, primary key (project_id, key));
          create table pots (
            project_id text not null, key text not null, version bigint not null, primary key (project_id, key));
          create table moods (
            project_id text not null, key text not null, mood text not null, primary key (project_id, key));",
}];

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Cooked {
    version: u32,
}

impl Event for Cooked {
    const TYPE: &'static str = "dish.cooked";
    const ALIASES: &'static [&'static str] = &["DishCooked"];
}

/// The same event as an older teller names it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct CookedOfOld {
    version: u32,
}

impl Event for CookedOfOld {
    const TYPE: &'static str = "DishCooked";
}

/// Its name differs by one letter from one that is heard, and that letter stands for any in a pattern.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Lookalike {
    version: u32,
}

impl Event for Lookalike {
    const TYPE: &'static str = "dish_cooked";
}

/// Nobody hears it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Burnt {}

impl Event for Burnt {
    const TYPE: &'static str = "dish.burnt";
}

/// What the hall tells in turn.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Served {
    version: u32,
}

impl Event for Served {
    const TYPE: &'static str = "dish.served";
}

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the hall is in a sour mood")]
    Sour,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes which versions came, in their order; its mood decides afterwards whether that was all right.
fn on_cooked(tx: &mut Tx<'_>, cooked: &Heard<'_, Cooked>) -> Result<(), Refusal> {
    let project = project_text(tx.scope().project());
    tx.run(
        "insert into dishes (project_id, key, versions) values ($1, $2, $3)
         on conflict (project_id, key) do update set versions = dishes.versions || ' ' || excluded.versions",
        params![project, cooked.key, cooked.version.to_string()],
    )?;
    tx.publish(cooked.key, &Served { version: cooked.version })?;
    let mood: Option<String> =
        tx.row("select mood from moods where project_id = $1 and key = $2", params![project, cooked.key])?;
    match mood.as_deref() {
        Some("sour") => Err(Refusal::Sour),
        Some("wild") => panic!("a handler of a test panics"),
        Some("clumsy") => {
            // A statement that fails, and an error that is swallowed.
            let _ = tx.run(
                "insert into moods (project_id, key, mood) values ($1, $2, null)",
                params![project, "x"],
            );
            Ok(())
        }
        _ => Ok(()),
    }
}

fn handlers() -> Arc<Handlers> {
    let mut handlers = Handlers::default();
    handlers.hear(on_cooked);
    Arc::new(handlers)
}

fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(number)
}

fn mine() -> Scope {
    Scope::Project(project(1))
}

fn system() -> Scope {
    Scope::System("a test")
}

/// Cooks the next version of each dish: its pot is locked first, its event is stored last.
async fn cook(kitchen: &Store, scope: Scope, keys: &[&'static str]) {
    let (keys, acting_for) = (keys.to_vec(), scope.clone());
    let work = move |tx: &mut Tx<'_>| {
        for key in &keys {
            let version: u32 = tx.one(
                "insert into pots (project_id, key, version) values ($1, $2, 1)
                 on conflict (project_id, key) do update set version = pots.version + 1 returning version",
                params![project_text(acting_for.project()), key],
            )?;
            tx.publish(key, &Cooked { version })?;
        }
        Ok(())
    };
    // The loser of a dozen races on Postgres cooks again.
    while let Err(error) = kitchen.write(scope.clone(), work.clone()).await {
        assert!(matches!(error, StoreError::Conflict), "{error}");
    }
}

/// The versions of a dish that came, in the order in which they came.
async fn came(hall: &Store, scope: Scope, key: &'static str) -> String {
    let found: Option<String> = hall
        .read(scope, move |tx| {
            let project = project_text(tx.scope().project());
            tx.row("select versions from dishes where project_id = $1 and key = $2", params![project, key])
        })
        .await
        .unwrap();
    found.unwrap_or_default()
}

async fn set_mood(hall: &Store, key: &'static str, mood: &'static str) {
    hall.write(mine(), move |tx| {
        tx.run(
            "insert into moods (project_id, key, mood) values ($1, $2, $3)
             on conflict (project_id, key) do update set mood = excluded.mood",
            params![tx.project()?, key, mood],
        )
    })
    .await
    .unwrap();
}

/// `1 2 3 ..`
fn in_order(count: u32) -> String {
    (1..=count).map(|version| version.to_string()).collect::<Vec<_>>().join(" ")
}

/// Gives all events their positions, where the engine does not do it at the commit.
async fn place_all(log: &Store) {
    if matches!(log.engine(), Engine::Postgres { .. }) {
        while super::log::sequence_once(log).await.unwrap() > 0 {}
    }
}

/// Hears all there is, from where the stored cursor stands.
async fn hear_all(hall: &Store, kitchen: &Store) -> usize {
    place_all(kitchen).await;
    let mut hearing = Hearing::new(hall.clone(), kitchen.clone(), handlers());
    let mut heard = 0;
    loop {
        match hearing.step().await {
            Ok(0) => return heard,
            Ok(count) => heard += count,
            // The batch of one that died was on its way all the same.
            Err(error) => assert!(matches!(error, StoreError::Conflict), "{error}"),
        }
    }
}

/// Waits for what other tasks do, and gives up after a while.
async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !done().await {
        assert!(started.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn kitchen_and_hall(place: &Place) -> (Store, Store) {
    (place.store("kitchen", MIGRATIONS), place.store("hall", MIGRATIONS))
}
