//! What becomes of attempts, receipts and what is dead.

use std::time::Duration;

use kernel::store::Scope;
use kernel::testing::{Stage, on_both, staged};
use notifications::channels::Provider;
use notifications::{Receipt, apply_receipt};
use serde_json::{Value, json};

use crate::stage::*;

async fn words(stage: &Stage, id: &str) -> Vec<String> {
    let timeline = shown(stage, id).await["timeline"].as_array().unwrap().clone();
    timeline.iter().map(|one| one["what"].as_str().unwrap().to_owned()).collect()
}

async fn redrive(stage: &Stage, body: Value) -> Value {
    stage.post(&boss(), &path("/dead/redrive"), &body).await.expect(200).body
}

/// What becomes of each, by id.
fn fates(said: &Value) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let each = said["data"].as_array().unwrap().iter();
    let mut fates: Vec<_> = each.map(|one| (word(&one["id"]), word(&one["fate"]))).collect();
    fates.sort();
    fates
}

/// Ann is reached by mail, without the welcome that an event would bring.
async fn as_owner_knows_ann(stage: &Stage) {
    let (project, user) = (project(), user(ANN));
    let sql = "insert into contacts (project_id, user_id, email) values";
    stage.as_owner(format!("{sql} ('{project}', '{user}', 'ann@example.com')")).await;
}

#[test]
fn where_one_provider_refuses_us_the_next_one_sends() {
    on_both(async |place| {
        let stage =
            Stage::with(place, notifications::service(), &[("notifications.email.providers", "smtp,log")])
                .await;
        let id = send(&stage, &mail()).await;
        stage.work().await;
        assert_eq!(words(&stage, &id).await, ["accepted", "bad_credential", "delivered"]);
        let shown = shown(&stage, &id).await;
        assert_eq!((&shown["provider"], &shown["attempts"]), (&json!("log"), &json!(2)));
    });
}

#[test]
fn what_nobody_can_send_is_dead_and_goes_again_where_it_is_still_wanted() {
    on_both(async |place| {
        let stage =
            Stage::with(place, notifications::service(), &[("notifications.email.providers", "smtp")]).await;
        let to = |body: Value, email: &str| {
            let mut body = body;
            body["to"]["email"] = json!(email);
            body
        };
        let wanted = send(&stage, &mail()).await;
        let mut short_lived = mail();
        short_lived["expires_in_s"] = json!(60);
        let short_lived = send(&stage, &short_lived).await;
        let alone = send(&stage, &to(mail(), "ben@example.com")).await;
        let user_id = user(ANN);
        as_owner_knows_ann(&stage).await;
        let body = json!({ "channel": "email", "to": { "user_id": user_id }, "subject": "a", "text": "b", "category": "marketing" });
        let unwanted = send(&stage, &body).await;
        stage.wait(Duration::from_secs(60)).await;
        let dead = stage.get(&boss(), &path("/dead?reason=credential")).await;
        assert_eq!(dead.each("id").len(), 4);
        assert!(told(&stage).await.iter().all(|kind| kind == "notification.failed"));

        stage
            .as_owner(format!(
                "insert into suppressions (project_id, channel, address, category, reason, created_at)
            values ('{}', 'email', 'ben@example.com', '', 'bad_recipient', 0)",
                project()
            ))
            .await;
        let choices =
            json!({ "choices": [{ "category": "marketing", "channel": "email", "enabled": false }] });
        put(&stage, &ann(), &path("/preferences"), &choices).await.expect(200);
        let mut expected = vec![
            (wanted.clone(), "redriven".to_owned()),
            (short_lived.clone(), "expired".to_owned()),
            (alone.clone(), "suppressed_address".to_owned()),
            (unwanted.clone(), "preference".to_owned()),
        ];
        expected.sort();
        let dry = redrive(&stage, json!({ "dry_run": true })).await;
        assert_eq!(fates(&dry), expected);
        assert_eq!(state(&stage, &wanted).await, "dead", "to look is not to act");
        assert_eq!(redrive(&stage, json!({ "filter": { "channel": "sms" } })).await["data"], json!([]));
        let done = redrive(&stage, json!({ "ids": [wanted, short_lived, alone, unwanted] })).await;
        assert_eq!((fates(&done), &done["redriven"]), (expected, &json!(1)));
        for (id, expected) in [
            (&wanted, "accepted"),
            (&short_lived, "expired"),
            (&alone, "suppressed"),
            (&unwanted, "suppressed"),
        ] {
            assert_eq!(state(&stage, id).await, expected);
        }
        stage.work().await;
        assert_eq!(
            words(&stage, &wanted).await,
            ["accepted", "bad_credential", "dead", "redriven", "bad_credential", "dead"]
        );
        let twice =
            stage.post(&boss(), &path("/dead/redrive"), &json!({ "ids": [wanted], "filter": {} })).await;
        assert_eq!(twice.problem(), (422, "invalid_input"));
    });
}

#[test]
fn what_is_past_its_time_is_not_sent() {
    staged(notifications::service, async |stage, _| {
        let mut body = mail();
        body["expires_in_s"] = json!(60);
        let id = send(stage, &body).await;
        stage.clock.advance(Duration::from_secs(60));
        stage.work().await;
        assert_eq!(words(stage, &id).await, ["accepted", "expired"]);
        assert_eq!(state(stage, &id).await, "expired");
    });
}

#[test]
fn receipts_are_believed_as_far_as_they_say_more() {
    staged(notifications::service, async |stage, _| {
        let sms = json!({ "channel": "sms", "to": { "phone": "+919876543210" }, "text": "Hello" });
        let id = send(stage, &sms).await;
        stage.work().await;
        stage.as_owner(format!(
            "update notifications set provider = 'twilio', provider_reference = 'SM1', state = 'sent' where id = '{id}'"
        )).await;
        let receipt = async |reference: &'static str, receipt: Receipt| {
            let apply =
                move |tx: &mut kernel::store::Tx<'_>| apply_receipt(tx, Provider::Twilio, reference, receipt);
            stage.running.store().write(Scope::System("a receipt"), apply).await.unwrap()
        };
        let failed = Receipt::Failed { permanent: true };
        assert!(!receipt("SM2", Receipt::Delivered).await, "nobody's");
        assert!(receipt("SM1", Receipt::Sent).await);
        assert_eq!(state(stage, &id).await, "sent");
        assert!(receipt("SM1", failed).await);
        assert_eq!(state(stage, &id).await, "failed");
        let left_out = stage.post(&shop(), NOTIFICATIONS, &sms).await.expect(202).body;
        assert_eq!(
            (&left_out["state"], &left_out["reason"]),
            (&json!("suppressed"), &json!("suppressed_address"))
        );
        for late in [Receipt::Delivered, Receipt::Sent, failed, Receipt::Delivered] {
            assert!(receipt("SM1", late).await);
            assert_eq!(state(stage, &id).await, "delivered", "{late:?}");
        }
        let kinds = told(stage).await;
        assert_eq!(kinds, ["notification.sent", "notification.failed", "notification.sent"]);
    });
}
