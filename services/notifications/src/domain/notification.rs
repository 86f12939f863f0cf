//! What a notification is: how it travels, where it stands, and what may become of it.

use std::collections::BTreeMap;

use contracts::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::words::{Category, EmailAddress, Locale, PhoneNumber, TemplateName, WebUrl};

/// How it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A mail.
    Email,
    /// A short message to a phone.
    Sms,
    /// A line in the person's inbox inside the application.
    InApp,
    /// A signed call to a program's address.
    Webhook,
    /// A line of the log: for trials, and for shops that send nothing.
    Log,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is kept and waits for its turn.
    Accepted,
    /// An attempt was made, and what follows is open.
    Sending,
    /// A provider has it.
    Sent,
    /// It has arrived.
    Delivered,
    /// It cannot reach this address.
    Failed,
    /// It was not worth sending any more.
    Expired,
    /// It was not to be sent: `reason` says why.
    Suppressed,
    /// It could not be sent, and a person decides.
    Dead,
}

/// What may happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// An attempt came to nothing and another one follows.
    Try,
    /// A provider took it.
    Send,
    /// It arrived.
    Deliver,
    /// There is nobody at the address.
    Fail,
    /// Its time is over.
    Expire,
    /// It is not wanted.
    Suppress,
    /// Attempts are at their end.
    GiveUp,
    /// A person wants it tried again.
    Redrive,
}

/// Why it stands where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No address of this channel is known of the person.
    NoAddress,
    /// The person does not want this category by this channel.
    Preference,
    /// The address is left alone.
    SuppressedAddress,
    /// So much was said to this address, or by this project, that this was left out.
    RateLimit,
    /// It waits until the person's quiet hours are over.
    QuietHours,
    /// It was tried as often as is allowed.
    Exhausted,
    /// No provider knows us.
    Credential,
    /// What is said was refused.
    Content,
    /// It may have been accepted; nobody knows.
    Unknown,
    /// There is nobody at the address.
    BadRecipient,
    /// Its time was over.
    Expired,
    /// The template is not there, or does not fit what it was given.
    Template,
    /// The person was erased.
    Erased,
}

/// How much it matters that it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// It respects quiet hours.
    #[default]
    Normal,
    /// It does not wait.
    Urgent,
}

/// Whom it is for: exactly one of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// A person, at the address that is known of them.
    UserId(UserId),
    /// Whoever reads this mail.
    Email(EmailAddress),
    /// Whoever has this phone.
    Phone(PhoneNumber),
    /// One of the project's webhook endpoints.
    Url(WebUrl),
}

/// What is to be said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// What a template makes of variables.
    Template {
        /// Which.
        name: TemplateName,
        /// Its variables.
        variables: Map<String, Value>,
    },
    /// These very words.
    Words {
        /// One line.
        subject: Option<String>,
        /// For everybody.
        text: String,
        /// For readers of HTML; sent as it is.
        html: Option<String>,
    },
    /// An event, as it was told.
    Event {
        /// Its type.
        kind: String,
        /// When it happened.
        at: Timestamp,
        /// Its data as JSON.
        data: String,
    },
}

/// Something that is to be said to somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// How.
    pub channel: Channel,
    /// To whom.
    pub to: To,
    /// The person whose preferences count, where an address is given.
    pub user: Option<UserId>,
    /// What.
    pub said: Said,
    /// What it is about; the template's own where nothing is said.
    pub category: Option<Category>,
    /// In which language.
    pub locale: Option<Locale>,
    /// Whether it can wait.
    pub priority: Priority,
    /// After this it is not worth sending.
    pub expires_at: Option<Timestamp>,
    /// What the sender wants to find again.
    pub metadata: BTreeMap<String, String>,
}

