//! All SQL of wallet, one statement a function: `people` (addresses and what is proven), `accounts` (with what they
//! have spent), `payments`, `requests`, `schedules`, `top_ups`, `withdrawals`, `statement` (what moved), `activity`,
//! `reconciliations`. No decisions are taken here.

mod accounts;
mod activity;
mod payments;
mod people;
mod reconciliations;
mod requests;
mod schedules;
mod statement;
mod top_ups;
mod withdrawals;

pub use accounts::{
    account, account_of, add_spent, any_frozen, freeze_account, give_back_spent, insert_account,
    lock_account, open_account, purse, purses, set_fee, spent, thaw_account, update_balance,
};
pub use activity::{WantedActivity, activity};
pub use payments::{
    Asked, change_refunded, hand_out_overdue, insert_payment, insert_review, list, list_of, lock_payment,
    payment, pending_of, update_payment,
};
pub use people::{Names, find_person, forget_person, kyc_level, names, put_contacts, put_kyc, put_name};
pub use reconciliations::{
    forget_reconciliations, known_between, put_reconciliation, reconciliation, reconciliations,
};
pub use requests::{
    insert_request, lock_request, request, requests_from, requests_to, settle_request, update_request,
};
pub use schedules::{
    cancel_schedules, insert_schedule, lock_schedule, overdue_schedules, schedule, schedules_of,
    update_schedule,
};
pub use statement::{balance_at, mornings, movements, put_morning};
pub use top_ups::{held_of, insert_top_up, lock_top_up, overdue_top_ups, top_up, top_ups_of, update_top_up};
pub use withdrawals::{
    forget_destinations, insert_withdrawal, leaving_of, lock_withdrawal, overdue_withdrawals,
    update_withdrawal, withdrawal, withdrawals_of,
};

use kernel::store::StoreError;

use crate::domain::Search;

/// What is looked for, as `like` takes it with `!` before its own signs.
fn pattern(search: &Search) -> String {
    let plain = search.as_str().to_ascii_lowercase().replace('!', "!!");
    format!("%{}%", plain.replace('%', "!%").replace('_', "!_"))
}

/// A row that this code cannot have written.
fn unreadable(what: &str, id: impl std::fmt::Display) -> StoreError {
    StoreError::Sql(format!("the stored {what} {id} cannot be read").into())
}
