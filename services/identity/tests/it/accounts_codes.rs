//! One-time codes, second factors, and how often each may be tried.

use std::time::Duration;

use contracts::Timestamp;
use identity::domain::totp::code_at;
use kernel::testing::{Player, Said, Stage};
use serde_json::{Value, json};

use crate::accounts_stage::{
    ANN, BEN, PASSWORD, claims, in_a_shop, in_a_shop_that, last_code, player, post, register, registered,
    sign_in, told, user_of,
};

#[test]
fn where_a_code_is_required_a_password_alone_yields_no_token() {
    in_a_shop_that(json!({ "auth.otp": "required" }), async |stage, _| {
        registered(stage, ANN).await;
        let asked = sign_in(stage, ANN, PASSWORD).await.expect(200);
        assert_eq!(
            (&asked.body["status"], &asked.body["channel"]),
            (&json!("otp_required"), &json!("email"))
        );
        assert!(asked.body.get("access_token").is_none());
        let code = last_code(stage).await;
        assert_eq!((&code["purpose"], &code["destination"]), (&json!("login"), &json!(ANN)));
        let entered = answer(stage, &asked.body["challenge"], &code["code"]).await.expect(200);
        claims(stage, &entered.body).await;
        let methods = told(stage, "user.logged_in").await.pop().unwrap()["methods"].clone();
        assert_eq!(methods, json!(["pwd", "otp"]));
    });
}

#[test]
fn a_code_by_message_reaches_a_verified_phone_alone() {
    in_a_shop_that(json!({ "auth.otp": "required" }), async |stage, _| {
        registered(stage, ANN).await;
        let ann = user_of(stage, ANN).await;
        stage.as_owner(format!("update users set phone = '+919876543210' where id = '{ann}'")).await;
        let body = json!({ "email": ANN, "password": PASSWORD, "channel": "sms" });
        assert_eq!(post(stage, "auth/login", &body).await.expect(200).body["channel"], "email");
        stage.as_owner(format!("update users set phone_verified_at = 1 where id = '{ann}'")).await;
        let asked = post(stage, "auth/login", &body).await.expect(200);
        assert_eq!(asked.body["channel"], "sms");
        let code = last_code(stage).await;
        assert_eq!((&code["channel"], &code["destination"]), (&json!("sms"), &json!("+919876543210")));
        answer(stage, &asked.body["challenge"], &code["code"]).await.expect(200);
    });
}

#[test]
fn a_code_is_void_after_five_wrong_tries_or_five_minutes() {
    in_a_shop_that(json!({ "auth.otp": "required" }), async |stage, _| {
        registered(stage, ANN).await;
        let asked = sign_in(stage, ANN, PASSWORD).await.expect(200).body["challenge"].clone();
        let code = last_code(stage).await["code"].clone();
        for _ in 0..5 {
            assert_eq!(answer(stage, &asked, &wrong(&code)).await.problem(), (401, "not_right"));
        }
        let failed = told(stage, "user.login_failed").await;
        let ann = user_of(stage, ANN).await;
        assert_eq!(failed, vec![json!({ "userId": ann, "method": "code" }); 5], "each is on record");
        assert_eq!(answer(stage, &asked, &code).await.problem(), (401, "not_right"));

        let asked = sign_in(stage, ANN, PASSWORD).await.expect(200).body["challenge"].clone();
        let code = last_code(stage).await["code"].clone();
        stage.clock.advance(Duration::from_secs(300));
        assert_eq!(answer(stage, &asked, &code).await.problem(), (401, "not_right"));
    });
}

#[test]
fn a_code_fits_its_own_challenge_and_purpose_alone() {
    in_a_shop_that(json!({ "auth.otp": "required" }), async |stage, _| {
        registered(stage, ANN).await;
        let first = sign_in(stage, ANN, PASSWORD).await.expect(200).body["challenge"].clone();
        let first_code = last_code(stage).await["code"].clone();
        let second = sign_in(stage, ANN, PASSWORD).await.expect(200).body["challenge"].clone();
        assert_eq!(answer(stage, &second, &first_code).await.problem(), (401, "not_right"));
        let forgot = post(stage, "auth/password/forgot", &json!({ "email": ANN })).await.expect(202);
        let reset_code = last_code(stage).await["code"].clone();
        assert_eq!(answer(stage, &forgot.body["challenge"], &reset_code).await.problem(), (401, "not_right"));
        answer(stage, &first, &first_code).await.expect(200);
        for unknown in ["otp_01jd3sa4k8qm7v2x9c5f0t6w1b", "otp_7zzzzzzzzzzzzzzzzzzzzzzzzz"] {
            assert_eq!(answer(stage, &json!(unknown), &first_code).await.problem(), (401, "not_right"));
        }
    });
}

