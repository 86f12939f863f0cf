//! Spans as an OpenTelemetry collector reads them: OTLP in its JSON form.
//!
//! Ids are hex and sixty-four-bit numbers are text, as that form demands. It sends nothing.

use std::sync::Arc;

use serde::Serialize;

use super::context::TraceContext;
use super::span::{Attribute, SpanKind, SpanRecord};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Export<'a> {
    resource_spans: [ResourceSpans<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    resource: Resource<'a>,
    scope_spans: [ScopeSpans<'a>; 1],
}

#[derive(Serialize)]
struct Resource<'a> {
    attributes: [KeyValue<'a>; 2],
}

#[derive(Serialize)]
struct ScopeSpans<'a> {
    scope: Scope,
    spans: Vec<WireSpan<'a>>,
}

#[derive(Serialize)]
struct Scope {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSpan<'a> {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    name: &'a str,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<KeyValue<'a>>,
    links: Vec<Link>,
    status: Status<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    trace_id: String,
    span_id: String,
}

#[derive(Serialize)]
struct Status<'a> {
    code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct KeyValue<'a> {
    key: &'a str,
    value: Value<'a>,
}

#[derive(Serialize)]
enum Value<'a> {
    #[serde(rename = "stringValue")]
    Text(&'a str),
    #[serde(rename = "intValue")]
    Whole(String),
    #[serde(rename = "doubleValue")]
    Fraction(f64),
    #[serde(rename = "boolValue")]
    Flag(bool),
}

/// The body of one export.
pub fn encode(service: &str, spans: &[Arc<SpanRecord>]) -> serde_json::Result<Vec<u8>> {
    let version = env!("CARGO_PKG_VERSION");
    let resource = Resource {
        attributes: [
            KeyValue { key: "service.name", value: Value::Text(service) },
            KeyValue { key: "service.version", value: Value::Text(version) },
        ],
    };
    let spans = spans.iter().map(|span| WireSpan::from(&**span)).collect();
    let scope_spans = [ScopeSpans { scope: Scope { name: "stoa", version }, spans }];
    serde_json::to_vec(&Export { resource_spans: [ResourceSpans { resource, scope_spans }] })
}

impl<'a> From<&'a SpanRecord> for WireSpan<'a> {
    fn from(span: &'a SpanRecord) -> Self {
        let Link { trace_id, span_id } = Link::from(&span.context);
        Self {
            trace_id,
            span_id,
            parent_span_id: span.parent_id.map(|id| format!("{id:016x}")),
            name: &span.name,
            kind: kind(span.kind),
            start_time_unix_nano: span.started_at_ns.to_string(),
            end_time_unix_nano: span.ended_at_ns.to_string(),
            attributes: span
                .attributes
                .iter()
                .map(|(key, value)| KeyValue { key, value: value.into() })
                .collect(),
            links: span.links.iter().map(Link::from).collect(),
            // 0 says nothing, 2 is an error; 1 is for people who overrule an error.
            status: Status {
                code: if span.failure.is_some() { 2 } else { 0 },
                message: span.failure.as_deref(),
            },
        }
    }
}

impl From<&TraceContext> for Link {
    fn from(context: &TraceContext) -> Self {
        Self { trace_id: format!("{:032x}", context.trace_id), span_id: format!("{:016x}", context.span_id) }
    }
}

impl<'a> From<&'a Attribute> for Value<'a> {
    fn from(attribute: &'a Attribute) -> Self {
        match attribute {
            Attribute::Text(text) => Self::Text(text),
            Attribute::Whole(number) => Self::Whole(number.to_string()),
            Attribute::Fraction(number) => Self::Fraction(*number),
            Attribute::Flag(yes) => Self::Flag(*yes),
        }
    }
}

fn kind(kind: SpanKind) -> u8 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}
