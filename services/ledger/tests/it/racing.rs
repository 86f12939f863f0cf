//! Many at once: nothing is spent twice, on one process or on two.

use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::stage::*;

#[test]
fn a_hundred_who_want_the_last_ten_get_exactly_ten() {
    staged(async |stage, _| {
        stage.opens("hot", "debits_must_not_exceed_credits").await;
        stage.posts(&pay(1, "outside:INR", "hot", 10)).await;
        let wishes: Vec<Value> = (100..200).map(|number| pay(number, "hot", "outside:INR", 1)).collect();
        let caller = bank();
        let said = join_all(wishes.iter().map(|wish| stage.post(&caller, TRANSFERS, wish))).await;
        let got = |wanted: &str| said.iter().filter(|said| results(said) == [wanted]).count();
        assert_eq!((got("created"), got("exceeds_credits")), (10, 90));
        assert_eq!(stage.columns("hot").await, [0, 10, 0, 10]);
        stage.adds_up().await;
    });
}

#[test]
fn the_same_transfer_from_many_is_done_once() {
    staged(async |stage, _| {
        stage.opens("a", "none").await;
        let (wish, caller) = (pay(1, "outside:INR", "a", 10), bank());
        let said = join_all((0..30).map(|_| stage.post(&caller, TRANSFERS, &wish))).await;
        let got = |wanted: &str| said.iter().filter(|said| results(said) == [wanted]).count();
        assert_eq!((got("created"), got("exists")), (1, 29));
        assert_eq!(stage.balance("a", "").await, 10);
    });
}

#[test]
fn a_transaction_taken_back_by_many_at_once_goes_back_once() {
    staged(async |stage, _| {
        stage.opens("a", "none").await;
        stage.posts(&pay(1, "outside:INR", "a", 10)).await;
        let (path, body, caller) =
            (format!("{TRANSACTIONS}/{}/reverse", txn(1)), serde_json::json!({ "amount": 4 }), bank());
        let said = join_all((0..12).map(|_| stage.post(&caller, &path, &body))).await;
        assert_eq!(said.iter().filter(|said| said.status == 201).count(), 2);
        let others: Vec<_> = said.iter().filter(|said| said.status != 201).map(Said::problem).collect();
        assert_eq!(others, [(409, "exceeds_remainder"); 10]);
        assert_eq!(stage.balance("a", "").await, 2);
        stage.adds_up().await;
    });
}

#[test]
fn two_processes_on_one_database_spend_it_once() {
    staged(async |stage, place| {
        if matches!(place.engine, kernel::store::Engine::Sqlite { .. }) {
            return;
        }
        stage.opens("hot", "debits_must_not_exceed_credits").await;
        stage.posts(&pay(1, "outside:INR", "hot", 20)).await;
        let other = stage.beside(ledger::service()).await;
        let (caller, token) = (bank(), stage.token(&bank()));
        let wishes: Vec<Value> = (100..160).map(|number| pay(number, "hot", "outside:INR", 1)).collect();
        let there = wishes[30..].iter().map(|wish| {
            let request = Request::post(TRANSFERS)
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(wish.to_string()))
                .unwrap();
            let routes = other.routes().0;
            async move {
                let body =
                    routes.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
                let said: Value = serde_json::from_slice(&body).unwrap();
                said["data"][0]["result"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned()
            }
        });
        let here = wishes[..30].iter().map(|wish| stage.post(&caller, TRANSFERS, wish));
        let (here, there) = tokio::join!(join_all(here), join_all(there));
        let here = here.iter().flat_map(results);
        let all: Vec<String> = here.chain(there).collect();
        assert_eq!(all.iter().filter(|result| *result == "created").count(), 20);
        assert_eq!(all.iter().filter(|result| *result == "exceeds_credits").count(), 40);
        stage.adds_up().await;
    });
}
