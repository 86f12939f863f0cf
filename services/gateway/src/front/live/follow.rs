//! One subscription: the route that it names is asked for, and asked for again whenever its stream ends.

use std::time::Duration;

use axum::body::Body;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Limited};
use kernel::http::{ClientAddress, ProblemBody};
use kernel::limits::Backoff;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::Front;
use super::trouble;
use crate::domain::sse::Reader;

/// What is asked for, and by whom.
pub struct Ask {
    /// Which subscription of its socket this is.
    pub number: u64,
    /// The route's path.
    pub path: PathAndQuery,
    /// The proof of who asks, and what ties the request to others.
    pub headers: HeaderMap,
    /// Where the caller is.
    pub address: ClientAddress,
}

/// What became of a subscription, by its number.
#[derive(Debug)]
pub enum Told {
    /// The route answers with a stream.
    Begun(u64),
    /// The stream told this.
    Event(u64, String),
    /// The route refuses, so there will be no more.
    Refused(u64, Box<ProblemBody>),
}

/// A subscription that is followed until this is dropped.
#[derive(Debug)]
pub struct Follower(JoinHandle<()>);

/// How an answer is taken.
enum Answered {
    Stream(Body),
    /// For good.
    Refused(Box<ProblemBody>),
    /// For now.
    NotNow(Box<ProblemBody>),
}

const REFUSAL_BYTES_MAX: usize = 16 * 1024;
/// A stream that ends is opened again at once, one that does so over and over ever later.
const PAUSES: Backoff = Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(10) };

impl Follower {
    /// Begins to follow.
    pub fn start(door: Front, ask: Ask, told: mpsc::Sender<Told>) -> Self {
        // The task ends with its socket at the latest; nobody is left to tell then.
        Self(tokio::spawn(async move { drop(follow(&door, &ask, &told).await) }))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn follow(
    door: &Front,
    ask: &Ask,
    told: &mpsc::Sender<Told>,
) -> Result<(), mpsc::error::SendError<Told>> {
    let (mut has_begun, mut vain) = (false, 0);
    let mut last = None;
    loop {
        match answered(door.through(ask.request()).await).await {
            Answered::Refused(problem) => return told.send(Told::Refused(ask.number, problem)).await,
            // Who never began hears why; who was being told waits until it goes on.
            Answered::NotNow(problem) if !has_begun => {
                return told.send(Told::Refused(ask.number, problem)).await;
            }
            Answered::NotNow(_) => {}
            Answered::Stream(body) => {
                if !std::mem::replace(&mut has_begun, true) {
                    told.send(Told::Begun(ask.number)).await?;
                }
                if pass_on(ask.number, body, &mut last, told).await? {
                    vain = 0;
                }
            }
        }
        tokio::time::sleep(PAUSES.delay(vain, door.draw())).await;
        vain = vain.saturating_add(1);
    }
}

/// Passes on what a stream tells until it ends; says whether it went on after its beginning. It begins with what is,
/// which whoever was told it before need not hear again.
async fn pass_on(
    number: u64,
    mut body: Body,
    last: &mut Option<String>,
    told: &mpsc::Sender<Told>,
) -> Result<bool, mpsc::error::SendError<Told>> {
    let (mut reader, mut parts) = (Reader::default(), 0_u32);
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(bytes) = frame.into_data() else { continue };
        parts = parts.saturating_add(1);
        reader.push(&bytes);
        loop {
            match reader.take() {
                Ok(Some(event)) if last.as_ref() == Some(&event) => {}
                Ok(Some(event)) => {
                    *last = Some(event.clone());
                    told.send(Told::Event(number, event)).await?;
                }
                Ok(None) => break,
                Err(bad) => {
                    let problem = Box::new(trouble("event_unreadable", &bad.to_string(), ""));
                    told.send(Told::Refused(number, problem)).await?;
                    return Ok(false);
                }
            }
        }
    }
    Ok(parts > 1)
}

impl Ask {
    fn request(&self) -> Request<Body> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from(self.path.clone());
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        request.extensions_mut().insert(self.address);
        request
    }
}

async fn answered(answer: Response<Body>) -> Answered {
    let (head, body) = answer.into_parts();
    let kind = head.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if head.status == StatusCode::OK && kind.starts_with(b"text/event-stream") {
        return Answered::Stream(body);
    }
    let problem = Box::new(problem_of(head.status, body).await);
    let later = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&head.status);
    if later || head.status.is_server_error() {
        Answered::NotNow(problem)
    } else {
        Answered::Refused(problem)
    }
}

/// What a refusal says.
pub async fn problem_of(status: StatusCode, body: Body) -> ProblemBody {
    let bytes = Limited::new(body, REFUSAL_BYTES_MAX).collect().await.map(|whole| whole.to_bytes());
    let said = bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    said.unwrap_or_else(|| trouble("refused", &format!("the route answered {status}"), ""))
}
