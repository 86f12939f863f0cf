//! What one can do: `batch` (transfers, which all the others are made of), `accounts`, `transactions`, `payments` (the
//! money of payments between wallets), `funding` (that of top-ups and withdrawals), `keeping` (holds that are over, sealed
//! periods, stopping), `telling` (what is in wallets, each night).
//!
//! A command neither begins nor commits. Whoever changes anything takes the project's turn first.

pub mod accounts;
pub mod batch;
pub mod funding;
pub mod keeping;
pub mod payments;
pub mod telling;
pub mod transactions;
