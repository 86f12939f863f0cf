//! All statements of the catalog, by what they are about. Decisions are made in `commands`.

pub mod categories;
pub mod imports;
pub mod listing;
pub mod products;
pub mod shelves;
pub mod stock;

use kernel::store::{StoreError, Tx, Value};
use serde::Serialize;

/// As many things as one statement names at most; fewer leave the rest of its places empty.
pub const NAMES_MAX: usize = 400;

/// A statement that ends in names: `$2` and on.
fn naming(statement: &str) -> String {
    let places: Vec<String> = (0..NAMES_MAX).map(|at| format!("${}", at + 2)).collect();
    format!("{statement} ({})", places.join(", "))
}

/// The project and the names, at most as many as there are places.
fn names<T: Serialize>(tx: &Tx<'_>, names: &[T]) -> Result<Vec<Value>, StoreError> {
    let project = Value::of(&tx.project()?);
    let names = names.iter().map(Value::of).chain(std::iter::repeat(Value::Null)).take(NAMES_MAX);
    Ok(std::iter::once(project).chain(names).collect())
}
