//! What a handler is given: its service, the caller, and one transaction.

use std::marker::PhantomData;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use http::{StatusCode, header};
use serde::Serialize;

use super::address::told_address;
use super::answer::Written;
use super::edge::Facts;
use super::idempotency;
use super::input::{holds_key, project_in_body};
use super::problem::Problem;
use super::server::ClientAddress;
use crate::auth::{BadToken, Caller};
use crate::service::Running;
use crate::store::answers::{self, Used};
use crate::store::{Origin, Scope, StoreError, Tx};

/// The header in which a gateway hands the caller on, signed; it never passes a gateway from outside.
pub const INTERNAL_CALLER: &str = "x-stoa-caller";

/// The service and the request that a handler works for.
#[derive(Clone)]
pub struct Ctx {
    service: Running,
    facts: Arc<Facts>,
    address: Option<IpAddr>,
}

impl Ctx {
    /// Runs a query.
    pub async fn read<T, E, F>(&self, scope: Scope, query: F) -> Result<T, Problem>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        Problem: From<E>,
    {
        Ok(self.service.store().read(scope, query).await?)
    }

    /// Runs a command, once for each idempotency key.
    pub async fn write<T, E, F>(
        &self,
        scope: Scope,
        key: IdempotencyKey,
        command: F,
    ) -> Result<Written<T>, Problem>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Serialize + Send + 'static,
        E: From<StoreError> + Send + 'static,
        Problem: From<E>,
    {
        let origin = self.origin(key.caller);
        let Some(used) = key.used else {
            let value = self.service.store().write_from(origin, scope, command).await?;
            return Written::fresh(&value);
        };
        let turn = self.service.running_keys().enter(&scope, &used);
        if turn.is_none() {
            let busy = Problem::conflict("still_running", "the same request is still running; ask again");
            return Err(Problem { retry_after: Some(Duration::from_secs(1)), ..busy });
        }
        let written =
            self.service.store().write_from(origin, scope, move |tx| once(tx, &used, &command)).await;
        let (json, replayed) = written.map_err(|error| match error {
            Once::OtherBody => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "this idempotency key was used for another request",
            ),
            Once::Refused(error) => Problem::from(error),
            Once::Unwritable(error) => Problem::internal(&error),
        })?;
        Ok(Written { json, replayed, kind: PhantomData })
    }

    /// Runs a command whose answer holds secrets: it is kept for no idempotency key, so the command itself must
    /// bear to be run twice.
    pub async fn write_unkept<T, E, F>(&self, scope: Scope, caller: String, command: F) -> Result<T, Problem>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        Problem: From<E>,
    {
        Ok(self.service.store().write_from(self.origin(caller), scope, command).await?)
    }

    fn origin(&self, caller: String) -> Origin {
        Origin {
            correlation_id: self.facts.correlation_id.clone(),
            causation_id: None,
            traceparent: Some(self.facts.trace.to_string()),
            actor: Some(caller),
        }
    }

    /// The service itself, for what is neither a query nor a command.
    pub fn service(&self) -> &Running {
        &self.service
    }

    /// Where the request came from; nothing is known of one that came without a network.
    pub fn client_address(&self) -> Option<IpAddr> {
        self.address
    }

    /// What ties this request and all that follows from it together.
    pub fn correlation_id(&self) -> &str {
        &self.facts.correlation_id
    }
}

/// Why a command with a key was not run or not kept.
enum Once<E> {
    OtherBody,
    Refused(E),
    Unwritable(serde_json::Error),
}

impl<E: From<StoreError>> From<StoreError> for Once<E> {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

fn once<T: Serialize, E: From<StoreError>>(
    tx: &mut Tx<'_>,
    used: &Used,
    command: &impl Fn(&mut Tx<'_>) -> Result<T, E>,
) -> Result<(String, bool), Once<E>> {
    match answers::find(tx, used)? {
        Some(stored) if stored.fingerprint == used.fingerprint => return Ok((stored.answer, true)),
        Some(_) => return Err(Once::OtherBody),
        None => {}
    }
    let value = command(tx).map_err(Once::Refused)?;
    let answer = serde_json::to_string(&value).map_err(Once::Unwritable)?;
    answers::store(tx, used, &answer)?;
    Ok((answer, false))
}

impl FromRequestParts<Running> for Ctx {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Running) -> Result<Self, Problem> {
        let told = told_address(&service.store().keys().keyring, &parts.headers);
        let address = told.or_else(|| parts.extensions.get::<ClientAddress>().map(|address| address.0));
        Ok(Self { service: service.clone(), facts: Facts::of(&parts.extensions)?, address })
    }
}

/// Who calls, verified here: a bare header is never trusted. A gateway in this process hands the caller on as
/// a value, which nobody can send over a network.
impl FromRequestParts<Running> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Running) -> Result<Self, Problem> {
        if let Some(caller) = parts.extensions.get::<Arc<Self>>().cloned() {
            same_project(parts, &caller)?;
            return Ok(Self::clone(&caller));
        }
        let caller = match parts.headers.get(INTERNAL_CALLER) {
            Some(word) => {
                let word = word.to_str().map_err(|_| BadToken::Malformed)?;
                service.internal().verify(word, service.store().clock().wall()).await?
            }
            None => from_outside(parts, service).await?,
        };
        same_project(parts, &caller)?;
        parts.extensions.insert(Arc::clone(&caller));
        Ok(Self::clone(&caller))
    }
}

