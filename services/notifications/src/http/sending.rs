//! Having something said.

use contracts::NotificationId;
use http::HeaderMap;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Problem};
use kernel::store::{Scope, Tx};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::WRITE;
use super::reading::NotificationView;
use crate::commands::accepting::{Asker, Once, accept};
use crate::domain::asked::Asked;
use crate::domain::notification::{Reason, State};
use crate::domain::template::Misfit;
use crate::error::Error;
use crate::settings::{Rules, rules};
use crate::store::notifications::Kept;

/// Several things to be said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"notifications": [
    {"channel": "log", "to": {"email": "ann@example.com"}, "text": "Your table is ready.", "idempotency_key": "t-1"},
    {"channel": "log", "to": {"email": "ben@example.com"}, "text": "Your table is ready.", "idempotency_key": "t-2"}]}))]
pub(super) struct SendBatch {
    /// 1 to 500 of them; each is accepted or refused by itself.
    #[schema(min_items = 1, max_items = 500)]
    notifications: Vec<Asked>,
}

/// What became of each, in the order in which they were asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct BatchView {
    /// One for each.
    data: Vec<BatchItem>,
}

/// What became of one: an id, or why it was refused.
#[derive(Serialize, ToSchema)]
pub(super) struct BatchItem {
    /// Which it is, where it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<NotificationId>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<State>,
    /// Why it stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<Reason>,
    /// Why it was refused, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "invalid_input")]
    code: Option<&'static str>,
    /// Why it was refused, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<String>,
}

const BATCH_MAX: usize = 500;
const KEY_LETTERS_MAX: usize = 255;

/// Has something said: it is accepted now and sent soon.
#[utoipa::path(post, path = "/api/v1/notifications", tag = "notifications", request_body = Asked,
    responses((status = 202, description = "It is accepted, or left out for the reason that is named.",
        body = NotificationView)))]
pub(super) async fn send_notification(
    ctx: Ctx,
    caller: Caller,
    headers: HeaderMap,
    key: IdempotencyKey,
    Json(body): Json<Asked>,
) -> Answer<NotificationView> {
    send(ctx, caller, &headers, key, body).await
}

/// Has something said; the same as `POST /api/v1/notifications`.
#[utoipa::path(post, path = "/api/v1/notifications/send", tag = "notifications", request_body = Asked,
    responses((status = 202, description = "It is accepted, or left out for the reason that is named.",
        body = NotificationView)))]
pub(super) async fn submit_notification(
    ctx: Ctx,
    caller: Caller,
    headers: HeaderMap,
    key: IdempotencyKey,
    Json(body): Json<Asked>,
) -> Answer<NotificationView> {
    send(ctx, caller, &headers, key, body).await
}

async fn send(
    ctx: Ctx,
    caller: Caller,
    headers: &HeaderMap,
    key: IdempotencyKey,
    body: Asked,
) -> Answer<NotificationView> {
    let (scope, rules) = granted(&ctx, &caller)?;
    // The kernel answers the same caller at the same path; the row answers everybody of the project at each path.
    let given = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    let once = given.map(|given| once(given.trim().trim_matches('"'), &body)).transpose()?;
    ctx.write(scope, key, move |tx| {
        let kept = take(tx, body.clone(), &rules, once.as_ref())?;
        NotificationView::of(kept)
    })
    .await
    .accepted()
}

/// Has several things said; each is accepted or refused by itself.
#[utoipa::path(post, path = "/api/v1/notifications/batch", tag = "notifications", request_body = SendBatch,
    responses((status = 202, description = "What became of each.", body = BatchView)))]
pub(super) async fn send_batch(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<SendBatch>,
) -> Answer<BatchView> {
    let (scope, rules) = granted(&ctx, &caller)?;
    if !(1..=BATCH_MAX).contains(&body.notifications.len()) {
        return Err(Problem::field("notifications", format!("has 1 to {BATCH_MAX} entries")));
    }
    ctx.write(scope, key, move |tx| {
        let data =
            body.notifications.iter().map(|asked| item(tx, asked, &rules)).collect::<Result<_, Error>>()?;
        Ok::<_, Error>(BatchView { data })
    })
    .await
    .accepted()
}

fn granted(ctx: &Ctx, caller: &Caller) -> Result<(Scope, Rules), Problem> {
    let scope = caller.require(WRITE)?;
    let project = scope.project().ok_or(kernel::auth::Denied::NoProject)?;
    Ok((scope, rules(ctx.settings(), project)))
}

fn take(tx: &mut Tx<'_>, asked: Asked, rules: &Rules, once: Option<&Once>) -> Result<Kept, Error> {
    let wanted = asked.wanted(tx.now())?;
    accept(tx, &wanted, rules, once, Asker::Caller)
}

/// One of a batch: its refusal is its own, trouble with the database is everybody's.
fn item(tx: &mut Tx<'_>, asked: &Asked, rules: &Rules) -> Result<BatchItem, Error> {
    let taken = (|| {
        let once = asked.idempotency_key.as_deref().map(|key| once(key, asked)).transpose()?;
        take(tx, asked.clone(), rules, once.as_ref())
    })();
    match taken {
        Ok(Kept { id, state, reason, .. }) => {
            Ok(BatchItem { id: Some(id), state: Some(state), reason, code: None, message: None })
        }
        Err(Error::Store(error)) => Err(error.into()),
        Err(error) => {
            let message = Some(error.to_string());
            let code = Some(Problem::from(error).code());
            Ok(BatchItem { id: None, state: None, reason: None, code, message })
        }
    }
}

fn once(key: &str, asked: &Asked) -> Result<Once, Error> {
    let printable = key.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if key.is_empty() || key.len() > KEY_LETTERS_MAX || !printable {
        return Err(Misfit::new("idempotency_key", "is 1 to 255 printable characters").into());
    }
    let hash = digest(&SHA256, &serde_json::to_vec(asked)?);
    let fingerprint = hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Ok(Once { key: format!("asked:{key}"), fingerprint: Some(fingerprint) })
}
