//! The caller: who it is, and the questions that a handler asks before it acts.
//!
//! The project is private on purpose: a handler that has not asked for a permission cannot name a scope.

use std::fmt;

use contracts::{ApiKeyId, ProjectId, SessionId, Timestamp, UserId};

use super::token::{Claims, Kind};
use crate::store::Scope;

/// One thing that a caller may do, named like `orders:write`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission(&'static str);

/// The permissions that a caller was granted; `orders:*` grants all of orders, `*` everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions(Box<[Box<str>]>);

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A person.
    User(UserId),
    /// A program of a customer, with an API key.
    Key(ApiKeyId),
    /// A service of the platform, by its name.
    Service(String),
}

/// Someone whose token or key has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who it is.
    pub who: Who,
    /// The session that the token belongs to.
    pub session: Option<SessionId>,
    /// When the proof of who it is runs out.
    pub expires_at: Timestamp,
    project: Option<ProjectId>,
    permissions: Permissions,
}

/// Why a caller may not do what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The permission is not among the granted ones.
    #[error("this needs the permission {0}")]
    Permission(&'static str),
    /// The caller acts for no project.
    #[error("this needs a caller that belongs to a project")]
    NoProject,
    /// The caller acts for one project and asked for something of the whole platform.
    #[error("this is for the platform's own operators")]
    NotOperator,
    /// The caller is a program.
    #[error("this needs a signed-in person")]
    NotAUser,
    /// The thing belongs to someone else.
    #[error("this belongs to someone else")]
    NotYours,
}

impl Permission {
    /// Names a permission; by convention `<what>:<verb>`.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Permissions {
    /// A set of grants, in any order.
    pub fn new<S: Into<Box<str>>>(grants: impl IntoIterator<Item = S>) -> Self {
        let mut grants: Vec<Box<str>> = grants.into_iter().map(Into::into).collect();
        grants.sort_unstable();
        grants.dedup();
        Self(grants.into_boxed_slice())
    }

    /// Whether one of the grants covers `wanted`.
    pub fn allow(&self, wanted: Permission) -> bool {
        self.0.iter().any(|grant| match grant.strip_suffix('*') {
            // The colon stays in the prefix, so `order:*` does not cover `orders:write`.
            Some(prefix) => (prefix.is_empty() || prefix.ends_with(':')) && wanted.0.starts_with(prefix),
            None => **grant == *wanted.0,
        })
    }

    /// The grants, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|grant| &**grant)
    }
}

impl Caller {
    /// A caller that has been verified by other means than a token: an API key, or a test.
    pub fn new(
        who: Who,
        project: Option<ProjectId>,
        permissions: Permissions,
        expires_at: Timestamp,
    ) -> Self {
        Self { who, session: None, expires_at, project, permissions }
    }

    /// Says which session the caller came from.
    pub fn in_session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    /// The caller's project, if it holds the permission.
    pub fn require(&self, permission: Permission) -> Result<Scope, Denied> {
        self.hold(permission)?;
        self.project.map(Scope::Project).ok_or(Denied::NoProject)
    }

    /// The whole platform, if the caller holds the permission and is bound to no project; `reason` is audited.
    pub fn require_system(&self, permission: Permission, reason: &'static str) -> Result<Scope, Denied> {
        self.hold(permission)?;
        match self.project {
            // A project's own administrator may hold `*`; that never reaches beyond the project.
            Some(_) => Err(Denied::NotOperator),
            None => Ok(Scope::System(reason)),
        }
    }

    /// The person who calls.
    pub fn user(&self) -> Result<UserId, Denied> {
        match self.who {
            Who::User(user) => Ok(user),
            Who::Key(_) | Who::Service(_) => Err(Denied::NotAUser),
        }
    }

    /// Own resources only, unless the caller holds the wider permission `or`.
    pub fn own(&self, owner: UserId, or: Permission) -> Result<(), Denied> {
        if self.who == Who::User(owner) || self.permissions.allow(or) {
            return Ok(());
        }
        Err(Denied::NotYours)
    }

    /// Whether the caller holds all that `grant` grants: nobody gives away what they do not have.
    pub fn covers(&self, grant: &str) -> bool {
        self.permissions.iter().any(|held| match held.strip_suffix('*') {
            Some(prefix) => (prefix.is_empty() || prefix.ends_with(':')) && grant.starts_with(prefix),
            None => held == grant,
        })
    }

    /// A short stable name for the audit trail and idempotency: `user:usr_…`.
    pub fn name(&self) -> String {
        match &self.who {
            Who::User(user) => format!("user:{user}"),
            Who::Key(key) => format!("key:{key}"),
            Who::Service(name) => format!("service:{name}"),
        }
    }

