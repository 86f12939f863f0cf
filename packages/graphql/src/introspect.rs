//! A schema telling of itself: the types of introspection, and what each of their fields says.

use std::sync::LazyLock;

use serde_json::Value;

use crate::ast;
use crate::execute::Node;
use crate::parser::parse_type;
use crate::schema::{Argument, Field, Kind, ROOT, Scalar, Schema, Type, TypeRef};

/// A directive that a query may have.
#[derive(Debug)]
pub(crate) struct Directive {
    pub name: &'static str,
    description: &'static str,
    pub arguments: Vec<Argument>,
}

/// Fields that are there without being declared.
pub(crate) struct Meta {
    pub typename: Field,
    pub schema: Field,
    pub of_type: Field,
    /// `@include` and `@skip`.
    pub directives: [Directive; 2],
}

/// A type with its fields and theirs.
type Declared = (&'static str, &'static [(&'static str, &'static str)]);
const OBJECTS: [Declared; 6] = [
    (
        "__Schema",
        &[
            ("description", "String"),
            ("types", "[__Type!]!"),
            ("queryType", "__Type!"),
            ("mutationType", "__Type"),
            ("subscriptionType", "__Type"),
            ("directives", "[__Directive!]!"),
        ],
    ),
    (
        "__Type",
        &[
            ("kind", "__TypeKind!"),
            ("name", "String"),
            ("description", "String"),
            ("specifiedByURL", "String"),
            ("fields", "[__Field!]"),
            ("interfaces", "[__Type!]"),
            ("possibleTypes", "[__Type!]"),
            ("enumValues", "[__EnumValue!]"),
            ("inputFields", "[__InputValue!]"),
            ("ofType", "__Type"),
            ("isOneOf", "Boolean"),
        ],
    ),
    (
        "__Field",
        &[
            ("name", "String!"),
            ("description", "String"),
            ("args", "[__InputValue!]!"),
            ("type", "__Type!"),
            ("isDeprecated", "Boolean!"),
            ("deprecationReason", "String"),
        ],
    ),
    (
        "__InputValue",
        &[
            ("name", "String!"),
            ("description", "String"),
            ("type", "__Type!"),
            ("defaultValue", "String"),
            ("isDeprecated", "Boolean!"),
            ("deprecationReason", "String"),
        ],
    ),
    (
        "__EnumValue",
        &[
            ("name", "String!"),
            ("description", "String"),
            ("isDeprecated", "Boolean!"),
            ("deprecationReason", "String"),
        ],
    ),
    (
        "__Directive",
        &[
            ("name", "String!"),
            ("description", "String"),
            ("isRepeatable", "Boolean!"),
            ("locations", "[__DirectiveLocation!]!"),
            ("args", "[__InputValue!]!"),
        ],
    ),
];
/// Fields that leave out what is deprecated unless they are asked for it; here nothing is.
const WITH_DEPRECATED: [&str; 4] = ["fields", "enumValues", "inputFields", "args"];
const TYPE_KINDS: [&str; 8] =
    ["SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM", "INPUT_OBJECT", "LIST", "NON_NULL"];
/// Where `@include` and `@skip` may stand.
const LOCATIONS: [&str; 3] = ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"];
/// Every place that directives can have, since clients ask what a place is.
const ALL_LOCATIONS: [&str; 19] = [
    "QUERY",
    "MUTATION",
    "SUBSCRIPTION",
    "FIELD",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "VARIABLE_DEFINITION",
    "SCHEMA",
    "SCALAR",
    "OBJECT",
    "FIELD_DEFINITION",
    "ARGUMENT_DEFINITION",
    "INTERFACE",
    "UNION",
    "ENUM",
    "ENUM_VALUE",
    "INPUT_OBJECT",
    "INPUT_FIELD_DEFINITION",
];

/// The types of introspection.
pub(crate) fn types() -> Vec<Type> {
    let of = |name: &str, kind| Type { name: name.to_owned(), description: None, kind };
    let words = |words: &[&str]| Kind::Enum(words.iter().map(|word| (*word).to_owned()).collect());
    let objects = OBJECTS.iter().map(|(name, fields)| {
        let declared = |(field, of): &(&str, &str)| {
            let asks = || argument("includeDeprecated", "Boolean", Some(Value::Bool(false)));
            let arguments = WITH_DEPRECATED.contains(field).then(asks);
            field_of(field, of, arguments.into_iter().collect())
        };
        of(name, Kind::Object(fields.iter().map(declared).collect()))
    });
    objects
        .chain([of("__TypeKind", words(&TYPE_KINDS)), of("__DirectiveLocation", words(&ALL_LOCATIONS))])
        .collect()
}

/// What is there without being declared.
pub(crate) fn meta() -> &'static Meta {
    static META: LazyLock<Meta> = LazyLock::new(|| {
        let directive = |name, description| Directive {
            name,
            description,
            arguments: vec![argument("if", "Boolean!", None)],
        };
        Meta {
            typename: field_of("__typename", "String!", Vec::new()),
            schema: field_of("__schema", "__Schema!", Vec::new()),
            of_type: field_of("__type", "__Type", vec![argument("name", "String!", None)]),
            directives: [
                directive("include", "Leaves it out unless this is true."),
                directive("skip", "Leaves it out if this is true."),
            ],
        }
    });
    &META
}

