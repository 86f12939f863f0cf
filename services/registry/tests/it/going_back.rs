//! The history of what is set, and going back in it.

use http::Method;
use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn the_history_says_who_changed_what_when_and_why() {
    staged(async |stage, _| {
        let first =
            json!({ "values": { "shop.tables": "6", "shop.till_key": "hunter2" }, "comment": "A feast" });
        stage.put(&operator(), "/config/shop", &first).await.expect(200);
        stage.wait(std::time::Duration::from_secs(60)).await;
        stage.set(&operator(), json!({ "shop.tables": null })).await.expect(200);
        let history = stage.get(&operator(), "/config/shop/history").await;
        let by = "user:usr_00000000000000000000000009";
        assert_eq!(
            history.body["data"],
            json!([
                { "revision": 2, "made_at": "2026-09-21T14:14:20.000Z", "made_by": by,
                  "changes": [{ "key": "shop.tables", "from": "6", "to": null }] },
                { "revision": 1, "made_at": "2026-09-21T14:13:20.000Z", "made_by": by, "comment": "A feast",
                  "changes": [{ "key": "shop.tables", "from": null, "to": "6" },
                              { "key": "shop.till_key", "from": null, "to": "***" }] },
            ])
        );
        let page = stage.get(&operator(), "/config/shop/history?limit=1").await;
        let cursor = page.body["next_cursor"].as_str().unwrap();
        let rest = stage.get(&operator(), &format!("/config/shop/history?limit=1&cursor={cursor}")).await;
        assert_eq!((&rest.body["data"][0]["revision"], &rest.body["next_cursor"]), (&json!(1), &Value::Null));
    });
}

#[test]
fn going_back_is_a_new_revision_with_the_old_values() {
    staged(async |stage, _| {
        stage.set(&operator(), json!({ "shop.tables": "6", "shop.till_key": "hunter2" })).await.expect(200);
        stage
            .set(
                &operator(),
                json!({ "shop.tables": "8", "shop.till_key": "hunter3", "shop.greeting": "Moin" }),
            )
            .await
            .expect(200);
        let back = json!({ "to_revision": 1, "comment": "It was better before" });
        let said = stage.post(&operator(), "/config/shop/rollback", &back).await.expect(200);
        let values = json!({ "shop.tables": "6", "shop.till_key": "***" });
        assert_eq!((&said.body["revision"], &said.body["values"]), (&json!(3), &values));
        let made = stage.get(&operator(), "/config/shop/history?limit=1").await.body["data"][0].clone();
        assert_eq!((&made["restores"], &made["comment"]), (&json!(1), &json!("It was better before")));
        assert_eq!(made["changes"].as_array().unwrap().len(), 3);
        // The secret is the old one again: to set it once more changes nothing.
        let same = stage.set(&operator(), json!({ "shop.till_key": "hunter2" })).await;
        assert_eq!(same.body["revision"], 3);
        let nothing = stage.post(&operator(), "/config/shop/rollback", &json!({ "to_revision": 0 })).await;
        assert_eq!((&nothing.body["revision"], &nothing.body["values"]), (&json!(4), &json!({})));
        assert_eq!(stage.told().await.len(), 4);
        assert!(!stage.everything().await.contains("hunter"));
    });
}

#[test]
fn nobody_goes_back_to_where_nobody_was_or_past_what_another_did() {
    staged(async |stage, _| {
        stage.set(&operator(), json!({ "shop.tables": "6" })).await.expect(200);
        for to_revision in [json!(2), json!(9_007_199_254_740_991_u64), json!(u64::MAX)] {
            let back = json!({ "to_revision": to_revision });
            let said = stage.post(&operator(), "/config/shop/rollback", &back).await;
            assert_eq!(said.problem(), (404, "not_found"));
        }
        stage.post(&operator(), "/config/shop/rollback", &json!({ "to_revision": -1 })).await.expect(422);
        let (path, body) = ("/config/shop/rollback", json!({ "to_revision": 0 }));
        let late =
            stage.ask(Method::POST, path, Some(&operator()), Some(&body), &[("if-match", "\"0\"")]).await;
        assert_eq!(late.problem(), (409, "conflict"));
        let same = stage.post(&operator(), path, &json!({ "to_revision": 1 })).await;
        assert_eq!(same.body["revision"], 1, "that is where we are");
    });
}

#[test]
fn what_there_is_no_more_stays_away() {
    staged(async |stage, _| {
        stage.set(&operator(), json!({ "shop.tables": "6" })).await.expect(200);
        stage.set(&operator(), json!({ "shop.tables": "7" })).await.expect(200);
        // An older version of the shop had one setting more.
        stage.as_owner(r#"update config_revisions set texts = '{"shop.tables":"6","shop.gone":"x"}' where revision = 1"#.to_owned()).await;
        let said =
            stage.post(&operator(), "/config/shop/rollback", &json!({ "to_revision": 1 })).await.expect(200);
        assert_eq!(said.body["values"], json!({ "shop.tables": "6" }));
    });
}
