//! What the demo's shop sells: enough to browse, search, filter and buy.

use http::Method;
use serde_json::{Value, json};

use crate::hand::Hand;

/// Slug and name.
const SHELVES: [(&str, &str); 4] =
    [("kitchen", "Kitchen"), ("living", "Living"), ("work", "Work"), ("outdoors", "Out and about")];

/// Picture and slug, shelf, name, variants (name, cents, how many), and what is said of it.
type Goods = (&'static str, &'static str, &'static str, &'static [(&'static str, i64, i64)], &'static str);

const GOODS: [Goods; 12] = [
    (
        "mug",
        "kitchen",
        "Stoneware Mug",
        &[("Sand", 1400, 60), ("Ink", 1400, 45)],
        "Thrown by hand and glazed inside and out. Holds 300 ml, keeps it warm, and survives the dishwasher.",
    ),
    (
        "teapot",
        "kitchen",
        "Cast Iron Teapot",
        &[("", 5900, 18)],
        "Pours without a drip. Enamelled inside, with a steel basket for leaves; 0.8 l.",
    ),
    (
        "knife",
        "kitchen",
        "Chef's Knife",
        &[("18 cm", 7900, 25), ("21 cm", 8900, 20)],
        "One piece of forged steel with a handle of walnut. Sharpened on both sides, for left and right hands.",
    ),
    (
        "lamp",
        "living",
        "Reading Lamp",
        &[("Brass", 12900, 12), ("Black", 11900, 16)],
        "Turns, tilts and dims. The light is warm and does not flicker; the bulb can be changed.",
    ),
    (
        "rug",
        "living",
        "Wool Rug",
        &[("140 x 200", 24900, 6), ("170 x 240", 34900, 4)],
        "Flat woven from undyed wool. Both sides are good sides.",
    ),
    (
        "candle",
        "living",
        "Beeswax Candle",
        &[("", 1900, 120)],
        "Burns for forty hours and smells of nothing but wax.",
    ),
    (
        "chair",
        "living",
        "Oak Chair",
        &[("", 18900, 10)],
        "Steamed and bent, held by joints and no screws. Stacks four high.",
    ),
    (
        "plant",
        "living",
        "Rubber Plant",
        &[("Small", 2400, 30), ("Tall", 5400, 9)],
        "Asks for little: light, and water every other week. Comes in a clay pot.",
    ),
    (
        "notebook",
        "work",
        "Dot Grid Notebook",
        &[("A5", 1200, 200), ("A6", 900, 150)],
        "160 numbered pages that lie flat, thread-sewn, for ink of any kind.",
    ),
    (
        "clock",
        "work",
        "Desk Clock",
        &[("", 4900, 22)],
        "Silent, set by one wheel, and read from across the room.",
    ),
    (
        "headphones",
        "outdoors",
        "Wired Headphones",
        &[("", 9900, 14)],
        "Fold flat, weigh 160 g, and every part can be bought and replaced.",
    ),
    (
        "bag",
        "outdoors",
        "Canvas Bag",
        &[("Natural", 3900, 40), ("Moss", 3900, 3)],
        "Waxed canvas with a strap that can be worn across. Holds a laptop and the shopping.",
    ),
];

/// Puts the goods on the shelves, where there are no shelves yet.
pub async fn seed(hand: &Hand) -> Result<(), String> {
    if hand.done(Method::GET, "/api/v1/categories", None).await?["data"].get(0).is_some() {
        return Ok(());
    }
    let mut shelves = Vec::new();
    for (slug, title) in SHELVES {
        let made =
            hand.done(Method::POST, "/api/v1/categories", Some(json!({ "slug": slug, "title": title })));
        shelves.push((slug, made.await?["id"].clone()));
    }
    for goods in &GOODS {
        let shelf = shelves.iter().find(|(slug, _)| *slug == goods.1).map(|(_, id)| id);
        hand.done(Method::POST, "/api/v1/products", Some(product(goods, shelf))).await?;
    }
    Ok(())
}

fn product((slug, _, title, variants, about): &Goods, shelf: Option<&Value>) -> Value {
    let variants: Vec<Value> = variants
        .iter()
        .enumerate()
        .map(|(at, (title, cents, on_hand))| {
            // The prices of three countries, rounded to what looks like a price.
            let prices = json!([{ "amount": cents, "currency": "EUR" }, { "amount": cents + 100, "currency": "USD" },
                { "amount": cents * 90, "currency": "INR" }]);
            json!({ "sku": format!("{slug}-{}", at + 1), "title": title, "prices": prices, "on_hand": on_hand })
        })
        .collect();
    json!({ "slug": slug, "title": title, "description": about, "category_id": shelf, "status": "on_sale",
        "images": [{ "url": format!("/shop/goods/{slug}.svg"), "alt": title }], "variants": variants })
}
