//! A product with its variants, and what it is to lists and to other services.

use contracts::events::commerce::{ProductChanged, VariantFacts};
use contracts::{ProductId, Timestamp, VariantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::category::CategoryId;
use super::price::{Price, Prices, lowest};
use super::stock::{Availability, Stock};
use super::text::{Alt, Description, ImageUrl, Sku, Slug, Title, VariantTitle};

/// The most variants of one product.
pub const VARIANTS_MAX: usize = 100;
/// The most pictures of one product.
pub const IMAGES_MAX: usize = 20;

/// Whether a product is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not yet.
    #[default]
    Draft,
    /// It can be seen and bought.
    OnSale,
    /// No more.
    Archived,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://images.example/hose.jpg", "alt": "A green garden hose, rolled up"}))]
pub struct Image {
    /// Where it is.
    pub url: ImageUrl,
    /// What it shows, for those who do not see it.
    pub alt: Alt,
}

/// Something that the shop sells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Which.
    pub id: ProductId,
    /// Its name in addresses.
    pub slug: Slug,
    /// What it is called.
    pub title: Title,
    /// What is to be said about it.
    pub description: Description,
    /// The category that it is in.
    pub category_id: Option<CategoryId>,
    /// Whether it is shown.
    pub status: Status,
    /// Its pictures; the first is shown in lists.
    pub images: Vec<Image>,
    /// Its variants, at least one, in the order in which they are shown.
    pub variants: Vec<Variant>,
    /// How often it has been changed.
    pub version: u64,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The very thing that is priced, stocked and bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Which.
    pub id: VariantId,
    /// Its place among the others.
    pub position: u32,
    /// The shop's own name for it.
    pub sku: Sku,
    /// What tells it from the others; empty where it is alone.
    pub title: VariantTitle,
    /// What it costs.
    pub prices: Prices,
    /// A picture of it.
    pub image_url: Option<ImageUrl>,
    /// How much there is.
    pub stock: Stock,
}

/// What is to be different about a product; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct ProductChange {
    /// Its name in addresses.
    pub slug: Option<Slug>,
    /// What it is called.
    pub title: Option<Title>,
    /// What is to be said about it.
    pub description: Option<Description>,
    /// The category that it is in; none inside takes it out of all.
    pub category_id: Option<Option<CategoryId>>,
    /// Whether it is shown.
    pub status: Option<Status>,
    /// Its pictures, all of them.
    pub images: Option<Vec<Image>>,
}

/// What is to be different about a variant; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct VariantChange {
    /// The shop's own name for it.
    pub sku: Option<Sku>,
    /// What tells it from the others.
    pub title: Option<VariantTitle>,
    /// What it costs, in all currencies.
    pub prices: Option<Prices>,
    /// A picture of it; none inside takes it away.
    pub image_url: Option<Option<ImageUrl>>,
}

/// A variant that is to be; its id and place are given to it.
#[derive(Clone, Debug)]
pub struct NewVariant {
    /// The shop's own name for it.
    pub sku: Sku,
    /// What tells it from the others.
    pub title: VariantTitle,
    /// What it costs.
    pub prices: Prices,
    /// A picture of it.
    pub image_url: Option<ImageUrl>,
    /// How much there is at first.
    pub on_hand: i64,
}

/// Why a product stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProduct {
    /// It has as many variants as it may.
    #[error("a product has at most {VARIANTS_MAX} variants")]
    TooManyVariants,
    /// Its last variant would go.
    #[error("a product has at least one variant; archive the product instead")]
    LastVariant,
    /// Orders wait for it.
    #[error("orders wait for this variant")]
    Promised,
    /// It has no such variant.
    #[error("there is no such variant")]
    NoVariant,
}

impl Product {
    /// What a buyer is told about its stock: the best that one of its variants has.
    pub fn availability(&self) -> Availability {
        let each = self.variants.iter().map(|variant| variant.stock.availability());
        each.max().unwrap_or(Availability::OutOfStock)
    }

    /// Its lowest price in each currency.
    pub fn lowest_prices(&self) -> Vec<Price> {
        lowest(self.variants.iter().flat_map(|variant| variant.prices.iter()))
    }

    /// The picture in lists: its first, or that of its first variant with one.
    pub fn face(&self) -> Option<Image> {
        let of_variant = || {
            let url = self.variants.iter().find_map(|variant| variant.image_url.clone())?;
            Some(Image { url, alt: Alt::of(&self.title) })
        };
        self.images.first().cloned().or_else(of_variant)
    }

    /// The same with changes.
    pub fn change(self, change: ProductChange) -> Self {
        Self {
            slug: change.slug.unwrap_or(self.slug),
            title: change.title.unwrap_or(self.title),
            description: change.description.unwrap_or(self.description),
            category_id: change.category_id.unwrap_or(self.category_id),
            status: change.status.unwrap_or(self.status),
            images: change.images.unwrap_or(self.images),
            ..self
        }
    }

    /// The same with one more variant, at the end.
    pub fn with_variant(mut self, id: VariantId, new: NewVariant) -> Result<Self, BadProduct> {
        if self.variants.len() >= VARIANTS_MAX {
            return Err(BadProduct::TooManyVariants);
        }
        let position = self.variants.last().map_or(0, |last| last.position + 1);
        let NewVariant { sku, title, prices, image_url, on_hand } = new;
        let stock = Stock { on_hand, committed: 0 };
        self.variants.push(Variant { id, position, sku, title, prices, image_url, stock });
        Ok(self)
    }

