//! Passwords: forgotten, chosen anew, changed; and the proof of one that other routes ask for.

use axum::Extension;
use contracts::OtpId;
use kernel::http::{Answer, Answering, Caller, Ctx, Json, Problem};
use kernel::secrets::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::answers::{Asked, Done, told};
use super::{AT_THE_DOOR, NOBODY, OWN_ACCOUNT, Shared};
use crate::accounts::commands::Visitor;
use crate::accounts::commands::passwords::{self, Answers, Tried};
use crate::accounts::means::Means;
use crate::accounts::settings::PROJECT;
use crate::domain::contact::Email;
use crate::domain::password;
use crate::error::Error;

/// Somebody who has forgotten their password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ann@example.com"}))]
pub(super) struct ForgotPassword {
    /// Their address.
    email: Email,
    /// The project in whose name they are written to, by id or slug.
    project: Option<String>,
}

/// A new password, and the code that was sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"challenge": "otp_01jd3sa4k8qm7v2x9c5f0t6w1b", "code": "492817",
    "new_password": "a better horse battery"}))]
pub(super) struct ResetPassword {
    /// What is answered; or else name the address.
    challenge: Option<OtpId>,
    /// The address that the latest code went to, for those who were invited and have no challenge.
    email: Option<Email>,
    /// The code.
    #[schema(value_type = String)]
    code: Secret<String>,
    /// What is to hold from now on.
    #[schema(value_type = String, min_length = 8, max_length = 256)]
    new_password: Secret<String>,
}

/// A new password, by whoever knows the old one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current": "correct horse battery", "new": "a better horse battery"}))]
pub(super) struct ChangePassword {
    /// What holds now.
    #[schema(value_type = String)]
    current: Secret<String>,
    /// What is to hold from now on.
    #[schema(value_type = String, min_length = 8, max_length = 256)]
    new: Secret<String>,
}

/// The password of whoever calls, once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "correct horse battery"}))]
pub(super) struct WithPassword {
    /// What only they know.
    #[schema(value_type = String)]
    pub password: Secret<String>,
}

/// Sends a code for a new password; the answer is the same for an address that nobody has.
#[utoipa::path(post, path = "/api/v1/auth/password/forgot", tag = "auth", security(()), request_body = ForgotPassword,
    responses((status = 202, description = "What is to be answered.", body = Asked)))]
pub(super) async fn forgot_password(ctx: Ctx, Json(body): Json<ForgotPassword>) -> Answer<Asked> {
    let usual = ctx.settings().get(&PROJECT);
    let asked = ctx.write_unkept(AT_THE_DOOR, NOBODY.to_owned(), move |tx| {
        passwords::forgot(tx, &body.email, body.project.as_deref(), usual.as_deref())
    });
    asked.await.map(Asked::from).accepted()
}

/// Sets a new password for whoever has the code, and ends all their sessions.
#[utoipa::path(post, path = "/api/v1/auth/password/reset", tag = "auth", security(()), request_body = ResetPassword,
    responses((status = 200, description = "The new password holds.", body = Done)))]
pub(super) async fn reset_password(
    ctx: Ctx,
    Extension(means): Shared,
    Json(body): Json<ResetPassword>,
) -> Answer<Done> {
    let ResetPassword { challenge, email, code, new_password } = body;
    let answers = match (challenge, email) {
        (Some(challenge), None) => Answers::Challenge(challenge),
        (None, Some(email)) => Answers::Latest(email),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Error::field("challenge", "or `email` is said, and not both").into());
        }
    };
    let new = new_password.clone();
    password::check(new.expose(), None).map_err(|weak| Error::field("new_password", weak.to_string()))?;
    let hash = means.hashing(ctx.service()).hash(new_password).await?;
    let from = ctx.client_address();
    let outcome = ctx.write_unkept(AT_THE_DOOR, NOBODY.to_owned(), move |tx| {
        passwords::reset(tx, &answers, code.expose(), (new.expose(), &hash), from)
    });
    told(outcome.await?)?;
    Ok(Done { status: "changed" }).answered()
}

/// Sets a new password for whoever knows the old one, and ends their other sessions.
#[utoipa::path(post, path = "/api/v1/users/me/password", tag = "me", request_body = ChangePassword,
    responses((status = 200, description = "The new password holds.", body = Done)))]
pub(super) async fn change_password(
    ctx: Ctx,
    caller: Caller,
    Extension(means): Shared,
    Json(body): Json<ChangePassword>,
) -> Answer<Done> {
    let visitor = Visitor::of(&caller)?;
    let ChangePassword { current, new } = body;
    password::check(new.expose(), None).map_err(|weak| Error::field("new", weak.to_string()))?;
    let tried = tried(&ctx, &means, visitor, current, "current").await?;
    let hash = means.hashing(ctx.service()).hash(new.clone()).await?;
    let from = ctx.client_address();
    let outcome = ctx.write_unkept(OWN_ACCOUNT, caller.name(), move |tx| {
        let person = match passwords::shown(tx, visitor, &tried, from)? {
            Ok(person) => person,
            Err(refused) => return Ok(Err(refused)),
        };
        password::check(new.expose(), person.email.as_ref())
            .map_err(|weak| Error::field("new", weak.to_string()))?;
        passwords::change(tx, visitor, &hash).map(Ok)
    });
    told(outcome.await?)?;
    Ok(Done { status: "changed" }).answered()
}

/// Checks the password of somebody who is signed in; the command that follows looks at what came of it.
pub(super) async fn tried(
    ctx: &Ctx,
    means: &Means,
    visitor: Visitor,
    password: Secret<String>,
    field: &'static str,
) -> Result<Tried, Problem> {
    let from = ctx.client_address();
    let person = ctx.read(OWN_ACCOUNT, move |tx| passwords::hash_of(tx, visitor, from)).await?;
    let seen = person.password_hash;
    let checked = means.hashing(ctx.service()).check(password, seen.clone()).await?;
    Ok(Tried { checked, seen, field })
}
