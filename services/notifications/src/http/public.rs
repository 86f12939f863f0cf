//! What needs no caller: the link in a mail proves itself.

use kernel::http::{Answer, Answering, Ctx, Path};
use kernel::store::{Scope, Tx};
use serde::Serialize;
use utoipa::ToSchema;

use crate::commands::unsubscribing;
use crate::domain::unsubscribe::{USE, Unwanted};
use crate::domain::words::Category;
use crate::error::Error;

/// What is not sent any more.
#[derive(Serialize, ToSchema)]
pub(super) struct Unsubscribed {
    /// What it is about.
    category: Category,
}

/// Ends mail of one category to one address, by RFC 8058. Looking at the address with GET ends nothing.
#[utoipa::path(post, path = "/api/v1/notifications/unsubscribe/{token}", tag = "preferences",
    params(("token" = String, Path, min_length = 1, max_length = 2000, pattern = "^[A-Za-z0-9._-]+$")),
    security(()),
    responses((status = 200, description = "Such mail is not sent any more.", body = Unsubscribed)))]
pub(super) async fn unsubscribe(ctx: Ctx, Path(token): Path<String>) -> Answer<Unsubscribed> {
    let read = move |tx: &mut Tx<'_>| {
        Unwanted::read(&token, &tx.keys().keyring.macs(USE)).ok_or(Error::NoSuch("subscription"))
    };
    let unwanted = ctx.read(Scope::System("reading an unsubscribe link"), read).await?;
    let category = unwanted.category.clone();
    let scope = Scope::Project(unwanted.project);
    let ended = ctx
        .write_unkept(scope, "reader".to_owned(), move |tx| unsubscribing::unsubscribe(tx, &unwanted))
        .await;
    ended.map(|()| Unsubscribed { category }).answered()
}
