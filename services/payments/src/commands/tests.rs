//! What takes two at once: a message that found no turn at its payment is kept at once, applied by a job, and taken once
//! all the same; a word of fraud detection comes as a payment begins to wait for it.

use std::time::Duration;

use contracts::events::wallet::{RiskAssessed, RiskDecision};
use contracts::{Currency, Id, Money, PaymentId, ProjectId};
use kernel::params;
use kernel::store::{Scope, StoreError, Tx};
use kernel::testing::{Place, Stage, on_both, staged};
use serde_json::json;

use super::start::{Terms, Turn};
use super::{block, start, take};
use crate::domain::{Capture, OnSilence, Payment, ProviderName, Status};
use crate::error::Error;
use crate::providers::stripe::Notice;
use crate::store;

const OFFLINE: Terms = Terms { provider: ProviderName::Offline, capture: Capture::Automatic };

/// A stage where people take the money by hand, with a payment that nobody was asked for yet.
async fn with_payment(place: &Place, id: PaymentId) -> Stage {
    let stage = Stage::with(place, crate::service(), &[("payments.providers", "offline")]).await;
    does(&stage, move |tx| {
        store::insert_payment(tx, &Payment::new(id, Money::new(1999, Currency::USD), tx.now()))
    })
    .await;
    stage
}

async fn does<T: Send + 'static>(
    stage: &Stage,
    what: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
) -> T {
    stage.running.store().write(Scope::Project(ProjectId::from_u128(1)), what).await.unwrap()
}

#[test]
fn a_provider_that_was_asked_once_is_asked_again_though_payments_wait_now() {
    on_both(async |place| {
        let id = PaymentId::from_u128(1);
        let stage = with_payment(place, id).await;
        let turn =
            async |wait: Duration| does(&stage, move |tx| start::settle_terms(tx, id, OFFLINE, wait)).await;
        let hour = Duration::from_secs(3600);
        assert!(matches!(turn(hour).await, Turn::Waits { .. }));
        assert!(matches!(turn(Duration::ZERO).await, Turn::Asks(..)));
        assert!(matches!(turn(hour).await, Turn::Asks(..)));
    });
}

#[test]
fn a_word_that_comes_as_a_payment_begins_to_wait_is_not_lost() {
    on_both(async |place| {
        let id = PaymentId::from_u128(1);
        let stage = with_payment(place, id).await;
        let word = RiskAssessed {
            payment_id: id.to_string(),
            decision: RiskDecision::Approve,
            score: 0,
            reasons: Vec::new(),
        };
        does(&stage, move |tx| block::assessed(tx, &word)).await;
        stage.work().await;
        let status =
            async || does(&stage, move |tx| Ok(store::payment(tx, id)?)).await.map(|payment| payment.status);
        assert_eq!(status().await, Some(Status::Created), "its turn had come, and is not over");
        does(&stage, move |tx| block::wait(tx, id, tx.now(), OnSilence::Fail)).await;
        stage.work().await;
        assert_eq!(status().await, Some(Status::Pending));
    });
}

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
