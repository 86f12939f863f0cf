//! What a person does with their own account: profile, passwords, sessions, and being forgotten.

use std::time::Duration;

use http::Method;
use kernel::http::{CLIENT_ADDRESS, address_marks, address_word};
use kernel::testing::{Player, Said, Stage};
use serde_json::{Value, json};

use crate::accounts_stage::{
    ANN, BEN, BETTER, PASSWORD, in_a_shop, join, last_code, player, post, refresh, register, registered,
    shop, sign_in, told, user_of,
};

const ME: &str = "/api/v1/users/me";

#[test]
fn whoever_is_signed_in_sees_and_changes_what_they_say_of_themselves() {
    in_a_shop(async |stage, _| {
        let ann = player(stage, &registered(stage, ANN).await).await;
        let before = stage.get(&ann, ME).await.expect(200);
        assert_eq!((&before.body["email"], &before.body["email_verified"]), (&json!(ANN), &json!(true)));
        assert_eq!(before.body["projects"].as_array().unwrap().len(), 1);
        let tag = before.headers["etag"].to_str().unwrap().to_owned();
        let address =
            json!({ "line1": "12 Elm Street", "city": "Pune", "postal_code": "411001", "country": "IN" });
        let wanted =
            json!({ "name": "Ann Lee", "phone": "+91 98765-43210", "address": address, "locale": "en-IN" });
        let after = patch(stage, &ann, &wanted, &[("if-match", &tag)]).await.expect(200);
        let shown = stage.get(&ann, ME).await.expect(200);
        assert_eq!(after.headers["etag"], shown.headers["etag"], "what was changed can be changed on");
        assert_ne!(after.headers["etag"], tag);
        let after = after.body;
        assert_eq!((&after["name"], &after["phone"]), (&json!("Ann Lee"), &json!("+919876543210")));
        assert_eq!((&after["address"], &after["locale"]), (&address, &json!("en-IN")));
        assert_eq!(patch(stage, &ann, &wanted, &[("if-match", &tag)]).await.problem(), (409, "conflict"));

        let cleared = patch(stage, &ann, &json!({ "address": null }), &[]).await.expect(200).body;
        assert_eq!((&cleared["address"], &cleared["name"]), (&Value::Null, &json!("Ann Lee")));
        let changed = told(stage, "user.profile_changed").await;
        assert_eq!(changed[0]["fields"], json!(["name", "phone", "address", "locale"]));
        assert_eq!(changed[1]["fields"], json!(["address"]));
        // Nothing is different: nothing is told.
        patch(stage, &ann, &json!({ "name": "Ann Lee" }), &[]).await.expect(200);
        assert_eq!(told(stage, "user.profile_changed").await.len(), 2);
        let named = told(stage, "user.named").await.pop().unwrap();
        assert_eq!(named, json!({ "userId": after["id"], "name": "Ann Lee" }));
        patch(stage, &ann, &json!({ "name": null }), &[]).await.expect(200);
        let unnamed = told(stage, "user.named").await.pop().unwrap();
        assert_eq!(unnamed, json!({ "userId": after["id"] }), "whoever showed it shows it no more");
    });
}

#[test]
fn what_cannot_be_said_of_oneself_is_refused_by_its_field() {
    in_a_shop(async |stage, _| {
        let ann = player(stage, &registered(stage, ANN).await).await;
        for (wanted, field) in [
            (json!({ "phone": "98765" }), "phone"),
            (json!({ "name": "" }), "name"),
            (json!({ "locale": "english" }), "locale"),
            (json!({ "email": BEN }), "email"),
            (json!({ "address": { "line1": "x", "city": "y", "country": "XX" } }), "address.country"),
        ] {
            let said = patch(stage, &ann, &wanted, &[]).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{wanted}");
            assert_eq!(said.body["details"]["fields"][0]["field"], field, "{}", said.body);
        }
        let program = Player::program(7, 1, &["*"]);
        assert_eq!(stage.get(&program, ME).await.problem(), (403, "forbidden"));
        assert_eq!(stage.get(&Player::user(99, 1, &["*"]), ME).await.problem(), (404, "not_found"));
    });
}

