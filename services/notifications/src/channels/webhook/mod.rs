//! Calls to an address that a customer gave, by Standard Webhooks 1.0.0.
//!
//! The receiver knows each message by its `webhook-id`, which is the same on every attempt; so a call that may have
//! arrived is simply made again. Nothing here follows a redirect, or leads into our own network.

#[cfg(test)]
mod tests;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use contracts::{NotificationId, Timestamp};
use http::header::CONTENT_TYPE;
use http::{Request, Response};
use kernel::outside::{Call, CallError, NotSent};
use kernel::service::Means;
use ring::hmac;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Accepted, Trouble};

/// Receivers have this long to answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// A wait longer than this is not believed.
const WAIT_MAX: Duration = Duration::from_secs(3_600);
/// The bytes that a secret may have.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// How far a receiver lets our clocks differ, in seconds.
const TOLERANCE_S: u64 = 300;

/// One call.
#[derive(Clone, Copy)]
pub struct Hook<'h> {
    /// The address.
    pub url: &'h str,
    /// `whsec_…`; each signs.
    pub secrets: &'h [String],
    /// The event's type.
    pub kind: &'h str,
    /// When it happened.
    pub at: Timestamp,
    /// The event's data, as JSON.
    pub data: &'h str,
}

/// What is sent; the order of its fields is that of the specification.
#[derive(Serialize)]
struct Body<'h> {
    #[serde(rename = "type")]
    kind: &'h str,
    timestamp: Timestamp,
    data: &'h RawValue,
}

/// Makes one call.
pub async fn send(means: &Means, id: NotificationId, hook: &Hook<'_>) -> Result<Accepted, Trouble> {
    // Receivers compare it with their own clocks, which know nothing of a sandbox that is ahead of time.
    let now = means.store.clock().wall();
    let request = request(&id.to_string(), now, hook)?;
    let call = Call { timeout: TIMEOUT, ..Call::default() };
    match means.outside.guarded().send(request, call).await {
        Ok(answer) => read(&answer),
        Err(error) => Err(unanswered(&error)),
    }
}

/// Whether a header `webhook-signature` holds a signature of this secret, as a receiver checks it.
pub fn verify(
    secret: &str,
    id: &str,
    timestamp: &str,
    body: &[u8],
    signatures: &str,
    now: Timestamp,
) -> bool {
    let Ok(key) = key(secret) else { return false };
    let Ok(sent_s) = timestamp.parse::<i64>() else { return false };
    let is_recent = (now.as_millis().div_euclid(1_000)).abs_diff(sent_s) <= TOLERANCE_S;
    let text = signed_text(id, timestamp, body);
    let is_ours = |signature: &str| {
        let mac = signature.strip_prefix("v1,").and_then(|mac| STANDARD.decode(mac).ok());
        mac.is_some_and(|mac| hmac::verify(&key, &text, &mac).is_ok())
    };
    is_recent && signatures.split(' ').any(is_ours)
}

fn request(id: &str, now: Timestamp, hook: &Hook<'_>) -> Result<Request<Bytes>, Trouble> {
    let bad_content = |error: serde_json::Error| Trouble::BadContent(format!("the data is no JSON: {error}"));
    let data: &RawValue = serde_json::from_str(hook.data).map_err(bad_content)?;
    let body = Body { kind: hook.kind, timestamp: hook.at, data };
    let body = serde_json::to_vec(&body).map_err(bad_content)?;
    let timestamp = now.as_millis().div_euclid(1_000).to_string();
    let signatures = signatures(hook.secrets, id, &timestamp, &body)?;
    Request::post(hook.url)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signatures)
        .body(Bytes::from(body))
        .map_err(|_| Trouble::BadRecipient("the address is not a URL".to_owned()))
}

/// One signature a secret, so that a receiver may change from one to the other in its own time.
fn signatures(secrets: &[String], id: &str, timestamp: &str, body: &[u8]) -> Result<String, Trouble> {
    let text = signed_text(id, timestamp, body);
    let sign = |secret: &String| {
        let mac = hmac::sign(&key(secret)?, &text);
        Ok(format!("v1,{}", STANDARD.encode(mac)))
    };
    let signatures: Vec<String> = secrets.iter().map(sign).collect::<Result<_, Trouble>>()?;
    if signatures.is_empty() {
        return Err(Trouble::BadCredential("there is no secret to sign with".to_owned()));
    }
    Ok(signatures.join(" "))
}

/// The key is what the text of a secret stands for, and not that text.
fn key(secret: &str) -> Result<hmac::Key, Trouble> {
    let bytes = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok();
    let bytes = bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len()));
    let bytes = bytes
        .ok_or_else(|| Trouble::BadCredential("the secret is not 24 to 64 bytes in base64".to_owned()))?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

fn signed_text(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

/// What an answer means. Everything but success and "gone" may be different tomorrow, redirects too.
fn read(answer: &Response<Bytes>) -> Result<Accepted, Trouble> {
    let why = format!("the receiver answered {}", answer.status());
    match answer.status().as_u16() {
        200..=299 => Ok(Accepted { reference: None, delivered: true, segments: None }),
        410 => Err(Trouble::BadRecipient(why)),
        _ => {
            let after = kernel::outside::retry_after(answer.headers()).map(|wait| wait.min(WAIT_MAX));
            Err(Trouble::Later { after, why })
        }
    }
}

/// What it means that there is no answer. One dead receiver is not a provider that is down.
fn unanswered(error: &CallError) -> Trouble {
    match error {
        CallError::NotSent(NotSent::BadUrl | NotSent::Forbidden(_)) => {
            Trouble::BadRecipient(error.to_string())
        }
        _ => Trouble::Later { after: error.retry_after(), why: error.to_string() },
    }
}
