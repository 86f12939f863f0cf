//! A door as callers find it, over real sockets: with little patience, so that nobody has to wait for a test.

mod certificates;
mod drain;
mod framing;
mod patience;
mod porters;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::*;

/// Longer than anything here takes: running out of it is a failure.
const LONG: Duration = Duration::from_secs(20);
/// Longer than a machine under load keeps one waiting by itself, so that no wait ends by accident.
const SHORT: Duration = Duration::from_millis(400);

/// A door that is served, and what its handlers wait for.
struct Open {
    address: SocketAddr,
    room: Room,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    /// A handler of `/slow` has begun.
    begun: Arc<Notify>,
    /// What it waits for.
    go_on: Arc<Notify>,
}

/// The patience of most tests: none runs out.
fn patient() -> Patience {
    Patience { handshake: LONG, headers: LONG, idle: LONG, certificate: LONG }
}

impl Open {
    async fn new(patience: Patience, tls: Option<ServerTls>, drain: Duration) -> Self {
        Self::with_room(patience, tls, drain, Room::for_connections(100)).await
    }

    async fn with_room(patience: Patience, tls: Option<ServerTls>, drain: Duration, room: Room) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let routes = routes(&begun, &go_on, &room);
        let mut listening = listen(([127, 0, 0, 1], 0).into()).await.unwrap().with_patience(patience);
        if let Some(tls) = tls {
            listening = listening.with_tls(tls);
        }
        let listening = listening.with_room(room.clone());
        let address = listening.address();
        let serving = tokio::spawn(listening.serve(routes, stopping, drain));
        Self { address, room, stop, serving, begun, go_on }
    }

    async fn plain(patience: Patience) -> Self {
        Self::new(patience, None, LONG).await
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of their own, and reads all that comes back until the other side ends.
    async fn say(&self, bytes: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        rest(&mut stream).await
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        in_time(self.serving).await.unwrap();
    }
}

fn routes(begun: &Arc<Notify>, go_on: &Arc<Notify>, room: &Room) -> Router {
    let (begun, go_on, room) = (Arc::clone(begun), Arc::clone(go_on), room.clone());
    Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route("/echo", post(|body: Bytes| async move { body }))
        .route("/taken", get(move || async move { room.taken().to_string() }))
        .route(
            "/slow",
            get(move || async move {
                begun.notify_one();
                go_on.notified().await;
                "at last"
            }),
        )
        .route(
            "/arrived",
            get(|Extension(arrived): Extension<Arrived>, Extension(client): Extension<ClientAddress>| async move {
                format!("{} {} {}", arrived.port, arrived.tls, client.0)
            }),
        )
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, what).await.expect("it takes too long")
}

/// All that is still said; a reset is an end as well.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let _ = in_time(stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Bytes until these have come.
async fn until(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        bytes.push(in_time(stream.read_u8()).await.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

fn ask(path: &str) -> Request<Empty<Bytes>> {
    Request::get(path).header("host", "localhost").body(Empty::new()).unwrap()
}

/// A caller that speaks HTTP/1.1 on this stream.
async fn speak_http1(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> http1::SendRequest<Empty<Bytes>> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// A caller that speaks HTTP/2 on this stream, and the end of its connection.
async fn speak_http2(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> (http2::SendRequest<Empty<Bytes>>, JoinHandle<hyper::Result<()>>) {
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    (sender, tokio::spawn(connection))
}

#[tokio::test]
async fn one_port_speaks_http1_and_http2() {
    let door = Open::plain(patient()).await;
    let mut first = speak_http1(door.connect().await).await;
    let answer = first.send_request(ask("/hello")).await.unwrap();
    assert_eq!((answer.version(), text(answer).await.as_str()), (Version::HTTP_11, "hello"));
    let (mut second, _) = speak_http2(door.connect().await).await;
    let uri = format!("http://{}/hello", door.address);
    let answer = second.send_request(ask(&uri)).await.unwrap();
    assert_eq!((answer.version(), text(answer).await.as_str()), (Version::HTTP_2, "hello"));
    door.stop().await;
}

#[tokio::test]
async fn a_request_tells_by_which_door_and_from_where_it_came() {
    let (one, other) = (Open::plain(patient()).await, Open::plain(patient()).await);
    for door in [&one, &other] {
        // What the request says of its host is not asked.
        let request = Request::get("/arrived").header("host", "elsewhere:1").body(Empty::new()).unwrap();
        let answer = speak_http1(door.connect().await).await.send_request(request).await.unwrap();
        assert_eq!(text(answer).await, format!("{} false 127.0.0.1", door.address.port()));
    }
    assert_ne!(one.address.port(), other.address.port());
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn an_upgraded_connection_is_open_until_its_end() {
    let room = Room::for_connections(5);
    let (stop, stopping) = watch::channel(false);
    let echo = get(|mut request: axum::extract::Request| async move {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgrade.await.unwrap()));
            tokio::io::copy(&mut reader, &mut writer).await.unwrap();
        });
        let head = Response::builder().status(101).header("upgrade", "echo").header("connection", "upgrade");
        head.body(Body::empty()).unwrap()
    });
    let listening = listen(([127, 0, 0, 1], 0).into()).await.unwrap().with_room(room.clone());
    let address = listening.address();
    let serving = tokio::spawn(listening.serve(Router::new().route("/", echo), stopping, LONG));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    assert!(until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 101 "));
    for word in ["one", "two"] {
        stream.write_all(word.as_bytes()).await.unwrap();
        assert_eq!(until(&mut stream, word).await, word);
        assert_eq!(room.taken(), 1, "it has its place still");
    }
    stream.shutdown().await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
    stop.send(true).unwrap();
    in_time(serving).await.unwrap();
}
