//! The shared vocabulary: what services say to each other, and the words they say it with.
//!
//! Read it in this order: `id` (what things are called), `time` (when), `currency` and `money`
//! (how much), `event` (how a fact travels), `registry` (which facts there are, and their JSON
//! Schemas), `events` (the facts whose payload is fixed for everyone).
//!
//! There is no I/O, no clock and no randomness here: those who have them pass the values in.

pub mod id;
pub mod time;
pub mod currency;
pub mod money;
pub mod event;
pub mod registry;
pub mod events;
#[doc(hidden)]
pub mod text;

pub use currency::{BadCurrency, Currency};
pub use event::{BadEvent, Envelope, Event};
pub use id::{
    ApiKeyId, AuditRecordId, BadId, EventId, Id, IdText, JobId, KycCaseId, NotificationId, OrderId,
    OrganisationId, OtpId, PaymentId, ProductId, ProjectId, RefundId, RoleId, SessionId, TopUpId,
    TransactionId, UserId, VariantId, WalletAccountId, WalletPaymentId, WithdrawalId,
};
pub use money::{BasisPoints, Money, MoneyError, Rounding};
pub use registry::{BadRegistry, EventKind, Registry, json_schema};
pub use text::BadText;
pub use time::{BadTimestamp, Timestamp};
