//! Whether a tree means something: names are resolved and types fit, so that asking it cannot go wrong by its form.

use super::BadRule;
use super::parser::{Kind, Node};
use crate::domain::facts::{Field, Subject};
use crate::domain::profile::Window;

/// A rule that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// A truth.
    Bool(bool),
    /// A text of the evidence.
    Field(Field),
    /// A number of the evidence.
    Number(Number),
    /// Whether the subject meets the other for the first time.
    IsNew(Subject, Subject),
    /// Whether a list names it.
    InList(String, Field),
    /// The opposite.
    Not(Box<Expr>),
    /// The number below zero.
    Minus(Box<Expr>),
    /// The second is asked only where the first holds.
    And(Box<Expr>, Box<Expr>),
    /// The second is asked only where the first does not hold.
    Or(Box<Expr>, Box<Expr>),
    /// Whether two values stand so to each other.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// A number of two.
    Compute(Operation, Box<Expr>, Box<Expr>),
    /// Whether a value is one of these.
    Among(Box<Expr>, Vec<Expr>),
    /// Whether a text begins with another.
    StartsWith(Box<Expr>, Box<Expr>),
    /// How many letters a text has.
    Length(Box<Expr>),
}

/// A number that the evidence has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// How much is to be paid, in minor units.
    Amount,
    /// The hour of the day, in UTC.
    Hour,
    /// The day of the week, 1 is Monday.
    Weekday,
    /// The model's score, 0 to 1000.
    Model,
    /// Payments of a subject that were tried in a window.
    Count(Subject, Window),
    /// Those that were approved, in the payment's currency.
    Approved(Subject, Window),
    /// What they came to.
    Sum(Subject, Window),
    /// Different others that a subject met in a window.
    Distinct(Subject, Subject, Window),
    /// Days since the subject was first heard of.
    AgeDays(Subject),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    Equal,
    /// Not the same.
    Unequal,
    /// Less.
    Less,
    /// Less, or the same.
    AtMost,
    /// More.
    More,
    /// More, or the same.
    AtLeast,
}

/// What is made of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The sum.
    Add,
    /// The difference.
    Subtract,
    /// The product.
    Multiply,
    /// The quotient, towards zero.
    Divide,
    /// The smaller one.
    Min,
    /// The larger one.
    Max,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Int,
    Text,
    Bool,
}

type Typed = Result<(Expr, Type), BadRule>;

/// The rule of a tree, which must come to a truth.
pub fn check(node: &Node) -> Result<Expr, BadRule> {
    expect(node, Type::Bool)
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::Int => "a number",
            Self::Text => "a text",
            Self::Bool => "true or false",
        }
    }
}

fn expect(node: &Node, wanted: Type) -> Result<Expr, BadRule> {
    let (expr, found) = typed(node)?;
    if found == wanted {
        return Ok(expr);
    }
    Err(BadRule::new(node.at, format!("expected {}, this is {}", wanted.name(), found.name())))
}

fn boxed(node: &Node, wanted: Type) -> Result<Box<Expr>, BadRule> {
    expect(node, wanted).map(Box::new)
}

fn typed(node: &Node) -> Typed {
    match &node.kind {
        Kind::Int(number) => Ok((Expr::Int(*number), Type::Int)),
        Kind::Text(text) => Ok((Expr::Text(text.clone()), Type::Text)),
        Kind::Name(name) => named(node.at, name),
        Kind::Call(name, given) => called(node.at, name, given),
        Kind::One("not", inner) => Ok((Expr::Not(boxed(inner, Type::Bool)?), Type::Bool)),
        Kind::One(_, inner) => Ok((Expr::Minus(boxed(inner, Type::Int)?), Type::Int)),
        Kind::Two(sign, left, right) => two(node.at, sign, left, right),
        Kind::Among(wanted, among) => among_these(wanted, among),
    }
}

fn named(at: usize, name: &str) -> Typed {
    let number = |number| Ok((Expr::Number(number), Type::Int));
    match name {
        "true" => Ok((Expr::Bool(true), Type::Bool)),
        "false" => Ok((Expr::Bool(false), Type::Bool)),
        "amount" => number(Number::Amount),
        "hour" => number(Number::Hour),
        "weekday" => number(Number::Weekday),
        "model" => number(Number::Model),
        _ => match Field::of(name) {
            Some(field) => Ok((Expr::Field(field), Type::Text)),
            None => Err(BadRule::new(at, format!("there is no `{name}`"))),
        },
    }
}

fn two(at: usize, sign: &str, left: &Node, right: &Node) -> Typed {
    let compute = |operation| {
        Ok((Expr::Compute(operation, boxed(left, Type::Int)?, boxed(right, Type::Int)?), Type::Int))
    };
    let order = |comparison| {
        Ok((Expr::Compare(comparison, boxed(left, Type::Int)?, boxed(right, Type::Int)?), Type::Bool))
    };
    let equality = |comparison| {
        let (found, of) = typed(left)?;
        Ok((Expr::Compare(comparison, Box::new(found), boxed(right, of)?), Type::Bool))
    };
    match sign {
        "or" => Ok((Expr::Or(boxed(left, Type::Bool)?, boxed(right, Type::Bool)?), Type::Bool)),
        "and" => Ok((Expr::And(boxed(left, Type::Bool)?, boxed(right, Type::Bool)?), Type::Bool)),
        "==" => equality(Comparison::Equal),
        "!=" => equality(Comparison::Unequal),
        "<" => order(Comparison::Less),
        "<=" => order(Comparison::AtMost),
        ">" => order(Comparison::More),
        ">=" => order(Comparison::AtLeast),
        "+" => compute(Operation::Add),
        "-" => compute(Operation::Subtract),
        "*" => compute(Operation::Multiply),
        "/" => compute(Operation::Divide),
        _ => Err(BadRule::new(at, format!("`{sign}` means nothing here"))),
    }
}

