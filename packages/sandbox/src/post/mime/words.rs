//! Encoded words in headers (RFC 2047): `=?utf-8?q?Gr=C3=BC=C3=9Fe?=`.

use super::decode;

/// Writers keep to 75; what is much longer is none.
const WORD_BYTES_MAX: usize = 2_000;

/// Bytes of neighbouring words of one charset: a letter may be split between two of them.
struct Run {
    charset: String,
    bytes: Vec<u8>,
}

/// The text with its encoded words decoded; what is none stays as it is.
pub fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut run: Option<Run> = None;
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, word) = rest.split_at(at);
        let Some((charset, bytes, after)) = encoded_word(word) else {
            finish(&mut decoded, &mut run);
            decoded += before;
            decoded += "=?";
            rest = &word[2..];
            continue;
        };
        // White space between two encoded words only separates them.
        let joined = run.is_some() && before.trim().is_empty();
        if !joined {
            finish(&mut decoded, &mut run);
            decoded += before;
        }
        match &mut run {
            Some(run) if run.charset == charset => run.bytes.extend(bytes),
            _ => {
                finish(&mut decoded, &mut run);
                run = Some(Run { charset, bytes });
            }
        }
        rest = after;
    }
    finish(&mut decoded, &mut run);
    decoded + rest
}

fn finish(decoded: &mut String, run: &mut Option<Run>) {
    if let Some(run) = run.take() {
        *decoded += &decode::text(&run.bytes, &run.charset);
    }
}

/// The charset and the bytes of the encoded word that `text` begins with, and what comes after it.
fn encoded_word(text: &str) -> Option<(String, Vec<u8>, &str)> {
    let begin = &text[..text.floor_char_boundary(WORD_BYTES_MAX)];
    let (charset, rest) = begin.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (payload, rest) = rest.split_once("?=")?;
    let after = &text[begin.len() - rest.len()..];
    if [charset, payload].iter().any(|piece| piece.contains(char::is_whitespace)) {
        return None;
    }
    let bytes = match encoding {
        "q" | "Q" => decode::quoted_printable(payload.replace('_', " ").as_bytes()),
        "b" | "B" => decode::base64(payload.as_bytes()),
        _ => return None,
    };
    // A language may follow the charset after a star.
    let charset = charset.split('*').next().unwrap_or_default().to_lowercase();
    Some((charset, bytes, after))
}
