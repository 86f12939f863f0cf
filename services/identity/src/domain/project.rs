//! A project, and how it wants its people to come in. A blueprint gives the first values; its administrators change
//! them.

use std::net::{IpAddr, Ipv6Addr};

use contracts::events::access::ProjectFacts;
use contracts::{OrganisationId, ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::blueprint::Blueprint;
use super::text::{Slug, Title};

/// One tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Which.
    pub id: ProjectId,
    /// Whose.
    pub organisation_id: OrganisationId,
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name for people.
    pub name: Title,
    /// The system that it was set up as.
    pub blueprint: Blueprint,
    /// How its people come in.
    pub settings: ProjectSettings,
    /// Whether its callers are let in.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Which state of it this is.
    pub version: u64,
}

/// The settings of a project that identity keeps to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectSettings {
    /// Whether a password alone lets somebody in.
    #[serde(rename = "auth.otp")]
    pub otp: Otp,
    /// Whether refresh tokens are given out.
    #[serde(rename = "auth.refresh")]
    pub refresh: bool,
    /// Whether an address must be verified before its owner can sign in. Without it, somebody who registers an
    /// address and tries to sign in with it learns whether it was free.
    #[serde(rename = "auth.verify_email")]
    pub verify_email: bool,
    /// Whether strangers may register.
    #[serde(rename = "auth.registration")]
    pub registration: bool,
    /// The role that new people get.
    #[serde(rename = "auth.default_role")]
    pub default_role: String,
    /// How long a session lasts at most, in hours.
    #[serde(rename = "auth.session_hours")]
    #[schema(minimum = 1, maximum = 8760)]
    pub session_hours: u32,
    /// The web origins whose pages may call: `https://shop.example.com`.
    #[serde(rename = "cors.origins")]
    #[schema(max_items = 50)]
    pub cors_origins: Vec<String>,
    /// The addresses and networks from which administrators may call; all when empty.
    #[serde(rename = "admin.addresses")]
    #[schema(max_items = 100)]
    pub admin_addresses: Vec<String>,
}

/// Whether a code is asked for beside the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Otp {
    /// Never.
    Off,
    /// Of those who have set up an authenticator.
    Optional,
    /// Always: by authenticator, mail or message.
    Required,
}

/// A setting that cannot be kept to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadSetting {
    /// Which, as a field of the input.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl Project {
    /// What others need to know of it.
    pub fn facts(&self) -> ProjectFacts {
        ProjectFacts {
            project_id: self.id,
            organisation_id: self.organisation_id,
            slug: self.slug.to_string(),
            name: self.name.to_string(),
            blueprint: self.blueprint.as_str().to_owned(),
            active: self.active,
            cors_origins: self.settings.cors_origins.clone(),
            admin_addresses: self.settings.admin_addresses.clone(),
        }
    }
}

const SESSION_HOURS_MAX: u32 = 8_760;
const ORIGINS_MAX: usize = 50;
const ADDRESSES_MAX: usize = 100;

impl ProjectSettings {
    /// The same, if a project with these roles can keep to them; lists without what stands in them twice.
    pub fn checked(mut self, roles: &[&str]) -> Result<Self, BadSetting> {
        let refused = |field, message: String| Err(BadSetting { field, message });
        if !roles.contains(&self.default_role.as_str()) {
            return refused("settings.auth.default_role", "is no role of this project".to_owned());
        }
        if !(1..=SESSION_HOURS_MAX).contains(&self.session_hours) {
            return refused("settings.auth.session_hours", "is a number from 1 to 8760".to_owned());
        }
        if self.cors_origins.len() > ORIGINS_MAX {
            return refused("settings.cors.origins", format!("has at most {ORIGINS_MAX} entries"));
        }
        if self.admin_addresses.len() > ADDRESSES_MAX {
            return refused("settings.admin.addresses", format!("has at most {ADDRESSES_MAX} entries"));
        }
        if let Some(wrong) = self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            let message = format!("`{}` is no origin like https://shop.example.com", shown(wrong));
            return refused("settings.cors.origins", message);
        }
        if let Some(wrong) = self.admin_addresses.iter().find(|address| !is_network(address)) {
            let message = format!("`{}` is no address like 192.0.2.7 or 192.0.2.0/24", shown(wrong));
            return refused("settings.admin.addresses", message);
        }
        for list in [&mut self.cors_origins, &mut self.admin_addresses] {
            let mut seen = std::collections::HashSet::new();
            list.retain(|entry| seen.insert(entry.clone()));
        }
        Ok(self)
    }
}

