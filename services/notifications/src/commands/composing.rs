//! What is said, made of templates and words, and kept so that nobody reads codes.

use std::sync::Arc;

use contracts::NotificationId;
use kernel::store::Tx;
use serde_json::{Map, Value};

use crate::compiled;
use crate::domain::builtin::Builtin;
use crate::domain::notification::{Channel, Message, Said};
use crate::domain::rendering::{Compiled, Rendered, one_line, plain, visible};
use crate::domain::template::{Misfit, checked};
use crate::domain::words::{Category, Locale, TemplateName};
use crate::error::Error;
use crate::store;

/// A template that can be sent.
pub struct Sendable {
    /// What such messages are about.
    pub category: Category,
    /// The version.
    pub version: u32,
    /// It, compiled.
    pub compiled: Arc<Compiled>,
}

/// What is said, and in which language.
pub struct Composed {
    /// The message.
    pub message: Message,
    /// The language of the template that was used.
    pub locale: Option<Locale>,
}

/// The template of this name: the project's own where it has published one, or else ours.
pub fn sendable(tx: &mut Tx<'_>, name: &TemplateName) -> Result<Sendable, Error> {
    if let Some(current) = store::templates::current(tx, name)? {
        let compiled = match compiled::find(current.id) {
            Some(compiled) => compiled,
            None => {
                let version = store::templates::version(tx, name, current.version)?;
                compiled::compile(&version.ok_or(Error::NoSuch("template"))?)?
            }
        };
        return Ok(Sendable { category: current.category, version: current.version, compiled });
    }
    let absent = || Misfit::new("template", "is not a template that has been published");
    let ours = Builtin::named(name.as_str()).zip(compiled::ours(name.as_str()));
    let (ours, compiled) = ours.ok_or_else(absent)?;
    Ok(Sendable { category: Category::ours(ours.category), version: 0, compiled })
}

/// What is to be said, by this channel, in the first of these languages that there is.
pub fn compose(
    tx: &Tx<'_>,
    channel: Channel,
    said: &Said,
    template: Option<&Sendable>,
    languages: &[Locale],
    unsubscribe_url: Option<String>,
) -> Result<Composed, Error> {
    match (said, template) {
        (Said::Template { name, variables }, Some(template)) => {
            let given = checked(template.compiled.variables(), variables)?;
            if channel == Channel::Webhook {
                let message = webhook(name.as_str(), tx, &given);
                return Ok(Composed { message, locale: None });
            }
            let rendered = template.compiled.render(channel, languages, &given)?;
            let locale = template.compiled.locale(channel, languages).cloned();
            Ok(Composed { message: message(channel, rendered, unsubscribe_url), locale })
        }
        (Said::Template { .. }, None) => Err(Error::NoSuch("template")),
        (Said::Words { subject, text, html }, _) => {
            let rendered = Rendered {
                subject: subject.as_deref().map(one_line),
                text: if channel == Channel::Sms { visible(text) } else { plain(text) },
                html: html.clone(),
            };
            let message = match channel {
                Channel::Webhook => {
                    let data =
                        [("subject", rendered.subject.as_deref()), ("text", Some(rendered.text.as_str()))];
                    let data = data
                        .into_iter()
                        .filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?))));
                    webhook("notification", tx, &data.collect())
                }
                _ => message(channel, rendered, unsubscribe_url),
            };
            Ok(Composed { message, locale: None })
        }
        (Said::Event { kind, at, data }, _) => {
            let message = Message::Webhook { kind: kind.clone(), at: *at, data: data.clone() };
            Ok(Composed { message, locale: None })
        }
    }
}

fn webhook(kind: &str, tx: &Tx<'_>, data: &Map<String, Value>) -> Message {
    Message::Webhook { kind: kind.to_owned(), at: tx.now(), data: Value::Object(data.clone()).to_string() }
}

fn message(channel: Channel, rendered: Rendered, unsubscribe_url: Option<String>) -> Message {
    let Rendered { subject, text, html } = rendered;
    match channel {
        Channel::Email => {
            Message::Email { subject: subject.unwrap_or_default(), text, html, unsubscribe_url }
        }
        Channel::Sms => Message::Sms { body: text },
        Channel::InApp => Message::InApp { title: subject.unwrap_or_default(), body: text },
        Channel::Webhook | Channel::Log => Message::Log { text },
    }
}

/// A message as it is kept: sealed for this very notification where it may hold a code.
pub fn keep(tx: &Tx<'_>, id: NotificationId, message: &Message, sealed: bool) -> Result<String, Error> {
    let json = serde_json::to_string(message)?;
    if sealed { Ok(tx.keys().keyring.seal(&context(id), json.as_bytes())?) } else { Ok(json) }
}

/// A message as it was kept.
pub fn open(tx: &Tx<'_>, id: NotificationId, content: &str, sealed: bool) -> Result<Message, Error> {
    if sealed {
        let json = tx.keys().keyring.open(&context(id), content)?;
        return Ok(serde_json::from_slice(&json)?);
    }
    Ok(serde_json::from_str(content)?)
}

/// Moved to another notification, sealed content does not open.
fn context(id: NotificationId) -> Vec<u8> {
    format!("notification {id}").into_bytes()
}
