//! What is kept of Stripe's objects, with Stripe's names for their fields, and the moves that an intent can make.
//! Pure: no SQL, no HTTP, no clock.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cards::{Card, Conduct, Decline};

/// What an object is called, and what lists narrow it by.
pub trait Kept: Serialize + DeserializeOwned {
    /// Its name in paths, errors and the table.
    const KIND: &'static str;
    /// Its id.
    fn id(&self) -> &str;
    /// When it was made.
    fn created(&self) -> i64;
    /// What it belongs to.
    fn owner(&self) -> Option<&str> {
        None
    }
    /// What else it is found by.
    fn about(&self) -> Option<&str> {
        None
    }
}

/// Texts of the caller's own.
pub type Metadata = BTreeMap<String, String>;

/// Where an intent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It needs a way to pay.
    RequiresPaymentMethod,
    /// It needs a word to begin.
    RequiresConfirmation,
    /// The owner must say yes.
    RequiresAction,
    /// The bank decides.
    Processing,
    /// The money is held.
    RequiresCapture,
    /// The money is there.
    Succeeded,
    /// It will not be.
    Canceled,
}

/// What can be done to an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Change how much or how it is paid.
    Update,
    /// Begin.
    Confirm,
    /// The owner has answered.
    Authenticate,
    /// The bank has decided.
    Settle,
    /// Take what is held.
    Capture,
    /// Give it up.
    Cancel,
}

/// The intent does not stand where it could do this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadMove;

/// Money that somebody means to pay.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Intent {
    pub id: String,
    pub created: i64,
    pub client_secret: String,
    pub status: Status,
    pub amount: i64,
    pub amount_capturable: i64,
    pub amount_received: i64,
    pub currency: String,
    pub capture_method: String,
    pub confirmation_method: String,
    /// The kinds that it takes; none takes what the account takes.
    pub payment_method_types: Option<Vec<String>>,
    /// Whether ways to pay may lead elsewhere, where kinds are not said.
    pub redirects: bool,
    pub payment_method: Option<String>,
    pub customer: Option<String>,
    pub description: Option<String>,
    pub receipt_email: Option<String>,
    pub setup_future_usage: Option<String>,
    pub shipping: Option<Value>,
    pub statement_descriptor: Option<String>,
    pub statement_descriptor_suffix: Option<String>,
    pub transfer_group: Option<String>,
    pub metadata: Metadata,
    pub return_url: Option<String>,
    /// Whether the owner of what it is paid with has said yes.
    pub authenticated: bool,
    pub next_action: Option<Value>,
    pub last_payment_error: Option<Value>,
    pub latest_charge: Option<String>,
    pub canceled_at: Option<i64>,
    pub cancellation_reason: Option<String>,
}

/// One try at taking money.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Charge {
    pub id: String,
    pub created: i64,
    pub payment_intent: String,
    pub payment_method: String,
    pub customer: Option<String>,
    pub amount: i64,
    pub amount_captured: i64,
    pub amount_refunded: i64,
    pub currency: String,
    pub captured: bool,
    pub status: ChargeStatus,
    pub decline: Option<Decline>,
    pub description: Option<String>,
    pub receipt_email: Option<String>,
    pub metadata: Metadata,
    /// What was paid with, as it was then.
    pub method: PaymentMethod,
}

/// Where a charge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeStatus {
    /// The bank decides.
    Pending,
    /// The bank said yes.
    Succeeded,
    /// The bank said no.
    Failed,
}

/// Money on its way back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refund {
    pub id: String,
    pub created: i64,
    pub amount: i64,
    pub currency: String,
    pub charge: String,
    pub payment_intent: String,
    pub reason: Option<String>,
    pub status: RefundStatus,
    pub failure_reason: Option<String>,
    pub metadata: Metadata,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// The bank takes its time.
    Pending,
    /// It is back.
    Succeeded,
    /// It came back to us.
    Failed,
}

/// Somebody who pays.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Customer {
    pub id: String,
    pub created: i64,
    pub deleted: bool,
    pub email: Option<String>,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub description: Option<String>,
    pub address: Option<Value>,
    pub shipping: Option<Value>,
    pub metadata: Metadata,
}

/// A way to pay.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentMethod {
    pub id: String,
    pub created: i64,
    /// None is a bank account.
    pub card: Option<Card>,
    pub conduct: Conduct,
    pub customer: Option<String>,
    pub billing_details: Option<Value>,
    pub metadata: Metadata,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    pub id: String,
    pub created: i64,
    pub kind: String,
    pub object: Value,
    pub request: Option<String>,
    pub idempotency_key: Option<String>,
    pub pending_webhooks: usize,
    pub api_version: String,
}

