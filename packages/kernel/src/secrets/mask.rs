//! Removes from free text what must not be logged: keys, tokens, passwords, card numbers, e-mail addresses.
//!
//! It is the net under the rule that such things are not put into messages at all; when in doubt it removes
//! too much. It looks at text, not at structure, so it also works on what others wrote.

use std::borrow::Cow;

/// The first place, from an offset on, where a rule removes something.
type Rule = fn(&str, usize) -> Option<Hit>;

struct Hit {
    start: usize,
    end: usize,
    with: &'static str,
}

/// How much of the text belongs to a sensitive key.
#[derive(Clone, Copy)]
enum Extent {
    Value,
    Line,
}

const HIDDEN: &str = "***";
const RULES: [Rule; 7] = [private_key, pair, bearer, jwt, url_password, card, email];

/// No key is longer; a longer one must not make the search slow.
const KEY_LEN_MAX: usize = 64;
/// Header-like keys whose value has spaces in it, at the end of a key's name.
const KEYS_OF_LINES: [&str; 3] = ["authorization", "cookie", "cookies"];
/// Keys that are sensitive wherever these words stand in them.
const KEYS_WITH: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "credential",
    "sessionid",
];
/// Words too short to be looked for inside others: a `pin` is in `shipping`.
const KEYS_EXACT: [&str; 10] = ["pwd", "pass", "pin", "otp", "cvc", "cvv", "pan", "auth", "jwt", "signature"];

/// The text without what must not be logged; the very text when there was nothing.
pub fn mask(text: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    loop {
        let mut changed = false;
        for rule in RULES {
            if let Some(next) = apply(&masked, rule) {
                masked = Cow::Owned(next);
                changed = true;
            }
        }
        // What one rule removed can uncover a match for another; each removes something, so this ends.
        if !changed {
            return masked;
        }
    }
}

fn apply(text: &str, rule: Rule) -> Option<String> {
    let mut hit = rule(text, 0)?;
    let mut out = String::with_capacity(text.len() + HIDDEN.len());
    let mut copied = 0;
    loop {
        out.push_str(&text[copied..hit.start]);
        out.push_str(hit.with);
        copied = hit.end;
        match rule(text, copied) {
            Some(next) => hit = next,
            None => break,
        }
    }
    out.push_str(&text[copied..]);
    Some(out)
}

/// A PEM block of a private key; without its end, all that follows.
fn private_key(text: &str, from: usize) -> Option<Hit> {
    let mut at = from;
    loop {
        let start = find(text, at, "-----BEGIN ")?;
        let label = start + "-----BEGIN ".len();
        let label_end = find(text, label, "-----")?;
        if text[label..label_end].contains("PRIVATE KEY") {
            let footer = find(text, label_end + 5, "-----END").map(|end| end + "-----END".len());
            let end = footer.and_then(|footer| find(text, footer, "-----")).map_or(text.len(), |end| end + 5);
            return Some(Hit { start, end, with: "[private key]" });
        }
        at = label_end;
    }
}

/// `password=…`, `"secret": "…"`, `Authorization: …` and their kin.
fn pair(text: &str, from: usize) -> Option<Hit> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        let separator = at + bytes[at..].iter().position(|b| matches!(b, b'=' | b':'))?;
        at = separator + 1;
        let Some(extent) = extent_of(key_before(bytes, separator)) else { continue };
        let (start, end) = value_after(bytes, at, extent);
        if is_open(&bytes[start..end]) {
            return Some(Hit { start, end, with: HIDDEN });
        }
    }
}

/// `Bearer …`, unless what follows is an ordinary word.
fn bearer(text: &str, from: usize) -> Option<Hit> {
    const WORD: &[u8] = b"bearer ";
    let bytes = text.as_bytes();
    let is_word = |w: &[u8]| w[0] | 0x20 == b'b' && w.eq_ignore_ascii_case(WORD);
    let mut at = from;
    loop {
        let start = at + bytes[at..].windows(WORD.len()).position(is_word)? + WORD.len();
        let start = run(bytes, start, |b| b == b' ');
        let end = run(bytes, start, |b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b));
        let token = text[start..end].trim_end_matches('.');
        if token.len() >= 16 || token.bytes().any(|b| !b.is_ascii_alphabetic()) {
            return Some(Hit { start, end: start + token.len(), with: HIDDEN });
        }
        at = end;
    }
}

