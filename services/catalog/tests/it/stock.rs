//! Stock: what people count and what orders do.

use contracts::events::commerce::{StockMove, StockMoved};
use contracts::{Id, OrderId, VariantId};
use kernel::store::{Scope, Store};
use kernel::testing::run;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::stage::*;

/// A variant that orders take from.
struct Shelf<'s> {
    stage: &'s Stage,
    orders: Store,
    id: VariantId,
}

impl<'s> Shelf<'s> {
    async fn with(stage: &'s Stage, on_hand: i64) -> Self {
        let made = stage.made(&product("A", "One", 1, on_hand)).await;
        let id = made["variants"][0]["id"].as_str().unwrap().parse().unwrap();
        Self { stage, orders: stage.neighbour("orders").await, id }
    }

    async fn adjust(&self, delta: i64) -> Said {
        let path = format!("/api/v1/variants/{}/stock", self.id);
        self.stage.post(&operator(), &path, &json!({ "delta": delta, "reason": "counted" })).await
    }

    async fn hear(&self, movement: StockMove, quantity: u32) {
        let event = StockMoved { variant_id: self.id, order_id: OrderId::from_u128(7), movement, quantity };
        self.stage.hear(&self.orders, Scope::Project(project(1)), "ord", &event).await;
    }

    /// On hand, promised, and what a list says.
    async fn seen(&self) -> (i64, i64, String) {
        let detail = self.stage.get(&operator(), &format!("{PRODUCTS}/one")).await.expect(200).body;
        let variant = &detail["variants"][0];
        let list = self.stage.get(&buyer(), PRODUCTS).await.expect(200).body;
        assert_eq!(list["data"][0]["availability"], variant["availability"]);
        let in_stock = self.stage.titles("in_stock=true").await.len() == 1;
        assert_eq!(in_stock, variant["availability"] != "out_of_stock");
        let number = |field: &str| variant[field].as_i64().unwrap();
        (number("on_hand"), number("committed"), text(&variant["availability"]))
    }

    async fn movements(&self) -> Vec<Value> {
        let path = format!("/api/v1/variants/{}/movements?limit=200", self.id);
        self.stage.get(&operator(), &path).await.expect(200).body["data"].as_array().unwrap().clone()
    }
}

fn is(on_hand: i64, committed: i64, availability: &str) -> (i64, i64, String) {
    (on_hand, committed, availability.to_owned())
}

#[test]
fn stock_is_adjusted_with_a_reason_and_never_below_nothing() {
    staged(async |stage| {
        let shelf = Shelf::with(stage, 6).await;
        let said = shelf.adjust(-6).await.expect(200).body;
        assert_eq!(
            said,
            json!({ "variant_id": shelf.id, "on_hand": 0, "committed": 0,
            "availability": "out_of_stock" })
        );
        assert_eq!(shelf.seen().await, is(0, 0, "out_of_stock"));
        assert_eq!(shelf.adjust(-1).await.problem(), (409, "not_enough_stock"));
        assert_eq!(shelf.adjust(0).await.problem(), (422, "invalid_input"));
        assert_eq!(shelf.adjust(1_000_000_001).await.problem(), (422, "invalid_input"));
        shelf.adjust(3).await.expect(200);
        assert_eq!(shelf.seen().await, is(3, 0, "low_stock"));
        let told: Vec<_> =
            stage.told().await.into_iter().filter(|(kind, _)| kind == "stock.adjusted").collect();
        let deltas: Vec<i64> = told.iter().map(|(_, data)| data["delta"].as_i64().unwrap()).collect();
        assert_eq!(deltas, [6, -6, 3]);
        assert_eq!(told[1].1["reason"], "counted");
        let absent = format!("/api/v1/variants/{}/stock", VariantId::from_u128(9));
        let absent = stage.post(&operator(), &absent, &json!({ "delta": 1, "reason": "x" })).await;
        assert_eq!(absent.problem(), (404, "not_found"));
    });
}

