//! Payments between people under fire: wallet, ledger, fraud and notifications in one process, a post between them that
//! delivers twice, late and in another order, and deaths between any two transactions.
//!
//! Read `chaos.rs` (what happens when), `house.rs` (the services), `post.rs` (the events between them), `crowd.rs` (what
//! people do), `proof.rs` (what must hold at the end). `STOA_TEST_SEED` repeats a schedule, `STOA_TEST_PAYMENTS` says how
//! many payments begin on each engine.

#![allow(clippy::unwrap_used, reason = "all of it is test code; what is not as it should be fails the test")]

mod chaos;
mod crowd;
mod dice;
mod house;
mod post;
mod proof;

use kernel::testing::{Place, run};

#[test]
fn each_payment_ends_once_whatever_dies_or_comes_twice_late_or_in_another_order_on_files() {
    run(chaos::survive(&Place::sqlite(), "files"));
}

#[test]
fn each_payment_ends_once_whatever_dies_or_comes_twice_late_or_in_another_order_on_postgres() {
    let Some(place) = Place::postgres() else { return };
    run(chaos::survive(&place, "Postgres"));
}
