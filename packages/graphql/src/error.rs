//! What is wrong with a query or with a part of its answer, as the response tells it.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// One entry of `errors`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// A sentence for whoever wrote the query.
    pub message: String,
    /// Where in the query.
    pub places: Vec<Place>,
    /// Where in the answer; empty when it is about the whole request.
    pub path: Vec<Step>,
    /// What programs read: `code` at least.
    pub extensions: Map<String, Value>,
}

/// A place in a query, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its line.
    pub line: u32,
    /// Its character in that line.
    pub column: u32,
}

/// A step into an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Step {
    /// Into a field, by the name it has in the answer.
    Key(String),
    /// Into a list.
    Index(usize),
}

impl Error {
    /// The text cannot be read.
    pub(crate) fn syntax(message: impl Into<String>, place: Place) -> Self {
        Self::new("bad_syntax", message, vec![place])
    }

    /// The query asks for what the schema has not.
    pub(crate) fn invalid(message: impl Into<String>, place: Place) -> Self {
        Self::new("invalid_query", message, vec![place])
    }

    /// The query or its answer is larger than is taken.
    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new("query_too_large", message, Vec::new())
    }

    /// What came does not fit the schema.
    pub(crate) fn unfit(message: impl Into<String>, place: Place, path: &[Step]) -> Self {
        Self { path: path.to_vec(), ..Self::new("unfit_answer", message, vec![place]) }
    }

    /// A request that cannot be carried out as it is.
    pub fn new(code: &str, message: impl Into<String>, places: Vec<Place>) -> Self {
        let extensions = Map::from_iter([("code".to_owned(), Value::from(code))]);
        Self { message: message.into(), places, path: Vec::new(), extensions }
    }
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("message", &self.message)?;
        if !self.places.is_empty() {
            map.serialize_entry("locations", &self.places)?;
        }
        if !self.path.is_empty() {
            map.serialize_entry("path", &self.path)?;
        }
        map.serialize_entry("extensions", &self.extensions)?;
        map.end()
    }
}
