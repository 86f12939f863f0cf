//! How many sockets there may be: in all, of one caller, and of one address that has not said yet who it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::telemetry::metrics::Gauge;

static OPEN: Gauge = Gauge::new("stoa_gateway_sockets", "Sockets that are open at `/ws`.", &[]);

/// All seats of a door.
#[derive(Debug, Default)]
pub struct Seats(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by: HashMap<Holder, usize>,
}

/// By what a seat is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Address(u128),
    Caller(u128),
}

/// One socket's seat; it is free again when this is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    holder: Holder,
}

/// There are as many sockets as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// In all.
    #[error("as many sockets are open as there may be; try again later")]
    Everywhere,
    /// Of this address, and nobody has said who they are.
    #[error("{UNPROVEN_MAX} sockets from your address have yet to send CONNECT")]
    OfAddress,
    /// Of this caller.
    #[error("a caller may have {OF_CALLER_MAX} sockets; follow several destinations on one")]
    OfCaller,
}

/// Windows and devices of one person, or processes of one program.
const OF_CALLER_MAX: usize = 16;
/// They have seconds to prove who they are, so many of one address are no crowd.
const UNPROVEN_MAX: usize = 128;

impl Seats {
    /// A seat for somebody of this address, where fewer than `seats_max` are taken.
    pub fn enter(self: &Arc<Self>, address: u128, seats_max: usize) -> Result<Seat, Full> {
        let holder = Holder::Address(address);
        let mut taken = self.taken();
        if taken.all >= seats_max {
            return Err(Full::Everywhere);
        }
        taken.take(holder, UNPROVEN_MAX).ok_or(Full::OfAddress)?;
        taken.all += 1;
        OPEN.add(1.0, &[]);
        Ok(Seat { seats: Arc::clone(self), holder })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn take(&mut self, holder: Holder, max: usize) -> Option<()> {
        let count = self.by.entry(holder).or_default();
        (*count < max).then(|| *count += 1)
    }

    fn leave(&mut self, holder: Holder) {
        if let Some(count) = self.by.get_mut(&holder) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by.remove(&holder);
            }
        }
    }
}

impl Seat {
    /// From now on it is this caller's.
    pub fn give_to(&mut self, caller: u128) -> Result<(), Full> {
        let holder = Holder::Caller(caller);
        let mut taken = self.seats.taken();
        taken.take(holder, OF_CALLER_MAX).ok_or(Full::OfCaller)?;
        taken.leave(self.holder);
        self.holder = holder;
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.leave(self.holder);
        taken.all = taken.all.saturating_sub(1);
        OPEN.add(-1.0, &[]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_counted_by_address_and_then_by_caller_and_are_free_again() {
        let seats = Arc::new(Seats::default());
        let mut anns: Vec<Seat> = (0..OF_CALLER_MAX).map(|_| seats.enter(1, 1_000).unwrap()).collect();
        anns.iter_mut().for_each(|seat| seat.give_to(7).unwrap());
        let strangers: Vec<Seat> = (0..UNPROVEN_MAX).map(|_| seats.enter(1, 1_000).unwrap()).collect();
        assert_eq!(seats.enter(1, 1_000).unwrap_err(), Full::OfAddress);
        let mut other = seats.enter(2, 1_000).unwrap();
        assert_eq!(other.give_to(7), Err(Full::OfCaller));
        anns.pop();
        assert_eq!(other.give_to(7), Ok(()));
        assert_eq!(seats.enter(3, OF_CALLER_MAX + UNPROVEN_MAX).unwrap_err(), Full::Everywhere);
        drop((anns, strangers, other));
        let taken = seats.taken();
        assert_eq!((taken.all, taken.by.len()), (0, 0));
    }
}
