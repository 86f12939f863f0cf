//! A Stripe of a test's own: it keeps intents, refunds and payouts, honours idempotency keys, and fails when it is told to.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use http::Method;
use kernel::testing::{Asked, Peer};
use serde_json::{Value, json};

/// What goes wrong with the next call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is done, and half of the answer arrives.
    CutAfterDoing,
    /// It is done, and the answer is this status.
    StatusAfterDoing(u16),
    /// It is not done, and the answer is this.
    Instead(u16, Value),
}

#[derive(Default)]
struct Books {
    intents: BTreeMap<String, Value>,
    refunds: BTreeMap<String, Value>,
    payouts: BTreeMap<String, Value>,
    answers: HashMap<String, (u16, String)>,
    faults: VecDeque<Fault>,
    refund_status: Option<&'static str>,
}

/// The books, and the peer that answers from them.
pub struct Stripe {
    books: Arc<Mutex<Books>>,
    peer: Peer,
}

impl Stripe {
    pub async fn open() -> Self {
        let books = Arc::<Mutex<Books>>::default();
        let kept = Arc::clone(&books);
        let peer = Peer::answering(move |asked| kept.lock().unwrap().answer(asked)).await;
        Self { books, peer }
    }

    pub fn url(&self) -> String {
        self.peer.url()
    }

    /// What the next calls meet, one after the other.
    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.books.lock().unwrap().faults.extend(faults);
    }

    /// How refunds stand when they are made from now on.
    pub fn refunds_are(&self, status: &'static str) {
        self.books.lock().unwrap().refund_status = Some(status);
    }

    /// Calls of this method whose path ends so.
    pub fn asked(&self, method: Method, end: &str) -> Vec<Asked> {
        self.peer
            .asked()
            .into_iter()
            .filter(|asked| asked.method == method && asked.path.ends_with(end))
            .collect()
    }

    pub fn intents(&self) -> Vec<Value> {
        self.books.lock().unwrap().intents.values().cloned().collect()
    }

    pub fn refunds(&self) -> Vec<Value> {
        self.books.lock().unwrap().refunds.values().cloned().collect()
    }

    pub fn payouts(&self) -> Vec<Value> {
        self.books.lock().unwrap().payouts.values().cloned().collect()
    }

    /// What happened at Stripe beside us: a customer's browser, its own clerks.
    pub fn change(&self, id: &str, fields: Value) -> Value {
        let mut books = self.books.lock().unwrap();
        let Books { intents, refunds, payouts, .. } = &mut *books;
        let object = intents.get_mut(id).or_else(|| refunds.get_mut(id));
        let object = object.or_else(|| payouts.get_mut(id)).unwrap();
        put(object, &fields);
        object.clone()
    }
}

fn put(object: &mut Value, fields: &Value) {
    for (name, value) in fields.as_object().unwrap() {
        object[name] = value.clone();
    }
}

impl Books {
    fn answer(&mut self, asked: &Asked) -> (u16, String) {
        let fault = self.faults.pop_front();
        if let Some(Fault::Instead(status, body)) = &fault {
            return (*status, body.to_string());
        }
        let key = asked.headers.get("idempotency-key").map(|key| key.to_str().unwrap().to_owned());
        let kept = key.as_ref().and_then(|key| self.answers.get(key).cloned());
        let (status, text) = kept.unwrap_or_else(|| {
            let (status, body) = self.act(asked);
            let answer = (status, body.to_string());
            if let Some(key) = key {
                self.answers.insert(key, answer.clone());
            }
            answer
        });
        match fault {
            Some(Fault::CutAfterDoing) => (status, text[..text.len() / 2].to_owned()),
            Some(Fault::StatusAfterDoing(other)) => (other, "{}".to_owned()),
            Some(Fault::Instead(..)) | None => (status, text),
        }
    }

    fn act(&mut self, asked: &Asked) -> (u16, Value) {
        let form = decoded(&asked.text());
        let path: Vec<&str> = asked.path.trim_start_matches("/v1/").split('/').collect();
        match (asked.method == Method::POST, path.as_slice()) {
            (true, ["payment_intents"]) => self.create(&form),
            (true, ["payment_intents", id, verb]) => self.steer(id, verb, &form),
            (false, ["payment_intents", id]) => found(self.intents.get(*id)),
            (true, ["refunds"]) => self.refund(&form),
            (true, ["payouts"]) => self.pay_out(&form),
            (false, ["payouts", id]) => found(self.payouts.get(*id)),
            (false, ["refunds", id]) => found(self.refunds.get(*id)),
            _ => (404, json!({ "error": { "type": "invalid_request_error" } })),
        }
    }

