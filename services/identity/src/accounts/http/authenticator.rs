//! The caller's authenticator.

use axum::Extension;
use kernel::http::{Answer, Answering, Caller, Ctx, Json};
use kernel::secrets::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answers::{Done, told};
use super::passwords::{WithPassword, tried};
use super::{OWN_ACCOUNT, Shared};
use crate::accounts::commands::Visitor;
use crate::accounts::commands::{authenticator, passwords};

/// An authenticator to be set up; it counts once a code of it was shown.
#[derive(Serialize, ToSchema)]
pub(super) struct NewAuthenticator {
    /// To be typed into the app.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    secret: String,
    /// The same, as a picture for the app holds it.
    #[schema(
        example = "otpauth://totp/Corner%20Shop:ann@example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    )]
    url: String,
}

/// What the authenticator shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "492817"}))]
pub(super) struct ShownCode {
    /// Six digits.
    #[schema(value_type = String)]
    code: Secret<String>,
}

/// Codes for when the authenticator is lost. They are shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct RecoveryCodes {
    /// Each good once.
    #[schema(example = json!(["7h2k-9q0m-x4tz-vb31"]))]
    recovery_codes: Vec<String>,
}

/// Gives the caller a secret for an authenticator.
#[utoipa::path(post, path = "/api/v1/users/me/totp", tag = "me",
    extensions(("x-stoa" = json!({"unkept": true}))),
    responses((status = 201, description = "The secret; show a code of it next.", body = NewAuthenticator)))]
pub(super) async fn begin_authenticator(ctx: Ctx, caller: Caller) -> Answer<NewAuthenticator> {
    let visitor = Visitor::of(&caller)?;
    let begun = ctx.write_unkept(OWN_ACCOUNT, caller.name(), move |tx| authenticator::begin(tx, visitor));
    begun.await.map(|new| NewAuthenticator { secret: new.secret, url: new.url }).created()
}

/// Takes the authenticator into use.
#[utoipa::path(post, path = "/api/v1/users/me/totp/confirm", tag = "me", request_body = ShownCode,
    extensions(("x-stoa" = json!({"unkept": true}))),
    responses((status = 200, description = "What to keep for when it is lost.", body = RecoveryCodes)))]
pub(super) async fn confirm_authenticator(
    ctx: Ctx,
    caller: Caller,
    Json(body): Json<ShownCode>,
) -> Answer<RecoveryCodes> {
    let visitor = Visitor::of(&caller)?;
    let codes = ctx.write_unkept(OWN_ACCOUNT, caller.name(), move |tx| {
        authenticator::confirm(tx, visitor, body.code.expose())
    });
    codes.await.map(|recovery_codes| RecoveryCodes { recovery_codes }).answered()
}

/// Removes the caller's authenticator.
#[utoipa::path(delete, path = "/api/v1/users/me/totp", tag = "me", request_body = WithPassword,
    responses((status = 200, description = "There is none any more.", body = Done)))]
pub(super) async fn remove_authenticator(
    ctx: Ctx,
    caller: Caller,
    Extension(means): Shared,
    Json(body): Json<WithPassword>,
) -> Answer<Done> {
    let visitor = Visitor::of(&caller)?;
    let tried = tried(&ctx, &means, visitor, body.password, "password").await?;
    let from = ctx.client_address();
    let outcome = ctx.write_unkept(OWN_ACCOUNT, caller.name(), move |tx| {
        match passwords::shown(tx, visitor, &tried, from)? {
            Ok(_) => authenticator::remove(tx, visitor).map(Ok),
            Err(refused) => Ok(Err(refused)),
        }
    });
    told(outcome.await?)?;
    Ok(Done { status: "removed" }).answered()
}
