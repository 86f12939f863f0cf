//! The tree of categories, and what stands in it.

use contracts::Id;
use serde_json::{Value, json};

use crate::stage::*;

fn path(id: &str) -> String {
    format!("{CATEGORIES}/{id}")
}

/// The slugs of all categories with how many products they have.
async fn counts(stage: &Stage) -> Vec<(String, i64)> {
    let said = stage.get(&buyer(), CATEGORIES).await.expect(200);
    let rows = said.body["data"].as_array().unwrap().clone();
    let mut counts: Vec<_> =
        rows.iter().map(|row| (text(&row["slug"]), row["product_count"].as_i64().unwrap())).collect();
    counts.sort();
    counts
}

fn counted(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(slug, count)| ((*slug).to_owned(), *count)).collect()
}

#[test]
fn a_category_shows_what_is_in_it_and_below() {
    staged(async |stage| {
        let home = stage.category("Home", None).await;
        let garden = stage.category("Garden", Some(&home)).await;
        let tools = stage.category("Tools", Some(&garden)).await;
        stage.made(&with(product("A", "Rake", 3, 9), json!({ "category_id": tools }))).await;
        stage.made(&with(product("B", "Gnome", 2, 9), json!({ "category_id": garden }))).await;
        let lamp = stage.made(&with(product("C", "Lamp", 1, 9), json!({ "category_id": home }))).await;
        stage.made(&product("D", "Alone", 4, 9)).await;
        stage
            .made(&with(product("E", "Next", 1, 9), json!({ "category_id": home, "status": "draft" })))
            .await;
        assert_eq!(stage.titles("category=home").await, ["Lamp", "Gnome", "Rake"]);
        assert_eq!(stage.titles(&format!("category={garden}&sort=price")).await, ["Gnome", "Rake"]);
        assert_eq!(stage.titles("category=tools&q=ra&max_price=3&currency=INR").await, ["Rake"]);
        assert_eq!(counts(stage).await, counted(&[("garden", 2), ("home", 3), ("tools", 1)]));
        let of_lamp = format!("{PRODUCTS}/{}", text(&lamp["id"]));
        stage.patch(&of_lamp, &json!({ "category_id": tools })).await.expect(200);
        assert_eq!(counts(stage).await, counted(&[("garden", 3), ("home", 3), ("tools", 2)]));
        stage.patch(&of_lamp, &json!({ "category_id": null })).await.expect(200);
        stage.delete(&of_lamp).await.expect(200);
        assert_eq!(stage.titles("category=home").await, ["Gnome", "Rake"]);
        assert_eq!(counts(stage).await, counted(&[("garden", 2), ("home", 2), ("tools", 1)]));
    });
}

#[test]
fn what_is_in_a_category_moves_along_with_it() {
    staged(async |stage| {
        let home = stage.category("Home", None).await;
        let garden = stage.category("Garden", Some(&home)).await;
        let tools = stage.category("Tools", Some(&garden)).await;
        let office = stage.category("Office", None).await;
        stage.made(&with(product("A", "Rake", 3, 9), json!({ "category_id": tools }))).await;
        stage.made(&with(product("B", "Gnome", 2, 9), json!({ "category_id": garden }))).await;
        let moved = stage.patch(&path(&garden), &json!({ "parent_id": office })).await.expect(200).body;
        assert_eq!((&moved["parent_id"], &moved["product_count"]), (&json!(office), &json!(2)));
        assert_eq!(stage.titles("category=home").await, Vec::<String>::new());
        assert_eq!(stage.titles("category=office&sort=title").await, ["Gnome", "Rake"]);
        assert_eq!(stage.titles("category=tools").await, ["Rake"]);
        assert_eq!(counts(stage).await, counted(&[("garden", 2), ("home", 0), ("office", 2), ("tools", 1)]));
        stage.patch(&path(&tools), &json!({ "parent_id": null })).await.expect(200);
        assert_eq!(stage.titles("category=office").await, ["Gnome"]);
        assert_eq!(counts(stage).await, counted(&[("garden", 1), ("home", 0), ("office", 1), ("tools", 1)]));
    });
}

#[test]
fn the_tree_is_no_circle_not_too_deep_and_has_no_name_twice() {
    staged(async |stage| {
        let mut ids: Vec<String> = Vec::new();
        for level in 0..6 {
            ids.push(stage.category(&format!("L{level}"), ids.last().map(String::as_str)).await);
        }
        let make = async |body: Value| stage.post(&operator(), CATEGORIES, &body).await;
        let deeper = make(json!({ "title": "L6", "parent_id": ids[5] })).await;
        assert_eq!(deeper.problem(), (409, "category_too_deep"));
        let circle = stage.patch(&path(&ids[0]), &json!({ "parent_id": ids[3] })).await;
        assert_eq!(circle.problem(), (409, "category_circle"));
        assert_eq!(make(json!({ "title": "l0" })).await.problem(), (409, "slug_taken"));
        let renamed = stage.patch(&path(&ids[1]), &json!({ "slug": "l0" })).await;
        assert_eq!(renamed.problem(), (409, "slug_taken"));
        let nowhere = contracts::OrderId::from_u128(1).to_string().replace("ord", "cat");
        let lost = make(json!({ "title": "X", "parent_id": nowhere })).await;
        assert_eq!(lost.problem(), (422, "invalid_input"));
        assert_eq!(stage.patch(&path(&nowhere), &json!({})).await.problem(), (404, "not_found"));
        assert_eq!(counts(stage).await.len(), 6);
    });
}

#[test]
fn a_category_goes_when_nothing_is_in_it() {
    staged(async |stage| {
        let home = stage.category("Home", None).await;
        let garden = stage.category("Garden", Some(&home)).await;
        let body = with(product("A", "Rake", 3, 9), json!({ "category_id": garden, "status": "draft" }));
        let rake = stage.made(&body).await;
        assert_eq!(stage.delete(&path(&home)).await.problem(), (409, "category_in_use"));
        assert_eq!(stage.delete(&path(&garden)).await.problem(), (409, "category_in_use"));
        stage
            .patch(&format!("{PRODUCTS}/{}", text(&rake["id"])), &json!({ "category_id": null }))
            .await
            .expect(200);
        assert_eq!(
            stage.delete(&path(&garden)).await.expect(200).body,
            json!({ "id": garden, "deleted": true })
        );
        assert_eq!(stage.delete(&path(&garden)).await.problem(), (404, "not_found"));
        stage.delete(&path(&home)).await.expect(200);
        assert_eq!(counts(stage).await, counted(&[]));
    });
}

#[test]
fn neighbours_stand_in_their_order() {
    staged(async |stage| {
        for (title, position) in [("C", 2), ("A", 1), ("B", 1)] {
            let body = json!({ "title": title, "position": position });
            stage.post(&operator(), CATEGORIES, &body).await.expect(201);
        }
        assert_eq!(stage.get(&buyer(), CATEGORIES).await.each("title"), ["A", "B", "C"]);
        let far = stage.post(&operator(), CATEGORIES, &json!({ "title": "D", "position": 1_000_001 })).await;
        assert_eq!(far.problem(), (422, "invalid_input"));
    });
}
