//! One record: who did what to which thing, and the only byte form in which it is ever hashed.
//!
//! It leaves out the record's place among others (`chain`) and how long it is kept (`retention`).

use std::fmt;
use std::str::FromStr;

use contracts::{AuditRecordId, Id, ProjectId, Timestamp};
use serde::{Deserialize, Serialize};

use super::hash::Hash;

/// The source that the audit service itself writes under; nobody else may use it.
pub const SOURCE: &str = "audit";

/// The action of the record that a purge leaves behind; its details are a `Purge`.
pub const PURGED: &str = "audit.purged";

/// The action of the record that says how long records are kept from now on; its details are a `Retention`.
pub const RETENTION_CHANGED: &str = "audit.retention_changed";

/// The action of the record that a person's details were made unreadable.
pub const SUBJECT_ERASED: &str = "audit.subject_erased";

/// The version of the byte form. A field added later is written under another version, and only when present,
/// so that old records keep their bytes.
const VERSION: u8 = 1;

/// A leaf's tag, so that no leaf can pass for an inner node of the Merkle tree.
const LEAF: u8 = 0x00;

/// How long a record must be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Everyday activity, such as sign-ins and settings.
    Operational,
    /// What touches money or tax.
    Financial,
    /// What must outlive everything else, such as the trace of a purge.
    Permanent,
}

/// How the thing that was tried ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Succeeded,
    /// It was not allowed.
    Refused,
    /// It was allowed and did not work.
    Failed,
}

/// A word that names no class or outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {0}")]
pub struct UnknownWord(&'static str);

/// Who did what, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Record {
    /// The project that it belongs to.
    pub project_id: ProjectId,
    /// Its own id.
    pub id: AuditRecordId,
    /// When it happened, in microseconds since 1970.
    #[serde(with = "micros")]
    #[schema(value_type = i64)]
    pub occurred_at: Timestamp,
    /// When it was written down, in microseconds since 1970.
    #[serde(with = "micros")]
    #[schema(value_type = i64)]
    pub recorded_at: Timestamp,
    /// How long it must be kept.
    pub class: Class,
    /// Who did it.
    pub actor: String,
    /// What was done, dotted.
    pub action: String,
    /// What kind of thing it was done to.
    pub object_kind: String,
    /// Which one.
    pub object_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The service that says so.
    pub source: String,
    /// The request that it was part of.
    pub correlation_id: String,
    /// What brought it about, if that is known.
    pub causation: Option<String>,
    /// The person whose key the details are sealed under; none when they are open.
    pub subject: Option<String>,
    /// JSON text, or its ciphertext when there is a subject. It is hashed as it stands, so a destroyed key
    /// erases it and breaks no proof.
    pub details: String,
}

impl Record {
    /// Writes the record as the bytes that are hashed: its version, its number, then each field in its order,
    /// numbers of fixed width and big-endian, text behind its length, what is optional behind a flag.
    pub fn canonical_bytes(&self, seq: u64, into: &mut Vec<u8>) {
        into.push(VERSION);
        into.extend_from_slice(&seq.to_be_bytes());
        into.extend_from_slice(&self.project_id.as_u128().to_be_bytes());
        into.extend_from_slice(&self.id.as_u128().to_be_bytes());
        into.extend_from_slice(&self.occurred_at.as_micros().to_be_bytes());
        into.extend_from_slice(&self.recorded_at.as_micros().to_be_bytes());
        into.push(self.class.code());
        into.push(self.outcome.code());
        write_text(into, &self.actor);
        write_text(into, &self.action);
        write_text(into, &self.object_kind);
        write_text(into, &self.object_id);
        write_text(into, &self.source);
        write_text(into, &self.correlation_id);
        write_optional(into, self.causation.as_deref());
        write_optional(into, self.subject.as_deref());
        write_text(into, &self.details);
    }

    /// The hash that stands for this record at number `seq`; `buffer` is scratch space to reuse.
    pub fn leaf_hash(&self, seq: u64, buffer: &mut Vec<u8>) -> Hash {
        buffer.clear();
        buffer.push(LEAF);
        self.canonical_bytes(seq, buffer);
        Hash::of(buffer)
    }

    /// Whether the audit service itself wrote this about `action`.
    pub fn is_own(&self, action: &str) -> bool {
        self.source == SOURCE && self.action == action
    }
}

impl Class {
    /// Every class there is.
    pub const ALL: [Self; 3] = [Self::Operational, Self::Financial, Self::Permanent];

    /// Its word in rows and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operational => "operational",
            Self::Financial => "financial",
            Self::Permanent => "permanent",
        }
    }

    /// Its number in hashed bytes, which never changes.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Operational => 1,
            Self::Financial => 2,
            Self::Permanent => 3,
        }
    }
}

impl Outcome {
    /// Every outcome there is.
    pub const ALL: [Self; 3] = [Self::Succeeded, Self::Refused, Self::Failed];

    /// Its word in rows and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Succeeded => 1,
            Self::Refused => 2,
            Self::Failed => 3,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Class {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let known = Self::ALL.into_iter().find(|class| class.as_str() == word);
        known.ok_or(UnknownWord("operational, financial, permanent"))
    }
}

impl FromStr for Outcome {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let known = Self::ALL.into_iter().find(|outcome| outcome.as_str() == word);
        known.ok_or(UnknownWord("succeeded, refused, failed"))
    }
}

