//! Concurrency: at most so many inside at once, and nobody waits at the door.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Keeps one slow neighbour from taking every thread, socket and buffer.
#[derive(Debug)]
pub struct Bulkhead {
    at_once_max: usize,
    inside: AtomicUsize,
}

/// A place inside, given back when dropped.
#[derive(Debug)]
pub struct Ticket<'a>(&'a Bulkhead);

/// Every place is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many calls at once")]
pub struct Full;

impl Bulkhead {
    /// Room for `at_once_max`.
    pub const fn new(at_once_max: usize) -> Self {
        Self { at_once_max, inside: AtomicUsize::new(0) }
    }

    /// Takes a place, or says at once that there is none.
    pub fn enter(&self) -> Result<Ticket<'_>, Full> {
        // Nothing else is published with the count, so its own order is enough.
        self.inside
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |inside| {
                (inside < self.at_once_max).then_some(inside + 1)
            })
            .map(|_| Ticket(self))
            .map_err(|_| Full)
    }

    /// How many are inside, for metrics.
    pub fn inside(&self) -> usize {
        self.inside.load(Ordering::Relaxed)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_too_many_is_refused_until_somebody_leaves() {
        let bulkhead = Bulkhead::new(2);
        let first = bulkhead.enter().unwrap();
        let _second = bulkhead.enter().unwrap();
        assert!(bulkhead.enter().is_err());
        drop(first);
        assert!(bulkhead.enter().is_ok());
        assert_eq!(bulkhead.inside(), 1);
    }
}
