//! The events whose payload is fixed for everyone, whichever service tells them.
//!
//! Amounts are minor units. Events that only our own services exchange are declared by the
//! service that tells them. `access` has what identity tells, `fleet` what the registry tells, `commerce` what the
//! services of a shop tell beside the orders and payments here, `wallet` what payments between wallets tell.

pub mod access;
pub mod commerce;
pub mod fleet;
pub mod funding;
pub mod wallet;

use std::fmt::{self, Debug};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{Currency, Event, EventKind, Money, OrderId, PaymentId, Registry, TopUpId, UserId};

/// Somebody has an account now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserCreated {
    /// The new user.
    pub user_id: UserId,
    /// Where mail reaches them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email: Option<String>,
    /// Where calls and short messages reach them, in E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub phone: Option<String>,
}

/// A customer has ordered and has yet to pay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCreated {
    /// The order.
    pub order_id: OrderId,
    /// What it costs, in minor units.
    pub amount: i64,
    /// The currency of the amount.
    pub currency: Currency,
    /// The customer.
    pub user_id: UserId,
}

/// A provider is ready to take the money for an order.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentIntentCreated {
    /// The order to be paid.
    pub order_id: OrderId,
    /// The provider's name for the payment.
    pub payment_intent_id: String,
    /// What lets the customer's browser, and nobody else, confirm it.
    pub client_secret: String,
}

/// Whose payment it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentKind {
    /// A payment service provider's.
    #[default]
    Provider,
    /// One between wallets.
    Wallet,
}

/// A provider has the money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentSucceeded {
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
    /// The provider's name for the payment.
    pub payment_intent_id: String,
    /// Our name for the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payment_id: Option<PaymentId>,
    /// What the provider has taken, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub amount: Option<i64>,
    /// The currency of the amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub currency: Option<Currency>,
    /// Who pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_id: Option<UserId>,
}

/// A payment came to nothing, at a provider or between wallets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentFailed {
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
    /// The provider's name for the payment; wallets have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payment_intent_id: Option<String>,
    /// Our name for the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payment_id: Option<PaymentId>,
    /// Whose payment it was.
    #[serde(default)]
    pub kind: PaymentKind,
    /// Who pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_id: Option<UserId>,
    /// Why, as a stable code such as `card_declined`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
}

/// A line of an order that was paid, for who writes to the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PaidLine {
    /// What it is called.
    pub title: String,
    /// How many.
    pub quantity: u32,
    /// What they cost together, in minor units of the order's currency.
    pub amount: i64,
}

/// An order's money has arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaid {
    /// The order.
    pub order_id: OrderId,
    /// What was paid, in minor units.
    pub amount: i64,
    /// The currency of the amount.
    pub currency: Currency,
    /// The customer.
    pub user_id: UserId,
    /// What was bought.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<PaidLine>,
    /// The order's number, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub number: Option<String>,
}

/// Somebody is to be told something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationSend {
    /// How: `email`, `sms`, `push` or another channel.
    pub channel: String,
    /// Whom: an address that the channel understands.
    pub recipient: String,
    /// What the template's variables stand for.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub payload: Map<String, Value>,
    /// The template to fill in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub template_id: Option<String>,
    /// The user it is for, whose preferences count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub user_id: Option<UserId>,
    /// Asked for twice with the same key, it is sent once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub idempotency_key: Option<String>,
}

