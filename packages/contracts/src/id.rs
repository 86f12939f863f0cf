//! Ids: typed, prefixed and ordered by time, as in `ord_01jd3sa4k8qm7v2x9c5f0t6w1b`.
//!
//! An id is 128 bits, 48 of milliseconds and then 80 of randomness, written as 26 letters of
//! Crockford's base 32. The order of the texts is the order of the numbers. Where the milliseconds
//! and the randomness come from is the caller's business.

use std::fmt::{self, Display};
use std::hash::Hash;
use std::ops::Deref;
use std::str::{FromStr, from_utf8};

use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize};
use utoipa::openapi::{RefOr, Schema};

#[doc(hidden)]
pub use {serde, utoipa};

/// The name of a thing, of a type that cannot be mistaken for another.
pub trait Id:
    Copy + Eq + Ord + Hash + Display + FromStr<Err = BadId> + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// What stands before the underscore.
    const PREFIX: &'static str;

    /// The id with this number.
    fn from_u128(number: u128) -> Self;

    /// The number behind the id.
    fn as_u128(self) -> u128;

    /// The id made at a time, told from others of that millisecond by the low 80 bits of `random`.
    fn from_parts(unix_ms: u64, random: u128) -> Self {
        Self::from_u128(u128::from(unix_ms) << RANDOM_BITS | random & ((1 << RANDOM_BITS) - 1))
    }

    /// The id as text, without an allocation.
    fn text(self) -> IdText {
        let mut bytes = [0; TEXT_MAX];
        let prefix = Self::PREFIX.len();
        bytes[..prefix].copy_from_slice(Self::PREFIX.as_bytes());
        bytes[prefix] = b'_';
        let mut rest = self.as_u128();
        for digit in bytes[prefix + 1..][..DIGITS].iter_mut().rev() {
            *digit = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        IdText { bytes, length: prefix + 1 + DIGITS }
    }
}

/// An id written out on the stack; it reads as a `str`.
#[derive(Clone, Copy)]
pub struct IdText {
    bytes: [u8; TEXT_MAX],
    length: usize,
}

/// The text is not an id of the type that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an id like {prefix}_{EXAMPLE}")]
pub struct BadId {
    /// What the id should have begun with.
    pub prefix: &'static str,
}

/// Declares id types: `ids! { /// A customer's order. OrderId = "ord"; }`.
#[macro_export]
macro_rules! ids {
    ($($(#[$about:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        const _: () = assert!($crate::id::is_sound_prefix($prefix), "a prefix is 1 to 13 lower case letters");

        impl $crate::id::Id for $name {
            const PREFIX: &'static str = $prefix;

            fn from_u128(number: u128) -> Self {
                Self(number)
            }

            fn as_u128(self) -> u128 {
                self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter) -> ::std::fmt::Result {
                f.pad(&$crate::id::Id::text(*self))
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter) -> ::std::fmt::Result {
                f.pad(&$crate::id::Id::text(*self))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::id::BadId;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                $crate::id::parse(text)
            }
        }

        impl $crate::id::serde::Serialize for $name {
            fn serialize<S: $crate::id::serde::Serializer>(
                &self,
                to: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                to.serialize_str(&$crate::id::Id::text(*self))
            }
        }

        impl<'de> $crate::id::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::id::serde::Deserializer<'de>>(
                from: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::id::deserialize(from)
            }
        }

        impl $crate::id::utoipa::PartialSchema for $name {
            fn schema() -> $crate::id::utoipa::openapi::RefOr<$crate::id::utoipa::openapi::Schema> {
                $crate::id::schema::<Self>()
            }
        }

        impl $crate::id::utoipa::ToSchema for $name {}
    )+};
}

ids! {
    /// A project: one tenant, whose records no other tenant sees.
    ProjectId = "prj";
    /// An organisation, which has projects.
    OrganisationId = "org";
    /// A person who can sign in.
    UserId = "usr";
    /// A key with which a program calls the API.
    ApiKeyId = "key";
    /// One sign-in on one device.
    SessionId = "ses";
    /// A set of permissions that a project grants by name.
    RoleId = "rol";
    /// A one-time code on its way.
    OtpId = "otp";
    /// What somebody handed in to prove who they are.
    KycCaseId = "kyc";
    /// One fact, told once.
    EventId = "evt";
    /// A piece of work to be done later.
    JobId = "job";
    /// A customer's order.
    OrderId = "ord";
    /// One attempt to move money, at whichever provider.
    PaymentId = "pay";
    /// Money on its way back.
    RefundId = "rfd";
    /// Something that the shop sells, in one or more variants.
    ProductId = "prd";
    /// A variant of a product: the very thing that is priced, stocked and bought.
    VariantId = "var";
    /// Somebody's wallet.
    WalletAccountId = "acc";
    /// A payment between wallets.
    WalletPaymentId = "wpay";
    /// Money on its way into a wallet.
    TopUpId = "topup";
    /// Money on its way out of a wallet.
    WithdrawalId = "wdr";
    /// A transaction of the ledger: money that moved, or was set aside.
    TransactionId = "txn";
    /// Something said to somebody, by mail, message or otherwise.
    NotificationId = "ntf";
    /// One line of the audit trail.
    AuditRecordId = "aud";
}

