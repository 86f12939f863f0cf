//! The tree of categories, and where one may stand in it.

use std::collections::HashMap;

use serde::Deserialize;

use super::text::{Slug, Title};

contracts::ids! {
    /// A category of products.
    CategoryId = "cat";
}

/// The most categories of one project.
pub const CATEGORIES_MAX: usize = 1_000;
/// The most categories from the top to the bottom.
pub const DEPTH_MAX: usize = 6;

/// A category.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Category {
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
}

/// How the categories of a project stand: which is part of which.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: HashMap<CategoryId, Node>,
    slugs: HashMap<Slug, CategoryId>,
}

/// A category as the tree knows it.
#[derive(Clone, Debug, Deserialize)]
pub struct Node {
    /// Which.
    pub id: CategoryId,
    /// Its name in addresses.
    pub slug: Slug,
    /// The one that it is part of.
    pub parent_id: Option<CategoryId>,
}

/// Why a category may not stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPlace {
    /// The parent is not there.
    #[error("there is no such category")]
    NoParent,
    /// It would be part of itself.
    #[error("a category cannot be part of itself")]
    Circle,
    /// The tree would be too deep.
    #[error("the tree has at most {DEPTH_MAX} levels")]
    TooDeep,
    /// There are too many.
    #[error("a project has at most {CATEGORIES_MAX} categories")]
    TooMany,
}

impl Tree {
    /// The tree of these categories.
    pub fn of(nodes: Vec<Node>) -> Self {
        let slugs = nodes.iter().map(|node| (node.slug.clone(), node.id)).collect();
        Self { nodes: nodes.into_iter().map(|node| (node.id, node)).collect(), slugs }
    }

    /// Whether it is there.
    pub fn holds(&self, id: CategoryId) -> bool {
        self.nodes.contains_key(&id)
    }

    /// The category of this name.
    pub fn named(&self, slug: &Slug) -> Option<CategoryId> {
        self.slugs.get(slug).copied()
    }

    /// The name of a category.
    pub fn slug(&self, id: CategoryId) -> Option<&Slug> {
        self.nodes.get(&id).map(|node| &node.slug)
    }

    /// The category and all that it is part of, itself first; nothing where it is not there.
    pub fn path(&self, id: CategoryId) -> Vec<CategoryId> {
        let mut path = Vec::new();
        let mut next = self.nodes.get(&id);
        while let Some(node) = next.filter(|_| path.len() < DEPTH_MAX) {
            path.push(node.id);
            next = node.parent_id.and_then(|parent| self.nodes.get(&parent));
        }
        path
    }

    /// Whether one more category may be part of `parent`.
    pub fn may_grow(&self, parent: Option<CategoryId>) -> Result<(), BadPlace> {
        if self.nodes.len() >= CATEGORIES_MAX {
            return Err(BadPlace::TooMany);
        }
        self.fits(parent, 1)
    }

    /// Whether `id`, with all below it, may be part of `parent`.
    pub fn may_move(&self, id: CategoryId, parent: Option<CategoryId>) -> Result<(), BadPlace> {
        if parent.is_some_and(|parent| self.path(parent).contains(&id)) {
            return Err(BadPlace::Circle);
        }
        self.fits(parent, self.height(id))
    }

    fn fits(&self, parent: Option<CategoryId>, height: usize) -> Result<(), BadPlace> {
        let depth = match parent {
            Some(parent) if !self.holds(parent) => return Err(BadPlace::NoParent),
            Some(parent) => self.path(parent).len(),
            None => 0,
        };
        if depth + height > DEPTH_MAX { Err(BadPlace::TooDeep) } else { Ok(()) }
    }

    /// How many levels `id` and all below it have.
    fn height(&self, id: CategoryId) -> usize {
        let below = self.nodes.keys().filter_map(|other| self.path(*other).iter().position(|at| *at == id));
        below.max().map_or(1, |levels| levels + 1)
    }
}

#[cfg(test)]
mod tests {
    use contracts::Id;
    use proptest::prelude::*;

    use super::*;

    fn id(number: u128) -> CategoryId {
        CategoryId::from_u128(number)
    }

    fn node(number: u128, parent: Option<u128>) -> Node {
        let slug = Slug::try_from(format!("c{number}")).unwrap();
        Node { id: id(number), slug, parent_id: parent.map(id) }
    }

    fn chain(length: u128) -> Tree {
        Tree::of((1..=length).map(|number| node(number, (number > 1).then(|| number - 1))).collect())
    }

    #[test]
    fn a_tree_is_neither_deep_nor_a_circle() {
        let tree = chain(6);
        assert_eq!(tree.path(id(3)), [id(3), id(2), id(1)]);
        assert_eq!(tree.may_grow(Some(id(6))), Err(BadPlace::TooDeep));
        assert_eq!(tree.may_grow(Some(id(5))), Ok(()));
        assert_eq!(tree.may_grow(Some(id(9))), Err(BadPlace::NoParent));
        assert_eq!(tree.may_move(id(2), Some(id(4))), Err(BadPlace::Circle));
        assert_eq!(tree.may_move(id(2), Some(id(2))), Err(BadPlace::Circle));
        assert_eq!(tree.may_move(id(2), None), Ok(()));
        assert_eq!(tree.named(&Slug::try_from("c4".to_owned()).unwrap()), Some(id(4)));
    }

    #[test]
    fn what_is_below_moves_along_and_counts() {
        let mut nodes: Vec<Node> = chain(3).nodes.into_values().collect();
        nodes.extend([node(11, None), node(12, Some(11)), node(13, Some(12)), node(14, Some(13))]);
        let tree = Tree::of(nodes);
        assert_eq!(tree.may_move(id(1), Some(id(13))), Ok(()));
        assert_eq!(tree.may_move(id(1), Some(id(14))), Err(BadPlace::TooDeep));
    }

    #[test]
    fn a_project_has_not_more_than_a_thousand() {
        let tree = Tree::of((1..=1_000).map(|number| node(number, None)).collect());
        assert_eq!(tree.may_grow(None), Err(BadPlace::TooMany));
    }

    proptest! {
        #[test]
        fn whatever_is_allowed_leaves_a_tree(moves in proptest::collection::vec((1_u128..9, 0_u128..9), 0..40)) {
            let mut nodes: Vec<Node> = (1..9).map(|number| node(number, None)).collect();
            for (what, to) in moves {
                let parent = (to > 0).then(|| id(to));
                if Tree::of(nodes.clone()).may_move(id(what), parent).is_ok() {
                    nodes[what as usize - 1].parent_id = parent;
                }
                let tree = Tree::of(nodes.clone());
                for node in &nodes {
                    let path = tree.path(node.id);
                    let top = path.last().and_then(|top| tree.nodes.get(top));
                    prop_assert!(top.is_some_and(|top| top.parent_id.is_none()), "{:?}", path);
                }
            }
        }
    }
}
