//! The client against real servers on this machine, each with its own fault.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n";

#[derive(Clone, Copy)]
enum Act {
    Say(&'static str),
    SayAndHangUp(&'static str),
    HangUp,
    BeSilent,
}

/// A server that treats its first request by the first act, and so on; the last act is repeated.
struct Remote {
    address: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Remote {
    async fn start(acts: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (heard, acts) = (Arc::default(), Arc::<[Act]>::from(acts));
        let log = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&acts), Arc::clone(&log)));
            }
        });
        Self { address, heard }
    }

    fn heard(&self) -> usize {
        self.heard.lock().unwrap().len()
    }

    fn get(&self, path: &str) -> Request<Bytes> {
        get(&format!("http://{}{path}", self.address))
    }
}

async fn converse(mut stream: TcpStream, acts: Arc<[Act]>, heard: Arc<Mutex<Vec<String>>>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        let turn = {
            let mut heard = heard.lock().unwrap();
            heard.push(String::from_utf8(head).unwrap());
            heard.len() - 1
        };
        match acts[turn.min(acts.len() - 1)] {
            Act::Say(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
            Act::SayAndHangUp(answer) => return stream.write_all(answer.as_bytes()).await.unwrap(),
            Act::HangUp => return,
            Act::BeSilent => std::future::pending().await,
        }
    }
}

fn get(url: &str) -> Request<Bytes> {
    Request::builder().method(Method::GET).uri(url).body(Bytes::new()).unwrap()
}

fn outside() -> Outside {
    let backoff = Backoff { base: Duration::from_millis(2), cap: Duration::from_millis(2) };
    let provider = ProviderSettings { backoff, answer_bytes_max: 1000, ..ProviderSettings::default() };
    let connect_timeout = Duration::from_millis(200);
    Outside::new(OutsideSettings { connect_timeout, provider, guard: Guard::default() }).unwrap()
}

fn once() -> Call {
    Call { timeout: Duration::from_millis(2_000), ..Call::default() }
}

fn idempotent() -> Call {
    Call { idempotent: true, ..once() }
}

async fn sent_to(acts: &[Act], call: Call) -> (Result<Response<Bytes>, CallError>, usize) {
    let remote = Remote::start(acts).await;
    let result = outside().provider("test").send(remote.get("/"), call).await;
    (result, remote.heard())
}

