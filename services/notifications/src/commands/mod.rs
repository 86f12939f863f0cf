//! What one can do with notifications: a function each, within the one transaction of its caller.

pub mod accepting;
pub mod composing;
pub mod delivering;
pub mod endpoints;
pub mod erasing;
pub mod inbox;
pub mod preferences;
pub mod receipts;
pub mod redriving;
pub mod templates;
pub mod unsubscribing;
