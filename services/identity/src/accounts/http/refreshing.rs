//! Refreshing a session, and leaving it. A token that comes in a cookie needs the proof that a page of ours sent it.

use axum::Extension;
use http::HeaderMap;
use kernel::auth::{REFRESH_COOKIE, cookie};
use kernel::http::{Answer, Answering, Caller, Ctx, Json, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answers::{Done, EnteredView, admit, told};
use super::{AT_THE_DOOR, NOBODY, Shared, cookies};
use crate::accounts::commands::refreshing::{self, Shown};
use crate::accounts::settings::SECURE_COOKIES;
use crate::error::Error;

/// A session that is to go on.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "rft_01jd3sa4k8qm7v2x9c5f0t6w1b.0f3a"}))]
pub(super) struct Refresh {
    /// The refresh token, where it is not in a cookie.
    refresh_token: Option<String>,
    /// The project to act for from now on, by id or slug; the same as before when nothing is said.
    project: Option<String>,
}

/// A session that is to be left.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub(super) struct SignOut {
    /// A refresh token of the session, for those who have no other.
    refresh_token: Option<String>,
}

/// Begins the next ten minutes, with a new refresh token.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "auth", security(()), request_body = Option<Refresh>,
    responses((status = 200, description = "The next tokens.", body = EnteredView)))]
pub(super) async fn refresh_session(
    ctx: Ctx,
    Extension(means): Shared,
    headers: HeaderMap,
    body: Option<Json<Refresh>>,
) -> Answer<EnteredView> {
    let Refresh { refresh_token, project } = body.map(|Json(body)| body).unwrap_or_default();
    let shown = shown(refresh_token, &headers).ok_or(Error::SignInAgain)?;
    let outcome = ctx.write_unkept(AT_THE_DOOR, NOBODY.to_owned(), move |tx| {
        refreshing::refresh(tx, &shown, project.as_deref())
    });
    let admitted = told(outcome.await?)?;
    admit(&ctx, &means, admitted).await
}

/// Leaves the session of the caller, or that of a refresh token.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth", security(()),
    request_body = Option<SignOut>, responses((status = 200, description = "There is no session any more.", body = Done)))]
pub(super) async fn sign_out(
    ctx: Ctx,
    caller: Result<Option<Caller>, Problem>,
    headers: HeaderMap,
    body: Option<Json<SignOut>>,
) -> Answer<Done> {
    // An access token that is over keeps nobody from leaving.
    let signed_in =
        caller.unwrap_or_default().and_then(|caller| Some((caller.user().ok()?, caller.session?)));
    let token = body.and_then(|Json(body)| body.refresh_token);
    // A caller who is known leaves their own session; what a browser sends along is not asked.
    let shown = if signed_in.is_some() && token.is_none() { None } else { shown(token, &headers) };
    let left = ctx.write_unkept(AT_THE_DOOR, NOBODY.to_owned(), move |tx| {
        refreshing::leave(tx, signed_in, shown.as_ref())
    });
    let secure = ctx.settings().get(&SECURE_COOKIES);
    let done = left.await.map(|()| Done { status: "signed_out" });
    done.answered().map(|reply| cookies::cleared(reply, secure))
}

/// The refresh token of the body, else that of the cookie.
fn shown(in_body: Option<String>, headers: &HeaderMap) -> Option<Shown> {
    match in_body {
        Some(token) => Shown::parse(token, None),
        None => Shown::parse(cookie(headers, REFRESH_COOKIE)?.to_owned(), Some(headers.clone())),
    }
}