const RANDOM_BITS: u32 = 80;
/// 26 x 5 bits hold the 128, with the two highest always zero.
const DIGITS: usize = 26;
const TEXT_MAX: usize = 40;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const EXAMPLE: &str = "01jd3sa4k8qm7v2x9c5f0t6w1b";
const NOT_A_DIGIT: u8 = 0xff;

/// What each byte counts for as a digit.
const VALUES: [u8; 256] = {
    let mut values = [NOT_A_DIGIT; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

impl Deref for IdText {
    type Target = str;

    fn deref(&self) -> &str {
        // Prefix and alphabet are ASCII, so the default is never taken.
        from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl Display for IdText {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self)
    }
}

#[doc(hidden)]
pub const fn is_sound_prefix(prefix: &str) -> bool {
    let letters = prefix.as_bytes();
    let mut at = 0;
    while at < letters.len() {
        if !letters[at].is_ascii_lowercase() {
            return false;
        }
        at += 1;
    }
    at > 0 && at < TEXT_MAX - DIGITS
}

#[doc(hidden)]
pub fn parse<I: Id>(text: &str) -> Result<I, BadId> {
    let bad = BadId { prefix: I::PREFIX };
    let digits = text.strip_prefix(I::PREFIX).and_then(|rest| rest.strip_prefix('_')).ok_or(bad)?.as_bytes();
    // A first digit above 7 would need 129 bits.
    if digits.len() != DIGITS || digits[0] > b'7' {
        return Err(bad);
    }
    let (mut number, mut seen) = (0u128, 0u8);
    for &digit in digits {
        let value = VALUES[usize::from(digit)];
        seen |= value;
        number = number << 5 | u128::from(value);
    }
    // Only `NOT_A_DIGIT` has a bit above the five.
    if seen > 31 { Err(bad) } else { Ok(I::from_u128(number)) }
}

#[doc(hidden)]
pub fn deserialize<'de, I: Id, D: Deserializer<'de>>(from: D) -> Result<I, D::Error> {
    crate::text::deserialize(from)
}

#[doc(hidden)]
pub fn schema<I: Id>() -> RefOr<Schema> {
    let prefix = I::PREFIX;
    crate::text::schema(format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"), format!("{prefix}_{EXAMPLE}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_survives_being_written_and_read(number: u128) {
            let id = OrderId::from_u128(number);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<OrderId>(&json).unwrap(), id);
        }

        #[test]
        fn the_order_of_texts_is_the_order_of_time(a in 0u64..1 << 48, b in 0u64..1 << 48, r: u128, s: u128) {
            let (earlier, later) = (OrderId::from_parts(a.min(b), r), OrderId::from_parts(a.max(b), s));
            prop_assert_eq!(earlier.cmp(&later), earlier.to_string().cmp(&later.to_string()));
            prop_assert!(a == b || earlier < later);
        }

        #[test]
        fn what_is_read_is_written_the_same(text in "ord_[0-9a-zA-Z]{26}") {
            if let Ok(id) = text.parse::<OrderId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn an_id_shows_its_type_and_its_parts() {
        let id = OrderId::from_parts(0x0192_3456_789a, 0xfeed);
        assert_eq!(id.to_string(), "ord_01j8t5cy4t0000000000001zqd");
        assert_eq!(id.as_u128(), 0x0192_3456_789a << 80 | 0xfeed);
        assert_eq!(format!("{id:?}"), id.to_string());
    }

    #[test]
    fn randomness_never_spills_into_the_time() {
        assert_eq!(OrderId::from_parts(7, u128::MAX).as_u128() >> 80, 7);
    }

    #[test]
    fn a_text_that_is_not_the_id_is_refused() {
        let good = format!("ord_{EXAMPLE}");
        assert!(good.parse::<OrderId>().is_ok());
        for bad in [
            "",
            "ord",
            "ord_",
            EXAMPLE,
            &good.replace("ord", "pay"),
            &good.replace('_', "-"),
            &good.to_uppercase(),
            &good.replace('q', "Q"),
            &good.replace('q', "l"),
            &good.replace('q', "u"),
            &good.replace("qm", "é"),
            &good.replace('q', " "),
            &good.replace("_0", "_8"),
            &good.replace("_0", "_/"),
            &good[..good.len() - 1],
            &format!("{good}0"),
            &format!(" {good}"),
        ] {
            assert_eq!(bad.parse::<OrderId>(), Err(BadId { prefix: "ord" }), "{bad}");
        }
    }

    #[test]
    fn a_refused_id_says_what_was_expected() {
        let heard = serde_json::from_str::<OrderId>("\"pay_1\"").unwrap_err().to_string();
        assert!(heard.starts_with("expected an id like ord_01jd3sa4k8qm7v2x9c5f0t6w1b"), "{heard}");
        assert!(serde_json::from_str::<OrderId>("7").is_err());
    }

    #[test]
    fn the_schema_knows_the_prefix() {
        let schema = serde_json::to_value(schema::<OrderId>()).unwrap();
        let expected = serde_json::json!({
            "type": "string",
            "pattern": "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$",
            "examples": ["ord_01jd3sa4k8qm7v2x9c5f0t6w1b"],
        });
        assert_eq!(schema, expected);
    }

    #[test]
    fn only_short_lower_case_prefixes_are_sound() {
        assert!(is_sound_prefix("abcdefghijklm"));
        assert!(["", "abcdefghijklmn", "Ord", "a_b", "a1"].iter().all(|prefix| !is_sound_prefix(prefix)));
    }
}
