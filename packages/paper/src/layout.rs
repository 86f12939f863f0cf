//! Where things stand: styles, texts set into a place, and pages as lists of what is on them. All lengths are points.

use crate::content::{Align, Column, Paper};
use crate::fonts::{ASCENT, DESCENT, Fonts, UNITS_PER_EM, Weight};
use crate::wrap::{self, Line, Setting};

/// White around a page, left and right.
const SIDE: f32 = 48.0;
/// White above and below.
const ENDS: f32 = 42.0;
/// White between columns.
const GUTTER: f32 = 12.0;
/// Between the last thing on a page and what stands at its foot.
const ABOVE_FOOT: f32 = 16.0;

/// How dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// What is to be read.
    Ink,
    /// What helps to read it.
    Muted,
    /// Lines.
    Hairline,
}

/// How letters look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// How high.
    pub size: f32,
    /// From line to line.
    pub leading: f32,
    /// How heavy.
    pub weight: Weight,
    /// How dark.
    pub tone: Tone,
}

/// Where a text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Its left edge.
    pub left: f32,
    /// How wide.
    pub width: f32,
    /// On which side it lines up.
    pub align: Align,
    /// How many lines there may be.
    pub lines_max: usize,
}

/// A text in its place, at no height yet.
pub struct Typeset {
    lines: Vec<Line>,
    style: Style,
    place: Place,
}

/// What a block is to who listens to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The document's name.
    Title,
    /// A paragraph of this number.
    Paragraph(u32),
    /// The name of a fact in a list.
    Label(u32, u32),
    /// What is known.
    Value(u32, u32),
    /// The name of a column.
    ColumnName(u32),
    /// A cell, by row and column.
    Cell(u32, u32),
    /// What pages repeat at their top.
    Header,
    /// What pages repeat at their foot.
    Footer,
}

/// Lines that belong together.
pub struct Block {
    /// What they are.
    pub role: Role,
    /// How they look.
    pub style: Style,
    /// Each with the place where it begins.
    pub lines: Vec<(f32, f32, Line)>,
}

/// A straight line from left to right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Where it begins.
    pub left: f32,
    /// Its upper edge.
    pub top: f32,
    /// How long.
    pub width: f32,
    /// How thick.
    pub thickness: f32,
    /// How dark.
    pub tone: Tone,
}

/// What is on a page, in the order of reading.
#[derive(Default)]
pub struct Page {
    /// Its texts.
    pub blocks: Vec<Block>,
    /// Its lines.
    pub rules: Vec<Rule>,
}

/// The part of a page that is written on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Left edge.
    pub left: f32,
    /// How wide.
    pub width: f32,
    /// Upper edge.
    pub top: f32,
    /// Lower edge of what is not repeated.
    pub bottom: f32,
    /// Where what is repeated at the foot begins.
    pub foot: f32,
}

impl Style {
    /// The same in other letters.
    pub const fn new(size: f32, leading: f32, weight: Weight, tone: Tone) -> Self {
        Self { size, leading, weight, tone }
    }
}

impl Typeset {
    /// Sets a text.
    pub fn new(fonts: &mut Fonts, text: &str, style: Style, place: Place) -> Self {
        let setting = Setting {
            weight: style.weight,
            size: style.size,
            width: place.width,
            lines_max: place.lines_max,
        };
        let (lines, size) = match place.align {
            Align::Start => (wrap::words(fonts, text, setting), style.size),
            Align::End => wrap::figures(fonts, text, setting),
        };
        Self { lines, style: Style { size, ..style }, place }
    }

    /// How high it is.
    pub fn height(&self) -> f32 {
        self.lines.len() as f32 * self.style.leading
    }

    /// The text with its upper edge at a height.
    pub fn at(self, top: f32, role: Role) -> Block {
        let Self { lines, style, place } = self;
        let (ascent, descent) = (ASCENT / UNITS_PER_EM * style.size, DESCENT / UNITS_PER_EM * style.size);
        let first = top + (style.leading - ascent - descent) / 2.0 + ascent;
        let stand = |(at, line): (usize, Line)| {
            let width = line.width as f32 / UNITS_PER_EM * style.size;
            let left = match place.align {
                Align::Start => place.left,
                Align::End => place.left + place.width - width,
            };
            (left, first + at as f32 * style.leading, line)
        };
        Block { role, style, lines: lines.into_iter().enumerate().map(stand).collect() }
    }

    /// As many of its lines as fit into a height, one at least; the rest stays.
    pub fn split_off(&mut self, height: f32) -> Self {
        let fitting = ((height / self.style.leading) as usize).max(1).min(self.lines.len());
        let rest = self.lines.split_off(fitting);
        let taken = std::mem::replace(&mut self.lines, rest);
        Self { lines: taken, style: self.style, place: self.place }
    }
}

impl Frame {
    /// The frame of a sheet with a foot of some height.
    pub fn of(paper: Paper, foot_height: f32) -> Self {
        let (width, height) = paper.size();
        let foot = height - ENDS - foot_height;
        Self { left: SIDE, width: width - 2.0 * SIDE, top: ENDS, bottom: foot - ABOVE_FOOT, foot }
    }

    /// Its whole width.
    pub fn whole(&self, align: Align, lines_max: usize) -> Place {
        Place { left: self.left, width: self.width, align, lines_max }
    }

    /// One of several columns of the same width.
    pub fn part(&self, at: usize, of: usize, align: Align, lines_max: usize) -> Place {
        let width = (self.width + GUTTER) / of.max(1) as f32;
        Place { left: self.left + at as f32 * width, width: width - GUTTER, align, lines_max }
    }

    /// The places of a table's columns.
    pub fn columns(&self, columns: &[Column], lines_max: usize) -> Vec<Place> {
        let all: f32 = columns.iter().map(|column| f32::from(column.share)).sum();
        let mut left = self.left;
        let place = |column: &Column| {
            let width = (self.width + GUTTER) * f32::from(column.share) / all;
            let place = Place { left, width: width - GUTTER, align: column.align, lines_max };
            left += width;
            place
        };
        columns.iter().map(place).collect()
    }

    /// A line over its whole width.
    pub fn rule(&self, top: f32, thickness: f32, tone: Tone) -> Rule {
        Rule { left: self.left, top, width: self.width, thickness, tone }
    }
}
