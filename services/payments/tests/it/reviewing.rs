//! What a person has to look at is found, looked at once, and what they made of it stays.

use contracts::events::wallet::RiskDecision;
use kernel::params;
use kernel::store::{Scope, StoreError};
use serde_json::{Value, json};

use crate::shop::*;

async fn doubted(shop: &Shop) -> String {
    let id = shop.paid().await;
    shop.judged(order(1), RiskDecision::Block).await;
    id
}

async fn review(shop: &Shop, id: &str, body: Value) -> Said {
    shop.post(&clerk(), &format!("/api/v1/payments/{id}/review"), &body).await
}

#[test]
fn people_find_what_they_have_to_look_at_and_say_what_they_found() {
    shops(async |shop| {
        let id = doubted(shop).await;
        shop.ordered(2).await;
        let to_review = async |query: &str| {
            let said = shop.get(&clerk(), &format!("/api/v1/payments?needs_review={query}")).await;
            said.each("id").into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(to_review("true").await, std::slice::from_ref(&id));
        assert_eq!(to_review("true&status=succeeded").await, std::slice::from_ref(&id));
        assert_eq!(to_review("true&status=pending").await, Vec::<String>::new());
        assert_eq!(to_review("false").await.len(), 1);
        assert_eq!(
            shop.get(&ben(), "/api/v1/payments?needs_review=true").await.each("id"),
            Vec::<&str>::new()
        );
        let said = review(shop, &id, json!({ "outcome": "confirmed", "note": "Given back by hand." })).await;
        assert_eq!(said.expect(200).body["needs_review"], false);
        assert_eq!(to_review("true").await, Vec::<String>::new());
        assert!(shop.attempts(&id).await.contains(&("review".into(), "confirmed".into())));
        let kept = shop.get(&clerk(), &format!("/api/v1/payments/{id}/reviews")).await;
        assert_eq!(
            (kept.each("outcome"), kept.each("note")),
            (vec!["confirmed"], vec!["Given back by hand."])
        );
        assert!(kept.each("reviewer")[0].starts_with("key:"));
    });
}

#[test]
fn there_is_nothing_to_say_of_what_nobody_has_to_look_at() {
    shops(async |shop| {
        let id = doubted(shop).await;
        for note in ["", "\n", &"x".repeat(201)] {
            let said = review(shop, &id, json!({ "outcome": "dismissed", "note": note })).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{note}");
        }
        assert_eq!(review(shop, &id, json!({ "outcome": "maybe", "note": "x" })).await.status.as_u16(), 422);
        let found = json!({ "outcome": "dismissed", "note": "A known customer." });
        review(shop, &id, found.clone()).await.expect(200);
        assert_eq!(review(shop, &id, found).await.problem(), (409, "nothing_to_review"));
    });
}

#[test]
fn what_people_found_is_never_changed() {
    shops(async |shop| {
        let id = doubted(shop).await;
        review(shop, &id, json!({ "outcome": "dismissed", "note": "A known customer." })).await.expect(200);
        for sql in [
            "update reviews set note = 'x' where project_id = $1",
            "delete from reviews where project_id = $1",
        ] {
            let changed =
                shop.running.store().write::<_, StoreError, _>(Scope::Project(project(1)), move |tx| {
                    tx.run(sql, params![tx.project()?])
                });
            assert!(changed.await.is_err(), "{sql}");
        }
    });
}
