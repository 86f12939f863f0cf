//! The inbox: what was sent by mail and short message, as pages for people and as JSON for tests.
//!
//! Whoever reaches the sandbox may read it; there is no sign-in, since there is nothing real in it.

mod links;
mod page;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use contracts::Timestamp;
use http::{HeaderName, HeaderValue, StatusCode, header};
use kernel::service::Running;
use kernel::store::{BadPage, Page, PageQuery, Scope, StoreError};
use serde::Serialize;
use serde_json::json;

use super::form::Form;
use super::message::{Channel, MessageId};
use super::store::{self, Content, Listed, Wanted};

/// Our pages need nothing from elsewhere; what a mail brings along inherits this and may not even run scripts.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; img-src data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const SCRIPT: &str = include_str!("inbox.js");
const SEARCH_LETTERS_MAX: usize = 200;

/// A message as tests read it.
#[derive(Debug, Serialize)]
struct MessageView {
    id: MessageId,
    at: Timestamp,
    channel: Channel,
    from: String,
    to: Vec<String>,
    subject: String,
    text: String,
    html: String,
}

/// Why there is no answer of the asked for kind.
enum Trouble {
    Absent,
    BadPage(BadPage),
    Store(StoreError),
}

/// All routes.
pub fn routes() -> Router<Running> {
    Router::new()
        .route("/", get(async || Redirect::temporary("/inbox")))
        .route("/inbox", get(show_list))
        .route("/inbox/script.js", get(script))
        .route("/inbox/messages", get(list_messages).delete(clear))
        .route("/inbox/messages/{id}", get(get_message))
        .route("/inbox/{id}", get(show_message))
        .route("/inbox/{id}/raw", get(raw))
}

async fn script() -> Response {
    guarded(([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response())
}

/// `GET /inbox?search=&cursor=`
async fn show_list(State(running): State<Running>, RawQuery(query): RawQuery) -> Response {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let search: Option<String> =
        form.get("search").map(|search| search.trim().chars().take(SEARCH_LETTERS_MAX).collect());
    let search = search.filter(|search| !search.is_empty());
    let wanted = |before, limit| Wanted { before, search: search.clone(), limit, ..Wanted::default() };
    match listed(&running, &form, wanted).await {
        Ok(found) => shown(&page::list(&found, search.as_deref(), form.get("cursor").is_some())),
        Err(trouble) => trouble.page(),
    }
}

/// `GET /inbox/msg_…`
async fn show_message(State(running): State<Running>, Path(id): Path<String>) -> Response {
    match one(&running, &id).await {
        Ok(message) => shown(&page::message(&message)),
        Err(trouble) => trouble.page(),
    }
}

/// `GET /inbox/msg_…/raw`: the source as it was kept.
async fn raw(State(running): State<Running>, Path(id): Path<String>) -> Response {
    match one(&running, &id).await {
        Ok(message) => {
            let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            guarded((headers, message.raw.0).into_response())
        }
        Err(trouble) => trouble.page(),
    }
}

/// `GET /inbox/messages?to=&limit=&cursor=`
async fn list_messages(State(running): State<Running>, RawQuery(query): RawQuery) -> Response {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let to = form.get("to").map(str::to_owned);
    let wanted = |before, limit| Wanted {
        before,
        to: to.clone(),
        limit,
        content: Content::Whole,
        ..Wanted::default()
    };
    match listed(&running, &form, wanted).await {
        Ok(found) => guarded(axum::Json(found.map(MessageView::from)).into_response()),
        Err(trouble) => trouble.json(),
    }
}

/// `GET /inbox/messages/msg_…`
async fn get_message(State(running): State<Running>, Path(id): Path<String>) -> Response {
    match one(&running, &id).await {
        Ok(message) => guarded(
            axum::Json(json!({
                "id": message.id, "at": message.at, "channel": message.channel, "from": message.sender,
                "to": message.recipients, "subject": message.subject, "text": message.text, "html": message.html,
                "headers": message.headers, "attachments": message.attachments, "size_bytes": message.size_bytes,
            }))
            .into_response(),
        ),
        Err(trouble) => trouble.json(),
    }
}

/// `DELETE /inbox/messages`
async fn clear(State(running): State<Running>) -> Response {
    match running.store().write(Scope::System("emptying the inbox"), store::clear_messages).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => Trouble::Store(error).json(),
    }
}

/// The page of messages that a query asks for.
async fn listed(
    running: &Running,
    form: &Form,
    wanted: impl FnOnce(Option<MessageId>, u32) -> Wanted,
) -> Result<Page<Listed>, Trouble> {
    let limit = form.get("limit").map(|limit| limit.parse().map_err(|_| BadPage::Limit)).transpose()?;
    let query = PageQuery { limit, cursor: form.get("cursor").map(str::to_owned) };
    let (limit, before) = (query.limit()?, query.after()?);
    let wanted = wanted(before, limit + 1);
    let rows = running
        .store()
        .read(Scope::System("reading the inbox"), move |tx| store::messages(tx, &wanted))
        .await
        .map_err(Trouble::Store)?;
    Ok(Page::of(rows, limit, |row| row.id))
}

async fn one(running: &Running, id: &str) -> Result<super::message::Message, Trouble> {
    let id: MessageId = id.parse().map_err(|_| Trouble::Absent)?;
    let read =
        running.store().read(Scope::System("reading a message"), move |tx| store::message(tx, id)).await;
    read.map_err(Trouble::Store)?.ok_or(Trouble::Absent)
}

fn shown(page: &maud::Markup) -> Response {
    guarded(axum::response::Html(page.0.clone()).into_response())
}

/// The answer with what keeps browsers from doing more with it than showing it.
fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    response
}

impl From<Listed> for MessageView {
    fn from(row: Listed) -> Self {
        Self {
            id: row.id,
            at: row.at,
            channel: row.channel,
            from: row.sender,
            to: row.recipients.0,
            subject: row.subject,
            text: row.text,
            html: row.html,
        }
    }
}

impl From<BadPage> for Trouble {
    fn from(bad: BadPage) -> Self {
        Self::BadPage(bad)
    }
}

impl Trouble {
    fn told(&self) -> (StatusCode, &'static str, String) {
        match self {
            Self::Absent => {
                (StatusCode::NOT_FOUND, "not_found", "there is no such message, or it is gone".to_owned())
            }
            Self::BadPage(BadPage::Limit) => {
                (StatusCode::BAD_REQUEST, "invalid_input", format!("`limit` {}", BadPage::Limit))
            }
            Self::BadPage(BadPage::Cursor) => {
                (StatusCode::BAD_REQUEST, "invalid_input", format!("`cursor` {}", BadPage::Cursor))
            }
            Self::Store(error) => {
                tracing::warn!(%error, "the inbox cannot be read or changed");
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the inbox is not available now".to_owned())
            }
        }
    }

    fn json(&self) -> Response {
        let (status, code, message) = self.told();
        (status, axum::Json(json!({ "code": code, "message": message }))).into_response()
    }

    fn page(&self) -> Response {
        let (status, _, message) = self.told();
        (status, shown(&page::trouble(&message))).into_response()
    }
}
