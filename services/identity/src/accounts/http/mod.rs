//! The API of one person: `door` (registering and signing in), `refreshing`, `passwords`, `me` (the profile),
//! `authenticator`, `sessions`, `keys` (what tokens are verified with). `answers` is what several of them say.
//!
//! Persons belong to no project, so every handler works as the system, for the person who calls.

mod answers;
mod authenticator;
mod cookies;
mod door;
mod keys;
mod me;
mod passwords;
mod refreshing;
mod sessions;

use std::sync::Arc;

use axum::Extension;
use kernel::service::Running;
use kernel::store::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::means::Means;

/// What these handlers share beside the database.
type Shared = Extension<Arc<Means>>;

/// Before anybody is known.
const AT_THE_DOOR: Scope = Scope::System("signing in");
/// For the person who calls.
const OWN_ACCOUNT: Scope = Scope::System("a person's own account");
/// Who asks, as long as nobody is known.
const NOBODY: &str = "nobody";

/// All routes.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .routes(routes!(door::register))
        .routes(routes!(door::sign_in))
        .routes(routes!(door::send_code))
        .routes(routes!(door::answer_code))
        .routes(routes!(refreshing::refresh_session))
        .routes(routes!(refreshing::sign_out))
        .routes(routes!(passwords::forgot_password))
        .routes(routes!(passwords::reset_password))
        .routes(routes!(passwords::change_password))
        .routes(routes!(me::get_me, me::change_me, me::erase_me))
        .routes(routes!(me::verify_own_email))
        .routes(routes!(me::verify_own_phone))
        .routes(routes!(authenticator::begin_authenticator, authenticator::remove_authenticator))
        .routes(routes!(authenticator::confirm_authenticator))
        .routes(routes!(sessions::list_own_sessions, sessions::end_other_sessions))
        .routes(routes!(sessions::end_own_session))
        .routes(routes!(keys::list_token_keys))
        .routes(routes!(keys::introspect_token))
        .layer(Extension(Means::shared()))
}
