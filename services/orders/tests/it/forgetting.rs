//! What is left of an order once its buyer was erased.

use std::time::Duration;

use contracts::events::access::UserErased;
use contracts::{Id, UserId};
use kernel::store::Scope;
use serde_json::{Value, json};

use crate::stage::*;

const HOUR: Duration = Duration::from_secs(3_600);

/// Identity tells that Ann was erased, and what follows is done.
async fn erase_ann(stage: &Stage) {
    let identity = stage.neighbour("identity").await;
    let told = UserErased { user_id: UserId::from_u128(1) };
    stage.hear(&identity, Scope::Project(project(1)), "usr", &told).await;
    stage.wait(Duration::from_secs(1)).await;
}

/// What is left of an address when nobody is named.
fn nobody() -> Value {
    json!({ "name": null, "line1": null, "line2": null, "city": null, "region": null, "postcode": null,
        "country": "IN", "phone": null })
}

#[test]
fn an_order_that_is_over_forgets_its_erased_buyer_and_keeps_what_taxes_need() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let sent = stage.paid(&[(1, 2)], 1_000).await;
        stage.does(&shop(), &sent, "fulfil", &json!({ "tracking": "DHL 7" })).await.expect(200);
        let given_up = stage.order(&[(1, 1)]).await;
        stage.cancels(&ann(), &given_up).await.expect(200);
        let bens = id(&stage.post(&ben(), "/api/v1/orders", &wanted(&[(1, 1)])).await.expect(201));
        stage.cancels(&ben(), &bens).await.expect(200);
        let before = stage.sees(&sent).await;
        erase_ann(stage).await;
        for order in [&sent, &given_up] {
            assert_eq!(stage.sees(order).await["ship_to"], nobody());
        }
        let mut after = stage.sees(&sent).await;
        after["ship_to"] = before["ship_to"].clone();
        assert_eq!(after, before);
        assert_eq!(stage.sees(&bens).await["ship_to"]["name"], "Ann Example");
    });
}

#[test]
fn an_order_that_is_not_over_keeps_its_address_until_it_is() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 10).await;
        let paid = stage.paid(&[(1, 1)], 500).await;
        let unpaid = stage.order(&[(1, 1)]).await;
        erase_ann(stage).await;
        assert_eq!(stage.sees(&paid).await["ship_to"]["line1"], "12 Mill Lane");
        let sent = stage.does(&shop(), &paid, "fulfil", &json!({})).await.expect(200);
        assert_eq!(sent.body["ship_to"], nobody());
        stage.wait(HOUR).await;
        let seen = stage.sees(&unpaid).await;
        assert_eq!((&seen["cancel_reason"], &seen["ship_to"]), (&json!("expired"), &nobody()));
    });
}

#[test]
fn of_many_orders_all_are_forgotten() {
    staged(async |stage, _| {
        stage.stocks(1, 500, 1_000).await;
        for _ in 0..103 {
            let order = stage.order(&[(1, 1)]).await;
            stage.cancels(&ann(), &order).await.expect(200);
        }
        erase_ann(stage).await;
        stage.wait(Duration::from_secs(1)).await;
        let named = stage.running.store().read(Scope::Project(project(1)), |tx| {
            tx.one(
                "select count(*) from orders where project_id = $1 and cast(ship_to as text) like '%Mill%'",
                kernel::params![tx.project()?],
            )
        });
        let named: u64 = named.await.map_err(|error: kernel::store::StoreError| error.to_string()).unwrap();
        assert_eq!(named, 0);
    });
}
