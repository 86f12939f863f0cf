//! The cart, as its cookie has it.

use ui::face::Visit;
use ui::face::cookies::Name;

/// The cart: its id and how much is in it.
pub const CART: Name = Name::new("stoa_cart", "/");

/// What the cart's cookie says. Who changes the count fools themselves alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartMark {
    /// The cart.
    pub id: String,
    /// How much is in it.
    pub count: u32,
}

const CART_ID_LETTERS_MAX: usize = 64;

impl CartMark {
    /// The visitor's cart, if there is one.
    pub fn of(visit: &Visit) -> Option<Self> {
        visit.cookie(CART).and_then(Self::parse)
    }

    fn parse(text: &str) -> Option<Self> {
        let (id, count) = text.split_once('.')?;
        let plain = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'_';
        let is_id = !id.is_empty() && id.len() <= CART_ID_LETTERS_MAX && id.bytes().all(plain);
        Some(Self { id: id.to_owned(), count: count.parse().ok()? }).filter(|_| is_id)
    }

    /// As the cookie has it.
    pub fn text(&self) -> String {
        format!("{}.{}", self.id, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cart_is_named_by_letters_alone() {
        let mark = CartMark { id: "crt_01".to_owned(), count: 3 };
        assert_eq!(CartMark::parse(&mark.text()), Some(mark));
        for bad in ["", "crt_01", ".1", "../users.1", "crt/1.2", "crt_01.-1", "a?b.1"] {
            assert_eq!(CartMark::parse(bad), None, "{bad}");
        }
    }
}
