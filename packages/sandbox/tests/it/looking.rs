//! Who may look at what: keys, accounts, browsers, lists, and the page for developers.

use serde_json::json;

use crate::shop::shopping;

#[test]
fn without_a_good_key_there_is_no_answer() {
    shopping(async |shop, _, _| {
        for key in ["", "sk_live_shop", "sk_test_", "rk_test_shop", "sk_test_a-b", "shop"] {
            let answer = shop.with_key(key).get("/v1/balance").await;
            assert_eq!(answer.error(), (401, "invalid_request_error", ""), "{key}");
        }
        let basic = [("authorization", "Basic c2tfdGVzdF9zaG9wOg==")];
        shop.with_key("").ask("GET", "/v1/balance", "", &basic).await.expect(200);
    });
}

#[test]
fn an_account_sees_nothing_of_another() {
    shopping(async |shop, _, _| {
        let other = shop.with_key("sk_test_other");
        let paid = shop.pay("pm_card_visa", "").await.expect(200);
        let customer = shop.post("/v1/customers", "email=a@x.test").await.expect(200).id();
        let event = shop.get("/v1/events").await.each("id").remove(0);
        for path in [
            format!("payment_intents/{}", paid.id()),
            format!("charges/{}", paid.text_of("latest_charge")),
            format!("payment_methods/{}", paid.text_of("payment_method")),
            format!("customers/{customer}"),
            format!("events/{event}"),
        ] {
            shop.get(&format!("/v1/{path}")).await.expect(200);
            let refused = other.get(&format!("/v1/{path}")).await;
            assert_eq!(refused.error(), (404, "invalid_request_error", "resource_missing"), "{path}");
        }
        for kind in ["payment_intents", "charges", "refunds", "customers", "events", "payment_methods"] {
            let listed = other.get(&format!("/v1/{kind}")).await.expect(200);
            assert_eq!(listed.each("id"), Vec::<String>::new(), "{kind}");
        }
        let refund = other.post("/v1/refunds", &format!("payment_intent={}", paid.id())).await;
        assert_eq!(refund.status, 400);
        let theirs = format!("amount=1000&currency=usd&customer={customer}");
        assert_eq!(other.post("/v1/payment_intents", &theirs).await.status, 400);
    });
}

#[test]
fn a_browser_confirms_an_intent_whose_secret_it_knows_and_does_nothing_else() {
    shopping(async |shop, _, _| {
        let intent = shop.intent("metadata[cost]=3").await;
        let (id, secret) = (intent.id(), intent.text_of("client_secret"));
        let browser = shop.with_key("pk_test_shop");
        assert_eq!(browser.get(&format!("/v1/payment_intents/{id}")).await.error().2, "parameter_missing");
        assert_eq!(browser.get(&format!("/v1/payment_intents/{id}?client_secret=x")).await.status, 400);
        let seen = browser.get(&format!("/v1/payment_intents/{id}?client_secret={secret}")).await.expect(200);
        assert_eq!((seen.body.get("metadata"), &seen.body["amount"]), (None, &json!(1000)));
        for (method, path) in [("GET", "/v1/payment_intents"), ("POST", "/v1/refunds"), ("GET", "/v1/events")]
        {
            assert_eq!(browser.ask(method, path, "", &[]).await.error().0, 403, "{path}");
        }
        let confirm = format!("/v1/payment_intents/{id}/confirm");
        let declined = format!("client_secret={secret}&payment_method=pm_card_chargeDeclined");
        let declined = browser.post(&confirm, &declined).await.expect(402);
        assert_eq!(declined.body["error"]["payment_intent"].get("metadata"), None);
        let paid =
            browser.post(&confirm, &format!("client_secret={secret}&payment_method=pm_card_visa")).await;
        assert_eq!(paid.expect(200).text_of("status"), "succeeded");
        let asked = shop.with_key("").ask("OPTIONS", &confirm, "", &[("origin", "http://shop.test")]).await;
        assert_eq!((asked.status, asked.header("access-control-allow-origin")), (204, Some("*")));
        assert!(asked.header("access-control-allow-headers").unwrap().contains("authorization"));
    });
}

#[test]
fn lists_go_newest_first_a_page_at_a_time_both_ways() {
    shopping(async |shop, stage, _| {
        let mut made = Vec::new();
        for number in 0..7 {
            stage.clock.advance(std::time::Duration::from_secs(1));
            made.push(shop.post("/v1/customers", &format!("name=N{number}")).await.expect(200));
        }
        let ids: Vec<_> = made.iter().rev().map(|customer| customer.id()).collect();
        let page = async |query: &str| {
            let page = shop.get(&format!("/v1/customers?{query}")).await.expect(200);
            (page.each("id"), page.body["has_more"] == true)
        };
        assert_eq!(page("").await, (ids.clone(), false));
        assert_eq!(page("limit=3").await, (ids[..3].to_vec(), true));
        assert_eq!(page(&format!("limit=3&starting_after={}", ids[2])).await, (ids[3..6].to_vec(), true));
        assert_eq!(page(&format!("limit=3&starting_after={}", ids[5])).await, (ids[6..].to_vec(), false));
        assert_eq!(page(&format!("limit=3&ending_before={}", ids[6])).await, (ids[3..6].to_vec(), true));
        assert_eq!(page(&format!("limit=3&ending_before={}", ids[2])).await, (ids[..2].to_vec(), false));
        let third = made[2].body["created"].as_i64().unwrap();
        assert_eq!(page(&format!("created[gte]={third}&created[lt]={}", third + 2)).await.0, ids[3..5]);
        for wrong in ["limit=0", "limit=101", "limit=x", "starting_after=cus_none", "colour=red"] {
            assert_eq!(shop.get(&format!("/v1/customers?{wrong}")).await.status, 400, "{wrong}");
        }
    });
}

