//! By which addresses others may find somebody: told when that changes, and only what is proven to be theirs.

use std::time::Duration;

use contracts::UserId;
use http::Method;
use kernel::testing::{Player, Stage};
use serde_json::{Value, json};

use crate::access_stage::{patch, project, told_where};
use crate::accounts_stage::{
    ANN, BEN, BETTER, PASSWORD, in_a_shop, in_a_shop_that, join, last_code, player, post, register,
    registered, shop, sign_in, told, user_of,
};

const ME: &str = "/api/v1/users/me";
const KIND: &str = "user.contacts.changed";
const FIRST: &str = "+919876543210";
const SECOND: &str = "+919876500000";

/// What each project was told, oldest first: its number, the mail address, the number of the phone.
async fn heard(stage: &Stage) -> Vec<(u128, Value, Value)> {
    let said = |told: &Value, field: &str| told.get(field).cloned().unwrap_or_default();
    let all = told_where(stage, KIND).await;
    all.iter()
        .map(|(to, told)| (contracts::Id::as_u128(to.unwrap()), said(told, "email"), said(told, "phone")))
        .collect()
}

async fn says_number(stage: &Stage, who: &Player, phone: Value) {
    patch(stage, who, ME, &json!({ "phone": phone })).await.expect(200);
}

/// Proves the number that somebody has said.
async fn proves_number(stage: &Stage, who: &Player) {
    let asked = stage.post(who, &format!("{ME}/phone/verify"), &json!({})).await.expect(202).body;
    let answer = json!({ "challenge": asked["challenge"], "code": last_code(stage).await["code"] });
    post(stage, "auth/otp/verify", &answer).await.expect(200);
}

/// Lets the job tell of members who are to be told of.
async fn waits(stage: &Stage) {
    for _ in 0..6 {
        stage.wait(Duration::from_secs(5)).await;
    }
}

#[test]
fn an_address_is_told_once_it_is_proven() {
    in_a_shop(async |stage, _| {
        register(stage, ANN).await.expect(202);
        assert_eq!(heard(stage).await, [], "whoever registers an address need not be who has it");
        let forgot = post(stage, "auth/password/forgot", &json!({ "email": ANN })).await.expect(202).body;
        let code = last_code(stage).await["code"].clone();
        let body = json!({ "challenge": forgot["challenge"], "code": code, "new_password": BETTER });
        post(stage, "auth/password/reset", &body).await.expect(200);
        assert_eq!(heard(stage).await, [(1, json!(ANN), Value::Null)]);
        let told_first = told(stage, KIND).await[0].clone();
        assert_eq!(told_first, json!({ "userId": user_of(stage, ANN).await, "email": ANN }));
        registered(stage, BEN).await;
        assert_eq!(heard(stage).await[1..], [(1, json!(BEN), Value::Null)]);
        sign_in(stage, ANN, BETTER).await.expect(200);
        sign_in(stage, BEN, PASSWORD).await.expect(200);
        assert_eq!(heard(stage).await.len(), 2, "nothing has changed");
    });
}

#[test]
fn an_address_is_told_at_once_where_the_project_does_not_ask_for_proof_and_not_again_with_it() {
    in_a_shop_that(json!({ "auth.verify_email": false }), async |stage, _| {
        register(stage, ANN).await.expect(202);
        assert_eq!(heard(stage).await, [(1, json!(ANN), Value::Null)]);
        let ann = player(stage, &sign_in(stage, ANN, PASSWORD).await.expect(200).body).await;
        let asked = stage.post(&ann, &format!("{ME}/email/verify"), &json!({})).await.expect(202).body;
        let answer = json!({ "challenge": asked["challenge"], "code": last_code(stage).await["code"] });
        post(stage, "auth/otp/verify", &answer).await.expect(200);
        assert_eq!(heard(stage).await.len(), 1);
    });
}

#[test]
fn a_number_is_told_once_it_is_proven_and_taken_back_with_another() {
    in_a_shop(async |stage, _| {
        let body = json!({ "email": ANN, "password": PASSWORD, "phone": FIRST });
        let asked = post(stage, "auth/register", &body).await.expect(202).body;
        let answer = json!({ "challenge": asked["challenge"], "code": last_code(stage).await["code"] });
        let ann = player(stage, &post(stage, "auth/otp/verify", &answer).await.expect(200).body).await;
        let mail = || json!(ANN);
        assert_eq!(heard(stage).await, [(1, mail(), Value::Null)], "anybody can say a number");
        proves_number(stage, &ann).await;
        assert_eq!(heard(stage).await[1..], [(1, mail(), json!(FIRST))]);
        patch(stage, &ann, ME, &json!({ "name": "Ann Lee", "phone": FIRST })).await.expect(200);
        assert_eq!(heard(stage).await.len(), 2, "what others find is as it was");
        says_number(stage, &ann, json!(SECOND)).await;
        assert_eq!(heard(stage).await[2..], [(1, mail(), Value::Null)], "the old one is not theirs any more");
        says_number(stage, &ann, Value::Null).await;
        says_number(stage, &ann, json!(SECOND)).await;
        assert_eq!(heard(stage).await.len(), 3, "nobody was found by it");
        proves_number(stage, &ann).await;
        assert_eq!(heard(stage).await[3..], [(1, mail(), json!(SECOND))]);
    });
}

