//! Refreshing, and leaving.

use std::time::Duration;

use contracts::{Id, ProjectId};
use http::{HeaderMap, Method, header};
use kernel::testing::Stage;
use serde_json::{Value, json};

use crate::accounts_stage::{
    ANN, BEN, PASSWORD, claims, in_a_shop, in_a_shop_that, join, player, post, refresh, registered, set_up,
    shop, sign_in, told, user_of,
};

#[test]
fn a_session_goes_on_with_a_new_token_each_time() {
    in_a_shop(async |stage, _| {
        let first = registered(stage, ANN).await;
        stage.clock.advance(Duration::from_secs(300));
        let second = refresh(stage, &first["refresh_token"]).await.expect(200).body;
        assert_ne!(second["refresh_token"], first["refresh_token"]);
        assert_eq!(second["session_id"], first["session_id"]);
        let third = refresh(stage, &second["refresh_token"]).await.expect(200).body;
        assert_ne!(claims(stage, &third).await.jti, claims(stage, &second).await.jti);
        for broken in ["", "rft_1.x", "nonsense", &format!("{}0", third["refresh_token"].as_str().unwrap())] {
            let said = refresh(stage, &json!(broken)).await;
            assert_eq!(said.problem(), (401, "sign_in_again"), "{broken}");
        }
    });
}

#[test]
fn a_client_that_asks_twice_within_a_moment_is_given_the_same() {
    in_a_shop(async |stage, _| {
        let first = registered(stage, ANN).await;
        let second = refresh(stage, &first["refresh_token"]).await.expect(200).body;
        stage.clock.advance(Duration::from_secs(20));
        let again = refresh(stage, &first["refresh_token"]).await.expect(200).body;
        assert_eq!(again["refresh_token"], second["refresh_token"]);
        assert!(told(stage, "session.ended").await.is_empty());
    });
}

#[test]
fn fifty_who_refresh_with_one_token_at_once_are_given_the_same() {
    in_a_shop(async |stage, _| {
        let first = registered(stage, ANN).await;
        let asked = (0..50).map(|_| refresh(stage, &first["refresh_token"]));
        let answers = all_at_once(asked.collect()).await;
        let next: Vec<Value> =
            answers.into_iter().map(|said| said.expect(200).body["refresh_token"].clone()).collect();
        assert_eq!(next.len(), 50);
        assert!(next.iter().all(|token| *token == next[0]), "{next:?}");
        refresh(stage, &next[0]).await.expect(200);
    });
}

#[test]
fn a_token_that_comes_twice_ends_the_whole_session() {
    in_a_shop(async |stage, _| {
        let first = registered(stage, ANN).await;
        let second = refresh(stage, &first["refresh_token"]).await.expect(200).body;
        stage.clock.advance(Duration::from_secs(21));
        assert_eq!(refresh(stage, &first["refresh_token"]).await.problem(), (401, "sign_in_again"));
        assert_eq!(refresh(stage, &second["refresh_token"]).await.problem(), (401, "sign_in_again"));
        let ended = told(stage, "session.ended").await;
        assert_eq!(ended.len(), 1);
        assert_eq!(
            (&ended[0]["reason"], &ended[0]["sessionIds"][0]),
            (&json!("reuse"), &first["session_id"])
        );
        assert_eq!(told(stage, "session.refresh_reused").await.len(), 1);
        let ann = player(stage, &second).await;
        assert_eq!(stage.get(&ann, "/api/v1/users/me").await.problem(), (401, "sign_in_again"));
    });
}

#[test]
fn what_somebody_may_do_is_read_anew_at_each_refresh() {
    in_a_shop(async |stage, _| {
        let first = registered(stage, ANN).await;
        let ann = user_of(stage, ANN).await;
        let admin = format!(
            "insert into user_roles (project_id, user_id, role_id, granted_at, granted_by)
             select project_id, '{ann}', id, 0, 'a test' from roles where name = 'ADMIN'"
        );
        stage.as_owner(admin).await;
        let second = refresh(stage, &first["refresh_token"]).await.expect(200).body;
        let said = claims(stage, &second).await;
        assert_eq!(said.roles, ["ADMIN", "USER"]);
        assert!(said.perms.contains(&"*".to_owned()));

        stage.as_owner(format!("update memberships set active = false where user_id = '{ann}'")).await;
        assert_eq!(refresh(stage, &second["refresh_token"]).await.problem(), (401, "sign_in_again"));
        stage.as_owner(format!("update memberships set active = true where user_id = '{ann}'")).await;
        stage.as_owner(format!("update users set status = 'disabled' where id = '{ann}'")).await;
        assert_eq!(refresh(stage, &second["refresh_token"]).await.problem(), (401, "sign_in_again"));
    });
}

