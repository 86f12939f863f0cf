//! What payments promises, seen through its API on both engines, with a scripted Stripe on the other side.

#![allow(missing_docs, reason = "the names of tests are their sentences")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod blocking;
mod calling_off;
mod crowd;
mod doors;
mod erasing;
mod looking;
mod messages;
mod paying_out;
mod refunding;
mod reviewing;
mod shop;
mod starting;
mod steering;
mod stripe;
mod topping_up;
mod waiting;