fn field_of(name: &str, of: &str, arguments: Vec<Argument>) -> Field {
    Field { name: name.to_owned(), key: name.to_owned(), description: None, arguments, of: parsed(of) }
}

fn argument(name: &str, of: &str, default: Option<Value>) -> Argument {
    Argument { name: name.to_owned(), description: None, of: parsed(of), default }
}

/// A type from a constant of this file; the tests read all of them.
fn parsed(of: &str) -> TypeRef {
    parse_type(of).as_ref().map_or_else(|_| TypeRef::named(of), |of: &ast::Type<'_>| TypeRef::from(of))
}

fn text(text: Option<&str>) -> Node<'static> {
    text.map_or(Node::Null, |text| Node::Leaf(Value::from(text)))
}

fn nodes<'s, T: 's>(all: impl IntoIterator<Item = T>, node: impl Fn(T) -> Node<'s>) -> Node<'s> {
    Node::List(all.into_iter().map(node).collect())
}

/// What a field of a thing of introspection says.
pub(crate) fn told<'s>(schema: &'s Schema, of: &Node<'s>, field: &str) -> Node<'s> {
    match of {
        Node::Schema => of_schema(schema, field),
        Node::Wrapped(of) => of_wrapped(schema, of, field),
        Node::Type(of) => of_type(schema, of, field),
        Node::Field(own) => match field {
            "name" => text(Some(&own.name)),
            "description" => text(own.description.as_deref()),
            "args" => nodes(&own.arguments, Node::Argument),
            "type" => Node::Wrapped(&own.of),
            _ => not_deprecated(field),
        },
        Node::Argument(own) => match field {
            "name" => text(Some(&own.name)),
            "description" => text(own.description.as_deref()),
            "type" => Node::Wrapped(&own.of),
            "defaultValue" => text(own.default.as_ref().map(Value::to_string).as_deref()),
            _ => not_deprecated(field),
        },
        Node::Word(word) => {
            if field == "name" {
                text(Some(word))
            } else {
                not_deprecated(field)
            }
        }
        Node::Directive(own) => match field {
            "name" => text(Some(own.name)),
            "description" => text(Some(own.description)),
            "isRepeatable" => Node::Leaf(Value::Bool(false)),
            "locations" => nodes(LOCATIONS, |location| text(Some(location))),
            "args" => nodes(&own.arguments, Node::Argument),
            _ => Node::Null,
        },
        Node::Null | Node::Leaf(_) | Node::Json(_) | Node::List(_) => Node::Null,
    }
}

fn not_deprecated(field: &str) -> Node<'static> {
    if field == "isDeprecated" { Node::Leaf(Value::Bool(false)) } else { Node::Null }
}

fn of_schema<'s>(schema: &'s Schema, field: &str) -> Node<'s> {
    match field {
        "types" => nodes(schema.types.values(), Node::Type),
        "queryType" => schema.get(ROOT).map_or(Node::Null, Node::Type),
        "directives" => nodes(&meta().directives, Node::Directive),
        _ => Node::Null,
    }
}

fn of_wrapped<'s>(schema: &'s Schema, of: &'s TypeRef, field: &str) -> Node<'s> {
    let (kind, inner) = match of {
        TypeRef::Named(name) => {
            return schema.get(name).map_or(Node::Null, |of| of_type(schema, of, field));
        }
        TypeRef::List(inner) => ("LIST", inner),
        TypeRef::NonNull(inner) => ("NON_NULL", inner),
    };
    match field {
        "kind" => text(Some(kind)),
        "ofType" => Node::Wrapped(inner),
        _ => Node::Null,
    }
}

fn of_type<'s>(schema: &'s Schema, of: &'s Type, field: &str) -> Node<'s> {
    match (field, &of.kind) {
        ("name", _) => text(Some(&of.name)),
        ("description", _) => text(of.description.as_deref()),
        ("kind", Kind::Scalar(_)) => text(Some("SCALAR")),
        ("kind", Kind::Enum(_)) => text(Some("ENUM")),
        ("kind", Kind::Object(_)) => text(Some("OBJECT")),
        ("kind", Kind::Union(_)) => text(Some("UNION")),
        ("fields", Kind::Object(fields)) => nodes(fields, Node::Field),
        ("interfaces", Kind::Object(_)) => Node::List(Vec::new()),
        ("possibleTypes", Kind::Union(members)) => {
            nodes(members.iter().filter_map(|member| schema.get(member)), Node::Type)
        }
        ("enumValues", Kind::Enum(words)) => nodes(words, |word| Node::Word(word)),
        ("specifiedByURL", Kind::Scalar(Scalar::Json)) => {
            text(Some("https://www.rfc-editor.org/rfc/rfc8259"))
        }
        _ => Node::Null,
    }
}
