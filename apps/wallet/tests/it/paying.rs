//! Sending money: whom, how much, a look at it, and once.

use serde_json::json;

use crate::browser::{Browser, Page};
use crate::world::{World, account, page_of, payment, payment_id, problem, wallet};

const PAY: &str = "POST /api/v1/wallet/payments";

/// As far as the look at what would be paid.
async fn looks(ana: &mut Browser, amount: &str) -> Page {
    let page = ana.open("/wallet/send").await;
    let page = ana.send(&page, "/wallet/send", &[("to", "ben@example.com")]).await;
    ana.send(&page, "/wallet/send/check", &[("amount", amount), ("note", "Tea")]).await
}

#[tokio::test]
async fn nothing_moves_before_somebody_has_looked_at_it() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let look = looks(&mut ana, "12,50").await;
    look.shows(&["Is this right?", "€12.50", "ben@example.com", "Tea", "Left afterwards", "€87.50"]);
    assert!(world.asked("POST").is_empty(), "{:?}", world.asked("POST"));
    world.answers(PAY, 202, payment(7, 1, 2, "initiated"));
    let paid = ana.send(&look, "/wallet/payments", &[]).await;
    assert_eq!(paid.sent_to(), format!("/wallet/payments/{}", payment_id(7)));
    let expected = json!({"from_account": account(1), "to": account(2), "amount": 1250, "currency": "EUR",
        "note": "Tea", "device": ana.device()});
    assert_eq!(world.asked(PAY)[0].body, expected);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_asks_with_the_same_key_and_another_look_with_another() {
    let world = World::default();
    world.answers(PAY, 202, payment(7, 1, 2, "initiated"));
    let mut ana = Browser::ana(&world).await;
    let look = looks(&mut ana, "12.50").await;
    for _ in 0..2 {
        ana.send(&look, "/wallet/payments", &[]).await.sent_to();
    }
    let again = looks(&mut ana, "12.50").await;
    ana.send(&again, "/wallet/payments", &[]).await.sent_to();
    let keys: Vec<_> = world.asked(PAY).into_iter().map(|asked| asked.key.unwrap()).collect();
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[0], keys[2]);
}

#[tokio::test]
async fn a_device_is_the_same_for_a_year_and_told_with_each_payment() {
    let world = World::default();
    world.answers(PAY, 202, payment(7, 1, 2, "initiated"));
    let mut ana = Browser::ana(&world).await;
    let kept = |page: &Page| {
        let mut set =
            page.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned());
        set.find(|set| set.starts_with("stoa_wallet_device="))
    };
    let first = kept(&ana.open("/wallet").await).unwrap();
    let device = ana.device();
    let lasting = "HttpOnly; SameSite=Lax; Path=/wallet; Max-Age=31536000";
    assert_eq!(first, format!("stoa_wallet_device={device}; {lasting}"));
    for _ in 0..2 {
        let look = looks(&mut ana, "12.50").await;
        assert_eq!(kept(&look), None, "it has a name already");
        ana.send(&look, "/wallet/payments", &[]).await.sent_to();
    }
    let told: Vec<_> = world.asked(PAY).into_iter().map(|asked| asked.body["device"].clone()).collect();
    assert_eq!(told, [json!(device), json!(device)]);
    let mut another = Browser::ana(&world).await;
    another.open("/wallet").await;
    assert_ne!(another.device(), device);
    for bad in ["x", &"z".repeat(32), &"0".repeat(33)] {
        ana.cookies.insert("stoa_wallet_device".to_owned(), bad.to_owned());
        assert!(kept(&ana.open("/wallet").await).is_some(), "{bad:?} is no name that we gave");
    }
}

