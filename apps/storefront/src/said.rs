//! What the shop tells on the page that comes after something was done.

use ui::face::Saying;

/// It is in the cart.
pub const ADDED: Saying = Saying::good("added", "Added to your cart.");
/// It is not.
pub const NOT_ADDED: Saying =
    Saying::bad("not_added", "That could not be done: it may be sold out, or your cart is full.");
/// The cart is another one.
pub const CHANGED: Saying = Saying::good("changed", "Your cart is up to date.");
/// A price is another one.
pub const PRICE_CHANGED: Saying =
    Saying::warn("price_changed", "A price has changed since you looked. Please check the new total.");
/// There is not enough left.
pub const NOT_ENOUGH: Saying =
    Saying::warn("not_enough", "Somebody was faster: there is not enough left of something in your cart.");
/// It is no longer sold.
pub const GONE: Saying = Saying::warn("gone", "Something in your cart is no longer sold.");
/// What was ordered before is in a cart.
pub const AGAIN: Saying = Saying::good("again", "We put everything into a new cart.");
/// The order is cancelled.
pub const CANCELLED: Saying = Saying::good("cancelled", "The order is cancelled.");
/// It cannot be.
pub const NOT_CANCELLED: Saying = Saying::warn("not_cancelled", "This order can no longer be cancelled.");

/// All of them.
pub const ALL: [Saying; 9] =
    [ADDED, NOT_ADDED, CHANGED, PRICE_CHANGED, NOT_ENOUGH, GONE, AGAIN, CANCELLED, NOT_CANCELLED];

#[cfg(test)]
mod tests {
    use crate::GUISE;

    #[test]
    fn everything_said_has_a_name_of_its_own_and_is_read_back() {
        for saying in super::ALL {
            assert_eq!(GUISE.saying(saying.name), Some(saying));
        }
        assert_eq!(GUISE.saying("<script>"), None);
    }
}
