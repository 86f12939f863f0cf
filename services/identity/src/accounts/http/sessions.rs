//! The caller's sessions.

use contracts::{ProjectId, SessionId, Timestamp};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Path, Query};
use kernel::store::{Page, PageQuery};
use serde::Serialize;
use utoipa::ToSchema;

use super::OWN_ACCOUNT;
use super::answers::Done;
use crate::accounts::commands::{Visitor, sessions as commands};
use crate::accounts::store::sessions::{self as store, Session};
use crate::domain::text::Title;
use crate::error::Error;

/// One sign-in on one device.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionView {
    /// Which.
    id: SessionId,
    /// The project that it acts for; none for the platform itself.
    project: Option<ProjectId>,
    /// What the person calls the device.
    device: Option<Title>,
    /// Where it began.
    #[schema(example = "192.0.2.7")]
    address: Option<String>,
    /// What proved who they are: `pwd`, `otp`.
    methods: Vec<String>,
    /// When it began.
    created_at: Timestamp,
    /// When it was last refreshed.
    seen_at: Timestamp,
    /// When it ends, however often it is refreshed.
    expires_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

/// Lists the caller's sessions, oldest first.
#[utoipa::path(get, path = "/api/v1/users/me/sessions", tag = "me", params(PageQuery),
    responses((status = 200, description = "A page of sessions.", body = Page<SessionView>)))]
pub(super) async fn list_own_sessions(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<SessionView>> {
    let visitor = Visitor::of(&caller)?;
    let (limit, after) = (page.limit()?, page.after()?);
    let rows = ctx.read(OWN_ACCOUNT, move |tx| {
        visitor.present(tx)?;
        Ok::<_, Error>(store::live_sessions(tx, visitor.user, after, limit + 1)?)
    });
    let page = Page::of(rows.await?, limit, |session| session.id);
    Ok(page.map(|session| SessionView::of(session, visitor.session))).answered()
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/api/v1/users/me/sessions/{id}", tag = "me", params(("id" = SessionId, Path)),
    responses((status = 200, description = "It is over.", body = Done)))]
pub(super) async fn end_own_session(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<SessionId>,
) -> Answer<Done> {
    let visitor = Visitor::of(&caller)?;
    ctx.write(OWN_ACCOUNT, key, move |tx| {
        commands::revoke(tx, visitor, id).map(|()| Done { status: "ended" })
    })
    .await
    .answered()
}

/// Ends all other sessions of the caller.
#[utoipa::path(delete, path = "/api/v1/users/me/sessions", tag = "me",
    responses((status = 200, description = "This one alone goes on.", body = Done)))]
pub(super) async fn end_other_sessions(ctx: Ctx, caller: Caller, key: IdempotencyKey) -> Answer<Done> {
    let visitor = Visitor::of(&caller)?;
    ctx.write(OWN_ACCOUNT, key, move |tx| {
        commands::revoke_others(tx, visitor).map(|()| Done { status: "ended" })
    })
    .await
    .answered()
}

impl SessionView {
    fn of(session: Session, current: Option<SessionId>) -> Self {
        Self {
            current: current == Some(session.id),
            id: session.id,
            project: session.acts_for,
            device: session.device,
            address: session.address,
            methods: session.methods.split(' ').map(str::to_owned).collect(),
            created_at: session.created_at,
            seen_at: session.seen_at,
            expires_at: session.expires_at,
        }
    }
}
