//! Identity knows who people and programs are, lets them in, and says what they may do.
//!
//! It does not stand at the door (the gateway checks every call, with keys and revocations that it hears from
//! here), sends no mail (it tells which code is to reach whom), and keeps no documents.
//!
//! Two halves share the persons. `accounts` is about one person: registering, signing in, sessions, codes, what
//! they say of themselves. `access` is about a project: its members, roles, API keys, and who was proven to be
//! whom. Read `domain` first (the rules, pure), then a half in the order `commands`, `queries`, `store`, `http`.

pub mod domain;
mod error;
mod accounts;
mod access;

use contracts::events::UserCreated;
use contracts::events::access::{
    ApiKeyExpiring, ApiKeyIssued, ApiKeyRevoked, KycReviewed, OtpIssued, ProjectChanged, ProjectCreated,
    SessionsEnded, UserContactsChanged, UserErased, UserLoggedIn, UserNamed,
};
use kernel::migrations;
use kernel::service::Service;
use utoipa_axum::router::OpenApiRouter;

pub use access::{NewProject, create_organisation, create_project, issue_known_key, join};
pub use accounts::{
    PROJECT, Settler, knows_project, make_operator, published_keys, rotate_signing_key, settle,
};
pub use error::Error;

/// Everything identity brings to the binary.
pub fn service() -> Service {
    let service = Service::new("identity")
        .for_administrators(&[
            "/api/v1/access/*",
            "/api/v1/api-keys",
            "/api/v1/api-keys/{*",
            "/api/v1/kyc/*",
            "/api/v1/organisations*",
            "/api/v1/projects*",
            "/api/v1/roles*",
            "/api/v1/users",
            "/api/v1/users/{*",
        ])
        .migrations(migrations![
            "0001_persons.sql",
            "0002_projects.sql",
            "0003_names.sql",
            "0004_contacts.sql"
        ])
        .routes(|| OpenApiRouter::new().merge(accounts::routes()).merge(access::routes()))
        .tells::<UserCreated>()
        .tells::<UserLoggedIn>()
        .tells::<SessionsEnded>()
        .tells::<OtpIssued>()
        .tells::<UserErased>()
        .tells::<UserNamed>()
        .tells::<UserContactsChanged>()
        .tells::<KycReviewed>()
        .tells::<ApiKeyIssued>()
        .tells::<ApiKeyExpiring>()
        .tells::<ApiKeyRevoked>()
        .tells::<ProjectCreated>()
        .tells::<ProjectChanged>();
    access::serves(accounts::serves(service))
}
