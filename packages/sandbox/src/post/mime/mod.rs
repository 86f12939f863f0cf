//! How mail is read: headers, parts and their encodings. Whatever comes in is read as well as can be and never
//! refused; no SQL, no sockets.

mod decode;
mod header;
mod words;

#[cfg(test)]
mod tests;

use super::message::Attachment;
use header::{Headers, Value};

/// Parts inside parts; deeper ones are not looked at.
const DEPTH_MAX: usize = 8;
/// Parts of one mail; later ones are not looked at.
const PARTS_MAX: usize = 200;

/// What a reader sees of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// Its headers in order, decoded.
    pub headers: Vec<(String, String)>,
    /// Who wrote it, as it says.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Its page.
    pub html: String,
    /// The files that came with it.
    pub attachments: Vec<Attachment>,
}

/// One part on the way.
struct Part<'m> {
    headers: Headers<'m>,
    body: &'m [u8],
}

impl Letter {
    /// Reads a mail.
    pub fn read(raw: &[u8]) -> Self {
        let part = Part::read(raw);
        let headers = part.headers.iter().map(|(name, value)| (name, words::decode(&value)));
        let mut letter = Self { headers: headers.collect(), ..Self::default() };
        letter.from = letter.header("from").to_owned();
        letter.subject = letter.header("subject").to_owned();
        let mut parts_left = PARTS_MAX;
        letter.take(&part, DEPTH_MAX, &mut parts_left);
        letter
    }

    fn header(&self, wanted: &str) -> &str {
        let found = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or("", |(_, value)| value)
    }

    fn take(&mut self, part: &Part<'_>, depth_left: usize, parts_left: &mut usize) {
        if *parts_left == 0 {
            return;
        }
        *parts_left -= 1;
        let kind = Value::read(&part.headers.get("content-type").unwrap_or_else(|| "text/plain".into()));
        let boundary = kind.parameter("boundary").filter(|boundary| !boundary.is_empty());
        match boundary.filter(|_| kind.word.starts_with("multipart/") && depth_left > 0) {
            Some(boundary) => {
                for inner in pieces(part.body, boundary.as_bytes()) {
                    self.take(&Part::read(inner), depth_left - 1, parts_left);
                }
            }
            None => self.take_leaf(part, &kind),
        }
    }

    fn take_leaf(&mut self, part: &Part<'_>, kind: &Value) {
        let encoding = part.headers.get("content-transfer-encoding").unwrap_or_default();
        let body = decode::transfer(part.body, &encoding);
        let placed = Value::read(&part.headers.get("content-disposition").unwrap_or_default());
        let name = placed.parameter("filename").or_else(|| kind.parameter("name"));
        let shown = match kind.word.as_str() {
            "text/plain" | "text" | "" => Some(&mut self.text),
            "text/html" => Some(&mut self.html),
            _ => None,
        };
        match shown.filter(|_| placed.word != "attachment" && name.is_none()) {
            Some(shown) => {
                let text = decode::text(&body, &kind.parameter("charset").unwrap_or_default());
                if !shown.is_empty() && !shown.ends_with('\n') {
                    shown.push('\n');
                }
                shown.push_str(&text.replace("\r\n", "\n"));
            }
            None => self.attachments.push(Attachment {
                name: words::decode(&name.unwrap_or_default()),
                kind: kind.word.clone(),
                size_bytes: body.len() as u64,
            }),
        }
    }
}

impl<'m> Part<'m> {
    fn read(raw: &'m [u8]) -> Self {
        let (headers, body) = Headers::read(raw);
        Self { headers, body }
    }
}

/// What stands between the lines `--boundary`, up to `--boundary--` or the end.
fn pieces<'m>(body: &'m [u8], boundary: &[u8]) -> Vec<&'m [u8]> {
    let (mut found, mut begin, mut at) = (Vec::new(), None, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let after = at + line.len();
        let delimiter = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary));
        if let Some(rest) =
            delimiter.map(<[u8]>::trim_ascii_end).filter(|rest| rest.is_empty() || *rest == b"--")
        {
            found.extend(begin.map(|begin| without_line_end(&body[begin..at.max(begin)])));
            begin = rest.is_empty().then_some(after);
            if begin.is_none() || found.len() >= PARTS_MAX {
                return found;
            }
        }
        at = after;
    }
    found.extend(begin.map(|begin| &body[begin..]));
    found
}

/// The line end before a boundary belongs to the boundary.
fn without_line_end(piece: &[u8]) -> &[u8] {
    let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
    piece.strip_suffix(b"\r").unwrap_or(piece)
}
