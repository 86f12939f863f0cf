//! A query as what has to be fetched: the fields of `Query` that it asks for, each call once.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::CALLS_MAX;
use crate::ast::{Directive, Document, Field, Literal, Selection};
use crate::check::check;
use crate::error::{Error, Place};
use crate::schema::{self, ROOT, Schema};
use crate::values::Given;

/// A query that was checked, before it is answered.
#[derive(Debug)]
pub struct Plan<'a, 'q> {
    pub(crate) given: Given,
    pub(crate) schema: &'a Schema,
    pub(crate) document: &'a Document<'q>,
    pub(crate) roots: Vec<Root<'a, 'q>>,
    calls: Vec<Call>,
}

/// A field of `Query` that has to be fetched, with these arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its name.
    pub field: String,
    /// What was said with it; what was not is left out.
    pub arguments: Map<String, Value>,
}

/// A field of the answer's first level.
#[derive(Debug)]
pub(crate) struct Root<'a, 'q> {
    pub key: &'q str,
    pub written: Vec<&'a Field<'q>>,
    pub declared: &'a schema::Field,
    pub source: Source,
}

/// Where a field of the first level comes from.
#[derive(Debug)]
pub(crate) enum Source {
    Typename,
    Schema,
    OfType(String),
    /// The call of this number.
    Call(usize),
}

/// Fields by their name in the answer, in order.
pub(crate) type Fields<'a, 'q> = Vec<(&'q str, Vec<&'a Field<'q>>)>;

impl<'a, 'q> Plan<'a, 'q> {
    /// What the operation of this name asks for (without a name, the only one), given these variables.
    pub fn new(
        schema: &'a Schema,
        document: &'a Document<'q>,
        operation: Option<&str>,
        variables: &Map<String, Value>,
    ) -> Result<Self, Vec<Error>> {
        check(schema, document)?;
        let operation = document.operation(operation).ok_or_else(|| vec![no_operation(operation)])?;
        let given = schema.given(operation, variables).map_err(|error| vec![error])?;
        let mut plan = Self { given, schema, document, roots: Vec::new(), calls: Vec::new() };
        for (key, written) in plan.fields(ROOT, [operation.selections.as_slice()]) {
            plan.root(key, written).map_err(|error| vec![error])?;
        }
        Ok(plan)
    }

    /// What has to be fetched.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    fn root(&mut self, key: &'q str, written: Vec<&'a Field<'q>>) -> Result<(), Error> {
        let Some(first) = written.first() else { return Ok(()) };
        let of = self.schema.get(ROOT);
        let Some(declared) = of.and_then(|of| self.schema.field(of, first.name.text)) else { return Ok(()) };
        let arguments = self.schema.arguments(&declared.arguments, &first.arguments, &self.given)?;
        let source = match declared.name.as_str() {
            "__typename" => Source::Typename,
            "__schema" => Source::Schema,
            "__type" => {
                Source::OfType(arguments.get("name").and_then(Value::as_str).unwrap_or_default().to_owned())
            }
            name => {
                let asked = self.roots.iter().filter(|root| matches!(root.source, Source::Call(_))).count();
                if asked >= CALLS_MAX {
                    return Err(too_many(first.place));
                }
                let call = Call { field: name.to_owned(), arguments };
                let known = self.calls.iter().position(|known| *known == call);
                Source::Call(known.unwrap_or_else(|| {
                    self.calls.push(call);
                    self.calls.len() - 1
                }))
            }
        };
        self.roots.push(Root { key, written, declared, source });
        Ok(())
    }

    /// The fields that are asked of an object of this type, as conditions and types have it.
    pub(crate) fn fields(
        &self,
        object: &str,
        sets: impl IntoIterator<Item = &'a [Selection<'q>]>,
    ) -> Fields<'a, 'q> {
        let mut collected = Collected { seen: Vec::new(), places: HashMap::new(), fields: Vec::new() };
        for selections in sets {
            self.collect(object, selections, &mut collected);
        }
        collected.fields
    }

    fn collect(&self, object: &str, selections: &'a [Selection<'q>], into: &mut Collected<'a, 'q>) {
        for selection in selections {
            match selection {
                Selection::Field(field) if self.is_wanted(&field.directives) => into.add(field),
                Selection::Inline { on, directives, selections, .. } if self.is_wanted(directives) => {
                    if on.is_none_or(|on| self.schema.fits(object, on.text)) {
                        self.collect(object, selections, into);
                    }
                }
                Selection::Spread { name, directives }
                    if self.is_wanted(directives) && !into.seen.contains(&name.text) =>
                {
                    into.seen.push(name.text);
                    let fragment = self.document.fragment(name.text);
                    let fragment = fragment.filter(|fragment| self.schema.fits(object, fragment.on.text));
                    if let Some(fragment) = fragment {
                        self.collect(object, &fragment.selections, into);
                    }
                }
                Selection::Field(_) | Selection::Inline { .. } | Selection::Spread { .. } => {}
            }
        }
    }

    fn is_wanted(&self, directives: &[Directive<'q>]) -> bool {
        directives.iter().all(|directive| {
            let condition = directive.arguments.first().map(|argument| &argument.value.is);
            let is_true = match condition {
                Some(Literal::Boolean(is)) => *is,
                Some(Literal::Variable(name)) => self.given.get(*name) == Some(&Value::Bool(true)),
                _ => false,
            };
            is_true == (directive.name.text == "include")
        })
    }
}

struct Collected<'a, 'q> {
    seen: Vec<&'q str>,
    places: HashMap<&'q str, usize>,
    fields: Fields<'a, 'q>,
}

impl<'a, 'q> Collected<'a, 'q> {
    fn add(&mut self, field: &'a Field<'q>) {
        let next = self.fields.len();
        let at = *self.places.entry(field.key).or_insert(next);
        match self.fields.get_mut(at) {
            Some((_, same)) => same.push(field),
            None => self.fields.push((field.key, vec![field])),
        }
    }
}

fn no_operation(name: Option<&str>) -> Error {
    let message = match name {
        Some(name) => format!("there is no operation `{name}`"),
        None => "there are several operations: say which one in `operationName`".to_owned(),
    };
    Error::new("no_such_operation", message, Vec::new())
}

fn too_many(place: Place) -> Error {
    let message = format!("at most {CALLS_MAX} fields of `{ROOT}` can be asked for at once");
    Error { places: vec![place], ..Error::too_large(message) }
}
