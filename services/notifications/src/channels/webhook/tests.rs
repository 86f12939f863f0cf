//! A receiver on this machine, and the vector that the specification's authors publish.

use contracts::Id;
use kernel::clock::Clock;
use kernel::outside::{Outside, OutsideSettings};
use kernel::store::{Store, Surroundings};
use kernel::testing::{Peer, Place, run, surroundings};
use serde_json::{Value, json};

use super::*;
use crate::channels::tests::{Desk, outgoing, word};
use crate::channels::{Content, Provider, attempt};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const VECTOR: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const VECTOR_BODY: &[u8] = br#"{"test": 2432232314}"#;
const VECTOR_ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";

fn content(url: &str, secrets: &[&str], data: &str) -> Content {
    Content::Webhook {
        url: url.to_owned(),
        secrets: secrets.iter().map(|secret| (*secret).to_owned()).collect(),
        kind: "order.paid".to_owned(),
        at: Timestamp::from_millis(1_700_000_000_123),
        data: data.to_owned(),
    }
}

async fn called(url: &str, secrets: &[&str], data: &str) -> Result<Accepted, Trouble> {
    attempt(&Desk::with(&[]).means, Provider::Webhook, &outgoing(content(url, secrets, data))).await
}

#[test]
fn the_published_vector_is_made_and_verified() {
    let secrets = [SECRET.to_owned()];
    assert_eq!(signatures(&secrets, VECTOR_ID, "1614265330", VECTOR_BODY).unwrap(), VECTOR);
    let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
    let checked = |now| verify(SECRET, VECTOR_ID, "1614265330", VECTOR_BODY, VECTOR, now);
    assert!(checked(at(1_614_265_330)) && checked(at(1_614_265_630)) && checked(at(1_614_265_030)));
    assert!(!checked(at(1_614_265_631)) && !checked(at(1_614_265_029)));
}

#[test]
fn nothing_of_a_signed_call_can_be_changed() {
    let now = Timestamp::from_millis(1_614_265_330_000);
    let checked =
        |secret, id, timestamp, body, signature| verify(secret, id, timestamp, body, signature, now);
    let among_others = format!("v1a,x v1,AAAA {VECTOR}");
    assert!(checked(SECRET, VECTOR_ID, "1614265330", VECTOR_BODY, &among_others));
    assert!(!checked(OTHER, VECTOR_ID, "1614265330", VECTOR_BODY, VECTOR));
    assert!(!checked(SECRET, "msg_other", "1614265330", VECTOR_BODY, VECTOR));
    assert!(!checked(SECRET, VECTOR_ID, "1614265331", VECTOR_BODY, VECTOR));
    assert!(!checked(SECRET, VECTOR_ID, "1614265330", b"{}", VECTOR));
    let of_another_kind = VECTOR.replace("v1,", "v2,");
    for signature in ["", "v1,", "v1", VECTOR.trim_start_matches("v1,"), &of_another_kind] {
        assert!(!checked(SECRET, VECTOR_ID, "1614265330", VECTOR_BODY, signature), "{signature}");
    }
}

#[test]
fn a_receiver_gets_what_the_specification_promises_it() {
    run(async {
        let receiver = Peer::answering(|_| (204, String::new())).await;
        let data = r#"{"order": "ord_1", "total": 12345678901234567890, "note": "ü\n"}"#;
        let accepted = called(&format!("{}/hook?x=1", receiver.url()), &[SECRET, OTHER], data).await.unwrap();
        assert_eq!(accepted, Accepted { reference: None, delivered: true, segments: None });
        let asked = receiver.asked().remove(0);
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/hook?x=1"));
        assert_eq!(asked.headers["content-type"], "application/json");
        let text = asked.text();
        assert!(
            text.starts_with(r#"{"type":"order.paid","timestamp":"2023-11-14T22:13:20.123Z","data":{"#),
            "{text}"
        );
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["data"], serde_json::from_str::<Value>(data).unwrap());
        assert!(text.contains("12345678901234567890"), "numbers are not rounded: {text}");
        let header = |name: &str| asked.headers[name].to_str().unwrap().to_owned();
        let (id, timestamp, signatures) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        assert_eq!(id, NotificationId::from_u128(7).to_string());
        assert!(!id.contains('.'));
        assert_eq!(timestamp, "1790000000");
        assert_eq!(signatures.split(' ').count(), 2);
        let now = Timestamp::from_millis(1_790_000_000_000);
        for secret in [SECRET, OTHER] {
            assert!(verify(secret, &id, &timestamp, &asked.body, &signatures, now), "{secret}");
        }
    });
}

