//! What is answered.

use serde_json::{Map, Value, json};

use super::{a_thing, ask, calls, plain, refusal, respond, shop};
use crate::{Call, Failure, Plan, parse};

#[test]
fn an_answer_has_what_was_asked_for_and_in_that_order() {
    let answer = serde_json::to_string(&ask(
        "{ one: thing(id: \"t1\") { title, id, name: title  parts { id } __typename facts ranks sold } }",
    ));
    assert_eq!(
        answer.unwrap(),
        serde_json::to_string(&json!({ "data": { "one": { "title": "Rake", "id": "t1", "name": "Rake",
            "parts": [{ "id": "p1" }], "__typename": "Thing", "facts": { "b": [1], "a": null },
            "ranks": [1, 2], "sold": 9_007_199_254_740_993_i64 } } }))
        .unwrap()
    );
    let (schema, query) = (shop(), "{ b: thing(id: \"1\") { title id } a: thing(id: \"2\") { id } }");
    let document = parse(query).unwrap();
    let plan = Plan::new(&schema, &document, None, &Map::new()).unwrap();
    let text = serde_json::to_string(&plan.answer(&[Ok(a_thing()), Ok(a_thing())])).unwrap();
    assert_eq!(text, r#"{"data":{"b":{"title":"Rake","id":"t1"},"a":{"id":"t1"}}}"#);
}

#[test]
fn a_call_is_made_once_however_often_it_is_asked_for() {
    let query = "query($id: String!) { a: thing(id: $id) { id } b: thing(id: \"t1\") { title } c: thing(id: \"t2\") { id } }";
    assert_eq!(
        calls(query, json!({ "id": "t1" })),
        [
            json!({ "field": "thing", "with": { "id": "t1" } }),
            json!({ "field": "thing", "with": { "id": "t2" } })
        ]
    );
}

#[test]
fn variables_have_defaults_and_become_what_their_types_say() {
    let query = "query($s: State = draft, $n: Int, $ids: [Long!] = 7) { things(state: $s, limit: $n) { id } many(ids: $ids) }";
    let with = |things: Value, many: Value| {
        [json!({ "field": "things", "with": things }), json!({ "field": "many", "with": many })]
    };
    assert_eq!(calls(query, json!({})), with(json!({ "state": "draft" }), json!({ "ids": [7] })));
    assert_eq!(
        calls(query, json!({ "s": null, "n": 3, "ids": [1, 2] })),
        with(json!({ "state": null, "limit": 3 }), json!({ "ids": [1, 2] }))
    );
    for (wrong, name) in [
        (json!({ "s": "gone" }), "`$s`"),
        (json!({ "n": 2_147_483_648_i64 }), "`$n`"),
        (json!({ "n": "3" }), "`$n`"),
        (json!({ "ids": [null] }), "`$ids`"),
    ] {
        let answer = respond(query, wrong.clone(), |_| Ok(Value::Null));
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains(name), "{wrong}: {answer}");
        assert_eq!(answer["errors"][0]["locations"][0]["line"], 1);
    }
}

#[test]
fn conditions_leave_fields_and_fragments_out() {
    let query = "query($yes: Boolean!, $no: Boolean = false) { thing(id: \"t1\") {
        id @include(if: $no) title @skip(if: $no) ...F @skip(if: $yes) ... on Thing @include(if: $yes) { weight } } }
        fragment F on Thing { state }";
    let answer = respond(query, json!({ "yes": true }), |_| Ok(a_thing()));
    assert_eq!(answer, json!({ "data": { "thing": { "title": "Rake", "weight": 2.5 } } }));
    let nothing = respond(
        "query($no: Boolean!) { thing(id: \"t1\") @include(if: $no) { id } }",
        json!({ "no": false }),
        |_| panic!("what is left out is not fetched"),
    );
    assert_eq!(nothing, json!({ "data": {} }));
}

#[test]
fn fields_of_one_name_are_merged() {
    let query = "{ thing(id: \"t1\") { parts { id } ...F } thing(id: \"t1\") { title } } fragment F on Thing { parts { sold } }";
    assert_eq!(
        ask(query),
        json!({ "data": { "thing": { "parts": [{ "id": "p1", "sold": 0 }], "title": "Rake" } } })
    );
}

#[test]
fn of_two_types_the_one_that_came_is_told() {
    let query = "{ payment { __typename ... on Card { last4 } ... on Purse { owner } } }";
    assert_eq!(ask(query), json!({ "data": { "payment": { "__typename": "Card", "last4": "4242" } } }));
    let purse = |_: &Call| Ok(json!({ "id": "w1", "owner": "Ann", "last4": null }));
    let answer = respond(query, json!({}), purse);
    assert_eq!(answer, json!({ "data": { "payment": { "__typename": "Purse", "owner": "Ann" } } }));
    let neither = respond(query, json!({}), |_| Ok(json!({ "id": "x" })));
    assert_eq!(neither["data"], json!({ "payment": null }));
    assert_eq!(neither["errors"][0]["path"], json!(["payment"]));
}

