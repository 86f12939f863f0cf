//! Who is let in: each route with nobody, without its permission, and from another project.

use contracts::events::commerce::{StockMove, StockMoved};
use contracts::{Id, OrderId};
use http::Method;
use kernel::store::Scope;
use kernel::testing::isolation;
use serde_json::{Value, json};

use crate::stage::*;

const READ: &str = "catalog:read";
const WRITE: &str = "catalog:write";

/// Each route, what it takes, and the permission that it needs. What is changed comes last.
fn routes(
    product_id: &str,
    variant: &str,
    category: &str,
    import: &str,
) -> Vec<(Method, String, Option<Value>, &'static str)> {
    let get = |path: String, permission| (Method::GET, path, None, permission);
    let one = format!("{PRODUCTS}/{product_id}");
    let variant = format!("/api/v1/variants/{variant}");
    let category = format!("{CATEGORIES}/{category}");
    vec![
        get(PRODUCTS.into(), READ),
        get(one.clone(), READ),
        get(CATEGORIES.into(), READ),
        get(format!("{variant}/movements"), WRITE),
        get(format!("{IMPORTS}/{import}"), WRITE),
        get(format!("{IMPORTS}/{import}/errors"), WRITE),
        get(format!("{IMPORTS}/{import}/live"), WRITE),
        get("/api/v1/catalog/export".into(), WRITE),
        (Method::POST, PRODUCTS.into(), Some(product("NEW", "New", 1, 1)), WRITE),
        (Method::PATCH, one.clone(), Some(json!({ "title": "Other" })), WRITE),
        (Method::POST, format!("{one}/variants"), Some(json!({ "sku": "V2" })), WRITE),
        (Method::PATCH, variant.clone(), Some(json!({ "title": "x" })), WRITE),
        (Method::POST, format!("{variant}/stock"), Some(json!({ "delta": 1, "reason": "x" })), WRITE),
        (Method::DELETE, variant, None, WRITE),
        (Method::DELETE, one, None, WRITE),
        (Method::POST, CATEGORIES.into(), Some(json!({ "title": "New" })), WRITE),
        (Method::PATCH, category.clone(), Some(json!({ "title": "Other" })), WRITE),
        (Method::DELETE, category, None, WRITE),
        (Method::POST, IMPORTS.into(), None, WRITE),
    ]
}

/// A shop with something in each table; the ids of a product, a variant, a category and an import.
async fn shop(stage: &Stage) -> [String; 4] {
    let category = stage.category("Garden", None).await;
    let empty = stage.category("Empty", Some(&category)).await;
    let made = stage.made(&with(product("A", "One", 1, 5), json!({ "category_id": category }))).await;
    let bad = stage.import("sku\n=\n").await;
    let variant = text(&made["variants"][0]["id"]);
    let orders = stage.neighbour("orders").await;
    let held = StockMoved {
        variant_id: variant.parse().unwrap(),
        order_id: OrderId::from_u128(1),
        movement: StockMove::Held,
        quantity: 0,
    };
    stage.hear(&orders, Scope::Project(project(1)), "ord", &held).await;
    // One more waits to be worked off.
    stage.sheet(&operator(), "text/csv", "sku,title\nB,Two\n").await.expect(202);
    [text(&made["id"]), variant, empty, text(&bad["id"])]
}

#[test]
fn nobody_and_nobody_without_the_permission_is_let_in() {
    staged(async |stage| {
        let [product, variant, category, import] = shop(stage).await;
        for (method, path, body, permission) in routes(&product, &variant, &category, &import) {
            let ask = async |player: Option<&Player>| {
                stage.ask(method.clone(), &path, player, body.as_ref(), &[]).await
            };
            assert_eq!(ask(None).await.problem(), (401, "unauthenticated"), "{method} {path}");
            let others: &[&str] = if permission == WRITE { &[READ] } else { &["orders:read"] };
            let refused = ask(Some(&Player::user(1, 1, others))).await;
            assert_eq!(refused.problem(), (403, "forbidden"), "{method} {path}");
            let nowhere = ask(Some(&Player::operator(1, &["*"]))).await;
            assert_eq!(nowhere.problem(), (403, "forbidden"), "{method} {path}");
            // What is followed goes on; `an_import_can_be_followed` opens that one.
            if path.ends_with("/live") {
                continue;
            }
            let said = ask(Some(&Player::user(1, 1, &[permission]))).await;
            if path == IMPORTS {
                assert_eq!(said.problem(), (415, "not_csv"));
            } else {
                assert!(said.status.is_success(), "{method} {path}: {}", said.body);
            }
        }
    });
}

