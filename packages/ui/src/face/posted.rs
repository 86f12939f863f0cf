//! What a form sent, and the proof that a page of ours made it.

use axum::extract::{Form, FromRequest, Request};
use kernel::secrets::same_bytes;
use maud::{Markup, html};

use super::{Failure, Visit};
use crate::form::hidden;

/// The name of the token in forms.
const TOKEN_FIELD: &str = "token";

/// What a form of ours sent.
#[derive(Debug)]
pub struct Posted {
    pairs: Vec<(String, String)>,
    root: &'static str,
}

/// Errors of fields; one without a field is of the whole form.
pub type FieldErrors = Vec<(String, String)>;

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let visit = request.extensions().get::<Visit>().cloned().ok_or(Failure::Forged)?;
        let Form(pairs) = Form::from_request(request, state).await.map_err(|_| Failure::Forged)?;
        let posted = Self { pairs, root: visit.root() };
        // Another site can make a browser send our cookies, but cannot read one to repeat it in a field.
        if same_bytes(posted.get(TOKEN_FIELD).as_bytes(), visit.token().expose().as_bytes()) {
            Ok(posted)
        } else {
            Err(Failure::Forged)
        }
    }
}

impl Posted {
    /// A field without the space around it; empty when it was not sent.
    pub fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field as it was sent.
    pub fn raw(&self, name: &str) -> &str {
        self.pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// A field that may be left empty.
    pub fn maybe(&self, name: &str) -> Option<String> {
        Some(self.get(name)).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// Where to go afterwards.
    pub fn next(&self) -> String {
        local(self.get("next"), self.root).to_owned()
    }

    /// What is missing of these fields, each with what it is called.
    pub fn missing(&self, fields: &[(&str, &str)]) -> FieldErrors {
        let empty = fields.iter().filter(|(name, _)| self.get(name).is_empty());
        empty.map(|(name, label)| ((*name).to_owned(), format!("{label} is missing"))).collect()
    }
}

/// The token, as a form carries it.
pub fn token_field(visit: &Visit) -> Markup {
    html! { (hidden(TOKEN_FIELD, visit.token().expose())) }
}

/// A path of the face below this root, or else its first page: nobody can be sent elsewhere.
pub fn local<'p>(path: &'p str, root: &'static str) -> &'p str {
    let rest = path.strip_prefix(root).unwrap_or("elsewhere");
    let is_ours = rest.is_empty() || rest.starts_with('/') || rest.starts_with('?');
    let is_plain = path.bytes().all(|letter| letter.is_ascii_graphic() && letter != b'\\');
    if is_ours && is_plain { path } else { root }
}

/// What is wrong with a form as a whole.
pub fn whole_form(text: &str) -> FieldErrors {
    vec![(String::new(), text.to_owned())]
}

/// What the API says is wrong, by the fields of the form.
pub fn field_errors(error: &client::ApiError) -> FieldErrors {
    let listed = error.details["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    let read = |entry: &serde_json::Value| {
        let field = entry["field"].as_str()?;
        // `ship_to.city` is the field `city` of the form.
        let name = field.rsplit('.').next().unwrap_or(field);
        Some((
            name.to_owned(),
            sentence(&format!("{} {}", name.replace('_', " "), entry["message"].as_str()?)),
        ))
    };
    let errors: FieldErrors = listed.iter().filter_map(read).collect();
    if errors.is_empty() { whole_form(&sentence(&error.message)) } else { errors }
}

/// What is wrong with one field.
pub fn error_of<'a>(errors: &'a FieldErrors, field: &str) -> Option<&'a str> {
    errors.iter().find(|(name, _)| name == field).map(|(_, message)| message.as_str())
}

/// Begins with a capital.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_be_sent_elsewhere() {
        for good in ["/shop", "/shop/checkout", "/shop/search?q=a%20b", "/shop?x=1"] {
            assert_eq!(local(good, "/shop"), good);
        }
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/shopping",
            "/\\evil.example",
            "/shop/\\evil",
            "/shop/\r\nset-cookie: a=b",
            "javascript:alert(1)",
            "/",
        ] {
            assert_eq!(local(bad, "/shop"), "/shop", "{bad:?}");
        }
    }

    #[test]
    fn what_the_api_says_is_put_to_the_fields_of_the_form() {
        let mut error = client::ApiError {
            status: http::StatusCode::UNPROCESSABLE_ENTITY,
            code: "invalid_input".to_owned(),
            message: "2 fields are wrong".to_owned(),
            details: serde_json::json!({"fields": [{"field": "ship_to.postcode", "message": "is too long"}]}),
            correlation_id: String::new(),
            retry_after: None,
        };
        assert_eq!(field_errors(&error), [("postcode".to_owned(), "Postcode is too long".to_owned())]);
        error.details = serde_json::Value::Null;
        assert_eq!(field_errors(&error), [(String::new(), "2 fields are wrong".to_owned())]);
    }
}
