//! One person: registering, signing in, sessions, codes, and what they say of themselves.

use kernel::service::{Running, Service};
use utoipa_axum::router::OpenApiRouter;

/// The routes about one person.
pub fn routes() -> OpenApiRouter<Running> {
    OpenApiRouter::new()
}

/// What this half hears, does later, tells and can be set to.
pub fn serves(service: Service) -> Service {
    service
}