    /// The same caller as claims for another audience; they never outlive the caller's own proof.
    pub fn hand_on(&self, issuer: &str, audience: &str, now: Timestamp, lifetime_s: i64) -> Claims {
        let (kind, sub) = match &self.who {
            Who::User(user) => (Kind::User, user.to_string()),
            Who::Key(key) => (Kind::Key, key.to_string()),
            Who::Service(name) => (Kind::Service, name.clone()),
        };
        let now_s = now.as_micros().div_euclid(1_000_000);
        let own_exp = self.expires_at.as_micros().div_euclid(1_000_000);
        Claims {
            iss: issuer.to_owned(),
            aud: vec![audience.to_owned()],
            sub,
            kind,
            project: self.project,
            perms: self.permissions.iter().map(str::to_owned).collect(),
            sid: self.session,
            iat: now_s,
            nbf: None,
            exp: now_s.saturating_add(lifetime_s).min(own_exp),
            user_id: None,
            project_ids: Vec::new(),
            roles: Vec::new(),
            jti: None,
        }
    }

    /// The project that the caller acts for: for doors, which count and compare. Handlers use `require`.
    pub fn project(&self) -> Option<ProjectId> {
        self.project
    }

    fn hold(&self, permission: Permission) -> Result<(), Denied> {
        if self.permissions.allow(permission) {
            return Ok(());
        }
        Err(Denied::Permission(permission.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::Id;

    const WRITE: Permission = Permission::new("orders:write");
    const LATER: Timestamp = Timestamp::from_micros(2_000_000_000_000_000);

    fn person(number: u128, project: Option<u128>, grants: &[&str]) -> Caller {
        let who = Who::User(UserId::from_u128(number));
        Caller::new(who, project.map(ProjectId::from_u128), Permissions::new(grants.iter().copied()), LATER)
    }

    #[test]
    fn a_grant_covers_its_name_its_service_or_everything_and_nothing_else() {
        for (grant, covers) in [
            ("orders:write", true),
            ("orders:*", true),
            ("*", true),
            ("orders:read", false),
            ("order:*", false),
            ("ord*", false),
            ("orders", false),
            ("orders:write:all", false),
            ("", false),
        ] {
            assert_eq!(Permissions::new([grant]).allow(WRITE), covers, "{grant}");
        }
        assert!(!Permissions::default().allow(WRITE));
    }

    #[test]
    fn only_a_permitted_caller_learns_its_project() {
        let project = ProjectId::from_u128(7);
        assert!(
            matches!(person(1, Some(7), &["orders:*"]).require(WRITE), Ok(Scope::Project(p)) if p == project)
        );
        assert_eq!(
            person(1, Some(7), &["*:read"]).require(WRITE).err(),
            Some(Denied::Permission("orders:write"))
        );
        assert_eq!(person(1, None, &["*"]).require(WRITE).err(), Some(Denied::NoProject));
    }

    #[test]
    fn a_project_administrator_never_reaches_the_platform() {
        assert_eq!(
            person(1, Some(7), &["*"]).require_system(WRITE, "relay").err(),
            Some(Denied::NotOperator)
        );
        assert!(matches!(person(1, None, &["*"]).require_system(WRITE, "relay"), Ok(Scope::System("relay"))));
        assert_eq!(
            person(1, None, &[]).require_system(WRITE, "relay").err(),
            Some(Denied::Permission("orders:write"))
        );
    }

    #[test]
    fn a_user_touches_only_what_is_theirs_unless_a_wider_permission_says_so() {
        let (ann, ben) = (UserId::from_u128(1), UserId::from_u128(2));
        assert_eq!(person(1, Some(7), &[]).own(ann, WRITE), Ok(()));
        assert_eq!(person(1, Some(7), &[]).own(ben, WRITE), Err(Denied::NotYours));
        assert_eq!(person(1, Some(7), &["orders:write"]).own(ben, WRITE), Ok(()));
    }

    #[test]
    fn nobody_gives_away_what_they_do_not_have() {
        for (held, grant, may) in [
            ("orders:*", "orders:write", true),
            ("orders:*", "orders:*", true),
            ("*", "*", true),
            ("orders:write", "orders:*", false),
            ("orders:*", "*", false),
            ("orders:*", "plans:read", false),
        ] {
            assert_eq!(person(1, Some(7), &[held]).covers(grant), may, "{held} {grant}");
        }
    }

    #[test]
    fn a_program_is_not_a_person() {
        let key = ApiKeyId::from_u128(3);
        let caller = Caller::new(Who::Key(key), None, Permissions::default(), LATER);
        assert_eq!(caller.user(), Err(Denied::NotAUser));
        assert_eq!(caller.own(UserId::from_u128(3), WRITE), Err(Denied::NotYours));
        assert_eq!(caller.name(), format!("key:{key}"));
    }

    #[test]
    fn a_caller_handed_on_never_outlives_its_own_proof() {
        let now = Timestamp::from_micros(LATER.as_micros() - 20_000_000);
        let claims = person(1, Some(7), &["orders:read", "b:c"]).hand_on("gateway", "orders", now, 60);
        assert_eq!(claims.exp - claims.iat, 20);
        assert_eq!(claims.perms, ["b:c", "orders:read"]);
    }
}