#[test]
fn the_table_above_names_each_route() {
    let document = catalog::service().document().unwrap();
    let paths = document["paths"].as_object().unwrap();
    let declared: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(declared, routes("p", "v", "c", "i").len());
}

#[test]
fn another_project_sees_nothing_and_changes_nothing() {
    staged(async |stage| {
        let [id, variant, category, import] = shop(stage).await;
        let before = stage.export().await;
        for (method, path, body, _) in routes(&id, &variant, &category, &import) {
            let said = stage.ask(method.clone(), &path, Some(&stranger()), body.as_ref(), &[]).await;
            let names_ours = [&id, &variant, &category, &import].iter().any(|ours| path.contains(*ours));
            if names_ours {
                assert_eq!(said.problem(), (404, "not_found"), "{method} {path}: {}", said.body);
            } else if method == Method::GET && [PRODUCTS, CATEGORIES].contains(&path.as_str()) {
                assert_eq!(said.body["data"], json!([]), "{path}");
            }
        }
        let by_slug = stage.get(&stranger(), &format!("{PRODUCTS}/one")).await;
        assert_eq!(by_slug.problem(), (404, "not_found"));
        let theirs = json!({ "title": "Mine", "category_id": category, "variants": [{ "sku": "A" }] });
        let placed = stage.post(&stranger(), PRODUCTS, &theirs).await;
        assert_eq!(placed.problem(), (422, "invalid_input"));
        assert_eq!(stage.export().await, before);
    });
}

#[test]
fn two_projects_use_the_same_names() {
    staged(async |stage| {
        shop(stage).await;
        stage.post(&stranger(), PRODUCTS, &product("A", "One", 9, 1)).await.expect(201);
        stage.post(&stranger(), CATEGORIES, &json!({ "title": "Garden" })).await.expect(201);
        let theirs = stage.get(&stranger(), &format!("{PRODUCTS}?q=one")).await.expect(200).body;
        assert_eq!(theirs["data"][0]["from_price"]["amount"], 9);
        assert_eq!(stage.titles("q=one").await, ["One"]);
    });
}

#[test]
fn no_statement_reaches_the_rows_of_another_project() {
    staged(async |stage| {
        shop(stage).await;
        let found = isolation(stage.running.store(), project(1), project(2)).await.unwrap();
        assert_eq!(found.leaks, Vec::<String>::new());
        for table in [
            "turns",
            "categories",
            "category_counts",
            "products",
            "variants",
            "shelves",
            "product_search",
            "movements",
            "imports",
            "import_pieces",
            "import_errors",
        ] {
            assert!(!found.unproved.iter().any(|unproved| unproved == table), "{table} is empty");
        }
    });
}

#[test]
fn the_examples_of_the_document_are_taken() {
    staged(async |stage| {
        let document = catalog::service().document().unwrap();
        let example = |name: &str| document["components"]["schemas"][name]["example"].clone();
        stage.post(&operator(), CATEGORIES, &example("CreateCategory")).await.expect(201);
        let made = stage.made(&example("CreateProduct")).await;
        let one = format!("{PRODUCTS}/{}", text(&made["id"]));
        stage.patch(&one, &example("ChangeProduct")).await.expect(200);
        let more = stage.post(&operator(), &format!("{one}/variants"), &example("NewVariantBody")).await;
        let variant = format!("/api/v1/variants/{}", text(&more.expect(201).body["variants"][0]["id"]));
        stage.patch(&variant, &example("ChangeVariant")).await.expect(200);
        stage.post(&operator(), &format!("{variant}/stock"), &example("AdjustStock")).await.expect(200);
    });
}
