//! Time comes from the transaction: what asks the machine for it is listed.

use crate::exceptions::{Found, hold};
use crate::source::Source;
use crate::tree;

const CLOCKS: [&str; 3] = ["SystemTime::now", "Instant::now", "Timestamp::now"];

/// To measure time is all that the benches do.
fn is_bench(path: &str) -> bool {
    path.starts_with("bench/")
}

fn askers(sources: &[Source]) -> Found {
    let mut found = Found::new();
    for source in sources.iter().filter(|source| !is_bench(&source.path)) {
        if source.shipped().any(|(_, line)| CLOCKS.iter().any(|clock| line.contains(clock))) {
            found.insert(source.path.clone(), 1);
        }
    }
    found
}

#[test]
fn only_listed_places_ask_the_machine_what_time_it_is() {
    hold("clocks", &askers(tree::sources()));
}

#[test]
fn a_clock_that_is_asked_is_found() {
    let text =
        "fn f() { let started = std::time::Instant::now(); }\n#[cfg(test)]\nfn t() { SystemTime::now() }\n";
    assert_eq!(askers(&[Source::read("a.rs", text)]), Found::from([("a.rs".to_owned(), 1)]));
    assert!(askers(&[Source::read("bench/src/main.rs", text)]).is_empty());
}
