//! Values that travel as text: how they are read with serde and described in a schema.
//!
//! What a text means is not decided here; each type has its own `FromStr`, or the rule it gives to `texts!`.

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

#[doc(hidden)]
pub fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
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

/// A text that is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct BadText(pub &'static str);

/// Declares types of text that are parsed at the door: rule, pattern, example, and what is expected in words.
///
/// `texts! { /// What a shelf is called. Shelf: is_shelf, "^[a-z]{1,9}$", "left", "1 to 9 of a-z"; }`.
#[macro_export]
macro_rules! texts {
    ($($(#[$about:meta])* $name:ident: $is_sound:expr, $pattern:literal, $example:literal, $expected:literal;)+) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(::std::sync::Arc<str>);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::BadText;

            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::BadText> {
                let is_sound: fn(&str) -> bool = $is_sound;
                if is_sound(text) { Ok(Self(text.into())) } else { Err($crate::BadText($expected)) }
            }
        }

        impl ::std::convert::TryFrom<String> for $name {
            type Error = $crate::BadText;

            fn try_from(text: String) -> ::std::result::Result<Self, $crate::BadText> {
                text.parse()
            }
        }

        impl $crate::id::serde::Serialize for $name {
            fn serialize<S: $crate::id::serde::Serializer>(
                &self,
                to: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl<'de> $crate::id::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::id::serde::Deserializer<'de>>(
                from: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::text::deserialize(from)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $crate::id::utoipa::PartialSchema for $name {
            fn schema() -> $crate::id::utoipa::openapi::RefOr<$crate::id::utoipa::openapi::Schema> {
                $crate::text::described($pattern, $example, $expected)
            }
        }

        impl $crate::id::utoipa::ToSchema for $name {}
    )+};
}

#[doc(hidden)]
pub fn described(pattern: &str, example: &str, expected: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(expected))
        .pattern(Some(pattern))
        .examples([serde_json::Value::String(example.into())])
        .into()
}