/// As much of a wrong entry as helps to find it.
fn shown(wrong: &str) -> String {
    wrong.chars().filter(|letter| !letter.is_control()).take(100).collect()
}

/// Whether a browser would call a page's origin so: `scheme://host[:port]` in lower case, without the scheme's own
/// port.
fn is_origin(text: &str) -> bool {
    let (rest, own_port) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, 443),
        (None, Some(rest)) => (rest, 80),
        (None, None) => return false,
    };
    if let Some(rest) = rest.strip_prefix('[') {
        let Some((host, port)) = rest.split_once(']') else { return false };
        let canonical = host.parse::<Ipv6Addr>().is_ok_and(|address| address.to_string() == host);
        return canonical
            && (port.is_empty() || port.strip_prefix(':').is_some_and(|port| is_port(port, own_port)));
    }
    match rest.split_once(':') {
        Some((host, port)) => is_host(host) && is_port(port, own_port),
        None => is_host(rest),
    }
}

fn is_port(text: &str, own_port: u16) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0 && port != own_port && port.to_string() == text)
}

fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// An address, or a network as `address/bits`.
fn is_network(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return text.parse::<IpAddr>().is_ok() };
    let bits_max = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|count| count <= bits_max && count.to_string() == bits)
}

impl Default for ProjectSettings {
    fn default() -> Self {
        Self {
            otp: Otp::Optional,
            refresh: true,
            verify_email: true,
            registration: true,
            default_role: "USER".to_owned(),
            session_hours: 24 * 30,
            cors_origins: Vec::new(),
            admin_addresses: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for good in [
            "https://shop.example.com",
            "http://localhost:3000",
            "https://192.0.2.7:8443",
            "http://[2001:db8::1]:8080",
            "https://[::1]",
            "https://xn--bcher-kva.example",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "null",
            "shop.example.com",
            "ftp://shop.example.com",
            "https://",
            "https://shop.example.com/",
            "https://Shop.example.com",
            "https://shop.example.com:443",
            "http://shop.example.com:80",
            "https://shop.example.com:0",
            "https://shop.example.com:08",
            "https://shop.example.com:70000",
            "https://user@shop.example.com",
            "https://*.example.com",
            "https://shop..com",
            "https://-shop.com",
            "https://[::1",
            "https://[2001:DB8::1]",
            "https://[::1]8080",
            "https://a b.com",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn an_administrators_address_is_an_address_or_a_network() {
        for good in ["192.0.2.7", "192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "::1/128"] {
            assert!(is_network(good), "{good}");
        }
        for bad in [
            "",
            "192.0.2",
            "192.0.2.0/33",
            "192.0.2.0/",
            "192.0.2.0/+8",
            "192.0.2.0/08",
            "::/129",
            "host",
            "/8",
        ] {
            assert!(!is_network(bad), "{bad}");
        }
    }

    #[test]
    fn settings_that_cannot_be_kept_to_are_refused_by_their_field() {
        let good = ProjectSettings::default();
        let cases = [
            (
                ProjectSettings { default_role: "boss".to_owned(), ..good.clone() },
                "settings.auth.default_role",
            ),
            (ProjectSettings { session_hours: 0, ..good.clone() }, "settings.auth.session_hours"),
            (ProjectSettings { session_hours: 8_761, ..good.clone() }, "settings.auth.session_hours"),
            (ProjectSettings { cors_origins: vec!["*".to_owned()], ..good.clone() }, "settings.cors.origins"),
            (
                ProjectSettings { cors_origins: vec!["https://a.b".to_owned(); 51], ..good.clone() },
                "settings.cors.origins",
            ),
            (
                ProjectSettings { admin_addresses: vec!["x".to_owned()], ..good.clone() },
                "settings.admin.addresses",
            ),
        ];
        for (settings, field) in cases {
            assert_eq!(settings.checked(&["USER"]).unwrap_err().field, field);
        }
        let twice = ProjectSettings { cors_origins: vec!["https://a.b".to_owned(); 2], ..good };
        assert_eq!(twice.checked(&["USER"]).unwrap().cors_origins, ["https://a.b"]);
    }

    proptest! {
        #[test]
        fn any_text_is_an_origin_or_not(text: String) {
            let _ = is_origin(&text);
            let _ = is_network(&text);
            let _ = is_origin(&format!("https://{text}"));
        }
    }
}