#[test]
fn a_session_ends_however_often_it_is_refreshed() {
    in_a_shop_that(json!({ "auth.session_hours": 1 }), async |stage, _| {
        let first = registered(stage, ANN).await;
        stage.clock.advance(Duration::from_secs(3_590));
        let second = refresh(stage, &first["refresh_token"]).await.expect(200).body;
        stage.clock.advance(Duration::from_secs(10));
        assert_eq!(refresh(stage, &second["refresh_token"]).await.problem(), (401, "sign_in_again"));
    });
}

#[test]
fn a_member_of_two_projects_acts_for_either_in_one_session() {
    in_a_shop(async |stage, _| {
        shop(stage, 2, &json!({})).await;
        shop(stage, 3, &json!({ "auth.otp": "required" })).await;
        shop(stage, 4, &json!({})).await;
        let body = json!({ "email": ANN, "password": PASSWORD, "project": "shop-1" });
        let asked = post(stage, "auth/register", &body).await.expect(202);
        let code = crate::accounts_stage::last_code(stage).await["code"].clone();
        let answer = json!({ "challenge": asked.body["challenge"], "code": code });
        post(stage, "auth/otp/verify", &answer).await.expect(200);
        let ann = user_of(stage, ANN).await;
        join(stage, 2, ann).await;
        join(stage, 3, ann).await;
        let entered = post(stage, "auth/login", &body).await.expect(200).body;

        let switch = async |token: &Value, project: &str| {
            post(stage, "auth/refresh", &json!({ "refresh_token": token, "project": project })).await
        };
        let second = switch(&entered["refresh_token"], "shop-2").await.expect(200).body;
        let said = claims(stage, &second).await;
        assert_eq!(said.project, Some(ProjectId::from_u128(2)));
        assert_eq!(said.project_ids.len(), 3);
        let on = refresh(stage, &second["refresh_token"]).await.expect(200).body;
        assert_eq!(claims(stage, &on).await.project, Some(ProjectId::from_u128(2)));
        // A project of others is not there, and one that asks for more than a password is not entered with less.
        for foreign in ["shop-4", "shop-9", "platform"] {
            assert_eq!(
                switch(&on["refresh_token"], foreign).await.problem(),
                (404, "not_found"),
                "{foreign}"
            );
        }
        assert_eq!(switch(&on["refresh_token"], "shop-3").await.problem(), (401, "sign_in_again"));
        refresh(stage, &on["refresh_token"]).await.expect(200);
    });
}

#[test]
fn a_project_may_give_out_no_refresh_tokens() {
    in_a_shop_that(json!({ "auth.refresh": false }), async |stage, _| {
        let entered = registered(stage, ANN).await;
        assert!(entered["access_token"].is_string() && entered.get("refresh_token").is_none());
    });
}

#[test]
fn whoever_leaves_is_out_with_either_token() {
    in_a_shop(async |stage, _| {
        let by_refresh = registered(stage, ANN).await;
        let body = json!({ "refresh_token": by_refresh["refresh_token"] });
        post(stage, "auth/logout", &body).await.expect(200);
        post(stage, "auth/logout", &body).await.expect(200);
        assert_eq!(refresh(stage, &by_refresh["refresh_token"]).await.problem(), (401, "sign_in_again"));

        let by_access = registered(stage, BEN).await;
        let ben = player(stage, &by_access).await;
        stage.ask(Method::POST, "/api/v1/auth/logout", Some(&ben), None, &[]).await.expect(200);
        assert_eq!(refresh(stage, &by_access["refresh_token"]).await.problem(), (401, "sign_in_again"));
        let reasons: Vec<Value> =
            told(stage, "session.ended").await.iter().map(|told| told["reason"].clone()).collect();
        assert_eq!(reasons, ["logout", "logout"]);
        stage.ask(Method::POST, "/api/v1/auth/logout", None, None, &[]).await.expect(200);

        let late = sign_in(stage, ANN, PASSWORD).await.expect(200).body;
        let body = json!({ "refresh_token": late["refresh_token"] });
        let old = [("authorization", "Bearer a.token.that-is-over")];
        stage.ask(Method::POST, "/api/v1/auth/logout", None, Some(&body), &old).await.expect(200);
        assert_eq!(refresh(stage, &late["refresh_token"]).await.problem(), (401, "sign_in_again"));
    });
}

