//! Where somebody wants to act, and what they are there.

use contracts::{ProjectId, UserId};
use kernel::store::Tx;

use crate::accounts::store::standing::{self as store, House};
use crate::domain::code::Acting;
use crate::domain::grants::{Granted, Grants};
use crate::domain::project::{Otp, ProjectSettings};
use crate::domain::text::Slug;
use crate::error::Error;

/// What somebody is where they act.
pub struct Standing {
    /// The project; none for the platform itself.
    pub project: Option<ProjectId>,
    /// How people come in there.
    pub settings: ProjectSettings,
    /// What they may do there.
    pub grants: Grants,
    /// All projects that let them in.
    pub projects: Vec<ProjectId>,
}

/// What those who run the platform name in place of a project.
pub const PLATFORM: &str = "platform";

/// Those who run the platform sign in each day.
const OPERATOR_HOURS: u32 = 12;
/// The name under which what an operator may do is told.
const OPERATOR: &str = "OPERATOR";

/// The project that a text names by id or slug.
pub fn named(tx: &mut Tx<'_>, name: &str) -> Result<Option<House>, Error> {
    Ok(match name.parse() {
        Ok(id) => store::house(tx, id)?,
        Err(_) => match Slug::try_from(name.to_owned()) {
            Ok(slug) => store::house_by_slug(tx, &slug)?,
            Err(_) => None,
        },
    })
}

/// The project that a text names, else the usual one, else the only one that lets people in.
pub fn named_or_usual(
    tx: &mut Tx<'_>,
    name: Option<&str>,
    usual: Option<&str>,
) -> Result<Option<House>, Error> {
    if let Some(name) = name.or(usual) {
        return named(tx, name);
    }
    let mut open = store::two_open_houses(tx)?;
    Ok(if open.len() == 1 { open.pop() } else { None })
}

/// Where somebody wants to act who may not have said it; `user` is tried for a project of their own.
pub fn acting(
    tx: &mut Tx<'_>,
    name: Option<&str>,
    usual: Option<&str>,
    user: Option<UserId>,
) -> Result<Option<Acting>, Error> {
    if name == Some(PLATFORM) {
        return Ok(Some(Acting::Platform));
    }
    if let Some(house) = named_or_usual(tx, name, usual)? {
        return Ok(Some(Acting::Project(house.id)));
    }
    match (name, user) {
        (None, Some(user)) => Ok(first_project(tx, user)?.map(Acting::Project)),
        (None | Some(_), _) => Ok(None),
    }
}

/// The first project that lets somebody in.
pub fn first_project(tx: &mut Tx<'_>, user: UserId) -> Result<Option<ProjectId>, Error> {
    Ok(store::projects_of(tx, user)?.first().copied())
}

/// What somebody is where they want to act; none where they are not let in.
pub fn standing(tx: &mut Tx<'_>, user: UserId, acting: Acting) -> Result<Option<Standing>, Error> {
    let projects = store::projects_of(tx, user)?;
    match acting {
        Acting::Platform => {
            let Some(permissions) = store::operator_permissions(tx, user)? else { return Ok(None) };
            let grants = Grants::new(vec![Granted { role: OPERATOR.to_owned(), permissions }]);
            Ok(Some(Standing { project: None, settings: of_the_platform(), grants, projects }))
        }
        Acting::Project(project) => {
            let Some(house) = store::house(tx, project)?.filter(|house| house.active) else {
                return Ok(None);
            };
            if !store::is_member(tx, project, user)? {
                return Ok(None);
            }
            let grants = store::grants_of(tx, user, project)?;
            Ok(Some(Standing { project: Some(project), settings: house.settings.0, grants, projects }))
        }
    }
}

/// How those who run the platform come in.
fn of_the_platform() -> ProjectSettings {
    ProjectSettings { otp: Otp::Optional, session_hours: OPERATOR_HOURS, ..ProjectSettings::default() }
}
