//! One name in the answer is one thing: fields that share it are the same, or of objects that are never the same, and
//! then still of one shape.

use std::collections::{HashMap, HashSet};

use super::Check;
use crate::ast::{self, Literal, Operation, Selection, Value};
use crate::error::Error;
use crate::schema::{self, Kind, ROOT, Schema, Type, TypeRef};

/// A field where it stands.
#[derive(Clone, Copy)]
struct Found<'a, 'q> {
    parent: &'a Type,
    written: &'a ast::Field<'q>,
    declared: &'a schema::Field,
}

/// Fields by their name in the answer, in order.
type Groups<'a, 'q> = Vec<Vec<Found<'a, 'q>>>;

/// Gathers the fields of selections that are merged, fragments put in their places once.
struct Gathering<'c, 'a, 'q> {
    check: &'c Check<'a, 'q>,
    seen: HashSet<&'q str>,
    places: HashMap<&'q str, usize>,
    groups: Groups<'a, 'q>,
}

impl<'a, 'q> Gathering<'_, 'a, 'q> {
    fn gather(&mut self, of: &'a Type, selections: &'a [Selection<'q>]) {
        let schema = self.check.schema;
        for selection in selections {
            match selection {
                Selection::Field(written) => {
                    let Some(declared) = schema.field(of, written.name.text) else { continue };
                    let next = self.groups.len();
                    let at = *self.places.entry(written.key).or_insert(next);
                    if at == next {
                        self.groups.push(Vec::new());
                    }
                    if let Some(group) = self.groups.get_mut(at) {
                        group.push(Found { parent: of, written, declared });
                    }
                }
                Selection::Inline { on, selections, .. } => {
                    let inner = on.map_or(Some(of), |on| schema.get(on.text));
                    if let Some(inner) = inner {
                        self.gather(inner, selections);
                    }
                }
                Selection::Spread { name, .. } => {
                    if let (true, Some(fragment)) =
                        (self.seen.insert(name.text), self.check.document.fragment(name.text))
                        && let Some(inner) = schema.get(fragment.on.text)
                    {
                        self.gather(inner, &fragment.selections);
                    }
                }
            }
        }
    }
}

impl<'a, 'q> Check<'a, 'q> {
    pub(super) fn merges(&mut self, operation: &'a Operation<'q>) {
        let Some(root) = self.schema.get(ROOT) else { return };
        let groups = self.gathered([(root, operation.selections.as_slice())]);
        let found = self.shapes(&groups).and_then(|()| self.sameness(&groups));
        if let Err(error) = found {
            self.errors.push(*error);
        }
    }

    fn gathered(&self, sets: impl IntoIterator<Item = (&'a Type, &'a [Selection<'q>])>) -> Groups<'a, 'q> {
        let mut gathering =
            Gathering { check: self, seen: HashSet::new(), places: HashMap::new(), groups: Vec::new() };
        for (of, selections) in sets {
            gathering.gather(of, selections);
        }
        gathering.groups
    }

    fn inside(&self, group: &[Found<'a, 'q>]) -> Groups<'a, 'q> {
        let schema = self.schema;
        let inner = |found: &Found<'a, 'q>| {
            Some((schema.get(found.declared.of.name())?, found.written.selections.as_slice()))
        };
        self.gathered(group.iter().filter_map(inner))
    }

    /// Fields of one name have one shape, whatever they are of.
    fn shapes(&self, groups: &[Vec<Found<'a, 'q>>]) -> Result<(), Box<Error>> {
        for group in groups {
            let Some((first, others)) = group.split_first() else { continue };
            for other in others {
                if !same_shape(self.schema, &first.declared.of, &other.declared.of) {
                    let (one, two) = (&first.declared.of, &other.declared.of);
                    return Err(differ(first, other, &format!("a {one} and a {two}")));
                }
            }
            self.shapes(&self.inside(group))?;
        }
        Ok(())
    }

    /// Fields of one name that can be of one object are the same field with the same arguments.
    fn sameness(&self, groups: &[Vec<Found<'a, 'q>>]) -> Result<(), Box<Error>> {
        for group in groups {
            let is_object = |found: &&Found<'a, 'q>| matches!(found.parent.kind, Kind::Object(_));
            let mut parents: Vec<&str> =
                group.iter().filter(is_object).map(|one| one.parent.name.as_str()).collect();
            parents.sort_unstable();
            parents.dedup();
            // Those of a union can be of each of its objects.
            let of_one: Vec<Vec<Found<'a, 'q>>> = match parents.as_slice() {
                [] | [_] => vec![group.clone()],
                several => {
                    let of = |name: &str| {
                        let can = |found: &&Found<'a, 'q>| found.parent.name == name || !is_object(found);
                        group.iter().filter(can).copied().collect()
                    };
                    several.iter().map(|name| of(name)).collect()
                }
            };
            for fields in &of_one {
                let Some((first, others)) = fields.split_first() else { continue };
                for other in others {
                    if first.written.name.text != other.written.name.text {
                        let (one, two) = (first.written.name.text, other.written.name.text);
                        return Err(differ(first, other, &format!("`{one}` and `{two}`")));
                    }
                    if !same_arguments(&first.written.arguments, &other.written.arguments) {
                        return Err(differ(first, other, "one field with different arguments"));
                    }
                }
                self.sameness(&self.inside(fields))?;
            }
        }
        Ok(())
    }
}

fn differ(first: &Found<'_, '_>, other: &Found<'_, '_>, how: &str) -> Box<Error> {
    let message = format!("`{}` would be {how}: give one of them another name", first.written.key);
    let places = vec![first.written.place, other.written.place];
    Box::new(Error { places, ..Error::invalid(message, first.written.place) })
}

fn same_shape(schema: &Schema, one: &TypeRef, other: &TypeRef) -> bool {
    match (one, other) {
        (TypeRef::NonNull(one), TypeRef::NonNull(other)) | (TypeRef::List(one), TypeRef::List(other)) => {
            same_shape(schema, one, other)
        }
        (TypeRef::Named(one), TypeRef::Named(other)) => {
            let is_leaf = |name| schema.get(name).is_some_and(Type::is_leaf);
            one == other || !is_leaf(one) && !is_leaf(other)
        }
        _ => false,
    }
}

fn same_arguments(one: &[ast::Argument<'_>], other: &[ast::Argument<'_>]) -> bool {
    let found = |argument: &ast::Argument<'_>| {
        other.iter().any(|two| two.name.text == argument.name.text && same_value(&two.value, &argument.value))
    };
    one.len() == other.len() && one.iter().all(found)
}

fn same_value(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (&one.is, &other.is) {
        (Literal::List(one), Literal::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_value(one, other))
        }
        (Literal::Object(one), Literal::Object(other)) => same_arguments(one, other),
        (one, other) => one == other,
    }
}
