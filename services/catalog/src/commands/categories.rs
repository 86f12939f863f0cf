//! Making, moving and taking away categories. Products stand on the shelves of all categories above them, so that
//! they move along.

use std::collections::BTreeMap;

use kernel::store::Tx;

use crate::domain::category::{Category, CategoryId, Tree};
use crate::domain::text::{Slug, Title};
use crate::error::Error;
use crate::store::{categories, shelves};

/// A category that is to be.
#[derive(Clone, Debug)]
pub struct NewCategory {
    /// Its name in addresses; made of the title where none is given.
    pub slug: Option<Slug>,
    /// What it is called.
    pub title: Title,
    /// The one that it is part of.
    pub parent_id: Option<CategoryId>,
    /// Its place among its neighbours.
    pub position: u32,
}

/// What is to be different about a category; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct CategoryChange {
    /// Its name in addresses.
    pub slug: Option<Slug>,
    /// What it is called.
    pub title: Option<Title>,
    /// The one that it is part of; none inside puts it at the top.
    pub parent_id: Option<Option<CategoryId>>,
    /// Its place among its neighbours.
    pub position: Option<u32>,
}

/// Makes a category.
pub fn create(tx: &mut Tx<'_>, new: &NewCategory) -> Result<Category, Error> {
    categories::take_turn(tx)?;
    categories::tree(tx)?.may_grow(new.parent_id)?;
    let NewCategory { slug, title, parent_id, position } = new.clone();
    let slug = slug.unwrap_or_else(|| Slug::of(&title));
    let category = Category { id: tx.new_id(), slug, title, parent_id, position };
    categories::insert_category(tx, &category)?;
    Ok(category)
}

/// Changes a category, and where it stands; says how many products on sale it has.
pub fn change(tx: &mut Tx<'_>, id: CategoryId, change: &CategoryChange) -> Result<(Category, i64), Error> {
    categories::take_turn(tx)?;
    let before = categories::category(tx, id)?.ok_or(Error::NoSuch("category"))?;
    let CategoryChange { slug, title, parent_id, position } = change.clone();
    let after = Category {
        id,
        slug: slug.unwrap_or(before.slug),
        title: title.unwrap_or(before.title),
        parent_id: parent_id.unwrap_or(before.parent_id),
        position: position.unwrap_or(before.position),
    };
    let products = categories::counted(tx, id)?;
    if after.parent_id != before.parent_id {
        let tree = categories::tree(tx)?;
        tree.may_move(id, after.parent_id)?;
        let (old, new) = (above(&tree, before.parent_id), above(&tree, after.parent_id));
        shelves::leave(tx, id, &old)?;
        shelves::join(tx, id, &new)?;
        let mut counts = BTreeMap::new();
        old.iter().for_each(|above| *counts.entry(*above).or_insert(0) -= products);
        new.iter().for_each(|above| *counts.entry(*above).or_insert(0) += products);
        shelves::count(tx, &counts)?;
    }
    categories::update_category(tx, &after)?;
    Ok((after, products))
}

/// Takes a category away that nothing is in.
pub fn delete(tx: &mut Tx<'_>, id: CategoryId) -> Result<(), Error> {
    categories::take_turn(tx)?;
    if categories::delete_category(tx, id)? { Ok(()) } else { Err(Error::NoSuch("category")) }
}

fn above(tree: &Tree, parent: Option<CategoryId>) -> Vec<CategoryId> {
    parent.map(|parent| tree.path(parent)).unwrap_or_default()
}
