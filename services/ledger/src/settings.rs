//! What can be set of the ledger: how much of each journal is kept in memory before it is indexed.

use kernel::config::Setting;

/// How many of the latest items are in memory alone.
pub const KEPT: Setting<u32> = Setting::new(
    "ledger.kept_in_memory",
    || 131_072,
    "How many of the latest items of each journal have their ids and balances in memory alone: about 100 bytes each, and \
     so much is read again after a start.",
);
