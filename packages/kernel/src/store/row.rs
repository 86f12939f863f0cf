//! What comes out of a statement: rows become structs by column name, tuples by position, scalars by the first column.

use std::error::Error;

use postgres::types::{FromSql, Type};
use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// Why a row is not what its reader expects: this code cannot have written it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadRow(pub(super) String);

/// One column of one row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'r> {
    Null,
    Int(i64),
    Bool(bool),
    Text(&'r str),
    Bytes(&'r [u8]),
}

/// A row of either engine.
pub(super) trait Cells {
    fn len(&self) -> usize;
    fn name(&self, at: usize) -> &str;
    fn cell(&self, at: usize) -> Result<Cell<'_>, BadRow>;
}

/// Reads one row.
pub(super) fn read<T: DeserializeOwned>(row: &dyn Cells) -> Result<T, BadRow> {
    T::deserialize(Row(row))
}

impl Cells for rusqlite::Row<'_> {
    fn len(&self) -> usize {
        self.as_ref().column_count()
    }
    fn name(&self, at: usize) -> &str {
        self.as_ref().column_name(at).unwrap_or_default()
    }
    fn cell(&self, at: usize) -> Result<Cell<'_>, BadRow> {
        use rusqlite::types::ValueRef;
        match self.get_ref(at).map_err(|error| BadRow(error.to_string()))? {
            ValueRef::Null => Ok(Cell::Null),
            ValueRef::Integer(value) => Ok(Cell::Int(value)),
            ValueRef::Text(value) => {
                std::str::from_utf8(value).map(Cell::Text).map_err(|_| BadRow("text is not UTF-8".into()))
            }
            ValueRef::Blob(value) => Ok(Cell::Bytes(value)),
            ValueRef::Real(_) => Err(BadRow(format!("column `{}` holds a float", self.name(at)))),
        }
    }
}

struct Raw<'r>(Cell<'r>);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(column: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *column {
            Type::INT8 => Cell::Int(i64::from_sql(column, raw)?),
            Type::INT4 => Cell::Int(i32::from_sql(column, raw)?.into()),
            Type::INT2 => Cell::Int(i16::from_sql(column, raw)?.into()),
            Type::BOOL => Cell::Bool(bool::from_sql(column, raw)?),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::JSON => Cell::Text(std::str::from_utf8(raw)?),
            Type::JSONB => Cell::Text(std::str::from_utf8(raw.get(1..).unwrap_or_default())?),
            Type::BYTEA => Cell::Bytes(raw),
            Type::VOID => Cell::Null,
            _ => return Err(format!("columns of type {column} are not used here").into()),
        }))
    }
    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Cell::Null))
    }
    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Cells for postgres::Row {
    fn len(&self) -> usize {
        postgres::Row::len(self)
    }
    fn name(&self, at: usize) -> &str {
        self.columns()[at].name()
    }
    fn cell(&self, at: usize) -> Result<Cell<'_>, BadRow> {
        self.try_get::<_, Raw<'_>>(at).map(|raw| raw.0).map_err(|error| BadRow(error.to_string()))
    }
}

impl de::Error for BadRow {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

struct Row<'r>(&'r dyn Cells);

impl<'r> Row<'r> {
    fn first(&self) -> Result<Cell<'r>, BadRow> {
        self.0.cell(0)
    }
}

impl<'de> Deserializer<'de> for Row<'de> {
    type Error = BadRow;

    fn is_human_readable(&self) -> bool {
        false
    }
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadRow> {
        self.first()?.deserialize_any(visitor)
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadRow> {
        visitor.visit_map(Columns { row: self.0, at: 0 })
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadRow> {
        visitor.visit_map(Columns { row: self.0, at: 0 })
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, BadRow> {
        visitor.visit_seq(Columns { row: self.0, at: 0 })
    }
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadRow> {
        self.first()?.deserialize_bool(visitor)
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadRow> {
        self.first()?.deserialize_option(visitor)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadRow> {
        self.first()?.deserialize_enum(name, variants, visitor)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, BadRow> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadRow> {
        visitor.visit_unit()
    }
    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit_struct
        seq tuple_struct identifier ignored_any
    }
}

/// Walks the columns of a row.
struct Columns<'r> {
    row: &'r dyn Cells,
    at: usize,
}

impl Columns<'_> {
    fn named(&self, error: BadRow) -> BadRow {
        BadRow(format!("column `{}`: {error}", self.row.name(self.at - 1)))
    }
}

impl<'r> MapAccess<'r> for Columns<'r> {
    type Error = BadRow;

    fn next_key_seed<K: DeserializeSeed<'r>>(&mut self, seed: K) -> Result<Option<K::Value>, BadRow> {
        if self.at >= self.row.len() {
            return Ok(None);
        }
        self.at += 1;
        seed.deserialize(BorrowedStrDeserializer::new(self.row.name(self.at - 1))).map(Some)
    }
    fn next_value_seed<V: DeserializeSeed<'r>>(&mut self, seed: V) -> Result<V::Value, BadRow> {
        seed.deserialize(self.row.cell(self.at - 1)?).map_err(|error| self.named(error))
    }
}

impl<'r> SeqAccess<'r> for Columns<'r> {
    type Error = BadRow;

    fn next_element_seed<T: DeserializeSeed<'r>>(&mut self, seed: T) -> Result<Option<T::Value>, BadRow> {
        if self.at >= self.row.len() {
            return Ok(None);
        }
        self.at += 1;
        seed.deserialize(self.row.cell(self.at - 1)?).map(Some).map_err(|error| self.named(error))
    }
}

impl<'de> Deserializer<'de> for Cell<'de> {
    type Error = BadRow;

    fn is_human_readable(&self) -> bool {
        false
    }
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadRow> {
        match self {
            Cell::Null => visitor.visit_unit(),
            Cell::Int(value) => visitor.visit_i64(value),
            Cell::Bool(value) => visitor.visit_bool(value),
            Cell::Text(value) => visitor.visit_borrowed_str(value),
            Cell::Bytes(value) => visitor.visit_borrowed_bytes(value),
        }
    }
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadRow> {
        match self {
            Cell::Int(value) => visitor.visit_bool(value != 0),
            other => other.deserialize_any(visitor),
        }
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadRow> {
        match self {
            Cell::Null => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadRow> {
        match self {
            Cell::Bytes(value) => visitor.visit_seq(SeqDeserializer::new(value.iter().copied())),
            other => other.deserialize_any(visitor),
        }
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, BadRow> {
        self.deserialize_seq(visitor)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadRow> {
        match self {
            Cell::Text(value) => visitor.visit_enum(value.into_deserializer()),
            _ => Err(BadRow("expected the name of a variant".into())),
        }
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, BadRow> {
        visitor.visit_newtype_struct(self)
    }
    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        tuple_struct map struct identifier ignored_any
    }
}
