//! Registering and signing in.

use contracts::{Id, ProjectId};
use serde_json::{Value, json};

use crate::accounts_stage::{
    ANN, BEN, PASSWORD, claims, hash_of, in_a_shop, in_a_shop_that, last_code, post, register, registered,
    set_up, shop, sign_in, told, user_of,
};

#[test]
fn whoever_registers_verifies_their_address_and_is_in() {
    in_a_shop(async |stage, _| {
        let asked = register(stage, " Ann@Example.com ").await.expect(202);
        assert_eq!(asked.body["status"], "verify_email");
        assert_eq!(asked.body["expires_in"], 300);
        let code = last_code(stage).await;
        assert_eq!((&code["purpose"], &code["channel"]), (&json!("verify_email"), &json!("email")));
        assert_eq!(code["destination"], ANN);
        assert_eq!(sign_in(stage, ANN, PASSWORD).await.problem(), (401, "not_right"));

        let answer = json!({ "challenge": asked.body["challenge"], "code": code["code"] });
        let entered = post(stage, "auth/otp/verify", &answer).await.expect(200);
        assert_eq!(entered.body["status"], "signed_in");
        assert_eq!(entered.headers["cache-control"], "no-store");
        assert_eq!(post(stage, "auth/otp/verify", &answer).await.problem(), (401, "not_right"));

        let said = claims(stage, &entered.body).await;
        assert_eq!(said.project, Some(ProjectId::from_u128(1)));
        assert_eq!(said.project_ids, [ProjectId::from_u128(1)]);
        assert_eq!((said.iss.as_str(), said.aud.as_slice()), ("stoa", ["stoa".to_owned()].as_slice()));
        assert_eq!((said.exp - said.iat, said.roles), (600, vec!["USER".to_owned()]));
        assert!(said.perms.contains(&"orders:write".to_owned()));
        let names: Vec<String> = stage.told().await.into_iter().map(|(name, _)| name).collect();
        for name in ["user.created", "member.joined", "otp.issued", "user.email_verified", "user.logged_in"] {
            assert!(names.contains(&name.to_owned()), "{name} {names:?}");
        }
    });
}

#[test]
fn a_known_address_is_answered_like_a_new_one_and_its_owner_is_told() {
    in_a_shop(async |stage, _| {
        registered(stage, ANN).await;
        let codes = told(stage, "otp.issued").await.len();
        let (known, new) = (register(stage, ANN).await.expect(202), register(stage, BEN).await.expect(202));
        let shape = |body: &Value| {
            let mut fields: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
            fields.sort();
            (fields, body["status"].clone(), body["channel"].clone(), body["expires_in"].clone())
        };
        assert_eq!(shape(&known.body), shape(&new.body));
        assert_eq!(told(stage, "otp.issued").await.len(), codes + 1);
        let notice = told(stage, "notification.send").await.pop().unwrap();
        assert_eq!((&notice["recipient"], &notice["templateId"]), (&json!(ANN), &json!("account_exists")));
        // The challenge takes answers as any other does, and none is right.
        for _ in 0..6 {
            let answer = json!({ "challenge": known.body["challenge"], "code": "000000" });
            assert_eq!(post(stage, "auth/otp/verify", &answer).await.problem(), (401, "not_right"));
        }
        // Nothing was changed by it: her password is the old one.
        sign_in(stage, ANN, PASSWORD).await.expect(200);
    });
}

#[test]
fn where_addresses_are_not_verified_a_registration_lets_people_sign_in_at_once() {
    in_a_shop_that(json!({ "auth.verify_email": false }), async |stage, _| {
        let said = register(stage, ANN).await.expect(202);
        assert_eq!(said.body, json!({ "status": "registered" }));
        assert_eq!(register(stage, ANN).await.expect(202).body, said.body);
        assert_eq!(told(stage, "otp.issued").await.len(), 0);
        assert_eq!(told(stage, "user.created").await.len(), 1);
        assert_eq!(sign_in(stage, ANN, PASSWORD).await.expect(200).body["status"], "signed_in");
    });
}

#[test]
fn a_registration_that_cannot_be_says_which_field_is_wrong() {
    in_a_shop(async |stage, _| {
        for (field, value) in [
            ("email", json!("ann")),
            ("email", json!("ann@example.com\u{0}")),
            ("phone", json!("98765")),
            ("password", json!("short")),
            ("password", json!("password1")),
            ("password", json!("my ann password")),
            ("password", json!("x".repeat(257))),
            ("name", json!(" ")),
            ("project", json!("no-such-shop")),
            ("project", json!("\u{0}")),
            ("project", json!("platform")),
        ] {
            let mut body = json!({ "email": ANN, "password": PASSWORD });
            body[field] = value;
            let said = post(stage, "auth/register", &body).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{body} {}", said.body);
            assert_eq!(said.body["details"]["fields"][0]["field"], field, "{}", said.body);
        }
        assert!(told(stage, "user.created").await.is_empty());
    });
}