#[test]
fn an_order_holds_goods_gives_them_back_and_sends_them() {
    staged(async |stage| {
        let shelf = Shelf::with(stage, 8).await;
        shelf.hear(StockMove::Held, 3).await;
        assert_eq!(shelf.seen().await, is(8, 3, "low_stock"));
        shelf.hear(StockMove::Held, 5).await;
        assert_eq!(shelf.seen().await, is(8, 8, "out_of_stock"));
        let waited_for = stage.delete(&format!("/api/v1/variants/{}", shelf.id)).await;
        assert_eq!(waited_for.problem(), (409, "last_variant"));
        shelf.hear(StockMove::Released, 5).await;
        assert_eq!(shelf.seen().await, is(8, 3, "low_stock"));
        shelf.hear(StockMove::Shipped, 3).await;
        assert_eq!(shelf.seen().await, is(5, 0, "low_stock"));
        let kinds: Vec<_> = shelf.movements().await.iter().map(|one| text(&one["kind"])).collect();
        assert_eq!(kinds, ["shipped", "released", "held", "held", "adjusted"]);
        assert_eq!(shelf.movements().await[0]["order_id"], json!(OrderId::from_u128(7)));
        assert_eq!(stage.told_types().await, ["product.changed", "stock.adjusted"]);
    });
}

#[test]
fn a_variant_that_orders_wait_for_cannot_be_taken_away() {
    staged(async |stage| {
        let shelf = Shelf::with(stage, 8).await;
        let path = format!(
            "{PRODUCTS}/{}/variants",
            text(&stage.get(&operator(), &format!("{PRODUCTS}/one")).await.body["id"])
        );
        stage.post(&operator(), &path, &json!({ "sku": "B" })).await.expect(201);
        shelf.hear(StockMove::Held, 1).await;
        let waited_for = stage.delete(&format!("/api/v1/variants/{}", shelf.id)).await;
        assert_eq!(waited_for.problem(), (409, "variant_promised"));
        shelf.hear(StockMove::Released, 1).await;
        stage.delete(&format!("/api/v1/variants/{}", shelf.id)).await.expect(200);
        shelf.hear(StockMove::Held, 1).await;
        let left = stage.get(&operator(), &format!("{PRODUCTS}/one")).await.body["variants"].clone();
        assert_eq!((left.as_array().unwrap().len(), &left[0]["committed"]), (1, &json!(0)));
    });
}

#[test]
fn a_product_is_in_stock_as_long_as_one_variant_is() {
    staged(async |stage| {
        let shelf = Shelf::with(stage, 8).await;
        let one = stage.get(&operator(), &format!("{PRODUCTS}/one")).await.body;
        let path = format!("{PRODUCTS}/{}/variants", text(&one["id"]));
        stage.post(&operator(), &path, &json!({ "sku": "B", "on_hand": 2 })).await.expect(201);
        shelf.adjust(-8).await.expect(200);
        let list = stage.get(&buyer(), &format!("{PRODUCTS}?in_stock=true")).await;
        assert_eq!(list.body["data"][0]["availability"], "low_stock");
    });
}

#[test]
fn what_an_order_did_is_followed_once() {
    staged(async |stage| {
        let shelf = Shelf::with(stage, 8).await;
        shelf.hear(StockMove::Held, 3).await;
        // The log of orders is read again from where it stands: nothing is there twice.
        kernel::events::catch_up(stage.running.store(), &shelf.orders, stage.running.handlers())
            .await
            .unwrap();
        assert_eq!(shelf.seen().await, is(8, 3, "low_stock"));
        assert_eq!(shelf.movements().await.len(), 2);
    });
}

