//! The line in front of a database: bounded, so that a crowd hears "busy" instead of using up the memory.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::error::StoreError;
use super::tx::{Origin, Scope, Tx};

/// One transaction's worth of work, waiting for its turn.
pub(super) trait Work: Send {
    fn scope(&self) -> &Scope;
    fn origin(&self) -> &Origin;
    fn access(&self) -> Access;
    /// Runs the closure; it may run again after a serialization failure.
    fn run(&mut self, tx: &mut Tx<'_>) -> Verdict;
    /// Answers the caller, after the commit or after the work was undone.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

/// What becomes of a closure's changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    Undo,
}

/// Whether a transaction may change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// A closure, who asked for it, and where its answer goes.
pub(super) struct Command<F, T, E> {
    pub scope: Scope,
    pub origin: Origin,
    pub access: Access,
    pub closure: F,
    pub outcome: Option<Result<T, E>>,
    pub reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Work for Command<F, T, E>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn access(&self) -> Access {
        self.access
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Verdict {
        // A panic undoes this work only: the closure's captures are not used again after it.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.closure)(tx)));
        let outcome = outcome.unwrap_or_else(|_| Err(E::from(StoreError::Panicked)));
        let verdict = if outcome.is_ok() { Verdict::Keep } else { Verdict::Undo };
        self.outcome = Some(outcome);
        verdict
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (self.outcome, committed) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(E::from(error)),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(E::from(StoreError::Panicked)),
        };
        // A caller that went away does not need the answer.
        let _ = self.reply.send(answer);
    }
}

/// A bounded line with worker threads at its end.
pub(super) struct Queue {
    line: Mutex<Line>,
    ready: Condvar,
    /// Held by the one loser of races whose turn it is.
    turn: Mutex<()>,
    works_max: usize,
}

struct Line {
    works: VecDeque<Box<dyn Work>>,
    /// Workers that wait for work; a pool that grows on demand looks at it.
    idle: usize,
    workers: usize,
    /// A caller does its work itself, and what comes meanwhile.
    led: bool,
    open: bool,
}

/// The turn of a caller that does its work itself.
pub(super) struct Lead<'q>(&'q Queue);

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        let mut line = self.0.line();
        line.led = false;
        let left = !line.works.is_empty();
        drop(line);
        if left {
            self.0.ready.notify_one();
        }
    }
}

/// What `push` found at the end of the line.
pub(super) enum Pushed {
    /// Somebody will take it.
    Taken,
    /// No worker was free: the pool may start one.
    AllBusy,
}

impl Queue {
    pub fn new(works_max: usize) -> Self {
        let line = Line { works: VecDeque::new(), idle: 0, workers: 0, led: false, open: true };
        Self { line: Mutex::new(line), ready: Condvar::new(), turn: Mutex::new(()), works_max }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other worker has this turn.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the caller may do its work itself: a worker waits, and nobody else does anything. Until what is returned
    /// is dropped, whoever comes waits.
    pub fn lead(&self) -> Option<Lead<'_>> {
        let mut line = self.line();
        let may = line.open && !line.led && line.idle > 0 && line.works.is_empty();
        line.led |= may;
        may.then(|| Lead(self))
    }

    /// Puts work at the end of the line, or answers it with "busy".
    pub fn push(&self, work: Box<dyn Work>) -> Pushed {
        let mut line = self.line();
        if !line.open || line.works.len() >= self.works_max {
            drop(line);
            work.finish(Err(StoreError::Busy { retry_after: Duration::from_secs(1) }));
            return Pushed::Taken;
        }
        line.works.push_back(work);
        let answer = if line.idle < line.works.len() { Pushed::AllBusy } else { Pushed::Taken };
        let wakes = !line.led;
        drop(line);
        if wakes {
            self.ready.notify_one();
        }
        answer
    }

    /// The next work; waits for it at most `patience`. `None` when there was none or the line has closed.
    pub fn pop(&self, patience: Duration) -> Option<Box<dyn Work>> {
        let mut line = self.line();
        line.idle += 1;
        while (line.led || line.works.is_empty()) && line.open {
            let (guard, waited) =
                self.ready.wait_timeout(line, patience).unwrap_or_else(PoisonError::into_inner);
            line = guard;
            if waited.timed_out() {
                break;
            }
        }
        line.idle -= 1;
        line.works.pop_front()
    }

    /// The next work if there is one now.
    pub fn pop_now(&self) -> Option<Box<dyn Work>> {
        self.line().works.pop_front()
    }

    /// Whether the line still takes work, or has some left.
    pub fn is_alive(&self) -> bool {
        let line = self.line();
        line.open || !line.works.is_empty()
    }

    /// Of how many workers so many are at work; `fixed` where they are not hired.
    pub fn at_work(&self, fixed: usize) -> (usize, usize) {
        let line = self.line();
        let all = line.workers.max(fixed);
        (all.saturating_sub(line.idle) + usize::from(line.led), all)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.line().works.len()
    }

    /// Counts one worker more, unless there are `workers_max`.
    pub fn hire(&self, workers_max: usize) -> bool {
        let mut line = self.line();
        let hired = line.open && line.workers < workers_max;
        line.workers += usize::from(hired);
        hired
    }

    /// Counts one worker less, unless it is the last one or work waits.
    pub fn leave(&self) -> bool {
        let mut line = self.line();
        let may = !line.open || (line.works.is_empty() && line.workers > 1);
        line.workers -= usize::from(may);
        may
    }

    /// Takes no more work; what waits is still done.
    pub fn close(&self) {
        self.line().open = false;
        self.ready.notify_all();
    }
}
