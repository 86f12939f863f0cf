//! Twilio's JSON: a message, a page of messages, an error.

use contracts::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::rules::Refusal;
use super::{Status, Text};

/// The version that paths and callbacks name.
pub const API_VERSION: &str = "2010-04-01";

/// A message as Twilio shows it.
#[derive(Debug, Serialize)]
pub struct MessageView {
    account_sid: String,
    api_version: &'static str,
    body: String,
    date_created: String,
    date_sent: Option<String>,
    date_updated: String,
    direction: &'static str,
    error_code: Option<u32>,
    error_message: Option<&'static str>,
    from: Option<String>,
    messaging_service_sid: Option<String>,
    num_media: &'static str,
    num_segments: String,
    price: Option<String>,
    price_unit: &'static str,
    sid: String,
    status: Status,
    subresource_uris: Value,
    to: String,
    uri: String,
}

/// A page of messages as Twilio shows it.
#[derive(Debug, Serialize)]
pub struct ListView {
    /// The messages.
    pub messages: Vec<MessageView>,
    /// The first page.
    pub first_page_uri: String,
    /// The next page, if there is one.
    pub next_page_uri: Option<String>,
    /// Pages are only walked forwards here.
    pub previous_page_uri: Option<String>,
    /// This page.
    pub uri: String,
    /// Its number.
    pub page: u32,
    /// How many messages a page has.
    pub page_size: u32,
    /// The number of its first message.
    pub start: u32,
    /// The number of its last message.
    pub end: u32,
}

impl From<Text> for MessageView {
    fn from(text: Text) -> Self {
        let uri = format!("/{API_VERSION}/Accounts/{}/Messages/{}", text.account, text.sid);
        Self {
            api_version: API_VERSION,
            date_created: written(text.at),
            date_sent: text.sent_at.map(written),
            date_updated: written(text.changed_at),
            direction: "outbound-api",
            error_code: text.error_code,
            error_message: text.error_code.map(|_| "Unreachable destination handset"),
            from: text.sender,
            messaging_service_sid: text.messaging_service,
            num_media: "0",
            num_segments: text.segments.to_string(),
            price: None,
            price_unit: "USD",
            status: text.status,
            subresource_uris: json!({ "media": format!("{uri}/Media.json") }),
            uri: format!("{uri}.json"),
            sid: text.sid,
            account_sid: text.account,
            body: text.body,
            to: text.recipient,
        }
    }
}

/// An error as Twilio shows it.
pub fn error(refusal: &Refusal) -> Value {
    json!({
        "code": refusal.code,
        "message": refusal.message,
        "more_info": format!("https://www.twilio.com/docs/errors/{}", refusal.code),
        "status": refusal.status,
    })
}

/// A time as RFC 2822 has it: `Tue, 21 Nov 2026 09:47:35 +0000`.
fn written(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const MS_PER_DAY: i64 = 86_400_000;
    let iso = at.to_string();
    let piece = |from: usize, to: usize| iso.get(from..to).unwrap_or_default();
    let month = piece(5, 7).parse().ok().and_then(|month: usize| MONTHS.get(month.wrapping_sub(1)));
    // 1970 began on a Thursday.
    let day = usize::try_from(at.as_millis().div_euclid(MS_PER_DAY).rem_euclid(7)).ok();
    let day = day.and_then(|day| DAYS.get(day));
    format!(
        "{}, {} {} {} {} +0000",
        day.unwrap_or(&"Thu"),
        piece(8, 10),
        month.unwrap_or(&"Jan"),
        piece(0, 4),
        piece(11, 19)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_mail_has_them() {
        for (iso, expected) in [
            ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 +0000"),
            ("2026-11-21T09:47:35.123Z", "Sat, 21 Nov 2026 09:47:35 +0000"),
            ("2024-02-29T23:59:59Z", "Thu, 29 Feb 2024 23:59:59 +0000"),
            ("1969-12-31T12:00:00Z", "Wed, 31 Dec 1969 12:00:00 +0000"),
        ] {
            assert_eq!(written(iso.parse().unwrap()), expected);
        }
    }
}
