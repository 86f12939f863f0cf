//! What is around every page of a face, how a page is answered, and how a form is: by another address.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use maud::{Markup, html};

use super::{Saying, Visit, token_field};
use crate::page::POLICY;
use crate::toast::toasts;
use crate::{Asset, Icon, Page, Theme, icon, toast};

/// A page: what it is called and what it needs.
#[derive(Debug)]
pub struct Sheet {
    title: String,
    status: StatusCode,
    /// The path that search engines know it by; a private page has none.
    path: Option<String>,
    description: Option<String>,
    picture: Option<String>,
    kind: Option<&'static str>,
    facts: Option<String>,
    scripts: Vec<Asset>,
    refresh_seconds: Option<u32>,
    policy: Option<String>,
    keep: Vec<HeaderValue>,
    /// What was typed into the search box.
    sought: String,
}

impl Sheet {
    /// A page that is the visitor's alone.
    pub fn private(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            status: StatusCode::OK,
            path: None,
            description: None,
            picture: None,
            kind: None,
            facts: None,
            scripts: Vec::new(),
            refresh_seconds: None,
            policy: None,
            keep: Vec::new(),
            sought: String::new(),
        }
    }

    /// A page that everybody may find.
    pub fn public(title: &str, path: &str, description: &str) -> Self {
        let description = Some(description.to_owned()).filter(|text| !text.is_empty());
        Self { path: Some(path.to_owned()), description, ..Self::private(title) }
    }

    /// Answered with this status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// What it shows, for machines and for other sites.
    pub fn showing(self, kind: &'static str, picture: Option<String>, facts: String) -> Self {
        Self { kind: Some(kind), picture, facts: Some(facts), ..self }
    }

    /// With a module of its own.
    pub fn with_script(mut self, script: Asset) -> Self {
        self.scripts.push(script);
        self
    }

    /// Asked for again by browsers without scripts.
    pub fn refreshed_every(self, seconds: u32) -> Self {
        Self { refresh_seconds: Some(seconds), ..self }
    }

    /// May load what this policy says.
    pub fn under(self, policy: String) -> Self {
        Self { policy: Some(policy), ..self }
    }

    /// Has the browser keep a cookie.
    pub fn keeping(mut self, cookie: Option<HeaderValue>) -> Self {
        self.keep.extend(cookie);
        self
    }

    /// Shows what was sought.
    pub fn seeking(self, sought: &str) -> Self {
        Self { sought: sought.to_owned(), ..self }
    }

    /// What was sought.
    pub fn sought(&self) -> &str {
        &self.sought
    }

    /// The answer.
    pub fn answer(self, visit: &Visit, main: &Markup) -> Response {
        let (face, guise) = (visit.face(), visit.guise());
        let address = |asset: &Asset| asset.below(guise.root);
        let body = html! {
            ((guise.header)(visit, &self))
            main id="main" tabindex="-1" { div.wrap.page { (main) } }
            ((guise.footer)(visit))
            @if let Some(said) = visit.said() { (toasts(&[toast(said.tone, said.text)])) }
        };
        let canonical = self.path.as_ref().map(|path| format!("{}{path}", face.origin));
        let scripts = [crate::assets::SCRIPT];
        let page = Page {
            title: if self.title == face.name {
                self.title
            } else {
                format!("{} · {}", self.title, face.name)
            },
            description: self.description,
            private: canonical.is_none(),
            canonical,
            picture: self.picture,
            kind: self.kind,
            site: face.name.clone(),
            facts: self.facts,
            theme: visit.theme(),
            styles: [crate::assets::STYLE, guise.style].iter().map(address).collect(),
            scripts: scripts.iter().chain(guise.everywhere).chain(&self.scripts).map(address).collect(),
            refresh_seconds: self.refresh_seconds,
            manifest: guise.app.as_ref().map(|app| app.manifest.to_owned()),
            icon: guise.app.as_ref().map(|app| app.icon.to_owned()),
        };
        let mut response = (self.status, page.around(&body).into_string()).into_response();
        let headers = response.headers_mut();
        for cookie in self.keep {
            headers.append(header::SET_COOKIE, cookie);
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        // `no-store` would also keep the page from the browser's back button.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let policy = self.policy.as_deref().unwrap_or(POLICY);
        if let Ok(policy) = HeaderValue::from_str(policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// Sends the browser to a path of ours with a reading request; to the root where no header can hold the path.
pub fn redirect(root: &'static str, path: &str) -> Response {
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static(root));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The same, with what the next page tells.
pub fn redirect_saying(visit: &Visit, path: &str, said: Saying) -> Response {
    let response = redirect(visit.root(), path);
    keeping(response, visit.guise().said.set(said.name, visit.is_secure()))
}

/// The answer, and what the browser is to keep.
pub fn keeping(mut response: Response, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The foot of a page: who is behind the face, ways to its lists as items, the way in or out, and the look.
pub fn footer(visit: &Visit, label: &str, links: &Markup) -> Markup {
    let (face, root) = (visit.face(), visit.root());
    let seller = &face.seller;
    let lines = [
        ("", &seller.name),
        ("", &seller.address),
        ("Customer care: ", &seller.care),
        ("Complaints: ", &seller.grievances),
    ];
    html! {
        footer.site-footer {
            div.wrap.foot {
                div.stack.tight {
                    p.strong { (face.name) }
                    @for (label, text) in lines.iter().filter(|(_, text)| !text.is_empty()) {
                        p.small.muted { (label) (text) }
                    }
                }
                nav aria-label=(label) {
                    ul.plain.stack.tight {
                        (links)
                        @if visit.is_signed_in() {
                            li { form method="post" action={ (root) "/sign-out" } { (token_field(visit)) button.button.link type="submit" { "Sign out" } } }
                        } @else {
                            li { a href={ (root) "/register" } { "Create an account" } }
                        }
                    }
                }
                (themes(visit))
            }
        }
    }
}

/// Light or dark: both can be chosen where neither was.
fn themes(visit: &Visit) -> Markup {
    let choices = [(Theme::Light, "light", "Light", Icon::Sun), (Theme::Dark, "dark", "Dark", Icon::Moon)];
    html! {
        form.row method="post" action={ (visit.root()) "/theme" } data-theme-form {
            (token_field(visit))
            (crate::form::hidden("next", visit.here()))
            @for (theme, name, label, sign) in choices {
                button.button.second type="submit" name="theme" value=(name) hidden[visit.theme() == theme] { (icon(sign)) (label) }
            }
        }
    }
}
