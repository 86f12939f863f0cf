//! One service, put together: what it stores, answers, hears, does later and tells.

mod figures;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use contracts::events::fleet::ConfigPublished;
use contracts::{Envelope, Event, EventKind};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use utoipa_axum::router::OpenApiRouter;

use crate::auth::Verifier;
use crate::config::{self, Declaration, Setting, Settings};
use crate::events::{self, Handlers, Heard};
use crate::http::{Edge, Streams, complete, purge_idempotency_keys, surround};
use crate::ids::Ids;
use crate::jobs::{self, Jobs};
use crate::outside::Outside;
use crate::store::{Engine, Migration, Store, StoreError, Surroundings, Tx};

/// The largest JSON body that a service takes.
pub const BODY_BYTES_MAX: Setting<crate::config::ByteSize> = Setting::new(
    "http.body_max",
    || crate::config::ByteSize(1 << 20),
    "The largest JSON body that is taken.",
);
/// The longest that a request may take.
pub const REQUEST_TIMEOUT: Setting<Duration> =
    Setting::new("http.request_timeout", || Duration::from_secs(30), "The longest that a request may take.");
/// Which settings of the registry are meant for this process.
pub const ENVIRONMENT: Setting<String> = Setting::new(
    "environment",
    || "default".to_owned(),
    "The name of this installation: settings that the registry keeps for another one are passed over.",
);
/// How long events are kept.
pub const EVENTS_KEPT: Setting<Duration> = Setting::new(
    "events.kept",
    || Duration::from_secs(365 * 86_400),
    "How long events are kept in the log, so that projections can be rebuilt from them.",
)
.live();
/// How long answers to idempotency keys are kept.
pub const KEYS_KEPT: Setting<Duration> = Setting::new(
    "http.idempotency_kept",
    || Duration::from_secs(72 * 3_600),
    "How long the answer to a write is kept for its idempotency key.",
)
.live();
/// How long finished jobs are kept.
pub const JOBS_KEPT: Setting<Duration> =
    Setting::new("jobs.kept", || Duration::from_secs(7 * 86_400), "How long finished jobs can be looked at.")
        .live();

/// The settings that every service has.
pub fn settings() -> Vec<Declaration> {
    vec![
        BODY_BYTES_MAX.declare(),
        REQUEST_TIMEOUT.declare(),
        ENVIRONMENT.declare(),
        EVENTS_KEPT.declare(),
        KEYS_KEPT.declare(),
        JOBS_KEPT.declare(),
    ]
}

/// What each service can be set: its name, and the declarations of its own and of all services.
pub type Catalogue = Vec<(&'static str, Vec<Declaration>)>;

/// The catalogue of these services.
pub fn catalogue(services: &[Service]) -> Catalogue {
    let declared =
        |service: &Service| settings().into_iter().chain(service.settings.iter().cloned()).collect();
    services.iter().map(|service| (service.name, declared(service))).collect()
}

type Routes = fn() -> OpenApiRouter<Running>;
type Calls = Box<dyn FnOnce(&mut Jobs, &Means) + Send>;
type Clear = fn(&mut Tx<'_>) -> Result<(), StoreError>;

/// What a service brings to the binary.
pub struct Service {
    name: &'static str,
    migrations: &'static [Migration],
    routes: Option<Routes>,
    handlers: Handlers,
    jobs: Jobs,
    calls: Vec<Calls>,
    tells: Vec<EventKind>,
    settings: Vec<Declaration>,
    rebuild: Option<Clear>,
    body_bytes_max: usize,
    admin_paths: &'static [&'static str],
}

/// A service with its database open. Clones are the same service.
#[derive(Clone)]
pub struct Running(Arc<Inner>);

struct Inner {
    store: Store,
    settings: Settings,
    verifier: Arc<Verifier>,
    internal: Arc<Verifier>,
    running_keys: crate::http::RunningKeys,
    streams: Streams,
    routes: Option<Routes>,
    handlers: Arc<Handlers>,
    /// Whether it hears the registry alone.
    hears_nobody: bool,
    catalogue: Arc<Catalogue>,
    jobs: Arc<Jobs>,
    rebuild: Option<Clear>,
    body_bytes_max: usize,
    admin_paths: &'static [&'static str],
}

/// What all services of a process share.
#[derive(Clone)]
pub struct Platform {
    /// Settings of all services.
    pub settings: Settings,
    /// Clock, ids, keys.
    pub surroundings: Surroundings,
    /// Where the databases are.
    pub engine: Engine,
    /// Verifies who calls from outside.
    pub verifier: Arc<Verifier>,
    /// Verifies the word of a gateway in another process.
    pub internal: Arc<Verifier>,
    /// What all services of the platform can be set, those of other processes included.
    pub catalogue: Arc<Catalogue>,
    /// The way outside.
    pub outside: Arc<Outside>,
}

