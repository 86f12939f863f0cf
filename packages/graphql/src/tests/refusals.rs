//! What is refused, and where.

use serde_json::{Value, json};

use super::{ask, refusal, respond};
use crate::{CALLS_MAX, DEPTH_MAX, QUERY_BYTES_MAX, TOKENS_MAX};

#[test]
fn a_query_that_cannot_be_read_is_refused_at_its_place() {
    for (query, said) in [
        ("", "expected an operation or a fragment, found the end 1:1"),
        ("{ thing(id: \"t1\") { id }", "expected a name, found the end 1:25"),
        ("{\n  thing(id: ) { id }\n}", "expected a value, found `)` 2:13"),
        ("{ a ? }", "no query has '?' here 1:5"),
        ("{ many(ids: 01) }", "a number does not begin with 0 1:14"),
        ("{ many(ids: 1x) }", "a number ends before a letter or a dot 1:14"),
        ("{ thing(id: \"t1) { id } }", "a text does not end 1:26"),
        ("{ thing(id: \"\\x\") { id } }", "there is no such escape 1:14"),
        ("{ }", "expected a name, found `}` 1:3"),
        ("query() { thing }", "expected `$`, found `)` 1:7"),
        ("fragment on on Thing { id }", "expected the name of a fragment, found `on` 1:10"),
        ("type Thing { id: String }", "expected an operation or a fragment, found `type` 1:1"),
        ("query($a: Int = $b) { many }", "expected a value, found `$` 1:17"),
        ("query($a: [Int Int]) { many }", "a list has one type 1:11"),
        ("# é\r\n\r\n{ \u{feff}é }", "no query has 'é' here 3:4"),
    ] {
        assert_eq!(refusal(query), said, "{query}");
    }
}

#[test]
fn a_query_for_what_there_is_not_is_refused_before_anything_is_fetched() {
    for (query, said) in [
        ("{ thin }", "`Query` has no field `thin` 1:3"),
        ("{ thing { id } }", "`thing` needs `id: String!` 1:3"),
        ("{ thing(id: \"1\", no: 1) { id } }", "`thing` takes no `no` 1:18"),
        ("{ thing(id: 1) { id } }", "expected String, found `1` 1:13"),
        ("{ thing(id: null) { id } }", "expected String!, found null 1:13"),
        ("{ thing(id: \"1\", id: \"2\") { id } }", "there are two arguments `id` 1:18"),
        ("{ things(state: \"draft\") { id } }", "expected State, found a text 1:17"),
        ("{ things(state: sold) { id } }", "expected State, found `sold` 1:17"),
        ("{ things(limit: 2147483648) { id } }", "expected Int, found `2147483648` 1:17"),
        ("{ many(ids: [1, null]) }", "expected Long!, found null 1:17"),
        ("{ many(free: { a: 1, a: 2 }) }", "there are two fields `a` 1:22"),
        ("{ thing(id: \"1\") }", "say which fields of `thing` you want: it is a Thing 1:3"),
        ("{ thing(id: \"1\") { id { x } } }", "`id` is a String! and has no fields 1:20"),
        ("{ thing(id: \"1\") { ...F } }", "there is no fragment `F` 1:23"),
        ("{ thing(id: \"1\") { ... on Card { id } } }", "a `Thing` is never a `Card` 1:20"),
        ("{ thing(id: \"1\") { ... on Nothing { id } } }", "there is no type `Nothing` 1:27"),
        ("{ thing(id: \"1\") { ... on String { id } } }", "`String` has no fields to choose from 1:27"),
        ("{ many } fragment F on Thing { id }", "the fragment `F` is not used 1:19"),
        (
            "{ thing(id: \"1\") { ...F } } fragment F on Thing { parts { ...F } }",
            "the fragment `F` is inside of itself 1:38",
        ),
        ("{ many @loud }", "there is no directive `@loud` 1:9"),
        ("{ many @skip }", "`skip` needs `if: Boolean!` 1:9"),
        ("{ many @skip(if: true) @skip(if: true) }", "there are two directives `skip` 1:25"),
        ("query @skip(if: true) { many }", "`@skip` may not stand here 1:8"),
        ("{ many } { many }", "an operation without a name stands alone 1:1"),
        ("query A { many } query A { many }", "there are two operations `A` 1:24"),
        ("mutation { many }", "nothing is changed here: there are no mutations 1:1"),
        ("subscription { many }", "nothing is followed here: there are no subscriptions 1:1"),
        ("fragment F on Thing { id }", "there is no operation 1:10"),
        ("query($a: Int) { many }", "`$a` is not used 1:8"),
        ("{ things(limit: $a) { id } }", "`$a` is not declared 1:17"),
        ("query($a: Int, $a: Int) { things(limit: $a) { id } }", "there are two variables `a` 1:17"),
        ("query($a: Thing) { many(free: $a) }", "`$a` cannot be a Thing 1:8"),
        ("query($a: Long) { things(limit: $a) { id } }", "`$a` is a Long where a Int is wanted 1:33"),
        ("query($a: String) { thing(id: $a) { id } }", "`$a` is a String where a String! is wanted 1:31"),
        ("query($a: Int = \"x\") { things(limit: $a) { id } }", "expected Int, found a text 1:17"),
        (
            "{ thing(id: \"1\") { a: id a: title } }",
            "`a` would be a String! and a String: give one of them another name 1:20",
        ),
        (
            "{ thing(id: \"1\") { a: title a: state } }",
            "`a` would be a String and a State: give one of them another name 1:20",
        ),
        (
            "{ a: thing(id: \"1\") { id } a: thing(id: \"2\") { id } }",
            "`a` would be one field with different arguments: give one of them another name 1:3",
        ),
        (
            "{ payment { ... on Card { last4 } ... on Purse { last4 } } }",
            "`last4` would be a String! and a Int: give one of them another name 1:27",
        ),
        ("{ payment { id } }", "`CardOrPurse` has no field `id` 1:13"),
    ] {
        assert_eq!(refusal(query), said, "{query}");
    }
}

