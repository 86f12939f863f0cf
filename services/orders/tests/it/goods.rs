//! What the catalog tells: what is for sale at which price, and how much of it there is.

use contracts::Currency;
use contracts::events::commerce::Price;
use serde_json::json;

use crate::stage::*;

#[test]
fn the_latest_word_on_a_product_is_the_whole_truth() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        stage.order(&[(1, 1)]).await;
        let mut changed = product(1, 700);
        changed.variants[0].variant_id = variant(2);
        changed.variants[0].prices.push(Price { amount: 9, currency: Currency::USD });
        stage.sells(&changed).await;
        stage.counts(2, 5).await;
        let left_out = stage.post(&ann(), "/api/v1/orders", &wanted(&[(1, 1)])).await;
        assert_eq!(left_out.problem(), (409, "not_for_sale"));
        assert_eq!(left_out.body["details"]["variant_ids"], json!([variant(1)]));
        let now = stage.post(&ann(), "/api/v1/orders", &wanted(&[(2, 1)])).await.expect(201);
        assert_eq!(now.body["amount"], 700);
        changed.on_sale = false;
        stage.sells(&changed).await;
        let said = stage.post(&ann(), "/api/v1/orders", &wanted(&[(2, 1)])).await;
        assert_eq!(said.problem(), (409, "not_for_sale"));
    });
}

#[test]
fn what_is_told_twice_is_taken_once_and_the_last_name_of_a_variant_counts() {
    staged(async |stage, _| {
        let mut twice = product(1, 500);
        twice.variants.push(product(1, 600).variants.remove(0));
        twice.variants[1].prices.push(Price { amount: -1, currency: Currency::USD });
        stage.sells(&twice).await;
        stage.sells(&twice).await;
        stage.counts(1, 3).await;
        let placed = stage.post(&ann(), "/api/v1/orders", &wanted(&[(1, 1)])).await.expect(201);
        assert_eq!(placed.body["amount"], 600);
        let mut dollars = wanted(&[(1, 1)]);
        dollars["currency"] = json!("USD");
        let said = stage.post(&ann(), "/api/v1/orders", &dollars).await;
        assert_eq!(said.problem(), (409, "not_for_sale"), "a price below nothing is none");
    });
}

#[test]
fn people_may_count_less_than_is_promised_and_nothing_new_is_promised_then() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 5).await;
        let order = stage.order(&[(1, 4)]).await;
        assert_eq!(stage.stock(1).await, (5, 4, 0));
        stage.counts(1, -3).await;
        assert_eq!(stage.stock(1).await, (2, 4, 2), "two are promised that are not there");
        let said = stage.post(&ann(), "/api/v1/orders", &wanted(&[(1, 1)])).await;
        assert_eq!(said.problem(), (409, "not_enough_stock"));
        assert_eq!(said.body["details"]["lines"][0]["available"], 0);
        stage.cancels(&ann(), &order).await.expect(200);
        assert_eq!(stage.stock(1).await, (2, 0, 0));
        stage.order(&[(1, 2)]).await;
        stage.counts(2, -3).await;
        assert_eq!(stage.stock(2).await, (-3, 0, 3), "a count may go below nothing");
        stage.counts(2, 4).await;
        assert_eq!(stage.stock(2).await, (1, 0, 0));
    });
}

#[test]
fn the_database_itself_refuses_to_promise_what_is_not_there() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 5).await;
        let oversold = stage.running.store().write(kernel::store::Scope::Project(project(1)), |tx| {
            tx.run("update stock set held = held + 6 where project_id = $1", kernel::params![tx.project()?])
        });
        let refused = oversold.await.unwrap_err();
        assert!(kernel::store::StoreError::is_constraint(&refused, "stock_covers"), "{refused}");
    });
}
