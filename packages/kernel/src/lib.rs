//! What every service of Stoa stands on.
//!
//! Read in this order: [`store`] (transactions on two engines, tenants apart), [`events`] (told with their cause,
//! heard once in effect), [`jobs`] (what happens later, and calls to the outside), [`http`] (one way to write a
//! route), [`auth`] (who calls and what they may do), [`service`] (all of it put together for one service).
//! Around them stand [`limits`], [`outside`], [`secrets`], [`config`], [`telemetry`], [`clock`],
//! [`ids`], [`keys`] and [`durable`]; [`testing`] is what tests of services share.

pub mod auth;
pub mod clock;
pub mod config;
pub mod durable;
pub mod events;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod keys;
pub mod limits;
pub mod outside;
pub mod secrets;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod testing;
