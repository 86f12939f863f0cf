//! Code that ships does not stop on a surprise, and leaves nothing half done.

use crate::exceptions::{Found, hold};
use crate::source::Source;
use crate::tree;

/// What stops a thread. An exception needs a proof that it cannot happen.
const STOPS: [&str; 6] = [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "dbg!("];
/// Notes to oneself; each is work that somebody should have finished.
const NOTES: [&str; 3] = ["TODO", "FIXME", "XXX"];

fn stops(sources: &[Source]) -> Found {
    let mut found = Found::new();
    for source in sources {
        let count: usize = source
            .shipped()
            .map(|(_, line)| STOPS.iter().map(|stop| line.matches(stop).count()).sum::<usize>())
            .sum();
        if count > 0 {
            found.insert(source.path.clone(), count);
        }
    }
    found
}

fn half_done(sources: &[Source]) -> Found {
    let mut found = Found::new();
    for source in sources {
        let notes =
            source.comments.iter().filter(|(_, text)| NOTES.iter().any(|note| text.contains(note))).count();
        let skipped = source.code.matches("#[ignore").count();
        if notes + skipped > 0 {
            found.insert(source.path.clone(), notes + skipped);
        }
    }
    found
}

#[test]
fn code_that_ships_does_not_panic() {
    hold("panics", &stops(tree::sources()));
}

#[test]
fn nothing_is_left_half_done_and_no_test_is_skipped() {
    hold("half_done", &half_done(tree::sources()));
}

#[test]
fn panics_and_notes_are_found() {
    let text = "fn f() {\n    a.unwrap();\n    b(\".unwrap()\"); // TODO: later\n}\n#[cfg(test)]\nmod tests {\n    #[test]\n    #[ignore]\n    fn t() { a.unwrap() }\n}\n";
    let source = [Source::read("a.rs", text)];
    assert_eq!(stops(&source), Found::from([("a.rs".to_owned(), 1)]));
    assert_eq!(half_done(&source), Found::from([("a.rs".to_owned(), 2)]));
}
