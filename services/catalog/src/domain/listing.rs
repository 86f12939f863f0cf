//! What lists show: which shelves a product stands on, in what order, and where a page goes on.

use contracts::{Currency, ProductId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::category::CategoryId;
use super::price::Price;
use super::product::{Image, Product, Status};
use super::stock::Availability;
use super::text::{CategoryName, Title, fingerprint};

/// Stands behind every price: what has none comes last.
pub const NO_AMOUNT: i64 = i64::MAX;
/// Titles are ordered by so many letters.
const KEY_LETTERS: usize = 60;

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Sort {
    /// The newest first.
    #[default]
    #[serde(rename = "newest")]
    Newest,
    /// The cheapest first.
    #[serde(rename = "price")]
    Cheapest,
    /// The dearest first; what has no price before it.
    #[serde(rename = "-price")]
    Dearest,
    /// By title.
    #[serde(rename = "title")]
    Title,
}

/// Which products are wanted, and in what order.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The words that all must be in it, the longest first.
    pub words: Vec<String>,
    /// In this category or below it.
    pub category: Option<CategoryName>,
    /// From so many minor units.
    pub price_min: Option<i64>,
    /// To so many minor units.
    pub price_max: Option<i64>,
    /// Prices in this currency.
    pub currency: Option<Currency>,
    /// Only what can be bought now.
    pub in_stock: bool,
    /// Shown, not yet or no more.
    pub status: Option<Status>,
    /// The order.
    pub sort: Sort,
}

/// A product in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"id": "prd_01jd3sa4k8qm7v2x9c5f0t6w1b", "slug": "garden-hose", "title": "Garden hose",
    "image": {"url": "https://images.example/hose.jpg", "alt": "A green garden hose, rolled up"},
    "category_id": null, "status": "on_sale", "from_price": {"amount": 129_900, "currency": "INR"},
    "availability": "in_stock", "variant_count": 2}))]
pub struct Item {
    /// Which.
    pub id: ProductId,
    /// Its name in addresses.
    pub slug: String,
    /// What it is called.
    pub title: String,
    /// A picture of it.
    pub image: Option<Image>,
    /// The category that it is in.
    pub category_id: Option<CategoryId>,
    /// Whether it is shown.
    pub status: Status,
    /// What it costs at least: in the currency that was asked for or, where it has no price in it, in its first.
    pub from_price: Option<Price>,
    /// Whether it can be bought now.
    pub availability: Availability,
    /// How many variants it has.
    pub variant_count: u32,
    /// Its place in the order.
    #[serde(skip)]
    pub amount: i64,
}

/// Where a list goes on: behind this product, in the list that the filter made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    of: u64,
    /// What the list is ordered by.
    pub key: Key,
    /// The product.
    pub id: ProductId,
}

/// What a list is ordered by, besides the id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// Nothing: ids are ordered by time.
    Newest,
    /// A price.
    Amount(i64),
    /// A title as it is ordered.
    Title(String),
}

/// A product on a shelf.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shelf {
    /// The category; none is the shelf of everything.
    pub place: Option<CategoryId>,
    /// The currency; none is what is shown when none is asked for.
    pub currency: Option<Currency>,
    /// The lowest price in it.
    pub amount: i64,
}

impl Filter {
    /// The currency of the shelf: only where prices decide does what has none in it stay away.
    pub fn shelf_currency(&self) -> Option<Currency> {
        let by_price = match self.sort {
            Sort::Cheapest | Sort::Dearest => true,
            Sort::Newest | Sort::Title => self.price_min.is_some() || self.price_max.is_some(),
        };
        self.currency.filter(|_| by_price)
    }

    /// The prices that are wanted, both ends included.
    pub fn amounts(&self) -> (i64, i64) {
        match (self.price_min, self.price_max) {
            (None, None) => (0, NO_AMOUNT),
            (min, max) => (min.unwrap_or(0), max.unwrap_or(NO_AMOUNT - 1)),
        }
    }

    /// The place before everything in this list.
    pub fn start(&self) -> Place {
        use contracts::Id;
        let (first, last) = (ProductId::from_u128(0), ProductId::from_u128(u128::MAX));
        let (key, id) = match self.sort {
            Sort::Newest => (Key::Newest, last),
            Sort::Cheapest => (Key::Amount(-1), first),
            Sort::Dearest => (Key::Amount(NO_AMOUNT), last),
            Sort::Title => (Key::Title(String::new()), first),
        };
        Place { of: self.number(), key, id }
    }

