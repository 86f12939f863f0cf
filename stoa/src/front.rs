//! How the services of this process are reached: through the gateway where it runs here, else each at its own paths.

use std::collections::HashMap;
use std::time::Duration;

use axum::Router;
use gateway::upstreams::{Tuning, Upstreams};
use gateway::{Behind, Documents, Front, Routing};
use kernel::config::{Mode, Settings};
use kernel::http::{Health, surround, with_fallback};
use kernel::ids::Ids;
use kernel::keys::signer;
use kernel::service::{Running, Service};
use kernel::store::Store;
use serde_json::Value;

use crate::faces::Faces;
use crate::keys::TokenKeys;
use crate::pages::Api;
use crate::platform::{Failure, INTERNAL_FILE, keys_directory};
use crate::{doors, gallery, pages, sandbox_routes, services, settings};

/// What is served.
pub struct Served {
    /// All of it.
    pub routes: Router,
    /// The door, where it stands in this process.
    pub front: Option<Front>,
}

/// 100 × 10 ms: a second.
const HEARING_LOOKS: u32 = 100;
const HEARING_PAUSE: Duration = Duration::from_millis(10);
/// What identity said last of its keys, for a gateway that starts while identity is away.
const REMEMBERED_KEYS: &str = "issuer.json";

/// Everything that this process answers.
pub fn served(
    running: &[Running],
    health: &Health,
    settings: &Settings,
    keys: &TokenKeys,
) -> Result<Served, Failure> {
    if let Some(identity) = running.iter().find(|service| service.name() == "identity") {
        keys.issued_here(identity.store().clone());
    }
    let here: HashMap<&'static str, Router> =
        running.iter().map(|service| (service.name(), service.routes().0)).collect();
    let Some(gateway) = running.iter().find(|service| service.name() == "gateway") else {
        let documents =
            running.iter().map(|service| (service.name().to_owned(), service.routes().1)).collect();
        let all = here.into_values().fold(Router::new(), Router::merge);
        return Ok(Served { routes: rest(all, running, Api::of(documents), health, settings), front: None });
    };
    let faces = Faces::of(settings, gateway.store().clock());
    let routing = Routing::new(built_in).map_err(|error| Failure::Other(error.to_string()))?;
    let upstreams = Upstreams::new(Tuning::default(), Some(doors::inside(settings)?));
    keys.issued_elsewhere(upstreams.clone(), keys_directory(settings).join(REMEMBERED_KEYS));
    let behind = Behind {
        routing: routing.clone(),
        here,
        rest: rest(faces.pages()?, running, Api::Door(routing), health, settings),
        upstreams,
        demo_key: settings.get(&settings::MODE) == Mode::Sandbox,
    };
    let internal = signer(&keys_directory(settings), INTERNAL_FILE)?;
    let front = Front::new(gateway.clone(), behind, internal, settings.get(&settings::ISSUER));
    let routes = front.routes();
    faces.call(routes.clone());
    Ok(Served { routes, front: Some(front) })
}

/// Has the door hear what identity told until now, so that the first request finds what the last start or
/// the demo data left; not for ever, since a broken log must not keep everything shut.
pub async fn hear_all(services: &[Running], logs: &[Store], front: &Front) {
    let gateway = services.iter().find(|service| service.name() == "gateway");
    let identity = logs.iter().find(|log| log.service() == "identity");
    let (Some(gateway), Some(identity)) = (gateway, identity) else { return front.learn().await };
    for _ in 0..HEARING_LOOKS {
        let lag = kernel::events::lag(gateway.store(), identity, gateway.handlers()).await;
        if lag.is_ok_and(|lag| lag.events == 0) {
            break;
        }
        tokio::time::sleep(HEARING_PAUSE).await;
    }
    front.learn().await;
}

/// The door knows the routes of all services, those of other processes included.
fn built_in() -> Documents {
    services::all().iter().filter_map(document).collect()
}

fn document(service: &Service) -> Option<(String, Value)> {
    Some((service.name().to_owned(), service.document()?))
}

/// What belongs to no service: health, pages, the sandbox.
fn rest(all: Router, running: &[Running], api: Api, health: &Health, settings: &Settings) -> Router {
    let mode = settings.get(&settings::MODE);
    let names = running.iter().map(Running::name).collect();
    let sandbox = if mode == Mode::Sandbox { sandbox_routes::routes(running) } else { Router::new() };
    let pages = pages::routes(names, api, mode);
    let edge = kernel::service::edge("stoa", settings, &Ids::new());
    let own = surround(pages.merge(sandbox).merge(gallery::routes()), edge.clone());
    with_fallback(health.routes().merge(all).merge(own), edge)
}
