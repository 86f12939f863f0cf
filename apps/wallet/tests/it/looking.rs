//! What one has, had, may do, and where one is signed in.

use serde_json::json;

use crate::browser::Browser;
use crate::world::{World, account, activity, happened, page_of, payment_id, problem, wallet};

#[tokio::test]
async fn the_first_page_says_what_there_is_and_follows_it() {
    let world = World::default();
    let paid = payment_id(1);
    let list = json!([
        happened("withdrawal", "wdr_1", "reserved", -5_000),
        happened("payment", &paid, "completed", -1_250),
        happened("payment", &payment_id(2), "completed", 1_250),
        happened("fee", &payment_id(2), "completed", -12),
        happened("top_up", "top_1", "pending", 2_000),
        happened("payment", &payment_id(3), "failed", -900),
    ]);
    world.answers(&activity(), 200, page_of(list));
    let mut ana = Browser::ana(&world).await;
    let page = ana.open("/wallet").await;
    page.shows(&["€100.00", &format!("data-live=\"/api/v1/accounts/{}/live\"", account(1)), "Tea &lt;b&gt;"]);
    page.shows(&["\u{2212}€12.50", "+€12.50", "Send", "Request", "Top up", "Withdraw", "My code"]);
    page.shows(&[
        "Ben K.",
        "Fee, Ben K.",
        "Withdrawal",
        "On its way",
        "Top-up",
        "To be paid",
        "Did not work",
    ]);
    page.shows(&[&format!("/wallet/payments/{paid}"), &format!("/wallet/top-ups/{}/top_1", account(1))]);
    assert!(world.asked(&activity())[0].call.ends_with("?limit=6"));
    let own = world.asked("GET /api/v1/accounts?user_id=usr_");
    assert_eq!(own.len(), 1, "also who may see everybody's wallets sees their own here");
}

#[tokio::test]
async fn a_frozen_wallet_says_so_and_why() {
    let world = World::default();
    let mut frozen = wallet(1, "EUR", 10_000);
    frozen["state"] = json!("frozen");
    frozen["freeze_reason"] = json!("a lost phone");
    world.answers("GET /api/v1/accounts", 200, page_of(json!([frozen])));
    let mut ana = Browser::ana(&world).await;
    ana.open("/wallet").await.shows(&["Your wallet is frozen", "a lost phone"]);
}

#[tokio::test]
async fn whoever_has_no_wallet_opens_one() {
    let world = World::default();
    world.answers("GET /api/v1/accounts", 200, page_of(json!([])));
    let mut ana = Browser::ana(&world).await;
    let page = ana.open("/wallet").await;
    for (status, answer) in [(201, wallet(1, "EUR", 0)), (409, problem("account_exists", json!({})))] {
        world.answers("POST /api/v1/accounts", status, answer);
        assert_eq!(ana.send(&page, "/wallet/accounts", &[]).await.sent_to(), "/wallet");
    }
    assert_eq!(world.asked("POST /api/v1/accounts")[0].body, json!({"currency": "EUR"}));
    for path in [
        "/wallet/my-code",
        "/wallet/statement",
        "/wallet/top-up",
        "/wallet/withdraw",
        "/wallet/limits",
        "/wallet/requests/new",
        "/wallet/schedules/new",
        "/wallet/history",
    ] {
        assert_eq!(ana.open(path).await.sent_to(), "/wallet", "{path}");
    }
}

#[tokio::test]
async fn history_is_searched_and_goes_on() {
    let world = World::default();
    let page = json!({"data": [happened("top_up", "top_1", "completed", 500)], "next_cursor": "c2"});
    world.answers(&activity(), 200, page);
    let mut ana = Browser::ana(&world).await;
    let page = ana.open("/wallet/history?q=tea&kind=top_up&state=completed&from=2026-11-01&to=").await;
    page.shows(&["value=\"tea\"", "cursor=c2", "Next page", "+€5.00"]);
    let call = world.asked(&activity()).pop().unwrap().call;
    assert!(call.ends_with("?limit=20&q=tea&kind=top_up&state=completed&from=2026-11-01"), "{call}");
    world.answers(&activity(), 200, page_of(json!([])));
    ana.open("/wallet/history?q=x").await.shows(&["Nothing found"]);
    ana.open("/wallet/history").await.shows(&["Nothing yet"]);
}

#[tokio::test]
async fn a_statement_of_each_month_is_offered_whatever_happened_in_it() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let page = ana.open("/wallet/statement").await;
    page.shows(&["November 2026", "October 2026", "September 2026"]).hides(&["August 2026", "December 2026"]);
    assert!(
        world.asked("GET /api/v1/wallet/payments").is_empty(),
        "months without payments have statements too"
    );
}

