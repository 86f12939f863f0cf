//! Why a document cannot be made.

/// What was wrong with the input, or what the writer refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More of something than a document holds.
    #[error("a document has at most {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// A row is not as wide as its table.
    #[error("a row has {cells} cells and the table {columns} columns")]
    Cells {
        /// What the row has.
        cells: usize,
        /// What it should have.
        columns: usize,
    },
    /// A column that nothing can be read in.
    #[error("a table's columns share its width; each needs a twentieth of it, at least")]
    Narrow,
    /// Readers could not tell what the document is.
    #[error("a document needs a title")]
    Untitled,
    /// Not the name of a language.
    #[error("a language is named like `en-IN`")]
    Language,
    /// The writer of the format or its fonts failed.
    #[error("the document cannot be written: {0}")]
    Unwritable(String),
}
