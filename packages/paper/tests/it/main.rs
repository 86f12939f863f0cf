//! What paper promises to callers, and what readers of its PDFs find in them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::process::{Command, Stdio};

use paper::{Column, Document, Error, Fact, Foot, Head, Paper, ROWS_MAX};

fn head() -> Head {
    Head {
        issuer: vec!["Meridian Pay Ltd".into(), "Bengaluru 560025".into()],
        facts: vec![Fact::new("Account holder", "Asha Rao"), Fact::new("खाताधारक", "आशा राव")],
        columns: vec![Column::text("Details", 70), Column::figure("Amount", 30)],
        footer: "Questions: help@example.com".into(),
        ..Head::new(Paper::A4, "en-IN", "Statement of account")
    }
}

fn foot() -> Foot {
    Foot {
        totals: vec![Fact::new("Closing balance", "₹1,24,805.50")],
        notes: vec!["Valid without a signature.".into()],
    }
}

fn statement(rows: usize) -> Vec<u8> {
    let mut document = Document::begin(head()).unwrap();
    for row in 0..rows {
        document.row(&[format!("Entry {row}, हिन्दी में भुगतान"), format!("₹{row}.00")]).unwrap();
    }
    document.finish(&foot()).unwrap()
}

/// What a program of poppler makes of a PDF; nothing where it is not installed.
fn read_by(program: &str, arguments: &[&str], pdf: &[u8]) -> Option<String> {
    let started = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut reader) = started else {
        eprintln!("skipped: {program} is not there");
        return None;
    };
    let mut input = reader.stdin.take().unwrap();
    let sent = pdf.to_vec();
    let sending = std::thread::spawn(move || input.write_all(&sent));
    let output = reader.wait_with_output().unwrap();
    sending.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(statement(100), statement(100));
    assert_ne!(statement(100), statement(101));
}

#[test]
fn a_document_can_wait_for_its_rows_on_any_thread() {
    fn moves_between_threads<T: Send>(_: &T) {}
    moves_between_threads(&Document::begin(head()).unwrap());
}

#[test]
fn what_was_written_can_be_read_with_its_signs_and_in_hindi() {
    let Some(text) = read_by("pdftotext", &["-layout", "-", "-"], &statement(100)) else { return };
    for said in [
        "Meridian Pay Ltd",
        "Statement of account",
        "Account holder",
        "आशा राव",
        "Details",
        "हिन्दी में भुगतान",
        "₹1,24,805.50",
        "Valid without a signature.",
        "Page 1 of ",
        "Questions: help@example.com",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    for row in 0..100 {
        assert_eq!(text.matches(&format!("Entry {row},")).count(), 1);
    }
    let pages = text.matches("Page ").count();
    assert!(pages > 1 && text.matches("Details").count() == pages, "columns have names on each page");
}

#[test]
fn who_listens_hears_a_table_with_its_names() {
    let Some(tree) = read_by("pdfinfo", &["-struct-text", "-"], &statement(60)) else { return };
    let named = |line: &str, tag: &str| line.trim().split([' ', ':']).next() == Some(tag);
    let count = |tag: &str| tree.lines().filter(|line| named(line, tag)).count();
    assert_eq!((count("H1"), count("Table"), count("TH"), count("TD")), (1, 1, 2, 120), "{tree}");
    assert_eq!((count("L"), count("LI"), count("Lbl"), count("LBody")), (2, 3, 3, 3));
    let about = read_by("pdfinfo", &["-"], &statement(1)).unwrap();
    assert!(about.contains("Title:           Statement of account"), "{about}");
    assert!(about.contains("Tagged:          yes"), "{about}");
}

#[test]
fn what_is_no_document_is_refused() {
    let refused = |head: Head| Document::begin(head).err().unwrap();
    assert_eq!(refused(Head { title: " ".into(), ..head() }), Error::Untitled);
    assert_eq!(refused(Head { language: "Hindi (India)".into(), ..head() }), Error::Language);
    let columns = vec![Column::text("A", 99), Column::text("B", 1)];
    assert_eq!(refused(Head { columns, ..head() }), Error::Narrow);
    assert_eq!(refused(Head { columns: vec![Column::text("A", 0)], ..head() }), Error::Narrow);
    let facts = vec![Fact::new("a", "b"); 31];
    assert_eq!(refused(Head { facts, ..head() }), Error::TooMany { what: "facts", max: 30 });
}

#[test]
fn rows_are_as_wide_as_their_table_and_not_without_end() {
    let mut document = Document::begin(head()).unwrap();
    assert_eq!(document.row(&["one"]), Err(Error::Cells { cells: 1, columns: 2 }));
    let mut added = 0;
    while document.row(&["", ""]).is_ok() {
        added += 1;
    }
    assert_eq!(added, ROWS_MAX);
    let mut document = Document::begin(head()).unwrap();
    let long = "x".repeat(3 << 20);
    assert_eq!(document.row(&[&long, ""]), Ok(()));
    assert!(matches!(document.row(&[&long, ""]), Err(Error::TooMany { what: "bytes in its rows", .. })));
}
