//! Requests for money, and codes to be scanned.

use serde_json::json;

use crate::browser::Browser;
use crate::world::{World, account, page_of, payment_id, problem, request};

const ASK: &str = "POST /api/v1/wallet/requests";
const ACCEPT: &str = "POST /api/v1/wallet/requests/wreq_1/accept";
const LIST: &str = "GET /api/v1/wallet/requests";
const ONE: &str = "GET /api/v1/wallet/requests/wreq_1";

#[tokio::test]
async fn somebody_is_asked_for_money_once() {
    let world = World::default();
    world.answers(ASK, 201, request("open"));
    let mut ana = Browser::ana(&world).await;
    let form = ana.open("/wallet/requests/new").await;
    let typed = [("from", "ben@example.com"), ("amount", "7"), ("note", "Lunch")];
    for _ in 0..2 {
        let sent = ana.send(&form, "/wallet/requests", &typed).await;
        assert_eq!(sent.sent_to(), "/wallet/requests?direction=outgoing");
    }
    let asked = world.asked(ASK);
    assert_eq!(
        asked[0].body,
        json!({"to_account": account(1), "from": "ben@example.com", "amount": 700, "note": "Lunch"})
    );
    assert_eq!(asked[0].key, asked[1].key);
}

#[tokio::test]
async fn a_request_that_cannot_be_is_told_at_its_field() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let form = ana.open("/wallet/requests/new").await;
    ana.send(&form, "/wallet/requests", &[])
        .await
        .refuses(&["Whom you ask is missing", "The amount is missing"]);
    let typed = [("from", "ben@example.com"), ("amount", "x")];
    ana.send(&form, "/wallet/requests", &typed)
        .await
        .refuses(&["Type the amount like", "value=\"ben@example.com\""]);
    let typed = [("from", "no@example.com"), ("amount", "7")];
    world.answers(ASK, 404, problem("not_found", json!({})));
    ana.send(&form, "/wallet/requests", &typed).await.refuses(&["Nobody with a wallet", "id=\"from-error\""]);
    world.answers(ASK, 409, problem("same_account", json!({})));
    ana.send(&form, "/wallet/requests", &typed).await.refuses(&["your own address"]);
}

#[tokio::test]
async fn a_request_is_looked_at_and_paid() {
    let world = World::default();
    world.answers(LIST, 200, page_of(json!([request("open")])));
    world.answers(ONE, 200, request("open"));
    let mut ana = Browser::ana(&world).await;
    ana.open("/wallet").await.shows(&["Somebody asks you for money"]);
    ana.open("/wallet/requests").await.shows(&[
        "Ben K. asks you",
        "Lunch",
        "€7.00",
        "/wallet/requests/wreq_1",
    ]);
    let look = ana.open("/wallet/requests/wreq_1").await;
    look.shows(&["Pay what you are asked for?", "€7.00", "Ben K.", "Lunch", "You have"]);
    let mut paid = request("accepted");
    paid["payment_id"] = json!(payment_id(9));
    world.answers(ACCEPT, 202, paid);
    let sent = ana.send(&look, "/wallet/requests/wreq_1/accept", &[]).await;
    assert_eq!(sent.sent_to(), format!("/wallet/payments/{}", payment_id(9)));
    assert_eq!(world.asked(ACCEPT)[0].body, json!({"from_account": account(1), "device": ana.device()}));
}

#[tokio::test]
async fn a_request_beyond_the_limits_says_so_and_one_that_was_answered_too() {
    let world = World::default();
    world.answers(ONE, 200, request("open"));
    world.answers(ACCEPT, 409, problem("limit_exceeded", json!({"period": "day", "left": 100})));
    let mut ana = Browser::ana(&world).await;
    let look = ana.open("/wallet/requests/wreq_1").await;
    ana.send(&look, "/wallet/requests/wreq_1/accept", &[]).await.refuses(&["today: €1.00 are left"]);
    world.answers(ACCEPT, 409, problem("wrong_state", json!({"state": "paid"})));
    world.answers(ONE, 200, request("paid"));
    let sent = ana.send(&look, "/wallet/requests/wreq_1/accept", &[]).await;
    assert_eq!(sent.sent_to(), "/wallet/requests/wreq_1");
    ana.open("/wallet/requests/wreq_1").await.shows(&["This request was answered before.", "Paid"]);
}

