//! What a catalog's texts may be, parsed: what is malformed never reaches a command.

contracts::texts! {
    /// The name of a product or a category in addresses.
    Slug: is_slug, "^[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?$", "garden-hose",
        "1 to 80 of a-z, 0-9 and `-`, neither beginning nor ending with `-`";
    /// What a product or a category is called.
    Title: is_title, r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]{0,198}[^\s\x00-\x1f\x7f-\x9f])?$", "Garden hose",
        "1 to 200 printable characters, no spaces around them";
    /// What tells a variant from the others of its product; empty where there is one alone.
    VariantTitle: is_variant_title, r"^([^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]{0,98}[^\s\x00-\x1f\x7f-\x9f])?)?$", "20 m",
        "at most 100 printable characters, no spaces around them";
    /// The shop's own name for a variant.
    Sku: is_sku, "^[A-Za-z0-9][A-Za-z0-9._/+#-]{0,63}$", "HOSE-20",
        "1 to 64 of letters, digits, `.`, `_`, `/`, `+`, `#` and `-`, beginning with a letter or digit";
    /// What is to be said about a product.
    Description: is_description, r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]{0,10000}$", "Does not kink.",
        "at most 10,000 characters, without control characters but tab and line ends";
    /// Where a picture is.
    ImageUrl: is_image_url, "^(https?://[!-~]|/[!-.0-~])[!-~]{0,999}$", "https://images.example/hose.jpg",
        "an address that begins with http:// or https://, or a path on the shop's own host, at most 1,000 printable \
         ASCII characters";
    /// What a picture shows, for those who do not see it.
    Alt: is_alt, r"^[^\x00-\x1f\x7f-\x9f]{0,300}$", "A green garden hose, rolled up",
        "at most 300 printable characters";
    /// Why stock was adjusted.
    Reason: is_reason, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "counted again",
        "1 to 200 printable characters";
    /// What somebody looks for.
    Wanted: is_wanted, r"^[^\x00-\x1f\x7f-\x9f]{0,100}$", "garden hose",
        "at most 100 printable characters";
    /// A product by its id or its slug.
    ProductName: is_product_name, "^(prd_[0-7][0-9a-hjkmnp-tv-z]{25}|[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?)$", "garden-hose",
        "the id of a product or its slug";
    /// A category by its id or its slug.
    CategoryName: is_category_name, "^(cat_[0-7][0-9a-hjkmnp-tv-z]{25}|[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?)$", "garden",
        "the id of a category or its slug";
}

impl Slug {
    const LETTERS_MAX: usize = 80;

    /// The slug that a title makes; a title without a Latin letter or digit makes a number.
    pub fn of(title: &Title) -> Self {
        let mut slug = String::new();
        for letter in title.as_str().chars().flat_map(char::to_lowercase) {
            if letter.is_ascii_alphanumeric() {
                slug.push(letter);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        slug.truncate(Self::LETTERS_MAX);
        slug.truncate(slug.trim_end_matches('-').len());
        if slug.is_empty() {
            Self(format!("p-{:016x}", fingerprint(title.as_str())).into())
        } else {
            Self(slug.into())
        }
    }
}

impl VariantTitle {
    /// Of a variant that is alone.
    pub fn none() -> Self {
        Self("".into())
    }
}

impl Description {
    /// Nothing to be said.
    pub fn none() -> Self {
        Self("".into())
    }
}

impl Alt {
    /// What a title says about a picture.
    pub fn of(title: &Title) -> Self {
        Self(title.0.clone())
    }
}

/// A number for a text, the same for ever (FNV-1a): it tells texts apart and protects nothing.
pub fn fingerprint(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn is_printable(text: &str, length_max: usize) -> bool {
    !text.chars().any(char::is_control) && text.chars().count() <= length_max
}

fn is_title(text: &str) -> bool {
    !text.is_empty() && is_printable(text, 200) && text.trim() == text
}

fn is_variant_title(text: &str) -> bool {
    is_printable(text, 100) && text.trim() == text
}

fn is_slug(text: &str) -> bool {
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=Slug::LETTERS_MAX).contains(&text.len())
        && text.bytes().all(sound)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_sku(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/+#-".contains(&byte))
}

fn is_description(text: &str) -> bool {
    let breaks = |letter: char| matches!(letter, '\t' | '\n' | '\r');
    !text.chars().any(|letter| letter.is_control() && !breaks(letter)) && text.chars().count() <= 10_000
}

fn is_image_url(text: &str) -> bool {
    let on_our_host = || text.strip_prefix('/').filter(|path| !path.starts_with('/'));
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).or_else(on_our_host);
    rest.is_some_and(|rest| {
        (1..=1_000).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

fn is_alt(text: &str) -> bool {
    is_printable(text, 300)
}

fn is_reason(text: &str) -> bool {
    !text.is_empty() && is_printable(text, 200)
}

fn is_wanted(text: &str) -> bool {
    is_printable(text, 100)
}

fn is_product_name(text: &str) -> bool {
    is_slug(text) || text.parse::<contracts::ProductId>().is_ok()
}

fn is_category_name(text: &str) -> bool {
    is_slug(text) || text.parse::<super::CategoryId>().is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_text_is_taken_or_refused_by_its_rule() {
        let slug = |text: &str| Slug::try_from(text.to_owned()).is_ok();
        assert!(slug("a") && slug("garden-hose") && slug("7") && slug("a--b"));
        for bad in ["", "-a", "a-", "A", "a_b", "é", &"a".repeat(81)] {
            assert!(!slug(bad), "{bad}");
        }
        let sku = |text: &str| Sku::try_from(text.to_owned()).is_ok();
        assert!(sku("HOSE-20") && sku("7/a+b#c._") && !sku("") && !sku("-a") && !sku("a b") && !sku("=1"));
        let url = |text: &str| ImageUrl::try_from(text.to_owned()).is_ok();
        assert!(url("https://a/b.jpg") && url("http://a") && url("/goods/a.svg"));
        assert!(
            !url("https://")
                && !url("javascript:alert(1)")
                && !url("https://a b")
                && !url("//a")
                && !url("/")
        );
        let said = |text: &str| Description::try_from(text.to_owned()).is_ok();
        assert!(said("") && said("a\r\n\tb") && !said("a\u{0}") && !said(&"é".repeat(10_001)));
        let title = |text: &str| Title::try_from(text.to_owned()).is_ok();
        assert!(title("Größe 7") && !title("") && !title(" a") && !title("a\n"));
        let name = |text: &str| ProductName::try_from(text.to_owned()).is_ok();
        assert!(
            name("hose") && name("prd_01jd3sa4k8qm7v2x9c5f0t6w1b") && !name("cat_01jd3sa4k8qm7v2x9c5f0t6w1b")
        );
    }

    proptest! {
        #[test]
        fn every_title_makes_a_slug(text in "\\PC{1,200}") {
            if let Ok(title) = Title::try_from(text) {
                let slug = Slug::of(&title);
                prop_assert!(is_slug(slug.as_str()), "{}", slug);
                prop_assert_eq!(slug, Slug::of(&title));
            }
        }
    }

    #[test]
    fn a_slug_says_what_the_title_says() {
        let slug = |text: &str| Slug::of(&Title::try_from(text.to_owned()).unwrap()).to_string();
        assert_eq!(slug("Garden hose, 20 m!"), "garden-hose-20-m");
        assert_ne!(slug("花园"), slug("软管"));
    }
}
