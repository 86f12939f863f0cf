//! The routes of Twilio's API, version 2010-04-01.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contracts::{Id, Timestamp};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use kernel::service::Running;
use kernel::store::{Scope, StoreError};

use super::super::commands;
use super::super::form::{Form, encode};
use super::super::message::{KEPT_MAX, Message};
use super::super::store;
use super::rules::{Order, Refusal};
use super::wire::{self, API_VERSION, ListView, MessageView};
use super::{Status, Text, TextId, fate};
use crate::faults::{self, Kind, Provider};

const FORM_BYTES_MAX: usize = 64 << 10;
const ACCOUNT_LETTERS_MAX: usize = 64;
const PAGE_MAX: u32 = 1_000;
const PAGE_DEFAULT: u32 = 50;
const LATE_BY: Duration = Duration::from_secs(2);
const SILENT_FOR: Duration = Duration::from_secs(60);
const BUSY_FOR: Duration = Duration::from_secs(1);

/// Who calls.
struct Account {
    sid: String,
    token: String,
}

/// Why there is no answer of the asked for kind.
enum Trouble {
    Refused(Refusal),
    Store(StoreError),
}

/// All routes.
pub fn routes() -> Router<Running> {
    Router::new()
        .route("/2010-04-01/Accounts/{account}/Messages.json", post(create_message).get(list_messages))
        .route("/2010-04-01/Accounts/{account}/Messages/{file}", get(get_message))
        .route("/2010-04-01/{*rest}", any(unknown))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

async fn unknown(uri: Uri) -> Response {
    Trouble::Refused(Refusal::not_found(uri.path())).into_response()
}

async fn create_message(
    State(running): State<Running>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Trouble> {
    let account = Account::of(&account, &headers)?;
    let order = Order::read(&Form::read(&body)).map_err(Trouble::Refused)?;
    let troubled = async |kind| faults::take(&running, Provider::Twilio, kind).await;
    if let Some(late) = troubled(Kind::Latency).await? {
        tokio::time::sleep(late.time(LATE_BY)).await;
    }
    if troubled(Kind::Error500).await?.is_some() {
        return Err(Trouble::Refused(Refusal::broken()));
    }
    let silent = troubled(Kind::TimeoutAfterAccepting).await?;
    let taken = running.store().write(Scope::System("taking a short message"), move |tx| {
        let text = account.taking(&order, tx.new_id(), tx.now(), tx.keys())?;
        let sender = text.sender.as_ref().or(text.messaging_service.as_ref());
        let sender = sender.map_or("", String::as_str);
        let message = Message::short(tx.new_id(), text.at, sender, &text.recipient, &text.body, &body);
        store::insert_text(tx, &text)?;
        store::forget_old_texts(tx, KEPT_MAX)?;
        commands::keep(tx, &message)?;
        fate::begin(tx, &text.sid)?;
        Ok::<_, StoreError>(text)
    });
    let view = MessageView::from(taken.await?);
    if let Some(silent) = silent {
        tokio::time::sleep(silent.time(SILENT_FOR)).await;
    }
    Ok((StatusCode::CREATED, axum::Json(view)).into_response())
}

async fn get_message(
    State(running): State<Running>,
    Path((account, file)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<axum::Json<MessageView>, Trouble> {
    let account = Account::of(&account, &headers)?;
    let absent = || Trouble::Refused(Refusal::not_found(uri.path()));
    let sid = file.strip_suffix(".json").filter(|sid| is_sid(sid)).ok_or_else(absent)?.to_owned();
    let read =
        running.store().read(Scope::System("reading a short message"), move |tx| store::text(tx, &sid));
    let text = read.await?.filter(|text| text.account == account.sid).ok_or_else(absent)?;
    Ok(axum::Json(text.into()))
}

async fn list_messages(
    State(running): State<Running>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<axum::Json<ListView>, Trouble> {
    let account = Account::of(&account, &headers)?;
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let number = |name: &str| form.get(name).and_then(|value| value.parse::<u32>().ok());
    let page_size = number("PageSize").unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    let page = number("Page").unwrap_or(0).min(KEPT_MAX);
    let before = form.get("PageToken").filter(|token| is_sid(token)).map(str::to_owned);
    let (to, from) = (form.get("To").map(str::to_owned), form.get("From").map(str::to_owned));
    let (sid, sought) = (account.sid.clone(), (to.clone(), from.clone()));
    let read = running.store().read(Scope::System("listing short messages"), move |tx| {
        let (to, from) = (sought.0.as_deref(), sought.1.as_deref());
        store::texts(tx, &sid, before.as_deref(), (to, from), page_size + 1)
    });
    let mut texts: Vec<Text> = read.await?;
    let has_more = texts.len() > page_size as usize;
    texts.truncate(page_size as usize);

    let named = |name: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!("&{name}={}", encode(value))).unwrap_or_default()
    };
    let path = format!("/{API_VERSION}/Accounts/{}/Messages.json", account.sid);
    let same = format!("{path}?PageSize={page_size}{}{}", named("To", &to), named("From", &from));
    let last = texts.last().map(|text| text.sid.clone()).filter(|_| has_more);
    let start = page.saturating_mul(page_size);
    let count = u32::try_from(texts.len()).unwrap_or(page_size);
    Ok(axum::Json(ListView {
        first_page_uri: format!("{same}&Page=0"),
        next_page_uri: last.map(|last| format!("{same}&Page={}&PageToken={last}", page + 1)),
        previous_page_uri: None,
        uri: format!("{same}&Page={page}"),
        page,
        page_size,
        start,
        end: start.saturating_add(count).saturating_sub(1),
        messages: texts.into_iter().map(MessageView::from).collect(),
    }))
}

/// `SM` and 32 digits.
fn is_sid(text: &str) -> bool {
    let digits = text.strip_prefix("SM").unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

impl Account {
    /// Any account with any token may come in, but each sees what is its own.
    fn of(path: &str, headers: &HeaderMap) -> Result<Self, Trouble> {
        let said = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let credentials = said.and_then(|said| said.split_once(' ')).and_then(|(scheme, coded)| {
            let decoded =
                STANDARD.decode(coded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
            String::from_utf8(decoded).ok()
        });
        let account = credentials.as_deref().and_then(|credentials| credentials.split_once(':'));
        let is_account = |sid: &str| {
            sid.starts_with("AC")
                && (3..=ACCOUNT_LETTERS_MAX).contains(&sid.len())
                && sid.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        match account {
            Some((sid, token)) if sid == path && is_account(sid) && !token.is_empty() => {
                Ok(Self { sid: sid.to_owned(), token: token.to_owned() })
            }
            _ => Err(Trouble::Refused(Refusal::unauthenticated())),
        }
    }

    fn taking(
        &self,
        order: &Order,
        id: TextId,
        at: Timestamp,
        keys: &kernel::keys::Keys,
    ) -> Result<Text, StoreError> {
        let sid = format!("SM{:032x}", id.as_u128());
        let sealed = keys.keyring.seal(&fate::sealing_place(&sid), self.token.as_bytes());
        Ok(Text {
            token: sealed.map_err(|error| StoreError::Unavailable(error.into()))?,
            sid,
            account: self.sid.clone(),
            at,
            changed_at: at,
            sent_at: None,
            recipient: order.recipient.clone(),
            sender: order.sender.clone(),
            messaging_service: order.messaging_service.clone(),
            body: order.body.clone(),
            segments: order.segments,
            status: if order.sender.is_some() { Status::Queued } else { Status::Accepted },
            error_code: None,
            callback: order.callback.clone(),
        })
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let refusal = match self {
            Self::Refused(refusal) => refusal,
            Self::Store(error) => {
                tracing::warn!(%error, "a short message could not be stored or read");
                Refusal { status: 503, code: 20_503, message: "Service unavailable".to_owned() }
            }
        };
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(wire::error(&refusal))).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            let realm = HeaderValue::from_static("Basic realm=\"Twilio API\"");
            headers.insert(header::WWW_AUTHENTICATE, realm);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(BUSY_FOR.as_secs()));
        }
        response
    }
}
