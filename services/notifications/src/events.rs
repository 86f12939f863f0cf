//! What notifications hears: each event becomes what is said to a person, to programs, or nothing.
//!
//! Events are told in the scope of their project; what belongs to no project is nobody's to tell.

use std::collections::BTreeMap;
use std::time::Duration;

use contracts::events::access::{OtpIssued, UserErased};
use contracts::events::commerce::{CancelReason, OrderCancelled, OrderFulfilled, PaymentRefunded};
use contracts::events::{
    NotificationSend, OrderCreated, OrderPaid, PaymentFailed, PaymentKind, PaymentSucceeded, UserCreated,
};
use contracts::{Timestamp, UserId};
use kernel::events::Heard;
use kernel::store::Tx;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::commands::{endpoints, erasing};
use crate::domain::builtin;
use crate::domain::endpoint::Hears;
use crate::domain::notification::{Channel, Priority, Said, To, Wanted};
use crate::domain::words::{EmailAddress, PhoneNumber, TemplateName, WebUrl};
use crate::error::Error;
use crate::jobs::{Compose, TO_A_CUSTOMER};
use crate::store;

/// The same trouble with the same order is told once in so long.
const PAYMENT_FAILED_EVERY: Duration = Duration::from_secs(600);

/// Where somebody is reached is remembered, and they are welcome.
pub fn on_user_created(tx: &mut Tx<'_>, heard: &Heard<'_, UserCreated>) -> Result<(), Error> {
    if tx.scope().project().is_none() {
        return Ok(());
    }
    store::people::put_contact(tx, heard.user_id, heard.email.as_deref(), heard.phone.as_deref())?;
    if heard.email.is_some() {
        let wanted = to_person(Channel::Email, heard.user_id, builtin::WELCOME, Map::new());
        ask(tx, wanted, format!("user.created:{}:email", heard.user_id), None)?;
    }
    Ok(())
}

/// Whoever is forgotten elsewhere is forgotten here.
pub fn on_user_erased(tx: &mut Tx<'_>, heard: &Heard<'_, UserErased>) -> Result<(), Error> {
    if tx.scope().project().is_none() {
        return Ok(());
    }
    erasing::erase(tx, heard.user_id)
}

/// A code travels by its channel to its address, as long as it is good.
pub fn on_otp_issued(tx: &mut Tx<'_>, heard: &Heard<'_, OtpIssued>) -> Result<(), Error> {
    let to = match heard.channel.as_str() {
        "email" => {
            EmailAddress::try_from(heard.destination.clone()).ok().map(|to| (Channel::Email, To::Email(to)))
        }
        "sms" => {
            PhoneNumber::try_from(heard.destination.clone()).ok().map(|to| (Channel::Sms, To::Phone(to)))
        }
        _ => None,
    };
    let (Some((channel, to)), true) = (to, tx.scope().project().is_some()) else {
        tracing::warn!(event.id = %heard.id, channel = heard.channel, "a code has nowhere to go");
        return Ok(());
    };
    let template =
        if heard.purpose == "password_reset" { builtin::PASSWORD_RESET } else { builtin::OTP_CODE };
    let variables = object(json!({ "purpose": heard.purpose, "expires_at": heard.expires_at }));
    let wanted = Wanted {
        to,
        priority: Priority::Urgent,
        expires_at: Some(heard.expires_at),
        ..to_person(channel, heard.user_id, template, variables)
    };
    ask(tx, wanted, format!("otp.issued:{}", heard.id), Some(heard.code.clone()))
}

/// Whose order it is, is remembered.
pub fn on_order_created(tx: &mut Tx<'_>, heard: &Heard<'_, OrderCreated>) -> Result<(), Error> {
    if tx.scope().project().is_none() {
        return Ok(());
    }
    Ok(store::people::put_order(tx, heard.order_id, heard.user_id)?)
}

