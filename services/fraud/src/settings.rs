//! What can be set of fraud: whether payments at providers are judged. Payments between wallets always are.

use std::time::Duration;

use kernel::config::{Setting, choices};

/// What is done about payments at providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Off,
    /// They are judged and journaled, and nobody is told.
    Observe,
    /// They are judged, and others are told.
    Block,
}

choices!(Mode { Off => "off", Observe => "observe", Block => "block" });

/// Whether payments at providers are judged.
pub const MODE: Setting<Mode> = Setting::new(
    "fraud.mode",
    || Mode::Off,
    "Whether payments at providers are judged: off, observe (journaled only) or block (others are told).",
)
.live()
.per_project();
/// How long a provider's payment waits for its decision.
pub const TIMEOUT: Setting<Duration> = Setting::new(
    "fraud.timeout",
    || Duration::from_secs(10),
    "How long a decision on a provider's payment may take; later the rule set's posture decides.",
)
.live()
.per_project();
