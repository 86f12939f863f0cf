//! What a mail looks like: its headers, and the same text in two forms.
//!
//! Nothing that a customer wrote can end a header or begin one, and all of it is ASCII on the wire, so that no server on
//! the way has to change it. The same notification has the same `Message-ID` on every attempt.

use std::time::{Duration, UNIX_EPOCH};

use contracts::{NotificationId, Timestamp};
use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};

use crate::channels::Trouble;

const LIST_UNSUBSCRIBE: HeaderName = HeaderName::new_from_ascii_str("List-Unsubscribe");
const LIST_UNSUBSCRIBE_POST: HeaderName = HeaderName::new_from_ascii_str("List-Unsubscribe-Post");
/// A line of a mail has at most 998 characters, and words cannot be broken.
const WORD_CHARS_MAX: usize = 900;

/// What a mail says, and to whom.
#[derive(Clone, Copy, Debug)]
pub struct Mail<'m> {
    /// The address.
    pub to: &'m str,
    /// One line.
    pub subject: &'m str,
    /// For readers without HTML.
    pub text: &'m str,
    /// For everybody else; escaped already.
    pub html: Option<&'m str>,
    /// Where one click ends such mail.
    pub unsubscribe_url: Option<&'m str>,
}

/// A mail as it goes over the wire.
pub(super) struct Letter {
    /// Its `Message-ID`, by which a report about it would name it.
    pub id: String,
    pub from: Address,
    pub to: Address,
    pub bytes: Vec<u8>,
}

/// Writes a mail, or says what of it cannot be written.
pub(super) fn write(
    notification: NotificationId,
    from: Mailbox,
    at: Timestamp,
    mail: &Mail<'_>,
) -> Result<Letter, Trouble> {
    let to: Address = mail.to.parse().map_err(|_| {
        Trouble::BadRecipient("this is not an e-mail address that can be written to".to_owned())
    })?;
    let id = format!("<{notification}@{}>", from.email.domain());
    let sender = from.email.clone();
    let since_1970 = Duration::from_millis(u64::try_from(at.as_millis()).unwrap_or_default());
    let mut message = Message::builder()
        .message_id(Some(id.clone()))
        .date(UNIX_EPOCH + since_1970)
        .from(from)
        .to(Mailbox::new(None, to.clone()))
        .subject(one_line(mail.subject)?)
        .envelope(envelope(&sender, &to)?);
    if let Some(url) = mail.unsubscribe_url {
        let post = HeaderValue::new(LIST_UNSUBSCRIBE_POST, "List-Unsubscribe=One-Click".to_owned());
        message = message.raw_header(HeaderValue::new(LIST_UNSUBSCRIBE, in_brackets(url)?)).raw_header(post);
    }
    let text = lines(mail.text);
    let written = match mail.html {
        Some(html) => message.multipart(MultiPart::alternative_plain_html(text, lines(html))),
        None => message.singlepart(SinglePart::plain(text)),
    };
    let written = written.map_err(|error| Trouble::BadContent(error.to_string()))?;
    Ok(Letter { id, from: sender, to, bytes: written.formatted() })
}

fn envelope(from: &Address, to: &Address) -> Result<Envelope, Trouble> {
    Envelope::new(Some(from.clone()), vec![to.clone()])
        .map_err(|error| Trouble::BadContent(error.to_string()))
}

/// The text of a header.
fn one_line(text: &str) -> Result<String, Trouble> {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if line.split(' ').any(|word| word.len() > WORD_CHARS_MAX) {
        return Err(Trouble::BadContent("a word of the subject is longer than a line of a mail".to_owned()));
    }
    Ok(line.trim().to_owned())
}

/// The text of a body. A lone carriage return is an end of line to some servers and none to others, which has been used
/// to smuggle mails into mails.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn in_brackets(url: &str) -> Result<String, Trouble> {
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>,\"\\".contains(&byte));
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if !is_plain || !is_web || url.len() > WORD_CHARS_MAX {
        return Err(Trouble::BadContent("the address to unsubscribe at is not one for a header".to_owned()));
    }
    Ok(format!("<{url}>"))
}

#[cfg(test)]
mod tests {
    use contracts::Id;
    use proptest::prelude::*;

    use super::*;

    fn mail<'m>(subject: &'m str, text: &'m str) -> Mail<'m> {
        Mail { to: "jane@example.com", subject, text, html: None, unsubscribe_url: None }
    }

    fn written(mail: &Mail<'_>) -> Result<String, Trouble> {
        let from = "Shop <shop@example.com>".parse().unwrap();
        let at = Timestamp::from_millis(1_790_000_000_000);
        let letter = write(NotificationId::from_u128(7), from, at, mail)?;
        Ok(String::from_utf8(letter.bytes).unwrap())
    }

