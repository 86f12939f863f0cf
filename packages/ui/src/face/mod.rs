//! What web faces do alike on the server: they meet visitors, keep their sessions, read their forms, let them in, and
//! take their cards. What a face shows besides is its own.
//!
//! A face speaks to the services through the public API alone, as the visitor where somebody is signed in. It keeps
//! nothing: what a visitor has is in cookies and in the services.

pub mod card;
mod code;
pub mod cookies;
mod entering;
mod failure;
mod files;
mod guise;
mod money_in;
mod posted;
mod session;
mod sheet;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use client::Client;
use contracts::Currency;

pub use failure::Failure;
pub use files::send_file;
pub use guise::{App, Guise, SIGNED_IN, SIGNED_OUT, Saying, VERIFIED, Words};
pub use money_in::MoneyIn;
pub use posted::{FieldErrors, Posted, error_of, field_errors, local, sentence, token_field, whole_form};
pub use sheet::{Sheet, footer, keeping, redirect, redirect_saying};
pub use visit::{Visit, new_token};

/// A face: what it calls, and what it says of itself.
#[derive(Clone, Debug)]
pub struct Face {
    /// The API, signed with the face's own key where it has one.
    pub api: Client,
    /// What the face is called.
    pub name: String,
    /// Where its visitors find it, such as `https://shop.example`; over TLS its cookies are guarded.
    pub origin: String,
    /// What money is in where nobody says otherwise.
    pub currency: Currency,
    /// The project that its people belong to, by id or slug, where there is more than one.
    pub project: Option<String>,
    /// Where the sandbox's Stripe is, for cards of a trial.
    pub stripe_url: Option<String>,
    /// Who is behind it.
    pub seller: Seller,
}

/// Who is behind a face, as the law asks it to say.
#[derive(Clone, Debug, Default)]
pub struct Seller {
    /// The legal name.
    pub name: String,
    /// The address of the head office.
    pub address: String,
    /// How to reach customer care.
    pub care: String,
    /// Who answers complaints, and how to reach them.
    pub grievances: String,
}

/// A face that is open: what it is, and how it shows itself.
#[derive(Clone, Debug)]
struct Open {
    face: Arc<Face>,
    guise: &'static Guise,
}

/// Forms are short; what is longer was not made by a page of ours.
const FORM_BYTES_MAX: usize = 64 << 10;

impl Face {
    /// Whether cookies travel over TLS alone.
    pub fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

/// All that is below the root of a face: its own pages, those on which people come in and leave, and the files.
pub fn routes(face: Face, guise: &'static Guise, own: Router) -> Router {
    let open = Open { face: Arc::new(face), guise };
    let at = |path: &str| format!("{}{path}", guise.root);
    let pages = own
        .route(&at("/sign-in"), get(entering::show_sign_in).post(entering::sign_in))
        .route(&at("/register"), get(entering::show_register).post(entering::register))
        .route(&at("/sign-out"), post(entering::sign_out))
        .route(&at("/code"), get(code::show_code).post(code::answer_code))
        .route(&at("/code/again"), post(code::send_code))
        .route(&at("/theme"), post(entering::choose_theme))
        .route(&at("/{*rest}"), get(nothing))
        .method_not_allowed_fallback(nothing)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(axum::middleware::from_fn_with_state(open, visit::welcome));
    Router::new().route(&at("/assets/{file}"), get(files::send_asset).with_state(guise)).merge(pages)
}

/// Nothing is there.
async fn nothing() -> Failure {
    Failure::NotFound
}
