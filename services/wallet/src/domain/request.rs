//! Asking somebody for money.

use contracts::{Money, Timestamp, UserId, WalletAccountId, WalletPaymentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MoneyRequestId, Note};

/// Somebody asks somebody for money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoneyRequest {
    /// Its id.
    pub id: MoneyRequestId,
    /// Who asks.
    pub requester: UserId,
    /// Where the money is to go.
    pub to: WalletAccountId,
    /// Who is asked.
    pub payer: UserId,
    /// For how much.
    pub amount: Money,
    /// What for.
    pub note: Option<Note>,
    /// Where it stands.
    pub state: RequestState,
    /// The payment that it was answered with.
    pub payment: Option<WalletPaymentId>,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// How often it was changed.
    pub version: u64,
}

/// Where a request for money stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// It waits for an answer.
    Open,
    /// A payment is on its way.
    Accepted,
    /// It was paid.
    Paid,
    /// It was turned down.
    Declined,
}

/// The request has been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request has been answered")]
pub struct Answered(pub RequestState);

impl MoneyRequest {
    /// It is answered with a payment.
    pub fn accept(self, payment: WalletPaymentId) -> Result<Self, Answered> {
        let open = self.open()?;
        Ok(Self { state: RequestState::Accepted, payment: Some(payment), ..open })
    }

    /// It is turned down.
    pub fn decline(self) -> Result<Self, Answered> {
        Ok(Self { state: RequestState::Declined, ..self.open()? })
    }

    /// It, if it waits for an answer.
    pub fn open(self) -> Result<Self, Answered> {
        match self.state {
            RequestState::Open => Ok(self),
            RequestState::Accepted | RequestState::Paid | RequestState::Declined => Err(Answered(self.state)),
        }
    }
}
