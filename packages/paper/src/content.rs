//! What a document says: plain data, as callers give it.

use crate::error::Error;

/// The size of the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// 210 x 297 mm.
    A4,
    /// 8.5 x 11 inches.
    Letter,
}

/// On which side a column's texts line up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words: wrapped at the column's width.
    Start,
    /// Figures: kept in one piece, set smaller where they are too wide.
    End,
}

/// A column of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What stands above it.
    pub name: String,
    /// On which side its texts line up.
    pub align: Align,
    /// Its part of the width, beside the parts of the others.
    pub share: u16,
}

/// Something known by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The name.
    pub label: String,
    /// What is known.
    pub value: String,
}

/// All that is known before the first row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The sheet.
    pub paper: Paper,
    /// The language of the document, like `hi-IN`: for readers aloud, and for the shapes of letters.
    pub language: String,
    /// What it is.
    pub title: String,
    /// Who says it: a name, then the lines of an address.
    pub issuer: Vec<String>,
    /// What it is about.
    pub facts: Vec<Fact>,
    /// The table's columns; none, and there is no table.
    pub columns: Vec<Column>,
    /// At the foot of each page.
    pub footer: String,
    /// How pages are counted, with `{page}` and `{pages}` in it.
    pub numbering: String,
}

/// All that is known after the last row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foot {
    /// Sums; the last is the one that counts.
    pub totals: Vec<Fact>,
    /// Paragraphs.
    pub notes: Vec<String>,
}

impl Paper {
    /// Width and height in points, 72 to the inch.
    pub(crate) fn size(self) -> (f32, f32) {
        match self {
            Self::A4 => (595.28, 841.89),
            Self::Letter => (612.0, 792.0),
        }
    }
}

impl Column {
    /// A column of words.
    pub fn text(name: impl Into<String>, share: u16) -> Self {
        Self { name: name.into(), align: Align::Start, share }
    }

    /// A column of figures.
    pub fn figure(name: impl Into<String>, share: u16) -> Self {
        Self { name: name.into(), align: Align::End, share }
    }
}

impl Fact {
    /// A value with its name.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into() }
    }
}

impl Head {
    const LINES_OF_ISSUER_MAX: usize = 8;
    const FACTS_MAX: usize = 30;
    const COLUMNS_MAX: usize = 12;

    /// A title on a sheet, pages counted in English; the rest is empty.
    pub fn new(paper: Paper, language: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            paper,
            language: language.into(),
            title: title.into(),
            issuer: Vec::new(),
            facts: Vec::new(),
            columns: Vec::new(),
            footer: String::new(),
            numbering: "Page {page} of {pages}".to_owned(),
        }
    }

    /// Whether a document can begin with it.
    pub(crate) fn check(&self) -> Result<(), Error> {
        at_most(self.issuer.len(), Self::LINES_OF_ISSUER_MAX, "lines of an issuer")?;
        at_most(self.facts.len(), Self::FACTS_MAX, "facts")?;
        at_most(self.columns.len(), Self::COLUMNS_MAX, "columns")?;
        if self.title.trim().is_empty() {
            return Err(Error::Untitled);
        }
        let named = self.language.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.chars().all(|letter| letter.is_ascii_alphanumeric())
        });
        if !named || self.language.len() > 35 {
            return Err(Error::Language);
        }
        let all: u32 = self.columns.iter().map(|column| u32::from(column.share)).sum();
        let narrow = |column: &Column| u32::from(column.share) * 20 < all || column.share == 0;
        if self.columns.iter().any(narrow) { Err(Error::Narrow) } else { Ok(()) }
    }
}

impl Foot {
    const TOTALS_MAX: usize = 30;
    const NOTES_MAX: usize = 30;

    /// Whether a document can end with it.
    pub(crate) fn check(&self) -> Result<(), Error> {
        at_most(self.totals.len(), Self::TOTALS_MAX, "totals")?;
        at_most(self.notes.len(), Self::NOTES_MAX, "notes")
    }
}

fn at_most(count: usize, max: usize, what: &'static str) -> Result<(), Error> {
    if count > max { Err(Error::TooMany { what, max }) } else { Ok(()) }
}
