//! Registering and signing in: open to everybody, and silent about who is known.

use axum::Extension;
use contracts::OtpId;
use kernel::http::{Answer, Answering, Ctx, Json};
use kernel::secrets::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answers::{Asked, EnteredView, entered, told};
use super::{AT_THE_DOOR, NOBODY, Shared};
use crate::accounts::commands::codes;
use crate::accounts::commands::entering::{self, SignIn};
use crate::accounts::commands::registering::{self, Registered, Registration};
use crate::accounts::commands::tries::Stranger;
use crate::accounts::settings::PROJECT;
use crate::domain::code::Channel;
use crate::domain::contact::{Email, Phone};
use crate::domain::password;
use crate::domain::text::Title;
use crate::error::Error;

/// Somebody who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ann@example.com", "password": "correct horse battery", "name": "Ann Lee"}))]
pub(super) struct Register {
    /// Where mail reaches them: what they sign in with.
    email: Email,
    /// What only they know: 8 to 256 letters, none of the commonest, and not their own name.
    #[schema(value_type = String, min_length = 8, max_length = 256)]
    password: Secret<String>,
    /// What they are called.
    name: Option<Title>,
    /// Where messages reach them.
    phone: Option<Phone>,
    /// The project, by id or slug; it may be left out where there is one alone.
    project: Option<String>,
    /// Whether the tokens go into cookies, once the address is verified.
    #[serde(default)]
    cookie: bool,
}

/// What came of a registration: the same whether the address was known or not.
#[derive(Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum RegisteredView {
    /// The code that was sent is asked for.
    VerifyEmail(Asked),
    /// They may sign in.
    Registered,
}

/// Somebody who wants to be let in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ann@example.com", "password": "correct horse battery", "device": "Ann's phone"}))]
pub(super) struct Login {
    /// Their address.
    email: Email,
    /// What only they know.
    #[schema(value_type = String)]
    password: Secret<String>,
    /// The project, by id or slug, or `platform` for those who run it.
    project: Option<String>,
    /// How they want a code, where one is asked for and it can be chosen.
    channel: Option<Channel>,
    /// What they call the device, for their list of sessions.
    device: Option<Title>,
    /// Whether the tokens go into cookies: for browsers.
    #[serde(default)]
    cookie: bool,
}

/// A code that is to be sent once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"challenge": "otp_01jd3sa4k8qm7v2x9c5f0t6w1b", "channel": "email"}))]
pub(super) struct SendCode {
    /// What is to be answered.
    challenge: OtpId,
    /// How it is to come; as before when nothing is said.
    channel: Option<Channel>,
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"challenge": "otp_01jd3sa4k8qm7v2x9c5f0t6w1b", "code": "492817"}))]
pub(super) struct AnswerCode {
    /// What is answered.
    challenge: OtpId,
    /// Six digits, or a recovery code in place of an authenticator's.
    #[schema(value_type = String)]
    code: Secret<String>,
}

/// Registers somebody. Whoever has the address already is told by mail.
#[utoipa::path(post, path = "/api/v1/auth/register", tag = "auth", security(()), request_body = Register,
    responses((status = 202, description = "The next step.", body = RegisteredView)))]
pub(super) async fn register(
    ctx: Ctx,
    Extension(means): Shared,
    Json(body): Json<Register>,
) -> Answer<RegisteredView> {
    let Register { email, password, name, phone, project, cookie } = body;
    password::check(password.expose(), Some(&email))
        .map_err(|weak| Error::field("password", weak.to_string()))?;
    let usual = ctx.settings().get(&PROJECT);
    let wanted = Registration { email, phone, name, project, usual, cookie };
    let asked = wanted.clone();
    ctx.read(AT_THE_DOOR, move |tx| {
        registering::open_house(tx, asked.project.as_deref(), asked.usual.as_deref()).map(drop)
    })
    .await?;
    // Whether or not the address is known: the time must not tell.
    let hash = means.hashing(ctx.service()).hash(password).await?;
    let registered =
        ctx.write_unkept(AT_THE_DOOR, NOBODY.to_owned(), move |tx| registering::register(tx, &wanted, &hash));
    let view = registered.await.map(|registered| match registered {
        Registered::Asked(challenge) => RegisteredView::VerifyEmail(challenge.into()),
        Registered::Done => RegisteredView::Registered,
    });
    view.accepted()
}

/// Signs somebody in. Whatever is wrong, the answer is the same.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth", security(()), request_body = Login,
    responses((status = 200, description = "The person is in, or a code is asked for.", body = EnteredView)))]
pub(super) async fn sign_in(
    ctx: Ctx,
    Extension(means): Shared,
    Json(body): Json<Login>,
) -> Answer<EnteredView> {
    let Login { email, password, project, channel, device, cookie } = body;
    let who = Stranger { email, from: ctx.client_address() };
    let usual = ctx.settings().get(&PROJECT);
    let asked = SignIn { who: who.clone(), project, usual, channel, device, cookie };
    let seen = ctx.read(AT_THE_DOOR, move |tx| entering::hash_of(tx, &who)).await?;
    let checked = means.hashing(ctx.service()).check(password, seen.clone()).await?;
    let outcome = ctx.write_unkept(AT_THE_DOOR, NOBODY.to_owned(), move |tx| {
        entering::sign_in(tx, &asked, &checked, seen.as_deref())
    });
    entered(&ctx, &means, told(outcome.await?)?).await
}

/// Sends a new code for a challenge; the one before is good no more.
#[utoipa::path(post, path = "/api/v1/auth/otp/send", tag = "auth", security(()), request_body = SendCode,
    responses((status = 202, description = "It is on its way.", body = EnteredView)))]
pub(super) async fn send_code(ctx: Ctx, Json(body): Json<SendCode>) -> Answer<EnteredView> {
    let SendCode { challenge, channel } = body;
    let sent =
        ctx.write_unkept(AT_THE_DOOR, NOBODY.to_owned(), move |tx| codes::send_anew(tx, challenge, channel));
    sent.await.map(|challenge| EnteredView::OtpRequired(challenge.into())).accepted()
}

/// Answers a challenge, and finishes what it was for.
#[utoipa::path(post, path = "/api/v1/auth/otp/verify", tag = "auth", security(()), request_body = AnswerCode,
    responses((status = 200, description = "The person is in, or something is verified.", body = EnteredView)))]
pub(super) async fn answer_code(
    ctx: Ctx,
    Extension(means): Shared,
    Json(body): Json<AnswerCode>,
) -> Answer<EnteredView> {
    let from = ctx.client_address();
    let outcome = ctx.write_unkept(AT_THE_DOOR, NOBODY.to_owned(), move |tx| {
        entering::answer_code(tx, body.challenge, body.code.expose(), from)
    });
    entered(&ctx, &means, told(outcome.await?)?).await
}
