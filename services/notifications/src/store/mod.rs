//! The SQL of notifications: one statement a function, each naming its project.

pub mod endpoints;
pub mod inbox;
pub mod limits;
pub mod notifications;
pub mod people;
pub mod redriving;
pub mod sweeping;
pub mod templates;