#[test]
fn what_is_larger_than_is_taken_is_refused() {
    let code =
        |query: &str| ask(query)["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned();
    let nested = |depth: usize| {
        format!("{{ thing(id: \"1\") {} id {} }}", "{ parts ".repeat(depth) + "{", "}".repeat(depth + 1))
    };
    assert_eq!(ask(&nested(DEPTH_MAX - 3))["errors"], Value::Null);
    let top =
        |count: usize| format!("{{ {} }}", (0..count).map(|at| format!("a{at}: many ")).collect::<String>());
    assert_eq!(ask(&top(CALLS_MAX))["errors"], Value::Null);
    // Each fragment stands twice in the one before it.
    let doubling: String = (0..20)
        .map(|at| {
            format!("fragment F{at} on Thing {{ parts {{ ...F{n} }} more: parts {{ ...F{n} }} }}", n = at + 1)
        })
        .collect();
    let doubled = format!("{{ thing(id: \"1\") {{ ...F0 }} }} {doubling} fragment F20 on Thing {{ id }}");
    let chain: String = (0..60).map(|at| format!("fragment F{at} on Thing {{ ...F{} }}", at + 1)).collect();
    let chained = format!("{{ thing(id: \"1\") {{ ...F0 }} }} {chain} fragment F60 on Thing {{ id }}");
    for query in [
        nested(DEPTH_MAX + 1),
        format!("{{ many(free: {}{}) }}", "[".repeat(5_000), "]".repeat(5_000)),
        "{".repeat(QUERY_BYTES_MAX / 2),
        "a ".repeat(TOKENS_MAX + 1),
        " ".repeat(QUERY_BYTES_MAX + 1),
        top(CALLS_MAX + 1),
        doubled,
        chained,
    ] {
        assert_eq!(code(&query), "query_too_large", "{:.80}", query);
    }
    let long = "x".repeat(100_000);
    let names: String = (0..100).map(|at| format!("a{at}: title ")).collect();
    let answer = respond(&format!("{{ thing(id: \"1\") {{ {names} id }} }}"), json!({}), |_| {
        Ok(json!({ "id": "1", "title": long }))
    });
    assert_eq!(
        (&answer["data"], &answer["errors"][0]["extensions"]["code"]),
        (&Value::Null, &json!("query_too_large"))
    );
}
