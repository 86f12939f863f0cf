//! Accounts: who has which, how they are found, what they show.

use contracts::events::UserCreated;
use contracts::events::access::UserErased;
use contracts::events::wallet::BalanceUpdated;
use serde_json::{Value, json};

use crate::stage::*;

#[test]
fn somebody_new_has_an_account_where_the_project_wants_it_so() {
    staged_with(&[("wallet.auto_account", "true"), ("wallet.currency", "EUR")], async |stage, _| {
        stage.signs_up(1).await;
        stage.signs_up(1).await;
        stage.work().await;
        let accounts = stage.get(&ann(), "/api/v1/accounts").await;
        assert_eq!(accounts.each("currency"), ["EUR"]);
        let created = stage.told_of("account.created").await;
        assert_eq!((created.len(), &created[0]["userId"]), (1, &json!(user(1))));
        assert_eq!(stage.said_to(1).await, ["Your wallet in EUR is ready."]);
    });
    staged(async |stage, _| {
        stage.signs_up(1).await;
        stage.work().await;
        assert_eq!(stage.get(&ann(), "/api/v1/accounts").await.each("id").len(), 0);
        assert_eq!(stage.told_of("account.created").await.len(), 0);
    });
}

#[test]
fn a_person_has_one_account_in_each_currency() {
    staged(async |stage, _| {
        let open = async |who: &Player, body: Value| stage.post(who, "/api/v1/accounts", &body).await;
        let mine = id(&open(&ann(), json!({ "currency": "INR" })).await.expect(201));
        assert_eq!(open(&ann(), json!({ "currency": "INR" })).await.problem(), (409, "account_exists"));
        open(&ann(), json!({ "currency": "USD" })).await.expect(201);
        let bens = json!({ "currency": "INR", "user_id": user(2) });
        assert_eq!(open(&ann(), bens.clone()).await.problem(), (403, "forbidden"));
        let his = id(&open(&staff(), bens).await.expect(201));
        let created = json!({ "accountId": mine, "userId": user(1), "currency": "INR" });
        assert_eq!(stage.told_of("account.created").await[0], created);
        assert_eq!(stage.get(&ann(), "/api/v1/accounts").await.each("currency"), ["INR", "USD"]);
        assert_eq!(stage.get(&staff(), "/api/v1/accounts").await.each("id").len(), 3);
        let of_ben = format!("/api/v1/accounts?user_id={}", user(2));
        assert_eq!(stage.get(&staff(), &of_ben).await.each("id"), [&his]);
        assert_eq!(stage.get(&ann(), &of_ben).await.each("id").len(), 0, "whomever one names");
        let days = "from=2026-01-01&to=2026-12-31";
        let more = ["activity", "top-ups", "withdrawals", "limits", "live"].map(str::to_owned);
        let sheets = ["statement", "statement.csv"].map(|sheet| format!("{sheet}?{days}"));
        for rest in more.into_iter().chain(sheets).map(|rest| format!("/{rest}")).chain([String::new()]) {
            let said = stage.get(&ann(), &format!("/api/v1/accounts/{his}{rest}")).await;
            assert_eq!(said.problem(), (404, "not_found"), "{rest}");
        }
        assert_eq!(
            stage.get(&ann(), &format!("/api/v1/wallet/qr/{his}")).await.problem(),
            (404, "not_found")
        );
        let program = Player::program(1, 1, OWN);
        assert_eq!(open(&program, json!({ "currency": "INR" })).await.problem(), (403, "forbidden"));
    });
}

#[test]
fn accounts_opened_by_many_at_once_are_one() {
    staged(async |stage, _| {
        let (who, body) = (ann(), json!({ "currency": "INR" }));
        let said = join_all((0..8).map(|_| stage.post(&who, "/api/v1/accounts", &body))).await;
        assert_eq!(said.iter().filter(|said| said.status == 201).count(), 1);
        assert_eq!(said.iter().filter(|said| said.problem() == (409, "account_exists")).count(), 7);
    });
}

#[test]
fn the_ledgers_latest_word_on_a_balance_holds() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let word = |sequence, balance, currency| {
            let account_id = account_id(&account);
            Word::Updated(BalanceUpdated {
                account_id,
                balance,
                available: balance,
                currency,
                sequence,
                payment_id: None,
            })
        };
        stage.hears(&word(5, 500, rupees())).await;
        stage.hears(&word(4, 400, rupees())).await;
        stage.hears(&word(5, 555, rupees())).await;
        stage.hears(&word(9, 900, contracts::Currency::USD)).await;
        assert_eq!(stage.balance(&account).await, (500, 500, 0));
        stage.hears(&word(6, 600, rupees())).await;
        assert_eq!(stage.balance(&account).await, (600, 600, 0));
    });
}

