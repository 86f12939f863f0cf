//! What may be set in a service while it runs: by the platform's operators, or by a project for itself.

use kernel::config::{Changes, Declaration};
use kernel::service::Catalogue;

use super::names::ServiceName;

/// What one side may set in one service.
#[derive(Clone, Copy, Debug)]
pub struct Settable<'c> {
    declarations: &'c [Declaration],
    of_a_project: bool,
}

/// What stands for a value that nobody is shown.
const HIDDEN: &str = "***";

impl<'c> Settable<'c> {
    /// What may be set in this service, if there is such a service.
    pub fn of(catalogue: &'c Catalogue, service: &ServiceName, of_a_project: bool) -> Option<Self> {
        let (_, declarations) = catalogue.iter().find(|(name, _)| *name == service.as_str())?;
        Some(Self { declarations, of_a_project })
    }

    /// Every setting of it.
    pub fn each(self) -> impl Iterator<Item = &'c Declaration> {
        self.declarations.iter().filter(move |one| one.changes.allows(self.of_a_project))
    }

    /// One setting of it.
    pub fn find(self, key: &str) -> Option<&'c Declaration> {
        self.each().find(|one| one.key == key)
    }

    /// A stored value as people may see it. Of what is not known any more, nobody knows whether it was a secret.
    pub fn shown(self, key: &str, text: &str) -> String {
        let is_open = self.declarations.iter().any(|one| one.key == key && !one.secret);
        if is_open { text.to_owned() } else { HIDDEN.to_owned() }
    }

    /// Why a setting of this name is not one of them.
    pub(super) fn refusal(self, key: &str) -> &'static str {
        match self.declarations.iter().find(|one| one.key == key).map(|one| one.changes) {
            None => "is no setting of this service",
            Some(Changes::AtStart) => "can be set at a start only",
            Some(Changes::Live | Changes::PerProject) => "is not for a project to choose",
        }
    }
}
