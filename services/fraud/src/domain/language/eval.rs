//! What a rule says of the evidence.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::check::{Comparison, Expr, Number, Operation};
use crate::domain::evidence::Evidence;

/// Why a rule says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FraudTrouble)]
pub enum Trouble {
    /// It costs more than the rule set may.
    OutOfFuel,
    /// A number has no room in 64 bits.
    Overflow,
    /// Something was divided by zero.
    DivisionByZero,
    /// It is no rule.
    Unreadable,
}

/// What a rule set may still cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fuel(pub u32);

/// What is asked: the evidence, with the model's score of it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'e> {
    /// The evidence.
    pub evidence: &'e Evidence,
    /// The model's score.
    pub model: i64,
}

enum Value<'e> {
    Int(i64),
    Text(Cow<'e, str>),
    Bool(bool),
}

impl Fuel {
    fn burn(&mut self, units: usize) -> Result<(), Trouble> {
        let units = u32::try_from(units).map_err(|_| Trouble::OutOfFuel)?;
        self.0 = self.0.checked_sub(units).ok_or(Trouble::OutOfFuel)?;
        Ok(())
    }
}

impl Asked<'_> {
    /// Whether the rule holds.
    pub fn holds(&self, rule: &Expr, fuel: &mut Fuel) -> Result<bool, Trouble> {
        match self.value(rule, fuel)? {
            Value::Bool(holds) => Ok(holds),
            Value::Int(_) | Value::Text(_) => Err(Trouble::Unreadable),
        }
    }

    fn value<'v>(&'v self, expr: &'v Expr, fuel: &mut Fuel) -> Result<Value<'v>, Trouble> {
        fuel.burn(1)?;
        Ok(match expr {
            Expr::Int(number) => Value::Int(*number),
            Expr::Text(text) => Value::Text(Cow::Borrowed(text)),
            Expr::Bool(holds) => Value::Bool(*holds),
            Expr::Field(field) => Value::Text(Cow::Owned(self.evidence.text(*field))),
            Expr::Number(number) => Value::Int(self.number(*number)),
            Expr::IsNew(of, other) => Value::Bool(self.evidence.is_new(*of, *other)),
            Expr::InList(list, field) => Value::Bool(self.evidence.is_listed(list, *field)),
            Expr::Not(inner) => Value::Bool(!self.holds(inner, fuel)?),
            Expr::Minus(inner) => Value::Int(self.int(inner, fuel)?.checked_neg().ok_or(Trouble::Overflow)?),
            Expr::And(left, right) => Value::Bool(self.holds(left, fuel)? && self.holds(right, fuel)?),
            Expr::Or(left, right) => Value::Bool(self.holds(left, fuel)? || self.holds(right, fuel)?),
            Expr::Compare(how, left, right) => {
                let (left, right) = (self.value(left, fuel)?, self.value(right, fuel)?);
                Value::Bool(stands(*how, &left, &right, fuel)?)
            }
            Expr::Compute(operation, left, right) => {
                Value::Int(computed(*operation, self.int(left, fuel)?, self.int(right, fuel)?)?)
            }
            Expr::Among(wanted, among) => {
                let wanted = self.value(wanted, fuel)?;
                let mut found = false;
                for each in among {
                    found |= stands(Comparison::Equal, &wanted, &self.value(each, fuel)?, fuel)?;
                }
                Value::Bool(found)
            }
            Expr::StartsWith(text, start) => {
                let (text, start) = (self.text(text, fuel)?, self.text(start, fuel)?);
                Value::Bool(text.starts_with(&*start))
            }
            Expr::Length(text) => {
                let text = self.text(text, fuel)?;
                Value::Int(i64::try_from(text.chars().count()).map_err(|_| Trouble::Overflow)?)
            }
        })
    }

    fn int(&self, expr: &Expr, fuel: &mut Fuel) -> Result<i64, Trouble> {
        match self.value(expr, fuel)? {
            Value::Int(number) => Ok(number),
            Value::Text(_) | Value::Bool(_) => Err(Trouble::Unreadable),
        }
    }

    /// Reading a text costs by its length.
    fn text<'v>(&'v self, expr: &'v Expr, fuel: &mut Fuel) -> Result<Cow<'v, str>, Trouble> {
        match self.value(expr, fuel)? {
            Value::Text(text) => {
                fuel.burn(text.len() / 16)?;
                Ok(text)
            }
            Value::Int(_) | Value::Bool(_) => Err(Trouble::Unreadable),
        }
    }

    fn number(&self, number: Number) -> i64 {
        let evidence = self.evidence;
        match number {
            Number::Amount => evidence.facts.amount,
            Number::Hour => evidence.facts.hour(),
            Number::Weekday => evidence.facts.weekday(),
            Number::Model => self.model,
            Number::Count(subject, window) => evidence.count(subject, window),
            Number::Approved(subject, window) => evidence.approved(subject, window),
            Number::Sum(subject, window) => evidence.sum(subject, window),
            Number::Distinct(subject, other, window) => evidence.distinct(subject, other, window),
            Number::AgeDays(subject) => evidence.age_days(subject),
        }
    }
}

fn stands(how: Comparison, left: &Value<'_>, right: &Value<'_>, fuel: &mut Fuel) -> Result<bool, Trouble> {
    let order = match (left, right) {
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Text(left), Value::Text(right)) => {
            fuel.burn(left.len().min(right.len()) / 16)?;
            left.cmp(right)
        }
        (Value::Int(_) | Value::Bool(_) | Value::Text(_), _) => return Err(Trouble::Unreadable),
    };
    Ok(match how {
        Comparison::Equal => order.is_eq(),
        Comparison::Unequal => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::AtMost => order.is_le(),
        Comparison::More => order.is_gt(),
        Comparison::AtLeast => order.is_ge(),
    })
}

fn computed(operation: Operation, left: i64, right: i64) -> Result<i64, Trouble> {
    match operation {
        Operation::Add => left.checked_add(right).ok_or(Trouble::Overflow),
        Operation::Subtract => left.checked_sub(right).ok_or(Trouble::Overflow),
        Operation::Multiply => left.checked_mul(right).ok_or(Trouble::Overflow),
        Operation::Divide if right == 0 => Err(Trouble::DivisionByZero),
        Operation::Divide => left.checked_div(right).ok_or(Trouble::Overflow),
        Operation::Min => Ok(left.min(right)),
        Operation::Max => Ok(left.max(right)),
    }
}