#[test]
fn another_attempt_has_the_same_id_and_a_time_of_its_own() {
    run(async {
        let receiver = Peer::answering(|_| (500, String::new())).await;
        let desk = Desk::with(&[]);
        let message = outgoing(content(&receiver.url(), &[SECRET], "{}"));
        for _ in 0..2 {
            assert_eq!(word(&attempt(&desk.means, Provider::Webhook, &message).await), "later");
            desk.means.store.clock().advance(Duration::from_secs(600));
        }
        let asked = receiver.asked();
        assert_eq!(asked[0].headers["webhook-id"], asked[1].headers["webhook-id"]);
        assert_eq!(asked[0].body, asked[1].body);
        let times = asked.iter().map(|asked| asked.headers["webhook-timestamp"].to_str().unwrap().to_owned());
        assert_eq!(times.collect::<Vec<_>>(), ["1790000000", "1790000600"]);
    });
}

#[test]
fn a_sandbox_that_is_ahead_of_time_signs_with_the_time_that_receivers_know() {
    run(async {
        let receiver = Peer::answering(|_| (200, String::new())).await;
        let mut means = Desk::with(&[]).means;
        let place = Place::sqlite();
        let clock = Clock::system();
        let around = Surroundings { clock: clock.clone(), ..surroundings() };
        means.store = Store::open("notifications", place.engine.clone(), &[], around).unwrap();
        clock.advance(Duration::from_secs(365 * 86_400));
        attempt(&means, Provider::Webhook, &outgoing(content(&receiver.url(), &[SECRET], "{}")))
            .await
            .unwrap();
        let asked = receiver.asked().remove(0);
        let header = |name: &str| asked.headers[name].to_str().unwrap().to_owned();
        let (id, timestamp, signatures) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        assert!(verify(SECRET, &id, &timestamp, &asked.body, &signatures, clock.wall()));
        assert!(!verify(SECRET, &id, &timestamp, &asked.body, &signatures, clock.now()));
    });
}

#[test]
fn only_success_is_success_and_only_gone_is_for_ever() {
    for (status, expected) in [
        (200, "accepted"),
        (202, "accepted"),
        (204, "accepted"),
        (301, "later"),
        (302, "later"),
        (307, "later"),
        (400, "later"),
        (401, "later"),
        (404, "later"),
        (410, "recipient"),
        (429, "later"),
        (500, "later"),
        (502, "later"),
        (503, "later"),
        (504, "later"),
    ] {
        run(async {
            let receiver = Peer::answering(move |_| (status, String::new())).await;
            let result = called(&receiver.url(), &[SECRET], "{}").await;
            assert_eq!(word(&result), expected, "{status}: {result:?}");
            assert_eq!(receiver.asked().len(), 1, "{status}");
        });
    }
}

#[test]
fn a_wait_that_a_receiver_asks_for_is_kept_up_to_an_hour() {
    for (status, asked, kept) in [(429, "120", Some(120)), (502, "999999", Some(3_600)), (504, "x", None)] {
        let answer =
            Response::builder().status(status).header("retry-after", asked).body(Bytes::new()).unwrap();
        let Err(Trouble::Later { after, .. }) = read(&answer) else { panic!("{status}") };
        assert_eq!(after.map(|wait| wait.as_secs()), kept, "{status}");
    }
}

#[test]
fn an_address_inside_is_never_called() {
    run(async {
        let receiver = Peer::answering(|_| (200, String::new())).await;
        let mut means = Desk::with(&[]).means;
        means.outside = Outside::new(OutsideSettings::default()).unwrap().into();
        let port = receiver.url().rsplit(':').next().unwrap().to_owned();
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"] {
            let message = outgoing(content(&format!("http://{host}:{port}/"), &[SECRET], "{}"));
            let result = attempt(&means, Provider::Webhook, &message).await;
            assert_eq!(word(&result), "recipient", "{host}: {result:?}");
        }
        assert!(receiver.asked().is_empty());
    });
}

#[test]
fn a_receiver_that_is_away_is_called_again_later() {
    run(async {
        let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let result = called(&format!("http://127.0.0.1:{port}/"), &[SECRET], "{}").await;
        assert_eq!(word(&result), "later", "{result:?}");
    });
}

#[test]
fn what_cannot_be_signed_or_written_is_not_sent() {
    run(async {
        let receiver = Peer::answering(|_| (200, String::new())).await;
        let url = receiver.url();
        for (url, secrets, data, expected) in [
            (url.as_str(), &[][..], "{}", "credential"),
            (&url, &["whsec_"][..], "{}", "credential"),
            (&url, &["whsec_c2hvcnQ="][..], "{}", "credential"),
            (&url, &["whsec_not base64!"][..], "{}", "credential"),
            (&url, &[SECRET, ""][..], "{}", "credential"),
            (&url, &[SECRET][..], "{", "content"),
            (&url, &[SECRET][..], r#"1,"type":"other""#, "content"),
            ("not a url", &[SECRET][..], "{}", "recipient"),
            ("/relative", &[SECRET][..], "{}", "recipient"),
            ("ftp://example.com/", &[SECRET][..], "{}", "recipient"),
        ] {
            let result = called(url, secrets, data).await;
            assert_eq!(word(&result), expected, "{url} {secrets:?} {data}: {result:?}");
        }
        assert!(receiver.asked().is_empty());
        assert_eq!(word(&called(&url, &[SECRET], &json!([1]).to_string()).await), "accepted");
    });
}
