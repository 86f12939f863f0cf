//! A payment on its way, and what is seen of it.

use contracts::Id;
use contracts::events::wallet::RiskDecision;
use http::Method;
use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn a_payment_goes_the_whole_way_by_its_events() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        stage.signs_up(2).await;
        let body = json!({ "from_account": from, "to": "PERSON2@example.com", "amount": 300, "currency": "INR",
            "note": "Tea", "device": "pixel" });
        let said = stage.post(&ann(), "/api/v1/wallet/payments", &body).await.expect(202);
        assert_eq!((&said.body["status"], &said.body["to_account"]), (&json!("initiated"), &json!(to)));
        assert_eq!(stage.balance(&from).await, (1_000, 700, 300));
        stage.settles(&mut world).await;
        let payment = id(&said);
        let told: Vec<String> = stage.told().await.into_iter().map(|(kind, _)| kind).collect();
        let own: Vec<&String> = told.iter().filter(|kind| kind.starts_with("payment.")).collect();
        assert_eq!(own, ["payment.initiated", "payment.processing", "payment.completed"]);
        let facts = &stage.told_of("payment.completed").await[0];
        let expected = json!({ "paymentId": payment, "fromAccount": from, "toAccount": to, "amount": 300, "fee": 0,
            "currency": "INR", "payer": user(1), "payee": user(2), "device": "pixel" });
        assert_eq!(facts, &expected);
        let seen = stage.payment(&payment).await;
        assert_eq!((&seen["status"], &seen["note"]), (&json!("completed"), &json!("Tea")));
        assert!(seen["transaction_id"].as_str().unwrap().starts_with("txn_"));
        assert!(seen["ended_at"].is_string());
        assert_eq!((stage.balance(&from).await, stage.balance(&to).await), ((700, 700, 0), (300, 300, 0)));
        assert_eq!(stage.said_to(1).await, ["Your wallet in INR is ready.", "You paid 3.00 INR."]);
        assert_eq!(stage.said_to(2).await, ["Your wallet in INR is ready.", "You received 3.00 INR."]);
        assert_eq!(stage.spent(&from).await, (300, 300));
    });
}

#[test]
fn the_shared_path_begins_and_shows_the_same_payments() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let mut body = paying(&from, &to, 100);
        body["method"] = json!("wallet");
        let payment = id(&stage.post(&ann(), "/api/v1/payments", &body).await.expect(202));
        let seen = stage.get(&ann(), &format!("/api/v1/payments/{payment}")).await.expect(200).body;
        assert_eq!(seen, stage.payment(&payment).await);
        let document = wallet::service().document().unwrap();
        let told = |path: &str, method: &str| document["paths"][path][method]["x-stoa"].clone();
        assert_eq!(told("/api/v1/payments", "post"), json!({ "body": { "from_account": null } }));
        let of_wallets = json!({ "id_prefix": "wpay" });
        assert_eq!(told("/api/v1/payments/{id}", "get"), of_wallets);
        assert_eq!(told("/api/v1/payments/{id}/refund", "post"), of_wallets);
        assert_eq!(told("/api/v1/payments/{id}/review", "post")["id_prefix"], "wpay");
    });
}

#[test]
fn a_payment_asked_for_twice_with_one_key_begins_once() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let (body, key) = (paying(&from, &to, 100), [("idempotency-key", "tea-7")]);
        let ask = async || {
            stage
                .ask(Method::POST, "/api/v1/wallet/payments", Some(&ann()), Some(&body), &key)
                .await
                .expect(202)
        };
        assert_eq!(id(&ask().await), id(&ask().await));
        assert_eq!(stage.told_of("payment.initiated").await.len(), 1);
        assert_eq!(stage.spent(&from).await, (100, 100));
    });
}

#[test]
fn what_cannot_be_paid_is_refused_at_once_and_leaves_nothing() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let dollars = stage.post(&ben(), "/api/v1/accounts", &json!({ "currency": "USD" })).await.expect(201);
        let stray = contracts::WalletAccountId::from_parts(7, 7).to_string();
        let mut euros = paying(&from, &to, 1);
        euros["currency"] = json!("EUR");
        let cases: [(Value, (u16, &str)); 8] = [
            (paying(&from, &from, 1), (409, "same_account")),
            (paying(&from, &stray, 1), (404, "not_found")),
            (paying(&from, "nobody@example.com", 1), (404, "not_found")),
            (paying(&from, "+919900000077", 1), (404, "not_found")),
            (paying(&from, &id(&dollars), 1), (409, "wrong_currency")),
            (euros, (409, "wrong_currency")),
            (paying(&to, &from, 1), (404, "not_found")),
            (paying(&from, &to, 0), (422, "invalid_input")),
        ];
        for (body, expected) in cases {
            let said = stage.post(&ann(), "/api/v1/wallet/payments", &body).await;
            assert_eq!(said.problem(), expected, "{body}");
        }
        assert_eq!(stage.told_of("payment.initiated").await.len(), 0);
        assert_eq!(stage.spent(&from).await, (0, 0));
    });
}

