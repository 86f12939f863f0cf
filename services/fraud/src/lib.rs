//! Fraud judges payments before they happen, says why, and learns from what people decide.
//!
//! It moves no money and holds none back (`wallet` does, on its word), sends nothing to anybody (whoever listens to its
//! alerts does), and asks nobody: all it knows of people and devices it has heard.
//!
//! Read it in this order: `domain` (the rules, pure), `judges` (them in memory), `commands`, `store`, `http`, `events`, `jobs`.

pub mod domain;
mod error;
mod judges;
mod commands;
mod store;
mod http;
mod events;
mod jobs;
mod settings;

use contracts::events::wallet::RiskAssessed;
use kernel::migrations;
use kernel::service::Service;

/// Everything fraud brings to the binary.
pub fn service() -> Service {
    Service::new("fraud")
        .for_administrators(&["/api/v1/fraud/*"])
        .migrations(migrations!["0001_fraud.sql", "0002_marks.sql", "0003_packed.sql", "0004_alerts.sql"])
        .setting(settings::MODE.declare())
        .setting(settings::TIMEOUT.declare())
        .routes(http::routes)
        .hears(events::on_balance_reserved)
        .hears(events::on_payment_completed)
        .hears(events::on_payment_failed)
        .hears(events::on_payment_started)
        .hears(events::on_payment_cancelled)
        .hears(events::on_user_created)
        .hears(events::on_account_created)
        .hears(events::on_user_erased)
        .jobs(jobs::register)
        .calls(jobs::register_with_means)
        .tells::<RiskAssessed>()
        .tells::<domain::FraudAlertRaised>()
        .tells::<domain::RuleSetPublished>()
}
