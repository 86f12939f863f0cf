//! How much there is, how much of it is promised, and what may be done to both.

use contracts::events::commerce::StockMove;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most of one thing that a store holds.
pub const ON_HAND_MAX: i64 = 1_000_000_000_000;
/// The most that one adjustment adds or takes.
pub const DELTA_MAX: i64 = 1_000_000_000;
/// With so many left or fewer a buyer is told to hurry.
const LOW_MAX: i64 = 5;

/// The stock of a variant. Orders tell of their moves in an order of their own, so either number can be odd for a
/// while; that is kept, since what follows mends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// In the store.
    pub on_hand: i64,
    /// Promised to orders and not sent yet.
    pub committed: i64,
}

/// What a buyer is told about stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::enum_variant_names, reason = "these are the words that shop windows know")]
pub enum Availability {
    /// None can be had.
    OutOfStock,
    /// Few are left.
    LowStock,
    /// There are enough.
    InStock,
}

/// What moved stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Somebody counted, received or threw away.
    Adjusted,
    /// An order was promised some.
    Held,
    /// An order came to nothing.
    Released,
    /// An order was sent.
    Shipped,
}

/// Why stock stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStock {
    /// More would leave than is there.
    #[error("there is not that much in store")]
    NotEnough,
    /// More than can be kept.
    #[error("that is more than a store holds")]
    TooMuch,
}

impl Stock {
    /// What can still be sold.
    pub fn available(self) -> i64 {
        self.on_hand.saturating_sub(self.committed)
    }

    /// What a buyer is told.
    pub fn availability(self) -> Availability {
        Availability::of(self.available())
    }

    /// More or less of it in store; never less than nothing.
    pub fn adjust(self, delta: i64) -> Result<Self, BadStock> {
        let on_hand = self.on_hand.checked_add(delta).filter(|on_hand| *on_hand <= ON_HAND_MAX);
        let on_hand = on_hand.ok_or(BadStock::TooMuch)?;
        // What a late word of an order made negative may come nearer to nothing.
        if delta < 0 && on_hand < 0 { Err(BadStock::NotEnough) } else { Ok(Self { on_hand, ..self }) }
    }

    /// What an order did. It has happened, so it is never refused.
    pub fn moved(self, movement: StockMove, quantity: u32) -> Result<Self, BadStock> {
        let (on_hand_by, committed_by) = movement_of(movement, quantity);
        let sum = |before: i64, by: i64| before.checked_add(by).ok_or(BadStock::TooMuch);
        Ok(Self { on_hand: sum(self.on_hand, on_hand_by)?, committed: sum(self.committed, committed_by)? })
    }
}

impl Availability {
    /// Of so many that can be sold.
    pub fn of(available: i64) -> Self {
        match available {
            ..=0 => Self::OutOfStock,
            1..=LOW_MAX => Self::LowStock,
            _ => Self::InStock,
        }
    }

    /// Whether it can be bought now.
    pub fn is_in_stock(self) -> bool {
        self != Self::OutOfStock
    }
}

impl From<StockMove> for MovementKind {
    fn from(movement: StockMove) -> Self {
        match movement {
            StockMove::Held => Self::Held,
            StockMove::Released => Self::Released,
            StockMove::Shipped => Self::Shipped,
        }
    }
}

fn movement_of(movement: StockMove, quantity: u32) -> (i64, i64) {
    let quantity = i64::from(quantity);
    match movement {
        StockMove::Held => (0, quantity),
        StockMove::Released => (0, -quantity),
        StockMove::Shipped => (-quantity, -quantity),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Adjust(i64),
        Move(StockMove, u32),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let moves = prop_oneof![Just(StockMove::Held), Just(StockMove::Released), Just(StockMove::Shipped)];
        let step = prop_oneof![
            (-50_i64..50).prop_map(Step::Adjust),
            (moves, 0_u32..50).prop_map(|(movement, quantity)| Step::Move(movement, quantity)),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        #[test]
        fn stock_is_the_sum_of_what_was_done_to_it_in_any_order(steps in steps()) {
            let (mut stock, mut on_hand, mut committed) = (Stock::default(), 0, 0);
            for step in steps {
                let after = match step {
                    Step::Adjust(delta) => stock.adjust(delta).inspect(|_| on_hand += delta),
                    Step::Move(movement, quantity) => stock.moved(movement, quantity).inspect(|_| {
                        let quantity = i64::from(quantity);
                        match movement {
                            StockMove::Held => committed += quantity,
                            StockMove::Released => committed -= quantity,
                            StockMove::Shipped => { committed -= quantity; on_hand -= quantity; }
                        }
                    }),
                };
                stock = after.unwrap_or(stock);
                prop_assert_eq!(stock, Stock { on_hand, committed });
                prop_assert_eq!(stock.availability().is_in_stock(), on_hand > committed);
            }
        }

        #[test]
        fn no_adjustment_takes_more_than_is_there(on_hand in 0_i64..100, delta in -200_i64..200) {
            let stock = Stock { on_hand, committed: 7 };
            match stock.adjust(delta) {
                Ok(after) => prop_assert!(after.on_hand >= 0 && after.committed == 7),
                Err(bad) => prop_assert!(bad == BadStock::NotEnough && on_hand + delta < 0),
            }
        }
    }

    #[test]
    fn a_buyer_is_told_none_few_or_enough() {
        let told = |available| Availability::of(available);
        assert_eq!([told(-3), told(0)], [Availability::OutOfStock; 2]);
        assert_eq!([told(1), told(5)], [Availability::LowStock; 2]);
        assert_eq!(told(6), Availability::InStock);
        assert_eq!(Stock { on_hand: 9, committed: 4 }.availability(), Availability::LowStock);
    }

    #[test]
    fn an_order_that_ships_before_goods_are_counted_is_kept_and_mended() {
        let odd = Stock::default().moved(StockMove::Shipped, 3).unwrap();
        assert_eq!(odd, Stock { on_hand: -3, committed: -3 });
        assert_eq!(odd.adjust(-1), Err(BadStock::NotEnough));
        let mended = odd.adjust(2).unwrap().moved(StockMove::Held, 3).unwrap();
        assert_eq!(mended, Stock { on_hand: -1, committed: 0 });
    }

    #[test]
    fn a_store_does_not_hold_everything() {
        let full = Stock { on_hand: ON_HAND_MAX, committed: 0 };
        assert_eq!(full.adjust(1), Err(BadStock::TooMuch));
        assert!(full.adjust(-1).is_ok());
    }
}