    /// The same with a variant changed.
    pub fn change_variant(mut self, id: VariantId, change: VariantChange) -> Result<Self, BadProduct> {
        let variant =
            self.variants.iter_mut().find(|variant| variant.id == id).ok_or(BadProduct::NoVariant)?;
        let VariantChange { sku, title, prices, image_url } = change;
        *variant = Variant {
            sku: sku.unwrap_or(variant.sku.clone()),
            title: title.unwrap_or(variant.title.clone()),
            prices: prices.unwrap_or(variant.prices.clone()),
            image_url: image_url.unwrap_or(variant.image_url.clone()),
            ..variant.clone()
        };
        Ok(self)
    }

    /// The same without a variant for which no order waits.
    pub fn without_variant(mut self, id: VariantId) -> Result<Self, BadProduct> {
        let at = self.variants.iter().position(|variant| variant.id == id).ok_or(BadProduct::NoVariant)?;
        if self.variants.len() == 1 {
            return Err(BadProduct::LastVariant);
        }
        if self.variants[at].stock.committed != 0 {
            return Err(BadProduct::Promised);
        }
        self.variants.remove(at);
        Ok(self)
    }

    /// Whether something differs that is not stock.
    pub fn differs_from(&self, other: &Self) -> bool {
        let still = |product: &Self| {
            let mut still = product.clone();
            still.variants.iter_mut().for_each(|variant| variant.stock = Stock::default());
            still
        };
        still(self) != still(other)
    }

    /// All that others need to know of it.
    pub fn facts(&self) -> ProductChanged {
        let variant = |variant: &Variant| VariantFacts {
            variant_id: variant.id,
            sku: variant.sku.to_string(),
            title: variant.title.to_string(),
            prices: variant.prices.iter().map(|price| (*price).into()).collect(),
            image_url: variant.image_url.as_ref().map(ToString::to_string),
        };
        ProductChanged {
            product_id: self.id,
            title: self.title.to_string(),
            on_sale: self.status == Status::OnSale,
            variants: self.variants.iter().map(variant).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::{Currency, Id, Money};

    use super::*;

    fn new(sku: &str, prices: &[(i64, Currency)], on_hand: i64) -> NewVariant {
        let prices = prices.iter().map(|(minor, currency)| Price::of(Money::new(*minor, *currency)).unwrap());
        NewVariant {
            sku: Sku::try_from(sku.to_owned()).unwrap(),
            title: VariantTitle::none(),
            prices: Prices::try_from(prices.collect::<Vec<_>>()).unwrap(),
            image_url: None,
            on_hand,
        }
    }

    fn product(variants: Vec<NewVariant>) -> Product {
        let empty = Product {
            id: ProductId::from_u128(1),
            slug: Slug::try_from("hose".to_owned()).unwrap(),
            title: Title::try_from("Hose".to_owned()).unwrap(),
            description: Description::none(),
            category_id: None,
            status: Status::OnSale,
            images: Vec::new(),
            variants: Vec::new(),
            version: 1,
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        };
        let numbered = variants.into_iter().zip(1_u128..);
        numbered
            .fold(empty, |product, (new, id)| product.with_variant(VariantId::from_u128(id), new).unwrap())
    }

    #[test]
    fn a_product_shows_the_best_of_its_variants() {
        let hose = product(vec![
            new("a", &[(500, Currency::INR), (9, Currency::EUR)], 0),
            new("b", &[(400, Currency::INR)], 3),
        ]);
        assert_eq!(hose.availability(), Availability::LowStock);
        let from: Vec<_> =
            hose.lowest_prices().iter().map(|price| (price.amount(), price.currency())).collect();
        assert_eq!(from, [(400, Currency::INR), (9, Currency::EUR)]);
    }

    #[test]
    fn the_last_variant_and_one_that_orders_wait_for_stay() {
        let (first, second) = (VariantId::from_u128(1), VariantId::from_u128(2));
        let mut hose = product(vec![new("a", &[], 1), new("b", &[], 1)]);
        assert_eq!(hose.clone().without_variant(VariantId::from_u128(9)), Err(BadProduct::NoVariant));
        hose.variants[0].stock.committed = 1;
        assert_eq!(hose.clone().without_variant(first), Err(BadProduct::Promised));
        let alone = hose.without_variant(second).unwrap();
        assert_eq!(alone.without_variant(first), Err(BadProduct::LastVariant));
    }

    #[test]
    fn a_product_has_at_most_a_hundred_variants() {
        let many = (0..VARIANTS_MAX).map(|number| new(&format!("s{number}"), &[], 0)).collect();
        let full = product(many).with_variant(VariantId::from_u128(999), new("more", &[], 0));
        assert_eq!(full, Err(BadProduct::TooManyVariants));
    }

    #[test]
    fn stock_is_no_change_of_the_product() {
        let hose = product(vec![new("a", &[], 1)]);
        let mut sold = hose.clone();
        sold.variants[0].stock.on_hand = 0;
        assert!(!sold.differs_from(&hose) && sold != hose);
        let change = ProductChange { status: Some(Status::Archived), ..ProductChange::default() };
        assert!(hose.clone().change(change).differs_from(&hose));
    }

    #[test]
    fn a_new_variant_stands_behind_all_that_are_there() {
        let hose = product(vec![new("a", &[], 0), new("b", &[], 0), new("c", &[], 0)]);
        let hose = hose.without_variant(VariantId::from_u128(2)).unwrap();
        let hose = hose.with_variant(VariantId::from_u128(4), new("d", &[], 0)).unwrap();
        let places: Vec<u32> = hose.variants.iter().map(|variant| variant.position).collect();
        assert_eq!(places, [0, 2, 3]);
    }
}
