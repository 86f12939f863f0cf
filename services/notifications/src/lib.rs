//! Tells people things, by the channel that reaches them, once.
//!
//! It does not decide who is a customer (`identity`) or what was bought (`orders`): it hears of that, says it in the
//! project's words, and keeps what became of it. What providers want to hear is in `channels`, which knows nothing of
//! templates or people.
//!
//! Read it in this order: `domain` (the rules, pure), `commands`, `store`, `http`, `events`, `jobs`.

pub mod domain;
mod error;
mod settings;
mod telling;
mod compiled;
pub mod channels;
mod commands;
mod store;
mod http;
mod events;
mod jobs;

use kernel::migrations;
use kernel::service::Service;

pub use commands::receipts::{Receipt, apply as apply_receipt};
pub use error::Error;

/// Everything notifications brings to the binary.
pub fn service() -> Service {
    let service = Service::new("notifications")
        .for_administrators(&[
            "/api/v1/notifications/dead*",
            "/api/v1/notifications/endpoints*",
            "/api/v1/notifications/suppressions",
            "/api/v1/templates*",
        ])
        .migrations(migrations!["0001_notifications.sql"])
        .routes(http::routes)
        .hears(events::on_user_created)
        .hears(events::on_user_erased)
        .hears(events::on_otp_issued)
        .hears(events::on_order_created)
        .hears(events::on_order_paid)
        .hears(events::on_order_cancelled)
        .hears(events::on_order_fulfilled)
        .hears(events::on_payment_succeeded)
        .hears(events::on_payment_failed)
        .hears(events::on_payment_refunded)
        .hears(events::on_notification_send)
        .tells::<telling::NotificationSent>()
        .tells::<telling::NotificationFailed>()
        .jobs(jobs::register)
        .calls(jobs::register_calls);
    channels::settings().into_iter().fold(settings::declare(service), Service::setting)
}
