//! Events that failed, and those of the same key that wait behind them: a key is parked, never skipped.

use std::sync::Arc;
use std::time::Duration;

use contracts::{Envelope, Timestamp};
use serde::{Deserialize, Serialize};

use super::consume::{Failure, scope_of};
use super::handlers::{HandlerError, Handlers};
use super::log::Logged;
use super::store;
use crate::store::{Origin, Scope, Store, StoreError, Tx};

/// After so many tries a person is asked.
const ATTEMPTS_MAX: u32 = 10;
const BACKOFF_BASE: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(300);
const RETRIES_PER_ROUND: u32 = 50;

/// A parked event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its number in this service.
    pub id: i64,
    /// The service that announced it.
    pub source: String,
    /// What it is about; later events of this key wait behind it.
    pub key: String,
    /// The event, as it came.
    pub event: String,
    /// The trace it belongs to.
    pub traceparent: Option<String>,
    /// Where it stands.
    pub state: LetterState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// Where a parked event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    /// At the head of its key, and tried again by itself.
    Retrying,
    /// Behind another event of its key.
    Waiting,
    /// Tried often enough: a person decides.
    Dead,
}

/// What became of a request to replay or discard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It will be done.
    Done,
    /// There is no such dead letter.
    Absent,
}

impl DeadLetter {
    /// An event that failed just now.
    pub(super) fn failed(
        event: &Logged,
        source: &str,
        error: &HandlerError,
        now: Timestamp,
        random: u64,
    ) -> Self {
        let mut letter = Self::behind(event, source, now);
        letter.fail(error.to_string(), now, random);
        letter
    }

    /// An event whose key is parked.
    pub(super) fn behind(event: &Logged, source: &str, now: Timestamp) -> Self {
        Self {
            id: 0,
            source: source.to_owned(),
            key: event.envelope.key.clone().unwrap_or_default(),
            event: String::new(),
            traceparent: None,
            state: LetterState::Waiting,
            attempts: 0,
            due_at: now,
            error: None,
        }
    }

    fn fail(&mut self, error: String, now: Timestamp, random: u64) {
        self.attempts += 1;
        self.error = Some(crate::secrets::mask(&error).chars().take(500).collect());
        self.state = if self.attempts >= ATTEMPTS_MAX { LetterState::Dead } else { LetterState::Retrying };
        let ceiling = BACKOFF_BASE.saturating_mul(1 << self.attempts.min(16)).min(BACKOFF_MAX);
        let delay_micros = random % (ceiling.as_micros() as u64).max(1);
        self.due_at = now.saturating_add(Duration::from_micros(delay_micros));
    }
}

/// Tries parked events that are due, and those that waited behind them; returns how many were handled at last.
pub async fn retry_parked(consumer: &Store, handlers: &Arc<Handlers>) -> Result<usize, StoreError> {
    let mut handled = 0;
    loop {
        let round = retry_round(consumer, handlers).await?;
        if round == 0 {
            return Ok(handled);
        }
        handled += round;
    }
}

async fn retry_round(consumer: &Store, handlers: &Arc<Handlers>) -> Result<usize, StoreError> {
    let now = consumer.clock().now();
    let due = consumer
        .read(Scope::System("retrying events"), move |tx| store::due(tx, now, RETRIES_PER_ROUND))
        .await?;
    let mut handled = 0;
    for letter in due {
        let handlers = Arc::clone(handlers);
        let tried = consumer
            .write(Scope::System("retrying events"), move |tx| retry_one(tx, letter.id, &handlers))
            .await?;
        match tried {
            Tried::Handled => handled += 1,
            Tried::Failed(failure, attempts) => failure.tell(consumer, attempts),
            Tried::NotDue => {}
        }
    }
    Ok(handled)
}

/// What a try at a parked event came to.
enum Tried {
    Handled,
    Failed(Failure, u32),
    /// Another process or a person was faster.
    NotDue,
}

fn retry_one(tx: &mut Tx<'_>, id: i64, handlers: &Handlers) -> Result<Tried, StoreError> {
    let Some(mut letter) = turn_of(tx, id)? else { return Ok(Tried::NotDue) };
    let now = tx.now();
    if letter.state != LetterState::Retrying || letter.due_at > now {
        return Ok(Tried::NotDue);
    }
    let envelope: Envelope =
        serde_json::from_str(&letter.event).map_err(|error| StoreError::Sql(error.into()))?;
    let (scope, origin) = (scope_of(&envelope), origin_of(&envelope, letter.traceparent.clone()));
    let outcome = tx.acting(scope, origin, |tx| tx.attempt(|tx| handlers.handle(tx, &[&envelope])))?;
    let Err(error) = outcome else {
        store::unpark(tx, &letter, now)?;
        return Ok(Tried::Handled);
    };
    letter.fail(error.to_string(), now, tx.random());
    store::retried(tx, &letter)?;
    Ok(Tried::Failed(Failure::of(&envelope, error), letter.attempts))
}

/// A parked event, when no other transaction is changing what is parked of its source.
fn turn_of(tx: &mut Tx<'_>, id: i64) -> Result<Option<DeadLetter>, StoreError> {
    let letter = store::letter(tx, id)?;
    if let Some(letter) = &letter {
        store::take_turn(tx, &letter.source)?;
    }
    Ok(letter)
}

pub(super) fn origin_of(envelope: &Envelope, traceparent: Option<String>) -> Origin {
    Origin {
        correlation_id: envelope.correlation_id.clone(),
        causation_id: Some(envelope.event_id),
        traceparent,
        actor: envelope.source.as_ref().map(|source| format!("service:{source}")),
    }
}

/// Parked events of a service, oldest first, after the one numbered `after`.
pub async fn dead_letters(consumer: &Store, after: i64, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
    consumer.read(Scope::System("listing dead letters"), move |tx| store::letters(tx, after, limit)).await
}

/// Has a dead event tried again, now; what waits behind it follows in order.
pub async fn replay(consumer: &Store, id: i64) -> Result<Replayed, StoreError> {
    consumer
        .write(Scope::System("replaying an event"), move |tx| {
            let Some(letter) = store::letter(tx, id)? else { return Ok(Replayed::Absent) };
            if letter.state != LetterState::Waiting {
                let due_at = tx.now();
                store::retried(
                    tx,
                    &DeadLetter { state: LetterState::Retrying, attempts: 0, due_at, ..letter },
                )?;
            }
            Ok(Replayed::Done)
        })
        .await
}

/// Gives a parked event up, so that what waits behind it can go on.
pub async fn discard(consumer: &Store, id: i64) -> Result<Replayed, StoreError> {
    consumer
        .write(Scope::System("discarding an event"), move |tx| {
            let Some(letter) = turn_of(tx, id)? else { return Ok(Replayed::Absent) };
            let now = tx.now();
            store::unpark(tx, &letter, now)?;
            Ok(Replayed::Done)
        })
        .await
}
