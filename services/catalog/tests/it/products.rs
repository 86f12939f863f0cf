//! Making, changing and archiving products and their variants.

use contracts::{Id, ProductId, VariantId};
use http::Method;
use serde_json::{Value, json};

use crate::stage::*;

fn path(made: &Value) -> String {
    format!("{PRODUCTS}/{}", text(&made["id"]))
}

fn variant_path(made: &Value, at: usize) -> String {
    format!("/api/v1/variants/{}", text(&made["variants"][at]["id"]))
}

#[test]
fn a_new_product_is_shown_by_its_id_and_its_slug_and_told_whole() {
    staged(async |stage| {
        let made = stage.made(&product("HOSE", "Garden hose", 1_000, 7)).await;
        assert_eq!((&made["slug"], &made["version"]), (&json!("garden-hose"), &json!(1)));
        let variant = &made["variants"][0];
        assert_eq!((&variant["on_hand"], &variant["committed"]), (&json!(7), &json!(0)));
        for name in [path(&made), format!("{PRODUCTS}/garden-hose")] {
            let shown = stage.get(&buyer(), &name).await.expect(200).body;
            assert_eq!(shown["id"], made["id"]);
            let seen = &shown["variants"][0];
            assert_eq!((&seen["on_hand"], &seen["committed"]), (&Value::Null, &Value::Null));
            assert_eq!(seen["availability"], "in_stock");
        }
        let told = stage.told().await;
        assert_eq!(told[0].0, "product.changed");
        assert_eq!(
            told[0].1,
            json!({ "productId": made["id"], "title": "Garden hose", "onSale": true,
            "variants": [{ "variantId": variant["id"], "sku": "HOSE", "title": "",
                "prices": [{ "amount": 1_000, "currency": "INR" }] }] })
        );
        assert_eq!(told[1].0, "stock.adjusted");
        assert_eq!(told[1].1, json!({ "variantId": variant["id"], "delta": 7, "reason": "initial stock" }));
        assert_eq!(told.len(), 2);
    });
}

#[test]
fn a_slug_and_a_sku_belong_to_one_product() {
    staged(async |stage| {
        let made = stage.made(&product("A", "One", 1, 0)).await;
        let same_slug = stage.post(&operator(), PRODUCTS, &product("B", "One", 1, 0)).await;
        assert_eq!(same_slug.problem(), (409, "slug_taken"));
        let same_sku = stage.post(&operator(), PRODUCTS, &product("A", "Two", 1, 0)).await;
        assert_eq!(same_sku.problem(), (409, "sku_taken"));
        let twice = json!({ "variants": [{ "sku": "C" }, { "sku": "C" }] });
        let twice = stage.post(&operator(), PRODUCTS, &with(product("x", "Two", 1, 0), twice)).await;
        assert_eq!(twice.problem(), (409, "sku_taken"));
        let other = stage.made(&product("B", "Two", 1, 0)).await;
        assert_eq!(
            stage.patch(&path(&other), &json!({ "slug": "one" })).await.problem(),
            (409, "slug_taken")
        );
        let renamed = stage.patch(&variant_path(&other, 0), &json!({ "sku": "A" })).await;
        assert_eq!(renamed.problem(), (409, "sku_taken"));
        let added =
            stage.post(&operator(), &format!("{}/variants", path(&made)), &json!({ "sku": "B" })).await;
        assert_eq!(added.problem(), (409, "sku_taken"));
        assert_eq!(stage.told_types().await, ["product.changed", "product.changed"]);
    });
}

#[test]
fn each_change_raises_the_version_and_is_told_and_no_change_is_neither() {
    staged(async |stage| {
        let made = stage.made(&product("A", "One", 1, 0)).await;
        let (path, variant) = (path(&made), variant_path(&made, 0));
        let changed = stage.patch(&path, &json!({ "title": "Uno" })).await.expect(200).body;
        assert_eq!((&changed["version"], &changed["slug"]), (&json!(2), &json!("one")));
        let priced = json!({ "prices": [{ "amount": 5, "currency": "EUR" }], "image_url": "https://a/b" });
        assert_eq!(stage.patch(&variant, &priced).await.expect(200).body["version"], 3);
        let same = stage.patch(&path, &json!({ "title": "Uno" })).await.expect(200).body;
        assert_eq!(same["version"], 3);
        let bare = stage.patch(&variant, &json!({ "image_url": null })).await.expect(200).body;
        assert_eq!(bare["variants"][0]["image_url"], Value::Null);
        assert_eq!(bare["variants"][0]["prices"], json!([{ "amount": 5, "currency": "EUR" }]));
        assert_eq!(stage.told_types().await, ["product.changed"; 4]);
    });
}

#[test]
fn whoever_saw_an_old_version_does_not_overwrite_a_new_one() {
    staged(async |stage| {
        let made = stage.made(&product("A", "One", 1, 0)).await;
        let send = async |path: String, tag: &str, body: Value| {
            stage.ask(Method::PATCH, &path, Some(&operator()), Some(&body), &[("if-match", tag)]).await
        };
        send(path(&made), "\"1\"", json!({ "title": "Uno" })).await.expect(200);
        let late = send(path(&made), "\"1\"", json!({ "title": "Eins" })).await;
        assert_eq!(late.problem(), (409, "conflict"));
        let late = send(variant_path(&made, 0), "\"1\"", json!({ "title": "L" })).await;
        assert_eq!(late.problem(), (409, "conflict"));
        send(variant_path(&made, 0), "\"2\"", json!({ "title": "L" })).await.expect(200);
    });
}

