//! The statements on products and their variants.

use std::collections::HashMap;
use std::sync::LazyLock;

use contracts::{ProductId, Timestamp, VariantId};
use kernel::params;
use kernel::store::{Json, OnConstraint, StoreError, Tx, Value};
use serde::Deserialize;

use super::{names, naming};
use crate::domain::text::{Description, ImageUrl, ProductName, Sku, Slug, Title, VariantTitle};
use crate::domain::{CategoryId, Image, Prices, Product, Status, Stock, Variant};
use crate::error::Error;

#[derive(Deserialize)]
struct ProductRow {
    id: ProductId,
    slug: Slug,
    title: Title,
    description: Description,
    category_id: Option<CategoryId>,
    status: Status,
    images: Json<Vec<Image>>,
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Deserialize)]
struct VariantRow {
    id: VariantId,
    product_id: ProductId,
    position: u32,
    sku: Sku,
    title: VariantTitle,
    prices: Json<Prices>,
    image_url: Option<ImageUrl>,
    on_hand: i64,
    committed: i64,
}

impl ProductRow {
    fn with(self, variants: Vec<Variant>) -> Product {
        let Self { id, slug, title, description, category_id, status, images, version, .. } = self;
        let (created_at, updated_at, images) = (self.created_at, self.updated_at, images.0);
        Product {
            id,
            slug,
            title,
            description,
            category_id,
            status,
            images,
            variants,
            version,
            created_at,
            updated_at,
        }
    }
}

impl From<VariantRow> for Variant {
    fn from(row: VariantRow) -> Self {
        let VariantRow { id, position, sku, title, prices, image_url, on_hand, committed, .. } = row;
        Self { id, position, sku, title, prices: prices.0, image_url, stock: Stock { on_hand, committed } }
    }
}

/// One product with its variants.
pub fn product(tx: &mut Tx<'_>, name: &ProductName) -> Result<Option<Product>, StoreError> {
    let params = params![tx.project()?, name];
    let sql = if name.as_str().contains('_') {
        "select id, slug, title, description, category_id, status, images, version, created_at, updated_at
         from products where project_id = $1 and id = $2"
    } else {
        "select id, slug, title, description, category_id, status, images, version, created_at, updated_at
         from products where project_id = $1 and slug = $2"
    };
    let row: Option<ProductRow> = tx.row(sql, params)?;
    let Some(row) = row else { return Ok(None) };
    let variants = variants_of(tx, row.id)?;
    Ok(Some(row.with(variants)))
}

