//! Words as a tree. From loose to tight: `or`, `and`, `not`, comparisons and `in`, `+ -`, `* /`, a leading `-`.

use super::BadRule;
use super::lexer::{Placed, Word};

/// A tree, with the letter where it begins.
#[derive(Clone, Debug)]
pub struct Node {
    /// The letter, counted from 1.
    pub at: usize,
    /// What stands there.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// A name that stands for something.
    Name(String),
    /// A function and what it is given.
    Call(String, Vec<Node>),
    /// `not` or a leading `-`.
    One(&'static str, Box<Node>),
    /// An operator between two.
    Two(&'static str, Box<Node>, Box<Node>),
    /// Whether something is one of these.
    Among(Box<Node>, Vec<Node>),
}

/// Brackets and leading signs may stand in each other so deep: the parser calls itself for each.
const DEPTH_MAX: usize = 32;

struct Parser<'w> {
    words: &'w [Placed],
    end: usize,
    at: usize,
    depth: usize,
}

/// The tree of a whole rule; `end` is where its text ends.
pub fn parse(words: &[Placed], end: usize) -> Result<Node, BadRule> {
    let mut parser = Parser { words, end, at: 0, depth: 0 };
    let node = parser.either()?;
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(parser.unexpected("the end of the rule")),
    }
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at).map(|(_, word)| word)
    }

    fn place(&self) -> usize {
        self.words.get(self.at).map_or(self.end, |(at, _)| *at)
    }

    fn unexpected(&self, expected: &str) -> BadRule {
        BadRule::new(self.place(), format!("expected {expected}"))
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = match self.peek() {
            Some(Word::Sign(found)) => *found == sign,
            Some(Word::Name(name)) => name == sign,
            Some(Word::Int(_) | Word::Text(_)) | None => false,
        };
        self.at += usize::from(found);
        found
    }

    fn take_one_of(&mut self, signs: &[(&'static str, &'static str)]) -> Option<&'static str> {
        signs.iter().find(|(sign, _)| self.take(sign)).map(|(_, meant)| *meant)
    }

    fn take_sign(&mut self, sign: &str) -> Result<(), BadRule> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, BadRule>) -> Result<T, BadRule> {
        if self.depth == DEPTH_MAX {
            return Err(BadRule::new(self.place(), format!("brackets are at most {DEPTH_MAX} deep")));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// Operands of one tightness, the first ones first.
    fn chain(
        &mut self,
        signs: &[(&'static str, &'static str)],
        operand: impl Fn(&mut Self) -> Result<Node, BadRule>,
    ) -> Result<Node, BadRule> {
        let mut left = operand(self)?;
        while let Some(sign) = self.take_one_of(signs) {
            let right = operand(self)?;
            left = Node { at: left.at, kind: Kind::Two(sign, Box::new(left), Box::new(right)) };
        }
        Ok(left)
    }

    fn either(&mut self) -> Result<Node, BadRule> {
        self.chain(&[("or", "or"), ("||", "or")], Self::both)
    }

    fn both(&mut self) -> Result<Node, BadRule> {
        self.chain(&[("and", "and"), ("&&", "and")], Self::negation)
    }

    fn negation(&mut self) -> Result<Node, BadRule> {
        let at = self.place();
        if !self.take("not") {
            return self.comparison();
        }
        let inner = self.deeper(Self::negation)?;
        Ok(Node { at, kind: Kind::One("not", Box::new(inner)) })
    }

    fn comparison(&mut self) -> Result<Node, BadRule> {
        const COMPARISONS: [(&str, &str); 6] =
            [("==", "=="), ("!=", "!="), ("<=", "<="), (">=", ">="), ("<", "<"), (">", ">")];
        let left = self.sum()?;
        if let Some(sign) = self.take_one_of(&COMPARISONS) {
            let right = self.sum()?;
            return Ok(Node { at: left.at, kind: Kind::Two(sign, Box::new(left), Box::new(right)) });
        }
        if self.take("in") {
            self.take_sign("[")?;
            let among = self.listed("]")?;
            return Ok(Node { at: left.at, kind: Kind::Among(Box::new(left), among) });
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Node, BadRule> {
        self.chain(&[("+", "+"), ("-", "-")], Self::product)
    }

    fn product(&mut self) -> Result<Node, BadRule> {
        self.chain(&[("*", "*"), ("/", "/")], Self::signed)
    }

    fn signed(&mut self) -> Result<Node, BadRule> {
        let at = self.place();
        if !self.take("-") {
            return self.single();
        }
        let inner = self.deeper(Self::signed)?;
        Ok(Node { at, kind: Kind::One("-", Box::new(inner)) })
    }

    fn single(&mut self) -> Result<Node, BadRule> {
        let at = self.place();
        let kind = match self.peek().cloned() {
            Some(Word::Int(number)) => Kind::Int(number),
            Some(Word::Text(text)) => Kind::Text(text),
            Some(Word::Name(name)) if is_keyword(&name) => return Err(self.unexpected("a value")),
            Some(Word::Name(name)) => {
                self.at += 1;
                if !self.take("(") {
                    return Ok(Node { at, kind: Kind::Name(name) });
                }
                let given = self.listed(")")?;
                return Ok(Node { at, kind: Kind::Call(name, given) });
            }
            Some(Word::Sign("(")) => {
                self.at += 1;
                let inner = self.deeper(Self::either)?;
                self.take_sign(")")?;
                return Ok(inner);
            }
            Some(Word::Sign(_)) | None => return Err(self.unexpected("a value")),
        };
        self.at += 1;
        Ok(Node { at, kind })
    }

    /// What stands between commas, up to the closing bracket.
    fn listed(&mut self, end: &str) -> Result<Vec<Node>, BadRule> {
        let mut listed = Vec::new();
        if self.take(end) {
            return Ok(listed);
        }
        loop {
            listed.push(self.deeper(Self::either)?);
            if self.take(end) {
                return Ok(listed);
            }
            self.take_sign(",")?;
        }
    }
}

fn is_keyword(name: &str) -> bool {
    ["and", "or", "not", "in"].contains(&name)
}
