//! The settings of this process: gathered from their four places, checked, and handed out typed.
//!
//! Reading the command line is the binary's business; it passes the flags it found. What the registry sets over
//! them while a service runs is in `live.rs`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use contracts::ProjectId;
use tokio::sync::watch;

use super::live::Live;
use super::problem::{self, ConfigError};
use super::setting::{Changes, Declaration, Setting};
use super::value::SettingValue;

/// Every declared setting with the value that won. Clones see the same changes.
#[derive(Clone)]
pub struct Settings {
    entries: Arc<BTreeMap<&'static str, Entry>>,
    live: Arc<Live>,
}

struct Entry {
    declaration: Declaration,
    /// What was set, already checked; none is the default.
    text: Option<String>,
    origin: Origin,
}

/// Where a setting's value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The settings file.
    File,
    /// A `STOA_*` variable.
    Environment,
    /// The command line.
    Flag,
    /// The registry, while running.
    Registry,
}

/// A setting as `stoa config` prints it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its dotted name.
    pub key: &'static str,
    /// Its value, hidden when secret.
    pub value: String,
    /// Where the value came from.
    pub origin: Origin,
    /// What it is for.
    pub help: &'static str,
}

/// Variables that begin so are read by tests and benches, not by us.
const IGNORED_VARIABLES: &[&str] = &["STOA_TEST_", "STOA_BENCH_"];

/// The `STOA_*` variables of this process.
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .filter(|(name, _)| name.starts_with("STOA_"))
        .collect()
}

impl Settings {
    /// Gathers and checks the settings; every problem is reported, not the first alone.
    pub fn load(
        declarations: Vec<Declaration>,
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let mut loading = Loading::new(declarations);
        if let Some(path) = file {
            loading.file(path);
        }
        loading.environment(env);
        for (key, text) in flags {
            loading.set(key, text.clone(), Origin::Flag, "the flags", &format!("--set {key}"));
        }
        if loading.problems.is_empty() {
            Ok(Self { entries: Arc::new(loading.entries), live: Arc::default() })
        } else {
            Err(ConfigError { problems: loading.problems })
        }
    }

    /// The value of a setting; one that was not declared has its default.
    pub fn get<T: SettingValue>(&self, setting: &Setting<T>) -> T {
        self.value(None, setting)
    }

    /// The value of a setting for one project: its own where it has one.
    pub fn get_for<T: SettingValue>(&self, project: ProjectId, setting: &Setting<T>) -> T {
        self.value(Some(project), setting)
    }

    fn value<T: SettingValue>(&self, project: Option<ProjectId>, setting: &Setting<T>) -> T {
        let live = match setting.changes {
            Changes::AtStart => None,
            Changes::Live => self.live.find(None, setting.key, |text| T::parse(text).ok()),
            Changes::PerProject => self.live.find(project, setting.key, |text| T::parse(text).ok()),
        };
        let text = || self.entries.get(setting.key).and_then(|entry| entry.text.as_deref());
        // A text was parsed once when it was taken, so the default stands in for an undeclared setting only.
        live.or_else(|| T::parse(text()?).ok()).unwrap_or_else(setting.default)
    }

    /// How often settings have been changed since the start.
    pub fn revision(&self) -> u64 {
        *self.live.changes().borrow()
    }

    /// Tells when a setting has been changed: its value is `revision`.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.live.changes()
    }

    /// The registry's revision of what holds for all projects; 0 as long as nothing was heard of it.
    pub fn heard_revision(&self) -> u64 {
        self.live.heard_revision()
    }

    /// The same settings for another service, which hears changes of its own.
    pub(crate) fn of_another(&self) -> Self {
        Self { entries: Arc::clone(&self.entries), live: Arc::default() }
    }

    /// What the registry has set.
    pub(super) fn live(&self) -> &Live {
        &self.live
    }

    /// The declaration of a setting that may be changed while running, in the scope of a project or of all.
    pub(super) fn changeable(&self, key: &str, of_a_project: bool) -> Option<&Declaration> {
        let declaration = &self.entries.get(key)?.declaration;
        declaration.changes.allows(of_a_project).then_some(declaration)
    }

    /// Every setting with its value and origin: common ones first, then each service's.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.entries.values().map(|entry| entry.row(&self.live)).collect();
        rows.sort_by_key(|row| row.key.contains('.'));
        rows
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.rows().into_iter().map(|row| (row.key, row.value))).finish()
    }
}

