//! The links of a message: its page is shown where nothing can be clicked, so that they stand beside it.

const LINKS_MAX: usize = 20;
const LINK_BYTES_MAX: usize = 2_000;

/// The web addresses in a text, and those that a page leads to, each once, in order.
pub fn links(text: &str, html: &str) -> Vec<String> {
    let written = text.match_indices("http").map(|(at, _)| &text[at..]);
    let led_to = html.split("href=").skip(1).map(|attribute| attribute.trim_start_matches(['"', '\'', ' ']));
    let mut found: Vec<String> = Vec::new();
    for begin in written.chain(led_to) {
        // What is longer is no link, and looking on for its end would take for ever in a text of a thousand of them.
        let begin = &begin[..begin.floor_char_boundary(LINK_BYTES_MAX + 1)];
        let end = begin.find(|letter: char| letter.is_whitespace() || "\"'<>`".contains(letter));
        let link = begin[..end.unwrap_or(begin.len())].replace("&amp;", "&");
        let link = link.trim_end_matches(['.', ',', ')', ']', ';', ':', '!', '?']);
        let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"));
        let is_link = rest.is_some_and(|rest| !rest.is_empty()) && link.len() <= LINK_BYTES_MAX;
        if is_link && !found.iter().any(|known| known == link) {
            found.push(link.to_owned());
        }
        if found.len() == LINKS_MAX {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_once_each() {
        let text = "Go to https://a.example/x?b=1&c=2. Or (http://b.example/). httpx https://";
        let html = "<a href=\"https://a.example/x?b=1&amp;c=2\">here</a><a href='https://c.example'>c</a> \
                    <img src=\"https://d.example/x.gif\">";
        let expected = ["https://a.example/x?b=1&c=2", "http://b.example/", "https://c.example"];
        assert_eq!(links(text, html), expected);
        assert_eq!(links("http", "<a href=\"javascript:alert(1)\">"), Vec::<String>::new());
    }

    #[test]
    fn there_is_an_end_to_links() {
        let many: String = (0..100).map(|number| format!("https://example.com/{number} ")).collect();
        assert_eq!(links(&many, "").len(), LINKS_MAX);
        assert!(links(&format!("https://{}", "a".repeat(3_000)), "").is_empty());
        assert!(links(&"http".repeat(100_000), &"href=".repeat(100_000)).is_empty());
    }
}
