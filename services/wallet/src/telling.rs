//! What wallet tells beside the events that everybody knows.

use contracts::Event;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Balances here are not those of the ledger: a person has to look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReconciliationFailed {
    /// Of which night, like 2026-11-21, in UTC.
    pub day: String,
    /// How many accounts were compared.
    pub checked: u64,
    /// How many of them differ.
    pub differing: u64,
}

impl Event for ReconciliationFailed {
    const TYPE: &'static str = "wallet.reconciliation.failed";
}
