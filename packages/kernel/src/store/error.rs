//! What can go wrong in the store, as the caller of a transaction needs to tell it apart.

use std::time::Duration;

use super::row::BadRow;

/// Why a transaction, or a statement in it, did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue is full: nothing was done.
    #[error("the service is busy; try again in {} s", retry_after.as_secs())]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// Somebody else changed the same thing first: nothing was done.
    #[error("it was changed by somebody else in the meantime")]
    Conflict,
    /// A constraint refused the row; `name` is the constraint's, the same on both engines.
    #[error("the constraint `{name}` refuses it")]
    Constraint {
        /// The name of the constraint or unique index; `foreign_key` where the engine does not say.
        name: String,
    },
    /// A statement reaches beyond the scope of its transaction.
    #[error("{0}")]
    Scope(String),
    /// The row that a statement promised is not there.
    #[error("there is no such row")]
    Missing,
    /// A row holds what this code cannot have written.
    #[error("a stored row cannot be read")]
    Row(#[from] BadRow),
    /// The database cannot be reached or cannot write: nothing was done.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection broke during the commit: it may have been done.
    #[error("it is not known whether the change was stored; ask again with the same idempotency key")]
    Unknown,
    /// The closure of a transaction panicked; its work is undone.
    #[error("the work stopped unexpectedly")]
    Panicked,
    /// A statement is wrong: a mistake of ours.
    #[error("a statement failed")]
    Sql(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Whether this is the refusal of the constraint `name`.
    pub fn is_constraint(&self, name: &str) -> bool {
        matches!(self, Self::Constraint { name: refused } if refused == name)
    }
}

/// Maps the refusal of one named constraint to a business answer.
pub trait OnConstraint<T, E> {
    /// `insert(..).on_constraint("orders_reference_key", || Error::ReferenceTaken)?`
    fn on_constraint(self, name: &str, answer: impl FnOnce() -> E) -> Result<T, E>;
}

impl<T, E: From<StoreError>> OnConstraint<T, E> for Result<T, StoreError> {
    fn on_constraint(self, name: &str, answer: impl FnOnce() -> E) -> Result<T, E> {
        self.map_err(|error| if error.is_constraint(name) { answer() } else { E::from(error) })
    }
}
