//! One project: its members, roles, API keys, and who was proven to be whom.

use kernel::service::{Running, Service};
use utoipa_axum::router::OpenApiRouter;

/// The routes about a project and those in it.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
}

/// What this half hears, does later, tells and can be set to.
pub fn serves(service: Service) -> Service {
    service
}