/// What was made of it, ready to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// A mail.
    Email {
        /// One line.
        subject: String,
        /// For readers without HTML.
        text: String,
        /// For everybody else.
        html: Option<String>,
        /// Where one click ends such mail.
        unsubscribe_url: Option<String>,
    },
    /// A short message.
    Sms {
        /// The text.
        body: String,
    },
    /// A line in an inbox.
    InApp {
        /// What it is about.
        title: String,
        /// What it says.
        body: String,
    },
    /// A call to an address.
    Webhook {
        /// The event's type.
        kind: String,
        /// When it happened.
        at: Timestamp,
        /// Its data as JSON.
        data: String,
    },
    /// A line of the log.
    Log {
        /// The line.
        text: String,
    },
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Email, Self::Sms, Self::InApp, Self::Webhook, Self::Log];

    /// Its name, as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::InApp => "in_app",
            Self::Webhook => "webhook",
            Self::Log => "log",
        }
    }

    /// The channel of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == name)
    }

    /// Whether it makes a noise where people are: such messages are counted, and wait for the end of quiet hours.
    pub fn disturbs(self) -> bool {
        matches!(self, Self::Email | Self::Sms)
    }
}

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Failed,
        Self::Expired,
        Self::Suppressed,
        Self::Dead,
    ];

    /// Whether it is still to be sent.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Accepted | Self::Sending)
    }

    /// Where it stands after a move; none where that cannot happen any more.
    ///
    /// Receipts arrive late and in any order, so what has arrived stays arrived, and a word that it did arrive is
    /// taken whatever was thought before.
    pub fn after(self, moved: Move) -> Option<Self> {
        match (self, moved) {
            (Self::Accepted | Self::Sending, Move::Try) => Some(Self::Sending),
            (Self::Accepted | Self::Sending | Self::Dead, Move::Send) => Some(Self::Sent),
            (
                Self::Accepted | Self::Sending | Self::Sent | Self::Failed | Self::Expired | Self::Dead,
                Move::Deliver,
            ) => Some(Self::Delivered),
            (Self::Accepted | Self::Sending | Self::Sent | Self::Dead, Move::Fail) => Some(Self::Failed),
            (Self::Accepted | Self::Sending | Self::Dead, Move::Expire) => Some(Self::Expired),
            (Self::Accepted | Self::Sending | Self::Dead, Move::Suppress) => Some(Self::Suppressed),
            (Self::Accepted | Self::Sending, Move::GiveUp) => Some(Self::Dead),
            (Self::Dead, Move::Redrive) => Some(Self::Accepted),
            (Self::Sending | Self::Sent | Self::Delivered | Self::Failed | Self::Expired, _)
            | (Self::Suppressed, _)
            | (Self::Accepted, Move::Redrive)
            | (Self::Dead, Move::Try | Move::GiveUp) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row a state, one column a move: try, send, deliver, fail, expire, suppress, give up, redrive.
    #[test]
    fn each_move_from_each_state_leads_where_the_table_says() {
        use State::{Accepted, Dead, Delivered, Expired, Failed, Sending, Sent, Suppressed};
        let moves = [
            Move::Try,
            Move::Send,
            Move::Deliver,
            Move::Fail,
            Move::Expire,
            Move::Suppress,
            Move::GiveUp,
            Move::Redrive,
        ];
        let (sending, sent, arrived) = (Some(Sending), Some(Sent), Some(Delivered));
        let (failed, expired, left_out, dead) = (Some(Failed), Some(Expired), Some(Suppressed), Some(Dead));
        let open = [sending, sent, arrived, failed, expired, left_out, dead, None];
        let nothing = [None; 8];
        let table = [
            (Accepted, open),
            (Sending, open),
            (Sent, [None, None, arrived, failed, None, None, None, None]),
            (Delivered, nothing),
            (Failed, [None, None, arrived, None, None, None, None, None]),
            (Expired, [None, None, arrived, None, None, None, None, None]),
            (Suppressed, nothing),
            (Dead, [None, sent, arrived, failed, expired, left_out, None, Some(Accepted)]),
        ];
        assert_eq!(table.map(|(state, _)| state), State::ALL);
        for (state, row) in table {
            for (moved, expected) in moves.into_iter().zip(row) {
                assert_eq!(state.after(moved), expected, "{state:?} {moved:?}");
            }
        }
    }

    #[test]
    fn a_channel_is_known_by_its_name() {
        for channel in Channel::ALL {
            assert_eq!(Channel::named(channel.as_str()), Some(channel));
            assert_eq!(serde_json::to_value(channel).unwrap(), channel.as_str());
        }
        assert_eq!(Channel::named("pigeon"), None);
    }
}
