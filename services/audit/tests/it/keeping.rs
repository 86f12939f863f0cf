//! How long records are kept, and what is left when a person is forgotten.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stage::*;

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn what_is_past_its_time_goes_and_the_chain_stays_whole() {
    staged(async |stage, _| {
        let money = with(entry("payment.succeeded"), json!({ "class": "financial" }));
        stage.tell(&ann(), &[entry("user.signed_in"), money.clone(), entry("user.signed_in")]).await;
        stage.seal().await;
        stage.wait(DAY * 60).await;
        stage.tell(&ann(), &[entry("user.signed_out")]).await;
        stage.seal().await;
        stage.wait(DAY * 31).await;
        let left = stage.get(&ann(), "/records").await;
        assert_eq!(left.each("action"), ["audit.purged", "user.signed_out", "payment.succeeded"]);
        assert_eq!(left.body["data"][0]["details"]["count"], 2);
        assert_eq!(left.body["data"][0]["class"], "permanent");
        let report = stage.verify(&ann(), &json!([])).await;
        assert_eq!(
            (&report["whole"], &report["records"], &report["purged"]),
            (&json!(true), &json!(3), &json!(2))
        );
        stage.wait(DAY * 366 * 7).await;
        let left = stage.get(&ann(), "/records").await;
        assert_eq!(left.each("action"), ["audit.purged", "audit.purged", "audit.purged"]);
        assert_eq!(stage.verify(&ann(), &json!([])).await["whole"], true);
    });
}

#[test]
fn a_purge_in_steps_takes_everything_once() {
    staged(async |stage, _| {
        for _ in 0..13 {
            stage.tell(&ann(), &vec![entry("a.b"); 500]).await;
        }
        stage.seal().await;
        stage.wait(DAY * 91).await;
        let purges = stage.get(&ann(), "/records").await;
        let counts: Vec<u64> = purges.body["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["details"]["count"].as_u64().unwrap())
            .collect();
        assert_eq!(counts, [1_500, 5_000]);
        let report = stage.verify(&ann(), &json!([])).await;
        assert_eq!((&report["first_bad"], &report["purged"]), (&Value::Null, &json!(6_500)));
        stage.wait(DAY).await;
        assert_eq!(stage.get(&ann(), "/records").await.each("id").len(), 2, "nothing is left to purge");
    });
}

#[test]
fn a_record_that_vanished_before_a_purge_is_not_covered_by_it() {
    staged(async |stage, _| {
        stage.tell(&ann(), &[entry("a.n0"), entry("a.n1"), entry("a.n2")]).await;
        stage.seal().await;
        stage.as_owner("delete from records where action = 'a.n1'".to_owned()).await;
        stage.wait(DAY * 91).await;
        let report = stage.verify(&ann(), &json!([])).await;
        let first_bad = report["first_bad"].as_str().unwrap();
        assert!(first_bad.contains("it says that it removed 2 records, and 3 are gone"), "{first_bad}");
    });
}

#[test]
fn a_project_chooses_how_long_its_records_are_kept() {
    staged(async |stage, _| {
        let put = async |body: &Value, tag: Option<&str>| {
            let headers: Vec<(&str, &str)> = tag.map(|tag| ("if-match", tag)).into_iter().collect();
            stage.ask(Method::PUT, "/retention", Some(&ann()), Some(body), &headers).await
        };
        let shown = stage.get(&ann(), "/retention").await;
        assert_eq!(shown.body, json!({ "operational_days": 90, "financial_days": 2557, "version": 0 }));
        assert_eq!(shown.headers["etag"], "\"0\"");
        let wanted = json!({ "operational_days": 10, "financial_days": 400 });
        let chosen = put(&wanted, Some("\"0\"")).await;
        assert_eq!(chosen.body, json!({ "operational_days": 10, "financial_days": 400, "version": 1 }));
        let late = put(&json!({ "operational_days": 20, "financial_days": 400 }), Some("\"0\"")).await;
        assert_eq!(late.problem(), (409, "conflict"));
        assert_eq!(put(&wanted, None).await.body["version"], 1, "the same choice again is none");
        for days in [0, 36_501] {
            let bad = put(&json!({ "operational_days": days, "financial_days": 400 }), None).await;
            assert_eq!(bad.problem(), (422, "invalid_input"));
        }
        assert_eq!(stage.get(&stranger(), "/retention").await.body["version"], 0);
        let said = stage.get(&ann(), "/records?action=audit.retention_changed").await;
        assert_eq!(said.each("actor"), ["user:usr_00000000000000000000000001"]);
        stage.tell(&ann(), &[entry("a.b")]).await;
        stage.tell(&stranger(), &[entry("a.b")]).await;
        stage.seal().await;
        stage.wait(DAY * 12).await;
        assert_eq!(stage.get(&ann(), "/records?action=a.b").await.each("id").len(), 0);
        assert_eq!(stage.get(&stranger(), "/records?action=a.b").await.each("id").len(), 1);
        assert_eq!(stage.verify(&ann(), &json!([])).await["first_bad"], Value::Null);
    });
}

#[test]
fn a_forgotten_person_leaves_a_whole_chain_and_no_details() {
    staged(async |stage, _| {
        let about = |subject: &str| {
            with(entry("user.changed"), json!({ "subject": subject, "details": { "email": "a@b" } }))
        };
        let ids =
            stage.tell(&ann(), &[about("usr_1"), about("usr_2"), entry("order.paid"), about("usr_1")]).await;
        stage.seal().await;
        let digests = stage.get(&ann(), "/digests").await.body["data"].clone();
        let show = async |id: &str| stage.get(&ann(), &format!("/records/{id}")).await.body;
        assert_eq!(show(&ids[0]).await["details"], json!({ "email": "a@b" }));
        let proof = stage.get(&ann(), &format!("/records/{}/proof", ids[0])).await;
        assert!(!proof.body.to_string().contains("a@b"), "a proof shows the sealed form");
        let erase = async || stage.post(&ann(), "/subjects/usr_1/erase", &json!({})).await;
        assert_eq!(erase().await.body, json!({ "subject": "usr_1", "erased": true }));
        assert_eq!(erase().await.body["erased"], false, "there is nothing left to erase");
        stage.seal().await;
        for (id, details, erased) in [
            (&ids[0], Value::Null, true),
            (&ids[1], json!({ "email": "a@b" }), false),
            (&ids[2], json!({ "note": "order.paid" }), false),
            (&ids[3], Value::Null, true),
        ] {
            let shown = show(id).await;
            assert_eq!((&shown["details"], &shown["erased"]), (&details, &json!(erased)));
        }
        assert_eq!(stage.verify(&ann(), &digests).await["first_bad"], Value::Null);
        let said = stage.get(&ann(), "/records?action=audit.subject_erased").await;
        assert_eq!(said.body["data"].as_array().unwrap().len(), 1);
        let again = stage.tell(&ann(), &[about("usr_1")]).await;
        assert_eq!(show(&again[0]).await["erased"], false);
        assert_eq!(show(&ids[0]).await["erased"], true, "a new key opens nothing old");
        let bad = stage.post(&ann(), "/subjects/a%20b/erase", &json!({})).await;
        assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    });
}
