//! What can be set of payments. All of it changes while it runs.

use std::time::Duration;

use kernel::config::{Declaration, Setting, SettingValue, choices};
use kernel::secrets::Secret;

use crate::domain::{Capture, OnSilence, ProviderName};

/// Providers in the order in which they are preferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Providers(pub Vec<ProviderName>);

/// The secrets that a provider may sign its messages with: the present one, and those that are being replaced.
#[derive(Clone, Debug)]
pub struct WebhookSecrets(pub Vec<Secret<String>>);

choices!(Capture { Automatic => "automatic", Manual => "manual" });
choices!(OnSilence { GoOn => "go_on", Fail => "fail" });
choices!(ProviderName { Stripe => "stripe", Offline => "offline" });

/// Who takes the money.
pub const PROVIDERS: Setting<Providers> = Setting::new(
    "payments.providers",
    || Providers(vec![ProviderName::Stripe]),
    "Who may take the money, separated by commas; the first one does where nothing is said.",
)
.live()
.per_project();
/// Who pays money out.
pub const PAYOUTS: Setting<ProviderName> =
    Setting::new("payments.payouts", || ProviderName::Stripe, "Who pays out what is withdrawn from wallets.")
        .live()
        .per_project();
/// When the money is taken.
pub const CAPTURE: Setting<Capture> = Setting::new(
    "payments.capture",
    || Capture::Automatic,
    "Whether the money is taken as soon as the customer confirms, or when the shop says so.",
)
.live()
.per_project();
/// How long a payment may be quiet.
pub const POLL_AFTER: Setting<Duration> = Setting::new(
    "payments.poll_after",
    || Duration::from_secs(300),
    "How long a payment may be quiet before its provider is asked where it stands.",
)
.live();
/// How long a payment waits for fraud detection.
pub const FRAUD_WAIT: Setting<Duration> = Setting::new(
    "payments.fraud_wait",
    || Duration::ZERO,
    "How long a payment waits for fraud's word before its provider hears of it; 0 is not at all.",
)
.live()
.per_project();
/// What comes of a wait in vain.
pub const FRAUD_SILENCE: Setting<OnSilence> = Setting::new(
    "payments.fraud_silence",
    || OnSilence::GoOn,
    "What happens to a payment of which fraud says nothing in time: go_on (its provider is asked) or fail.",
)
.live()
.per_project();
/// Where Stripe is.
pub const STRIPE_URL: Setting<String> =
    Setting::new("payments.stripe.url", || "https://api.stripe.com".to_owned(), "Where Stripe's API is.")
        .live()
        .per_project();
/// Our key at Stripe.
pub const STRIPE_SECRET_KEY: Setting<Secret<String>> = Setting::new(
    "payments.stripe.secret_key",
    || Secret::new(String::new()),
    "The secret key of the project's account at Stripe.",
)
.secret()
.live()
.per_project();
/// The key that browsers use.
pub const STRIPE_PUBLISHABLE_KEY: Setting<String> = Setting::new(
    "payments.stripe.publishable_key",
    String::new,
    "The publishable key of the project's account at Stripe, for browsers.",
)
.live()
.per_project();
/// What Stripe signs with.
pub const STRIPE_WEBHOOK_SECRETS: Setting<WebhookSecrets> = Setting::new(
    "payments.stripe.webhook_secrets",
    || WebhookSecrets(Vec::new()),
    "The secrets that Stripe signs its messages with, separated by commas; any of them holds.",
)
.secret()
.live()
.per_project();

/// All of them.
pub fn declarations() -> Vec<Declaration> {
    vec![
        PROVIDERS.declare(),
        PAYOUTS.declare(),
        CAPTURE.declare(),
        POLL_AFTER.declare(),
        FRAUD_WAIT.declare(),
        FRAUD_SILENCE.declare(),
        STRIPE_URL.declare(),
        STRIPE_SECRET_KEY.declare(),
        STRIPE_PUBLISHABLE_KEY.declare(),
        STRIPE_WEBHOOK_SECRETS.declare(),
    ]
}

impl SettingValue for Providers {
    const KIND: &'static str = "list of stripe and offline";

    fn parse(text: &str) -> Result<Self, String> {
        let names = text.split(',').map(|name| ProviderName::parse(name.trim()));
        names.collect::<Result<_, _>>().map(Self).map_err(|_| Self::KIND.to_owned())
    }

    fn show(&self) -> String {
        self.0.iter().map(SettingValue::show).collect::<Vec<_>>().join(",")
    }
}

impl SettingValue for WebhookSecrets {
    const KIND: &'static str = "list of secret texts";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        let each = text.split(',').map(str::trim).filter(|secret| !secret.is_empty());
        Ok(Self(each.map(|secret| Secret::new(secret.to_owned())).collect()))
    }

    fn show(&self) -> String {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_shown() {
        let both = Providers(vec![ProviderName::Offline, ProviderName::Stripe]);
        assert_eq!(Providers::parse("offline, stripe"), Ok(both.clone()));
        assert_eq!(Providers::parse(&both.show()), Ok(both));
        assert!(Providers::parse("").is_err() && Providers::parse("paypal").is_err());
        let secrets = WebhookSecrets::parse("whsec_1, whsec_2,").unwrap();
        assert_eq!(secrets.0.len(), 2);
        assert_eq!(format!("{secrets:?}{}", secrets.show()), "WebhookSecrets([***, ***])");
    }
}