fn write_text(into: &mut Vec<u8>, text: &str) {
    into.extend_from_slice(&(text.len() as u64).to_be_bytes());
    into.extend_from_slice(text.as_bytes());
}

fn write_optional(into: &mut Vec<u8>, text: Option<&str>) {
    into.push(u8::from(text.is_some()));
    if let Some(text) = text {
        write_text(into, text);
    }
}

/// Times of records are microseconds in every format: their text form is coarser, and an exported record must
/// hash as the stored one does.
mod micros {
    use contracts::Timestamp;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(time.as_micros())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let micros = i64::deserialize(from)?;
        let time = Timestamp::from_micros(micros);
        // What is out of range would be clamped, and hash as another time.
        if time.as_micros() == micros { Ok(time) } else { Err(D::Error::custom("a time out of range")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads the bytes back, field by field; `None` where they are not a record's.
    fn read_back(mut bytes: &[u8]) -> Option<(u64, Record)> {
        fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
            bytes.split_off(..length)
        }
        fn number<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
            take(bytes, N)?.try_into().ok()
        }
        fn text(bytes: &mut &[u8]) -> Option<String> {
            let length = u64::from_be_bytes(number(bytes)?);
            String::from_utf8(take(bytes, length as usize)?.to_vec()).ok()
        }
        fn optional(bytes: &mut &[u8]) -> Option<Option<String>> {
            Some(if take(bytes, 1)? == [1] { Some(text(bytes)?) } else { None })
        }
        let b = &mut bytes;
        (take(b, 1)? == [VERSION]).then_some(())?;
        let seq = u64::from_be_bytes(number(b)?);
        let project_id = ProjectId::from_u128(u128::from_be_bytes(number(b)?));
        let id = AuditRecordId::from_u128(u128::from_be_bytes(number(b)?));
        let occurred_at = Timestamp::from_micros(i64::from_be_bytes(number(b)?));
        let recorded_at = Timestamp::from_micros(i64::from_be_bytes(number(b)?));
        let [class, outcome] = number(b)?;
        let record = Record {
            project_id,
            id,
            occurred_at,
            recorded_at,
            class: Class::ALL.into_iter().find(|known| known.code() == class)?,
            outcome: Outcome::ALL.into_iter().find(|known| known.code() == outcome)?,
            actor: text(b)?,
            action: text(b)?,
            object_kind: text(b)?,
            object_id: text(b)?,
            source: text(b)?,
            correlation_id: text(b)?,
            causation: optional(b)?,
            subject: optional(b)?,
            details: text(b)?,
        };
        bytes.is_empty().then_some((seq, record))
    }

    fn any_record() -> impl Strategy<Value = Record> {
        let text = || "[ab\u{0}é]{0,4}";
        let numbers = (any::<u128>(), any::<u128>(), any::<i64>(), any::<i64>(), 0..3usize, 0..3usize);
        let texts = (text(), text(), text(), text(), text(), text());
        let rest = (proptest::option::of(text()), proptest::option::of(text()), text());
        (numbers, texts, rest).prop_map(|(numbers, texts, (causation, subject, details))| Record {
            project_id: ProjectId::from_u128(numbers.0),
            id: AuditRecordId::from_u128(numbers.1),
            occurred_at: Timestamp::from_micros(numbers.2),
            recorded_at: Timestamp::from_micros(numbers.3),
            class: Class::ALL[numbers.4],
            outcome: Outcome::ALL[numbers.5],
            actor: texts.0,
            action: texts.1,
            object_kind: texts.2,
            object_id: texts.3,
            source: texts.4,
            correlation_id: texts.5,
            causation,
            subject,
            details,
        })
    }

    proptest! {
        // What can be read back whole cannot be the bytes of anything else.
        #[test]
        fn no_two_records_share_their_bytes(record in any_record(), seq in any::<u64>()) {
            let mut bytes = Vec::new();
            record.canonical_bytes(seq, &mut bytes);
            prop_assert_eq!(read_back(&bytes), Some((seq, record)));
        }

        #[test]
        fn an_exported_record_hashes_as_the_stored_one(record in any_record()) {
            let json = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
        }
    }

    #[test]
    fn the_byte_form_never_changes() {
        let record = Record {
            project_id: ProjectId::from_u128(1),
            id: AuditRecordId::from_u128(2),
            occurred_at: Timestamp::from_micros(3),
            recorded_at: Timestamp::from_micros(4),
            class: Class::Financial,
            actor: "user:ana".into(),
            action: "order.paid".into(),
            object_kind: "order".into(),
            object_id: "7".into(),
            outcome: Outcome::Succeeded,
            source: "orders".into(),
            correlation_id: "c-1".into(),
            causation: None,
            subject: Some("ana".into()),
            details: "{}".into(),
        };
        let leaf = record.leaf_hash(5, &mut Vec::new());
        assert_eq!(leaf.to_string(), "7a00a2d9296d773c9185505239bc785df8ee85dac32ac5bb6ae5a7e345ae1214");
    }

    #[test]
    fn words_read_back_and_others_are_refused() {
        for class in Class::ALL {
            assert_eq!(class.as_str().parse(), Ok(class));
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        }
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
        assert!("Financial".parse::<Class>().is_err());
        assert!("ok".parse::<Outcome>().is_err());
    }
}
