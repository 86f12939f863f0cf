//! Payments takes money through providers, gives it back and pays it out, each attempt accounted for.
//!
//! It does not know what is sold or when an order is paid (`orders` decides that from what is told here), what is in a
//! wallet (`ledger`), writes to no customer (`notifications`), and believes no amount but that of an order, of a
//! wallet or of a program of the project.
//!
//! Read it in this order: `domain` (the rules, pure), `commands`, `store`, `providers` (their own words), `jobs` (the
//! calls), `events`, `http`.

mod domain;
mod error;
mod settings;
mod commands;
mod store;
mod providers;
mod http;
mod events;
mod jobs;

use contracts::events::commerce::{
    PaymentAuthorized, PaymentCancelled, PaymentRefunded, PaymentStarted, RefundFailed,
};
use contracts::events::funding::{PayoutFailed, PayoutPaid};
use contracts::events::{PaymentFailed, PaymentIntentCreated, PaymentSucceeded};
use kernel::migrations;
use kernel::service::Service;

/// Everything payments brings to the binary.
pub fn service() -> Service {
    let service = Service::new("payments")
        .for_administrators(&[
            "/api/v1/payments/{id}/attempts",
            "/api/v1/payments/{id}/review*",
            "/api/v1/payouts*",
        ])
        .migrations(migrations![
            "0001_payments.sql",
            "0002_wallets.sql",
            "0003_calling_off.sql",
            "0004_waiting.sql"
        ])
        .routes(http::routes)
        .hears(events::on_order_created)
        .hears(events::on_order_cancelled)
        .hears(events::on_refund_requested)
        .hears(events::on_top_up_requested)
        .hears(events::on_top_up_expired)
        .hears(events::on_withdrawal_reserved)
        .hears(events::on_withdrawal_cancel_requested)
        .hears(events::on_risk_assessed)
        .hears(events::on_user_erased)
        .tells::<PaymentStarted>()
        .tells::<PaymentIntentCreated>()
        .tells::<PaymentAuthorized>()
        .tells::<PaymentSucceeded>()
        .tells::<PaymentFailed>()
        .tells::<PaymentCancelled>()
        .tells::<PaymentRefunded>()
        .tells::<RefundFailed>()
        .tells::<PayoutPaid>()
        .tells::<PayoutFailed>()
        .jobs(jobs::register)
        .calls(jobs::register_calls);
    settings::declarations().into_iter().fold(service, Service::setting)
}
