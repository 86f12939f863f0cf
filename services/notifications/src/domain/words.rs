//! Texts as they are typed: addresses, names and languages, parsed at the door.

contracts::texts! {
    /// What a notification is about: people choose by it what they want to hear.
    Category: is_word, "^[a-z][a-z0-9_]{0,39}$", "order", "1 to 40 of a-z, 0-9 and `_`, beginning with a letter";
    /// What a template is called in its project.
    TemplateName: is_name, "^[a-z][a-z0-9_]{0,63}$", "order_paid",
        "1 to 64 of a-z, 0-9 and `_`, beginning with a letter";
    /// What a template calls a value that it is given.
    VariableName: is_word, "^[a-z][a-z0-9_]{0,39}$", "order_number",
        "1 to 40 of a-z, 0-9 and `_`, beginning with a letter";
    /// A language, perhaps of a region.
    Locale: is_locale, "^[a-z]{2,3}(-([A-Z]{2}|[0-9]{3}))?$", "en-IN", "a language like en or en-IN";
    /// A mail address.
    EmailAddress: is_email, r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,32}(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,30})?@([A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?\.){1,4}[A-Za-z]{2,20}$",
        "ann@example.com", "a mail address like ann@example.com";
    /// A phone number in E.164.
    PhoneNumber: is_phone, r"^\+[1-9][0-9]{6,14}$", "+919876543210",
        "a number with its country, like +919876543210";
    /// An address of the web.
    WebUrl: is_url, r"^https?://[A-Za-z0-9]([A-Za-z0-9.-]{0,200}[A-Za-z0-9])?(:[1-9][0-9]{0,3})?(/[A-Za-z0-9._~%/?&=+-]{0,400})?$",
        "https://example.com/hooks", "an address like https://example.com/hooks";
}

impl Category {
    /// About codes and sign-ins: sealed where it is kept, never held back.
    pub const SECURITY: &'static str = "security";

    /// One of our own.
    pub fn ours(word: &'static str) -> Self {
        Self(word.into())
    }

    /// Whether it holds what nobody but its reader may see.
    pub fn is_security(&self) -> bool {
        &*self.0 == Self::SECURITY
    }

    /// Whether people asked for it by what they did: such mail needs no link that ends it.
    pub fn is_transactional(&self) -> bool {
        matches!(&*self.0, Self::SECURITY | "account" | "order" | "payment")
    }
}

impl TemplateName {
    /// One of our own.
    pub fn ours(name: &'static str) -> Self {
        Self(name.into())
    }
}

impl VariableName {
    /// One of our own.
    pub fn ours(name: &'static str) -> Self {
        Self(name.into())
    }
}

impl Locale {
    /// The language that every template of ours has.
    pub fn english() -> Self {
        Self("en".into())
    }

    /// The language without its region.
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }
}

impl EmailAddress {
    /// The same address as it is kept and compared: people type it in any case.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

fn word(text: &str, letters_max: usize) -> bool {
    (1..=letters_max).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn is_word(text: &str) -> bool {
    word(text, 40)
}

fn is_name(text: &str) -> bool {
    word(text, 64)
}

fn is_locale(text: &str) -> bool {
    let (language, region) = match text.split_once('-') {
        Some((language, region)) => (language, Some(region)),
        None => (text, None),
    };
    (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && region.is_none_or(|region| {
            (region.len() == 2 && region.bytes().all(|byte| byte.is_ascii_uppercase()))
                || (region.len() == 3 && region.bytes().all(|byte| byte.is_ascii_digit()))
        })
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let atom = |atom: &str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte);
        !atom.is_empty() && atom.bytes().all(known)
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 254
        && local.len() <= 64
        && local.split('.').all(atom)
        && domain.contains('.')
        && domain.split('.').all(label)
}

fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    text.len() <= 2_000
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
        && host.starts_with(|first: char| first.is_ascii_alphanumeric())
        && host.ends_with(|last: char| last.is_ascii_alphanumeric())
        && host.bytes().all(known)
        && port.is_none_or(|port| !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parses<T: TryFrom<String>>(text: &str) -> bool {
        T::try_from(text.to_owned()).is_ok()
    }

    #[test]
    fn an_address_that_reaches_nobody_is_refused() {
        for good in ["ann@example.com", "Ann.Lee+shop@Example.co.uk"] {
            assert!(parses::<EmailAddress>(good), "{good}");
        }
        for bad in ["", "ann", "ann@", "ann@example", "a b@x.com", "ann@x..com", "ann@x.com\r\nBcc: b@x.com"]
        {
            assert!(!parses::<EmailAddress>(bad), "{bad}");
        }
        assert!(parses::<PhoneNumber>("+919876543210"));
        for bad in ["", "919876543210", "+0123456789", "+12", "+91 98"] {
            assert!(!parses::<PhoneNumber>(bad), "{bad}");
        }
        for good in ["https://example.com", "http://127.0.0.1:8080/hooks?a=1"] {
            assert!(parses::<WebUrl>(good), "{good}");
        }
        for bad in
            ["", "ftp://x.com", "https://", "https://a b.com", "https://u:p@x.com", "javascript:alert(1)"]
        {
            assert!(!parses::<WebUrl>(bad), "{bad}");
        }
    }

    #[test]
    fn a_locale_is_a_language_and_perhaps_a_region() {
        for (text, language) in [("en", "en"), ("en-IN", "en"), ("es-419", "es")] {
            assert_eq!(Locale::try_from(text.to_owned()).unwrap().language(), language);
        }
        for bad in ["", "e", "en_IN", "en-in", "english"] {
            assert!(!parses::<Locale>(bad), "{bad}");
        }
    }
}