#[test]
fn a_new_code_voids_the_one_before_and_comes_no_sooner_than_after_half_a_minute() {
    in_a_shop_that(json!({ "auth.otp": "required" }), async |stage, _| {
        registered(stage, ANN).await;
        let asked = sign_in(stage, ANN, PASSWORD).await.expect(200).body["challenge"].clone();
        let first = last_code(stage).await["code"].clone();
        stage.clock.advance(Duration::from_secs(29));
        let early = send(stage, &asked, "email").await;
        assert_eq!(early.problem(), (429, "too_many_tries"));
        assert_eq!(early.headers["retry-after"], "1");
        stage.clock.advance(Duration::from_secs(1));
        assert_eq!(send(stage, &asked, "email").await.expect(202).body["challenge"], asked);
        let second = last_code(stage).await["code"].clone();
        if first != second {
            assert_eq!(answer(stage, &asked, &first).await.problem(), (401, "not_right"));
        }
        for channel in ["sms", "authenticator"] {
            assert_eq!(send(stage, &asked, channel).await.problem(), (422, "invalid_input"), "{channel}");
        }
        answer(stage, &asked, &second).await.expect(200);
        assert_eq!(send(stage, &asked, "email").await.problem(), (401, "not_right"));
    });
}

#[test]
fn a_destination_is_sent_five_codes_an_hour_and_nobody_learns_when_it_has_had_them() {
    in_a_shop(async |stage, _| {
        registered(stage, ANN).await;
        let sent = async || told(stage, "otp.issued").await.len();
        assert_eq!(sent().await, 1);
        let forgot =
            async |email: &str| post(stage, "auth/password/forgot", &json!({ "email": email })).await;
        for _ in 0..6 {
            forgot(ANN).await.expect(202);
        }
        assert_eq!(sent().await, 5);
        // Addresses have a count each, and so has that of nobody.
        forgot("nobody@example.com").await.expect(202);
        assert_eq!(sent().await, 5);
        stage.clock.advance(Duration::from_secs(3_600));
        for _ in 0..6 {
            forgot(ANN).await.expect(202);
        }
        assert_eq!(sent().await, 10);
        stage.clock.advance(Duration::from_secs(3_600));
        forgot(ANN).await.expect(202);
        assert_eq!(sent().await, 10);
        stage.clock.advance(Duration::from_secs(22 * 3_600));
        forgot(ANN).await.expect(202);
        assert_eq!(sent().await, 11);
    });
}

#[test]
fn codes_that_anybody_asks_for_do_not_use_up_those_that_their_owner_needs() {
    in_a_shop_that(json!({ "auth.otp": "required" }), async |stage, _| {
        registered(stage, ANN).await;
        for _ in 0..6 {
            post(stage, "auth/password/forgot", &json!({ "email": ANN })).await.expect(202);
        }
        let asked = sign_in(stage, ANN, PASSWORD).await.expect(200).body;
        let code = last_code(stage).await;
        assert_eq!(code["purpose"], "login");
        answer(stage, &asked["challenge"], &code["code"]).await.expect(200);
    });
}

#[test]
fn nobody_is_mailed_without_end_that_they_have_an_account() {
    in_a_shop(async |stage, _| {
        registered(stage, ANN).await;
        for _ in 0..8 {
            register(stage, ANN).await.expect(202);
        }
        assert_eq!(told(stage, "notification.send").await.len(), 4);
    });
}

