//! 3-D Secure: the owner is asked on a page, says yes or no, and comes back to the shop.

use crate::shop::{Answer, Shop, shopping};

const BACK: &str = "return_url=http%3A%2F%2Fshop.test%2Fdone%3Forder%3D7";

async fn asked(shop: &Shop, method: &str, more: &str) -> (Answer, String) {
    let intent = shop.pay(method, &format!("{BACK}&{more}")).await.expect(200);
    assert_eq!(intent.text_of("status"), "requires_action");
    let action = &intent.body["next_action"];
    assert_eq!(action["type"], "redirect_to_url");
    assert_eq!(action["redirect_to_url"]["return_url"], "http://shop.test/done?order=7");
    let page = action["redirect_to_url"]["url"].as_str().unwrap().to_owned();
    assert!(page.starts_with(&format!("{}/3ds/{}?", shop.base(), intent.id())), "{page}");
    (intent, page)
}

#[test]
fn an_owner_who_says_yes_pays_and_comes_back_to_the_shop() {
    shopping(async |shop, _, _| {
        let browser = shop.with_key("");
        for (method, more, status) in [
            ("pm_card_authenticationRequired", "", "succeeded"),
            ("pm_card_threeDSecure2Required", "capture_method=manual", "requires_capture"),
        ] {
            let (intent, page) = asked(shop, method, more).await;
            let shown = browser.get(&page).await.expect(200).text;
            assert!(shown.contains("10.00 USD") && shown.contains("Complete authentication"), "{shown}");
            let back = browser.post(&page, "outcome=complete").await.expect(303);
            let secret = intent.text_of("client_secret");
            let expected = format!(
                "http://shop.test/done?order=7&payment_intent={}&payment_intent_client_secret={secret}\
                 &redirect_status=succeeded",
                intent.id()
            );
            assert_eq!(back.header("location"), Some(expected.as_str()));
            let after = shop.get(&format!("/v1/payment_intents/{}", intent.id())).await;
            assert_eq!(after.text_of("status"), status);
            assert!(after.body["next_action"].is_null());
            // The page is over: twice is not paid twice.
            assert_eq!(browser.get(&page).await.status, 409);
            assert_eq!(browser.post(&page, "outcome=complete").await.status, 400);
        }
        assert_eq!(shop.get("/v1/charges").await.each("id").len(), 2);
    });
}

#[test]
fn an_owner_who_says_no_is_not_charged() {
    shopping(async |shop, _, _| {
        let (intent, page) = asked(shop, "pm_card_threeDSecure2Required", "").await;
        let back = shop.with_key("").post(&page, "outcome=fail").await.expect(303);
        assert!(back.header("location").unwrap().ends_with("&redirect_status=failed"));
        let after = shop.get(&format!("/v1/payment_intents/{}", intent.id())).await;
        assert_eq!(after.text_of("status"), "requires_payment_method");
        let error = &after.body["last_payment_error"];
        assert_eq!(error["code"], "payment_intent_authentication_failure");
        assert_eq!(shop.get("/v1/charges").await.each("id"), Vec::<String>::new());
        let told =
            ["payment_intent.created", "payment_intent.requires_action", "payment_intent.payment_failed"];
        assert_eq!(shop.events().await, told);
    });
}

#[test]
fn a_bank_may_say_no_after_its_owner_said_yes() {
    shopping(async |shop, _, _| {
        let (intent, page) = asked(shop, "pm_card_threeDSecureRequiredChargeDeclined", "").await;
        let back = shop.with_key("").post(&page, "outcome=complete").await.expect(303);
        assert!(back.header("location").unwrap().ends_with("&redirect_status=failed"));
        let after = shop.get(&format!("/v1/payment_intents/{}", intent.id())).await;
        assert_eq!(after.body["last_payment_error"]["code"], "card_declined");
    });
}

#[test]
fn an_owner_who_cannot_be_asked_is_a_decline() {
    shopping(async |shop, _, _| {
        for more in ["off_session=true", "error_on_requires_action=true"] {
            let answer = shop.pay("pm_card_threeDSecure2Required", more).await;
            assert_eq!(answer.error(), (402, "card_error", "authentication_required"), "{more}");
        }
    });
}

#[test]
fn where_the_shop_confirms_by_hand_an_answered_owner_is_not_asked_again() {
    shopping(async |shop, _, _| {
        let (intent, page) = asked(shop, "pm_card_threeDSecure2Required", "confirmation_method=manual").await;
        shop.with_key("").post(&page, "outcome=complete").await.expect(303);
        let path = format!("/v1/payment_intents/{}", intent.id());
        assert_eq!(shop.get(&path).await.text_of("status"), "requires_confirmation");
        let done = shop.post(&format!("{path}/confirm"), "").await.expect(200);
        assert_eq!(done.text_of("status"), "succeeded");
    });
}

#[test]
fn the_page_is_shown_to_nobody_without_the_secret() {
    shopping(async |shop, _, _| {
        let (intent, page) = asked(shop, "pm_card_threeDSecure2Required", "").await;
        let browser = shop.with_key("");
        let guessed = page.replace("_secret_", "_secret_0");
        assert_eq!(browser.get(&guessed).await.status, 404);
        assert_eq!(browser.get("/3ds/pi_%00?account=%00&client_secret=%00").await.status, 404);
        assert_eq!(browser.post(&guessed, "outcome=complete").await.status, 404);
        assert_eq!(browser.post(&page, "outcome=perhaps").await.status, 400);
        let after = shop.get(&format!("/v1/payment_intents/{}", intent.id())).await;
        assert_eq!(after.text_of("status"), "requires_action");
    });
}
