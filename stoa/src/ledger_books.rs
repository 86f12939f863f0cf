//! `stoa ledger ..`: the books replayed from the journal and compared with what is kept.

use std::process::ExitCode;

use kernel::config::Settings;

use crate::cli::LedgerCommand;
use crate::output::say;
use crate::platform::{self, Failure};

/// Does what is asked.
pub fn run(settings: Settings, what: LedgerCommand) -> Result<ExitCode, Failure> {
    let LedgerCommand::Verify = what;
    let service = platform::open_one(&settings, "ledger")?;
    let reports = platform::block_on(ledger::verify(service.store()))?;
    let reports = reports.map_err(|error| Failure::Store("ledger", error))?;
    for report in &reports {
        let counts =
            format!("{} entries, {} accounts, {} periods", report.entries, report.accounts, report.periods);
        if report.differences.is_empty() {
            say(format!("{}: whole; {counts}", report.project));
        }
        for ledger::Difference { place, what } in &report.differences {
            say(format!("{}: BROKEN: {place}: {what}; {counts}", report.project));
        }
    }
    if reports.is_empty() {
        say("There are no books.");
    }
    let whole = reports.iter().all(|report| report.differences.is_empty());
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
