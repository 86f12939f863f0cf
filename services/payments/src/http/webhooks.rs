//! Messages of providers. Nobody signs in: a message proves itself by its signature over the bytes as they came.

use std::sync::Arc;

use axum::extract::rejection::BytesRejection;
use bytes::Bytes;
use contracts::ProjectId;
use http::{HeaderMap, StatusCode};
use kernel::http::{Answer, Answering, Ctx, Path, Problem, Query};
use kernel::store::{Origin, Scope, StoreError, Tx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::commands::take;
use crate::domain::ProviderName;
use crate::error::Error;
use crate::providers::Forged;
use crate::providers::stripe::{self, Notice};
use crate::settings::STRIPE_WEBHOOK_SECRETS;
use crate::store::{self, Story};

/// Who sends messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sender {
    /// Stripe.
    Stripe,
}

/// Whose payments a message is about, where it does not say.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ForProject {
    /// The project.
    #[param(inline)]
    project: Option<ProjectId>,
}

/// Who sends a message, and whose payments it is about, where it does not say.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FromSomebody {
    /// The provider; without it the signature's header tells.
    #[param(inline)]
    provider: Option<Sender>,
    /// The project.
    #[param(inline)]
    project: Option<ProjectId>,
}

/// The message was taken.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"received": true}))]
pub(super) struct Received {
    /// Always true: what is not taken is refused.
    received: bool,
}

const BODY_BYTES_MAX: usize = 256 << 10;
const SIGNATURE: &str = "stripe-signature";

/// Takes a message of a provider.
#[utoipa::path(post, path = "/api/v1/webhooks/{provider}", tag = "payments", security(()),
    params(("provider" = inline(Sender), Path), ForProject,
        ("Stripe-Signature" = Option<String>, Header, description = "`t=…,v1=…` over the time and the body.")),
    request_body(content = serde_json::Value, description = "The message as the provider made it, 256 KiB at most."),
    responses((status = 200, description = "It was taken, now or before.", body = Received)))]
pub(super) async fn take_webhook(
    ctx: Ctx,
    Path(sender): Path<Sender>,
    Query(named): Query<ForProject>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Received> {
    match sender {
        Sender::Stripe => taken(&ctx, named.project, &headers, body).await,
    }
}

/// Takes a message of the provider whose signature it carries.
#[utoipa::path(post, path = "/api/v1/payments/webhook", tag = "payments", security(()),
    params(FromSomebody,
        ("Stripe-Signature" = Option<String>, Header, description = "`t=…,v1=…` over the time and the body.")),
    request_body(content = serde_json::Value, description = "The message as the provider made it, 256 KiB at most."),
    extensions(("x-stoa" = json!({"tier": "webhook", "timeout_ms": 10000}))),
    responses((status = 200, description = "It was taken, now or before.", body = Received)))]
pub(super) async fn take_payment_webhook(
    ctx: Ctx,
    Query(named): Query<FromSomebody>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Received> {
    match named.provider {
        Some(Sender::Stripe) => {}
        None if headers.contains_key(SIGNATURE) => {}
        None => return Err(Error::Forged(Forged::Missing).into()),
    }
    taken(&ctx, named.project, &headers, body).await
}

async fn taken(
    ctx: &Ctx,
    named: Option<ProjectId>,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<Received> {
    let too_large = || {
        let message = format!("the body may have at most {BODY_BYTES_MAX} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    };
    let body = body.map_err(|_| too_large())?;
    if body.len() > BODY_BYTES_MAX {
        return Err(too_large());
    }
    let notice = Notice::read(&body).map_err(|_| {
        Problem::new(StatusCode::BAD_REQUEST, "malformed_message", "the body is no message of this provider")
    })?;
    let (project, origin) = story_of(ctx, &notice, named).await?;
    let secrets = ctx.settings().get_for(project, &STRIPE_WEBHOOK_SECRETS).0;
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    stripe::verify(signature, &body, &secrets, ctx.store().clock().wall()).map_err(Error::from)?;
    let message = Arc::new((notice, body));
    let (now, later) = (Arc::clone(&message), message);
    let take = move |tx: &mut Tx<'_>| take::take(tx, &now.0, &now.1);
    match ctx.store().write_from(origin.clone(), Scope::Project(project), take).await {
        // So many came at once that this one lost each race for its payment's row: it must not be sent away for that.
        Err(Error::Store(StoreError::Conflict)) => {
            let keep = move |tx: &mut Tx<'_>| take::take_later(tx, &later.0, &later.1);
            ctx.store().write_from(origin, Scope::Project(project), keep).await?;
        }
        taken => taken?,
    }
    Ok(Received { received: true }).answered()
}

/// Whose message it is: the payment tells, else the message, else the address. The signature decides after that. What
/// follows from it belongs to the story of the payment.
async fn story_of(
    ctx: &Ctx,
    notice: &Notice,
    named: Option<ProjectId>,
) -> Result<(ProjectId, Origin), Problem> {
    let known = match notice.reference().map(str::to_owned) {
        Some(reference) => {
            let scope = Scope::System("finding whose payment a provider's message is about");
            let find = move |tx: &mut Tx<'_>| {
                Ok::<_, Error>(store::stories_of_reference(tx, ProviderName::Stripe, &reference)?)
            };
            ctx.read(scope, find).await?
        }
        None => Vec::new(),
    };
    let actor = Some("provider:stripe".to_owned());
    if let [Story { project_id, correlation_id, traceparent }] = known.as_slice() {
        let (correlation_id, traceparent) = (correlation_id.clone(), traceparent.clone());
        return Ok((*project_id, Origin { correlation_id, traceparent, causation_id: None, actor }));
    }
    let Some(project) = notice.project().or(named) else {
        let message = "the message does not say which project it is for; name it in `?project=`";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "project_unknown", message));
    };
    let correlation_id = ctx.correlation_id().to_owned();
    Ok((project, Origin { correlation_id, traceparent: None, causation_id: None, actor }))
}