async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_refused_connection_was_certainly_not_sent() {
    let result = outside().provider("test").send(get(&nobody().await), idempotent()).await;
    assert!(matches!(result, Err(CallError::NotSent(NotSent::Unreachable(_)))), "{result:?}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_was_certainly_not_sent() {
    let result = outside().provider("test").send(get("http://nobody.invalid/"), once()).await;
    assert!(matches!(result, Err(CallError::NotSent(NotSent::Unreachable(_)))), "{result:?}");
}

#[tokio::test]
async fn a_request_that_cannot_be_put_on_the_wire_was_certainly_not_sent() {
    let provider = outside().provider("test");
    for url in ["/relative", "no-scheme.example", "odd://example.com/"] {
        let result = provider.send(get(url), once()).await;
        assert!(matches!(result, Err(CallError::NotSent(_))), "{url}: {result:?}");
    }
    let mut ancient = get("http://127.0.0.1/");
    *ancient.version_mut() = http::Version::HTTP_09;
    let result = provider.send(ancient, once()).await;
    assert!(matches!(result, Err(CallError::NotSent(_))), "{result:?}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_was_certainly_not_sent() {
    let remote = Remote::start(&[Act::BeSilent]).await;
    let url = format!("https://{}/", remote.address);
    for timeout_ms in [20, 2_000] {
        let call = Call { timeout: Duration::from_millis(timeout_ms), ..once() };
        let result = outside().provider("test").send(get(&url), call).await;
        assert!(matches!(result, Err(CallError::NotSent(NotSent::Unreachable(_)))), "{result:?}");
    }
}

#[tokio::test]
async fn silence_after_the_request_leaves_the_outcome_unknown_and_is_not_repeated() {
    let call = Call { timeout: Duration::from_millis(80), ..idempotent() };
    let (result, heard) = sent_to(&[Act::BeSilent], call).await;
    assert!(matches!(result, Err(CallError::Unknown(Unknown::TimedOut))), "{result:?}");
    assert_eq!(heard, 1);
}

#[tokio::test]
async fn silence_on_a_kept_connection_leaves_the_outcome_unknown() {
    let remote = Remote::start(&[Act::Say(OK), Act::BeSilent]).await;
    let provider = outside().provider("test");
    provider.send(remote.get("/"), once()).await.unwrap();
    let call = Call { timeout: Duration::from_millis(80), ..once() };
    let result = provider.send(remote.get("/"), call).await;
    assert!(matches!(result, Err(CallError::Unknown(Unknown::TimedOut))), "{result:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_the_outcome_unknown() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this";
    for act in [Act::HangUp, Act::SayAndHangUp("SMTP ready\r\n\r\n"), Act::SayAndHangUp(half)] {
        let (result, heard) = sent_to(&[act], idempotent()).await;
        assert!(matches!(result, Err(CallError::Unknown(Unknown::Broken(_)))), "{result:?}");
        assert_eq!(heard, 1);
    }
}

#[tokio::test]
async fn an_answer_too_large_is_not_read_to_the_end() {
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n".to_owned();
    let unannounced =
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n{}\r\n", "x".repeat(1001));
    for answer in [announced, unannounced] {
        let (result, _) = sent_to(&[Act::Say(answer.leak())], once()).await;
        assert!(matches!(result, Err(CallError::Unknown(Unknown::TooLarge))), "{result:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
    let (result, heard) = sent_to(&[Act::Say(elsewhere)], idempotent()).await;
    assert_eq!((result.unwrap().status().as_u16(), heard), (302, 1));
}

#[tokio::test]
async fn passing_trouble_is_retried_only_for_idempotent_calls() {
    let (result, heard) = sent_to(&[Act::Say(BUSY), Act::Say(OK)], idempotent()).await;
    assert_eq!((result.unwrap().status().as_u16(), heard), (200, 2));
    let (result, heard) = sent_to(&[Act::Say(BUSY), Act::Say(OK)], once()).await;
    assert_eq!((result.unwrap().status().as_u16(), heard), (503, 1));
}

#[tokio::test]
async fn lasting_trouble_is_handed_on_after_the_last_retry() {
    let (result, heard) = sent_to(&[Act::Say(BUSY)], idempotent()).await;
    assert_eq!(result.unwrap().status().as_u16(), 503);
    assert!((2..=3).contains(&heard), "the budget of a quiet provider is one retry, and a little: {heard}");
}

#[tokio::test]
async fn a_wait_longer_than_the_call_may_take_is_left_to_the_caller() {
    let later = "HTTP/1.1 429 Slow\r\nretry-after: 600\r\ncontent-length: 0\r\n\r\n";
    let (result, heard) = sent_to(&[Act::Say(later), Act::Say(OK)], idempotent()).await;
    let answer = result.unwrap();
    assert_eq!(retry_after(answer.headers()), Some(Duration::from_secs(600)));
    assert_eq!((answer.status().as_u16(), heard), (429, 1));
}

#[tokio::test]
async fn a_gateway_timeout_is_not_turned_into_not_sent_by_a_failed_retry() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let gateway = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        drop(listener);
        let answer = "HTTP/1.1 504 Late\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        converse(stream, Arc::new([Act::SayAndHangUp(answer)]), Arc::default()).await;
    });
    let result = outside().provider("test").send(get(&url), idempotent()).await;
    assert_eq!(result.unwrap().status().as_u16(), 504);
    gateway.await.unwrap();
}

#[tokio::test]
async fn a_failing_provider_is_left_alone_and_its_neighbour_is_not() {
    let remote = Remote::start(&[Act::Say(BUSY)]).await;
    let outside = outside();
    for _ in 0..20 {
        outside.provider("failing").send(remote.get("/"), once()).await.unwrap();
    }
    let result = outside.provider("failing").send(remote.get("/"), once()).await;
    let Err(failure @ CallError::NotSent(NotSent::Open(_))) = result else { panic!("{result:?}") };
    assert!(failure.retry_after() >= Some(Duration::from_secs(4)));
    assert_eq!(remote.heard(), 20);
    assert_eq!(outside.provider("failing").breaker_state(), BreakerState::Open);
    assert!(outside.provider("other").send(remote.get("/"), once()).await.is_ok());
}

#[tokio::test]
async fn one_call_too_many_at_once_is_refused_at_once() {
    let remote = Remote::start(&[Act::BeSilent]).await;
    let settings = || ProviderSettings { at_once_max: 1, ..ProviderSettings::default() };
    let provider = outside().provider_with("test", settings);
    let call = Call { timeout: Duration::from_millis(80), ..once() };
    let (_, second) = tokio::join!(
        provider.send(remote.get("/"), call.clone()),
        provider.send(remote.get("/"), call.clone())
    );
    assert!(matches!(second, Err(CallError::NotSent(NotSent::Full(_)))), "{second:?}");
    assert_eq!(provider.in_flight(), 0);
}

#[tokio::test]
async fn our_rate_with_a_provider_is_kept() {
    let remote = Remote::start(&[Act::Say(OK)]).await;
    let rate = Some(Quota::new(1, Duration::from_secs(60), 1));
    let provider =
        outside().provider_with("test", || ProviderSettings { rate, ..ProviderSettings::default() });
    provider.send(remote.get("/"), once()).await.unwrap();
    let result = provider.send(remote.get("/"), once()).await;
    assert!(matches!(result, Err(CallError::NotSent(NotSent::Limited(_)))), "{result:?}");
    assert_eq!(remote.heard(), 1);
}

#[tokio::test]
async fn a_user_given_url_never_reaches_this_machine() {
    let remote = Remote::start(&[Act::Say(OK)]).await;
    let port = remote.address.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
        let result = outside().guarded().send(get(&format!("http://{host}:{port}/")), once()).await;
        assert!(matches!(result, Err(CallError::NotSent(_))), "{host}: {result:?}");
        if host == "localhost" {
            assert!(matches!(result, Err(CallError::NotSent(NotSent::Forbidden(_)))), "{result:?}");
        }
    }
    assert_eq!(remote.heard(), 0);
}

#[tokio::test]
async fn a_trial_may_open_loopback_to_user_given_urls() {
    let remote = Remote::start(&[Act::Say(OK)]).await;
    let guard = Guard { allow_loopback: true, ..Guard::default() };
    let outside = Outside::new(OutsideSettings { guard, ..OutsideSettings::default() }).unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}/", remote.address.rsplit(':').next().unwrap());
        assert!(outside.guarded().send(get(&url), once()).await.is_ok(), "{host}");
    }
}

