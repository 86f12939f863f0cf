//! What is known of a payment, and of whom something is remembered.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use contracts::{Currency, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who moves the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FraudSource)]
pub enum Source {
    /// A payment between wallets.
    Wallet,
    /// A provider takes the money.
    Provider,
    /// Somebody asks what would be decided.
    Asked,
}

/// What is known of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FraudFacts)]
pub struct Facts {
    /// Who moves the money.
    pub source: Source,
    /// How much, in minor units.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// Who pays, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payer: Option<UserId>,
    /// Who is paid, where it is a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payee: Option<UserId>,
    /// With which device the payer asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub device: Option<String>,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub address: Option<String>,
    /// When, to the millisecond.
    pub at: Timestamp,
}

/// Of whom something is remembered from payment to payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Who pays.
    Payer,
    /// Who is paid.
    Payee,
    /// The device.
    Device,
    /// The address.
    Address,
}

/// What a list can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FraudField)]
pub enum Field {
    /// Who pays.
    Payer,
    /// Who is paid.
    Payee,
    /// The device.
    Device,
    /// The address, or a network that it is in.
    Address,
    /// The address's country.
    Country,
    /// The currency.
    Currency,
}

/// The longest device or address that is taken as it is; what is longer is cut.
const TEXT_BYTES_MAX: usize = 200;

impl Subject {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Payer, Self::Payee, Self::Device, Self::Address];

    /// Its name in rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::Payer => "payer",
            Self::Payee => "payee",
            Self::Device => "device",
            Self::Address => "address",
        }
    }

    /// The subject of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.name() == name)
    }
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Payer, Self::Payee, Self::Device, Self::Address, Self::Country, Self::Currency];

    /// Its name in rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::Payer => "payer",
            Self::Payee => "payee",
            Self::Device => "device",
            Self::Address => "address",
            Self::Country => "country",
            Self::Currency => "currency",
        }
    }

    /// The field of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

impl Facts {
    /// The same with texts that can be kept, and a time that is written as it is read.
    pub fn kept(self) -> Self {
        let (device, address) = (self.device.and_then(cut), self.address.and_then(cut));
        Self { device, address, at: Timestamp::from_millis(self.at.as_millis()), ..self }
    }

    /// What the payment says of each subject, in their order.
    pub fn named(&self) -> [Option<String>; 4] {
        [
            self.payer.map(|payer| payer.to_string()),
            self.payee.map(|payee| payee.to_string()),
            self.device.clone(),
            self.address.clone(),
        ]
    }

    /// The hour of the day, in UTC.
    pub fn hour(&self) -> i64 {
        self.at.as_millis().div_euclid(3_600_000).rem_euclid(24)
    }

    /// The day of the week, in UTC: 1 is Monday. The first of January 1970 was a Thursday.
    pub fn weekday(&self) -> i64 {
        (self.at.as_millis().div_euclid(86_400_000) + 3).rem_euclid(7) + 1
    }
}

fn cut(text: String) -> Option<String> {
    let mut text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    (!text.is_empty()).then_some(text)
}

/// The networks that a list may name and that an address is in, the smallest first: of 24, 16 and 8 bits, in IPv6 of
/// 64, 48 and 32.
pub fn networks(address: &str) -> Vec<String> {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            let network = |bits: u32| address.to_bits() & (u32::MAX << (32 - bits));
            [24, 16, 8].map(|bits| format!("{}/{bits}", Ipv4Addr::from_bits(network(bits)))).to_vec()
        }
        Ok(IpAddr::V6(address)) => {
            let network = |bits: u32| address.to_bits() & (u128::MAX << (128 - bits));
            [64, 48, 32].map(|bits| format!("{}/{bits}", Ipv6Addr::from_bits(network(bits)))).to_vec()
        }
        Err(_) => Vec::new(),
    }
}

/// Whether an entry looks like a network and is none that an address is looked up by.
pub fn is_unusable_network(entry: &str) -> bool {
    let Some((address, bits)) = entry.split_once('/') else { return false };
    if address.parse::<IpAddr>().is_err() || bits.parse::<u8>().is_err() {
        return false;
    }
    !networks(address).iter().any(|network| network == entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::Id;

    #[test]
    fn an_address_is_in_three_networks() {
        assert_eq!(networks("203.0.113.9"), ["203.0.113.0/24", "203.0.0.0/16", "203.0.0.0/8"]);
        assert_eq!(networks("2001:db8:1:2:3::4"), ["2001:db8:1:2::/64", "2001:db8:1::/48", "2001:db8::/32"]);
        assert_eq!(networks("the cafe"), Vec::<String>::new());
    }

    #[test]
    fn a_network_that_no_address_is_looked_up_by_is_found() {
        for unusable in ["203.0.113.0/25", "203.0.113.9/24", "2001:db8::1/32", "1.2.3.4/0"] {
            assert!(is_unusable_network(unusable), "{unusable}");
        }
        for usable in ["203.0.113.0/24", "10.0.0.0/8", "2001:db8::/32", "203.0.113.9", "a/b", "usr_1"] {
            assert!(!is_unusable_network(usable), "{usable}");
        }
    }

    #[test]
    fn hours_and_weekdays_are_those_of_the_calendar() {
        let facts = |text: &str| Facts {
            source: Source::Asked,
            amount: 1,
            currency: Currency::INR,
            payer: Some(UserId::from_u128(1)),
            payee: None,
            device: Some("\u{7}".to_owned()),
            address: Some("é".repeat(150)),
            at: serde_json::from_value(serde_json::json!(text)).unwrap(),
        };
        let monday = facts("2026-11-23T23:59:59.999Z").kept();
        assert_eq!((monday.hour(), monday.weekday()), (23, 1));
        let sunday = facts("1969-12-28T00:00:00.000Z");
        assert_eq!((sunday.hour(), sunday.weekday()), (0, 7));
        assert_eq!((monday.device, monday.address.unwrap().len()), (None, 200));
    }
}
