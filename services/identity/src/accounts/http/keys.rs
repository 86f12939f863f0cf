//! What tokens are verified with, and what a token says.

use contracts::SessionId;
use http::HeaderValue;
use kernel::auth::{Jwk, Kind, Permission};
use kernel::http::{Answer, Answering, Caller, Ctx, Json};
use kernel::secrets::Secret;
use kernel::store::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::settings::ISSUER;
use crate::accounts::signing::published_keys;
use crate::accounts::store::sessions as store;
use crate::error::Error;

/// To ask what a token says.
const INTROSPECT: Permission = Permission::new("auth:introspect");
const LOOKING: Scope = Scope::System("introspecting a token");
const KEYS_CACHED: HeaderValue = HeaderValue::from_static("public, max-age=300");
const AUDIENCE: &str = "stoa";

/// The public keys that tokens are verified with (RFC 7517).
#[derive(Serialize, ToSchema)]
pub(super) struct TokenKeys {
    /// The one that signs last first; the next one is there before it signs.
    #[schema(value_type = Vec<Object>)]
    keys: Vec<Jwk>,
}

/// A token that somebody was shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln"}))]
pub(super) struct Introspect {
    /// The token.
    #[schema(value_type = String)]
    token: Secret<String>,
}

/// What a token says (RFC 7662). Of one that is not good nothing else is said.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct Introspected {
    /// Whether it is good.
    active: bool,
    /// Whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sub: Option<String>,
    /// What kind of caller that is: `user`, `key` or `service`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = String)]
    kind: Option<Kind>,
    /// What they may do, with spaces between.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scope: Option<String>,
    /// The project.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    project: Option<contracts::ProjectId>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sid: Option<SessionId>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iss: Option<String>,
    /// When it ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    /// How it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_type: Option<&'static str>,
}

/// Shows the public keys that tokens are verified with.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "auth", security(()),
    responses((status = 200, description = "The keys.", body = TokenKeys)))]
pub(super) async fn list_token_keys(ctx: Ctx) -> Answer<TokenKeys> {
    let keys = published_keys(ctx.service().store()).await?.keys;
    Ok(TokenKeys { keys }).answered().map(|reply| reply.cached(KEYS_CACHED))
}

/// Says whether a token is good, and what it says. A project learns of its own tokens alone.
#[utoipa::path(post, path = "/api/v1/auth/introspect", tag = "auth", request_body = Introspect,
    responses((status = 200, description = "What it says.", body = Introspected)))]
pub(super) async fn introspect_token(
    ctx: Ctx,
    caller: Caller,
    Json(body): Json<Introspect>,
) -> Answer<Introspected> {
    let own = match caller.project() {
        Some(_) => caller.require(INTROSPECT)?.project(),
        None => caller.require_system(INTROSPECT, "introspecting a token")?.project(),
    };
    let now = ctx.store().clock().wall();
    let Ok(shown) = ctx.verifier().verify(body.token.expose(), now).await else {
        return Ok(Introspected::default()).answered();
    };
    if own.is_some() && shown.project() != own {
        return Ok(Introspected::default()).answered();
    }
    if let Some(session) = shown.session {
        let live = ctx.read(LOOKING, move |tx| Ok::<_, Error>(store::live_session(tx, session)?)).await?;
        if live.is_none() {
            return Ok(Introspected::default()).answered();
        }
    }
    let claims = shown.hand_on(&ctx.settings().get(&ISSUER), AUDIENCE, now, i64::MAX);
    Ok(Introspected {
        active: true,
        sub: Some(claims.sub),
        kind: Some(claims.kind),
        scope: Some(claims.perms.join(" ")),
        project: claims.project,
        sid: claims.sid,
        iss: Some(claims.iss),
        exp: Some(claims.exp),
        token_type: Some("Bearer"),
    })
    .answered()
}
