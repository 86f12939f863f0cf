//! Instances to call: real servers on real ports, each in a runtime of its own so that it can be killed.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::any;
use kernel::http::listen;
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub struct Backend {
    address: SocketAddr,
    routes: Router,
    seen: Arc<AtomicUsize>,
    runtime: Option<Runtime>,
}

/// Answers every request with a greeting.
pub fn hello() -> Backend {
    Backend::start(Router::new().fallback(any(async || "hello")))
}

impl Backend {
    pub fn start(routes: Router) -> Self {
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&seen);
        let count = move |request: Request, next: Next| {
            counted.fetch_add(1, Ordering::SeqCst);
            next.run(request)
        };
        let routes = routes.layer(from_fn(count));
        let mut backend =
            Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), routes, seen, runtime: None };
        backend.restart();
        backend
    }

    pub fn at(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests that arrived.
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }

    /// Ends it as `kill -9` does: its connections break wherever they are.
    pub fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // On a thread of its own: a runtime may not wait inside another.
            std::thread::spawn(move || runtime.shutdown_timeout(Duration::from_secs(5))).join().unwrap();
        }
    }

    /// The same place, a new process.
    pub fn restart(&mut self) {
        self.kill();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (told, ready) = std::sync::mpsc::channel();
        let (address, routes) = (self.address, self.routes.clone());
        runtime.spawn(async move {
            let listening = listen(address).await.unwrap();
            let (_stop, stopped) = watch::channel(false);
            told.send(listening.address()).unwrap();
            listening.serve(routes, stopped, Duration::ZERO).await;
        });
        self.address = ready.recv().unwrap();
        self.runtime = Some(runtime);
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Hears a request to its end; whether there was one.
pub fn heard(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    let mut part = [0; 1_024];
    while !(request.ends_with(b"{}") || request.starts_with(b"GET") && request.ends_with(b"\r\n\r\n")) {
        match stream.read(&mut part) {
            Ok(read @ 1..) => request.extend_from_slice(&part[..read]),
            Ok(0) | Err(_) => return false,
        }
    }
    true
}

/// A server that says whatever it wants, a thread a connection.
pub fn raw(talk: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let talk = Arc::new(talk);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, talk) = (stream.unwrap(), Arc::clone(&talk));
            std::thread::spawn(move || talk(stream));
        }
    });
    address
}
