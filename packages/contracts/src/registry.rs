//! The registry: which events there are, by name, and the JSON Schema of each.
//!
//! It is put together once, at the start, from what this crate and the services declare.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::{Envelope, Event};

/// An event as a program sees it that only passes it on.
#[derive(Clone, Copy, Debug)]
pub struct EventKind {
    /// The name of the event.
    pub name: &'static str,
    /// The version that is published.
    pub version: u32,
    /// Other names under which it is heard.
    pub aliases: &'static [&'static str],
    /// The fields of its data that logs and audits must not show.
    pub sensitive: &'static [&'static str],
    /// The JSON Schema of its data, with what it refers to under `$defs`.
    pub schema: fn() -> Value,
}

/// All the events that a program knows, each under all its names.
#[derive(Clone, Debug)]
pub struct Registry {
    /// In the order of their names.
    kinds: Vec<EventKind>,
    by_name: HashMap<&'static str, usize>,
}

/// Why a list of events is no registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRegistry {
    /// Two events claim one name.
    #[error("two events are called {0}")]
    Duplicate(&'static str),
    /// A name is not dotted lower case.
    #[error("an event is called like order.created, not {0}")]
    BadName(&'static str),
}

impl EventKind {
    /// The kind of an event type.
    pub const fn of<E: Event>() -> Self {
        Self {
            name: E::TYPE,
            version: E::VERSION,
            aliases: E::ALIASES,
            sensitive: E::SENSITIVE,
            schema: standalone::<E>,
        }
    }
}

impl Registry {
    /// The registry of these events; no two of them may share a name or an alias.
    pub fn new(kinds: impl IntoIterator<Item = EventKind>) -> Result<Self, BadRegistry> {
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_by_key(|kind| kind.name);
        let mut by_name = HashMap::new();
        for (at, kind) in kinds.iter().enumerate() {
            if !is_dotted_lower_case(kind.name) {
                return Err(BadRegistry::BadName(kind.name));
            }
            for name in [kind.name].iter().chain(kind.aliases) {
                if by_name.insert(*name, at).is_some() {
                    return Err(BadRegistry::Duplicate(name));
                }
            }
        }
        Ok(Self { kinds, by_name })
    }

    /// The event of this name or alias.
    pub fn find(&self, name_or_alias: &str) -> Option<&EventKind> {
        self.by_name.get(name_or_alias).map(|&at| &self.kinds[at])
    }

    /// All events, in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &EventKind> {
        self.kinds.iter()
    }
}

/// The JSON Schema of the whole envelope of an event; it refers to nothing outside itself.
pub fn json_schema(kind: &EventKind) -> Value {
    let mut data = (kind.schema)();
    let mut document = standalone::<Envelope>();
    let mut defs = document["$defs"].take();
    if let (Value::Object(all), Value::Object(fields)) = (&mut defs, &mut data) {
        if let Some(Value::Object(own)) = fields.remove("$defs") {
            all.extend(own);
        }
        document["description"] = fields.remove("description").unwrap_or_else(|| kind.name.into());
    }
    document["properties"]["eventType"]["const"] = kind.name.into();
    document["properties"]["version"] = json!({ "const": kind.version });
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    document["$id"] = format!("urn:stoa:event:{}:{}", kind.name, kind.version).into();
    document["title"] = kind.name.into();
    document["properties"]["data"] = data;
    document["$defs"] = defs;
    if !kind.sensitive.is_empty() {
        document["x-sensitive"] = kind.sensitive.into();
    }
    // Whether a JSON map keeps its order depends on the rest of the build; this text may not.
    document.sort_all_objects();
    document
}

/// The schema of a type as a JSON Schema that holds all it refers to.
fn standalone<T: ToSchema>() -> Value {
    let mut named = Vec::new();
    T::schemas(&mut named);
    let defs: Map<_, _> = named.into_iter().map(|(name, schema)| (name, plain(&schema))).collect();
    let mut schema = plain(&T::schema());
    if !defs.is_empty() {
        schema["$defs"] = defs.into();
    }
    point_inside(&mut schema);
    schema
}

fn plain(schema: &impl serde::Serialize) -> Value {
    // A schema has text for keys, so that this cannot fail; the empty schema admits anything.
    serde_json::to_value(schema).unwrap_or_else(|_| json!({}))
}

