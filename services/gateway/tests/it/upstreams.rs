//! What a caller sees of instances in other processes that come, go, hang and break.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use gateway::upstreams::{InstanceAddress, Rules, Trouble, Tuning, Upstreams};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use kernel::limits::BreakerSettings;
use tokio::task::JoinSet;

use super::upstreams_backend::{Backend, heard, hello, raw};

pub const SERVICE: &str = "audit";

/// What a route that only reads has.
pub fn reading() -> Rules {
    Rules { timeout: Duration::from_secs(6), tries_max: 3, idempotent: true }
}

/// What a route that changes something has.
pub fn writing() -> Rules {
    Rules { idempotent: false, ..reading() }
}

pub fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

pub fn post(body: impl Into<Body>) -> Request<Body> {
    Request::post("/").body(body.into()).unwrap()
}

pub async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

pub fn at(tuning: Tuning, addresses: &[&str]) -> Upstreams {
    let upstreams = Upstreams::new(tuning, None);
    set(&upstreams, addresses);
    upstreams
}

fn set(upstreams: &Upstreams, addresses: &[&str]) {
    let parsed: Vec<InstanceAddress> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    upstreams.set_instances(SERVICE, parsed);
}

/// Many callers at once; what went wrong for any of them.
async fn crowd(upstreams: &Upstreams, rules: Rules, each: usize) -> Vec<String> {
    let mut callers = JoinSet::new();
    for _ in 0..16 {
        let upstreams = upstreams.clone();
        callers.spawn(async move {
            let mut wrong = Vec::new();
            for _ in 0..each {
                let request = if rules.idempotent { get("/") } else { post("{}") };
                match upstreams.send(SERVICE, rules, request).await {
                    Ok(answer) if answer.status() == StatusCode::OK => {
                        assert_eq!(text(answer).await, "hello");
                    }
                    Ok(answer) => wrong.push(answer.status().to_string()),
                    Err(trouble) => wrong.push(trouble.to_string()),
                }
            }
            wrong
        });
    }
    callers.join_all().await.concat()
}

fn ejected(upstreams: &Upstreams) -> Vec<String> {
    let instances = upstreams.states().into_iter().flat_map(|state| state.instances);
    instances.filter(|one| one.ejected).map(|one| one.address).collect()
}

