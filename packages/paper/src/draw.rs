//! Pages to PDF, tagged after PDF/UA so that they can be listened to.

use std::num::NonZeroU16;

use krilla::SerializeSettings;
use krilla::color::rgb;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, TableHeaderScope, Tag, TagGroup, TagKind,
    TagTree,
};
use krilla::text::Font;

use crate::content::Head;
use crate::error::Error;
use crate::fonts::Weight;
use crate::layout::{Block, Page, Role, Rule, Tone};

/// Something that holds blocks or other such things; numbers tell neighbours of one kind apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Title,
    Paragraph(u32),
    Facts(u32),
    Fact(u32),
    Label,
    Value,
    Table,
    Head,
    Body,
    Row(u32),
    ColumnName(u32),
    Cell(u32),
}

/// The tree of what the document consists of, and the way to where the last block went.
struct Tree {
    root: TagTree,
    way: Vec<(Part, TagGroup)>,
    title: String,
}

struct Letters {
    regular: Font,
    semibold: Font,
}

/// Draws all pages.
pub fn pdf(head: &Head, pages: Vec<Page>) -> Result<Vec<u8>, Error> {
    let configuration = ConfigurationBuilder::new()
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| Error::Unwritable(format!("{error:?}")))?;
    let mut document =
        krilla::Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let metadata = Metadata::new().title(head.title.clone()).language(head.language.clone());
    document.set_metadata(match head.issuer.first() {
        Some(name) => metadata.authors(vec![name.clone()]),
        None => metadata,
    });
    let letters = Letters { regular: font(Weight::Regular)?, semibold: font(Weight::Semibold)? };
    let mut tree = Tree { root: TagTree::new(), way: Vec::new(), title: head.title.clone() };
    let (width, height) = head.paper.size();
    for page in pages {
        let settings = PageSettings::from_wh(width, height);
        let settings = settings.ok_or_else(|| Error::Unwritable("a page has no size".to_owned()))?;
        let mut sheet = document.start_page_with(settings);
        let mut surface = sheet.surface();
        draw_rules(&mut surface, &page.rules);
        for block in &page.blocks {
            draw_block(&mut surface, &mut tree, &letters, block);
        }
        surface.finish();
        sheet.finish();
    }
    tree.close_to(0);
    document.set_tag_tree(tree.root);
    let mut outline = Outline::new();
    outline
        .push_child(OutlineNode::new(head.title.clone(), XyzDestination::new(0, Point::from_xy(0.0, 0.0))));
    document.set_outline(outline);
    document.finish().map_err(|error| Error::Unwritable(error.to_string()))
}

fn font(weight: Weight) -> Result<Font, Error> {
    Font::new(weight.file().into(), 0).ok_or_else(|| Error::Unwritable("a font is broken".to_owned()))
}

fn draw_rules(surface: &mut Surface<'_>, rules: &[Rule]) {
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
    for rule in rules {
        let mut path = PathBuilder::new();
        let Some(rect) = Rect::from_xywh(rule.left, rule.top, rule.width, rule.thickness) else { continue };
        path.push_rect(rect);
        if let Some(path) = path.finish() {
            surface.set_fill(Some(fill(rule.tone)));
            surface.draw_path(&path);
        }
    }
    surface.end_tagged();
}

fn draw_block(surface: &mut Surface<'_>, tree: &mut Tree, letters: &Letters, block: &Block) {
    let artifact = |kind| ContentTag::Artifact(Artifact::with_kind(kind));
    let place = surface.start_tagged(match block.role {
        Role::Header => artifact(ArtifactType::Header),
        Role::Footer => artifact(ArtifactType::Footer),
        Role::Title
        | Role::Paragraph(_)
        | Role::Label(..)
        | Role::Value(..)
        | Role::ColumnName(_)
        | Role::Cell(..) => ContentTag::Other,
    });
    let font = match block.style.weight {
        Weight::Regular => &letters.regular,
        Weight::Semibold => &letters.semibold,
    };
    surface.set_fill(Some(fill(block.style.tone)));
    for (left, baseline, line) in &block.lines {
        let start = Point::from_xy(*left, *baseline);
        surface.draw_glyphs(start, &line.glyphs, font.clone(), &line.text, block.style.size, false);
    }
    surface.end_tagged();
    tree.put(block.role, place);
}

fn fill(tone: Tone) -> Fill {
    let color = match tone {
        Tone::Ink => rgb::Color::new(0x1f, 0x1d, 0x1a),
        Tone::Muted => rgb::Color::new(0x5e, 0x58, 0x4f),
        Tone::Hairline => rgb::Color::new(0xd9, 0xd2, 0xc6),
    };
    Fill { paint: color.into(), ..Fill::default() }
}

impl Tree {
    /// Hangs what was drawn into its part of the tree; headers and footers have none.
    fn put(&mut self, role: Role, drawn: Identifier) {
        let way = Part::way(role);
        if way.is_empty() {
            return;
        }
        let same = self.way.iter().zip(&way).take_while(|((open, _), part)| open == *part).count();
        self.close_to(same);
        for part in way.into_iter().skip(same) {
            self.way.push((part, TagGroup::new(part.tag(&self.title))));
        }
        if let Some((_, group)) = self.way.last_mut() {
            group.push(drawn);
        }
    }

    /// Closes what is open below a depth.
    fn close_to(&mut self, depth: usize) {
        while self.way.len() > depth {
            let Some((_, closed)) = self.way.pop() else { return };
            match self.way.last_mut() {
                Some((_, above)) => above.push(closed),
                None => self.root.push(closed),
            }
        }
    }
}

impl Part {
    /// From the root to what holds a block.
    fn way(role: Role) -> Vec<Self> {
        match role {
            Role::Title => vec![Self::Title],
            Role::Paragraph(at) => vec![Self::Paragraph(at)],
            Role::Label(list, at) => vec![Self::Facts(list), Self::Fact(at), Self::Label],
            Role::Value(list, at) => vec![Self::Facts(list), Self::Fact(at), Self::Value],
            Role::ColumnName(at) => vec![Self::Table, Self::Head, Self::Row(0), Self::ColumnName(at)],
            Role::Cell(row, at) => vec![Self::Table, Self::Body, Self::Row(row), Self::Cell(at)],
            Role::Header | Role::Footer => vec![],
        }
    }

    fn tag(self, title: &str) -> TagKind {
        match self {
            Self::Title => Tag::Hn(NonZeroU16::MIN, Some(title.to_owned())).into(),
            Self::Paragraph(_) => Tag::P.into(),
            Self::Facts(_) => Tag::L(ListNumbering::None).into(),
            Self::Fact(_) => Tag::LI.into(),
            Self::Label => Tag::Lbl.into(),
            Self::Value => Tag::LBody.into(),
            Self::Table => Tag::Table.into(),
            Self::Head => Tag::THead.into(),
            Self::Body => Tag::TBody.into(),
            Self::Row(_) => Tag::TR.into(),
            Self::ColumnName(_) => Tag::TH(TableHeaderScope::Column).into(),
            Self::Cell(_) => Tag::TD.into(),
        }
    }
}
