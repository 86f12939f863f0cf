//! Letters to glyphs: the two fonts, and their shaping in the scripts that they hold.

use std::ops::Range;
use std::str::FromStr;

use krilla::text::GlyphId;
use rustybuzz::{Direction, Face, Language, Script, ShapePlan, UnicodeBuffer, script};

use crate::error::Error;

const REGULAR: &[u8] = include_bytes!("../fonts/NotoSans-Regular.ttf");
const SEMIBOLD: &[u8] = include_bytes!("../fonts/NotoSans-SemiBold.ttf");

/// Units of both fonts in the height of a line set solid.
pub const UNITS_PER_EM: f32 = 1000.0;
/// How far both fonts' letters reach above their line, and below.
pub const ASCENT: f32 = 1069.0;
/// See [`ASCENT`].
pub const DESCENT: f32 = 293.0;

/// Between words.
pub const SPACE: &str = " ";
/// What stands for a letter that the fonts do not have.
const UNKNOWN: char = '\u{fffd}';

/// How heavy letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// For reading.
    Regular,
    /// For finding.
    Semibold,
}

/// A glyph and its place beside the one before, in units of the font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyph {
    id: u16,
    advance: i16,
    x: i16,
    y: i16,
    /// The bytes of the text that it shows, alone or with others.
    pub from: u16,
    /// The first byte behind.
    pub to: u16,
}

/// Both fonts, ready to shape one language.
pub struct Fonts {
    regular: Font,
    semibold: Font,
    language: Language,
    spare: Option<UnicodeBuffer>,
}

struct Font {
    face: Face<'static>,
    latin: ShapePlan,
    devanagari: ShapePlan,
    /// What stands between all words.
    space: Glyph,
}

impl Weight {
    /// The font's file.
    pub fn file(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Semibold => SEMIBOLD,
        }
    }
}

impl Glyph {
    /// How far the next one stands.
    pub fn advance(self) -> i32 {
        i32::from(self.advance)
    }

    /// The same glyph where its text stands alone.
    pub fn alone(self) -> Self {
        Self { from: 0, to: self.to.saturating_sub(self.from), ..self }
    }

    /// The same glyph in a longer text.
    pub fn behind(self, bytes: usize) -> Self {
        let moved = |at: u16| u16::try_from(usize::from(at) + bytes).unwrap_or(u16::MAX);
        Self { from: moved(self.from), to: moved(self.to), ..self }
    }
}

impl krilla::text::Glyph for Glyph {
    fn glyph_id(&self) -> GlyphId {
        GlyphId::new(u32::from(self.id))
    }

    fn text_range(&self) -> Range<usize> {
        usize::from(self.from)..usize::from(self.to)
    }

    fn x_advance(&self, size: f32) -> f32 {
        f32::from(self.advance) / UNITS_PER_EM * size
    }

    fn x_offset(&self, size: f32) -> f32 {
        f32::from(self.x) / UNITS_PER_EM * size
    }

    fn y_offset(&self, size: f32) -> f32 {
        f32::from(self.y) / UNITS_PER_EM * size
    }

    fn y_advance(&self, _size: f32) -> f32 {
        0.0
    }

    fn location(&self) -> Option<krilla::surface::Location> {
        None
    }
}

impl Fonts {
    /// Both fonts for a language like `en-IN`.
    pub fn for_language(language: &str) -> Result<Self, Error> {
        let language = Language::from_str(language).map_err(|_| Error::Language)?;
        Ok(Self {
            regular: Font::read(REGULAR, &language)?,
            semibold: Font::read(SEMIBOLD, &language)?,
            language,
            spare: None,
        })
    }

    /// The text with letters that the fonts do not have replaced, and without those that steer and are not seen:
    /// the order in which letters stand is not theirs to turn.
    pub fn readable(&self, text: &str) -> String {
        let known = |letter: char| {
            let found = self.regular.face.glyph_index(letter).is_some();
            if found || letter.is_whitespace() { letter } else { UNKNOWN }
        };
        text.chars().filter(|letter| !steers(*letter)).map(known).collect()
    }

    /// The glyphs of a word, and how wide it is.
    pub fn shape(&mut self, word: &str, weight: Weight) -> (Vec<Glyph>, i32) {
        let font = match weight {
            Weight::Regular => &self.regular,
            Weight::Semibold => &self.semibold,
        };
        if word == SPACE {
            return (vec![font.space], font.space.advance());
        }
        let mut glyphs = Vec::with_capacity(word.len());
        for part in scripts(word) {
            let text = word.get(part.clone()).unwrap_or_default();
            let (plan, script) = font.plan(text);
            let mut buffer = self.spare.take().unwrap_or_default();
            buffer.push_str(text);
            buffer.set_direction(Direction::LeftToRight);
            buffer.set_script(script);
            buffer.set_language(self.language.clone());
            let shaped = rustybuzz::shape_with_plan(&font.face, plan, buffer);
            let (infos, places) = (shaped.glyph_infos(), shaped.glyph_positions());
            let mut to = text.len();
            let first = glyphs.len();
            for (at, (info, place)) in infos.iter().zip(places).enumerate().rev() {
                let from = info.cluster as usize;
                glyphs.push(glyph(info.glyph_id, place, part.start + from, part.start + to));
                if at > 0 && infos.get(at - 1).is_some_and(|before| before.cluster != info.cluster) {
                    to = from;
                }
            }
            if let Some(added) = glyphs.get_mut(first..) {
                added.reverse();
            }
            self.spare = Some(shaped.clear());
        }
        let width = glyphs.iter().map(|glyph| glyph.advance()).sum();
        (glyphs, width)
    }
}

