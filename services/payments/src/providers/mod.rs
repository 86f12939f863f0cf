//! Who takes the money and pays it out: what each provider can be asked, in words that none of them has to itself.
//!
//! What a provider answers is a reply, a refusal included; that there is no answer is a [`CallTrouble`]. A new
//! provider is a file here, a name in the domain, and a line in [`provider`].

mod form;
mod offline;
mod signature;
pub mod stripe;
mod wire;

use std::pin::Pin;

use contracts::{Money, OrderId, PaymentId, ProjectId, RefundId, TopUpId, UserId, WithdrawalId};
use kernel::jobs::{Attempt, CallTrouble};
use kernel::secrets::Secret;
use kernel::service::Means;
use serde::{Deserialize, Serialize};

use crate::domain::{
    Capture, InvoiceRef, News, PaymentMethod, PayoutId, PayoutNews, ProviderName, RefundNews,
};

pub use signature::Forged;

/// What a provider answered.
pub type Reply<T> = Result<T, Refusal>;

/// A question on its way.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<Reply<T>, CallTrouble>> + Send + 'a>>;

/// The provider said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why, as a stable code.
    pub code: String,
    /// Where the payment stands then, as far as it said so.
    pub news: Option<News>,
}

/// A payment to be made known to a provider.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The payment.
    pub payment: PaymentId,
    /// Whose it is.
    pub project: ProjectId,
    /// The order it is for.
    pub order: Option<OrderId>,
    /// The invoice it is for.
    pub invoice: Option<InvoiceRef>,
    /// The top-up it is for.
    pub top_up: Option<TopUpId>,
    /// Who pays.
    pub user: Option<UserId>,
    /// What is to be paid.
    pub price: Money,
    /// When it is taken.
    pub capture: Capture,
}

/// A payment that a provider knows.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The provider's name for it.
    pub reference: String,
    /// What lets the customer's browser confirm it.
    pub client_secret: Option<Secret<String>>,
    /// Where it stands.
    pub news: News,
}

/// What a provider is to do with a payment that it knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Steer {
    /// Charge the customer.
    Confirm {
        /// What they pay with, where the provider does not know it.
        method: Option<PaymentMethod>,
    },
    /// Take the money that is held.
    Capture {
        /// How much of it.
        amount: i64,
    },
    /// Let it go.
    Cancel,
}

/// Money to be given back.
#[derive(Clone, Debug)]
pub struct Giving {
    /// Our refund.
    pub refund: RefundId,
    /// The provider's name for the payment.
    pub reference: String,
    /// How much.
    pub amount: i64,
}

/// Money to be paid out.
#[derive(Clone, Debug)]
pub struct PayingOut {
    /// Our payout.
    pub payout: PayoutId,
    /// The withdrawal that it is for.
    pub withdrawal: WithdrawalId,
    /// Whose it is.
    pub project: ProjectId,
    /// How much.
    pub amount: Money,
    /// Where to, as the provider names it.
    pub destination: Secret<String>,
}

/// One provider, as one project uses it.
pub trait Provider: Send + Sync {
    /// Makes a payment known. Asked twice, it is one.
    fn open<'a>(&'a self, opening: &'a Opening) -> Asking<'a, Opened>;
    /// Has something done with a payment, once for each key.
    fn steer<'a>(&'a self, reference: &'a str, steer: &'a Steer, key: String) -> Asking<'a, News>;
    /// Where a payment stands.
    fn look<'a>(&'a self, reference: &'a str) -> Asking<'a, News>;
    /// Gives money back. Asked twice, it is once.
    fn give_back<'a>(&'a self, giving: &'a Giving) -> Asking<'a, RefundNews>;
    /// Where a refund stands.
    fn look_refund<'a>(&'a self, reference: &'a str) -> Asking<'a, RefundNews>;
    /// Pays money out. Asked twice for a withdrawal, it is once.
    fn pay_out<'a>(&'a self, paying: &'a PayingOut) -> Asking<'a, PayoutNews>;
    /// Where a payout stands.
    fn look_payout<'a>(&'a self, reference: &'a str) -> Asking<'a, PayoutNews>;
}

/// The provider of this name, with the project's own keys.
pub fn provider(
    name: ProviderName,
    means: &Means,
    project: ProjectId,
    attempt: &Attempt,
) -> Result<Box<dyn Provider>, CallTrouble> {
    match name {
        ProviderName::Stripe => Ok(Box::new(stripe::Stripe::of(means, project, attempt)?)),
        ProviderName::Offline => Ok(Box::new(offline::Offline { at: means.store.clock().now() })),
    }
}

impl Steer {
    /// Its name in the list of attempts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Confirm { .. } => "confirm",
            Self::Capture { .. } => "capture",
            Self::Cancel => "cancel",
        }
    }
}

impl Refusal {
    /// A refusal that says nothing of the payment.
    pub fn of(code: &str) -> Self {
        Self { code: code.to_owned(), news: None }
    }
}
