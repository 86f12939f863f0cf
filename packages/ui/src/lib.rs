//! What the web faces share: tokens, components, the page that shows them all, and what every face does alike
//! (`face`).
//!
//! Everything is HTML made on the server, escaped where it is written. There is no style or script inside a page, so
//! that a face can forbid both; what a component does in the browser is in `js/ui.js`, and each works without it.

pub mod assets;
pub mod badge;
pub mod chart;
pub mod empty;
pub mod face;
pub mod form;
pub mod gallery;
pub mod icon;
pub mod money;
pub mod nav;
pub mod page;
pub mod table;
pub mod time;
pub mod toast;

pub use assets::Asset;
pub use badge::{Told, Tone, badge};
pub use empty::{empty, empty_page};
pub use form::Field;
pub use gallery::gallery;
pub use icon::{Icon, icon};
pub use money::price;
pub use page::{Page, Theme};
pub use table::{Column, table};
pub use time::when;
pub use toast::{notice, toast};
