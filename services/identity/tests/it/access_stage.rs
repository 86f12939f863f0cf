//! Two projects with people in them, as the tests of the half `access` find them.

use contracts::{Id, OrganisationId, ProjectId, RoleId, UserId};
use http::Method;
use identity::domain::blueprint::Blueprint;
use identity::domain::text::{RoleName, Title};
use identity::{Error, NewProject};
use kernel::store::Scope;
use kernel::testing::{Place, Player, Said, Stage};
use serde_json::{Map, Value, json};

/// Ann administers the first project.
pub const ANN: u128 = 1;
/// Ben supports its customers.
pub const BEN: u128 = 2;
/// Cat administers the second project and is not in the first.
pub const CAT: u128 = 3;

pub fn ann() -> Player {
    Player::user(ANN, 1, &["*"])
}

/// Ben, who was given some of the say over people.
pub fn ben() -> Player {
    Player::user(BEN, 1, &["users:*", "roles:*", "api_keys:*", "projects:*", "tickets:*"])
}

/// May do everything, elsewhere.
pub fn cat() -> Player {
    Player::user(CAT, 2, &["*"])
}

pub fn operator() -> Player {
    Player::operator(9, &["*"])
}

pub fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(number)
}

pub fn user(number: u128) -> UserId {
    UserId::from_u128(number)
}

pub fn title(text: &str) -> Title {
    Title::try_from(text.to_owned()).unwrap()
}

/// Runs the test on each engine, with both projects laid out.
pub fn settled(test: impl AsyncFn(&Stage, &Place)) {
    kernel::testing::staged(identity::service, async |stage, place| {
        lay_out(stage).await;
        test(stage, place).await;
    });
}

async fn lay_out(stage: &Stage) {
    for (number, email) in [(ANN, "ann@example.com"), (BEN, "ben@example.com"), (CAT, "cat@example.com")] {
        person(stage, number, email).await;
    }
    let made = stage.running.store().write(Scope::System("a test"), |tx| {
        let organisation_id = OrganisationId::from_u128(1);
        identity::create_organisation(tx, organisation_id, &title("Corner Shops"))?;
        for number in [1, 2] {
            let new = NewProject {
                id: project(number),
                organisation_id,
                slug: format!("shop-{number}").try_into().unwrap(),
                name: title("Corner Shop"),
                blueprint: Blueprint::Demo,
                settings: Map::new(),
            };
            identity::create_project(tx, &new)?;
        }
        for (number, who, role) in [(1, ANN, "ADMIN"), (1, BEN, "SUPPORT"), (2, CAT, "ADMIN")] {
            identity::join(tx, project(number), user(who), &[RoleName::try_from(role.to_owned()).unwrap()])?;
        }
        Ok::<_, Error>(())
    });
    made.await.unwrap();
}

/// Somebody who has an account and belongs nowhere yet.
pub async fn person(stage: &Stage, number: u128, email: &str) {
    let id = user(number);
    let insert = format!(
        "insert into users (id, email, status, locale, created_at, version)
         values ('{id}', '{email}', 'active', 'en', 0, 1)"
    );
    stage.as_owner(insert).await;
}

/// The id of a role of the first project.
pub async fn role_id(stage: &Stage, name: &str) -> RoleId {
    let said = stage.get(&ann(), "/api/v1/roles?limit=200").await.expect(200);
    let roles = said.body["data"].as_array().unwrap().clone();
    let found = roles.iter().find(|role| role["name"] == name).unwrap_or_else(|| panic!("no role {name}"));
    found["id"].as_str().unwrap().parse().unwrap()
}

pub async fn patch(stage: &Stage, player: &Player, path: &str, body: &Value) -> Said {
    stage.ask(Method::PATCH, path, Some(player), Some(body), &[]).await
}

pub async fn put(stage: &Stage, player: &Player, path: &str) -> Said {
    stage.ask(Method::PUT, path, Some(player), None, &[]).await
}

pub async fn delete(stage: &Stage, player: &Player, path: &str) -> Said {
    stage.ask(Method::DELETE, path, Some(player), None, &[]).await
}

/// What was told under this name, oldest first.
pub async fn told(stage: &Stage, kind: &str) -> Vec<Value> {
    stage.told().await.into_iter().filter(|(name, _)| name == kind).map(|(_, told)| told).collect()
}

/// The same with the project in which it was told.
pub async fn told_where(stage: &Stage, kind: &str) -> Vec<(Option<ProjectId>, Value)> {
    let all = stage.told().await.len();
    let logged = kernel::events::tail(stage.running.store(), 0, u32::try_from(all).unwrap()).await.unwrap();
    let told = logged.into_iter().map(|logged| logged.envelope).filter(|told| told.event_type == kind);
    told.map(|told| (told.project_id, serde_json::from_str(told.data.get()).unwrap())).collect()
}

/// A key of the first project, as its maker was shown it.
pub async fn new_key(stage: &Stage, scopes: &[&str]) -> Value {
    let wanted = json!({ "name": "Till 7", "kind": "project", "scopes": scopes });
    stage.post(&ann(), "/api/v1/api-keys", &wanted).await.expect(201).body
}

/// What somebody hands in to prove who they are.
pub fn papers(level: u8) -> Value {
    json!({ "level": level, "full_name": "Asha Rao", "born_on": "1990-04-30", "country": "IN",
        "document_kind": "passport", "document_number": "P1234567", "media_ids": ["med_1"] })
}
