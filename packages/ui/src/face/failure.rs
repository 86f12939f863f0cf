//! Why a page could not be shown, and the page that is shown instead.

use std::error::Error;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::html;

use super::{Sheet, Visit, redirect};
use crate::{Icon, empty_page};

/// Why a page could not be shown.
#[derive(Clone, Debug)]
pub enum Failure {
    /// There is no such page, or it is somebody else's.
    NotFound,
    /// It is for people who are signed in.
    SignIn,
    /// The form does not come from a page of ours, or from one that is too old.
    Forged,
    /// Too much was asked in too short a time.
    Busy,
    /// Whoever is signed in may not do it.
    NotAllowed,
    /// Something of ours does not work.
    Trouble(Trouble),
}

/// What does not work; the cause is for our log.
#[derive(Clone, Debug)]
pub struct Trouble {
    cause: Arc<dyn Error + Send + Sync>,
    /// What the API said ties it to its own log.
    quoted: Option<String>,
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        match error.api().map(|error| error.status.as_u16()) {
            Some(404) => Self::NotFound,
            Some(401) => Self::SignIn,
            Some(403) => Self::NotAllowed,
            Some(429) => Self::Busy,
            _ => {
                let told = error.api().map(|error| error.correlation_id.clone());
                Self::Trouble(Trouble { quoted: told.filter(|id| !id.is_empty()), cause: Arc::new(error) })
            }
        }
    }
}

/// `welcome` puts the page around it: it alone knows for whom.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl Failure {
    /// Something of ours does not work, and no call is to blame.
    pub fn broken(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Trouble(Trouble { cause: Arc::new(cause), quoted: None })
    }

    /// The page that says so.
    pub fn page(&self, visit: &Visit) -> Response {
        let (status, sign, title, text) = match self {
            Self::SignIn => return redirect(visit.root(), &visit.sign_in_address()),
            Self::NotFound => {
                (StatusCode::NOT_FOUND, Icon::Search, "This page is not here", visit.guise().words.nothing)
            }
            Self::Forged => (
                StatusCode::FORBIDDEN,
                Icon::Warning,
                "That form was too old",
                "Go back, reload the page and send it once more. Nothing was changed.",
            ),
            Self::NotAllowed => (
                StatusCode::FORBIDDEN,
                Icon::Lock,
                "This is not open to you",
                "Your account may not do this. Whoever runs it here can change that.",
            ),
            Self::Busy => (
                StatusCode::TOO_MANY_REQUESTS,
                Icon::Warning,
                "One moment, please",
                "Too much was asked of us in a short time. Try again in a minute.",
            ),
            Self::Trouble(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                Icon::Warning,
                "Something went wrong on our side",
                "It is not your fault, and it is in our log. Try again in a moment.",
            ),
        };
        let quoted = match self {
            Self::Trouble(trouble) => Some(trouble.log(visit)),
            Self::NotFound | Self::SignIn | Self::Forged | Self::NotAllowed | Self::Busy => None,
        };
        let main = html! {
            (empty_page(sign, title, text, Some((visit.root(), visit.guise().words.home))))
            @if let Some(quoted) = quoted {
                p.muted.small.center { "If you write to us about it, quote " code { (quoted) } "." }
            }
        };
        Sheet::private(title).with_status(status).answer(visit, &main)
    }
}

impl Trouble {
    /// Tells our log, and answers with what ties the page to it.
    fn log(&self, visit: &Visit) -> String {
        let quoted = self.quoted.clone().unwrap_or_else(|| visit.correlation_id().to_owned());
        let first: &(dyn Error + 'static) = &*self.cause;
        let chain = std::iter::successors(Some(first), |error| (**error).source());
        let cause = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        tracing::error!(correlation.id = quoted, face = visit.root(), cause, "a page of a face failed");
        quoted
    }
}
