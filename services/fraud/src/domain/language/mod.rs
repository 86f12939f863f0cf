//! How a rule is written: `is_new("payer", "payee") and amount > 100_000 and count("payer", "1h") >= 3`.
//!
//! `lexer` makes words of the text, `parser` a tree of the words, `check` says whether the tree means something and
//! resolves its names, `eval` asks it of the evidence with so much fuel. There are no loops and no recursion in the
//! language, so that a rule costs at most what its text is long; fuel bounds a whole rule set.
//!
//! Values are integers, texts and truths. Numbers of evidence say what went before the payment.

mod check;
mod eval;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

pub use check::{Expr, check};
pub use eval::{Asked, Fuel, Trouble};

/// Why a text is no rule, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at letter {at}: {why}")]
pub struct BadRule {
    /// The letter, counted from 1.
    pub at: usize,
    /// Why.
    pub why: String,
}

impl BadRule {
    fn new(at: usize, why: impl Into<String>) -> Self {
        Self { at, why: why.into() }
    }
}

/// The rule of a text, which must come to a truth.
pub fn compile(text: &str) -> Result<Expr, BadRule> {
    let words = lexer::words(text)?;
    check(&parser::parse(&words, text.chars().count() + 1)?)
}
