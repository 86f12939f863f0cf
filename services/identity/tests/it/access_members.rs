//! Members of a project: invited, let in, given roles, and the one who may do everything.

use std::time::Duration;

use contracts::{Id, SessionId};
use kernel::testing::Player;
use serde_json::json;

use crate::access_stage::*;

const USERS: &str = "/api/v1/users";

fn path(number: u128) -> String {
    format!("{USERS}/{}", user(number))
}

#[test]
fn members_are_listed_with_their_roles_and_found_by_address_and_role() {
    settled(async |stage, _| {
        let all = stage.get(&ann(), USERS).await;
        assert_eq!(all.each("email"), ["ann@example.com", "ben@example.com"]);
        assert_eq!(all.body["data"][1]["roles"], json!(["SUPPORT"]));
        let by_address = stage.get(&ann(), &format!("{USERS}?email=BEN@example.com")).await;
        assert_eq!(by_address.each("email"), ["ben@example.com"]);
        assert_eq!(
            stage.get(&ann(), &format!("{USERS}?role=ADMIN")).await.each("email"),
            ["ann@example.com"]
        );
        assert_eq!(stage.get(&ann(), &format!("{USERS}?email=cat@example.com")).await.each("email"), [""; 0]);
        let first = stage.get(&ann(), &format!("{USERS}?limit=1")).await.expect(200).body;
        let rest = format!("{USERS}?cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(stage.get(&ann(), &rest).await.each("email"), ["ben@example.com"]);
        assert_eq!(stage.get(&ann(), &path(BEN)).await.expect(200).body["active"], true);
        assert_eq!(stage.get(&ann(), &path(CAT)).await.problem(), (404, "not_found"));
    });
}

#[test]
fn whoever_is_invited_belongs_to_the_project_with_the_roles_that_were_said() {
    settled(async |stage, _| {
        let wanted = json!({ "email": "Dora@Example.com", "name": "Dora", "roles": ["AUDITOR", "USER"] });
        let made = stage.post(&ann(), USERS, &wanted).await.expect(201).body;
        assert_eq!(
            (made["email"].as_str(), &made["roles"]),
            (Some("dora@example.com"), &json!(["AUDITOR", "USER"]))
        );
        assert_eq!(stage.post(&ann(), USERS, &wanted).await.problem(), (409, "already_member"));
        let plain = stage.post(&ann(), USERS, &json!({ "email": "eve@example.com" })).await.expect(201).body;
        assert_eq!(plain["roles"], json!(["USER"]), "the role of newcomers");
        let joined = told(stage, "member.joined").await.pop().unwrap();
        assert_eq!((&joined["userId"], &joined["roles"]), (&plain["id"], &json!(["USER"])));
        let unknown =
            stage.post(&ann(), USERS, &json!({ "email": "f@example.com", "roles": ["boss"] })).await;
        assert_eq!(unknown.problem(), (422, "invalid_input"));
        let nonsense = stage.post(&ann(), USERS, &json!({ "email": "nonsense" })).await;
        assert_eq!(nonsense.problem(), (422, "invalid_input"));
    });
}

#[test]
fn a_person_of_another_project_can_be_invited_and_stays_one_person() {
    settled(async |stage, _| {
        let invited =
            stage.post(&ann(), USERS, &json!({ "email": "cat@example.com" })).await.expect(201).body;
        assert_eq!(invited["id"], user(CAT).to_string());
        let projects = stage.get(&Player::user(CAT, 2, &[]), "/api/v1/projects").await;
        assert_eq!(projects.each("slug"), ["shop-1", "shop-2"]);
    });
}

#[test]
fn a_project_hears_of_whom_it_invites_as_of_anybody_new_and_once() {
    settled(async |stage, _| {
        let known = format!("name = 'Cat Lee', phone = '+919876543210' where id = '{}'", user(CAT));
        stage.as_owner(format!("update users set {known}")).await;
        let wanted = json!({ "email": "cat@example.com" });
        stage.post(&ann(), USERS, &wanted).await.expect(201);
        let created = json!({ "userId": user(CAT), "email": "cat@example.com" });
        assert_eq!(told_where(stage, "user.created").await, [(Some(project(1)), created)]);
        let named = json!({ "userId": user(CAT), "name": "Cat Lee" });
        assert_eq!(told_where(stage, "user.named").await, [(Some(project(1)), named)]);
        assert_eq!(stage.post(&ann(), USERS, &wanted).await.problem(), (409, "already_member"));
        assert_eq!(told(stage, "user.created").await.len(), 1);
    });
}

#[test]
fn names_from_before_names_were_told_are_told_once_in_each_project() {
    settled(async |stage, _| {
        for (who, name) in [(ANN, "Ann Lee"), (CAT, "Cat Lee")] {
            stage.as_owner(format!("update users set name = '{name}' where id = '{}'", user(who))).await;
        }
        person(stage, 4, "dora@example.com").await;
        stage.as_owner(format!("update users set name = 'Dora' where id = '{}'", user(4))).await;
        // As it was before the upgrade, which is the next start.
        let before = "drop table names_told; delete from migrations where name = '0003_names.sql'";
        stage.as_owner(before.to_owned()).await;
        drop(stage.beside(identity::service()).await);
        for _ in 0..3 {
            stage.wait(Duration::from_secs(60)).await;
        }
        let named = |who, name| json!({ "userId": user(who), "name": name });
        let each = [(Some(project(1)), named(ANN, "Ann Lee")), (Some(project(2)), named(CAT, "Cat Lee"))];
        assert_eq!(told_where(stage, "user.named").await, each);
        // A person who comes later is told of when they say their name, and by nothing else.
        stage.as_owner(format!("update users set name = 'Ben' where id = '{}'", user(BEN))).await;
        stage.wait(Duration::from_secs(120)).await;
        assert_eq!(told(stage, "user.named").await.len(), 2);
    });
}

#[test]
fn nobody_invites_or_grants_beyond_their_own() {
    settled(async |stage, _| {
        for role in ["ADMIN", "AUDITOR", "operator"] {
            let wanted = json!({ "email": "dora@example.com", "roles": [role] });
            assert_eq!(stage.post(&ben(), USERS, &wanted).await.problem(), (403, "forbidden"), "{role}");
            let granted = format!("{}/roles/{}", path(BEN), role_id(stage, role).await);
            assert_eq!(put(stage, &ben(), &granted).await.problem(), (403, "forbidden"), "{role}");
        }
        let newcomer = json!({ "email": "dora@example.com" });
        stage.post(&ben(), USERS, &newcomer).await.expect(201);
    });
}

#[test]
fn a_role_is_granted_once_and_taken_back() {
    settled(async |stage, _| {
        let held = format!("{}/roles/{}", path(BEN), role_id(stage, "AUDITOR").await);
        for _ in 0..2 {
            let roles = put(stage, &ann(), &held).await;
            assert_eq!(roles.each("name"), ["AUDITOR", "SUPPORT"]);
        }
        assert_eq!(told(stage, "role.granted").await.len(), 1);
        assert_eq!(
            stage.get(&ann(), &format!("{}/roles", path(BEN))).await.each("name"),
            ["AUDITOR", "SUPPORT"]
        );
        assert_eq!(delete(stage, &ann(), &held).await.each("name"), ["SUPPORT"]);
        assert_eq!(told(stage, "role.revoked").await[0]["name"], "AUDITOR");
        assert_eq!(delete(stage, &ann(), &held).await.problem(), (404, "not_found"));
        let stranger = format!("{}/roles/{}", path(CAT), role_id(stage, "AUDITOR").await);
        assert_eq!(put(stage, &ann(), &stranger).await.problem(), (404, "not_found"));
    });
}

#[test]
fn nobody_takes_a_role_or_the_door_from_somebody_who_may_do_more() {
    settled(async |stage, _| {
        let admin = format!("{}/roles/{}", path(ANN), role_id(stage, "ADMIN").await);
        let another = format!("{}/roles/{}", path(BEN), role_id(stage, "ADMIN").await);
        put(stage, &ann(), &another).await.expect(200);
        assert_eq!(delete(stage, &ben(), &admin).await.problem(), (403, "forbidden"));
        let out = json!({ "active": false });
        assert_eq!(patch(stage, &ben(), &path(ANN), &out).await.problem(), (403, "forbidden"));
        let eraser = Player::user(BEN, 1, &["users:*"]);
        let erased = stage.post(&eraser, &format!("{}/erase", path(ANN)), &json!({})).await;
        assert_eq!(erased.problem(), (403, "forbidden"));
    });
}

#[test]
fn somebody_always_may_do_everything() {
    settled(async |stage, _| {
        let admin = role_id(stage, "ADMIN").await;
        let (of_ann, of_ben) =
            (format!("{}/roles/{admin}", path(ANN)), format!("{}/roles/{admin}", path(BEN)));
        assert_eq!(delete(stage, &ann(), &of_ann).await.problem(), (409, "last_admin"));
        assert_eq!(
            patch(stage, &ann(), &path(ANN), &json!({ "active": false })).await.problem(),
            (409, "last_admin")
        );
        let erased = stage.post(&ann(), &format!("{}/erase", path(ANN)), &json!({})).await;
        assert_eq!(erased.problem(), (409, "last_admin"));
        put(stage, &ann(), &of_ben).await.expect(200);
        patch(stage, &ann(), &path(BEN), &json!({ "active": false })).await.expect(200);
        assert_eq!(
            delete(stage, &ann(), &of_ann).await.problem(),
            (409, "last_admin"),
            "who is not let in, counts not"
        );
        patch(stage, &ann(), &path(BEN), &json!({ "active": true })).await.expect(200);
        delete(stage, &ann(), &of_ann).await.expect(200);
    });
}

#[test]
fn of_two_administrators_who_dismiss_each_other_at_once_one_stays() {
    settled(async |stage, _| {
        let admin = role_id(stage, "ADMIN").await;
        let (of_ann, of_ben) =
            (format!("{}/roles/{admin}", path(ANN)), format!("{}/roles/{admin}", path(BEN)));
        for _ in 0..10 {
            put(stage, &ann(), &of_ann).await.expect(200);
            put(stage, &ann(), &of_ben).await.expect(200);
            let player = ann();
            let (one, other) = tokio::join!(delete(stage, &player, &of_ann), delete(stage, &player, &of_ben));
            let mut statuses = [one.status.as_u16(), other.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409]);
            assert_eq!(stage.get(&ann(), &format!("{USERS}?role=ADMIN")).await.each("id").len(), 1);
        }
    });
}

