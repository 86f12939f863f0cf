//! Mail, by way of a mail server that is given in the settings.
//!
//! Read `letter.rs` (what a mail looks like), `relay.rs` (the conversation with the server, and the connections that are
//! kept), `reply.rs` (what the server's replies mean to us). Signing (DKIM) is the server's business.

mod letter;
mod relay;
mod reply;
#[cfg(test)]
mod tests;

pub use letter::Mail;

use std::fmt;
use std::path::PathBuf;

use kernel::config::{Declaration, Setting, SettingValue, Settings};
use kernel::secrets::Secret;
use kernel::service::Means;
use lettre::message::Mailbox;

use super::{Accepted, Outgoing, Trouble};
use relay::{Login, PATIENCE, Server};

/// Whether and how the conversation with the mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tls {
    /// Not at all: for a server on the same machine.
    Off,
    /// From the `STARTTLS` command on, without which nothing is said.
    StartTls,
    /// From the first byte on.
    Always,
}

kernel::choices!(Tls { Off => "none", StartTls => "starttls", Always => "tls" });

/// Who a mail is from: `Shop <shop@example.com>`.
#[derive(Clone)]
pub struct Sender(Mailbox);

/// The mail server.
pub const HOST: Setting<Option<String>> =
    Setting::new("notifications.smtp.host", || None, "The mail server; without one no mail can be sent.")
        .per_project()
        .example("smtp.example.com");
/// Its port.
pub const PORT: Setting<u16> =
    Setting::new("notifications.smtp.port", || 587, "The mail server's port.").per_project();
/// Its encryption.
pub const TLS: Setting<Tls> = Setting::new(
    "notifications.smtp.tls",
    || Tls::StartTls,
    "Encryption to the mail server: `tls` from the first byte, `starttls`, or `none` on a trusted machine.",
)
.per_project();
/// Who we are there.
pub const USERNAME: Setting<Option<String>> = Setting::new(
    "notifications.smtp.username",
    || None,
    "Our name at the mail server, where it asks for one.",
)
.per_project();
/// How we prove it.
pub const PASSWORD: Setting<Option<Secret<String>>> = Setting::new(
    "notifications.smtp.password",
    || None,
    "Our password at the mail server. A project with a server of its own needs a password of its own.",
)
.secret()
.per_project();
/// Who else may vouch for it.
pub const CA: Setting<Option<PathBuf>> = Setting::new(
    "notifications.smtp.ca",
    || None,
    "A PEM file of authorities that may vouch for the mail server besides the public ones.",
)
.live()
.example("/etc/stoa/mail-ca.pem");
/// Who mails are from.
pub const FROM: Setting<Option<Sender>> =
    Setting::new("notifications.email.from", || None, "Who mails are from; without it no mail can be sent.")
        .per_project()
        .example("Stoa <no-reply@example.com>");

/// The settings of mail.
pub fn settings() -> Vec<Declaration> {
    vec![
        HOST.declare(),
        PORT.declare(),
        TLS.declare(),
        USERNAME.declare(),
        PASSWORD.declare(),
        CA.declare(),
        FROM.declare(),
    ]
}

/// Hands one mail to the mail server.
pub async fn send(means: &Means, message: &Outgoing, mail: Mail<'_>) -> Result<Accepted, Trouble> {
    let settings = &means.settings;
    let from = settings.get_for(message.project, &FROM).ok_or_else(|| not_set_up(FROM_KEY))?.0;
    let server = server(settings, message)?;
    let login = Login {
        hello: from.email.domain().to_owned(),
        username: settings.get_for(message.project, &USERNAME),
        password: settings.get_for(message.project, &PASSWORD).map(Secret::into_exposed),
    };
    let letter = letter::write(message.id, from, means.store.clock().wall(), &mail)?;
    relay::deliver(server, login, &letter, PATIENCE).await?;
    // It has reached the server, not the reader.
    Ok(Accepted { reference: Some(letter.id), delivered: false, segments: None })
}

const FROM_KEY: &str = "notifications.email.from";
const HOST_KEY: &str = "notifications.smtp.host";

/// The server for this message. What a project chose for itself is neither trusted nor told the platform's password.
fn server(settings: &Settings, message: &Outgoing) -> Result<Server, Trouble> {
    let project = message.project;
    let host = settings.get_for(project, &HOST).ok_or_else(|| not_set_up(HOST_KEY))?;
    let (port, tls) = (settings.get_for(project, &PORT), settings.get_for(project, &TLS));
    let is_guarded = settings.get(&HOST).as_ref() != Some(&host) || settings.get(&PORT) != port;
    if is_guarded || settings.get(&TLS) != tls {
        let (own, ours) = (settings.get_for(project, &PASSWORD), settings.get(&PASSWORD));
        if own.is_some_and(|own| ours.is_some_and(|ours| own.is(ours.expose()))) {
            let why = "a mail server that a project chose needs a password that the project chose";
            return Err(Trouble::BadCredential(why.to_owned()));
        }
    }
    Ok(Server { host, port, tls, ca: settings.get(&CA), is_guarded })
}

fn not_set_up(key: &str) -> Trouble {
    Trouble::BadCredential(format!("`{key}` is not set"))
}

impl SettingValue for Sender {
    const KIND: &'static str = "sender";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| "a sender like Shop <shop@example.com>".to_owned())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
