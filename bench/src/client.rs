//! The load: keep-alive connections that send prepared bytes and read answers, and nothing more.
//!
//! Server and load share the machine, so a full client would mostly measure itself. It understands what our
//! server answers: a status line, `content-length`, a body.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ring::hmac;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Failure;
use crate::contest::Tally;

/// Connections of a crowd.
pub const CONNECTIONS: u64 = 64;

/// A request as bytes, with the place of its idempotency key.
#[derive(Clone)]
pub struct Request {
    bytes: Vec<u8>,
    key_at: Option<usize>,
    seal: Option<Seal>,
    expected: &'static str,
    takes_refusals: bool,
    every: Duration,
}

/// Where a webhook's signature stands, and what makes it.
#[derive(Clone)]
struct Seal {
    secret: hmac::Key,
    at_s: i64,
    signature_at: usize,
    body_at: usize,
}

/// Whether writes carry an idempotency key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keyed {
    /// A new one each.
    Yes,
    /// None.
    No,
}

/// No key is used twice in a run.
static KEYS: AtomicU64 = AtomicU64::new(1);
const KEY_DIGITS: usize = 16;

impl Request {
    /// A `POST` of JSON.
    pub fn post(path: &str, token: &str, body: &str, keyed: Keyed) -> Self {
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        let key_at = (keyed == Keyed::Yes).then(|| {
            head += "idempotency-key: ";
            let at = head.len();
            head += &format!("{:0KEY_DIGITS$x}\r\n", 0);
            at
        });
        Self { key_at, ..Self::of(format!("{head}\r\n{body}").into_bytes()) }
    }

    /// A `GET` with an API key.
    pub fn get(path: &str, key: &str) -> Self {
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\nx-api-key: {key}\r\n\r\n");
        Self::of(head.into_bytes())
    }

    /// A webhook as Stripe signs it; the digits behind `id` in its body are new each time.
    pub fn webhook(path: &str, secret: &str, at_s: i64, id: &str, body: &str) -> Result<Self, Failure> {
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nstripe-signature: t={at_s},v1=",
            body.len()
        );
        let signature_at = head.len();
        head += &format!("{}\r\n\r\n", "0".repeat(64));
        let body_at = head.len();
        let key_at = body_at + body.find(id).ok_or("the body does not hold the id")? + id.len();
        let seal = Seal {
            secret: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
            at_s,
            signature_at,
            body_at,
        };
        let bytes = format!("{head}{body}").into_bytes();
        Ok(Self { key_at: Some(key_at), seal: Some(seal), ..Self::of(bytes) })
    }

    fn of(bytes: Vec<u8>) -> Self {
        let every = Duration::ZERO;
        Self { bytes, key_at: None, seal: None, expected: "", takes_refusals: false, every }
    }

    /// The same, whose answer is a success only where it says so: others report failures with status 200.
    pub fn expecting(self, expected: &'static str) -> Self {
        Self { expected, ..self }
    }

    /// The same, which may be refused: in a crowd that is larger than what there is for it.
    pub fn or_refused(self) -> Self {
        Self { takes_refusals: true, ..self }
    }

    /// The same, sent so often and not as fast as it is answered.
    pub fn each(self, every: Duration) -> Self {
        Self { every, ..self }
    }

    fn renew_key(&mut self) {
        if let Some(at) = self.key_at {
            let key = format!("{:0KEY_DIGITS$x}", KEYS.fetch_add(1, Ordering::Relaxed));
            self.bytes[at..at + KEY_DIGITS].copy_from_slice(key.as_bytes());
        }
        if let Some(seal) = &self.seal {
            let signed = [format!("{}.", seal.at_s).as_bytes(), &self.bytes[seal.body_at..]].concat();
            let signature = hmac::sign(&seal.secret, &signed);
            let hex: String = signature.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            self.bytes[seal.signature_at..seal.signature_at + hex.len()].copy_from_slice(hex.as_bytes());
        }
    }
}

/// Sends requests on all connections at once until `time` is over; an answer other than success ends it.
pub fn load(
    address: SocketAddr,
    connections: u64,
    time: Duration,
    request: impl Fn(u64) -> Request,
) -> Result<Tally, Failure> {
    // One thread: the other core is the server's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // What is measured is the asking: all are connected before the clock runs.
        let mut streams = Vec::new();
        for _ in 0..connections {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let started = Instant::now();
        let mut crowd = JoinSet::new();
        for (number, stream) in (0..).zip(streams) {
            crowd.spawn(converse(stream, request(number), started + time));
        }
        let mut all = Tally::default();
        while let Some(part) = crowd.join_next().await {
            all.add_beside(&part??);
        }
        all.took = started.elapsed();
        Ok(all)
    })
}

async fn converse(mut stream: TcpStream, mut request: Request, until: Instant) -> Result<Tally, Failure> {
    let (mut tally, mut answer) = (Tally::default(), Vec::with_capacity(4_096));
    loop {
        let started = Instant::now();
        if started >= until {
            return Ok(tally);
        }
        request.renew_key();
        stream.write_all(&request.bytes).await?;
        answer.clear();
        while !is_whole(&answer) {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err("the server has closed a connection".into());
            }
        }
        let says = request.expected.is_empty() || find(&answer, request.expected.as_bytes()).is_some();
        if !request.takes_refusals && (!says || !answer.starts_with(b"HTTP/1.1 2")) {
            return Err(format!("the server answers {}", String::from_utf8_lossy(&answer)).into());
        }
        tally.latencies.record(started.elapsed());
        tally.done += 1;
        if !request.every.is_zero() {
            tokio::time::sleep_until((started + request.every).into()).await;
        }
    }
}

fn is_whole(answer: &[u8]) -> bool {
    const LENGTH: &[u8] = b"\r\ncontent-length: ";
    let Some(head) = find(answer, b"\r\n\r\n") else { return false };
    let Some(at) = find(&answer[..head], LENGTH) else { return true };
    let digits = answer[at + LENGTH.len()..head].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    answer.len() >= head + 4 + length
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let answer = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\nx: y\r\n\r\n{}";
        assert!((0..answer.len()).all(|end| !is_whole(&answer[..end])));
        assert!(is_whole(answer));
    }

    #[test]
    fn each_request_has_a_key_of_its_own() {
        let mut request = Request::post("/", "t", "{}", Keyed::Yes);
        let length = request.bytes.len();
        request.renew_key();
        let first = request.bytes.clone();
        request.renew_key();
        assert!(request.bytes != first && request.bytes.len() == length);
    }
}
