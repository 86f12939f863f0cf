//! What things cost: one price in each currency they are sold in.

use std::ops::Deref;

use contracts::events::commerce;
use contracts::{BadText, Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The highest price, in minor units.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000_000;
/// The most currencies of one variant.
pub const PRICES_MAX: usize = 20;

/// A price in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Said")]
#[schema(example = json!({"amount": 129_900, "currency": "INR"}))]
pub struct Price {
    /// Minor units: 1299.00 rupees are 129900.
    #[schema(minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    amount: i64,
    /// Their currency.
    currency: Currency,
}

/// Prices, each in a currency of its own; the first is shown to whoever asks for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Price>")]
pub struct Prices(Vec<Price>);

/// A price as it is said, not looked at yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    amount: i64,
    currency: Currency,
}

impl Price {
    /// The amount, where it can be a price.
    pub fn of(money: Money) -> Result<Self, BadText> {
        Self::try_from(Said { amount: money.minor(), currency: money.currency() })
    }

    /// Minor units.
    pub fn amount(self) -> i64 {
        self.amount
    }

    /// Their currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The same as money.
    pub fn money(self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

impl Prices {
    /// The same with this price in its currency.
    pub fn with(&self, price: Price) -> Result<Self, BadText> {
        let mut prices = self.0.clone();
        match prices.iter_mut().find(|other| other.currency == price.currency) {
            Some(other) => *other = price,
            None => prices.push(price),
        }
        Self::try_from(prices)
    }
}

/// The lowest price in each currency, in the order in which the currencies first stand.
pub fn lowest<'p>(prices: impl Iterator<Item = &'p Price>) -> Vec<Price> {
    let mut lowest: Vec<Price> = Vec::new();
    for price in prices {
        match lowest.iter_mut().find(|other| other.currency == price.currency) {
            Some(other) => other.amount = other.amount.min(price.amount),
            None => lowest.push(*price),
        }
    }
    lowest
}

impl Deref for Prices {
    type Target = [Price];

    fn deref(&self) -> &[Price] {
        &self.0
    }
}

impl TryFrom<Said> for Price {
    type Error = BadText;

    fn try_from(said: Said) -> Result<Self, BadText> {
        if (0..=AMOUNT_MAX).contains(&said.amount) {
            Ok(Self { amount: said.amount, currency: said.currency })
        } else {
            Err(BadText("an amount from 0 to 1000000000000000 minor units"))
        }
    }
}

impl TryFrom<Vec<Price>> for Prices {
    type Error = BadText;

    fn try_from(prices: Vec<Price>) -> Result<Self, BadText> {
        let twice =
            |at: usize, price: &Price| prices[..at].iter().any(|other| other.currency == price.currency);
        if prices.len() > PRICES_MAX || prices.iter().enumerate().any(|(at, price)| twice(at, price)) {
            return Err(BadText("at most 20 prices, each in a currency of its own"));
        }
        Ok(Self(prices))
    }
}

impl From<Price> for commerce::Price {
    fn from(price: Price) -> Self {
        Self { amount: price.amount, currency: price.currency }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(amount: i64, currency: Currency) -> Price {
        Price::of(Money::new(amount, currency)).unwrap()
    }

    #[test]
    fn a_price_is_not_negative_and_not_absurd() {
        assert!(Price::of(Money::new(-1, Currency::INR)).is_err());
        assert!(Price::of(Money::new(AMOUNT_MAX + 1, Currency::INR)).is_err());
        assert!(Price::of(Money::new(0, Currency::INR)).is_ok());
        assert!(serde_json::from_str::<Price>(r#"{"amount":1,"currency":"INR","x":1}"#).is_err());
    }

    #[test]
    fn each_currency_has_one_price_and_keeps_its_place() {
        let twice = vec![price(1, Currency::INR), price(2, Currency::INR)];
        assert!(Prices::try_from(twice).is_err());
        let prices = Prices::try_from(vec![price(1, Currency::INR), price(2, Currency::EUR)]).unwrap();
        let changed = prices.with(price(9, Currency::INR)).unwrap();
        assert_eq!(*changed, [price(9, Currency::INR), price(2, Currency::EUR)]);
        assert_eq!(prices.with(price(3, Currency::USD)).unwrap().len(), 3);
    }

    #[test]
    fn the_lowest_price_of_each_currency_is_shown_the_first_currency_first() {
        let all = [price(5, Currency::USD), price(7, Currency::EUR), price(3, Currency::USD)];
        assert_eq!(lowest(all.iter()), [price(3, Currency::USD), price(7, Currency::EUR)]);
        assert!(lowest([].iter()).is_empty());
    }
}