#[test]
fn a_closed_project_takes_nobody() {
    in_a_shop_that(json!({ "auth.registration": false }), async |stage, _| {
        assert_eq!(register(stage, ANN).await.problem(), (403, "forbidden"));
        assert!(told(stage, "user.created").await.is_empty());
    });
}

#[test]
fn of_several_projects_one_is_named_or_set() {
    let settings = json!({ "auth.verify_email": false });
    let body = |project: &str| json!({ "email": ANN, "password": PASSWORD, "project": project });
    in_a_shop_that(settings.clone(), async |stage, _| {
        shop(stage, 2, &json!({ "auth.verify_email": false })).await;
        let said = register(stage, ANN).await;
        assert_eq!(said.body["details"]["fields"][0]["field"], "project", "{}", said.body);
        post(stage, "auth/register", &body("shop-2")).await.expect(202);
        // She need not say it again: it is the only one of hers.
        let entered = sign_in(stage, ANN, PASSWORD).await.expect(200);
        assert_eq!(claims(stage, &entered.body).await.project, Some(ProjectId::from_u128(2)));
        assert_eq!(post(stage, "auth/login", &body("shop-1")).await.problem(), (401, "not_right"));
        let id = ProjectId::from_u128(2).to_string();
        post(stage, "auth/login", &body(&id)).await.expect(200);
    });
    set_up(settings, &[("auth.project", "shop-2")], async |stage, _| {
        shop(stage, 2, &json!({ "auth.verify_email": false })).await;
        register(stage, ANN).await.expect(202);
        let entered = sign_in(stage, ANN, PASSWORD).await.expect(200);
        assert_eq!(claims(stage, &entered.body).await.project, Some(ProjectId::from_u128(2)));
    });
}

#[test]
fn whatever_is_wrong_with_a_sign_in_the_answer_is_the_same() {
    in_a_shop_that(json!({ "auth.verify_email": false }), async |stage, _| {
        shop(stage, 2, &json!({})).await;
        for email in [ANN, BEN, "cat@example.com"] {
            let body = json!({ "email": email, "password": PASSWORD, "project": "shop-1" });
            post(stage, "auth/register", &body).await.expect(202);
        }
        let (ben, cat) = (user_of(stage, BEN).await, user_of(stage, "cat@example.com").await);
        stage.as_owner(format!("update users set status = 'disabled' where id = '{ben}'")).await;
        stage.as_owner(format!("update memberships set active = false where user_id = '{cat}'")).await;
        let mut answers = Vec::new();
        for (email, password, project) in [
            ("nobody@example.com", PASSWORD, "shop-1"),
            (ANN, "another password", "shop-1"),
            (ANN, PASSWORD, "shop-2"),
            (ANN, PASSWORD, "no-such-shop"),
            (ANN, PASSWORD, "platform"),
            (BEN, PASSWORD, "shop-1"),
            ("cat@example.com", PASSWORD, "shop-1"),
        ] {
            let body = json!({ "email": email, "password": password, "project": project });
            let mut said = post(stage, "auth/login", &body).await;
            assert_eq!(said.problem(), (401, "not_right"), "{body}");
            said.body.as_object_mut().unwrap().remove("correlation_id");
            answers.push(said.body);
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
        assert_eq!(told(stage, "user.login_failed").await.len(), 7);
        assert!(told(stage, "user.login_failed").await[0].get("userId").is_none());
    });
}

#[test]
fn an_operator_signs_in_for_the_platform_itself() {
    in_a_shop(async |stage, _| {
        registered(stage, ANN).await;
        let ann = user_of(stage, ANN).await;
        let insert = format!(
            "insert into platform_operators (user_id, permissions, created_at) values ('{ann}', '[\"projects:*\"]', 0)"
        );
        stage.as_owner(insert).await;
        let body = json!({ "email": ANN, "password": PASSWORD, "project": "platform" });
        let entered = post(stage, "auth/login", &body).await.expect(200);
        let said = claims(stage, &entered.body).await;
        assert_eq!((said.project, said.perms), (None, vec!["projects:*".to_owned()]));
    });
}

#[test]
fn a_hash_from_elsewhere_is_replaced_at_the_first_sign_in() {
    in_a_shop_that(json!({ "auth.verify_email": false }), async |stage, _| {
        register(stage, ANN).await.expect(202);
        let ann = user_of(stage, ANN).await;
        let old = bcrypt::hash_with_salt(PASSWORD, 4, [7; 16]).unwrap().to_string();
        stage.as_owner(format!("update users set password_hash = '{old}' where id = '{ann}'")).await;
        sign_in(stage, ANN, PASSWORD).await.expect(200);
        let kept = hash_of(stage, ann).await;
        assert!(kept.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{kept}");
        sign_in(stage, ANN, PASSWORD).await.expect(200);
    });
}
