//! One socket, `/ws`, at which live routes are followed: STOMP over WebSocket, beside server-sent events.
//!
//! It knows nothing of what is followed. A destination is the path of a live route, and each subscription is a request
//! through the door like any other, sent as the caller whom CONNECT proved: what they may not read they do not hear.
//! Read `handshake.rs` (how a request becomes a socket), `session.rs` (the conversation), `commands.rs` (what each
//! frame asks for), `follow.rs` (one subscription), `socket.rs` (messages and goodbyes), `seats.rs` (how many). `lasting.rs` ends server-sent events with their proof.

mod commands;
mod follow;
mod handshake;
mod lasting;
mod seats;
mod session;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use kernel::auth::{ACCESS_COOKIE, Caller, cookie};
use kernel::http::{ClientAddress, Problem, ProblemBody, envelope};
use tokio::sync::watch;

use super::admit::{Admitted, unauthenticated};
use super::credential::{Credential, credential};
use super::{Front, Policy, Visit};
use crate::domain::address::counted_as;
use crate::domain::origin;
use crate::route::{Found, Route};
use seats::Seats;
use session::Session;
use socket::Socket;

pub use handshake::is_asked_for;

/// Where the socket is.
pub const PATH: &str = "/ws";
/// The headers by which a request says who sends it, beside its cookie.
const PROOFS: [HeaderName; 3] = [header::AUTHORIZATION, HeaderName::from_static("x-api-key"), header::COOKIE];
const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
/// Places are free again when somebody leaves.
const FULL_FOR: Duration = Duration::from_secs(5);

/// The sockets of a door.
#[derive(Debug)]
pub struct Sockets {
    seats: Arc<Seats>,
    ending: watch::Sender<bool>,
}

/// The page that opened a socket, where a browser did.
#[derive(Clone, Debug)]
struct Page {
    origin: Option<HeaderValue>,
    host: Option<HeaderValue>,
}

impl Default for Sockets {
    fn default() -> Self {
        Self { seats: Arc::default(), ending: watch::Sender::new(false) }
    }
}

impl Sockets {
    /// Ends all of them, and waits until they are gone.
    pub async fn end(&self) {
        self.ending.send_replace(true);
        self.ending.closed().await;
    }
}

impl Page {
    fn of(headers: &HeaderMap) -> Self {
        Self { origin: headers.get(header::ORIGIN).cloned(), host: headers.get(header::HOST).cloned() }
    }
}

impl Front {
    /// Agrees to go on as a socket, and does.
    pub(super) fn open_socket(
        &self,
        policy: &Policy,
        visit: &Visit,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Problem> {
        let agreed = handshake::agree(request.headers())?;
        let page = Page::of(request.headers());
        // A proof that is not good is none: CONNECT may bring another.
        let proof = match &visit.caller {
            Some(caller) => {
                let proof = proof_of(request.headers());
                self.may_listen(policy, &page, &proof, caller)?;
                proof
            }
            None => HeaderMap::new(),
        };
        let full = |full: seats::Full| Problem::unavailable("too_many_sockets", full.to_string(), FULL_FOR);
        let sockets = &self.0.sockets;
        let seat = sockets.seats.enter(counted_as(visit.address), policy.sockets_max).map_err(full)?;
        let upgrade = hyper::upgrade::on(&mut request);
        let session = Session::new(
            self.clone(),
            seat,
            page,
            proof,
            visit.correlation_id.clone(),
            ClientAddress(visit.address),
        );
        let ending = sockets.ending.subscribe();
        tokio::spawn(async move {
            match upgrade.await {
                Ok(upgraded) => session.hold(Socket::on(upgraded), ending).await,
                Err(error) => tracing::debug!(%error, "a socket was agreed on and not opened"),
            }
        });
        Ok(agreed.answer())
    }

    /// Whether this page may hear what the caller hears. A browser sends cookies for any page, so those count from our
    /// own alone; with another proof it is as with answers: pages of other origins read none.
    fn may_listen(
        &self,
        policy: &Policy,
        page: &Page,
        proof: &HeaderMap,
        caller: &Caller,
    ) -> Result<(), Problem> {
        let text =
            |value: &Option<HeaderValue>| value.as_ref().map(|value| value.to_str().unwrap_or("").to_owned());
        let by_cookie = matches!(credential(proof), Ok(Credential::Cookie(_)));
        let may = match text(&page.origin) {
            None => !by_cookie,
            Some(from) => {
                self.0.admission.is_our_page(&from, text(&page.host).as_deref(), caller)
                    || !by_cookie && origin::allowed(&from, policy.origins.iter().map(String::as_str))
            }
        };
        let refused =
            || Problem::new(StatusCode::FORBIDDEN, "csrf", "pages of this origin may not listen here");
        may.then_some(()).ok_or_else(refused)
    }

    /// Who brings this proof, if it is good now.
    async fn proven(&self, page: &Page, proof: &HeaderMap) -> Result<Arc<Caller>, Problem> {
        let now = self.0.service.store().clock().wall();
        let Admitted { caller, .. } = self.0.admission.admit(&Method::GET, proof, now).await?;
        let caller = caller.ok_or_else(|| {
            unauthenticated("CONNECT must say who you are, by `authorization` or `x-api-key`")
        })?;
        self.may_listen(&self.policy(), page, proof, &caller)?;
        Ok(caller)
    }

    fn is_live(&self, path: &str) -> bool {
        matches!(self.0.behind.routing.now().table.find(&Method::GET, path), Found::One(route) if Route::is_live(route))
    }

    /// A number that nobody foresees.
    fn draw(&self) -> u64 {
        self.0.service.store().ids().random()
    }
}

/// What of a request says who sends it; of its cookies the one that does.
pub fn proof_of(headers: &HeaderMap) -> HeaderMap {
    let mut proof = HeaderMap::new();
    for name in PROOFS {
        for value in headers.get_all(&name) {
            proof.append(name.clone(), value.clone());
        }
    }
    let token = cookie(headers, ACCESS_COOKIE).map(|token| format!("{ACCESS_COOKIE}={token}"));
    if let Some(Ok(value)) = token.map(|token| HeaderValue::from_str(&token)) {
        proof.insert(header::COOKIE, value);
    }
    proof
}

/// What the other side hears when something is not done: the same envelope as over HTTP.
fn trouble(code: &str, message: &str, correlation_id: &str) -> ProblemBody {
    ProblemBody {
        code: code.to_owned(),
        message: message.to_owned(),
        details: serde_json::json!({}),
        correlation_id: correlation_id.to_owned(),
    }
}

/// The same for what was refused at the door.
async fn refusal(problem: &Problem, correlation_id: &str) -> ProblemBody {
    let (head, body) = envelope(problem, correlation_id).into_parts();
    follow::problem_of(head.status, body).await
}
