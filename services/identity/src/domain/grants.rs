//! What a person may do in a project: the union of what their roles grant.

use serde::{Deserialize, Serialize};

/// The roles that somebody has in a project, with what each grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(Vec<Granted>);

/// One role of somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The name of the role.
    pub role: String,
    /// What it grants.
    pub permissions: Vec<String>,
}

impl Grants {
    /// The grants of these roles.
    pub fn new(mut granted: Vec<Granted>) -> Self {
        granted.sort_by(|a, b| a.role.cmp(&b.role));
        Self(granted)
    }

    /// The names of the roles.
    pub fn roles(&self) -> Vec<String> {
        self.0.iter().map(|granted| granted.role.clone()).collect()
    }

    /// All permissions, each once.
    pub fn permissions(&self) -> Vec<String> {
        let mut all: Vec<String> = self.0.iter().flat_map(|granted| granted.permissions.clone()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The role and the grant of it that covers a permission, if there is one.
    pub fn covering(&self, permission: &str) -> Option<(&str, &str)> {
        self.0.iter().find_map(|granted| {
            let grant = granted.permissions.iter().find(|grant| covers(grant, permission))?;
            Some((granted.role.as_str(), grant.as_str()))
        })
    }
}

/// Whether a grant covers a permission: its name, `orders:*`, or `*`.
pub fn covers(grant: &str, permission: &str) -> bool {
    match grant.strip_suffix('*') {
        Some(prefix) => (prefix.is_empty() || prefix.ends_with(':')) && permission.starts_with(prefix),
        None => grant == permission,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_roles_grant_is_counted_once_and_each_grant_is_traced_to_its_role() {
        let role = |role: &str, permissions: &[&str]| Granted {
            role: role.to_owned(),
            permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
        };
        let grants = Grants::new(vec![
            role("SUPPORT", &["users:read", "tickets:*"]),
            role("AUDITOR", &["users:read"]),
        ]);
        assert_eq!(grants.roles(), ["AUDITOR", "SUPPORT"]);
        assert_eq!(grants.permissions(), ["tickets:*", "users:read"]);
        assert_eq!(grants.covering("tickets:close"), Some(("SUPPORT", "tickets:*")));
        assert_eq!(grants.covering("orders:read"), None);
    }
}
