//! Many at once: nothing is sold twice, and nobody waits for anybody for ever.

use std::time::Duration;

use serde_json::json;

use crate::stage::*;

#[test]
fn two_hundred_buyers_of_twenty_items_buy_exactly_twenty() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 20).await;
        let buyers: Vec<Player> = (1..=200).map(|number| Player::user(number, 1, OWN)).collect();
        let body = wanted(&[(1, 1)]);
        let said = join_all(buyers.iter().map(|buyer| stage.post(buyer, "/api/v1/orders", &body))).await;
        let sold = said.iter().filter(|said| said.status == 201).count();
        let refused = said.iter().filter(|said| said.problem() == (409, "not_enough_stock")).count();
        assert_eq!((sold, refused), (20, 180));
        assert_eq!(stage.stock(1).await, (20, 20, 0));
        let numbers: std::collections::BTreeSet<_> =
            said.iter().filter_map(|said| said.body["number"].as_str().map(str::to_owned)).collect();
        assert_eq!(numbers.len(), 20, "each has a number of its own");
        assert_eq!(stage.told_of("order.created").await.len(), 20);
    });
}

#[test]
fn orders_of_the_same_goods_in_opposite_order_do_not_wait_for_each_other() {
    staged(async |stage, _| {
        for number in 1..=6 {
            stage.stocks(number, 500, 1_000).await;
        }
        let (there, back) = ([1, 2, 3, 4, 5, 6].map(|n| (n, 1)), [6, 5, 4, 3, 2, 1].map(|n| (n, 1)));
        let (there, back) = (wanted(&there), wanted(&back));
        let caller = ann();
        let orders = (0..40).map(|at| {
            let body = if at % 2 == 0 { &there } else { &back };
            stage.post(&caller, "/api/v1/orders", body)
        });
        let placed = tokio::time::timeout(Duration::from_secs(60), join_all(orders)).await.unwrap();
        let ids: Vec<String> = placed.into_iter().map(|said| id(&said.expect(201))).collect();
        assert_eq!(stage.stock(1).await, (1_000, 40, 0));
        let (shop, half) = (shop(), ids.len() / 2);
        let cancelled = ids[..half].iter().map(|order| stage.cancels(&shop, order));
        let more = (0..20).map(|_| stage.post(&caller, "/api/v1/orders", &back));
        let (cancelled, more) = tokio::join!(join_all(cancelled), join_all(more));
        assert!(cancelled.iter().all(|said| said.status == 200));
        assert!(more.iter().all(|said| said.status == 201));
        for number in 1..=6 {
            assert_eq!(stage.stock(number).await, (1_000, 40, 0));
        }
    });
}

#[test]
fn a_refund_asked_for_by_many_at_once_is_never_more_than_was_paid() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let order = stage.paid(&[(1, 1)], 500).await;
        let (body, shop) = (json!({ "amount": 200, "reason": "The lid was broken." }), shop());
        let asked = join_all((0..10).map(|_| stage.does(&shop, &order, "refunds", &body))).await;
        assert_eq!(asked.iter().filter(|said| said.status == 201).count(), 2);
        assert_eq!(asked.iter().filter(|said| said.problem() == (409, "refund_too_large")).count(), 8);
        assert_eq!(stage.told_of("refund.requested").await.len(), 2);
    });
}

#[test]
fn money_that_comes_as_the_order_expires_pays_it_or_goes_back() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 100).await;
        let mut orders = Vec::new();
        for _ in 0..12 {
            orders.push(stage.order(&[(1, 1)]).await);
        }
        stage.clock.advance(Duration::from_secs(31 * 60));
        let paying = async {
            for (at, order) in orders.iter().enumerate() {
                stage.hears(&payment(order, at as u128 + 1, 500)).await;
            }
        };
        tokio::join!(paying, stage.work());
        let (mut paid, mut back) = (0, 0);
        for order in &orders {
            match stage.axes(order).await.each_ref().map(String::as_str) {
                ["PAID", "paid", "unfulfilled"] => paid += 1,
                ["CANCELLED", "paid", "cancelled"] => back += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(paid + back, 12);
        assert_eq!(stage.told_of("order.paid").await.len(), paid);
        assert_eq!(stage.told_of("refund.requested").await.len(), back);
        assert_eq!(stage.stock(1).await, (100, paid as i64, 0));
    });
}
