//! What may be asked for: types with their fields, known by name, and the few types that every schema has.

use std::collections::BTreeMap;

use serde_json::Value;

/// All types.
#[derive(Clone, Debug)]
pub struct Schema {
    pub(crate) types: BTreeMap<String, Type>,
}

/// A type with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// Its name.
    pub name: String,
    /// A sentence.
    pub description: Option<String>,
    /// What it is.
    pub kind: Kind,
}

/// What a type is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A value without parts.
    Scalar(Scalar),
    /// One of these words.
    Enum(Enum),
    /// A thing with fields.
    Object(Vec<Field>),
    /// One of these objects: the first whose fields are those of the answer.
    Union(Vec<String>),
}

/// The words of an enum, in order.
pub type Enum = Vec<String>;

/// Which values a scalar has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// 32 bits.
    Int,
    /// 64 bits.
    Long,
    /// Any number.
    Float,
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// Text that names a thing.
    Id,
    /// Anything.
    Json,
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it is called in the JSON that answers are made of.
    pub key: String,
    /// A sentence.
    pub description: Option<String>,
    /// What may be said with it.
    pub arguments: Vec<Argument>,
    /// Its type.
    pub of: TypeRef,
}

/// An argument of a field or a directive.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// A sentence.
    pub description: Option<String>,
    /// Its type.
    pub of: TypeRef,
    /// What counts where it is left out.
    pub default: Option<Value>,
}

/// A type as a field or an argument has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeRef {
    /// The type of this name, or null.
    Named(String),
    /// A list, or null.
    List(Box<TypeRef>),
    /// The same without null.
    NonNull(Box<TypeRef>),
}

/// Where every query begins.
pub(crate) const ROOT: &str = "Query";
const SCALARS: [(&str, Scalar, &str); 7] = [
    ("Int", Scalar::Int, "A whole number of 32 bits."),
    ("Long", Scalar::Long, "A whole number of 64 bits."),
    ("Float", Scalar::Float, "A number."),
    ("String", Scalar::String, "Text."),
    ("Boolean", Scalar::Boolean, "True or false."),
    ("ID", Scalar::Id, "Text that names a thing."),
    ("JSON", Scalar::Json, "Any JSON, whole."),
];

impl Schema {
    /// A schema of these fields of `Query` and these types; the scalars that all schemas have are added.
    pub fn new(fields: Vec<Field>, types: impl IntoIterator<Item = Type>) -> Self {
        let root = Type { name: ROOT.to_owned(), description: None, kind: Kind::Object(fields) };
        let scalars = SCALARS.map(|(name, scalar, description)| Type {
            name: name.to_owned(),
            description: Some(description.to_owned()),
            kind: Kind::Scalar(scalar),
        });
        let own = crate::introspect::types();
        let all = scalars.into_iter().chain(own).chain(types).chain([root]);
        Self { types: all.map(|one| (one.name.clone(), one)).collect() }
    }

    /// The fields of `Query`.
    pub fn fields(&self) -> &[Field] {
        self.get(ROOT).map_or(&[], Type::fields)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Type> {
        self.types.get(name)
    }

    /// A field of an object, those that every object has included; `__schema` and `__type` are fields of `Query`.
    pub(crate) fn field<'s>(&'s self, of: &'s Type, name: &str) -> Option<&'s Field> {
        let own = of.fields().iter().find(|field| field.name == name);
        own.or_else(|| match name {
            "__typename" => Some(&crate::introspect::meta().typename),
            "__schema" if of.name == ROOT => Some(&crate::introspect::meta().schema),
            "__type" if of.name == ROOT => Some(&crate::introspect::meta().of_type),
            _ => None,
        })
    }

    /// Whether an object of this type can be one of that.
    pub(crate) fn fits(&self, object: &str, wanted: &str) -> bool {
        object == wanted || self.objects_of(wanted).contains(&object)
    }

    /// Which objects a value of this type can be.
    pub(crate) fn objects_of<'s>(&'s self, name: &'s str) -> Vec<&'s str> {
        match self.get(name).map(|found| &found.kind) {
            Some(Kind::Object(_)) => vec![name],
            Some(Kind::Union(members)) => members.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

impl Type {
    pub(crate) fn fields(&self) -> &[Field] {
        match &self.kind {
            Kind::Object(fields) => fields,
            Kind::Scalar(_) | Kind::Enum(_) | Kind::Union(_) => &[],
        }
    }

    /// Whether it is nothing but a value.
    pub(crate) fn is_leaf(&self) -> bool {
        matches!(self.kind, Kind::Scalar(_) | Kind::Enum(_))
    }
}

impl TypeRef {
    /// The type of this name, or null.
    pub fn named(name: &str) -> Self {
        Self::Named(name.to_owned())
    }

    /// A list of it, or null.
    pub fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// The same without null.
    pub fn required(self) -> Self {
        match self {
            Self::NonNull(_) => self,
            other => Self::NonNull(Box::new(other)),
        }
    }

    /// The name in the middle.
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::List(inner) | Self::NonNull(inner) => inner.name(),
        }
    }

    /// The same, null being allowed.
    pub(crate) fn nullable(&self) -> &Self {
        match self {
            Self::NonNull(inner) => inner,
            other => other,
        }
    }

    pub(crate) fn is_required(&self) -> bool {
        matches!(self, Self::NonNull(_))
    }
}

impl std::fmt::Display for TypeRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::List(inner) => write!(f, "[{inner}]"),
            Self::NonNull(inner) => write!(f, "{inner}!"),
        }
    }
}

impl From<&crate::ast::Type<'_>> for TypeRef {
    fn from(written: &crate::ast::Type<'_>) -> Self {
        match written {
            crate::ast::Type::Named(name) => Self::named(name.text),
            crate::ast::Type::List(inner) => Self::from(&**inner).list(),
            crate::ast::Type::NonNull(inner) => Self::from(&**inner).required(),
        }
    }
}
