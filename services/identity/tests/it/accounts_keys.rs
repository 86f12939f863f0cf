//! The keys that tokens are signed with, what a token says, and what goes when it is over.

use std::time::Duration;

use http::Method;
use kernel::auth::JwkSet;
use kernel::store::Scope;
use kernel::testing::{Player, Stage};
use serde_json::{Value, json};

use crate::accounts_stage::{
    ANN, PASSWORD, claims, in_a_shop, last_code, player, post, refresh, registered, session, sign_in,
};

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn keys_are_published_for_five_minutes_and_made_when_there_is_none() {
    in_a_shop(async |stage, _| {
        let said = stage.ask(Method::GET, "/.well-known/jwks.json", None, None, &[]).await.expect(200);
        assert_eq!(said.headers["cache-control"], "public, max-age=300");
        let key = &said.body["keys"][0];
        assert_eq!(
            (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
            (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"), &json!("sig"))
        );
        assert!(key.get("d").is_none());
        assert_eq!(kids(&said.body), kids(&published(stage).await));
    });
}

#[test]
fn each_key_is_known_a_day_before_it_signs_and_a_day_after() {
    in_a_shop(async |stage, _| {
        let first = signed_by(stage, &registered(stage, ANN).await);
        nights(stage, 27).await;
        assert_eq!(kids(&published(stage).await), [first.as_str()]);
        nights(stage, 2).await;
        let both = kids(&published(stage).await);
        assert_eq!(both.len(), 2);
        let second = both[0].clone();
        assert_eq!(signed_by(stage, &sign_in(stage, ANN, PASSWORD).await.expect(200).body), first);
        nights(stage, 1).await;
        let tokens = sign_in(stage, ANN, PASSWORD).await.expect(200).body;
        assert_eq!(signed_by(stage, &tokens), second);
        claims(stage, &tokens).await;
        nights(stage, 1).await;
        assert!(kids(&published(stage).await).contains(&first));
        nights(stage, 2).await;
        assert_eq!(kids(&published(stage).await), [second]);
    });
}

#[test]
fn a_key_can_be_followed_before_its_time() {
    in_a_shop(async |stage, _| {
        let first = signed_by(stage, &registered(stage, ANN).await);
        let second = identity::rotate_signing_key(stage.running.store()).await.unwrap();
        assert_eq!(kids(&published(stage).await).len(), 2);
        assert_eq!(signed_by(stage, &sign_in(stage, ANN, PASSWORD).await.expect(200).body), first);
        stage.clock.advance(Duration::from_secs(15 * 60));
        assert_eq!(signed_by(stage, &sign_in(stage, ANN, PASSWORD).await.expect(200).body), second);
        let keys: JwkSet = identity::published_keys(stage.running.store()).await.unwrap();
        assert_eq!(keys.keys.len(), 2);
    });
}

#[test]
fn a_project_learns_what_a_token_of_its_own_says_and_whether_its_session_goes_on() {
    in_a_shop(async |stage, _| {
        let tokens = registered(stage, ANN).await;
        let ann = player(stage, &tokens).await;
        let token = stage.token(&ann);
        let introspect = async |who: &Player, token: &str| {
            stage.post(who, "/api/v1/auth/introspect", &json!({ "token": token })).await
        };
        let (shop, other) = (Player::program(7, 1, &["auth:introspect"]), Player::program(7, 2, &["auth:*"]));
        let said = introspect(&shop, &token).await.expect(200).body;
        assert_eq!((&said["active"], &said["token_type"]), (&json!(true), &json!("Bearer")));
        assert_eq!(said["sid"], tokens["session_id"]);
        assert!(said["scope"].as_str().unwrap().contains("orders:read"));
        introspect(&Player::operator(7, &["auth:introspect"]), &token).await.expect(200);
        for (who, token) in [(&other, token.as_str()), (&shop, "nonsense"), (&shop, "")] {
            assert_eq!(introspect(who, token).await.expect(200).body, json!({ "active": false }));
        }
        assert_eq!(introspect(&ann, &token).await.problem(), (403, "forbidden"));
        post(stage, "auth/logout", &json!({ "refresh_token": tokens["refresh_token"] })).await.expect(200);
        assert_eq!(introspect(&shop, &token).await.expect(200).body, json!({ "active": false }));
    });
}

#[test]
fn what_is_over_is_removed() {
    in_a_shop(async |stage, _| {
        let tokens = registered(stage, ANN).await;
        refresh(stage, &tokens["refresh_token"]).await.expect(200);
        sign_in(stage, "nobody@example.com", PASSWORD).await;
        post(stage, "auth/password/forgot", &json!({ "email": ANN })).await.expect(202);
        assert_eq!(rows(stage).await, [1, 2, 2, 2]);
        stage.wait(DAY).await;
        stage.wait(Duration::from_secs(301)).await;
        stage.wait(Duration::from_secs(61)).await;
        assert_eq!(rows(stage).await, [1, 2, 0, 0]);
        // A used token is known for a week, the session for its thirty days and one more.
        stage.wait(DAY * 6).await;
        stage.wait(Duration::from_secs(61)).await;
        assert_eq!(rows(stage).await, [1, 1, 0, 0]);
        stage.wait(DAY * 24).await;
        stage.wait(Duration::from_secs(61)).await;
        assert_eq!(rows(stage).await, [0, 0, 0, 0]);
    });
}

#[test]
fn nothing_that_is_kept_tells_a_secret() {
    in_a_shop(async |stage, _| {
        let tokens = registered(stage, ANN).await;
        let secret = tokens["refresh_token"].as_str().unwrap().split_once('.').unwrap().1.to_owned();
        refresh(stage, &tokens["refresh_token"]).await.expect(200);
        let code = last_code(stage).await["code"].as_str().unwrap().to_owned();
        let read = stage.running.store().read(Scope::System("a test"), |tx| {
            let tokens: Vec<String> =
                tx.rows("select mark || coalesce(successor, '') from refresh_tokens limit 10", &[])?;
            let codes: Vec<String> =
                tx.rows("select mark || destination_mark from otp_events limit 10", &[])?;
            let keys: Vec<String> = tx.rows("select sealed from signing_keys limit 10", &[])?;
            let hashes: Vec<String> = tx.rows("select password_hash from users limit 10", &[])?;
            Ok::<_, kernel::store::StoreError>([tokens, codes, keys, hashes].concat().join(" "))
        });
        let kept = read.await.unwrap();
        for hidden in [secret.as_str(), &format!(" {code} "), PASSWORD, ANN] {
            assert!(!kept.contains(hidden), "{hidden} {kept}");
        }
        assert_eq!(session(&tokens).to_string(), tokens["session_id"]);
    });
}

async fn published(stage: &Stage) -> Value {
    stage.ask(Method::GET, "/.well-known/jwks.json", None, None, &[]).await.expect(200).body
}

fn kids(set: &Value) -> Vec<String> {
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The name of the key that signed an access token.
fn signed_by(_: &Stage, tokens: &Value) -> String {
    use base64::Engine;
    let header = tokens["access_token"].as_str().unwrap().split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

async fn nights(stage: &Stage, count: u32) {
    for _ in 0..count {
        stage.wait(DAY).await;
    }
}

/// Sessions, refresh tokens, codes, attempts.
async fn rows(stage: &Stage) -> [i64; 4] {
    let read = stage.running.store().read(Scope::System("a test"), |tx| {
        Ok::<_, kernel::store::StoreError>([
            tx.one("select cast(count(*) as bigint) from sessions", &[])?,
            tx.one("select cast(count(*) as bigint) from refresh_tokens", &[])?,
            tx.one("select cast(count(*) as bigint) from otp_events", &[])?,
            tx.one("select cast(count(*) as bigint) from attempts", &[])?,
        ])
    });
    read.await.unwrap()
}
