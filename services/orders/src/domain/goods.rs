//! What is for sale, what is wished for, and what it costs. The caller's word on an amount counts for nothing.

use contracts::{Currency, Money, MoneyError, ProductId, VariantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most lines of a cart or an order.
pub const LINES_MAX: usize = 100;
/// The most of one variant that is asked for at a time.
pub const QUANTITY_MAX: u32 = 99;

/// How many of one variant: 1 to 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "u32")]
#[schema(value_type = u32, minimum = 1, maximum = 99, example = 2)]
pub struct Quantity(u32);

/// How many of one variant, or none: 0 to 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "u32")]
#[schema(value_type = u32, minimum = 0, maximum = 99, example = 2)]
pub struct QuantityOrNone(u32);

/// A number that nobody may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number up to 99 is expected")]
pub struct BadQuantity;

/// A variant as it is offered today, in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Offer {
    /// Which.
    pub variant_id: VariantId,
    /// Of which product.
    pub product_id: ProductId,
    /// The shop's own name for it.
    pub sku: String,
    /// The product's title.
    pub title: String,
    /// What tells it from the product's other variants.
    pub variant_title: String,
    /// A picture.
    pub image_url: Option<String>,
    /// Whether it can be bought.
    pub on_sale: bool,
    /// What one costs in minor units, where it is sold in the currency.
    pub price: Option<i64>,
    /// How many nobody has been promised.
    pub available: i64,
}

/// So many of something, which is offered or not known at all.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Of what.
    pub variant_id: VariantId,
    /// How many.
    pub quantity: u32,
    /// How it is offered.
    pub offer: Option<Offer>,
}

/// Why a line of a cart cannot be bought as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineProblem {
    /// It is sold no more.
    Gone,
    /// There are fewer than are asked for.
    NotEnoughStock,
    /// It has no price in the cart's currency.
    NotSoldInCurrency,
}

/// A line of an order: what was bought, at the price and under the names of that day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which variant.
    pub variant_id: VariantId,
    /// Of which product.
    pub product_id: ProductId,
    /// The shop's own name for it.
    pub sku: String,
    /// The product's title.
    pub title: String,
    /// What tells it from the product's other variants.
    pub variant_title: String,
    /// A picture.
    pub image_url: Option<String>,
    /// How many.
    pub quantity: u32,
    /// What one costs.
    pub unit: Money,
    /// What they cost together.
    pub amount: Money,
}

/// Lines with what they cost together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// One a variant.
    pub lines: Vec<Line>,
    /// Their sum.
    pub total: Money,
}

/// A variant of which there is too little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Shortage {
    /// Which.
    pub variant_id: VariantId,
    /// How many are asked for.
    pub wanted: u32,
    /// How many there are.
    pub available: i64,
}

/// Why wishes do not become an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing is wished for.
    #[error("there is nothing in it")]
    Empty,
    /// Some of it is not sold, or not in this currency.
    #[error("some of it is not for sale")]
    NotForSale(Vec<VariantId>),
    /// There is too little of some of it.
    #[error("there is not enough of some of it")]
    NotEnough(Vec<Shortage>),
    /// All of it together costs nothing, and nobody takes such a payment.
    #[error("an order that costs nothing cannot be paid")]
    NothingToPay,
    /// The sum is beyond what can be kept.
    #[error(transparent)]
    Amount(#[from] MoneyError),
}

impl Quantity {
    /// The number.
    pub const fn count(self) -> u32 {
        self.0
    }
}

impl QuantityOrNone {
    /// The number.
    pub const fn count(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Quantity {
    type Error = BadQuantity;

    fn try_from(count: u32) -> Result<Self, BadQuantity> {
        if (1..=QUANTITY_MAX).contains(&count) { Ok(Self(count)) } else { Err(BadQuantity) }
    }
}

impl TryFrom<u32> for QuantityOrNone {
    type Error = BadQuantity;

    fn try_from(count: u32) -> Result<Self, BadQuantity> {
        if count <= QUANTITY_MAX { Ok(Self(count)) } else { Err(BadQuantity) }
    }
}

impl Offer {
    /// What one costs, where it can be bought.
    pub fn unit(&self, currency: Currency) -> Option<Money> {
        self.price.filter(|_| self.on_sale).map(|amount| Money::new(amount, currency))
    }
}

impl Wish {
    /// What one costs, where it can be bought.
    pub fn unit(&self, currency: Currency) -> Option<Money> {
        self.offer.as_ref().and_then(|offer| offer.unit(currency))
    }

    /// Why it cannot be bought as it stands.
    pub fn problem(&self) -> Option<LineProblem> {
        match &self.offer {
            None => Some(LineProblem::Gone),
            Some(offer) if !offer.on_sale => Some(LineProblem::Gone),
            Some(Offer { price: None, .. }) => Some(LineProblem::NotSoldInCurrency),
            Some(offer) if offer.available < i64::from(self.quantity) => Some(LineProblem::NotEnoughStock),
            Some(_) => None,
        }
    }

    fn shortage(&self) -> Option<Shortage> {
        let available = self.offer.as_ref().map_or(0, |offer| offer.available.max(0));
        let short = available < i64::from(self.quantity);
        short.then_some(Shortage { variant_id: self.variant_id, wanted: self.quantity, available })
    }
}

impl Priced {
    /// Prices wishes as they are offered today; each variant is named once (see [`summed`]).
    pub fn of(wishes: Vec<Wish>, currency: Currency) -> Result<Self, Refusal> {
        if wishes.is_empty() {
            return Err(Refusal::Empty);
        }
        let unsold: Vec<_> =
            wishes.iter().filter(|wish| wish.unit(currency).is_none()).map(|wish| wish.variant_id).collect();
        if !unsold.is_empty() {
            return Err(Refusal::NotForSale(unsold));
        }
        let short: Vec<_> = wishes.iter().filter_map(Wish::shortage).collect();
        if !short.is_empty() {
            return Err(Refusal::NotEnough(short));
        }
        let mut total = Money::zero(currency);
        let mut lines = Vec::with_capacity(wishes.len());
        for Wish { quantity, offer, .. } in wishes {
            let Some((unit, offer)) = offer.and_then(|offer| Some((offer.unit(currency)?, offer))) else {
                continue;
            };
            let amount = unit.checked_mul(i64::from(quantity))?;
            total = total.checked_add(amount)?;
            let Offer { variant_id, product_id, sku, title, variant_title, image_url, .. } = offer;
            lines.push(Line {
                variant_id,
                product_id,
                sku,
                title,
                variant_title,
                image_url,
                quantity,
                unit,
                amount,
            });
        }
        if total.is_zero() { Err(Refusal::NothingToPay) } else { Ok(Self { lines, total }) }
    }
}

/// The quantities of equal variants added up, in the order in which they are named first.
pub fn summed(lines: impl IntoIterator<Item = (VariantId, u32)>) -> Vec<(VariantId, u32)> {
    let mut sums: Vec<(VariantId, u32)> = Vec::new();
    for (variant, quantity) in lines {
        match sums.iter_mut().find(|(known, _)| *known == variant) {
            Some((_, sum)) => *sum = sum.saturating_add(quantity),
            None => sums.push((variant, quantity)),
        }
    }
    sums
}
