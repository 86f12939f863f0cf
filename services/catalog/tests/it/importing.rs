//! Sheets that come in and go out.

use std::time::Duration;

use http::{Request, header};
use http_body_util::BodyExt;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::stage::*;

const HEAD: &str =
    "sku,title,variant_title,slug,category,description,price,currency,on_hand,image_url,status\r\n";

#[test]
fn a_sheet_becomes_products_with_variants_prices_and_stock() {
    staged(async |stage| {
        stage.category("Garden", None).await;
        let sheet = format!(
            "{HEAD}H20,Hose,20 m,hose,garden,\"Green, \"\"soft\"\"\",12.50,INR,7,https://a/h.jpg,on_sale\r\n\
             H20,Hose,20 m,hose,garden,\"Green, \"\"soft\"\"\",3,JPY,7,https://a/h.jpg,on_sale\r\n\
             H50,Hose,50 m,hose,garden,\"Green, \"\"soft\"\"\",30.00,INR,0,,on_sale\r\n\
             R1,Rake,,,,,,,,,\r\n"
        );
        let ended = stage.import(&sheet).await;
        assert_eq!((&ended["state"], &ended["rows_total"]), (&json!("done"), &json!(4)));
        assert_eq!((&ended["rows_done"], &ended["rows_failed"]), (&json!(4), &json!(0)));
        assert_ne!(ended["finished_at"], Value::Null);
        let hose = stage.get(&operator(), &format!("{PRODUCTS}/hose")).await.expect(200).body;
        assert_eq!((&hose["description"], &hose["version"]), (&json!("Green, \"soft\""), &json!(1)));
        let first = &hose["variants"][0];
        assert_eq!(
            (&first["sku"], &first["title"], &first["on_hand"]),
            (&json!("H20"), &json!("20 m"), &json!(7))
        );
        let prices = json!([{ "amount": 1250, "currency": "INR" }, { "amount": 3, "currency": "JPY" }]);
        assert_eq!(first["prices"], prices);
        assert_eq!(stage.titles("category=garden").await, ["Hose"]);
        let rake = stage.get(&operator(), &format!("{PRODUCTS}/rake")).await.expect(200).body;
        assert_eq!(rake["status"], "draft");
        let told = stage.told_types().await;
        assert_eq!(told, ["product.changed", "product.changed", "stock.adjusted"]);
    });
}