#[test]
fn a_project_that_somebody_joins_hears_of_the_number_when_they_come_themselves() {
    in_a_shop(async |stage, _| {
        shop(stage, 2, &json!({})).await;
        let body = json!({ "email": ANN, "password": PASSWORD, "project": "shop-1" });
        let asked = post(stage, "auth/register", &body).await.expect(202).body;
        let answer = json!({ "challenge": asked["challenge"], "code": last_code(stage).await["code"] });
        let ann = player(stage, &post(stage, "auth/otp/verify", &answer).await.expect(200).body).await;
        says_number(stage, &ann, json!(FIRST)).await;
        proves_number(stage, &ann).await;
        let before = heard(stage).await.len();
        let elsewhere = Player::user(9, 2, &["*"]);
        stage.post(&elsewhere, "/api/v1/users", &json!({ "email": ANN })).await.expect(201);
        let since = async || heard(stage).await.split_off(before);
        assert_eq!(since().await, [(2, json!(ANN), Value::Null)], "whoever invites has the address alone");
        for _ in 0..2 {
            let body = json!({ "email": ANN, "password": PASSWORD, "project": "shop-2" });
            post(stage, "auth/login", &body).await.expect(200);
        }
        assert_eq!(since().await[1..], [(2, json!(ANN), json!(FIRST))], "once, by coming in");
        says_number(stage, &ann, Value::Null).await;
        let gone = |number| (number, json!(ANN), Value::Null);
        assert_eq!(since().await[2..], [gone(1), gone(2)], "each project hears of it");
    });
}

#[test]
fn an_invitation_to_an_address_tells_it_when_it_is_answered() {
    in_a_shop(async |stage, _| {
        let admin = Player::user(9, 1, &["*"]);
        stage.post(&admin, "/api/v1/users", &json!({ "email": BEN })).await.expect(201);
        assert_eq!(heard(stage).await, []);
        let body = json!({ "email": BEN, "code": last_code(stage).await["code"], "new_password": BETTER });
        post(stage, "auth/password/reset", &body).await.expect(200);
        assert_eq!(heard(stage).await, [(1, json!(BEN), Value::Null)]);
    });
}

#[test]
fn a_project_that_begins_to_ask_for_proof_takes_back_what_is_not_proven() {
    in_a_shop_that(json!({ "auth.verify_email": false }), async |stage, _| {
        register(stage, ANN).await.expect(202);
        register(stage, BEN).await.expect(202);
        let ben = user_of(stage, BEN).await;
        stage.as_owner(format!("update users set email_verified_at = 1 where id = '{ben}'")).await;
        assert_eq!(heard(stage).await.len(), 2);
        waits(stage).await;
        assert_eq!(heard(stage).await.len(), 2, "whoever was told of is not told of again");
        let admin = Player::user(9, 1, &["*"]);
        let path = format!("/api/v1/projects/{}", project(1));
        let asks = async |proof: bool| {
            let body = json!({ "settings": { "auth.verify_email": proof } });
            stage.ask(Method::PATCH, &path, Some(&admin), Some(&body), &[]).await.expect(200);
            waits(stage).await;
        };
        asks(true).await;
        assert_eq!(heard(stage).await[2..], [(1, Value::Null, Value::Null)], "of Ann alone");
        let last = told(stage, KIND).await.pop().unwrap();
        assert_eq!(last, json!({ "userId": user_of(stage, ANN).await }));
        asks(false).await;
        assert_eq!(heard(stage).await[3..], [(1, json!(ANN), Value::Null)]);
    });
}

#[test]
fn whoever_was_known_before_this_was_told_is_told_of_once() {
    in_a_shop(async |stage, _| {
        register(stage, ANN).await.expect(202);
        registered(stage, BEN).await;
        shop(stage, 2, &json!({ "auth.verify_email": false })).await;
        let (ann, ben): (UserId, UserId) = (user_of(stage, ANN).await, user_of(stage, BEN).await);
        join(stage, 2, ann).await;
        let before = heard(stage).await.len();
        // As it was before the upgrade, which is the next start.
        let number = format!("phone = '{FIRST}', phone_verified_at = 1 where id = '{ben}'");
        stage.as_owner(format!("update users set {number}")).await;
        let before_it = "drop table contacts_to_tell; alter table memberships drop column entered;
            delete from migrations where name = '0004_contacts.sql'";
        stage.as_owner(before_it.to_owned()).await;
        drop(stage.beside(identity::service()).await);
        waits(stage).await;
        let since = heard(stage).await.split_off(before);
        assert_eq!(since, [(1, json!(BEN), Value::Null), (2, json!(ANN), Value::Null)]);
        let body = json!({ "email": BEN, "password": PASSWORD, "project": "shop-1" });
        post(stage, "auth/login", &body).await.expect(200);
        let last = heard(stage).await.pop().unwrap();
        assert_eq!(last, (1, json!(BEN), json!(FIRST)), "the number when they come again");
    });
}
