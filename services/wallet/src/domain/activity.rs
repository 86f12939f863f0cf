//! What happened in an account, whatever it was: payments, what they cost, money from outside and back.

use contracts::{Timestamp, WalletAccountId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Note, ShortName};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WalletActivityKind)]
pub enum ActivityKind {
    /// A payment between wallets.
    Payment,
    /// A payment that gives another one back.
    Refund,
    /// What the project kept of a payment that arrived.
    Fee,
    /// Money from outside.
    TopUp,
    /// Money that goes outside.
    Withdrawal,
}

/// How far it has come, in the same words for all kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WalletActivityState)]
pub enum ActivityState {
    /// It is not over.
    Pending,
    /// The money has moved.
    Completed,
    /// It has not and will not.
    Failed,
}

/// Something that happened in an account, or is about to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Activity {
    /// When it began.
    pub at: Timestamp,
    /// What it is.
    pub kind: ActivityKind,
    /// The payment, top-up or withdrawal.
    pub id: String,
    /// A payment and its fee have one id: the fee comes after it.
    pub part: i64,
    /// How far it has come.
    pub state: ActivityState,
    /// Where it stands, in the words of its kind.
    pub status: String,
    /// The wallet at the other end, where there is one.
    pub other_account: Option<WalletAccountId>,
    /// What its owner is called.
    pub other_name: Option<ShortName>,
    /// How much comes, or goes where it is negative, in minor units.
    pub net: i64,
    /// What it is for.
    pub note: Option<Note>,
    /// Why it comes to nothing.
    pub reason: Option<String>,
}

/// The place of something among all that happened in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place(pub i64, pub String, pub i64);

impl Activity {
    /// Its place. Times are shown to the millisecond, but this one is whole.
    pub fn place(&self) -> Place {
        Place(self.at.as_micros(), self.id.clone(), self.part)
    }
}
