//! What somebody asks to be remembered, parsed: what is malformed never becomes a record.
//!
//! It leaves out who may say so, and what the service adds to make a record of it (`commands`).

use contracts::{BadText, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::record::{Class, Outcome, SOURCE};

/// Something that happened, as it is told.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"action": "order.refunded", "object": {"kind": "order", "id": "ord_1"},
    "outcome": "succeeded", "class": "financial", "details": {"amount_minor": 1350, "currency": "INR"}}))]
pub struct Entry {
    /// Who did it; the caller when it is left out. Only services may name somebody else.
    pub actor: Option<Actor>,
    /// What was done.
    pub action: Action,
    /// What it was done to.
    pub object: Target,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it must be kept.
    pub class: Class,
    /// When it happened; now when it is left out.
    pub occurred_at: Option<Timestamp>,
    /// The person whom the details are about: they are sealed under that person's key.
    pub subject: Option<Subject>,
    /// Whatever else is worth knowing: at most 32 KiB.
    #[serde(default)]
    pub details: Details,
}

/// The thing that something was done to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What kind of thing it is.
    pub kind: ObjectKind,
    /// Which one.
    pub id: ObjectId,
}

/// A JSON object as text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Details(String);

contracts::texts! {
    /// Who did it: `user:usr_…`, `service:orders`.
    Actor: is_printable, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "user:usr_01jd3sa4k8qm7v2x9c5f0t6w1b",
        "1 to 200 printable characters";
    /// What was done, dotted; the words of the audit service itself are its own.
    Action: is_action, "^[a-z][a-z0-9_.]{0,99}$", "order.refunded",
        "1 to 100 of a-z, 0-9, `_` and `.`, beginning with a letter and not with `audit.`";
    /// What kind of thing an action was done to.
    ObjectKind: is_word, "^[a-z][a-z0-9_.]{0,99}$", "order",
        "1 to 100 of a-z, 0-9, `_` and `.`, beginning with a letter";
    /// Which thing an action was done to.
    ObjectId: is_printable, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "ord_01jd3sa4k8qm7v2x9c5f0t6w1b",
        "1 to 200 printable characters";
    /// The person whom details are about; it stands in paths.
    Subject: is_name, "^[A-Za-z0-9_.:@+-]{1,200}$", "usr_01jd3sa4k8qm7v2x9c5f0t6w1b",
        "1 to 200 of letters, digits and `_.:@+-`";
}

impl Details {
    /// The most bytes of JSON text that are taken.
    pub const BYTES_MAX: usize = 32 * 1024;

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Details {
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

impl TryFrom<Map<String, Value>> for Details {
    type Error = BadText;

    fn try_from(object: Map<String, Value>) -> Result<Self, BadText> {
        let text = Value::Object(object).to_string();
        if text.len() <= Self::BYTES_MAX { Ok(Self(text)) } else { Err(BadText("at most 32 KiB of JSON")) }
    }
}

impl PartialSchema for Details {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Object).into()
    }
}

impl ToSchema for Details {}

fn is_word(text: &str) -> bool {
    text.len() <= 100
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.')
}

fn is_action(text: &str) -> bool {
    is_word(text) && text.split('.').next() != Some(SOURCE)
}

fn is_printable(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 200 && !text.chars().any(char::is_control)
}

fn is_name(text: &str) -> bool {
    (1..=200).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:@+-".contains(&b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nobody_speaks_in_the_words_of_the_audit_service() {
        for (action, is_sound) in [
            ("order.paid", true),
            ("audits.read", true),
            ("audit.purged", false),
            ("audit", false),
            ("Order.paid", false),
            ("9.paid", false),
            ("order paid", false),
            ("", false),
        ] {
            assert_eq!(Action::try_from(action.to_owned()).is_ok(), is_sound, "{action}");
        }
        assert!(Action::try_from("a".repeat(100)).is_ok());
        assert!(Action::try_from("a".repeat(101)).is_err());
    }

    #[test]
    fn what_cannot_be_printed_names_nothing() {
        for bad in ["", "a\u{0}", "line\nbreak", "\u{85}"] {
            assert!(Actor::try_from(bad.to_owned()).is_err(), "{bad:?}");
            assert!(ObjectId::try_from(bad.to_owned()).is_err(), "{bad:?}");
            assert!(Subject::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
        assert!(Actor::try_from("é".repeat(200)).is_ok());
        assert!(Actor::try_from("é".repeat(201)).is_err());
        assert!(Subject::try_from("../erase".to_owned()).is_err());
    }

    #[test]
    fn details_are_an_object_of_bounded_size() {
        let details = |json: Value| serde_json::from_value::<Details>(json);
        assert_eq!(details(json!({"a": 1})).unwrap().as_str(), r#"{"a":1}"#);
        assert!(details(json!([1])).is_err());
        assert!(details(json!("text")).is_err());
        assert!(details(json!({"a": "x".repeat(Details::BYTES_MAX)})).is_err());
    }
}
