//! A shop where people register and sign in, as the tests of the half `accounts` find it.

use contracts::events::access::OtpIssued;
use contracts::{Id, OrganisationId, ProjectId, SessionId, UserId};
use http::Method;
use identity::NewProject;
use identity::domain::blueprint::Blueprint;
use identity::domain::text::Title;
use kernel::auth::{Claims, JwkSet};
use kernel::store::Scope;
use kernel::testing::{Place, Player, Said, Stage, on_both};
use serde_json::{Map, Value, json};

/// What Ann registers with.
pub const PASSWORD: &str = "correct horse battery";
/// What she changes it to.
pub const BETTER: &str = "a better horse battery";
pub const ANN: &str = "ann@example.com";
pub const BEN: &str = "ben@example.com";

/// Hashing that costs a test nothing.
const CHEAP: [(&str, &str); 2] = [("auth.hash_memory", "8KiB"), ("auth.hash_passes", "1")];

/// Runs the test on each engine, with one shop that wants addresses verified.
pub fn in_a_shop(test: impl AsyncFn(&Stage, &Place)) {
    in_a_shop_that(json!({}), test);
}

/// Runs the test on each engine, with one shop of these settings.
pub fn in_a_shop_that(settings: Value, test: impl AsyncFn(&Stage, &Place)) {
    set_up(settings, &[], test);
}

/// Runs the test on each engine, with one shop of these settings, and settings of the whole service.
pub fn set_up(settings: Value, set: &[(&str, &str)], test: impl AsyncFn(&Stage, &Place)) {
    let all: Vec<(&str, &str)> = CHEAP.into_iter().chain(set.iter().copied()).collect();
    on_both(async |place| {
        let stage = Stage::with(place, identity::service(), &all).await;
        shop(&stage, 1, &settings).await;
        test(&stage, place).await;
    });
}

/// Makes a shop that wants addresses verified, unless its settings say otherwise.
pub async fn shop(stage: &Stage, number: u128, settings: &Value) {
    let mut all = Map::from_iter([("auth.verify_email".to_owned(), json!(true))]);
    all.insert("auth.otp".to_owned(), json!("optional"));
    all.insert("auth.refresh".to_owned(), json!(true));
    all.extend(settings.as_object().unwrap().clone());
    let settings = all;
    let made = stage.running.store().write(Scope::System("a test"), move |tx| {
        let organisation_id = OrganisationId::from_u128(number);
        let title = |text: &str| Title::try_from(text.to_owned()).unwrap();
        identity::create_organisation(tx, organisation_id, &title("Corner Shops"))?;
        let new = NewProject {
            id: ProjectId::from_u128(number),
            organisation_id,
            slug: format!("shop-{number}").try_into().unwrap(),
            name: title("Corner Shop"),
            blueprint: Blueprint::Demo,
            settings: settings.clone(),
        };
        identity::create_project(tx, &new).map(drop)
    });
    made.await.unwrap();
}

/// Makes a known person a member of a shop.
pub async fn join(stage: &Stage, number: u128, user: UserId) {
    let joined = stage.running.store().write(Scope::System("a test"), move |tx| {
        identity::join(tx, ProjectId::from_u128(number), user, &[])
    });
    joined.await.unwrap();
}

/// Sends something as nobody.
pub async fn post(stage: &Stage, path: &str, body: &Value) -> Said {
    stage.ask(Method::POST, &format!("/api/v1/{path}"), None, Some(body), &[]).await
}

/// The last code that was told, and to whom it goes.
pub async fn last_code(stage: &Stage) -> Value {
    let mut told = told(stage, "otp.issued").await.pop().unwrap();
    let keyring = &stage.running.store().keys().keyring;
    let code = keyring.open(OtpIssued::CODE, told["code"].as_str().unwrap()).unwrap();
    told["code"] = String::from_utf8(code).unwrap().into();
    told
}

/// What was told under this name, oldest first.
pub async fn told(stage: &Stage, kind: &str) -> Vec<Value> {
    stage.told().await.into_iter().filter(|(name, _)| name == kind).map(|(_, told)| told).collect()
}

/// Registers somebody, and verifies their address; answers with what they are let in with.
pub async fn registered(stage: &Stage, email: &str) -> Value {
    let asked = register(stage, email).await.expect(202);
    let code = last_code(stage).await["code"].clone();
    let answer = json!({ "challenge": asked.body["challenge"], "code": code });
    post(stage, "auth/otp/verify", &answer).await.expect(200).body
}

/// Asks to be registered.
pub async fn register(stage: &Stage, email: &str) -> Said {
    post(stage, "auth/register", &json!({ "email": email, "password": PASSWORD })).await
}

/// Signs in with a password.
pub async fn sign_in(stage: &Stage, email: &str, password: &str) -> Said {
    post(stage, "auth/login", &json!({ "email": email, "password": password })).await
}

/// Refreshes.
pub async fn refresh(stage: &Stage, token: &Value) -> Said {
    post(stage, "auth/refresh", &json!({ "refresh_token": token })).await
}

/// What an access token says, once the published keys have vouched for it.
pub async fn claims(stage: &Stage, signed_in: &Value) -> Claims {
    use base64::Engine;
    let token = signed_in["access_token"].as_str().unwrap();
    let keys = stage.ask(Method::GET, "/.well-known/jwks.json", None, None, &[]).await.expect(200);
    let keys: JwkSet = serde_json::from_value(keys.body).unwrap();
    let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&part(header)).unwrap();
    assert!(keys.signed(header["kid"].as_str().unwrap(), signed.as_bytes(), &part(signature)));
    serde_json::from_slice(&part(payload)).unwrap()
}

/// The person behind tokens, as a caller with the permissions that they were given.
pub async fn player(stage: &Stage, signed_in: &Value) -> Player {
    let claims = claims(stage, signed_in).await;
    let number = claims.user_id.unwrap().as_u128();
    let permissions: Vec<&str> = claims.perms.iter().map(String::as_str).collect();
    let player = match claims.project {
        Some(project) => Player::user(number, project.as_u128(), &permissions),
        None => Player::operator(number, &permissions),
    };
    player.in_session(claims.sid.unwrap())
}

/// The session behind tokens.
pub fn session(signed_in: &Value) -> SessionId {
    signed_in["session_id"].as_str().unwrap().parse().unwrap()
}

/// The person whom an address belongs to, as it was told.
pub async fn user_of(stage: &Stage, email: &str) -> UserId {
    let created = told(stage, "user.created").await;
    let found = created.iter().find(|created| created["email"] == email).unwrap();
    found["userId"].as_str().unwrap().parse().unwrap()
}

/// What somebody's password is checked against.
pub async fn hash_of(stage: &Stage, user: UserId) -> String {
    let read = stage.running.store().read(Scope::System("a test"), move |tx| {
        tx.one::<String>("select password_hash from users where id = $1", kernel::params![user])
    });
    read.await.unwrap()
}

/// Every text that is kept of somebody in their row.
pub async fn texts_of(stage: &Stage, user: UserId) -> String {
    let read = stage.running.store().read(Scope::System("a test"), move |tx| {
        tx.one::<String>(
            "select coalesce(email, '') || coalesce(phone, '') || coalesce(password_hash, '') || coalesce(name, '')
               || coalesce(cast(address as text), '') || coalesce(totp, '')
               || coalesce((select min(coalesce(address, '') || coalesce(device, '')) from sessions where user_id = $1), '')
               || status from users where id = $1",
            kernel::params![user],
        )
    });
    read.await.unwrap()
}
