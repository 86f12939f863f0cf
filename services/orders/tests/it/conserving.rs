//! Stock is neither made nor lost, whatever happens in whatever order.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::store::{Scope, StoreError};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::stage::*;

#[derive(Clone, Debug)]
enum Step {
    Order(Vec<(u128, u32)>),
    Pay(usize),
    PayWrongly(usize),
    CancelAsCustomer(usize),
    CancelAsShop(usize),
    Send(usize),
    Repay(usize, i64),
    Count(u128, i64),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..12_usize;
    prop_oneof![
        4 => prop::collection::vec((1..4_u128, 1..4_u32), 1..4).prop_map(Step::Order),
        3 => which.clone().prop_map(Step::Pay),
        1 => which.clone().prop_map(Step::PayWrongly),
        1 => which.clone().prop_map(Step::CancelAsCustomer),
        1 => which.clone().prop_map(Step::CancelAsShop),
        2 => which.clone().prop_map(Step::Send),
        1 => (which, prop_oneof![Just(100_i64), Just(i64::MAX)]).prop_map(|(at, total)| Step::Repay(at, total)),
        2 => (1..4_u128, -6..10_i64).prop_map(|(number, delta)| Step::Count(number, delta)),
        1 => (1..40_u64).prop_map(Step::Wait),
    ]
}

/// What was counted in or out of each variant, and the orders so far with what each costs.
#[derive(Default)]
struct History {
    counted: BTreeMap<u128, i64>,
    orders: Vec<(String, i64)>,
}

impl History {
    async fn take(&mut self, stage: &Stage, step: &Step) {
        let at = |at: &usize| self.orders.get(at % self.orders.len().max(1)).cloned();
        match step {
            Step::Order(lines) => {
                let said = stage.post(&ann(), "/api/v1/orders", &wanted(lines)).await;
                match said.status.as_u16() {
                    201 => self.orders.push((id(&said), said.body["amount"].as_i64().unwrap())),
                    _ => assert_eq!(said.problem(), (409, "not_enough_stock")),
                }
            }
            Step::Count(number, delta) => {
                stage.counts(*number, *delta).await;
                *self.counted.entry(*number).or_default() += delta;
            }
            Step::Wait(minutes) => stage.wait(Duration::from_secs(60 * minutes)).await,
            Step::Pay(which) => {
                let Some((order, amount)) = at(which) else { return };
                stage.hears(&payment(&order, 1, amount)).await;
            }
            Step::PayWrongly(which) => {
                let Some((order, amount)) = at(which) else { return };
                stage.hears(&payment(&order, 2, amount + 1)).await;
            }
            Step::CancelAsCustomer(which) | Step::CancelAsShop(which) => {
                let Some((order, _)) = at(which) else { return };
                let who = if matches!(step, Step::CancelAsShop(_)) { shop() } else { ann() };
                let said = stage.cancels(&who, &order).await;
                assert!(said.status == 200 || said.problem() == (409, "wrong_state"), "{}", said.body);
            }
            Step::Send(which) => {
                let Some((order, _)) = at(which) else { return };
                let said = stage.does(&shop(), &order, "fulfil", &json!({})).await;
                assert!(said.status == 200 || said.problem() == (409, "wrong_state"), "{}", said.body);
            }
            Step::Repay(which, total) => {
                let Some((order, amount)) = at(which) else { return };
                let refunded_total = amount.min(*total);
                stage
                    .hears(&contracts::events::commerce::PaymentRefunded {
                        refund_id: contracts::Id::from_u128(refunded_total as u128),
                        payment_id: contracts::Id::from_u128(1),
                        order_id: Some(order_id(&order)),
                        invoice_id: None,
                        amount: refunded_total,
                        refunded_total,
                        currency: contracts::Currency::INR,
                    })
                    .await;
            }
        }
    }

    /// What is there is what was counted less what was sent; what is held is what the living orders want.
    async fn check(&self, stage: &Stage) {
        for number in 1..4 {
            let sum = |statuses: &'static str| {
                stage.running.store().read(Scope::Project(project(1)), move |tx| {
                    tx.one::<i64>(
                        "select cast(coalesce(sum(l.quantity), 0) as bigint) from order_lines as l
                         join orders as o on o.project_id = $1 and o.id = l.order_id
                         where l.project_id = $1 and l.variant_id = $2 and o.fulfilment_status = $3",
                        kernel::params![tx.project()?, variant(number), statuses],
                    )
                })
            };
            let (sent, living): (Result<i64, StoreError>, _) =
                (sum("fulfilled").await, sum("unfulfilled").await);
            let (sent, living) = (sent.unwrap(), living.unwrap());
            let there = self.counted.get(&number).copied().unwrap_or(0) - sent;
            let (on_hand, held, short) = stage.stock(number).await;
            assert_eq!((on_hand, held), (there, living), "variant {number}");
            assert_eq!(short, (held - on_hand).max(0), "variant {number}");
        }
    }
}

#[test]
fn stock_changes_by_counting_and_sending_alone_and_what_is_held_is_what_living_orders_want() {
    staged(async |stage, _| {
        let mut runner = TestRunner::deterministic();
        for number in 1..4 {
            stage.sells(&product(number, 500)).await;
        }
        let mut history = History::default();
        for number in 1..4 {
            history.take(stage, &Step::Count(number, 20)).await;
        }
        for _ in 0..6 {
            history.orders.clear();
            let steps = prop::collection::vec(step(), 25).new_tree(&mut runner).unwrap().current();
            for step in steps {
                history.take(stage, &step).await;
                history.check(stage).await;
            }
        }
        assert!(stage.told_of("stock.moved").await.iter().any(|moved| moved["movement"] == "shipped"));
        let doubled = stage.running.store().read(Scope::Project(project(1)), |tx| {
            tx.one::<i64>(
                "select count(*) from movements as a join movements as b on b.project_id = $1 and b.cause = a.cause
                   and b.variant_id = a.variant_id and b.movement = 'shipped'
                 where a.project_id = $1 and a.movement = 'released'",
                kernel::params![tx.project()?],
            )
        });
        assert_eq!(
            doubled.await.map_err(|error: StoreError| error.to_string()),
            Ok(0),
            "sent goods do not come back"
        );
    });
}
