//! What can be set about notifications; the providers' own settings stand with them in `channels`.

use std::time::Duration;

use contracts::ProjectId;
use kernel::config::{Setting, SettingValue, Settings};
use kernel::service::Service;
use serde::{Deserialize, Serialize};

use crate::channels::Provider;
use crate::domain::notification::Channel;
use crate::domain::words::Locale;

/// Providers in the order in which they are tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain(pub Vec<Provider>);

/// What holds for one project when something is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The language of those who have chosen none.
    pub locale: Locale,
    /// Messages of a project a minute; 0 is no limit.
    pub limit_project: u32,
    /// Mails or short messages to one address an hour; 0 is no limit.
    pub limit_recipient: u32,
    /// Where the public reaches us.
    pub public_url: Option<String>,
}

/// Providers of mail.
pub const EMAIL_PROVIDERS: Setting<Chain> = Setting::new(
    "notifications.email.providers",
    || Chain(vec![Provider::Log]),
    "Providers of mail in the order in which they are tried: log, smtp.",
)
.per_project()
.example("smtp");
/// Providers of short messages.
pub const SMS_PROVIDERS: Setting<Chain> = Setting::new(
    "notifications.sms.providers",
    || Chain(vec![Provider::Log]),
    "Providers of short messages in the order in which they are tried: log, twilio.",
)
.per_project()
.example("twilio");
/// The language of those who have chosen none.
pub const LOCALE: Setting<Language> = Setting::new(
    "notifications.locale",
    || Language(Locale::english()),
    "The language of people who have chosen none.",
)
.per_project();
/// Messages of one project a minute.
pub const LIMIT_PROJECT: Setting<u32> = Setting::new(
    "notifications.limit_project",
    || 0,
    "Notifications that one project may send a minute; 0 is no limit.",
)
.per_project();
/// Messages to one address an hour.
pub const LIMIT_RECIPIENT: Setting<u32> = Setting::new(
    "notifications.limit_recipient",
    || 60,
    "Mails and short messages that one address may get an hour; 0 is no limit.",
)
.per_project();
/// Attempts of one notification.
pub const ATTEMPTS_MAX: Setting<u32> =
    Setting::new("notifications.attempts", || 8, "After so many attempts a notification is dead.")
        .per_project();
/// Where the public reaches us.
pub const PUBLIC_URL: Setting<Option<String>> = Setting::new(
    "notifications.public_url",
    || None,
    "Where the gateway is reached from outside; without it no mail has a link that ends such mail.",
)
.per_project()
.example("https://api.example.com");
/// How long notifications are kept.
pub const KEPT: Setting<Duration> = Setting::new(
    "notifications.kept",
    || Duration::from_secs(90 * 86_400),
    "How long a notification and its timeline can be looked at.",
)
.live();

/// A language as a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language(pub Locale);

impl SettingValue for Language {
    const KIND: &'static str = "language";

    fn parse(text: &str) -> Result<Self, String> {
        Locale::try_from(text.to_owned()).map(Self).map_err(|_| "a language like en or en-IN".to_owned())
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}

impl SettingValue for Chain {
    const KIND: &'static str = "providers";

    fn parse(text: &str) -> Result<Self, String> {
        let expected = || "providers with commas between, such as smtp,log".to_owned();
        let known = |name: &str| match name.trim() {
            "log" => Ok(Provider::Log),
            "smtp" => Ok(Provider::Smtp),
            "twilio" => Ok(Provider::Twilio),
            _ => Err(expected()),
        };
        text.split(',').map(known).collect::<Result<Vec<_>, _>>().map(Self)
    }

    fn show(&self) -> String {
        self.0.iter().map(|provider| provider_name(*provider)).collect::<Vec<_>>().join(",")
    }
}

/// The provider's name, as it is stored and shown.
pub fn provider_name(provider: Provider) -> &'static str {
    match provider {
        Provider::Log => "log",
        Provider::Smtp => "smtp",
        Provider::Twilio => "twilio",
        Provider::Webhook => "webhook",
    }
}

/// What holds for a project now.
pub fn rules(settings: &Settings, project: ProjectId) -> Rules {
    Rules {
        locale: settings.get_for(project, &LOCALE).0,
        limit_project: settings.get_for(project, &LIMIT_PROJECT),
        limit_recipient: settings.get_for(project, &LIMIT_RECIPIENT),
        public_url: settings.get_for(project, &PUBLIC_URL),
    }
}

/// Who sends for a project by this channel, in order.
pub fn chain(settings: &Settings, project: ProjectId, channel: Channel) -> Vec<Provider> {
    match channel {
        Channel::Email => settings.get_for(project, &EMAIL_PROVIDERS).0,
        Channel::Sms => settings.get_for(project, &SMS_PROVIDERS).0,
        Channel::Webhook => vec![Provider::Webhook],
        Channel::InApp | Channel::Log => vec![Provider::Log],
    }
}

/// Declares all of it.
pub fn declare(service: Service) -> Service {
    service
        .setting(EMAIL_PROVIDERS.declare())
        .setting(SMS_PROVIDERS.declare())
        .setting(LOCALE.declare())
        .setting(LIMIT_PROJECT.declare())
        .setting(LIMIT_RECIPIENT.declare())
        .setting(ATTEMPTS_MAX.declare())
        .setting(PUBLIC_URL.declare())
        .setting(KEPT.declare())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_read_and_shown_the_same() {
        for text in ["log", "smtp,log", "twilio"] {
            assert_eq!(Chain::parse(text).unwrap().show(), text);
        }
        for bad in ["", "pigeon", "smtp,,log"] {
            assert!(Chain::parse(bad).is_err(), "{bad}");
        }
        assert!(Language::parse("de-AT").is_ok() && Language::parse("german").is_err());
    }
}
