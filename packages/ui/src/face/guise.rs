//! How a face shows itself: where it is, what is around its pages, and what it says.

use maud::Markup;

use super::cookies::Name;
use super::{Sheet, Visit};
use crate::{Asset, Tone};

/// How a face shows itself on each of its pages.
#[derive(Debug)]
pub struct Guise {
    /// The path that all its pages are below, such as `/shop`.
    pub root: &'static str,
    /// The cookie with the token that its forms carry.
    pub token: Name,
    /// The cookie with what the next page tells.
    pub said: Name,
    /// The cookie with its copy of the refresh token.
    pub refresh: Name,
    /// How it differs from other faces.
    pub style: Asset,
    /// Modules that each page has besides those that all faces share.
    pub everywhere: &'static [Asset],
    /// Modules that some pages have.
    pub scripts: &'static [Asset],
    /// What is above each page.
    pub header: fn(&Visit, &Sheet) -> Markup,
    /// What is below each page.
    pub footer: fn(&Visit) -> Markup,
    /// What its pages tell of what was just done.
    pub sayings: &'static [Saying],
    /// What it says where all faces have a page.
    pub words: Words,
    /// What a phone needs to keep it like an app.
    pub app: Option<App>,
}

/// What a face says on the pages that all faces have.
#[derive(Debug)]
pub struct Words {
    /// What leads to its first page.
    pub home: &'static str,
    /// Why a page may not be there.
    pub nothing: &'static str,
    /// To somebody who has to sign in for what they want.
    pub sign_in: &'static str,
    /// To somebody who registers.
    pub register: &'static str,
}

/// Where a phone finds what it needs to keep a face like an app.
#[derive(Debug)]
pub struct App {
    /// What it is.
    pub manifest: &'static str,
    /// Its sign.
    pub icon: &'static str,
}

/// Something that was done, told by the page that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saying {
    /// As a cookie has it.
    pub name: &'static str,
    /// How it is meant.
    pub tone: Tone,
    /// What is said.
    pub text: &'static str,
}

/// Somebody is in.
pub const SIGNED_IN: Saying = Saying::good("signed_in", "Welcome. You are signed in.");
/// Somebody has left.
pub const SIGNED_OUT: Saying = Saying::good("signed_out", "You are signed out.");
/// An address is proven.
pub const VERIFIED: Saying = Saying::good("verified", "Your address is confirmed. You can sign in now.");

const SHARED: [Saying; 3] = [SIGNED_IN, SIGNED_OUT, VERIFIED];

impl Saying {
    /// Something that went well.
    pub const fn good(name: &'static str, text: &'static str) -> Self {
        Self { name, tone: Tone::Good, text }
    }

    /// Something that one should know of.
    pub const fn warn(name: &'static str, text: &'static str) -> Self {
        Self { name, tone: Tone::Warn, text }
    }

    /// Something that went wrong.
    pub const fn bad(name: &'static str, text: &'static str) -> Self {
        Self { name, tone: Tone::Bad, text }
    }
}

impl Guise {
    /// What a cookie says, if it is a word of ours.
    pub fn saying(&self, name: &str) -> Option<Saying> {
        self.sayings.iter().chain(&SHARED).find(|saying| saying.name == name).copied()
    }
}
