//! The rules of the door, pure: which route, which addresses, how much, which origins.

pub mod address;
pub mod credential;
pub mod origin;
pub mod rate;
pub mod route;
