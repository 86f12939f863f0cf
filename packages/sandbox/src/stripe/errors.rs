//! What callers hear when it does not go: Stripe's error object.

use kernel::store::StoreError;
use serde_json::{Map, Value, json};

/// Why a call has no effect; what it did is undone.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's fault, or a trouble asked for.
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The error object with its status.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    message: String,
    param: Option<String>,
    more: Map<String, Value>,
}

const INVALID: &str = "invalid_request_error";

impl Error {
    /// A request that cannot be understood or done.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::of(400, INVALID, message)
    }

    /// Something else than a wrong request.
    pub fn of(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        let (message, more) = (message.into(), Map::new());
        Self::Refused(Box::new(Refusal { status, kind, code: None, message, param: None, more }))
    }

    /// One parameter is wrong.
    pub fn param(name: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::invalid(message).code(code).at(name)
    }

    /// A parameter is not there.
    pub fn missing(name: &str) -> Self {
        Self::param(name, "parameter_missing", format!("Missing required param: {name}."))
    }

    /// The object of the path is not there.
    pub fn no_such(kind: &str, id: &str) -> Self {
        let param = if kind == "payment_intent" { "intent" } else { "id" };
        Self::of(404, INVALID, format!("No such {kind}: '{id}'")).code("resource_missing").at(param)
    }

    /// An object that a parameter names is not there.
    pub fn no_such_param(name: &str, kind: &str, id: &str) -> Self {
        Self::param(name, "resource_missing", format!("No such {kind}: '{id}'"))
    }

    /// Nobody may do this with that key.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::of(401, INVALID, message)
    }

    /// A key that may do other things.
    pub fn forbidden() -> Self {
        Self::of(
            403,
            INVALID,
            "This API call cannot be made with a publishable API key. Please use a secret API key.",
        )
        .code("secret_key_required")
    }

    /// A path that leads nowhere.
    pub fn unknown_path(method: &str, path: &str) -> Self {
        Self::of(404, INVALID, format!("Unrecognized request URL ({method}: {path})."))
    }

    /// The trouble that was asked for.
    pub fn server() -> Self {
        Self::of(500, "api_error", "An unknown error occurred.")
    }

    /// Another request with the same key is under way.
    pub fn in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Stripe-Idempotency-Key: {key}."
        );
        Self::of(409, "idempotency_error", message).code("idempotency_key_in_use")
    }

    /// The same with a code.
    pub fn code(self, code: &'static str) -> Self {
        self.with(|refusal| refusal.code = Some(code))
    }

    /// The same with the parameter that is meant.
    pub fn at(self, param: &str) -> Self {
        self.with(|refusal| refusal.param = Some(param.to_owned()))
    }

    /// The same with an object beside it.
    pub fn beside(self, name: &str, value: Value) -> Self {
        self.with(|refusal| drop(refusal.more.insert(name.to_owned(), value)))
    }

    fn with(mut self, change: impl FnOnce(&mut Refusal)) -> Self {
        if let Self::Refused(refusal) = &mut self {
            change(refusal);
        }
        self
    }
}

impl Refusal {
    /// `{"error": {…}}`.
    pub fn body(&self) -> Value {
        let mut error = self.more.clone();
        error.insert("type".into(), self.kind.into());
        error.insert("message".into(), self.message.clone().into());
        if let Some(code) = self.code {
            error.insert("code".into(), code.into());
            error.insert("doc_url".into(), doc_url(code).into());
        }
        if let Some(param) = &self.param {
            error.insert("param".into(), param.clone().into());
        }
        json!({ "error": error })
    }
}

/// Where Stripe explains a code.
pub fn doc_url(code: &str) -> String {
    format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"))
}
