//! Stoa: the back office of a business that trades online, in one binary.
//!
//! It composes everything and is known by nothing: the one crate that names services. Read `services.rs` (which
//! there are), `cli.rs` (what can be asked), `platform.rs` (settings, keys, databases), `run.rs` (serving), and
//! then the command that you look for, each in a file of its name.

mod audit_trail;
mod backup;
mod bench;
mod cli;
mod demo;
mod doctor;
mod doors;
mod events;
mod faces;
mod fleet;
mod front;
mod gallery;
mod generate;
mod goods;
mod hand;
mod health;
mod jobs;
mod keys;
mod ledger_books;
mod lock;
mod output;
mod pages;
mod platform;
mod run;
mod sandbox_routes;
mod services;
mod settings;
mod token;
mod trail;
mod wallets;
mod world;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

use cli::{Cli, Command};
use platform::Failure;

/// A tenth of a request's time went into memory before. Without huge pages: with them an idle process holds half as much
/// again.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match dispatch(Cli::parse()) {
        Ok(code) => code,
        Err(failure) => {
            output::complain(&failure);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    let command = cli.command.unwrap_or(Command::Up);
    // What only reads the code needs no settings.
    if let Command::Generate { check, directory } = &command {
        return generate::generate(directory, *check);
    }
    let settings = settings::load(cli.config.as_deref(), &cli.set)?;
    match command {
        Command::Generate { .. } => Ok(ExitCode::SUCCESS),
        Command::Config { what } => settings::show(&settings, what),
        Command::Openapi { service } => generate::print_openapi(service.as_deref()),
        Command::Up => run::up(settings),
        Command::Serve { services } => run::serve(settings, &services),
        Command::Migrate => platform::migrate(settings),
        Command::Health { url } => health::ask(&settings, url),
        Command::Doctor => doctor::examine(&settings),
        Command::Demo => demo::seed_by_hand(settings),
        Command::Token { project, operator, permissions, minutes } => {
            let project = (!operator).then(|| project.unwrap_or_else(demo::project));
            token::mint(&settings, project, permissions, minutes)
        }
        Command::Events { what } => events::run(settings, what),
        Command::Jobs { what } => jobs::run(settings, what),
        Command::Bench => bench::measure(),
        Command::Backup { directory, with_keys } => backup::backup(settings, &directory, with_keys),
        Command::Restore { directory } => backup::restore(&settings, &directory),
        Command::RotateKeys => platform::rotate_keys(&settings),
        Command::Audit { what } => audit_trail::run(settings, what),
        Command::Ledger { what } => ledger_books::run(settings, what),
    }
}
