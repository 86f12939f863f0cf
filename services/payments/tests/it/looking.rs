//! A quiet payment is looked after: no message has to arrive for the truth to be known.

use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::shop::*;
use crate::stripe::Fault;

const QUIET: Duration = Duration::from_secs(301);

fn looks(shop: &Shop) -> usize {
    shop.stripe.asked(Method::GET, "/v1/payment_intents/pi_1").len()
}

#[test]
fn a_message_that_never_came_is_made_good() {
    shops(async |shop| {
        let id = shop.opened().await;
        shop.stripe.change("pi_1", json!({ "status": "succeeded", "amount_received": 1999 }));
        shop.wait(Duration::from_secs(200)).await;
        assert_eq!((looks(shop), shop.status(&id).await.as_str()), (0, "pending"));
        shop.wait(Duration::from_secs(101)).await;
        assert_eq!((looks(shop), shop.status(&id).await.as_str()), (1, "succeeded"));
        let object = shop.stripe.intents()[0].clone();
        shop.told_by_stripe("evt_late", "payment_intent.succeeded", &object).await.expect(200);
        assert_eq!(shop.told_of("payment.succeeded").await.len(), 1);
        shop.wait(Duration::from_secs(10 * 86_400)).await;
        assert_eq!(looks(shop), 1);
    });
}

#[test]
fn a_payment_never_hangs_in_processing() {
    shops(async |shop| {
        let id = shop.opened().await;
        let at_it = shop.stripe.change("pi_1", json!({ "status": "processing" }));
        shop.told_by_stripe("evt_1", "payment_intent.processing", &at_it).await.expect(200);
        assert_eq!(shop.status(&id).await, "processing");
        let declined = json!({ "type": "card_error", "code": "card_declined" });
        shop.stripe
            .change("pi_1", json!({ "status": "requires_payment_method", "last_payment_error": declined }));
        shop.wait(QUIET).await;
        assert_eq!(shop.status(&id).await, "failed");
        assert_eq!(shop.told_of("payment.failed").await[0]["reason"], "card_declined");
    });
}

#[test]
fn the_waits_between_looks_grow_and_news_begins_them_anew() {
    shops(async |shop| {
        shop.opened().await;
        let mut at = Vec::new();
        for minute in 1..=60 {
            shop.wait(Duration::from_secs(60)).await;
            if looks(shop) > at.len() {
                at.push(minute);
            }
        }
        assert_eq!(at, [5, 15, 35]);
        let at_it = shop.stripe.change("pi_1", json!({ "status": "processing" }));
        shop.wait(Duration::from_secs(14 * 60)).await;
        shop.told_by_stripe("evt_1", "payment_intent.processing", &at_it).await.expect(200);
        shop.wait(Duration::from_secs(60)).await;
        assert_eq!(looks(shop), 3, "it was not quiet");
        shop.wait(QUIET).await;
        assert_eq!(looks(shop), 4);
    });
}

#[test]
fn a_provider_that_is_away_is_asked_again_later() {
    shops(async |shop| {
        let id = shop.opened().await;
        shop.stripe.change("pi_1", json!({ "status": "succeeded", "amount_received": 1999 }));
        shop.stripe.fail((0..3).map(|_| Fault::Instead(500, json!({}))));
        shop.wait(QUIET).await;
        assert_eq!(shop.status(&id).await, "pending");
        for _ in 0..5 {
            shop.wait(QUIET).await;
        }
        assert_eq!(shop.status(&id).await, "succeeded");
    });
}
