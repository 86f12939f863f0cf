//! What callers see of payments and payouts. A payment's secret is in none of it but the answer to its owner.

use contracts::{Currency, OrderId, PaymentId, Timestamp, TopUpId, UserId, WithdrawalId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Capture, InvoiceRef, Payment, Payout, PayoutId, PayoutStatus, ProviderName, Status};

/// A payment.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "pay_01jd3sa4k8qm7v2x9c5f0t6w1b", "order_id": "ord_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "invoice_id": null, "top_up_id": null, "user_id": "usr_01jd3sa4k8qm7v2x9c5f0t6w1b", "provider": "stripe",
    "provider_ref": "pi_3MtwBwLkdIwHu7ix28a3tqPa", "amount": 1999, "currency": "USD", "captured": 1999,
    "refunded": 500, "refundable": 1499, "status": "partially_refunded", "capture": "automatic", "failure": null,
    "needs_review": false, "created_at": "2026-11-21T09:47:35.123Z", "updated_at": "2026-11-21T09:48:02.004Z"}))]
pub struct PaymentView {
    /// Its id.
    id: PaymentId,
    /// The order it is for.
    order_id: Option<OrderId>,
    /// The invoice it is for.
    invoice_id: Option<InvoiceRef>,
    /// The top-up of a wallet it is for.
    top_up_id: Option<TopUpId>,
    /// Who pays.
    user_id: Option<UserId>,
    /// Who takes the money; null until that is decided.
    provider: Option<ProviderName>,
    /// The provider's name for it.
    provider_ref: Option<String>,
    /// What is to be paid, in minor units.
    amount: i64,
    /// Their currency.
    currency: Currency,
    /// What was taken.
    captured: i64,
    /// What was given back.
    refunded: i64,
    /// What can still be given back; what is promised already is left out.
    refundable: i64,
    /// Where it stands.
    status: Status,
    /// When the money is taken; null until that is decided.
    capture: Option<Capture>,
    /// Why the last try came to nothing, as a code.
    failure: Option<String>,
    /// The provider said what cannot be, and a person has to look.
    needs_review: bool,
    /// When it was made.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// Money on its way out of a wallet.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "pout_01jd3sa4k8qm7v2x9c5f0t6w1b", "withdrawal_id": "wdr_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "user_id": "usr_01jd3sa4k8qm7v2x9c5f0t6w1b", "provider": "stripe", "provider_ref": "po_1MtwBwLkdIwHu7ix",
    "amount": 5000, "currency": "USD", "status": "paid", "failure": null, "needs_review": false, "destination": null,
    "created_at": "2026-11-21T09:47:35.123Z", "updated_at": "2026-11-21T09:48:02.004Z"}))]
pub struct PayoutView {
    /// Its id.
    pub id: PayoutId,
    /// The withdrawal that it is for.
    withdrawal_id: WithdrawalId,
    /// Whose money it is; null once they were erased.
    user_id: Option<UserId>,
    /// Who pays it out; null until that is decided.
    provider: Option<ProviderName>,
    /// The provider's name for it.
    provider_ref: Option<String>,
    /// How much, in minor units.
    amount: i64,
    /// Their currency.
    currency: Currency,
    /// Where it stands.
    status: PayoutStatus,
    /// Why it came to nothing, or came back, as a code.
    failure: Option<String>,
    /// A person has to look.
    needs_review: bool,
    /// Where the money goes: told to who manages payouts, for one that is not over. Lists leave it out.
    destination: Option<String>,
    /// When it was asked for.
    created_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
}

/// What the customer's browser needs to pay.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"payment_id": "pay_01jd3sa4k8qm7v2x9c5f0t6w1b", "provider": "stripe",
    "client_secret": "pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_YrKJUKribcBjcG8HVhfZluoGH",
    "publishable_key": "pk_test_TYooMQauvdEDq54NiTphI7jx", "amount": 1999, "currency": "USD", "status": "pending"}))]
pub struct ClientSecret {
    /// The payment.
    pub payment_id: PaymentId,
    /// Who takes the money.
    pub provider: ProviderName,
    /// What lets a browser confirm it; null where people take the money by hand.
    pub client_secret: Option<String>,
    /// The key of the project's account for browsers.
    pub publishable_key: String,
    /// What is to be paid, in minor units.
    pub amount: i64,
    /// Their currency.
    pub currency: Currency,
    /// Where it stands.
    pub status: Status,
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        let refundable = payment.refundable();
        Self {
            id: payment.id,
            order_id: payment.order_id,
            invoice_id: payment.invoice_id,
            top_up_id: payment.top_up_id,
            user_id: payment.user_id,
            provider: payment.provider,
            provider_ref: payment.provider_ref,
            amount: payment.amount,
            currency: payment.currency,
            captured: payment.captured,
            refunded: payment.refunded,
            refundable,
            status: payment.status,
            capture: payment.capture,
            failure: payment.failure,
            needs_review: payment.needs_review,
            created_at: payment.created_at,
            updated_at: payment.updated_at,
        }
    }
}

impl From<Payout> for PayoutView {
    fn from(payout: Payout) -> Self {
        Self {
            id: payout.id,
            withdrawal_id: payout.withdrawal_id,
            user_id: payout.user_id,
            provider: payout.provider,
            provider_ref: payout.provider_ref,
            amount: payout.amount,
            currency: payout.currency,
            status: payout.status,
            failure: payout.failure,
            needs_review: payout.needs_review,
            destination: None,
            created_at: payout.created_at,
            updated_at: payout.updated_at,
        }
    }
}

impl PayoutView {
    /// The same with where the money goes.
    pub fn to(self, destination: Option<String>) -> Self {
        Self { destination, ..self }
    }
}