#[test]
fn bad_rows_are_told_and_the_others_go_on_and_again_changes_nothing() {
    staged(async |stage| {
        let sheet = "sku,title,price,currency,on_hand,category\r\n\
             A,One,1.00,INR,3,\r\n\
             =B,Two,1.00,INR,3,\r\n\
             C,Three,1.001,INR,-3,\r\n\
             D,Four,1,INR,1,nowhere\r\n\
             E,Five,1\r\n\
             F,Six,2,INR,0,\r\n";
        let ended = stage.import(sheet).await;
        assert_eq!((&ended["rows_done"], &ended["rows_failed"]), (&json!(6), &json!(4)));
        let path = format!("{IMPORTS}/{}/errors", text(&ended["id"]));
        let said = stage.get(&operator(), &path).await.expect(200).body;
        let told: Vec<(i64, &Value)> = said["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| (error["row"].as_i64().unwrap(), &error["column"]))
            .collect();
        let column = |name: &str| json!(name);
        let (sku, on_hand, price, category) =
            (column("sku"), column("on_hand"), column("price"), column("category"));
        assert_eq!(told, [(3, &sku), (4, &on_hand), (4, &price), (5, &category), (6, &Value::Null)]);
        let first = stage.get(&operator(), &format!("{path}?limit=3")).await.expect(200).body;
        let rest = format!("{path}?limit=3&cursor={}", text(&first["next_cursor"]));
        let rest = stage.get(&operator(), &rest).await.expect(200).body;
        assert_eq!(rest["data"].as_array().unwrap().len(), 2);
        let list = format!("{PRODUCTS}?status=draft");
        let before = (stage.get(&operator(), &list).await.body, stage.told_types().await);
        assert_eq!(before.1.len(), 3);
        stage.import(sheet).await;
        assert_eq!((stage.get(&operator(), &list).await.body, stage.told_types().await), before);
    });
}

#[test]
fn a_sheet_changes_what_it_names_and_leaves_the_rest() {
    staged(async |stage| {
        let images = json!({ "images": [{ "url": "https://a/b", "alt": "b" }], "description": "Long." });
        let made = stage.made(&with(product("A", "One", 100, 4), images)).await;
        stage.import("sku,price,currency,on_hand\nA,2.00,INR,9\n").await;
        let after = stage.get(&operator(), &format!("{PRODUCTS}/one")).await.expect(200).body;
        let expected = json!([{ "amount": 200, "currency": "INR" }]);
        assert_eq!(
            (&after["variants"][0]["prices"], &after["variants"][0]["on_hand"]),
            (&expected, &json!(9))
        );
        assert_eq!((&after["images"], &after["description"]), (&made["images"], &made["description"]));
        assert_eq!(after["version"], 2);
        stage.import("sku,on_hand\nA,0\n").await;
        let (kind, told) = stage.told().await.pop().unwrap();
        assert_eq!(
            (kind.as_str(), &told["delta"], &told["reason"]),
            ("stock.adjusted", &json!(-9), &json!("import"))
        );
        assert_eq!(stage.titles("in_stock=true").await, Vec::<String>::new());
    });
}

#[test]
fn a_long_sheet_is_worked_off_in_pieces_and_none_is_lost() {
    staged(async |stage| {
        let rows: String = (0..450).map(|number| format!("S{number},Thing {number},on_sale,1\n")).collect();
        let ended = stage.import(&format!("sku,title,status,on_hand\n{rows}")).await;
        assert_eq!((&ended["state"], &ended["rows_done"]), (&json!("done"), &json!(450)));
        let told = stage.told_types().await;
        assert_eq!(told.iter().filter(|kind| *kind == "product.changed").count(), 450);
        assert_eq!(stage.titles("q=thing+449").await, ["Thing 449"]);
        let sheet = stage.export().await;
        assert_eq!(sheet.lines().count(), 451);
    });
}

#[test]
fn a_sheet_with_too_many_bad_rows_is_given_up() {
    staged(async |stage| {
        let rows = "-,x\n".repeat(10_500);
        let ended = stage.import(&format!("sku,title\n{rows}Z,Last\n")).await;
        assert_eq!(ended["state"], "failed");
        assert!(ended["rows_done"].as_i64().unwrap() < 10_500, "{ended}");
        assert_eq!(stage.told_types().await, Vec::<String>::new());
    });
}

#[test]
fn what_is_no_sheet_is_refused_at_once() {
    staged(async |stage| {
        let send = async |kind: &str, text: &str| stage.sheet(&operator(), kind, text.to_owned()).await;
        assert_eq!(send("application/json", "{}").await.problem(), (415, "not_csv"));
        assert_eq!(send("text/plain", "sku\na\n").await.problem(), (415, "not_csv"));
        for text in ["", "sku", "title\na\n", "sku,colour\na,b\n", "sku\n\"a\n"] {
            assert_eq!(send("text/csv", text).await.problem(), (422, "bad_sheet"), "{text}");
        }
        assert_eq!(send("text/csv; charset=utf-8", "sku\na\0\n").await.problem(), (422, "invalid_input"));
        let latin = stage.sheet(&operator(), "text/csv", vec![b's', 0xe4]).await;
        assert_eq!(latin.problem(), (422, "invalid_input"));
        let large = stage.sheet(&operator(), "text/csv", vec![b'a'; (8 << 20) + 1]).await;
        assert_eq!(large.problem(), (413, "body_too_large"));
        let fits = stage.sheet(&operator(), "text/csv", vec![b'a'; 8 << 20]).await;
        assert_eq!(fits.problem(), (422, "bad_sheet"));
    });
}

#[test]
fn an_import_can_be_followed() {
    staged(async |stage| {
        let said = stage.sheet(&operator(), "text/csv", "sku,title\nA,One\n").await.expect(202);
        assert_eq!(said.body["state"], "queued");
        let request = Request::get(format!("{IMPORTS}/{}/live", text(&said.body["id"])))
            .header(header::AUTHORIZATION, format!("Bearer {}", stage.token(&operator())))
            .body(axum::body::Body::empty());
        let answer = stage.running.routes().0.oneshot(request.unwrap()).await.unwrap();
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        let mut stream = answer.into_body();
        let mut next = async || {
            let frame = tokio::time::timeout(Duration::from_secs(10), stream.frame()).await.unwrap().unwrap();
            String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap()
        };
        assert!(next().await.contains("\"state\":\"queued\""));
        stage.work().await;
        assert!(next().await.contains("\"state\":\"done\""));
        let absent = format!("{IMPORTS}/imp_01jd3sa4k8qm7v2x9c5f0t6w1b/live");
        assert_eq!(stage.get(&operator(), &absent).await.problem(), (404, "not_found"));
    });
}

#[test]
fn a_formula_goes_out_harmless_and_comes_in_as_it_was() {
    staged(async |stage| {
        let title = "=HYPERLINK(\"https://evil\")";
        stage.made(&with(product("A", title, 1, 1), json!({ "description": "@x\n+y" }))).await;
        let sheet = stage.export().await;
        assert!(sheet.contains("\"'=HYPERLINK") && sheet.contains("\"'@x"), "{sheet}");
        stage.import(&sheet).await;
        assert_eq!(stage.titles("").await, [title]);
        assert_eq!(stage.told_types().await, ["product.changed", "stock.adjusted"]);
    });
}

/// Title, description, and the price and stock of each variant.
type Good = (String, String, Vec<(i64, i64)>);

fn goods() -> impl Strategy<Value = Vec<Good>> {
    let title = "[a-z'=@\",é][a-z'=@\", é]{0,5}[a-z'=@\",é]";
    let description = "[a-z'=,\"\r\n\t ]{0,8}";
    let variants = proptest::collection::vec((0_i64..100_000, 0_i64..20), 1..4);
    proptest::collection::vec((title, description, variants), 1..6)
}

async fn comes_back(stage: &Stage, other: &Stage, goods: &[Good]) {
    for place in [stage, other] {
        place.category("Garden", None).await;
    }
    for (number, (title, description, variants)) in goods.iter().enumerate() {
        let variants: Vec<Value> = variants
            .iter()
            .enumerate()
            .map(|(at, (amount, on_hand))| {
                let prices =
                    json!([{ "amount": amount, "currency": "INR" }, { "amount": at, "currency": "KWD" }]);
                json!({ "sku": format!("S{number}-{at}"), "title": format!("v{at}"), "on_hand": on_hand,
                    "prices": prices })
            })
            .collect();
        let body = json!({ "title": title, "slug": format!("p{number}"), "description": description,
            "status": "on_sale", "variants": variants });
        stage.made(&body).await;
    }
    let (sheet, told) = (stage.export().await, stage.told_types().await);
    let ended = stage.import(&sheet).await;
    assert_eq!((&ended["state"], &ended["rows_failed"]), (&json!("done"), &json!(0)), "{sheet}");
    assert_eq!(stage.told_types().await, told, "{sheet}");
    let ended = other.import(&sheet).await;
    assert_eq!((&ended["state"], &ended["rows_failed"]), (&json!("done"), &json!(0)), "{sheet}");
    assert_eq!(other.export().await, sheet);
}

#[test]
fn what_goes_out_comes_back_and_changes_nothing() {
    let one = |place: &kernel::testing::Place, other: &kernel::testing::Place, goods: &[_]| {
        kernel::testing::run(async {
            let stage = Stage(kernel::testing::Stage::new(place, catalog::service()).await);
            let other = Stage(kernel::testing::Stage::new(other, catalog::service()).await);
            comes_back(&stage, &other, goods).await;
        });
    };
    TestRunner::new(Config { cases: 10, ..Config::default() })
        .run(&goods(), |goods| {
            one(&kernel::testing::Place::sqlite(), &kernel::testing::Place::sqlite(), &goods);
            Ok(())
        })
        .unwrap();
    let fixed = [("=a".to_owned(), "\r\n'b,\"".to_owned(), vec![(1, 0), (99_999, 3)])];
    for (place, other) in kernel::testing::Place::both().iter().zip(kernel::testing::Place::both().iter()) {
        one(place, other, &fixed);
    }
}

#[test]
fn an_empty_catalog_is_a_head() {
    staged(async |stage| {
        assert_eq!(stage.export().await, HEAD);
    });
}
