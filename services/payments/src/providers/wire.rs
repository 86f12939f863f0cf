//! Stripe's objects as they travel, and what they mean here. Fields that nobody reads are left out.

use contracts::{Currency, PaymentId, ProjectId, RefundId, Timestamp};
use kernel::secrets::Secret;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::{News, PayoutId, PayoutNews, PayoutStanding, RefundNews, RefundStanding, Standing};

/// A payment intent. Within an error it may have its id and its status alone.
#[derive(Debug, Deserialize)]
pub struct Intent {
    pub id: String,
    pub status: String,
    pub amount: Option<i64>,
    pub amount_received: Option<i64>,
    pub currency: Option<String>,
    pub client_secret: Option<Secret<String>>,
    pub created: Option<i64>,
    pub last_payment_error: Option<Trouble>,
    #[serde(default)]
    pub metadata: Option<Metadata>,
}

/// A refund.
#[derive(Debug, Deserialize)]
pub struct RefundObject {
    pub id: String,
    pub status: Option<String>,
    pub amount: i64,
    pub payment_intent: Option<String>,
    pub failure_reason: Option<String>,
    #[serde(default)]
    pub metadata: Option<Metadata>,
}

/// A payout.
#[derive(Debug, Deserialize)]
pub struct PayoutObject {
    pub id: String,
    pub status: String,
    pub amount: i64,
    pub currency: Option<String>,
    pub failure_code: Option<String>,
    #[serde(default)]
    pub metadata: Option<Metadata>,
}

/// What we gave the provider to remember; whoever holds its account can change it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub payment_id: Option<String>,
    pub project_id: Option<String>,
    pub refund_id: Option<String>,
    pub payout_id: Option<String>,
}

/// Why something was not done.
#[derive(Debug, Default, Deserialize)]
pub struct Trouble {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub code: Option<String>,
    pub decline_code: Option<String>,
    pub payment_intent: Option<Box<Intent>>,
}

/// The body of an error.
#[derive(Debug, Default, Deserialize)]
pub struct ErrorBody {
    #[serde(default)]
    pub error: Trouble,
}

/// A message.
#[derive(Debug, Deserialize)]
pub struct Event<O> {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub created: Option<i64>,
    pub data: About<O>,
}

/// What a message is about.
#[derive(Debug, Deserialize)]
pub struct About<O> {
    pub object: O,
}

/// A message of which only the envelope is wanted.
pub type Envelope = Event<IgnoredAny>;

impl Intent {
    /// Where it stands, unless in a way that we do not know.
    pub fn news(&self, at: Timestamp) -> Option<News> {
        let failure = self.last_payment_error.as_ref().map(Trouble::code);
        let standing = match self.status.as_str() {
            "requires_payment_method" if failure.is_some() => Standing::Failed,
            "requires_payment_method" | "requires_confirmation" | "requires_action" => Standing::Waiting,
            "processing" => Standing::Processing,
            "requires_capture" => Standing::Authorized,
            "succeeded" => Standing::Succeeded,
            "canceled" => Standing::Cancelled,
            _ => return None,
        };
        Some(News {
            standing,
            amount: self.amount,
            currency: currency(self.currency.as_deref()),
            received: self.amount_received,
            failure,
            at,
            said: self.status.clone(),
        })
    }
}

impl RefundObject {
    /// Where it stands, unless in a way that we do not know.
    pub fn news(&self) -> Option<RefundNews> {
        let said = self.status.as_deref()?;
        let standing = match said {
            "pending" | "requires_action" => RefundStanding::Pending,
            "succeeded" => RefundStanding::Succeeded,
            "failed" | "canceled" => RefundStanding::Failed,
            _ => return None,
        };
        let failure = match standing {
            RefundStanding::Failed => Some(code(self.failure_reason.as_deref().unwrap_or(said))),
            RefundStanding::Pending | RefundStanding::Succeeded => None,
        };
        Some(RefundNews {
            reference: self.id.clone(),
            standing,
            amount: self.amount,
            failure,
            said: said.to_owned(),
        })
    }
}

impl PayoutObject {
    /// Where it stands, unless in a way that we do not know.
    pub fn news(&self) -> Option<PayoutNews> {
        let standing = match self.status.as_str() {
            "pending" | "in_transit" => PayoutStanding::Pending,
            "paid" => PayoutStanding::Paid,
            "failed" | "canceled" => PayoutStanding::Failed,
            _ => return None,
        };
        let failure = match standing {
            PayoutStanding::Failed => Some(code(self.failure_code.as_deref().unwrap_or(&self.status))),
            PayoutStanding::Pending | PayoutStanding::Paid => None,
        };
        Some(PayoutNews {
            reference: self.id.clone(),
            standing,
            amount: self.amount,
            currency: currency(self.currency.as_deref()),
            failure,
            said: self.status.clone(),
        })
    }
}

impl Metadata {
    /// Our payment.
    pub fn payment(&self) -> Option<PaymentId> {
        self.payment_id.as_ref()?.parse().ok()
    }

    /// Our project.
    pub fn project(&self) -> Option<ProjectId> {
        self.project_id.as_ref()?.parse().ok()
    }

    /// Our refund.
    pub fn refund(&self) -> Option<RefundId> {
        self.refund_id.as_ref()?.parse().ok()
    }

    /// Our payout.
    pub fn payout(&self) -> Option<PayoutId> {
        self.payout_id.as_ref()?.parse().ok()
    }
}

impl Trouble {
    /// The most telling code that there is.
    pub fn code(&self) -> String {
        let told = self.decline_code.as_deref().or(self.code.as_deref()).or(self.kind.as_deref());
        code(told.unwrap_or("refused"))
    }
}

/// A currency, unless it is one that we do not know.
fn currency(code: Option<&str>) -> Option<Currency> {
    code?.to_ascii_uppercase().parse().ok()
}

/// A code of somebody else's, made fit to be kept and shown.
fn code(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').take(64).collect()
}

/// A time in seconds.
pub fn time(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000))
}
