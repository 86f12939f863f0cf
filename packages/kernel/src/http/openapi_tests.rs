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
