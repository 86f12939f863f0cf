//! The proof of who somebody is.

use kernel::testing::{Player, Stage};
use serde_json::{Value, json};

use crate::access_stage::*;

const OWN: &str = "/api/v1/users/me/kyc";
const CASES: &str = "/api/v1/kyc/cases";

/// Ben as any customer: signed in, no more.
fn customer() -> Player {
    Player::user(BEN, 1, &[])
}

fn reviewer() -> Player {
    Player::user(ANN, 1, &["kyc:review"])
}

async fn submit(stage: &Stage, level: u8) -> String {
    let case = stage.post(&customer(), OWN, &papers(level)).await.expect(201).body;
    case["id"].as_str().unwrap().to_owned()
}

async fn decide(stage: &Stage, id: &str, decision: &str) -> Value {
    let review = json!({ "decision": decision, "reason": "We looked." });
    stage.post(&reviewer(), &format!("{CASES}/{id}/review"), &review).await.expect(200).body
}

#[test]
fn what_was_handed_in_waits_for_one_look_and_is_told_of() {
    settled(async |stage, _| {
        assert_eq!(stage.get(&customer(), OWN).await.expect(200).body["state"], "none");
        let id = submit(stage, 1).await;
        let own = stage.get(&customer(), OWN).await.expect(200).body;
        assert_eq!((own["state"].as_str(), own["level"].as_u64()), (Some("pending"), Some(0)));
        assert_eq!(stage.post(&customer(), OWN, &papers(2)).await.problem(), (409, "case_waiting"));
        assert_eq!(decide(stage, &id, "verified").await["state"], "verified");
        let reviewed = told(stage, "kyc.reviewed").await;
        assert_eq!(reviewed, [json!({ "userId": user(BEN), "state": "verified", "level": 1 })]);
        assert_eq!(stage.post(&customer(), OWN, &papers(1)).await.problem(), (409, "already_proven"));
        let second = submit(stage, 2).await;
        assert_eq!(decide(stage, &second, "rejected").await["reason"], "We looked.");
        let reviewed = told(stage, "kyc.reviewed").await.pop().unwrap();
        assert_eq!((reviewed["state"].as_str(), reviewed["level"].as_u64()), (Some("rejected"), Some(1)));
        let own = stage.get(&customer(), OWN).await.expect(200).body;
        assert_eq!((own["state"].as_str(), own["level"].as_u64()), (Some("rejected"), Some(1)));
        assert_eq!(own["cases"].as_array().unwrap().len(), 2);
        submit(stage, 2).await;
    });
}

#[test]
fn a_case_is_decided_once_and_by_somebody_else() {
    settled(async |stage, _| {
        let id = submit(stage, 1).await;
        let review = json!({ "decision": "verified" });
        let path = format!("{CASES}/{id}/review");
        let own = Player::user(BEN, 1, &["kyc:review"]);
        assert_eq!(stage.post(&own, &path, &review).await.problem(), (403, "forbidden"));
        let program = Player::program(1, 1, &["kyc:review"]);
        assert_eq!(stage.post(&program, &path, &review).await.problem(), (403, "forbidden"));
        decide(stage, &id, "rejected").await;
        assert_eq!(stage.post(&reviewer(), &path, &review).await.problem(), (409, "already_decided"));
    });
}

#[test]
fn papers_are_opened_for_reviewers_alone_and_each_look_is_told_of() {
    settled(async |stage, _| {
        let id = submit(stage, 1).await;
        let path = format!("{CASES}/{id}");
        for path in [path.as_str(), CASES] {
            assert_eq!(stage.get(&customer(), path).await.problem(), (403, "forbidden"));
        }
        assert!(told(stage, "kyc.viewed").await.is_empty());
        let opened = stage.get(&reviewer(), &path).await.expect(200).body;
        assert_eq!(opened["claims"]["document_number"], "P1234567");
        let viewed = told(stage, "kyc.viewed").await;
        assert_eq!(
            viewed,
            [json!({ "userId": user(BEN), "caseId": id, "viewedBy": format!("user:{}", user(ANN)) })]
        );
        let list = stage.get(&reviewer(), CASES).await.expect(200).body.to_string();
        assert!(!list.contains("P1234567") && !list.contains("Asha"), "{list}");
        for (kind, told) in stage.told().await {
            assert!(!told.to_string().contains("P1234567"), "{kind}");
        }
    });
}

#[test]
fn papers_are_stored_sealed_and_open_in_their_own_place_only() {
    settled(async |stage, _| {
        let first = submit(stage, 1).await;
        decide(stage, &first, "rejected").await;
        let second = submit(stage, 1).await;
        let rows = stage.running.store().read(kernel::store::Scope::System("a test"), |tx| {
            tx.rows::<String>("select claims from kyc_cases where project_id is not null", kernel::params![])
        });
        for sealed in rows.await.unwrap() {
            assert!(sealed.starts_with("v1.") && !sealed.contains("P1234567"), "{sealed}");
        }
        let swap = format!(
            "update kyc_cases set claims = (select claims from kyc_cases where id = '{first}') where id = '{second}'"
        );
        stage.as_owner(swap).await;
        assert_eq!(stage.get(&reviewer(), &format!("{CASES}/{second}")).await.problem(), (500, "internal"));
    });
}

#[test]
fn cases_are_found_by_their_state() {
    settled(async |stage, _| {
        let first = submit(stage, 1).await;
        decide(stage, &first, "rejected").await;
        let second = submit(stage, 1).await;
        let of = async |state: &str| {
            let said = stage.get(&reviewer(), &format!("{CASES}?state={state}")).await;
            said.each("id").into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(of("pending").await, std::slice::from_ref(&second));
        assert_eq!(of("rejected").await, [first]);
        assert!(of("verified").await.is_empty());
        let page = stage.get(&reviewer(), &format!("{CASES}?limit=1")).await.expect(200).body;
        let rest = format!("{CASES}?cursor={}", page["next_cursor"].as_str().unwrap());
        assert_eq!(stage.get(&reviewer(), &rest).await.each("id"), [second]);
    });
}

#[test]
fn malformed_papers_are_refused_by_their_field() {
    settled(async |stage, _| {
        let cases = [
            ("level", json!(0)),
            ("level", json!(3)),
            ("full_name", json!("")),
            ("born_on", json!("2999-01-01")),
            ("born_on", json!("1990-02-30")),
            ("country", json!("India")),
            ("document_kind", json!("library_card")),
            ("document_number", json!("a\u{0}b")),
            ("media_ids", json!(vec!["med_1"; 11])),
        ];
        for (field, value) in cases {
            let mut wrong = papers(1);
            wrong[field] = value;
            let said = stage.post(&customer(), OWN, &wrong).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{wrong}");
            assert_eq!(said.body["details"]["fields"][0]["field"], field, "{}", said.body);
        }
    });
}

#[test]
fn of_two_cases_that_are_handed_in_at_once_one_waits() {
    settled(async |stage, _| {
        let (player, papers) = (customer(), papers(1));
        let (one, other) = tokio::join!(stage.post(&player, OWN, &papers), stage.post(&player, OWN, &papers));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    });
}
