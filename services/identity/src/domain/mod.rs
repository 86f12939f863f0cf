//! The rules of identity, pure: no I/O, no clock, no randomness.

pub mod grants;
pub mod project;
