//! Whose signatures open the door: those of identity, wherever it runs, and in the sandbox those of `stoa token`.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use gateway::upstreams::{Rules, Upstreams};
use http::Request;
use http_body_util::{BodyExt, Limited};
use kernel::auth::{Fetched, Jwk, JwkSet, KeySource};
use kernel::outside::{Call, Provider};
use kernel::store::Store;

/// The keys of this installation: the issuer is found once the services are open.
#[derive(Clone, Default)]
pub struct TokenKeys {
    own: Vec<Jwk>,
    issuer: Arc<OnceLock<Issuer>>,
}

/// Where the issuer's keys are asked for.
enum Issuer {
    /// In this process.
    Here(Store),
    /// In another one, which may be away: what it said last stands in a file.
    Elsewhere(Upstreams, PathBuf),
}

/// Keys that another issuer publishes.
pub struct RemoteKeys {
    /// Where.
    pub url: String,
    /// Calls it.
    pub provider: Provider,
}

const TIMEOUT: Duration = Duration::from_secs(5);
const KEYS_PATH: &str = "/.well-known/jwks.json";
const KEYS_BYTES_MAX: usize = 64 * 1024;

impl TokenKeys {
    /// Keys of our own beside those of the issuer.
    pub fn with(own: Vec<Jwk>) -> Self {
        Self { own, issuer: Arc::default() }
    }

    /// Identity runs here, on this database.
    pub fn issued_here(&self, identity: Store) {
        // Told once, by whoever opened the services.
        let _ = self.issuer.set(Issuer::Here(identity));
    }

    /// Identity runs elsewhere; `file` keeps what it said last.
    pub fn issued_elsewhere(&self, upstreams: Upstreams, file: PathBuf) {
        let _ = self.issuer.set(Issuer::Elsewhere(upstreams, file));
    }
}

impl KeySource for TokenKeys {
    fn fetch(&self) -> Fetched {
        let Self { own, issuer } = self.clone();
        Box::pin(async move {
            let issued = match issuer.get() {
                None => JwkSet::default(),
                Some(Issuer::Here(identity)) => {
                    identity::published_keys(identity).await.map_err(|error| error.to_string())?
                }
                Some(Issuer::Elsewhere(upstreams, file)) => asked_or_remembered(upstreams, file).await?,
            };
            Ok(JwkSet { keys: own.into_iter().chain(issued.keys).collect() })
        })
    }
}

async fn asked_or_remembered(upstreams: &Upstreams, file: &PathBuf) -> Result<JwkSet, String> {
    match ask(upstreams).await {
        Ok(bytes) => {
            let keys = parsed(&bytes)?;
            if let Err(error) = tokio::fs::write(file, &bytes).await {
                tracing::warn!(%error, "the issuer's keys are not remembered for a time when it is away");
            }
            Ok(keys)
        }
        Err(why) => match tokio::fs::read(file).await {
            Ok(bytes) => {
                tracing::warn!(why, "identity is away; its keys are those that it had last");
                parsed(&bytes)
            }
            Err(_) => Err(why),
        },
    }
}

async fn ask(upstreams: &Upstreams) -> Result<Bytes, String> {
    let request = Request::get(KEYS_PATH).body(Body::empty()).map_err(|error| error.to_string())?;
    let rules = Rules { timeout: TIMEOUT, tries_max: 3, idempotent: true };
    let answer = upstreams.send("identity", rules, request).await.map_err(|trouble| trouble.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("identity answers {}", answer.status()));
    }
    let body = Limited::new(answer.into_body(), KEYS_BYTES_MAX).collect().await;
    body.map(http_body_util::Collected::to_bytes).map_err(|error| error.to_string())
}

fn parsed(bytes: &[u8]) -> Result<JwkSet, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

impl KeySource for RemoteKeys {
    fn fetch(&self) -> Fetched {
        let (url, provider) = (self.url.clone(), self.provider.clone());
        Box::pin(async move {
            let request = Request::get(&url).body(Bytes::new()).map_err(|error| error.to_string())?;
            let call = Call { timeout: TIMEOUT, idempotent: true, ..Call::default() };
            let answer = provider.send(request, call).await.map_err(|error| error.to_string())?;
            if !answer.status().is_success() {
                return Err(format!("the issuer answers {}", answer.status()));
            }
            parsed(answer.body())
        })
    }
}
