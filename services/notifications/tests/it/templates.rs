//! Templates and their versions.

use kernel::testing::{Stage, staged};
use serde_json::{Value, json};

use crate::stage::*;

const TEMPLATES: &str = "/api/v1/templates";

fn hello(text: &str) -> Value {
    json!({ "variables": [{ "name": "guest", "type": "text", "sample": "Ann" }],
        "contents": [{ "locale": "en", "sms": { "text": text },
            "email": { "subject": "Hello", "text": text, "html": format!("<p>{text}</p>") } },
            { "locale": "de", "sms": { "text": "Hallo {{ guest }}" } }] })
}

fn named(name: &str, text: &str) -> Value {
    let mut body = hello(text);
    (body["name"], body["category"]) = (json!(name), json!("booking"));
    body
}

async fn publish(stage: &Stage, name: &str, version: u32) {
    let publish = format!("{TEMPLATES}/{name}/versions/{version}/publish");
    stage.post(&boss(), &publish, &json!({})).await.expect(200);
}

fn to_ann(template: &str, locale: &str) -> Value {
    json!({ "channel": "sms", "to": { "phone": "+919876543210" }, "template": template,
        "variables": { "guest": "<Ben>" }, "locale": locale })
}

async fn body_of(stage: &Stage, id: &str) -> String {
    shown(stage, id).await["content"]["sms"]["body"].as_str().unwrap().to_owned()
}

#[test]
fn a_version_is_sent_once_it_is_published_and_pinned_to_what_was_accepted() {
    staged(notifications::service, async |stage, _| {
        stage.post(&boss(), TEMPLATES, &named("hello", "Hello {{ guest }}")).await.expect(201);
        let draft = stage.post(&shop(), NOTIFICATIONS, &to_ann("hello", "en")).await;
        assert_eq!(draft.problem(), (422, "invalid_input"));
        publish(stage, "hello", 1).await;
        let first = send(stage, &to_ann("hello", "en-IN")).await;
        stage
            .post(&boss(), &format!("{TEMPLATES}/hello/versions"), &hello("Good day {{ guest }}"))
            .await
            .expect(201);
        let between = send(stage, &to_ann("hello", "en")).await;
        publish(stage, "hello", 2).await;
        let second = send(stage, &to_ann("hello", "en")).await;
        let german = send(stage, &to_ann("hello", "de-AT")).await;
        for (id, version, expected) in [
            (&first, 1, "Hello <Ben>"),
            (&between, 1, "Hello <Ben>"),
            (&second, 2, "Good day <Ben>"),
            (&german, 2, "Hallo <Ben>"),
        ] {
            assert_eq!(body_of(stage, id).await, expected);
            assert_eq!(shown(stage, id).await["template"], json!({ "name": "hello", "version": version }));
        }
        let again = stage.post(&boss(), &format!("{TEMPLATES}/hello/versions/1/publish"), &json!({})).await;
        assert_eq!(again.problem(), (409, "not_a_draft"));
        let versions = stage.get(&boss(), &format!("{TEMPLATES}/hello/versions")).await;
        assert_eq!(versions.each("state"), ["published", "archived"]);
        let shown = stage.get(&boss(), &format!("{TEMPLATES}/hello")).await.expect(200).body;
        assert_eq!((&shown["published_version"], &shown["version"]["version"]), (&json!(2), &json!(2)));
    });
}

#[test]
fn what_could_not_be_sent_is_not_published() {
    staged(notifications::service, async |stage, _| {
        stage.post(&boss(), TEMPLATES, &named("hello", "Hello {{ nobody }}")).await.expect(201);
        let refused = stage.post(&boss(), &format!("{TEMPLATES}/hello/versions/1/publish"), &json!({})).await;
        assert_eq!(refused.problem(), (422, "invalid_input"));
        assert!(refused.body["message"].as_str().unwrap().contains("`nobody`"), "{}", refused.body);
        let broken = stage.post(&boss(), TEMPLATES, &named("broken", "{% if")).await;
        assert_eq!(broken.problem(), (422, "invalid_input"));
        let taken = stage.post(&boss(), TEMPLATES, &named("hello", "Hello")).await;
        assert_eq!(taken.problem(), (409, "name_taken"));
        let absent = stage.post(&boss(), &format!("{TEMPLATES}/hello/versions/7/publish"), &json!({})).await;
        assert_eq!(absent.problem(), (404, "not_found"));
    });
}

#[test]
fn a_preview_is_what_is_sent_with_its_parts_counted() {
    staged(notifications::service, async |stage, _| {
        stage.post(&boss(), TEMPLATES, &named("hello", "Hello {{ guest }}")).await.expect(201);
        let preview = format!("{TEMPLATES}/hello/preview");
        let body = json!({ "version": 1, "variables": { "guest": "<अ>" } });
        let said = stage.post(&boss(), &preview, &body).await.expect(200).body;
        assert_eq!(said["sms"]["text"], "Hello <अ>");
        assert_eq!(said["sms"]["segments"], json!({ "alphabet": "ucs2", "count": 1 }));
        assert_eq!(said["email"]["html"], "<p>Hello &lt;अ&gt;</p>");
        let draft = stage.post(&boss(), &preview, &json!({})).await;
        assert_eq!(draft.problem(), (404, "not_found"));
        let ours = stage
            .post(&boss(), &format!("{TEMPLATES}/order_paid/preview"), &json!({}))
            .await
            .expect(200)
            .body;
        assert_eq!(ours["version"], 0);
        assert!(ours["in_app"]["title"].as_str().unwrap().contains("is paid"), "{ours}");
        assert_eq!(all(stage).await.len(), 0, "nothing is sent");
    });
}

#[test]
fn a_project_says_it_in_its_own_words() {
    staged(notifications::service, async |stage, _| {
        let mut own = named("welcome", "Hello");
        own["variables"] = json!([]);
        own["contents"] = json!([{ "locale": "en", "sms": { "text": "Well met" } }]);
        let body = json!({ "channel": "sms", "to": { "phone": "+919876543210" }, "template": "welcome" });
        let before = send(stage, &body).await;
        stage.post(&boss(), TEMPLATES, &own).await.expect(201);
        publish(stage, "welcome", 1).await;
        let after = send(stage, &body).await;
        assert_eq!(body_of(stage, &before).await, "Welcome. Your account is ready.");
        assert_eq!(body_of(stage, &after).await, "Well met");
        let elsewhere = stage.post(&stranger(), NOTIFICATIONS, &body).await.expect(202).body;
        assert_eq!(elsewhere["template"]["version"], 0, "another project keeps ours");
    });
}
