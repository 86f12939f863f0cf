//! Web origins: which pages may call for a project, and whether a form was sent from our own.

/// Whether `origin` is among the allowed ones; `*` allows all.
pub fn allowed<'a>(origin: &str, mut origins: impl Iterator<Item = &'a str>) -> bool {
    origins.any(|one| one == "*" || one.eq_ignore_ascii_case(origin))
}

/// Whether a page of this very host sent the request: its `Origin` names the `Host`.
pub fn is_same_site(origin: &str, host: Option<&str>) -> bool {
    let Some((_, origin_host)) = origin.split_once("://") else { return false };
    host.is_some_and(|host| host.eq_ignore_ascii_case(origin_host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_allowed_by_its_whole_name_alone() {
        let ours = ["https://shop.example.com", "http://localhost:5173"];
        for (origin, yes) in [
            ("https://shop.example.com", true),
            ("HTTPS://Shop.example.com", true),
            ("https://shop.example.com.evil.com", false),
            ("https://evil.com", false),
            ("http://shop.example.com", false),
            ("null", false),
        ] {
            assert_eq!(allowed(origin, ours.into_iter()), yes, "{origin}");
        }
        assert!(allowed("https://anything.example", ["*"].into_iter()));
    }

    #[test]
    fn a_page_of_this_host_is_told_by_its_origin() {
        assert!(is_same_site("http://127.0.0.1:8000", Some("127.0.0.1:8000")));
        assert!(!is_same_site("http://127.0.0.1:8001", Some("127.0.0.1:8000")));
        assert!(!is_same_site("null", Some("127.0.0.1:8000")));
        assert!(!is_same_site("http://127.0.0.1:8000", None));
    }
}
