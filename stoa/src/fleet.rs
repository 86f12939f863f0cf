//! Telling the registry where the services of this process answer, again and again, until the process goes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use kernel::auth::{Caller, Permissions, Signer, TokenType, Who};
use kernel::clock::Clock;
use kernel::config::Settings;
use kernel::http::{Health, INTERNAL_CALLER};
use kernel::keys::signer;
use kernel::outside::{Call, Outside, OutsideSettings, Provider};
use kernel::service::{ENVIRONMENT, Running};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::platform::{Failure, INTERNAL_AUDIENCE, INTERNAL_FILE, keys_directory};
use crate::settings;

/// This process, as the registry knows it.
struct Member {
    registry: String,
    address: String,
    instance: String,
    issuer: String,
    signer: Signer,
    provider: Provider,
    services: Vec<Running>,
}

/// A third of the registry's lease: two may be lost on the way.
const EVERY: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(3);
const WORD_LIFETIME_S: i64 = 60;

/// Registers the services of this process, if there is a registry elsewhere; `listens_at` is where they answer. That
/// they are about to stop is told at once, so that nobody is sent there any more.
pub fn join(
    settings: &Settings,
    services: &[Running],
    listens_at: &str,
    health: &Health,
    stop: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> Result<(), Failure> {
    let Some(registry) = settings.get(&settings::REGISTRY_URL) else { return Ok(()) };
    let outside = Outside::new(OutsideSettings::default())
        .map_err(|error| Failure::Other(format!("no TLS for the registry: {error}")))?;
    let advertised = settings.get(&settings::ADVERTISE).unwrap_or_else(|| listens_at.to_owned());
    let member = Arc::new(Member {
        registry: registry.trim_end_matches('/').to_owned(),
        instance: format!("{:016x}", kernel::ids::Ids::new().random()),
        address: advertised,
        issuer: settings.get(&settings::ISSUER),
        signer: signer(&keys_directory(settings), INTERNAL_FILE)?,
        provider: outside.provider("registry"),
        services: services.to_vec(),
    });
    let (mut stop, mut draining) = (stop.clone(), health.draining());
    tasks.spawn(async move {
        while !*stop.borrow() {
            let state = if *draining.borrow_and_update() { "draining" } else { "up" };
            member.tell_all(Method::PUT, state).await;
            tokio::select! {
                _ = stop.changed() => {}
                Ok(()) = draining.changed() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        member.tell_all(Method::DELETE, "down").await;
    });
    Ok(())
}

impl Member {
    async fn tell_all(&self, method: Method, state: &str) {
        for service in &self.services {
            if let Err(why) = self.tell(service, method.clone(), state).await {
                tracing::warn!(
                    service = service.name(),
                    why,
                    "the registry was not told where this service is"
                );
            }
        }
    }

    async fn tell(&self, service: &Running, method: Method, state: &str) -> Result<(), String> {
        let url = format!("{}/api/v1/registry/instances/{}/{}", self.registry, service.name(), self.instance);
        let mut request =
            Request::builder().method(method.clone()).uri(url).header(INTERNAL_CALLER, self.word());
        let mut body = Bytes::new();
        if method == Method::PUT {
            request = request.header(header::CONTENT_TYPE, "application/json");
            let told = json!({ "address": self.address, "version": env!("CARGO_PKG_VERSION"), "state": state,
                "environment": service.settings().get(&ENVIRONMENT), "config_revision": service.settings().heard_revision() });
            body = Bytes::from(told.to_string());
        }
        let request = request.body(body).map_err(|error| error.to_string())?;
        let call = Call { timeout: TIMEOUT, idempotent: true, ..Call::default() };
        let answer = self.provider.send(request, call).await.map_err(|error| error.to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("it answers {}", answer.status())) }
    }

    /// Says that a service of the platform speaks.
    fn word(&self) -> String {
        let now = Clock::system().now();
        let until = now.saturating_add(Duration::from_secs(WORD_LIFETIME_S.unsigned_abs()));
        let who = Who::Service("stoa".to_owned());
        let caller = Caller::new(who, None, Permissions::new(["instances:write"]), until);
        let claims = caller.hand_on(&self.issuer, INTERNAL_AUDIENCE, now, WORD_LIFETIME_S);
        self.signer.sign(&claims, TokenType::Internal)
    }
}
