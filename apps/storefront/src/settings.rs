//! What can be set of the shop.

use client::Client;
use contracts::Currency;
use kernel::config::{Declaration, Setting, Settings};
use ui::face::{Face, MoneyIn, Seller};

/// What the shop is called.
pub const NAME: Setting<String> =
    Setting::new("storefront.name", || "Stoa Goods".to_owned(), "What the shop is called.");
/// Where visitors find it.
pub const ORIGIN: Setting<String> = Setting::new(
    "storefront.origin",
    || "http://localhost:8000".to_owned(),
    "Where visitors find the shop, without a path; with https its cookies travel over TLS alone.",
)
.example("https://shop.example");
/// What it sells in.
pub const CURRENCY: Setting<MoneyIn> =
    Setting::new("storefront.currency", || MoneyIn(Currency::INR), "The currency that the shop sells in.");
/// Whose customers they are.
pub const PROJECT: Setting<Option<String>> = Setting::new(
    "storefront.project",
    || None,
    "The project that customers register with, by id or slug; not needed where there is one alone.",
);
/// The sandbox's Stripe.
pub const STRIPE_URL: Setting<Option<String>> = Setting::new(
    "storefront.stripe_url",
    || None,
    "Where the sandbox's Stripe is as browsers see it; cards of a trial are confirmed there.",
)
.example("http://localhost:12111");
/// Who sells.
pub const SELLER: Setting<String> =
    Setting::new("storefront.seller", String::new, "The legal name of who sells, for the foot of each page.");
/// Where they are.
pub const ADDRESS: Setting<String> =
    Setting::new("storefront.address", String::new, "The address of the head office of who sells.");
/// How to reach them.
pub const CARE: Setting<String> = Setting::new(
    "storefront.care",
    String::new,
    "How customers reach customer care: a telephone number or an address.",
);
/// Who answers complaints.
pub const GRIEVANCES: Setting<String> = Setting::new(
    "storefront.grievances",
    String::new,
    "Who answers complaints: name, designation and how to reach them.",
);

/// All of them, for the binary to load.
pub fn declared() -> Vec<Declaration> {
    vec![
        NAME.declare(),
        ORIGIN.declare(),
        CURRENCY.declare(),
        PROJECT.declare(),
        STRIPE_URL.declare(),
        SELLER.declare(),
        ADDRESS.declare(),
        CARE.declare(),
        GRIEVANCES.declare(),
    ]
}

/// The shop that is set, over this API.
pub fn shop(settings: &Settings, api: Client) -> Face {
    let seller = Seller {
        name: settings.get(&SELLER),
        address: settings.get(&ADDRESS),
        care: settings.get(&CARE),
        grievances: settings.get(&GRIEVANCES),
    };
    Face {
        api,
        name: settings.get(&NAME),
        origin: settings.get(&ORIGIN).trim_end_matches('/').to_owned(),
        currency: settings.get(&CURRENCY).0,
        project: settings.get(&PROJECT),
        stripe_url: settings.get(&STRIPE_URL).map(|url| url.trim_end_matches('/').to_owned()),
        seller,
    }
}
