//! What one can do with a catalog. A command neither begins nor commits.

pub mod categories;
pub mod imports;
mod keep;
pub mod products;
pub mod stock;
