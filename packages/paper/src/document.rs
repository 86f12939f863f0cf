//! The flow of a document over its pages: what comes next goes below, and on a new page where there is no room.

use crate::content::{Align, Fact, Foot, Head};
use crate::draw;
use crate::error::Error;
use crate::fonts::{Fonts, Weight};
use crate::layout::{Frame, Page, Place, Role, Style, Tone, Typeset};

/// How many rows a document holds; about 700 pages.
pub const ROWS_MAX: usize = 20_000;
/// How much text its rows hold: 200 bytes each, or fewer rows that say more.
const ROWS_BYTES_MAX: usize = 200 * ROWS_MAX;

const NAME: Style = Style::new(12.0, 17.0, Weight::Semibold, Tone::Ink);
const ADDRESS: Style = Style::new(8.0, 11.5, Weight::Regular, Tone::Muted);
const TITLE: Style = Style::new(19.0, 26.0, Weight::Semibold, Tone::Ink);
const LABEL: Style = Style::new(7.5, 11.0, Weight::Regular, Tone::Muted);
const VALUE: Style = Style::new(9.5, 13.0, Weight::Regular, Tone::Ink);
const COLUMN_NAME: Style = Style::new(8.0, 11.0, Weight::Semibold, Tone::Ink);
const CELL: Style = Style::new(8.5, 12.0, Weight::Regular, Tone::Ink);
const TOTAL: Style = Style::new(9.0, 13.0, Weight::Regular, Tone::Ink);
const SUM: Style = Style::new(10.5, 15.0, Weight::Semibold, Tone::Ink);
const NOTE: Style = Style::new(8.0, 11.5, Weight::Regular, Tone::Muted);
const SMALL: Style = Style::new(7.5, 10.5, Weight::Regular, Tone::Muted);

/// A row of 40 lines (488 points) still fits below the names of its columns on the smaller sheet.
const CELL_LINES_MAX: usize = 40;
const NOTE_LINES_MAX: usize = 300;
const ROW_PADDING: f32 = 4.0;
const THIN: f32 = 0.5;
const THICK: f32 = 1.0;
const FACTS_BESIDE: usize = 3;
/// Lists of facts are told apart by number: what is known before the rows, and the totals.
const FACTS: u32 = 0;
const TOTALS: u32 = 1;

/// A document that grows row by row.
pub struct Document {
    head: Head,
    fonts: Fonts,
    frame: Frame,
    cells: Vec<Place>,
    done: Vec<Page>,
    page: Page,
    y: f32,
    rows: usize,
    rows_bytes: usize,
    paragraphs: u32,
    /// Whether the names of the columns stand above what comes next.
    in_table: bool,
}

impl Document {
    /// Writes all that stands above the rows.
    pub fn begin(head: Head) -> Result<Self, Error> {
        head.check()?;
        let mut fonts = Fonts::for_language(&head.language)?;
        let foot = footer(&mut fonts, &head, &Frame::of(head.paper, 0.0)).height().max(SMALL.leading);
        let frame = Frame::of(head.paper, foot);
        let cells = frame.columns(&head.columns, CELL_LINES_MAX);
        let mut document = Self {
            head,
            fonts,
            frame,
            cells,
            done: Vec::new(),
            page: Page::default(),
            y: frame.top,
            rows: 0,
            rows_bytes: 0,
            paragraphs: 0,
            in_table: false,
        };
        document.letterhead();
        document.title();
        document.facts();
        Ok(document)
    }

    /// Adds a row: a text a column.
    pub fn row<T: AsRef<str>>(&mut self, cells: &[T]) -> Result<(), Error> {
        if cells.len() != self.cells.len() {
            return Err(Error::Cells { cells: cells.len(), columns: self.cells.len() });
        }
        if self.rows >= ROWS_MAX {
            return Err(Error::TooMany { what: "rows", max: ROWS_MAX });
        }
        self.rows_bytes += cells.iter().map(|text| text.as_ref().len()).sum::<usize>();
        if self.rows_bytes > ROWS_BYTES_MAX {
            return Err(Error::TooMany { what: "bytes in its rows", max: ROWS_BYTES_MAX });
        }
        let set: Vec<Typeset> = (self.cells.iter().zip(cells))
            .map(|(place, text)| Typeset::new(&mut self.fonts, text.as_ref(), CELL, *place))
            .collect();
        let height = set.iter().map(Typeset::height).fold(CELL.leading, f32::max) + 2.0 * ROW_PADDING;
        self.stand_in_table(height);
        let row = number(self.rows);
        for (column, set) in set.into_iter().enumerate() {
            self.page.blocks.push(set.at(self.y + ROW_PADDING, Role::Cell(row, number(column))));
        }
        self.y += height;
        self.page.rules.push(self.frame.rule(self.y - THIN, THIN, Tone::Hairline));
        self.rows += 1;
        Ok(())
    }

