//! A shop that pays through the sandbox: its key, a client, and what it was told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use kernel::outside::{Call, CallError, Provider, ProviderSettings};
use kernel::testing::{Peer, Place, Stage, outside, staged};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// One account of the provider, called over HTTP.
pub struct Shop {
    base: String,
    key: String,
    client: Provider,
    serving: Arc<Serving>,
}

struct Serving(JoinHandle<()>);

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

/// Who hears of events.
pub struct Ear {
    peer: Peer,
    refusals_left: Arc<Mutex<usize>>,
}

pub const SECRET: &str = "whsec_of_the_ear";

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs a test with a shop on each engine.
pub fn shopping(test: impl AsyncFn(&Shop, &Stage, &Place)) {
    staged(sandbox::service, async |stage, place| {
        let shop = Shop::open(stage).await;
        test(&shop, stage, place).await;
    });
}

impl Shop {
    pub async fn open(stage: &Stage) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let routes = sandbox::routes(&stage.running);
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        let settings = ProviderSettings { breaker: None, retries_max: 0, ..ProviderSettings::default() };
        let client = outside().provider_with("a shop's calls", || settings);
        Self { base, key: "sk_test_shop".into(), client, serving: Arc::new(Serving(serving)) }
    }

    /// The same provider with another key.
    pub fn with_key(&self, key: &str) -> Self {
        let (base, client, serving) = (self.base.clone(), self.client.clone(), Arc::clone(&self.serving));
        Self { base, key: key.into(), client, serving }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", &[]).await
    }

    pub async fn post(&self, path: &str, form: &str) -> Answer {
        self.ask("POST", path, form, &[]).await
    }

    pub async fn post_once(&self, key: &str, path: &str, form: &str) -> Answer {
        self.ask("POST", path, form, &[("idempotency-key", key)]).await
    }

    pub async fn ask(&self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        self.try_ask(method, path, body, headers, Duration::from_secs(20)).await.unwrap()
    }

    pub async fn try_ask(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
        timeout: Duration,
    ) -> Result<Answer, CallError> {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let mut request = Request::builder().method(method).uri(url);
        if !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let call = Call { timeout, idempotent: false, traceparent: None };
        let answer = self.client.send(request, call).await?;
        let (parts, body) = answer.into_parts();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body, text })
    }

    /// An intent that was begun with this way to pay.
    pub async fn pay(&self, method: &str, more: &str) -> Answer {
        let kinds = "payment_method_types[]=card&payment_method_types[]=us_bank_account";
        let form = format!("amount=1000&currency=usd&confirm=true&payment_method={method}&{kinds}&{more}");
        self.post("/v1/payment_intents", &form).await
    }

    /// An intent that was not begun.
    pub async fn intent(&self, more: &str) -> Answer {
        let form = format!("amount=1000&currency=usd&payment_method_types[]=card&{more}");
        self.post("/v1/payment_intents", &form).await.expect(200)
    }

    pub async fn fault(&self, kind: &str, more: Value) {
        let mut wanted = json!({ "provider": "stripe", "kind": kind });
        more.as_object().unwrap().iter().for_each(|(name, value)| wanted[name.as_str()] = value.clone());
        self.post("/sandbox/faults", &wanted.to_string()).await.expect(201);
    }

    /// The types of all events so far, oldest first.
    pub async fn events(&self) -> Vec<String> {
        let mut types = self.get("/v1/events?limit=100").await.expect(200).each("type");
        types.reverse();
        types
    }

    pub fn base(&self) -> &str {
        &self.base
    }
}

impl Answer {
    /// The same, which must have this status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub fn id(&self) -> String {
        self.text_of("id")
    }

    pub fn text_of(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("no {field} in {}", self.text)).to_owned()
    }

    /// Status, type and code of an error.
    pub fn error(&self) -> (u16, &str, &str) {
        let error = &self.body["error"];
        (self.status, error["type"].as_str().unwrap_or_default(), error["code"].as_str().unwrap_or_default())
    }

    /// The values of a field in a list.
    pub fn each(&self, field: &str) -> Vec<String> {
        let rows = self.body["data"].as_array().unwrap_or_else(|| panic!("no list: {}", self.text));
        rows.iter().map(|row| row[field].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Ear {
    /// Hears the events of every account.
    pub async fn of(stage: &Stage) -> Self {
        let refusals_left = Arc::new(Mutex::new(0_usize));
        let left = Arc::clone(&refusals_left);
        let peer = Peer::answering(move |_| {
            let mut left = left.lock().unwrap();
            let refuse = *left > 0;
            *left = left.saturating_sub(1);
            (if refuse { 500 } else { 200 }, String::new())
        })
        .await;
        sandbox::point_webhooks(&stage.running, &peer.url(), SECRET).await.unwrap();
        Self { peer, refusals_left }
    }

    /// Says no so many times.
    pub fn refuse(&self, times: usize) {
        *self.refusals_left.lock().unwrap() = times;
    }

    /// The events that came, as they came; each is proven by its signature.
    pub fn heard(&self) -> Vec<Value> {
        let proven = |asked: &kernel::testing::Asked| {
            let header = asked.headers["stripe-signature"].to_str().unwrap().to_owned();
            let (at, mark) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
            let mark: Vec<u8> = (0..mark.len() / 2)
                .map(|place| u8::from_str_radix(&mark[place * 2..place * 2 + 2], 16).unwrap())
                .collect();
            ring::hmac::verify(&key, format!("{at}.{}", asked.text()).as_bytes(), &mark).unwrap();
            serde_json::from_slice(&asked.body).unwrap()
        };
        self.peer.asked().iter().map(proven).collect()
    }

    /// Their types.
    pub fn types(&self) -> Vec<String> {
        self.heard().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }

    pub fn url(&self) -> String {
        self.peer.url()
    }
}