fn among_these(wanted: &Node, among: &[Node]) -> Typed {
    let (found, of) = typed(wanted)?;
    if among.is_empty() {
        return Err(BadRule::new(wanted.at, "the list is empty"));
    }
    let is_constant = |node: &Node| match &node.kind {
        Kind::Int(_) | Kind::Text(_) => true,
        Kind::One(sign, inner) => *sign == "-" && matches!(inner.kind, Kind::Int(_)),
        Kind::Name(_) | Kind::Call(..) | Kind::Two(..) | Kind::Among(..) => false,
    };
    if let Some(node) = among.iter().find(|node| !is_constant(node)) {
        return Err(BadRule::new(node.at, "a list holds numbers or texts"));
    }
    let among = among.iter().map(|node| expect(node, of)).collect::<Result<_, _>>()?;
    Ok((Expr::Among(Box::new(found), among), Type::Bool))
}

fn called(at: usize, name: &str, given: &[Node]) -> Typed {
    let number = |number| Ok((Expr::Number(number), Type::Int));
    match (name, given) {
        ("count", [of, window]) => number(Number::Count(subject(of)?, window_of(window)?)),
        ("approved", [of, window]) => number(Number::Approved(subject(of)?, window_of(window)?)),
        ("sum", [of, window]) => number(Number::Sum(subject(of)?, window_of(window)?)),
        ("distinct", [of, other, window]) => {
            let (of, other) = two_subjects(of, other)?;
            number(Number::Distinct(of, other, window_of(window)?))
        }
        ("age_days", [of]) => number(Number::AgeDays(subject(of)?)),
        ("hour", []) => number(Number::Hour),
        ("weekday", []) => number(Number::Weekday),
        ("is_new", [of, other]) => {
            let (of, other) = two_subjects(of, other)?;
            Ok((Expr::IsNew(of, other), Type::Bool))
        }
        ("in_list", [list, field]) => {
            let (list, field) = (list_name(list)?, listed_field(field)?);
            Ok((Expr::InList(list, field), Type::Bool))
        }
        ("min", [a, b]) => {
            Ok((Expr::Compute(Operation::Min, boxed(a, Type::Int)?, boxed(b, Type::Int)?), Type::Int))
        }
        ("max", [a, b]) => {
            Ok((Expr::Compute(Operation::Max, boxed(a, Type::Int)?, boxed(b, Type::Int)?), Type::Int))
        }
        ("starts_with", [text, start]) => {
            Ok((Expr::StartsWith(boxed(text, Type::Text)?, boxed(start, Type::Text)?), Type::Bool))
        }
        ("length", [text]) => Ok((Expr::Length(boxed(text, Type::Text)?), Type::Int)),
        _ => Err(BadRule::new(at, unknown_call(name))),
    }
}

fn unknown_call(name: &str) -> String {
    let form = match name {
        "count" | "approved" | "sum" => r#"(subject, window), as in ("payer", "1h")"#,
        "distinct" => r#"(subject, other, window), as in ("payer", "payee", "24h")"#,
        "age_days" => r#"(subject), as in ("payer")"#,
        "is_new" => r#"(subject, other), as in ("payer", "payee")"#,
        "in_list" => r#"(list, field), as in ("stolen_devices", device)"#,
        "min" | "max" => "(number, number)",
        "starts_with" => "(text, text)",
        "length" => "(text)",
        "hour" | "weekday" => "()",
        _ => return format!("there is no function `{name}`"),
    };
    format!("`{name}` takes {form}")
}

fn text_of(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Text(text) => Some(text),
        _ => None,
    }
}

fn subject(node: &Node) -> Result<Subject, BadRule> {
    let expected = || BadRule::new(node.at, r#"expected "payer", "payee", "device" or "address""#);
    text_of(node).and_then(Subject::of).ok_or_else(expected)
}

fn two_subjects(of: &Node, other: &Node) -> Result<(Subject, Subject), BadRule> {
    let (first, second) = (subject(of)?, subject(other)?);
    if first == second {
        return Err(BadRule::new(other.at, "expected another one than the first"));
    }
    Ok((first, second))
}

fn window_of(node: &Node) -> Result<Window, BadRule> {
    let expected = || BadRule::new(node.at, r#"expected "10m", "1h", "24h", "7d" or "30d""#);
    text_of(node).and_then(Window::of).ok_or_else(expected)
}

fn list_name(node: &Node) -> Result<String, BadRule> {
    let expected = || BadRule::new(node.at, "expected the name of a list, between quotes");
    text_of(node).map(str::to_owned).ok_or_else(expected)
}

fn listed_field(node: &Node) -> Result<Field, BadRule> {
    let named = match &node.kind {
        Kind::Name(name) => Field::of(name),
        _ => None,
    };
    named.ok_or_else(|| BadRule::new(node.at, "expected payer, payee, device, address, country or currency"))
}
