//! What goes into a statement: anything serde can turn into one column.
//!
//! The same serde names serve the wire and the database, so an enum is written `paid` in both.

use std::error::Error;

use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, ValueRef};
use serde::ser::{self, Impossible, Serialize, Serializer};

/// One bound value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL null.
    Null,
    /// Any integer, and a timestamp in microseconds.
    Int(i64),
    /// A truth.
    Bool(bool),
    /// Text, ids, names of enum variants, JSON.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Why a value cannot be a column.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotAColumn(String);

/// The values of a statement, in the order of `$1`, `$2` ...
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::store::Value::of(&$value)),*] };
}

impl Value {
    /// Turns a value into a column. What cannot be one becomes null, which a `not null` column refuses.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        value.serialize(ToValue).unwrap_or_else(|error| {
            tracing::error!(%error, "a value cannot be bound to a statement");
            Self::Null
        })
    }
}

struct ToValue;

fn not_a_column(what: &str) -> NotAColumn {
    NotAColumn(format!("{what} cannot be one column; wrap it in `Json`"))
}

impl ser::Error for NotAColumn {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

macro_rules! integers {
    ($($name:ident: $type:ty),*) => { $(
        fn $name(self, value: $type) -> Result<Value, NotAColumn> {
            i64::try_from(value).map(Value::Int).map_err(|_| NotAColumn(format!("{value} is beyond 64 bits")))
        }
    )* };
}

impl Serializer for ToValue {
    type Ok = Value;
    type Error = NotAColumn;
    type SerializeSeq = Impossible<Value, NotAColumn>;
    type SerializeTuple = Impossible<Value, NotAColumn>;
    type SerializeTupleStruct = Impossible<Value, NotAColumn>;
    type SerializeTupleVariant = Impossible<Value, NotAColumn>;
    type SerializeMap = Impossible<Value, NotAColumn>;
    type SerializeStruct = Impossible<Value, NotAColumn>;
    type SerializeStructVariant = Impossible<Value, NotAColumn>;

    integers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128);

    fn is_human_readable(&self) -> bool {
        false
    }
    fn serialize_bool(self, value: bool) -> Result<Value, NotAColumn> {
        Ok(Value::Bool(value))
    }
    fn serialize_f32(self, _: f32) -> Result<Value, NotAColumn> {
        Err(NotAColumn("floats are not stored; use scaled integers".into()))
    }
    fn serialize_f64(self, _: f64) -> Result<Value, NotAColumn> {
        Err(NotAColumn("floats are not stored; use scaled integers".into()))
    }
    fn serialize_char(self, value: char) -> Result<Value, NotAColumn> {
        Ok(Value::Text(value.to_string()))
    }
    fn serialize_str(self, value: &str) -> Result<Value, NotAColumn> {
        Ok(Value::Text(value.to_owned()))
    }
    fn serialize_bytes(self, value: &[u8]) -> Result<Value, NotAColumn> {
        Ok(Value::Bytes(value.to_vec()))
    }
    fn serialize_none(self) -> Result<Value, NotAColumn> {
        Ok(Value::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, NotAColumn> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Value, NotAColumn> {
        Ok(Value::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, NotAColumn> {
        Ok(Value::Null)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, NotAColumn> {
        Ok(Value::Text(variant.to_owned()))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, NotAColumn> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Value, NotAColumn> {
        Err(not_a_column(name))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, NotAColumn> {
        Err(not_a_column("a list"))
    }
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, NotAColumn> {
        Err(not_a_column("a tuple"))
    }
    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, NotAColumn> {
        Err(not_a_column(name))
    }
    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, NotAColumn> {
        Err(not_a_column(name))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, NotAColumn> {
        Err(not_a_column("a map"))
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, NotAColumn> {
        Err(not_a_column(name))
    }
    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, NotAColumn> {
        Err(not_a_column(name))
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        column: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, column) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(value), &Type::INT4) => i32::try_from(*value)?.to_sql(column, out),
            (Self::Int(value), &Type::INT2) => i16::try_from(*value)?.to_sql(column, out),
            (Self::Int(value), &Type::INT8) => value.to_sql(column, out),
            (Self::Bool(value), &Type::BOOL) => value.to_sql(column, out),
            (Self::Text(value), &Type::TEXT | &Type::VARCHAR | &Type::JSON | &Type::NAME) => {
                value.to_sql(&Type::TEXT, out)
            }
            // jsonb travels as a version byte and the text.
            (Self::Text(value), &Type::JSONB) => {
                out.extend_from_slice(&[1]);
                value.to_sql(&Type::TEXT, out)
            }
            (Self::Bytes(value), &Type::BYTEA) => value.as_slice().to_sql(column, out),
            _ => Err(format!("{self:?} does not fit a column of type {column}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// `values ($1, $2) ..` becomes `values ($1, $2), ($3, $4) ..`.
pub(super) fn repeat_values(sql: &str, width: usize, rows: usize) -> String {
    let Some(start) = sql.find("values (").map(|at| at + "values ".len()) else { return sql.to_owned() };
    let Some(end) = sql[start..].find(')').map(|at| start + at + 1) else { return sql.to_owned() };
    let mut repeated = sql[..start].to_owned();
    for row in 0..rows {
        repeated += if row == 0 { "(" } else { ", (" };
        for column in 0..width {
            let comma = if column == 0 { "" } else { ", " };
            repeated += &format!("{comma}${}", row * width + column + 1);
        }
        repeated += ")";
    }
    repeated + &sql[end..]
}

#[cfg(test)]
mod tests {
    use super::repeat_values;

    #[test]
    fn many_rows_become_one_statement() {
        let sql = "insert into t (a, b) values ($1, $2) on conflict do nothing";
        let two = repeat_values(sql, 2, 2);
        assert_eq!(two, "insert into t (a, b) values ($1, $2), ($3, $4) on conflict do nothing");
    }
}
