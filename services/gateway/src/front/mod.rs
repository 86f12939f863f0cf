//! The way of a request through the door: counted, known, allowed, passed on, told.
//!
//! Read [`Front::through`]: it is the whole way on one page. What each step needs stands in its own file: `limits` and
//! `shared` (how much), `policy` (by which settings), `admit` (who), `cors` (from which pages), `words` and `remote` (to
//! services elsewhere), `live/` (the socket), `graphql/` (many reads in one), `log`.

mod admit;
mod bodies;
mod credential;
mod cors;
pub mod graphql;
mod limits;
mod live;
mod log;
mod policy;
mod redis;
mod remote;
mod shared;
mod words;

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::{Extension, Router};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Limited;
use kernel::auth::{CSRF_USE, Caller, Signer, Who};
use kernel::http::{
    ClientAddress, Entrance, Problem, address_marks, compressed, correlation_id, envelope, takes_gzip,
};
use kernel::service::Running;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::graphql::Doorway;
use crate::domain::address::{Networks, caller_address, counted_as};
use crate::http::Standing;
use crate::known::{Known, Project};
use crate::route::{Found, Route, Tier, by_body};
use crate::routing::Routing;
use crate::settings::{self, WhenAway};
use crate::upstreams::Upstreams;
use admit::{Admission, Admitted, unauthenticated};
use bodies::{length_known, with_body};
use limits::{Left, Over};
use live::Sockets;
use policy::Policy;
use remote::Addresses;
use shared::Shared;
use words::Words;

pub use redis::Place;

/// The door of a process. Clones are the same door.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

/// What stands behind the door.
pub struct Behind {
    /// All routes there are, and what can be asked for at `/graphql`.
    pub routing: Routing,
    /// The services of this process, called as functions.
    pub here: HashMap<&'static str, Router>,
    /// What belongs to no service: pages, health.
    pub rest: Router,
    /// Services in other processes.
    pub upstreams: Upstreams,
    /// Whether the well-known key of the demo is taken.
    pub demo_key: bool,
}

/// What clones of a door share.
pub struct Inner {
    service: Running,
    behind: Behind,
    words: Words,
    known: Arc<Known>,
    admission: Admission,
    shared: Option<Shared>,
    addresses: tokio::sync::Mutex<Addresses>,
    /// Services answer somewhere else, so they may have other routes.
    moved: tokio::sync::Notify,
    policy: RwLock<Arc<Policy>>,
    sockets: Sockets,
}

/// One request on its way: what is known of it so far, and what will be told of it.
struct Visit {
    started: Instant,
    method: Method,
    address: IpAddr,
    correlation_id: String,
    origin: Option<HeaderValue>,
    route: Option<Arc<Route>>,
    caller: Option<Arc<Caller>>,
    project: Option<Arc<Project>>,
    left: Left,
    over: Option<Over>,
}

const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
const ADDRESSES_EVERY: Duration = Duration::from_millis(500);
const ROUTES_EVERY: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// 300 × 200 ms: each minute all is looked at anew.
const LOOKS_UNTIL_ANEW: u32 = 300;
/// 25 × 200 ms.
const LOOKS_UNTIL_TOLD: u32 = 25;

impl Front {
    /// The door before `behind`, kept by the gateway `service`; `signer` signs who calls.
    pub fn new(service: Running, mut behind: Behind, signer: Signer, issuer: String) -> Self {
        let keyring = &service.store().keys().keyring;
        let known = Arc::new(Known::new(keyring.macs(b"api key")));
        let standing = Standing {
            here: behind.here.keys().copied().collect(),
            upstreams: behind.upstreams.clone(),
            known: Arc::clone(&known),
            routing: behind.routing.clone(),
        };
        let admission = Admission {
            verifier: Arc::clone(service.verifier()),
            known: Arc::clone(&known),
            csrf: keyring.macs(CSRF_USE),
            demo_key: behind.demo_key,
        };
        let policy = RwLock::new(Arc::new(Policy::of(&service)));
        let words = Words::new(signer, issuer, address_marks(keyring));
        let shared = service.settings().get(&settings::REDIS_URL).map(Shared::at);
        let addresses = tokio::sync::Mutex::default();
        let moved = tokio::sync::Notify::new();
        let sockets = Sockets::default();
        Self(Arc::new_cyclic(|door| {
            if let Some(own) = behind.here.remove(service.name()) {
                let own = own.layer(Extension(standing)).layer(Extension(Doorway(door.clone())));
                behind.here.insert(service.name(), own);
            }
            Inner { service, behind, words, known, admission, shared, addresses, moved, policy, sockets }
        }))
    }

