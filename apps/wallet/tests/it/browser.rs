//! A browser without a screen: it keeps cookies, and reads the forms that pages have before it sends them.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt;

use crate::world::World;

/// A browser.
pub struct Browser {
    wallet: Router,
    pub cookies: BTreeMap<String, String>,
}

/// What it shows.
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Browser {
    pub fn of(world: &World) -> Self {
        Self { wallet: wallet_app::routes(world.face(), world.clock()), cookies: BTreeMap::new() }
    }

    /// Ana's, who is signed in.
    pub async fn ana(world: &World) -> Self {
        let mut browser = Self::of(world);
        let form = browser.open("/wallet/sign-in").await;
        let typed = [("email", "ana@example.com"), ("password", "open the demo door")];
        assert_eq!(browser.send(&form, "/wallet/sign-in", &typed).await.sent_to(), "/wallet");
        world.things().asked.clear();
        browser
    }

    /// The name that it keeps for the wallet.
    pub fn device(&self) -> String {
        self.cookies["stoa_wallet_device"].clone()
    }

    pub async fn open(&mut self, path: &str) -> Page {
        self.ask(Request::get(path), Body::empty()).await
    }

    /// Sends the page's form with this action, these fields filled in and all others as they stand.
    pub async fn send(&mut self, page: &Page, action: &str, typed: &[(&str, &str)]) -> Page {
        let mut fields = page.fields(action);
        for (name, value) in typed {
            fields.insert((*name).to_owned(), (*value).to_owned());
        }
        self.post(action, &fields).await
    }

    pub async fn post(&mut self, action: &str, fields: &BTreeMap<String, String>) -> Page {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", client::encoded(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let request = Request::post(action).header("content-type", "application/x-www-form-urlencoded");
        self.ask(request, Body::from(body)).await
    }

    async fn ask(&mut self, request: http::request::Builder, body: Body) -> Page {
        let kept = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let kept = kept.collect::<Vec<_>>().join("; ");
        let request = if kept.is_empty() { request } else { request.header("cookie", kept) };
        let response = self.wallet.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all("set-cookie") {
            let (name, rest) = set.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else if !rest.contains("Path=/api/") {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = to_bytes(body, 16 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Page { status: parts.status, headers: parts.headers, text }
    }
}

impl Page {
    /// What the form with this action holds.
    pub fn fields(&self, action: &str) -> BTreeMap<String, String> {
        let mark = format!("action=\"{action}\"");
        let form =
            self.text.split(&mark).nth(1).unwrap_or_else(|| panic!("no form {action} in\n{}", self.text));
        let form = form.split("</form>").next().unwrap();
        let attribute = |tag: &str, name: &str| {
            let value = tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?;
            Some(value.replace("&lt;", "<").replace("&quot;", "\"").replace("&amp;", "&"))
        };
        let inputs = form.split("<input").skip(1).filter_map(|tag| {
            let tag = tag.split('>').next()?;
            Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
        });
        inputs.collect()
    }

    /// Where it sends one, with a reading request.
    pub fn sent_to(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.headers["location"].to_str().unwrap()
    }

    pub fn shows(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(self.text.contains(text), "{text:?} is not in\n{}", self.text);
        }
        self
    }

    pub fn hides(&self, texts: &[&str]) -> &Self {
        for text in texts {
            assert!(!self.text.contains(text), "{text:?} is in\n{}", self.text);
        }
        self
    }

    /// It is shown again because something is wrong.
    pub fn refuses(&self, texts: &[&str]) -> &Self {
        assert_eq!(self.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", self.text);
        self.shows(texts)
    }
}
