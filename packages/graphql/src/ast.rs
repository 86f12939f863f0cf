//! A query as it was written: operations and fragments, names borrowed from the text, each with its place.

use crate::error::Place;

/// Everything in one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Document<'q> {
    pub(crate) operations: Vec<Operation<'q>>,
    pub(crate) fragments: Vec<Fragment<'q>>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// It reads.
    Query,
    /// It changes something.
    Mutation,
    /// It goes on.
    Subscription,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Name<'q> {
    pub text: &'q str,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Operation<'q> {
    pub place: Place,
    pub kind: OperationKind,
    pub name: Option<Name<'q>>,
    pub variables: Vec<Variable<'q>>,
    pub directives: Vec<Directive<'q>>,
    pub selections: Vec<Selection<'q>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fragment<'q> {
    pub name: Name<'q>,
    pub on: Name<'q>,
    pub directives: Vec<Directive<'q>>,
    pub selections: Vec<Selection<'q>>,
}

/// A variable as an operation declares it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Variable<'q> {
    pub name: Name<'q>,
    pub of: Type<'q>,
    pub default: Option<Value<'q>>,
    pub directives: Vec<Directive<'q>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type<'q> {
    Named(Name<'q>),
    List(Box<Type<'q>>),
    NonNull(Box<Type<'q>>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Selection<'q> {
    Field(Field<'q>),
    Spread {
        name: Name<'q>,
        directives: Vec<Directive<'q>>,
    },
    Inline {
        place: Place,
        on: Option<Name<'q>>,
        directives: Vec<Directive<'q>>,
        selections: Vec<Selection<'q>>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field<'q> {
    pub place: Place,
    /// What it is called in the answer.
    pub key: &'q str,
    pub name: Name<'q>,
    pub arguments: Vec<Argument<'q>>,
    pub directives: Vec<Directive<'q>>,
    pub selections: Vec<Selection<'q>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Argument<'q> {
    pub name: Name<'q>,
    pub value: Value<'q>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Directive<'q> {
    pub name: Name<'q>,
    pub arguments: Vec<Argument<'q>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value<'q> {
    pub place: Place,
    pub is: Literal<'q>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal<'q> {
    Variable(&'q str),
    Int(&'q str),
    Float(&'q str),
    Text(String),
    Boolean(bool),
    Null,
    Enum(&'q str),
    List(Vec<Value<'q>>),
    Object(Vec<Argument<'q>>),
}

impl<'q> Document<'q> {
    /// What the operation of this name does; without a name, the only one.
    pub fn kind_of(&self, name: Option<&str>) -> Option<OperationKind> {
        self.operation(name).map(|operation| operation.kind)
    }

    pub(crate) fn operation(&self, name: Option<&str>) -> Option<&Operation<'q>> {
        match (name, self.operations.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(name), all) => all.iter().find(|one| one.name.is_some_and(|own| own.text == name)),
        }
    }

    pub(crate) fn fragment(&self, name: &str) -> Option<&Fragment<'q>> {
        self.fragments.iter().find(|fragment| fragment.name.text == name)
    }
}