#[test]
fn an_authenticator_is_asked_of_those_who_have_one_and_its_codes_are_good_once() {
    in_a_shop(async |stage, _| {
        let ann = player(stage, &registered(stage, ANN).await).await;
        let secret = begin(stage, &ann).await;
        // Not proven yet: not asked for.
        assert_eq!(sign_in(stage, ANN, PASSWORD).await.expect(200).body["status"], "signed_in");
        let codes = confirm(stage, &ann, &secret).await;
        assert_eq!(codes.len(), 10);
        assert_eq!(told(stage, "user.authenticator_added").await.len(), 1);
        let again = stage.post(&ann, "/api/v1/users/me/totp", &json!({})).await;
        assert_eq!(again.problem(), (409, "authenticator_exists"));

        let asked = sign_in(stage, ANN, PASSWORD).await.expect(200).body;
        assert_eq!((&asked["status"], &asked["channel"]), (&json!("otp_required"), &json!("authenticator")));
        // The code that proved it is used up.
        let used = shows(stage, &secret);
        assert_eq!(answer(stage, &asked["challenge"], &json!(used)).await.problem(), (401, "not_right"));
        stage.clock.advance(Duration::from_secs(30));
        let fresh = json!(shows(stage, &secret));
        answer(stage, &asked["challenge"], &fresh).await.expect(200);
        let asked = sign_in(stage, ANN, PASSWORD).await.expect(200).body;
        assert_eq!(answer(stage, &asked["challenge"], &fresh).await.problem(), (401, "not_right"));
        assert_eq!(send(stage, &asked["challenge"], "email").await.problem(), (422, "invalid_input"));

        // Lost: a recovery code does it, once, however it is typed.
        let recovery = codes[3].to_uppercase().replace('-', " ");
        answer(stage, &asked["challenge"], &json!(recovery)).await.expect(200);
        let asked = sign_in(stage, ANN, PASSWORD).await.expect(200).body;
        assert_eq!(answer(stage, &asked["challenge"], &json!(recovery)).await.problem(), (401, "not_right"));
        assert_eq!(told(stage, "user.recovery_code_used").await[0]["left"], 9);
    });
}

#[test]
fn whoever_knows_the_password_does_not_guess_the_authenticators_code() {
    in_a_shop(async |stage, _| {
        let ann = player(stage, &registered(stage, ANN).await).await;
        let secret = begin(stage, &ann).await;
        confirm(stage, &ann, &secret).await;
        stage.clock.advance(Duration::from_secs(60));
        // New challenges do not give new tries.
        for _ in 0..5 {
            let asked = sign_in(stage, ANN, PASSWORD).await.expect(200).body;
            let guess = wrong(&json!(shows(stage, &secret)));
            assert_eq!(answer(stage, &asked["challenge"], &guess).await.problem(), (401, "not_right"));
        }
        let asked = sign_in(stage, ANN, PASSWORD).await.expect(200).body;
        let right = json!(shows(stage, &secret));
        let waits = answer(stage, &asked["challenge"], &right).await;
        assert_eq!(waits.problem(), (429, "too_many_tries"));
        assert_eq!(waits.headers["retry-after"], "30");
        stage.clock.advance(Duration::from_secs(30));
        let right = json!(shows(stage, &secret));
        answer(stage, &asked["challenge"], &right).await.expect(200);
    });
}

#[test]
fn sessions_without_the_second_factor_end_at_their_next_refresh() {
    in_a_shop(async |stage, _| {
        let here = registered(stage, ANN).await;
        let there = sign_in(stage, ANN, PASSWORD).await.expect(200).body;
        // Verified by mail at the registration: that session has shown a code already.
        let ann = player(stage, &there).await;
        let secret = begin(stage, &ann).await;
        let other = sign_in(stage, ANN, PASSWORD).await.expect(200).body;
        confirm(stage, &ann, &secret).await;
        let refresh =
            async |tokens: &Value| crate::accounts_stage::refresh(stage, &tokens["refresh_token"]).await;
        refresh(&there).await.expect(200);
        refresh(&here).await.expect(200);
        assert_eq!(refresh(&other).await.problem(), (401, "sign_in_again"));
    });
}

