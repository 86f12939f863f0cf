//! Money that comes in by card, and money that goes out.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::world::{World, account, page_of, problem, top_up_id, withdrawal_id};

fn top_up(status: &str) -> Value {
    json!({"id": top_up_id(), "status": status, "account_id": account(1), "amount": 5000, "paid_amount": null,
        "currency": "EUR", "reason": null, "transaction_id": null, "created_at": "2026-11-20T09:00:00.000Z",
        "ended_at": null})
}

fn withdrawal(status: &str) -> Value {
    json!({"id": withdrawal_id(), "status": status, "account_id": account(1), "amount": 2500, "currency": "EUR",
        "destination": "****u7ix", "reason": null, "transaction_id": null, "created_at": "2026-11-20T09:00:00.000Z",
        "ended_at": null})
}

fn of_account(method: &str, what: &str) -> String {
    format!("{method} /api/v1/accounts/{}/{what}", account(1))
}

#[tokio::test]
async fn money_is_put_in_by_a_card_that_never_comes_here() {
    let world = World::default();
    world.answers(&of_account("GET", "top-ups"), 200, page_of(json!([])));
    world.answers(&of_account("POST", "top-ups"), 201, top_up("pending"));
    world.answers(&of_account("GET", &format!("top-ups/{}", top_up_id())), 200, top_up("pending"));
    let mut ana = Browser::ana(&world).await;
    let form = ana.open("/wallet/top-up").await;
    let sent = ana.send(&form, "/wallet/top-ups", &[("amount", "50")]).await;
    let page = format!("/wallet/top-ups/{}/{}", account(1), top_up_id());
    assert_eq!(sent.sent_to(), format!("{page}/pay"));
    assert_eq!(world.asked(&of_account("POST", "top-ups"))[0].body, json!({"amount": 5000}));
    let secret = json!({"payment_id": "pay_1", "provider": "stripe", "client_secret": "pi_1_secret_s",
        "publishable_key": "pk_test_1", "amount": 5000, "currency": "EUR", "status": "pending"});
    let path = format!("GET /api/v1/payments/by-top-up/{}/client-secret", top_up_id());
    world.answers(&path, 409, problem("payment_not_ready", json!({})));
    ana.open(&format!("{page}/pay")).await.shows(&["One moment", "being prepared"]);
    world.answers(&path, 200, secret);
    let card = ana.open(&format!("{page}/pay")).await;
    card.shows(&[
        "Put in <span class=\"num\">€50.00",
        &format!("data-page=\"{page}\""),
        "data-stripe=\"http://stripe.example\"",
    ]);
    let form = card.text.split("id=\"card-form\"").nth(1).unwrap().split("</form>").next().unwrap();
    assert!(!form.contains(" name="), "{form}");
    ana.open(&format!("{page}?redirect_status=succeeded")).await.shows(&["Your money is on its way"]);
    ana.open(&page).await.shows(&["waits to be paid", "Pay by card"]);
}

#[tokio::test]
async fn an_amount_out_of_range_is_told_with_the_range() {
    let world = World::default();
    world.answers(&of_account("GET", "top-ups"), 200, page_of(json!([])));
    let refusal = problem("amount_out_of_range", json!({"min": 100, "max": 100_000}));
    world.answers(&of_account("POST", "top-ups"), 409, refusal);
    let mut ana = Browser::ana(&world).await;
    let form = ana.open("/wallet/top-up").await;
    let refused = ana.send(&form, "/wallet/top-ups", &[("amount", "0.50")]).await;
    refused.refuses(&["at least €1.00 and at most €1,000.00", "id=\"amount-error\""]);
}

#[tokio::test]
async fn a_top_up_says_how_it_stands() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let page = format!("/wallet/top-ups/{}/{}", account(1), top_up_id());
    for (status, told) in [
        ("paid", "on its way"),
        ("held", "kept for you"),
        ("completed", "The money is in your wallet"),
        ("failed", "came to nothing"),
    ] {
        world.answers(&of_account("GET", &format!("top-ups/{}", top_up_id())), 200, top_up(status));
        ana.open(&page).await.shows(&[told]);
        assert_eq!(ana.open(&format!("{page}/pay")).await.sent_to(), page, "{status}: nobody pays again");
    }
}