/// A JSON web token wherever it stands: base64url of `{"`, and more parts after dots.
fn jwt(text: &str, from: usize) -> Option<Hit> {
    let bytes = text.as_bytes();
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let mut at = from;
    loop {
        let start = find(text, at, "eyJ")?;
        let header_end = run(bytes, start, letter);
        let mut end = header_end;
        while bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(|b| letter(*b)) {
            end = run(bytes, end + 1, letter);
        }
        if header_end - start >= 8 && end - header_end > 4 {
            return Some(Hit { start, end, with: HIDDEN });
        }
        at = end;
    }
}

/// The password in `scheme://user:password@host`.
fn url_password(text: &str, from: usize) -> Option<Hit> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        let authority = find(text, at, "://")? + 3;
        let end = run(bytes, authority, |b| !b.is_ascii_whitespace() && !b"/?#\"'<>`,".contains(&b));
        at = end;
        let Some(host) = text[authority..end].rfind('@').map(|found| authority + found) else { continue };
        let Some(start) = text[authority..host].find(':').map(|found| authority + found + 1) else {
            continue;
        };
        if is_open(&bytes[start..host]) {
            return Some(Hit { start, end: host, with: HIDDEN });
        }
    }
}

/// A card number: 13 to 19 digits, alone or in groups, with a right check digit. The last four stay.
fn card(text: &str, from: usize) -> Option<Hit> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        let start = at + bytes[at..].iter().position(u8::is_ascii_digit)?;
        at = run(bytes, start, |b| b.is_ascii_digit());
        // What a hit has left behind, here or in an earlier pass, is not the beginning of another number.
        let left_over = (start == from && from > 0) || bytes[..start].ends_with(HIDDEN.as_bytes());
        // No bank's cards begin with 0 or 1; clock readings in microseconds do.
        if left_over || bytes[start] <= b'1' {
            continue;
        }
        if let Some(last_four) = card_from(bytes, start) {
            return Some(Hit { start, end: last_four, with: HIDDEN });
        }
    }
}

/// Where the last four digits of the longest card number that begins at `start` begin.
fn card_from(bytes: &[u8], start: usize) -> Option<usize> {
    let mut places = [0; 19];
    let mut count = 0;
    let mut found = None;
    let mut at = start;
    loop {
        if count == places.len() {
            return found;
        }
        places[count] = at;
        count += 1;
        at += 1;
        let digit_at = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_digit);
        if digit_at(at) {
            continue;
        }
        if count >= 13 && has_check_digit(bytes, &places[..count]) {
            found = Some(places[count - 4]);
        }
        if !(matches!(bytes.get(at), Some(b' ' | b'-')) && digit_at(at + 1)) {
            return found;
        }
        at += 1;
    }
}

fn has_check_digit(bytes: &[u8], places: &[usize]) -> bool {
    let digits = places.iter().rev().map(|place| u32::from(bytes[*place] - b'0'));
    let weighed = digits.enumerate().map(|(nth, digit)| match nth % 2 {
        0 => digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    });
    weighed.sum::<u32>() % 10 == 0
}

/// An e-mail address; the first letter and the domain stay.
fn email(text: &str, from: usize) -> Option<Hit> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        let sign = find(text, at, "@")?;
        at = sign + 1;
        let letter = |b: u8| b.is_ascii_alphanumeric() || !b.is_ascii();
        let local =
            bytes[from..sign].iter().rev().take_while(|b| letter(**b) || b"._%+-".contains(b)).count();
        let domain_end = run(bytes, at, |b| letter(b) || b == b'.' || b == b'-');
        let domain = text[at..domain_end].trim_end_matches(['.', '-']);
        let Some(first) = text[sign - local..sign].chars().next() else { continue };
        if domain.find('.').is_some_and(|dot| dot > 0) {
            return Some(Hit { start: sign - local + first.len_utf8(), end: at, with: "***@" });
        }
    }
}

