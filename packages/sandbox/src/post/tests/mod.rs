//! What the post promises, over sockets and over HTTP, on both engines.

mod certificate;
mod inbox;
mod smtp;
mod texts;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use kernel::migrations;
use kernel::service::Service;
use kernel::testing::{Place, Stage, on_both};
use serde_json::Value;
use tower::ServiceExt;

fn service() -> Service {
    Service::new("sandbox").migrations(migrations!["0001_stripe.sql", "0002_post.sql"]).calls(super::register)
}

/// The post on a database of its own.
struct Post {
    stage: Stage,
    routes: Router,
}

/// An answer.
struct Said {
    status: StatusCode,
    headers: http::HeaderMap,
    text: String,
}

impl Post {
    async fn new(place: &Place) -> Self {
        let stage = Stage::new(place, service()).await;
        let routes = super::routes(&stage.running).merge(crate::faults::routes(&stage.running));
        Self { stage, routes }
    }

    async fn send(&self, request: Request<Body>) -> Said {
        let (parts, body) = self.routes.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Said {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    async fn get(&self, path: &str) -> Said {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// What the inbox has for a recipient, newest first.
    async fn inbox(&self, to: &str) -> Vec<Value> {
        let answer = self.get(&format!("/inbox/messages?to={}", super::form::encode(to))).await;
        answer.expect(200)["data"].as_array().unwrap().clone()
    }

    /// Asks for something to go wrong.
    async fn ask_for(&self, fault: Value) {
        let request = Request::post("/sandbox/faults").header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(fault.to_string())).unwrap()).await.expect(201);
    }
}

impl Said {
    /// The JSON of an answer that has this status.
    fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// Runs the test on each engine.
fn posted(test: impl AsyncFn(&Post)) {
    on_both(async |place| {
        let post = Post::new(place).await;
        test(&post).await;
    });
}
