//! What holds for the pages of every document, whatever it says.

use proptest::prelude::*;

use crate::content::{Align, Column, Fact, Foot, Head, Paper};
use crate::document::Document;
use crate::draw;
use crate::fonts::{DESCENT, UNITS_PER_EM};
use crate::layout::{Block, Frame, Page, Role};

/// What division and addition lose, in points.
const NEAR: f32 = 0.05;

#[derive(Debug)]
struct Given {
    head: Head,
    rows: Vec<Vec<String>>,
    foot: Foot,
}

fn a_text() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "Asha",
        "to",
        "क्षत्रिय",
        "भुगतान",
        "₹12,34,567.89",
        "ord_01k8v3q7xw4m2t9c",
        "Größe",
        "\u{65e5}\u{672c}",
        "a\u{301}\u{302}",
        "\u{202e}x",
        "-",
        "\u{94d}",
        "\u{200d}\u{200d}",
        "1\u{a0}000",
    ]);
    prop_oneof![
        4 => prop::collection::vec(words, 0..12).prop_map(|words| words.join(" ")),
        2 => any::<String>(),
        1 => "[a-zक-ह]{0,300}",
        1 => Just("word ".repeat(450)),
    ]
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let fact = (a_text(), a_text()).prop_map(|(label, value)| Fact::new(label, value));
    prop::collection::vec(fact, 0..8)
}

fn documents() -> impl Strategy<Value = Given> {
    let columns = prop::collection::vec((a_text(), any::<bool>(), 20_u16..60), 1..6);
    let paper = prop::sample::select(vec![Paper::A4, Paper::Letter]);
    let texts = (
        prop::collection::vec(a_text(), 0..5),
        facts(),
        facts(),
        prop::collection::vec(a_text(), 0..4),
        a_text(),
    );
    let rows = prop::collection::vec(prop::collection::vec(a_text(), 6), 0..30);
    (paper, columns, texts, rows).prop_map(
        |(paper, columns, (issuer, facts, totals, notes, footer), mut rows)| {
            let align = |end| if end { Align::End } else { Align::Start };
            let column = |(name, end, share)| Column { name, align: align(end), share };
            let columns: Vec<Column> = columns.into_iter().map(column).collect();
            rows.iter_mut().for_each(|row| row.truncate(columns.len()));
            let head = Head { issuer, facts, columns, footer, ..Head::new(paper, "hi-IN", "Statement") };
            Given { head, rows, foot: Foot { totals, notes } }
        },
    )
}

fn said(block: &Block) -> String {
    block.lines.iter().map(|(_, _, line)| line.text.as_str()).collect()
}

fn nothing_leaves_its_place(given: &Given, pages: &[Page]) {
    let frame = Frame::of(given.head.paper, 0.0);
    let columns = frame.columns(&given.head.columns, 1);
    for page in pages {
        let footer = |block: &&Block| block.role == Role::Footer;
        let foot = page.rules.last().map_or(frame.foot, |rule| rule.top);
        for block in &page.blocks {
            let place = match block.role {
                Role::Cell(_, column) | Role::ColumnName(column) => columns[column as usize],
                _ => frame.whole(Align::Start, 1),
            };
            for (left, baseline, line) in &block.lines {
                let right = left + line.width as f32 / UNITS_PER_EM * block.style.size;
                assert!(*left > place.left - NEAR, "{:?} in {place:?}", line.text);
                assert!(right < place.left + place.width + NEAR, "{:?} in {place:?}", line.text);
                let low = baseline + DESCENT / UNITS_PER_EM * block.style.size;
                let lowest = if block.role == Role::Footer { frame.foot } else { foot };
                assert!(
                    baseline - block.style.size > frame.top - NEAR && low < lowest + NEAR,
                    "{low} of {lowest}"
                );
            }
        }
        assert_eq!(page.blocks.iter().filter(footer).count(), 2);
    }
}