#[tokio::test]
async fn a_statement_comes_as_a_sheet_and_on_paper() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let sheet = format!("GET /api/v1/accounts/{}/statement.csv", account(1));
    world.answers(&sheet, 200, json!("moved_at,amount\r\n"));
    let query = format!("month=2026-11&account={}", account(1));
    let got = ana.open(&format!("/wallet/statement.csv?{query}")).await;
    assert_eq!(got.text, "moved_at,amount\r\n");
    assert_eq!(got.headers["content-disposition"], "attachment; filename=\"statement-2026-11.csv\"");
    assert!(world.asked(&sheet)[0].call.ends_with("?from=2026-11-01&to=2026-11-30"));
    let line = json!({"moved_at": "2026-11-20T09:00:00.000Z", "kind": "payment", "id": "wpay_1", "direction": "out",
        "other_account": account(2), "other_name": "Ben K.", "amount": 1250, "fee": 0, "net": -1250, "balance": 8750, "note": "Chai ₹"});
    let statement = json!({"account_id": account(1), "currency": "EUR", "from": "2026-11-01", "to": "2026-11-30",
        "opening_balance": 10_000, "closing_balance": 8_750, "lines": [line]});
    world.answers(&format!("GET /api/v1/accounts/{}/statement", account(1)), 200, statement);
    let got = ana.open(&format!("/wallet/statement.pdf?{query}")).await;
    assert_eq!(got.headers["content-type"], "application/pdf");
    assert!(got.text.starts_with("%PDF-"), "{}", &got.text[..200]);
    for bad in
        [format!("month=2026-13&account={}", account(1)), format!("month=2026-11&account={}", account(2))]
    {
        assert_eq!(ana.open(&format!("/wallet/statement.pdf?{bad}")).await.status, 404, "{bad}");
    }
}

#[tokio::test]
async fn limits_are_shown_with_what_is_left() {
    let world = World::default();
    let limits = json!({"currency": "EUR", "kyc_level": 0, "payment": 10_000, "day": 20_000, "month": 50_000,
        "spent_today": 1_250, "spent_this_month": 60_000});
    world.answers(&format!("GET /api/v1/accounts/{}/limits", account(1)), 200, limits);
    let mut ana = Browser::ana(&world).await;
    ana.open("/wallet/limits").await.shows(&["€187.50", "not proven yet", "<meter", "€0.00"]);
}

#[tokio::test]
async fn planned_payments_are_listed_and_stopped() {
    let world = World::default();
    let schedule = json!({"id": "wsch_1", "state": "active", "from_account": account(1), "to_account": account(2), "payee_name": "Ben K.",
        "amount": 5000, "currency": "EUR", "note": "Rent", "every": "month", "starts_at": "2027-01-31T09:00:00.000Z",
        "until": null, "next_at": "2027-01-31T09:00:00.000Z", "runs": 0, "last_payment_id": null,
        "last_problem": "limit_exceeded"});
    world.answers("GET /api/v1/wallet/schedules", 200, page_of(json!([schedule.clone()])));
    world.answers("DELETE /api/v1/wallet/schedules/wsch_1", 200, schedule);
    let mut ana = Browser::ana(&world).await;
    let page = ana.open("/wallet/schedules").await;
    page.shows(&["To Ben K.", "Rent", "Every month", "could not be paid"]);
    ana.send(&page, "/wallet/schedules/wsch_1/cancel", &[]).await.sent_to();
    ana.open("/wallet/schedules").await.shows(&["It will not be paid any more."]);
}

#[tokio::test]
async fn devices_are_signed_out_one_by_one_or_all() {
    let world = World::default();
    let session = |id: &str, current: bool| {
        json!({"id": id, "project": null, "device": null, "address": "192.0.2.7",
        "methods": ["pwd"], "created_at": "2026-11-20T09:00:00.000Z", "seen_at": "2026-11-20T09:00:00.000Z",
        "expires_at": "2026-12-20T09:00:00.000Z", "current": current})
    };
    let sessions = page_of(json!([session("ses_1", true), session("ses_2", false)]));
    world.answers("GET /api/v1/users/me/sessions", 200, sessions);
    world.answers("DELETE /api/v1/users/me/sessions", 200, json!({"status": "ended"}));
    world.answers("DELETE /api/v1/users/me/sessions/ses_2", 200, json!({"status": "ended"}));
    let mut ana = Browser::ana(&world).await;
    let page = ana.open("/wallet/security").await;
    page.shows(&["ana@example.com", "This one", "192.0.2.7"]).hides(&["sessions/ses_1/end"]);
    ana.send(&page, "/wallet/security/sessions/ses_2/end", &[]).await.sent_to();
    ana.send(&page, "/wallet/security/others/end", &[]).await.sent_to();
    assert_eq!(world.asked("DELETE").len(), 2);
}

#[tokio::test]
async fn an_authenticator_is_set_up_and_removed() {
    let world = World::default();
    world.answers("GET /api/v1/users/me/sessions", 200, page_of(json!([])));
    let begun = json!({"secret": "JBSWY3DP", "url": "otpauth://totp/Demo:ana@example.com?secret=JBSWY3DP"});
    world.answers("POST /api/v1/users/me/totp", 201, begun);
    let mut ana = Browser::ana(&world).await;
    let page = ana.open("/wallet/security").await;
    let setup = ana.send(&page, "/wallet/security/authenticator", &[]).await;
    setup.shows(&["JBSWY3DP", "<svg"]);
    assert_eq!(setup.headers["cache-control"], "no-store");
    let confirm = "/wallet/security/authenticator/confirm";
    world.answers("POST /api/v1/users/me/totp/confirm", 422, problem("wrong_code", json!({})));
    ana.send(&setup, confirm, &[("code", "1")]).await.refuses(&["not right", "JBSWY3DP"]);
    world.answers("POST /api/v1/users/me/totp/confirm", 200, json!({"recovery_codes": ["7h2k-9q0m"]}));
    let codes = ana.send(&setup, confirm, &[("code", "492 817")]).await;
    codes.shows(&["7h2k-9q0m", "Keep these codes"]);
    assert_eq!(
        world.asked("POST /api/v1/users/me/totp/confirm").pop().unwrap().body,
        json!({"code": "492817"})
    );
}
