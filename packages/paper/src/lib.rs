//! Paper makes PDFs of business documents: a letterhead, facts, a table over as many pages as it takes, totals, notes.
//!
//! Plain data in, bytes out. It knows no money, no dates and no clock: what is to be read arrives as text.

mod content;
mod document;
mod draw;
mod error;
mod fonts;
mod layout;
mod wrap;

#[cfg(test)]
mod layout_tests;

pub use content::{Align, Column, Fact, Foot, Head, Paper};
pub use document::{Document, ROWS_MAX};
pub use error::Error;
