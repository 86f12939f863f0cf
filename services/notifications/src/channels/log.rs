//! The log as a provider: for trials, and for shops that send nothing.
//!
//! A line says that there was a message, on which channel and roughly for whom. What was said is never in it, since
//! nothing here tells a code for signing in from a greeting.

use contracts::NotificationId;
use kernel::secrets::mask;

use super::{Accepted, Content};

/// The digits of a number that are shown.
const DIGITS_SHOWN: usize = 2;

/// Logs that there was a message; this cannot fail.
pub fn write(id: NotificationId, content: &Content) -> Accepted {
    let (channel, to) = match content {
        Content::Email { to, .. } => ("email", masked(to)),
        Content::Sms { to, .. } => ("sms", masked(to)),
        Content::Webhook { url, .. } => ("webhook", host(url)),
        Content::Log { to, .. } => ("log", masked(to)),
    };
    tracing::info!(notification.id = %id, channel, recipient = to, "notification logged");
    Accepted { reference: None, delivered: true, segments: None }
}

/// An address without the person: `j***@example.com`, `***21`.
fn masked(to: &str) -> String {
    if to.contains('@') {
        return match mask(to) {
            hidden if hidden == to => "***".to_owned(),
            hidden => hidden.into_owned(),
        };
    }
    let shown = to.chars().count().saturating_sub(DIGITS_SHOWN);
    let end: String = to.chars().skip(shown.max(DIGITS_SHOWN)).filter(char::is_ascii_digit).collect();
    format!("***{end}")
}

/// Of a URL the host alone: its path is often the secret.
fn host(url: &str) -> String {
    let host = url.parse().ok().and_then(|url: http::Uri| url.host().map(str::to_owned));
    host.unwrap_or_else(|| "***".to_owned())
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Write};
    use std::sync::{Arc, Mutex};

    use contracts::{Id, Timestamp};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id as SpanId, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// All that is logged, as one text.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<String>>);

    struct Line<'l>(&'l mut String);

    impl Visit for Line<'_> {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            let _ = write!(self.0, "{field}={value:?} ");
        }
    }

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> SpanId {
            SpanId::from_u64(1)
        }
        fn record(&self, _: &SpanId, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &SpanId, _: &SpanId) {}
        fn event(&self, event: &Event<'_>) {
            let mut lines = self.0.lock().unwrap();
            event.record(&mut Line(&mut lines));
            lines.push_str(event.metadata().level().as_str());
        }
        fn enter(&self, _: &SpanId) {}
        fn exit(&self, _: &SpanId) {}
    }

    fn logged(content: &Content) -> String {
        let lines = Lines::default();
        let id = NotificationId::from_u128(7);
        let accepted = tracing::subscriber::with_default(lines.clone(), || write(id, content));
        assert_eq!(accepted, Accepted { reference: None, delivered: true, segments: None });
        let text = lines.0.lock().unwrap().clone();
        let about = format!("message=notification logged notification.id={id} channel=");
        assert!(text.starts_with(&about), "{text}");
        assert!(text.ends_with("INFO"), "{text}");
        text[about.len()..].to_owned()
    }

    #[test]
    fn the_line_says_that_there_was_a_message_and_nothing_of_it() {
        let secret = || "Your code is 482913".to_owned();
        let mail = Content::Email {
            to: "jane@example.com".to_owned(),
            subject: secret(),
            text: secret(),
            html: Some(secret()),
            unsubscribe_url: Some("https://example.com/482913".to_owned()),
        };
        let call = Content::Webhook {
            url: "https://hooks.example.com/482913?key=482913".to_owned(),
            secrets: vec!["whsec_482913".to_owned()],
            kind: "order.paid".to_owned(),
            at: Timestamp::from_millis(0),
            data: secret(),
        };
        for (content, line) in [
            (mail, "\"email\" recipient=\"j***@example.com\" INFO"),
            (
                Content::Sms { to: "+14158675321".to_owned(), body: secret() },
                "\"sms\" recipient=\"***21\" INFO",
            ),
            (call, "\"webhook\" recipient=\"hooks.example.com\" INFO"),
            (
                Content::Log { to: "jane@example.com".to_owned(), text: secret() },
                "\"log\" recipient=\"j***@example.com\" INFO",
            ),
        ] {
            assert_eq!(logged(&content), line);
        }
    }

    #[test]
    fn nobody_can_be_reached_by_what_is_logged_of_an_address() {
        for (address, shown) in [
            ("jane@example.com", "j***@example.com"),
            ("jane@localhost", "***"),
            ("+14158675321", "***21"),
            ("+1", "***"),
            ("", "***"),
            ("usr_jane", "***"),
        ] {
            assert_eq!(masked(address), shown);
        }
        assert_eq!(host("https://hooks.example.com/secret?key=1"), "hooks.example.com");
        assert_eq!(host("not a url"), "***");
    }
}
