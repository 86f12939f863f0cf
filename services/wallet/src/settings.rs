//! What can be set of wallets. All of it changes while it runs, and each project may choose.

use std::time::Duration;

use contracts::{Currency, ProjectId};
use kernel::config::{Declaration, Setting, SettingValue, Settings};

use crate::domain::{CurrencyLimits, Limits, Patience, Terms, TopUpTerms};

/// The currency of accounts that open by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HomeCurrency(pub Currency);

/// Whether each new user is given an account.
pub const AUTO_ACCOUNT: Setting<bool> =
    Setting::new("wallet.auto_account", || false, "Whether whoever signs up is given an account.")
        .live()
        .per_project();
/// The currency of such accounts.
pub const CURRENCY: Setting<HomeCurrency> = Setting::new(
    "wallet.currency",
    || HomeCurrency(Currency::INR),
    "The currency of the accounts that are opened for new users.",
)
.live()
.per_project();
/// How long the ledger and fraud detection may take.
pub const PAYMENT_TIMEOUT: Setting<Duration> = Setting::new(
    "wallet.payment_timeout",
    || Duration::from_secs(120),
    "How long a payment waits for an answer until its money is asked to be let go, and how often that is asked.",
)
.live()
.per_project();
/// How long people may take.
pub const REVIEW_TIMEOUT: Setting<Duration> = Setting::new(
    "wallet.review_timeout",
    || Duration::from_secs(86_400),
    "How long a payment waits for a person's look until its money is let go.",
)
.live()
.per_project();
/// The limits of accounts whose owner is not known.
pub const LIMITS_UNVERIFIED: Setting<CurrencyLimits> = Setting::new(
    "wallet.limits_unverified",
    || CurrencyLimits::general(Limits { payment: 1_000_000, day: 1_000_000, month: 5_000_000 }),
    "The most that somebody sends of whom nothing is proven: in one payment, a day, a month, in minor units of the account; after commas what other currencies have, like JPY=100000/100000/500000.",
)
.live()
.per_project();
/// The limits of accounts whose owner is known a little.
pub const LIMITS_BASIC: Setting<CurrencyLimits> = Setting::new(
    "wallet.limits_basic",
    || CurrencyLimits::general(Limits { payment: 5_000_000, day: 10_000_000, month: 50_000_000 }),
    "The most that somebody sends of whom the basics are proven, written the same way.",
)
.live()
.per_project();
/// The limits of accounts whose owner is known.
pub const LIMITS_FULL: Setting<CurrencyLimits> = Setting::new(
    "wallet.limits_full",
    || CurrencyLimits::general(Limits { payment: 20_000_000, day: 50_000_000, month: 200_000_000 }),
    "The most that somebody sends of whom all is proven, written the same way.",
)
.live()
.per_project();
/// The least that is put into a wallet.
pub const TOP_UP_MIN: Setting<u64> = Setting::new(
    "wallet.top_up_min",
    || 100,
    "The least that is put into a wallet at once, in minor units of the account.",
)
.live()
.per_project();
/// The most that is put into a wallet.
pub const TOP_UP_MAX: Setting<u64> = Setting::new(
    "wallet.top_up_max",
    || 10_000_000,
    "The most that is put into a wallet at once, in minor units of the account.",
)
.live()
.per_project();
/// How long people may take to pay.
pub const TOP_UP_TIMEOUT: Setting<Duration> = Setting::new(
    "wallet.top_up_timeout",
    || Duration::from_secs(86_400),
    "How long a top-up waits to be paid until it is given up.",
)
.live()
.per_project();

/// How long a provider may take to pay out.
pub const WITHDRAWAL_TIMEOUT: Setting<Duration> = Setting::new(
    "wallet.withdrawal_timeout",
    || Duration::from_secs(7 * 86_400),
    "How long a withdrawal waits for its end until it is called off, and how often that is asked.",
)
.live()
.per_project();

/// An answer that takes less than this is no time-out.
const PATIENCE_MIN: Duration = Duration::from_secs(1);

/// All of them.
pub fn declarations() -> Vec<Declaration> {
    vec![
        AUTO_ACCOUNT.declare(),
        CURRENCY.declare(),
        PAYMENT_TIMEOUT.declare(),
        REVIEW_TIMEOUT.declare(),
        LIMITS_UNVERIFIED.declare(),
        LIMITS_BASIC.declare(),
        LIMITS_FULL.declare(),
        TOP_UP_MIN.declare(),
        TOP_UP_MAX.declare(),
        TOP_UP_TIMEOUT.declare(),
        WITHDRAWAL_TIMEOUT.declare(),
    ]
}

