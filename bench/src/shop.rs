//! The small service that is measured: an order looks its price up and holds its goods, one select and two inserts.
//!
//! It has the kernel's whole road from the socket to the disk and no rules of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use contracts::{Id, OrderId, ProjectId, UserId};
use kernel::auth::{Claims, JwkSet, Kind, Permission, StaticKeys, TokenType, Verifier};
use kernel::clock::Clock;
use kernel::config::Settings;
use kernel::http::{Answer, Answering, Caller, Ctx, Health, IdempotencyKey, Json, listen};
use kernel::ids::Ids;
use kernel::keys::{Keys, signer};
use kernel::outside::{Outside, OutsideSettings};
use kernel::params;
use kernel::service::{Platform, Running, Service};
use kernel::store::{Engine, Migration, Scope, Store, StoreError, Surroundings, Tx};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinSet;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Failure;

/// The tables of the shop; the baselines use them as well.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_shop.sql",
    sql: "create table prices (project_id text not null, sku text not null, minor bigint not null,
            primary key (project_id, sku));
          create table orders (project_id text not null, id text not null, sku text not null,
            minor bigint not null, placed_at bigint not null, primary key (project_id, id));
          create table holds (project_id text not null, id text not null, sku text not null,
            primary key (project_id, id));",
}];
/// What an order needs to know.
pub const SELECT_PRICE: &str = "select minor from prices where project_id = $1 and sku = $2";
/// The order itself.
pub const INSERT_ORDER: &str =
    "insert into orders (project_id, id, sku, minor, placed_at) values ($1, $2, $3, $4, $5)";
/// Its goods.
pub const INSERT_HOLD: &str = "insert into holds (project_id, id, sku) values ($1, $2, $3)";
/// One price of many.
pub const INSERT_PRICE: &str =
    "insert into prices (project_id, sku, minor) values ($1, $2, $3) on conflict do nothing";
/// Connections to Postgres, here and in the baseline.
pub const CONNECTIONS: usize = 8;

const SKUS: u64 = 1_000;
const PLACE: Permission = Permission::new("orders:write");
const TOKENS: &str = "tokens.key";
const DRAIN: Duration = Duration::from_secs(1);

/// What is asked for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PlaceOrder {
    sku: String,
}

/// What was ordered.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Order {
    /// The order.
    pub id: OrderId,
    /// What.
    pub sku: String,
    /// At which price.
    pub minor: i64,
}

/// The project that shops.
pub fn project() -> ProjectId {
    ProjectId::from_u128(1)
}

/// One of the goods.
pub fn sku(number: u64) -> String {
    format!("sku-{:04}", number % SKUS)
}

/// All goods with their prices.
pub fn prices() -> impl Iterator<Item = (String, i64)> {
    (0..SKUS).map(|number| (sku(number), 100 + number as i64))
}

/// Clock, ids and keys of a process that runs for real.
pub fn surroundings() -> Result<Surroundings, Failure> {
    Ok(Surroundings { clock: Clock::system(), ids: Ids::new(), keys: Arc::new(Keys::generate()?) })
}

/// Places an order at today's price and holds its goods.
pub fn place(tx: &mut Tx<'_>, sku: &str) -> Result<Order, StoreError> {
    let project = tx.project()?;
    let minor = tx.one(SELECT_PRICE, params![project, sku])?;
    let id: OrderId = tx.new_id();
    tx.run(INSERT_ORDER, params![project, id, sku, minor, tx.now()])?;
    tx.run(INSERT_HOLD, params![project, id, sku])?;
    Ok(Order { id, sku: sku.to_owned(), minor })
}

/// Puts the prices in place.
pub async fn open_shop(store: &Store) -> Result<(), StoreError> {
    store
        .write(Scope::Project(project()), |tx| {
            let project = tx.project()?;
            let rows: Vec<_> = prices().map(|(sku, minor)| params![project, sku, minor].to_vec()).collect();
            tx.run_many(INSERT_PRICE, &rows).map(drop)
        })
        .await
}

/// A token of somebody who may order, for the server whose keys are in `directory`.
pub fn token(directory: &Path) -> Result<String, Failure> {
    let now_s = Clock::system().now().as_millis() / 1_000;
    let claims = Claims {
        iss: "stoa".to_owned(),
        aud: vec!["stoa".to_owned()],
        sub: UserId::from_u128(1).to_string(),
        kind: Kind::User,
        project: Some(project()),
        perms: vec!["*".to_owned()],
        sid: None,
        iat: now_s,
        nbf: None,
        exp: now_s + 15 * 60,
        user_id: None,
        project_ids: Vec::new(),
        roles: Vec::new(),
        jti: None,
    };
    Ok(signer(directory, TOKENS)?.sign(&claims, TokenType::Access))
}

#[utoipa::path(post, path = "/api/v1/orders", request_body = PlaceOrder, responses((status = 201, body = Order)))]
async fn place_order(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<PlaceOrder>,
) -> Answer<Order> {
    let scope = caller.require(PLACE)?;
    ctx.write(scope, key, move |tx| place(tx, &body.sku)).await.created()
}

fn orders() -> OpenApiRouter<Running> {
    OpenApiRouter::new().routes(routes!(place_order))
}

/// Serves the shop until the process is ended.
pub fn serve(directory: &Path, address: SocketAddr, database_url: Option<String>) -> Result<(), Failure> {
    let keys = StaticKeys(JwkSet { keys: vec![signer(directory, TOKENS)?.jwk()] });
    let engine = match database_url {
        Some(url) => Engine::Postgres { url, connections_max: CONNECTIONS },
        None => Engine::Sqlite { directory: directory.join("db") },
    };
    let internal = Verifier::new("stoa", "services", TokenType::Internal, keys.clone());
    let platform = Platform {
        settings: Settings::load(kernel::service::settings(), None, [], &[])?,
        surroundings: surroundings()?,
        engine,
        verifier: Arc::new(Verifier::new("stoa", "stoa", TokenType::Access, keys)),
        internal: Arc::new(internal),
        catalogue: Arc::default(),
        outside: Arc::new(Outside::new(OutsideSettings::default())?),
    };
    let shop = Service::new("shop").migrations(MIGRATIONS).routes(orders).open(&platform)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve_shop(&shop, address))
}

async fn serve_shop(shop: &Running, address: SocketAddr) -> Result<(), Failure> {
    open_shop(shop.store()).await?;
    let listening = listen(address).await?;
    let (_stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    shop.start(&[], &stopping, &mut tasks);
    let health = Health::default();
    let routes: Router = health.routes().merge(shop.routes().0);
    health.started(vec![shop.store().clone()]);
    listening.serve(routes, stopping, DRAIN).await;
    Ok(())
}