#[test]
fn whoever_is_no_longer_let_in_is_told_of_once() {
    settled(async |stage, _| {
        for _ in 0..2 {
            let out = patch(stage, &ann(), &path(BEN), &json!({ "active": false })).await.expect(200);
            assert_eq!(out.body["active"], false);
        }
        let changed = told(stage, "member.changed").await;
        assert_eq!(changed, [json!({ "userId": user(BEN), "active": false })]);
        assert_eq!(stage.get(&Player::user(BEN, 1, &[]), "/api/v1/projects").await.each("slug"), [""; 0]);
        let unknown = patch(stage, &ann(), &path(CAT), &json!({ "active": false })).await;
        assert_eq!(unknown.problem(), (404, "not_found"));
    });
}

#[test]
fn a_project_that_lets_somebody_in_no_longer_ends_the_sessions_that_act_for_it_alone() {
    settled(async |stage, _| {
        stage.post(&ann(), USERS, &json!({ "email": "cat@example.com" })).await.expect(201);
        for (number, acts_for) in [(1, 1), (2, 2)] {
            let session = SessionId::from_u128(number);
            let insert = format!(
                "insert into sessions (id, user_id, acts_for, methods, cookie, created_at, seen_at, expires_at)
                 values ('{session}', '{}', '{}', 'pwd', false, 0, 0, {})",
                user(CAT),
                project(acts_for),
                i64::MAX
            );
            stage.as_owner(insert).await;
        }
        patch(stage, &ann(), &path(CAT), &json!({ "active": false })).await.expect(200);
        let ended = told(stage, "session.ended").await;
        let expected =
            json!({ "userId": user(CAT), "sessionIds": [SessionId::from_u128(1)], "reason": "disabled" });
        assert_eq!(ended, [expected]);
    });
}

