//! What the API answers, as far as the shop reads it.
//! Field names are those of the wire; what they mean is said in the API's own document.

use contracts::{Currency, Money, OrderId, Timestamp};
use serde::{Deserialize, Serialize};

/// An amount as it travels.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Price {
    /// In minor units.
    pub amount: i64,
    /// Of which currency.
    pub currency: Currency,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub struct Listed<T> {
    /// What is on it.
    pub data: Vec<T>,
    /// Where the next one begins.
    pub next_cursor: Option<String>,
}

/// A picture of a product.
#[derive(Clone, Debug, Deserialize)]
pub struct Image {
    pub url: String,
    pub alt: Option<String>,
}

/// Whether a thing can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Availability {
    #[serde(rename = "in_stock")]
    Plenty,
    #[serde(rename = "low_stock")]
    Few,
    #[serde(rename = "out_of_stock")]
    SoldOut,
}

/// A product in a list.
#[derive(Clone, Debug, Deserialize)]
pub struct Item {
    pub slug: String,
    pub title: String,
    pub image: Option<Image>,
    pub from_price: Option<Price>,
    pub availability: Availability,
    pub variant_count: u32,
}

/// A product.
#[derive(Clone, Debug, Deserialize)]
pub struct Product {
    pub slug: String,
    pub title: String,
    #[serde(default)]
    pub description: Option<String>,
    pub category_id: Option<String>,
    #[serde(default)]
    pub images: Vec<Image>,
    #[serde(default)]
    pub variants: Vec<Variant>,
}

/// One form of a product, which is what is sold.
#[derive(Clone, Debug, Deserialize)]
pub struct Variant {
    pub id: String,
    pub sku: String,
    pub title: String,
    pub prices: Vec<Price>,
    pub image_url: Option<String>,
    pub availability: Availability,
}

/// A category.
#[derive(Clone, Debug, Deserialize)]
pub struct Category {
    pub id: String,
    pub slug: String,
    pub title: String,
    pub parent_id: Option<String>,
    #[serde(default)]
    pub position: i64,
    #[serde(default)]
    pub product_count: i64,
}

/// A cart.
#[derive(Clone, Debug, Deserialize)]
pub struct Cart {
    pub id: String,
    pub lines: Vec<CartLine>,
    pub total: Price,
    pub item_count: u32,
    pub order_id: Option<OrderId>,
}

/// What is in a cart.
#[derive(Clone, Debug, Deserialize)]
pub struct CartLine {
    pub variant_id: String,
    pub title: String,
    pub variant_title: String,
    pub image_url: Option<String>,
    pub quantity: u32,
    pub unit_price: Option<Price>,
    pub amount: Option<i64>,
    pub problem: Option<LineProblem>,
    pub available: Option<i64>,
}

/// Why a line cannot be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineProblem {
    Gone,
    NotEnoughStock,
    NotSoldInCurrency,
}

/// An order.
#[derive(Clone, Debug, Deserialize)]
pub struct Order {
    pub id: OrderId,
    pub number: String,
    pub status: OrderStatus,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub currency: Currency,
    pub amount: i64,
    pub refunded_amount: i64,
    pub lines: Vec<OrderLine>,
    pub ship_to: Address,
    pub expires_at: Option<Timestamp>,
    pub payment_failure: Option<String>,
    pub tracking: Option<String>,
    pub timeline: Vec<Moment>,
    pub created_at: Timestamp,
}

/// What was ordered.
#[derive(Clone, Debug, Deserialize)]
pub struct OrderLine {
    pub variant_id: String,
    pub title: String,
    pub variant_title: String,
    pub image_url: Option<String>,
    pub quantity: u32,
    pub unit_amount: i64,
    pub amount: i64,
}

/// Where an order goes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Address {
    pub name: String,
    pub line1: String,
    pub line2: Option<String>,
    pub city: String,
    pub region: Option<String>,
    pub postcode: String,
    pub country: String,
    pub phone: Option<String>,
}

/// Something that happened to an order.
#[derive(Clone, Debug, Deserialize)]
pub struct Moment {
    pub at: Timestamp,
    pub what: String,
}

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    PendingPayment,
    Paid,
    Fulfilled,
    Cancelled,
    Refunded,
}

/// How its money stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Unpaid,
    Failed,
    Authorized,
    Paid,
    PartiallyRefunded,
    Refunded,
}

/// How its goods stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentStatus {
    Unfulfilled,
    Fulfilled,
    Cancelled,
}

impl Price {
    /// The amount.
    pub fn money(self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

impl Variant {
    /// What it costs in a currency, if it is sold in that.
    pub fn price_in(&self, currency: Currency) -> Option<Money> {
        self.prices.iter().find(|price| price.currency == currency).map(|price| price.money())
    }
}

impl Cart {
    /// Whether it can be ordered as it is.
    pub fn is_ready(&self) -> bool {
        !self.lines.is_empty() && self.lines.iter().all(|line| line.problem.is_none())
    }
}

/// How the history of an order says that nobody paid it in time: its wire has no field for the reason.
const NOT_IN_TIME: &str = "not paid in time";

impl Order {
    /// An amount of this order.
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// Whether it waits for somebody to pay it.
    pub fn is_payable(&self) -> bool {
        self.status == OrderStatus::PendingPayment && !self.is_approved()
    }

    /// Whether its money is promised and not here yet.
    pub fn is_approved(&self) -> bool {
        self.status == OrderStatus::PendingPayment && self.payment_status == PaymentStatus::Authorized
    }

    /// Whether it was not paid in time.
    pub fn ran_out(&self) -> bool {
        self.status == OrderStatus::Cancelled
            && self.timeline.iter().any(|moment| moment.what.ends_with(NOT_IN_TIME))
    }
}
