//! What providers tell us later, on addresses of their own: they have no token, and prove themselves by a signature.

use axum::extract::Query as Pairs;
use axum::extract::rejection::BytesRejection;
use bytes::Bytes;
use contracts::ProjectId;
use http::{HeaderMap, StatusCode, Uri};
use kernel::http::{Answer, Answering, Ctx, Problem, Query};
use kernel::store::{Scope, Tx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::channels::Provider;
use crate::channels::twilio::{self, BadReceipt, ReceiptStatus};
use crate::commands::receipts::{self, Receipt};

/// Whose message it was.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// The project, as the address named it that the provider was given.
    #[param(inline)]
    project: ProjectId,
}

/// The receipt was taken.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"received": true}))]
pub(super) struct ReceiptTaken {
    /// Always true: what is not taken is refused.
    received: bool,
}

const SIGNATURE: &str = "x-twilio-signature";
/// A receipt has a dozen short fields.
const BODY_BYTES_MAX: usize = 16 << 10;

/// Takes a receipt of Twilio's for a short message.
#[utoipa::path(post, path = "/api/v1/notifications/receipts/twilio", tag = "notifications", security(()),
    params(Whose, ("X-Twilio-Signature" = Option<String>, Header, description = "Twilio's signature over our address and the fields.")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The fields as Twilio sends them, 16 KiB at most."),
    extensions(("x-stoa" = json!({"tier": "webhook", "timeout_ms": 10000}))),
    responses((status = 200, description = "It was taken, now or before.", body = ReceiptTaken)))]
pub(super) async fn take_twilio_receipt(
    ctx: Ctx,
    Query(whose): Query<Whose>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answer<ReceiptTaken> {
    let Some(fields) = body.ok().filter(|body| body.len() <= BODY_BYTES_MAX).and_then(|body| fields(&body))
    else {
        return Err(bad("malformed_receipt", "the body is no form, or longer than 16 KiB"));
    };
    let settings = ctx.service().settings();
    let token = settings.get_for(whose.project, &twilio::AUTH_TOKEN);
    let url = twilio::status_callback(settings, whose.project);
    let (Some(token), Some(url)) = (token, url) else { return Err(refused(BadReceipt::Signature)) };
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let told = twilio::receipt(&token, &url, &fields, signature).map_err(refused)?;
    let receipt = match told.status {
        // There is nothing new in it.
        ReceiptStatus::Queued => return Ok(ReceiptTaken { received: true }).answered(),
        ReceiptStatus::Sent => Receipt::Sent,
        ReceiptStatus::Delivered => Receipt::Delivered,
        ReceiptStatus::Failed { permanent, .. } => Receipt::Failed { permanent },
    };
    let scope = Scope::System("a receipt names a message and no project");
    let apply = move |tx: &mut Tx<'_>| receipts::apply(tx, Provider::Twilio, &told.reference, receipt);
    if ctx.write_unkept(scope, "provider:twilio".to_owned(), apply).await? {
        return Ok(ReceiptTaken { received: true }).answered();
    }
    // It may be here before we wrote down that the message was taken; the provider comes again.
    Err(Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "message_unknown",
        "the message is not known, or not yet",
    ))
}

fn fields(body: &[u8]) -> Option<Vec<(String, String)>> {
    // A form is written as a query is.
    let query: Uri = format!("/?{}", std::str::from_utf8(body).ok()?).parse().ok()?;
    Pairs::try_from_uri(&query).ok().map(|Pairs(fields)| fields)
}

fn refused(why: BadReceipt) -> Problem {
    let code = match why {
        BadReceipt::Signature => "bad_signature",
        BadReceipt::Reference | BadReceipt::Status => "malformed_receipt",
    };
    bad(code, &why.to_string())
}

fn bad(code: &'static str, message: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, code, message)
}
