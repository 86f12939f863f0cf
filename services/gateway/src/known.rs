//! What this process knows of keys, sessions and projects: the read model in memory, a look-up a request.
//!
//! Whichever process heard an event, the others find it in the table a moment later: each looks every 200 ms for what
//! was written since, with an overlap for clocks that differ, and takes all of it anew now and then.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use contracts::events::access::{ApiKeyKind, ApiKeyUsed, ProjectFacts};
use contracts::events::fleet::InstanceState;
use contracts::{ApiKeyId, ProjectId, SessionId, Timestamp};
use kernel::auth::{ApiKeyText, Caller, Permissions, Who};
use kernel::secrets::Macs;
use kernel::store::{Scope, Store, StoreError};

use crate::domain::address::Networks;
use crate::store::{self, KnownKey, KnownProject};

/// What is known now.
pub struct Known {
    macs: Macs,
    keys: RwLock<HashMap<ApiKeyId, Arc<Key>>>,
    ended: RwLock<HashMap<SessionId, Instant>>,
    projects: RwLock<HashMap<ProjectId, Arc<Project>>>,
    used: Mutex<HashMap<ApiKeyId, (ProjectId, Timestamp)>>,
    places: Mutex<Places>,
}

/// A key, and the caller that it stands for.
struct Key {
    kind: ApiKeyKind,
    project: ProjectId,
    mark: String,
    revoked: bool,
    expires_at: Option<Timestamp>,
    caller: Arc<Caller>,
    told_used_us: AtomicI64,
}

/// A project, with what is asked of it a request.
pub struct Project {
    /// What identity told.
    pub facts: ProjectFacts,
    /// From where its administrators may call; from everywhere when there are none.
    pub admin_addresses: Networks,
}

/// Where the next look begins.
#[derive(Clone, Copy)]
struct Places {
    keys: Timestamp,
    ended: Timestamp,
    projects: Timestamp,
}

impl Default for Places {
    fn default() -> Self {
        let start = Timestamp::from_micros(0);
        Self { keys: start, ended: start, projects: start }
    }
}

/// Why a key lets nobody in; callers are told the same of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadKey {
    /// There is no such key, or its secret is another.
    Unknown,
    /// It was taken back.
    Revoked,
    /// Its time is over.
    Expired,
}

const PAGE: u32 = 1_000;
/// Clocks of processes that share the database differ by less.
const OVERLAP: Duration = Duration::from_secs(10);
/// Longer than any token lives.
const TOKENS_OVER: Duration = Duration::from_secs(3_600);
const USE_TOLD_EVERY_US: i64 = 60_000_000;
const INSTANCES_MAX: u32 = 10_000;
const SCOPE: Scope = Scope::System("knowing who may come in");

impl Known {
    /// Nothing is known yet; `macs` are those that identity marks keys with.
    pub fn new(macs: Macs) -> Self {
        Self {
            macs,
            keys: RwLock::default(),
            ended: RwLock::default(),
            projects: RwLock::default(),
            used: Mutex::default(),
            places: Mutex::default(),
        }
    }

    /// The caller whom a key stands for.
    pub fn caller_of(&self, text: &ApiKeyText, now: Timestamp) -> Result<(Arc<Caller>, ProjectId), BadKey> {
        let key = read(&self.keys).get(&text.id).cloned().ok_or(BadKey::Unknown)?;
        if key.kind != text.kind || !self.macs.is_of(&key.mark, &text.proof()) {
            return Err(BadKey::Unknown);
        }
        self.use_key(text.id, &key, now)
    }

    /// The caller of a key that is named rather than proven: for the well-known key of the demo alone.
    pub fn caller_named(&self, id: ApiKeyId, now: Timestamp) -> Result<(Arc<Caller>, ProjectId), BadKey> {
        let key = read(&self.keys).get(&id).cloned().ok_or(BadKey::Unknown)?;
        self.use_key(id, &key, now)
    }

    fn use_key(&self, id: ApiKeyId, key: &Key, now: Timestamp) -> Result<(Arc<Caller>, ProjectId), BadKey> {
        if key.revoked {
            return Err(BadKey::Revoked);
        }
        if key.expires_at.is_some_and(|end| end <= now) {
            return Err(BadKey::Expired);
        }
        let told = key.told_used_us.load(Ordering::Relaxed);
        if now.as_micros().saturating_sub(told) >= USE_TOLD_EVERY_US {
            key.told_used_us.store(now.as_micros(), Ordering::Relaxed);
            lock(&self.used).insert(id, (key.project, now));
        }
        Ok((Arc::clone(&key.caller), key.project))
    }

    /// Whether a session is over before its tokens are.
    pub fn is_ended(&self, session: SessionId) -> bool {
        read(&self.ended).contains_key(&session)
    }

    /// What is known of a project.
    pub fn project(&self, project: ProjectId) -> Option<Arc<Project>> {
        read(&self.projects).get(&project).cloned()
    }

    /// Whether any project lets pages of this origin call: before a caller is known, more cannot be asked.
    pub fn some_project_allows(&self, origin: &str) -> bool {
        let projects = read(&self.projects);
        projects.values().any(|project| {
            let origins = project.facts.cors_origins.iter().map(String::as_str);
            crate::domain::origin::allowed(origin, origins)
        })
    }

    /// How many keys, ended sessions and projects are known.
    pub fn counts(&self) -> (usize, usize, usize) {
        (read(&self.keys).len(), read(&self.ended).len(), read(&self.projects).len())
    }

