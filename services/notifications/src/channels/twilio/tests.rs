//! Twilio as a peer on this machine: what it is asked, and what its answers mean.

use contracts::Timestamp;
use kernel::testing::{Peer, run};
use tokio::io::AsyncReadExt;

use super::*;
use crate::channels::tests::{Desk, outgoing, project, sms, word};
use crate::channels::{Provider, attempt};

fn desk(url: &str, more: &[(&str, &str)]) -> Desk {
    let common = [
        ("notifications.twilio.url", url),
        ("notifications.twilio.account_sid", "AC0123"),
        ("notifications.twilio.auth_token", "12345"),
        ("notifications.twilio.from", "+15005550006"),
    ];
    Desk::with(&[&common, more].concat())
}

const TAKEN: &str = r#"{"sid":"SM1","status":"queued","num_segments":"2","error_code":null}"#;

async fn answered(status: u16, body: &'static str) -> Result<Accepted, Trouble> {
    let twilio = Peer::answering(move |_| (status, body.to_owned())).await;
    attempt(&desk(&twilio.url(), &[]).means, Provider::Twilio, &outgoing(sms("hello"))).await
}

#[test]
fn a_message_is_asked_for_as_twilio_wants_it() {
    run(async {
        let twilio = Peer::answering(|_| (201, TAKEN.to_owned())).await;
        let callback = ("notifications.twilio.status_callback", "https://stoa.example/twilio/{project}?a=1");
        let desk = desk(&twilio.url(), &[callback]);
        let end = Some(desk.means.store.clock().now().saturating_add(Duration::from_secs(90)));
        let message = Outgoing { expires_at: end, ..outgoing(sms("It\u{2019}s 5 € & 100%\nküss")) };
        let accepted = attempt(&desk.means, Provider::Twilio, &message).await.unwrap();
        assert_eq!(accepted, Accepted { reference: Some("SM1".into()), delivered: false, segments: Some(2) });
        let asked = twilio.asked();
        let [asked] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!(
            (asked.method.as_str(), asked.path.as_str()),
            ("POST", "/2010-04-01/Accounts/AC0123/Messages.json")
        );
        assert_eq!(asked.headers["authorization"], "Basic QUMwMTIzOjEyMzQ1");
        assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
        let callback = format!("https%3A%2F%2Fstoa.example%2Ftwilio%2F{}%3Fa%3D1", project());
        let body = "It%27s+5+%E2%82%AC+%26+100%25%0Ak%C3%BCss";
        let form = format!(
            "To=%2B14158675310&From=%2B15005550006&Body={body}&StatusCallback={callback}&ValidityPeriod=90"
        );
        assert_eq!(asked.text(), form);
    });
}

