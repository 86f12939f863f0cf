//! The tree of categories.

use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{WRITE, look, said};
use crate::commands::categories::{self as commands, CategoryChange, NewCategory};
use crate::domain::text::{Slug, Title};
use crate::domain::{Category, CategoryId};
use crate::store;
use crate::store::categories::Counted;

/// A category that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Garden", "position": 1}))]
pub(super) struct CreateCategory {
    /// Its name in addresses; made of the title where it is left out.
    slug: Option<Slug>,
    /// What it is called.
    title: Title,
    /// The one that it is part of; at the top where it is left out.
    parent_id: Option<CategoryId>,
    /// Its place among its neighbours; the first where it is left out.
    #[schema(minimum = 0, maximum = 1_000_000)]
    position: Option<u32>,
}

/// What is to be different about a category; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Garden and balcony", "parent_id": null}))]
pub(super) struct ChangeCategory {
    /// Its name in addresses.
    slug: Option<Slug>,
    /// What it is called.
    title: Option<Title>,
    /// The one that it is part of; null puts it at the top.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<CategoryId>)]
    parent_id: Option<Option<CategoryId>>,
    /// Its place among its neighbours.
    #[schema(minimum = 0, maximum = 1_000_000)]
    position: Option<u32>,
}

/// A category.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "cat_01jd3sa4k8qm7v2x9c5f0t6w1b", "slug": "garden", "title": "Garden",
    "parent_id": null, "position": 1, "product_count": 12}))]
pub(super) struct CategoryView {
    /// Which.
    id: CategoryId,
    /// Its name in addresses.
    slug: String,
    /// What it is called.
    title: String,
    /// The one that it is part of.
    parent_id: Option<CategoryId>,
    /// Its place among its neighbours.
    position: u32,
    /// How many products on sale it and all below it have.
    product_count: i64,
}

/// The categories of a project.
#[derive(Serialize, ToSchema)]
pub(super) struct Categories {
    /// All of them, at most 1,000, neighbours in their order.
    data: Vec<CategoryView>,
}

/// What is gone.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "cat_01jd3sa4k8qm7v2x9c5f0t6w1b", "deleted": true}))]
pub(super) struct DeletedCategory {
    /// Which.
    id: CategoryId,
    /// It is gone.
    deleted: bool,
}

const POSITION_MAX: u32 = 1_000_000;

/// Lists all categories of the project.
#[utoipa::path(get, path = "/api/v1/categories", tag = "categories",
    responses((status = 200, description = "The categories.", body = Categories)))]
pub(super) async fn list_categories(ctx: Ctx, caller: Caller) -> Answer<Categories> {
    let (scope, _) = look(&caller)?;
    let rows = ctx.read(scope, store::categories::categories).await;
    rows.map(|rows| Categories { data: rows.into_iter().map(CategoryView::from).collect() }).answered()
}

/// Makes a category.
#[utoipa::path(post, path = "/api/v1/categories", tag = "categories", request_body = CreateCategory,
    responses((status = 201, description = "It is there.", body = CategoryView)))]
pub(super) async fn create_category(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<CreateCategory>,
) -> Answer<CategoryView> {
    let scope = caller.require(WRITE)?;
    let position = sound(body.position)?.unwrap_or(0);
    let new = NewCategory { slug: body.slug, title: body.title, parent_id: body.parent_id, position };
    ctx.write(scope, key, move |tx| commands::create(tx, &new).map(|made| CategoryView::of(made, 0)))
        .await
        .created()
}

/// Changes a category; what is in it moves along.
#[utoipa::path(patch, path = "/api/v1/categories/{id}", tag = "categories", request_body = ChangeCategory,
    params(("id" = CategoryId, Path)),
    responses((status = 200, description = "How it is now.", body = CategoryView)))]
pub(super) async fn change_category(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<CategoryId>,
    Json(body): Json<ChangeCategory>,
) -> Answer<CategoryView> {
    let scope = caller.require(WRITE)?;
    let position = sound(body.position)?;
    let change = CategoryChange { slug: body.slug, title: body.title, parent_id: body.parent_id, position };
    ctx.write(scope, key, move |tx| {
        commands::change(tx, id, &change).map(|(category, products)| CategoryView::of(category, products))
    })
    .await
    .answered()
}

/// Takes a category away in which nothing is.
#[utoipa::path(delete, path = "/api/v1/categories/{id}", tag = "categories", params(("id" = CategoryId, Path)),
    responses((status = 200, description = "It is gone.", body = DeletedCategory)))]
pub(super) async fn delete_category(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(id): Path<CategoryId>,
) -> Answer<DeletedCategory> {
    let scope = caller.require(WRITE)?;
    ctx.write(scope, key, move |tx| commands::delete(tx, id).map(|()| DeletedCategory { id, deleted: true }))
        .await
        .answered()
}

fn sound(position: Option<u32>) -> Result<Option<u32>, Problem> {
    if position.is_some_and(|position| position > POSITION_MAX) {
        return Err(Problem::field("position", format!("is a number from 0 to {POSITION_MAX}")));
    }
    Ok(position)
}

impl CategoryView {
    fn of(category: Category, product_count: i64) -> Self {
        let Category { id, slug, title, parent_id, position } = category;
        Self { id, slug: slug.to_string(), title: title.to_string(), parent_id, position, product_count }
    }
}

impl From<Counted> for CategoryView {
    fn from(counted: Counted) -> Self {
        let Counted { id, slug, title, parent_id, position, products } = counted;
        Self::of(Category { id, slug, title, parent_id, position }, products)
    }
}
