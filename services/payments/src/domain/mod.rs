//! What payments are and what may become of them. No SQL, no network, no clock.
//!
//! `payment` (the entity and its moves), `news` (what a provider says, and what that changes), `refund` (money on its
//! way back), `payout` (money out of wallets), `clearance` (who waits for fraud detection), `review` (what people make of it),
//! `text` (parsed texts).

mod clearance;
mod news;
mod payment;
mod payout;
mod refund;
mod review;
mod text;

pub use clearance::{Clearance, OnSilence, Waited};
pub use news::{Doubt, Heard, News, Standing};
pub use payment::{AMOUNT_MAX, CallOff, Capture, Payment, ProviderName, Stage, Status, Unbalanced};
pub use payout::{ByHand, Payout, PayoutMove, PayoutNews, PayoutStanding, PayoutStatus};
pub use refund::{Refund, RefundMove, RefundNews, RefundStanding, RefundStatus};
pub use review::{Review, ReviewOutcome};
pub use text::{AttemptId, Device, FailureCode, InvoiceRef, PaymentMethod, PayoutId, Reason, ReviewId};

#[cfg(test)]
mod tests;
