//! SQL stands in `store.rs`, below a `store/` folder and in migrations, and nowhere else.

use crate::exceptions::{Found, hold};
use crate::source::Source;
use crate::tree;

/// The first word of a statement, and a word that must follow it somewhere.
const STATEMENTS: [(&str, &str); 7] = [
    ("select ", " from "),
    ("insert ", "into "),
    ("update ", " set "),
    ("delete ", "from "),
    ("create ", "table "),
    ("create ", "index "),
    ("drop ", "table "),
];

/// Whether the text reads like a statement.
pub fn is_statement(literal: &str) -> bool {
    let flat =
        literal.trim_start_matches(['r', 'b', '#', '"']).split_whitespace().collect::<Vec<_>>().join(" ");
    let flat = flat.to_lowercase();
    STATEMENTS
        .iter()
        .any(|(first, then)| flat.strip_prefix(first).is_some_and(|rest| format!(" {rest}").contains(then)))
}

/// The benches speak to databases without a store between, since the store is what they measure.
fn may_hold_sql(path: &str) -> bool {
    path.starts_with("bench/")
        || path.ends_with("/store.rs")
        || path.contains("/store/")
        || path.contains("/migrations/")
}

fn statements_elsewhere(sources: &[Source]) -> Found {
    let mut found = Found::new();
    for source in sources.iter().filter(|source| !may_hold_sql(&source.path)) {
        let shipped = source.strings.iter().filter(|(line, _)| !source.is_test(*line));
        let statements = shipped.filter(|(_, text)| is_statement(text)).count();
        if statements > 0 {
            found.insert(source.path.clone(), statements);
        }
    }
    found
}

#[test]
fn sql_stands_in_stores_alone() {
    hold("sql", &statements_elsewhere(tree::sources()));
}

#[test]
fn a_statement_in_a_handler_is_found() {
    let text = "fn f() {\n    g(\"select a\\n from b\");\n    g(\"select one of these\");\n    g(r#\"update b\n set c = 1\"#);\n}\n";
    let handler = Source::read("services/a/src/http.rs", text);
    assert_eq!(statements_elsewhere(&[handler]), Found::from([("services/a/src/http.rs".to_owned(), 2)]));
    assert!(statements_elsewhere(&[Source::read("services/a/src/store.rs", text)]).is_empty());
}
