//! Making, changing and archiving products.

use contracts::ProductId;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, IfMatch, Json, Path, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::variants::NewVariantBody;
use super::views::ProductView;
use super::{Eye, WRITE, said};
use crate::commands::products::{self as commands, NewProduct};
use crate::domain::product::{IMAGES_MAX, ProductChange, VARIANTS_MAX};
use crate::domain::text::{Description, Slug, Title};
use crate::domain::{CategoryId, Image, Status};

/// A product that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Garden hose", "description": "Does not kink.", "status": "on_sale",
    "images": [{"url": "https://images.example/hose.jpg", "alt": "A green garden hose, rolled up"}],
    "variants": [{"sku": "HOSE-20", "title": "20 m", "prices": [{"amount": 129_900, "currency": "INR"}],
        "on_hand": 40}]}))]
pub(super) struct CreateProduct {
    /// Its name in addresses; made of the title where it is left out.
    slug: Option<Slug>,
    /// What it is called.
    title: Title,
    /// What is to be said about it.
    description: Option<Description>,
    /// The category that it is in.
    category_id: Option<CategoryId>,
    /// Whether it is shown; a draft where it is left out.
    #[schema(inline)]
    status: Option<Status>,
    /// Its pictures; the first is shown in lists.
    #[serde(default)]
    #[schema(max_items = 20)]
    images: Vec<Image>,
    /// Its variants.
    #[schema(min_items = 1, max_items = 100)]
    variants: Vec<NewVariantBody>,
}

/// What is to be different about a product; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Garden hose, green", "status": "on_sale"}))]
pub(super) struct ChangeProduct {
    /// Its name in addresses.
    slug: Option<Slug>,
    /// What it is called.
    title: Option<Title>,
    /// What is to be said about it.
    description: Option<Description>,
    /// The category that it is in; null takes it out of all.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<CategoryId>)]
    category_id: Option<Option<CategoryId>>,
    /// Whether it is shown.
    #[schema(inline)]
    status: Option<Status>,
    /// Its pictures, all of them.
    #[schema(max_items = 20)]
    images: Option<Vec<Image>>,
}

/// Makes a product with its variants.
#[utoipa::path(post, path = "/api/v1/products", tag = "products", request_body = CreateProduct,
    responses((status = 201, description = "It is there.", body = ProductView)))]
pub(super) async fn create_product(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<CreateProduct>,
) -> Answer<ProductView> {
    let scope = caller.require(WRITE)?;
    let new = NewProduct::try_from(body)?;
    ctx.write(scope, key, move |tx| {
        commands::create(tx, &new).map(|product| ProductView::of(product, Eye::Operator))
    })
    .await
    .created()
}

/// Changes a product.
#[utoipa::path(patch, path = "/api/v1/products/{id}", tag = "products", request_body = ChangeProduct,
    params(("id" = ProductId, Path),
        ("If-Match" = Option<String>, Header, description = "The `version` that is changed, in quotes.")),
    responses((status = 200, description = "How it is now.", body = ProductView)))]
pub(super) async fn change_product(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<ProductId>,
    IfMatch(seen): IfMatch,
    Json(body): Json<ChangeProduct>,
) -> Answer<ProductView> {
    let scope = caller.require(WRITE)?;
    few(body.images.as_deref().unwrap_or_default())?;
    let change = ProductChange::from(body);
    ctx.write(scope, key, move |tx| {
        commands::change(tx, id, &change, seen).map(|product| ProductView::of(product, Eye::Operator))
    })
    .await
    .answered()
}

/// Archives a product: it is sold no more, and what is known of it stays.
#[utoipa::path(delete, path = "/api/v1/products/{id}", tag = "products", params(("id" = ProductId, Path)),
    responses((status = 200, description = "It is archived.", body = ProductView)))]
pub(super) async fn archive_product(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<ProductId>,
) -> Answer<ProductView> {
    let scope = caller.require(WRITE)?;
    ctx.write(scope, key, move |tx| {
        commands::archive(tx, id).map(|product| ProductView::of(product, Eye::Operator))
    })
    .await
    .answered()
}

fn few(images: &[Image]) -> Result<(), Problem> {
    if images.len() > IMAGES_MAX {
        return Err(Problem::field("images", format!("holds at most {IMAGES_MAX} pictures")));
    }
    Ok(())
}

impl TryFrom<CreateProduct> for NewProduct {
    type Error = Problem;

    fn try_from(body: CreateProduct) -> Result<Self, Problem> {
        few(&body.images)?;
        if !(1..=VARIANTS_MAX).contains(&body.variants.len()) {
            return Err(Problem::field("variants", format!("holds 1 to {VARIANTS_MAX} variants")));
        }
        let variants = body.variants.into_iter().enumerate();
        let variants = variants.map(|(at, variant)| variant.parsed(&format!("variants[{at}].")));
        Ok(Self {
            slug: body.slug,
            title: body.title,
            description: body.description.unwrap_or_else(Description::none),
            category_id: body.category_id,
            status: body.status.unwrap_or_default(),
            images: body.images,
            variants: variants.collect::<Result<_, _>>()?,
        })
    }
}

impl From<ChangeProduct> for ProductChange {
    fn from(body: ChangeProduct) -> Self {
        let ChangeProduct { slug, title, description, category_id, status, images } = body;
        Self { slug, title, description, category_id, status, images }
    }
}
