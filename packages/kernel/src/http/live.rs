//! Answers that go on: what a query finds, told again whenever it differs, and what it does not find yet, awaited.
//!
//! A look is taken when this process has announced an event, and every second besides, since another process may have
//! written; a stream never looks oftener than four times a second, however much is announced.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body::{Body as HttpBody, Frame};
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::context::Ctx;
use super::problem::Problem;
use crate::store::{Scope, StoreError, Tx};

/// Streams of one service in one process; each costs a task and, when it is idle, a query a second.
const STREAMS_MAX: usize = 2_000;
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOK_PAUSE: Duration = Duration::from_millis(250);
/// Somebody waits for this one answer, and not for long.
const AWAITED_PAUSE: Duration = Duration::from_millis(10);
/// Shorter than what proxies on the way take for silence.
const BEAT_EVERY: Duration = Duration::from_secs(15);
/// The browser comes back by itself, with a credential that is looked at anew; the gateway ends a stream sooner, with its
/// proof.
const LIFE: Duration = Duration::from_secs(600);
/// What a slow reader may have unread before its stream waits for it.
const UNREAD_MAX: usize = 4;

/// A stream of server-sent events, each the JSON of what was found.
pub struct Live {
    frames: mpsc::Receiver<Bytes>,
}

/// The room that a service has for streams, and the word that they are to end.
pub(crate) struct Streams {
    room: Arc<Semaphore>,
    ending: watch::Sender<bool>,
}

/// Wakes when something may have changed.
struct Looks {
    announced: watch::Receiver<u64>,
    pause: Duration,
    last: Instant,
}

impl Ctx {
    /// What `query` finds, at once and again whenever it differs, as server-sent events.
    pub async fn live<T, E, F>(&self, scope: Scope, query: F) -> Result<Live, Problem>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Serialize + Send + 'static,
        E: From<StoreError> + Send + 'static,
        Problem: From<E>,
    {
        let streams = self.service().streams();
        let Ok(room) = Arc::clone(&streams.room).try_acquire_owned() else {
            let full = "too many streams are open; ask again";
            return Err(Problem::unavailable("too_many_streams", full, Duration::from_secs(5)));
        };
        let query = Arc::new(query);
        let mut looks = Looks::of(self, LOOK_PAUSE);
        let found = look(self, &scope, &query).await?;
        let (frames, receiver) = mpsc::channel(UNREAD_MAX);
        let (ctx, mut ending) = (self.clone(), streams.ending.subscribe());
        tokio::spawn(async move {
            let _room = room;
            tokio::select! {
                () = follow(&ctx, &scope, &query, &mut looks, found, &frames) => {}
                _ = ending.wait_for(|ending| *ending) => {}
            }
        });
        Ok(Live { frames: receiver })
    }

    /// Waits until `query` finds something, for so long at most.
    pub async fn awaited<T, E, F>(
        &self,
        scope: Scope,
        patience: Duration,
        query: F,
    ) -> Result<Option<T>, Problem>
    where
        F: Fn(&mut Tx<'_>) -> Result<Option<T>, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        Problem: From<E>,
    {
        let (query, deadline) = (Arc::new(query), Instant::now() + patience);
        let mut looks = Looks::of(self, AWAITED_PAUSE);
        loop {
            let asked = Arc::clone(&query);
            if let Some(found) = self.read(scope.clone(), move |tx| asked(tx)).await? {
                return Ok(Some(found));
            }
            if timeout_at(deadline, looks.next()).await.is_err() {
                return Ok(None);
            }
        }
    }
}

async fn look<T, E, F>(ctx: &Ctx, scope: &Scope, query: &Arc<F>) -> Result<String, Problem>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Serialize + Send + 'static,
    E: From<StoreError> + Send + 'static,
    Problem: From<E>,
{
    let query = Arc::clone(query);
    let found = ctx.read(scope.clone(), move |tx| query(tx)).await?;
    serde_json::to_string(&found).map_err(|error| Problem::internal(&error))
}

async fn follow<T, E, F>(
    ctx: &Ctx,
    scope: &Scope,
    query: &Arc<F>,
    looks: &mut Looks,
    mut found: String,
    frames: &mpsc::Sender<Bytes>,
) where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    T: Serialize + Send + 'static,
    E: From<StoreError> + Send + 'static,
    Problem: From<E>,
{
    let end = Instant::now() + LIFE;
    let mut beat = Instant::now() + BEAT_EVERY;
    let mut frame = told(&found);
    loop {
        if frames.send(frame).await.is_err() {
            return;
        }
        frame = loop {
            tokio::select! {
                () = frames.closed() => return,
                () = sleep_until(end) => return,
                () = sleep_until(beat) => {
                    beat += BEAT_EVERY;
                    break Bytes::from_static(b": still here\n\n");
                }
                () = looks.next() => {}
            }
            match look(ctx, scope, query).await {
                Ok(now) if now != found => {
                    found = now;
                    break told(&found);
                }
                Ok(_) => {}
                // What was readable is not any more: the browser asks again and hears why.
                Err(_) => return,
            }
        };
    }
}

fn told(json: &str) -> Bytes {
    Bytes::from(format!("data: {json}\n\n"))
}

impl Default for Streams {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(STREAMS_MAX)), ending: watch::Sender::new(false) }
    }
}

impl Streams {
    /// Ends all of them.
    pub fn end(&self) {
        self.ending.send_replace(true);
    }
}

impl Looks {
    fn of(ctx: &Ctx, pause: Duration) -> Self {
        let mut announced = ctx.service().store().events_announced();
        announced.mark_unchanged();
        Self { announced, pause, last: Instant::now() }
    }

    /// Returns when the next look is due.
    async fn next(&mut self) {
        let quiet = sleep_until(self.last + LOOK_EVERY);
        tokio::select! {
            changed = self.announced.changed() => {
                if changed.is_err() {
                    sleep(LOOK_EVERY).await;
                }
                sleep_until(self.last + self.pause).await;
            }
            () = quiet => {}
        }
        self.announced.mark_unchanged();
        self.last = Instant::now();
    }
}

impl HttpBody for Live {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.frames.poll_recv(cx).map(|frame| frame.map(|bytes| Ok(Frame::data(bytes))))
    }
}

impl IntoResponse for Live {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, Body::new(self)).into_response()
    }
}
