//! The members of a project. What a person does with their own account stands under `/users/me`, in the other half.

use contracts::{RoleId, Timestamp, UserId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem, Query};
use kernel::store::{Page, PageQuery, Scope, Tx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{USERS_ERASE, USERS_READ, USERS_WRITE, project_of};
use crate::access::commands::members::{self as commands, Invitation};
use crate::access::queries::{self, Wanted};
use crate::access::store::members::{self as store, Member};
use crate::access::store::roles;
use crate::domain::contact::Email;
use crate::domain::role::{ROLES_MAX, Role};
use crate::domain::text::{RoleName, Title};
use crate::error::Error;

/// Somebody who is to belong to the project.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "dora@example.com", "name": "Dora Example", "roles": ["SUPPORT"]}))]
pub(super) struct InviteMember {
    /// Where mail reaches them.
    email: Email,
    /// What they are called.
    name: Option<Title>,
    /// The names of their roles: none that may do what you may not. That of newcomers when it is left out.
    #[serde(default)]
    #[schema(max_items = 100)]
    roles: Vec<RoleName>,
}

/// What is to be different about a member.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"active": false}))]
pub(super) struct ChangeMember {
    /// Whether the project lets them in.
    active: bool,
}

/// Which members are looked for, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedMembers {
    /// Those with this address.
    #[param(value_type = Option<String>, example = "ann@example.com")]
    email: Option<Email>,
    /// Those with the role of this name.
    #[param(value_type = Option<String>, example = "SUPPORT")]
    role: Option<RoleName>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A member of the project.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "usr_01jd3sa4k8qm7v2x9c5f0t6w1b", "email": "ann@example.com",
    "name": "Ann Example", "active": true, "joined_at": "2026-11-21T09:47:35.123Z", "roles": ["SUPPORT"]}))]
pub(super) struct MemberView {
    /// Who.
    id: UserId,
    /// Where mail reaches them; null once they were erased.
    email: Option<String>,
    /// What they are called.
    name: Option<String>,
    /// Whether the project lets them in.
    active: bool,
    /// Since when they are a member.
    joined_at: Timestamp,
    /// The names of their roles.
    roles: Vec<String>,
}

/// A role that a member has.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "rol_01jd3sa4k8qm7v2x9c5f0t6w1b", "name": "SUPPORT"}))]
pub(super) struct HeldRole {
    /// Which.
    id: RoleId,
    /// What the project calls it.
    name: RoleName,
}

/// The roles of a member.
#[derive(Serialize, ToSchema)]
pub(super) struct HeldRoles {
    /// By their names; a project has at most 100.
    data: Vec<HeldRole>,
}

/// Who was erased.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "usr_01jd3sa4k8qm7v2x9c5f0t6w1b", "erased": true}))]
pub(super) struct ErasedMember {
    /// Who.
    id: UserId,
    /// Nothing is left of them here but the id.
    erased: bool,
}

const OWN: &str = "looking after a project's members";

/// Makes somebody a member, and sends them a code to choose a password with.
#[utoipa::path(post, path = "/api/v1/users", tag = "members", request_body = InviteMember,
    responses((status = 201, description = "They are a member.", body = MemberView)))]
pub(super) async fn invite_member(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<InviteMember>,
) -> Answer<MemberView> {
    let project = project_of(&caller, USERS_WRITE)?;
    if body.roles.len() > ROLES_MAX as usize {
        return Err(Problem::field("roles", "has at most 100 entries"));
    }
    let InviteMember { email, name, roles } = body;
    let invitation = Invitation { email, name, roles };
    ctx.write(Scope::System(OWN), key, move |tx| {
        commands::invite(tx, &caller, project, &invitation).map(MemberView::from)
    })
    .await
    .created()
}

/// Lists the members of the project.
#[utoipa::path(get, path = "/api/v1/users", tag = "members", params(WantedMembers),
    responses((status = 200, description = "A page of members.", body = Page<MemberView>)))]
pub(super) async fn list_members(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedMembers>,
) -> Answer<Page<MemberView>> {
    let project = project_of(&caller, USERS_READ)?;
    let WantedMembers { email, role, limit, cursor } = wanted;
    let page = PageQuery { limit, cursor };
    let (limit, after) = (page.limit()?, page.after()?);
    let wanted = Wanted { email, role };
    let query = move |tx: &mut Tx<'_>| queries::members(tx, project, &wanted, after, limit + 1);
    let rows = ctx.read(Scope::System(OWN), query).await;
    rows.map(|rows| Page::of(rows, limit, |member| member.id).map(MemberView::from)).answered()
}

