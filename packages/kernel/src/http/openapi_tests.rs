//! One document for several services.

use serde_json::json;

#[test]
fn an_operation_of_two_services_takes_what_either_takes() {
    let of = |kind: &str| {
        let schema = json!({ "$ref": format!("#/components/schemas/{kind}") });
        let body = json!({ "content": { "application/json": { "schema": schema } } });
        json!({ "paths": { "/things/{id}": { "post": { "summary": kind, "requestBody": body,
            "parameters": [{ "name": "id", "in": "path", "schema": { "pattern": kind } }],
            "responses": { "200": body } } } }, "components": { "schemas": { kind: {} } } })
    };
    let merged = super::merge([("payments", of("Card")), ("wallet", of("Coin"))]);
    let operation = &merged["paths"]["/things/{id}"]["post"];
    let either = json!({ "anyOf": [{ "$ref": "#/components/schemas/payments.Card" },
        { "$ref": "#/components/schemas/wallet.Coin" }] });
    assert_eq!(operation["requestBody"]["content"]["application/json"]["schema"], either);
    assert_eq!(operation["responses"]["200"]["content"]["application/json"]["schema"], either);
    assert_eq!(
        operation["parameters"][0]["schema"],
        json!({ "anyOf": [{ "pattern": "Card" }, { "pattern": "Coin" }] })
    );
    assert_eq!(operation["summary"], "Card");
}

#[test]
fn what_is_for_administrators_is_documented_as_that() {
    let of = |method: &str| json!({ method: { "responses": {} } });
    let paths = json!({ "/users": of("get"), "/users/me": of("get"), "/users/{id}": of("get"),
        "/users/{id}/roles": of("put") });
    let api = json!({ "openapi": "3.1.0", "info": { "title": "", "version": "" }, "paths": paths });
    let api: utoipa::openapi::OpenApi = serde_json::from_value(api).unwrap();
    let document = super::openapi::complete(api, "identity", &["/users", "/users/{*"]);
    let is_admin = |path: &str, method: &str| document["paths"][path][method]["x-stoa"]["admin"] == true;
    assert!(
        is_admin("/users", "get") && is_admin("/users/{id}", "get") && is_admin("/users/{id}/roles", "put")
    );
    assert!(!is_admin("/users/me", "get"));
}
