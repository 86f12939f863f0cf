//! Stripe's objects as JSON, and what a caller wants to see in place of ids.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::errors::Error;
use super::objects::{
    Charge, ChargeStatus, Customer, Event, Intent, Kept, PaymentMethod, Refund, RefundStatus,
};
use super::store;
use super::work::Work;

/// What is answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The JSON.
    pub body: Value,
}

/// Where a caller may ask for an object in place of its id.
const EXPANDABLE: [&str; 6] =
    ["latest_charge", "customer", "payment_method", "charge", "payment_intent", "balance_transaction"];
const EXPAND_DEPTH_MAX: usize = 4;
const EXPAND_PATHS_MAX: usize = 20;
/// What a browser may see of an intent.
const PUBLIC_FIELDS: [&str; 19] = [
    "id",
    "object",
    "amount",
    "canceled_at",
    "cancellation_reason",
    "capture_method",
    "client_secret",
    "confirmation_method",
    "created",
    "currency",
    "description",
    "last_payment_error",
    "livemode",
    "next_action",
    "payment_method",
    "payment_method_types",
    "receipt_email",
    "setup_future_usage",
    "status",
];

impl Reply {
    /// All went well.
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    /// The same as a browser may see it.
    pub fn for_browsers(mut self) -> Self {
        let intent = match self.status {
            200 => Some(&mut self.body),
            _ => self.body.pointer_mut("/error/payment_intent"),
        };
        if let Some(Value::Object(fields)) = intent {
            fields.retain(|name, _| PUBLIC_FIELDS.contains(&name.as_str()));
        }
        self
    }

    /// The same with objects in place of ids.
    pub fn expanded(mut self, work: &mut Work<'_, '_>, paths: &[&str]) -> Result<Self, Error> {
        if self.status != 200 {
            return Ok(self);
        }
        if paths.len() > EXPAND_PATHS_MAX {
            return Err(Error::invalid("Too many properties to expand.").at("expand"));
        }
        let is_list = self.body["object"] == "list";
        for path in paths {
            let (path, values) = if is_list {
                let path = path.strip_prefix("data.").ok_or_else(|| cannot_expand(path))?;
                let Some(Value::Array(items)) = self.body.get_mut("data") else { continue };
                (path, items.iter_mut().collect())
            } else {
                (*path, vec![&mut self.body])
            };
            let steps: Vec<_> = path.split('.').collect();
            if steps.len() > EXPAND_DEPTH_MAX || steps.iter().any(|step| !EXPANDABLE.contains(step)) {
                return Err(cannot_expand(path));
            }
            expand(work, values, &steps)?;
        }
        Ok(self)
    }
}

fn cannot_expand(path: &str) -> Error {
    Error::invalid(format!("This property cannot be expanded ({path}).")).at("expand")
}

/// Puts objects in place of the ids at the first step, all in one query, and goes on below them.
fn expand(work: &mut Work<'_, '_>, values: Vec<&mut Value>, steps: &[&str]) -> Result<(), Error> {
    let [step, rest @ ..] = steps else { return Ok(()) };
    let ids: Vec<String> =
        values.iter().filter_map(|value| value[*step].as_str().map(str::to_owned)).collect();
    let found = if *step == "balance_transaction" {
        values.iter().filter_map(|value| balance_transaction(value)).collect()
    } else {
        objects(work, &ids)?
    };
    let mut below = Vec::new();
    for value in values {
        let Some(place) = value.get_mut(*step) else { return Err(cannot_expand(step)) };
        if let Some(object) = place.as_str().and_then(|id| found.get(id)) {
            *place = object.clone();
        }
        if place.is_object() {
            below.push(place);
        }
    }
    expand(work, below, rest)
}

fn objects(work: &mut Work<'_, '_>, ids: &[String]) -> Result<BTreeMap<String, Value>, Error> {
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(BTreeMap::new()) };
    let list = Value::from(ids.to_vec()).to_string();
    let bodies = store::bodies(work.tx, work.account, &list, (first, last))?;
    let shown = bodies.iter().filter_map(|stored| shown(&stored.kind, &stored.body));
    Ok(shown.filter_map(|object| Some((object["id"].as_str()?.to_owned(), object))).collect())
}

