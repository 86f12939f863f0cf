//! Adding, changing and taking away variants. Each answer is the whole product.

use contracts::{ProductId, VariantId};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, IfMatch, Json, Path, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::ProductView;
use super::{Eye, WRITE, said};
use crate::commands::products as commands;
use crate::domain::product::{NewVariant, VariantChange};
use crate::domain::stock::ON_HAND_MAX;
use crate::domain::text::{ImageUrl, Sku, VariantTitle};
use crate::domain::{Price, Prices};

/// A variant that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sku": "HOSE-50", "title": "50 m", "prices": [{"amount": 249_900, "currency": "INR"}],
    "on_hand": 12}))]
pub(super) struct NewVariantBody {
    /// The shop's own name for it, of this variant alone.
    sku: Sku,
    /// What tells it from the others; empty where it is alone.
    title: Option<VariantTitle>,
    /// What it costs, each in a currency of its own; the first is shown to whoever asks for none.
    #[serde(default)]
    #[schema(value_type = Vec<Price>, max_items = 20)]
    prices: Prices,
    /// A picture of it.
    image_url: Option<ImageUrl>,
    /// How much there is at first; nothing where it is left out.
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    on_hand: Option<i64>,
}

/// What is to be different about a variant; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"prices": [{"amount": 119_900, "currency": "INR"}, {"amount": 1_499, "currency": "EUR"}]}))]
pub(super) struct ChangeVariant {
    /// The shop's own name for it.
    sku: Option<Sku>,
    /// What tells it from the others.
    title: Option<VariantTitle>,
    /// What it costs, all of it, each in a currency of its own.
    #[schema(value_type = Option<Vec<Price>>, max_items = 20)]
    prices: Option<Prices>,
    /// A picture of it; null takes it away.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<ImageUrl>)]
    image_url: Option<Option<ImageUrl>>,
}

/// Gives a product one more variant.
#[utoipa::path(post, path = "/api/v1/products/{id}/variants", tag = "products", request_body = NewVariantBody,
    params(("id" = ProductId, Path),
        ("If-Match" = Option<String>, Header, description = "The `version` of the product, in quotes.")),
    responses((status = 201, description = "The product with it.", body = ProductView)))]
pub(super) async fn add_variant(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<ProductId>,
    IfMatch(seen): IfMatch,
    Json(body): Json<NewVariantBody>,
) -> Answer<ProductView> {
    let scope = caller.require(WRITE)?;
    let new = body.parsed("")?;
    ctx.write(scope, key, move |tx| {
        commands::add_variant(tx, id, &new, seen).map(|product| ProductView::of(product, Eye::Operator))
    })
    .await
    .created()
}

/// Changes a variant. Its stock is adjusted elsewhere.
#[utoipa::path(patch, path = "/api/v1/variants/{id}", tag = "products", request_body = ChangeVariant,
    params(("id" = VariantId, Path),
        ("If-Match" = Option<String>, Header, description = "The `version` of its product, in quotes.")),
    responses((status = 200, description = "The product with it.", body = ProductView)))]
pub(super) async fn change_variant(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<VariantId>,
    IfMatch(seen): IfMatch,
    Json(body): Json<ChangeVariant>,
) -> Answer<ProductView> {
    let scope = caller.require(WRITE)?;
    let ChangeVariant { sku, title, prices, image_url } = body;
    let change = VariantChange { sku, title, prices, image_url };
    ctx.write(scope, key, move |tx| {
        commands::change_variant(tx, id, &change, seen).map(|product| ProductView::of(product, Eye::Operator))
    })
    .await
    .answered()
}

/// Takes a variant away for which no order waits; the last one of a product stays.
#[utoipa::path(delete, path = "/api/v1/variants/{id}", tag = "products",
    params(("id" = VariantId, Path),
        ("If-Match" = Option<String>, Header, description = "The `version` of its product, in quotes.")),
    responses((status = 200, description = "The product without it.", body = ProductView)))]
pub(super) async fn delete_variant(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<VariantId>,
    IfMatch(seen): IfMatch,
) -> Answer<ProductView> {
    let scope = caller.require(WRITE)?;
    ctx.write(scope, key, move |tx| {
        commands::remove_variant(tx, id, seen).map(|product| ProductView::of(product, Eye::Operator))
    })
    .await
    .answered()
}

impl NewVariantBody {
    /// The variant; `place` stands before the names of fields that are wrong.
    pub fn parsed(self, place: &str) -> Result<NewVariant, Problem> {
        let on_hand = self.on_hand.unwrap_or(0);
        if !(0..=ON_HAND_MAX).contains(&on_hand) {
            let message = format!("is a number from 0 to {ON_HAND_MAX}");
            return Err(Problem::field(&format!("{place}on_hand"), message));
        }
        Ok(NewVariant {
            sku: self.sku,
            title: self.title.unwrap_or_else(VariantTitle::none),
            prices: self.prices,
            image_url: self.image_url,
            on_hand,
        })
    }
}
