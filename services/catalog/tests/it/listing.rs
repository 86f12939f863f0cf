//! What lists and searches show.

use serde_json::{Value, json};

use crate::stage::*;

/// Four products: their prices and stock differ, and one is priced in euros alone.
async fn shop(stage: &Stage) {
    stage.made(&product("HOSE-20", "Garden hose", 1_000, 40)).await;
    stage.made(&product("RAKE-1", "Rake", 500, 3)).await;
    stage.made(&product("POT-1", "Flower pot", 300, 0)).await;
    let euros = json!({ "variants": [{ "sku": "GNOME", "prices": [{ "amount": 2_500, "currency": "EUR" }],
        "on_hand": 9 }] });
    stage.made(&with(product("x", "Garden gnome", 0, 0), euros)).await;
    stage.made(&with(product("SECRET", "Next year", 1, 1), json!({ "status": "draft" }))).await;
}

#[test]
fn a_list_shows_what_is_on_sale_in_the_order_that_is_asked_for() {
    staged(async |stage| {
        shop(stage).await;
        assert_eq!(stage.titles("").await, ["Garden gnome", "Flower pot", "Rake", "Garden hose"]);
        assert_eq!(stage.titles("sort=title").await, ["Flower pot", "Garden gnome", "Garden hose", "Rake"]);
        assert_eq!(stage.titles("sort=price").await, ["Flower pot", "Rake", "Garden hose", "Garden gnome"]);
        assert_eq!(stage.titles("sort=-price&currency=INR").await, ["Garden hose", "Rake", "Flower pot"]);
    });
}

#[test]
fn each_filter_leaves_out_what_it_says_and_filters_go_together() {
    staged(async |stage| {
        shop(stage).await;
        assert_eq!(stage.titles("in_stock=true").await, ["Garden gnome", "Rake", "Garden hose"]);
        assert_eq!(stage.titles("min_price=400&currency=INR").await, ["Rake", "Garden hose"]);
        assert_eq!(stage.titles("max_price=500&currency=INR").await, ["Flower pot", "Rake"]);
        assert_eq!(stage.titles("min_price=500&max_price=500&currency=INR").await, ["Rake"]);
        assert_eq!(stage.titles("min_price=1&currency=EUR").await, ["Garden gnome"]);
        assert_eq!(stage.titles("currency=EUR").await.len(), 4);
        assert_eq!(stage.titles("max_price=500&currency=INR&in_stock=true&q=ra").await, ["Rake"]);
        assert_eq!(stage.titles("min_price=9&max_price=8").await, Vec::<String>::new());
        let drafts = stage.get(&operator(), &format!("{PRODUCTS}?status=draft")).await;
        assert_eq!(drafts.each("title"), ["Next year"]);
        let refused = stage.get(&buyer(), &format!("{PRODUCTS}?status=draft")).await;
        assert_eq!(refused.problem(), (403, "forbidden"));
    });
}

#[test]
fn a_product_in_a_list_says_what_a_shop_window_needs() {
    staged(async |stage| {
        let variants = json!([
            { "sku": "A", "prices": [{ "amount": 900, "currency": "INR" }, { "amount": 11, "currency": "USD" }] },
            { "sku": "B", "prices": [{ "amount": 700, "currency": "INR" }], "on_hand": 5,
              "image_url": "https://images.example/b.jpg" }
        ]);
        let made = stage.made(&with(product("x", "Lamp", 0, 0), json!({ "variants": variants }))).await;
        let item = |said: Said| said.expect(200).body["data"][0].clone();
        let expected = json!({ "id": made["id"], "slug": "lamp", "title": "Lamp", "category_id": null,
            "image": { "url": "https://images.example/b.jpg", "alt": "Lamp" }, "status": "on_sale",
            "from_price": { "amount": 700, "currency": "INR" }, "availability": "low_stock", "variant_count": 2 });
        assert_eq!(item(stage.get(&buyer(), PRODUCTS).await), expected);
        let in_dollars = item(stage.get(&buyer(), &format!("{PRODUCTS}?currency=USD")).await);
        assert_eq!(in_dollars["from_price"], json!({ "amount": 11, "currency": "USD" }));
        let in_euros = item(stage.get(&buyer(), &format!("{PRODUCTS}?currency=EUR")).await);
        assert_eq!(in_euros["from_price"], expected["from_price"]);
    });
}

