//! Somebody is forgotten: what was paid is accounted for, and nothing more is known of them.

use kernel::params;
use kernel::store::{Scope, StoreError};
use serde_json::{Value, json};

use crate::shop::*;

/// How many rows a question about project 1 finds.
async fn count(shop: &Shop, sql: &'static str) -> i64 {
    let count = shop.running.store().read::<i64, StoreError, _>(Scope::Project(project(1)), move |tx| {
        tx.one(sql, params![tx.project()?])
    });
    count.await.unwrap()
}

const SECRETS: &str = "select count(client_secret) from payments where project_id = $1";
const MESSAGES: &str = "select count(*) from webhook_events where project_id = $1 and payload <> ''";
const PAYABLES: &str = "select (select count(*) from payable_orders where project_id = $1)
    + (select count(*) from payable_top_ups where project_id = $1)";
const DESTINATIONS: &str = "select count(destination) from payouts where project_id = $1";

#[test]
fn what_an_erased_person_paid_stays_and_what_leads_to_them_goes() {
    shops(async |shop| {
        let paid = shop.paid().await;
        shop.ordered(2).await;
        shop.cancelled(2).await;
        shop.top_up_requested(1).await;
        shop.work().await;
        let given_up = shop.of_order(2).await["id"].as_str().unwrap().to_owned();
        assert_eq!((count(shop, SECRETS).await, count(shop, MESSAGES).await), (2, 1));
        assert_eq!(count(shop, PAYABLES).await, 3);
        shop.erased(2).await;
        assert_eq!((count(shop, SECRETS).await, count(shop, PAYABLES).await), (2, 3));
        shop.erased(1).await;
        assert_eq!((count(shop, SECRETS).await, count(shop, MESSAGES).await), (0, 0));
        assert_eq!(count(shop, PAYABLES).await, 0);
        let kept = shop.payment(&paid).await;
        assert_eq!((&kept["status"], &kept["captured"]), (&json!("succeeded"), &json!(1999)));
        assert!(kept["user_id"].is_string(), "what was paid is accounted for");
        assert_eq!(shop.payment(&given_up).await["user_id"], Value::Null);
        let again = shop.stripe.intents()[0].clone();
        shop.told_by_stripe("evt_paid_pi_1", "payment_intent.succeeded", &again).await.expect(200);
        assert_eq!(shop.told_of("payment.succeeded").await.len(), 1);
    });
}

#[test]
fn where_money_went_is_forgotten_as_soon_as_it_is_there() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        shop.work().await;
        shop.erased(1).await;
        assert_eq!(count(shop, DESTINATIONS).await, 1, "it is still to be paid");
        let paid = shop.stripe.change("po_1", json!({ "status": "paid" }));
        shop.told_by_stripe("evt_1", "payout.paid", &paid).await.expect(200);
        assert_eq!(count(shop, DESTINATIONS).await, 0);
        assert_eq!(shop.told_of("payout.paid").await.len(), 1);
    });
}

#[test]
fn where_money_goes_is_sealed() {
    shops(async |shop| {
        shop.withdrawal_reserved(1).await;
        let sealed = shop.running.store().read::<String, StoreError, _>(Scope::Project(project(1)), |tx| {
            tx.one("select destination from payouts where project_id = $1", params![tx.project()?])
        });
        let sealed = sealed.await.unwrap();
        assert!(sealed.starts_with("v1.") && !sealed.contains("ann"), "{sealed}");
    });
}
