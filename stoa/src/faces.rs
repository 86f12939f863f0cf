//! The web faces at the platform's own door: they call the API in this process, as any client would.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use client::Client;
use http::{HeaderName, Request};
use http_body_util::Full;
use kernel::clock::Clock;
use kernel::config::Settings;
use kernel::http::{ClientAddress, Entrance};

use crate::platform::Failure;
use crate::settings;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The faces that the settings ask for, and the door that they call once that stands.
pub struct Faces {
    settings: Settings,
    clock: Clock,
    door: Arc<OnceLock<Router>>,
}

impl Faces {
    /// What the settings ask for, by the clock of this process.
    pub fn of(settings: &Settings, clock: &Clock) -> Self {
        Self { settings: settings.clone(), clock: clock.clone(), door: Arc::default() }
    }

    /// Their pages; none where there is no face.
    pub fn pages(&self) -> Result<Router, Failure> {
        let mut pages = Router::new();
        if let Some(key) = self.settings.get(&settings::STOREFRONT_KEY) {
            let api = self.api().api_key(key.expose()).map_err(|error| Failure::Other(error.to_string()))?;
            pages = pages.merge(storefront::routes(storefront::settings::shop(&self.settings, api)));
        }
        if let Some(wallet) = wallet_app::settings::wallet(&self.settings, self.api()) {
            pages = pages.merge(wallet_app::routes(wallet, self.clock.clone()));
        }
        Ok(pages)
    }

    /// Their calls go to this door from now on.
    pub fn call(&self, door: Router) {
        // It is mounted once.
        let _ = self.door.set(door);
    }

    fn api(&self) -> Client {
        let door = Arc::clone(&self.door);
        Client::inside(tower::service_fn(move |request: Request<Full<Bytes>>| {
            let door = door.get().cloned().unwrap_or_default();
            async move { Ok::<_, Infallible>(answer(door, request.map(Body::new)).await) }
        }))
    }
}

/// What the door answers. A call comes from where the visitor is, for whom the face speaks.
async fn answer(door: Router, mut request: Request<Body>) -> Response {
    let visitor = request.headers_mut().remove(FORWARDED_FOR);
    let address = visitor.as_ref().and_then(|value| value.to_str().ok()?.parse().ok());
    if let Some(address) = address {
        request.extensions_mut().insert(ClientAddress(address));
    }
    door.answer(request).await
}
