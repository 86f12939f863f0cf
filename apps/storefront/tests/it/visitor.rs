//! Somebody at a browser: they keep cookies, follow links, fill in forms and are sent on.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::{Router, body};
use client::Client;
use contracts::Currency;
use http::{HeaderMap, Method, Request, StatusCode};
use tower::ServiceExt;
use ui::face::{Face, Seller};

use crate::world::World;

/// Somebody at a browser.
pub struct Visitor {
    shop: Router,
    pub cookies: BTreeMap<String, String>,
}

/// What they see.
pub struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

pub fn shop_over(world: &World) -> Face {
    Face {
        api: Client::inside(world.routes()).api_key("the-shop").unwrap(),
        name: "Stoa Goods".to_owned(),
        origin: "http://shop.example".to_owned(),
        currency: Currency::INR,
        project: None,
        stripe_url: Some("http://stripe.example".to_owned()),
        seller: Seller { name: "Stoa Goods Ltd".to_owned(), ..Seller::default() },
    }
}

impl Visitor {
    pub fn of(world: &World) -> Self {
        Self::at(shop_over(world))
    }

    pub fn at(shop: Face) -> Self {
        Self { shop: storefront::routes(shop), cookies: BTreeMap::new() }
    }

    /// Somebody who is signed in.
    pub async fn ann(world: &World) -> Self {
        let mut ann = Self::of(world);
        let form = [("email", "ann@example.com"), ("password", "correct horse battery"), ("next", "/shop")];
        assert_eq!(ann.post("/shop/sign-in", &form).await.location(), "/shop");
        ann.see("/shop").await;
        ann
    }

    pub async fn see(&mut self, path: &str) -> Seen {
        self.send(Method::GET, path, String::new(), &[]).await
    }

    /// Sends a form as a page of ours would, token and all.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        if !self.cookies.contains_key("stoa_shop_token") {
            self.see("/shop/sign-in").await;
        }
        let token = self.cookies["stoa_shop_token"].clone();
        let mut all = vec![("token", token.as_str())];
        all.extend_from_slice(fields);
        self.post_raw(path, &all).await
    }

    pub async fn post_raw(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", client::encoded(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        self.send(Method::POST, path, body, &[("content-type", "application/x-www-form-urlencoded")]).await
    }

    pub async fn send(&mut self, method: Method, path: &str, body: String, headers: &[(&str, &str)]) -> Seen {
        let mut request = Request::builder().method(method).uri(path).header("x-correlation-id", "cor-1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let response = self.shop.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            if set.contains("Path=/api/") {
                continue;
            }
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = body::to_bytes(body, 4 << 20).await.unwrap();
        Seen {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

impl Seen {
    /// Where they are sent, with a reading request.
    pub fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.headers["location"].to_str().unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The page, which has these texts on it.
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
}