#[test]
fn a_browser_keeps_its_tokens_in_cookies_and_proves_that_its_page_is_ours() {
    in_a_shop(async |stage, _| {
        registered(stage, ANN).await;
        let body = json!({ "email": ANN, "password": PASSWORD, "cookie": true });
        let entered = post(stage, "auth/login", &body).await.expect(200);
        assert!(entered.body.get("access_token").is_none() && entered.body.get("refresh_token").is_none());
        let cookies = cookies(&entered.headers);
        assert_eq!(cookies.len(), 3);
        let (access, refresh_cookie) = (found(&cookies, "stoa_access="), found(&cookies, "stoa_refresh="));
        assert!(access.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=600"), "{access}");
        assert!(refresh_cookie.contains("; HttpOnly; SameSite=Strict; Path=/api/v1/auth; Max-Age="));
        assert!(!found(&cookies, "stoa_csrf=").contains("HttpOnly"));

        let sent = refresh_cookie.split(';').next().unwrap();
        let csrf = entered.body["csrf_token"].as_str().unwrap();
        assert_eq!(by_cookie(stage, "refresh", &[("cookie", sent)]).await.problem(), (403, "csrf"));
        let wrong = [("cookie", sent), ("x-csrf-token", "m1.k.AAAA")];
        assert_eq!(by_cookie(stage, "refresh", &wrong).await.problem(), (403, "csrf"));
        let right = [("cookie", sent), ("x-csrf-token", csrf)];
        let next = by_cookie(stage, "refresh", &right).await.expect(200);
        assert_eq!(next.body["csrf_token"], csrf);
        let next = self::cookies(&next.headers);
        let sent = found(&next, "stoa_refresh=").split(';').next().unwrap();
        assert_eq!(by_cookie(stage, "logout", &[("cookie", sent)]).await.problem(), (403, "csrf"));
        let left = by_cookie(stage, "logout", &[("cookie", sent), ("x-csrf-token", csrf)]).await.expect(200);
        assert!(self::cookies(&left.headers).iter().all(|cookie| cookie.contains("Max-Age=0")));
        let over = by_cookie(stage, "refresh", &[("cookie", sent), ("x-csrf-token", csrf)]).await;
        assert_eq!(over.problem(), (401, "sign_in_again"));
    });
}

#[test]
fn over_tls_cookies_are_guarded_by_their_names() {
    set_up(json!({}), &[("auth.secure_cookies", "true")], async |stage, _| {
        registered(stage, ANN).await;
        let body = json!({ "email": ANN, "password": PASSWORD, "cookie": true });
        let entered = post(stage, "auth/login", &body).await.expect(200);
        let cookies = cookies(&entered.headers);
        for name in ["__Host-stoa_access=", "__Secure-stoa_refresh=", "__Host-stoa_csrf="] {
            assert!(found(&cookies, name).ends_with("; Secure"), "{name}");
        }
        let sent = found(&cookies, "__Secure-stoa_refresh=").split(';').next().unwrap();
        let csrf = entered.body["csrf_token"].as_str().unwrap();
        by_cookie(stage, "refresh", &[("cookie", sent), ("x-csrf-token", csrf)]).await.expect(200);
    });
}

async fn by_cookie(stage: &Stage, what: &str, headers: &[(&str, &str)]) -> kernel::testing::Said {
    stage.ask(Method::POST, &format!("/api/v1/auth/{what}"), None, None, headers).await
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

fn found<'c>(cookies: &'c [String], start: &str) -> &'c str {
    cookies.iter().find(|cookie| cookie.starts_with(start)).unwrap_or_else(|| panic!("{start} {cookies:?}"))
}

/// Polls them all until each is done.
async fn all_at_once<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in running.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
