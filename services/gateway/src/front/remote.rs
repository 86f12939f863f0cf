//! Services in other processes: where they are, what is sent along, and what a failure is called.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use kernel::http::{CLIENT_ADDRESS, INTERNAL_CALLER, Problem};
use kernel::service::{ENVIRONMENT, Running};
use tokio::time::Instant;

use super::{Front, Visit};
use crate::known::Known;
use crate::route::Route;
use crate::settings;
use crate::upstreams::{InstanceAddress, Rules, Trouble, Upstreams, take_out};

const PROJECT: HeaderName = HeaderName::from_static("x-project-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const CALLER: HeaderName = HeaderName::from_static(INTERNAL_CALLER);
const ADDRESS: HeaderName = HeaderName::from_static(CLIENT_ADDRESS);
/// Who sets the cookies of sessions reads them.
const KEEPER_OF_SESSIONS: &str = "identity";
const TRIES_MAX: u32 = 3;

/// Takes out of a request what only we may say of it.
pub fn strip(headers: &mut HeaderMap) {
    take_out(headers, is_ours);
}

/// Headers that only a gateway may set: from outside they are lies.
fn is_ours(name: &HeaderName) -> bool {
    match name.as_str().strip_prefix("x-") {
        Some(rest) => {
            rest.starts_with("stoa-")
                || matches!(
                    rest,
                    "project-id"
                        | "user-id"
                        | "user-roles"
                        | "forwarded-for"
                        | "forwarded-host"
                        | "forwarded-proto"
                )
        }
        None => matches!(name.as_str(), "forwarded" | "baggage"),
    }
}

impl Front {
    pub(super) async fn call_elsewhere(
        &self,
        route: &Arc<Route>,
        visit: &Visit,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Problem> {
        let headers = request.headers_mut();
        // The proof stays here; what is handed on is our word, which opens nothing outside.
        headers.remove(header::AUTHORIZATION);
        headers.remove("x-api-key");
        if &*route.service != KEEPER_OF_SESSIONS {
            headers.remove(header::COOKIE);
        }
        if let Some(caller) = &visit.caller {
            let now = self.0.service.store().clock().wall();
            let word = self.0.words.word_for(caller, now).ok_or_else(|| {
                Problem::unavailable("unavailable", "the caller cannot be handed on", Duration::from_secs(1))
            })?;
            headers.insert(CALLER, word);
            if let Some(Ok(value)) =
                caller.project().map(|project| HeaderValue::from_str(&project.to_string()))
            {
                headers.insert(PROJECT, value);
            }
        }
        if let Some(word) = self.0.words.word_from(visit.address) {
            headers.insert(ADDRESS, word);
        }
        if let Ok(value) = HeaderValue::from_str(&visit.address.to_string()) {
            headers.insert(FORWARDED_FOR, value);
        }
        let idempotent = route.is_idempotent(headers.contains_key("idempotency-key"));
        let rules = Rules { timeout: route.timeout, tries_max: TRIES_MAX, idempotent };
        let answer = self.0.behind.upstreams.send(&route.service, rules, request).await;
        let mut answer = answer.map_err(|trouble| told(&trouble, &route.service))?;
        strip(answer.headers_mut());
        Ok(answer)
    }
}

/// What the caller hears of a service that did not answer.
fn told(trouble: &Trouble, service: &str) -> Problem {
    let second = Duration::from_secs(1);
    let problem = match trouble {
        Trouble::TimedOut => {
            let message = "the answer took too long; it is not known whether the request was carried out";
            Problem::new(StatusCode::GATEWAY_TIMEOUT, "timed_out", message)
        }
        Trouble::BreakerOpen { retry_after } => {
            Problem::unavailable("unavailable", "this part of the platform is recovering", *retry_after)
        }
        Trouble::NoInstance | Trouble::Full => {
            Problem::unavailable("unavailable", "this part of the platform is busy or away", second)
        }
        Trouble::Broken => Problem::new(
            StatusCode::BAD_GATEWAY,
            "bad_gateway",
            "this part of the platform broke off; it is not known whether the request was carried out",
        ),
    };
    tracing::warn!(service, trouble = %trouble, "a service did not answer");
    problem
}

/// Where all services answer: by the settings, with names looked up, and by the registry.
#[derive(Default)]
pub struct Addresses {
    named: HashMap<String, Vec<String>>,
    /// When names were looked up, and of which text.
    named_at: Option<(Instant, String)>,
    known: HashMap<String, Vec<String>>,
}

impl Addresses {
    /// Looks where services answer now, and has them called there; says whether that is somewhere else than before.
    pub async fn look(&mut self, service: &Running, upstreams: &Upstreams) -> bool {
        let text = service.settings().get(&settings::UPSTREAMS);
        let every = service.settings().get(&settings::NAMES_EVERY);
        if self.named_at.as_ref().is_none_or(|(at, before)| at.elapsed() >= every || *before != text) {
            self.named = looked_up(&text, &self.named).await;
            self.named_at = Some((Instant::now(), text));
        }
        let environment = service.settings().get(&ENVIRONMENT);
        let mut all: HashMap<String, Vec<String>> = match Known::instances(service.store(), environment).await
        {
            Ok(registered) => registered,
            Err(error) => {
                tracing::warn!(%error, "where services are registered cannot be read now");
                self.known.clone()
            }
        };
        for (name, addresses) in &self.named {
            all.entry(name.clone()).or_default().extend(addresses.iter().cloned());
        }
        for (name, addresses) in &mut all {
            addresses.sort_unstable();
            addresses.dedup();
            if self.known.get(name) != Some(addresses) {
                set(upstreams, name, addresses);
            }
        }
        for gone in self.known.keys().filter(|name| !all.contains_key(*name)) {
            set(upstreams, gone, &[]);
        }
        let changed = self.known != all;
        self.known = all;
        changed
    }
}

fn set(upstreams: &Upstreams, service: &str, addresses: &[String]) {
    tracing::info!(service, addresses = addresses.join(" "), "a service answers there from now on");
    let parsed = addresses.iter().filter_map(|text| match text.parse::<InstanceAddress>() {
        Ok(address) => Some(address),
        Err(error) => {
            tracing::warn!(service, address = text, %error, "an instance cannot be called there");
            None
        }
    });
    upstreams.set_instances(service, parsed.collect());
}

/// The addresses that the setting gives each service, names replaced by all that they stand for.
///
/// While names cannot be looked up, a service stays where it was.
async fn looked_up(text: &str, before: &HashMap<String, Vec<String>>) -> HashMap<String, Vec<String>> {
    let mut found = HashMap::new();
    for (name, addresses) in text.split(',').filter_map(|part| part.split_once('=')) {
        let (name, mut all) = (name.trim(), Vec::new());
        for address in addresses.split_whitespace() {
            match each_address(address).await {
                Some(addresses) => all.extend(addresses),
                None => all.extend(before.get(name).into_iter().flatten().cloned()),
            }
        }
        found.insert(name.to_owned(), all);
    }
    found
}

/// `http://audit:8088` is every address that `audit` has now; over TLS the name is kept, since the certificate names it.
async fn each_address(text: &str) -> Option<Vec<String>> {
    let as_it_is = || Some(vec![text.to_owned()]);
    let Ok(uri) = text.parse::<Uri>() else { return as_it_is() };
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return as_it_is() };
    if scheme == "https" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok() {
        return as_it_is();
    }
    let port = uri.port_u16().unwrap_or(80);
    match tokio::net::lookup_host((host, port)).await {
        Ok(found) => {
            let found: Vec<SocketAddr> = found.collect();
            Some(found.into_iter().map(|address| format!("{scheme}://{address}")).collect())
        }
        Err(error) => {
            tracing::warn!(name = host, %error, "the name of an upstream cannot be looked up");
            None
        }
    }
}
