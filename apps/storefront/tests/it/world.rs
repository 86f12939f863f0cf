//! A small world behind the shop: the public API, played by a few routes over things in memory, and a Stripe of a
//! trial. What it answers can be overridden, and what it was asked is kept.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Form, Json, Router};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

/// What the world was asked.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "the example asks for less")]
pub struct Asked {
    pub call: String,
    pub headers: HeaderMap,
    pub body: Value,
}

/// The world; clones share it.
#[derive(Clone, Default)]
pub struct World(Arc<Mutex<Things>>);

#[derive(Default)]
pub struct Things {
    pub asked: Vec<Asked>,
    /// What is answered in place of the usual, by `METHOD /path`.
    pub instead: HashMap<String, (u16, Value)>,
    pub carts: BTreeMap<String, Value>,
    pub orders: BTreeMap<String, Value>,
    pub secret: Option<Value>,
}

pub const ACCESS: &str = "access.of.ann";
pub const CSRF: &str = "csrf-of-ann";
/// The name, the title, the price, the category and what may be wrong with it.
const GOODS: [(&str, &str, i64, &str, &str); 12] = [
    ("mug", "Stoneware mug", 64_900, "kitchen", "in_stock"),
    ("teapot", "Glazed teapot", 249_900, "kitchen", "in_stock"),
    ("lamp", "Reading lamp", 389_900, "living", "low_stock"),
    ("notebook", "Cloth-bound notebook", 39_900, "desk", "in_stock"),
    ("bag", "Leather day bag", 1_249_900, "desk", "in_stock"),
    ("chair", "Ash chair", 1_899_000, "living", "out_of_stock"),
    ("plant", "Rubber plant in clay pot", 119_900, "living", "in_stock"),
    ("clock", "Bedside clock", 179_900, "living", "in_stock"),
    ("candle", "Beeswax candle", 49_900, "living", "in_stock"),
    ("headphones", "Wired headphones", 459_900, "desk", "low_stock"),
    ("rug", "Handwoven rug", 2_150_000, "living", "in_stock"),
    ("knife", "Chef's knife", 329_900, "kitchen", "in_stock"),
];

impl World {
    pub fn things(&self) -> MutexGuard<'_, Things> {
        self.0.lock().unwrap()
    }

    /// Answers a call with this, from now on.
    #[allow(dead_code, reason = "the example asks for less")]
    pub fn instead(&self, call: &str, status: u16, body: Value) {
        self.things().instead.insert(call.to_owned(), (status, body));
    }

    /// The API and, below `/stripe`, a provider.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/api/v1/products", get(products))
            .route("/api/v1/products/{slug}", get(product))
            .route("/api/v1/categories", get(categories))
            .route("/api/v1/carts", post(new_cart))
            .route("/api/v1/carts/{cart}", get(cart))
            .route("/api/v1/carts/{cart}/lines", post(add_line))
            .route("/api/v1/carts/{cart}/lines/{variant}", put(set_line))
            .route("/api/v1/orders", get(orders).post(place))
            .route("/api/v1/orders/{order}", get(order))
            .route("/api/v1/orders/{order}/cancel", post(cancel))
            .route("/api/v1/orders/{order}/live", get(live))
            .route("/api/v1/payments/by-order/{order}/client-secret", get(secret))
            .route("/api/v1/auth/login", post(login))
            .route("/api/v1/auth/register", post(register))
            .route("/api/v1/auth/refresh", post(refresh))
            .route("/api/v1/auth/logout", post(logout))
            .route("/api/v1/auth/otp/verify", post(verify))
            .route("/stripe/v1/payment_intents/{intent}/confirm", post(confirm).options(preflight))
            .layer(axum::middleware::from_fn_with_state(self.clone(), note))
            .with_state(self.clone())
    }
}

pub fn problem(status: u16, code: &str, details: Value) -> (u16, Value) {
    (
        status,
        json!({"code": code, "message": format!("it is {code}"), "details": details, "correlation_id": "c0ffee"}),
    )
}