#[test]
fn an_account_is_closed_to_whoever_is_not_signed_in() {
    in_a_shop(async |stage, _| {
        for (method, path) in [
            (Method::GET, ""),
            (Method::PATCH, ""),
            (Method::DELETE, ""),
            (Method::POST, "/password"),
            (Method::POST, "/email/verify"),
            (Method::POST, "/phone/verify"),
            (Method::POST, "/totp"),
            (Method::POST, "/totp/confirm"),
            (Method::DELETE, "/totp"),
            (Method::GET, "/sessions"),
            (Method::DELETE, "/sessions"),
            (Method::DELETE, "/sessions/ses_01jd3sa4k8qm7v2x9c5f0t6w1b"),
        ] {
            let body = json!({});
            let said = stage.ask(method.clone(), &format!("{ME}{path}"), None, Some(&body), &[]).await;
            assert_eq!(said.problem(), (401, "unauthenticated"), "{method} {path}");
        }
    });
}

#[test]
fn a_phone_is_verified_by_a_code_and_another_number_anew() {
    in_a_shop(async |stage, _| {
        let ann = player(stage, &registered(stage, ANN).await).await;
        let verify = async || stage.post(&ann, "/api/v1/users/me/phone/verify", &json!({})).await;
        assert_eq!(verify().await.problem(), (409, "no_phone"));
        patch(stage, &ann, &json!({ "phone": "+919876543210" }), &[]).await.expect(200);
        let asked = verify().await.expect(202).body;
        assert_eq!(asked["channel"], "sms");
        let code = last_code(stage).await;
        assert_eq!((&code["channel"], &code["destination"]), (&json!("sms"), &json!("+919876543210")));
        let answer = json!({ "challenge": asked["challenge"], "code": code["code"] });
        let said = post(stage, "auth/otp/verify", &answer).await.expect(200);
        assert_eq!(said.body, json!({ "status": "verified" }));
        assert_eq!(stage.get(&ann, ME).await.body["phone_verified"], true);
        assert_eq!(verify().await.problem(), (409, "already_verified"));
        assert_eq!(told(stage, "user.phone_verified").await.len(), 1);

        // A code for one number proves nothing of another.
        patch(stage, &ann, &json!({ "phone": "+919876500000" }), &[]).await.expect(200);
        assert_eq!(stage.get(&ann, ME).await.body["phone_verified"], false);
        let asked = verify().await.expect(202).body;
        let code = last_code(stage).await["code"].clone();
        patch(stage, &ann, &json!({ "phone": "+919876511111" }), &[]).await.expect(200);
        post(stage, "auth/otp/verify", &json!({ "challenge": asked["challenge"], "code": code }))
            .await
            .expect(200);
        assert_eq!(stage.get(&ann, ME).await.body["phone_verified"], false);
    });
}

#[test]
fn an_address_is_verified_later_where_it_was_not_at_once() {
    in_a_shop(async |stage, _| {
        shop(stage, 2, &json!({ "auth.verify_email": false })).await;
        let body = json!({ "email": ANN, "password": PASSWORD, "project": "shop-2" });
        post(stage, "auth/register", &body).await.expect(202);
        let ann = player(stage, &post(stage, "auth/login", &body).await.expect(200).body).await;
        assert_eq!(stage.get(&ann, ME).await.body["email_verified"], false);
        let asked = stage.post(&ann, "/api/v1/users/me/email/verify", &json!({})).await.expect(202).body;
        let code = last_code(stage).await["code"].clone();
        let answer = json!({ "challenge": asked["challenge"], "code": code });
        post(stage, "auth/otp/verify", &answer).await.expect(200);
        assert_eq!(stage.get(&ann, ME).await.body["email_verified"], true);
        let again = stage.post(&ann, "/api/v1/users/me/email/verify", &json!({})).await;
        assert_eq!(again.problem(), (409, "already_verified"));
    });
}

