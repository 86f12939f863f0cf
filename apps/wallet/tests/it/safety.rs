//! What no page may allow.

use std::collections::BTreeMap;

use crate::browser::Browser;
use crate::world::{World, account, payment_id};

fn forms() -> Vec<String> {
    let (payment, request) = (format!("/wallet/payments/{}", payment_id(1)), "/wallet/requests/wreq_1");
    [
        "/wallet/accounts".to_owned(),
        "/wallet/send".to_owned(),
        "/wallet/send/check".to_owned(),
        "/wallet/payments".to_owned(),
        format!("{payment}/cancel"),
        format!("{payment}/return"),
        "/wallet/requests".to_owned(),
        format!("{request}/accept"),
        format!("{request}/decline"),
        "/wallet/top-ups".to_owned(),
        "/wallet/withdraw".to_owned(),
        "/wallet/withdrawals".to_owned(),
        "/wallet/schedules/wsch_1/cancel".to_owned(),
        "/wallet/security/sessions/ses_1/end".to_owned(),
        "/wallet/security/others/end".to_owned(),
        "/wallet/security/authenticator".to_owned(),
        "/wallet/security/authenticator/confirm".to_owned(),
        "/wallet/security/authenticator/remove".to_owned(),
        "/wallet/sign-out".to_owned(),
        "/wallet/theme".to_owned(),
    ]
    .into()
}

#[tokio::test]
async fn a_form_of_another_site_moves_nothing() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    for path in forms() {
        for token in ["", "00000000000000000000000000000000"] {
            let fields = BTreeMap::from([("token".to_owned(), token.to_owned())]);
            let page = ana.post(&path, &fields).await;
            assert_eq!(page.status, 403, "{path}: {}", page.text);
        }
    }
    assert!(world.asked("POST").is_empty() && world.asked("DELETE").is_empty());
}

#[tokio::test]
async fn strangers_are_asked_to_sign_in_and_come_back() {
    let mut stranger = Browser::of(&World::default());
    for path in [
        "/wallet",
        "/wallet/send",
        "/wallet/history",
        "/wallet/requests",
        "/wallet/requests/new",
        "/wallet/my-code",
        "/wallet/open?link=x",
        "/wallet/limits",
        "/wallet/statement",
        "/wallet/schedules",
        "/wallet/security",
        "/wallet/top-up",
        "/wallet/withdraw",
        &format!("/wallet/payments/{}", payment_id(1)),
        &format!("/wallet/send/{}", account(2)),
    ] {
        let sent = stranger.open(path).await;
        assert_eq!(sent.sent_to(), format!("/wallet/sign-in?next={}", client::encoded(path)), "{path}");
    }
}

#[tokio::test]
async fn no_page_may_do_more_than_it_needs_or_be_kept_on_the_way() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    for path in ["/wallet", "/wallet/send", "/wallet/history", "/wallet/requests/new", "/wallet/nothing"] {
        let page = ana.open(path).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(page.headers["cache-control"].to_str().unwrap().contains("private"), "{path}");
        page.hides(&[" style=\"", "<style", "onclick", "<script>"]).shows(&["noindex", "<main id=\"main\""]);
    }
}

#[tokio::test]
async fn a_payment_without_the_key_of_its_look_is_not_made() {
    let world = World::default();
    let mut ana = Browser::ana(&world).await;
    let token = ana.cookies["stoa_wallet_token"].clone();
    for key in ["", "short", "../../../../etc/passwd0000000000"] {
        let fields = [
            ("token", token.as_str()),
            ("to", "ben@example.com"),
            ("from", &account(1)),
            ("account", &account(2)),
            ("amount", "1"),
            ("key", key),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(ana.post("/wallet/payments", &fields).await.status, 403, "{key}");
    }
    assert!(world.asked("POST").is_empty());
}
