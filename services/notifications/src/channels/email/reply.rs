//! What a mail server's replies mean to us, by the point of the conversation at which they come.
//!
//! The three digits say whether to come back; the enhanced code after them (RFC 3463), where there is one, says whose
//! fault it is. A server that does not relay for us says nothing about the recipient.

use lettre::transport::smtp::Error;

use crate::channels::{Trouble, quoted};

/// A point of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Connecting, encryption and greeting.
    Open,
    /// Proving who we are.
    Login,
    /// `MAIL FROM`.
    From,
    /// `RCPT TO`.
    To,
    /// `DATA`, before anything of the mail was said.
    Data,
    /// The mail itself, up to the server's word that it has it.
    Body,
}

/// How a conversation failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server said no.
    Refused { at: Stage, code: u16, said: String },
    /// There was no reply, or none that makes sense.
    Lost { at: Stage, why: String },
    /// We did not even ask.
    Ours(Trouble),
}

impl Failure {
    /// What lettre tells of a failure.
    pub fn new(at: Stage, error: &Error) -> Self {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        match error.status() {
            Some(code) => Self::Refused { at, code: code.into(), said: cause.unwrap_or_default() },
            // The server offers no way to log in that is safe for a password.
            None if at == Stage::Login && error.is_client() => {
                Self::Ours(Trouble::BadCredential(quoted(&error.to_string())))
            }
            None => Self::Lost { at, why: error.to_string() },
        }
    }

    /// Whether a kept connection was closed by the server before we spoke, so that nothing is lost with it.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Lost { at: Stage::From, .. } | Self::Refused { at: Stage::From, code: 421, .. })
    }

    /// Whether the server itself is in trouble, which its breaker counts.
    pub fn is_of_the_server(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Refused { at: Stage::Open, .. })
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused { at, code, said } => refused(at, code, &said),
            Failure::Lost { at: Stage::Body, why } => Self::Unknown(quoted(&why)),
            Failure::Lost { why, .. } => Self::ProviderDown(quoted(&why)),
            Failure::Ours(trouble) => trouble,
        }
    }
}

/// What a reply that is not positive means.
fn refused(at: Stage, code: u16, said: &str) -> Trouble {
    let why = format!("{code} {}", quoted(said));
    let later = |why| Trouble::Later { after: None, why };
    if code < 500 {
        return later(why);
    }
    match (at, code, enhanced(said)) {
        // A full mailbox has room again some day; so says RFC 5321 of 552 at this point in any case.
        (Stage::To | Stage::Body, _, Some((2, 2))) | (Stage::To, 552, None) => later(why),
        (_, 530 | 534 | 535 | 538, _) | (Stage::Login, ..) => Trouble::BadCredential(why),
        (Stage::Open, ..) => Trouble::ProviderDown(why),
        (Stage::From | Stage::Body, 552, _) | (Stage::From | Stage::Body, _, Some((3, 4))) => {
            Trouble::BadContent(why)
        }
        (Stage::From, 500 | 502..=504 | 555, _) => Trouble::ProviderDown(why),
        (Stage::From, ..) => Trouble::BadCredential(why),
        // It does not relay for us, or has us on a list; the recipient has nothing to do with it.
        (Stage::To, _, Some((7, _))) | (Stage::To, 500 | 502..=504, None | Some((5, _))) => {
            Trouble::ProviderDown(why)
        }
        (Stage::To, ..) | (Stage::Data | Stage::Body, _, Some((1, _))) => Trouble::BadRecipient(why),
        (Stage::Data, ..) => Trouble::ProviderDown(why),
        (Stage::Body, ..) => Trouble::BadContent(why),
    }
}

