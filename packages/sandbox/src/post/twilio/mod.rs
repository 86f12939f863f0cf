//! Twilio's Messages API: what is sent is kept and shown in the inbox, and status callbacks tell what became of it.
//!
//! Read `rules.rs` (what is accepted, and the magic numbers), `wire.rs` (its JSON), `http.rs` (its routes), `fate.rs`
//! (what becomes of a message, and the callbacks), `signature.rs`.

mod fate;
mod http;
mod rules;
mod signature;
mod wire;

pub use fate::register;
pub use http::routes;
#[cfg(test)]
pub use signature::signature;

use contracts::Timestamp;
use serde::{Deserialize, Serialize};

contracts::ids! {
    /// A short message; Twilio writes its number with another prefix.
    TextId = "sms";
}

/// Where a short message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A messaging service will choose its sender.
    Accepted,
    /// It waits for its turn.
    Queued,
    /// It is on its way.
    Sent,
    /// It has arrived.
    Delivered,
    /// It cannot arrive.
    Undelivered,
}

/// A short message as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Text {
    /// Twilio's name for it: `SM…`.
    pub sid: String,
    /// Whose it is: `AC…`.
    pub account: String,
    /// When it was taken.
    pub at: Timestamp,
    /// When it changed last.
    pub changed_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// Who it is for.
    pub recipient: String,
    /// Who it is from; a messaging service chooses that later.
    pub sender: Option<String>,
    /// The messaging service that sends it.
    pub messaging_service: Option<String>,
    /// What it says.
    pub body: String,
    /// How many messages it takes on the air.
    pub segments: u32,
    /// Where it stands.
    pub status: Status,
    /// Why it did not arrive.
    pub error_code: Option<u32>,
    /// Where to tell what becomes of it.
    pub callback: Option<String>,
    /// The account's token, sealed; callbacks are signed with it.
    pub token: String,
}

impl Status {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
        }
    }
}

impl Text {
    /// The number that a messaging service chooses.
    const POOL_NUMBER: &'static str = "+15005550006";
    /// The phone cannot be reached.
    const UNREACHABLE: u32 = 30_003;

    /// The next thing that becomes of it, where it has not ended.
    fn moved(&self, at: Timestamp) -> Option<Self> {
        let moved = Self { changed_at: at, ..self.clone() };
        match self.status {
            Status::Accepted | Status::Queued => Some(Self {
                status: Status::Sent,
                sent_at: Some(at),
                sender: self.sender.clone().or_else(|| Some(Self::POOL_NUMBER.to_owned())),
                ..moved
            }),
            Status::Sent if rules::is_unreachable(&self.recipient) => {
                Some(Self { status: Status::Undelivered, error_code: Some(Self::UNREACHABLE), ..moved })
            }
            Status::Sent => Some(Self { status: Status::Delivered, ..moved }),
            Status::Delivered | Status::Undelivered => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(recipient: &str, status: Status) -> Text {
        let at = Timestamp::from_millis(0);
        Text {
            sid: "SM1".into(),
            account: "AC1".into(),
            at,
            changed_at: at,
            sent_at: None,
            recipient: recipient.into(),
            sender: None,
            messaging_service: None,
            body: String::new(),
            segments: 1,
            status,
            error_code: None,
            callback: None,
            token: String::new(),
        }
    }

    #[test]
    fn every_state_has_one_next_or_is_the_end() {
        use Status::{Accepted, Delivered, Queued, Sent, Undelivered};
        let now = Timestamp::from_millis(5);
        for (recipient, table) in [
            ("+15005550010", [Some(Sent), Some(Sent), Some(Delivered), None, None]),
            ("+15005550003", [Some(Sent), Some(Sent), Some(Undelivered), None, None]),
        ] {
            for (status, expected) in [Accepted, Queued, Sent, Delivered, Undelivered].into_iter().zip(table)
            {
                let moved = at(recipient, status).moved(now);
                assert_eq!(moved.as_ref().map(|text| text.status), expected, "{recipient} {status:?}");
                let code = moved.and_then(|text| text.error_code);
                assert_eq!(code, (expected == Some(Undelivered)).then_some(30_003));
            }
        }
        assert_eq!(at("+1", Accepted).moved(now).and_then(|text| text.sender), Some("+15005550006".into()));
    }
}