#[tokio::test]
async fn money_is_taken_out_after_a_look_and_once() {
    let world = World::default();
    world.answers(&of_account("GET", "withdrawals"), 200, page_of(json!([withdrawal("completed")])));
    world.answers(&of_account("POST", "withdrawals"), 202, withdrawal("requested"));
    let mut ana = Browser::ana(&world).await;
    let form = ana.open("/wallet/withdraw").await;
    form.shows(&["Paid out"]);
    let typed = [("amount", "25"), ("destination", "ba_1QK7m2Lk")];
    let look = ana.send(&form, "/wallet/withdraw", &typed).await;
    look.shows(&["Is this right?", "€25.00", "ba_1QK7m2Lk", "€75.00"]);
    assert!(world.asked("POST").is_empty());
    for _ in 0..2 {
        let sent = ana.send(&look, "/wallet/withdrawals", &[]).await;
        assert_eq!(sent.sent_to(), format!("/wallet/withdrawals/{}/{}", account(1), withdrawal_id()));
    }
    let asked = world.asked(&of_account("POST", "withdrawals"));
    assert_eq!(asked[0].body, json!({"amount": 2500, "destination": "ba_1QK7m2Lk"}));
    assert_eq!(asked[0].key, asked[1].key);
    ana.send(&form, "/wallet/withdraw", &[("amount", "25")]).await.refuses(&["Say where the money is to go"]);
    ana.send(&form, "/wallet/withdraw", &[("amount", "101"), ("destination", "ba_1QK7m2Lk")])
        .await
        .refuses(&["There is not enough money"]);
}

#[tokio::test]
async fn a_withdrawal_says_how_it_stands() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    for (status, told) in [
        ("requested", "on its way out"),
        ("reserved", "on its way out"),
        ("completed", "was paid out"),
        ("refused", "could not be set aside"),
        ("cancelling", "being called off"),
        ("returned", "The money came back"),
    ] {
        world.answers(
            &of_account("GET", &format!("withdrawals/{}", withdrawal_id())),
            200,
            withdrawal(status),
        );
        let page = ana.open(&format!("/wallet/withdrawals/{}/{}", account(1), withdrawal_id())).await;
        page.shows(&[told, "****u7ix"]);
    }
    let mut frozen = withdrawal("returned");
    frozen["reason"] = json!("frozen");
    world.answers(&of_account("GET", &format!("withdrawals/{}", withdrawal_id())), 200, frozen);
    let page = ana.open(&format!("/wallet/withdrawals/{}/{}", account(1), withdrawal_id())).await;
    page.shows(&["Your wallet was frozen", "was called off"]).hides(&["Check where it was to go"]);
}

#[tokio::test]
async fn a_withdrawal_is_called_off_as_long_as_it_can_be() {
    let world = World::default();
    let (one, page) = (
        format!("withdrawals/{}", withdrawal_id()),
        format!("/wallet/withdrawals/{}/{}", account(1), withdrawal_id()),
    );
    let (action, cancel) = (format!("{page}/cancel"), of_account("POST", &format!("{one}/cancel")));
    world.answers(&of_account("GET", &one), 200, withdrawal("reserved"));
    let mut ana = Browser::ana(&world).await;
    let shown = ana.open(&page).await;
    world.answers(&cancel, 202, withdrawal("cancelling"));
    assert_eq!(ana.send(&shown, &action, &[]).await.sent_to(), page);
    world.answers(&cancel, 409, problem("wrong_state", json!({"status": "completed"})));
    ana.send(&shown, &action, &[]).await.sent_to();
    let mut ended = withdrawal("returned");
    ended["reason"] = json!("cancelled");
    world.answers(&of_account("GET", &one), 200, ended);
    let page = ana.open(&page).await;
    page.shows(&["It was too late", "You called this withdrawal off"]).hides(&[&action]);
}
