//! The statements of this half, one a function. Persons belong to no project, so all of it is work of the system.

pub mod attempts;
pub mod codes;
pub mod contacts;
pub mod keys;
pub mod names;
pub mod persons;
pub mod sessions;
pub mod standing;
