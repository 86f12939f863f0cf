//! `stoa audit ..`: the trail checked against itself, its signatures and digests kept elsewhere.

use std::path::Path;
use std::process::ExitCode;

use kernel::config::Settings;

use crate::cli::AuditCommand;
use crate::output::say;
use crate::platform::{self, Failure};

/// Does what is asked.
pub fn run(settings: Settings, what: AuditCommand) -> Result<ExitCode, Failure> {
    let service = platform::open_one(&settings, "audit")?;
    let failed = |error| Failure::Store("audit", error);
    match what {
        AuditCommand::Digests { project } => {
            let digests = platform::block_on(audit::digests(service.store(), project))?.map_err(failed)?;
            for digest in digests {
                say(serde_json::to_string(&digest).map_err(|error| Failure::Other(error.to_string()))?);
            }
            Ok(ExitCode::SUCCESS)
        }
        AuditCommand::Verify { project, digests } => {
            let published = digests.as_deref().map(read_digests).transpose()?.unwrap_or_default();
            let verified = audit::verify(service.store(), project, published);
            let reports = platform::block_on(verified)?.map_err(failed)?;
            let mut whole = true;
            for (project, report) in &reports {
                let counts = format!(
                    "{} records in {} blocks, {} purged, {} not sealed yet",
                    report.records, report.blocks, report.purged, report.unsealed
                );
                match &report.first_bad {
                    None => say(format!("{project}: whole; {counts}")),
                    Some(finding) => {
                        whole = false;
                        say(format!("{project}: BROKEN: {finding}; {counts}"));
                    }
                }
                if let Some(warning) = &report.warning {
                    say(format!("{project}: warning: {warning}"));
                }
            }
            if reports.is_empty() {
                say("There are no records.");
            }
            Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

fn read_digests(path: &Path) -> Result<Vec<audit::Block>, Failure> {
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::File(path.display().to_string(), error))?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            serde_json::from_str(line)
                .map_err(|error| Failure::Other(format!("{}, line {}: {error}", path.display(), number + 1)))
        })
        .collect()
}