    /// Takes in what was heard since the last look; `anew` takes all of it.
    pub async fn look(&self, store: &Store, anew: bool) -> Result<(), StoreError> {
        let from = if anew { Places::default() } else { *lock(&self.places) };
        let keys = self.look_for_keys(store, from.keys).await?;
        let ended = self.look_for_ended(store, from.ended).await?;
        let projects = self.look_for_projects(store, from.projects).await?;
        *lock(&self.places) = Places { keys, ended, projects };
        let over = Instant::now().checked_sub(TOKENS_OVER);
        write(&self.ended).retain(|_, since| over.is_none_or(|over| *since > over));
        Ok(())
    }

    async fn look_for_keys(&self, store: &Store, from: Timestamp) -> Result<Timestamp, StoreError> {
        let (mut place, mut id) = (from.saturating_sub(OVERLAP), String::new());
        let mut newest = from;
        loop {
            let at = (place, id.clone());
            let page = store.read(SCOPE, move |tx| store::keys_since(tx, (at.0, &at.1), PAGE)).await?;
            let Some(last) = page.last() else { return Ok(newest) };
            (place, id) = (last.heard_at, last.id.to_string());
            newest = newest.max(place);
            let mut keys = write(&self.keys);
            for known in page {
                let told = keys.get(&known.id).map_or(0, |key| key.told_used_us.load(Ordering::Relaxed));
                keys.insert(known.id, Arc::new(Key::of(known, told)));
            }
        }
    }

    async fn look_for_ended(&self, store: &Store, from: Timestamp) -> Result<Timestamp, StoreError> {
        let (mut place, mut id) = (from.saturating_sub(OVERLAP), String::new());
        let mut newest = from;
        loop {
            let at = (place, id.clone());
            let page = store.read(SCOPE, move |tx| store::ended_since(tx, (at.0, &at.1), PAGE)).await?;
            let Some(last) = page.last() else { return Ok(newest) };
            (place, id) = (last.heard_at, last.id.to_string());
            newest = newest.max(place);
            let mut ended = write(&self.ended);
            for session in page {
                ended.entry(session.id).or_insert_with(Instant::now);
            }
        }
    }

    async fn look_for_projects(&self, store: &Store, from: Timestamp) -> Result<Timestamp, StoreError> {
        let (mut place, mut id) = (from.saturating_sub(OVERLAP), String::new());
        let mut newest = from;
        loop {
            let at = (place, id.clone());
            let page = store.read(SCOPE, move |tx| store::projects_since(tx, (at.0, &at.1), PAGE)).await?;
            let Some(last) = page.last() else { return Ok(newest) };
            (place, id) = (last.heard_at, last.project_id.to_string());
            newest = newest.max(place);
            let mut projects = write(&self.projects);
            projects.extend(page.into_iter().map(|known| (known.project_id, Arc::new(Project::of(known)))));
        }
    }

    /// The addresses of each service's instances that can be called in an environment.
    pub async fn instances(
        store: &Store,
        environment: String,
    ) -> Result<HashMap<String, Vec<String>>, StoreError> {
        let all = store.read(SCOPE, move |tx| store::instances(tx, &environment, INSTANCES_MAX)).await?;
        let mut by_service: HashMap<String, Vec<String>> = HashMap::new();
        for instance in all {
            // One that drains keeps its service listed, so that its last instance leaving is noticed.
            let addresses = by_service.entry(instance.service).or_default();
            if instance.state == InstanceState::Up {
                addresses.push(instance.address);
            }
        }
        Ok(by_service)
    }

    /// Tells which keys were used since it was told last.
    pub async fn tell_used(&self, store: &Store) -> Result<(), StoreError> {
        let used = std::mem::take(&mut *lock(&self.used));
        if used.is_empty() {
            return Ok(());
        }
        let told = move |tx: &mut kernel::store::Tx<'_>| {
            for (id, (project, at)) in &used {
                tx.publish_for(*project, id, &ApiKeyUsed { api_key_id: *id, used_at: *at })?;
            }
            Ok::<_, StoreError>(())
        };
        store.write(Scope::System("telling which keys were used"), told).await
    }
}

impl Key {
    fn of(known: KnownKey, told_used_us: i64) -> Self {
        let permissions = Permissions::new(known.scopes.0);
        let expires_at = known.expires_at.unwrap_or(Timestamp::MAX);
        let caller = Caller::new(Who::Key(known.id), Some(known.project_id), permissions, expires_at);
        Self {
            kind: known.kind,
            project: known.project_id,
            mark: known.mark,
            revoked: known.revoked_at.is_some(),
            expires_at: known.expires_at,
            caller: Arc::new(caller),
            told_used_us: AtomicI64::new(told_used_us),
        }
    }
}

impl Project {
    fn of(known: KnownProject) -> Self {
        let facts = known.facts.0;
        // Identity has checked them; one that cannot be read keeps nobody out.
        let admin_addresses = facts.admin_addresses.iter().filter_map(|text| text.parse().ok()).collect();
        Self { facts, admin_addresses }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<K: Hash + Eq, V>(map: &RwLock<HashMap<K, V>>) -> std::sync::RwLockReadGuard<'_, HashMap<K, V>> {
    map.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<K: Hash + Eq, V>(map: &RwLock<HashMap<K, V>>) -> std::sync::RwLockWriteGuard<'_, HashMap<K, V>> {
    map.write().unwrap_or_else(PoisonError::into_inner)
}
