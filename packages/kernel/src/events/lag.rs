//! How far behind a service is, for the page of metrics and for people.

use std::sync::Arc;
use std::time::Duration;

use super::handlers::Handlers;
use super::store;
use crate::store::{Scope, Store, StoreError};

/// Beyond this many the exact number is of no use, and counting them is not free.
const COUNT_MAX: u32 = 100_000;

/// What a consumer has not heard yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// How many events; at most 100,000 with a position and as many without are counted.
    pub events: u64,
    /// How long ago the oldest of them happened.
    pub oldest_age: Duration,
}

/// Events that were put aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parked {
    /// All of them.
    pub all: u64,
    /// Those at which a person has to look.
    pub dead: u64,
}

/// What `consumer` has not heard yet of what `handlers` hear of `source`.
pub async fn lag(consumer: &Store, source: &Store, handlers: &Handlers) -> Result<Lag, StoreError> {
    if handlers.is_empty() {
        return Ok(Lag::default());
    }
    let name = source.service();
    let cursor = consumer.read(Scope::System("measuring lag"), move |tx| store::cursor(tx, name)).await?;
    let types: Arc<str> = handlers.filter().unwrap_or_default();
    source
        .read(Scope::System("measuring lag"), move |tx| {
            let (events, oldest) = store::unheard(tx, cursor, &types, COUNT_MAX)?;
            let oldest_age = oldest.map_or(Duration::ZERO, |oldest| tx.now().duration_since(oldest));
            Ok(Lag { events, oldest_age })
        })
        .await
}

/// How many events a service has put aside.
pub async fn parked(consumer: &Store) -> Result<Parked, StoreError> {
    let (all, dead) = consumer.read(Scope::System("counting parked events"), store::parked_count).await?;
    Ok::<_, StoreError>(Parked { all, dead })
}
