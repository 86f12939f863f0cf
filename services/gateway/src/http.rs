//! What the door says of itself: how the platform does, which routes there are, which instances are called.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::auth::Permission;
use kernel::http::{Answer, Answering, Caller, Ctx, Problem, envelope};
use kernel::service::Running;
use maud::{DOCTYPE, Markup, html};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::known::Known;
use crate::route::Tier;
use crate::routing::Routing;
use crate::upstreams::Upstreams;

/// To see how the door works.
const READ: Permission = Permission::new("gateway:read");

/// What the door's own routes look at.
#[derive(Clone)]
pub struct Standing {
    /// Services of this process.
    pub here: Arc<[&'static str]>,
    /// Services elsewhere.
    pub upstreams: Upstreams,
    /// What is known.
    pub known: Arc<Known>,
    /// All routes.
    pub routing: Routing,
}

/// How the platform does.
#[derive(Serialize, ToSchema)]
struct StatusView {
    /// `ok`, or `degraded` when a service does not answer.
    #[schema(example = "ok")]
    status: &'static str,
    /// Each service.
    services: Vec<ServiceStatus>,
}

/// How one service does.
#[derive(Serialize, ToSchema)]
struct ServiceStatus {
    /// Which.
    #[schema(example = "identity")]
    service: String,
    /// `up`, `degraded` when some of its instances are not called, or `down`.
    #[schema(example = "up")]
    status: &'static str,
    /// How many of its instances are called.
    #[schema(example = 1)]
    instances: usize,
}

/// All routes of the platform.
#[derive(Serialize, ToSchema)]
struct RoutesView {
    /// Each of them, by path.
    data: Vec<RouteView>,
}

/// One route.
#[derive(Serialize, ToSchema)]
struct RouteView {
    /// The service that answers.
    service: String,
    /// By which method.
    method: String,
    /// At which path.
    path: String,
    /// Which limit holds for it: `auth`, `otp`, `write`, `read` or `webhook`.
    tier: String,
    /// Whether nobody needs to say who they are.
    public: bool,
    /// Whether it is for administrators.
    admin: bool,
}

/// What is called, and what is known.
#[derive(Serialize, ToSchema)]
struct DoorView {
    /// Services of this process, called as functions.
    here: Vec<String>,
    /// Services in other processes.
    elsewhere: Vec<ElsewhereView>,
    /// How many API keys are known.
    keys: usize,
    /// How many sessions are refused though their tokens have not expired.
    ended_sessions: usize,
    /// How many projects are known.
    projects: usize,
}

/// One service in other processes.
#[derive(Serialize, ToSchema)]
struct ElsewhereView {
    /// Which.
    service: String,
    /// `closed` when calls pass, `open` when they are refused, `half_open` when a few are tried.
    breaker: String,
    /// Its instances.
    instances: Vec<InstanceView>,
}

/// One instance.
#[derive(Serialize, ToSchema)]
struct InstanceView {
    /// Where it answers.
    address: String,
    /// Calls that run now.
    in_flight: usize,
    /// Whether it is left out for a while because it failed.
    ejected: bool,
}

/// All routes.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .routes(routes!(get_status))
        .routes(routes!(open_socket))
        .routes(routes!(list_routes))
        .routes(routes!(get_door))
        .merge(crate::front::graphql::routes())
}

/// Says how the platform does: JSON, or a page for people.
#[utoipa::path(get, path = "/api/v1/status", tag = "gateway", security(()),
    responses((status = 200, description = "How each service does.", body = StatusView)))]
async fn get_status(standing: Option<Extension<Standing>>, headers: HeaderMap) -> Response {
    let status =
        standing.map_or_else(|| StatusView { status: "ok", services: Vec::new() }, |on| on.0.status());
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("text/html")) {
        return Html(status_page(&status)).into_response();
    }
    axum::Json(status).into_response()
}

/// Opens a socket: STOMP 1.0 to 1.2 over WebSocket, `v12.stomp`, `v11.stomp` and `v10.stomp`.
///
/// CONNECT carries `authorization: Bearer ...` or `x-api-key`, or the socket is opened with a browser's session cookie
/// from one of our own pages. The `destination` of SUBSCRIBE is the path of any route that answers with
/// `text/event-stream`; each of its events is a MESSAGE. Nothing can be sent. See the guide to live routes.
// The door answers a request that asks for a WebSocket before it comes here.
#[utoipa::path(get, path = "/ws", tag = "gateway", security(()),
    responses((status = 101, description = "From here on it is a socket."),
        (status = 426, description = "The request asks for no WebSocket.", body = ref("#/components/schemas/Problem"),
            example = json!({"code": "upgrade_required", "message": "this is a WebSocket that speaks STOMP",
                "details": {}, "correlation_id": "5f0c7a9de1b24c06"}))))]
