//! Settings: what can be set, where it may be set, and what came of it.
//!
//! Defaults are overruled by `stoa.toml`, that by `STOA_*` variables, those by flags; every value is checked
//! when the process starts, and each problem is one line. Read `setting.rs` (what a setting is), `value.rs`
//! (what it may hold), `settings.rs` (how they load), `problem.rs` (what goes wrong), `pages.rs` (the
//! generated reference and example). It does not fetch secrets from where they are kept (`secrets`).

mod setting;
mod value;
mod settings;
mod problem;
mod pages;
#[cfg(test)]
mod tests;

pub use crate::choices;
pub use pages::{example_toml, reference_markdown};
pub use problem::ConfigError;
pub use setting::{Declaration, Setting};
pub use settings::{Origin, Row, Settings, environment};
pub use value::{ByteSize, Mode, SettingValue};