    fn create(&mut self, form: &HashMap<String, String>) -> (u16, Value) {
        let id = format!("pi_{}", self.intents.len() + 1);
        let metadata = metadata(form);
        let intent = json!({
            "id": id, "object": "payment_intent", "status": "requires_payment_method",
            "amount": form["amount"].parse::<i64>().unwrap(), "amount_received": 0, "amount_capturable": 0,
            "currency": form["currency"], "capture_method": form["capture_method"],
            "client_secret": format!("{id}_secret_of_the_browser"), "created": 1_790_000_000,
            "last_payment_error": null, "metadata": metadata, "livemode": false,
        });
        self.intents.insert(id, intent.clone());
        (200, intent)
    }

    fn steer(&mut self, id: &str, verb: &str, form: &HashMap<String, String>) -> (u16, Value) {
        let Some(intent) = self.intents.get_mut(id) else { return found(None) };
        let (amount, status) = (intent["amount"].clone(), intent["status"].as_str().unwrap().to_owned());
        let method = form.get("payment_method").map(String::as_str);
        match (verb, status.as_str()) {
            ("confirm", "requires_payment_method") if method == Some("pm_card_visa_chargeDeclined") => {
                put(
                    intent,
                    &json!({ "last_payment_error": { "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds" } }),
                );
                let error = json!({ "type": "card_error", "code": "card_declined",
                    "decline_code": "insufficient_funds", "payment_intent": intent });
                return (402, json!({ "error": error }));
            }
            ("confirm", "requires_payment_method") if intent["capture_method"] == "manual" => {
                put(intent, &json!({ "status": "requires_capture", "amount_capturable": amount }));
            }
            ("confirm", "requires_payment_method") => {
                put(
                    intent,
                    &json!({ "status": "succeeded", "amount_received": amount, "last_payment_error": null }),
                );
            }
            ("capture", "requires_capture") => {
                let taken: i64 = form["amount_to_capture"].parse().unwrap();
                put(
                    intent,
                    &json!({ "status": "succeeded", "amount_received": taken, "amount_capturable": 0 }),
                );
            }
            ("cancel", "requires_payment_method" | "requires_capture" | "requires_action") => {
                put(intent, &json!({ "status": "canceled" }));
            }
            _ => {
                let error = json!({ "type": "invalid_request_error",
                    "code": "payment_intent_unexpected_state", "payment_intent": intent });
                return (400, json!({ "error": error }));
            }
        }
        (200, intent.clone())
    }

    fn pay_out(&mut self, form: &HashMap<String, String>) -> (u16, Value) {
        let id = format!("po_{}", self.payouts.len() + 1);
        let payout = json!({
            "id": id, "object": "payout", "amount": form["amount"].parse::<i64>().unwrap(),
            "currency": form["currency"], "destination": form["destination"], "status": "pending",
            "failure_code": null, "metadata": metadata(form),
        });
        self.payouts.insert(id, payout.clone());
        (200, payout)
    }

    fn refund(&mut self, form: &HashMap<String, String>) -> (u16, Value) {
        let id = format!("re_{}", self.refunds.len() + 1);
        let refund = json!({
            "id": id, "object": "refund", "amount": form["amount"].parse::<i64>().unwrap(),
            "payment_intent": form["payment_intent"], "status": self.refund_status.unwrap_or("succeeded"),
            "metadata": { "refundId": form["metadata[refundId]"] },
        });
        self.refunds.insert(id, refund.clone());
        (200, refund)
    }
}

fn metadata(form: &HashMap<String, String>) -> Value {
    let named = form.iter().filter_map(|(name, value)| {
        let name = name.strip_prefix("metadata[")?.strip_suffix(']')?;
        Some((name.to_owned(), json!(value)))
    });
    Value::Object(named.collect())
}

fn found(object: Option<&Value>) -> (u16, Value) {
    match object {
        Some(object) => (200, object.clone()),
        None => (404, json!({ "error": { "type": "invalid_request_error", "code": "resource_missing" } })),
    }
}

/// A web form, read.
pub fn decoded(text: &str) -> HashMap<String, String> {
    let part = |text: &str| {
        let mut bytes = text.bytes();
        let mut out = Vec::new();
        while let Some(byte) = bytes.next() {
            if byte == b'%' {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            } else {
                out.push(byte);
            }
        }
        String::from_utf8(out).unwrap()
    };
    let fields = text.split('&').filter_map(|field| field.split_once('='));
    fields.map(|(name, value)| (part(name), part(value))).collect()
}