async fn open_socket(headers: HeaderMap) -> Response {
    let message = "this is a WebSocket (RFC 6455, version 13, over HTTP/1.1) that speaks STOMP";
    let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", message);
    let correlation_id = headers.get("x-correlation-id").and_then(|value| value.to_str().ok());
    let mut answer = envelope(&problem, correlation_id.unwrap_or_default());
    let asked = [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
    ];
    answer.headers_mut().extend(asked);
    answer
}

/// Lists the routes of all services.
#[utoipa::path(get, path = "/api/v1/gateway/routes", tag = "gateway",
    responses((status = 200, description = "All routes.", body = RoutesView)))]
async fn list_routes(_ctx: Ctx, caller: Caller, standing: Option<Extension<Standing>>) -> Answer<RoutesView> {
    caller.require_system(READ, "looking at the door")?;
    let ways = standing.map(|on| on.0.routing.now());
    let mut data: Vec<RouteView> =
        ways.iter().flat_map(|ways| ways.table.iter().map(RouteView::from)).collect();
    data.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
    Ok::<_, Problem>(RoutesView { data }).answered()
}

/// Says which instances are called, and how much is known.
#[utoipa::path(get, path = "/api/v1/gateway/door", tag = "gateway",
    responses((status = 200, description = "What is called and known.", body = DoorView)))]
async fn get_door(_ctx: Ctx, caller: Caller, standing: Option<Extension<Standing>>) -> Answer<DoorView> {
    caller.require_system(READ, "looking at the door")?;
    let Some(Extension(standing)) = standing else {
        return Err(Problem::not_found("door in this process"));
    };
    let (keys, ended_sessions, projects) = standing.known.counts();
    let here = standing.here.iter().map(|name| (*name).to_owned()).collect();
    let elsewhere = standing.upstreams.states().into_iter().map(|state| ElsewhereView {
        service: state.service,
        breaker: state.breaker.to_owned(),
        instances: state
            .instances
            .into_iter()
            .map(|one| InstanceView { address: one.address, in_flight: one.in_flight, ejected: one.ejected })
            .collect(),
    });
    Ok::<_, Problem>(DoorView { here, elsewhere: elsewhere.collect(), keys, ended_sessions, projects })
        .answered()
}

impl Standing {
    fn status(&self) -> StatusView {
        let here = self.here.iter().map(|name| ((*name).to_owned(), ("up", 1)));
        let elsewhere = self.upstreams.states().into_iter().map(|state| {
            let called = state.instances.iter().filter(|instance| !instance.ejected).count();
            let status = match called {
                0 => "down",
                _ if state.breaker != "closed" => "down",
                some if some < state.instances.len() => "degraded",
                _ => "up",
            };
            (state.service, (status, called))
        });
        let ways = self.routing.now();
        let routed = ways.table.iter().map(|route| (route.service.to_string(), ("down", 0)));
        // A service that runs here is not asked for elsewhere, and one that is nowhere is down.
        let by_name: BTreeMap<String, (&str, usize)> = routed.chain(elsewhere).chain(here).collect();
        let services: Vec<ServiceStatus> = by_name
            .into_iter()
            .map(|(service, (status, instances))| ServiceStatus { service, status, instances })
            .collect();
        let all_up = services.iter().all(|service| service.status == "up");
        StatusView { status: if all_up { "ok" } else { "degraded" }, services }
    }
}

impl From<&crate::route::Route> for RouteView {
    fn from(route: &crate::route::Route) -> Self {
        let tier = match route.tier {
            Tier::Auth => "auth",
            Tier::Otp => "otp",
            Tier::Write => "write",
            Tier::Read => "read",
            Tier::Webhook => "webhook",
        };
        Self {
            service: route.service.to_string(),
            method: route.method.to_string(),
            path: route.path.clone(),
            tier: tier.to_owned(),
            public: route.public,
            admin: route.admin,
        }
    }
}

fn status_page(status: &StatusView) -> String {
    let sentence =
        if status.status == "ok" { "All services answer." } else { "Some services do not answer." };
    let content = html! {
        h1 { (sentence) }
        table {
            thead { tr { th scope="col" { "service" } th scope="col" { "status" } th scope="col" { "instances" } } }
            tbody { @for service in &status.services {
                tr { td { (service.service) } td { (service.status) } td { (service.instances) } }
            } }
        }
    };
    page("How Stoa does", &content)
}

/// A page of the door's own, with this title.
pub fn page(title: &str, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { "body{font:16px/1.5 system-ui;max-width:60rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}\
                         table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem;border-bottom:1px solid #8884;\
                         vertical-align:top;overflow-wrap:anywhere}pre{overflow:auto;padding:1rem;border:1px solid #8884}" }
            }
            body { main { (content) } }
        }
    };
    page.into_string()
}