    /// The door as routes, for those who call it within the process.
    pub fn routes(&self) -> Router {
        let door = self.clone();
        Router::new().fallback_service(tower::service_fn(move |request: Request<Body>| {
            let door = door.clone();
            async move { Ok::<_, Infallible>(door.through(request).await) }
        }))
    }

    /// Learns what was heard until now: before the first request is taken.
    pub async fn learn(&self) {
        self.look(true).await;
        self.look_for_addresses().await;
        let now = self.0.service.store().clock().wall();
        self.0.admission.verifier.learn_keys(now).await;
    }

    async fn look_for_addresses(&self) {
        if self.0.addresses.lock().await.look(&self.0.service, &self.0.behind.upstreams).await {
            self.0.moved.notify_one();
        }
    }

    /// Asks services in other processes which routes they have now.
    pub async fn look_for_routes(&self) {
        let here: Vec<&str> = self.0.behind.here.keys().copied().collect();
        self.0.behind.routing.look(&self.0.behind.upstreams, &here).await;
    }

    /// Whether limits are shared with other gateways at this moment.
    pub async fn shares_limits(&self) -> bool {
        match &self.0.shared {
            Some(shared) => shared.spend(&[]).await.is_ok(),
            None => false,
        }
    }

    /// Keeps what is known and set up to date until `stop` changes.
    pub fn start(&self, stop: &watch::Receiver<bool>, tasks: &mut JoinSet<()>) {
        let (door, mut stopped) = (self.clone(), stop.clone());
        tasks.spawn(async move {
            let mut looks = 0_u32;
            while !*stopped.borrow() {
                tokio::select! { _ = stopped.changed() => {}, () = tokio::time::sleep(LOOK_EVERY) => {} }
                looks = looks.wrapping_add(1);
                door.look(looks.is_multiple_of(LOOKS_UNTIL_ANEW)).await;
                if looks.is_multiple_of(LOOKS_UNTIL_TOLD)
                    && let Err(error) = door.0.known.tell_used(door.0.service.store()).await
                {
                    tracing::warn!(%error, "which keys were used is not told");
                }
            }
        });
        let (door, mut stopped) = (self.clone(), stop.clone());
        let mut changes = self.0.service.settings().changes();
        tasks.spawn(async move {
            while !*stopped.borrow() {
                tokio::select! {
                    _ = stopped.changed() => {}
                    changed = changes.changed() => {
                        if changed.is_err() { return; }
                        *door.0.policy.write().unwrap_or_else(PoisonError::into_inner) =
                            Arc::new(Policy::of(&door.0.service));
                        tracing::info!("the door keeps to its new settings");
                    }
                }
            }
        });
        let (door, mut stopped) = (self.clone(), stop.clone());
        tasks.spawn(async move {
            while !*stopped.borrow() {
                tokio::select! { _ = stopped.changed() => {}, () = tokio::time::sleep(ADDRESSES_EVERY) => {} }
                door.look_for_addresses().await;
            }
        });
        let (door, mut stopped) = (self.clone(), stop.clone());
        tasks.spawn(async move {
            while !*stopped.borrow() {
                door.look_for_routes().await;
                tokio::select! {
                    _ = stopped.changed() => {}
                    () = door.0.moved.notified() => {}
                    () = tokio::time::sleep(ROUTES_EVERY) => {}
                }
            }
        });
        let (door, mut stopped) = (self.clone(), stop.clone());
        tasks.spawn(async move {
            // A channel without senders says the same: it is over.
            let _ = stopped.wait_for(|stop| *stop).await;
            door.0.sockets.end().await;
        });
    }

    fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.0.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn look(&self, anew: bool) {
        if let Err(error) = self.0.known.look(self.0.service.store(), anew).await {
            tracing::warn!(%error, "what is known at the door grows old");
        }
    }

