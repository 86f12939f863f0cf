//! Who calls: a token, a key or a cookie is checked here against what this process knows, asking nobody.

use std::sync::Arc;

use contracts::{ApiKeyId, Id, Timestamp};
use http::{HeaderMap, Method, StatusCode, header};
use kernel::auth::{ApiKeyText, Caller, Verifier, csrf_fits};
use kernel::http::Problem;
use kernel::secrets::Macs;

use super::credential::{BadCredential, Credential, credential};
use crate::domain::origin;
use crate::known::{Known, Project};

/// What checks need.
pub struct Admission {
    /// Verifies tokens.
    pub verifier: Arc<Verifier>,
    /// Keys, sessions, projects.
    pub known: Arc<Known>,
    /// Marks the CSRF tokens of sessions.
    pub csrf: Macs,
    /// Whether the well-known key of the demo is taken.
    pub demo_key: bool,
}

/// Somebody who may come in, or nobody in particular.
#[derive(Default)]
pub struct Admitted {
    /// Who.
    pub caller: Option<Arc<Caller>>,
    /// What is known of their project.
    pub project: Option<Arc<Project>>,
}

/// The key that every example uses; it is one of the demo data, in the sandbox only.
const DEMO_KEY: &str = "dev-key-123";
const DEMO_KEY_NUMBER: u128 = 1;

impl Admission {
    /// Who sends a request with these headers.
    pub async fn admit(
        &self,
        method: &Method,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Admitted, Problem> {
        let caller = match credential(headers).map_err(bad_credential)? {
            Credential::None => return Ok(Admitted::default()),
            Credential::Key(text) => self.by_key(text, now)?,
            Credential::Token(token) => self.by_token(token, now).await?,
            Credential::Cookie(token) => {
                let caller = self.by_token(token, now).await?;
                self.sent_by_our_page(method, headers, &caller)?;
                caller
            }
        };
        let project = caller.project().and_then(|project| self.known.project(project));
        if project.as_ref().is_some_and(|project| !project.facts.active) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "project_inactive",
                "this project takes no calls",
            ));
        }
        Ok(Admitted { caller: Some(caller), project })
    }

    fn by_key(&self, text: &str, now: Timestamp) -> Result<Arc<Caller>, Problem> {
        let found = if text == DEMO_KEY {
            let known =
                self.demo_key.then(|| self.known.caller_named(ApiKeyId::from_u128(DEMO_KEY_NUMBER), now));
            known.and_then(Result::ok)
        } else {
            ApiKeyText::parse(text).ok().and_then(|text| self.known.caller_of(&text, now).ok())
        };
        // Why a key is not taken is its owner's to find out, not a stranger's.
        found.map(|(caller, _)| caller).ok_or_else(|| unauthenticated("this API key is not valid"))
    }

    async fn by_token(&self, token: &str, now: Timestamp) -> Result<Arc<Caller>, Problem> {
        let caller = self.verifier.verify(token, now).await?;
        if caller.session.is_some_and(|session| self.known.is_ended(session)) {
            return Err(unauthenticated("the session is over; sign in again"));
        }
        Ok(caller)
    }

    /// Whether a page of this origin is the caller's project's, or of the very host that it calls.
    pub fn is_our_page(&self, origin: &str, host: Option<&str>, caller: &Caller) -> bool {
        let project = caller.project().and_then(|project| self.known.project(project));
        let of_project = project.is_some_and(|project| {
            origin::allowed(origin, project.facts.cors_origins.iter().map(String::as_str))
        });
        of_project || origin::is_same_site(origin, host)
    }

    /// A browser sends cookies for any page. What changes something must come from a page that could read ours.
    fn sent_by_our_page(&self, method: &Method, headers: &HeaderMap, caller: &Caller) -> Result<(), Problem> {
        if method.is_safe() {
            return Ok(());
        }
        let refused =
            || Problem::new(StatusCode::FORBIDDEN, "csrf", "the request does not come from our own page");
        let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(origin) = text(header::ORIGIN)
            && !self.is_our_page(origin, text(header::HOST), caller)
        {
            return Err(refused());
        }
        match caller.session {
            Some(session) if csrf_fits(&self.csrf, session, headers) => Ok(()),
            _ => Err(refused()),
        }
    }
}

fn bad_credential(bad: BadCredential) -> Problem {
    match bad {
        BadCredential::Two => Problem::new(StatusCode::BAD_REQUEST, "two_credentials", bad.to_string()),
        BadCredential::Unreadable => unauthenticated(&bad.to_string()),
    }
}

/// Nobody is let in without a proof.
pub fn unauthenticated(message: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", message)
}
