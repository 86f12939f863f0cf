//! The shop, page by page, over a small world that plays the API.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod browsing;
mod buying;
mod orders;
mod people;
mod safety;
mod visitor;
mod world;
