//! What several routes of this half answer with.

use contracts::{OtpId, SessionId};
use kernel::http::{Answer, Answering, Ctx};
use serde::Serialize;
use utoipa::ToSchema;

use super::cookies;
use crate::accounts::commands::codes::Challenge;
use crate::accounts::commands::entering::{Admitted, Entered};
use crate::accounts::means::Means;
use crate::accounts::settings::SECURE_COOKIES;
use crate::domain::code::Channel;
use crate::domain::session::ACCESS_LIFE;
use crate::error::Error;

/// What came of a sign-in, a code or a refresh.
#[derive(Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum EnteredView {
    /// The person is in.
    SignedIn(Tokens),
    /// A code is asked for: answer the challenge.
    OtpRequired(Asked),
    /// It is verified.
    Verified,
}

/// What lets somebody in.
#[derive(Serialize, ToSchema)]
pub(super) struct Tokens {
    /// To be sent with each request; not shown where it is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    access_token: Option<String>,
    /// How it is sent.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// For how many seconds it is good.
    #[schema(example = 600)]
    expires_in: u64,
    /// Begins the next ten minutes; absent where the project gives none out, or where it is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// The session.
    session_id: SessionId,
    /// Where the tokens are in cookies: to be sent back as `x-csrf-token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    csrf_token: Option<String>,
}

/// A code that is asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct Asked {
    /// What is answered.
    challenge: OtpId,
    /// How the code comes.
    channel: Channel,
    /// For how many seconds it is good.
    #[schema(example = 300)]
    expires_in: u64,
}

/// It is done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    /// What was done.
    #[schema(example = "done")]
    pub status: &'static str,
}

impl From<Challenge> for Asked {
    fn from(Challenge { id, channel, life }: Challenge) -> Self {
        Self { challenge: id, channel, expires_in: life.as_secs() }
    }
}

/// Says what came of it; whoever is in is given their tokens.
pub(super) async fn entered(ctx: &Ctx, means: &Means, entered: Entered) -> Answer<EnteredView> {
    match entered {
        Entered::In(admitted) => admit(ctx, means, admitted).await,
        Entered::Asked(challenge) => Ok(EnteredView::OtpRequired(challenge.into())).answered(),
        Entered::Verified => Ok(EnteredView::Verified).answered(),
    }
}

/// Gives somebody who is in their tokens, in the body or in cookies.
pub(super) async fn admit(ctx: &Ctx, means: &Means, admitted: Admitted) -> Answer<EnteredView> {
    let access = means.access_token(ctx.service(), &admitted).await?;
    let refresh = admitted.refresh.map(kernel::secrets::Secret::into_exposed);
    let tokens = Tokens {
        access_token: None,
        token_type: "Bearer",
        expires_in: ACCESS_LIFE.as_secs(),
        refresh_token: None,
        session_id: admitted.session,
        csrf_token: None,
    };
    if !admitted.cookie {
        let tokens = Tokens { access_token: Some(access), refresh_token: refresh, ..tokens };
        return Ok(EnteredView::SignedIn(tokens)).answered();
    }
    let csrf = Means::csrf_token(ctx.service(), admitted.session);
    let secure = ctx.settings().get(&SECURE_COOKIES);
    let kept = cookies::Kept {
        access: &access,
        refresh: refresh.as_deref(),
        csrf: &csrf,
        life: admitted.refresh_life,
    };
    let tokens = Tokens { csrf_token: Some(csrf.clone()), ..tokens };
    Ok(EnteredView::SignedIn(tokens)).answered().map(|reply| cookies::set(reply, &kept, secure))
}

/// A refusal that was written down is still one.
pub(super) fn told<T>(outcome: Result<T, Error>) -> Result<T, kernel::http::Problem> {
    outcome.map_err(kernel::http::Problem::from)
}
