//! GraphQL for reading: a query is parsed, checked against a schema, planned, and answered from what was fetched.
//!
//! It does no input or output. [`Plan`] says which fields of `Query` are asked for with which arguments; whoever
//! fetches them hands back JSON, and [`Plan::answer`] makes the response of it. It knows no HTTP, and of the language
//! what a read endpoint needs: no mutations, no subscriptions, no interfaces, no input objects.
//!
//! Read in this order: `lexer`, `ast`, `parser`, `schema`, `values` (coercion), `check/` (the rules), `plan`, `execute`,
//! `introspect`.

mod ast;
mod check;
mod error;
mod execute;
mod introspect;
mod lexer;
mod parser;
mod plan;
mod schema;
mod values;

#[cfg(test)]
mod tests;

pub use ast::{Document, OperationKind};
pub use error::{Error, Place, Step};
pub use execute::{Failure, Response};
pub use parser::parse;
pub use plan::{Call, Plan};
pub use schema::{Argument, Enum, Field, Kind, Scalar, Schema, Type, TypeRef};

/// How long a query may be.
pub const QUERY_BYTES_MAX: usize = 64 * 1024;
/// How many words and signs a query may have.
pub const TOKENS_MAX: usize = 8_000;
/// How deep brackets and, with fragments put in their places, fields may stand in each other.
pub const DEPTH_MAX: usize = 24;
/// How many fields a query may have, fragments put in their places.
pub const FIELDS_MAX: usize = 8_000;
/// How many fields of `Query` one operation may ask for.
pub const CALLS_MAX: usize = 20;
/// How long a response may be, about.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
