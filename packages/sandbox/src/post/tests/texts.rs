//! Twilio's API: what is taken, what becomes of it, and what the callbacks say.

use std::time::Duration;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, header};
use kernel::store::Scope;
use kernel::testing::{Asked, Peer};
use serde_json::{Value, json};

use super::super::form::Form;
use super::super::store;
use super::super::twilio::signature;
use super::{Post, Said, posted};

const ACCOUNT: &str = "AC00000000000000000000000000000001";

impl Post {
    async fn twilio(&self, account: &str, request: http::request::Builder, body: String) -> Said {
        let credentials = STANDARD.encode(format!("{account}:secret-token"));
        let request = request
            .header(header::AUTHORIZATION, format!("Basic {credentials}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    async fn text(&self, fields: &[(&str, &str)]) -> Said {
        let form = fields.iter().fold(Form::default(), |form, (name, value)| form.with(name, *value));
        let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
        self.twilio(ACCOUNT, Request::post(path), form.text()).await
    }

    async fn fetch(&self, account: &str, path: &str) -> Said {
        self.twilio(account, Request::get(path), String::new()).await
    }

    async fn status(&self, message: &Value) -> Value {
        self.fetch(ACCOUNT, message["uri"].as_str().unwrap()).await.expect(200)
    }
}

fn told(asked: &Asked) -> Form {
    Form::read(&asked.body)
}

fn statuses(peer: &Peer) -> Vec<String> {
    peer.asked().iter().map(|asked| told(asked).get("MessageStatus").unwrap().to_owned()).collect()
}

#[test]
fn a_message_is_queued_then_sent_then_delivered_and_shown_in_the_inbox() {
    posted(async |post| {
        let taken = post
            .text(&[("To", "+491701234567"), ("From", "+15005550006"), ("Body", "Your code is 123456")])
            .await
            .expect(201);
        assert!(taken["sid"].as_str().is_some_and(|sid| sid.len() == 34 && sid.starts_with("SM")));
        for (field, expected) in [
            ("account_sid", json!(ACCOUNT)),
            ("body", json!("Your code is 123456")),
            ("status", json!("queued")),
            ("num_segments", json!("1")),
            ("direction", json!("outbound-api")),
            ("from", json!("+15005550006")),
            ("to", json!("+491701234567")),
            ("date_sent", Value::Null),
            ("error_code", Value::Null),
            ("api_version", json!("2010-04-01")),
            ("price_unit", json!("USD")),
        ] {
            assert_eq!(taken[field], expected, "{field}");
        }
        post.stage.work().await;
        let sent = post.status(&taken).await;
        assert_eq!((&sent["status"], sent["date_sent"].is_string()), (&json!("sent"), true));
        post.stage.wait(Duration::from_secs(1)).await;
        assert_eq!(post.status(&taken).await["status"], "delivered");

        let found = post.inbox("+491701234567").await;
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0]["channel"], &found[0]["from"]), (&json!("sms"), &json!("+15005550006")));
        assert_eq!(found[0]["text"], "Your code is 123456");
    });
}

#[test]
fn callbacks_tell_each_step_and_are_signed_with_the_token() {
    posted(async |post| {
        let peer = Peer::answering(|_| (204, String::new())).await;
        let callback = format!("{}/heard?from=twilio&x=1", peer.url());
        let fields = [
            ("To", "+15005550010"),
            ("From", "Shop"),
            ("Body", "Grüße & more"),
            ("StatusCallback", &callback),
        ];
        let taken = post.text(&fields).await.expect(201);
        post.stage.wait(Duration::from_secs(1)).await;
        assert_eq!(statuses(&peer), ["sent", "delivered"]);
        for asked in peer.asked() {
            let form = told(&asked);
            assert_eq!(asked.path, "/heard?from=twilio&x=1");
            assert_eq!(form.get("MessageSid"), taken["sid"].as_str());
            assert_eq!(form.get("SmsStatus"), form.get("MessageStatus"));
            assert_eq!((form.get("To"), form.get("From")), (Some("+15005550010"), Some("Shop")));
            assert_eq!((form.get("AccountSid"), form.get("ErrorCode")), (Some(ACCOUNT), None));
            let expected = signature(b"secret-token", &callback, form.fields());
            assert_eq!(asked.headers["x-twilio-signature"], expected);
        }
    });
}

#[test]
fn an_unreachable_phone_is_told_with_its_code() {
    posted(async |post| {
        let peer = Peer::answering(|_| (200, String::new())).await;
        let url = peer.url();
        let fields =
            [("To", "+15005550003"), ("From", "Shop"), ("Body", "x"), ("StatusCallback", url.as_str())];
        let taken = post.text(&fields).await.expect(201);
        assert_eq!(taken["status"], "queued");
        post.stage.wait(Duration::from_secs(1)).await;
        assert_eq!(statuses(&peer), ["sent", "undelivered"]);
        assert_eq!(told(&peer.asked()[1]).get("ErrorCode"), Some("30003"));
        let ended = post.status(&taken).await;
        assert_eq!((&ended["status"], &ended["error_code"]), (&json!("undelivered"), &json!(30_003)));
    });
}

#[test]
fn a_callback_that_fails_is_tried_again() {
    posted(async |post| {
        let tries = std::sync::atomic::AtomicU32::new(0);
        let peer = Peer::answering(move |_| {
            let earlier = tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            (if earlier < 2 { 500 } else { 200 }, String::new())
        })
        .await;
        let url = peer.url();
        post.text(&[("To", "+15005550010"), ("From", "Shop"), ("Body", "x"), ("StatusCallback", &url)])
            .await
            .expect(201);
        for _ in 0..10 {
            post.stage.wait(Duration::from_secs(120)).await;
        }
        let heard = statuses(&peer);
        assert_eq!(heard.len(), 4, "{heard:?}");
        for status in ["sent", "delivered"] {
            assert!(heard.iter().any(|heard| heard == status), "{heard:?}");
        }
    });
}

