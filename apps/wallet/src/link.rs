//! What a scanned code says: `stoa:pay?to=acc_…&amount=5000&currency=INR`.

use contracts::{Currency, Money, WalletAccountId};

/// Somebody asks to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayLink {
    /// Into which account.
    pub to: WalletAccountId,
    /// How much, where they say so.
    pub amount: Option<Money>,
}

const START: &str = "stoa:pay?";

impl PayLink {
    /// Reads a code; what is not one of ours is none.
    pub fn read(text: &str) -> Option<Self> {
        let query = text.trim().strip_prefix(START)?;
        let value = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, v)| v)
        };
        let to = value("to")?.parse().ok()?;
        let currency: Option<Currency> = value("currency").and_then(|code| code.parse().ok());
        let amount = match value("amount") {
            Some(minor) => {
                let minor: i64 = minor.parse().ok().filter(|minor| *minor > 0)?;
                Some(Money::new(minor, currency?))
            }
            None => None,
        };
        Some(Self { to, amount })
    }

    /// The page on which it is paid, everything filled in.
    pub fn page(&self) -> String {
        let amount = self
            .amount
            .map(|amount| format!("?amount={}&currency={}", amount.to_decimal(), amount.currency().code()));
        format!("/wallet/send/{}{}", self.to, amount.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TO: &str = "acc_01jd3sa4k8qm7v2x9c5f0t6w1b";

    #[test]
    fn a_code_leads_to_a_page_that_is_filled_in() {
        let page = |text: &str| PayLink::read(text).map(|link| link.page());
        assert_eq!(
            page(&format!("stoa:pay?to={TO}&amount=5000&currency=INR")),
            Some(format!("/wallet/send/{TO}?amount=50.00&currency=INR"))
        );
        assert_eq!(page(&format!(" stoa:pay?to={TO}&currency=EUR\n")), Some(format!("/wallet/send/{TO}")));
    }

    #[test]
    fn what_is_not_a_code_of_ours_is_none() {
        for text in [
            "",
            "https://evil.example",
            "stoa:pay?to=usr_1",
            "stoa:pay?amount=1",
            &format!("stoa:pay?to={TO}&amount=-1&currency=INR"),
            &format!("stoa:pay?to={TO}&amount=1"),
            &format!("stoa:pay?to={TO}/../x"),
        ] {
            assert_eq!(PayLink::read(text), None, "{text}");
        }
    }
}