#[test]
fn a_payment_is_seen_by_its_payer_and_once_it_arrived_by_its_payee() {
    staged(async |stage, _| {
        let mut world = World::deciding(RiskDecision::Review);
        let (from, to) = stage.two(&mut world, 1_000).await;
        let payment = stage.pays(&ann(), &from, &to, 100).await;
        stage.settles(&mut world).await;
        let path = format!("/api/v1/wallet/payments/{payment}");
        for who in [ben(), Player::user(3, 1, OWN)] {
            for path in [path.clone(), format!("{path}/live"), path.replace("wallet/", "")] {
                assert_eq!(stage.get(&who, &path).await.problem(), (404, "not_found"), "{path}");
            }
            assert_eq!(stage.get(&who, "/api/v1/wallet/payments").await.each("id").len(), 0);
        }
        let approved = json!({ "decision": "approve", "reason": "She called back" });
        stage.does(&staff(), &payment, "review", Some(&approved)).await.expect(200);
        stage.settles(&mut world).await;
        stage.get(&ben(), &path).await.expect(200);
        for who in [ann(), ben(), staff()] {
            assert_eq!(stage.get(&who, "/api/v1/wallet/payments").await.each("id"), [&payment]);
        }
    });
}

#[test]
fn payments_are_listed_by_state_day_and_note() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let mut ids = Vec::new();
        for (amount, note) in [(100, "Rent 100%"), (100, "Tea_time"), (5_000, "Rent again")] {
            let mut body = paying(&from, &to, amount);
            body["note"] = json!(note);
            ids.push(id(&stage.post(&ann(), "/api/v1/wallet/payments", &body).await.expect(202)));
            stage.settles(&mut world).await;
        }
        let today = &stage.clock.now().to_string()[..10];
        let lists = async |query: &str| {
            let said = stage.get(&ann(), &format!("/api/v1/wallet/payments?{query}")).await;
            let found =
                said.each("id").into_iter().map(|id| ids.iter().position(|known| known == id).unwrap());
            found.collect::<Vec<_>>()
        };
        assert_eq!(lists("").await, [2, 1, 0]);
        assert_eq!(lists("state=failed").await, [2]);
        assert_eq!(lists("q=rent").await, [2, 0]);
        assert_eq!(lists("q=100%25").await, [0]);
        assert_eq!(lists("q=%25").await, [0]);
        assert_eq!(lists("q=a_t").await, [1]);
        assert_eq!(lists(&format!("from={today}&to={today}")).await, [2, 1, 0]);
        assert_eq!(lists("to=2001-01-01").await, Vec::<usize>::new());
        let first = stage.get(&ann(), "/api/v1/wallet/payments?limit=2").await.expect(200).body;
        let cursor = first["next_cursor"].as_str().unwrap();
        assert_eq!(lists(&format!("limit=2&cursor={cursor}")).await, [0]);
        assert_eq!(stage.get(&staff(), "/api/v1/wallet/payments?state=completed").await.each("id").len(), 2);
        assert_eq!(stage.get(&ann(), "/api/v1/wallet/payments?from=2026-13-01").await.status, 400);
    });
}

#[test]
fn a_merchant_is_paid_less_the_fee() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, shop) = stage.two(&mut world, 10_000).await;
        let merchant = json!({ "fee_basis_points": 150 });
        let path = format!("/api/v1/accounts/{shop}/merchant");
        let said = stage.ask(Method::PUT, &path, Some(&staff()), Some(&merchant), &[]).await.expect(200);
        assert_eq!((&said.body["merchant"], &said.body["fee_basis_points"]), (&json!(true), &json!(150)));
        let payment = stage.pays(&ann(), &from, &shop, 999).await;
        stage.settles(&mut world).await;
        assert_eq!(stage.payment(&payment).await["fee"], 14, "1.5 % of 9.99 is 0.14985");
        assert_eq!((world.purse(account_id(&shop)), world.fees()), ((985, 0), 14));
        assert_eq!(stage.balance(&from).await.0, 9_001);
        assert_eq!(stage.said_to(2).await.last().unwrap(), "You received 9.85 INR.");
        let none = json!({ "fee_basis_points": null });
        let said = stage.ask(Method::PUT, &path, Some(&staff()), Some(&none), &[]).await.expect(200);
        assert_eq!(said.body["merchant"], false);
    });
}
