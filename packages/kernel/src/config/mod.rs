//! Settings: what can be set, where it may be set, and what came of it.
//!
//! Defaults are overruled by `stoa.toml`, that by `STOA_*` variables, those by flags; every value is checked
//! when the process starts, and each problem is one line. Settings that are declared live may be changed by the
//! registry while a service runs. Read `setting.rs` (what a setting is), `value.rs` (what it may hold),
//! `settings.rs` (how they load), `live.rs` (what is changed while running), `heard.rs` (how the registry is heard),
//! `store.rs` (where that is kept), `problem.rs` (what goes wrong), `pages.rs` (the generated reference and example).
//! It does not fetch secrets from where they are kept (`secrets`).

mod setting;
mod value;
mod settings;
mod live;
mod heard;
mod store;
mod problem;
mod pages;
#[cfg(test)]
mod tests;

pub use crate::choices;
pub use heard::{REGISTRY, sealing_context};
pub(crate) use heard::{load, on_published, refresh, watch};
pub use pages::{example_toml, reference_markdown};
pub use problem::ConfigError;
pub use setting::{Changes, Declaration, Setting};
pub use settings::{Origin, Row, Settings, environment};
pub use value::{ByteSize, Mode, SettingValue};
