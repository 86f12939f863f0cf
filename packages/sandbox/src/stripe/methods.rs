//! Ways to pay: made from a card or one of the names that are given out, and given to customers.

use serde_json::Value;

use super::cards::{self, Means};
use super::errors::Error;
use super::form::Form;
use super::lists::{self, Narrow};
use super::objects::{Kept, Metadata, PaymentMethod};
use super::wire::{self, Reply};
use super::work::{PaymentMethodId, Work};
use super::{customers, store};

/// The kinds that there are.
pub const KINDS: [&str; 2] = ["card", "us_bank_account"];

/// The way to pay that a form names or describes.
pub fn given(work: &mut Work<'_, '_>, form: &Form) -> Result<Option<PaymentMethod>, Error> {
    if let Some(name) = form.text("payment_method") {
        return named(work, name).map(Some);
    }
    if !form.has("payment_method_data") {
        return Ok(None);
    }
    match form.required("payment_method_data[type]")? {
        "card" => {
            let means = cards::from_form(form, "payment_method_data[card]", work.month())?;
            make(work, means, form.object("payment_method_data[billing_details]")).map(Some)
        }
        other => {
            Err(Error::invalid(format!("Invalid payment_method_data[type]: {other} cannot be made here."))
                .at("payment_method_data[type]"))
        }
    }
}

/// `POST /v1/payment_methods`.
pub fn create(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&["type", "card", "billing_details", "metadata"])?;
    if form.required("type")? != "card" {
        return Err(Error::invalid("Invalid type: only card can be made here.").at("type"));
    }
    let means = cards::from_form(form, "card", work.month())?;
    let mut method = build(work, means, form.object("billing_details"));
    form.merge_metadata(&mut method.metadata)?;
    store::insert(work.tx, work.account, &method)?;
    Ok(Reply::ok(wire::payment_method(&method)))
}

/// `GET /v1/payment_methods/{id}`.
pub fn retrieve(work: &mut Work<'_, '_>, id: &str) -> Result<Reply, Error> {
    let found = store::find::<PaymentMethod>(work.tx, work.account, id)?;
    found
        .map(|method| Reply::ok(wire::payment_method(&method)))
        .ok_or_else(|| Error::no_such(PaymentMethod::KIND, id))
}

/// `GET /v1/payment_methods` and `GET /v1/customers/{id}/payment_methods`.
pub fn list(work: &mut Work<'_, '_>, form: &Form, url: &str, customer: Option<&str>) -> Result<Reply, Error> {
    form.known(&[&lists::PARAMS[..], &["customer", "type"]].concat())?;
    let narrow = Narrow {
        owner: customer.or(form.text("customer")).map(str::to_owned),
        about: form.text("type").map(str::to_owned),
        ..Narrow::default()
    };
    lists::list(work, form, url, &narrow, wire::payment_method)
}

/// `POST /v1/payment_methods/{id}/attach`.
pub fn attach(work: &mut Work<'_, '_>, id: &str, form: &Form) -> Result<Reply, Error> {
    form.known(&["customer"])?;
    let customer = form.required("customer")?;
    customers::require(work, "customer", customer)?;
    let mut method = named_at(work, id, || Error::no_such(PaymentMethod::KIND, id))?;
    if method.customer.as_deref().is_some_and(|owner| owner != customer) {
        return Err(Error::invalid(
            "The payment method you provided has already been attached to a customer.",
        ));
    }
    method.customer = Some(customer.to_owned());
    store::update(work.tx, work.account, &method)?;
    work.tell("payment_method.attached", wire::payment_method(&method));
    Ok(Reply::ok(wire::payment_method(&method)))
}

/// `POST /v1/payment_methods/{id}/detach`.
pub fn detach(work: &mut Work<'_, '_>, id: &str, form: &Form) -> Result<Reply, Error> {
    form.known(&[])?;
    let found = store::lock::<PaymentMethod>(work.tx, work.account, id)?;
    let mut method = found.ok_or_else(|| Error::no_such(PaymentMethod::KIND, id))?;
    if method.customer.take().is_none() {
        return Err(Error::invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
        ));
    }
    store::update(work.tx, work.account, &method)?;
    work.tell("payment_method.detached", wire::payment_method(&method));
    Ok(Reply::ok(wire::payment_method(&method)))
}

fn named(work: &mut Work<'_, '_>, name: &str) -> Result<PaymentMethod, Error> {
    named_at(work, name, || Error::no_such_param("payment_method", "PaymentMethod", name))
}

/// What a name that is given out stands for, made anew each time, or one that was made before.
fn named_at(
    work: &mut Work<'_, '_>,
    name: &str,
    absent: impl FnOnce() -> Error,
) -> Result<PaymentMethod, Error> {
    let (this_year, _) = work.month();
    match cards::by_name(name, this_year) {
        Some(means) => make(work, means, None),
        None => store::lock(work.tx, work.account, name)?.ok_or_else(absent),
    }
}

fn make(
    work: &mut Work<'_, '_>,
    means: Means,
    billing_details: Option<Value>,
) -> Result<PaymentMethod, Error> {
    let method = build(work, means, billing_details);
    store::insert(work.tx, work.account, &method)?;
    Ok(method)
}

fn build(work: &Work<'_, '_>, means: Means, billing_details: Option<Value>) -> PaymentMethod {
    let (card, conduct) = match means {
        Means::Card(card, conduct) => (Some(card), conduct),
        Means::BankAccount(conduct) => (None, conduct),
    };
    PaymentMethod {
        id: work.id::<PaymentMethodId>(),
        created: work.now_s(),
        card,
        conduct,
        customer: None,
        billing_details,
        metadata: Metadata::new(),
    }
}
