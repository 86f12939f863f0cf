//! Short messages by Twilio's Messages.
//!
//! Twilio takes no idempotency key, so what it may have accepted is never sent again by us: it stays an open question.
//! Read `codes.rs` (what its errors mean) and `receipt.rs` (what it tells us later, and how we know that it is Twilio).

mod codes;
mod receipt;
#[cfg(test)]
mod tests;

pub use receipt::{BadReceipt, Receipt, ReceiptStatus, receipt};

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use kernel::config::{Declaration, Setting, Settings};
use kernel::outside::{Call, CallError, NotSent};
use kernel::secrets::Secret;
use kernel::service::Means;
use serde::Deserialize;

use super::{Accepted, Outgoing, Trouble, quoted, sms_text};
use crate::domain::segments;

/// Where Twilio is. It is told every project's secrets, so no project may choose it.
pub const URL: Setting<String> = Setting::new(
    "notifications.twilio.url",
    || "https://api.twilio.com".to_owned(),
    "Where Twilio's API is; another address than its own is for trials.",
)
.live();
/// Whose account.
pub const ACCOUNT_SID: Setting<Option<String>> = Setting::new(
    "notifications.twilio.account_sid",
    || None,
    "The account at Twilio; without one no SMS is sent.",
)
.per_project();
/// The account's key.
pub const AUTH_TOKEN: Setting<Option<Secret<String>>> = Setting::new(
    "notifications.twilio.auth_token",
    || None,
    "The account's primary token, with which Twilio also signs its receipts.",
)
.secret()
.per_project();
/// Who messages are from.
pub const FROM: Setting<Option<String>> = Setting::new(
    "notifications.twilio.from",
    || None,
    "The number that messages are from, or the messaging service that chooses one (`MG…`).",
)
.per_project()
.example("+15005550006");
/// Where receipts go.
pub const STATUS_CALLBACK: Setting<Option<String>> = Setting::new(
    "notifications.twilio.status_callback",
    || None,
    "Our public address for Twilio's receipts; `{project}` in it becomes the project's id.",
)
.per_project();

/// The settings of Twilio.
pub fn settings() -> Vec<Declaration> {
    vec![
        URL.declare(),
        ACCOUNT_SID.declare(),
        AUTH_TOKEN.declare(),
        FROM.declare(),
        STATUS_CALLBACK.declare(),
    ]
}

/// A call that is not over by then has an unknown end; it stays below the 30 s that a job's call may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long Twilio may keep a message, in seconds.
const VALIDITY_S: (u64, u64) = (1, 36_000);
/// A wait longer than this is not believed.
const WAIT_MAX: Duration = Duration::from_secs(3_600);

/// What Twilio says of a message it has taken.
#[derive(Deserialize)]
struct Taken {
    sid: String,
    num_segments: Option<String>,
}

/// What Twilio says of one it has not.
#[derive(Default, Deserialize)]
struct NotTaken {
    code: Option<u32>,
    #[serde(default)]
    message: String,
}

/// Hands one short message to Twilio.
pub async fn send(means: &Means, message: &Outgoing, to: &str, body: &str) -> Result<Accepted, Trouble> {
    let body = sms_text::sendable(body);
    let ours = segments::count(&body).count;
    let request = request(means, message, to, body)?;
    let call = Call { timeout: TIMEOUT, ..Call::default() };
    match means.outside.provider("twilio").send(request, call).await {
        Ok(answer) => {
            let accepted = read(&answer)?;
            // A messaging service does not know yet which of its numbers will send, and counts none.
            Ok(Accepted { segments: accepted.segments.filter(|count| *count > 0).or(Some(ours)), ..accepted })
        }
        Err(error) => Err(unanswered(&error)),
    }
}

/// The callback address of a project, as Twilio will call it and sign it.
pub fn status_callback(settings: &Settings, project: contracts::ProjectId) -> Option<String> {
    let url = settings.get_for(project, &STATUS_CALLBACK)?;
    Some(url.replace("{project}", &project.to_string()))
}

