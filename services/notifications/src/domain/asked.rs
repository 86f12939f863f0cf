//! What a caller asks to be said, parsed and checked: what is malformed never becomes a notification.

use std::collections::BTreeMap;
use std::time::Duration;

use contracts::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::notification::{Channel, Priority, Said, To, Wanted};
use super::template::Misfit;
use super::words::{Category, Locale, TemplateName};

/// Something to be said to somebody: either a template with its variables, or a text.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"channel": "log", "to": {"email": "ann@example.com"}, "template": "order_paid",
    "variables": {"order_id": "ord_01jd3sa4k8qm7v2x9c5f0t6w1b", "amount": 1999, "currency": "INR"}}))]
pub struct Asked {
    /// How it travels.
    pub channel: Channel,
    /// Whom it is for.
    pub to: To,
    /// The template to fill in.
    pub template: Option<TemplateName>,
    /// What its variables stand for.
    #[schema(value_type = Option<Object>)]
    pub variables: Option<Map<String, Value>>,
    /// One line, where there is no template; a mail needs one.
    #[schema(min_length = 1, max_length = 300)]
    pub subject: Option<String>,
    /// The text, where there is no template; a short message has 1600 letters at most.
    #[schema(min_length = 1, max_length = 20000)]
    pub text: Option<String>,
    /// The same as HTML, for mail; it is sent as it is.
    #[schema(min_length = 1, max_length = 200000)]
    pub html: Option<String>,
    /// What it is about; the template's own when nothing is said.
    pub category: Option<Category>,
    /// In which language; the person's own when nothing is said.
    pub locale: Option<Locale>,
    /// Whether it can wait for the end of quiet hours.
    pub priority: Option<Priority>,
    /// After so many seconds it is not worth sending: 1 to 2592000, thirty days.
    #[schema(minimum = 1, maximum = 2592000)]
    pub expires_in_s: Option<u32>,
    /// What you want to find again: 20 entries at most, names of 40 letters, values of 200.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Asked for twice with the same key, it is said once.
    #[schema(min_length = 1, max_length = 255, pattern = "^[ -~]+$")]
    pub idempotency_key: Option<String>,
}

const SUBJECT_MAX: usize = 300;
const TEXT_MAX: usize = 20_000;
const SMS_MAX: usize = 1_600;
const HTML_MAX: usize = 200_000;
const EXPIRY_S_MAX: u32 = 30 * 86_400;
const METADATA_MAX: usize = 20;

impl Asked {
    /// What is asked for, when it is `time`; the first thing that does not fit is named.
    pub fn wanted(self, time: Timestamp) -> Result<Wanted, Misfit> {
        let said = self.said()?;
        if self.expires_in_s.is_some_and(|seconds| !(1..=EXPIRY_S_MAX).contains(&seconds)) {
            return Err(Misfit::new("expires_in_s", format!("is a number from 1 to {EXPIRY_S_MAX}")));
        }
        let metadata = self.metadata.unwrap_or_default();
        let fits = |(name, value): (&String, &String)| letters(name, 40) && value.chars().count() <= 200;
        if metadata.len() > METADATA_MAX || !metadata.iter().all(fits) {
            let why = format!(
                "has at most {METADATA_MAX} entries, with names of 1 to 40 letters and values of 200"
            );
            return Err(Misfit::new("metadata", why));
        }
        let user = match &self.to {
            To::UserId(user) => Some(*user),
            To::Email(_) | To::Phone(_) | To::Url(_) => None,
        };
        let lifetime = self.expires_in_s.map(|seconds| Duration::from_secs(seconds.into()));
        Ok(Wanted {
            channel: self.channel,
            to: self.to,
            user,
            said,
            category: self.category,
            locale: self.locale,
            priority: self.priority.unwrap_or_default(),
            expires_at: lifetime.map(|lifetime| time.saturating_add(lifetime)),
            metadata,
        })
    }

