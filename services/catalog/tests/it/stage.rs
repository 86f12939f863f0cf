//! A running catalog and those who call it.

use std::ops::Deref;

use axum::body::Body;
use contracts::{Id, ProjectId};
use http::{Method, Request, header};
use http_body_util::BodyExt;
use kernel::testing;
pub use kernel::testing::{Player, Said};
use serde_json::{Value, json};
use tower::ServiceExt;

/// The service with everything around it.
pub struct Stage(pub testing::Stage);

pub const PRODUCTS: &str = "/api/v1/products";
pub const CATEGORIES: &str = "/api/v1/categories";
pub const IMPORTS: &str = "/api/v1/catalog/imports";

pub fn project(number: u128) -> ProjectId {
    ProjectId::from_u128(number)
}

/// Somebody of project 1 who looks after its catalog.
pub fn operator() -> Player {
    Player::user(1, 1, &["catalog:write"])
}

/// A shop window of project 1.
pub fn buyer() -> Player {
    Player::program(2, 1, &["catalog:read"])
}

/// Somebody who may do everything in another project.
pub fn stranger() -> Player {
    Player::user(3, 2, &["*"])
}

/// Runs the test on each engine.
pub fn staged(test: impl AsyncFn(&Stage)) {
    testing::on_both(async |place| {
        let stage = Stage(testing::Stage::new(place, catalog::service()).await);
        test(&stage).await;
    });
}

impl Deref for Stage {
    type Target = testing::Stage;

    fn deref(&self) -> &testing::Stage {
        &self.0
    }
}

/// A product on sale with one variant.
pub fn product(sku: &str, title: &str, inr: i64, on_hand: i64) -> Value {
    json!({ "title": title, "status": "on_sale",
        "variants": [{ "sku": sku, "prices": [{ "amount": inr, "currency": "INR" }], "on_hand": on_hand }] })
}

/// The same with other fields.
pub fn with(mut body: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

impl Stage {
    pub async fn patch(&self, path: &str, body: &Value) -> Said {
        self.ask(Method::PATCH, path, Some(&operator()), Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Said {
        self.ask(Method::DELETE, path, Some(&operator()), None, &[]).await
    }

    /// Makes a product.
    pub async fn made(&self, body: &Value) -> Value {
        self.post(&operator(), PRODUCTS, body).await.expect(201).body
    }

    /// Makes a category; returns its id.
    pub async fn category(&self, title: &str, parent: Option<&str>) -> String {
        let body = json!({ "title": title, "parent_id": parent });
        text(&self.post(&operator(), CATEGORIES, &body).await.expect(201).body["id"])
    }

    /// The titles of a list, as a buyer sees it.
    pub async fn titles(&self, query: &str) -> Vec<String> {
        let said = self.get(&buyer(), &format!("{PRODUCTS}?{query}")).await.expect(200);
        said.each("title").into_iter().map(str::to_owned).collect()
    }

    /// Sends a sheet.
    pub async fn sheet(&self, player: &Player, kind: &str, text: impl Into<Body>) -> Said {
        let request = Request::post(IMPORTS)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(player)))
            .header(header::CONTENT_TYPE, kind);
        self.send(request.body(text.into()).unwrap()).await
    }

    /// Has a sheet taken in; returns how it ended.
    pub async fn import(&self, text: &str) -> Value {
        let said = self.sheet(&operator(), "text/csv", text.to_owned()).await.expect(202);
        self.work().await;
        let path = format!("{IMPORTS}/{}", text_of(&said.body["id"]));
        self.get(&operator(), &path).await.expect(200).body
    }

    /// The catalog as a sheet.
    pub async fn export(&self) -> String {
        let request = Request::get("/api/v1/catalog/export")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(&operator())));
        let answer = self.running.routes().0.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/csv; charset=utf-8");
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// The types of what was told so far.
    pub async fn told_types(&self) -> Vec<String> {
        self.told().await.into_iter().map(|(kind, _)| kind).collect()
    }
}

pub fn text(value: &Value) -> String {
    text_of(value).to_owned()
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap()
}
