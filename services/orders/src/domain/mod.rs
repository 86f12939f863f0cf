//! The rules of orders, pure: `state` (where an order stands), `order` (its moves), `goods` (what is for sale and what a
//! wish costs), `history` (what happened, in words), `ship_to` (where it goes).
//!
//! Read `state` and `order` first. There is no database here, no clock and nothing random: those who have them pass values in.

mod goods;
mod history;
mod order;
mod state;
mod ship_to;

#[cfg(test)]
mod tests;

pub use goods::{
    LINES_MAX, Line, LineProblem, Offer, Priced, QUANTITY_MAX, Quantity, QuantityOrNone, Refusal, Wish,
    summed,
};
pub use history::{Happening, Told};
pub use order::{BadMove, By, Receipt, Repaid, refund_of};
pub use ship_to::{AddressLine, Country, Destination, Phone, Place, Postcode, ShipTo};
pub use state::{
    Attempt, FulfilmentStatus, Goods, Order, Paid, Payment, PaymentStatus, Received, RefundState, State,
    Status,
};

use contracts::UserId;

contracts::ids! {
    /// What somebody is about to buy. Whoever knows it may use it, so it is made of randomness.
    CartId = "crt";
    /// One thing that happened to an order.
    HappeningId = "hap";
}

contracts::texts! {
    /// Where a parcel can be followed.
    Tracking: is_tracking, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "DHL 00340434161094015902", "1 to 200 printable characters";
    /// Why money goes back.
    RefundReason: is_tracking, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "The lid was broken.", "1 to 200 printable characters";
}

/// Whose orders somebody may see and change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of everybody in the project.
    Everybodys,
    /// Their own.
    Of(UserId),
}

impl Whose {
    /// Whether an order of `buyer` is among them.
    pub fn covers(self, buyer: UserId) -> bool {
        match self {
            Self::Everybodys => true,
            Self::Of(user) => user == buyer,
        }
    }
}

fn is_tracking(text: &str) -> bool {
    (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
