//! Products and variants as callers see them.

use contracts::{ProductId, Timestamp, VariantId};
use serde::Serialize;
use utoipa::ToSchema;

use super::Eye;
use crate::domain::{Availability, CategoryId, Image, Price, Product, Status, Variant};

/// A product.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "prd_01jd3sa4k8qm7v2x9c5f0t6w1b", "slug": "garden-hose", "title": "Garden hose",
    "description": "Does not kink.", "category_id": null, "status": "on_sale",
    "images": [{"url": "https://images.example/hose.jpg", "alt": "A green garden hose, rolled up"}],
    "variants": [{"id": "var_01jd3sa4k8qm7v2x9c5f0t6w1b", "sku": "HOSE-20", "title": "20 m",
        "prices": [{"amount": 129_900, "currency": "INR"}], "image_url": null, "availability": "in_stock",
        "on_hand": null, "committed": null}],
    "version": 3, "created_at": "2026-11-21T09:47:35.123Z", "updated_at": "2026-11-22T10:00:00.000Z"}))]
pub(super) struct ProductView {
    /// Which.
    id: ProductId,
    /// Its name in addresses.
    slug: String,
    /// What it is called.
    title: String,
    /// What is to be said about it.
    description: String,
    /// The category that it is in.
    category_id: Option<CategoryId>,
    /// Whether it is shown.
    status: Status,
    /// Its pictures; the first is shown in lists.
    images: Vec<Image>,
    /// Its variants.
    variants: Vec<VariantView>,
    /// How often it has been changed; send it as `If-Match` with a change.
    pub version: u64,
    /// Since when it is there.
    created_at: Timestamp,
    /// When it was last changed; stock does not count.
    updated_at: Timestamp,
}

/// A variant: the very thing that is priced, stocked and bought.
#[derive(Serialize, ToSchema)]
pub(super) struct VariantView {
    /// Which.
    id: VariantId,
    /// The shop's own name for it.
    sku: String,
    /// What tells it from the others; empty where it is alone.
    title: String,
    /// What it costs, in each currency in which it is sold.
    prices: Vec<Price>,
    /// A picture of it.
    image_url: Option<String>,
    /// Whether it can be bought now.
    availability: Availability,
    /// How many are in store; only those who may change the catalog see it.
    on_hand: Option<i64>,
    /// How many of them are promised to orders; only those who may change the catalog see it.
    committed: Option<i64>,
}

impl ProductView {
    /// The product as it is for this eye.
    pub fn of(product: Product, eye: Eye) -> Self {
        let variants = product.variants.into_iter().map(|variant| VariantView::of(variant, eye)).collect();
        Self {
            id: product.id,
            slug: product.slug.to_string(),
            title: product.title.to_string(),
            description: product.description.to_string(),
            category_id: product.category_id,
            status: product.status,
            images: product.images,
            variants,
            version: product.version,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}

impl VariantView {
    fn of(variant: Variant, eye: Eye) -> Self {
        let counted = |number: i64| (eye == Eye::Operator).then_some(number);
        Self {
            id: variant.id,
            sku: variant.sku.to_string(),
            title: variant.title.to_string(),
            prices: variant.prices.to_vec(),
            image_url: variant.image_url.map(|url| url.to_string()),
            availability: variant.stock.availability(),
            on_hand: counted(variant.stock.on_hand),
            committed: counted(variant.stock.committed),
        }
    }
}
