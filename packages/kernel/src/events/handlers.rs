//! Which events a service hears, and what it does then.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use contracts::{Envelope, Event, EventId, Timestamp};

use crate::store::{StoreError, Tx};

/// An event that a handler is given.
#[derive(Debug)]
pub struct Heard<'e, E> {
    /// Its id: the same on every delivery.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// What it is about.
    pub key: &'e str,
    /// What it says.
    pub data: E,
}

impl<E> Deref for Heard<'_, E> {
    type Target = E;
    fn deref(&self) -> &E {
        &self.data
    }
}

/// Why an event could not be handled now: it is tried again, then shown to a person.
#[derive(Debug)]
pub struct HandlerError(Box<dyn std::error::Error + Send + Sync>);

impl HandlerError {
    /// Wraps the error of a service.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl From<StoreError> for HandlerError {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

type Handler = Arc<dyn Fn(&mut Tx<'_>, &Envelope) -> Result<(), HandlerError> + Send + Sync>;
type HandlerOfAll = Arc<dyn Fn(&mut Tx<'_>, &[&Envelope]) -> Result<(), HandlerError> + Send + Sync>;

/// Everything one service hears.
#[derive(Clone, Default)]
pub struct Handlers {
    by_type: HashMap<&'static str, Vec<Handler>>,
    all: Vec<HandlerOfAll>,
}

impl Handlers {
    /// Hears one type of event.
    pub fn hear<E: Event, Err>(&mut self, handler: fn(&mut Tx<'_>, &Heard<'_, E>) -> Result<(), Err>)
    where
        Err: std::error::Error + Send + Sync + 'static,
    {
        let handle: Handler = Arc::new(move |tx, envelope| {
            let data = envelope.read::<E>().map_err(HandlerError::new)?;
            let key = envelope.key.as_deref().unwrap_or_default();
            let heard = Heard { id: envelope.event_id, at: envelope.occurred_at, key, data };
            handler(tx, &heard).map_err(HandlerError::new)
        });
        for name in std::iter::once(E::TYPE).chain(E::ALIASES.iter().copied()) {
            self.by_type.entry(name).or_default().push(Arc::clone(&handle));
        }
    }

    /// Hears one type of event with what more than a function knows: how the kernel itself hears.
    pub(crate) fn hear_with(
        &mut self,
        kind: &'static str,
        handler: impl Fn(&mut Tx<'_>, &Envelope) -> Result<(), HandlerError> + Send + Sync + 'static,
    ) {
        self.by_type.entry(kind).or_default().push(Arc::new(handler));
    }

    /// Hears every event there is: some of one project at a time, in their order.
    pub fn hear_all<Err>(&mut self, handler: fn(&mut Tx<'_>, &[&Envelope]) -> Result<(), Err>)
    where
        Err: std::error::Error + Send + Sync + 'static,
    {
        self.all.push(Arc::new(move |tx, envelopes| handler(tx, envelopes).map_err(HandlerError::new)));
    }

    /// Whether this service hears anything.
    pub fn is_empty(&self) -> bool {
        self.by_type.is_empty() && self.all.is_empty()
    }

    /// The types heard; `None` means all of them.
    pub fn types(&self) -> Option<Vec<&'static str>> {
        let mut types: Vec<_> = self.by_type.keys().copied().collect();
        types.sort_unstable();
        self.all.is_empty().then_some(types)
    }

    /// The types heard as one text, `,a,b,`; `None` means all of them.
    pub(super) fn filter(&self) -> Option<Arc<str>> {
        self.types().map(|types| format!(",{},", types.join(",")).into())
    }

    /// How many of these, from the first on, can be handled as one: neighbours of one project that are heard only as
    /// all others are. Whoever waits for a type by its name finds what went before it done.
    pub(super) fn together<'e>(&self, envelopes: impl Iterator<Item = &'e Envelope>) -> usize {
        let mut envelopes = envelopes.peekable();
        let project = envelopes.peek().and_then(|first| first.project_id);
        let one_of_all = |envelope: &&Envelope| {
            envelope.project_id == project && !self.by_type.contains_key(envelope.event_type.as_str())
        };
        if self.all.is_empty() { 1 } else { envelopes.take_while(one_of_all).count().max(1) }
    }

    /// Handles one event, or some that can be handled [`together`](Self::together).
    pub(super) fn handle(&self, tx: &mut Tx<'_>, envelopes: &[&Envelope]) -> Result<(), HandlerError> {
        for envelope in envelopes {
            let named = self.by_type.get(envelope.event_type.as_str());
            named.into_iter().flatten().try_for_each(|handler| handler(tx, envelope))?;
        }
        self.all.iter().try_for_each(|handler| handler(tx, envelopes))
    }
}
