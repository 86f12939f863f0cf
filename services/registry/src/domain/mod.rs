//! The rules of the registry: what things are called, what may be set and what a wish would change, and when an
//! instance counts as there.
//!
//! It leaves out where rows are kept, how secrets are sealed, who may ask and what time it is. Read in this order:
//! `names`, `settable`, `change`, `config`, `instance`.

mod change;
mod config;
mod instance;
mod names;
mod settable;

pub use change::{Change, TEXT_BYTES_MAX, Texts, WISHES_MAX, Wish, Wrong, plan};
pub use config::{Config, Place, Revision};
pub use contracts::BadText;
pub use instance::{Instance, Presence, Said};
pub use names::{Address, Environment, InstanceName, Remark, ServiceName, Version};
pub use settable::Settable;

use contracts::{Id, ProjectId};

/// Under this project stands what holds for all of them; no project is ever given this id.
pub fn platform() -> ProjectId {
    ProjectId::from_u128(0)
}
