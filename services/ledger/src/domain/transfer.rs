//! What is asked of the ledger: one transfer, in one of four phases.

use contracts::{Currency, TransactionId, WalletPaymentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::address::Address;

/// What a transfer does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LedgerPhase)]
pub enum Phase {
    /// Moves money at once.
    #[default]
    Transfer,
    /// Sets money aside.
    Pending,
    /// Moves what was set aside, or part of it.
    Post,
    /// Lets go of what was set aside.
    Void,
}

/// One or both sides of a transfer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// The side that gives.
    pub debit: bool,
    /// The side that takes.
    pub credit: bool,
}

/// One transfer as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its id: what makes twice once.
    pub id: TransactionId,
    /// What it does.
    pub phase: Phase,
    /// Who gives; a post or void may leave it out.
    pub debit: Option<Address>,
    /// Who takes; a post or void may leave it out.
    pub credit: Option<Address>,
    /// How much; left out by a post, a void and a balancing transfer it is all there is.
    pub amount: Option<i64>,
    /// The currency of both accounts; a post or void may leave it out.
    pub currency: Option<Currency>,
    /// What was set aside, for a post or void.
    pub pending_id: Option<TransactionId>,
    /// After how many seconds what is set aside is let go; 0 is never.
    pub timeout_s: u32,
    /// What the caller takes it for; 0 is not said.
    pub code: u16,
    /// A post that leaves the rest set aside.
    pub keeps_rest: bool,
    /// Takes what these sides have room for, and no more than the amount.
    pub balancing: Sides,
    /// Closes these accounts, until it is voided.
    pub closing: Sides,
    /// Is done with the next one or not at all.
    pub linked: bool,
    /// The payment between wallets that it is for.
    pub payment: Option<WalletPaymentId>,
}

impl Sides {
    /// Neither of them.
    pub const NEITHER: Self = Self { debit: false, credit: false };

    /// Whether one is meant at least.
    pub const fn any(self) -> bool {
        self.debit || self.credit
    }
}

impl Transfer {
    /// A transfer between two accounts that asks for nothing special.
    pub fn between(
        id: TransactionId,
        phase: Phase,
        debit: Address,
        credit: Address,
        amount: i64,
        currency: Currency,
    ) -> Self {
        Self {
            id,
            phase,
            debit: Some(debit),
            credit: Some(credit),
            amount: Some(amount),
            currency: Some(currency),
            pending_id: None,
            timeout_s: 0,
            code: Self::CODE_OF_ITS_OWN,
            keeps_rest: false,
            balancing: Sides::NEITHER,
            closing: Sides::NEITHER,
            linked: false,
            payment: None,
        }
    }

    /// The end of what was set aside: all of it moves, or all of it is let go.
    pub fn ending(id: TransactionId, phase: Phase, pending: TransactionId) -> Self {
        Self {
            id,
            phase,
            debit: None,
            credit: None,
            amount: None,
            currency: None,
            pending_id: Some(pending),
            timeout_s: 0,
            code: 0,
            keeps_rest: false,
            balancing: Sides::NEITHER,
            closing: Sides::NEITHER,
            linked: false,
            payment: None,
        }
    }

    /// The code of transfers whose callers say none.
    pub const CODE_OF_ITS_OWN: u16 = 1;

    /// Links a list so that all of it is done or nothing.
    pub fn chain(transfers: &mut [Self]) {
        let last = transfers.len().saturating_sub(1);
        for (at, transfer) in transfers.iter_mut().enumerate() {
            transfer.linked = at < last;
        }
    }
}
