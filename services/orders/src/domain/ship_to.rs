//! Where an order goes. Whether a parcel service delivers there is not known here.

use contracts::BadText;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

contracts::texts! {
    /// One line of an address.
    AddressLine: is_line, r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]{0,98}[^\s\x00-\x1f\x7f-\x9f])?$", "12 Mill Lane",
        "1 to 100 printable characters, no spaces around them";
    /// A postal code.
    Postcode: is_postcode, "^[A-Za-z0-9]([A-Za-z0-9 -]{0,10}[A-Za-z0-9])?$", "560001",
        "1 to 12 of letters, digits, spaces and `-`, beginning and ending with a letter or digit";
    /// A telephone number.
    Phone: is_phone, "^\\+[1-9][0-9]{6,14}$", "+919900000000", "a number in E.164, like +919900000000";
}

/// A country, by its ISO 3166 code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Country(String);

/// Where an order goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Ann Example", "line1": "12 Mill Lane", "line2": null, "city": "Bengaluru",
    "region": "Karnataka", "postcode": "560001", "country": "IN", "phone": "+919900000000"}))]
pub struct ShipTo {
    /// To whom.
    pub name: AddressLine,
    /// Street and number.
    pub line1: AddressLine,
    /// Floor, flat and the like.
    #[serde(default)]
    pub line2: Option<AddressLine>,
    /// Town.
    pub city: AddressLine,
    /// State or province.
    #[serde(default)]
    pub region: Option<AddressLine>,
    /// Postal code.
    pub postcode: Postcode,
    /// Country.
    pub country: Country,
    /// Whom the driver may call.
    #[serde(default)]
    pub phone: Option<Phone>,
}

/// Where an order goes, as far as that is still known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Destination {
    /// To whom and where.
    Known(ShipTo),
    /// Its buyer was erased.
    Forgotten(Place),
}

/// As much of an address as names nobody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// State or province, given like every part of an address by whoever bought.
    pub region: Option<AddressLine>,
    /// Country.
    pub country: Country,
}

impl ShipTo {
    /// What is left of it once whoever it names is forgotten.
    pub fn place(&self) -> Place {
        Place { region: self.region.clone(), country: self.country.clone() }
    }
}

/// The codes of ISO 3166-1 that are in use.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
     BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
     FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT \
     JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
     MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
     RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
     TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

impl TryFrom<String> for Country {
    type Error = BadText;

    fn try_from(code: String) -> Result<Self, BadText> {
        if code.len() == 2 && COUNTRIES.split_whitespace().any(|known| known == code) {
            Ok(Self(code))
        } else {
            Err(BadText("the code of a country of ISO 3166, like IN"))
        }
    }
}

impl PartialSchema for Country {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A country, by its ISO 3166 code."))
            .enum_values(Some(COUNTRIES.split_whitespace()))
            .examples([serde_json::Value::String("IN".to_owned())])
            .into()
    }
}

impl ToSchema for Country {}

fn is_line(text: &str) -> bool {
    (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control) && text.trim() == text
}

fn is_postcode(text: &str) -> bool {
    let ends_well = |end: Option<char>| end.is_some_and(|letter| letter.is_ascii_alphanumeric());
    text.len() <= 12
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ' || byte == b'-')
        && ends_well(text.chars().next())
        && ends_well(text.chars().last())
}

fn is_phone(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_those_of_the_standard() {
        assert_eq!(COUNTRIES.split_whitespace().count(), 249);
        assert!(COUNTRIES.split_whitespace().is_sorted());
        assert!(Country::try_from("IN".to_owned()).is_ok());
        for bad in ["", "in", "ZZ", "EU", "UK", " I", "AD AE"] {
            assert!(Country::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_parsed_by_their_rules() {
        let line = |text: &str| AddressLine::try_from(text.to_owned()).is_ok();
        assert!(line("Größe 7") && !line(" a") && !line("") && !line("a\u{0}b") && !line(&"é".repeat(101)));
        let postcode = |text: &str| Postcode::try_from(text.to_owned()).is_ok();
        assert!(
            postcode("SW1A 1AA")
                && postcode("1")
                && !postcode("")
                && !postcode("-1")
                && !postcode("1234567890123")
        );
        let phone = |text: &str| Phone::try_from(text.to_owned()).is_ok();
        assert!(phone("+919900000000") && !phone("0801") && !phone("+0123456789") && !phone("+12345"));
    }
}
