//! The conversation with a mail server, point by point, since it matters at which one it ends.
//!
//! A server is left alone while it fails (one breaker a server), is not asked too much at once, and is not greeted anew
//! for each mail: a few connections are kept for a while, each for one login alone.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kernel::limits::{BreakerSettings, Bulkhead, CircuitBreaker, Outcome, jitter};
use kernel::outside::Guard;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use tokio::time::timeout;

use super::Tls;
use super::letter::Letter;
use super::reply::{Failure, Stage};
use crate::channels::Trouble;

/// For one address of the server to take the connection.
const DIAL_TIME: Duration = Duration::from_secs(5);
/// How long we wait; together it stays below the 30 s that a job's call may take.
pub(super) const PATIENCE: Patience =
    Patience { open: Duration::from_secs(13), body: Duration::from_secs(14) };
/// For a courtesy.
const RESET_TIME: Duration = Duration::from_secs(1);
/// Mails in flight at once with one server.
const AT_ONCE_MAX: usize = 16;
/// How soon to come back when there are as many.
const FULL_WAIT: Duration = Duration::from_secs(1);
/// Connections kept, to all servers together.
const KEPT_MAX: usize = 16;
/// Servers hang up on the idle after a minute or more; we are first.
const IDLE_TIME: Duration = Duration::from_secs(20);
/// Many servers take no more than a hundred mails over one connection.
const MAILS_MAX: u32 = 90;
/// Servers remembered; past that, those that nobody talks to are forgotten.
const LANES_MAX: usize = 256;
/// Where mail is handed in.
const MAIL_PORTS: [u16; 4] = [25, 465, 587, 2525];

/// A mail server, and how to talk to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Server {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub ca: Option<PathBuf>,
    /// Whether it must be on the public internet, since a customer named it.
    pub is_guarded: bool,
}

/// Who we are to a server.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    /// The name that we greet with.
    pub hello: String,
    pub username: Option<String>,
    pub password: Option<String>,
}

/// How long a server is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// With all that comes before the mail itself.
    pub open: Duration,
    /// With the mail itself, and the server's word that it has it.
    pub body: Duration,
}

/// Hands a letter to a server.
pub(super) async fn deliver(
    server: Server,
    login: Login,
    letter: &Letter,
    patience: Patience,
) -> Result<(), Trouble> {
    let lane = RELAYS.lane(&server);
    let pass = lane.breaker.try_pass(Instant::now());
    let pass = pass.map_err(|open| Trouble::ProviderDown(open.to_string()))?;
    let ticket = lane.bulkhead.enter();
    let _ticket = ticket.map_err(|full| Trouble::Later { after: Some(FULL_WAIT), why: full.to_string() })?;
    let told = tell(server, login, letter, patience).await;
    match &told {
        Ok(()) => pass.done(Outcome::Succeeded, Instant::now()),
        // The server was not asked, so this says nothing about it.
        Err(Failure::Ours(_)) => drop(pass),
        Err(failure) if failure.is_of_the_server() => pass.done(Outcome::Failed, Instant::now()),
        Err(_) => pass.done(Outcome::Succeeded, Instant::now()),
    }
    Ok(told?)
}

async fn tell(server: Server, login: Login, letter: &Letter, patience: Patience) -> Result<(), Failure> {
    let ready = timeout(patience.open, ready(server, login, letter)).await;
    let mut line = ready.unwrap_or_else(|_| Err(too_late(Stage::Open)))?;
    let answer = timeout(patience.body, line.connection.message(&letter.bytes)).await;
    let answer = answer.map_err(|_| too_late(Stage::Body))?;
    let told = answer.map(drop).map_err(at(Stage::Body));
    if told.as_ref().map_or_else(can_go_on, |()| true) {
        RELAYS.keep(line);
    }
    told
}

/// A line to the server that waits for the mail itself.
async fn ready(server: Server, login: Login, letter: &Letter) -> Result<Line, Failure> {
    while let Some(mut line) = RELAYS.kept(&server, &login) {
        match line.begin(letter).await {
            Err(failure) if failure.is_stale() => {}
            begun => return line.or_kept(begun).await,
        }
    }
    let mut line = Line::open(server, login).await?;
    let begun = line.begin(letter).await;
    line.or_kept(begun).await
}

static RELAYS: LazyLock<Relays> = LazyLock::new(Relays::default);

/// What this process knows of mail servers. One a process, as limits mean nothing otherwise.
#[derive(Default)]
struct Relays {
    lanes: Mutex<HashMap<Server, Arc<Lane>>>,
    kept: Mutex<Vec<Line>>,
}

struct Lane {
    breaker: CircuitBreaker,
    bulkhead: Bulkhead,
}

/// An open connection of one login.
struct Line {
    server: Server,
    login: Login,
    connection: AsyncSmtpConnection,
    mails: u32,
    used: Instant,
}

impl Relays {
    fn lane(&self, server: &Server) -> Arc<Lane> {
        let mut lanes = lock(&self.lanes);
        if let Some(lane) = lanes.get(server) {
            return Arc::clone(lane);
        }
        if lanes.len() >= LANES_MAX {
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        }
        // Few mails are in flight at once, so a few that fail say enough.
        let settings = BreakerSettings { calls_min: 5, ..BreakerSettings::default() };
        let breaker = CircuitBreaker::new(settings, jitter(), Instant::now());
        let lane = Arc::new(Lane { breaker, bulkhead: Bulkhead::new(AT_ONCE_MAX) });
        lanes.insert(server.clone(), Arc::clone(&lane));
        lane
    }

