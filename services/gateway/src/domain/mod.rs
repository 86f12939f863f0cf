//! The rules of the door, pure: which addresses, how much, which origins.

pub mod address;
pub mod origin;
pub mod rate;