/// Subject and detail of an enhanced code: of `5.1.1 no such user` 1 and 1.
fn enhanced(said: &str) -> Option<(u16, u16)> {
    let mut parts = said.split_whitespace().next()?.splitn(3, '.');
    let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    if !matches!(class, "4" | "5") {
        return None;
    }
    Some((subject.parse().ok()?, detail.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(trouble: &Trouble) -> &'static str {
        match trouble {
            Trouble::Unknown(_) => "unknown",
            Trouble::Later { .. } => "later",
            Trouble::ProviderDown(_) => "down",
            Trouble::BadRecipient(_) => "recipient",
            Trouble::BadContent(_) => "content",
            Trouble::BadCredential(_) => "credential",
        }
    }

    #[test]
    fn each_reply_has_one_meaning_at_each_point() {
        for (at, code, said, meaning) in [
            (Stage::Open, 421, "4.3.2 too busy", "later"),
            (Stage::Open, 554, "5.7.1 no service for you", "down"),
            (Stage::Login, 454, "4.7.0 try again", "later"),
            (Stage::Login, 535, "5.7.8 bad password", "credential"),
            (Stage::Login, 504, "5.5.4 unknown mechanism", "credential"),
            (Stage::From, 451, "4.3.0 out of order", "later"),
            (Stage::From, 530, "5.7.0 must issue STARTTLS", "credential"),
            (Stage::From, 550, "5.7.1 not your domain", "credential"),
            (Stage::From, 503, "5.5.1 one at a time", "down"),
            (Stage::From, 552, "5.3.4 too large", "content"),
            (Stage::To, 450, "4.2.0 greylisted", "later"),
            (Stage::To, 451, "4.7.1 come back", "later"),
            (Stage::To, 452, "4.2.2 full", "later"),
            (Stage::To, 550, "5.1.1 no such user", "recipient"),
            (Stage::To, 550, "No such user here", "recipient"),
            (Stage::To, 553, "5.1.3 bad address", "recipient"),
            (Stage::To, 554, "5.7.1 relay access denied", "down"),
            (Stage::To, 550, "5.7.1 listed", "down"),
            (Stage::To, 552, "5.2.2 mailbox full", "later"),
            (Stage::To, 552, "full", "later"),
            (Stage::To, 503, "bad sequence", "down"),
            (Stage::To, 501, "5.1.3 bad syntax", "recipient"),
            (Stage::To, 530, "5.7.0 who are you", "credential"),
            (Stage::To, 556, "5.1.10 null MX", "recipient"),
            (Stage::Data, 451, "4.3.0 no", "later"),
            (Stage::Data, 554, "5.5.1 no valid recipients", "down"),
            (Stage::Data, 550, "5.1.1 no such user", "recipient"),
            (Stage::Body, 421, "4.3.2 going down", "later"),
            (Stage::Body, 452, "4.3.1 no space", "later"),
            (Stage::Body, 550, "5.7.1 spam", "content"),
            (Stage::Body, 554, "rejected", "content"),
            (Stage::Body, 550, "5.1.1 no such user", "recipient"),
            (Stage::Body, 552, "5.2.2 mailbox full", "later"),
            (Stage::Body, 552, "5.3.4 too large", "content"),
        ] {
            assert_eq!(kind(&refused(at, code, said)), meaning, "{at:?} {code} {said}");
        }
    }

    #[test]
    fn only_after_the_mail_itself_was_said_is_silence_an_open_question() {
        for at in [Stage::Open, Stage::Login, Stage::From, Stage::To, Stage::Data, Stage::Body] {
            let trouble = Trouble::from(Failure::Lost { at, why: "gone".to_owned() });
            assert_eq!(kind(&trouble), if at == Stage::Body { "unknown" } else { "down" });
        }
    }

    #[test]
    fn a_reply_is_kept_without_the_person_it_names() {
        let Trouble::BadRecipient(why) = refused(Stage::To, 550, "5.1.1 <jane@example.com>: unknown") else {
            panic!()
        };
        assert_eq!(why, "550 5.1.1 <j***@example.com>: unknown");
    }
}
