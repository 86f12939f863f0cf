//! Any bytes as the headers that the door reads: cookies, addresses, correlation ids, traces.
#![no_main]

use gateway::domain::address::{Networks, caller_address};
use http::{HeaderMap, HeaderValue};
use kernel::auth::{ACCESS_COOKIE, cookie};
use kernel::config::SettingValue;
use kernel::http::{correlation_id, takes_gzip};
use kernel::ids::Ids;
use kernel::telemetry::traces::TraceContext;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let mut headers = HeaderMap::new();
    for name in ["cookie", "x-correlation-id", "traceparent", "accept-encoding", "x-forwarded-for"] {
        headers.insert(name, value.clone());
    }
    cookie(&headers, ACCESS_COOKIE);
    takes_gzip(&headers);
    let id = correlation_id(&headers, &Ids::seeded(1));
    assert!(HeaderValue::from_str(&id).is_ok(), "what we send on is a header");
    if let Ok(text) = value.to_str() {
        TraceContext::parse(text);
        let trusted = Networks::parse("127.0.0.1").unwrap_or_default();
        caller_address([127, 0, 0, 1].into(), Some(text), &trusted);
    }
});
