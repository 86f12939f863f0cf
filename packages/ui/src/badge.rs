//! A state in a word or two. The colour says nothing that the word does not say.

use maud::{Markup, html};

/// How something is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Neither good nor bad.
    Plain,
    /// To be known.
    Calm,
    /// As it should be.
    Good,
    /// Somebody should look.
    Warn,
    /// It went wrong.
    Bad,
}

/// What is said of a state, wherever it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// How it is meant.
    pub tone: Tone,
    /// In two or three words.
    pub short: &'static str,
    /// In a sentence.
    pub title: &'static str,
    /// What it means, or what comes next.
    pub text: &'static str,
}

impl Tone {
    /// The class that colours it.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Plain => "tone-plain",
            Self::Calm => "tone-calm",
            Self::Good => "tone-good",
            Self::Warn => "tone-warn",
            Self::Bad => "tone-bad",
        }
    }
}

/// A state.
pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (text) } }
}