#[test]
fn movements_come_in_pages_newest_first() {
    staged(async |stage| {
        let shelf = Shelf::with(stage, 0).await;
        let path = format!("/api/v1/variants/{}/movements", shelf.id);
        assert_eq!(stage.get(&operator(), &path).await.expect(200).body["data"], json!([]));
        for delta in 1..=3 {
            shelf.adjust(delta).await.expect(200);
        }
        let first = stage.get(&operator(), &format!("{path}?limit=2")).await.expect(200).body;
        let next = format!("{path}?limit=2&cursor={}", text(&first["next_cursor"]));
        let second = stage.get(&operator(), &next).await.expect(200).body;
        let by = |page: &Value| -> Vec<i64> {
            page["data"].as_array().unwrap().iter().map(|one| one["on_hand_by"].as_i64().unwrap()).collect()
        };
        assert_eq!((by(&first), by(&second)), (vec![3, 2], vec![1]));
        let absent = format!("/api/v1/variants/{}/movements", VariantId::from_u128(9));
        assert_eq!(stage.get(&operator(), &absent).await.problem(), (404, "not_found"));
    });
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Adjust(i64),
    Hear(StockMove, u32),
}

#[test]
fn stock_is_what_its_movements_say_whatever_the_order_in_which_they_arrive() {
    let moves = prop_oneof![Just(StockMove::Held), Just(StockMove::Released), Just(StockMove::Shipped)];
    let step = prop_oneof![
        (-9_i64..9).prop_filter("0 is no adjustment", |delta| *delta != 0).prop_map(Step::Adjust),
        (moves, 1_u32..9).prop_map(|(movement, quantity)| Step::Hear(movement, quantity)),
    ];
    let steps = proptest::collection::vec(step, 1..14);
    TestRunner::new(Config { cases: 12, ..Config::default() })
        .run(&steps, |steps| {
            let place = kernel::testing::Place::sqlite();
            run(conserved(&place, &steps));
            Ok(())
        })
        .unwrap();
    let fixed = [
        Step::Hear(StockMove::Shipped, 4),
        Step::Adjust(9),
        Step::Hear(StockMove::Held, 4),
        Step::Adjust(-6),
        Step::Hear(StockMove::Released, 2),
    ];
    staged(async |stage| follow(stage, &fixed).await);
}

async fn conserved(place: &kernel::testing::Place, steps: &[Step]) {
    let stage = Stage(kernel::testing::Stage::new(place, catalog::service()).await);
    follow(&stage, steps).await;
}

async fn follow(stage: &Stage, steps: &[Step]) {
    let shelf = Shelf::with(stage, 5).await;
    let (mut on_hand, mut committed) = (5, 0);
    for step in steps {
        match step {
            Step::Adjust(delta) => {
                let said = shelf.adjust(*delta).await;
                let may = *delta > 0 || on_hand + delta >= 0;
                assert_eq!(said.status.as_u16(), if may { 200 } else { 409 }, "{}", said.body);
                on_hand += if may { *delta } else { 0 };
            }
            Step::Hear(movement, quantity) => {
                shelf.hear(*movement, *quantity).await;
                let quantity = i64::from(*quantity);
                match movement {
                    StockMove::Held => committed += quantity,
                    StockMove::Released => committed -= quantity,
                    StockMove::Shipped => (on_hand, committed) = (on_hand - quantity, committed - quantity),
                }
            }
        }
    }
    let (seen_on_hand, seen_committed, _) = shelf.seen().await;
    assert_eq!((seen_on_hand, seen_committed), (on_hand, committed), "{steps:?}");
    let sum =
        |field: &str, rows: &[Value]| -> i64 { rows.iter().map(|row| row[field].as_i64().unwrap()).sum() };
    let movements = shelf.movements().await;
    assert_eq!(sum("on_hand_by", &movements), on_hand);
    assert_eq!(sum("committed_by", &movements), committed);
}

#[test]
fn of_many_who_take_the_last_ones_at_once_only_so_many_get_them() {
    staged(async |stage| {
        let shelf = Shelf::with(stage, 3).await;
        let take = || shelf.adjust(-1);
        let (a, b, c, d, e, f) = tokio::join!(take(), take(), take(), take(), take(), take());
        let mut said: Vec<u16> = [a, b, c, d, e, f].iter().map(|said| said.status.as_u16()).collect();
        said.sort_unstable();
        assert_eq!(said, [200, 200, 200, 409, 409, 409]);
        assert_eq!(shelf.seen().await, is(0, 0, "out_of_stock"));
        assert_eq!(shelf.movements().await.len(), 4);
    });
}
