//! Wallet lets people pay each other: accounts, limits, and payments that happen whole or not at all; and put money in
//! and take it out.
//!
//! It moves no money and knows no balance but what it was told (`ledger` does), judges nobody (`fraud`), and writes to
//! nobody itself (`notifications`).
//!
//! Read it in this order: `domain` (the rules, pure), `commands`, `store`, `http`, `events`, `jobs`.

mod domain;
mod error;
mod settings;
mod commands;
mod store;
mod http;
mod events;
mod jobs;
mod telling;

use contracts::events::funding::{
    TopUpExpired, TopUpPaid, TopUpRequested, WithdrawalCancelRequested, WithdrawalRequested,
};
use contracts::events::wallet::{
    AccountCreated, AccountFrozen, AccountThawed, ReleaseRequested, WalletPaymentCompleted,
    WalletPaymentInitiated, WalletPaymentProcessing,
};
use contracts::events::{NotificationSend, PaymentFailed};
use kernel::migrations;
use kernel::service::Service;

/// Everything wallet brings to the binary.
pub fn service() -> Service {
    let service = Service::new("wallet")
        .for_administrators(&[
            "/api/v1/accounts/{id}/freeze",
            "/api/v1/accounts/{id}/merchant",
            "/api/v1/accounts/{id}/thaw",
            "/api/v1/payments/{id}/review",
            "/api/v1/wallet/payments/{id}/review",
        ])
        .migrations(migrations![
            "0001_wallet.sql",
            "0002_funding.sql",
            "0003_names.sql",
            "0004_activity.sql",
            "0005_calling_off.sql",
            "0006_deadlines.sql",
            "0007_contacts.sql",
            "0008_reconciliations.sql"
        ])
        .routes(http::routes)
        .hears(events::on_user_created)
        .hears(events::on_user_contacts_changed)
        .hears(events::on_user_named)
        .hears(events::on_user_erased)
        .hears(events::on_kyc_reviewed)
        .hears(events::on_balance_reserved)
        .hears(events::on_balance_refused)
        .hears(events::on_balance_released)
        .hears(events::on_risk_assessed)
        .hears(events::on_transaction_settled)
        .hears(events::on_balance_updated)
        .hears(events::on_balances_told)
        .hears(events::on_payment_succeeded)
        .hears(events::on_payment_cancelled)
        .hears(events::on_top_up_credited)
        .hears(events::on_top_up_held)
        .hears(events::on_withdrawal_reserved)
        .hears(events::on_withdrawal_refused)
        .hears(events::on_withdrawal_completed)
        .hears(events::on_withdrawal_returned)
        .tells::<AccountCreated>()
        .tells::<AccountFrozen>()
        .tells::<AccountThawed>()
        .tells::<WalletPaymentInitiated>()
        .tells::<WalletPaymentProcessing>()
        .tells::<ReleaseRequested>()
        .tells::<WalletPaymentCompleted>()
        .tells::<PaymentFailed>()
        .tells::<TopUpRequested>()
        .tells::<TopUpPaid>()
        .tells::<TopUpExpired>()
        .tells::<WithdrawalRequested>()
        .tells::<WithdrawalCancelRequested>()
        .tells::<NotificationSend>()
        .tells::<telling::ReconciliationFailed>()
        .jobs(jobs::register)
        .calls(jobs::register_lookups);
    settings::declarations().into_iter().fold(service, Service::setting)
}