fn request(means: &Means, message: &Outgoing, to: &str, body: String) -> Result<Request<Bytes>, Trouble> {
    let (settings, project) = (&means.settings, message.project);
    let account = settings.get_for(project, &ACCOUNT_SID).ok_or_else(|| not_set_up("account_sid"))?;
    let token = settings.get_for(project, &AUTH_TOKEN).ok_or_else(|| not_set_up("auth_token"))?;
    let from = settings.get_for(project, &FROM).ok_or_else(|| not_set_up("from"))?;
    // It becomes part of a path.
    if account.is_empty() || !account.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Trouble::BadCredential(
            "`notifications.twilio.account_sid` is not an account".to_owned(),
        ));
    }
    let sender = if from.starts_with("MG") { "MessagingServiceSid" } else { "From" };
    let mut form = vec![("To", to.to_owned()), (sender, from), ("Body", body)];
    form.extend(status_callback(settings, project).map(|url| ("StatusCallback", url)));
    if let Some(end) = message.expires_at {
        let left = end.duration_since(means.store.clock().now()).as_secs();
        form.push(("ValidityPeriod", left.clamp(VALIDITY_S.0, VALIDITY_S.1).to_string()));
    }
    let basic = STANDARD.encode(format!("{account}:{}", token.expose()));
    let url = settings.get(&URL);
    let url = format!("{}/2010-04-01/Accounts/{account}/Messages.json", url.trim_end_matches('/'));
    let mut request = Request::post(url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(Bytes::from(encoded(&form)))
        .map_err(|_| not_set_up("url"))?;
    let mut basic = HeaderValue::try_from(format!("Basic {basic}")).map_err(|_| not_set_up("auth_token"))?;
    basic.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, basic);
    Ok(request)
}

fn not_set_up(name: &str) -> Trouble {
    Trouble::BadCredential(format!("`notifications.twilio.{name}` is not set"))
}

/// A form as it goes over the wire.
fn encoded(form: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (name, value) in form {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                    text.push(char::from(byte))
                }
                b' ' => text.push('+'),
                _ => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    text
}

/// What an answer means.
fn read(answer: &Response<Bytes>) -> Result<Accepted, Trouble> {
    let status = answer.status();
    if status.is_success() {
        return match serde_json::from_slice(answer.body()) {
            Ok(Taken { sid, num_segments }) => Ok(Accepted {
                reference: Some(sid),
                delivered: false,
                segments: num_segments.and_then(|count| count.parse().ok()),
            }),
            Err(_) => Err(Trouble::Unknown(format!("an answer {status} that is not one of Twilio's"))),
        };
    }
    let said: Option<NotTaken> = serde_json::from_slice(answer.body()).ok();
    let asked = kernel::outside::retry_after(answer.headers()).map(|wait| wait.min(WAIT_MAX));
    let code = said.as_ref().and_then(|said| said.code);
    let why = match (&said, code) {
        (Some(said), Some(code)) => format!("{} {code} {}", status.as_u16(), quoted(&said.message)),
        _ => status.to_string(),
    };
    Err(codes::trouble(status, code, asked, why))
}

/// What it means that there is no answer.
fn unanswered(error: &CallError) -> Trouble {
    match error {
        CallError::Unknown(unknown) => Trouble::Unknown(unknown.to_string()),
        CallError::NotSent(NotSent::BadUrl | NotSent::Forbidden(_)) => not_set_up("url"),
        CallError::NotSent(NotSent::Full(_) | NotSent::Limited(_)) => {
            Trouble::Later { after: error.retry_after(), why: error.to_string() }
        }
        CallError::NotSent(NotSent::Open(_) | NotSent::Unreachable(_)) => {
            Trouble::ProviderDown(error.to_string())
        }
    }
}