/// One product with its variants, which stays as it is until the commit.
pub fn locked_product(tx: &mut Tx<'_>, id: ProductId) -> Result<Option<Product>, StoreError> {
    let rows: Vec<ProductRow> = tx.lock_rows(
        "select id, slug, title, description, category_id, status, images, version, created_at, updated_at
         from products where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let variants = variants_of(tx, id)?;
    Ok(Some(row.with(variants)))
}

/// The product that a variant is of.
pub fn product_of(tx: &mut Tx<'_>, variant: VariantId) -> Result<Option<ProductId>, StoreError> {
    tx.row(
        "select product_id from variants where project_id = $1 and id = $2",
        params![tx.project()?, variant],
    )
}

fn variants_of(tx: &mut Tx<'_>, id: ProductId) -> Result<Vec<Variant>, StoreError> {
    // A product has at most a hundred.
    let rows: Vec<VariantRow> = tx.rows(
        "select id, product_id, position, sku, title, prices, image_url, on_hand, committed
         from variants where project_id = $1 and product_id = $2 order by position limit 100",
        params![tx.project()?, id],
    )?;
    Ok(rows.into_iter().map(Variant::from).collect())
}

static WITH_SKUS: LazyLock<String> =
    LazyLock::new(|| naming("select distinct product_id from variants where project_id = $1 and sku in"));
static WITH_SLUGS: LazyLock<String> =
    LazyLock::new(|| naming("select id from products where project_id = $1 and slug in"));
static WITH_IDS: LazyLock<String> = LazyLock::new(|| {
    naming(
        "select id, slug, title, description, category_id, status, images, version, created_at, updated_at
         from products where project_id = $1 and id in",
    )
});
static VARIANTS_WITH_IDS: LazyLock<String> = LazyLock::new(|| {
    naming(
        "select id, product_id, position, sku, title, prices, image_url, on_hand, committed
         from variants where project_id = $1 and product_id in",
    )
});

/// The products that have a variant with one of these SKUs, or one of these slugs.
pub fn named(tx: &mut Tx<'_>, skus: &[&Sku], slugs: &[Slug]) -> Result<Vec<ProductId>, StoreError> {
    let params = names(tx, skus)?;
    let mut ids: Vec<ProductId> = tx.rows(&WITH_SKUS, &params)?;
    let params = names(tx, slugs)?;
    ids.extend(tx.rows::<ProductId>(&WITH_SLUGS, &params)?);
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// These products with their variants, by their ids.
pub fn with_ids(tx: &mut Tx<'_>, ids: &[ProductId]) -> Result<Vec<Product>, StoreError> {
    let params = names(tx, ids)?;
    let mut rows: Vec<ProductRow> = tx.rows(&WITH_IDS, &params)?;
    rows.sort_unstable_by_key(|row| row.id);
    let variants: Vec<VariantRow> = tx.rows(&VARIANTS_WITH_IDS, &params)?;
    Ok(together(rows, variants))
}

/// Products after `after` with their variants, oldest first.
pub fn after(tx: &mut Tx<'_>, after: Option<ProductId>, limit: u32) -> Result<Vec<Product>, StoreError> {
    let project = tx.project()?;
    let rows: Vec<ProductRow> = tx.rows(
        "select id, slug, title, description, category_id, status, images, version, created_at, updated_at
         from products where project_id = $1 and id > coalesce($2, '') order by id limit $3",
        params![project, after, limit],
    )?;
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
    // A hundred for each product is all that there can be.
    let variants: Vec<VariantRow> = tx.rows(
        "select id, product_id, position, sku, title, prices, image_url, on_hand, committed
         from variants where project_id = $1 and product_id between $2 and $3 limit 100 * $4",
        params![project, first.id, last.id, limit],
    )?;
    Ok(together(rows, variants))
}

fn together(rows: Vec<ProductRow>, variants: Vec<VariantRow>) -> Vec<Product> {
    let mut by_product: HashMap<ProductId, Vec<Variant>> = HashMap::new();
    for row in variants {
        by_product.entry(row.product_id).or_default().push(row.into());
    }
    let variants_of = |id: &ProductId, by_product: &mut HashMap<ProductId, Vec<Variant>>| {
        let mut variants = by_product.remove(id).unwrap_or_default();
        variants.sort_unstable_by_key(|variant| variant.position);
        variants
    };
    rows.into_iter()
        .map(|row| {
            let variants = variants_of(&row.id, &mut by_product);
            row.with(variants)
        })
        .collect()
}

/// Stores products as they are now, new ones and changed ones.
pub fn put_products(tx: &mut Tx<'_>, products: &[&Product]) -> Result<(), Error> {
    let project = tx.project()?;
    let values = |product: &&Product| -> Vec<Value> {
        let face = product.face();
        let (url, alt) = face.map(|face| (face.url, face.alt)).unzip();
        params![
            project,
            product.id,
            product.slug,
            product.title,
            product.category_id,
            product.status,
            url,
            alt,
            Json(product.lowest_prices()),
            product.availability(),
            product.variants.len(),
            product.version,
            1,
            product.created_at,
            product.updated_at,
            Json(&product.images),
            product.description
        ]
        .to_vec()
    };
    let rows: Vec<Vec<Value>> = products.iter().map(values).collect();
    tx.run_many(
        "insert into products (project_id, id, slug, title, category_id, status, face_url, face_alt, from_prices,
           availability, variant_count, version, turns, created_at, updated_at, images, description)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         on conflict (project_id, id) do update set slug = excluded.slug, title = excluded.title,
           category_id = excluded.category_id, status = excluded.status, face_url = excluded.face_url,
           face_alt = excluded.face_alt, from_prices = excluded.from_prices,
           availability = excluded.availability, variant_count = excluded.variant_count,
           version = excluded.version, turns = products.turns + 1, updated_at = excluded.updated_at,
           images = excluded.images, description = excluded.description",
        &rows,
    )
    .map(drop)
    .on_constraint("products_slug_key", || Error::Taken("slug"))
}

/// Stores variants as they are now, new ones and changed ones.
pub fn put_variants(tx: &mut Tx<'_>, variants: &[(ProductId, &Variant)]) -> Result<(), Error> {
    let project = tx.project()?;
    let values = |(product, variant): &(ProductId, &Variant)| -> Vec<Value> {
        params![
            project,
            variant.id,
            product,
            variant.position,
            variant.sku,
            variant.title,
            Json(&variant.prices),
            variant.image_url,
            variant.stock.on_hand,
            variant.stock.committed
        ]
        .to_vec()
    };
    let rows: Vec<Vec<Value>> = variants.iter().map(values).collect();
    tx.run_many(
        "insert into variants (project_id, id, product_id, position, sku, title, prices, image_url, on_hand, committed)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (project_id, id) do update set sku = excluded.sku, title = excluded.title,
           prices = excluded.prices, image_url = excluded.image_url, on_hand = excluded.on_hand",
        &rows,
    )
    .map(drop)
    .on_constraint("variants_sku_key", || Error::Taken("sku"))
}

/// Takes a variant away.
pub fn delete_variant(tx: &mut Tx<'_>, id: VariantId) -> Result<(), StoreError> {
    tx.run("delete from variants where project_id = $1 and id = $2", params![tx.project()?, id]).map(drop)
}
