//! The measurements of Stoa, each beside a baseline of the same run: a figure alone says more about the machine.
//!
//! Read `contest.rs` (taking turns, latencies), `results.rs` (what is printed and kept), then a measurement:
//! `store.rs`, `http.rs`, `scaled.rs` (Postgres), `door.rs`, `proxy.rs` (nginx), `logins.rs`,
//! `trade.rs` (a shop), `node.rs` (beside one on Node), `ledger.rs`, `p2p.rs` (payments
//! between wallets), `fraud.rs` (judging them), `events.rs`, `start.rs`.
//! `shop.rs` is the small service that is measured, `bare.rs` what the same statements reach without us, `client.rs`
//! the load, `server.rs` what bears it.

mod bare;
mod client;
mod contest;
mod door;
mod events;
mod fraud;
mod http;
mod ledger;
mod logins;
mod node;
mod p2p;
mod proxy;
mod results;
mod scaled;
mod server;
mod shop;
mod start;
mod store;
mod trade;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

/// Whatever ends a measurement; a person reads it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// As the binary has it.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

/// Measures Stoa beside its baselines; figures go to `bench/RESULTS.md`.
#[derive(Parser)]
struct Asked {
    /// What to measure (default: all).
    #[command(subcommand)]
    what: Option<What>,
    /// How long each measurement takes.
    #[arg(long, global = true, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

#[derive(Subcommand)]
enum What {
    /// Everything.
    All,
    /// Commands over HTTP on the embedded engine.
    Http,
    /// The same on Postgres.
    Postgres,
    /// The door before a service of the same process.
    Door,
    /// The gateway across processes, beside nginx.
    Proxy,
    /// Signing in with a password.
    Logins,
    /// Events, from the service that tells to the one that hears.
    Events,
    /// From nothing to ready, and memory when idle.
    Start,
    /// A shop: goods, orders, webhooks, notifications.
    Trade {
        /// Where a shop of Vendure answers: it alone is measured beside ours then; `bench/node/run` starts one.
        #[arg(long)]
        beside: Option<SocketAddr>,
    },
    /// Transfers of the ledger, beside Postgres doing the textbook thing.
    Ledger,
    /// Payments between wallets, from the request to the end.
    P2p,
    /// One decision of fraud detection.
    Fraud,
    /// The store alone.
    Store,
    /// Serve the measured service; a measurement starts it.
    #[command(hide = true)]
    Serve {
        #[arg(long)]
        directory: PathBuf,
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        database_url: Option<String>,
    },
    /// Serve the backend of the proxies, or hand on to it; a measurement starts them.
    #[command(hide = true)]
    Relay {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        to: Option<SocketAddr>,
    },
}

fn main() -> ExitCode {
    let asked = Asked::parse();
    match run(asked.what.unwrap_or(What::All), Duration::from_secs(asked.seconds)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(what: What, time: Duration) -> Result<(), Failure> {
    match what {
        What::Serve { directory, listen, database_url } => shop::serve(&directory, listen, database_url),
        What::Relay { listen, to } => proxy::serve(listen, to),
        What::Trade { beside: None } => trade::measure(time),
        What::Trade { beside: Some(theirs) } => node::measure(time, theirs),
        What::Ledger => ledger::measure(time),
        What::P2p => p2p::measure(time),
        What::Fraud => fraud::measure(time),
        What::Store => store::measure(time),
        What::Http => http::measure(time),
        What::Postgres => scaled::measure(time),
        What::Door => door::measure(time),
        What::Proxy => proxy::measure(time),
        What::Logins => logins::measure(time),
        What::Events => events::measure(time),
        What::Start => start::measure(),
        What::All => {
            store::measure(time)?;
            events::measure(time)?;
            http::measure(time)?;
            scaled::measure(time)?;
            door::measure(time)?;
            trade::measure(time)?;
            ledger::measure(time)?;
            p2p::measure(time)?;
            fraud::measure(time)?;
            logins::measure(time)?;
            proxy::measure(time)?;
            start::measure()
        }
    }
}
