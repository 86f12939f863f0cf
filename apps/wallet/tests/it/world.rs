//! An API that answers what it is told, and keeps what it was asked.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use client::Client;
use contracts::{Currency, Id, TopUpId, UserId, WalletAccountId, WalletPaymentId, WithdrawalId};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use kernel::clock::Clock;
use serde_json::{Value, json};
use ui::face::{Face, Seller};

/// Something that was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method, the path and the query.
    pub call: String,
    pub key: Option<String>,
    pub body: Value,
}

/// The API; clones share it.
#[derive(Clone)]
pub struct World(Arc<Mutex<Things>>);

pub struct Things {
    pub asked: Vec<Asked>,
    /// By method and path.
    answers: HashMap<String, (u16, Value)>,
}

const LOGIN: &str = "POST /api/v1/auth/login";

/// A wallet of Ana, whose number is 1, or of others.
pub fn account(number: u128) -> String {
    WalletAccountId::from_u128(number).to_string()
}

pub fn payment_id(number: u128) -> String {
    WalletPaymentId::from_u128(number).to_string()
}

pub fn top_up_id() -> String {
    TopUpId::from_u128(1).to_string()
}

pub fn withdrawal_id() -> String {
    WithdrawalId::from_u128(1).to_string()
}

/// A wallet with this much in it, as the API shows it.
pub fn wallet(number: u128, currency: &str, available: i64) -> Value {
    json!({"id": account(number), "user_id": UserId::from_u128(1).to_string(), "currency": currency, "state": "open",
        "freeze_reason": null, "frozen_at": null, "merchant": false, "fee_basis_points": null, "balance": available,
        "available": available, "held": 0, "opened_at": "2026-09-03T08:00:00.000Z"})
}

/// A payment from one wallet to another.
pub fn payment(number: u128, from: u128, to: u128, status: &str) -> Value {
    let over = matches!(status, "completed" | "failed");
    json!({"id": payment_id(number), "status": status, "from_account": account(from), "to_account": account(to),
        "payer": "usr_1", "payer_name": name(from), "payee": "usr_2", "payee_name": name(to), "amount": 1250, "fee": 0, "currency": "EUR", "note": "Tea <b>",
        "reason": null, "refunded_amount": 0, "refund_of": null, "request_id": null, "schedule_id": null,
        "transaction_id": null, "created_at": "2026-11-20T09:00:00.000Z",
        "ended_at": over.then_some("2026-11-20T09:00:01.000Z")})
}

/// What the owner of a wallet is called; those beyond the first two have not said it.
fn name(number: u128) -> Option<&'static str> {
    match number {
        1 => Some("Ana M."),
        2 => Some("Ben K."),
        _ => None,
    }
}

/// Something that happened in Ana's first wallet, with Ben on the other side of payments.
pub fn happened(kind: &str, id: &str, status: &str, net: i64) -> Value {
    let state = match status {
        "completed" => "completed",
        "failed" | "refused" | "returned" => "failed",
        _ => "pending",
    };
    let between = !matches!(kind, "top_up" | "withdrawal");
    json!({"at": "2026-11-20T09:00:00.000Z", "kind": kind, "id": id, "state": state, "status": status,
        "other_account": between.then(|| account(2)), "other_name": between.then_some("Ben K."), "net": net,
        "currency": "EUR", "note": between.then_some("Tea <b>"), "reason": null})
}

/// What happened in Ana's first wallet.
pub fn activity() -> String {
    format!("GET /api/v1/accounts/{}/activity", account(1))
}

/// Somebody asks Ana for money.
pub fn request(state: &str) -> Value {
    let (requester, payer) = (UserId::from_u128(2).to_string(), UserId::from_u128(1).to_string());
    json!({"id": "wreq_1", "state": state, "requester": requester, "requester_name": "Ben K.",
        "to_account": account(2), "payer": payer, "payer_name": "Ana M.", "amount": 700, "currency": "EUR", "note": "Lunch", "payment_id": null, "created_at": "2026-11-20T09:00:00.000Z"})
}

pub fn page_of(data: Value) -> Value {
    json!({"data": data, "next_cursor": null})
}

