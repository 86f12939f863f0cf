//! Planning a payment: a look at it first, once, and what cannot be is told at its field.

use serde_json::{Value, json};

use crate::browser::{Browser, Page};
use crate::world::{World, account, page_of, problem};

const PLAN: &str = "POST /api/v1/wallet/schedules";
const FORM: &str = "/wallet/schedules/new";
const CHECK: &str = "/wallet/schedules/check";
const MADE: &str = "/wallet/schedules";

const TYPED: [(&str, &str); 5] = [
    ("to", "ben@example.com"),
    ("amount", "50"),
    ("every", "month"),
    ("first", "2027-01-31"),
    ("note", "Rent"),
];

fn schedule() -> Value {
    json!({"id": "wsch_1", "state": "active", "from_account": account(1), "to_account": account(2),
        "payee_name": "Ben K.", "amount": 5000, "currency": "EUR", "note": "Rent", "every": "month",
        "starts_at": "2027-01-31T06:00:00.000Z", "until": null, "next_at": "2027-01-31T06:00:00.000Z", "runs": 0,
        "last_payment_id": null, "last_problem": null})
}

async fn looks(ana: &mut Browser, typed: &[(&str, &str)]) -> Page {
    let form = ana.open(FORM).await;
    ana.send(&form, CHECK, typed).await
}

#[tokio::test]
async fn a_payment_is_planned_after_a_look_at_it_and_once() {
    let world = World::default();
    world.answers(PLAN, 201, schedule());
    world.answers("GET /api/v1/wallet/schedules", 200, page_of(json!([])));
    let mut ana = Browser::ana(&world).await;
    ana.open(MADE).await.shows(&["Nothing is planned", FORM]);
    let look = looks(&mut ana, &TYPED).await;
    look.shows(&[
        "Is this right?",
        "€50.00",
        "Ben K.",
        "ben@example.com",
        "Every month",
        "31 Jan 2027",
        "Rent",
    ]);
    assert!(world.asked("POST").is_empty(), "nothing is planned yet");
    for _ in 0..2 {
        assert_eq!(ana.send(&look, MADE, &[]).await.sent_to(), MADE);
    }
    ana.open(MADE).await.shows(&["It is planned."]);
    let asked = world.asked(PLAN);
    let wanted = json!({"from_account": account(1), "to": account(2), "amount": 5000, "note": "Rent", "every": "month",
        "starts_at": "2027-01-31T06:00:00.000Z", "until": null});
    assert_eq!((&asked[0].body, &asked[0].key), (&wanted, &asked[1].key));
}

#[tokio::test]
async fn a_plan_that_cannot_be_is_told_at_its_field() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    looks(&mut ana, &[]).await.refuses(&[
        "Whom you pay is missing",
        "The amount is missing",
        "The first day is missing",
    ]);
    for (field, value, told) in [
        ("amount", "1,200", "Type the amount like"),
        ("first", "soon", "Write the day like"),
        ("first", "2027-02-31", "Write the day like"),
        ("last", "2027-01-01", "before the first"),
        ("every", "hour", "Choose how often"),
    ] {
        let mut typed = TYPED.to_vec();
        typed.push((field, value));
        let page = looks(&mut ana, &typed).await;
        page.refuses(&[told, &format!("id=\"{field}-error\""), "value=\"ben@example.com\""]);
    }
    world.answers("GET /api/v1/wallet/payees", 200, json!({"data": []}));
    looks(&mut ana, &TYPED).await.refuses(&["Nobody with a wallet", "id=\"to-error\""]);
}

#[tokio::test]
async fn what_the_api_refuses_of_a_plan_is_said_in_plain_words() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let look = looks(&mut ana, &TYPED).await;
    world.answers(PLAN, 409, problem("no_such_time", json!({})));
    ana.send(&look, MADE, &[]).await.refuses(&["Choose a later day", "id=\"first-error\""]);
    world.answers(PLAN, 409, problem("wrong_currency", json!({})));
    let page = ana.send(&look, MADE, &[]).await;
    page.refuses(&["no wallet in this currency", "Is this right?"]);
    assert_eq!(page.fields(MADE)["key"], look.fields(MADE)["key"]);
}
