//! What is handed on while it comes: uploads, downloads, events, tunnels; and what is not handed on.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::routing::any;
use axum::{Json, Router};
use gateway::upstreams::{Rules, Trouble, Tuning, Upstreams};
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use kernel::http::listen;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, watch};

use super::upstreams::{SERVICE, at, get, post, reading, text, writing};
use super::upstreams_backend::{Backend, heard, hello, raw};

const MIB: usize = 1 << 20;

/// A body that is made as it is sent; an empty part breaks it off.
struct Made(mpsc::Receiver<Bytes>);

impl http_body::Body for Made {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|part| {
            part.map(|part| match part.is_empty() {
                true => Err(std::io::Error::other("the caller has gone")),
                false => Ok(Frame::data(part)),
            })
        })
    }
}

pub fn made() -> (mpsc::Sender<Bytes>, Body) {
    let (parts, body) = mpsc::channel(1);
    (parts, Body::new(Made(body)))
}

/// Counts what arrives, as it arrives, when it is let.
fn counting(arrived: &Arc<AtomicUsize>, leave: &Arc<Semaphore>) -> Backend {
    let (arrived, leave) = (Arc::clone(arrived), Arc::clone(leave));
    Backend::start(Router::new().fallback(any(async move |mut body: Body| {
        let _leave = leave.acquire().await.unwrap();
        while let Some(frame) = body.frame().await {
            arrived.fetch_add(frame.unwrap().into_data().unwrap().len(), Ordering::SeqCst);
        }
        arrived.load(Ordering::SeqCst).to_string()
    })))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_arrives_while_it_is_sent() {
    let arrived = Arc::new(AtomicUsize::new(0));
    let backend = counting(&arrived, &Arc::new(Semaphore::new(1)));
    for address in [backend.at(), backend.at().replace("http:", "h2c:")] {
        arrived.store(0, Ordering::SeqCst);
        let upstreams = at(Tuning::default(), &[&address]);
        let (parts, body) = made();
        let rules = Rules { timeout: Duration::from_secs(60), ..writing() };
        let answer = tokio::spawn(async move { upstreams.send(SERVICE, rules, post(body)).await });
        for part in 1..=50 {
            parts.send(Bytes::from(vec![b'x'; MIB])).await.unwrap();
            // Each part is there before the next one is made.
            while arrived.load(Ordering::SeqCst) < part * MIB {
                tokio::task::yield_now().await;
            }
        }
        drop(parts);
        assert_eq!(text(answer.await.unwrap().unwrap()).await, (50 * MIB).to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_faster_than_is_read_has_to_wait() {
    let (arrived, leave) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let backend = counting(&arrived, &leave);
    let upstreams = at(Tuning::default(), &[&backend.at()]);
    let (parts, body) = made();
    let rules = Rules { timeout: Duration::from_secs(60), ..writing() };
    let answer = tokio::spawn(async move { upstreams.send(SERVICE, rules, post(body)).await });
    let mut sent = 0;
    while tokio::time::timeout(Duration::from_millis(500), parts.send(vec![b'x'; MIB].into())).await.is_ok() {
        sent += 1;
        assert!(sent < 50, "what nobody reads must not pile up here");
    }
    leave.add_permits(1);
    drop(parts);
    assert_eq!(text(answer.await.unwrap().unwrap()).await, (sent * MIB).to_string());
}

#[tokio::test]
async fn a_download_is_handed_on_whole() {
    let all: Bytes = (0..20 * MIB).map(|at| (at / 7) as u8).collect();
    let said = all.clone();
    let whole = Backend::start(Router::new().fallback(any(async move || said.clone())));
    for address in [whole.at(), whole.at().replace("http:", "h2c:")] {
        let upstreams = at(Tuning::default(), &[&address]);
        for _ in 0..3 {
            let answer = upstreams.send(SERVICE, reading(), get("/")).await.unwrap();
            assert!(answer.into_body().collect().await.unwrap().to_bytes() == all);
        }
        assert_eq!(upstreams.states()[0].in_flight, 0);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_does_not_look_whole() {
    for head in ["content-length: 10", "transfer-encoding: chunked"] {
        let torn = raw(move |mut stream| {
            use std::io::Write;
            heard(&mut stream);
            let _ = write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhal");
        });
        let upstreams = at(Tuning::default(), &[&format!("http://{torn}")]);
        let answer = upstreams.send(SERVICE, reading(), get("/")).await.unwrap();
        assert!(answer.into_body().collect().await.is_err(), "{head}");
        assert_eq!(upstreams.states()[0].in_flight, 0);
    }
}

#[tokio::test]
async fn events_come_when_they_are_told_and_outlive_the_time_of_an_answer() {
    let (events, body) = made();
    let body = Arc::new(std::sync::Mutex::new(Some(body)));
    let telling = Backend::start(Router::new().fallback(any(async move || {
        let body = body.lock().unwrap().take().unwrap();
        ([(header::CONTENT_TYPE, "text/event-stream")], body)
    })));
    let upstreams = at(Tuning::default(), &[&telling.at()]);
    let rules = Rules { timeout: Duration::from_millis(500), ..reading() };
    let mut answer = upstreams.send(SERVICE, rules, get("/events")).await.unwrap();
    for told in ["data: one\n\n", "data: two\n\n"] {
        let quiet = tokio::time::timeout(Duration::from_millis(600), answer.body_mut().frame()).await;
        assert!(quiet.is_err(), "nothing was told yet");
        events.send(told.into()).await.unwrap();
        let heard = answer.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(heard, told);
    }
    let state = upstreams.states().remove(0);
    let at_the_instance = state.instances[0].in_flight;
    assert_eq!((state.in_flight, at_the_instance), (0, 1), "it takes no place, and keeps its instance busy");
    drop(events);
    assert!(answer.body_mut().frame().await.is_none());
    drop(answer);
    assert_eq!(upstreams.states()[0].instances[0].in_flight, 0);
}

#[tokio::test]
async fn a_caller_who_breaks_off_is_not_held_against_the_instance() {
    let backend = counting(&Arc::default(), &Arc::new(Semaphore::new(1_000)));
    let upstreams = at(Tuning::default(), &[&backend.at()]);
    for _ in 0..40 {
        let (parts, body) = made();
        parts.send("half".into()).await.unwrap();
        let sent = tokio::spawn({
            let upstreams = upstreams.clone();
            async move { upstreams.send(SERVICE, writing(), post(body)).await.map(drop) }
        });
        parts.send(Bytes::new()).await.unwrap();
        assert_eq!(sent.await.unwrap(), Err(Trouble::Broken));
    }
    let state = &upstreams.states()[0];
    assert_eq!((state.breaker, state.instances[0].ejected), ("closed", false));
}

/// Agrees to speak `echo`, and says back what it hears.
pub async fn echo(mut request: Request<Body>) -> Response<Body> {
    if request.headers().get(header::UPGRADE).is_none_or(|protocol| protocol != "echo") {
        return Response::builder().status(StatusCode::BAD_REQUEST).body(Body::from("echo it is")).unwrap();
    }
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(TokioIo::new(upgrade.await.unwrap()));
        tokio::io::copy(&mut read, &mut write).await.unwrap();
        write.shutdown().await.unwrap();
    });
    let answer = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    answer.header("connection", "upgrade").header("upgrade", "echo").body(Body::empty()).unwrap()
}

/// A door that lets everything through.
pub async fn door(upstreams: &Upstreams) -> std::net::SocketAddr {
    let upstreams = upstreams.clone();
    let routes = Router::new().fallback(any(async move |request: Request<Body>| {
        upstreams.send(SERVICE, writing(), request).await.map_err(|trouble| trouble.to_string())
    }));
    let listening = listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listening.address();
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        listening.serve(routes, stopped, Duration::ZERO).await;
        drop(stop);
    });
    address
}

#[tokio::test]
async fn both_sides_go_on_with_what_they_agreed_on() {
    let backend = Backend::start(Router::new().fallback(any(echo)));
    let upstreams = at(Tuning::default(), &[&backend.at()]);
    let mut caller = TcpStream::connect(door(&upstreams).await).await.unwrap();
    let ask =
        "GET /ws HTTP/1.1\r\nhost: here\r\nconnection: keep-alive, Upgrade\r\nupgrade: echo\r\n\r\nfirst";
    caller.write_all(ask.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\nfirst") {
        assert!(caller.read_buf(&mut heard).await.unwrap() > 0, "{}", String::from_utf8_lossy(&heard));
    }
    let head = String::from_utf8(heard).unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101 ") && head.contains("\r\nupgrade: echo\r\n"), "{head}");
    assert_eq!(upstreams.states()[0].in_flight, 1, "a tunnel is in flight");
    for said in [vec![b'x'; 3], vec![b'y'; MIB]] {
        let (mut read, mut write) = caller.split();
        let mut back = vec![0; said.len()];
        let (sent, got) = tokio::join!(write.write_all(&said), read.read_exact(&mut back));
        sent.unwrap();
        got.unwrap();
        assert_eq!(back, said);
    }
    caller.shutdown().await.unwrap();
    assert_eq!(caller.read(&mut [0]).await.unwrap(), 0, "the other side says goodbye too");
    while upstreams.states()[0].in_flight > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_upgrade_that_is_refused_is_an_answer_like_any_other() {
    let backend = Backend::start(Router::new().fallback(any(echo)));
    let upstreams = at(Tuning::default(), &[&backend.at()]);
    let mut caller = TcpStream::connect(door(&upstreams).await).await.unwrap();
    let ask = "GET /ws HTTP/1.1\r\nhost: here\r\nconnection: upgrade, close\r\nupgrade: other\r\n\r\n";
    caller.write_all(ask.as_bytes()).await.unwrap();
    let mut answer = String::new();
    caller.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("echo it is"), "{answer}");
    assert_eq!(upstreams.states()[0].in_flight, 0);
}

#[tokio::test]
async fn what_belongs_to_a_connection_stays_there_and_the_time_left_is_told() {
    let mirror = Backend::start(Router::new().fallback(any(async |headers: HeaderMap| {
        let names: Vec<(String, String)> = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let own = [("keep-alive", "timeout=5"), ("proxy-authenticate", "Basic"), ("x-own", "kept")];
        (own, Json(names))
    })));
    for address in [mirror.at(), mirror.at().replace("http:", "h2c:")] {
        let upstreams = at(Tuning::default(), &[&address]);
        let request = Request::get("http://outside.example/mirror?x=1")
            .header("host", "outside.example")
            .header("connection", "close, secret-hop, x-forwarded-for")
            .header("secret-hop", "1")
            .header("te", "trailers")
            .header("proxy-authorization", "Basic x")
            .header("x-forwarded-for", "9.9.9.9")
            .body(Body::empty());
        let answer = upstreams.send(SERVICE, reading(), request.unwrap()).await.unwrap();
        assert!(!answer.headers().contains_key("keep-alive"));
        assert!(!answer.headers().contains_key("proxy-authenticate"));
        assert_eq!(answer.headers()["x-own"], "kept");
        let mut told: Vec<(String, String)> = serde_json::from_str(&text(answer).await).unwrap();
        told.sort();
        let left_ms: u64 =
            told.iter().find(|(name, _)| name == "x-stoa-deadline-ms").unwrap().1.parse().unwrap();
        assert!((5_000..=6_000).contains(&left_ms), "{left_ms}");
        told.retain(|(name, _)| name != "x-stoa-deadline-ms" && name != "host");
        assert_eq!(told, [("x-forwarded-for".to_owned(), "9.9.9.9".to_owned())]);
    }
}

#[tokio::test]
async fn many_share_one_connection_where_http2_is_spoken() {
    let backend = hello();
    let upstreams = at(Tuning::default(), &[&backend.at().replace("http:", "h2c:")]);
    let asks = (0..50).map(|_| {
        let upstreams = upstreams.clone();
        async move { text(upstreams.send(SERVICE, writing(), post("{}")).await.unwrap()).await }
    });
    let answers = asks.collect::<tokio::task::JoinSet<_>>().join_all().await;
    assert_eq!((answers.len(), backend.seen()), (50, 50));
    assert!(answers.iter().all(|answer| answer == "hello"));
}