    fn said(&self) -> Result<Said, Misfit> {
        let Self { template, variables, subject, text, html, channel, .. } = self;
        match (template, text) {
            (Some(_), Some(_)) => Err(Misfit::new("text", "does not go with a template")),
            (None, None) => Err(Misfit::new("template", "is needed, or a text")),
            (Some(name), None) => {
                if subject.is_some() || html.is_some() {
                    return Err(Misfit::new("subject", "and html do not go with a template"));
                }
                let variables = variables.clone().unwrap_or_default();
                Ok(Said::Template { name: name.clone(), variables })
            }
            (None, Some(text)) => {
                if variables.is_some() {
                    return Err(Misfit::new("variables", "are those of a template"));
                }
                let most = if *channel == Channel::Sms { SMS_MAX } else { TEXT_MAX };
                check("text", Some(text), most)?;
                check("subject", subject.as_ref(), SUBJECT_MAX)?;
                check("html", html.as_ref(), HTML_MAX)?;
                match channel {
                    Channel::Email if subject.is_none() => Err(Misfit::new("subject", "is needed by a mail")),
                    Channel::Sms | Channel::InApp | Channel::Webhook | Channel::Log if html.is_some() => {
                        Err(Misfit::new("html", "goes with mail alone"))
                    }
                    Channel::Email | Channel::Sms | Channel::InApp | Channel::Webhook | Channel::Log => {
                        Ok(Said::Words { subject: subject.clone(), text: text.clone(), html: html.clone() })
                    }
                }
            }
        }
    }
}

fn check(field: &str, text: Option<&String>, letters_max: usize) -> Result<(), Misfit> {
    match text {
        Some(text) if !letters(text, letters_max) => {
            Err(Misfit::new(field, format!("has 1 to {letters_max} letters")))
        }
        _ => Ok(()),
    }
}

fn letters(text: &str, most: usize) -> bool {
    !text.is_empty() && text.chars().count() <= most
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wanted(body: Value) -> Result<Wanted, Misfit> {
        serde_json::from_value::<Asked>(body).unwrap().wanted(Timestamp::from_millis(0))
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let to = json!({ "email": "ann@example.com" });
        for (body, field) in [
            (json!({ "channel": "log", "to": to }), "template"),
            (json!({ "channel": "log", "to": to, "template": "a", "text": "b" }), "text"),
            (json!({ "channel": "log", "to": to, "template": "a", "subject": "b" }), "subject"),
            (json!({ "channel": "log", "to": to, "text": "" }), "text"),
            (json!({ "channel": "log", "to": to, "text": "b", "variables": {} }), "variables"),
            (json!({ "channel": "log", "to": to, "text": "b", "html": "b" }), "html"),
            (json!({ "channel": "email", "to": to, "text": "b" }), "subject"),
            (json!({ "channel": "sms", "to": to, "text": "b".repeat(1_601) }), "text"),
            (json!({ "channel": "log", "to": to, "text": "b", "expires_in_s": 0 }), "expires_in_s"),
            (json!({ "channel": "log", "to": to, "text": "b", "metadata": { "": "x" } }), "metadata"),
        ] {
            assert_eq!(wanted(body.clone()).unwrap_err().field, field, "{body}");
        }
    }

    #[test]
    fn it_is_worth_sending_for_as_long_as_was_said() {
        let body = json!({ "channel": "log", "to": { "email": "ann@example.com" }, "text": "b", "expires_in_s": 60 });
        assert_eq!(wanted(body).unwrap().expires_at, Some(Timestamp::from_millis(60_000)));
    }

    #[test]
    fn a_person_is_asked_what_they_want() {
        let user: contracts::UserId = contracts::Id::from_u128(7);
        let body = json!({ "channel": "in_app", "to": { "user_id": user }, "text": "b" });
        assert_eq!(wanted(body).unwrap().user, Some(user));
        let two =
            json!({ "channel": "log", "to": { "user_id": user, "email": "a@example.com" }, "text": "b" });
        assert!(serde_json::from_value::<Asked>(two).is_err());
    }
}
