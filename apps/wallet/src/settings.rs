//! What can be set of the wallet's pages.

use client::Client;
use contracts::Currency;
use kernel::config::{Declaration, Setting, Settings};
use ui::face::{Face, MoneyIn, Seller};

/// Where people find it.
pub const ORIGIN: Setting<Option<String>> = Setting::new(
    "wallet_app.origin",
    || None,
    "Where people find the wallet, without a path; with https its cookies travel over TLS alone. Without it there is \
     no wallet at /wallet.",
)
.example("https://pay.example");
/// What it is called.
pub const NAME: Setting<String> =
    Setting::new("wallet_app.name", || "Stoa Wallet".to_owned(), "What the wallet is called.");
/// What a new wallet is in.
pub const CURRENCY: Setting<MoneyIn> = Setting::new(
    "wallet_app.currency",
    || MoneyIn(Currency::INR),
    "The currency of a wallet that somebody opens.",
);
/// Whose people they are.
pub const PROJECT: Setting<Option<String>> = Setting::new(
    "wallet_app.project",
    || None,
    "The project that people register with, by id or slug; not needed where there is one alone.",
);
/// The sandbox's Stripe.
pub const STRIPE_URL: Setting<Option<String>> = Setting::new(
    "wallet_app.stripe_url",
    || None,
    "Where the sandbox's Stripe is as browsers see it; cards of a trial are confirmed there.",
)
.example("http://localhost:12111");
/// Who runs it.
pub const OPERATOR: Setting<String> =
    Setting::new("wallet_app.operator", String::new, "The legal name of who runs the wallet.");
/// Where they are.
pub const ADDRESS: Setting<String> =
    Setting::new("wallet_app.address", String::new, "The address of the head office of who runs the wallet.");
/// How to reach them.
pub const CARE: Setting<String> =
    Setting::new("wallet_app.care", String::new, "How people reach customer care: a number or an address.");
/// Who answers complaints.
pub const GRIEVANCES: Setting<String> = Setting::new(
    "wallet_app.grievances",
    String::new,
    "Who answers complaints: name, designation and how to reach them.",
);

/// All of them, for the binary to load.
pub fn declared() -> Vec<Declaration> {
    vec![
        ORIGIN.declare(),
        NAME.declare(),
        CURRENCY.declare(),
        PROJECT.declare(),
        STRIPE_URL.declare(),
        OPERATOR.declare(),
        ADDRESS.declare(),
        CARE.declare(),
        GRIEVANCES.declare(),
    ]
}

/// The wallet that is set, over this API, if one is.
pub fn wallet(settings: &Settings, api: Client) -> Option<Face> {
    let origin = settings.get(&ORIGIN)?;
    Some(Face {
        api,
        name: settings.get(&NAME),
        origin: origin.trim_end_matches('/').to_owned(),
        currency: settings.get(&CURRENCY).0,
        project: settings.get(&PROJECT),
        stripe_url: settings.get(&STRIPE_URL).map(|url| url.trim_end_matches('/').to_owned()),
        seller: Seller {
            name: settings.get(&OPERATOR),
            address: settings.get(&ADDRESS),
            care: settings.get(&CARE),
            grievances: settings.get(&GRIEVANCES),
        },
    })
}
