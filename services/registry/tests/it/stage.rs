//! A running registry, a shop that it can set, and those who call.

use std::ops::Deref;

use http::Method;
use kernel::config::Setting;
use kernel::secrets::Secret;
use kernel::service::{Catalogue, Service, catalogue};
use kernel::testing::{self, on_both};
pub use kernel::testing::{Place, Player, Said};
use serde_json::{Value, json};

/// The registry with everything around it.
pub struct Stage(testing::Stage);

pub const TABLES: Setting<u32> = Setting::new("shop.tables", || 4, "How many tables there are.").live();
pub const GREETING: Setting<String> =
    Setting::new("shop.greeting", || "Hello".to_owned(), "What guests are told.").per_project();
pub const TILL_KEY: Setting<Secret<String>> =
    Setting::new("shop.till_key", || Secret::new(String::new()), "What opens the till.").live();
pub const SAFE_CODE: Setting<u32> =
    Setting::new("shop.safe_code", || 0, "What opens the safe.").secret().live();
pub const DOOR: Setting<String> = Setting::new("shop.door", || "front".to_owned(), "Which door is used.");

pub const ALL: &[&str] = &["config:read", "config:write", "instances:read", "instances:write"];

/// The shop, which stores and answers nothing.
pub fn shop() -> Service {
    [TABLES.declare(), GREETING.declare(), TILL_KEY.declare(), SAFE_CODE.declare(), DOOR.declare()]
        .into_iter()
        .fold(Service::new("shop"), Service::setting)
}

fn others() -> Catalogue {
    catalogue(&[shop()])
}

/// Somebody who looks after the platform.
pub fn operator() -> Player {
    Player::operator(9, ALL)
}

/// The administrator of a project.
pub fn admin(project: u128) -> Player {
    Player::user(1, project, ALL)
}

/// A service of the platform.
pub fn program() -> Player {
    Player::service("shop", 1, ALL)
}

/// Runs the test on each engine.
pub fn staged(test: impl AsyncFn(&Stage, &Place)) {
    crate::log_lines::listen();
    on_both(async |place| {
        let stage = testing::Stage::knowing(place, registry::service(), &[], others()).await;
        test(&Stage(stage), place).await;
    });
}

impl Deref for Stage {
    type Target = testing::Stage;

    fn deref(&self) -> &testing::Stage {
        &self.0
    }
}

impl Stage {
    pub async fn get(&self, player: &Player, path: &str) -> Said {
        self.ask(Method::GET, path, Some(player), None, &[]).await
    }

    pub async fn post(&self, player: &Player, path: &str, body: &Value) -> Said {
        self.ask(Method::POST, path, Some(player), Some(body), &[]).await
    }

    pub async fn put(&self, player: &Player, path: &str, body: &Value) -> Said {
        self.ask(Method::PUT, path, Some(player), Some(body), &[]).await
    }

    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        player: Option<&Player>,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Said {
        self.0.ask(method, &format!("/api/v1/registry{path}"), player, body, headers).await
    }

    /// Sets values in the shop.
    pub async fn set(&self, player: &Player, values: Value) -> Said {
        self.put(player, "/config/shop", &json!({ "values": values })).await
    }

    /// Everything the registry shows, stores, tells and logs, as text.
    pub async fn everything(&self) -> String {
        let history = self.get(&operator(), "/config/shop/history").await.body;
        let shown = self.get(&operator(), "/config/shop").await.body;
        let kept = self.kept().await;
        format!("{history} {shown} {kept:?} {:?} {}", self.told().await, crate::log_lines::heard())
    }

    async fn kept(&self) -> Vec<String> {
        use kernel::store::{Scope, StoreError};
        let read = |tx: &mut kernel::store::Tx<'_>| {
            let mut kept: Vec<String> = tx.rows("select texts from configs where project_id <> ''", &[])?;
            let revisions = "select texts || changes from config_revisions where project_id <> ''";
            kept.extend(tx.rows::<String>(revisions, &[])?);
            kept.extend(tx.rows::<String>("select answer from idempotency_keys where project_id = ''", &[])?);
            Ok::<_, StoreError>(kept)
        };
        self.running.store().read(Scope::System("a test"), read).await.unwrap()
    }
}
