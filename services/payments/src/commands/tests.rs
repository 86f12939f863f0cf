//! A message that found no turn at its payment: kept at once, applied by a job, and taken once all the same.

use contracts::{Currency, Id, Money, PaymentId, ProjectId};
use kernel::params;
use kernel::store::{Scope, StoreError};
use kernel::testing::staged;
use serde_json::json;

use super::take;
use crate::domain::{Payment, ProviderName, Status};
use crate::error::Error;
use crate::providers::stripe::Notice;
use crate::store;

#[test]
fn a_message_that_found_no_turn_is_kept_and_applied_once() {
    staged(crate::service, async |stage, _| {
        let scope = || Scope::Project(ProjectId::from_u128(1));
        let id = PaymentId::from_u128(1);
        let made = stage.running.store().write::<_, Error, _>(scope(), move |tx| {
            let payment = Payment::new(id, Money::new(1999, Currency::USD), tx.now());
            let provider = Some(ProviderName::Stripe);
            store::insert_payment(tx, &Payment { provider, provider_ref: Some("pi_1".into()), ..payment })
        });
        made.await.unwrap();
        let body = json!({ "id": "evt_1", "type": "payment_intent.succeeded", "created": 1_790_000_000,
            "data": { "object": { "id": "pi_1", "status": "succeeded", "amount": 1999, "currency": "usd" } } });
        let body = body.to_string();
        for _ in 0..2 {
            let (notice, text) = (Notice::read(body.as_bytes()).unwrap(), body.clone());
            let kept = move |tx: &mut kernel::store::Tx<'_>| take::take_later(tx, &notice, text.as_bytes());
            stage.running.store().write::<_, Error, _>(scope(), kept).await.unwrap();
        }
        let status = async || {
            let found =
                stage.running.store().read::<_, Error, _>(scope(), move |tx| Ok(store::payment(tx, id)?));
            found.await.unwrap().unwrap().status
        };
        assert_eq!(status().await, Status::Created);
        stage.work().await;
        assert_eq!(status().await, Status::Succeeded);
        let (notice, text) = (Notice::read(body.as_bytes()).unwrap(), body.clone());
        let again = move |tx: &mut kernel::store::Tx<'_>| take::take(tx, &notice, text.as_bytes());
        stage.running.store().write::<_, Error, _>(scope(), again).await.unwrap();
        let attempts = stage.running.store().read::<i64, StoreError, _>(scope(), |tx| {
            tx.one("select count(*) from payment_attempts where project_id = $1", params![tx.project()?])
        });
        assert_eq!(attempts.await.unwrap(), 1);
        let told = stage.told().await;
        assert_eq!(told.iter().filter(|(kind, _)| kind == "payment.succeeded").count(), 1);
    });
}
