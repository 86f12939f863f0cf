//! A running `stoa`: started, asked until it is ready, ended by its id and reaped.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::wire::{Reply, Request, Wire};

// A process that is traced call by call takes its time to end, on a slow machine more than half a minute.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(2);

/// A server; it is killed and reaped when it is dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
    /// From its start to its first answer that it is ready.
    pub ready_after: Duration,
    out: PathBuf,
    log: PathBuf,
}

impl Server {
    /// Starts it and waits until it is ready; what it says is kept in files below `home`.
    pub fn start(mut command: Command, home: &Path) -> Self {
        let mut count = 0;
        while home.join(format!("out.{count}")).exists() {
            count += 1;
        }
        let (out, log) = (home.join(format!("out.{count}")), home.join(format!("log.{count}")));
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&log).unwrap());
        let started = Instant::now();
        let child = command.spawn().unwrap();
        let mut server = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            ready_after: Duration::ZERO,
            out,
            log,
        };
        server.address = wait_for("the address", || server.told_address());
        wait_for("ready", || server.is_ready().then_some(()));
        server.ready_after = started.elapsed();
        server
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the sandbox's providers and its inbox answer.
    pub fn sandbox(&self) -> SocketAddr {
        let told = std::fs::read_to_string(&self.out).unwrap();
        let line = told.lines().find_map(|line| line.trim().strip_prefix("sandbox")).unwrap();
        let address = line.trim().strip_prefix("http://").and_then(|url| url.split('/').next());
        address.unwrap().parse().unwrap()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A connection to it.
    pub fn wire(&self) -> Wire {
        Wire::connect(self.address).unwrap()
    }

    /// What it answers to a request on a connection of its own.
    pub fn ask(&self, request: &Request) -> Reply {
        self.wire()
            .ask(request)
            .unwrap_or_else(|error| panic!("{} {}: {error}", request.method, request.path))
    }

    /// What it answers to a POST of nobody in particular.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask(&Request::post(path, body))
    }

    /// Whether it says that it is ready.
    pub fn is_ready(&self) -> bool {
        let Ok(mut wire) = Wire::connect(self.address) else { return false };
        wire.ask(&Request::get("/health/ready")).is_ok_and(|reply| reply.status == 200)
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// Nothing in the log says that a thread panicked.
    pub fn has_not_panicked(&self) {
        let log = self.log();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains("panicked")).collect();
        assert!(lines.is_empty(), "{lines:#?}");
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.end();
    }

    /// kill -9, for a server that others still look at.
    pub fn kill_now(&self) {
        self.signal("KILL");
    }

    /// SIGTERM.
    pub fn ask_to_stop(&self) {
        self.signal("TERM");
    }

    /// SIGSTOP: it is there and does nothing.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// SIGCONT.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// Waits for its own end.
    pub fn wait(&mut self) -> ExitStatus {
        wait_for("its end", || self.child.try_wait().unwrap())
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// SIGTERM, and the end that follows.
    pub fn stop(mut self) -> ExitStatus {
        self.ask_to_stop();
        self.wait()
    }

    fn told_address(&mut self) -> Option<SocketAddr> {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("the server ended with {status}: {}", self.log());
        }
        let told = std::fs::read_to_string(&self.out).unwrap();
        let line = told.lines().find_map(|line| line.trim().strip_prefix("home"))?;
        line.trim().strip_prefix("http://")?.trim_end_matches('/').parse().ok()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn end(&mut self) {
        // It may have ended already; then there is nothing to kill, and it is only reaped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Looks again and again, but not for ever.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "{what} did not come in {PATIENCE:?}");
        std::thread::sleep(PAUSE);
    }
}
