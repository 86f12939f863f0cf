//! Starting payments and looking at them.

use std::time::Duration;

use contracts::{Currency, OrderId, PaymentId, TopUpId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem, Query, Written};
use kernel::store::{Page, PageQuery};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::views::PaymentView;
use super::{MANAGE, READ, WRITE, sound, theirs, whose};
use crate::commands::Whose;
use crate::commands::start::{self, Asker, Terms, Wanted};
use crate::domain::{AttemptId, Capture, Device, InvoiceRef, ProviderName, Status};
use crate::error::Error;
use crate::settings;
use crate::store::{self, Asked, Attempt};

/// A payment to be started: of an order, an invoice or a top-up. A person says which, and that says how much.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"invoice_id": "inv_2026_0001", "amount": 1999, "currency": "USD", "provider": "stripe"}))]
pub(super) struct StartPayment {
    /// The order to be paid.
    order_id: Option<OrderId>,
    /// The invoice to be paid, where it is no order.
    invoice_id: Option<InvoiceRef>,
    /// The top-up of a wallet to be paid, where it is neither.
    top_up_id: Option<TopUpId>,
    /// How much, in minor units: for programs with `payments:manage`. A person's must be that of the order, and what
    /// a wallet is topped up with is said there.
    #[schema(minimum = 1, maximum = 999999999999_i64)]
    amount: Option<i64>,
    /// The currency of the amount.
    currency: Option<Currency>,
    /// Who is to take the money, of those that the project takes.
    provider: Option<ProviderName>,
    /// When it is taken: for those with `payments:manage`.
    capture: Option<Capture>,
    /// The device that the customer asks with, as their app names it: fraud detection hears of it.
    device: Option<Device>,
}

/// Which payments are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedPayments {
    /// Those that stand so.
    #[param(inline)]
    status: Option<Status>,
    /// Those for this order.
    order_id: Option<OrderId>,
    /// Those that a person has to look at, or those that nobody has to.
    needs_review: Option<bool>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// How long an answer waits for a provider.
pub(super) const PROVIDER_PATIENCE: Duration = Duration::from_secs(5);

/// Starts a payment, or gives the one that there is for the order, invoice or top-up.
#[utoipa::path(post, path = "/api/v1/payments", tag = "payments", request_body = StartPayment,
    responses((status = 201, description = "The payment.", body = PaymentView)))]
pub(super) async fn start_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<StartPayment>,
) -> Answer<PaymentView> {
    started(&ctx, &caller, key, body).await.created()
}

/// Starts a payment: another name for `POST /api/v1/payments`.
#[utoipa::path(post, path = "/api/v1/payments/initiate", tag = "payments", request_body = StartPayment,
    responses((status = 201, description = "The payment.", body = PaymentView)))]
pub(super) async fn initiate_payment(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<StartPayment>,
) -> Answer<PaymentView> {
    started(&ctx, &caller, key, body).await.created()
}

async fn started(
    ctx: &Ctx,
    caller: &Caller,
    key: IdempotencyKey,
    body: StartPayment,
) -> Result<Written<PaymentView>, Problem> {
    let (scope, whose) = whose(caller, WRITE)?;
    let named = [body.order_id.is_some(), body.invoice_id.is_some(), body.top_up_id.is_some()];
    if named.into_iter().filter(|said| *said).count() != 1 {
        return Err(Problem::field(
            "order_id",
            "or `invoice_id` or `top_up_id` is said, and one of them alone",
        ));
    }
    if body.capture.is_some() && whose != Whose::Everybodys {
        return Err(Problem::forbidden(format!("to say when the money is taken needs {MANAGE}")));
    }
    let project = caller.project().ok_or(kernel::auth::Denied::NoProject)?;
    let taken = ctx.settings().get_for(project, &settings::PROVIDERS).0;
    if body.provider.is_some_and(|provider| !taken.contains(&provider)) {
        return Err(Problem::field("provider", "is none that this project takes"));
    }
    let usual = Terms {
        provider: taken.first().copied().unwrap_or(ProviderName::Stripe),
        capture: ctx.settings().get_for(project, &settings::CAPTURE),
    };
    // A program asks from somewhere else than whoever pays.
    let client_address = match whose {
        Whose::Of(_) => ctx.client_address().map(|address| address.to_string()),
        Whose::Everybodys => None,
    };
    let wanted = Wanted {
        whose,
        order: body.order_id,
        invoice: body.invoice_id,
        top_up: body.top_up_id,
        amount: sound(body.amount)?,
        currency: body.currency,
        provider: body.provider,
        capture: body.capture,
        asker: Asker { client_address, device: body.device },
        usual,
    };
    ctx.write(scope, key, move |tx| start::start(tx, &wanted).map(PaymentView::from)).await
}

/// Shows one payment.
#[utoipa::path(get, path = "/api/v1/payments/{id}", tag = "payments", params(("id" = PaymentId, Path)),
    extensions(("x-stoa" = json!({"id_prefix": "pay"}))),
    responses((status = 200, description = "The payment.", body = PaymentView)))]
pub(super) async fn get_payment(ctx: Ctx, caller: Caller, Path(id): Path<PaymentId>) -> Answer<PaymentView> {
    let (scope, whose) = whose(&caller, READ)?;
    ctx.read(scope, move |tx| theirs(tx, id, whose).map(PaymentView::from)).await.answered()
}

/// Lists payments, newest first.
#[utoipa::path(get, path = "/api/v1/payments", tag = "payments", params(WantedPayments),
    responses((status = 200, description = "A page of payments.", body = Page<PaymentView>)))]
pub(super) async fn list_payments(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedPayments>,
) -> Answer<Page<PaymentView>> {
    let (scope, whose) = whose(&caller, READ)?;
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor };
    let (limit, before) = (page.limit()?, page.after()?);
    let asked =
        Asked { status: wanted.status, order: wanted.order_id, needs_review: wanted.needs_review, before };
    let rows = ctx.read(scope, move |tx| match whose {
        Whose::Everybodys => store::payments(tx, &asked, limit + 1),
        Whose::Of(user) => store::payments_of(tx, user, &asked, limit + 1),
    });
    rows.await.map(|rows| Page::of(rows, limit, |payment| payment.id).map(PaymentView::from)).answered()
}

/// Lists what was asked and said about a payment, oldest first.
#[utoipa::path(get, path = "/api/v1/payments/{id}/attempts", tag = "payments",
    params(("id" = PaymentId, Path), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query)),
    extensions(("x-stoa" = json!({"id_prefix": "pay"}))),
    responses((status = 200, description = "A page of attempts.", body = Page<Attempt>)))]
pub(super) async fn list_payment_attempts(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<PaymentId>,
    Query(page): Query<PageQuery>,
) -> Answer<Page<Attempt>> {
    let (scope, whose) = whose(&caller, READ)?;
    let (limit, after) = (page.limit()?, page.after::<AttemptId>()?);
    let rows = ctx.read(scope, move |tx| {
        theirs(tx, id, whose)?;
        Ok::<_, Error>(store::attempts_of(tx, id, after, limit + 1)?)
    });
    rows.await.map(|rows| Page::of(rows, limit, |attempt| attempt.id)).answered()
}
