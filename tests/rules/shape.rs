//! The shape of files: each says what it owns, none is long, no function is longer than a page.

use crate::exceptions::{Found, hold};
use crate::source::Source;
use crate::tree;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

fn untold(sources: &[Source]) -> Found {
    let silent = sources.iter().filter(|source| !source.text.starts_with("//! "));
    silent.map(|source| (source.path.clone(), 1)).collect()
}

fn too_long(sources: &[Source]) -> Found {
    let mut found = Found::new();
    for source in sources {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            found.insert(source.path.clone(), lines);
        }
        for function in source.functions().into_iter().filter(|function| function.lines > FUNCTION_LINES_MAX)
        {
            found.insert(format!("{}::{}", source.path, function.name), function.lines);
        }
    }
    found
}

#[test]
fn every_file_opens_with_what_it_owns() {
    hold("about", &untold(tree::sources()));
}

#[test]
fn no_file_and_no_function_is_long() {
    hold("length", &too_long(tree::sources()));
}

#[test]
fn long_and_silent_files_are_found() {
    let text = format!("fn long() {{\n{}}}\n{}", "    a();\n".repeat(70), "\n".repeat(430));
    let source = [Source::read("a.rs", &text)];
    assert_eq!(too_long(&source), Found::from([("a.rs".to_owned(), 502), ("a.rs::long".to_owned(), 72)]));
    assert_eq!(untold(&source).len(), 1);
}