/// Turns references into an OpenAPI document into references into this one.
fn point_inside(schema: &mut Value) {
    match schema {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix("#/components/schemas/") {
                *text = format!("#/$defs/{name}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(point_inside),
        Value::Object(fields) => fields.values_mut().for_each(point_inside),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_dotted_lower_case(name: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    name.contains('.') && name.split('.').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{self, OrderCreated, PaymentIntentCreated};

    fn named(name: &'static str, aliases: &'static [&'static str]) -> EventKind {
        EventKind { name, aliases, ..EventKind::of::<OrderCreated>() }
    }

    #[test]
    fn an_event_is_found_by_each_of_its_names() {
        let registry = Registry::new([named("b.one", &["One", "Uno"]), named("a.two", &[])]).unwrap();
        for name in ["b.one", "One", "Uno"] {
            assert_eq!(registry.find(name).unwrap().name, "b.one");
        }
        assert!(registry.find("B.ONE").is_none());
        assert_eq!(registry.iter().map(|kind| kind.name).collect::<Vec<_>>(), ["a.two", "b.one"]);
    }

    #[test]
    fn no_two_events_share_a_name() {
        let refused = |kinds: [EventKind; 2]| Registry::new(kinds).unwrap_err();
        assert_eq!(refused([named("a.b", &[]), named("a.b", &[])]), BadRegistry::Duplicate("a.b"));
        assert_eq!(refused([named("a.b", &["X"]), named("a.c", &["X"])]), BadRegistry::Duplicate("X"));
        assert_eq!(refused([named("a.b", &[]), named("a.c", &["a.b"])]), BadRegistry::Duplicate("a.b"));
    }

    #[test]
    fn a_name_is_dotted_and_in_lower_case() {
        for bad in ["", "order", "Order.created", "order.", ".created", "order..created", "order created.x"] {
            assert_eq!(Registry::new([named(bad, &[])]).unwrap_err(), BadRegistry::BadName(bad));
        }
    }

    #[test]
    fn the_schema_of_an_event_is_whole() {
        let schema = json_schema(&EventKind::of::<OrderCreated>());
        let id = |prefix: &str| {
            json!({
                "type": "string",
                "pattern": format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"),
                "examples": [format!("{prefix}_01jd3sa4k8qm7v2x9c5f0t6w1b")],
            })
        };
        let expected = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "urn:stoa:event:order.created:1",
            "title": "order.created",
            "description": "A customer has ordered and has yet to pay.",
            "type": "object",
            "properties": {
                "eventId": {
                    "$ref": "#/$defs/EventId",
                    "description": "The same for every delivery, so that twice is once.",
                },
                "eventType": { "type": "string", "const": "order.created", "description": "The name of the event." },
                "version": { "const": 1 },
                "occurredAt": {
                    "$ref": "#/$defs/Timestamp",
                    "description": "When it happened, which is before it was heard.",
                },
                "correlationId": {
                    "type": "string",
                    "description": "What the caller's request and all its consequences have in common.",
                },
                "data": {
                    "type": "object",
                    "properties": {
                        "orderId": { "$ref": "#/$defs/OrderId", "description": "The order." },
                        "amount": {
                            "type": "integer",
                            "format": "int64",
                            "description": "What it costs, in minor units.",
                        },
                        "currency": { "$ref": "#/$defs/Currency", "description": "The currency of the amount." },
                        "userId": { "$ref": "#/$defs/UserId", "description": "The customer." },
                    },
                    "required": ["orderId", "amount", "currency", "userId"],
                },
                "projectId": { "$ref": "#/$defs/ProjectId", "description": "The tenant it happened to." },
                "key": {
                    "type": "string",
                    "description": "Events with the same key are heard in the order they happened.",
                },
                "source": { "type": "string", "description": "The service that told it." },
                "causationId": { "$ref": "#/$defs/EventId", "description": "The event that led to this one." },
            },
            "required": ["eventId", "eventType", "version", "occurredAt", "correlationId", "data"],
            "$defs": {
                "Currency": { "type": "string", "pattern": "^[A-Z]{3}$", "examples": ["INR"] },
                "EventId": id("evt"),
                "OrderId": id("ord"),
                "ProjectId": id("prj"),
                "Timestamp": {
                    "type": "string",
                    "format": "date-time",
                    "description": "An instant in UTC, of the years 0 to 9999.",
                    "examples": ["2026-11-21T09:47:35.123Z"],
                },
                "UserId": id("usr"),
            },
        });
        assert_eq!(schema, expected);
    }

    #[test]
    fn the_text_of_a_schema_has_its_keys_in_order() {
        let text = json_schema(&EventKind::of::<OrderCreated>()).to_string();
        assert!(text.starts_with(r##"{"$defs":{"Currency":{"examples":"##), "{text}");
    }

    #[test]
    fn every_reference_leads_somewhere_in_the_same_document() {
        fn references<'a>(schema: &'a Value, found: &mut Vec<&'a str>) {
            match schema {
                Value::Object(fields) => {
                    found.extend(fields.get("$ref").and_then(Value::as_str));
                    fields.values().for_each(|field| references(field, found));
                }
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                _ => {}
            }
        }
        for kind in events::registry().iter() {
            let schema = json_schema(kind);
            let mut found = Vec::new();
            references(&schema, &mut found);
            assert!(found.len() > 2, "{}", kind.name);
            for reference in found {
                let inside = reference.strip_prefix('#').and_then(|path| schema.pointer(path));
                assert!(inside.is_some(), "{} refers to {reference}", kind.name);
            }
        }
    }

    #[test]
    fn sensitive_fields_are_named_in_the_schema() {
        let schema = json_schema(&EventKind::of::<PaymentIntentCreated>());
        assert_eq!(schema["x-sensitive"], json!(["clientSecret"]));
    }
}
