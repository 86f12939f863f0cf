//! Any text as a query: it is refused with errors, or answered with data; nothing else, and not for ever.
#![no_main]

use graphql::{Argument, Field, Kind, Plan, Response, Schema, Type, TypeRef};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

fn field(name: &str, of: TypeRef) -> Field {
    let arguments = [("id", "String"), ("n", "Int"), ("all", "Boolean")].map(|(name, of)| Argument {
        name: name.to_owned(),
        description: None,
        of: TypeRef::named(of),
        default: None,
    });
    Field {
        name: name.to_owned(),
        key: name.to_owned(),
        description: None,
        arguments: arguments.to_vec(),
        of,
    }
}

/// Things that have things, or are one of two.
fn schema() -> Schema {
    let of = |name: &str, kind| Type { name: name.to_owned(), description: None, kind };
    let fields = |names: &[(&str, &str)]| {
        Kind::Object(names.iter().map(|(name, of)| field(name, TypeRef::named(of))).collect())
    };
    let a = of("A", fields(&[("a", "A"), ("b", "B"), ("u", "U"), ("n", "Long")]));
    let b = of("B", fields(&[("a", "A"), ("s", "String"), ("j", "JSON")]));
    let root = vec![field("a", TypeRef::named("A")), field("all", TypeRef::named("A").required().list())];
    Schema::new(root, [a, b, of("U", Kind::Union(vec!["A".to_owned(), "B".to_owned()]))])
}

fuzz_target!(|text: &str| {
    let schema = schema();
    let Ok(document) = graphql::parse(text) else { return };
    let answer = match Plan::new(&schema, &document, None, &Map::new()) {
        Err(errors) => {
            assert!(!errors.is_empty());
            Response::refused(errors)
        }
        Ok(plan) => {
            let thing = json!({ "a": { "b": { "s": "x", "j": [1] } }, "u": { "s": "y" }, "n": 1 });
            let brings = |call: &graphql::Call| {
                if call.field == "all" { json!([thing, thing]) } else { thing.clone() }
            };
            plan.answer(&plan.calls().iter().map(|call| Ok(brings(call))).collect::<Vec<_>>())
        }
    };
    let told: Value = serde_json::to_value(&answer).unwrap_or_default();
    assert_eq!(told.get("data").is_none(), answer.is_refused());
});
