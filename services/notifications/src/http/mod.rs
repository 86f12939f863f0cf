//! The API of notifications: `sending`, `reading`, `dead`, `templates`, `preferences`, `inbox`, `endpoints`, `public`.
//!
//! Handlers ask whether the caller may, call one command or query, and answer.

mod dead;
mod endpoints;
mod inbox;
mod preferences;
mod public;
mod receipts;
mod reading;
mod sending;
mod templates;

use contracts::UserId;
use kernel::auth::{Caller, Permission, Who};
use kernel::service::Running;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// To see notifications: a person their own, with their inbox and preferences; a program all of its project.
const READ: Permission = Permission::new("notifications:read");
/// To have something said to anybody of the project.
const WRITE: Permission = Permission::new("notifications:write");
/// To see everything of the project, to write templates, and to look after what is dead.
const MANAGE: Permission = Permission::new("notifications:manage");

/// All routes.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
        .routes(routes!(sending::send_notification, reading::list_notifications))
        .routes(routes!(sending::submit_notification))
        .routes(routes!(sending::send_batch))
        .routes(routes!(reading::get_notification))
        .routes(routes!(dead::list_dead))
        .routes(routes!(dead::redrive_dead))
        .routes(routes!(templates::create_template, templates::list_templates))
        .routes(routes!(templates::get_template))
        .routes(routes!(templates::add_template_version, templates::list_template_versions))
        .routes(routes!(templates::publish_template_version))
        .routes(routes!(templates::preview_template))
        .routes(routes!(preferences::get_own_preferences, preferences::set_own_preferences))
        .routes(routes!(preferences::get_preferences, preferences::set_preferences))
        .routes(routes!(preferences::list_suppressions, preferences::delete_suppression))
        .routes(routes!(inbox::list_inbox))
        .routes(routes!(inbox::follow_inbox))
        .routes(routes!(inbox::read_inbox_line))
        .routes(routes!(inbox::read_inbox))
        .routes(routes!(endpoints::create_endpoint, endpoints::list_endpoints))
        .routes(routes!(endpoints::get_endpoint, endpoints::delete_endpoint))
        .routes(routes!(endpoints::rotate_endpoint_secret))
        .routes(routes!(public::unsubscribe))
        .routes(routes!(receipts::take_twilio_receipt))
}

/// The person whose notifications a caller sees; none where it sees all of its project.
fn only(caller: &Caller) -> Option<UserId> {
    match caller.who {
        Who::User(user) if !caller.covers(MANAGE.as_str()) => Some(user),
        Who::User(_) | Who::Key(_) | Who::Service(_) => None,
    }
}
