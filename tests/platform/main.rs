//! The platform from outside: the real binary, over real HTTP, on both engines.
//!
//! A test that needs what is not there (a Postgres, `strace`) says so by name and passes; where `STOA_TEST_REQUIRE`
//! names it, its absence is a failure. Every process that a test starts is ended by its id and reaped.

#![allow(clippy::unwrap_used, reason = "all of it is test code; what is not as it should be fails the test")]

mod apart;
mod backup;
mod bad_input;
mod browser;
mod disk;
mod document;
mod durability;
mod equivalence;
mod isolation;
mod kill9;
mod graphql;
mod live;
mod ledger_kills;
mod newcomer;
mod person;
mod power_loss;
mod refusals;
mod server;
mod stage;
mod start;
mod stomp;
mod storefront;
mod tenants;
mod tokens;
mod trace;
mod trade;
mod trading;
mod trading_kills;
mod wallet_app;
mod wallets;
mod wire;