impl Status {
    /// Whether an intent that stands here can do this.
    pub fn allows(self, to_do: Move) -> bool {
        match self {
            Self::RequiresPaymentMethod | Self::RequiresConfirmation => {
                matches!(to_do, Move::Update | Move::Confirm | Move::Cancel)
            }
            // Beginning again is how another way to pay replaces one that its owner did not allow.
            Self::RequiresAction => {
                matches!(to_do, Move::Update | Move::Confirm | Move::Authenticate | Move::Cancel)
            }
            Self::Processing => matches!(to_do, Move::Settle),
            Self::RequiresCapture => matches!(to_do, Move::Capture | Move::Cancel),
            Self::Succeeded | Self::Canceled => false,
        }
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

impl Intent {
    /// Whether it can do this now.
    pub fn may(&self, to_do: Move) -> Result<(), BadMove> {
        if self.status.allows(to_do) { Ok(()) } else { Err(BadMove) }
    }

    /// Another way to pay, or another amount: what was begun is begun anew.
    pub fn reset(&mut self) {
        self.next_action = None;
        self.authenticated = false;
        self.status = match self.payment_method {
            Some(_) => Status::RequiresConfirmation,
            None => Status::RequiresPaymentMethod,
        };
    }

    /// Its owner must say yes.
    pub fn ask_owner(&mut self, next_action: Value) {
        self.status = Status::RequiresAction;
        self.next_action = Some(next_action);
        self.last_payment_error = None;
    }

    /// The bank said no: another way to pay is needed.
    pub fn decline(&mut self, error: Value, charge: Option<&Charge>) {
        self.status = Status::RequiresPaymentMethod;
        self.payment_method = None;
        self.next_action = None;
        self.authenticated = false;
        self.last_payment_error = Some(error);
        self.latest_charge = charge.map(|charge| charge.id.clone()).or(self.latest_charge.take());
    }

    /// The bank said yes, or has begun to think.
    pub fn advance(&mut self, charge: &Charge) {
        self.next_action = None;
        self.last_payment_error = None;
        self.latest_charge = Some(charge.id.clone());
        self.status = match charge.status {
            ChargeStatus::Pending => Status::Processing,
            ChargeStatus::Failed => Status::RequiresPaymentMethod,
            ChargeStatus::Succeeded if charge.captured => Status::Succeeded,
            ChargeStatus::Succeeded => Status::RequiresCapture,
        };
        self.amount_capturable = if self.status == Status::RequiresCapture { charge.amount } else { 0 };
        self.amount_received = charge.amount_captured;
    }

    /// It will not be.
    pub fn cancel(&mut self, at: i64, reason: Option<&str>) {
        self.status = Status::Canceled;
        self.next_action = None;
        self.amount_capturable = 0;
        self.canceled_at = Some(at);
        self.cancellation_reason = reason.map(str::to_owned);
    }
}

impl Charge {
    /// What can still go back.
    pub fn refundable(&self) -> i64 {
        self.amount_captured.saturating_sub(self.amount_refunded)
    }

    /// Takes some or all of what is held.
    pub fn capture(&mut self, amount: i64) {
        self.captured = true;
        self.amount_captured = amount;
    }
}

impl Kept for Intent {
    const KIND: &'static str = "payment_intent";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn owner(&self) -> Option<&str> {
        self.customer.as_deref()
    }
}

impl Kept for Charge {
    const KIND: &'static str = "charge";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn owner(&self) -> Option<&str> {
        Some(&self.payment_intent)
    }
    fn about(&self) -> Option<&str> {
        self.customer.as_deref()
    }
}

impl Kept for Refund {
    const KIND: &'static str = "refund";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn owner(&self) -> Option<&str> {
        Some(&self.charge)
    }
    fn about(&self) -> Option<&str> {
        Some(&self.payment_intent)
    }
}

impl Customer {
    /// What lists of customers narrow by.
    pub const HERE: &'static str = "here";
}

impl Kept for Customer {
    const KIND: &'static str = "customer";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn owner(&self) -> Option<&str> {
        // Lists pass over who is gone.
        Some(if self.deleted { "deleted" } else { Self::HERE })
    }
    fn about(&self) -> Option<&str> {
        self.email.as_deref()
    }
}

impl Kept for PaymentMethod {
    const KIND: &'static str = "payment_method";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn owner(&self) -> Option<&str> {
        self.customer.as_deref()
    }
    fn about(&self) -> Option<&str> {
        Some(self.kind())
    }
}

impl PaymentMethod {
    /// `card` or `us_bank_account`.
    pub fn kind(&self) -> &'static str {
        if self.card.is_some() { "card" } else { "us_bank_account" }
    }
}

impl Kept for Event {
    const KIND: &'static str = "event";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn about(&self) -> Option<&str> {
        Some(&self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_move_from_each_state_is_as_stripe_says() {
        use Move::{Authenticate, Cancel, Capture, Confirm, Settle, Update};
        let table: [(Status, &[Move]); 7] = [
            (Status::RequiresPaymentMethod, &[Update, Confirm, Cancel]),
            (Status::RequiresConfirmation, &[Update, Confirm, Cancel]),
            (Status::RequiresAction, &[Update, Confirm, Authenticate, Cancel]),
            (Status::Processing, &[Settle]),
            (Status::RequiresCapture, &[Capture, Cancel]),
            (Status::Succeeded, &[]),
            (Status::Canceled, &[]),
        ];
        for (status, moves) in table {
            for to_do in [Update, Confirm, Authenticate, Settle, Capture, Cancel] {
                assert_eq!(status.allows(to_do), moves.contains(&to_do), "{status:?} {to_do:?}");
            }
            let wire = serde_json::to_value(status).unwrap();
            assert_eq!(wire, status.name(), "{status:?}");
        }
    }
}