#[test]
fn an_authenticator_goes_with_the_password_alone() {
    in_a_shop(async |stage, _| {
        let ann = player(stage, &registered(stage, ANN).await).await;
        let remove = async |password: &str| {
            let body = json!({ "password": password });
            stage.ask(http::Method::DELETE, "/api/v1/users/me/totp", Some(&ann), Some(&body), &[]).await
        };
        assert_eq!(remove(PASSWORD).await.problem(), (404, "not_found"));
        let early = stage.post(&ann, "/api/v1/users/me/totp/confirm", &json!({ "code": "123456" })).await;
        assert_eq!(early.problem(), (409, "authenticator_not_begun"));
        let secret = begin(stage, &ann).await;
        let guess = json!({ "code": wrong(&json!(shows(stage, &secret))) });
        let refused = stage.post(&ann, "/api/v1/users/me/totp/confirm", &guess).await;
        assert_eq!(refused.problem(), (422, "invalid_input"));
        confirm(stage, &ann, &secret).await;
        assert_eq!(remove("another password").await.problem(), (422, "invalid_input"));
        remove(PASSWORD).await.expect(200);
        assert_eq!(sign_in(stage, ANN, PASSWORD).await.expect(200).body["status"], "signed_in");
        assert_eq!(told(stage, "user.authenticator_removed").await.len(), 1);
    });
}

#[test]
fn wrong_passwords_wait_longer_and_longer_whether_the_address_is_known_or_not() {
    in_a_shop(async |stage, _| {
        registered(stage, ANN).await;
        for email in [ANN, "nobody@example.com"] {
            for _ in 0..10 {
                assert_eq!(sign_in(stage, email, "another password").await.problem(), (401, "not_right"));
            }
            for wait_s in [1, 2, 4] {
                let told = sign_in(stage, email, PASSWORD).await;
                assert_eq!(told.problem(), (429, "too_many_tries"), "{email}");
                assert_eq!(told.headers["retry-after"], wait_s.to_string().as_str());
                stage.clock.advance(Duration::from_secs(wait_s));
                assert_eq!(sign_in(stage, email, "another password").await.problem(), (401, "not_right"));
            }
            stage.clock.advance(Duration::from_secs(8));
        }
        // Whoever knows it gets in, and begins anew.
        sign_in(stage, ANN, PASSWORD).await.expect(200);
        for _ in 0..9 {
            assert_eq!(sign_in(stage, ANN, "another password").await.problem(), (401, "not_right"));
        }
        sign_in(stage, ANN, PASSWORD).await.expect(200);
        // What is old is forgotten.
        for _ in 0..10 {
            sign_in(stage, BEN, "another password").await;
        }
        stage.clock.advance(Duration::from_secs(86_400));
        assert_eq!(sign_in(stage, BEN, "another password").await.problem(), (401, "not_right"));
        assert_eq!(sign_in(stage, BEN, "another password").await.problem(), (401, "not_right"));
    });
}

async fn answer(stage: &Stage, challenge: &Value, code: &Value) -> Said {
    post(stage, "auth/otp/verify", &json!({ "challenge": challenge, "code": code })).await
}

async fn send(stage: &Stage, challenge: &Value, channel: &str) -> Said {
    post(stage, "auth/otp/send", &json!({ "challenge": challenge, "channel": channel })).await
}

/// A code that is certainly another one.
fn wrong(code: &Value) -> Value {
    let number: u32 = code.as_str().unwrap().parse().unwrap();
    json!(format!("{:06}", (number + 1) % 1_000_000))
}

/// The secret of an authenticator that is being set up.
async fn begin(stage: &Stage, player: &Player) -> Vec<u8> {
    let begun = stage.post(player, "/api/v1/users/me/totp", &json!({})).await.expect(201).body;
    let url = begun["url"].as_str().unwrap();
    let text = begun["secret"].as_str().unwrap();
    assert!(url.starts_with("otpauth://totp/Corner%20Shop:ann@example.com?secret="), "{url}");
    assert!(url.contains(text));
    unbase32(text)
}

async fn confirm(stage: &Stage, player: &Player, secret: &[u8]) -> Vec<String> {
    let body = json!({ "code": shows(stage, secret) });
    let said = stage.post(player, "/api/v1/users/me/totp/confirm", &body).await.expect(200).body;
    serde_json::from_value(said["recovery_codes"].clone()).unwrap()
}

/// What an authenticator shows now.
fn shows(stage: &Stage, secret: &[u8]) -> String {
    let now: Timestamp = stage.clock.now();
    code_at(secret, now.as_millis() / 1_000 / 30)
}

fn unbase32(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for letter in text.chars() {
        held = held << 5 | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap() as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    bytes
}
