//! The inbox inside the application.

use std::time::Duration;

use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt;
use kernel::testing::{Stage, staged};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::stage::*;

async fn tell(stage: &Stage, number: u128, title: &str) -> String {
    let to = json!({ "user_id": user(number) });
    send(
        stage,
        &json!({ "channel": "in_app", "to": to, "subject": title, "text": "Look", "metadata": { "k": "v" } }),
    )
    .await
}

#[test]
fn an_inbox_shows_what_is_unread_first_then_the_newest() {
    staged(notifications::service, async |stage, _| {
        for title in ["a", "b", "c", "d"] {
            tell(stage, ANN, title).await;
        }
        tell(stage, BEN, "for Ben").await;
        let inbox = stage.get(&ann(), &path("/inbox")).await;
        assert_eq!(inbox.each("title"), ["d", "c", "b", "a"]);
        let newest = inbox.body["data"][0]["id"].as_str().unwrap().to_owned();
        for _ in 0..2 {
            stage.post(&ann(), &path(&format!("/inbox/{newest}/read")), &json!({})).await.expect(200);
        }
        let first = stage.get(&ann(), &path("/inbox?limit=3")).await;
        assert_eq!(first.each("title"), ["c", "b", "a"]);
        let cursor = first.body["next_cursor"].as_str().unwrap();
        let second = stage.get(&ann(), &path(&format!("/inbox?limit=3&cursor={cursor}"))).await;
        assert_eq!(second.each("title"), ["d"]);
        assert_eq!(
            (&second.body["data"][0]["unread"], &second.body["data"][0]["metadata"]["k"]),
            (&json!(false), &json!("v"))
        );
        let all = stage.post(&ann(), &path("/inbox/read-all"), &json!({})).await.expect(200);
        assert_eq!(all.body["marked"], 3);
        let foreign = stage.post(&ben(), &path(&format!("/inbox/{newest}/read")), &json!({})).await;
        assert_eq!(foreign.problem(), (404, "not_found"));
        assert_eq!(stage.get(&ben(), &path("/inbox")).await.each("title"), ["for Ben"]);
    });
}

#[test]
fn an_inbox_that_is_followed_tells_what_comes() {
    staged(notifications::service, async |stage, _| {
        tell(stage, ANN, "a").await;
        let request = Request::get(path("/inbox/live"))
            .header(header::AUTHORIZATION, format!("Bearer {}", stage.token(&ann())))
            .body(Body::empty())
            .unwrap();
        let answer = stage.running.routes().0.oneshot(request).await.unwrap();
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        let mut body = answer.into_body();
        let mut next = async || -> Value {
            let frame = tokio::time::timeout(Duration::from_secs(10), body.frame()).await.unwrap();
            let bytes = frame.unwrap().unwrap().into_data().unwrap();
            serde_json::from_str(std::str::from_utf8(&bytes).unwrap().trim().strip_prefix("data: ").unwrap())
                .unwrap()
        };
        let first = next().await;
        assert_eq!((&first["unread"], &first["latest"][0]["title"]), (&json!(1), &json!("a")));
        tell(stage, BEN, "not hers").await;
        tell(stage, ANN, "b").await;
        let second = next().await;
        assert_eq!((&second["unread"], &second["latest"][0]["title"]), (&json!(2), &json!("b")));
        stage.post(&ann(), &path("/inbox/read-all"), &json!({})).await.expect(200);
        assert_eq!(next().await["unread"], 0);
    });
}
