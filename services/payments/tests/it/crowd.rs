//! Many messages about one payment at once: each is taken, and none is sent away.

use kernel::params;
use kernel::store::{Scope, StoreError};
use serde_json::json;

use crate::shop::*;

/// Each of `senders` sends `each` messages about one payment, one after the other, all at once.
async fn crowd(shop: &Shop, senders: usize, each: usize) {
    let id = shop.opened().await;
    let at_it = shop.stripe.change("pi_1", json!({ "status": "processing" }));
    let now_s = shop.now_s();
    let sender = async |sender: usize| {
        let mut refused = Vec::new();
        for number in (0..each).map(|number| number * senders + sender) {
            // Later than all before it, so that each has to be written to the payment.
            let told_s = now_s + i64::try_from(number).unwrap();
            let body = message(&format!("evt_{number}"), "payment_intent.processing", told_s, &at_it);
            let said = shop.deliver(&body, None).await;
            if said.status.as_u16() != 200 {
                refused.push(said.body);
            }
        }
        refused
    };
    let all = (0..senders).map(|number| Box::pin(sender(number)) as _).collect();
    let refused: Vec<_> = together(all).await.into_iter().flatten().collect();
    assert!(refused.is_empty(), "{} were refused: {:?}", refused.len(), refused.first());
    shop.work().await;
    let taken = shop.running.store().read::<i64, StoreError, _>(Scope::Project(project(1)), |tx| {
        let sql = "select count(*) from payment_attempts where project_id = $1 and what = 'webhook'";
        tx.one(sql, params![tx.project()?])
    });
    assert_eq!(usize::try_from(taken.await.unwrap()).unwrap(), senders * each);
    assert_eq!(shop.status(&id).await, "processing");
}

#[test]
fn sixty_four_messages_about_one_payment_at_once_are_all_taken() {
    shops(async |shop| crowd(shop, 64, 1).await);
}

#[test]
fn a_stream_of_messages_about_one_payment_is_all_taken() {
    shops(async |shop| crowd(shop, 64, 8).await);
}
