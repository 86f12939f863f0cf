//! A hand that fills in the demo: it asks the API of this process, as any client would.

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Method, Request, StatusCode, header};
use kernel::http::Entrance;
use serde_json::Value;

/// Somebody with a token before the routes of this process.
pub struct Hand {
    routes: Router,
    token: String,
}

const ANSWER_BYTES_MAX: usize = 1 << 20;

impl Hand {
    /// Asks these routes with this token.
    pub const fn new(routes: Router, token: String) -> Self {
        Self { routes, token }
    }

    /// What is answered, whatever it is.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(StatusCode, Value), String> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .map_err(|error| error.to_string())?;
        let answer = self.routes.clone().answer(request).await;
        let status = answer.status();
        let body = to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await.map_err(|error| error.to_string())?;
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }

    /// What is answered, which has to be good.
    pub async fn done(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, String> {
        let (status, answer) = self.ask(method, path, body).await?;
        if status.is_success() { Ok(answer) } else { Err(format!("{path} answered {status}: {answer}")) }
    }
}
