//! The ledger keeps what everybody has: a journal that is only ever added to, and the balances that follow from it.
//!
//! It does not know people, prices or providers, and does not decide whether a payment may be made (`wallet` and `fraud`
//! do): it says whether the money is there, sets it aside, moves it, lets it go.
//!
//! Read it in this order: `domain` (the rules, pure), `books` (what is kept in memory), `commands`, `queries`, `store`,
//! `http`, `events`, `jobs`.

mod domain;
mod error;
mod books;
mod commands;
mod queries;
mod store;
mod http;
mod events;
mod jobs;
mod settings;

use contracts::events::funding::{
    TopUpCredited, TopUpHeld, WithdrawalCompleted, WithdrawalRefused, WithdrawalReserved, WithdrawalReturned,
};
use contracts::events::wallet::{
    BalanceRefused, BalanceReleased, BalanceReserved, BalanceUpdated, BalancesTold, TransactionCreated,
    TransactionSettled,
};
use kernel::migrations;
use kernel::service::Service;

pub use domain::Difference;
pub use queries::{Report, verify};

/// Everything ledger brings to the binary.
pub fn service() -> Service {
    Service::new("ledger")
        .for_administrators(&["/api/v1/ledger/periods", "/api/v1/ledger/verification"])
        .migrations(migrations!["0001_ledger.sql"])
        .setting(settings::KEPT.declare())
        .routes(http::routes)
        .takes_bodies_of(http::BATCH_BYTES_MAX)
        .hears(events::on_account_created)
        .hears(events::on_account_frozen)
        .hears(events::on_account_thawed)
        .hears(events::on_payment_initiated)
        .hears(events::on_payment_processing)
        .hears(events::on_release_requested)
        .hears(events::on_top_up_paid)
        .hears(events::on_withdrawal_requested)
        .hears(events::on_payout_paid)
        .hears(events::on_payout_failed)
        .jobs(jobs::register)
        .calls(jobs::register_calls)
        .tells::<BalanceReserved>()
        .tells::<BalanceRefused>()
        .tells::<BalanceReleased>()
        .tells::<TransactionCreated>()
        .tells::<TransactionSettled>()
        .tells::<BalanceUpdated>()
        .tells::<BalancesTold>()
        .tells::<TopUpCredited>()
        .tells::<TopUpHeld>()
        .tells::<WithdrawalReserved>()
        .tells::<WithdrawalRefused>()
        .tells::<WithdrawalCompleted>()
        .tells::<WithdrawalReturned>()
}
