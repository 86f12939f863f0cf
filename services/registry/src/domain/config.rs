//! What is set somewhere, and the revisions that led there.

use contracts::{ProjectId, Timestamp};

use super::change::{Change, Texts};
use super::names::{Environment, Remark, ServiceName};

/// Where something is set: each place counts its own revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// For which project; the platform's own stands for all of them.
    pub project: ProjectId,
    /// In which service.
    pub service: ServiceName,
    /// In which environment.
    pub environment: Environment,
}

/// All that is set at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// How often it was changed.
    pub revision: u64,
    /// When, the last time.
    pub changed_at: Option<Timestamp>,
    /// What is set.
    pub texts: Texts,
}

/// One change of a place, as people are shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Which one it was.
    pub revision: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// Who made it.
    pub made_by: String,
    /// Why.
    pub remark: Option<Remark>,
    /// The revision that it went back to.
    pub restores: Option<u64>,
    /// What it changed.
    pub changes: Vec<Change>,
}

impl Revision {
    /// How many revisions of a place can be gone back to.
    pub const KEPT_MAX: u64 = 1_000;
}

impl Place {
    /// What the revisions of this place are told under, in their order.
    pub fn key(&self) -> String {
        if self.project == super::platform() {
            format!("{}/{}", self.service, self.environment)
        } else {
            format!("{}/{}/{}", self.service, self.environment, self.project)
        }
    }
}