#[test]
fn a_changed_password_ends_the_other_sessions() {
    in_a_shop(async |stage, _| {
        let other = registered(stage, ANN).await;
        let here = sign_in(stage, ANN, PASSWORD).await.expect(200).body;
        let ann = player(stage, &here).await;
        let change = async |current: &str, new: &str| {
            stage.post(&ann, "/api/v1/users/me/password", &json!({ "current": current, "new": new })).await
        };
        let wrong = change("another password", BETTER).await;
        assert_eq!(wrong.body["details"]["fields"][0]["field"], "current", "{}", wrong.body);
        for weak in ["short", "password1", "ann is my name"] {
            assert_eq!(change(PASSWORD, weak).await.body["details"]["fields"][0]["field"], "new", "{weak}");
        }
        change(PASSWORD, BETTER).await.expect(200);
        assert_eq!(refresh(stage, &other["refresh_token"]).await.problem(), (401, "sign_in_again"));
        refresh(stage, &here["refresh_token"]).await.expect(200);
        assert_eq!(sign_in(stage, ANN, PASSWORD).await.problem(), (401, "not_right"));
        sign_in(stage, ANN, BETTER).await.expect(200);
        assert_eq!(told(stage, "user.password_changed").await[0]["how"], "changed");
        assert_eq!(told(stage, "session.ended").await[0]["reason"], "password_changed");
    });
}

#[test]
fn wrong_passwords_of_whoever_is_signed_in_count_as_those_at_the_door() {
    in_a_shop(async |stage, _| {
        let ann = player(stage, &registered(stage, ANN).await).await;
        let body = json!({ "current": "another password", "new": BETTER });
        for _ in 0..10 {
            let said = stage.post(&ann, "/api/v1/users/me/password", &body).await;
            assert_eq!(said.problem(), (422, "invalid_input"));
        }
        let said = stage.post(&ann, "/api/v1/users/me/password", &body).await;
        assert_eq!(said.problem(), (429, "too_many_tries"));
        assert_eq!(sign_in(stage, ANN, PASSWORD).await.problem(), (429, "too_many_tries"));
    });
}

#[test]
fn a_forgotten_password_is_replaced_by_whoever_reads_the_mail() {
    in_a_shop(async |stage, _| {
        let before = registered(stage, ANN).await;
        let forgot =
            async |email: &str| post(stage, "auth/password/forgot", &json!({ "email": email })).await;
        let (known, unknown) = (forgot(ANN).await.expect(202).body, forgot(BEN).await.expect(202).body);
        let fields = |body: &Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(fields(&known), fields(&unknown));
        let code = last_code(stage).await;
        assert_eq!((&code["purpose"], &code["destination"]), (&json!("password_reset"), &json!(ANN)));
        let reset = async |challenge: &Value, code: &Value, new: &str| {
            let body = json!({ "challenge": challenge, "code": code, "new_password": new });
            post(stage, "auth/password/reset", &body).await
        };
        let right = &code["code"];
        assert_eq!(reset(&unknown["challenge"], right, BETTER).await.problem(), (401, "not_right"));
        for weak in ["short", "password1", "ann is my name"] {
            let said = reset(&known["challenge"], right, weak).await;
            assert_eq!(said.body["details"]["fields"][0]["field"], "new_password", "{weak}");
        }
        reset(&known["challenge"], right, BETTER).await.expect(200);
        assert_eq!(reset(&known["challenge"], right, PASSWORD).await.problem(), (401, "not_right"));
        assert_eq!(refresh(stage, &before["refresh_token"]).await.problem(), (401, "sign_in_again"));
        sign_in(stage, ANN, BETTER).await.expect(200);
        assert_eq!(told(stage, "user.password_changed").await[0]["how"], "reset");
    });
}

#[test]
fn whoever_never_verified_their_address_gets_in_by_a_new_password() {
    in_a_shop(async |stage, _| {
        register(stage, ANN).await.expect(202);
        assert_eq!(sign_in(stage, ANN, PASSWORD).await.problem(), (401, "not_right"));
        let forgot = post(stage, "auth/password/forgot", &json!({ "email": ANN })).await.expect(202).body;
        let code = last_code(stage).await["code"].clone();
        let body = json!({ "challenge": forgot["challenge"], "code": code, "new_password": BETTER });
        post(stage, "auth/password/reset", &body).await.expect(200);
        sign_in(stage, ANN, BETTER).await.expect(200);
    });
}