/// What a project has set for what begins now.
pub fn terms(settings: &Settings, project: ProjectId) -> Terms {
    let limits = |setting| settings.get_for(project, setting);
    let patience = |setting: &Setting<Duration>| settings.get_for(project, setting).max(PATIENCE_MIN);
    let amount =
        |setting: &Setting<u64>| i64::try_from(settings.get_for(project, setting)).unwrap_or(i64::MAX);
    Terms {
        limits: [limits(&LIMITS_UNVERIFIED), limits(&LIMITS_BASIC), limits(&LIMITS_FULL)],
        patience: Patience::new(patience(&PAYMENT_TIMEOUT), patience(&REVIEW_TIMEOUT)),
        top_up: TopUpTerms {
            min: amount(&TOP_UP_MIN),
            max: amount(&TOP_UP_MAX),
            timeout: patience(&TOP_UP_TIMEOUT),
        },
        withdrawal_wait: patience(&WITHDRAWAL_TIMEOUT),
    }
}

impl SettingValue for HomeCurrency {
    const KIND: &'static str = "currency";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| "the code of a currency in capitals, like INR".to_owned())
    }

    fn show(&self) -> String {
        self.0.code().to_owned()
    }
}

impl SettingValue for CurrencyLimits {
    const KIND: &'static str = "three amounts, and those of currencies";

    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',').map(str::trim);
        let mut limits = Self::general(amounts(parts.next().unwrap_or_default())?);
        for part in parts {
            let (code, own) = part.split_once('=').ok_or(OWN)?;
            let currency = code.parse().map_err(|_| format!("{OWN}: `{code}` is no currency"))?;
            if limits.own.insert(currency, amounts(own)?).is_some() {
                return Err(format!("each currency once, and {currency} is there twice"));
            }
        }
        Ok(limits)
    }

    fn show(&self) -> String {
        let shown = |limits: &Limits| format!("{}/{}/{}", limits.payment, limits.day, limits.month);
        let own = self.own.iter().map(|(currency, limits)| format!(", {currency}={}", shown(limits)));
        shown(&self.general) + &own.collect::<String>()
    }
}

const THREE: &str = "three amounts in minor units, like 50000/100000/500000";
const OWN: &str = "a currency and its amounts after each comma, like JPY=80000/150000/800000";

fn amounts(text: &str) -> Result<Limits, String> {
    let parts: Option<Vec<i64>> =
        text.split('/').map(|part| part.parse().ok().filter(|amount| *amount >= 0)).collect();
    match parts.as_deref() {
        Some([payment, day, month]) => Ok(Limits { payment: *payment, day: *day, month: *month }),
        Some(_) | None => Err(THREE.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_back_and_nonsense_is_not() {
        let limits = CurrencyLimits::general(Limits { payment: 1, day: 20, month: 300 });
        assert_eq!(limits.show(), "1/20/300");
        assert_eq!(CurrencyLimits::parse(&limits.show()), Ok(limits));
        let euro = HomeCurrency(Currency::EUR);
        assert_eq!(HomeCurrency::parse(&euro.show()), Ok(euro));
        for bad in ["", "1", "1/2", "1/2/3/4", "1/-2/3", "a/b/c", "1/2/99999999999999999999"] {
            assert!(CurrencyLimits::parse(bad).is_err(), "{bad}");
        }
        assert!(HomeCurrency::parse("eur").is_err());
    }

    #[test]
    fn a_currency_may_have_limits_of_its_own() {
        let limits = CurrencyLimits::parse("10/20/30,KWD=1/2/3 , JPY=1000/2000/3000").unwrap();
        assert_eq!(limits.of(Currency::JPY), Limits { payment: 1_000, day: 2_000, month: 3_000 });
        assert_eq!(limits.of(Currency::KWD), Limits { payment: 1, day: 2, month: 3 });
        assert_eq!(limits.of(Currency::EUR), limits.general);
        assert_eq!(limits.show(), "10/20/30, JPY=1000/2000/3000, KWD=1/2/3");
        assert_eq!(CurrencyLimits::parse(&limits.show()), Ok(limits));
        let said = |bad: &str| CurrencyLimits::parse(bad).unwrap_err();
        assert_eq!(said("JPY=1/2/3"), THREE, "what holds for the others comes first");
        assert_eq!(said("1/2/3,JPY=1/2"), THREE);
        assert_eq!(said("1/2/3,4/5/6"), OWN);
        assert_eq!(said("1/2/3,"), OWN);
        assert_eq!(said("1/2/3,yen=4/5/6"), format!("{OWN}: `yen` is no currency"));
        assert_eq!(said("1/2/3,JPY=4/5/6,JPY=4/5/6"), "each currency once, and JPY is there twice");
    }
}
