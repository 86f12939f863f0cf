//! How the platform itself is set up: what the registry tells every service, and where instances are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Event;

/// The settings of one service, all that are set: whoever hears it needs no earlier one.
///
/// The project is that of the envelope; without one it is for all projects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigPublished {
    /// For which service.
    pub service: String,
    /// For which environment.
    pub environment: String,
    /// Rises with every change of this service, environment and project.
    pub revision: u64,
    /// Values as text by the setting's name; secret ones are sealed.
    pub values: BTreeMap<String, String>,
}

/// An instance of a service came, is about to go, or has gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceChanged {
    /// An instance of which service.
    pub service: String,
    /// Which instance.
    pub instance: String,
    /// Where it answers: `http://10.0.0.7:8091`.
    pub address: String,
    /// Whether it can be called.
    pub state: InstanceState,
    /// In which environment; earlier releases did not say.
    #[serde(default)]
    pub environment: Option<String>,
}

/// Whether an instance can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstanceState {
    /// It answers.
    Up,
    /// It ends what it has begun and takes nothing new.
    Draining,
    /// It is gone.
    Down,
}

impl Event for ConfigPublished {
    const TYPE: &'static str = "config.published";
    const SENSITIVE: &'static [&'static str] = &["values"];
}

impl Event for InstanceChanged {
    const TYPE: &'static str = "instance.changed";
}
