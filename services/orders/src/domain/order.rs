//! The moves of an order, from state to state.
//!
//! A move takes the order and gives the next one; what is not allowed is a [`BadMove`]. What others tell of money may
//! come twice and in any order, so those moves say what they found instead of failing.

use contracts::events::commerce::CancelReason;
use contracts::{Currency, Id, OrderId, PaymentId, RefundId, Timestamp};
use serde::Serialize;

use super::Tracking;
use super::state::{Attempt, Goods, Order, Paid, Payment, Received, State, Status};

/// What a payment that succeeded is to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It pays the order.
    Pays(Box<Order>),
    /// It has been seen before.
    Known,
    /// The order came to nothing: all of it goes back. It counts as the order's money where the order says so.
    TooLate(Box<Order>),
    /// It is not what the order costs: all of it goes back.
    WrongAmount,
    /// The order has been paid by another one.
    Second,
}

/// What money that went back is to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repaid {
    /// Nothing new, or no money of this order.
    Nothing,
    /// The order knows it now.
    Noted(Box<Order>),
    /// All of it is back before the goods were sent: they can be sold to others.
    GivesUpGoods(Box<Order>),
}

/// Who cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Whoever bought.
    Customer,
    /// Whoever sells.
    Shop,
}

/// What somebody may do to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// Give it up.
    Cancel,
    /// Send the goods.
    Fulfil,
    /// Send money back.
    Refund,
}

/// A move that the order's state does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the order's state does not allow it")]
pub struct BadMove {
    /// Where the order stands.
    pub status: Status,
    /// What can be done instead.
    pub allowed: Vec<Move>,
}

impl Order {
    /// Whether a payment is of what the order costs; what it does not say is taken for right.
    pub fn fits(&self, amount: Option<i64>, currency: Option<Currency>) -> bool {
        amount.is_none_or(|amount| amount == self.total.minor())
            && currency.is_none_or(|currency| currency == self.total.currency())
    }

    /// A payment has succeeded; `fits` says whether it is of what the order costs.
    pub fn receive(self, by: Payment, fits: bool, at: Timestamp) -> Receipt {
        match &self.state {
            State::PendingPayment { .. } if !fits => Receipt::WrongAmount,
            State::PendingPayment { .. } => {
                Receipt::Pays(self.into_state(State::Paid(Paid { by, at, refunded: 0 })).into())
            }
            State::Paid(paid) | State::Fulfilled { paid, .. } | State::Refunded { paid, .. } => {
                if paid.by.is(&by) { Receipt::Known } else { Receipt::Second }
            }
            State::Cancelled { received: Received::All(paid), .. } if paid.by.is(&by) => Receipt::Known,
            State::Cancelled { received: Received::Nothing(_), why } if fits => {
                let (why, received) = (*why, Received::All(Paid { by, at, refunded: 0 }));
                Receipt::TooLate(self.into_state(State::Cancelled { why, received }).into())
            }
            State::Cancelled { .. } => Receipt::TooLate(self.into()),
        }
    }

    /// What was heard of an attempt to pay; `None` where it is old, or the order waits for no money.
    pub fn try_paying(self, heard: Attempt) -> Option<Self> {
        match &self.state {
            State::PendingPayment { attempt, expires_at }
                if heard.at() >= attempt.at() && heard != *attempt =>
            {
                let expires_at = *expires_at;
                Some(self.into_state(State::PendingPayment { expires_at, attempt: heard }))
            }
            State::PendingPayment { .. }
            | State::Paid(_)
            | State::Fulfilled { .. }
            | State::Cancelled { .. }
            | State::Refunded { .. } => None,
        }
    }

    /// Time has passed; `None` where it does not matter.
    pub fn expire(self, now: Timestamp) -> Option<Self> {
        match &self.state {
            State::PendingPayment { expires_at, attempt } if *expires_at <= now => {
                let received = Received::Nothing(attempt.clone());
                Some(self.into_state(State::Cancelled { why: CancelReason::Expired, received }))
            }
            State::PendingPayment { .. }
            | State::Paid(_)
            | State::Fulfilled { .. }
            | State::Cancelled { .. }
            | State::Refunded { .. } => None,
        }
    }

