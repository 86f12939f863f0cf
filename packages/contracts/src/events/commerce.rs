//! What a shop's services tell each other: goods, stock, orders, and the money that comes and goes.
//!
//! Amounts are minor units. A `product.changed` says all there is of a product, so the latest one is the whole truth.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Currency, Event, OrderId, PaymentId, ProductId, RefundId, Timestamp, TopUpId, UserId, VariantId,
};

/// A product is new, or something of it differs; this is all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductChanged {
    /// The product.
    pub product_id: ProductId,
    /// What it is called.
    pub title: String,
    /// Whether it can be bought.
    pub on_sale: bool,
    /// Its variants; one that is left out can no longer be bought.
    pub variants: Vec<VariantFacts>,
}

/// What others need to know of a variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantFacts {
    /// The variant.
    pub variant_id: VariantId,
    /// The shop's own name for it.
    pub sku: String,
    /// What tells it from the other variants of its product; empty where there is one alone.
    pub title: String,
    /// What it costs, in each currency in which it is sold.
    pub prices: Vec<Price>,
    /// A picture of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub image_url: Option<String>,
}

/// A price in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Price {
    /// Minor units.
    pub amount: i64,
    /// Their currency.
    pub currency: Currency,
}

/// Goods came into the store or left it other than by an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockAdjusted {
    /// Of what.
    pub variant_id: VariantId,
    /// How many more there are than before; fewer where it is negative.
    pub delta: i64,
    /// Why, as people say it.
    pub reason: String,
}

/// What an order did with goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockMove {
    /// They are promised to an order: nobody else can have them.
    Held,
    /// The order came to nothing: they can be sold again.
    Released,
    /// They have left the store.
    Shipped,
}

/// An order held goods, gave them back or sent them out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockMoved {
    /// Of what.
    pub variant_id: VariantId,
    /// For which order.
    pub order_id: OrderId,
    /// What happened.
    pub movement: StockMove,
    /// To how many.
    pub quantity: u32,
}

/// Why an order came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// It was not paid in time.
    Expired,
    /// The customer did not want it any more.
    Customer,
    /// The shop could not or would not send it.
    Shop,
}

/// An order came to nothing. Whatever was paid for it goes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCancelled {
    /// The order.
    pub order_id: OrderId,
    /// The customer.
    pub user_id: UserId,
    /// Why.
    pub reason: CancelReason,
}

/// All goods of an order are on their way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderFulfilled {
    /// The order.
    pub order_id: OrderId,
    /// The customer.
    pub user_id: UserId,
    /// Where the parcel can be followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub tracking: Option<String>,
}

/// Money of an order is to go back to the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundRequested {
    /// The refund: asked for twice by the same name, it is paid once.
    pub refund_id: RefundId,
    /// The order.
    pub order_id: OrderId,
    /// How much, in minor units of the order's currency; all that is left where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub amount: Option<i64>,
    /// Why, as people say it.
    pub reason: String,
}

/// Money went back to the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRefunded {
    /// The refund.
    pub refund_id: RefundId,
    /// The payment it came from.
    pub payment_id: PaymentId,
    /// The order that was paid, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order_id: Option<OrderId>,
    /// The invoice that was paid, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub invoice_id: Option<String>,
    /// How much went back this time, in minor units.
    pub amount: i64,
    /// How much of the payment has gone back in all.
    pub refunded_total: i64,
    /// The currency of both.
    pub currency: Currency,
}

/// A refund came to nothing; the money is still ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundFailed {
    /// The refund.
    pub refund_id: RefundId,
    /// The payment it was to come from, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payment_id: Option<PaymentId>,
    /// The order that was paid, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order_id: Option<OrderId>,
    /// Why, as a stable code such as `more_than_captured`.
    pub reason: String,
}

/// Somebody is to pay through a provider: told before the provider hears of it, whatever it is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentStarted {
    /// The payment.
    pub payment_id: PaymentId,
    /// The order it is for, if it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order_id: Option<OrderId>,
    /// The invoice it is for, if it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub invoice_id: Option<String>,
    /// The top-up of a wallet it is for, if it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub top_up_id: Option<TopUpId>,
    /// What is to be paid, in minor units.
    pub amount: i64,
    /// The currency of the amount.
    pub currency: Currency,
    /// Who pays, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_id: Option<UserId>,
    /// From where the payer asked for it, where they did so themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_address: Option<String>,
    /// With which device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub device: Option<String>,
}

/// A payment will never be made: nothing was taken, or what was set aside has been let go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentCancelled {
    /// The payment.
    pub payment_id: PaymentId,
    /// The order it was for, if it was for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order_id: Option<OrderId>,
    /// The invoice it was for, if it was for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub invoice_id: Option<String>,
    /// The top-up of a wallet it was for, if it was for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub top_up_id: Option<TopUpId>,
}

/// A provider keeps money for us that is yet to be captured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentAuthorized {
    /// The payment.
    pub payment_id: PaymentId,
    /// The order it is for, if it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order_id: Option<OrderId>,
    /// How much, in minor units.
    pub amount: i64,
    /// The currency of the amount.
    pub currency: Currency,
    /// When the provider lets it go again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expires_at: Option<Timestamp>,
}

impl Event for ProductChanged {
    const TYPE: &'static str = "product.changed";
}

impl Event for StockAdjusted {
    const TYPE: &'static str = "stock.adjusted";
}

impl Event for StockMoved {
    const TYPE: &'static str = "stock.moved";
}

impl Event for OrderCancelled {
    const TYPE: &'static str = "order.cancelled";
}

impl Event for OrderFulfilled {
    const TYPE: &'static str = "order.fulfilled";
}

impl Event for RefundRequested {
    const TYPE: &'static str = "refund.requested";
}

impl Event for PaymentRefunded {
    const TYPE: &'static str = "payment.refunded";
    const ALIASES: &'static [&'static str] = &["PaymentRefunded"];
}

impl Event for RefundFailed {
    const TYPE: &'static str = "refund.failed";
}

impl Event for PaymentStarted {
    const TYPE: &'static str = "payment.started";
    const SENSITIVE: &'static [&'static str] = &["clientAddress", "device"];
}

impl Event for PaymentCancelled {
    const TYPE: &'static str = "payment.cancelled";
}

impl Event for PaymentAuthorized {
    const TYPE: &'static str = "payment.authorized";
}
