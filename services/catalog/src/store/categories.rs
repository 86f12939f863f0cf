//! The statements on categories.

use kernel::params;
use kernel::store::{OnConstraint, StoreError, Tx};
use serde::Deserialize;

use crate::domain::category::{Category, CategoryId, Node, Tree};
use crate::domain::text::{Slug, Title};
use crate::error::Error;

/// A category with how much is in it.
#[derive(Debug, Deserialize)]
pub struct Counted {
    /// Which.
    pub id: CategoryId,
    /// Its name in addresses.
    pub slug: Slug,
    /// What it is called.
    pub title: Title,
    /// The one that it is part of.
    pub parent_id: Option<CategoryId>,
    /// Its place among its neighbours.
    pub position: u32,
    /// How many products on sale it and all below it have.
    pub products: i64,
}

/// Takes its turn at the tree: of two at once the second runs again.
pub fn take_turn(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.run(
        "insert into turns (project_id, turns) values ($1, 1)
         on conflict (project_id) do update set turns = turns.turns + 1",
        params![tx.project()?],
    )
    .map(drop)
}

/// How the categories of the project stand: there are at most a thousand.
pub fn tree(tx: &mut Tx<'_>) -> Result<Tree, StoreError> {
    let nodes: Vec<Node> = tx.rows(
        "select id, slug, parent_id from categories where project_id = $1 limit 1000",
        params![tx.project()?],
    )?;
    Ok(Tree::of(nodes))
}

/// One category.
pub fn category(tx: &mut Tx<'_>, id: CategoryId) -> Result<Option<Category>, StoreError> {
    tx.row(
        "select id, slug, title, parent_id, position from categories where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )
}

/// How many products on sale a category has.
pub fn counted(tx: &mut Tx<'_>, id: CategoryId) -> Result<i64, StoreError> {
    let found: Option<i64> = tx.row(
        "select products from category_counts where project_id = $1 and category_id = $2",
        params![tx.project()?, id],
    )?;
    Ok(found.unwrap_or(0))
}

/// All categories, neighbours in their order: there are at most a thousand.
pub fn categories(tx: &mut Tx<'_>) -> Result<Vec<Counted>, StoreError> {
    tx.rows(
        "select c.id, c.slug, c.title, c.parent_id, c.position, n.products
         from categories as c join category_counts as n on n.project_id = c.project_id and n.category_id = c.id
         where c.project_id = $1 order by c.position, c.id limit 1000",
        params![tx.project()?],
    )
}

/// Stores a new category, with nothing in it.
pub fn insert_category(tx: &mut Tx<'_>, category: &Category) -> Result<(), Error> {
    let project = tx.project()?;
    tx.run(
        "insert into categories (project_id, id, slug, title, parent_id, position) values ($1, $2, $3, $4, $5, $6)",
        params![project, category.id, category.slug, category.title, category.parent_id, category.position],
    )
    .map(drop)
    .on_constraint("categories_slug_key", || Error::Taken("slug"))?;
    tx.run(
        "insert into category_counts (project_id, category_id, products) values ($1, $2, 0)",
        params![project, category.id],
    )
    .map(drop)
    .map_err(Error::from)
}

/// Stores a category as it is now.
pub fn update_category(tx: &mut Tx<'_>, category: &Category) -> Result<(), Error> {
    tx.run(
        "update categories set slug = $3, title = $4, parent_id = $5, position = $6
         where project_id = $1 and id = $2",
        params![
            tx.project()?,
            category.id,
            category.slug,
            category.title,
            category.parent_id,
            category.position
        ],
    )
    .map(drop)
    .on_constraint("categories_slug_key", || Error::Taken("slug"))
}

/// Takes a category away that nothing is in; says whether it was there.
pub fn delete_category(tx: &mut Tx<'_>, id: CategoryId) -> Result<bool, Error> {
    let project = tx.project()?;
    let gone = tx
        .run("delete from categories where project_id = $1 and id = $2", params![project, id])
        .on_constraint("foreign_key", || Error::CategoryInUse)?;
    tx.run("delete from category_counts where project_id = $1 and category_id = $2", params![project, id])?;
    Ok(gone > 0)
}