fn refusal(status: u16, code: &str) -> Response {
    let (status, body) = problem(status, code, json!({}));
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

async fn note(State(world): State<World>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let call = format!("{} {}", parts.method, parts.uri.path());
    let asked = Asked {
        call: format!("{} {}", parts.method, parts.uri),
        headers: parts.headers.clone(),
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    };
    let instead = {
        let mut things = world.things();
        things.asked.push(asked);
        things.instead.get(&call).cloned()
    };
    if let Some((status, body)) = instead {
        return (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    }
    next.run(Request::from_parts(parts, Body::from(bytes))).await
}

fn is_ann(headers: &HeaderMap) -> bool {
    let cookies = headers.get("cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
    cookies.contains(&format!("stoa_access={ACCESS}"))
}

fn picture(name: &str) -> Value {
    json!({"url": format!("/shop/goods/{name}.svg"), "alt": format!("A {name}, drawn")})
}

fn item((slug, title, price, category, availability): (&str, &str, i64, &str, &str)) -> Value {
    json!({"id": format!("prd_{slug}"), "slug": slug, "title": title, "image": picture(slug), "category_id": category,
        "status": "on_sale", "from_price": {"amount": price, "currency": "INR"}, "availability": availability,
        "variant_count": if slug == "mug" { 3 } else { 1 }})
}

async fn products(Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let sought = text("q").to_lowercase();
    let fits = |(_, title, _, category, _): &(&str, &str, i64, &str, &str)| {
        title.to_lowercase().contains(&sought)
            && (text("category").is_empty() || text("category") == *category)
    };
    let limit = text("limit").parse().unwrap_or(50);
    let data: Vec<Value> = GOODS.into_iter().filter(fits).take(limit).map(item).collect();
    let next =
        (sought.is_empty() && text("cursor").is_empty() && text("category").is_empty()).then_some("c2");
    Json(json!({"data": data, "next_cursor": next}))
}

async fn product(Path(slug): Path<String>) -> Response {
    let Some(good) = GOODS.into_iter().find(|good| good.0 == slug) else { return refusal(404, "not_found") };
    let variant = |id: &str, title: &str, price: i64, availability: &str| {
        json!({"id": id, "sku": id.to_uppercase(), "title": title, "prices": [{"amount": price, "currency": "INR"}],
            "image_url": null, "availability": availability})
    };
    let variants = if slug == "mug" {
        vec![
            variant("var_mug_s", "Small, 200 ml", 64_900, "in_stock"),
            variant("var_mug_m", "Medium, 300 ml", 79_900, "low_stock"),
            variant("var_mug_l", "Large, 450 ml", 94_900, "out_of_stock"),
        ]
    } else {
        vec![variant(&format!("var_{slug}"), good.1, good.2, good.4)]
    };
    Json(json!({"id": format!("prd_{slug}"), "slug": slug, "title": good.1, "category_id": good.3, "status": "on_sale",
        "description": "Made in small batches and finished by hand, so that no two are quite alike. It is meant for every day: \
        easy to hold, easy to clean, and good to look at while it waits.\n\nLooks best after a year of use. <b>Dishwasher safe.</b>",
        "images": [picture(&slug)], "variants": variants, "version": 1}))
    .into_response()
}

async fn categories() -> Json<Value> {
    let category = |id: &str, title: &str, position: i64, count: i64| json!({"id": id, "slug": id, "title": title, "parent_id": null, "position": position, "product_count": count});
    Json(
        json!({"data": [category("kitchen", "Kitchen", 1, 3), category("living", "Living room", 2, 6), category("desk", "Desk and travel", 3, 3)]}),
    )
}

fn line(variant: &str, quantity: i64) -> Option<Value> {
    let slug = variant.strip_prefix("var_")?.split('_').next()?;
    let (slug, title, price, ..) = GOODS.into_iter().find(|good| good.0 == slug)?;
    Some(
        json!({"variant_id": variant, "product_id": format!("prd_{slug}"), "sku": variant.to_uppercase(), "title": title,
        "variant_title": if slug == "mug" { "Small, 200 ml" } else { title }, "image_url": format!("/shop/goods/{slug}.svg"),
        "quantity": quantity, "unit_price": {"amount": price, "currency": "INR"}, "amount": price * quantity,
        "unit_amount": price, "problem": null, "available": null}),
    )
}

fn recount(cart: &mut Value) {
    let lines = cart["lines"].as_array().cloned().unwrap_or_default();
    let sum = |field: &str| lines.iter().map(|line| line[field].as_i64().unwrap_or(0)).sum::<i64>();
    cart["total"] = json!({"amount": sum("amount"), "currency": "INR"});
    cart["item_count"] = json!(sum("quantity"));
}

async fn new_cart(State(world): State<World>) -> Response {
    let mut things = world.things();
    let id = format!("crt_{}", things.carts.len() + 1);
    let cart = json!({"id": id, "currency": "INR", "version": 1, "lines": [], "total": {"amount": 0, "currency": "INR"},
        "item_count": 0, "order_id": null});
    things.carts.insert(id, cart.clone());
    (StatusCode::CREATED, Json(cart)).into_response()
}

async fn cart(State(world): State<World>, Path(id): Path<String>) -> Response {
    world
        .things()
        .carts
        .get(&id)
        .map_or_else(|| refusal(404, "not_found"), |cart| Json(cart.clone()).into_response())
}

async fn add_line(State(world): State<World>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let mut things = world.things();
    let Some(cart) = things.carts.get_mut(&id) else { return refusal(404, "not_found") };
    if !cart["order_id"].is_null() {
        return refusal(409, "cart_placed");
    }
    let variant = body["variant_id"].as_str().unwrap_or_default();
    let lines = cart["lines"].as_array_mut().unwrap();
    let there = lines.iter().position(|line| line["variant_id"] == variant);
    let before = there.map_or(0, |at| lines.remove(at)["quantity"].as_i64().unwrap());
    let Some(line) = line(variant, before + body["quantity"].as_i64().unwrap()) else {
        return refusal(422, "not_for_sale");
    };
    lines.push(line);
    recount(cart);
    Json(cart.clone()).into_response()
}

async fn set_line(
    State(world): State<World>,
    Path((id, variant)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    let mut things = world.things();
    let Some(cart) = things.carts.get_mut(&id) else { return refusal(404, "not_found") };
    let quantity = body["quantity"].as_i64().unwrap();
    let lines = cart["lines"].as_array_mut().unwrap();
    lines.retain(|line| line["variant_id"] != variant.as_str() || quantity > 0);
    for found in lines.iter_mut().filter(|line| line["variant_id"] == variant.as_str()) {
        *found = line(&variant, quantity).unwrap();
    }
    recount(cart);
    Json(cart.clone()).into_response()
}

fn order_id(number: u128) -> String {
    <contracts::OrderId as contracts::Id>::from_u128(number).to_string()
}

async fn place(State(world): State<World>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if !is_ann(&headers) {
        return refusal(401, "unauthenticated");
    }
    let mut things = world.things();
    let id = order_id(things.orders.len() as u128 + 1);
    let Some(cart) = things.carts.get_mut(body["cart_id"].as_str().unwrap_or_default()) else {
        return refusal(404, "not_found");
    };
    cart["order_id"] = json!(id);
    let placed = json!({"id": id, "number": "1001", "status": "PENDING_PAYMENT", "payment_status": "unpaid",
        "fulfilment_status": "unfulfilled", "user_id": "usr_1", "currency": "INR", "amount": cart["total"]["amount"],
        "refunded_amount": 0, "lines": cart["lines"], "ship_to": body["ship_to"], "expires_at": "2026-11-21T17:30:00.000Z",
        "payment_failure": null, "tracking": null, "created_at": "2026-11-21T17:00:00.000Z",
        "timeline": [{"at": "2026-11-21T17:00:00.000Z", "what": "Ordered"}]});
    things.orders.insert(id, placed.clone());
    (StatusCode::CREATED, Json(placed)).into_response()
}

async fn orders(State(world): State<World>, headers: HeaderMap) -> Response {
    if !is_ann(&headers) {
        return refusal(401, "unauthenticated");
    }
    let data: Vec<Value> = world.things().orders.values().cloned().collect();
    Json(json!({"data": data, "next_cursor": null})).into_response()
}

async fn order(State(world): State<World>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if !is_ann(&headers) {
        return refusal(401, "unauthenticated");
    }
    world
        .things()
        .orders
        .get(&id)
        .map_or_else(|| refusal(404, "not_found"), |order| Json(order.clone()).into_response())
}

async fn cancel(State(world): State<World>, Path(id): Path<String>) -> Response {
    let mut things = world.things();
    let Some(order) = things.orders.get_mut(&id) else { return refusal(404, "not_found") };
    order["status"] = json!("CANCELLED");
    Json(order.clone()).into_response()
}

/// Looks four times a second, as the real one does.
async fn live(State(world): State<World>, Path(id): Path<String>) -> Response {
    let mut looked = tokio::time::interval(std::time::Duration::from_millis(250));
    let (frames, told) = tokio::sync::mpsc::channel::<Bytes>(4);
    tokio::spawn(async move {
        let mut last = String::new();
        loop {
            looked.tick().await;
            let now = world.things().orders.get(&id).cloned().unwrap_or_default().to_string();
            if now != last && frames.send(Bytes::from(format!("data: {now}\n\n"))).await.is_err() {
                return;
            }
            last = now;
        }
    });
    ([("content-type", "text/event-stream")], Body::new(Told(told))).into_response()
}

/// A body that goes on as long as there is something to tell.
struct Told(tokio::sync::mpsc::Receiver<Bytes>);

impl http_body::Body for Told {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|frame| frame.map(|bytes| Ok(http_body::Frame::data(bytes))))
    }
}

async fn secret(State(world): State<World>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if !is_ann(&headers) {
        return refusal(401, "unauthenticated");
    }
    let things = world.things();
    let Some(order) = things.orders.get(&id) else { return refusal(404, "not_found") };
    let usual = json!({"payment_id": "pay_1", "provider": "stripe", "client_secret": format!("pi_{id}_secret_s"),
        "publishable_key": "pk_test_1", "amount": order["amount"], "currency": "INR", "status": "pending"});
    Json(things.secret.clone().unwrap_or(usual)).into_response()
}

fn signed_in() -> Response {
    let mut response = Json(json!({"status": "signed_in", "token_type": "Bearer", "expires_in": 600,
        "session_id": "ses_1", "csrf_token": CSRF}))
    .into_response();
    for cookie in [
        format!("stoa_access={ACCESS}; HttpOnly; SameSite=Lax; Path=/; Max-Age=600"),
        format!("stoa_csrf={CSRF}; SameSite=Lax; Path=/; Max-Age=2592000"),
        "stoa_refresh=rft_1.a; HttpOnly; SameSite=Strict; Path=/api/v1/auth; Max-Age=2592000".to_owned(),
    ] {
        response.headers_mut().append("set-cookie", HeaderValue::from_str(&cookie).unwrap());
    }
    response
}

async fn login(Json(body): Json<Value>) -> Response {
    match (body["email"].as_str(), body["password"].as_str()) {
        (Some("ann@example.com"), Some("correct horse battery")) => signed_in(),
        (Some("two@example.com"), _) => {
            let asked =
                json!({"status": "otp_required", "challenge": "otp_2", "channel": "totp", "expires_in": 300});
            Json(asked).into_response()
        }
        _ => refusal(401, "wrong_credentials"),
    }
}

async fn register(Json(body): Json<Value>) -> Response {
    if body["password"].as_str().is_some_and(|password| password.len() < 8) {
        let details =
            json!({"fields": [{"field": "password", "message": "must have at least 8 characters"}]});
        let (status, body) = problem(422, "invalid_input", details);
        return (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    }
    let asked =
        json!({"status": "verify_email", "challenge": "otp_1", "channel": "email", "expires_in": 300});
    (StatusCode::ACCEPTED, Json(asked)).into_response()
}

async fn verify(Json(body): Json<Value>) -> Response {
    if body["code"] == "492817" { signed_in() } else { refusal(401, "wrong_code") }
}

async fn refresh(headers: HeaderMap) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if text("cookie").contains("stoa_refresh=rft_1.a") && text("x-csrf-token") == CSRF {
        signed_in()
    } else {
        refusal(401, "sign_in_again")
    }
}

async fn logout() -> Response {
    let mut response = Json(json!({"status": "signed_out"})).into_response();
    let gone = HeaderValue::from_static("stoa_access=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
    response.headers_mut().append("set-cookie", gone);
    response
}

const OPEN: [(&str, &str); 2] =
    [("access-control-allow-origin", "*"), ("access-control-allow-headers", "authorization, content-type")];

async fn preflight() -> Response {
    (StatusCode::NO_CONTENT, OPEN).into_response()
}

/// A card is taken, refused, or asks the bank, by its number.
async fn confirm(
    State(world): State<World>,
    Path(intent): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let number = form.get("payment_method_data[card][number]").map(String::as_str).unwrap_or_default();
    let order = intent.trim_start_matches("pi_");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let mut things = world.things();
    let Some(order) = things.orders.get_mut(order) else { return refusal(404, "resource_missing") };
    match number {
        "4242424242424242" => {
            let later = world.clone();
            let id = order["id"].as_str().unwrap().to_owned();
            tokio::spawn(async move {
                tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
                let mut things = later.things();
                let order = things.orders.get_mut(&id).unwrap();
                order["status"] = json!("PAID");
                order["payment_status"] = json!("paid");
                order["expires_at"] = Value::Null;
                let paid = json!({"at": "2026-11-21T17:02:00.000Z", "what": "Paid"});
                order["timeline"].as_array_mut().unwrap().push(paid);
            });
            (OPEN, Json(json!({"id": intent, "status": "succeeded"}))).into_response()
        }
        _ => {
            order["payment_status"] = json!("failed");
            order["payment_failure"] = json!("insufficient_funds");
            let error = json!({"error": {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
                "message": "Your card has insufficient funds."}});
            (StatusCode::PAYMENT_REQUIRED, OPEN, Json(error)).into_response()
        }
    }
}
