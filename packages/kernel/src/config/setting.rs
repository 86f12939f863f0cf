//! A setting as a typed constant, and its declaration once the type no longer matters.
//!
//! It holds no value that was set: see `settings.rs`.

use super::value::SettingValue;

/// One thing that can be set, as a constant of the part that reads it.
pub struct Setting<T> {
    pub(super) key: &'static str,
    pub(super) default: fn() -> T,
    help: &'static str,
    example: Option<&'static str>,
    secret: bool,
    pub(super) changes: Changes,
}

/// When a setting may be changed, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// At a start alone.
    AtStart,
    /// While running, by the platform's operators.
    Live,
    /// While running, and each project may choose for itself.
    PerProject,
}

/// What is known of a setting without its type.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// The dotted name, `audit.operational_days`.
    pub key: &'static str,
    /// What it may hold, in a word or two.
    pub kind: &'static str,
    /// The default as text, empty for a secret.
    pub default: String,
    /// A value to show in the example file.
    pub example: Option<&'static str>,
    /// What it is for, in one sentence.
    pub help: &'static str,
    /// Whether its value is hidden wherever it would be shown.
    pub secret: bool,
    /// When it may be changed, and by whom.
    pub changes: Changes,
    /// Whether a text is a value of its kind; if not, what it should have been.
    pub check: fn(&str) -> Result<(), String>,
}

impl<T: SettingValue> Setting<T> {
    /// A setting with its default; `key` is `name` or `service.name`.
    pub const fn new(key: &'static str, default: fn() -> T, help: &'static str) -> Self {
        Self { key, default, help, example: None, secret: false, changes: Changes::AtStart }
    }

    /// Hides its value wherever it would be shown.
    pub const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// Lets the registry change it while the service runs: whoever reads it asks anew each time.
    pub const fn live(self) -> Self {
        Self { changes: Changes::Live, ..self }
    }

    /// Live, and a project may have a value of its own: it is read with `Settings::get_for`.
    pub const fn per_project(self) -> Self {
        Self { changes: Changes::PerProject, ..self }
    }

    /// A value to show in the example file.
    pub const fn example(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }

    /// The setting without its type, for the list that the binary loads.
    pub fn declare(&self) -> Declaration {
        let secret = self.secret || T::SECRET;
        Declaration {
            key: self.key,
            kind: T::KIND,
            default: if secret { String::new() } else { (self.default)().show() },
            example: self.example,
            help: self.help,
            secret,
            changes: self.changes,
            check: |text| T::parse(text).map(drop),
        }
    }
}

impl Changes {
    /// Whether a value may be set while running, for one project or for all.
    pub fn allows(self, of_a_project: bool) -> bool {
        match self {
            Self::AtStart => false,
            Self::Live => !of_a_project,
            Self::PerProject => true,
        }
    }
}

impl Declaration {
    /// The environment variable that sets it, `STOA_AUDIT_OPERATIONAL_DAYS`.
    pub fn variable(&self) -> String {
        format!("STOA_{}", self.key.replace('.', "_").to_ascii_uppercase())
    }
}
