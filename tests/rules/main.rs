//! The rules of the house as tests: they read the source tree and run nothing of it.
//!
//! Each rule is a module with the test that holds it over the tree, and a test that it can fail. What may break a
//! rule stands in `exceptions/<rule>.txt`, with its reason; those files may only shrink.

#![allow(clippy::unwrap_used, reason = "all of it is test code; what is not as it should be fails the test")]

mod chapters;
mod clocks;
mod exceptions;
mod names;
mod panics;
mod pure;
mod shape;
mod source;
mod sql;
mod star;
mod tree;
