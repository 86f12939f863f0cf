//! What the inbox keeps of a mail or a short message. No SQL, no sockets.

use contracts::Timestamp;
use kernel::store::{Bytes, Json};
use serde::{Deserialize, Serialize};

use super::mime::Letter;

contracts::ids! {
    /// A message in the inbox.
    MessageId = "msg";
}

/// More messages than these are not kept; the oldest go.
pub const KEPT_MAX: u32 = 1_000;
/// What is kept of a text, of a page and of the source of one message.
const PART_BYTES_MAX: usize = 512 << 10;
const LINE_BYTES_MAX: usize = 1_000;
const PREVIEW_LETTERS_MAX: usize = 140;
const HEADERS_MAX: usize = 200;

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// By mail.
    Email,
    /// As a short message.
    Sms,
}

/// A file that came with a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// What it is called, empty where nobody said.
    pub name: String,
    /// Its type: `application/pdf`.
    pub kind: String,
    /// How long it is, decoded.
    pub size_bytes: u64,
}

/// A message as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// When it came.
    pub at: Timestamp,
    /// How it came.
    pub channel: Channel,
    /// Who sent it: what the mail says, or else the envelope.
    pub sender: String,
    /// Who it was for, by its envelope.
    pub recipients: Json<Vec<String>>,
    /// Its subject; short messages have none.
    pub subject: String,
    /// How its text begins.
    pub preview: String,
    /// Its text.
    pub text: String,
    /// Its page.
    pub html: String,
    /// Its headers in order.
    pub headers: Json<Vec<(String, String)>>,
    /// The files that came with it.
    pub attachments: Json<Vec<Attachment>>,
    /// How its source begins.
    pub raw: Bytes,
    /// How long its source is.
    pub size_bytes: u64,
}

impl Channel {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

impl Message {
    /// A mail as it came in.
    pub fn mail(
        id: MessageId,
        at: Timestamp,
        from: &str,
        to: &[String],
        letter: &Letter,
        raw: &[u8],
    ) -> Self {
        let sender = if letter.from.is_empty() { from } else { &letter.from };
        let headers = letter.headers.iter().take(HEADERS_MAX);
        let headers = headers.map(|(name, value)| (line(name), line(value))).collect();
        let attachments = letter.attachments.iter().map(Attachment::kept).collect();
        let preview = if letter.text.trim().is_empty() { visible(&letter.html) } else { letter.text.clone() };
        Self {
            id,
            at,
            channel: Channel::Email,
            sender: line(sender),
            recipients: Json(to.to_vec()),
            subject: line(&letter.subject),
            preview: preview_of(&preview),
            text: kept(&letter.text, PART_BYTES_MAX),
            html: kept(&letter.html, PART_BYTES_MAX),
            headers: Json(headers),
            attachments: Json(attachments),
            raw: Bytes(raw[..raw.len().min(PART_BYTES_MAX)].to_vec()),
            size_bytes: raw.len() as u64,
        }
    }

    /// A short message as it came in; `raw` is the form that asked for it.
    pub fn short(id: MessageId, at: Timestamp, from: &str, to: &str, body: &str, raw: &[u8]) -> Self {
        Self {
            id,
            at,
            channel: Channel::Sms,
            sender: line(from),
            recipients: Json(vec![to.to_owned()]),
            subject: String::new(),
            preview: preview_of(body),
            text: kept(body, PART_BYTES_MAX),
            html: String::new(),
            headers: Json(Vec::new()),
            attachments: Json(Vec::new()),
            raw: Bytes(raw[..raw.len().min(PART_BYTES_MAX)].to_vec()),
            size_bytes: raw.len() as u64,
        }
    }

    /// What the search box looks through.
    pub fn searched(&self) -> String {
        format!("{} {} {}", self.recipients.0.join(" "), self.sender, self.subject).to_lowercase()
    }

    /// Whether the source is longer than what was kept of it.
    pub fn is_cut(&self) -> bool {
        self.size_bytes > self.raw.0.len() as u64
    }
}

impl Attachment {
    fn kept(&self) -> Self {
        Self { name: line(&self.name), kind: line(&self.kind), size_bytes: self.size_bytes }
    }
}

fn line(text: &str) -> String {
    kept(text, LINE_BYTES_MAX)
}

/// At most `bytes_max` of it, without the NUL letters that no database keeps.
fn kept(text: &str, bytes_max: usize) -> String {
    text[..text.floor_char_boundary(bytes_max)].replace('\0', "\u{fffd}")
}

fn preview_of(text: &str) -> String {
    let begin = &text[..text.floor_char_boundary(PART_BYTES_MAX)];
    let mut preview = String::new();
    let mut letters = 0;
    for word in begin.split_whitespace() {
        let room = PREVIEW_LETTERS_MAX - letters;
        let taken: String = word.chars().take(room).collect();
        letters += taken.chars().count() + 1;
        preview += &taken;
        if letters >= PREVIEW_LETTERS_MAX {
            break;
        }
        preview.push(' ');
    }
    kept(preview.trim_end(), preview.len())
}

/// Roughly what a page shows: the text between its tags.
fn visible(html: &str) -> String {
    let html = &html[..html.floor_char_boundary(PART_BYTES_MAX)];
    let body = html.find("<body").map_or(html, |at| &html[at..]);
    let mut text = String::new();
    for piece in body.split('<').skip(usize::from(!body.starts_with('<'))) {
        let hidden = piece.starts_with("style") || piece.starts_with("script") || piece.starts_with("title");
        if let Some((_, shown)) = piece.split_once('>').filter(|_| !hidden) {
            text += shown;
            text.push(' ');
        }
    }
    text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_has_no_nul() {
        assert_eq!(kept("ab\0c", 3), "ab\u{fffd}");
        assert_eq!(kept("aé", 2), "a");
        assert_eq!(preview_of(&"word ".repeat(100)).chars().count(), 139);
        assert_eq!(preview_of(&"é".repeat(500)).chars().count(), PREVIEW_LETTERS_MAX);
        assert_eq!(preview_of(" a\r\n  b "), "a b");
    }

    #[test]
    fn the_preview_of_a_page_is_what_it_shows() {
        let page =
            "<html><head><title>x</title></head><body><style>p{}</style><p>Your code is <b>1234</b></p>";
        assert_eq!(preview_of(&visible(page)), "Your code is 1234");
        assert_eq!(preview_of(&visible("no tags")), "");
    }
}