    /// The place of a product in this list.
    pub fn place_of(&self, item: &Item) -> Place {
        let key = match self.sort {
            Sort::Newest => Key::Newest,
            Sort::Cheapest | Sort::Dearest => Key::Amount(item.amount),
            Sort::Title => Key::Title(key_of(&item.title)),
        };
        Place { of: self.number(), key, id: item.id }
    }

    /// Whether a place is one of this list.
    pub fn has(&self, place: &Place) -> bool {
        let fits = match (&place.key, self.sort) {
            (Key::Newest, Sort::Newest) | (Key::Amount(_), Sort::Cheapest | Sort::Dearest) => true,
            (Key::Title(key), Sort::Title) => !key.contains('\0'),
            (Key::Newest | Key::Amount(_) | Key::Title(_), _) => false,
        };
        fits && place.of == self.number()
    }

    /// The price that is shown.
    pub fn shown(&self, from_prices: &[Price]) -> Option<Price> {
        let asked = self.currency.and_then(|currency| from_prices.iter().find(|p| p.currency() == currency));
        asked.or(from_prices.first()).copied()
    }

    fn number(&self) -> u64 {
        fingerprint(&format!("{self:?}"))
    }
}

/// A title as it is ordered.
pub fn title_key(title: &Title) -> String {
    key_of(title.as_str())
}

fn key_of(title: &str) -> String {
    title.to_lowercase().chars().take(KEY_LETTERS).collect()
}

/// The shelves that a product stands on; `path` is its category and all above.
pub fn shelves(product: &Product, path: &[CategoryId]) -> Vec<Shelf> {
    let prices = product.lowest_prices();
    let shown = (None, prices.first().map_or(NO_AMOUNT, |price| price.amount()));
    let priced = prices.iter().map(|price| (Some(price.currency()), price.amount()));
    let rows: Vec<(Option<Currency>, i64)> = std::iter::once(shown).chain(priced).collect();
    let places = std::iter::once(None).chain(path.iter().copied().map(Some));
    places
        .flat_map(|place| rows.iter().map(move |(currency, amount)| (place, *currency, *amount)))
        .map(|(place, currency, amount)| Shelf { place, currency, amount })
        .collect()
}

#[cfg(test)]
mod tests {
    use contracts::Id;

    use super::*;

    fn filter(sort: Sort) -> Filter {
        Filter { sort, ..Filter::default() }
    }

    #[test]
    fn a_place_belongs_to_the_list_that_made_it() {
        let newest = filter(Sort::Newest);
        let place = newest.start();
        assert!(newest.has(&place));
        assert!(!filter(Sort::Title).has(&place));
        assert!(!Filter { in_stock: true, ..newest.clone() }.has(&place));
        assert!(!Filter { currency: Some(Currency::INR), ..newest.clone() }.has(&place));
        assert!(!newest.has(&Place { key: Key::Amount(1), ..place }));
    }

    #[test]
    fn a_forged_place_cannot_hold_what_a_database_does_not_take() {
        let title = filter(Sort::Title);
        assert!(!title.has(&Place { key: Key::Title("a\0".into()), ..title.start() }));
    }

    #[test]
    fn prices_choose_the_shelf_only_where_they_decide() {
        let inr = Some(Currency::INR);
        let asked = |sort, price_min| Filter { currency: inr, price_min, ..filter(sort) }.shelf_currency();
        assert_eq!(asked(Sort::Newest, None), None);
        assert_eq!(asked(Sort::Newest, Some(1)), inr);
        assert_eq!(asked(Sort::Cheapest, None), inr);
        assert_eq!(filter(Sort::Cheapest).shelf_currency(), None);
    }

    #[test]
    fn what_has_no_price_is_in_no_range_of_prices() {
        assert_eq!(filter(Sort::Newest).amounts(), (0, NO_AMOUNT));
        assert_eq!(Filter { price_min: Some(5), ..Filter::default() }.amounts(), (5, NO_AMOUNT - 1));
        assert_eq!(Filter { price_max: Some(5), ..Filter::default() }.amounts(), (0, 5));
    }

    #[test]
    fn a_place_is_that_of_its_product() {
        let item = Item {
            id: ProductId::from_u128(3),
            slug: "a".into(),
            title: "Ähre".into(),
            image: None,
            category_id: None,
            status: Status::OnSale,
            from_price: None,
            availability: Availability::InStock,
            variant_count: 1,
            amount: 70,
        };
        assert_eq!(filter(Sort::Title).place_of(&item).key, Key::Title("ähre".into()));
        assert_eq!(filter(Sort::Dearest).place_of(&item).key, Key::Amount(70));
    }
}
