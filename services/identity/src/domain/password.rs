//! Which passwords are taken. How they are hashed is not decided here.

use std::sync::LazyLock;

use super::contact::Email;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too few letters.
    #[error("has at least {LETTERS_MIN} letters")]
    Short,
    /// Too many letters.
    #[error("has at most {LETTERS_MAX} letters")]
    Long,
    /// It is among those that are tried first.
    #[error("is among the commonest passwords")]
    Common,
    /// It holds the person's own address.
    #[error("holds the name in your mail address")]
    HoldsAddress,
    /// It is the name of the product.
    #[error("is the name of the product")]
    ProductName,
}

/// The fewest letters of a password.
pub const LETTERS_MIN: usize = 8;
/// The most.
pub const LETTERS_MAX: usize = 256;

const PRODUCT: &str = "stoa";
/// A shorter name stands in many a good password by chance.
const LOCAL_LETTERS_MIN: usize = 3;

/// In lower case and sorted; only those that are long enough to be taken otherwise.
static COMMON: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Whether the owner of an address may have this password.
pub fn check(password: &str, owner: Option<&Email>) -> Result<(), Weak> {
    let letters = password.chars().count();
    if letters < LETTERS_MIN {
        return Err(Weak::Short);
    }
    if letters > LETTERS_MAX {
        return Err(Weak::Long);
    }
    let lower = password.to_lowercase();
    if COMMON.binary_search(&lower.as_str()).is_ok() {
        return Err(Weak::Common);
    }
    let local = owner.map(Email::local).filter(|local| local.len() >= LOCAL_LETTERS_MIN);
    if local.is_some_and(|local| lower.contains(local)) {
        return Err(Weak::HoldsAddress);
    }
    // However often it is repeated, and whatever digits and marks are put around it.
    let name: String = lower.chars().filter(char::is_ascii_lowercase).collect();
    if !name.is_empty() && name.replace(PRODUCT, "").is_empty() && lower.is_ascii() {
        return Err(Weak::ProductName);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_password_is_neither_short_nor_common_nor_the_owners_name() {
        let ann = Email::parse("ann.lee@example.com").unwrap();
        let short_name = Email::parse("al@example.com").unwrap();
        assert_eq!(check("correct horse battery", Some(&ann)), Ok(()));
        assert_eq!(check("pässwörd-lang", None), Ok(()));
        assert_eq!(check("seven77", None), Err(Weak::Short));
        assert_eq!(check(&"x".repeat(256), None), Ok(()));
        assert_eq!(check(&"é".repeat(257), None), Err(Weak::Long));
        for common in ["password", "Password1", "12345678", "QWERTYUIOP", "iloveyou", "letmein1"] {
            assert_eq!(check(common, None), Err(Weak::Common), "{common}");
        }
        assert_eq!(check("my-Ann.Lee-99", Some(&ann)), Err(Weak::HoldsAddress));
        assert_eq!(check("the final call", Some(&short_name)), Ok(()));
        for product in ["StoaStoa", "stoa-2026!", "1234stoa"] {
            assert_eq!(check(product, None), Err(Weak::ProductName), "{product}");
        }
        assert_eq!(check("stoa of zeno", None), Ok(()));
    }

    #[test]
    fn the_list_of_common_passwords_is_sorted_and_worth_having() {
        assert!(COMMON.len() >= 1_000, "{}", COMMON.len());
        assert!(COMMON.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(
            COMMON.iter().all(|entry| entry.chars().count() >= LETTERS_MIN && *entry == entry.to_lowercase())
        );
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text: String) {
            let _ = check(&text, None);
        }
    }
}
