//! The API of payments, under `/api/v1/payments`, `/api/v1/payouts` and `/api/v1/webhooks`: `payments` (started and
//! looked at), `browser` (what a customer's browser needs), `steering` (processed, captured, settled), `refunds`,
//! `payouts`, `reviews` (what people find), `webhooks`, `views` (what callers see).
//!
//! Handlers ask whether the caller may, call one command or query, and answer.

mod browser;
mod payments;
mod payouts;
mod refunds;
mod reviews;
mod steering;
mod views;
mod webhooks;

use contracts::PaymentId;
use kernel::auth::{Caller, Denied, Permission};
use kernel::http::Problem;
use kernel::service::Running;
use kernel::store::{Scope, Tx};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::commands::Whose;
use crate::domain::{AMOUNT_MAX, Payment};
use crate::error::Error;
use crate::store;

/// To see one's own payments.
const READ: Permission = Permission::new("payments:read");
/// To start and to pay one's own payments.
const WRITE: Permission = Permission::new("payments:write");
/// To do everything with all payments of the project.
const MANAGE: Permission = Permission::new("payments:manage");

/// All routes.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .routes(routes!(payments::start_payment, payments::list_payments))
        .routes(routes!(payments::initiate_payment))
        .routes(routes!(payments::get_payment))
        .routes(routes!(payments::list_payment_attempts))
        .routes(routes!(browser::get_client_secret))
        .routes(routes!(browser::get_top_up_client_secret))
        .routes(routes!(steering::process_payment))
        .routes(routes!(steering::capture_payment))
        .routes(routes!(steering::settle_payment))
        .routes(routes!(refunds::refund_payment))
        .routes(routes!(refunds::refund_transaction))
        .routes(routes!(refunds::list_payment_refunds))
        .routes(routes!(reviews::review_payment))
        .routes(routes!(reviews::list_payment_reviews))
        .routes(routes!(payouts::list_payouts))
        .routes(routes!(payouts::get_payout))
        .routes(routes!(payouts::list_payout_attempts))
        .routes(routes!(payouts::settle_payout))
        .routes(routes!(payouts::fail_payout))
        .routes(routes!(reviews::review_payout))
        .routes(routes!(reviews::list_payout_reviews))
        .routes(routes!(webhooks::take_webhook))
        .routes(routes!(webhooks::take_payment_webhook))
}

/// Whose payments the caller means: all of the project for whoever manages them, else a person's own.
fn whose(caller: &Caller, permission: Permission) -> Result<(Scope, Whose), Denied> {
    if let Ok(scope) = caller.require(MANAGE) {
        return Ok((scope, Whose::Everybodys));
    }
    let scope = caller.require(permission)?;
    Ok((scope, Whose::Of(caller.user()?)))
}

/// One payment, if it is theirs.
fn theirs(tx: &mut Tx<'_>, id: PaymentId, whose: Whose) -> Result<Payment, Error> {
    store::payment(tx, id)?.filter(|payment| whose.holds(payment)).ok_or(Error::NoSuchPayment)
}

/// An amount that a payment can have.
fn sound(amount: Option<i64>) -> Result<Option<i64>, Problem> {
    match amount {
        Some(amount) if !(1..=AMOUNT_MAX).contains(&amount) => {
            Err(Problem::field("amount", format!("is a number from 1 to {AMOUNT_MAX}")))
        }
        amount => Ok(amount),
    }
}
