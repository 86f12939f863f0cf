//! Where somebody is reached: mail addresses, phone numbers and postal addresses, parsed as people type them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::text::Title;

/// A text that reaches nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct BadContact(&'static str);

/// The addresses by which others may find somebody in one project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Their mail address.
    pub email: Option<Email>,
    /// Their number.
    pub phone: Option<Phone>,
}

macro_rules! contacts {
    ($($(#[$about:meta])* $name:ident: $parse:expr, $pattern:literal, $example:literal, $expected:literal;)+) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as it is kept.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The same text as typed by a person.
            pub fn parse(text: &str) -> Result<Self, BadContact> {
                $parse(text.trim()).map(Self).ok_or(BadContact($expected))
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadContact;

            fn try_from(text: String) -> Result<Self, BadContact> {
                Self::parse(&text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let schema = ObjectBuilder::new().schema_type(Type::String).description(Some($expected));
                schema.pattern(Some($pattern)).examples([json!($example)]).into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

contacts! {
    /// A mail address, in lower case: what somebody signs in with.
    Email: email,
        r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$",
        "ann@example.com", "a mail address like ann@example.com";
    /// A phone number in E.164.
    Phone: phone, r"^\+[1-9][0-9]{6,14}$", "+919876543210",
        "a number with its country, like +919876543210";
    /// A country, by its two letters of ISO 3166.
    Country: country, "^[A-Z]{2}$", "IN", "a country's two letters, like IN";
    /// A language, perhaps of a region.
    Locale: locale, "^[a-z]{2,3}(-([A-Z]{2}|[0-9]{3}))?$", "en-IN", "a language like en or en-IN";
}

/// Where letters and parcels reach somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"line1": "12 Elm Street", "city": "Pune", "region": "MH", "postal_code": "411001",
    "country": "IN"}))]
pub struct PostalAddress {
    /// Street and number.
    pub line1: Title,
    /// What else helps to find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub line2: Option<Title>,
    /// The town.
    pub city: Title,
    /// The state or province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub region: Option<Title>,
    /// The postal code, where the country has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub postal_code: Option<Title>,
    /// The country.
    pub country: Country,
}

/// Every country and territory of ISO 3166-1, two letters each.
const COUNTRIES: &str = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCI\
CKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHU\
IDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMW\
MXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSY\
SZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";
const EMAIL_BYTES_MAX: usize = 254;
const LOCAL_BYTES_MAX: usize = 64;

impl Email {
    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(local, _)| local)
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

/// Plain addresses only: what needs quotes, comments or letters beyond ASCII is nobody's sign-in.
fn email(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (local, domain) = text.split_once('@')?;
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b))
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let sound = text.len() <= EMAIL_BYTES_MAX
        && local.len() <= LOCAL_BYTES_MAX
        && local.split('.').all(atom)
        && domain.contains('.')
        && domain.split('.').all(label);
    sound.then_some(text)
}

/// Spaces, dashes and brackets are how people write numbers, not part of them.
fn phone(text: &str) -> Option<String> {
    let number: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
    let digits = number.strip_prefix('+')?;
    let sound = (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    sound.then_some(number)
}

fn country(text: &str) -> Option<String> {
    let known = text.len() == 2 && COUNTRIES.as_bytes().chunks(2).any(|pair| pair == text.as_bytes());
    known.then(|| text.to_owned())
}

fn locale(text: &str) -> Option<String> {
    let (language, region) = match text.split_once('-') {
        Some((language, region)) => (language, Some(region)),
        None => (text, None),
    };
    let sound = (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && region.is_none_or(|region| {
            (region.len() == 2 && region.bytes().all(|byte| byte.is_ascii_uppercase()))
                || (region.len() == 3 && region.bytes().all(|byte| byte.is_ascii_digit()))
        });
    sound.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mail_address_is_kept_in_lower_case_and_one_that_reaches_nobody_is_refused() {
        assert_eq!(Email::parse(" Ann.Lee+shop@Example.COM ").unwrap().as_str(), "ann.lee+shop@example.com");
        assert_eq!(Email::parse("ann@example.com").unwrap().local(), "ann");
        for bad in [
            "",
            "ann",
            "ann@",
            "@example.com",
            "ann@example",
            "a@b@example.com",
            "ann @example.com",
            "ann@-x.com",
            "ann@x-.com",
            "ann@.com",
            "ann@x..com",
            ".ann@x.com",
            "ann.@x.com",
            "a..b@x.com",
            "ann@exa mple.com",
            "ann@x.com\0",
            "änn@x.com",
            "\"ann\"@x.com",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
        assert!(Email::parse(&format!("{}@x.com", "a".repeat(64))).is_ok());
        assert!(Email::parse(&format!("{}@x.com", "a".repeat(65))).is_err());
    }

    #[test]
    fn a_phone_number_has_its_country_and_is_kept_without_decoration() {
        assert_eq!(Phone::parse("+91 (987) 654-3210").unwrap().as_str(), "+919876543210");
        for bad in
            ["", "9876543210", "+0123456789", "+123456", "+1234567890123456", "+91abc43210", "++919876543210"]
        {
            assert!(Phone::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_country_is_one_that_there_is() {
        assert_eq!(COUNTRIES.len(), 249 * 2);
        assert!(Country::parse("IN").is_ok() && Country::parse("ZW").is_ok());
        for bad in ["", "in", "XX", "IND", "DA", "EA", "I"] {
            assert!(Country::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_locale_is_a_language_and_perhaps_a_region() {
        for good in ["en", "en-IN", "fil", "es-419"] {
            assert!(Locale::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "e", "EN", "en-in", "en_IN", "en-", "english", "en-IN-x"] {
            assert!(Locale::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_was_parsed_is_parsed_to_itself(text: String, local in "[a-z.+]{1,12}", domain in "[a-z.-]{1,12}") {
            for text in [text, format!("{local}@{domain}")] {
                if let Ok(email) = Email::parse(&text) {
                    prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
                }
                if let Ok(phone) = Phone::parse(&text) {
                    prop_assert_eq!(Phone::parse(phone.as_str()), Ok(phone));
                }
            }
        }
    }
}
