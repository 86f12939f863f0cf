//! Customers: who pays, as far as the provider knows.

use super::errors::Error;
use super::form::Form;
use super::lists::{self, Narrow};
use super::objects::{Customer, Kept, Metadata};
use super::store;
use super::wire::{self, Reply};
use super::work::{CustomerId, Work};

const FIELDS: [&str; 7] = ["email", "name", "phone", "description", "address", "shipping", "metadata"];

/// `POST /v1/customers`.
pub fn create(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&FIELDS)?;
    let mut customer = Customer {
        id: work.id::<CustomerId>(),
        created: work.now_s(),
        deleted: false,
        email: None,
        name: None,
        phone: None,
        description: None,
        address: None,
        shipping: None,
        metadata: Metadata::new(),
    };
    apply(form, &mut customer)?;
    store::insert(work.tx, work.account, &customer)?;
    work.tell("customer.created", wire::customer(&customer));
    Ok(Reply::ok(wire::customer(&customer)))
}

/// `GET /v1/customers/{id}`.
pub fn retrieve(work: &mut Work<'_, '_>, id: &str) -> Result<Reply, Error> {
    let found = store::find::<Customer>(work.tx, work.account, id)?;
    found
        .map(|customer| Reply::ok(wire::customer(&customer)))
        .ok_or_else(|| Error::no_such(Customer::KIND, id))
}

/// `POST /v1/customers/{id}`.
pub fn update(work: &mut Work<'_, '_>, id: &str, form: &Form) -> Result<Reply, Error> {
    form.known(&FIELDS)?;
    let mut customer = locked(work, id)?;
    apply(form, &mut customer)?;
    store::update(work.tx, work.account, &customer)?;
    work.tell("customer.updated", wire::customer(&customer));
    Ok(Reply::ok(wire::customer(&customer)))
}

/// `DELETE /v1/customers/{id}`.
pub fn delete(work: &mut Work<'_, '_>, id: &str) -> Result<Reply, Error> {
    let mut customer = locked(work, id)?;
    work.tell("customer.deleted", wire::customer(&customer));
    // What it was does not stay; that it was does.
    customer = Customer { deleted: true, email: None, name: None, phone: None, address: None, ..customer };
    (customer.description, customer.shipping, customer.metadata) = (None, None, Metadata::new());
    store::update(work.tx, work.account, &customer)?;
    Ok(Reply::ok(wire::customer(&customer)))
}

/// `GET /v1/customers`.
pub fn list(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&[&lists::PARAMS[..], &["email"]].concat())?;
    let narrow = Narrow {
        owner: Some(Customer::HERE.to_owned()),
        about: form.text("email").map(str::to_owned),
        ..Narrow::default()
    };
    lists::list(work, form, "/v1/customers", &narrow, wire::customer)
}

/// Refuses a parameter that names nobody.
pub fn require(work: &mut Work<'_, '_>, param: &str, id: &str) -> Result<(), Error> {
    match store::find::<Customer>(work.tx, work.account, id)? {
        Some(customer) if !customer.deleted => Ok(()),
        _ => Err(Error::no_such_param(param, Customer::KIND, id)),
    }
}

fn locked(work: &mut Work<'_, '_>, id: &str) -> Result<Customer, Error> {
    let found = store::lock::<Customer>(work.tx, work.account, id)?;
    found.filter(|customer| !customer.deleted).ok_or_else(|| Error::no_such(Customer::KIND, id))
}

fn apply(form: &Form, customer: &mut Customer) -> Result<(), Error> {
    let set = |name: &str, field: &mut Option<String>| {
        form.change(name).map(|change| {
            if let Some(change) = change {
                *field = change
            }
        })
    };
    set("email", &mut customer.email)?;
    set("name", &mut customer.name)?;
    set("phone", &mut customer.phone)?;
    set("description", &mut customer.description)?;
    if form.has("address") {
        customer.address = form.object("address");
    }
    if form.has("shipping") {
        customer.shipping = form.object("shipping");
    }
    form.merge_metadata(&mut customer.metadata)
}