    /// Writes what stands below the rows, counts the pages, and draws them.
    pub fn finish(mut self, foot: &Foot) -> Result<Vec<u8>, Error> {
        self.close(foot)?;
        draw::pdf(&self.head, self.done)
    }

    /// All pages, written to the end.
    pub(crate) fn close(&mut self, foot: &Foot) -> Result<&[Page], Error> {
        foot.check()?;
        if self.rows == 0 && !self.cells.is_empty() {
            self.stand_in_table(0.0);
        }
        self.in_table = false;
        self.totals(&foot.totals);
        self.notes(&foot.notes);
        self.turn();
        self.number_pages();
        Ok(&self.done)
    }

    fn letterhead(&mut self) {
        let issuer = self.head.issuer.clone();
        let Some((name, address)) = issuer.split_first() else { return };
        let name = Typeset::new(&mut self.fonts, name, NAME, self.frame.part(0, 2, Align::Start, 3));
        let first = self.next_paragraph();
        let below_name = self.frame.top + name.height();
        self.page.blocks.push(name.at(self.frame.top, Role::Paragraph(first)));
        for line in address {
            let set = Typeset::new(&mut self.fonts, line, ADDRESS, self.frame.part(1, 2, Align::End, 2));
            let (height, paragraph) = (set.height(), self.next_paragraph());
            self.page.blocks.push(set.at(self.y, Role::Paragraph(paragraph)));
            self.y += height;
        }
        self.y = self.y.max(below_name) + 8.0;
        self.page.rules.push(self.frame.rule(self.y, THICK, Tone::Ink));
        self.y += 18.0;
    }

    fn title(&mut self) {
        let set = Typeset::new(&mut self.fonts, &self.head.title, TITLE, self.frame.whole(Align::Start, 3));
        let height = set.height();
        self.page.blocks.push(set.at(self.y, Role::Title));
        self.y += height + 10.0;
    }

    fn facts(&mut self) {
        let facts = std::mem::take(&mut self.head.facts);
        for (line, beside) in facts.chunks(FACTS_BESIDE).enumerate() {
            let places = (0..FACTS_BESIDE).map(|at| self.frame.part(at, FACTS_BESIDE, Align::Start, 4));
            let set: Vec<(Typeset, Typeset)> = (beside.iter().zip(places))
                .map(|(fact, place)| {
                    let label = Typeset::new(&mut self.fonts, &fact.label, LABEL, place);
                    (label, Typeset::new(&mut self.fonts, &fact.value, VALUE, place))
                })
                .collect();
            let height = set.iter().map(|(label, value)| label.height() + value.height()).fold(0.0, f32::max);
            self.need(height);
            for (at, (label, value)) in set.into_iter().enumerate() {
                let fact = number(line * FACTS_BESIDE + at);
                let below = self.y + label.height();
                self.page.blocks.push(label.at(self.y, Role::Label(FACTS, fact)));
                self.page.blocks.push(value.at(below, Role::Value(FACTS, fact)));
            }
            self.y += height + 8.0;
        }
        self.y += 8.0;
    }

    /// Makes room for a row below the names of the columns.
    fn stand_in_table(&mut self, height: f32) {
        if self.in_table && self.y + height <= self.frame.bottom {
            return;
        }
        let names: Vec<Typeset> = (self.head.columns.iter().zip(&self.cells))
            .map(|(column, place)| {
                Typeset::new(&mut self.fonts, &column.name, COLUMN_NAME, Place { lines_max: 3, ..*place })
            })
            .collect();
        let names_height = names.iter().map(Typeset::height).fold(COLUMN_NAME.leading, f32::max) + 8.0;
        if self.in_table {
            self.turn();
        } else {
            self.need(names_height + height);
        }
        let again = self.rows > 0;
        for (column, set) in names.into_iter().enumerate() {
            let role = if again { Role::Header } else { Role::ColumnName(number(column)) };
            let lower = self.y + names_height - 5.0 - set.height();
            self.page.blocks.push(set.at(lower, role));
        }
        self.y += names_height;
        self.page.rules.push(self.frame.rule(self.y - THICK, THICK, Tone::Ink));
        self.in_table = true;
    }