#[test]
fn whoever_is_paid_is_found_by_the_whole_address_and_nothing_else_is_told() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ben(), 0).await;
        stage.signs_up(2).await;
        let finds = async |q: &str| {
            let q = q.replace('+', "%2B");
            stage.get(&ann(), &format!("/api/v1/wallet/payees?q={q}")).await.expect(200).body["data"].clone()
        };
        let found = json!([{ "account_id": account, "currency": "INR", "merchant": false, "name": null }]);
        for q in ["person2@example.com", "PERSON2@EXAMPLE.COM", "+919900000002", account.as_str()] {
            assert_eq!(finds(q).await, found, "{q}");
        }
        for q in ["person@example.com", "person%@example.com", "person3@example.com", "+919900000009"] {
            assert_eq!(finds(&q.replace('%', "%25")).await, json!([]), "{q}");
        }
        assert_eq!(stage.get(&ann(), "/api/v1/wallet/payees?q=person2").await.status, 400);
        stage.meets(&UserErased { user_id: user(2) }).await;
        assert_eq!(finds("person2@example.com").await, json!([]));
        stage.signs_up(2).await;
        assert_eq!(finds("person2@example.com").await, json!([]), "an older word does not bring them back");
    });
}

/// Whether anybody can be paid by an address.
async fn found(stage: &Stage, q: &str) -> bool {
    let path = format!("/api/v1/wallet/payees?q={}", q.replace('+', "%2B"));
    stage.get(&ann(), &path).await.expect(200).body["data"] != json!([])
}

#[test]
fn an_address_that_nobody_has_proven_pays_nobody() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, _) = stage.two(&mut world, 1_000).await;
        let (email, phone) = (Some("ben@example.com".to_owned()), Some("+919900000002".to_owned()));
        stage.meets(&UserCreated { user_id: user(2), email, phone }).await;
        for q in ["ben@example.com", "+919900000002"] {
            assert!(!found(stage, q).await, "{q}");
            let said = stage.post(&ann(), "/api/v1/wallet/payments", &paying(&from, q, 1)).await;
            assert_eq!(said.problem(), (404, "not_found"), "{q}");
        }
        stage.is_found(2, Some("ben@example.com"), None).await;
        assert!(found(stage, "ben@example.com").await);
        assert!(!found(stage, "+919900000002").await, "the number is still anybody's");
    });
}

#[test]
fn a_new_number_pays_and_the_old_one_no_more() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let (old, new) = ("+919900000002", "+919900000077");
        stage.is_found(2, None, Some(old)).await;
        assert!(found(stage, old).await);
        stage.is_found(2, None, Some(new)).await;
        assert_eq!((found(stage, old).await, found(stage, new).await), (false, true));
        // Somebody else has the old number now, and its money.
        stage.is_found(3, None, Some(old)).await;
        let body = paying(&from, new, 10);
        let begun = stage.post(&ann(), "/api/v1/wallet/payments", &body).await.expect(202).body;
        assert_eq!(begun["to_account"], to.as_str());
        assert_eq!(
            stage.post(&ann(), "/api/v1/wallet/payments", &paying(&from, old, 10)).await.problem(),
            (404, "not_found")
        );
        stage.is_found(2, None, None).await;
        assert!(!found(stage, new).await, "it was taken back");
    });
}

#[test]
fn the_latest_word_on_an_address_holds_however_late_others_come() {
    staged(async |stage, _| {
        let mut world = World::default();
        stage.opens(&mut world, &ben(), 0).await;
        let (earlier, later) = (stage.neighbour("audit").await, stage.neighbour("catalog").await);
        later.clock().advance(std::time::Duration::from_secs(60));
        let scope = || kernel::store::Scope::Project(project(1));
        let (old, new) = (found_by(2, None, Some("+919900000002")), found_by(2, None, Some("+919900000077")));
        stage.hear(&later, scope(), "usr", &new).await;
        stage.hear(&earlier, scope(), "usr", &old).await;
        stage.hear(&later, scope(), "usr", &new).await;
        assert_eq!((found(stage, "+919900000002").await, found(stage, "+919900000077").await), (false, true));
    });
}

#[test]
fn an_address_that_two_people_have_pays_neither() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, _) = stage.two(&mut world, 1_000).await;
        stage.opens(&mut world, &Player::user(3, 1, OWN), 0).await;
        for number in [2, 3] {
            stage.is_found(number, Some("both@example.com"), None).await;
        }
        let body = paying(&from, "both@example.com", 1);
        assert_eq!(stage.post(&ann(), "/api/v1/wallet/payments", &body).await.problem(), (404, "not_found"));
    });
}

#[test]
fn a_code_to_be_scanned_says_whom_to_pay() {
    staged(async |stage, _| {
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let text = async |rest: &str| {
            stage.get(&ann(), &format!("/api/v1/wallet/qr/{account}{rest}")).await.expect(200).body["text"]
                .clone()
        };
        assert_eq!(text("").await, format!("stoa:pay?to={account}&currency=INR"));
        assert_eq!(text("?amount=50").await, format!("stoa:pay?to={account}&amount=50&currency=INR"));
        let bad = stage.get(&ann(), &format!("/api/v1/wallet/qr/{account}?amount=0")).await;
        assert_eq!(bad.status, 400);
    });
}
