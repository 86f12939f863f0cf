//! What rows of a sheet make of products: each row is taken whole or not at all, and the others go on.

use std::collections::HashMap;

use contracts::{ProductId, Timestamp, VariantId};

use super::category::Tree;
use super::price::Prices;
use super::product::{NewVariant, Product, ProductChange, Status, Variant, VariantChange};
use super::sheet::{BadCell, Column, Row};
use super::text::{Description, Sku, Slug, Title, VariantTitle};

/// A product as it was, if it was, and as it is to be.
#[derive(Clone, Debug)]
pub struct Revision {
    /// As it was.
    pub before: Option<Product>,
    /// As it is to be.
    pub after: Product,
}

/// Products that rows are taken into.
#[derive(Clone, Debug)]
pub struct Intake<'t> {
    revisions: Vec<Revision>,
    by_sku: HashMap<Sku, usize>,
    /// Names that are given away within one intake stay taken, so that no order of writing is wrong.
    by_slug: HashMap<Slug, usize>,
    tree: &'t Tree,
    at: Timestamp,
}

impl<'t> Intake<'t> {
    /// Takes rows into `products`: those that the rows name by a SKU or a slug.
    pub fn into(products: Vec<Product>, tree: &'t Tree, at: Timestamp) -> Self {
        let mut intake =
            Self { revisions: Vec::new(), by_sku: HashMap::new(), by_slug: HashMap::new(), tree, at };
        for product in products {
            intake.put(Revision { before: Some(product.clone()), after: product }, None);
        }
        intake
    }

    /// Takes one row; `ids` are for what is new.
    pub fn take(&mut self, row: &Row, ids: (ProductId, VariantId)) -> Result<(), BadCell> {
        let category_id = self.category(row)?;
        match self.by_sku.get(&row.sku).copied() {
            Some(at) => self.change(at, row, category_id),
            None => self.grow(row, category_id, ids),
        }
    }

    /// What became of the products; those that no row touched are as they were.
    pub fn revisions(self) -> Vec<Revision> {
        self.revisions
    }

    fn category(&self, row: &Row) -> Result<Option<Option<super::CategoryId>>, BadCell> {
        let Some(Some(slug)) = &row.category else { return Ok(row.category.as_ref().map(|_| None)) };
        let named = self.tree.named(slug);
        named
            .map(|id| Some(Some(id)))
            .ok_or_else(|| BadCell::at(Column::Category, "there is no such category"))
    }

    fn change(
        &mut self,
        at: usize,
        row: &Row,
        category_id: Option<Option<super::CategoryId>>,
    ) -> Result<(), BadCell> {
        let product = self.revisions[at].after.clone();
        if let Some(slug) = &row.slug
            && self.by_slug.get(slug).is_some_and(|other| *other != at)
        {
            return Err(BadCell::at(Column::Slug, "another product has it"));
        }
        let mut product = product.change(product_change(row, category_id));
        let variant = product.variants.iter_mut().find(|variant| variant.sku == row.sku);
        let variant = variant.ok_or_else(|| BadCell::whole("there is no such variant"))?;
        *variant = changed(variant.clone(), row)?;
        self.put(Revision { before: self.revisions[at].before.clone(), after: product }, Some(at));
        Ok(())
    }

    fn grow(
        &mut self,
        row: &Row,
        category_id: Option<Option<super::CategoryId>>,
        (product_id, variant_id): (ProductId, VariantId),
    ) -> Result<(), BadCell> {
        let slug = match (&row.slug, &row.title) {
            (Some(slug), _) => slug.clone(),
            (None, Some(title)) => Slug::of(title),
            (None, None) => return Err(BadCell::at(Column::Title, "a new product needs a title")),
        };
        let at = self.by_slug.get(&slug).copied();
        let (before, product) = match (at, &row.title) {
            (Some(at), _) => (self.revisions[at].before.clone(), self.revisions[at].after.clone()),
            (None, Some(title)) => (None, self.empty(product_id, slug, title.clone())),
            (None, None) => return Err(BadCell::at(Column::Title, "a new product needs a title")),
        };
        let prices = row.price.map_or(Ok(Prices::default()), |price| Prices::default().with(price));
        let new = NewVariant {
            sku: row.sku.clone(),
            title: row.variant_title.clone().unwrap_or_else(VariantTitle::none),
            prices: prices.map_err(|bad| BadCell::at(Column::Price, bad.to_string()))?,
            image_url: row.image_url.clone().flatten(),
            on_hand: row.on_hand.unwrap_or(0),
        };
        // The name found it, so the name stays.
        let change = ProductChange { slug: None, ..product_change(row, category_id) };
        let after = product.change(change).with_variant(variant_id, new);
        let after = after.map_err(|bad| BadCell::whole(bad.to_string()))?;
        self.put(Revision { before, after }, at);
        Ok(())
    }

    fn empty(&self, id: ProductId, slug: Slug, title: Title) -> Product {
        Product {
            id,
            slug,
            title,
            description: Description::none(),
            category_id: None,
            status: Status::Draft,
            images: Vec::new(),
            variants: Vec::new(),
            version: 0,
            created_at: self.at,
            updated_at: self.at,
        }
    }

    fn put(&mut self, revision: Revision, at: Option<usize>) {
        let at = at.unwrap_or(self.revisions.len());
        self.by_slug.insert(revision.after.slug.clone(), at);
        let skus = revision.after.variants.iter().map(|variant| (variant.sku.clone(), at));
        self.by_sku.extend(skus);
        match self.revisions.get_mut(at) {
            Some(place) => *place = revision,
            None => self.revisions.push(revision),
        }
    }
}

fn product_change(row: &Row, category_id: Option<Option<super::CategoryId>>) -> ProductChange {
    ProductChange {
        slug: row.slug.clone(),
        title: row.title.clone(),
        description: row.description.clone(),
        category_id,
        status: row.status,
        images: None,
    }
}

fn changed(variant: Variant, row: &Row) -> Result<Variant, BadCell> {
    let prices = row.price.map_or(Ok(variant.prices.clone()), |price| variant.prices.with(price));
    let prices = prices.map_err(|bad| BadCell::at(Column::Price, bad.to_string()))?;
    let VariantChange { title, image_url, .. } = VariantChange {
        title: row.variant_title.clone(),
        image_url: row.image_url.clone(),
        ..VariantChange::default()
    };
    let mut stock = variant.stock;
    stock.on_hand = row.on_hand.unwrap_or(stock.on_hand);
    Ok(Variant {
        prices,
        stock,
        title: title.unwrap_or(variant.title),
        image_url: image_url.unwrap_or(variant.image_url),
        ..variant
    })
}

#[cfg(test)]
mod tests;
