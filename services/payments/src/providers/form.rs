//! Bodies as web forms: `metadata[orderId]=ord_1`, percent-encoded.

use std::fmt::{Display, Write};

use bytes::Bytes;

/// The fields of a form, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Form(String);

impl Form {
    /// The form with one more field.
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0 += &encoded(name);
        self.0.push('=');
        self.0 += &encoded(&value.to_string());
        self
    }

    /// The form with one more field, where there is a value.
    pub fn with_some(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// What is sent.
    pub fn into_bytes(self) -> Bytes {
        self.0.into()
    }
}

/// A text as one part of a form or of a path.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_and_letters_of_all_kinds_are_encoded() {
        let form = Form::default()
            .with("amount", 1099)
            .with("metadata[orderId]", "ord_1")
            .with_some("payment_method", None::<&str>)
            .with("reason", "too small & späť");
        let expected = "amount=1099&metadata%5BorderId%5D=ord_1&reason=too%20small%20%26%20sp%C3%A4%C5%A5";
        assert_eq!(form.into_bytes(), expected);
    }
}
