//! Making, changing and archiving products and their variants.

use contracts::{ProductId, VariantId};
use kernel::store::{StoreError, Tx};

use super::keep::keep_one;
use crate::domain::product::{BadProduct, NewVariant, ProductChange, VariantChange};
use crate::domain::text::{Description, Slug, Title};
use crate::domain::{CategoryId, Image, Product, Status};
use crate::error::Error;
use crate::store;

/// A product that is to be.
#[derive(Clone, Debug)]
pub struct NewProduct {
    /// Its name in addresses; made of the title where none is given.
    pub slug: Option<Slug>,
    /// What it is called.
    pub title: Title,
    /// What is to be said about it.
    pub description: Description,
    /// The category that it is in.
    pub category_id: Option<CategoryId>,
    /// Whether it is shown.
    pub status: Status,
    /// Its pictures.
    pub images: Vec<Image>,
    /// Its variants.
    pub variants: Vec<NewVariant>,
}

const FIRST: &str = "initial stock";

/// Makes a product with its variants and their first stock.
pub fn create(tx: &mut Tx<'_>, new: &NewProduct) -> Result<Product, Error> {
    let NewProduct { slug, title, description, category_id, status, images, variants } = new.clone();
    let empty = Product {
        id: tx.new_id(),
        slug: slug.unwrap_or_else(|| Slug::of(&title)),
        title,
        description,
        category_id,
        status,
        images,
        variants: Vec::new(),
        version: 0,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let grow = |product: Product, variant| product.with_variant(tx.new_id(), variant);
    let product = variants.into_iter().try_fold(empty, grow)?;
    keep_one(tx, None, product, FIRST)
}

/// Changes a product; `seen` is the version that the caller has seen.
pub fn change(
    tx: &mut Tx<'_>,
    id: ProductId,
    change: &ProductChange,
    seen: Option<u64>,
) -> Result<Product, Error> {
    let before = found(tx, id, seen)?;
    let after = before.clone().change(change.clone());
    keep_one(tx, Some(before), after, FIRST)
}

/// Shows a product no more.
pub fn archive(tx: &mut Tx<'_>, id: ProductId) -> Result<Product, Error> {
    change(tx, id, &ProductChange { status: Some(Status::Archived), ..ProductChange::default() }, None)
}

/// Gives a product one more variant.
pub fn add_variant(
    tx: &mut Tx<'_>,
    id: ProductId,
    new: &NewVariant,
    seen: Option<u64>,
) -> Result<Product, Error> {
    let before = found(tx, id, seen)?;
    let after = before.clone().with_variant(tx.new_id(), new.clone())?;
    keep_one(tx, Some(before), after, FIRST)
}

/// Changes a variant.
pub fn change_variant(
    tx: &mut Tx<'_>,
    id: VariantId,
    change: &VariantChange,
    seen: Option<u64>,
) -> Result<Product, Error> {
    let before = found_by(tx, id, seen)?;
    let after = before.clone().change_variant(id, change.clone())?;
    keep_one(tx, Some(before), after, FIRST)
}

/// Takes a variant away.
pub fn remove_variant(tx: &mut Tx<'_>, id: VariantId, seen: Option<u64>) -> Result<Product, Error> {
    let before = found_by(tx, id, seen)?;
    let after = before.clone().without_variant(id)?;
    store::products::delete_variant(tx, id)?;
    keep_one(tx, Some(before), after, FIRST)
}

fn found(tx: &mut Tx<'_>, id: ProductId, seen: Option<u64>) -> Result<Product, Error> {
    let product = store::products::locked_product(tx, id)?.ok_or(Error::NoSuch("product"))?;
    if seen.is_some_and(|seen| seen != product.version) {
        return Err(StoreError::Conflict.into());
    }
    Ok(product)
}

fn found_by(tx: &mut Tx<'_>, variant: VariantId, seen: Option<u64>) -> Result<Product, Error> {
    let id = store::products::product_of(tx, variant)?.ok_or(BadProduct::NoVariant)?;
    found(tx, id, seen)
}