#[test]
fn a_person_who_belongs_to_one_project_alone_can_be_erased_by_it() {
    settled(async |stage, _| {
        stage.post(&Player::user(BEN, 1, &[]), "/api/v1/users/me/kyc", &papers(1)).await.expect(201);
        let erase = format!("{}/erase", path(BEN));
        stage.post(&ann(), &erase, &json!({})).await.expect(200);
        assert_eq!(told(stage, "user.erased").await, [json!({ "userId": user(BEN) })]);
        let left = stage.get(&ann(), &path(BEN)).await.expect(200).body;
        assert_eq!(
            (&left["email"], &left["name"], &left["active"]),
            (&json!(null), &json!(null), &json!(false))
        );
        assert_eq!(left["roles"], json!([]));
        let cases = stage.get(&ann(), "/api/v1/kyc/cases").await;
        let case =
            stage.get(&ann(), &format!("/api/v1/kyc/cases/{}", cases.each("id")[0])).await.expect(200).body;
        assert_eq!((&case["claims"], case["state"].as_str()), (&json!(null), Some("rejected")));
    });
}

#[test]
fn a_person_of_several_projects_or_of_the_platform_is_not_erased_by_one() {
    settled(async |stage, _| {
        stage.post(&ann(), USERS, &json!({ "email": "cat@example.com" })).await.expect(201);
        let erase = stage.post(&ann(), &format!("{}/erase", path(CAT)), &json!({})).await;
        assert_eq!(erase.problem(), (409, "belongs_elsewhere"));
        stage
            .as_owner(format!("update memberships set active = false where project_id = '{}'", project(2)))
            .await;
        let erase = stage.post(&ann(), &format!("{}/erase", path(CAT)), &json!({})).await;
        assert_eq!(
            erase.problem(),
            (409, "belongs_elsewhere"),
            "nor where another project has shut the door"
        );
        let runs_it = format!("insert into platform_operators values ('{}', '[]', 0)", user(BEN));
        stage.as_owner(runs_it).await;
        let erase = stage.post(&ann(), &format!("{}/erase", path(BEN)), &json!({})).await;
        assert_eq!(erase.problem(), (409, "belongs_elsewhere"));
    });
}
