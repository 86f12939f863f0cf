//! How a rendered message leaves the house: one file a provider, and here what they have in common.
//!
//! It knows nothing of templates, preferences or retries: it is given a finished message, makes one attempt, and says
//! what became of it in the words of [`Trouble`].

pub mod email;
pub mod log;
mod sms_text;
pub mod twilio;
pub mod webhook;
#[cfg(test)]
mod tests;

use std::time::Duration;

use contracts::{NotificationId, ProjectId, Timestamp};
use kernel::config::Declaration;
use kernel::secrets::mask;
use kernel::service::Means;
use serde::{Deserialize, Serialize};

/// Which provider makes the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// The log: for trials, and for shops that send nothing (K-29).
    Log,
    /// A mail server.
    Smtp,
    /// Twilio's Messages.
    Twilio,
    /// The receiver's own address, by Standard Webhooks.
    Webhook,
}

/// A finished message.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The notification: the same on every attempt and with every provider.
    pub id: NotificationId,
    /// Whose it is: settings and secrets of providers are looked up by it.
    pub project: ProjectId,
    /// After this it is not worth sending.
    pub expires_at: Option<Timestamp>,
    /// What is said, and to whom.
    pub content: Content,
}

/// What is said, and to whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A mail.
    Email {
        /// The address.
        to: String,
        /// One line.
        subject: String,
        /// For readers without HTML.
        text: String,
        /// For everybody else; escaped already.
        html: Option<String>,
        /// Where one click ends such mail (RFC 8058).
        unsubscribe_url: Option<String>,
    },
    /// A short message.
    Sms {
        /// The number, in E.164.
        to: String,
        /// The text.
        body: String,
    },
    /// A call to an address that a customer of the platform gave.
    Webhook {
        /// The address.
        url: String,
        /// `whsec_…`; the newest first, older ones while they are being replaced.
        secrets: Vec<String>,
        /// The event's type.
        kind: String,
        /// When it happened.
        at: Timestamp,
        /// The event's data, as JSON.
        data: String,
    },
    /// A line of the log.
    Log {
        /// Whom it would have reached, masked where it is logged.
        to: String,
        /// The line.
        text: String,
    },
}

/// The provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its name for the message, by which receipts are matched.
    pub reference: Option<String>,
    /// Whether acceptance is delivery, since no receipt will come.
    pub delivered: bool,
    /// The parts of a short message.
    pub segments: Option<u32>,
}

/// Why an attempt did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It may have been accepted: it must not go to another provider unless twice is better than never.
    #[error("it may have been accepted: {0}")]
    Unknown(String),
    /// Not now.
    #[error("not now: {why}")]
    Later {
        /// How long the provider wants to be left alone.
        after: Option<Duration>,
        /// In words.
        why: String,
    },
    /// The provider is down: another one may do.
    #[error("the provider is down: {0}")]
    ProviderDown(String),
    /// There is nobody at this address, or nobody who wants this.
    #[error("the recipient cannot be reached: {0}")]
    BadRecipient(String),
    /// What is said cannot be sent by this channel.
    #[error("the content was refused: {0}")]
    BadContent(String),
    /// The provider does not know us, or not any more.
    #[error("the provider refuses us: {0}")]
    BadCredential(String),
}

/// What others say is quoted to this length.
const QUOTE_CHARS_MAX: usize = 200;

/// Every setting of every provider.
pub fn settings() -> Vec<Declaration> {
    email::settings().into_iter().chain(twilio::settings()).collect()
}

/// Makes one attempt with one provider.
pub async fn attempt(means: &Means, provider: Provider, message: &Outgoing) -> Result<Accepted, Trouble> {
    match (provider, &message.content) {
        (Provider::Log, content) => Ok(log::write(message.id, content)),
        (Provider::Smtp, Content::Email { to, subject, text, html, unsubscribe_url }) => {
            let mail = email::Mail {
                to,
                subject,
                text,
                html: html.as_deref(),
                unsubscribe_url: unsubscribe_url.as_deref(),
            };
            email::send(means, message, mail).await
        }
        (Provider::Twilio, Content::Sms { to, body }) => twilio::send(means, message, to, body).await,
        (Provider::Webhook, Content::Webhook { url, secrets, kind, at, data }) => {
            let call = webhook::Hook { url, secrets, kind, at: *at, data };
            webhook::send(means, message.id, &call).await
        }
        (Provider::Smtp | Provider::Twilio | Provider::Webhook, _) => {
            Err(Trouble::BadContent("this provider does not carry such content".to_owned()))
        }
    }
}

/// What the other side said, fit to be kept: one line, short, with nothing in it that must not be logged.
fn quoted(said: &str) -> String {
    let line: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    mask(line.trim()).chars().take(QUOTE_CHARS_MAX).collect()
}
