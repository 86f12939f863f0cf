//! Events: a fact that one service tells and others hear, and the envelope it travels in.
//!
//! Which events exist is for `registry`; how they are carried, retried and kept is the kernel's.

use std::fmt::{self, Debug};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use crate::{EventId, ProjectId, Timestamp};

/// What an event says; a type of its own, with the fields of `data`.
///
/// A new optional field keeps the version. A field that changes its meaning or goes away raises it,
/// and the type must still read every older version.
pub trait Event: Serialize + DeserializeOwned + ToSchema + Send + Sync + 'static {
    /// Its name, dotted and in lower case: `order.created`.
    const TYPE: &'static str;
    /// The version that is published.
    const VERSION: u32 = 1;
    /// Other names under which it is heard.
    const ALIASES: &'static [&'static str] = &[];
    /// The fields of `data` that logs and audits must not show.
    const SENSITIVE: &'static [&'static str] = &[];
}

/// An event on its way: who told what, when and why.
///
/// Fields that a later version may add are passed over when it is read.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The same for every delivery, so that twice is once.
    pub event_id: EventId,
    /// The name of the event.
    pub event_type: String,
    /// The version of `data`.
    #[schema(minimum = 1)]
    pub version: u32,
    /// When it happened, which is before it was heard.
    pub occurred_at: Timestamp,
    /// What the caller's request and all its consequences have in common.
    pub correlation_id: String,
    /// What the event says.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
    /// The tenant it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub project_id: Option<ProjectId>,
    /// Events with the same key are heard in the order they happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key: Option<String>,
    /// The service that told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source: Option<String>,
    /// The event that led to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub causation_id: Option<EventId>,
}

