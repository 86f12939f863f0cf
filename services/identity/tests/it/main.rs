//! What identity promises, seen through its API on both engines.

#![allow(missing_docs, reason = "the names of tests are their sentences")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access_doors;
mod access_explain;
mod access_keys;
mod access_kyc;
mod access_members;
mod access_projects;
mod access_roles;
mod access_stage;
mod accounts_codes;
mod accounts_contacts;
mod accounts_people;
mod accounts_keys;
mod accounts_entering;
mod accounts_refreshing;
mod accounts_stage;
