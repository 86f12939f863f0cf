//! Names, slugs and grants as people type them, parsed: what is malformed never reaches a command.

pub use contracts::BadText;

contracts::texts! {
    /// What people call an organisation, a project or a key.
    Title: is_title, r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]{0,98}[^\s\x00-\x1f\x7f-\x9f])?$", "Corner Shop",
        "1 to 100 printable characters, no spaces around them";
    /// A project's name in addresses.
    Slug: is_slug, "^[a-z][a-z0-9-]{1,38}[a-z0-9]$", "corner-shop",
        "3 to 40 of a-z, 0-9 and `-`, beginning with a letter and not ending with `-`";
    /// The name of a role.
    RoleName: is_role_name, "^[A-Za-z][A-Za-z0-9_-]{0,49}$", "cashier",
        "1 to 50 of letters, digits, `_` and `-`, beginning with a letter";
    /// A permission, all permissions of something, or everything.
    Grant: is_grant, r"^(\*|[a-z][a-z0-9_]{0,49}:(\*|[a-z][a-z0-9_]{0,49}))$", "orders:read",
        "a permission like `orders:read`, `orders:*` or `*`";
    /// One permission.
    PermissionName: is_permission, "^[a-z][a-z0-9_]{0,49}:[a-z][a-z0-9_]{0,49}$", "orders:write",
        "a permission like `orders:read`";
    /// Why something was decided.
    Reason: is_reason, r"^[^\x00-\x1f\x7f-\x9f]{1,500}$", "The photo is too dark to be read.",
        "1 to 500 printable characters";
}

fn is_printable(text: &str, length_max: usize) -> bool {
    !text.is_empty() && text.chars().count() <= length_max && !text.chars().any(char::is_control)
}

fn is_title(text: &str) -> bool {
    is_printable(text, 100) && text.trim() == text
}

fn is_reason(text: &str) -> bool {
    is_printable(text, 500)
}

fn is_slug(text: &str) -> bool {
    (3..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
}

fn is_role_name(text: &str) -> bool {
    text.len() <= 50
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn is_word(text: &str) -> bool {
    text.len() <= 50
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn is_permission(text: &str) -> bool {
    text.split_once(':').is_some_and(|(what, verb)| is_word(what) && is_word(verb))
}

fn is_grant(text: &str) -> bool {
    let all_of_it = || text.strip_suffix(":*").is_some_and(is_word);
    text == "*" || all_of_it() || is_permission(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_text_is_taken_or_refused_by_its_rule() {
        let grant = |text: &str| Grant::try_from(text.to_owned()).is_ok();
        for good in ["*", "orders:*", "orders:read", "api_keys:write2"] {
            assert!(grant(good), "{good}");
        }
        for bad in [
            "",
            "orders",
            "*:read",
            "orders:",
            ":read",
            "ord*",
            "orders:re*",
            "a:b:c",
            "Orders:read",
            "o r:x",
        ] {
            assert!(!grant(bad), "{bad}");
        }
        let slug = |text: &str| Slug::try_from(text.to_owned()).is_ok();
        assert!(slug("corner-shop") && slug("abc"));
        for bad in ["ab", "-abc", "abc-", "Abc", "a_b_c", "1abc", &"a".repeat(41)] {
            assert!(!slug(bad), "{bad}");
        }
        let title = |text: &str| Title::try_from(text.to_owned()).is_ok();
        assert!(
            title("Größe 7") && !title(" a") && !title("a\u{0}b") && !title("") && !title(&"é".repeat(101))
        );
        assert!(PermissionName::try_from("orders:*".to_owned()).is_err());
        assert!(RoleName::try_from("a,b".to_owned()).is_err());
    }

    proptest! {
        #[test]
        fn every_permission_is_also_a_grant(text in "[a-z:*_0-9]{0,12}") {
            if PermissionName::try_from(text.clone()).is_ok() {
                prop_assert!(Grant::try_from(text).is_ok());
            }
        }
    }
}
