//! The transport against a small real server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Answers requests in turn, the last answer again and again; an empty answer hangs up.
async fn serve(answers: &[&str]) -> (Client, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let answers: Arc<[String]> = answers.iter().map(|&answer| answer.to_owned()).collect();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&answers), Arc::clone(&log)));
        }
    });
    (client, heard)
}

async fn converse(mut stream: TcpStream, answers: Arc<[String]>, heard: Arc<Mutex<Vec<String>>>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let length = field(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        let answer = {
            let mut heard = heard.lock().unwrap();
            heard.push(head);
            answers[(heard.len() - 1).min(answers.len() - 1)].clone()
        };
        if answer.is_empty() {
            return;
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn answer(status: u16, extra: &str, body: &Value) -> String {
    let body = body.to_string();
    format!("HTTP/1.1 {status} X\r\n{extra}content-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn an_error_is_read_from_its_envelope() {
    let envelope = json!({"code": "order.closed", "message": "The order is closed.",
        "details": [{"field": "sku"}], "correlation_id": "cor_1"});
    let (client, _) = serve(&[&answer(422, "retry-after: 7\r\n", &envelope)]).await;
    let failure = client.post::<Value>("/orders", &json!({})).await.unwrap_err();
    let api = failure.api().unwrap();
    assert_eq!((api.status, api.code.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "order.closed"));
    assert_eq!((api.message.as_str(), api.correlation_id.as_str()), ("The order is closed.", "cor_1"));
    assert_eq!((&api.details, api.retry_after), (&json!([{"field": "sku"}]), Some(Duration::from_secs(7))));
}

#[tokio::test]
async fn a_page_of_html_from_somebody_between_is_an_error_with_its_status() {
    let (client, _) = serve(&["HTTP/1.1 404 X\r\ncontent-length: 6\r\n\r\n<html>"]).await;
    let failure = client.get::<Value>("/").await.unwrap_err();
    assert_eq!(failure.api().unwrap().status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_write_is_retried_with_the_same_key_until_it_is_answered() {
    let busy = answer(503, "", &json!({}));
    let still_running = answer(409, "retry-after: 0\r\n", &json!({}));
    let (client, heard) = serve(&[&busy, "", &still_running, &answer(201, "", &json!({"id": 1}))]).await;
    let made: Value = client.post("/orders", &json!({"sku": "a"})).await.unwrap();
    assert_eq!(made, json!({"id": 1}));
    let heard = heard.lock().unwrap();
    let keys: Vec<_> = heard.iter().map(|head| field(head, "idempotency-key").unwrap()).collect();
    assert_eq!(keys.len(), 4);
    assert!(keys.iter().all(|key| *key == keys[0] && key.len() == 32), "{keys:?}");
}

#[tokio::test]
async fn attempts_are_bounded_and_a_refusal_is_not_retried() {
    let (client, heard) = serve(&[&answer(503, "", &json!({}))]).await;
    assert!(client.get::<Value>("/").await.is_err());
    assert_eq!(heard.lock().unwrap().len(), 4);
    let (client, heard) = serve(&[&answer(409, "", &json!({}))]).await;
    assert!(client.post_once::<Value>("/", "mine", &json!({})).await.is_err());
    let posted = std::mem::take(&mut *heard.lock().unwrap());
    assert_eq!((posted.len(), field(&posted[0], "idempotency-key")), (1, Some("mine")));
    let (client, heard) = serve(&[&answer(503, "retry-after: 18446744073709551615\r\n", &json!({}))]).await;
    assert!(client.get::<Value>("/").await.is_err());
    assert_eq!(heard.lock().unwrap().len(), 1, "a wait beyond the call's time is left to the caller");
}

#[tokio::test]
async fn a_call_is_signed_and_correlated_and_an_empty_answer_is_nothing() {
    let (client, heard) = serve(&["HTTP/1.1 204 X\r\n\r\n"]).await;
    let client = client.bearer("t").unwrap().api_key("k").unwrap().correlation_id("c").unwrap();
    client.delete::<()>("/orders/1").await.unwrap();
    let heard = heard.lock().unwrap();
    let sent = ["authorization", "x-api-key", "x-correlation-id"].map(|name| field(&heard[0], name));
    assert_eq!(sent, [Some("Bearer t"), Some("k"), Some("c")]);
    assert!(!format!("{client:?}").contains("Bearer"), "secrets stay out of Debug");
}

#[tokio::test]
async fn a_list_is_followed_to_its_end_and_never_past_the_bound() {
    let first = answer(200, "", &json!({"data": [1, 2], "next_cursor": "a/b="}));
    let last = answer(200, "", &json!({"data": [3], "next_cursor": null}));
    let (client, heard) = serve(&[&first, &last]).await;
    assert_eq!(client.all::<u32>("/orders?limit=2", 100).await.unwrap(), [1, 2, 3]);
    assert!(heard.lock().unwrap()[1].starts_with("GET /orders?limit=2&cursor=a%2Fb%3D HTTP"));
    let (client, heard) = serve(&[&first]).await;
    assert_eq!(client.all::<u32>("/orders", 3).await.unwrap(), [1, 2, 1]);
    assert_eq!(
        client.all::<u32>("/orders", 100).await.unwrap().len(),
        4,
        "a cursor that leads to itself ends"
    );
    assert_eq!(heard.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn silence_ends_with_the_time_given() {
    let (client, _) = serve(&["HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\n"]).await;
    let result = client.timeout(Duration::from_millis(60)).get::<Value>("/").await;
    assert!(matches!(result, Err(Error::TimedOut)), "{result:?}");
}

/// Answers in this process with what it was sent.
fn mirror() -> Client {
    Client::inside(tower::service_fn(|request: Request<Full<Bytes>>| async move {
        let text = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let seen = json!({"method": request.method().as_str(), "path": request.uri().to_string(),
            "cookie": text("cookie"), "key": text("x-api-key"), "csrf": text("x-csrf-token"),
            "bearer": text("authorization"), "once": text("idempotency-key"), "for": text("x-forwarded-for")});
        let teapot = request.uri().path() == "/teapot";
        let status = if teapot { StatusCode::IM_A_TEAPOT } else { StatusCode::OK };
        let answer =
            Response::builder().status(status).header("set-cookie", "a=1").header("set-cookie", "b=2");
        Ok::<_, std::convert::Infallible>(answer.body(Full::new(Bytes::from(seen.to_string()))).unwrap())
    }))
}

#[tokio::test]
async fn a_call_inside_this_process_is_the_same_call() {
    let client = mirror().api_key("k").unwrap().forwarded_for("203.0.113.9").unwrap();
    let seen: Value = client.post("/orders?limit=2", &json!({})).await.unwrap();
    assert_eq!((&seen["method"], &seen["path"]), (&json!("POST"), &json!("/orders?limit=2")));
    assert_eq!((&seen["key"], &seen["for"]), (&json!("k"), &json!("203.0.113.9")));
    assert_eq!(seen["once"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn a_browsers_cookies_take_the_place_of_the_key() {
    let client =
        mirror().api_key("k").unwrap().bearer("t").unwrap().cookie("stoa_access=x", Some("c")).unwrap();
    let seen: Value = client.get("/").await.unwrap();
    assert_eq!((&seen["cookie"], &seen["csrf"]), (&json!("stoa_access=x"), &json!("c")));
    assert_eq!((&seen["key"], &seen["bearer"]), (&Value::Null, &Value::Null));
    assert!(!format!("{client:?}").contains("stoa_access=x"), "secrets stay out of Debug");
}

#[tokio::test]
async fn an_answer_as_it_is_has_its_status_and_all_its_cookies() {
    let answer = mirror().send(Method::POST, "/teapot", None::<&()>).await.unwrap();
    assert_eq!(answer.status(), StatusCode::IM_A_TEAPOT);
    let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    assert!(read::<Value>(&answer).unwrap_err().api().is_some_and(|error| error.status.as_u16() == 418));
}

#[test]
fn a_base_url_must_be_whole() {
    for bad in ["", "example.com/x", "ftp://example.com", "http://"] {
        assert!(Client::new(bad).is_err(), "{bad}");
    }
}