#[test]
fn what_a_call_refuses_is_null_and_the_rest_stays() {
    let query = "{ gone: thing(id: \"t9\") { id }\n  thing(id: \"t1\") { id } }";
    let answer = respond(query, json!({}), |call| match call.arguments["id"].as_str() {
        Some("t9") => Err(Failure {
            message: "there is no such thing".to_owned(),
            extensions: plain(json!({ "status": 404, "code": "not_found" })),
        }),
        _ => Ok(a_thing()),
    });
    assert_eq!(
        answer,
        json!({ "data": { "gone": null, "thing": { "id": "t1" } }, "errors": [{ "message": "there is no such thing",
            "locations": [{ "line": 1, "column": 3 }], "path": ["gone"],
            "extensions": { "status": 404, "code": "not_found" } }] })
    );
}

#[test]
fn what_may_not_be_null_takes_what_is_around_it_along() {
    let broken = |_: &Call| {
        Ok(json!({ "id": "t1", "title": 7, "ranks": [1, 3_000_000_000_i64], "sold": 1,
        "parts": [{ "id": "p1", "sold": 1 }, { "id": "p2" }] }))
    };
    let answer = respond("{ thing(id: \"t1\") { id title ranks parts { id sold } } }", json!({}), broken);
    assert_eq!(
        answer["data"],
        json!({ "thing": { "id": "t1", "title": null, "ranks": null, "parts": null } })
    );
    let paths: Vec<&Value> =
        answer["errors"].as_array().unwrap().iter().map(|error| &error["path"]).collect();
    assert_eq!(
        paths,
        [&json!(["thing", "title"]), &json!(["thing", "ranks", 1]), &json!(["thing", "parts", 1, "sold"])]
    );
    let gone = respond("{ thing(id: \"t1\") { sold } }", json!({}), |_| Ok(json!({})));
    assert_eq!(gone["data"], json!({ "thing": null }));
}

#[test]
fn texts_are_read_with_their_escapes_and_blocks_without_their_indentation() {
    for (written, read) in [
        (r#""a\"\\\/\b\f\n\r\t\u00e9\u{1F600}\uD83D\uDE00 é""#, "a\"\\/\u{8}\u{c}\n\r\té😀😀 é"),
        ("\"\"", ""),
        ("\"\"\"\n    one\n      two\n\n    three \\\"\"\"\n    \"\"\"", "one\n  two\n\nthree \"\"\""),
        ("\"\"\"one\r\n  two\"\"\"", "one\ntwo"),
    ] {
        assert_eq!(
            calls(&format!("{{ thing(id: {written}) {{ id }} }}"), json!({}))[0]["with"]["id"],
            read,
            "{written}"
        );
    }
    assert_eq!(refusal(r#"{ thing(id: "\uD83D") { id } }"#), "there is no such escape 1:14");
}

#[test]
fn a_schema_tells_of_itself() {
    let answer = ask("{ __schema { queryType { name } mutationType { name } directives { name args { type { kind ofType { name } } } } }
        state: __type(name: \"State\") { kind enumValues(includeDeprecated: true) { name isDeprecated } fields { name } }
        thing: __type(name: \"Thing\") { kind fields { name type { kind name ofType { kind name ofType { name } } } } interfaces { name } }
        either: __type(name: \"CardOrPurse\") { kind possibleTypes { name } }
        none: __type(name: \"Nothing\") { name } __typename }");
    let data = &answer["data"];
    assert_eq!(data["__schema"]["queryType"]["name"], "Query");
    assert_eq!(data["__schema"]["mutationType"], Value::Null);
    assert_eq!(data["__schema"]["directives"][1]["name"], "skip");
    assert_eq!(data["state"]["enumValues"][1], json!({ "name": "on_sale", "isDeprecated": false }));
    assert_eq!(
        data["thing"]["fields"][0]["type"],
        json!({ "kind": "NON_NULL", "name": null, "ofType": { "kind": "SCALAR", "name": "String", "ofType": null } })
    );
    assert_eq!(
        data["either"],
        json!({ "kind": "UNION", "possibleTypes": [{ "name": "Card" }, { "name": "Purse" }] })
    );
    assert_eq!((&data["none"], &data["__typename"]), (&Value::Null, &json!("Query")));
    assert_eq!(answer["errors"], Value::Null);
    // Each field of introspection is there, and of the type that it is declared with.
    let all = ask(
        "{ __schema { types { kind name specifiedByURL isOneOf fields { name args { name defaultValue } isDeprecated } } } }",
    );
    assert_eq!(all["errors"], Value::Null);
    assert!(all["data"]["__schema"]["types"].as_array().unwrap().iter().all(|of| of["name"] != "[__Type!]!"));
}

#[test]
fn one_of_several_operations_is_carried_out() {
    let (schema, query) = (shop(), "query A { many } query B { thing(id: \"1\") { id } }");
    let document = parse(query).unwrap();
    let of = |name: Option<&str>| {
        Plan::new(&schema, &document, name, &Map::new()).map(|plan| plan.calls()[0].field.clone())
    };
    assert_eq!(of(Some("B")), Ok("thing".to_owned()));
    for name in [None, Some("C")] {
        assert_eq!(of(name).unwrap_err()[0].extensions["code"], "no_such_operation", "{name:?}");
    }
}
