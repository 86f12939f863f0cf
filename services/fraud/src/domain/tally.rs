//! What other rules would have made of the payments of a time.

use std::collections::BTreeMap;

use contracts::events::wallet::RiskDecision;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::verdict::Verdict;

/// What a replay has found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FraudTally)]
pub struct Tally {
    /// Payments that were judged again.
    pub seen: u64,
    /// Those that are decided otherwise.
    pub changed: u64,
    /// What was decided, by decision.
    pub before: Counts,
    /// What these rules decide, by decision.
    pub after: Counts,
    /// How often each rule spoke, then and now.
    pub rules: BTreeMap<String, Spoken>,
}

/// How far a replay has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FraudSimulationState)]
pub enum Progress {
    /// It goes on.
    Running,
    /// All payments of its time were judged again.
    Done,
}

/// Payments by decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FraudCounts)]
pub struct Counts {
    /// Approved.
    pub approve: u64,
    /// To be reviewed.
    pub review: u64,
    /// Blocked.
    pub block: u64,
}

/// How often a rule spoke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FraudSpoken)]
pub struct Spoken {
    /// In what was decided.
    pub before: u64,
    /// With these rules.
    pub after: u64,
}

impl Counts {
    fn add(&mut self, decision: RiskDecision) {
        match decision {
            RiskDecision::Approve => self.approve += 1,
            RiskDecision::Review => self.review += 1,
            RiskDecision::Block => self.block += 1,
        }
    }
}

impl Tally {
    /// Counts a payment that was judged again.
    pub fn add(&mut self, before: &Verdict, after: &Verdict) {
        self.seen += 1;
        self.changed += u64::from(before.decision != after.decision);
        self.before.add(before.decision);
        self.after.add(after.decision);
        for hit in &before.hits {
            self.rules.entry(hit.rule.clone()).or_default().before += 1;
        }
        for hit in &after.hits {
            self.rules.entry(hit.rule.clone()).or_default().after += 1;
        }
    }
}
