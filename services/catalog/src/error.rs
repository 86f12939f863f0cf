//! Why catalog does not do what it was asked, and what its callers hear then.

use http::StatusCode;
use kernel::http::Problem;
use kernel::store::StoreError;

use crate::domain::product::BadProduct;
use crate::domain::sheet::BadSheet;
use crate::domain::{BadPlace, BadStock};

/// Why a command or a query has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is somebody else's.
    #[error("there is no such {0}")]
    NoSuch(&'static str),
    /// A name is taken already.
    #[error("another one of the project has this {0}")]
    Taken(&'static str),
    /// A category is not empty.
    #[error("products or categories are in this category")]
    CategoryInUse,
    /// A field is wrong.
    #[error("{message}")]
    Field {
        /// Which.
        field: String,
        /// What is wrong with it.
        message: String,
    },
    /// Stock stays as it is.
    #[error(transparent)]
    Stock(#[from] BadStock),
    /// The product stays as it is.
    #[error(transparent)]
    Product(#[from] BadProduct),
    /// The category may not stand there.
    #[error(transparent)]
    Place(#[from] BadPlace),
    /// The text is no sheet of products.
    #[error(transparent)]
    Sheet(#[from] BadSheet),
    /// What was sent is not declared as a sheet.
    #[error("the body must be a sheet, with `content-type: text/csv`")]
    NotCsv,
    /// What was sent is too large.
    #[error("the body may have at most {0} bytes")]
    TooLarge(usize),
    /// What was sent did not arrive.
    #[error("the body did not arrive whole")]
    Unreadable,
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    /// A field is wrong.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Field { field: field.into(), message: message.into() }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NoSuch(what) => Self::not_found(what),
            Error::Taken("sku") => Self::conflict("sku_taken", text),
            Error::Taken(_) => Self::conflict("slug_taken", text),
            Error::CategoryInUse => Self::conflict("category_in_use", text),
            Error::Field { field, message } => Self::field(&field, message),
            Error::Stock(BadStock::NotEnough) => Self::conflict("not_enough_stock", text),
            Error::Stock(BadStock::TooMuch) => Self::conflict("too_much_stock", text),
            Error::Product(BadProduct::TooManyVariants) => Self::conflict("too_many_variants", text),
            Error::Product(BadProduct::LastVariant) => Self::conflict("last_variant", text),
            Error::Product(BadProduct::Promised) => Self::conflict("variant_promised", text),
            Error::Product(BadProduct::NoVariant) => Self::not_found("variant"),
            Error::Place(BadPlace::NoParent) => Self::field("parent_id", text),
            Error::Place(BadPlace::Circle) => Self::conflict("category_circle", text),
            Error::Place(BadPlace::TooDeep) => Self::conflict("category_too_deep", text),
            Error::Place(BadPlace::TooMany) => Self::conflict("too_many_categories", text),
            Error::Sheet(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_sheet", text),
            Error::NotCsv => Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_csv", text),
            Error::TooLarge(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", text),
            Error::Unreadable => Self::new(StatusCode::BAD_REQUEST, "body_unreadable", text),
            Error::Store(error) => error.into(),
        }
    }
}
