//! The rules of identity, pure: no I/O, no clock, no randomness.

pub mod api_key;
pub mod attempts;
pub mod blueprint;
pub mod code;
pub mod contact;
pub mod explain;
pub mod grants;
pub mod kyc;
pub mod password;
pub mod project;
pub mod role;
pub mod session;
pub mod signing;
pub mod text;
pub mod totp;