fn find(text: &str, from: usize, what: &str) -> Option<usize> {
    text[from..].find(what).map(|found| from + found)
}

/// Where the run of such bytes that begins at `from` ends.
fn run(bytes: &[u8], from: usize, such: impl Fn(u8) -> bool) -> usize {
    from + bytes[from..].iter().take_while(|b| such(**b)).count()
}

/// Whether there is anything to hide that is not hidden yet.
fn is_open(value: &[u8]) -> bool {
    value.iter().any(|b| *b != b'*')
}

/// The name that ends before a separator, without the quotes around it.
fn key_before(bytes: &[u8], separator: usize) -> &[u8] {
    let quoting = |b: &&u8| matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'\\');
    let end = separator - bytes[..separator].iter().rev().take_while(quoting).count();
    let named = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    &bytes[end - bytes[..end].iter().rev().take(KEY_LEN_MAX).take_while(named).count()..end]
}

fn extent_of(key: &[u8]) -> Option<Extent> {
    if KEYS_OF_LINES.iter().any(|word| left_after(key, word).any(|left| left == 0)) {
        return Some(Extent::Line);
    }
    let exact = KEYS_EXACT.iter().any(|word| begins(key, word) == Some(0));
    (exact || KEYS_WITH.iter().any(|word| left_after(key, word).next().is_some())).then_some(Extent::Value)
}

/// How many letters of the key are left after each place where `word` stands in it.
fn left_after(key: &[u8], word: &str) -> impl Iterator<Item = usize> {
    let first = word.bytes().next();
    let places = (0..key.len()).filter(move |at| Some(key[*at].to_ascii_lowercase()) == first);
    places.filter_map(move |at| begins(&key[at..], word))
}

/// How many letters are left after `word`, if the key begins so; case, `_` and `-` do not count.
fn begins(key: &[u8], word: &str) -> Option<usize> {
    let mut letters = key.iter().filter(|b| !matches!(b, b'_' | b'-')).map(u8::to_ascii_lowercase);
    word.bytes().all(|letter| letters.next() == Some(letter)).then(|| letters.count())
}

/// The value after a separator: in quotes (also escaped ones), the rest of a line, or up to a delimiter.
fn value_after(bytes: &[u8], from: usize, extent: Extent) -> (usize, usize) {
    let start = run(bytes, from, |b| b" \t=:>".contains(&b));
    let escapes = run(bytes, start, |b| b == b'\\') - start;
    if let Some(quote @ (b'"' | b'\'' | b'`')) = bytes.get(start + escapes) {
        let start = start + escapes + 1;
        return (start, quoted_end(bytes, start, *quote, escapes));
    }
    match extent {
        Extent::Line => (start, run(bytes, start, |b| b != b'\n' && b != b'\r')),
        Extent::Value => (start, plain_end(bytes, start)),
    }
}

/// The end of a quoted value: the same quote, escaped no more deeply than the opening one.
fn quoted_end(bytes: &[u8], start: usize, quote: u8, escapes: usize) -> usize {
    let mut escaped = 0;
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        if *byte == quote && escaped <= escapes {
            return at - escaped;
        }
        escaped = if *byte == b'\\' { escaped + 1 } else { 0 };
    }
    bytes.len()
}

/// The end of an unquoted value; brackets and what is in them belong to it, as in `Some("…")`.
fn plain_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'(' | b'[' | b'{' => at = bracket_end(bytes, at),
            b')' | b']' | b'}' | b'&' | b',' | b';' | b'"' | b'\'' | b'`' | b'<' | b'>' => break,
            byte if byte.is_ascii_whitespace() => break,
            _ => at += 1,
        }
    }
    at
}

/// The end of the bracket that opens at `start`, past strings and brackets in it; else that of the text.
fn bracket_end(bytes: &[u8], start: usize) -> usize {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            b'(' | b'[' | b'{' if !in_text => depth += 1,
            b')' | b']' | b'}' if !in_text && depth == 1 => return at + 1,
            b')' | b']' | b'}' if !in_text => depth -= 1,
            _ => {}
        }
    }
    bytes.len()
}