pub fn problem(code: &str, details: Value) -> Value {
    json!({"code": code, "message": format!("it is {code}"), "details": details, "correlation_id": "c0ffee"})
}

impl Default for World {
    /// Ana has a wallet with 100 euros and can pay Ben.
    fn default() -> Self {
        let world = Self(Arc::new(Mutex::new(Things { asked: Vec::new(), answers: HashMap::new() })));
        let me = json!({"id": UserId::from_u128(1).to_string(), "email": "ana@example.com", "phone": null,
            "name": "Ana", "authenticator": false, "projects": []});
        world.answers(LOGIN, 200, json!({"status": "signed_in"}));
        world.answers("GET /api/v1/users/me", 200, me);
        world.answers("GET /api/v1/accounts", 200, page_of(json!([wallet(1, "EUR", 10_000)])));
        world.answers("GET /api/v1/wallet/payments", 200, page_of(json!([])));
        world.answers(&activity(), 200, page_of(json!([])));
        world.answers("GET /api/v1/wallet/requests", 200, page_of(json!([])));
        let ben = json!({"account_id": account(2), "currency": "EUR", "merchant": false, "name": "Ben K."});
        world.answers("GET /api/v1/wallet/payees", 200, json!({"data": [ben]}));
        world
    }
}

impl World {
    pub fn things(&self) -> MutexGuard<'_, Things> {
        self.0.lock().unwrap()
    }

    /// Answers a call with this from now on.
    pub fn answers(&self, call: &str, status: u16, body: Value) {
        self.things().answers.insert(call.to_owned(), (status, body));
    }

    /// What was asked with this method and a path that begins so.
    pub fn asked(&self, call: &str) -> Vec<Asked> {
        self.things().asked.iter().filter(|asked| asked.call.starts_with(call)).cloned().collect()
    }

    /// Its clock, in the evening of the day on which all of this happened.
    pub fn clock(&self) -> Clock {
        Clock::held("2026-11-20T18:00:00.000Z".parse().unwrap())
    }

    /// The face over it.
    pub fn face(&self) -> Face {
        let world = self.clone();
        let api = Client::inside(tower::service_fn(move |request| {
            let world = world.clone();
            async move { Ok::<_, Infallible>(world.answer(request).await) }
        }));
        Face {
            api,
            name: "Stoa Wallet".to_owned(),
            origin: "http://wallet.example".to_owned(),
            currency: Currency::EUR,
            project: None,
            stripe_url: Some("http://stripe.example".to_owned()),
            seller: Seller { name: "Stoa Pay Ltd".to_owned(), ..Seller::default() },
        }
    }

    async fn answer(&self, request: Request<Full<bytes::Bytes>>) -> Response<Full<bytes::Bytes>> {
        let (parts, body) = request.into_parts();
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let body = body.collect().await.unwrap().to_bytes();
        let (key, call) = (text("idempotency-key"), format!("{} {}", parts.method, parts.uri.path()));
        let asked = Asked {
            call: format!("{} {}", parts.method, parts.uri),
            key: key.map(str::to_owned),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        };
        let is_ana = text("cookie").is_some_and(|cookies| cookies.contains("stoa_access=ana"));
        let (status, body) = {
            let mut things = self.things();
            things.asked.push(asked);
            let absent = (404, problem("not_found", json!({})));
            let known = things.answers.get(&call).cloned().unwrap_or(absent);
            if is_ana || call.contains("/auth/") {
                known
            } else {
                (401, problem("unauthenticated", json!({})))
            }
        };
        let mut response = Response::builder().status(status);
        if call == LOGIN && status == 200 {
            response = response
                .header("set-cookie", "stoa_access=ana; HttpOnly; SameSite=Lax; Path=/; Max-Age=600")
                .header("set-cookie", "stoa_csrf=csrf; SameSite=Lax; Path=/; Max-Age=600")
                .header("set-cookie", "stoa_refresh=rft; HttpOnly; Path=/api/v1/auth; Max-Age=600");
        }
        let body = if body.is_string() { body.as_str().unwrap().to_owned() } else { body.to_string() };
        response.body(Full::new(body.into())).unwrap()
    }
}