fn silent() -> Router {
    Router::new().fallback(any(std::future::pending::<&'static str>))
}

/// Listens, and speaks another language.
fn nonsense() -> SocketAddr {
    raw(|mut stream| {
        heard(&mut stream);
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n\r\n");
    })
}

#[tokio::test]
async fn a_service_that_nobody_has_told_of_has_no_instance() {
    let upstreams = Upstreams::new(Tuning::default(), None);
    let nobody = upstreams.send(SERVICE, reading(), get("/")).await;
    assert_eq!(nobody.unwrap_err(), Trouble::NoInstance);
    set(&upstreams, &[]);
    let nobody = upstreams.send(SERVICE, reading(), get("/")).await;
    assert_eq!(nobody.unwrap_err(), Trouble::NoInstance);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_fails_when_an_instance_is_killed_under_load() {
    let (one, other, mut victim) = (hello(), hello(), hello());
    let upstreams = at(Tuning::default(), &[&one.at(), &other.at(), &victim.at()]);
    let load = tokio::spawn({
        let upstreams = upstreams.clone();
        async move { crowd(&upstreams, reading(), 200).await }
    });
    while victim.seen() < 50 {
        tokio::task::yield_now().await;
    }
    victim.kill();
    assert_eq!(load.await.unwrap(), Vec::<String>::new());
    assert_eq!(ejected(&upstreams), [victim.at()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_fails_when_an_instance_talks_nonsense() {
    let (one, other) = (hello(), hello());
    let nonsense = format!("http://{}", nonsense());
    let upstreams = at(Tuning::default(), &[&one.at(), &other.at(), &nonsense]);
    assert_eq!(crowd(&upstreams, reading(), 50).await, Vec::<String>::new());
    assert_eq!(ejected(&upstreams), [nonsense]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_fails_when_an_instance_does_not_answer() {
    let (one, other, slow) = (hello(), hello(), Backend::start(silent()));
    let upstreams = at(Tuning::default(), &[&one.at(), &other.at(), &slow.at()]);
    assert_eq!(crowd(&upstreams, reading(), 50).await, Vec::<String>::new());
    assert_eq!(ejected(&upstreams), [slow.at()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_fails_while_the_instances_are_restarted_one_after_the_other() {
    let mut instances = [hello(), hello(), hello()];
    let addresses = instances.each_ref().map(Backend::at);
    let upstreams = at(Tuning::default(), &addresses.each_ref().map(String::as_str));
    let load = tokio::spawn({
        let upstreams = upstreams.clone();
        async move { crowd(&upstreams, reading(), 400).await }
    });
    for instance in &mut instances {
        // Since the one before it: three at the same moment would leave nobody for a third try.
        let before = instance.seen();
        while instance.seen() < before + 100 && !load.is_finished() {
            tokio::task::yield_now().await;
        }
        instance.restart();
    }
    assert_eq!(load.await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_fails_when_all_of_it_happens_at_once() {
    let (one, other, mut killed, mut restarted) = (hello(), hello(), hello(), hello());
    let (slow, nonsense) = (Backend::start(silent()), format!("http://{}", nonsense()));
    let all = [one.at(), other.at(), killed.at(), restarted.at(), slow.at(), nonsense];
    // With four of six in trouble at the same moment, more than a small share of calls is repeated.
    let tuning = Tuning { retries_per_second_min: 100, ..Tuning::default() };
    let upstreams = at(tuning, &all.each_ref().map(String::as_str));
    let rules = Rules { timeout: Duration::from_secs(10), tries_max: 6, ..reading() };
    let load = tokio::spawn({
        let upstreams = upstreams.clone();
        async move { crowd(&upstreams, rules, 100).await }
    });
    while killed.seen() < 20 && !load.is_finished() {
        tokio::task::yield_now().await;
    }
    killed.kill();
    restarted.restart();
    assert_eq!(load.await.unwrap(), Vec::<String>::new());
    assert!(ejected(&upstreams).len() <= 3, "never more than half are left out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_when_instances_change_under_load() {
    let (one, other) = (hello(), hello());
    let upstreams = at(Tuning::default(), &[&one.at()]);
    let load = tokio::spawn({
        let upstreams = upstreams.clone();
        async move { crowd(&upstreams, writing(), 200).await }
    });
    while !load.is_finished() {
        for addresses in [&[one.at(), other.at()][..], &[other.at()], &[one.at()]] {
            set(&upstreams, &addresses.iter().map(String::as_str).collect::<Vec<_>>());
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(load.await.unwrap(), Vec::<String>::new());
    assert!(one.seen() + other.seen() == 3_200 && other.seen() > 0, "each exactly once");
}

#[tokio::test]
async fn a_write_is_never_sent_twice_when_it_may_have_arrived() {
    static ARRIVED: AtomicUsize = AtomicUsize::new(0);
    let deaf = raw(|mut stream| {
        if heard(&mut stream) {
            ARRIVED.fetch_add(1, Ordering::SeqCst);
        }
    });
    let good = hello();
    let upstreams = at(Tuning::default(), &[&format!("http://{deaf}"), &good.at()]);
    let mut broken = 0;
    for _ in 0..20 {
        broken += usize::from(upstreams.send(SERVICE, writing(), post("{}")).await.is_err());
    }
    assert!(broken > 0, "some went to the one that closes");
    assert_eq!((broken, good.seen()), (ARRIVED.load(Ordering::SeqCst), 20 - broken));
}

#[tokio::test]
async fn a_write_goes_elsewhere_when_nobody_listens() {
    let (good, mut gone) = (hello(), hello());
    gone.kill();
    let upstreams = at(Tuning::default(), &[&good.at(), &gone.at()]);
    assert_eq!(crowd(&upstreams, writing(), 10).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_connection_closed_while_it_rested_fails_nobody() {
    let (closed, mut seen_closed) = tokio::sync::mpsc::unbounded_channel();
    let closed = Mutex::new(closed);
    let once = raw(move |mut stream| {
        heard(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        drop(stream);
        closed.lock().unwrap().send(()).unwrap();
    });
    let upstreams = at(Tuning::default(), &[&format!("http://{once}")]);
    for _ in 0..50 {
        let answer = upstreams.send(SERVICE, writing(), post("{}")).await.unwrap();
        assert_eq!(text(answer).await, "hello");
        seen_closed.recv().await.unwrap();
        // So that what the network says is heard: a write that is under way already is not sent again.
        tokio::task::yield_now().await;
    }
    for _ in 0..50 {
        let answer = upstreams.send(SERVICE, reading(), get("/")).await.unwrap();
        assert_eq!(text(answer).await, "hello");
    }
}

#[tokio::test]
async fn who_does_not_answer_in_time_is_not_waited_for() {
    let slow = Backend::start(silent());
    let upstreams = at(Tuning::default(), &[&slow.at()]);
    let rules = Rules { timeout: Duration::from_millis(200), ..writing() };
    let started = Instant::now();
    let late = upstreams.send(SERVICE, rules, post("{}")).await;
    assert_eq!(late.unwrap_err(), Trouble::TimedOut);
    assert!(started.elapsed() >= rules.timeout);
    assert_eq!(upstreams.states()[0].in_flight, 0);
}

#[tokio::test]
async fn an_answer_that_says_not_now_is_asked_for_elsewhere() {
    let away = Backend::start(Router::new().fallback(any(async || StatusCode::SERVICE_UNAVAILABLE)));
    let good = hello();
    let upstreams = at(Tuning::default(), &[&good.at(), &away.at()]);
    assert_eq!(crowd(&upstreams, reading(), 2).await, Vec::<String>::new());
    set(&upstreams, &[&away.at()]);
    let answer = upstreams.send(SERVICE, reading(), get("/")).await.unwrap();
    assert_eq!(
        answer.status(),
        StatusCode::SERVICE_UNAVAILABLE,
        "where there is no elsewhere it is the answer"
    );
}

#[tokio::test]
async fn an_instance_that_is_busy_and_says_until_when_is_not_left_out() {
    let busy = || async { (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "1")], "busy") };
    let routes = Router::new().route("/login", any(busy)).fallback(any(async || "hello"));
    let only = Backend::start(routes);
    let upstreams = at(Tuning::default(), &[&only.at()]);
    for _ in 0..30 {
        let answer = upstreams.send(SERVICE, writing(), get("/login")).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!((upstreams.states()[0].breaker, ejected(&upstreams).len()), ("closed", 0));
    assert_eq!(upstreams.send(SERVICE, reading(), get("/")).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn whoever_follows_events_takes_nobodys_place() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    const EVENTS: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let service = raw(|mut stream| {
        heard(&mut stream);
        if ASKED.fetch_add(1, Ordering::SeqCst) < 5 {
            let _ = stream.write_all(EVENTS);
            std::thread::sleep(Duration::from_secs(20));
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    });
    let upstreams = at(Tuning { in_flight_max: 2, ..Tuning::default() }, &[&format!("http://{service}")]);
    let mut followers = Vec::new();
    for _ in 0..5 {
        followers.push(upstreams.send(SERVICE, reading(), get("/live")).await.unwrap());
    }
    let answer = upstreams.send(SERVICE, reading(), get("/")).await.unwrap();
    assert_eq!((answer.status(), text(answer).await.as_str()), (StatusCode::OK, "hello"));
}

#[tokio::test]
async fn retries_stay_a_small_share_of_calls() {
    let never = BreakerSettings { calls_min: u32::MAX, ..BreakerSettings::default() };
    let ejection = gateway::upstreams::EjectionSettings {
        failures_in_a_row_max: u32::MAX,
        calls_min: u32::MAX,
        ..Default::default()
    };
    static TRIES: AtomicUsize = AtomicUsize::new(0);
    let counted = raw(|mut stream| {
        TRIES.fetch_add(1, Ordering::SeqCst);
        heard(&mut stream);
        let _ = stream.write_all(b"nonsense\r\n\r\n");
    });
    let tuning = Tuning { breaker: never, ejection, retries_per_second_min: 0, ..Tuning::default() };
    let upstreams = at(tuning, &[&format!("http://{counted}")]);
    for _ in 0..100 {
        let broken = upstreams.send(SERVICE, reading(), get("/")).await;
        assert_eq!(broken.unwrap_err(), Trouble::Broken);
    }
    let tries = TRIES.load(Ordering::SeqCst);
    assert!((110..=120).contains(&tries), "{tries} tries of 100 calls");
}

#[tokio::test]
async fn the_breaker_leaves_a_failing_service_alone_and_closes_when_it_is_well() {
    static AHEAD_MS: AtomicU64 = AtomicU64::new(0);
    fn now() -> Instant {
        static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        *START + Duration::from_millis(AHEAD_MS.load(Ordering::SeqCst))
    }
    let status = Arc::new(Mutex::new(StatusCode::INTERNAL_SERVER_ERROR));
    let said = Arc::clone(&status);
    let backend = Backend::start(Router::new().fallback(any(async move || *said.lock().unwrap())));
    let same = backend.at().replace("127.0.0.1", "localhost");
    let upstreams = at(Tuning { now, ..Tuning::default() }, &[&backend.at(), &same]);
    let ask = || upstreams.send(SERVICE, reading(), get("/"));
    for _ in 0..20 {
        assert_eq!(
            ask().await.unwrap().status(),
            StatusCode::INTERNAL_SERVER_ERROR,
            "what it says is handed on"
        );
    }
    let Err(Trouble::BreakerOpen { retry_after }) = ask().await else { panic!("it should be open") };
    assert!((5..=10).contains(&retry_after.as_secs()), "{retry_after:?}");
    assert_eq!((upstreams.states()[0].breaker, backend.seen()), ("open", 20));
    *status.lock().unwrap() = StatusCode::OK;
    AHEAD_MS.store(retry_after.as_millis() as u64 + 1, Ordering::SeqCst);
    assert_eq!(upstreams.states()[0].breaker, "half_open");
    for _ in 0..3 {
        assert_eq!(ask().await.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(upstreams.states()[0].breaker, "closed");
}

#[tokio::test]
async fn the_one_too_many_is_told_so_at_once() {
    let slow = Backend::start(silent());
    let upstreams = at(Tuning { in_flight_max: 1, ..Tuning::default() }, &[&slow.at()]);
    let waiting = tokio::spawn({
        let upstreams = upstreams.clone();
        async move { upstreams.send(SERVICE, reading(), get("/")).await.map(drop) }
    });
    while slow.seen() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(upstreams.send(SERVICE, reading(), get("/")).await.unwrap_err(), Trouble::Full);
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(upstreams.states()[0].in_flight, 0, "who gives up makes room");
}
