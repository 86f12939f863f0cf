//! All statements about projects and those in them, by what they are about. Decisions are made in `commands`.
//!
//! Each names the project itself, since some of them run as work of the system: persons, their sessions and the
//! projects' own rows belong to no tenant.

pub mod keys;
pub mod kyc;
pub mod members;
pub mod projects;
pub mod roles;