async fn from_outside(parts: &Parts, service: &Running) -> Result<Arc<Caller>, Problem> {
    let token = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| {
            Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "say who you are with a bearer token")
        })?;
    Ok(service.verifier().verify(token, service.store().clock().wall()).await?)
}

/// A body may name the project, but the credential decides which it is.
fn same_project(parts: &Parts, caller: &Caller) -> Result<(), Problem> {
    let Some(project) = caller.project() else { return Ok(()) };
    let facts = Facts::of(&parts.extensions)?;
    let Some(named) = facts.body.as_deref().and_then(project_in_body) else { return Ok(()) };
    if named == project.to_string() {
        return Ok(());
    }
    Err(Problem::forbidden("the body names another project than your credential is for"))
}

impl OptionalFromRequestParts<Running> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Running) -> Result<Option<Self>, Problem> {
        let named = parts.headers.contains_key(header::AUTHORIZATION)
            || parts.headers.contains_key(INTERNAL_CALLER)
            || parts.extensions.get::<Arc<Self>>().is_some();
        if !named {
            return Ok(None);
        }
        <Self as FromRequestParts<Running>>::from_request_parts(parts, service).await.map(Some)
    }
}

/// The key that makes a write happen once: the `Idempotency-Key` header, or `idempotency_key` in the body.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    used: Option<Used>,
    caller: String,
}

const KEY_LENGTH_MAX: usize = 255;

impl IdempotencyKey {
    /// Whether the caller gave one.
    pub fn is_used(&self) -> bool {
        self.used.is_some()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let facts = Facts::of(&parts.extensions)?;
        let known = parts.extensions.get::<Arc<Caller>>();
        let caller = known.map_or_else(|| "nobody".to_owned(), |caller| caller.name());
        let body = facts.body.as_deref().unwrap_or_default();
        let key = match parts.headers.get("idempotency-key") {
            Some(value) => {
                let text = value.to_str().map_err(|_| bad_key())?.trim();
                Some(
                    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).to_owned(),
                )
            }
            None => key_in_body(body)?,
        };
        let Some(key) = key else { return Ok(Self { used: None, caller }) };
        if key.is_empty()
            || key.len() > KEY_LENGTH_MAX
            || !key.bytes().all(|byte| (0x20..0x7F).contains(&byte))
        {
            return Err(bad_key());
        }
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let fingerprint = idempotency::fingerprint(parts.method.as_str(), path, body);
        let operation = format!("{} {}", parts.method, facts.route);
        // A person acts in many projects, and work of the system keeps its answers apart by this alone.
        let owner = match known.and_then(|caller| caller.project()) {
            Some(project) => format!("{caller} {project}"),
            None => caller.clone(),
        };
        Ok(Self { used: Some(Used { caller: owner, operation, key, fingerprint }), caller })
    }
}

fn bad_key() -> Problem {
    Problem::field("Idempotency-Key", "is 1 to 255 printable characters").told_as(StatusCode::BAD_REQUEST)
}

fn key_in_body(body: &[u8]) -> Result<Option<String>, Problem> {
    #[derive(serde::Deserialize)]
    struct Keyed {
        idempotency_key: Option<String>,
    }
    if !holds_key(body) {
        return Ok(None);
    }
    match serde_json::from_slice::<Keyed>(body) {
        Ok(keyed) => Ok(keyed.idempotency_key),
        // A key that is no text is not ignored: the caller counts on it.
        Err(error) if error.is_data() => Err(bad_key()),
        // What is no JSON is told when the body is read.
        Err(_) => Ok(None),
    }
}

/// The version of the row that the caller saw, from `If-Match`.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(pub Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        // Whoever compressed our answer has made its tag a weak one; the version is the same.
        let version = text.strip_prefix("W/").unwrap_or(text).trim_matches('"').parse().map_err(|_| {
            Problem::field("If-Match", "is an ETag that we gave").told_as(StatusCode::BAD_REQUEST)
        })?;
        Ok(Self(Some(version)))
    }
}

impl Deref for Ctx {
    type Target = Running;
    fn deref(&self) -> &Running {
        &self.service
    }
}
