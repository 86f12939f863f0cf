//! How much may be sent: in one payment, in a day, in a month, by how much is proven of who somebody is.

use std::collections::BTreeMap;
use std::time::Duration;

use contracts::{Currency, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::payment::Patience;
use super::top_up::TopUpTerms;

/// The most that may leave an account, in minor units of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// In one payment.
    pub payment: i64,
    /// In a day, in UTC.
    pub day: i64,
    /// In a month, in UTC.
    pub month: i64,
}

/// Limits for accounts of any currency, with those that some currencies have of their own: a hundred thousand minor units
/// are a thousand euros and a hundred thousand yen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyLimits {
    /// For every other currency.
    pub general: Limits,
    /// For these.
    pub own: BTreeMap<Currency, Limits>,
}

/// What has left an account or is on its way, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// On the day.
    pub day: i64,
    /// In the month.
    pub month: i64,
}

/// What a limit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// One payment.
    Payment,
    /// A day.
    Day,
    /// A month.
    Month,
}

/// More than a limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is more than the account may send")]
pub struct Exceeded {
    /// Which limit.
    pub period: Period,
    /// What it leaves, in minor units.
    pub left: i64,
}

/// The names of a day and of its month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Periods {
    /// Like 2026-11-21.
    pub day: String,
    /// Like 2026-11.
    pub month: String,
}

/// What a project has set for what begins now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// By what is proven: nothing, basic, full.
    pub limits: [CurrencyLimits; 3],
    /// How long answers are waited for.
    pub patience: Patience,
    /// How much may be put in, and how long that may take.
    pub top_up: TopUpTerms,
    /// How long a withdrawal may take until it is called off.
    pub withdrawal_wait: Duration,
}

const DAY_LETTERS: usize = 10;
const MONTH_LETTERS: usize = 7;

impl Limits {
    /// Whether `amount` may be sent after `spent`.
    pub fn allow(&self, spent: Spent, amount: i64) -> Result<(), Exceeded> {
        let left = |limit: i64, spent: i64| limit.saturating_sub(spent).max(0);
        let each = [
            (Period::Payment, self.payment),
            (Period::Day, left(self.day, spent.day)),
            (Period::Month, left(self.month, spent.month)),
        ];
        match each.into_iter().find(|(_, left)| amount > *left) {
            Some((period, left)) => Err(Exceeded { period, left }),
            None => Ok(()),
        }
    }
}

impl CurrencyLimits {
    /// The same for every currency.
    pub const fn general(general: Limits) -> Self {
        Self { general, own: BTreeMap::new() }
    }

    /// Those of a currency.
    pub fn of(&self, currency: Currency) -> Limits {
        self.own.get(&currency).copied().unwrap_or(self.general)
    }
}

impl Periods {
    /// Those that an instant belongs to, in UTC.
    pub fn of(at: Timestamp) -> Self {
        let text = at.to_string();
        let head = |letters: usize| text.chars().take(letters).collect();
        Self { day: head(DAY_LETTERS), month: head(MONTH_LETTERS) }
    }
}

impl Terms {
    /// The limits of an account in a currency, of whose owner so much is proven.
    pub fn limits_of(&self, kyc_level: u8, currency: Currency) -> Limits {
        let [unverified, basic, full] = &self.limits;
        let of_level = match kyc_level {
            0 => unverified,
            1 => basic,
            _ => full,
        };
        of_level.of(currency)
    }
}

impl Patience {
    /// So long for an answer, so long for a person's look.
    pub const fn new(answer: Duration, review: Duration) -> Self {
        Self { answer, review }
    }
}
