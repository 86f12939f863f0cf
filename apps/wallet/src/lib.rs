//! The wallet that people see: pages made on the server, first of all for phones, that work without JavaScript.
//!
//! It speaks to the services through the public API alone, always as whoever is signed in. It keeps nothing: money,
//! payments and sessions are the services', and what a visitor has is in cookies.

mod amount;
mod api;
mod device;
mod frame;
mod install;
mod link;
mod pages;
mod printed;
mod said;
pub mod settings;
mod words;

use axum::routing::{get, post};
use axum::{Extension, Router};
use kernel::clock::Clock;
use ui::Asset;
use ui::face::cookies::Name;
use ui::face::{self, App, Face, Guise, Words};

use pages::{
    authenticator, code, history, home, limits, payment, plan, requests, schedules, security, send,
    statement, top_up, withdraw,
};

/// How it differs from other faces.
const STYLE: Asset = Asset::new("wallet.css", "text/css; charset=utf-8", include_bytes!("../css/wallet.css"));
/// The pad for amounts, copying, printing, and what keeps it like an app.
const SCRIPT: Asset =
    Asset::new("wallet.js", "text/javascript; charset=utf-8", include_bytes!("../js/wallet.js"));

/// How the wallet shows itself.
static GUISE: Guise = Guise {
    root: frame::ROOT,
    token: Name::new("stoa_wallet_token", "/"),
    said: Name::new("stoa_wallet_said", frame::ROOT),
    refresh: Name::new("stoa_wallet_refresh", frame::ROOT),
    style: STYLE,
    everywhere: &[SCRIPT],
    scripts: &[],
    header: frame::header_of,
    footer: frame::footer_of,
    sayings: &said::ALL,
    words: Words {
        home: "Back to your wallet",
        nothing: "The address may be mistyped, or what was here is somebody else's.",
        sign_in: "Sign in to go on.",
        register: "With an account you can send money, ask for it, and be paid.",
    },
    app: Some(App { manifest: "/wallet/app.webmanifest", icon: "/wallet/icon.svg" }),
};

/// All pages, below `/wallet`, by the clock that the services go by.
pub fn routes(wallet: Face, clock: Clock) -> Router {
    let pages = Router::new()
        .route("/wallet", get(home::show_home))
        .route("/wallet/", get(home::show_home))
        .route("/wallet/accounts", post(home::open_account))
        .route("/wallet/send", get(send::show_payee).post(send::choose_payee))
        .route("/wallet/send/{payee}", get(send::show_amount))
        .route("/wallet/send/check", post(send::check))
        .route("/wallet/payments", post(send::pay))
        .route("/wallet/payments/{payment}", get(payment::show_payment))
        .route("/wallet/payments/{payment}/cancel", post(payment::cancel_payment))
        .route("/wallet/payments/{payment}/return", get(payment::show_return).post(payment::return_money))
        .route("/wallet/top-up", get(top_up::show_form))
        .route("/wallet/top-ups", post(top_up::begin))
        .route("/wallet/top-ups/{account}/{top_up}", get(top_up::show_top_up))
        .route("/wallet/top-ups/{account}/{top_up}/pay", get(top_up::show_card))
        .route("/wallet/withdraw", get(withdraw::show_form).post(withdraw::check))
        .route("/wallet/withdrawals", post(withdraw::begin))
        .route("/wallet/withdrawals/{account}/{withdrawal}", get(withdraw::show_withdrawal))
        .route("/wallet/withdrawals/{account}/{withdrawal}/cancel", post(withdraw::cancel_withdrawal))
        .route("/wallet/requests", get(requests::list_requests).post(requests::ask))
        .route("/wallet/requests/new", get(requests::show_asking))
        .route("/wallet/requests/{request}", get(requests::show_request))
        .route("/wallet/requests/{request}/accept", post(requests::accept))
        .route("/wallet/requests/{request}/decline", post(requests::decline))
        .route("/wallet/history", get(history::show_history))
        .route("/wallet/statement", get(statement::show_statement))
        .route("/wallet/statement.csv", get(statement::send_sheet))
        .route("/wallet/statement.pdf", get(statement::send_paper))
        .route("/wallet/limits", get(limits::show_limits))
        .route("/wallet/my-code", get(code::show_code))
        .route("/wallet/open", get(code::open_link))
        .route("/wallet/schedules", get(schedules::list_schedules).post(plan::plan))
        .route("/wallet/schedules/new", get(plan::show_form))
        .route("/wallet/schedules/check", post(plan::check))
        .route("/wallet/schedules/{schedule}/cancel", post(schedules::cancel_schedule))
        .route("/wallet/security", get(security::show_security))
        .route("/wallet/security/sessions/{session}/end", post(security::end_session))
        .route("/wallet/security/others/end", post(security::end_others))
        .route("/wallet/security/authenticator", post(authenticator::begin))
        .route("/wallet/security/authenticator/confirm", post(authenticator::confirm))
        .route("/wallet/security/authenticator/remove", post(authenticator::remove))
        .layer(axum::middleware::from_fn(device::know))
        .layer(Extension(clock));
    install::routes(&wallet.name).merge(face::routes(wallet, &GUISE, pages))
}
