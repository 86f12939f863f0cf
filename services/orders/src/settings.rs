//! What can be set about orders.

use std::time::Duration;

use kernel::config::Setting;

/// How long goods are held for an order that is not paid.
pub const UNPAID_FOR: Setting<Duration> = Setting::new(
    "orders.unpaid_for",
    || Duration::from_secs(30 * 60),
    "How long an order may stay unpaid until it expires and its goods can be sold to others.",
)
.live()
.per_project();