fn every_row_is_on_one_page(given: &Given, pages: &[Page]) {
    let columns = given.head.columns.len();
    let mut next = 0;
    for page in pages {
        let cells: Vec<(u32, u32)> = (page.blocks.iter())
            .filter_map(
                |block| if let Role::Cell(row, column) = block.role { Some((row, column)) } else { None },
            )
            .collect();
        for row in cells.chunk_by(|one, other| one.0 == other.0) {
            assert_eq!(row.len(), columns);
            assert_eq!(row[0].0, next);
            next += 1;
        }
        // The names of the columns, as such or repeated beside title and issuer.
        let names =
            page.blocks.iter().filter(|block| matches!(block.role, Role::ColumnName(_) | Role::Header));
        assert!(cells.is_empty() || names.count() >= columns);
    }
    assert_eq!(next as usize, given.rows.len());
}

fn rows_do_not_touch(pages: &[Page]) {
    for page in pages {
        let mut lines: Vec<(u32, f32)> = Vec::new();
        for block in &page.blocks {
            if let Role::Cell(row, _) = block.role {
                lines.extend(block.lines.iter().map(|(_, baseline, _)| (row, *baseline)));
            }
        }
        for (row, baseline) in &lines {
            assert!(lines.iter().all(|(other, place)| other <= row || place > baseline));
        }
    }
}

/// What is in a cell is all that was given, or ends in an ellipsis.
fn no_word_is_lost(given: &Given, pages: &[Page]) {
    let fonts = crate::fonts::Fonts::for_language("hi-IN").unwrap();
    for block in pages.iter().flat_map(|page| &page.blocks) {
        let Role::Cell(row, column) = block.role else { continue };
        let words = |text: &str| text.split_whitespace().collect::<String>();
        let meant = words(&fonts.readable(&given.rows[row as usize][column as usize]));
        let written = words(&said(block));
        let cut = written.strip_suffix('…').is_some_and(|start| meant.starts_with(start));
        assert!(written == meant || cut, "{written:?} for {meant:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, max_shrink_iters: 10, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_said_stays_in_its_place_and_every_row_on_one_page(given in documents()) {
        let mut document = Document::begin(given.head.clone()).unwrap();
        for row in &given.rows {
            document.row(row).unwrap();
        }
        let pages = document.close(&given.foot).unwrap();
        nothing_leaves_its_place(&given, pages);
        every_row_is_on_one_page(&given, pages);
        rows_do_not_touch(pages);
        no_word_is_lost(&given, pages);
        document.finish(&Foot::default()).unwrap();
    }
}

#[test]
fn a_figure_that_is_too_wide_is_set_smaller_in_one_piece() {
    let columns = vec![Column::text("What", 85), Column::figure("Sum", 15)];
    let mut document = Document::begin(Head { columns, ..Head::new(Paper::A4, "en", "Statement") }).unwrap();
    document.row(&["All", "₹9,22,33,72,03,68,54,775.07"]).unwrap();
    let pages = document.close(&Foot::default()).unwrap();
    let sum = pages[0].blocks.iter().find(|block| block.role == Role::Cell(0, 1)).unwrap();
    assert_eq!((sum.lines.len(), said(sum).as_str()), (1, "₹9,22,33,72,03,68,54,775.07"));
    assert!(sum.style.size < 8.5);
}

#[test]
fn pages_count_themselves() {
    let mut document = Document::begin(Head {
        columns: vec![Column::text("What", 1)],
        ..Head::new(Paper::A4, "en", "Many")
    })
    .unwrap();
    for row in 0..100 {
        document.row(&[row.to_string()]).unwrap();
    }
    let pages = document.close(&Foot::default()).unwrap();
    let counted: Vec<String> = pages.iter().map(|page| said(page.blocks.last().unwrap())).collect();
    assert_eq!(counted, ["Page 1 of 3", "Page 2 of 3", "Page 3 of 3"]);
    assert!(draw::pdf(&Head::new(Paper::A4, "en", "Empty"), Vec::new()).is_ok());
}
