//! Values that travel as text: how they are read with serde and described in a schema.
//!
//! What a text means is not decided here; each type has its own `FromStr`.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserializer;
use serde::de::{Error, Visitor};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

/// Reads a value from borrowed text, so that nothing is allocated on the way.
struct FromText<T>(PhantomData<T>);

impl<T: FromStr<Err: Display>> Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

pub(crate) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    from.deserialize_str(FromText(PhantomData))
}

/// The schema of a type that is written as text.
pub(crate) fn schema(pattern: impl Into<String>, example: impl Into<String>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
        .examples([serde_json::Value::String(example.into())])
        .into()
}