/// What a call to the outside may use. It holds no transaction.
#[derive(Clone)]
pub struct Means {
    /// The service's database, to look up what the job left there.
    pub store: Store,
    /// The service's settings.
    pub settings: Settings,
    /// The way outside.
    pub outside: Arc<Outside>,
}

impl Service {
    /// A service that does nothing yet. Its name is that of its database and of its schema.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            migrations: &[],
            routes: None,
            handlers: Handlers::default(),
            jobs: Jobs::default(),
            calls: Vec::new(),
            tells: Vec::new(),
            settings: Vec::new(),
            rebuild: None,
            body_bytes_max: 0,
            admin_paths: &[],
        }
    }

    /// Which of its routes are for administrators: paths as they are declared, or all that begin like one that ends
    /// with `*`. The door logs such calls, and takes them from the administrators' addresses alone where those are set.
    pub fn for_administrators(self, admin_paths: &'static [&'static str]) -> Self {
        Self { admin_paths, ..self }
    }

    /// It takes JSON bodies of so many bytes, also where others take smaller ones.
    pub fn takes_bodies_of(self, body_bytes_max: usize) -> Self {
        Self { body_bytes_max, ..self }
    }

    /// What it stores.
    pub fn migrations(self, migrations: &'static [Migration]) -> Self {
        Self { migrations, ..self }
    }

    /// What it answers.
    pub fn routes(self, routes: Routes) -> Self {
        Self { routes: Some(routes), ..self }
    }

    /// One type of event that it hears.
    pub fn hears<E, Err>(mut self, handler: fn(&mut Tx<'_>, &Heard<'_, E>) -> Result<(), Err>) -> Self
    where
        E: Event,
        Err: std::error::Error + Send + Sync + 'static,
    {
        self.handlers.hear(handler);
        self
    }

    /// It hears every event there is: some of one project at a time, in their order.
    pub fn hears_all<Err>(mut self, handler: fn(&mut Tx<'_>, &[&Envelope]) -> Result<(), Err>) -> Self
    where
        Err: std::error::Error + Send + Sync + 'static,
    {
        self.handlers.hear_all(handler);
        self
    }

    /// What it does later, and because time passed.
    pub fn jobs(mut self, register: impl FnOnce(&mut Jobs)) -> Self {
        register(&mut self.jobs);
        self
    }

    /// What it asks of others: calls to the outside, registered when it is known with what means.
    pub fn calls(mut self, register: impl FnOnce(&mut Jobs, &Means) + Send + 'static) -> Self {
        self.calls.push(Box::new(register));
        self
    }

    /// A type of event that it announces.
    pub fn tells<E: Event>(mut self) -> Self {
        self.tells.push(EventKind::of::<E>());
        self
    }

    /// A setting of its own.
    pub fn setting(mut self, declaration: Declaration) -> Self {
        self.settings.push(declaration);
        self
    }

    /// Its tables are a projection of events: `clear` empties them, and all kept events are heard again.
    pub fn rebuilt_by(self, clear: Clear) -> Self {
        Self { rebuild: Some(clear), ..self }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The events that it announces.
    pub fn event_kinds(&self) -> &[EventKind] {
        &self.tells
    }

    /// The settings of its own.
    pub fn declarations(&self) -> &[Declaration] {
        &self.settings
    }

    /// The document of its API.
    pub fn document(&self) -> Option<Value> {
        self.routes.map(|routes| complete(routes().split_for_parts().1, self.name, self.admin_paths))
    }

    /// Opens its database and brings it up to date. Blocks.
    pub fn open(self, platform: &Platform) -> Result<Running, StoreError> {
        let store =
            Store::open(self.name, platform.engine.clone(), self.migrations, platform.surroundings.clone())?;
        let settings = platform.settings.of_another();
        config::load(&store, &settings)?;
        let means = Means {
            store: store.clone(),
            settings: settings.clone(),
            outside: Arc::clone(&platform.outside),
        };
        let mut jobs = self.jobs;
        self.calls.into_iter().for_each(|register| register(&mut jobs, &means));
        let (hears_nobody, mut handlers) = (self.handlers.is_empty(), self.handlers);
        handlers.hear_with(ConfigPublished::TYPE, config::on_published(self.name, settings.clone()));
        Ok(Running(Arc::new(Inner {
            store,
            settings,
            verifier: Arc::clone(&platform.verifier),
            internal: Arc::clone(&platform.internal),
            running_keys: crate::http::RunningKeys::default(),
            routes: self.routes,
            handlers: Arc::new(handlers),
            hears_nobody,
            catalogue: Arc::clone(&platform.catalogue),
            streams: Streams::default(),
            jobs: Arc::new(jobs),
            rebuild: self.rebuild,
            body_bytes_max: self.body_bytes_max,
            admin_paths: self.admin_paths,
        })))
    }
}

impl Running {
    /// Its database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.0.store.service()
    }

    /// What it hears.
    pub fn handlers(&self) -> &Arc<Handlers> {
        &self.0.handlers
    }

    /// What it does later.
    pub fn jobs(&self) -> &Arc<Jobs> {
        &self.0.jobs
    }

    /// What all services of the platform can be set.
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }

    /// Puts in place what the registry has set since the last look. What `start` starts does so by itself.
    pub async fn refresh_settings(&self) -> Result<(), StoreError> {
        config::refresh(self.store(), self.settings()).await
    }

    /// Empties its projection, where it is one.
    pub fn clear(&self) -> Option<Clear> {
        self.0.rebuild
    }

    /// Verifies who calls from outside.
    pub fn verifier(&self) -> &Arc<Verifier> {
        &self.0.verifier
    }

    pub(crate) fn internal(&self) -> &Verifier {
        &self.0.internal
    }

    pub(crate) fn streams(&self) -> &Streams {
        &self.0.streams
    }

    pub(crate) fn running_keys(&self) -> &crate::http::RunningKeys {
        &self.0.running_keys
    }

    /// Its routes with their edge, and their document.
    pub fn routes(&self) -> (Router, Value) {
        let Some(routes) = self.0.routes else { return (Router::new(), Value::Null) };
        let (router, api) = routes().split_for_parts();
        let mut edge = edge(self.name(), self.settings(), self.store().ids());
        edge.body_bytes_max = edge.body_bytes_max.max(self.0.body_bytes_max);
        (surround(router.with_state(self.clone()), edge), complete(api, self.name(), self.0.admin_paths))
    }

    /// Starts what works in the background: it hears `sources`, does its jobs and cleans up, until `stop`.
    pub fn start(&self, sources: &[Store], stop: &watch::Receiver<bool>, tasks: &mut JoinSet<()>) {
        let store = self.store().clone();
        let sources = self.heard(sources);
        tasks.spawn(events::sequence(store.clone(), stop.clone()));
        for source in &sources {
            let handlers = Arc::clone(&self.0.handlers);
            tasks.spawn(events::consume(store.clone(), source.clone(), handlers, stop.clone()));
        }
        tasks.spawn(retry_parked(self.clone(), stop.clone()));
        tasks.spawn(config::watch(store.clone(), self.settings().clone(), stop.clone()));
        if !self.0.jobs.is_empty() {
            tasks.spawn(jobs::work(store, Arc::clone(&self.0.jobs), stop.clone()));
        }
        let (service, mut stopping) = (self.clone(), stop.clone());
        tasks.spawn(async move {
            let _ = stopping.wait_for(|stop| *stop).await;
            service.streams().end();
        });
        tasks.spawn(figures::count(self.clone(), sources, stop.clone()));
        tasks.spawn(clean_up(self.clone(), stop.clone()));
    }

    /// The logs that it hears: the registry's at least, and the registry its own.
    fn heard(&self, sources: &[Store]) -> Vec<Store> {
        let others = sources.iter().filter(|log| !self.0.hears_nobody || log.service() == config::REGISTRY);
        let own = (self.name() == config::REGISTRY).then(|| self.store());
        others.chain(own).cloned().collect()
    }
}