impl Font {
    fn read(file: &'static [u8], language: &Language) -> Result<Self, Error> {
        let face =
            Face::from_slice(file, 0).ok_or_else(|| Error::Unwritable("a font is broken".to_owned()))?;
        let plan = |script| ShapePlan::new(&face, Direction::LeftToRight, Some(script), Some(language), &[]);
        let (latin, devanagari) = (plan(script::LATIN), plan(script::DEVANAGARI));
        let space = face.glyph_index(' ').unwrap_or_default();
        let advance = face.glyph_hor_advance(space).unwrap_or_default();
        let advance = i16::try_from(advance).unwrap_or_default();
        let space = Glyph { id: space.0, advance, x: 0, y: 0, from: 0, to: 1 };
        Ok(Self { face, latin, devanagari, space })
    }

    fn plan(&self, text: &str) -> (&ShapePlan, Script) {
        if text.chars().any(is_devanagari) {
            (&self.devanagari, script::DEVANAGARI)
        } else {
            (&self.latin, script::LATIN)
        }
    }
}

/// Lengths and places of these fonts are far below what 16 bits hold; words are short.
fn glyph(id: u32, place: &rustybuzz::GlyphPosition, from: usize, to: usize) -> Glyph {
    let small = |length: i32| i16::try_from(length).unwrap_or_default();
    let byte = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
    Glyph {
        id: u16::try_from(id).unwrap_or_default(),
        advance: small(place.x_advance),
        x: small(place.x_offset),
        y: small(place.y_offset),
        from: byte(from),
        to: byte(to),
    }
}

/// The parts of a word that are written in one script; what belongs to none goes with what is before it.
fn scripts(word: &str) -> Vec<Range<usize>> {
    let mut parts: Vec<(Range<usize>, Option<bool>)> = Vec::new();
    for (at, letter) in word.char_indices() {
        let end = at + letter.len_utf8();
        let said = if is_devanagari(letter) {
            Some(true)
        } else if letter.is_alphabetic() {
            Some(false)
        } else {
            None
        };
        match parts.last_mut() {
            Some((part, script)) if said.is_none() || script.is_none() || *script == said => {
                part.end = end;
                *script = script.or(said);
            }
            _ => parts.push((at..end, said)),
        }
    }
    parts.into_iter().map(|(part, _)| part).collect()
}

fn is_devanagari(letter: char) -> bool {
    matches!(letter, '\u{0900}'..='\u{097f}' | '\u{1cd0}'..='\u{1cff}' | '\u{a8e0}'..='\u{a8ff}')
}

/// Control letters, marks of direction and order, and letters without width but the two joiners of Devanagari.
fn steers(letter: char) -> bool {
    let control = letter.is_control() && !letter.is_whitespace();
    control
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn width(text: &str) -> i32 {
        Fonts::for_language("en").unwrap().shape(text, Weight::Regular).1
    }

    #[test]
    fn figures_stand_under_each_other() {
        for (one, other) in [("1,111.11", "7,474.00"), ("₹10,71,117.71", "₹90,00,000.04"), ("-1.1", "-7.0")]
        {
            assert_eq!(width(one), width(other), "{one} and {other}");
        }
    }

    #[test]
    fn hindi_is_written_with_its_conjuncts() {
        let mut fonts = Fonts::for_language("hi").unwrap();
        // Three letters and two marks make two shapes or three, never five.
        let (glyphs, _) = fonts.shape("क्षत्रि", Weight::Regular);
        assert!(glyphs.len() <= 4, "{glyphs:?}");
        let (mixed, _) = fonts.shape("UPI-क्ष", Weight::Regular);
        assert_eq!(mixed.len(), 5, "{mixed:?}");
        let covered: Vec<_> = mixed.iter().map(|glyph| (glyph.from, glyph.to)).collect();
        assert_eq!(covered, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 13)]);
    }

    #[test]
    fn letters_that_steer_are_left_out_and_unknown_ones_are_shown_as_such() {
        let fonts = Fonts::for_language("en").unwrap();
        assert_eq!(fonts.readable("pay\u{202e}fdp\u{0}.₹ हि"), "payfdp.₹ हि");
        assert_eq!(fonts.readable("\u{65e5}\u{672c}!"), "\u{fffd}\u{fffd}!");
    }
}