/// Why an envelope could not be read as an event, or an event put into one.
#[derive(Debug, thiserror::Error)]
pub enum BadEvent {
    /// It is another event.
    #[error("expected the event {expected} and got {found}")]
    OtherType {
        /// The event that was asked for.
        expected: &'static str,
        /// The event in the envelope.
        found: String,
    },
    /// It was published by something newer than this program, or by nothing at all.
    #[error("version {found} of the event {event} is not known here, where {newest} is the newest")]
    UnknownVersion {
        /// The event that was asked for.
        event: &'static str,
        /// The version in the envelope.
        found: u32,
        /// The newest version known.
        newest: u32,
    },
    /// `data` is not what this event says.
    #[error("the data of the event {event} is not as agreed")]
    Data {
        /// The event that was asked for.
        event: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Envelope {
    /// Puts an event into an envelope, with none of the optional fields.
    pub fn of<E: Event>(
        event_id: EventId,
        occurred_at: Timestamp,
        correlation_id: impl Into<String>,
        event: &E,
    ) -> Result<Self, BadEvent> {
        Ok(Self {
            event_id,
            event_type: E::TYPE.into(),
            version: E::VERSION,
            occurred_at,
            correlation_id: correlation_id.into(),
            data: to_raw_value(event).map_err(|source| BadEvent::Data { event: E::TYPE, source })?,
            project_id: None,
            key: None,
            source: None,
            causation_id: None,
        })
    }

    /// Whether it holds this event, under any of its names.
    pub fn is<E: Event>(&self) -> bool {
        self.event_type == E::TYPE || E::ALIASES.contains(&self.event_type.as_str())
    }

    /// The event in the envelope.
    pub fn read<E: Event>(&self) -> Result<E, BadEvent> {
        if !self.is::<E>() {
            return Err(BadEvent::OtherType { expected: E::TYPE, found: self.event_type.clone() });
        }
        if !(1..=E::VERSION).contains(&self.version) {
            return Err(BadEvent::UnknownVersion { event: E::TYPE, found: self.version, newest: E::VERSION });
        }
        serde_json::from_str(self.data.get()).map_err(|source| BadEvent::Data { event: E::TYPE, source })
    }
}

/// Leaves `data` out, for what is debugged ends up in logs.
impl Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("event_id", &self.event_id)
            .field("event_type", &self.event_type)
            .field("version", &self.version)
            .field("occurred_at", &self.occurred_at)
            .field("correlation_id", &self.correlation_id)
            .field("project_id", &self.project_id)
            .field("key", &self.key)
            .field("source", &self.source)
            .field("causation_id", &self.causation_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Id;

    #[derive(Debug, PartialEq, Serialize, Deserialize, ToSchema)]
    #[serde(rename_all = "camelCase")]
    struct KettleBoiled {
        kettle_name: String,
        #[serde(default)]
        litres: u32,
    }

    impl Event for KettleBoiled {
        const TYPE: &'static str = "kettle.boiled";
        const VERSION: u32 = 2;
        const ALIASES: &'static [&'static str] = &["KettleBoiled"];
    }

    fn boiled() -> Envelope {
        let event = KettleBoiled { kettle_name: "blue".into(), litres: 2 };
        let at = Timestamp::from_millis(1_795_254_455_123);
        Envelope::of(EventId::from_parts(1, 1), at, "cor-1", &event).unwrap()
    }

    #[test]
    fn an_envelope_has_the_six_fields_and_no_empty_ones() {
        assert_eq!(
            serde_json::to_string(&boiled()).unwrap(),
            concat!(
                r#"{"eventId":"evt_00000000010000000000000001","eventType":"kettle.boiled","version":2,"#,
                r#""occurredAt":"2026-11-21T09:47:35.123Z","correlationId":"cor-1","#,
                r#""data":{"kettleName":"blue","litres":2}}"#
            )
        );
    }

    #[test]
    fn what_was_told_is_what_is_heard() {
        let project = ProjectId::from_u128(5);
        let told = Envelope { project_id: Some(project), key: Some("blue".into()), ..boiled() };
        let wire = serde_json::to_string(&told).unwrap();
        let heard: Envelope = serde_json::from_str(&wire).unwrap();
        assert_eq!(serde_json::to_string(&heard).unwrap(), wire);
        assert_eq!(heard.project_id, Some(project));
        assert_eq!(heard.read::<KettleBoiled>().unwrap().kettle_name, "blue");
    }

    #[test]
    fn fields_of_a_later_envelope_are_passed_over() {
        let wire = serde_json::to_string(&boiled()).unwrap().replacen('{', r#"{"shardOf":{"x":1},"#, 1);
        assert!(serde_json::from_str::<Envelope>(&wire).unwrap().read::<KettleBoiled>().is_ok());
    }

    #[test]
    fn an_event_is_heard_under_its_other_name_and_in_its_older_version() {
        let data = RawValue::from_string(r#"{"kettleName":"old"}"#.into()).unwrap();
        let old = Envelope { event_type: "KettleBoiled".into(), version: 1, data, ..boiled() };
        let expected = KettleBoiled { kettle_name: "old".into(), litres: 0 };
        assert_eq!(old.read::<KettleBoiled>().unwrap(), expected);
    }

    #[test]
    fn another_event_a_newer_version_and_broken_data_are_refused() {
        let heard = |envelope: Envelope| envelope.read::<KettleBoiled>().unwrap_err().to_string();
        let other = Envelope { event_type: "kettle.fell".into(), ..boiled() };
        assert_eq!(heard(other), "expected the event kettle.boiled and got kettle.fell");
        for version in [0, 3] {
            let strange = heard(Envelope { version, ..boiled() });
            assert!(
                strange.starts_with(&format!("version {version} of the event kettle.boiled is not")),
                "{strange}"
            );
        }
        let data = RawValue::from_string(r#"{"kettleName":7}"#.into()).unwrap();
        assert_eq!(
            heard(Envelope { data, ..boiled() }),
            "the data of the event kettle.boiled is not as agreed"
        );
    }

    #[test]
    fn what_an_event_says_stays_out_of_the_logs() {
        assert!(!format!("{:?}", boiled()).contains("blue"));
    }
}
