//! Why somebody may do something or not, in sentences: what an administrator asks when a call was refused.

use contracts::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::api_key::{ApiKey, KeyState};
use super::grants::{Granted, Grants, covers};
use super::text::PermissionName;

/// What is known of a person in a project.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Whether they are a member that is let in; none when they are no member.
    pub member: Option<bool>,
    /// Whether they can sign in at all.
    pub enabled: bool,
    /// Their roles.
    pub grants: Grants,
}

/// Whether somebody may, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Explanation {
    /// Whether they may.
    pub allowed: bool,
    /// Why, in sentences.
    pub because: Vec<String>,
    /// What grants it.
    #[schema(nullable)]
    pub rule: Option<Rule>,
}

/// What grants something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rule {
    /// The role; null where it is a scope of the key itself.
    pub role: Option<String>,
    /// What it grants.
    pub grant: String,
}

/// Whether a person may do something in a project that has `roles`.
pub fn person(active: bool, standing: &Standing, roles: &[Granted], wanted: &PermissionName) -> Explanation {
    let mut against = closed(active);
    match standing.member {
        None => return no(vec!["the person is no member of this project".to_owned()]),
        Some(false) => against.push("the membership is switched off".to_owned()),
        Some(true) => {}
    }
    if !standing.enabled {
        against.push("the person's account is disabled".to_owned());
    }
    let Some((role, grant)) = standing.grants.covering(wanted.as_str()) else {
        let have = match standing.grants.roles().as_slice() {
            [] => "the person has no role".to_owned(),
            roles => format!("the person is {}", roles.join(", ")),
        };
        against.extend([have, nothing_grants(roles, wanted)]);
        return no(against);
    };
    let rule = Rule { role: Some(role.to_owned()), grant: grant.to_owned() };
    answer(against, format!("{role} grants {grant}"), rule)
}

/// Whether a program with a key may do something at a time.
pub fn program(active: bool, key: Option<&ApiKey>, wanted: &PermissionName, now: Timestamp) -> Explanation {
    let mut against = closed(active);
    let Some(key) = key else { return no(vec!["there is no such key in this project".to_owned()]) };
    match (key.state(now), key.revoked_at, key.expires_at) {
        (KeyState::Revoked, Some(at), _) => against.push(format!("the key was revoked at {at}")),
        (KeyState::Expired, _, Some(at)) => against.push(format!("the key ran out at {at}")),
        (KeyState::Revoked | KeyState::Expired | KeyState::Active | KeyState::Replaced, _, _) => {}
    }
    let Some(scope) = key.scopes.iter().find(|scope| covers(scope.as_str(), wanted.as_str())) else {
        against.push(format!("no scope of the key grants {wanted}"));
        return no(against);
    };
    let rule = Rule { role: None, grant: scope.as_str().to_owned() };
    answer(against, format!("the key's scope grants {scope}"), rule)
}

fn closed(active: bool) -> Vec<String> {
    if active { Vec::new() } else { vec!["the project is switched off".to_owned()] }
}

/// What grants it counts only where nothing stands against it; told it is in any case.
fn answer(mut against: Vec<String>, granted: String, rule: Rule) -> Explanation {
    let allowed = against.is_empty();
    against.push(granted);
    Explanation { allowed, because: against, rule: Some(rule) }
}

fn no(because: Vec<String>) -> Explanation {
    Explanation { allowed: false, because, rule: None }
}

fn nothing_grants(roles: &[Granted], wanted: &PermissionName) -> String {
    let would =
        roles.iter().filter(|role| role.permissions.iter().any(|grant| covers(grant, wanted.as_str())));
    let names: Vec<&str> = would.map(|role| role.role.as_str()).collect();
    match names.as_slice() {
        [] => format!("no role of the project grants {wanted}"),
        names => format!("no role of theirs grants {wanted}; {} would", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, permissions: &[&str]) -> Granted {
        Granted {
            role: name.to_owned(),
            permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn wanted(name: &str) -> PermissionName {
        PermissionName::try_from(name.to_owned()).unwrap()
    }

    fn support(member: Option<bool>) -> Standing {
        Standing { member, enabled: true, grants: Grants::new(vec![role("SUPPORT", &["tickets:*"])]) }
    }

    #[test]
    fn what_is_allowed_names_the_role_and_its_grant() {
        let told = person(true, &support(Some(true)), &[], &wanted("tickets:close"));
        assert!(told.allowed);
        assert_eq!(told.because, ["SUPPORT grants tickets:*"]);
        assert_eq!(told.rule, Some(Rule { role: Some("SUPPORT".into()), grant: "tickets:*".into() }));
    }

    #[test]
    fn what_is_refused_says_who_could() {
        let roles = [role("ADMIN", &["*"]), role("SUPPORT", &["tickets:*"]), role("operator", &["orders:*"])];
        let told = person(true, &support(Some(true)), &roles, &wanted("orders:write"));
        let because =
            ["the person is SUPPORT", "no role of theirs grants orders:write; ADMIN, operator would"];
        assert_eq!((told.allowed, told.rule), (false, None));
        assert_eq!(told.because, because);
        let nobody = person(true, &support(Some(true)), &roles[1..2], &wanted("orders:write"));
        assert_eq!(nobody.because[1], "no role of the project grants orders:write");
        let stranger = person(true, &support(None), &roles, &wanted("orders:write"));
        assert_eq!(stranger.because, ["the person is no member of this project"]);
    }

    #[test]
    fn whatever_stands_against_it_is_told_beside_what_grants_it() {
        let off = Standing { enabled: false, ..support(Some(false)) };
        let told = person(false, &off, &[], &wanted("tickets:close"));
        assert!(!told.allowed);
        let because = [
            "the project is switched off",
            "the membership is switched off",
            "the person's account is disabled",
            "SUPPORT grants tickets:*",
        ];
        assert_eq!(told.because, because);
    }
}
