//! The promises of jobs, on both engines, with a clock that the tests hold.

mod inside;
mod outside;
mod scheduled;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contracts::{Id, JobId, ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc};

use super::work::Floor;
use super::*;
use crate::params;
use crate::store::{Migration, Origin, Scope, Store, StoreError, Tx};
use crate::testing::on_both;

const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_effects.sql",
    sql: "create table effects (project_id text not null, name text not null);",
}];

/// A job inside; some names do not go well.
#[derive(Serialize, Deserialize)]
struct Count {
    name: String,
}

/// A call to the outside.
#[derive(Serialize, Deserialize)]
struct Send {
    name: String,
}

impl Job for Count {
    const KIND: &'static str = "test.count";
}

impl Job for Send {
    const KIND: &'static str = "test.send";
    const QUEUE: &'static str = "mail";
}

/// What the other side does with the next call.
enum Script {
    Say(Result<&'static str, CallTrouble>),
    Hang,
    Panic,
    Wait(Arc<Notify>),
}

/// The other side: hears every attempt, answers by its script, then with "ok".
struct Provider {
    script: Mutex<VecDeque<Script>>,
    heard: mpsc::UnboundedSender<Attempt>,
}

fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(number)
}

fn note(tx: &mut Tx<'_>, name: &str) -> Result<(), StoreError> {
    let project = tx.scope().project().map_or_else(String::new, |project| project.to_string());
    tx.run("insert into effects (project_id, name) values ($1, $2)", params![project, name]).map(drop)
}

fn count(tx: &mut Tx<'_>, job: &Count) -> Result<(), StoreError> {
    note(tx, &job.name)?;
    match job.name.as_str() {
        "bad" => Err(StoreError::Missing),
        "panic" => panic!("on purpose"),
        "broken" => tx.run("insert into effects (project_id, name) values ('p', null)", params![]).map(drop),
        _ => Ok(()),
    }
}

fn record(tx: &mut Tx<'_>, job: &Send, outcome: &Outcome<&'static str>) -> Result<(), StoreError> {
    note(tx, &format!("{}: {outcome:?}", job.name))?;
    if job.name == "unwritable" { Err(StoreError::Missing) } else { Ok(()) }
}

/// The effects so far, in no particular order but sorted.
async fn effects(store: &Store) -> Vec<String> {
    let read = |tx: &mut Tx<'_>| tx.rows("select name from effects order by name", params![]);
    let mut found: Vec<String> = store.read::<_, StoreError, _>(Scope::System("a test"), read).await.unwrap();
    found.sort();
    found
}

fn counting() -> Jobs {
    let mut jobs = Jobs::default();
    jobs.inside(count);
    jobs
}

/// Jobs of `Send` with a provider that follows `script`.
fn sending(script: Vec<Script>, policy: Policy) -> (Jobs, mpsc::UnboundedReceiver<Attempt>) {
    let (heard, hears) = mpsc::unbounded_channel();
    let provider = Arc::new(Provider { script: Mutex::new(script.into()), heard });
    let mut jobs = Jobs::default();
    let call = move |_: Arc<Send>, attempt: Attempt| {
        let provider = Arc::clone(&provider);
        async move {
            let next = provider.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            provider.heard.send(attempt).unwrap();
            match next {
                None => Ok("ok"),
                Some(Script::Say(answer)) => answer,
                Some(Script::Hang) => std::future::pending().await,
                Some(Script::Panic) => panic!("on purpose"),
                Some(Script::Wait(until)) => {
                    until.notified().await;
                    Ok("late")
                }
            }
        }
    };
    *jobs.outside(call, record) = policy;
    (jobs, hears)
}

async fn enqueue<J: Job + Named>(store: &Store, whose: u128, names: &[&str]) -> Vec<JobId> {
    let jobs: Vec<J> = names.iter().map(|name| J::named(name)).collect();
    store
        .write::<_, StoreError, _>(Scope::Project(project(whose)), move |tx| {
            jobs.iter().map(|job| tx.enqueue(job)).collect()
        })
        .await
        .unwrap()
}

/// A job that a test can make by its name.
trait Named {
    fn named(name: &str) -> Self;
}

impl Named for Count {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}

impl Named for Send {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}

/// Works until there is nothing to do now.
async fn drain(store: &Store, jobs: &Arc<Jobs>) {
    while work_once(store, jobs).await.unwrap() > 0 {}
}

async fn rows(store: &Store) -> Vec<JobRow> {
    list(store, None, None, 1_000).await.unwrap()
}

async fn only(store: &Store) -> JobRow {
    let mut found = rows(store).await;
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn troubles(state: JobState, rows: &[JobRow]) -> Vec<&str> {
    rows.iter().filter(|row| row.state == state).filter_map(|row| row.error.as_deref()).collect()
}

const HOUR: Duration = Duration::from_secs(3600);