#[tokio::test]
async fn whoever_cannot_be_paid_is_told_at_the_field() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let page = ana.open("/wallet/send").await;
    ana.send(&page, "/wallet/send", &[("to", " ")]).await.refuses(&["Say whom", "id=\"to-error\""]);
    world.answers("GET /api/v1/wallet/payees", 200, json!({"data": []}));
    ana.send(&page, "/wallet/send", &[("to", "no@example.com")]).await.refuses(&["Nobody with a wallet"]);
    world.answers("GET /api/v1/wallet/payees", 422, problem("invalid_input", json!({})));
    ana.send(&page, "/wallet/send", &[("to", "<b>")]).await.refuses(&["Nobody with a wallet", "&lt;b&gt;"]);
    let own = json!({"account_id": account(1), "currency": "EUR", "merchant": false});
    world.answers("GET /api/v1/wallet/payees", 200, json!({"data": [own]}));
    ana.send(&page, "/wallet/send", &[("to", "ana@example.com")]).await.refuses(&["your own wallet"]);
    let dollars = json!({"account_id": account(2), "currency": "USD", "merchant": false});
    world.answers("GET /api/v1/wallet/payees", 200, json!({"data": [dollars]}));
    ana.send(&page, "/wallet/send", &[("to", "ben@example.com")])
        .await
        .refuses(&["no wallet in a currency of yours"]);
}

#[tokio::test]
async fn a_number_may_be_typed_with_spaces() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let page = ana.open("/wallet/send").await;
    ana.send(&page, "/wallet/send", &[("to", "+91 99000-00000")]).await.shows(&["How much?"]);
    assert!(
        world.asked("GET /api/v1/wallet/payees?q=%2B919900000000").len() == 1,
        "{:?}",
        world.asked("GET")
    );
}

#[tokio::test]
async fn amounts_that_cannot_be_are_told_at_the_field() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    for (typed, told) in [
        ("", "Type the amount like 12.50"),
        ("1,200", "Type the amount like 12.50"),
        ("0", "more than nothing"),
        ("100.01", "There is not enough money in your wallet: you have €100.00"),
    ] {
        looks(&mut ana, typed).await.refuses(&[told, "id=\"amount-error\"", "value=\"Tea\""]);
    }
}

#[tokio::test]
async fn what_the_api_refuses_is_said_in_plain_words_and_keeps_its_key() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let look = looks(&mut ana, "12.50").await;
    for (code, details, told) in [
        (
            "limit_exceeded",
            json!({"period": "day", "left": 500}),
            "more than you may send today: €5.00 are left",
        ),
        ("limit_exceeded", json!({"period": "payment", "left": 900}), "at once: at most €9.00"),
        ("limit_exceeded", json!({"period": "month", "left": 0}), "this month: €0.00 are left"),
        ("account_frozen", json!({}), "Your wallet is frozen"),
        ("payee_unavailable", json!({}), "cannot be paid at the moment"),
    ] {
        world.answers(PAY, 409, problem(code, details));
        let page = ana.send(&look, "/wallet/payments", &[]).await;
        page.refuses(&[told, "Is this right?"]);
        assert_eq!(page.fields("/wallet/payments")["key"], look.fields("/wallet/payments")["key"]);
    }
}

#[tokio::test]
async fn with_several_wallets_one_pays_from_those_that_fit() {
    let world = World::default();
    let mine = json!([wallet(1, "EUR", 10_000), wallet(3, "USD", 500), wallet(4, "GBP", 500)]);
    world.answers("GET /api/v1/accounts", 200, page_of(mine));
    let payee =
        |number, currency| json!({"account_id": account(number), "currency": currency, "merchant": false});
    world.answers("GET /api/v1/wallet/payees", 200, json!({"data": [payee(2, "EUR"), payee(5, "USD")]}));
    let mut ana = Browser::ana(&world).await;
    let page = ana.open("/wallet/send").await;
    let page = ana.send(&page, "/wallet/send", &[("to", "ben@example.com")]).await;
    page.shows(&["EUR, €100.00 available", "USD, $5.00 available"]).hides(&["GBP, "]);
    let look = ana.send(&page, "/wallet/send/check", &[("amount", "2"), ("from", &account(3))]).await;
    look.shows(&["$2.00"]);
    assert_eq!(look.fields("/wallet/payments")["account"], account(5));
}

