//! Hashing of passwords, on threads of its own: it takes a processor for tens of milliseconds, and the rest of the
//! process must not wait for it. How strong passwords must be is decided in `domain::password`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use kernel::config::Settings;
use kernel::limits::jitter;
use kernel::secrets::{SealError, Secret, random};
use kernel::telemetry::metrics::{Gauge, Histogram, LATENCY_BOUNDS};
use tokio::sync::oneshot;

use super::settings::{HASH_MEMORY, HASH_PASSES, HASH_QUEUE, HASH_THREADS};
use crate::error::Error;

static WAITING: Gauge = Gauge::new("stoa_password_hashes_waiting", "Passwords that wait to be hashed.", &[]);
static TIME: Histogram = Histogram::new(
    "stoa_password_hash_seconds",
    "Time that hashing one password took.",
    &["what"],
    LATENCY_BOUNDS,
);

/// The threads that hash, and the line before them.
pub struct Hashing {
    line: SyncSender<Work>,
    room: usize,
    threads: usize,
    cost: Arc<Cost>,
}

/// What comes of checking a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Whether it is the one.
    pub right: bool,
    /// A better hash of it, where the stored one is weaker than what is hashed today.
    pub better: Option<String>,
}

/// How a password is hashed today.
struct Cost {
    params: Params,
    /// How long one took lately.
    lately_micros: AtomicU64,
}

type Work = Box<dyn FnOnce(&Cost) + Send>;

const SALT_LEN: usize = 16;
/// What is believed of the time until the first hash has been measured.
const FIRST_GUESS: Duration = Duration::from_millis(100);
const REFUSED_AFTER_MS: u64 = 500;
/// The last in the order of Linux.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 19;
const BCRYPT_PREFIX: &str = "$2";

impl Hashing {
    /// Threads and a line as the settings have it.
    pub fn new(settings: &Settings) -> Self {
        let memory_kib = u32::try_from(settings.get(&HASH_MEMORY).0 >> 10).unwrap_or(u32::MAX);
        let passes = settings.get(&HASH_PASSES);
        let params = Params::new(memory_kib.max(Params::MIN_M_COST), passes.max(1), 1, None).unwrap_or_else(|error| {
            tracing::error!(%error, "`auth.hash_memory` and `auth.hash_passes` cannot be used; the defaults are");
            Params::default()
        });
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = match settings.get(&HASH_THREADS) {
            0 => processors.saturating_sub(1).max(1),
            threads => threads,
        };
        Self::with(params, threads, settings.get(&HASH_QUEUE).max(1))
    }

    fn with(params: Params, threads: usize, room: usize) -> Self {
        let lately_micros = AtomicU64::new(FIRST_GUESS.as_micros() as u64);
        let cost = Arc::new(Cost { params, lately_micros });
        let (line, works) = sync_channel::<Work>(room);
        let works = Arc::new(Mutex::new(works));
        for number in 0..threads {
            let (works, cost) = (Arc::clone(&works), Arc::clone(&cost));
            let name = format!("identity-hash-{number}");
            if let Err(error) = std::thread::Builder::new().name(name).spawn(move || serve(&works, &cost)) {
                tracing::error!(%error, "a thread that hashes passwords does not start");
            }
        }
        Self { line, room, threads, cost }
    }

    /// The hash of a new password.
    pub async fn hash(&self, password: Secret<String>) -> Result<String, Error> {
        self.queued("new", move |cost| cost.hash(&password)).await?.map_err(Error::Seal)
    }

    /// Whether this is the password. Where there is none to compare with, as much work is done.
    pub async fn check(&self, password: Secret<String>, against: Option<String>) -> Result<Checked, Error> {
        self.queued("check", move |cost| cost.check(&password, against.as_deref())).await
    }

    async fn queued<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Cost) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |cost| {
            // Whoever asked has gone away, as people do who wait too long.
            if reply.is_closed() {
                return;
            }
            let started = Instant::now();
            let done = work(cost);
            let took = started.elapsed();
            TIME.observe(took.as_secs_f64(), &[what]);
            cost.measured(took);
            // Gone away meanwhile: nobody to tell.
            let _ = reply.send(done);
        });
        // Before the work is in the line: a quick thread would count it down first.
        WAITING.add(1.0, &[]);
        if self.line.try_send(work).is_err() {
            WAITING.add(-1.0, &[]);
            // Whoever does not wait as they are told is slowed down here, so that refusing them costs little; not all to
            // the same moment, since a crowd that comes again together is what everybody else would notice.
            let wait = REFUSED_AFTER_MS + jitter() % (2 * REFUSED_AFTER_MS);
            tokio::time::sleep(Duration::from_millis(wait)).await;
            return Err(Error::Crowded { retry_after: self.wait() });
        }
        answer.await.map_err(|_| Error::Crowded { retry_after: self.wait() })
    }

    /// How long the whole line takes.
    fn wait(&self) -> Duration {
        let one = Duration::from_micros(self.cost.lately_micros.load(Ordering::Relaxed));
        let rounds = self.room.div_ceil(self.threads.max(1)) as u32;
        one.saturating_mul(rounds)
    }
}

/// Lets all other threads go first: who signs in waits anyway, and everybody else should not.
fn step_back() {
    #[cfg(target_os = "linux")]
    {
        let this = rustix::thread::gettid();
        if let Err(error) = rustix::process::setpriority_process(Some(this), NICENESS) {
            tracing::debug!(%error, "hashing passwords has the priority of everything else");
        }
    }
}

fn serve(works: &Mutex<Receiver<Work>>, cost: &Cost) {
    step_back();
    loop {
        let next = works.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        WAITING.add(-1.0, &[]);
        // One work that panics must not take the thread with it; whoever waits for it hears that it is gone.
        if catch_unwind(AssertUnwindSafe(|| work(cost))).is_err() {
            tracing::error!("hashing a password panicked");
        }
    }
}

