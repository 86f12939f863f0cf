//! Replaying the journal, sealing periods, and stopping where sums are wrong.

use std::time::Duration;

use serde_json::json;

use crate::stage::*;

const PERIODS: &str = "/api/v1/ledger/periods";
const VERIFICATION: &str = "/api/v1/ledger/verification";

async fn open(stage: &Stage) {
    stage.opens("a", "debits_must_not_exceed_credits").await;
    stage.posts(&pay(1, "outside:INR", "a", 100)).await;
}

#[test]
fn a_balance_that_does_not_follow_from_the_journal_stops_the_ledger() {
    staged(async |stage, _| {
        open(stage).await;
        stage.wait(Duration::from_secs(25 * 3_600)).await;
        assert_eq!(stage.posts(&pay(2, "outside:INR", "a", 1)).await, ["created"], "all adds up");
        stage.as_owner("update accounts set credits_posted = 1000 where address = 'a'".to_owned()).await;
        let report = stage.get(&bank(), VERIFICATION).await.expect(200);
        assert_eq!(report.body["sound"], false);
        assert_eq!(report.body["differences"][0]["place"], "a");
        stage.wait(Duration::from_secs(25 * 3_600)).await;
        let said = stage.post(&bank(), TRANSFERS, &pay(3, "a", "outside:INR", 1)).await;
        assert_eq!(said.problem(), (503, "ledger_stopped"));
        let said = stage.post(&bank(), TRANSFERS, &pay(3, "a", "outside:INR", 1)).await;
        assert!(!said.body.to_string().contains("1000"), "what is wrong is for the log alone");
    });
}

#[test]
fn an_entry_that_was_changed_is_found_and_so_is_a_period() {
    staged(async |stage, _| {
        open(stage).await;
        let sealed = stage.post(&bank(), PERIODS, &json!({})).await.expect(201);
        assert_eq!(
            (&sealed.body["number"], &sealed.body["first"], &sealed.body["last"]),
            (&json!(1), &json!(1), &json!(1))
        );
        assert_eq!(sealed.body["root"].as_str().unwrap().len(), 64);
        assert_eq!(stage.post(&bank(), PERIODS, &json!({})).await.problem(), (409, "nothing_to_seal"));
        stage.posts(&pay(2, "outside:INR", "a", 5)).await;
        let second = stage.post(&bank(), PERIODS, &json!({})).await.expect(201);
        assert_ne!(second.body["root"], sealed.body["root"]);
        let listed = stage.get(&bank(), PERIODS).await.expect(200);
        assert_eq!(listed.body["data"], json!([second.body, sealed.body]));
        let sound = stage.get(&bank(), VERIFICATION).await.expect(200).body;
        assert_eq!(
            (&sound["sound"], &sound["entries"], &sound["periods"]),
            (&json!(true), &json!(2), &json!(2))
        );
        stage.as_owner("update journal set made_at = made_at + 1 where first_position = 1".to_owned()).await;
        let places: Vec<String> = stage.get(&bank(), VERIFICATION).await.expect(200).body["differences"]
            .as_array()
            .unwrap()
            .iter()
            .map(|found| found["place"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(places, ["1", "2", "the journal"]);
    });
}

#[test]
fn the_database_itself_refuses_a_balance_beyond_its_bounds() {
    staged(async |stage, _| {
        open(stage).await;
        let store = stage.running.store();
        for sql in [
            "update accounts set debits_posted = 101 where project_id = $1 and address = 'a'",
            "update accounts set debits_pending = 101 where project_id = $1 and address = 'a'",
            "update accounts set credits_pending = -1 where project_id = $1 and address = 'a'",
            "update journal set made_at = 1 where project_id = $1",
            "delete from journal where project_id = $1",
        ] {
            let tried = store.write(kernel::store::Scope::Project(project(1)), move |tx| {
                tx.run(sql, kernel::params![tx.project()?])
            });
            let refused: Result<u64, kernel::store::StoreError> = tried.await;
            assert!(refused.is_err(), "{sql}");
        }
        stage.adds_up().await;
    });
}