#[tokio::test]
async fn a_receipt_says_what_became_of_a_payment() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let path = format!("GET /api/v1/wallet/payments/{}", payment_id(7));
    let page = format!("/wallet/payments/{}", payment_id(7));
    let failed = |reason: &str| {
        let mut failed = payment(7, 1, 2, "failed");
        failed["reason"] = json!(reason);
        failed
    };
    for (what, told) in [
        (payment(7, 1, 2, "processing"), "Your payment is on its way"),
        (payment(7, 1, 2, "in_review"), "We are looking at this payment"),
        (payment(7, 1, 2, "releasing"), "being called off"),
        (payment(7, 1, 2, "completed"), "The money has arrived"),
        (payment(7, 2, 1, "completed"), "You were paid"),
        (failed("blocked"), "This payment was stopped"),
        (failed("rejected"), "did not let it go on"),
        (failed("exceeds_credits"), "There was not enough money"),
        (failed("frozen"), "A wallet was frozen"),
        (failed("timed_out"), "took too long"),
        (failed("cancelled"), "You called this payment off"),
        (failed("something_new"), "did not work"),
    ] {
        let live = !matches!(what["status"].as_str(), Some("completed" | "failed"));
        world.answers(&path, 200, what);
        let shown = ana.open(&page).await;
        shown.shows(&[told, "Tea &lt;b&gt;"]);
        assert_eq!(shown.text.contains("-live.js"), live, "what is over is not followed");
    }
    world.answers(&path, 404, problem("not_found", json!({})));
    assert_eq!(ana.open(&page).await.status, 404);
    assert_eq!(ana.open("/wallet/payments/wpay_nonsense").await.status, 404);
}

#[tokio::test]
async fn a_payment_is_called_off_as_long_as_it_can_be() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let id = payment_id(7);
    world.answers(&format!("GET /api/v1/wallet/payments/{id}"), 200, payment(7, 1, 2, "in_review"));
    let (page, action) = (format!("/wallet/payments/{id}"), format!("/wallet/payments/{id}/cancel"));
    let cancel = format!("POST /api/v1/wallet/payments/{id}/cancel");
    world.answers(&cancel, 200, payment(7, 1, 2, "releasing"));
    let shown = ana.open(&page).await;
    assert_eq!(ana.send(&shown, &action, &[]).await.sent_to(), page);
    ana.open(&page).await.shows(&["The payment is called off."]);
    world.answers(&cancel, 409, problem("wrong_state", json!({"status": "completed"})));
    ana.send(&shown, &action, &[]).await.sent_to();
    ana.open(&page).await.shows(&["It was too late"]);
}

#[tokio::test]
async fn what_arrived_can_be_given_back_and_what_left_cannot() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let id = payment_id(7);
    let (get, page) = (format!("GET /api/v1/wallet/payments/{id}"), format!("/wallet/payments/{id}/return"));
    world.answers(&get, 200, payment(7, 1, 2, "completed"));
    assert_eq!(ana.open(&page).await.status, 404);
    world.answers(&get, 200, payment(7, 2, 1, "completed"));
    let form = ana.open(&page).await;
    assert_eq!(form.fields(&page)["amount"], "12.50");
    let refund = format!("POST /api/v1/wallet/payments/{id}/refund");
    world.answers(&refund, 409, problem("refund_too_large", json!({"left": 100})));
    ana.send(&form, &page, &[("amount", "12.50")]).await.refuses(&["more than is left"]);
    world.answers(&refund, 202, payment(8, 1, 2, "initiated"));
    let back = ana.send(&form, &page, &[("amount", "5")]).await;
    assert_eq!(back.sent_to(), format!("/wallet/payments/{}", payment_id(8)));
    assert_eq!(world.asked(&refund).last().unwrap().body, json!({"amount": 500, "device": ana.device()}));
}
