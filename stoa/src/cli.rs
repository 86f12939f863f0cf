//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use contracts::ProjectId;

/// The back office of a business that trades online, in one binary.
#[derive(Parser)]
#[command(name = "stoa", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// The settings file (default: stoa.toml here, where there is one).
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Sets one thing, over file and environment: --set listen=127.0.0.1:9000
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// What to do; without a word it is `up`.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Run everything in this process, with demo data in sandbox mode.
    Up,
    /// Run the named services in this process.
    Serve {
        /// Which ones.
        #[arg(required = true, value_name = "NAME")]
        services: Vec<String>,
    },
    /// Bring all databases up to date and stop.
    Migrate,
    /// Examine this installation and say what is wrong with it.
    Doctor,
    /// Ask a running process whether it is ready.
    Health {
        /// Where it listens (default: the `listen` setting).
        #[arg(value_name = "URL")]
        url: Option<String>,
    },
    /// Put the demo data in place.
    Demo,
    /// Make a token to try the API with (sandbox mode only).
    Token {
        /// For which project (default: the demo project).
        #[arg(long)]
        project: Option<ProjectId>,
        /// For the platform itself and no project.
        #[arg(long, conflicts_with = "project")]
        operator: bool,
        /// What it allows (default: everything).
        #[arg(long = "permission", value_name = "NAME")]
        permissions: Vec<String>,
        /// How long it is valid.
        #[arg(long, default_value_t = 15)]
        minutes: u32,
    },
    /// Look at the settings.
    Config {
        /// What to see.
        #[command(subcommand)]
        what: ConfigCommand,
    },
    /// Print the API's document.
    Openapi {
        /// Of one service alone.
        #[arg(value_name = "NAME")]
        service: Option<String>,
    },
    /// Write the generated documents: OpenAPI, event schemas, settings.
    Generate {
        /// Write nothing; fail when a document is stale.
        #[arg(long)]
        check: bool,
        /// The root of the source tree.
        #[arg(long, default_value = ".")]
        directory: PathBuf,
    },
    /// Look at events, and at those that could not be handled.
    Events {
        /// What to do.
        #[command(subcommand)]
        what: EventsCommand,
    },
    /// Look at jobs, and at those that a person must decide on.
    Jobs {
        /// What to do.
        #[command(subcommand)]
        what: JobsCommand,
    },
    /// Measure what this machine and its disk give.
    Bench,
    /// Copy all databases, consistent with each other, while everything runs.
    Backup {
        /// Into this new directory.
        directory: PathBuf,
        /// The platform's keys as well; keep such a copy locked away.
        #[arg(long)]
        with_keys: bool,
    },
    /// Put a backup in place of no data.
    Restore {
        /// The backup.
        directory: PathBuf,
    },
    /// Make new keys the present ones; the old ones go on to open and to verify.
    RotateKeys,
    /// Look after the audit trail.
    Audit {
        /// What to do.
        #[command(subcommand)]
        what: AuditCommand,
    },
    /// Look after the books.
    Ledger {
        /// What to do.
        #[command(subcommand)]
        what: LedgerCommand,
    },
}

/// `stoa config ..`
#[derive(Clone, Copy, Subcommand)]
pub enum ConfigCommand {
    /// Every setting, its value and where the value comes from.
    Print,
    /// Check the settings and say nothing when they are right.
    Check,
    /// A file with every setting, to start from.
    Example,
    /// The reference page.
    Reference,
}

/// `stoa events ..`
#[derive(Subcommand)]
pub enum EventsCommand {
    /// Show events as they are announced.
    Tail {
        /// By which service (default: all).
        service: Option<String>,
        /// From which position on (default: what comes from now on).
        #[arg(long)]
        after: Option<i64>,
        /// Stop at the end instead of waiting.
        #[arg(long)]
        once: bool,
    },
    /// Events that could not be handled, and those that wait behind them.
    Dead {
        /// By which service (default: all).
        service: Option<String>,
    },
    /// Try a dead event again; what waits behind it follows.
    Replay {
        /// The service that could not handle it.
        service: String,
        /// Its number in `stoa events dead`.
        id: i64,
    },
    /// Give a dead event up; what waits behind it goes on.
    Discard {
        /// The service that could not handle it.
        service: String,
        /// Its number in `stoa events dead`.
        id: i64,
    },
    /// All that followed from one thing, across services.
    Trail {
        /// The thing: an order, a payment, a user.
        key: String,
        /// As a sequence diagram in Mermaid.
        #[arg(long)]
        diagram: bool,
    },
    /// Clear a projection and hear all kept events again.
    Rebuild {
        /// The service whose tables are a projection.
        service: String,
    },
}

/// `stoa jobs ..`
#[derive(Subcommand)]
pub enum JobsCommand {
    /// How many jobs there are, a queue and state.
    Count,
    /// Jobs of a service.
    List {
        /// Which service.
        service: String,
        /// Only those in this state: ready, running, done, dead, unknown.
        #[arg(long)]
        state: Option<String>,
    },
    /// Try a dead or unknown job again.
    Retry {
        /// Which service.
        service: String,
        /// The job.
        id: contracts::JobId,
    },
    /// Give a dead or unknown job up.
    Discard {
        /// Which service.
        service: String,
        /// The job.
        id: contracts::JobId,
    },
}

/// `stoa ledger ..`
#[derive(Clone, Copy, Subcommand)]
pub enum LedgerCommand {
    /// Replay the journal, and name every balance that does not follow from it.
    Verify,
}

/// `stoa audit ..`
#[derive(Subcommand)]
pub enum AuditCommand {
    /// Check the whole trail, and name the first record that is not as it was written.
    Verify {
        /// One project's trail (default: all).
        #[arg(long)]
        project: Option<ProjectId>,
        /// Digests that were kept elsewhere: `stoa audit digests` lines.
        #[arg(long, value_name = "FILE")]
        digests: Option<PathBuf>,
    },
    /// Print the signed digests, one JSON line each, to be kept elsewhere.
    Digests {
        /// One project's trail (default: all).
        #[arg(long)]
        project: Option<ProjectId>,
    },
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}
