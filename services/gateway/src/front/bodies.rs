//! Bodies of requests: whether their length is known, and reading one whole where it decides who is meant.

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use kernel::http::Problem;

/// A body that decides which service is meant has no more.
const DECIDING_BODY_MAX: usize = 1 << 20;

/// Whether a body says how long it is.
pub fn length_known(request: &Request<Body>) -> bool {
    use http_body::Body as _;
    request.body().size_hint().exact().is_some()
}

/// The whole body of a request that is not decided without it, and the request as it was.
pub async fn with_body(request: Request<Body>) -> Result<(Request<Body>, bytes::Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let collected = Limited::new(body, DECIDING_BODY_MAX).collect().await.map_err(|_| {
        let message = format!("the body may have at most {DECIDING_BODY_MAX} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    })?;
    let bytes = collected.to_bytes();
    Ok((Request::from_parts(parts, Body::from(bytes.clone())), bytes))
}
