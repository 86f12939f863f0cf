//! What holds for any query.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ask, respond};
use crate::parse;

/// Queries that are nearly good, made of the words of good ones.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("{"),
        Just("}"),
        Just("("),
        Just(")"),
        Just("["),
        Just("]"),
        Just(":"),
        Just("!"),
        Just("$"),
        Just("@"),
        Just("="),
        Just("..."),
        Just("on"),
        Just("query"),
        Just("fragment"),
        Just("thing"),
        Just("things"),
        Just("id"),
        Just("parts"),
        Just("payment"),
        Just("Thing"),
        Just("Card"),
        Just("skip"),
        Just("if"),
        Just("true"),
        Just("1"),
        Just("-1.5e3"),
        Just("\"x\""),
        Just("\"\"\"y\"\"\""),
        Just("a"),
        Just("__typename"),
        Just("__schema"),
        Just("types"),
    ];
    proptest::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

/// Selections of a thing that are all good.
fn selections() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![Just("id"), Just("title"), Just("sold"), Just("__typename"), Just("own: weight")];
    let leaves = proptest::collection::vec(leaf, 1..4).prop_map(|all| all.join(" "));
    leaves.prop_recursive(6, 40, 4, |inner| {
        proptest::collection::vec((inner, 0..3), 1..4).prop_map(|all| {
            let written = all.into_iter().map(|(inner, how)| match how {
                0 => format!("parts {{ {inner} }}"),
                1 => format!("... on Thing {{ {inner} }}"),
                _ => format!("... @include(if: true) {{ {inner} }}"),
            });
            written.collect::<Vec<_>>().join(" ")
        })
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        drop(parse(&text));
    }

    #[test]
    fn any_words_are_answered_with_data_or_errors(query in words()) {
        let answer = ask(&query);
        prop_assert!(answer.get("data").is_some() || answer["errors"].as_array().is_some_and(|all| !all.is_empty()));
    }

    #[test]
    fn what_fits_the_schema_is_answered_whole_and_blanks_mean_nothing(inside in selections()) {
        let query = format!("{{ thing(id: \"1\") {{ {inside} }} }}");
        let answer = ask(&query);
        prop_assert_eq!(&answer["errors"], &Value::Null, "{}", query);
        let spread = query.replace(' ', " ,# a comment }\n\t");
        prop_assert_eq!(ask(&spread), answer);
    }

    #[test]
    fn any_variables_are_taken_or_refused(value in prop_oneof![
        Just(json!(null)), any::<i64>().prop_map(Value::from), any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from), any::<bool>().prop_map(Value::from), Just(json!([1])), Just(json!({ "a": 1 })) ]) {
        let query = "query($n: Int!) { things(limit: $n) { id } }";
        let answer = respond(query, json!({ "n": value }), |call| Ok(json!([{ "id": call.arguments["limit"].to_string() }])));
        let fits = value.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
        prop_assert_eq!(answer.get("data").is_some(), fits);
    }
}
