//! What somebody says of themselves, and their wish to be forgotten.

use axum::Extension;
use contracts::{ProjectId, Timestamp, UserId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, IfMatch, Json, Reply};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::answers::{Asked, Done, told};
use super::passwords::{WithPassword, tried};
use super::{OWN_ACCOUNT, Shared};
use crate::accounts::commands::Visitor;
use crate::accounts::commands::profile::{self, ProfileChange};
use crate::accounts::commands::{erasing, passwords};
use crate::accounts::store::persons::Person;
use crate::accounts::store::standing;
use crate::domain::contact::{Email, Locale, Phone, PostalAddress};
use crate::domain::text::Title;
use crate::error::Error;

/// Whoever calls.
#[derive(Serialize, ToSchema)]
pub(super) struct MeView {
    /// Who.
    id: UserId,
    /// Where mail reaches them.
    email: Option<Email>,
    /// Whether that is proven.
    email_verified: bool,
    /// Where messages reach them.
    phone: Option<Phone>,
    /// Whether that is proven.
    phone_verified: bool,
    /// What they are called.
    name: Option<Title>,
    /// Where letters reach them.
    address: Option<PostalAddress>,
    /// The language that they read.
    locale: Locale,
    /// Whether they have an authenticator.
    authenticator: bool,
    /// The projects that let them in, at most 50.
    projects: Vec<ProjectId>,
    /// Since when they are known.
    created_at: Timestamp,
    /// Which state of it this is; also the `ETag`.
    version: u64,
}

/// What is to be different; `null` takes something away, what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Ann Lee", "phone": "+919876543210", "locale": "en-IN",
    "address": {"line1": "12 Elm Street", "city": "Pune", "postal_code": "411001", "country": "IN"}}))]
pub(super) struct ChangeMe {
    /// What they are called.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Title>)]
    name: Option<Option<Title>>,
    /// Where messages reach them; another number is to be verified anew.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Phone>)]
    phone: Option<Option<Phone>>,
    /// Where letters reach them.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<PostalAddress>)]
    address: Option<Option<PostalAddress>>,
    /// The language that they read.
    locale: Option<Locale>,
}

/// A field that is there, be it `null`.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Shows who calls.
#[utoipa::path(get, path = "/api/v1/users/me", tag = "me",
    responses((status = 200, description = "Whoever calls.", body = MeView,
        headers(("ETag" = String, description = "Which state this is, to be sent as `If-Match`.")))))]
pub(super) async fn get_me(ctx: Ctx, caller: Caller) -> Answer<MeView> {
    let visitor = Visitor::of(&caller)?;
    let me = ctx.read(OWN_ACCOUNT, move |tx| {
        let projects = standing::projects_of(tx, visitor.user)?;
        Ok::<_, Error>(MeView::of(visitor.present(tx)?, projects))
    });
    me.await.answered().map(Reply::versioned_as_told)
}

/// Changes what somebody says of themselves.
#[utoipa::path(patch, path = "/api/v1/users/me", tag = "me", request_body = ChangeMe,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of what is changed.")),
    responses((status = 200, description = "Whoever calls.", body = MeView,
        headers(("ETag" = String, description = "Which state this is, to be sent as `If-Match`.")))))]
pub(super) async fn change_me(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    IfMatch(seen): IfMatch,
    Json(body): Json<ChangeMe>,
) -> Answer<MeView> {
    let visitor = Visitor::of(&caller)?;
    let ChangeMe { name, phone, address, locale } = body;
    let wanted = ProfileChange { name, phone, address, locale };
    ctx.write(OWN_ACCOUNT, key, move |tx| {
        let changed = profile::change(tx, visitor, &wanted, seen)?;
        let projects = standing::projects_of(tx, visitor.user)?;
        Ok::<_, Error>(MeView::of(changed, projects))
    })
    .await
    .answered()
    .map(Reply::versioned_as_told)
}

/// Forgets whoever calls, for good. What the law wants kept stays under an id that leads to nobody.
#[utoipa::path(delete, path = "/api/v1/users/me", tag = "me", request_body = WithPassword,
    responses((status = 200, description = "They are forgotten.", body = Done)))]
pub(super) async fn erase_me(
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
            Ok(person) => erasing::erase(tx, person.id).map(Ok),
            Err(refused) => Ok(Err(refused)),
        }
    });
    told(outcome.await?)?;
    Ok(Done { status: "erased" }).answered()
}

/// Sends a code to the caller's address, to prove that mail reaches them.
#[utoipa::path(post, path = "/api/v1/users/me/email/verify", tag = "me",
    responses((status = 202, description = "What is to be answered.", body = Asked)))]
pub(super) async fn verify_own_email(ctx: Ctx, caller: Caller) -> Answer<Asked> {
    let visitor = Visitor::of(&caller)?;
    let asked = ctx.write_unkept(OWN_ACCOUNT, caller.name(), move |tx| profile::verify_email(tx, visitor));
    asked.await.map(Asked::from).accepted()
}

/// Sends a code to the caller's phone, to prove that messages reach them.
#[utoipa::path(post, path = "/api/v1/users/me/phone/verify", tag = "me",
    responses((status = 202, description = "What is to be answered.", body = Asked)))]
pub(super) async fn verify_own_phone(ctx: Ctx, caller: Caller) -> Answer<Asked> {
    let visitor = Visitor::of(&caller)?;
    let asked = ctx.write_unkept(OWN_ACCOUNT, caller.name(), move |tx| profile::verify_phone(tx, visitor));
    asked.await.map(Asked::from).accepted()
}

impl MeView {
    fn of(person: Person, projects: Vec<ProjectId>) -> Self {
        Self {
            id: person.id,
            email_verified: person.email_verified_at.is_some(),
            phone_verified: person.phone_verified_at.is_some(),
            authenticator: person.has_authenticator(),
            email: person.email,
            phone: person.phone,
            name: person.name,
            address: person.address.map(|address| address.0),
            locale: person.locale,
            projects,
            created_at: person.created_at,
            version: person.version,
        }
    }
}