/// Shows a member.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "members", params(("id" = UserId, Path)),
    responses((status = 200, description = "The member.", body = MemberView)))]
pub(super) async fn get_member(ctx: Ctx, caller: Caller, Path(id): Path<UserId>) -> Answer<MemberView> {
    let project = project_of(&caller, USERS_READ)?;
    let query = move |tx: &mut Tx<'_>| store::member(tx, project, id)?.ok_or(Error::NoSuch("member"));
    ctx.read(Scope::System(OWN), query).await.map(MemberView::from).answered()
}

/// Lets a member in again, or no longer; in the latter case their sessions are over.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "members", request_body = ChangeMember,
    params(("id" = UserId, Path)),
    responses((status = 200, description = "How they stand now.", body = MemberView)))]
pub(super) async fn change_member(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<UserId>,
    Json(body): Json<ChangeMember>,
) -> Answer<MemberView> {
    let project = project_of(&caller, USERS_WRITE)?;
    ctx.write(Scope::System(OWN), key, move |tx| {
        commands::set_active(tx, &caller, project, id, body.active).map(MemberView::from)
    })
    .await
    .answered()
}

/// Lists the roles of a member.
#[utoipa::path(get, path = "/api/v1/users/{id}/roles", tag = "members", params(("id" = UserId, Path)),
    responses((status = 200, description = "Their roles.", body = HeldRoles)))]
pub(super) async fn list_member_roles(ctx: Ctx, caller: Caller, Path(id): Path<UserId>) -> Answer<HeldRoles> {
    let project = project_of(&caller, USERS_READ)?;
    let query = move |tx: &mut Tx<'_>| {
        store::is_active(tx, project, id)?.ok_or(Error::NoSuch("member"))?;
        Ok::<_, Error>(roles::roles_of(tx, project, id)?)
    };
    ctx.read(Scope::Project(project), query).await.map(HeldRoles::from).answered()
}

/// Gives a member a role. Twice is once.
#[utoipa::path(put, path = "/api/v1/users/{id}/roles/{role_id}", tag = "members",
    params(("id" = UserId, Path), ("role_id" = RoleId, Path)),
    responses((status = 200, description = "Their roles now.", body = HeldRoles)))]
pub(super) async fn grant_role(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path((id, role)): Path<(UserId, RoleId)>,
) -> Answer<HeldRoles> {
    let project = project_of(&caller, USERS_WRITE)?;
    ctx.write(Scope::Project(project), key, move |tx| {
        commands::grant(tx, &caller, project, id, role).map(HeldRoles::from)
    })
    .await
    .answered()
}

/// Takes a role from a member; not from the last who may do everything.
#[utoipa::path(delete, path = "/api/v1/users/{id}/roles/{role_id}", tag = "members",
    params(("id" = UserId, Path), ("role_id" = RoleId, Path)),
    responses((status = 200, description = "Their roles now.", body = HeldRoles)))]
pub(super) async fn revoke_role(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path((id, role)): Path<(UserId, RoleId)>,
) -> Answer<HeldRoles> {
    let project = project_of(&caller, USERS_WRITE)?;
    ctx.write(Scope::Project(project), key, move |tx| {
        commands::revoke(tx, &caller, project, id, role).map(HeldRoles::from)
    })
    .await
    .answered()
}

/// Erases a person who belongs to this project alone: what is left is an id that nobody knows.
#[utoipa::path(post, path = "/api/v1/users/{id}/erase", tag = "members", params(("id" = UserId, Path)),
    responses((status = 200, description = "They are erased.", body = ErasedMember)))]
pub(super) async fn erase_member(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<UserId>,
) -> Answer<ErasedMember> {
    let project = project_of(&caller, USERS_ERASE)?;
    ctx.write(Scope::System(OWN), key, move |tx| {
        commands::erase(tx, &caller, project, id).map(|()| ErasedMember { id, erased: true })
    })
    .await
    .answered()
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        let roles = member.roles().into_iter().map(str::to_owned).collect();
        let Member { id, email, name, active, joined_at, .. } = member;
        Self { id, email, name, active, joined_at, roles }
    }
}

impl From<Vec<Role>> for HeldRoles {
    fn from(roles: Vec<Role>) -> Self {
        Self { data: roles.into_iter().map(|role| HeldRole { id: role.id, name: role.name }).collect() }
    }
}
