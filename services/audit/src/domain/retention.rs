//! How long each class of records is kept, and so which records may go today.
//!
//! It leaves out how a purge is proven afterwards (`purge`).

use std::time::Duration;

use contracts::Timestamp;
use serde::{Deserialize, Serialize};

use super::chain::whole_millis;
use super::record::Class;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A project's choice of how long its records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "Days")]
#[schema(example = json!({"operational_days": 180, "financial_days": 2557}))]
pub struct Retention {
    /// Days that operational records are kept, from their seal on.
    #[schema(minimum = 1, maximum = 36_500)]
    operational_days: u32,
    /// Days that financial records are kept, from their seal on.
    #[schema(minimum = 1, maximum = 36_500)]
    financial_days: u32,
}

/// A number of days that no project may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("records are kept for at least {} day and at most {} days", Retention::DAYS_MIN, Retention::DAYS_MAX)]
pub struct BadRetention;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Days {
    operational_days: u32,
    financial_days: u32,
}

impl Retention {
    /// The fewest days that may be chosen.
    pub const DAYS_MIN: u32 = 1;
    /// The most: a hundred years.
    pub const DAYS_MAX: u32 = 36_500;

    /// Takes a choice that is within the bounds.
    pub fn new(operational_days: u32, financial_days: u32) -> Result<Self, BadRetention> {
        let bounds = Self::DAYS_MIN..=Self::DAYS_MAX;
        let is_sound = bounds.contains(&operational_days) && bounds.contains(&financial_days);
        is_sound.then_some(Self { operational_days, financial_days }).ok_or(BadRetention)
    }

    /// How many days a class is kept; none for ever.
    pub const fn days(self, class: Class) -> Option<u32> {
        match class {
            Class::Operational => Some(self.operational_days),
            Class::Financial => Some(self.financial_days),
            Class::Permanent => None,
        }
    }

    /// The time before which a block of this class must have been sealed for its records to go now; none when
    /// they never may. In whole milliseconds, so that its text form says it exactly.
    pub fn cutoff(self, class: Class, now: Timestamp) -> Option<Timestamp> {
        self.days(class).map(|days| whole_millis(now.saturating_sub(DAY * days)))
    }
}

impl Default for Retention {
    fn default() -> Self {
        // Seven years with two leap days.
        Self { operational_days: 90, financial_days: 7 * 365 + 2 }
    }
}

impl TryFrom<Days> for Retention {
    type Error = BadRetention;

    fn try_from(days: Days) -> Result<Self, BadRetention> {
        Self::new(days.operational_days, days.financial_days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operational_records_go_after_90_days_and_financial_ones_after_seven_years() {
        let now: Timestamp = "2026-11-21T09:47:35.123Z".parse().unwrap();
        let cutoff = |class| Retention::default().cutoff(class, now).map(|at| at.to_string());
        assert_eq!(cutoff(Class::Operational).as_deref(), Some("2026-08-23T09:47:35.123Z"));
        assert_eq!(cutoff(Class::Financial).as_deref(), Some("2019-11-21T09:47:35.123Z"));
    }

    #[test]
    fn permanent_records_never_go() {
        assert_eq!(Retention::default().cutoff(Class::Permanent, Timestamp::from_millis(0)), None);
    }

    #[test]
    fn a_choice_out_of_bounds_is_refused_wherever_it_comes_from() {
        for (operational, financial) in [(0, 1), (1, 0), (36_501, 1), (1, 36_501)] {
            assert_eq!(Retention::new(operational, financial), Err(BadRetention));
            let json = format!(r#"{{"operational_days":{operational},"financial_days":{financial}}}"#);
            assert!(serde_json::from_str::<Retention>(&json).is_err());
        }
        let chosen = Retention::new(1, 36_500).unwrap();
        let json = serde_json::to_string(&chosen).unwrap();
        assert_eq!(serde_json::from_str::<Retention>(&json).unwrap(), chosen);
    }
}