impl Entry {
    fn row(&self, live: &Live) -> Row {
        let declaration = &self.declaration;
        let set = live.find(None, declaration.key, |text| Some(text.to_owned()));
        let origin = if set.is_some() { Origin::Registry } else { self.origin };
        let text = set.unwrap_or_else(|| self.text.as_ref().unwrap_or(&declaration.default).clone());
        let hidden = declaration.secret && !text.is_empty();
        Row {
            key: declaration.key,
            value: if hidden { "***".to_owned() } else { text },
            origin,
            help: declaration.help,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "flag",
            Self::Registry => "registry",
        })
    }
}

/// Settings half gathered, with the problems met so far.
struct Loading {
    entries: BTreeMap<&'static str, Entry>,
    /// Variable name to key.
    variables: BTreeMap<String, &'static str>,
    problems: Vec<String>,
}

impl Loading {
    fn new(declarations: Vec<Declaration>) -> Self {
        let mut loading = Self { entries: BTreeMap::new(), variables: BTreeMap::new(), problems: Vec::new() };
        for declaration in declarations {
            let key = declaration.key;
            let variable = declaration.variable();
            // Several services may declare a setting that they share.
            match loading.variables.get(&variable) {
                Some(other) if *other != key => {
                    loading
                        .problems
                        .push(format!("settings `{other}` and `{key}` are both set by {variable}"));
                    continue;
                }
                _ => loading.variables.insert(variable, key),
            };
            loading.entries.insert(key, Entry { declaration, text: None, origin: Origin::Default });
        }
        loading
    }

    fn file(&mut self, path: &Path) {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.problems.push(format!("{} cannot be read: {error}", path.display())),
        };
        match text.parse::<toml::Table>() {
            Ok(table) => self.table("", table, &name),
            Err(error) => {
                // The error's own Display quotes the line, and the line may hold a secret.
                let start = error.span().map_or(0, |span| span.start).min(text.len());
                let line = 1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
                let reason = error.message().lines().next().unwrap_or_default();
                self.problems.push(format!("{name}, line {line}: {reason}"));
            }
        }
    }

    fn table(&mut self, prefix: &str, table: toml::Table, file: &str) {
        for (name, value) in table {
            let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            let text = match value {
                toml::Value::Table(inner) => {
                    self.table(&key, inner, file);
                    continue;
                }
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Float(number) => number.to_string(),
                toml::Value::Boolean(yes) => yes.to_string(),
                toml::Value::Datetime(time) => time.to_string(),
                toml::Value::Array(_) => {
                    self.problems.push(format!("{file}, `{key}`: a list stands where one value belongs"));
                    continue;
                }
            };
            self.set(&key, text, Origin::File, file, &format!("{file}, `{key}`"));
        }
    }

    fn environment(&mut self, env: impl IntoIterator<Item = (String, String)>) {
        for (name, text) in env {
            if !name.starts_with("STOA_") || IGNORED_VARIABLES.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            match self.variables.get(&name) {
                Some(key) => self.set(key, text, Origin::Environment, "the environment", &name),
                None => {
                    let known = self.variables.keys().map(String::as_str);
                    self.problems.push(problem::unknown(&name, "the environment", known));
                }
            }
        }
    }

    fn set(&mut self, key: &str, text: String, origin: Origin, source: &str, place: &str) {
        let Some(entry) = self.entries.get_mut(key) else {
            let known = self.entries.keys().copied();
            return self.problems.push(problem::unknown(key, source, known));
        };
        match (entry.declaration.check)(&text) {
            Ok(()) => (entry.text, entry.origin) = (Some(text), origin),
            Err(expected) => {
                self.problems.push(problem::wrong_value(place, &entry.declaration, &text, &expected));
            }
        }
    }
}
