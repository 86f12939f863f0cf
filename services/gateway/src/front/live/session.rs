//! A conversation over one socket: what is heard, what is told, and what happens because time passes.
//!
//! Time is counted in looks, one a second: whether the proof is still good, whether the other side is still there,
//! whether it waits to hear that we are.

use std::collections::HashMap;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use kernel::http::{ClientAddress, ProblemBody};
use kernel::telemetry::metrics::Counter;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::super::Front;
use super::follow::{Follower, Told};
use super::seats::Seat;
use super::socket::{Over, Socket};
use super::{Page, refusal};
use crate::domain::stomp::{self, Version, written};
use crate::domain::websocket::{Heard, Kind};

static MESSAGES: Counter = Counter::new("stoa_gateway_messages_total", "Messages told at `/ws`.", &[]);

/// One socket and what is followed on it.
pub(super) struct Session {
    pub door: Front,
    pub seat: Seat,
    pub page: Page,
    /// By what the caller proves who they are.
    pub proof: HeaderMap,
    pub correlation_id: String,
    pub address: ClientAddress,
    /// Nothing until CONNECT.
    pub version: Option<Version>,
    pub frames: stomp::Reader,
    pub subscriptions: HashMap<String, Subscription>,
    pub begun: u64,
    pub beats: Beats,
    pub told: mpsc::Sender<Told>,
    inbox: mpsc::Receiver<Told>,
    messages: u64,
    passed: Passed,
}

/// A destination that is followed.
pub(super) struct Subscription {
    pub number: u64,
    pub destination: String,
    /// What the subscriber wants to hear once it has begun.
    pub receipt: Option<String>,
    pub _follower: Follower,
}

/// How often each side is heard at least, in looks.
#[derive(Default)]
pub(super) struct Beats {
    pub ours: Option<u32>,
    pub theirs: Option<u32>,
}

/// Looks that have passed.
#[derive(Default)]
struct Passed {
    in_all: u32,
    since_heard: u32,
    since_told: u32,
    following_nothing: u32,
}

/// All times below are counted in looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const UNPROVEN_MAX: u32 = 10;
const FOLLOWING_NOTHING_MAX: u32 = 300;
/// Twelve hours: whoever stays longer comes back to whichever process there is then.
const LIFE: u32 = 12 * 3_600;
/// A silent peer is asked whether it is there, three times.
const ASK_EVERY: u32 = 25;
const SILENCE_MAX: u32 = 75;
/// What is told and not yet sent; whoever tells waits then, and what it tells next is newer.
const UNSENT_MAX: usize = 16;
/// Says why, and what is wrong with it.
const POLICY: u16 = 1008;
const PROTOCOL: u16 = 1002;

impl Session {
    pub fn new(
        door: Front,
        seat: Seat,
        page: Page,
        proof: HeaderMap,
        correlation_id: String,
        address: ClientAddress,
    ) -> Self {
        let (told, inbox) = mpsc::channel(UNSENT_MAX);
        Self {
            door,
            seat,
            page,
            proof,
            correlation_id,
            address,
            version: None,
            frames: stomp::Reader::default(),
            subscriptions: HashMap::new(),
            begun: 0,
            beats: Beats::default(),
            told,
            inbox,
            messages: 0,
            passed: Passed::default(),
        }
    }

    /// Holds the conversation to its end.
    pub async fn hold(mut self, mut socket: Socket, mut ending: watch::Receiver<bool>) {
        let over = self.converse(&mut socket, &mut ending).await;
        tracing::debug!(correlation.id = self.correlation_id, ?over, "a socket ends");
        // Nothing is followed while the goodbye is said.
        self.subscriptions.clear();
        socket.end(over).await;
    }