/// All events of this module.
pub const KINDS: [EventKind; 61] = [
    EventKind::of::<UserCreated>(),
    EventKind::of::<access::UserLoggedIn>(),
    EventKind::of::<access::SessionsEnded>(),
    EventKind::of::<access::OtpIssued>(),
    EventKind::of::<access::UserErased>(),
    EventKind::of::<access::UserNamed>(),
    EventKind::of::<access::UserContactsChanged>(),
    EventKind::of::<access::KycReviewed>(),
    EventKind::of::<access::ApiKeyIssued>(),
    EventKind::of::<access::ApiKeyExpiring>(),
    EventKind::of::<access::ApiKeyRevoked>(),
    EventKind::of::<access::ApiKeyUsed>(),
    EventKind::of::<access::ProjectCreated>(),
    EventKind::of::<access::ProjectChanged>(),
    EventKind::of::<fleet::ConfigPublished>(),
    EventKind::of::<fleet::InstanceChanged>(),
    EventKind::of::<commerce::ProductChanged>(),
    EventKind::of::<commerce::StockAdjusted>(),
    EventKind::of::<commerce::StockMoved>(),
    EventKind::of::<commerce::OrderCancelled>(),
    EventKind::of::<commerce::OrderFulfilled>(),
    EventKind::of::<commerce::RefundRequested>(),
    EventKind::of::<commerce::PaymentRefunded>(),
    EventKind::of::<commerce::RefundFailed>(),
    EventKind::of::<commerce::PaymentStarted>(),
    EventKind::of::<commerce::PaymentCancelled>(),
    EventKind::of::<commerce::PaymentAuthorized>(),
    EventKind::of::<OrderCreated>(),
    EventKind::of::<PaymentIntentCreated>(),
    EventKind::of::<PaymentSucceeded>(),
    EventKind::of::<PaymentFailed>(),
    EventKind::of::<OrderPaid>(),
    EventKind::of::<NotificationSend>(),
    EventKind::of::<wallet::AccountCreated>(),
    EventKind::of::<wallet::AccountFrozen>(),
    EventKind::of::<wallet::AccountThawed>(),
    EventKind::of::<wallet::WalletPaymentInitiated>(),
    EventKind::of::<wallet::BalanceReserved>(),
    EventKind::of::<wallet::BalanceRefused>(),
    EventKind::of::<wallet::RiskAssessed>(),
    EventKind::of::<wallet::WalletPaymentProcessing>(),
    EventKind::of::<wallet::ReleaseRequested>(),
    EventKind::of::<wallet::BalanceReleased>(),
    EventKind::of::<wallet::TransactionCreated>(),
    EventKind::of::<wallet::TransactionSettled>(),
    EventKind::of::<wallet::BalanceUpdated>(),
    EventKind::of::<wallet::BalancesTold>(),
    EventKind::of::<wallet::WalletPaymentCompleted>(),
    EventKind::of::<funding::TopUpRequested>(),
    EventKind::of::<funding::TopUpPaid>(),
    EventKind::of::<funding::TopUpExpired>(),
    EventKind::of::<funding::TopUpCredited>(),
    EventKind::of::<funding::TopUpHeld>(),
    EventKind::of::<funding::WithdrawalRequested>(),
    EventKind::of::<funding::WithdrawalCancelRequested>(),
    EventKind::of::<funding::WithdrawalReserved>(),
    EventKind::of::<funding::WithdrawalRefused>(),
    EventKind::of::<funding::PayoutPaid>(),
    EventKind::of::<funding::PayoutFailed>(),
    EventKind::of::<funding::WithdrawalCompleted>(),
    EventKind::of::<funding::WithdrawalReturned>(),
];

/// The registry of [`KINDS`] alone; a program adds those of its services.
pub fn registry() -> Registry {
    // The list is constant, and `each_event_has_its_name_and_aliases` proves that it is a registry.
    Registry::new(KINDS).expect("the names of our own events are distinct")
}

impl Event for UserCreated {
    const TYPE: &'static str = "user.created";
    const ALIASES: &'static [&'static str] = &["UserCreated"];
    const SENSITIVE: &'static [&'static str] = &["email", "phone"];
}

impl Event for OrderCreated {
    const TYPE: &'static str = "order.created";
}

impl Event for PaymentIntentCreated {
    const TYPE: &'static str = "payment.intent.created";
    const SENSITIVE: &'static [&'static str] = &["clientSecret"];
}

impl Event for PaymentSucceeded {
    const TYPE: &'static str = "payment.succeeded";
    const ALIASES: &'static [&'static str] = &["PaymentSucceeded"];
}

impl Event for PaymentFailed {
    const TYPE: &'static str = "payment.failed";
    const ALIASES: &'static [&'static str] = &["PaymentFailed"];
}

impl Event for OrderPaid {
    const TYPE: &'static str = "order.paid";
}

impl Event for NotificationSend {
    const TYPE: &'static str = "notification.send";
    const SENSITIVE: &'static [&'static str] = &["recipient", "payload"];
}