#[test]
fn callbacks_go_wrong_on_request() {
    posted(async |post| {
        for (kind, expected) in [
            ("webhook_lost", &["delivered"][..]),
            ("webhook_duplicate", &["sent", "sent", "delivered"]),
            ("webhook_late", &["delivered", "sent"]),
            ("webhook_out_of_order", &["delivered", "sent"]),
        ] {
            let peer = Peer::answering(|_| (200, String::new())).await;
            post.ask_for(json!({ "provider": "twilio", "kind": kind })).await;
            let url = peer.url();
            post.text(&[("To", "+15005550010"), ("From", "Shop"), ("Body", "x"), ("StatusCallback", &url)])
                .await
                .expect(201);
            for _ in 0..12 {
                post.stage.wait(Duration::from_secs(1)).await;
            }
            assert_eq!(statuses(&peer), expected, "{kind}");
        }
    });
}

#[test]
fn a_messaging_service_chooses_the_sender() {
    posted(async |post| {
        let fields = [("To", "+15005550010"), ("MessagingServiceSid", "MG1"), ("Body", "x")];
        let taken = post.text(&fields).await.expect(201);
        assert_eq!((&taken["status"], &taken["from"]), (&json!("accepted"), &Value::Null));
        post.stage.work().await;
        let sent = post.status(&taken).await;
        assert_eq!((&sent["status"], &sent["from"]), (&json!("sent"), &json!("+15005550006")));
    });
}

#[test]
fn refusals_have_twilios_shape_and_keep_nothing() {
    posted(async |post| {
        let refused = post.text(&[("To", "+15005550001"), ("From", "Shop"), ("Body", "x")]).await;
        let refused = refused.expect(400);
        assert_eq!(refused["code"], 21_211);
        assert_eq!(refused["status"], 400);
        assert_eq!(refused["more_info"], "https://www.twilio.com/docs/errors/21211");
        assert!(refused["message"].as_str().is_some_and(|message| message.contains("+15005550001")));
        assert!(post.inbox("+15005550001").await.is_empty());

        let list = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
        let nobody = post.get(&list).await;
        assert_eq!(nobody.headers["www-authenticate"], "Basic realm=\"Twilio API\"");
        assert_eq!(nobody.expect(401)["code"], 20_003);
        assert_eq!(post.fetch("AC2", &list).await.expect(401)["code"], 20_003);
        let unknown = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json");
        assert_eq!(post.fetch(ACCOUNT, &unknown).await.expect(404)["code"], 20_404);
        for sid in ["SM1", "SM00000000000000000000000000000001", "%00"] {
            let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json");
            assert_eq!(post.fetch(ACCOUNT, &path).await.expect(404)["code"], 20_404, "{sid}");
        }
    });
}

#[test]
fn accounts_see_their_own_and_lists_have_pages() {
    posted(async |post| {
        let mut sids = Vec::new();
        for number in 0..5 {
            let body = format!("{number}\u{0}");
            let to = format!("+4917012345{number:02}");
            let taken = post.text(&[("To", &to), ("From", "Shop"), ("Body", &body)]).await.expect(201);
            sids.insert(0, taken["sid"].as_str().unwrap().to_owned());
        }
        let mut path = Some(format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?PageSize=2"));
        let mut found = Vec::new();
        while let Some(next) = path {
            let page = post.fetch(ACCOUNT, &next).await.expect(200);
            let messages = page["messages"].as_array().unwrap();
            found.extend(messages.iter().map(|message| message["sid"].as_str().unwrap().to_owned()));
            path = page["next_page_uri"].as_str().map(str::to_owned);
        }
        assert_eq!(found, sids);
        let of_one = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=%2B491701234503");
        let of_one = post.fetch(ACCOUNT, &of_one).await.expect(200);
        assert_eq!(of_one["messages"].as_array().unwrap().len(), 1);
        assert_eq!(of_one["messages"][0]["body"], "3\u{fffd}");

        let theirs = format!("/2010-04-01/Accounts/AC2/Messages/{}.json", sids[0]);
        assert_eq!(post.fetch("AC2", &theirs).await.expect(404)["code"], 20_404);
        let theirs = post.fetch("AC2", "/2010-04-01/Accounts/AC2/Messages.json").await.expect(200);
        assert_eq!(theirs["messages"], json!([]));

        // The list keeps so many and no more.
        let scope = Scope::System("a test's list");
        let store = post.stage.running.store();
        assert_eq!(store.write(scope, |tx| store::forget_old_texts(tx, 2)).await.unwrap(), 3);
        let list = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
        let kept = post.fetch(ACCOUNT, &list).await.expect(200);
        assert_eq!(kept["messages"].as_array().unwrap().len(), 2);
        assert_eq!(kept["messages"][0]["sid"], sids[0].as_str());
    });
}

#[test]
fn requests_go_wrong_on_request() {
    posted(async |post| {
        let fields = [("To", "+15005550010"), ("From", "Shop"), ("Body", "x")];
        post.ask_for(json!({ "provider": "twilio", "kind": "error_500" })).await;
        assert_eq!(post.text(&fields).await.expect(500)["code"], 20_500);
        assert!(post.inbox("+15005550010").await.is_empty());
        for kind in ["latency", "timeout_after_accepting"] {
            post.ask_for(json!({ "provider": "twilio", "kind": kind, "millis": 1 })).await;
            post.text(&fields).await.expect(201);
        }
        assert_eq!(post.inbox("+15005550010").await.len(), 2);
    });
}
