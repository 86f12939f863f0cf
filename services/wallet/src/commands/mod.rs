//! What one can do: `people` (what identity tells), `accounts`, `paying` (beginning a payment), `saga` (what the ledger,
//! fraud detection, people and time make of it), `refunds`, `requests`, `schedules`, `top_ups` and `withdrawals` (money from
//! outside and back), `statement`, `counting` (limits), `reconciling` (comparing with the ledger).
//!
//! A command neither begins nor commits. Whoever changes a payment locks its row first and goes through `saga`, which
//! tells what follows; whoever begins one, or a withdrawal, locks the account that pays.

pub mod accounts;
mod counting;
pub mod paying;
pub mod people;
pub mod reconciling;
pub mod refunds;
pub mod requests;
pub mod saga;
pub mod schedules;
mod saying;
pub mod statement;
pub mod top_ups;
pub mod withdrawals;