impl OrderCreated {
    /// What the order costs.
    pub const fn total(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

impl OrderPaid {
    /// What was paid.
    pub const fn total(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

/// Leaves the secret out.
impl Debug for PaymentIntentCreated {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("PaymentIntentCreated")
            .field("order_id", &self.order_id)
            .field("payment_intent_id", &self.payment_intent_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;
    use crate::Id;

    fn order() -> OrderId {
        OrderId::from_u128(1)
    }

    #[test]
    fn each_event_has_its_name_and_aliases() {
        let registry = registry();
        let names: Vec<_> = registry.iter().map(|kind| (kind.name, kind.version, kind.aliases)).collect();
        let expected: [(&str, u32, &[&str]); 61] = [
            ("account.balance.refused", 1, &[]),
            ("account.balance.released", 1, &[]),
            ("account.balance.reserved", 1, &[]),
            ("account.balance.updated", 1, &[]),
            ("account.created", 1, &[]),
            ("account.frozen", 1, &[]),
            ("account.thawed", 1, &[]),
            ("api_key.expiring", 1, &[]),
            ("api_key.issued", 1, &[]),
            ("api_key.revoked", 1, &[]),
            ("api_key.used", 1, &[]),
            ("config.published", 1, &[]),
            ("fraud.risk.assessed", 1, &[]),
            ("instance.changed", 1, &[]),
            ("kyc.reviewed", 1, &[]),
            ("ledger.balances.told", 1, &[]),
            ("notification.send", 1, &[]),
            ("order.cancelled", 1, &[]),
            ("order.created", 1, &[]),
            ("order.fulfilled", 1, &[]),
            ("order.paid", 1, &[]),
            ("otp.issued", 1, &[]),
            ("payment.authorized", 1, &[]),
            ("payment.cancelled", 1, &[]),
            ("payment.completed", 1, &[]),
            ("payment.failed", 1, &["PaymentFailed"]),
            ("payment.initiated", 1, &[]),
            ("payment.intent.created", 1, &[]),
            ("payment.processing", 1, &[]),
            ("payment.refunded", 1, &["PaymentRefunded"]),
            ("payment.release.requested", 1, &[]),
            ("payment.started", 1, &[]),
            ("payment.succeeded", 1, &["PaymentSucceeded"]),
            ("payout.failed", 1, &[]),
            ("payout.paid", 1, &[]),
            ("product.changed", 1, &[]),
            ("project.changed", 1, &[]),
            ("project.created", 1, &[]),
            ("refund.failed", 1, &[]),
            ("refund.requested", 1, &[]),
            ("session.ended", 1, &[]),
            ("stock.adjusted", 1, &[]),
            ("stock.moved", 1, &[]),
            ("top_up.credited", 1, &[]),
            ("top_up.expired", 1, &[]),
            ("top_up.held", 1, &[]),
            ("top_up.paid", 1, &[]),
            ("top_up.requested", 1, &[]),
            ("transaction.created", 1, &[]),
            ("transaction.settled", 1, &[]),
            ("user.contacts.changed", 1, &[]),
            ("user.created", 1, &["UserCreated"]),
            ("user.erased", 1, &[]),
            ("user.logged_in", 1, &["UserLoggedIn"]),
            ("user.named", 1, &[]),
            ("withdrawal.cancel.requested", 1, &[]),
            ("withdrawal.completed", 1, &[]),
            ("withdrawal.refused", 1, &[]),
            ("withdrawal.requested", 1, &[]),
            ("withdrawal.reserved", 1, &[]),
            ("withdrawal.returned", 1, &[]),
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn payloads_have_the_fields_agreed() {
        let user_id = UserId::from_u128(2);
        let (ord, usr) = (order().to_string(), user_id.to_string());
        let created = OrderCreated { order_id: order(), amount: 1999, currency: Currency::USD, user_id };
        let agreed = json!({ "orderId": ord, "amount": 1999, "currency": "USD", "userId": usr });
        assert_eq!(to_value(&created).unwrap(), agreed);
        assert_eq!(created.total().to_string(), "19.99 USD");

        let paid = OrderPaid {
            order_id: order(),
            amount: 1999,
            currency: Currency::USD,
            user_id,
            lines: Vec::new(),
            number: None,
        };
        assert_eq!(to_value(&paid).unwrap(), agreed);
        assert_eq!(paid.total(), created.total());

        let intent = PaymentIntentCreated {
            order_id: order(),
            payment_intent_id: "pi_1".into(),
            client_secret: "pi_1_secret".into(),
        };
        let agreed = json!({ "orderId": ord, "paymentIntentId": "pi_1", "clientSecret": "pi_1_secret" });
        assert_eq!(to_value(&intent).unwrap(), agreed);
        assert!(!format!("{intent:?}").contains("pi_1_secret"));

        let user = UserCreated { user_id, email: None, phone: None };
        assert_eq!(to_value(&user).unwrap(), json!({ "userId": usr }));
    }

    #[test]
    fn a_payment_for_an_order_is_heard_from_the_two_fields_agreed() {
        let agreed = json!({ "orderId": order().to_string(), "paymentIntentId": "pi_1" });
        let succeeded: PaymentSucceeded = serde_json::from_value(agreed.clone()).unwrap();
        assert_eq!(to_value(&succeeded).unwrap(), agreed);

        let failed: PaymentFailed = serde_json::from_value(agreed).unwrap();
        assert_eq!((failed.order_id, failed.kind), (Some(order()), PaymentKind::Provider));
        assert_eq!(to_value(&failed).unwrap()["kind"], "provider");
    }

    #[test]
    fn a_failed_transfer_between_wallets_has_no_order() {
        let failed: PaymentFailed = serde_json::from_value(json!({ "kind": "wallet" })).unwrap();
        assert_eq!((failed.order_id, failed.kind), (None, PaymentKind::Wallet));
    }

    #[test]
    fn a_notification_is_asked_for_as_over_http() {
        let asked = json!({ "channel": "sms", "recipient": "+919900000000", "payload": { "code": "4321" } });
        let event: NotificationSend = serde_json::from_value(asked.clone()).unwrap();
        assert_eq!(to_value(&event).unwrap(), asked);
    }
}
