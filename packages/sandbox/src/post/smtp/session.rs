//! One conversation: who sends, to whom, what.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::store::StoreError;

use super::command::{Alphabet, Command, Envelope, Mechanism};
use super::wire::{Content, Gone, Line, Wire};
use super::{Fault, Server, keep};
use crate::faults::{self, Kind, Provider};

/// One conversation.
pub struct Session {
    server: Arc<Server>,
    wire: Wire,
    greeting: Greeting,
    channel: Channel,
    signing: Signing,
    mail: Option<Mail>,
}

/// Whether the client has said who it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Greeting {
    Awaited,
    Heard,
}

/// What the conversation travels on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Channel {
    Plain,
    Tls,
}

/// Whether the client has signed in; it need not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signing {
    Out,
    In,
}

/// A mail on the way.
struct Mail {
    sender: String,
    alphabet: Alphabet,
    recipients: Vec<String>,
    ending: Ending,
}

/// What the sender hears when the mail is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Answered,
    Lost,
}

/// What comes after a command.
enum Next {
    /// This answer.
    Say(String),
    /// Whatever was needed has been said.
    Said,
    /// The last answer.
    Bye(&'static str),
    /// Nothing: the line is dead.
    Hang,
}

const LATE_BY: Duration = Duration::from_secs(2);
const SILENT_FOR: Duration = Duration::from_secs(60);
/// Who only says nonsense is left.
const WRONG_MAX: u32 = 20;
const OUT_OF_ORDER: &str = "503 5.5.1 this is not the time for it";
const TOO_LONG: &str = "500 5.5.6 the line is too long";
const TOO_LARGE: &str = "552 5.3.4 the mail is too large";
const NOT_STORED: &str = "451 4.3.0 the mail cannot be stored now";

fn say(text: impl Into<String>) -> Result<Next, Gone> {
    Ok(Next::Say(text.into()))
}

impl Session {
    /// A conversation that begins.
    pub fn new(server: Arc<Server>, wire: Wire) -> Self {
        Self {
            server,
            wire,
            greeting: Greeting::Awaited,
            channel: Channel::Plain,
            signing: Signing::Out,
            mail: None,
        }
    }

    /// Talks until one of both hangs up.
    pub async fn run(mut self) {
        let last_words = match self.talk().await {
            Ok(()) | Err(Gone::Closed) => None,
            Err(Gone::Stopping) => Some("421 4.3.2 this server stops\r\n"),
            Err(Gone::Idle) => Some("421 4.4.2 nothing was said for too long\r\n"),
            Err(Gone::Flood) => Some("421 4.7.0 this does not end\r\n"),
        };
        if let Some(words) = last_words {
            // Whether it is heard changes nothing.
            let _ = self.wire.say(words).await;
        }
        self.wire.close().await;
    }

    async fn talk(&mut self) -> Result<(), Gone> {
        self.wire.say("220 sandbox ESMTP takes all mail and delivers none\r\n").await?;
        let mut wrong = 0;
        while wrong < WRONG_MAX {
            let command = match self.wire.line(self.server.limits.line_bytes_max).await? {
                Line::Whole(line) => Command::read(&line),
                Line::TooLong => Command::Wrong(TOO_LONG),
            };
            wrong += u32::from(matches!(command, Command::Wrong(_)));
            match self.answer(command).await? {
                Next::Say(text) => self.wire.say(&(text + "\r\n")).await?,
                Next::Said => {}
                Next::Bye(text) => return self.wire.say(text).await,
                Next::Hang => return Ok(()),
            }
        }
        self.wire.say("421 4.7.0 too much was not understood\r\n").await
    }

    async fn answer(&mut self, command: Command) -> Result<Next, Gone> {
        match command {
            Command::Helo => {
                (self.greeting, self.mail) = (Greeting::Heard, None);
                say("250 sandbox")
            }
            Command::Ehlo => {
                (self.greeting, self.mail) = (Greeting::Heard, None);
                say(self.extensions())
            }
            Command::Mail(envelope) => self.begin(envelope),
            Command::Rcpt(recipient) => self.add(recipient).await,
            Command::Data => self.take().await,
            Command::Rset => {
                self.mail = None;
                say("250 2.0.0 forgotten")
            }
            Command::Noop => say("250 2.0.0 still here"),
            Command::Vrfy => say("252 2.1.5 send it, and it is taken"),
            Command::Help => say("214 2.0.0 look at the inbox page for what was sent"),
            Command::Quit => Ok(Next::Bye("221 2.0.0 bye\r\n")),
            Command::StartTls => self.secure().await,
            Command::Auth(mechanism, initial) => self.sign_in(mechanism, initial).await,
            Command::Wrong(why) => say(why),
        }
    }

    fn extensions(&self) -> String {
        let mut lines = vec!["sandbox".to_owned(), format!("SIZE {}", self.server.limits.message_bytes_max)];
        lines.extend(["8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"].map(str::to_owned));
        lines.push("AUTH PLAIN LOGIN".to_owned());
        if self.server.tls.is_some() && self.channel == Channel::Plain {
            lines.push("STARTTLS".to_owned());
        }
        let last = lines.len() - 1;
        let marked = lines.iter().enumerate();
        let marked = marked.map(|(at, line)| format!("250{}{line}", if at == last { ' ' } else { '-' }));
        marked.collect::<Vec<_>>().join("\r\n")
    }

