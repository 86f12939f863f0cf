//! What a provider tells later is believed when it is signed, and nothing else is.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contracts::{Id, ProjectId};
use http::Request;
use kernel::testing::{Said, Stage, on_both};
use ring::hmac;

const TOKEN: &str = "12345";
const ADDRESS: &str = "https://stoa.example/receipts?project=";

async fn tell(stage: &Stage, fields: &[(&str, &str)], signature: &str) -> Said {
    let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let path = format!("/api/v1/notifications/receipts/twilio?project={}", ProjectId::from_u128(1));
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-twilio-signature", signature);
    stage.send(request.body(Body::from(form.join("&"))).unwrap()).await
}

fn signed(token: &str, fields: &[(&str, &str)]) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let address = format!("{ADDRESS}{}", ProjectId::from_u128(1));
    let text = sorted.iter().fold(address, |text, (name, value)| text + name + value);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}

#[test]
fn a_receipt_is_taken_from_its_provider_alone() {
    on_both(async |place| {
        let callback = format!("{ADDRESS}{{project}}");
        let settings = [
            ("notifications.twilio.auth_token", TOKEN),
            ("notifications.twilio.status_callback", callback.as_str()),
        ];
        let stage = Stage::with(place, notifications::service(), &settings).await;
        let fields = [("MessageSid", "SM1"), ("MessageStatus", "delivered")];
        for forged in ["", "garbage", &signed("another token", &fields), &signed(TOKEN, &fields[..1])] {
            assert_eq!(tell(&stage, &fields, forged).await.problem(), (400, "bad_signature"));
        }
        // Rightly signed, of a message that we do not know yet: the provider comes again.
        assert_eq!(tell(&stage, &fields, &signed(TOKEN, &fields)).await.problem(), (503, "message_unknown"));
        let queued = [("MessageSid", "SM1"), ("MessageStatus", "queued")];
        assert_eq!(tell(&stage, &queued, &signed(TOKEN, &queued)).await.status, 200);
        let strange = [("MessageSid", "SM1"), ("MessageStatus", "eaten")];
        assert_eq!(
            tell(&stage, &strange, &signed(TOKEN, &strange)).await.problem(),
            (400, "malformed_receipt")
        );
    });
}
