//! Making the answer: what was fetched, cut to what was asked for and held against the types that were promised.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::ANSWER_BYTES_MAX;
use crate::ast::Field;
use crate::error::{Error, Place, Step};
use crate::introspect::{self, Directive};
use crate::plan::{Plan, Root, Source};
use crate::schema::{self, Argument, Kind, Schema, Type, TypeRef};

/// What answers a request: data, errors, or both.
#[derive(Debug)]
pub struct Response {
    /// Nothing when the request was refused, so that nothing was done.
    data: Option<Output>,
    errors: Vec<Error>,
}

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// A sentence for the caller.
    pub message: String,
    /// What programs read.
    pub extensions: Map<String, Value>,
}

/// A part of an answer; objects keep the order in which their fields were asked for.
#[derive(Debug)]
enum Output {
    Leaf(Value),
    List(Vec<Output>),
    Object(Vec<(String, Output)>),
}

/// A thing that an answer is made of: JSON that was fetched, or a part of the schema.
#[derive(Debug)]
pub(crate) enum Node<'s> {
    Null,
    Leaf(Value),
    Json(&'s Value),
    List(Vec<Node<'s>>),
    Schema,
    Wrapped(&'s TypeRef),
    Type(&'s Type),
    Field(&'s schema::Field),
    Argument(&'s Argument),
    /// A word of an enum.
    Word(&'s str),
    Directive(&'static Directive),
}

/// Why there is no value.
enum Stop {
    /// It may not be null and would be: told, and left to what is around it.
    Missing,
    /// The answer is larger than is made.
    TooLarge,
}

struct Making<'p, 'a, 'q> {
    plan: &'p Plan<'a, 'q>,
    path: Vec<Step>,
    errors: Vec<Error>,
    bytes_left: usize,
}

/// More than these help nobody.
const ERRORS_MAX: usize = 100;
/// What a value costs beside its text.
const VALUE_BYTES: usize = 8;

impl<'a> Plan<'a, '_> {
    /// The answer, from what the calls brought, in their order.
    pub fn answer(&self, outcomes: &[Result<Value, Failure>]) -> Response {
        let mut making =
            Making { plan: self, path: Vec::new(), errors: Vec::new(), bytes_left: ANSWER_BYTES_MAX };
        let mut fields = Vec::new();
        for root in &self.roots {
            match making.root(root, outcomes) {
                Ok(made) => fields.push((root.key.to_owned(), made)),
                Err(Stop::Missing) => return Response::of(Output::Leaf(Value::Null), making.errors),
                Err(Stop::TooLarge) => {
                    let message =
                        format!("the answer would have more than {ANSWER_BYTES_MAX} bytes; ask for less");
                    return Response::of(Output::Leaf(Value::Null), vec![Error::too_large(message)]);
                }
            }
        }
        Response::of(Output::Object(fields), making.errors)
    }
}

impl<'p, 'a: 'p> Making<'p, 'a, '_> {
    fn root(&mut self, root: &Root<'a, '_>, outcomes: &'p [Result<Value, Failure>]) -> Result<Output, Stop> {
        let schema = self.plan.schema;
        let node = match &root.source {
            Source::Typename => Node::Leaf(Value::from(schema::ROOT)),
            Source::Schema => Node::Schema,
            Source::OfType(name) => schema.get(name).map_or(Node::Null, Node::Type),
            Source::Call(number) => match outcomes.get(*number) {
                Some(Ok(value)) => Node::Json(value),
                Some(Err(failure)) => {
                    let places = root.written.iter().map(|field| field.place).collect();
                    let path = vec![Step::Key(root.key.to_owned())];
                    let Failure { message, extensions } = failure.clone();
                    self.errors.push(Error { message, places, path, extensions });
                    return Ok(Output::Leaf(Value::Null));
                }
                None => Node::Null,
            },
        };
        self.inside(Step::Key(root.key.to_owned()), |making| {
            making.made(&root.declared.of, node, &root.written)
        })
    }

    fn inside<T>(&mut self, step: Step, make: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let made = make(self);
        self.path.pop();
        made
    }

    fn made(&mut self, of: &TypeRef, node: Node<'p>, written: &[&'a Field<'_>]) -> Result<Output, Stop>
    where
        'a: 'p,
    {
        match of {
            TypeRef::NonNull(inner) => match self.bare(inner, node, written)? {
                Output::Leaf(Value::Null) => Err(self.missing(&format!("a {of} is missing"), written)),
                made => Ok(made),
            },
            _ => match self.bare(of, node, written) {
                Err(Stop::Missing) => Ok(Output::Leaf(Value::Null)),
                made => made,
            },
        }
    }

    fn missing(&mut self, message: &str, written: &[&'a Field<'_>]) -> Stop {
        if self.errors.len() < ERRORS_MAX {
            let place = written.first().map_or(Place { line: 1, column: 1 }, |field| field.place);
            self.errors.push(Error::unfit(message, place, &self.path));
        }
        Stop::Missing
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Stop> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or(Stop::TooLarge)?;
        Ok(())
    }

    /// A value of a type of which null is not asked about.
    fn bare(&mut self, of: &TypeRef, node: Node<'p>, written: &[&'a Field<'_>]) -> Result<Output, Stop> {
        self.spend(VALUE_BYTES)?;
        let name = match (of, node) {
            (_, Node::Null | Node::Leaf(Value::Null) | Node::Json(Value::Null)) => {
                return Ok(Output::Leaf(Value::Null));
            }
            (TypeRef::List(item), Node::Json(Value::Array(values))) => {
                return self.list(item, values.iter().map(Node::Json), written);
            }
            (TypeRef::List(item), Node::List(nodes)) => return self.list(item, nodes, written),
            (TypeRef::List(_), _) => return Err(self.missing("what came is no list", written)),
            (TypeRef::NonNull(inner), node) => return self.bare(inner, node, written),
            (TypeRef::Named(name), node) => (name, node),
        };
        let (name, node) = name;
        let schema = self.plan.schema;
        let Some(found) = schema.get(name) else {
            return Err(self.missing("its type is not known", written));
        };
        match &found.kind {
            Kind::Scalar(_) | Kind::Enum(_) => {
                let value = match node {
                    Node::Leaf(value) => value,
                    Node::Json(value) => value.clone(),
                    _ => return Err(self.missing(&format!("what came is no {name}"), written)),
                };
                if !holds(found, &value) {
                    return Err(self.missing(&format!("what came is no {name}"), written));
                }
                self.spend(weight(&value))?;
                Ok(Output::Leaf(value))
            }
            Kind::Object(_) => self.object(found, &node, written),
            Kind::Union(members) => match member(schema, members, &node) {
                Some(object) => self.object(object, &node, written),
                None => Err(self.missing(&format!("what came is no {name}"), written)),
            },
        }
    }

    fn list(
        &mut self,
        item: &TypeRef,
        nodes: impl IntoIterator<Item = Node<'p>>,
        written: &[&'a Field<'_>],
    ) -> Result<Output, Stop> {
        let mut made = Vec::new();
        for (at, node) in nodes.into_iter().enumerate() {
            made.push(self.inside(Step::Index(at), |making| making.made(item, node, written))?);
        }
        Ok(Output::List(made))
    }

    fn object(&mut self, of: &'a Type, node: &Node<'p>, written: &[&'a Field<'_>]) -> Result<Output, Stop> {
        if let Node::Json(value) = node
            && !value.is_object()
        {
            return Err(self.missing(&format!("what came is no {}", of.name), written));
        }
        let schema = self.plan.schema;
        // What is left out costs time as well.
        self.spend(written.iter().map(|field| field.selections.len()).sum())?;
        let mut made = Vec::new();
        for (key, fields) in
            self.plan.fields(&of.name, written.iter().map(|field| field.selections.as_slice()))
        {
            let Some(declared) = fields.first().and_then(|field| schema.field(of, field.name.text)) else {
                continue;
            };
            self.spend(key.len())?;
            let inner = match node {
                _ if declared.name == "__typename" => Node::Leaf(Value::from(of.name.as_str())),
                Node::Json(value) => value.get(&declared.key).map_or(Node::Null, Node::Json),
                node => introspect::told(schema, node, &declared.name),
            };
            let step = Step::Key(key.to_owned());
            made.push((
                key.to_owned(),
                self.inside(step, |making| making.made(&declared.of, inner, &fields))?,
            ));
        }
        Ok(Output::Object(made))
    }
}

/// Which object of a union this is: the first that has all its fields and knows all of its keys.
fn member<'s>(schema: &'s Schema, members: &[String], node: &Node<'_>) -> Option<&'s Type> {
    let Node::Json(Value::Object(value)) = node else { return None };
    members.iter().filter_map(|name| schema.get(name)).find(|of| {
        let has = |field: &schema::Field| !field.of.is_required() || value.contains_key(&field.key);
        let knows = |key: &String| of.fields().iter().any(|field| field.key == *key);
        of.fields().iter().all(has) && value.keys().all(knows)
    })
}

fn holds(of: &Type, value: &Value) -> bool {
    match &of.kind {
        Kind::Scalar(scalar) => scalar.holds(value),
        Kind::Enum(words) => words.iter().any(|word| value.as_str() == Some(word)),
        Kind::Object(_) | Kind::Union(_) => false,
    }
}

/// About how many bytes a value has as text.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => VALUE_BYTES,
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(|value| VALUE_BYTES + weight(value)).sum(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| VALUE_BYTES + key.len() + weight(value)).sum()
        }
    }
}

impl Response {
    fn of(data: Output, errors: Vec<Error>) -> Self {
        Self { data: Some(data), errors }
    }

    /// A request that is not carried out.
    pub fn refused(errors: Vec<Error>) -> Self {
        Self { data: None, errors }
    }

    /// Whether nothing was done.
    pub fn is_refused(&self) -> bool {
        self.data.is_none()
    }
}

impl Serialize for Response {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.errors.is_empty() {
            map.serialize_entry("errors", &self.errors)?;
        }
        if let Some(data) = &self.data {
            map.serialize_entry("data", data)?;
        }
        map.end()
    }
}

impl Serialize for Output {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Leaf(value) => value.serialize(serializer),
            Self::List(items) => items.serialize(serializer),
            Self::Object(fields) => serializer.collect_map(fields.iter().map(|(key, value)| (key, value))),
        }
    }
}
