//! Currencies: the active ones of ISO 4217 and how many decimals each has.
//!
//! Metals, test codes and units of account without a minor unit are left out: nothing can be
//! priced in them. What a payment provider makes of a currency is that provider's adapter's business.

use std::fmt::{self, Debug, Display};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The text is not the code of a currency in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the code of a currency in capitals, like INR")]
pub struct BadCurrency;

/// Declares the currencies, in the order of their codes.
macro_rules! currencies {
    ($($code:ident $exponent:literal)+) => {
        /// A currency, by its ISO 4217 code.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Currency {
            $(#[doc = concat!("ISO 4217 `", stringify!($code), "`.")] $code,)+
        }

        impl Currency {
            /// All currencies, in the order of their codes.
            pub const ACTIVE: &'static [Self] = &[$(Self::$code),+];

            /// Their codes as numbers, in the same order: each letter a byte.
            const NUMBERS: &'static [u32] = &[$(number(stringify!($code).as_bytes())),+];

            /// The three capitals of ISO 4217.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$code => stringify!($code)),+ }
            }

            /// The number of decimals: an amount of minor units is this many powers of ten smaller.
            pub const fn exponent(self) -> u32 {
                match self { $(Self::$code => $exponent),+ }
            }
        }
    };
}

currencies! {
    AED 2 AFN 2 ALL 2 AMD 2 AOA 2 ARS 2 AUD 2 AWG 2 AZN 2 BAM 2 BBD 2 BDT 2 BHD 3 BIF 0 BMD 2 BND 2
    BOB 2 BOV 2 BRL 2 BSD 2 BTN 2 BWP 2 BYN 2 BZD 2 CAD 2 CDF 2 CHE 2 CHF 2 CHW 2 CLF 4 CLP 0 CNY 2
    COP 2 COU 2 CRC 2 CUP 2 CVE 2 CZK 2 DJF 0 DKK 2 DOP 2 DZD 2 EGP 2 ERN 2 ETB 2 EUR 2 FJD 2 FKP 2
    GBP 2 GEL 2 GHS 2 GIP 2 GMD 2 GNF 0 GTQ 2 GYD 2 HKD 2 HNL 2 HTG 2 HUF 2 IDR 2 ILS 2 INR 2 IQD 3
    IRR 2 ISK 0 JMD 2 JOD 3 JPY 0 KES 2 KGS 2 KHR 2 KMF 0 KPW 2 KRW 0 KWD 3 KYD 2 KZT 2 LAK 2 LBP 2
    LKR 2 LRD 2 LSL 2 LYD 3 MAD 2 MDL 2 MGA 2 MKD 2 MMK 2 MNT 2 MOP 2 MRU 2 MUR 2 MVR 2 MWK 2 MXN 2
    MXV 2 MYR 2 MZN 2 NAD 2 NGN 2 NIO 2 NOK 2 NPR 2 NZD 2 OMR 3 PAB 2 PEN 2 PGK 2 PHP 2 PKR 2 PLN 2
    PYG 0 QAR 2 RON 2 RSD 2 RUB 2 RWF 0 SAR 2 SBD 2 SCR 2 SDG 2 SEK 2 SGD 2 SHP 2 SLE 2 SOS 2 SRD 2
    SSP 2 STN 2 SVC 2 SYP 2 SZL 2 THB 2 TJS 2 TMT 2 TND 3 TOP 2 TRY 2 TTD 2 TWD 2 TZS 2 UAH 2 UGX 0
    USD 2 USN 2 UYI 0 UYU 2 UYW 4 UZS 2 VED 2 VES 2 VND 0 VUV 0 WST 2 XAD 2 XAF 0 XCD 2 XCG 2 XOF 0
    XPF 0 YER 2 ZAR 2 ZMW 2 ZWG 2
}

impl Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.code())
    }
}

impl Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Currency {
    type Err = BadCurrency;

    fn from_str(code: &str) -> Result<Self, BadCurrency> {
        let at = Self::NUMBERS.binary_search(&number(code.as_bytes())).map_err(|_| BadCurrency)?;
        Ok(Self::ACTIVE[at])
    }
}

/// A code as a number, so that codes are compared at once; 0 for what is not three letters long.
const fn number(code: &[u8]) -> u32 {
    match code {
        [a, b, c] => u32::from_be_bytes([0, *a, *b, *c]),
        _ => 0,
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        crate::text::deserialize(from)
    }
}

impl PartialSchema for Currency {
    fn schema() -> RefOr<Schema> {
        crate::text::schema("^[A-Z]{3}$", "INR")
    }
}

impl ToSchema for Currency {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_sorted_so_that_each_is_found() {
        assert!(Currency::ACTIVE.is_sorted());
        for currency in Currency::ACTIVE {
            assert_eq!(currency.code().parse(), Ok(*currency));
            assert_eq!(serde_json::to_string(currency).unwrap(), format!("\"{currency}\""));
        }
    }

    #[test]
    fn currencies_without_two_decimals_are_known() {
        let with =
            |exponent| Currency::ACTIVE.iter().filter(move |c| c.exponent() == exponent).map(|c| c.code());
        let none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
        assert_eq!(with(0).collect::<Vec<_>>().join(" "), none);
        assert_eq!(with(3).collect::<Vec<_>>().join(" "), "BHD IQD JOD KWD LYD OMR TND");
        assert_eq!(with(4).collect::<Vec<_>>().join(" "), "CLF UYW");
    }

    #[test]
    fn a_code_that_is_not_in_use_is_refused() {
        for bad in ["", "inr", "Inr", "IN", "INRR", "XXX", "XAU", "DEM", " INR"] {
            assert_eq!(bad.parse::<Currency>(), Err(BadCurrency), "{bad}");
        }
        assert!(serde_json::from_str::<Currency>("\"usd\"").is_err());
    }
}
