//! The servers that are measured: processes of their own, ended with the value that stands for them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;

const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// Linux counts processor time in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// A running server.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to its first "ready".
    pub ready_after: Duration,
}

/// The release binary; built now where cargo is at hand, so that no old one is measured.
pub fn binary() -> Result<PathBuf, Failure> {
    if let Some(cargo) = std::env::var_os("CARGO") {
        let built = Command::new(cargo).args(["build", "--release", "--quiet", "-p", "stoa"]).status()?;
        if !built.success() {
            return Err("the binary could not be built".into());
        }
    }
    let binary = std::env::current_exe()?.with_file_name("stoa");
    if binary.exists() { Ok(binary) } else { Err("build it first: cargo build --release -p stoa".into()) }
}

impl Server {
    /// `stoa up` on the data in `directory`.
    pub fn stoa(binary: &Path, directory: &Path) -> Result<Self, Failure> {
        Self::stoa_on(binary, directory, None)
    }

    /// The same, on Postgres where an address is given.
    pub fn stoa_on(binary: &Path, directory: &Path, database_url: Option<&str>) -> Result<Self, Failure> {
        Self::start(|address| {
            let mut command = Command::new(binary);
            command.arg("up").env("STOA_DATA_DIR", directory).env("STOA_LISTEN", address.to_string());
            command.env("STOA_SANDBOX_LISTEN", "127.0.0.1:0").env("STOA_SANDBOX_MAIL", "127.0.0.1:0");
            command.env("STOA_NOTIFICATIONS_LIMIT_RECIPIENT", "1000000000");
            command.envs(database_url.into_iter().map(|url| ("STOA_DATABASE_URL", url)));
            // One caller sends all of the load here.
            for limit in ["GLOBAL", "ADDRESS", "PROJECT", "READ", "WRITE", "AUTH", "WEBHOOK"] {
                command.env(format!("STOA_LIMITS_{limit}"), "off");
            }
            Ok(command)
        })
    }

    /// The measured shop, on Postgres where an address is given.
    pub fn shop(directory: &Path, database_url: Option<&str>) -> Result<Self, Failure> {
        Self::start(|address| {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("serve").arg("--directory").arg(directory).args(["--listen", &address.to_string()]);
            command.args(database_url.into_iter().flat_map(|url| ["--database-url", url]));
            Ok(command)
        })
    }

    /// What hands everything on to that address; without one, what answers behind it.
    pub fn relay(to: Option<SocketAddr>) -> Result<Self, Failure> {
        Self::start(|address| {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("relay").args(["--listen", &address.to_string()]);
            command.args(to.into_iter().flat_map(|to| ["--to".to_owned(), to.to_string()]));
            Ok(command)
        })
    }

    fn start(command: impl FnOnce(SocketAddr) -> Result<Command, Failure>) -> Result<Self, Failure> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = command(address)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let child = command.spawn()?;
        let mut server = Self { child, address, ready_after: Duration::ZERO };
        wait_until_ready(&mut server.child, address)?;
        server.ready_after = started.elapsed();
        Ok(server)
    }

    /// Memory that it holds, in KiB.
    pub fn resident_kib(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?;
        Ok(kib.parse()?)
    }

    /// Processor time that it has used.
    pub fn cpu(&self) -> Result<Duration, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name, in brackets, may hold spaces; user and system time are 12th and 13th after it.
        let (_, fields) = stat.rsplit_once(')').ok_or("no processor times")?;
        let ticks =
            fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
        Ok(TICK * ticks)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about a failure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks until a server says that it is ready, or has ended.
pub fn wait_until_ready(child: &mut Child, address: SocketAddr) -> Result<(), Failure> {
    let started = Instant::now();
    while !is_ready(address) {
        if let Some(ended) = child.try_wait()? {
            return Err(format!("the server ended with {ended}").into());
        }
        if started.elapsed() > PATIENCE {
            return Err("the server did not become ready".into());
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(status == *b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

/// A token for `stoa up` on the data in `directory`.
pub fn token(binary: &Path, directory: &Path) -> Result<String, Failure> {
    let made = Command::new(binary).arg("token").env("STOA_DATA_DIR", directory).output()?;
    if !made.status.success() {
        return Err(String::from_utf8_lossy(&made.stderr).into());
    }
    Ok(String::from_utf8(made.stdout)?.trim().to_owned())
}