/// A stored object as callers see it.
pub fn shown(kind: &str, body: &str) -> Option<Value> {
    match kind {
        Intent::KIND => serde_json::from_str(body).ok().map(|object| intent(&object)),
        Charge::KIND => serde_json::from_str(body).ok().map(|object| charge(&object)),
        Refund::KIND => serde_json::from_str(body).ok().map(|object| refund(&object)),
        Customer::KIND => serde_json::from_str(body).ok().map(|object| customer(&object)),
        PaymentMethod::KIND => serde_json::from_str(body).ok().map(|object| payment_method(&object)),
        Event::KIND => serde_json::from_str(body).ok().map(|object| event(&object)),
        _ => None,
    }
}

/// `payment_intent`.
pub fn intent(intent: &Intent) -> Value {
    let kinds = intent.payment_method_types.clone();
    let automatic = kinds.is_none().then(
        || json!({ "enabled": true, "allow_redirects": if intent.redirects { "always" } else { "never" } }),
    );
    json!({
        "id": intent.id,
        "object": Intent::KIND,
        "amount": intent.amount,
        "amount_capturable": intent.amount_capturable,
        "amount_details": { "tip": {} },
        "amount_received": intent.amount_received,
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": automatic,
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": intent.capture_method,
        "client_secret": intent.client_secret,
        "confirmation_method": intent.confirmation_method,
        "created": intent.created,
        "currency": intent.currency,
        "customer": intent.customer,
        "description": intent.description,
        "last_payment_error": intent.last_payment_error,
        "latest_charge": intent.latest_charge,
        "livemode": false,
        "metadata": intent.metadata,
        "next_action": intent.next_action,
        "on_behalf_of": null,
        "payment_method": intent.payment_method,
        "payment_method_options": {},
        "payment_method_types": kinds.unwrap_or_else(|| vec!["card".into(), "us_bank_account".into()]),
        "processing": null,
        "receipt_email": intent.receipt_email,
        "review": null,
        "setup_future_usage": intent.setup_future_usage,
        "shipping": intent.shipping,
        "statement_descriptor": intent.statement_descriptor,
        "statement_descriptor_suffix": intent.statement_descriptor_suffix,
        "status": intent.status.name(),
        "transfer_data": null,
        "transfer_group": intent.transfer_group,
    })
}

/// `charge`.
pub fn charge(charge: &Charge) -> Value {
    let failed = charge.decline.filter(|_| charge.status == ChargeStatus::Failed);
    let outcome = json!({
        "network_status": if failed.is_some() { "declined_by_network" } else { "approved_by_network" },
        "reason": failed.and_then(|decline| decline.decline_code()),
        "risk_level": "normal",
        "seller_message": failed.map_or("Payment complete.", |_| "The bank did not return any further details."),
        "type": if failed.is_some() { "issuer_declined" } else { "authorized" },
    });
    let taken = charge.captured && charge.status == ChargeStatus::Succeeded;
    json!({
        "id": charge.id,
        "object": Charge::KIND,
        "amount": charge.amount,
        "amount_captured": charge.amount_captured,
        "amount_refunded": charge.amount_refunded,
        "application": null,
        "application_fee_amount": null,
        "balance_transaction": taken.then(|| transaction_id(&charge.id)),
        "billing_details": billing(&charge.method),
        "captured": charge.captured,
        "created": charge.created,
        "currency": charge.currency,
        "customer": charge.customer,
        "description": charge.description,
        "disputed": false,
        "failure_code": failed.map(|decline| decline.code()),
        "failure_message": failed.map(|decline| decline.message()),
        "livemode": false,
        "metadata": charge.metadata,
        "outcome": outcome,
        "paid": charge.status == ChargeStatus::Succeeded,
        "payment_intent": charge.payment_intent,
        "payment_method": charge.payment_method,
        "payment_method_details": method_details(&charge.method),
        "receipt_email": charge.receipt_email,
        "receipt_url": null,
        "refunded": charge.amount_refunded > 0 && charge.refundable() == 0,
        "status": charge.status,
    })
}

/// `refund`.
pub fn refund(refund: &Refund) -> Value {
    let moved = refund.status != RefundStatus::Pending;
    json!({
        "id": refund.id,
        "object": Refund::KIND,
        "amount": refund.amount,
        "balance_transaction": moved.then(|| transaction_id(&refund.id)),
        "charge": refund.charge,
        "created": refund.created,
        "currency": refund.currency,
        "destination_details": { "type": "card", "card": { "type": "refund", "reference_status": "pending" } },
        "failure_reason": refund.failure_reason,
        "metadata": refund.metadata,
        "payment_intent": refund.payment_intent,
        "reason": refund.reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": refund.status,
        "transfer_reversal": null,
    })
}

