//! Ways through a face: where one is, where one can go.

use maud::{Markup, html};

/// Where the page stands: the way to it, as addresses and names, and its own name last.
pub fn crumbs(way: &[(String, String)], here: &str) -> Markup {
    html! {
        nav.crumbs aria-label="Breadcrumb" {
            ol {
                @for (href, label) in way { li { a href=(href) { (label) } } }
                li { span aria-current="page" { (here) } }
            }
        }
    }
}

/// Addresses and names, of which one may be the page's own.
pub fn ways(label: &str, list: &[(String, String)], here: Option<&str>) -> Markup {
    html! {
        nav aria-label=(label) {
            ul.ways {
                @for (href, name) in list {
                    li { a href=(href) aria-current=[(here == Some(href.as_str())).then_some("page")] { (name) } }
                }
            }
        }
    }
}

/// The first page again, and the next one; nothing where there is neither.
pub fn pager(first: Option<&str>, next: Option<&str>) -> Markup {
    html! {
        @if first.is_some() || next.is_some() {
            nav.pager aria-label="Pages" {
                @if let Some(href) = first { a.button.second href=(href) rel="first" { "Back to the first page" } }
                @if let Some(href) = next { a.button.second.next href=(href) rel="next" { "Next page" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_one_is_on_is_marked() {
        let list = [("/a".to_owned(), "A".to_owned()), ("/b?x=1&y=2".to_owned(), "B".to_owned())];
        let made = ways("Sections", &list, Some("/a")).into_string();
        assert!(made.contains("<a href=\"/a\" aria-current=\"page\">A</a>"), "{made}");
        assert!(made.contains("<a href=\"/b?x=1&amp;y=2\">B</a>"), "{made}");
        assert!(crumbs(&list, "C").into_string().contains("<span aria-current=\"page\">C</span>"));
        assert_eq!(pager(None, None).into_string(), "");
    }
}
