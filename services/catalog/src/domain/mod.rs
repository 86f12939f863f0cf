//! What a catalog is: texts, prices, products with their variants, stock, the tree of categories, what lists show
//! and how they are searched, and sheets that come and go. No SQL, no requests, no clock.

pub mod category;
pub mod csv;
pub mod intake;
pub mod listing;
pub mod price;
pub mod product;
pub mod search;
pub mod sheet;
pub mod stock;
pub mod text;

pub use category::{BadPlace, Category, CategoryId};
pub use price::{Price, Prices};
pub use product::{Image, Product, Status, Variant};
pub use stock::{Availability, BadStock, MovementKind, Stock};

contracts::ids! {
    /// One change of stock.
    MovementId = "mov";
    /// A sheet of products on its way in.
    ImportId = "imp";
}