#[test]
fn a_search_finds_beginnings_of_words_and_all_words_must_be_there() {
    staged(async |stage| {
        shop(stage).await;
        assert_eq!(stage.titles("q=gard").await, ["Garden gnome", "Garden hose"]);
        assert_eq!(stage.titles("q=GARDEN+hos").await, ["Garden hose"]);
        assert_eq!(stage.titles("q=rake+hose").await, Vec::<String>::new());
        assert_eq!(stage.titles("q=hose-20").await, ["Garden hose"]);
        assert_eq!(stage.titles("q=arden").await, Vec::<String>::new());
        assert_eq!(stage.titles("q=gar&sort=price").await, ["Garden hose", "Garden gnome"]);
        assert_eq!(stage.titles("q=year").await, Vec::<String>::new());
        assert_eq!(stage.titles("q=").await.len(), 4);
        let made = stage.made(&product("GR", "Größe & Maß", 1, 1)).await;
        assert_eq!(stage.titles("q=gr%C3%B6").await, ["Größe & Maß"]);
        let path = format!("{PRODUCTS}/{}", text(&made["id"]));
        stage.patch(&path, &json!({ "title": "Measure" })).await.expect(200);
        assert_eq!(stage.titles("q=gr%C3%B6").await, Vec::<String>::new());
        assert_eq!(stage.titles("q=meas").await, ["Measure"]);
        let many = stage.get(&buyer(), &format!("{PRODUCTS}?q=a+b+c+d+e+f+g+h+i")).await;
        assert_eq!(many.problem(), (422, "invalid_input"));
        let eight = stage.get(&buyer(), &format!("{PRODUCTS}?q=a+b+c+d+e+f+g+h")).await;
        assert_eq!(eight.each("title"), Vec::<&str>::new());
    });
}

/// All titles of a list, in pages of two; something is done between the pages.
async fn walked(stage: &Stage, query: &str, between: impl AsyncFn(usize)) -> Vec<String> {
    let (mut titles, mut cursor) = (Vec::new(), String::new());
    for page in 0.. {
        let said = stage.get(&buyer(), &format!("{PRODUCTS}?limit=2&{query}{cursor}")).await.expect(200);
        titles.extend(said.each("title").into_iter().map(str::to_owned));
        match said.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return titles,
        }
        between(page).await;
    }
    titles
}

#[test]
fn pages_are_stable_while_products_come_in() {
    staged(async |stage| {
        for number in 0..7 {
            stage.made(&product(&format!("S{number}"), &format!("P{number}"), number % 3, 9)).await;
        }
        for sort in ["newest", "price", "-price", "title"] {
            let query = format!("sort={sort}");
            let before = stage.titles(&query).await;
            let during = walked(stage, &query, async |page: usize| {
                let sku = format!("N{page}{sort}").replace('-', "d");
                stage.made(&product(&sku, &format!("Q {sku}"), 1, 9)).await;
            });
            let during: Vec<String> = during.await;
            let old: Vec<&String> = during.iter().filter(|title| title.starts_with('P')).collect();
            let expected: Vec<&String> = before.iter().filter(|title| title.starts_with('P')).collect();
            assert_eq!(old, expected, "{sort}");
            let mut once = during.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), during.len(), "{sort}: {during:?}");
        }
    });
}

#[test]
fn a_search_and_a_category_have_pages_too() {
    staged(async |stage| {
        let category = stage.category("Toys", None).await;
        for number in 0..5 {
            let body = product(&format!("S{number}"), &format!("Toy {number}"), number, 9);
            stage.made(&with(body, json!({ "category_id": category }))).await;
        }
        for query in ["q=toy&sort=price", "category=toys&sort=title", "category=toys&q=to&sort=title"] {
            let walked = walked(stage, query, async |_| {}).await;
            assert_eq!(walked, ["Toy 0", "Toy 1", "Toy 2", "Toy 3", "Toy 4"], "{query}");
        }
    });
}

#[test]
fn a_cursor_of_another_list_is_refused() {
    staged(async |stage| {
        shop(stage).await;
        let first = stage.get(&buyer(), &format!("{PRODUCTS}?limit=1&sort=price")).await.expect(200);
        let cursor = text(&first.body["next_cursor"]);
        for other in [
            "sort=title",
            "sort=-price",
            "sort=price&in_stock=true",
            "sort=price&q=a",
            "",
            "sort=price&currency=INR",
        ] {
            let said = stage.get(&buyer(), &format!("{PRODUCTS}?limit=1&{other}&cursor={cursor}")).await;
            assert_eq!(said.problem().0, 400, "{other}: {}", said.body);
        }
        let same = stage.get(&buyer(), &format!("{PRODUCTS}?limit=2&sort=price&cursor={cursor}")).await;
        assert_eq!(same.each("title"), ["Rake", "Garden hose"]);
    });
}

#[test]
fn what_cannot_be_asked_is_told() {
    staged(async |stage| {
        for (query, status) in [
            ("sort=cheap", 400),
            ("currency=inr", 400),
            ("category=No_Such", 400),
            ("limit=0", 400),
            ("cursor=AAAA", 400),
            ("colour=red", 400),
            ("in_stock=perhaps", 400),
            ("min_price=-1", 422),
            ("max_price=1000000000000001", 422),
        ] {
            let said = stage.get(&buyer(), &format!("{PRODUCTS}?{query}")).await;
            assert_eq!(said.status.as_u16(), status, "{query}: {}", said.body);
        }
        let none: Value = stage.get(&buyer(), &format!("{PRODUCTS}?category=nowhere")).await.expect(200).body;
        assert_eq!(none["data"], json!([]));
    });
}