/// The customer of a paid order is told so once, and so are programs.
pub fn on_order_paid(tx: &mut Tx<'_>, heard: &Heard<'_, OrderPaid>) -> Result<(), Error> {
    if tx.scope().project().is_none() {
        return Ok(());
    }
    store::people::put_order(tx, heard.order_id, heard.user_id)?;
    let mut variables =
        object(json!({ "order_id": heard.order_id, "amount": heard.amount, "currency": heard.currency,
        "lines": heard.lines }));
    if let Some(number) = &heard.number {
        variables.insert("number".to_owned(), number.clone().into());
    }
    let key = format!("order.paid:{}", heard.order_id);
    tell_customer(tx, heard.user_id, builtin::ORDER_PAID, &variables, &key)?;
    tell_programs(tx, Hears::OrderPaid, heard)
}

/// Programs hear that a provider has the money; the customer hears of the order.
pub fn on_payment_succeeded(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentSucceeded>) -> Result<(), Error> {
    tell_programs(tx, Hears::PaymentSucceeded, heard)
}

/// The customer hears that a payment came to nothing, at most once in ten minutes for one order and one reason.
pub fn on_payment_failed(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentFailed>) -> Result<(), Error> {
    if tx.scope().project().is_none() {
        return Ok(());
    }
    tell_programs(tx, Hears::PaymentFailed, heard)?;
    let user = match (heard.kind, heard.user_id, heard.order_id) {
        (PaymentKind::Wallet, _, _) => None,
        (PaymentKind::Provider, Some(user), _) => Some(user),
        (PaymentKind::Provider, None, Some(order)) => store::people::customer_of(tx, order)?,
        (PaymentKind::Provider, None, None) => None,
    };
    let Some(user) = user else { return Ok(()) };
    let about = heard.order_id.map_or_else(|| heard.key.to_owned(), |order| order.to_string());
    let reason = heard.reason.as_deref().unwrap_or_default();
    let until = tx.now().saturating_add(PAYMENT_FAILED_EVERY);
    if !store::limits::hush(tx, &format!("payment.failed {about} {reason}"), until)? {
        return Ok(());
    }
    let variables = object(json!({ "order_id": heard.order_id, "reason": heard.reason }));
    tell_customer(tx, user, builtin::PAYMENT_FAILED, &variables, &format!("payment.failed:{}", heard.id))
}

/// The customer hears of an order that came to nothing, unless they wanted it so.
pub fn on_order_cancelled(tx: &mut Tx<'_>, heard: &Heard<'_, OrderCancelled>) -> Result<(), Error> {
    tell_programs(tx, Hears::OrderCancelled, heard)?;
    match heard.reason {
        CancelReason::Customer => Ok(()),
        CancelReason::Expired | CancelReason::Shop => {
            let variables = object(json!({ "order_id": heard.order_id, "reason": heard.reason }));
            let key = format!("order.cancelled:{}", heard.order_id);
            tell_customer(tx, heard.user_id, builtin::ORDER_CANCELLED, &variables, &key)
        }
    }
}

/// The customer hears that everything is on its way.
pub fn on_order_fulfilled(tx: &mut Tx<'_>, heard: &Heard<'_, OrderFulfilled>) -> Result<(), Error> {
    tell_programs(tx, Hears::OrderFulfilled, heard)?;
    let variables = object(json!({ "order_id": heard.order_id, "tracking": heard.tracking }));
    let key = format!("order.fulfilled:{}", heard.order_id);
    tell_customer(tx, heard.user_id, builtin::ORDER_FULFILLED, &variables, &key)
}

/// The customer of a known order hears that money is on its way back.
pub fn on_payment_refunded(tx: &mut Tx<'_>, heard: &Heard<'_, PaymentRefunded>) -> Result<(), Error> {
    tell_programs(tx, Hears::PaymentRefunded, heard)?;
    let (Some(order), true) = (heard.order_id, tx.scope().project().is_some()) else { return Ok(()) };
    let Some(user) = store::people::customer_of(tx, order)? else { return Ok(()) };
    let variables = object(json!({ "order_id": order, "amount": heard.amount, "currency": heard.currency }));
    tell_customer(
        tx,
        user,
        builtin::REFUND_PAID,
        &variables,
        &format!("payment.refunded:{}", heard.refund_id),
    )
}