    fn kept(&self, server: &Server, login: &Login) -> Option<Line> {
        let mut kept = lock(&self.kept);
        kept.retain(|line| line.used.elapsed() < IDLE_TIME);
        let at = kept.iter().rposition(|line| line.server == *server && line.login == *login)?;
        Some(kept.remove(at))
    }

    fn keep(&self, mut line: Line) {
        line.mails += 1;
        line.used = Instant::now();
        if line.mails < MAILS_MAX && !line.connection.has_broken() {
            let mut kept = lock(&self.kept);
            if kept.len() >= KEPT_MAX {
                kept.remove(0);
            }
            kept.push(line);
        }
    }
}

impl Line {
    async fn open(server: Server, login: Login) -> Result<Self, Failure> {
        let hello = ClientId::Domain(login.hello.clone());
        let addresses = server.addresses().await?;
        let tls = server.authorities().await?;
        let from_the_start = tls.clone().filter(|_| server.tls == Tls::Always);
        let connecting = AsyncSmtpConnection::connect_tokio1(
            addresses.as_slice(),
            Some(DIAL_TIME),
            &hello,
            from_the_start,
            None,
        );
        let mut connection = connecting.await.map_err(at(Stage::Open))?;
        if let Some(tls) = tls.filter(|_| server.tls == Tls::StartTls) {
            connection.starttls(tls, &hello).await.map_err(at(Stage::Open))?;
        }
        if let (Some(username), Some(password)) = (&login.username, &login.password) {
            let credentials = Credentials::new(username.clone(), password.clone());
            let ways = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&ways, &credentials).await.map_err(at(Stage::Login))?;
        }
        Ok(Self { server, login, connection, mails: 0, used: Instant::now() })
    }

    /// Says from whom and to whom.
    async fn begin(&mut self, letter: &Letter) -> Result<(), Failure> {
        let connection = &mut self.connection;
        let is_ascii = [&letter.from, &letter.to].iter().all(|address| address.to_string().is_ascii());
        let options = if is_ascii { Vec::new() } else { vec![MailParameter::SmtpUtfEight] };
        if !is_ascii && !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            let why = "the mail server takes no address outside of ASCII";
            return Err(Failure::Ours(Trouble::BadRecipient(why.to_owned())));
        }
        connection.command(Mail::new(Some(letter.from.clone()), options)).await.map_err(at(Stage::From))?;
        connection.command(Rcpt::new(letter.to.clone(), Vec::new())).await.map_err(at(Stage::To))?;
        connection.command(Data).await.map(drop).map_err(at(Stage::Data))
    }

    /// The line when it has begun; else it is kept for the next mail where the server only said no to this one.
    async fn or_kept(mut self, begun: Result<(), Failure>) -> Result<Self, Failure> {
        let Err(failure) = begun else { return Ok(self) };
        if can_go_on(&failure)
            && matches!(timeout(RESET_TIME, self.connection.command(Rset)).await, Ok(Ok(_)))
        {
            RELAYS.keep(self);
        }
        Err(failure)
    }
}

impl Server {
    /// Where it is. The addresses that were judged are those that are dialed.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, Failure> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let found: Vec<_> =
            found.map_err(|error| Failure::Lost { at: Stage::Open, why: error.to_string() })?.collect();
        let guard = Guard { ports: MAIL_PORTS.map(|port| port..=port).to_vec(), allow_loopback: false };
        let may_be_called = |address: &SocketAddr| {
            let url = format!("http://{address}/").parse();
            url.is_ok_and(|url| guard.check_url(&url).is_ok())
        };
        // One bad address spoils the name, as it does for every address that users give us.
        if self.is_guarded && !found.iter().all(may_be_called) {
            let why = "a mail server that a project chose must be on the public internet, at a port for mail";
            return Err(Failure::Ours(Trouble::BadCredential(why.to_owned())));
        }
        Ok(found)
    }

    /// Who may vouch for it: nobody where nothing is encrypted.
    async fn authorities(&self) -> Result<Option<TlsParameters>, Failure> {
        if self.tls == Tls::Off {
            return Ok(None);
        }
        let mut tls = TlsParameters::builder(self.host.clone());
        if let Some(path) = &self.ca {
            let unread = |why: String| Failure::Ours(Trouble::BadCredential(why));
            let pem = tokio::fs::read(path).await;
            let pem =
                pem.map_err(|error| unread(format!("`notifications.smtp.ca` cannot be read: {error}")))?;
            let wrong = |_| unread("`notifications.smtp.ca` holds no certificates".to_owned());
            tls = tls.add_root_certificate(Certificate::from_pem(&pem).map_err(wrong)?);
        }
        tls.build().map(Some).map_err(at(Stage::Open))
    }
}

/// Whether the server said no to one mail and takes the next.
fn can_go_on(failure: &Failure) -> bool {
    match failure {
        Failure::Refused { code, .. } => *code != 421,
        Failure::Ours(_) => true,
        Failure::Lost { .. } => false,
    }
}

fn at(stage: Stage) -> impl Fn(Error) -> Failure {
    move |error| Failure::new(stage, &error)
}

fn too_late(at: Stage) -> Failure {
    Failure::Lost { at, why: "no reply came in time".to_owned() }
}

/// Locks; what is behind is whole after every statement, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
