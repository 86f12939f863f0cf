//! The demo data of the sandbox: enough to see every page filled at the first start, and to sign in.

use std::process::ExitCode;

use axum::Router;
use axum::body::Body;
use contracts::events::access::ApiKeyKind;
use contracts::{ApiKeyId, Id, OrganisationId, ProjectId, UserId};
use http::{Request, header};
use identity::domain::blueprint::Blueprint;
use identity::domain::text::{BadText, Grant, RoleName, Title};
use identity::{NewProject, Settler};
use kernel::config::{Mode, Settings};
use kernel::http::{Entrance, Health};
use kernel::service::Running;
use kernel::store::{Scope, Tx};
use serde_json::{Map, Value, json};

use crate::hand::Hand;
use crate::output::say;
use crate::platform::{self, Failure};
use crate::{goods, settings, token};

/// Where the demo's administrator gets mail.
pub const EMAIL: &str = "operator@demo.example";
/// What they sign in with; it is in every copy of the program, and good in the sandbox alone.
pub const PASSWORD: &str = "open the demo door";
/// That password, hashed.
const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$yYJrCggOEDB3y0PLjUMKsg$Vfii5+o/qWrGDpNxBGgv0/U/q2/sr8JtiRUC76zuQqs";

/// The demo's own project in addresses.
pub const SLUG: &str = "demo";
/// The projects of the demo: its own, and the clients of the shared services.
const PROJECTS: [(u128, &str, &str, Blueprint); 5] = [
    (1, SLUG, "Demo", Blueprint::Demo),
    (2, "shopcardd", "ShopCardd", Blueprint::Global),
    (3, "oms", "OMS", Blueprint::Global),
    (4, "dms", "DMS", Blueprint::Global),
    (5, "courier-app", "Courier App", Blueprint::Global),
];
/// What a program may do with the key of the examples.
const KEY_SCOPES: [&str; 8] = [
    "audit:*",
    "users:read",
    "roles:read",
    "projects:read",
    "catalog:*",
    "orders:read",
    "orders:write",
    "notifications:*",
];
/// The key of the examples.
pub const KEY: &str = "dev-key-123";

/// The demo's project.
pub fn project() -> ProjectId {
    ProjectId::from_u128(1)
}

/// The demo's administrator.
pub fn operator() -> UserId {
    UserId::from_u128(1)
}

/// `stoa demo`
pub fn seed_by_hand(settings: Settings) -> Result<ExitCode, Failure> {
    if settings.get(&settings::MODE) != Mode::Sandbox {
        return Err(Failure::Other("demo data is for sandbox mode only".into()));
    }
    let services = platform::open(&platform::platform(&settings)?, &[])?;
    let routes =
        services.iter().fold(Health::default().routes(), |all, service| all.merge(service.routes().0));
    platform::block_on(seed(&settings, &services, &routes))?;
    services.iter().for_each(|service| service.store().close());
    say("The demo data is in place.");
    Ok(ExitCode::SUCCESS)
}

/// Puts the demo data in place, once.
pub async fn seed(settings: &Settings, services: &[Running], routes: &Router) {
    if let Some(identity) = services.iter().find(|service| service.name() == "identity") {
        let people = |tx: &mut Tx<'_>| seed_people(tx);
        if let Err(error) = identity.store().write(Scope::System("demo data"), people).await {
            tracing::warn!(%error, "the demo's projects and people are not in place");
        }
    }
    let is_here = |name: &str| services.iter().any(|service| service.name() == name);
    if is_here("audit")
        && let Err(why) = seed_records(settings, routes).await
    {
        tracing::warn!(why, "the demo's records are not in place");
    }
    if is_here("catalog")
        && let Err(why) = seed_goods(settings, routes).await
    {
        tracing::warn!(why, "the demo's goods are not in place");
    }
}

