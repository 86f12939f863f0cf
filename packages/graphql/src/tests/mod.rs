//! The language as a caller meets it: what is read, what is refused and where, what is answered.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod laws;
mod refusals;

use serde_json::{Map, Value, json};

use crate::*;

fn field(name: &str, of: TypeRef, arguments: &[(&str, TypeRef)]) -> Field {
    let argument = |(name, of): &(&str, TypeRef)| Argument {
        name: (*name).to_owned(),
        description: None,
        of: of.clone(),
        default: None,
    };
    let arguments = arguments.iter().map(argument).collect();
    Field { name: name.to_owned(), key: name.to_owned(), description: None, arguments, of }
}

fn of(name: &str, kind: Kind) -> Type {
    Type { name: name.to_owned(), description: None, kind }
}

/// A shop: things with prices, some of which can be either of two.
fn shop() -> Schema {
    let named = TypeRef::named;
    let state = Kind::Enum(vec!["draft".to_owned(), "on_sale".to_owned()]);
    let thing = Kind::Object(vec![
        field("id", named("String").required(), &[]),
        field("title", named("String"), &[]),
        field("state", named("State"), &[]),
        field("weight", named("Float"), &[]),
        field("sold", named("Long").required(), &[]),
        field("ranks", named("Int").required().list(), &[]),
        field("facts", named("JSON"), &[]),
        field("parts", named("Thing").required().list(), &[]),
    ]);
    let card = Kind::Object(vec![
        field("id", named("String").required(), &[]),
        field("last4", named("String").required(), &[]),
    ]);
    let purse = Kind::Object(vec![
        field("id", named("String").required(), &[]),
        field("owner", named("String").required(), &[]),
        field("last4", named("Int"), &[]),
    ]);
    let root = vec![
        field("thing", named("Thing"), &[("id", named("String").required()), ("deep", named("Boolean"))]),
        field(
            "things",
            named("Thing").required().list(),
            &[("state", named("State")), ("limit", named("Int"))],
        ),
        field("payment", named("CardOrPurse"), &[]),
        field("many", named("String"), &[("ids", named("Long").required().list()), ("free", named("JSON"))]),
    ];
    let union = Kind::Union(vec!["Card".to_owned(), "Purse".to_owned()]);
    Schema::new(
        root,
        [
            of("State", state),
            of("Thing", thing),
            of("Card", card),
            of("Purse", purse),
            of("CardOrPurse", union),
        ],
    )
}

fn a_thing() -> Value {
    json!({ "id": "t1", "title": "Rake", "state": "on_sale", "weight": 2.5, "sold": 9_007_199_254_740_993_i64,
        "ranks": [1, 2], "facts": { "b": [1], "a": null }, "parts": [{ "id": "p1", "sold": 0 }] })
}

fn plain(variables: Value) -> Map<String, Value> {
    variables.as_object().cloned().unwrap_or_default()
}

/// The response to a query whose calls all bring what `fetch` says.
fn respond(query: &str, variables: Value, fetch: impl Fn(&Call) -> Result<Value, Failure>) -> Value {
    let schema = shop();
    let response = match parse(query) {
        Err(error) => Response::refused(vec![error]),
        Ok(document) => match Plan::new(&schema, &document, None, &plain(variables)) {
            Err(errors) => Response::refused(errors),
            Ok(plan) => plan.answer(&plan.calls().iter().map(fetch).collect::<Vec<_>>()),
        },
    };
    serde_json::to_value(response).unwrap()
}

fn ask(query: &str) -> Value {
    respond(query, json!({}), |call| {
        Ok(match call.field.as_str() {
            "things" => json!([a_thing(), a_thing()]),
            "payment" => json!({ "id": "c1", "last4": "4242" }),
            "many" => json!(null),
            _ => a_thing(),
        })
    })
}

fn calls(query: &str, variables: Value) -> Vec<Value> {
    let (schema, document) = (shop(), parse(query).unwrap());
    let plan = Plan::new(&schema, &document, None, &plain(variables)).unwrap();
    plan.calls().iter().map(|call| json!({ "field": call.field, "with": call.arguments })).collect()
}

/// What is wrong with a query: the first message with its place.
fn refusal(query: &str) -> String {
    let answer = ask(query);
    assert_eq!(answer.get("data"), None, "{query}: {answer}");
    let first = &answer["errors"][0];
    let place = &first["locations"][0];
    format!("{} {}:{}", first["message"].as_str().unwrap(), place["line"], place["column"])
}