/// The edge of a service's routes, or of a process's own.
pub fn edge(service: &'static str, settings: &Settings, ids: &Ids) -> Edge {
    Edge {
        service,
        body_bytes_max: usize::try_from(settings.get(&BODY_BYTES_MAX).0).unwrap_or(usize::MAX),
        timeout: settings.get(&REQUEST_TIMEOUT),
        ids: ids.clone(),
    }
}

const PARKED_PAUSE: Duration = Duration::from_millis(250);
const CLEANING_PAUSE: Duration = Duration::from_secs(300);

async fn retry_parked(service: Running, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = events::retry_parked(service.store(), service.handlers()).await {
            tracing::warn!(service = service.name(), error = %error, "parked events wait");
        }
        tokio::select! { _ = stop.changed() => {}, () = tokio::time::sleep(PARKED_PAUSE) => {} }
    }
}

/// Nothing grows without bound: old answers, finished jobs and old events go.
async fn clean_up(service: Running, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! { _ = stop.changed() => return, () = tokio::time::sleep(CLEANING_PAUSE) => {} }
        match clean_up_once(&service).await {
            Ok(removed) if removed.values().any(|count| *count > 0) => {
                tracing::info!(service = service.name(), ?removed, "cleaned up");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(service = service.name(), error = %error, "cleaning up failed"),
        }
    }
}

/// Removes what is past its time; says how much of what.
pub async fn clean_up_once(service: &Running) -> Result<BTreeMap<&'static str, u64>, StoreError> {
    let (store, settings) = (service.store(), service.settings());
    let now = store.clock().now();
    let keys = purge_idempotency_keys(store, now.saturating_sub(settings.get(&KEYS_KEPT))).await?;
    let jobs = jobs::purge_finished(store, now.saturating_sub(settings.get(&JOBS_KEPT))).await?;
    let events = events::purge(store, now.saturating_sub(settings.get(&EVENTS_KEPT))).await?;
    Ok(BTreeMap::from([("idempotency_keys", keys), ("jobs", jobs), ("events", events)]))
}