    /// The way of one request.
    pub(crate) async fn through(&self, mut request: Request<Body>) -> Response<Body> {
        let policy = self.policy();
        let mut visit = self.arrive(&policy, &mut request);
        let gzip = takes_gzip(request.headers());
        let outcome = self.pass(&policy, &mut visit, request).await;
        let mut response = outcome.unwrap_or_else(|problem| self.refuse(&visit, &problem));
        match &visit.over {
            Some(over) => over.tell(response.headers_mut()),
            None => visit.left.tell(response.headers_mut()),
        }
        let project = visit.project.as_deref();
        cors::admit_page(
            visit.origin.as_ref(),
            &policy.origins,
            project,
            &self.0.known,
            response.headers_mut(),
        );
        log::note(policy.access_log, &visit, response.status());
        // The length of a compressed secret says something of it to whoever chose what stands beside it.
        let gzip =
            gzip && !visit.route.as_ref().is_some_and(|route| matches!(route.tier, Tier::Auth | Tier::Otp));
        compressed(gzip, response)
    }

    /// What is known when a request arrives; what only we may say of it is taken out of its headers.
    fn arrive(&self, policy: &Policy, request: &mut Request<Body>) -> Visit {
        let started = Instant::now();
        let peer = request
            .extensions()
            .get::<ClientAddress>()
            .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0);
        // A proxy may add a line of its own below the one that the client wrote.
        let hops =
            request.headers().get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or("?"));
        let address = caller_address(peer, hops, &policy.trusted);
        let correlation_id = correlation_id(request.headers(), self.0.service.store().ids());
        let origin = request.headers().get(header::ORIGIN).cloned();
        remote::strip(request.headers_mut());
        if let Ok(value) = HeaderValue::from_str(&correlation_id) {
            request.headers_mut().insert(CORRELATION, value);
        }
        request.extensions_mut().insert(ClientAddress(address));
        Visit {
            started,
            method: request.method().clone(),
            address,
            correlation_id,
            origin,
            route: None,
            caller: None,
            project: None,
            left: Left::default(),
            over: None,
        }
    }

    async fn pass(
        &self,
        policy: &Policy,
        visit: &mut Visit,
        request: Request<Body>,
    ) -> Result<Response<Body>, Problem> {
        let ways = self.0.behind.routing.now();
        let found = ways.table.find(&visit.method, request.uri().path());
        let counted = counted_as(visit.address);
        let arrived = policy.limits.arriving(counted, found.tier(), visit.started, &mut visit.left);
        arrived.map_err(|over| visit.stop(over))?;
        let asks_for_a_page =
            cors::preflight(&visit.method, request.headers(), &policy.origins, &self.0.known);
        if let Some(answer) = asks_for_a_page {
            return Ok(answer);
        }
        let mut request = request;
        match found {
            Found::OtherMethods => {
                let message = "this path does not take this method";
                return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message));
            }
            Found::Nothing => request = self.admit(policy, visit, request).await?,
            Found::One(route) => {
                visit.route = Some(Arc::clone(route));
                request = self.admit(policy, visit, request).await?;
            }
            // Who may come is the same for all of them, so nobody else's body is read.
            Found::ByBody(routes) => {
                visit.route = routes.first().map(|route| Arc::clone(route));
                let (whole, body) = with_body(self.admit(policy, visit, request).await?).await?;
                visit.route = by_body(&routes, &body).cloned();
                request = whole;
            }
        }
        self.answered(policy, visit, request).await
    }

    /// Has whoever's route it is answer.
    async fn answered(
        &self,
        policy: &Policy,
        visit: &Visit,
        request: Request<Body>,
    ) -> Result<Response<Body>, Problem> {
        match &visit.route {
            None => Ok(self.0.behind.rest.clone().answer(request).await),
            Some(route) if route.path == live::PATH && live::is_asked_for(&request) => {
                self.open_socket(policy, visit, request)
            }
            Some(route) => {
                let proof =
                    (route.is_live() && visit.caller.is_some()).then(|| live::proof_of(request.headers()));
                let answer = match self.0.behind.here.get(route.service.as_ref()) {
                    // A service of this process: a function call.
                    Some(service) => service.clone().answer(request).await,
                    None => self.call_elsewhere(route, visit, request).await?,
                };
                Ok(match proof {
                    Some(proof) if answer.status().is_success() => self.while_proven(proof, answer),
                    _ => answer,
                })
            }
        }
    }

    /// Finds out who sends a request, counts it as theirs, and whether they may send it here at all.
    async fn admit(
        &self,
        policy: &Policy,
        visit: &mut Visit,
        mut request: Request<Body>,
    ) -> Result<Request<Body>, Problem> {
        let (route, counted) = (visit.route.clone(), counted_as(visit.address));
        let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if length.and_then(|text| text.parse::<u64>().ok()).is_some_and(|bytes| bytes > policy.body_max) {
            let message = format!("a body may have at most {} bytes", policy.body_max);
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message));
        }
        let wall = self.0.service.store().clock().wall();
        let admitted = self.0.admission.admit(&visit.method, request.headers(), wall).await;
        // Whoever signs in or out may still have an old cookie. Pages are for anybody: their forms prove themselves.
        let public = route.as_ref().is_none_or(|route| route.public);
        let Admitted { caller, project } = match admitted {
            Err(problem) if public && (route.is_none() || problem.status() != StatusCode::FORBIDDEN) => {
                tracing::debug!(code = problem.code(), "a bad credential where none is needed");
                request.headers_mut().remove(header::AUTHORIZATION);
                Admitted::default()
            }
            admitted => admitted?,
        };
        (visit.caller, visit.project) = (caller, project);
        if visit.caller.is_none() && !public {
            return Err(unauthenticated("say who you are, with a bearer token or an API key"));
        }
        if let Some(route) = &route {
            self.count(policy, visit, route.tier, counted).await?;
            if route.admin {
                visit.may_administer(policy)?;
            }
        }
        if let Some(caller) = &visit.caller {
            request.extensions_mut().insert(Arc::clone(caller));
        }
        let body_max = usize::try_from(policy.body_max).unwrap_or(usize::MAX);
        Ok(if length_known(&request) {
            request
        } else {
            request.map(|body| Body::new(Limited::new(body, body_max)))
        })
    }

    /// Counts a request of a known caller, here and, where limits are shared, with all other gateways.
    async fn count(
        &self,
        policy: &Policy,
        visit: &mut Visit,
        tier: Tier,
        address: u128,
    ) -> Result<(), Problem> {
        let project = visit.caller.as_ref().and_then(|caller| caller.project());
        let caller = visit.caller.as_ref().map_or(address, |caller| number_of(caller));
        let admitted = policy.limits.admitted(caller, project, tier, visit.started, &mut visit.left);
        admitted.map_err(|over| visit.stop(over))?;
        let Some(shared) = &self.0.shared else { return Ok(()) };
        let spent = policy.limits.spent(address, caller, project.map(contracts::Id::as_u128), tier);
        match (shared.spend(&spent).await, policy.when_away) {
            (Ok(spent), _) => spent.map_err(|over| visit.stop(over)),
            (Err(_), WhenAway::Open) => Ok(()),
            (Err(away), WhenAway::Closed) => {
                Err(Problem::unavailable("limits_unavailable", away.to_string(), Duration::from_secs(1)))
            }
        }
    }

    fn refuse(&self, visit: &Visit, problem: &Problem) -> Response<Body> {
        if let Some(cause) = problem.cause() {
            tracing::error!(correlation.id = visit.correlation_id, cause, "a request failed at the door");
        }
        let mut response = envelope(problem, &visit.correlation_id);
        if let Ok(value) = HeaderValue::from_str(&visit.correlation_id) {
            response.headers_mut().insert(CORRELATION, value);
        }
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl Entrance for Front {
    async fn answer(self, request: Request<Body>) -> Response<Body> {
        self.through(request).await
    }
}

impl Visit {
    fn stop(&mut self, over: Over) -> Problem {
        self.over = Some(over);
        over.problem()
    }

    fn may_administer(&self, policy: &Policy) -> Result<(), Problem> {
        let of_project = self.project.as_ref().map(|project| &project.admin_addresses);
        let shut_out = |networks: &Networks| !networks.is_empty() && !networks.have(self.address);
        if shut_out(&policy.admin_addresses) || of_project.is_some_and(shut_out) {
            let message = "administrators may not call from your address";
            return Err(Problem::new(StatusCode::FORBIDDEN, "address_not_allowed", message));
        }
        Ok(())
    }
}

/// A number that no other caller has.
fn number_of(caller: &Caller) -> u128 {
    use contracts::Id;
    match &caller.who {
        Who::User(user) => user.as_u128(),
        Who::Key(key) => key.as_u128(),
        Who::Service(name) => {
            name.bytes().fold(0, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_01b3))
        }
    }
}