impl Cost {
    fn hash(&self, password: &Secret<String>) -> Result<String, SealError> {
        let salt: [u8; SALT_LEN] = random()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let hashed = argon2.hash_password_with_salt(password.expose().as_bytes(), &salt);
        hashed.map(|hash| hash.to_string()).map_err(|_| SealError::Malformed)
    }

    fn check(&self, password: &Secret<String>, against: Option<&str>) -> Checked {
        let Some(stored) = against else {
            // The same work as for somebody who is there.
            let _ = self.hash(password);
            return Checked { right: false, better: None };
        };
        let bytes = password.expose().as_bytes();
        let right = if stored.starts_with(BCRYPT_PREFIX) {
            bcrypt::verify(bytes, stored).unwrap_or(false)
        } else {
            let parsed = PasswordHash::new(stored);
            parsed.is_ok_and(|parsed| Argon2::default().verify_password(bytes, &parsed).is_ok())
        };
        let better = if right && self.is_weaker(stored) { self.hash(password).ok() } else { None };
        Checked { right, better }
    }

    /// Whether a stored hash costs a guesser less than today's.
    fn is_weaker(&self, stored: &str) -> bool {
        let Ok(hash) = PasswordHash::new(stored) else { return true };
        let Ok(params) = Params::try_from(&hash) else { return true };
        hash.algorithm.as_str() != Algorithm::Argon2id.as_str()
            || params.m_cost() < self.params.m_cost()
            || params.t_cost() < self.params.t_cost()
    }

    fn measured(&self, took: Duration) {
        let before = self.lately_micros.load(Ordering::Relaxed);
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // One in eight: a single slow one does not frighten everybody away.
        self.lately_micros.store((before.saturating_mul(7).saturating_add(took)) / 8, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn params(memory_kib: u32, passes: u32) -> Params {
        Params::new(memory_kib, passes, 1, None).unwrap()
    }

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let hashing = Hashing::with(params(64, 1), 1, 8);
        let hash = hashing.hash(secret("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        let right = hashing.check(secret("correct horse"), Some(hash.clone())).await.unwrap();
        assert_eq!(right, Checked { right: true, better: None });
        assert!(!hashing.check(secret("correct mule"), Some(hash)).await.unwrap().right);
        assert!(!hashing.check(secret("correct horse"), None).await.unwrap().right);
        assert!(!hashing.check(secret("correct horse"), Some("nonsense".to_owned())).await.unwrap().right);
    }

    #[tokio::test]
    async fn an_address_that_nobody_has_costs_as_much_work() {
        let hashing = Hashing::with(params(8 * 1024, 2), 1, 8);
        let hash = hashing.hash(secret("correct horse")).await.unwrap();
        let (mut nobody, mut somebody) = (Duration::MAX, Duration::MAX);
        // By turns, so that what else the machine does slows both.
        for _ in 0..5 {
            for (shortest, against) in [(&mut nobody, None), (&mut somebody, Some(hash.clone()))] {
                let started = Instant::now();
                hashing.check(secret("correct mule"), against).await.unwrap();
                *shortest = started.elapsed().min(*shortest);
            }
        }
        // Without the work it would be a thousandth; machines of tests are no place for finer scales.
        assert!(nobody * 20 > somebody, "{nobody:?} {somebody:?}");
    }

    #[tokio::test]
    async fn a_weaker_hash_or_one_from_elsewhere_is_replaced_when_the_password_is_right() {
        let weak = Hashing::with(params(64, 1), 1, 8).hash(secret("correct horse")).await.unwrap();
        let strong = Hashing::with(params(128, 2), 1, 8);
        let bcrypt = bcrypt::hash_with_salt("correct horse", 4, [7; 16]).unwrap().to_string();
        for stored in [weak, bcrypt] {
            let checked = strong.check(secret("correct horse"), Some(stored.clone())).await.unwrap();
            let better = checked.better.unwrap();
            assert!(better.starts_with("$argon2id$v=19$m=128,t=2,p=1$"), "{better}");
            let again = strong.check(secret("correct horse"), Some(better)).await.unwrap();
            assert_eq!(again, Checked { right: true, better: None });
            let wrong = strong.check(secret("correct mule"), Some(stored)).await.unwrap();
            assert_eq!(wrong, Checked { right: false, better: None });
        }
    }

    #[tokio::test]
    async fn a_full_line_turns_people_away_and_whoever_left_it_costs_nothing() {
        let hashing = Arc::new(Hashing::with(params(8, 1), 1, 1));
        let gate = Arc::new(Barrier::new(2));
        let (started, begun) = oneshot::channel();
        let (held, busy) = (Arc::clone(&gate), Arc::clone(&hashing));
        let first = tokio::spawn(async move {
            busy.queued("test", move |_| {
                let _ = started.send(());
                held.wait();
            })
            .await
        });
        begun.await.unwrap();
        let ran = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&ran);
        let mut second = Box::pin(hashing.queued("test", move |_| counted.fetch_add(1, Ordering::Relaxed)));
        assert!(futures_poll_once(second.as_mut()).await.is_none());
        let refused = hashing.hash(secret("correct horse")).await;
        assert!(matches!(refused, Err(Error::Crowded { retry_after }) if retry_after > Duration::ZERO));
        drop(second);
        gate.wait();
        first.await.unwrap().unwrap();
        // The line moves on behind whoever left it.
        while hashing.hash(secret("correct horse")).await.is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(ran.load(Ordering::Relaxed), 0);
    }

    async fn futures_poll_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut future).poll(context) {
                std::task::Poll::Ready(done) => Some(done),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
