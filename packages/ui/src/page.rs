//! The frame of a page: its head, the link past the navigation, and what a browser may load for it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the reader's system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// All that a page needs besides what it shows.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What browsers and search engines call it.
    pub title: String,
    /// What search engines say of it; none keeps it to itself.
    pub description: Option<String>,
    /// Where it lives, in full.
    pub canonical: Option<String>,
    /// Whether search engines are to leave it alone.
    pub private: bool,
    /// The picture that stands for it elsewhere, in full.
    pub picture: Option<String>,
    /// What others call the kind of thing that it shows: `website`, `product`.
    pub kind: Option<&'static str>,
    /// The name of the site.
    pub site: String,
    /// What it shows, for machines, as JSON-LD.
    pub facts: Option<String>,
    /// Light or dark.
    pub theme: Theme,
    /// Where its style sheets are.
    pub styles: Vec<String>,
    /// Where its modules are.
    pub scripts: Vec<String>,
    /// In how many seconds a browser without scripts asks again.
    pub refresh_seconds: Option<u32>,
    /// Where a phone that keeps it like an app finds what it is.
    pub manifest: Option<String>,
    /// Where its sign is.
    pub icon: Option<String>,
}

/// What browsers may load for any page of ours: only what we serve, and pictures. No style or script inside a page.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'";

impl Theme {
    /// As a page or a cookie says it; nothing where the system decides.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// From what a page or a cookie says.
    pub fn parse(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

impl Page {
    /// The whole page. The body has its own header, `main` with the id `main`, and footer.
    pub fn around(&self, body: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" data-theme=[self.theme.name()] {
                head { (self.head()) }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    (body)
                }
            }
        }
    }

    fn head(&self) -> Markup {
        let shared = self.canonical.as_deref().filter(|_| !self.private);
        html! {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (self.title) }
            @if let Some(description) = &self.description { meta name="description" content=(description); }
            @if self.private { meta name="robots" content="noindex"; }
            @if let Some(seconds) = self.refresh_seconds {
                noscript { meta http-equiv="refresh" content=(seconds); }
            }
            @if let Some(address) = shared {
                link rel="canonical" href=(address);
                meta property="og:url" content=(address);
                meta property="og:title" content=(self.title);
                meta property="og:site_name" content=(self.site);
                meta property="og:type" content=(self.kind.unwrap_or("website"));
                @if let Some(text) = &self.description { meta property="og:description" content=(text); }
                @if let Some(picture) = &self.picture {
                    meta property="og:image" content=(picture);
                    meta name="twitter:card" content="summary_large_image";
                }
            }
            link rel="icon" href=(self.icon.as_deref().unwrap_or("data:,"));
            @if let Some(manifest) = &self.manifest { link rel="manifest" href=(manifest); }
            @for style in &self.styles { link rel="stylesheet" href=(style); }
            @for script in &self.scripts { script type="module" src=(script) {} }
            @if let Some(facts) = &self.facts {
                // In JSON a `<` can stand in text alone, where it may as well be written so.
                script type="application/ld+json" { (PreEscaped(facts.replace('<', "\\u003c"))) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page {
            title: "A & B".to_owned(),
            canonical: Some("https://shop.example/a".to_owned()),
            facts: Some("{\"name\":\"</script><script>alert(1)\"}".to_owned()),
            theme: Theme::Dark,
            ..Page::default()
        }
    }

    #[test]
    fn facts_cannot_end_their_element() {
        let made = page().around(&html! { main id="main" {} }).into_string();
        assert!(made.contains("{\"name\":\"\\u003c/script>\\u003cscript>alert(1)\"}"), "{made}");
        assert!(made.contains("<title>A &amp; B</title>") && made.contains("data-theme=\"dark\""));
        assert!(made.contains("<a class=\"skip\" href=\"#main\">"));
    }

    #[test]
    fn a_private_page_is_not_offered_to_others() {
        let made = Page { private: true, ..page() }.around(&html! {}).into_string();
        assert!(made.contains("noindex") && !made.contains("canonical") && !made.contains("og:url"));
    }

    #[test]
    fn nothing_inside_a_page_may_run_or_style() {
        assert!(!POLICY.contains("unsafe"));
        assert!(POLICY.starts_with("default-src 'none'"));
    }
}
