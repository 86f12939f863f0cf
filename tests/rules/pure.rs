//! The pure middle: domain code has no SQL, no async, no HTTP, no clock and no randomness.

use crate::exceptions::{Found, hold};
use crate::source::Source;
use crate::sql::is_statement;
use crate::tree;

/// Names that only the edges may speak.
const OF_THE_EDGES: [&str; 22] = [
    "async",
    "await",
    "tokio",
    "axum",
    "http",
    "hyper",
    "reqwest",
    "Request",
    "Response",
    "StatusCode",
    "Tx",
    "Store",
    "StoreError",
    "postgres",
    "rusqlite",
    "Clock",
    "SystemTime",
    "Instant",
    "rand",
    "SystemRandom",
    "SecureRandom",
    "thread",
];

fn is_domain(path: &str) -> bool {
    path.starts_with("services/") && (path.ends_with("/domain.rs") || path.contains("/domain/"))
}

fn impurities(sources: &[Source]) -> Found {
    let mut found = Found::new();
    for source in sources.iter().filter(|source| is_domain(&source.path)) {
        for word in source.words().filter(|word| OF_THE_EDGES.contains(word)) {
            *found.entry(format!("{} says `{word}`", source.path)).or_default() += 1;
        }
        let asked = source.shipped().filter(|(_, line)| line.contains("now()")).count();
        if asked > 0 {
            found.insert(format!("{} says `now()`", source.path), asked);
        }
        let shipped = source.strings.iter().filter(|(line, _)| !source.is_test(*line));
        let statements = shipped.filter(|(_, text)| is_statement(text)).count();
        if statements > 0 {
            found.insert(format!("{} says SQL", source.path), statements);
        }
    }
    found
}

#[test]
fn domain_code_is_pure() {
    hold("pure", &impurities(tree::sources()));
}

#[test]
fn a_clock_in_the_domain_is_found() {
    let text = "//! Rules.\nasync fn f() { let at = Clock::now(); g(\"delete from t\") }\n#[cfg(test)]\nmod tests { async fn t() {} }\n";
    let found = impurities(&[Source::read("services/a/src/domain/b.rs", text)]);
    assert_eq!(found.keys().filter(|what| what.contains("says")).count(), 4, "{found:?}");
    assert!(impurities(&[Source::read("services/a/src/jobs.rs", text)]).is_empty());
}