#[test]
fn ids_become_objects_where_that_is_asked_for_in_lists_too() {
    shopping(async |shop, _, _| {
        let customer = shop.post("/v1/customers", "name=Jo").await.expect(200).id();
        for _ in 0..3 {
            shop.pay("pm_card_visa", &format!("customer={customer}")).await.expect(200);
        }
        let path =
            "/v1/payment_intents?expand[]=data.latest_charge.balance_transaction&expand[]=data.customer";
        let listed = shop.get(path).await.expect(200);
        for row in listed.body["data"].as_array().unwrap() {
            assert_eq!(row["latest_charge"]["payment_intent"], row["id"]);
            assert_eq!(row["latest_charge"]["balance_transaction"]["net"], 941);
            assert_eq!(row["customer"]["name"], "Jo");
        }
        let narrowed = shop.get(&format!("/v1/payment_intents?customer={customer}&limit=2")).await;
        assert_eq!((narrowed.each("id").len(), &narrowed.body["has_more"]), (2, &json!(true)));
        for wrong in ["amount", "latest_charge", "data.secret", "data.customer.customer.customer.customer.x"]
        {
            assert_eq!(
                shop.get(&format!("/v1/payment_intents?expand[]={wrong}")).await.status,
                400,
                "{wrong}"
            );
        }
    });
}

#[test]
fn customers_keep_ways_to_pay_and_are_forgotten_when_deleted() {
    shopping(async |shop, _, _| {
        let customer =
            shop.post("/v1/customers", "email=a@x.test&name=Jo&metadata[k]=v").await.expect(200).id();
        let to = format!("customer={customer}");
        let attached = shop.post("/v1/payment_methods/pm_card_visa/attach", &to).await;
        let method = attached.expect(200).id();
        let kept = shop.get(&format!("/v1/customers/{customer}/payment_methods")).await;
        assert_eq!(kept.each("id").join(" "), method);
        let stranger = shop.pay(&method, "").await;
        assert_eq!(stranger.body["error"]["param"], "payment_method");
        shop.pay(&method, &format!("customer={customer}")).await.expect(200);
        let path = format!("/v1/customers/{customer}");
        let changed = shop.post(&path, "name=&metadata[k]=&metadata[n]=1").await.expect(200);
        assert_eq!((&changed.body["name"], &changed.body["metadata"]), (&json!(null), &json!({ "n": "1" })));
        shop.post(&format!("/v1/payment_methods/{method}/detach"), "").await.expect(200);
        assert_eq!(shop.post(&format!("/v1/payment_methods/{method}/detach"), "").await.status, 400);
        shop.ask("DELETE", &path, "", &[]).await.expect(200);
        let gone = shop.get(&path).await.expect(200);
        assert_eq!(gone.body, json!({ "id": customer, "object": "customer", "deleted": true }));
        assert_eq!(shop.get("/v1/customers").await.each("id"), Vec::<String>::new());
        assert_eq!(shop.post(&path, "name=x").await.status, 404);
    });
}

#[test]
fn a_path_that_leads_nowhere_is_said_in_stripes_words() {
    shopping(async |shop, _, _| {
        for (method, path) in [
            ("GET", "/v1/unicorns"),
            ("POST", "/v1/payment_intents/pi_1/enlarge"),
            ("DELETE", "/v1/payment_intents/pi_1"),
            ("PUT", "/v1/customers"),
        ] {
            let answer = shop.ask(method, path, "", &[("stripe-version", "2025-01-01")]).await;
            assert_eq!(answer.error(), (404, "invalid_request_error", ""), "{path}");
            assert_eq!(answer.header("stripe-version"), Some("2025-01-01"));
            assert!(answer.header("request-id").unwrap().starts_with("req_"));
        }
        assert_eq!(shop.post("/v1/customers", "name=%ff").await.status, 400);
        assert_eq!(shop.post("/v1/customers", "name=%00").await.status, 400);
    });
}

#[test]
fn developers_see_what_there_was_and_nothing_runs_in_their_browser() {
    shopping(async |shop, _, _| {
        shop.pay("pm_card_visa", "description=%3Cscript%3E").await.expect(200);
        let page = shop.with_key("").get("/stripe").await.expect(200);
        assert!(page.header("content-type").unwrap().starts_with("text/html"));
        assert!(page.text.contains("10.00 USD") && page.text.contains("payment_intent.succeeded"));
        assert!(!page.text.contains("<script"));
    });
}