#[test]
fn parts_that_twilio_does_not_count_are_counted_here() {
    run(async {
        for (counted, parts) in [(r#""2""#, 2), (r#""0""#, 3), ("null", 3)] {
            let taken = format!(r#"{{"sid":"SM1","num_segments":{counted}}}"#);
            let twilio = Peer::answering(move |_| (201, taken.clone())).await;
            let message = outgoing(sms(&"\u{2019}".repeat(307)));
            let accepted =
                attempt(&desk(&twilio.url(), &[]).means, Provider::Twilio, &message).await.unwrap();
            assert_eq!(accepted.segments, Some(parts), "{counted}");
        }
    });
}

#[test]
fn a_message_is_kept_for_as_long_as_it_is_worth_sending() {
    run(async {
        let twilio = Peer::answering(|_| (201, TAKEN.to_owned())).await;
        let desk = desk(&twilio.url(), &[("notifications.twilio.from", "MG42")]);
        let now = desk.means.store.clock().now();
        for (end, expected) in [
            (Some(now.saturating_sub(Duration::from_secs(5))), "&ValidityPeriod=1"),
            (Some(Timestamp::MAX), "&ValidityPeriod=36000"),
            (None, ""),
        ] {
            let message = Outgoing { expires_at: end, ..outgoing(sms("x")) };
            attempt(&desk.means, Provider::Twilio, &message).await.unwrap();
            let asked = twilio.asked().pop().unwrap().text();
            assert_eq!(asked, format!("To=%2B14158675310&MessagingServiceSid=MG42&Body=x{expected}"));
        }
    });
}

#[test]
fn each_answer_has_one_meaning() {
    for (status, body, expected) in [
        (201, TAKEN, "accepted"),
        (200, TAKEN, "accepted"),
        (201, r#"{"sid":"SM1"}"#, "accepted"),
        (201, "<html>welcome</html>", "unknown"),
        (302, "", "unknown"),
        (400, r#"{"code":21211,"message":"bad To","status":400}"#, "recipient"),
        (400, r#"{"code":21610,"message":"opted out","status":400}"#, "recipient"),
        (400, r#"{"code":21614,"message":"no mobile","status":400}"#, "recipient"),
        (400, r#"{"code":21617,"message":"too long","status":400}"#, "content"),
        (400, r#"{"code":21606,"message":"not your number","status":400}"#, "credential"),
        (400, r#"{"code":21408,"message":"not that country","status":400}"#, "down"),
        (400, r#"{"code":21611,"message":"queue full","status":400}"#, "later"),
        (400, r#"{"code":99999,"message":"new","status":400}"#, "content"),
        (400, "nonsense", "content"),
        (401, r#"{"code":20003,"message":"who?","status":401}"#, "credential"),
        (403, "", "credential"),
        (404, r#"{"code":20404,"message":"no account","status":404}"#, "credential"),
        (429, r#"{"code":20429,"message":"slow","status":429}"#, "later"),
        (429, "", "later"),
        (500, r#"{"code":20500,"message":"sorry","status":500}"#, "down"),
        (500, "", "unknown"),
        (502, "<html>bad gateway</html>", "unknown"),
        (503, "", "down"),
        (504, "", "unknown"),
    ] {
        run(async {
            let result = answered(status, body).await;
            assert_eq!(word(&result), expected, "{status} {body}: {result:?}");
        });
    }
}

#[test]
fn an_answer_that_never_comes_is_an_open_question_and_is_asked_once() {
    run(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let accepted = tokio::spawn(async move {
            let mut count = 0;
            while let Ok(Ok((mut stream, _))) =
                tokio::time::timeout(Duration::from_millis(500), listener.accept()).await
            {
                stream.read_u8().await.unwrap();
                drop(stream);
                count += 1;
            }
            count
        });
        let result = attempt(&desk(&url, &[]).means, Provider::Twilio, &outgoing(sms("x"))).await;
        assert_eq!((word(&result), accepted.await.unwrap()), ("unknown", 1), "{result:?}");
    });
}

#[test]
fn without_twilio_it_is_down_and_without_an_account_it_is_not_asked() {
    run(async {
        let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let nobody = format!("http://127.0.0.1:{port}");
        let result = attempt(&desk(&nobody, &[]).means, Provider::Twilio, &outgoing(sms("x"))).await;
        assert_eq!(word(&result), "down", "{result:?}");
        let twilio = Peer::answering(|_| (201, TAKEN.to_owned())).await;
        let wrong = [
            ("notifications.twilio.account_sid", "AC1/../../x"),
            ("notifications.twilio.account_sid", ""),
            ("notifications.twilio.auth_token", ""),
            ("notifications.twilio.from", ""),
            ("notifications.twilio.url", "not a url"),
        ];
        for set in wrong {
            let desk = desk(&twilio.url(), &[set]);
            let result = attempt(&desk.means, Provider::Twilio, &outgoing(sms("x"))).await;
            assert_eq!(word(&result), "credential", "{set:?}: {result:?}");
        }
        assert!(twilio.asked().is_empty());
    });
}

#[test]
fn a_wait_that_twilio_asks_for_is_kept_up_to_an_hour() {
    for (asked, kept) in [("30", Some(30)), ("999999", Some(3_600)), ("soon", None)] {
        let answer = Response::builder().status(429).header("retry-after", asked).body(Bytes::new()).unwrap();
        let Err(Trouble::Later { after, .. }) = read(&answer) else { panic!("{asked}") };
        assert_eq!(after.map(|wait| wait.as_secs()), kept, "{asked}");
    }
}