    /// It is not wanted any more; its money, if there is any, has to go back.
    pub fn cancel(self, by: By) -> Result<Self, BadMove> {
        let why = match by {
            By::Customer => CancelReason::Customer,
            By::Shop => CancelReason::Shop,
        };
        match &self.state {
            State::PendingPayment { attempt, .. } => {
                let received = Received::Nothing(attempt.clone());
                Ok(self.into_state(State::Cancelled { why, received }))
            }
            State::Paid(paid) if by == By::Shop => {
                let received = Received::All(paid.clone());
                Ok(self.into_state(State::Cancelled { why, received }))
            }
            State::Paid(_) | State::Fulfilled { .. } | State::Cancelled { .. } | State::Refunded { .. } => {
                let BadMove { status, allowed } = self.bad_move();
                // All else is the shop's to do.
                let allowed = if by == By::Shop { allowed } else { Vec::new() };
                Err(BadMove { status, allowed })
            }
        }
    }

    /// Its goods are on their way.
    pub fn fulfil(self, tracking: Option<Tracking>) -> Result<Self, BadMove> {
        match &self.state {
            State::Paid(paid) => {
                let paid = paid.clone();
                Ok(self.into_state(State::Fulfilled { paid, tracking }))
            }
            State::PendingPayment { .. }
            | State::Fulfilled { .. }
            | State::Cancelled { .. }
            | State::Refunded { .. } => Err(self.bad_move()),
        }
    }

    /// How much may still be asked back when `asked` was already.
    pub fn refundable(&self, asked: i64) -> Result<i64, BadMove> {
        match &self.state {
            State::Paid(_)
            | State::Fulfilled { .. }
            | State::Cancelled { received: Received::All(_), .. } => {
                Ok(self.total.minor().saturating_sub(asked).max(0))
            }
            State::PendingPayment { .. }
            | State::Cancelled { received: Received::Nothing(_), .. }
            | State::Refunded { .. } => Err(self.bad_move()),
        }
    }

    /// So much of a payment has gone back in all. The most that was ever heard holds.
    pub fn repay(self, payment: PaymentId, total: i64) -> Repaid {
        let Some(paid) = self.paid().filter(|paid| paid.may_be(payment)).cloned() else {
            return Repaid::Nothing;
        };
        let refunded = total.min(self.total.minor());
        if refunded <= paid.refunded {
            return Repaid::Nothing;
        }
        let all = refunded == self.total.minor();
        let by = Payment { id: Some(payment), ..paid.by };
        let paid = Paid { by, refunded, ..paid };
        match &self.state {
            State::PendingPayment { .. } | State::Cancelled { received: Received::Nothing(_), .. } => {
                Repaid::Nothing
            }
            State::Refunded { .. } => Repaid::Nothing,
            State::Paid(_) if all => {
                let goods = Goods::Kept { why: None };
                Repaid::GivesUpGoods(self.into_state(State::Refunded { paid, goods }).into())
            }
            State::Paid(_) => Repaid::Noted(self.into_state(State::Paid(paid)).into()),
            State::Fulfilled { tracking, .. } => {
                let tracking = tracking.clone();
                let next = if all {
                    State::Refunded { paid, goods: Goods::Sent { tracking } }
                } else {
                    State::Fulfilled { paid, tracking }
                };
                Repaid::Noted(self.into_state(next).into())
            }
            State::Cancelled { why, received: Received::All(_) } => {
                let why = *why;
                let next = if all {
                    State::Refunded { paid, goods: Goods::Kept { why: Some(why) } }
                } else {
                    State::Cancelled { why, received: Received::All(paid) }
                };
                Repaid::Noted(self.into_state(next).into())
            }
        }
    }

    fn into_state(self, state: State) -> Self {
        Self { state, ..self }
    }

    fn bad_move(&self) -> BadMove {
        let allowed = match &self.state {
            State::PendingPayment { .. } => vec![Move::Cancel],
            State::Paid(_) => vec![Move::Cancel, Move::Fulfil, Move::Refund],
            State::Fulfilled { .. } | State::Cancelled { received: Received::All(_), .. } => {
                vec![Move::Refund]
            }
            State::Cancelled { received: Received::Nothing(_), .. } | State::Refunded { .. } => Vec::new(),
        };
        BadMove { status: self.status(), allowed }
    }
}

/// The name of the refund of a whole payment for an order: asked for twice, it is the same one.
pub fn refund_of(order: OrderId, intent: &str) -> RefundId {
    // FNV-1a of 128 bits: nobody chooses both names, so meeting by accident is all there is to avoid.
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let bytes = order.as_u128().to_be_bytes().into_iter().chain(intent.bytes());
    RefundId::from_u128(bytes.fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME)))
}