    async fn converse(&mut self, socket: &mut Socket, ending: &mut watch::Receiver<bool>) -> Over {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let gone_on = tokio::select! {
                () = asked_to_end(ending) => {
                    return Over::Ends { code: 1001, why: "the server stops; come back", last: None };
                }
                heard = socket.hear() => match heard {
                    Ok(heard) => self.on_heard(socket, heard).await,
                    Err(over) => Err(over),
                },
                // There is always a sender: our own.
                Some(told) = self.inbox.recv() => self.on_told(socket, told).await,
                _ = looks.tick() => self.look(socket).await,
            };
            if let Err(over) = gone_on {
                return over;
            }
        }
    }

    async fn on_heard(&mut self, socket: &mut Socket, heard: Heard) -> Result<(), Over> {
        self.passed.since_heard = 0;
        let bytes = match heard {
            Heard::Message(bytes) => bytes,
            Heard::Ping(payload) => return socket.tell(Kind::Pong, &payload).await,
            Heard::Pong => return Ok(()),
            Heard::Close(_) => return Err(Over::Left),
        };
        self.frames.push(&bytes);
        loop {
            match self.frames.take() {
                Ok(None) => return Ok(()),
                Ok(Some(stomp::Heard::Beat)) => {}
                Ok(Some(stomp::Heard::Frame(frame))) => self.obey(socket, &frame).await?,
                Err(bad) => return Err(self.broken("bad_frame", &bad.to_string(), None)),
            }
        }
    }

    async fn on_told(&mut self, socket: &mut Socket, told: Told) -> Result<(), Over> {
        let (Told::Begun(number) | Told::Event(number, _) | Told::Refused(number, _)) = &told;
        // What was told of a subscription that has ended meanwhile is for nobody.
        let found = self.subscriptions.iter_mut().find(|(_, one)| one.number == *number);
        let Some((id, subscription)) = found else { return Ok(()) };
        match told {
            Told::Begun(_) => match subscription.receipt.take() {
                Some(receipt) => self.tell(socket, "RECEIPT", &[("receipt-id", &receipt)], b"").await,
                None => Ok(()),
            },
            Told::Event(_, data) => {
                self.messages += 1;
                MESSAGES.add(1, &[]);
                let message = format!("{}-{}", subscription.number, self.messages);
                let (id, destination) = (id.clone(), subscription.destination.clone());
                let headers = [
                    ("subscription", id.as_str()),
                    ("message-id", &message),
                    ("destination", &destination),
                    ("content-type", "application/json"),
                ];
                self.tell(socket, "MESSAGE", &headers, data.as_bytes()).await
            }
            Told::Refused(_, problem) => {
                let receipt = subscription.receipt.take();
                Err(self.refused(&problem, receipt.as_deref()))
            }
        }
    }

    /// What is due because a second has passed.
    async fn look(&mut self, socket: &mut Socket) -> Result<(), Over> {
        let passed = &mut self.passed;
        passed.in_all += 1;
        passed.since_heard += 1;
        passed.since_told += 1;
        passed.following_nothing =
            if self.subscriptions.is_empty() { passed.following_nothing + 1 } else { 0 };
        let ends = |why| Err(Over::Ends { code: 1000, why, last: None });
        match passed {
            Passed { since_heard: SILENCE_MAX.., .. } => return Err(Over::Gone),
            Passed { in_all: LIFE.., .. } => return ends("twelve hours are over; come back"),
            Passed { following_nothing: FOLLOWING_NOTHING_MAX.., .. } => return ends("nothing is followed"),
            Passed { since_heard, .. } if *since_heard > 0 && since_heard.is_multiple_of(ASK_EVERY) => {
                socket.tell(Kind::Ping, b"").await?;
            }
            Passed { .. } => {}
        }
        if self.version.is_none() {
            return match self.passed.in_all {
                UNPROVEN_MAX.. => Err(self.broken("connect_first", "CONNECT did not come in time", None)),
                _ => Ok(()),
            };
        }
        if let Err(problem) = self.door.proven(&self.page, &self.proof).await
            && !problem.status().is_server_error()
        {
            return Err(self.refused(&refusal(&problem, &self.correlation_id).await, None));
        }
        if self.beats.theirs.is_some_and(|every| self.passed.since_heard > every.saturating_mul(2)) {
            return Err(self.broken("no_heart_beat", "you were not heard for too long", None));
        }
        // One look early, so that it is never late.
        if self.beats.ours.is_some_and(|every| self.passed.since_told + 1 >= every) {
            self.passed.since_told = 0;
            socket.tell(Kind::Text, b"\n").await?;
        }
        Ok(())
    }

    /// Tells one frame.
    pub async fn tell(
        &mut self,
        socket: &mut Socket,
        command: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<(), Over> {
        self.passed.since_told = 0;
        let frame = written(self.version.unwrap_or(Version::V10), command, headers, body);
        socket.tell(Kind::Text, &frame).await
    }

    /// The caller may not do that, or not any more.
    pub fn refused(&self, problem: &ProblemBody, receipt: Option<&str>) -> Over {
        self.ends(POLICY, "refused", problem, receipt)
    }

    /// The rules of the conversation were not kept.
    pub fn broken(&self, code: &str, message: &str, receipt: Option<&str>) -> Over {
        self.ends(PROTOCOL, "not understood", &super::trouble(code, message, &self.correlation_id), receipt)
    }

    /// After an ERROR the conversation is over, as the protocol demands.
    fn ends(&self, code: u16, why: &'static str, problem: &ProblemBody, receipt: Option<&str>) -> Over {
        let message = format!("{}: {}", problem.code, problem.message);
        let mut headers = vec![("message", message.as_str()), ("content-type", "application/json")];
        if self.version.is_none() {
            headers.push(("version", "1.0,1.1,1.2"));
        }
        headers.extend(receipt.map(|receipt| ("receipt-id", receipt)));
        let body = serde_json::to_vec(problem).unwrap_or_default();
        let last = written(self.version.unwrap_or(Version::V10), "ERROR", &headers, &body);
        Over::Ends { code, why, last: Some(last) }
    }

    /// What is sent along with each request for a destination.
    pub fn request_headers(&self) -> HeaderMap {
        let mut headers = self.proof.clone();
        if let Ok(id) = HeaderValue::from_str(&self.correlation_id) {
            headers.insert(super::CORRELATION, id);
        }
        headers
    }
}

/// Returns when all sockets are to end, or nobody is left to say so.
async fn asked_to_end(ending: &mut watch::Receiver<bool>) {
    let _ = ending.wait_for(|ending| *ending).await;
}