#[test]
fn a_projects_name_is_not_lent_to_a_mail_to_a_stranger() {
    in_a_shop(async |stage, _| {
        shop(stage, 2, &json!({})).await;
        let body = json!({ "email": ANN, "password": PASSWORD, "project": "shop-1" });
        post(stage, "auth/register", &body).await.expect(202);
        let codes = told(stage, "otp.issued").await.len();
        for project in ["shop-2", "no-such-shop"] {
            let body = json!({ "email": ANN, "project": project });
            post(stage, "auth/password/forgot", &body).await.expect(202);
        }
        assert_eq!(told(stage, "otp.issued").await.len(), codes);
        post(stage, "auth/password/forgot", &json!({ "email": ANN, "project": "shop-1" })).await.expect(202);
        assert_eq!(told(stage, "otp.issued").await.len(), codes + 1);
    });
}

#[test]
fn people_see_and_end_their_own_sessions_and_nobody_elses() {
    in_a_shop(async |stage, _| {
        let first = registered(stage, ANN).await;
        let body = json!({ "email": ANN, "password": PASSWORD, "device": "Ann's phone" });
        let second = post(stage, "auth/login", &body).await.expect(200).body;
        let third = sign_in(stage, ANN, PASSWORD).await.expect(200).body;
        let ben_has = registered(stage, BEN).await;
        let (ann, ben) = (player(stage, &third).await, player(stage, &ben_has).await);
        let listed = stage.get(&ann, "/api/v1/users/me/sessions").await.expect(200);
        let mine = [&first, &second, &third].map(|tokens| tokens["session_id"].as_str().unwrap());
        assert_eq!(listed.each("id"), mine);
        assert_eq!(listed.body["data"][1]["device"], "Ann's phone");
        let current: Vec<_> = listed.body["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|session| session["current"].clone())
            .collect();
        assert_eq!(current, [false, false, true]);
        let page = stage.get(&ann, "/api/v1/users/me/sessions?limit=2").await.expect(200);
        let cursor = page.body["next_cursor"].as_str().unwrap();
        let rest = stage.get(&ann, &format!("/api/v1/users/me/sessions?limit=2&cursor={cursor}")).await;
        assert_eq!(rest.each("id"), mine[2..]);

        let end =
            async |who: &Player, path: &str| stage.ask(Method::DELETE, path, Some(who), None, &[]).await;
        let of_first = format!("/api/v1/users/me/sessions/{}", mine[0]);
        assert_eq!(end(&ben, &of_first).await.problem(), (404, "not_found"));
        end(&ann, &of_first).await.expect(200);
        assert_eq!(end(&ann, &of_first).await.problem(), (404, "not_found"));
        end(&ann, "/api/v1/users/me/sessions").await.expect(200);
        assert_eq!(stage.get(&ann, "/api/v1/users/me/sessions").await.each("id"), mine[2..]);
        for tokens in [&first, &second] {
            assert_eq!(refresh(stage, &tokens["refresh_token"]).await.problem(), (401, "sign_in_again"));
        }
        refresh(stage, &third["refresh_token"]).await.expect(200);
        refresh(stage, &ben_has["refresh_token"]).await.expect(200);
        // A session that is named by somebody else's token is none of theirs.
        let (stolen, ben) = (session(&third), user_of(stage, BEN).await);
        let player = Player::user(contracts::Id::as_u128(ben), 1, &[]).in_session(stolen);
        assert_eq!(stage.get(&player, ME).await.problem(), (401, "sign_in_again"));
    });
}

#[test]
fn whoever_wants_to_be_forgotten_is_everywhere() {
    in_a_shop(async |stage, _| {
        shop(stage, 2, &json!({})).await;
        let body = json!({ "email": ANN, "password": PASSWORD, "project": "shop-1" });
        let asked = post(stage, "auth/register", &body).await.expect(202).body;
        let code = last_code(stage).await["code"].clone();
        let answer = json!({ "challenge": asked["challenge"], "code": code });
        let from = [(CLIENT_ADDRESS, told_from(stage, "203.0.113.7"))];
        let from = from.each_ref().map(|(name, word)| (*name, word.as_str()));
        let entered = stage.ask(Method::POST, "/api/v1/auth/otp/verify", None, Some(&answer), &from).await;
        let tokens = entered.expect(200).body;
        let (ann, id) = (player(stage, &tokens).await, user_of(stage, ANN).await);
        let sessions = stage.get(&ann, "/api/v1/users/me/sessions").await;
        assert_eq!(sessions.each("address"), ["203.0.113.7"], "not from the gateway that handed it on");
        join(stage, 2, id).await;
        patch(stage, &ann, &json!({ "name": "Ann Lee", "phone": "+919876543210" }), &[]).await.expect(200);
        let forget = async |password: &str| {
            let body = json!({ "password": password });
            stage.ask(Method::DELETE, ME, Some(&ann), Some(&body), &[]).await
        };
        assert_eq!(forget("another password").await.problem(), (422, "invalid_input"));
        forget(PASSWORD).await.expect(200);
        assert_eq!(told(stage, "user.erased").await, vec![json!({ "userId": id }); 2]);
        assert_eq!(told(stage, "session.ended").await[0]["reason"], "erased");
        assert_eq!(stage.get(&ann, ME).await.problem(), (401, "sign_in_again"));
        assert_eq!(refresh(stage, &tokens["refresh_token"]).await.problem(), (401, "sign_in_again"));
        assert_eq!(sign_in(stage, ANN, PASSWORD).await.problem(), (401, "not_right"));
        let left = crate::accounts_stage::texts_of(stage, id).await;
        assert_eq!(left, "erased", "nothing but the state is left");
        // The address is free again, and leads to somebody else.
        let body = json!({ "email": ANN, "password": PASSWORD, "project": "shop-1" });
        post(stage, "auth/register", &body).await.expect(202);
        assert_eq!(told(stage, "user.created").await.len(), 2);
    });
}

#[test]
fn an_invitation_is_answered_with_its_code_for_a_day() {
    in_a_shop(async |stage, _| {
        registered(stage, ANN).await;
        let admin = Player::user(9, 1, &["*"]);
        let invited = json!({ "email": BEN, "name": "Ben Roy" });
        stage.post(&admin, "/api/v1/users", &invited).await.expect(201);
        let code = last_code(stage).await;
        assert_eq!((&code["purpose"], &code["destination"]), (&json!("password_reset"), &json!(BEN)));
        assert_eq!(sign_in(stage, BEN, PASSWORD).await.problem(), (401, "not_right"));
        stage.clock.advance(Duration::from_secs(23 * 3_600));
        let body = json!({ "email": BEN, "code": code["code"], "new_password": BETTER });
        post(stage, "auth/password/reset", &body).await.expect(200);
        sign_in(stage, BEN, BETTER).await.expect(200);
        // Somebody who is known and has a password is sent none.
        let codes = told(stage, "otp.issued").await.len();
        shop(stage, 2, &json!({})).await;
        let elsewhere = Player::user(9, 2, &["*"]);
        stage.post(&elsewhere, "/api/v1/users", &json!({ "email": BEN })).await.expect(201);
        assert_eq!(told(stage, "otp.issued").await.len(), codes);
    });
}

/// What a gateway in another process says of where a request came from.
fn told_from(stage: &Stage, address: &str) -> String {
    let marks = address_marks(&stage.running.store().keys().keyring);
    address_word(&marks, address.parse().unwrap())
}

async fn patch(stage: &Stage, player: &Player, body: &Value, headers: &[(&str, &str)]) -> Said {
    stage.ask(Method::PATCH, ME, Some(player), Some(body), headers).await
}

fn session(tokens: &Value) -> contracts::SessionId {
    tokens["session_id"].as_str().unwrap().parse().unwrap()
}
