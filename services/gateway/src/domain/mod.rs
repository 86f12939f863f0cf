//! The rules of the door, pure: which addresses, how much, which origins; and what is spoken at its socket.

pub mod address;
pub mod origin;
pub mod rate;
pub mod sse;
pub mod stomp;
pub mod websocket;