#[tokio::test]
async fn a_call_says_who_we_are_and_carries_its_trace() {
    let remote = Remote::start(&[Act::Say(OK)]).await;
    let traceparent =
        Some(HeaderValue::from_static("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    outside().provider("test").send(remote.get("/"), Call { traceparent, ..once() }).await.unwrap();
    let head = remote.heard.lock().unwrap().concat();
    assert!(head.contains(concat!("user-agent: stoa/", env!("CARGO_PKG_VERSION"))), "{head}");
    assert!(head.contains("traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), "{head}");
}

#[tokio::test]
async fn the_log_names_the_call_and_none_of_its_secrets() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines.clone()));
    let remote = Remote::start(&[Act::Say(OK)]).await;
    let mut request = remote.get("/v1/charges?key=hidden1");
    request.headers_mut().insert("authorization", "Bearer hidden2".parse().unwrap());
    *request.body_mut() = Bytes::from_static(b"hidden3");
    outside().provider("test").send(request, once()).await.unwrap();
    let lines = lines.0.lock().unwrap();
    assert!(lines.contains("provider=\"test\"") && lines.contains("/v1/charges"), "{lines}");
    assert!(!lines.contains("hidden"), "{lines}");
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<String>>);

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().contains("outside") {
            let mut lines = self.0.lock().unwrap();
            event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
                let _ = write!(lines, "{field}={value:?} ");
            });
        }
    }
}
