//! A service whose answers go on, as tests want them to: what it tells, when its streams end, what it answers instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use kernel::auth::Caller;
use serde_json::json;
use tokio::sync::watch;

use crate::upstreams_streaming::made;

/// The one note that is followed; clones are the same.
#[derive(Clone)]
pub struct LiveNotes {
    text: watch::Sender<String>,
    cut: watch::Sender<u32>,
    opened: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    refuses: Arc<AtomicU16>,
}

impl Default for LiveNotes {
    fn default() -> Self {
        Self {
            text: watch::Sender::new("\"first\"".to_owned()),
            cut: watch::Sender::new(0),
            opened: Arc::default(),
            open: Arc::default(),
            refuses: Arc::default(),
        }
    }
}

impl LiveNotes {
    pub fn routes(&self) -> Router {
        Router::new().route("/api/v1/notes/{id}/live", get(follow)).with_state(self.clone())
    }

    /// The note says something else from now on.
    pub fn says(&self, text: impl Into<String>) {
        self.text.send_replace(text.into());
    }

    /// All streams end.
    pub fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }

    /// Whoever asks from now on hears this status; 200 lets them follow again.
    pub fn answers(&self, status: u16) {
        self.refuses.store(status, Ordering::SeqCst);
    }

    /// How many streams were opened until now.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// How many streams are open.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

fn problem(status: u16, code: &str) -> Response {
    let body = json!({ "code": code, "message": "not yours", "details": {}, "correlation_id": "c" });
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

/// Note 7 is that of user 7; a gateway elsewhere says who calls in a header.
async fn follow(
    State(notes): State<LiveNotes>,
    Path(id): Path<String>,
    caller: Option<axum::Extension<Arc<Caller>>>,
    headers: HeaderMap,
) -> Response {
    let is_known = caller.is_some() || headers.contains_key("x-stoa-caller");
    assert!(is_known && headers.contains_key("x-correlation-id"), "{headers:?}");
    if id == "8" {
        return problem(404, "not_found");
    }
    notes.opened.fetch_add(1, Ordering::SeqCst);
    match notes.refuses.load(Ordering::SeqCst) {
        0 | 200 => {}
        status => return problem(status, "not_now"),
    }
    let (events, body) = made();
    let (mut text, mut cut) = (notes.text.subscribe(), notes.cut.subscribe());
    notes.open.fetch_add(1, Ordering::SeqCst);
    tokio::spawn(async move {
        let tell = async {
            loop {
                let event = format!("data: {}\n\n", *text.borrow_and_update());
                if events.send(Bytes::from(event)).await.is_err() || text.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! { () = tell => {}, _ = cut.changed() => {}, () = events.closed() => {} }
        notes.open.fetch_sub(1, Ordering::SeqCst);
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::new(body)).into_response()
}