    fn totals(&mut self, totals: &[Fact]) {
        let half = self.frame.part(1, 2, Align::Start, 3);
        let label_width = half.width * 0.5;
        let labels = Place { width: label_width - 8.0, ..half };
        let values = Place {
            left: half.left + label_width,
            width: half.width - label_width,
            align: Align::End,
            ..half
        };
        self.y += 10.0;
        for (at, fact) in totals.iter().enumerate() {
            let last = at + 1 == totals.len();
            let style = if last { SUM } else { TOTAL };
            let label = Typeset::new(&mut self.fonts, &fact.label, style, labels);
            let value = Typeset::new(&mut self.fonts, &fact.value, style, values);
            let height = label.height().max(value.height()).max(style.leading) + 4.0;
            self.need(height);
            if last {
                let rule = self.frame.rule(self.y, THICK, Tone::Ink);
                self.page.rules.push(crate::layout::Rule { left: half.left, width: half.width, ..rule });
            }
            let fact = number(at);
            self.page.blocks.push(label.at(self.y + 3.0, Role::Label(TOTALS, fact)));
            self.page.blocks.push(value.at(self.y + 3.0, Role::Value(TOTALS, fact)));
            self.y += height;
        }
        self.y += 14.0;
    }

    /// Notes flow from page to page line by line.
    fn notes(&mut self, notes: &[String]) {
        for note in notes {
            let place = self.frame.whole(Align::Start, NOTE_LINES_MAX);
            let mut set = Typeset::new(&mut self.fonts, note, NOTE, place);
            let paragraph = self.next_paragraph();
            while set.height() > 0.0 {
                self.need(NOTE.leading);
                let here = set.split_off(self.frame.bottom - self.y);
                let height = here.height();
                self.page.blocks.push(here.at(self.y, Role::Paragraph(paragraph)));
                self.y += height;
            }
            self.y += 5.0;
        }
    }

    /// Turns the page where there is no room.
    fn need(&mut self, height: f32) {
        if self.y + height > self.frame.bottom {
            self.turn();
        }
    }

    /// Puts the page away and begins the next, which says what it belongs to.
    fn turn(&mut self) {
        self.done.push(std::mem::take(&mut self.page));
        let title = self.frame.part(0, 2, Align::Start, 1);
        let issuer = self.frame.part(1, 2, Align::End, 1);
        let title = Typeset::new(&mut self.fonts, &self.head.title, SMALL, title);
        self.page.blocks.push(title.at(self.frame.top, Role::Header));
        if let Some(name) = self.head.issuer.first() {
            let name = Typeset::new(&mut self.fonts, name, SMALL, issuer);
            self.page.blocks.push(name.at(self.frame.top, Role::Header));
        }
        self.y = self.frame.top + SMALL.leading + 8.0;
    }

    fn number_pages(&mut self) {
        let pages = self.done.len();
        for (at, page) in self.done.iter_mut().enumerate() {
            let said = self.head.numbering.replace("{pages}", &pages.to_string());
            let said = said.replace("{page}", &(at + 1).to_string());
            let place = self.frame.part(3, 4, Align::End, 1);
            let counted = Typeset::new(&mut self.fonts, &said, SMALL, place);
            let footer = footer(&mut self.fonts, &self.head, &self.frame);
            page.rules.push(self.frame.rule(self.frame.foot - 6.0, THIN, Tone::Hairline));
            page.blocks.push(footer.at(self.frame.foot, Role::Footer));
            page.blocks.push(counted.at(self.frame.foot, Role::Footer));
        }
    }

    fn next_paragraph(&mut self) -> u32 {
        self.paragraphs += 1;
        self.paragraphs
    }
}

fn footer(fonts: &mut Fonts, head: &Head, frame: &Frame) -> Typeset {
    let place = frame.part(0, 4, Align::Start, 3);
    let three_quarters = Place { width: frame.part(3, 4, Align::Start, 1).left - place.left - 12.0, ..place };
    Typeset::new(fonts, &head.footer, SMALL, three_quarters)
}

/// Limits keep all numbers far below.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