/// Whoever fills the demo's wallets, where there are wallets here.
pub fn bank(settings: &Settings, services: &[Running], routes: &Router) -> Option<Hand> {
    let is_here = |name: &str| services.iter().any(|service| service.name() == name);
    let all = ["identity", "wallet", "ledger"].into_iter().all(is_here);
    let permissions = ["wallet:read", "ledger:manage"].map(str::to_owned).to_vec();
    let token = all.then(|| token::trial_token(settings, Some(project()), permissions, 5))?;
    let token = token.inspect_err(|failure| tracing::warn!(%failure, "the demo's wallets are not filled"));
    token.ok().map(|token| Hand::new(routes.clone(), token))
}

fn seed_people(tx: &mut Tx<'_>) -> Result<(), identity::Error> {
    // All of it is one transaction: when its first project is there, so is the rest.
    if identity::knows_project(tx, project())? {
        return Ok(());
    }
    let organisation = OrganisationId::from_u128(1);
    identity::create_organisation(tx, organisation, &sound("Demo")?)?;
    for (number, slug, name, blueprint) in PROJECTS {
        let wanted = NewProject {
            id: ProjectId::from_u128(number),
            organisation_id: organisation,
            slug: sound(slug)?,
            name: sound(name)?,
            blueprint,
            settings: Map::new(),
        };
        identity::create_project(tx, &wanted)?;
    }
    let settler = Settler { id: operator(), email: EMAIL, name: "Demo Operator", password_hash: HASH };
    identity::settle(tx, &settler)?;
    let admin = [sound::<RoleName>("ADMIN")?];
    for (number, ..) in PROJECTS {
        identity::join(tx, ProjectId::from_u128(number), operator(), &admin)?;
    }
    identity::make_operator(tx, operator(), &["*"])?;
    let scopes = KEY_SCOPES.iter().map(|scope| sound(scope)).collect::<Result<Vec<Grant>, _>>()?;
    let (key, name): (_, Title) = (ApiKeyId::from_u128(1), sound("The key of the examples")?);
    identity::issue_known_key(tx, project(), key, ApiKeyKind::Project, &name, &scopes)
}

fn sound<T: TryFrom<String, Error = BadText>>(text: &str) -> Result<T, identity::Error> {
    T::try_from(text.to_owned()).map_err(|bad| identity::Error::field("demo", bad.to_string()))
}

async fn seed_goods(settings: &Settings, routes: &Router) -> Result<(), String> {
    let token = token::trial_token(settings, Some(project()), vec!["*".to_owned()], 1);
    goods::seed(&Hand::new(routes.clone(), token.map_err(|failure| failure.to_string())?)).await
}

async fn seed_records(settings: &Settings, routes: &Router) -> Result<(), String> {
    let token = token::trial_token(settings, Some(project()), vec!["*".to_owned()], 1);
    let token = token.map_err(|failure| failure.to_string())?;
    let path = "/api/v1/audit/records/batch";
    let request = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        // The same key makes twice once.
        .header("idempotency-key", "demo-data-1")
        .body(Body::from(records().to_string()))
        .map_err(|error| error.to_string())?;
    let answer = routes.clone().answer(request).await;
    if answer.status().is_success() { Ok(()) } else { Err(format!("{path} answered {}", answer.status())) }
}

fn records() -> Value {
    let record = |action: &str, kind: &str, id: &str, class: &str, details: Value| {
        json!({ "action": action, "object": { "kind": kind, "id": id }, "outcome": "succeeded",
            "class": class, "details": details })
    };
    json!({ "records": [
        record("price.changed", "product", "cup", "operational", json!({ "from_minor": 1200, "to_minor": 1350, "currency": "INR" })),
        record("order.placed", "order", "ord_demo", "operational", json!({ "amount_minor": 2700, "currency": "INR" })),
        record("payment.captured", "payment", "pay_demo", "financial", json!({ "amount_minor": 2700, "currency": "INR" })),
        record("payment.refunded", "payment", "pay_demo", "financial", json!({ "amount_minor": 1350, "currency": "INR" })),
    ] })
}
