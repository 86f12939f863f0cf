//! Texts to lines: words are put into a width, and what is too long ends in an ellipsis.

use crate::fonts::{Fonts, Glyph, SPACE, UNITS_PER_EM, Weight};

/// Longer texts are cut before they are looked at.
const LETTERS_MAX: usize = 4000;
/// Words are shaped in pieces of this length.
const WORD_LETTERS_MAX: usize = 200;
/// How small a figure that is too wide is set, in hundredths of its size; then it is broken.
const SHRINK_MIN: f32 = 0.4;
const ELLIPSIS: &str = "…";

/// One line, in units of the font.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// What it says; ends in a space where a word goes on in the next line.
    pub text: String,
    /// The same as glyphs.
    pub glyphs: Vec<Glyph>,
    /// How wide it is, without a space at its end.
    pub width: i32,
}

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// How heavy.
    pub weight: Weight,
    /// How high, in points.
    pub size: f32,
    /// How wide lines may be, in points.
    pub width: f32,
    /// How many lines there may be.
    pub lines_max: usize,
}

struct Lines<'a> {
    fonts: &'a mut Fonts,
    setting: Setting,
    room: i32,
    done: Vec<Line>,
    open: Line,
}

/// Wraps words at the width; only a word that is wider is broken.
pub fn words(fonts: &mut Fonts, text: &str, setting: Setting) -> Vec<Line> {
    let text = fonts.readable(&text.chars().take(LETTERS_MAX + 1).collect::<String>());
    let room = units(setting.width, setting.size);
    let mut lines = Lines { fonts, setting, room, done: Vec::new(), open: Line::default() };
    let mut left = LETTERS_MAX;
    for word in text.split(breaks).filter(|word| !word.is_empty()) {
        let letters = word.chars().count();
        if lines.is_full() || letters > left {
            return lines.cut();
        }
        left -= letters;
        lines.put(word);
    }
    if lines.is_full() { lines.cut() } else { lines.end() }
}

/// Keeps figures in one piece: sets them smaller where they are too wide. Tells the size.
pub fn figures(fonts: &mut Fonts, text: &str, setting: Setting) -> (Vec<Line>, f32) {
    let lines = words(fonts, text, setting);
    if lines.len() <= 1 {
        return (lines, setting.size);
    }
    let readable = fonts.readable(&text.chars().take(LETTERS_MAX).collect::<String>());
    let pieces = readable.split(breaks).filter(|word| word.chars().count() <= WORD_LETTERS_MAX);
    let widest = pieces.map(|word| fonts.shape(word, setting.weight).1).max().unwrap_or_default();
    let room = units(setting.width, setting.size);
    if widest <= room {
        return (lines, setting.size);
    }
    let size = setting.size * (room as f32 / widest as f32).max(SHRINK_MIN);
    (words(fonts, text, Setting { size, ..setting }), size)
}

/// How many units of the font go into a width at a size.
fn units(width: f32, size: f32) -> i32 {
    // A hundredth of a unit forgives what division loses.
    (width / size * UNITS_PER_EM + 0.01) as i32
}

/// White space, but for spaces that hold together what is on both sides.
fn breaks(letter: char) -> bool {
    letter.is_whitespace() && !matches!(letter, '\u{a0}' | '\u{2007}' | '\u{202f}')
}

impl Lines<'_> {
    fn is_full(&self) -> bool {
        self.done.len() >= self.setting.lines_max
    }

    /// Puts a word behind the open line, or on a new one.
    fn put(&mut self, word: &str) {
        let mut rest = word;
        while !rest.is_empty() && !self.is_full() {
            let end = rest.char_indices().nth(WORD_LETTERS_MAX).map_or(rest.len(), |(at, _)| at);
            let (piece, behind) = rest.split_at(end);
            let (glyphs, width) = self.fonts.shape(piece, self.setting.weight);
            // Only the first piece of a word stands apart from what is before it.
            self.append(piece, &glyphs, width, rest.len() == word.len());
            rest = behind;
        }
    }

    fn append(&mut self, word: &str, glyphs: &[Glyph], width: i32, apart: bool) {
        if apart && !self.open.text.is_empty() {
            let (space, space_width) = self.fonts.shape(SPACE, self.setting.weight);
            let fits = self.open.width + space_width + width <= self.room;
            let before = self.open.width;
            self.open.push(SPACE, &space, space_width);
            if !fits {
                self.open.width = before;
                self.close();
            }
        }
        if self.open.width + width <= self.room {
            self.open.push(word, glyphs, width);
        } else {
            self.append_in_parts(word, glyphs);
        }
    }

    /// A word that is wider than a line goes on in the next, broken between what belongs together.
    fn append_in_parts(&mut self, word: &str, glyphs: &[Glyph]) {
        for part in glyphs.chunk_by(|one, next| one.from == next.from) {
            let width = part.iter().map(|glyph| glyph.advance()).sum();
            let Some(first) = part.first() else { continue };
            let (from, to) = (usize::from(first.from), usize::from(first.to));
            if self.open.width + width > self.room && !self.open.text.is_empty() {
                self.close();
            }
            if self.is_full() {
                return;
            }
            let own: Vec<Glyph> = part.iter().map(|glyph| glyph.alone()).collect();
            self.open.push(word.get(from..to).unwrap_or_default(), &own, width);
        }
    }

    fn close(&mut self) {
        self.done.push(std::mem::take(&mut self.open));
    }

    fn end(mut self) -> Vec<Line> {
        if !self.open.text.is_empty() {
            self.close();
        }
        self.done
    }

    /// Ends the last line that there may be in an ellipsis.
    fn cut(mut self) -> Vec<Line> {
        if !self.is_full() {
            self.close();
        }
        self.done.truncate(self.setting.lines_max);
        let (dots, width) = self.fonts.shape(ELLIPSIS, self.setting.weight);
        if let Some(last) = self.done.last_mut() {
            while last.text.ends_with(' ') || last.width + width > self.room && !last.text.is_empty() {
                last.pop();
            }
            last.push(ELLIPSIS, &dots, width);
        }
        self.done
    }
}

impl Line {
    fn push(&mut self, text: &str, glyphs: &[Glyph], width: i32) {
        let behind = self.text.len();
        self.text.push_str(text);
        self.glyphs.extend(glyphs.iter().map(|glyph| glyph.behind(behind)));
        self.width += width;
    }

    /// Takes the last letters away that belong together.
    fn pop(&mut self) {
        let Some(last) = self.glyphs.last().copied() else {
            self.text.clear();
            return;
        };
        while self.glyphs.last().is_some_and(|glyph| glyph.from == last.from) {
            self.glyphs.pop();
        }
        self.text.truncate(usize::from(last.from));
        self.width = self.glyphs.iter().map(|glyph| glyph.advance()).sum();
    }
}