#[tokio::test]
async fn a_request_shows_how_it_stands_to_both_sides_and_asks_only_who_is_asked() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let mut asked_by_ana = request("open");
    for (field, other) in [("requester", "payer"), ("requester_name", "payer_name")] {
        let kept = asked_by_ana[field].clone();
        asked_by_ana[field] = asked_by_ana[other].clone();
        asked_by_ana[other] = kept;
    }
    world.answers(ONE, 200, asked_by_ana.clone());
    let page = ana.open("/wallet/requests/wreq_1").await;
    page.shows(&["You asked for money", "Ben K.", "It waits for their answer", "Lunch"]);
    page.hides(&["/wallet/requests/wreq_1/accept", "/wallet/requests/wreq_1/decline"]);
    for (state, told) in [("accepted", "They have said yes"), ("declined", "They turned it down")] {
        asked_by_ana["state"] = json!(state);
        asked_by_ana["payment_id"] = json!(payment_id(9));
        world.answers(ONE, 200, asked_by_ana.clone());
        ana.open("/wallet/requests/wreq_1").await.shows(&[told]).hides(&["See the payment"]);
    }
    let mut paid = request("paid");
    paid["payment_id"] = json!(payment_id(9));
    world.answers(ONE, 200, paid);
    ana.open("/wallet/requests/wreq_1").await.shows(&["See the payment", "The money has arrived"]);
    world.answers(ONE, 404, problem("not_found", json!({})));
    assert_eq!(ana.open("/wallet/requests/wreq_1").await.status, 404);
    world.answers(ONE, 400, problem("invalid_path", json!({})));
    assert_eq!(ana.open("/wallet/requests/wreq_1").await.status, 404);
}

#[tokio::test]
async fn a_request_is_turned_down() {
    let world = World::default();
    world.answers(LIST, 200, page_of(json!([request("open")])));
    world.answers("POST /api/v1/wallet/requests/wreq_1/decline", 200, request("declined"));
    let mut ana = Browser::ana(&world).await;
    let list = ana.open("/wallet/requests").await;
    ana.send(&list, "/wallet/requests/wreq_1/decline", &[]).await.sent_to();
    ana.open("/wallet/requests").await.shows(&["You turned the request down."]);
}

#[tokio::test]
async fn a_code_is_drawn_and_leads_to_a_payment_that_is_filled_in() {
    let world = World::default();
    let text = format!("stoa:pay?to={}&amount=1250&currency=EUR", account(1));
    world.answers(&format!("GET /api/v1/wallet/qr/{}", account(1)), 200, json!({"text": text}));
    let mut ana = Browser::ana(&world).await;
    let page = ana.open("/wallet/my-code?amount=12.50").await;
    page.shows(&["role=\"img\"", "<svg", "€12.50", "http://wallet.example/wallet/open?link=stoa%3Apay"]);
    assert_eq!(
        world.asked("GET /api/v1/wallet/qr/").last().unwrap().call.rsplit('?').next(),
        Some("amount=1250")
    );
    ana.open("/wallet/my-code?amount=1,200").await.refuses(&["Type the amount like"]);
    let text = format!("stoa:pay?to={}&amount=1250&currency=EUR", account(2));
    let opened = ana.open(&format!("/wallet/open?link={}", client::encoded(&text))).await;
    assert_eq!(opened.sent_to(), format!("/wallet/send/{}?amount=12.50&currency=EUR", account(2)));
    let filled = ana.open(opened.sent_to()).await;
    assert_eq!(filled.fields("/wallet/send/check")["amount"], "12.50");
    ana.open("/wallet/open?link=https%3A%2F%2Fevil.example").await.refuses(&["not a code of ours"]);
}