    fn headers(text: &str) -> Vec<String> {
        let head = text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        head.split("\r\n").map(|line| line.split(':').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_mail_has_the_headers_that_it_should_have_and_no_others() {
        let text = written(&mail("Paid", "Thank you")).unwrap();
        let names = ["Message-ID", "Date", "From", "To", "Subject", "MIME-Version", "Content-Type"];
        let with_encoding = [&names[..], &["Content-Transfer-Encoding"]].concat();
        assert_eq!(headers(&text), with_encoding);
        let id = NotificationId::from_u128(7);
        assert!(text.contains(&format!("Message-ID: <{id}@example.com>\r\n")), "{text}");
        assert!(text.contains("Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n"), "{text}");
        assert!(
            text.contains("From: \"Shop\" <shop@example.com>\r\n") || text.contains("From: Shop <"),
            "{text}"
        );
    }

    #[test]
    fn no_subject_begins_another_header() {
        for end in ["\r\n", "\n", "\r", "\n\n", "\u{b}", "\u{85}", "\0"] {
            let text = written(&mail(&format!("Paid{end}Bcc: eve@example.com{end}"), "x")).unwrap();
            assert!(!headers(&text).contains(&"Bcc".to_owned()), "{text}");
            assert_eq!(headers(&text), headers(&written(&mail("Paid", "x")).unwrap()));
            let subject = text.replace("\r\n ", " ");
            let subject = subject.split("Subject: ").nth(1).unwrap().split("\r\n").next().unwrap();
            assert!(subject.starts_with("Paid ") && subject.ends_with("Bcc: eve@example.com"), "{subject}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_the_headers_are_the_same(subject in "(?s).{0,200}", text in "(?s).{0,200}") {
            let text = written(&mail(&subject, &text)).unwrap();
            prop_assert_eq!(headers(&text), headers(&written(&mail("Paid", "x")).unwrap()));
            prop_assert!(text.is_ascii());
            prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
        }
    }

    #[test]
    fn no_address_says_more_than_an_address() {
        let evil = [
            "jane@example.com\r\nRCPT TO:<eve@example.com>",
            "jane@example.com>\r\nDATA",
            "a@b.example, eve@example.com",
            "Jane <jane@example.com>",
            "jane",
            "@example.com",
            "",
            "\"a\r\nb\"@example.com",
            "jane@example.com\n",
        ];
        for to in evil {
            let refused = written(&Mail { to, ..mail("x", "y") });
            assert!(matches!(refused, Err(Trouble::BadRecipient(_))), "{to:?}: {refused:?}");
        }
    }

    #[test]
    fn an_address_to_unsubscribe_at_stands_in_both_headers_and_cannot_hold_another() {
        let long = format!("https://example.com/u/{}", "a1_-".repeat(100));
        for url in ["https://example.com/u/1?t=abc", &long] {
            let text = written(&Mail { unsubscribe_url: Some(url), ..mail("x", "y") }).unwrap();
            let unfolded = text.replace("\r\n ", " ").replace(":  ", ": ");
            assert!(unfolded.contains(&format!("List-Unsubscribe: <{url}>\r\n")), "{text}");
            assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{text}");
        }
        for url in [
            "https://a.example/>, <mailto:x@y.example",
            "https://a.example/\r\nBcc: e@x.example",
            "javascript:1",
        ] {
            let refused = written(&Mail { unsubscribe_url: Some(url), ..mail("x", "y") });
            assert!(matches!(refused, Err(Trouble::BadContent(_))), "{url}: {refused:?}");
        }
    }

    #[test]
    fn on_the_wire_all_is_ascii_in_lines_that_every_server_takes() {
        let long = "नमस्ते ".repeat(400);
        let html = format!("<p>{}</p>", "x".repeat(3_000));
        let mail = Mail { html: Some(&html), ..mail(&long, "Grüße\rohne\r\nZeile\n.\nnoch eine") };
        let text = written(&mail).unwrap();
        assert!(text.is_ascii());
        assert!(text.split("\r\n").all(|line| line.len() <= 998), "{text}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text:?}");
    }

    #[test]
    fn a_line_ends_in_one_way_however_it_was_ended() {
        let text = written(&mail("x", "one\rtwo\nthree\r\nfour")).unwrap();
        assert!(text.ends_with("\r\n\r\none\r\ntwo\r\nthree\r\nfour\r\n"), "{text:?}");
    }

    #[test]
    fn a_subject_without_a_place_to_break_it_is_refused() {
        let refused = written(&mail(&"x".repeat(901), "y"));
        assert!(matches!(refused, Err(Trouble::BadContent(_))), "{refused:?}");
    }
}
