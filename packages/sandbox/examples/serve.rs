//! Serves the sandbox by itself, on a store that goes with it: `serve 8200 [http://127.0.0.1:9000/hook whsec_x]`.

#![allow(clippy::print_stdout, reason = "where it listens is what it says")]

use std::error::Error;
use std::sync::Arc;

use kernel::auth::{JwkSet, StaticKeys, TokenType, Verifier};
use kernel::clock::Clock;
use kernel::config::Settings;
use kernel::ids::Ids;
use kernel::keys::Keys;
use kernel::outside::{Outside, OutsideSettings};
use kernel::service::{self, Platform};
use kernel::store::{Engine, Surroundings};
use tokio::sync::watch;
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let port: u16 = words.next().map_or(Ok(8200), |word| word.parse())?;
    let hook = words.next().zip(words.next());
    let directory = std::env::temp_dir().join(format!("stoa-sandbox-{}", std::process::id()));
    let sandbox = sandbox::service();
    let declared = service::settings().into_iter().chain(sandbox.declarations().to_vec()).collect();
    let keys = StaticKeys(JwkSet { keys: Vec::new() });
    let platform = Platform {
        settings: Settings::load(declared, None, [], &[])?,
        surroundings: Surroundings {
            clock: Clock::system(),
            ids: Ids::new(),
            keys: Arc::new(Keys::generate()?),
        },
        engine: Engine::Sqlite { directory: directory.clone() },
        verifier: Arc::new(Verifier::new("stoa", "stoa", TokenType::Access, keys.clone())),
        internal: Arc::new(Verifier::new("stoa", "services", TokenType::Internal, keys)),
        catalogue: Arc::new(service::catalogue(std::slice::from_ref(&sandbox))),
        outside: Arc::new(Outside::new(OutsideSettings::default())?),
    };
    let running = tokio::task::spawn_blocking(move || sandbox.open(&platform)).await??;
    if let Some((url, secret)) = hook {
        sandbox::point_webhooks(&running, &url, &secret).await?;
    }
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    running.start(&[], &stopping, &mut tasks);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("the sandbox answers at http://{}", listener.local_addr()?);
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, sandbox::routes(&running)).with_graceful_shutdown(interrupted).await?;
    stop.send(true)?;
    while tasks.join_next().await.is_some() {}
    std::fs::remove_dir_all(directory)?;
    Ok(())
}
