//! Forms and query strings as browsers write them: `a=1&b=two+words`.

/// The fields of a form, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

const FIELDS_MAX: usize = 200;

impl Form {
    /// Reads a form; what is no UTF-8 is replaced, and so is NUL, which no database keeps.
    pub fn read(text: &[u8]) -> Self {
        let fields = text.split(|byte| *byte == b'&').filter(|field| !field.is_empty()).take(FIELDS_MAX);
        let pairs = fields.map(|field| {
            let at = field.iter().position(|byte| *byte == b'=').unwrap_or(field.len());
            (decode(&field[..at]), decode(field.get(at + 1..).unwrap_or_default()))
        });
        Self(pairs.collect())
    }

    /// One field that says something.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(field, _)| field == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// One field more.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// All fields in order.
    pub fn fields(&self) -> &[(String, String)] {
        &self.0
    }

    /// The form as it travels.
    pub fn text(&self) -> String {
        let fields: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        fields.join("&")
    }
}

/// What may stand in a query string.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}

fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let (byte, after) = match (first, hex_pair(after)) {
            (b'+', _) => (b' ', after),
            (b'%', Some(byte)) => (byte, &after[2..]),
            _ => (*first, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).replace('\0', "\u{fffd}")
}

/// The byte that two hexadecimal digits write.
pub fn hex_pair(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_it_was_written() {
        let form = Form::default().with("To", "+15005550006").with("Body", "a b&c=d% é\n").with("Empty", "");
        assert_eq!(form.text(), "To=%2B15005550006&Body=a%20b%26c%3Dd%25%20%C3%A9%0A&Empty=");
        assert_eq!(Form::read(form.text().as_bytes()), form);
        assert_eq!(form.get("Empty"), None);
    }

    #[test]
    fn broken_forms_are_read_as_well_as_can_be() {
        let form = Form::read(b"a=1+2&&b&c=%zz%4&d=%00%ff");
        assert_eq!(form.get("a"), Some("1 2"));
        assert_eq!(form.get("b"), None);
        assert_eq!(form.get("c"), Some("%zz%4"));
        assert_eq!(form.get("d"), Some("\u{fffd}\u{fffd}"));
    }
}