/// What another service wants to be said is said.
pub fn on_notification_send(tx: &mut Tx<'_>, heard: &Heard<'_, NotificationSend>) -> Result<(), Error> {
    let Some((wanted, true)) = wanted_by(heard).map(|wanted| (wanted, tx.scope().project().is_some())) else {
        tracing::warn!(event.id = %heard.id, channel = heard.channel, "what is to be said has no channel, address or words of ours");
        return Ok(());
    };
    let key = heard.idempotency_key.clone().unwrap_or_else(|| heard.id.to_string());
    ask(tx, wanted, format!("notification.send:{key}"), None)
}

fn wanted_by(heard: &Heard<'_, NotificationSend>) -> Option<Wanted> {
    let channel = Channel::named(&heard.channel)?;
    let address = heard.recipient.clone();
    let to = match channel {
        Channel::Email => EmailAddress::try_from(address).ok().map(To::Email),
        Channel::Sms => PhoneNumber::try_from(address).ok().map(To::Phone),
        Channel::Webhook => WebUrl::try_from(address).ok().map(To::Url),
        Channel::InApp => address.parse().ok().or(heard.user_id).map(To::UserId),
        Channel::Log => {
            let email = EmailAddress::try_from(address.clone()).ok().map(To::Email);
            email.or_else(|| PhoneNumber::try_from(address).ok().map(To::Phone))
        }
    }?;
    let user = match &to {
        To::UserId(user) => Some(*user),
        To::Email(_) | To::Phone(_) | To::Url(_) => heard.user_id,
    };
    let text = |name: &str| heard.payload.get(name).and_then(Value::as_str).map(str::to_owned);
    let said = match &heard.template_id {
        Some(name) => Said::Template {
            name: TemplateName::try_from(name.clone()).ok()?,
            variables: heard.payload.clone(),
        },
        None => Said::Words { subject: text("subject"), text: text("text")?, html: None },
    };
    let (category, locale, priority) = (None, None, Priority::Normal);
    Some(Wanted {
        channel,
        to,
        user,
        said,
        category,
        locale,
        priority,
        expires_at: None,
        metadata: BTreeMap::new(),
    })
}

fn tell_customer(
    tx: &mut Tx<'_>,
    user: UserId,
    template: &'static str,
    variables: &Map<String, Value>,
    key: &str,
) -> Result<(), Error> {
    if tx.scope().project().is_none() {
        return Ok(());
    }
    for channel in TO_A_CUSTOMER {
        let wanted = to_person(channel, user, template, variables.clone());
        ask(tx, wanted, format!("{key}:{}", channel.as_str()), None)?;
    }
    Ok(())
}

fn tell_programs<E: Serialize>(tx: &mut Tx<'_>, kind: Hears, heard: &Heard<'_, E>) -> Result<(), Error> {
    if tx.scope().project().is_none() {
        return Ok(());
    }
    let (id, at): (_, Timestamp) = (heard.id, heard.at);
    endpoints::tell(tx, kind, id, at, &serde_json::to_string(&heard.data)?)
}

fn to_person(
    channel: Channel,
    user: UserId,
    template: &'static str,
    variables: Map<String, Value>,
) -> Wanted {
    Wanted {
        channel,
        to: To::UserId(user),
        user: Some(user),
        said: Said::Template { name: TemplateName::ours(template), variables },
        category: None,
        locale: None,
        priority: Priority::Normal,
        expires_at: None,
        metadata: BTreeMap::new(),
    }
}

fn ask(tx: &mut Tx<'_>, wanted: Wanted, key: String, sealed_code: Option<String>) -> Result<(), Error> {
    tx.enqueue(&Compose { wanted, key, sealed_code })?;
    Ok(())
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