    fn begin(&mut self, envelope: Envelope) -> Result<Next, Gone> {
        if self.greeting == Greeting::Awaited || self.mail.is_some() {
            return say(OUT_OF_ORDER);
        }
        if envelope.size_bytes.is_some_and(|size| size > self.server.limits.message_bytes_max as u64) {
            return say(TOO_LARGE);
        }
        let Envelope { sender, alphabet, .. } = envelope;
        if alphabet == Alphabet::Ascii && !sender.is_ascii() {
            return say("553 5.6.7 such an address needs SMTPUTF8");
        }
        self.mail = Some(Mail { sender, alphabet, recipients: Vec::new(), ending: Ending::Answered });
        say("250 2.1.0 go on")
    }

    async fn add(&mut self, recipient: String) -> Result<Next, Gone> {
        let Some(mail) = &mut self.mail else { return say(OUT_OF_ORDER) };
        if mail.recipients.len() >= self.server.limits.recipients_max {
            return say("452 4.5.3 too many recipients");
        }
        if mail.alphabet == Alphabet::Ascii && !recipient.is_ascii() {
            return say("553 5.6.7 such an address needs SMTPUTF8");
        }
        match (self.server.fault)(&recipient) {
            Some(Fault::UnknownMailbox) => return say("550 5.1.1 there is no such mailbox"),
            Some(Fault::FullMailbox) => return say("452 4.2.2 the mailbox is full"),
            Some(Fault::ComeBackLater) => {
                let store = self.server.running.store();
                match keep::has_come_back(store, mail.sender.clone(), recipient.clone()).await {
                    Ok(true) => {}
                    Ok(false) => return say("451 4.7.1 greylisted, come back later"),
                    Err(error) => return not_stored(&error),
                }
            }
            Some(Fault::LoseConnection) => mail.ending = Ending::Lost,
            None => {}
        }
        if !mail.recipients.contains(&recipient) {
            mail.recipients.push(recipient);
        }
        say("250 2.1.5 go on")
    }

    async fn take(&mut self) -> Result<Next, Gone> {
        match &self.mail {
            None => return say(OUT_OF_ORDER),
            Some(mail) if mail.recipients.is_empty() => return say("554 5.5.1 there is no recipient"),
            Some(_) => {}
        }
        self.wire.say("354 end with a line that is one dot\r\n").await?;
        let limits = self.server.limits;
        let content = match self.wire.content(limits.message_bytes_max, limits.line_bytes_max).await? {
            Content::Whole(content) => content,
            Content::TooLarge => {
                self.mail = None;
                return say(TOO_LARGE);
            }
            Content::LongLine => {
                self.mail = None;
                return say(format!("554 5.6.0 a line has more than {} bytes", limits.line_bytes_max));
            }
        };
        let Some(mail) = self.mail.take() else { return say(OUT_OF_ORDER) };
        match keep(&self.server, mail, content).await {
            Ok(next) => Ok(next),
            Err(error) => not_stored(&error),
        }
    }

    async fn secure(&mut self) -> Result<Next, Gone> {
        let Some(tls) = self.server.tls.clone() else {
            return say("502 5.5.1 there is no TLS here");
        };
        if self.channel == Channel::Tls {
            return say(OUT_OF_ORDER);
        }
        self.wire.say("220 2.0.0 go on with TLS\r\n").await?;
        self.wire.secure(tls).await?;
        self.channel = Channel::Tls;
        (self.greeting, self.signing, self.mail) = (Greeting::Awaited, Signing::Out, None);
        Ok(Next::Said)
    }

    /// Anybody may come in, with any name and password; only what is no Base64 is refused.
    async fn sign_in(&mut self, mechanism: Mechanism, initial: Option<String>) -> Result<Next, Gone> {
        if self.greeting == Greeting::Awaited || self.mail.is_some() || self.signing == Signing::In {
            return say(OUT_OF_ORDER);
        }
        // The Base64 of "Username:" and "Password:", as every server asks.
        let questions: &[&str] = match mechanism {
            Mechanism::Plain => &[""],
            Mechanism::Login => &["VXNlcm5hbWU6", "UGFzc3dvcmQ6"],
        };
        let mut given = initial;
        for question in questions {
            let answer = match given.take() {
                Some(answer) => answer,
                None => {
                    self.wire.say(&format!("334 {question}\r\n")).await?;
                    match self.wire.line(self.server.limits.line_bytes_max).await? {
                        Line::Whole(line) => String::from_utf8_lossy(&line).into_owned(),
                        Line::TooLong => return say(TOO_LONG),
                    }
                }
            };
            let is_sound = answer == "=" || STANDARD.decode(answer.trim()).is_ok();
            if !is_sound {
                return say("501 5.5.2 this is no Base64");
            }
        }
        self.signing = Signing::In;
        say("235 2.7.0 come in")
    }
}

/// Stores a mail, with the trouble that was asked for on the way.
async fn keep(server: &Server, mail: Mail, content: Vec<u8>) -> Result<Next, StoreError> {
    let running = &server.running;
    let troubled = async |kind| faults::take(running, Provider::Smtp, kind).await;
    if let Some(late) = troubled(Kind::Latency).await? {
        tokio::time::sleep(late.time(LATE_BY)).await;
    }
    if troubled(Kind::Error500).await?.is_some() {
        return Ok(Next::Say("451 4.3.0 this was asked to go wrong".to_owned()));
    }
    let silent = troubled(Kind::TimeoutAfterAccepting).await?;
    let id = keep::keep(running.store(), mail.sender, mail.recipients, content).await?;
    if let Some(silent) = silent {
        tokio::time::sleep(silent.time(SILENT_FOR)).await;
        return Ok(Next::Hang);
    }
    Ok(match mail.ending {
        Ending::Lost => Next::Hang,
        Ending::Answered => Next::Say(format!("250 2.0.0 stored as {id}")),
    })
}

fn not_stored(error: &StoreError) -> Result<Next, Gone> {
    tracing::warn!(%error, "a mail could not be stored");
    say(NOT_STORED)
}