#[test]
fn each_status_can_follow_each_and_decides_who_sees_the_product() {
    staged(async |stage| {
        let made = stage.made(&product("A", "One", 1, 9)).await;
        let states = ["draft", "on_sale", "archived"];
        for (from, to) in states.iter().flat_map(|from| states.map(|to| (*from, to))) {
            stage.patch(&path(&made), &json!({ "status": from })).await.expect(200);
            stage.patch(&path(&made), &json!({ "status": to })).await.expect(200);
            let seen = stage.get(&buyer(), &path(&made)).await.status.as_u16();
            assert_eq!(seen, if to == "on_sale" { 200 } else { 404 }, "{from} to {to}");
            assert_eq!(stage.titles("").await.len(), usize::from(to == "on_sale"), "{from} to {to}");
            assert_eq!(stage.titles("q=one").await.len(), usize::from(to == "on_sale"), "{from} to {to}");
            let seen = stage.get(&operator(), &path(&made)).await.expect(200).body;
            assert_eq!(seen["status"], to);
            let (kind, told) = stage.told().await.pop().unwrap();
            assert_eq!((kind.as_str(), &told["onSale"]), ("product.changed", &json!(to == "on_sale")));
        }
    });
}

#[test]
fn a_deleted_product_is_archived_and_twice_is_once() {
    staged(async |stage| {
        let made = stage.made(&product("A", "One", 1, 0)).await;
        let gone = stage.delete(&path(&made)).await.expect(200).body;
        assert_eq!((&gone["status"], &gone["version"]), (&json!("archived"), &json!(2)));
        assert_eq!(stage.delete(&path(&made)).await.expect(200).body["version"], 2);
        assert_eq!(stage.told_types().await, ["product.changed"; 2]);
        let absent = format!("{PRODUCTS}/{}", ProductId::from_u128(9));
        assert_eq!(stage.delete(&absent).await.problem(), (404, "not_found"));
    });
}

#[test]
fn variants_come_and_go_but_one_stays_and_so_does_one_that_orders_wait_for() {
    staged(async |stage| {
        let made = stage.made(&product("A", "One", 1, 3)).await;
        let body = json!({ "sku": "B", "title": "big", "on_hand": 2 });
        let two = stage.post(&operator(), &format!("{}/variants", path(&made)), &body).await.expect(201).body;
        assert_eq!(two["variants"].as_array().unwrap().len(), 2);
        let one = stage.delete(&variant_path(&two, 0)).await.expect(200).body;
        assert_eq!(one["variants"][0]["sku"], "B");
        assert_eq!(stage.delete(&variant_path(&one, 0)).await.problem(), (409, "last_variant"));
        let absent = format!("/api/v1/variants/{}", VariantId::from_u128(9));
        assert_eq!(stage.delete(&absent).await.problem(), (404, "not_found"));
        let told = stage.told().await;
        let skus = told.iter().filter(|(kind, _)| kind == "product.changed").map(|(_, data)| {
            data["variants"]
                .as_array()
                .unwrap()
                .iter()
                .map(|variant| text(&variant["sku"]))
                .collect::<Vec<_>>()
        });
        assert_eq!(skus.collect::<Vec<_>>(), [vec!["A"], vec!["A", "B"], vec!["B"]]);
        assert_eq!(stage.titles("q=a").await, Vec::<String>::new());
        assert_eq!(stage.titles("q=big").await, ["One"]);
        let item = stage.get(&buyer(), PRODUCTS).await.expect(200).body["data"][0].clone();
        assert_eq!((&item["variant_count"], &item["availability"]), (&json!(1), &json!("low_stock")));
    });
}

#[test]
fn a_malformed_product_is_told_by_its_fields() {
    staged(async |stage| {
        let good = || product("A", "One", 1, 0);
        for (fields, field) in [
            (json!({ "title": "" }), "title"),
            (json!({ "slug": "No Slug" }), "slug"),
            (json!({ "variants": [] }), "variants"),
            (json!({ "variants": [{ "sku": "=1" }] }), "variants[0].sku"),
            (json!({ "variants": [{ "sku": "A", "on_hand": -1 }] }), "variants[0].on_hand"),
            (
                json!({ "variants": [{ "sku": "A", "prices": [{ "amount": -1, "currency": "INR" }] }] }),
                "variants[0].prices[0]",
            ),
            (json!({ "images": vec![json!({ "url": "https://a", "alt": "" }); 21] }), "images"),
            (json!({ "images": [{ "url": "javascript:1", "alt": "" }] }), "images[0].url"),
            (json!({ "category_id": "cat_01jd3sa4k8qm7v2x9c5f0t6w1b" }), "category_id"),
            (json!({ "colour": "red" }), "colour"),
        ] {
            let said = stage.post(&operator(), PRODUCTS, &with(good(), fields)).await;
            assert_eq!(said.problem(), (422, "invalid_input"), "{field}: {}", said.body);
            assert_eq!(said.body["details"]["fields"][0]["field"], field, "{}", said.body);
        }
        assert_eq!(stage.told_types().await, Vec::<String>::new());
    });
}

#[test]
fn a_product_made_twice_with_one_key_is_made_once() {
    staged(async |stage| {
        let body = product("A", "One", 1, 5);
        let send = async || {
            let headers = [("idempotency-key", "k1")];
            stage.ask(Method::POST, PRODUCTS, Some(&operator()), Some(&body), &headers).await.expect(201).body
        };
        assert_eq!(send().await, send().await);
        assert_eq!(stage.told_types().await, ["product.changed", "stock.adjusted"]);
    });
}