/// `customer`, or what is left of one.
pub fn customer(customer: &Customer) -> Value {
    if customer.deleted {
        return json!({ "id": customer.id, "object": Customer::KIND, "deleted": true });
    }
    json!({
        "id": customer.id,
        "object": Customer::KIND,
        "address": customer.address,
        "balance": 0,
        "created": customer.created,
        "currency": null,
        "default_source": null,
        "delinquent": false,
        "description": customer.description,
        "discount": null,
        "email": customer.email,
        "invoice_prefix": null,
        "livemode": false,
        "metadata": customer.metadata,
        "name": customer.name,
        "phone": customer.phone,
        "preferred_locales": [],
        "shipping": customer.shipping,
        "tax_exempt": "none",
        "test_clock": null,
    })
}

/// `payment_method`.
pub fn payment_method(method: &PaymentMethod) -> Value {
    let mut shown = json!({
        "id": method.id,
        "object": PaymentMethod::KIND,
        "allow_redisplay": "unspecified",
        "billing_details": billing(method),
        "created": method.created,
        "customer": method.customer,
        "livemode": false,
        "metadata": method.metadata,
        "type": method.kind(),
    });
    shown[method.kind()] = method_details(method)[method.kind()].take();
    shown
}

fn method_details(method: &PaymentMethod) -> Value {
    let details = match &method.card {
        Some(card) => json!({
            "brand": card.brand,
            "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
            "country": "US",
            "exp_month": card.exp_month,
            "exp_year": card.exp_year,
            "fingerprint": card.fingerprint,
            "funding": "credit",
            "last4": card.last4,
            "network": card.brand,
            "three_d_secure_usage": { "supported": true },
            "wallet": null,
        }),
        None => json!({ "account_type": "checking", "bank_name": "STRIPE TEST BANK", "last4": "6789" }),
    };
    json!({ "type": method.kind(), method.kind(): details })
}

fn billing(method: &PaymentMethod) -> Value {
    let mut billing = json!({ "address": null, "email": null, "name": null, "phone": null });
    if let Some(Value::Object(said)) = &method.billing_details {
        said.iter().for_each(|(name, value)| billing[name.as_str()] = value.clone());
    }
    billing
}

/// `event`.
pub fn event(event: &Event) -> Value {
    json!({
        "id": event.id,
        "object": Event::KIND,
        "api_version": event.api_version,
        "created": event.created,
        "data": { "object": event.object },
        "livemode": false,
        "pending_webhooks": event.pending_webhooks,
        "request": { "id": event.request, "idempotency_key": event.idempotency_key },
        "type": event.kind,
    })
}

/// One line of the account's book has the number of what it stands for.
pub fn transaction_id(id: &str) -> String {
    let (kind, number) = id.split_once('_').unwrap_or_default();
    format!("txn_{kind}{number}")
}

/// What a charge, a refund or a payout did to the balance: Stripe keeps 2.9 % and 30 of each charge.
pub fn balance_transaction(of: &Value) -> Option<(String, Value)> {
    let id = of["balance_transaction"].as_str()?;
    let created = of["created"].as_i64()?;
    let (kind, amount, fee) = match of["object"].as_str()? {
        "charge" => {
            let amount = of["amount_captured"].as_i64()?;
            // 2.9 % is 29 of a thousand, rounded half up; charges are far below the largest number.
            ("charge", amount, (amount * 29 + 500) / 1000 + 30)
        }
        "payout" => ("payout", -of["amount"].as_i64()?, 0),
        _ => ("refund", -of["amount"].as_i64()?, 0),
    };
    let shown = json!({
        "id": id,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created + 2 * 86_400,
        "created": created,
        "currency": of["currency"],
        "description": null,
        "exchange_rate": null,
        "fee": fee,
        "fee_details": if fee == 0 { json!([]) } else { json!([{
            "amount": fee, "application": null, "currency": of["currency"],
            "description": "Stripe processing fees", "type": "stripe_fee",
        }]) },
        "net": amount - fee,
        "reporting_category": kind,
        "source": of["id"],
        "status": "available",
        "type": kind,
    });
    Some((id.to_owned(), shown))
}
