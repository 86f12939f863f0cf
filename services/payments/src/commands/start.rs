//! A payment is made, by whoever starts it, and made known to its provider.

use std::time::Duration;

use contracts::events::commerce::PaymentStarted;
use contracts::events::funding::TopUpRequested;
use contracts::events::{OrderCreated, PaymentFailed, PaymentIntentCreated, PaymentKind};
use contracts::{Currency, Money, OrderId, PaymentId, Timestamp, TopUpId, UserId};
use kernel::store::Tx;

use super::hear::{hear, tell};
use super::{Came, Source, Whose, block, keep, key, note};
use crate::domain::{AMOUNT_MAX, Capture, Clearance, Device, InvoiceRef, Payment, ProviderName, Status};
use crate::error::Error;
use crate::jobs::{Look, Open, Steering};
use crate::providers::{Opened, Steer};
use crate::store::{self, PayableOrder, PayableTopUp};

/// A payment that somebody asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whose payments they may start.
    pub whose: Whose,
    /// The order to be paid.
    pub order: Option<OrderId>,
    /// The invoice to be paid.
    pub invoice: Option<InvoiceRef>,
    /// The top-up to be paid.
    pub top_up: Option<TopUpId>,
    /// How much.
    pub amount: Option<i64>,
    /// The currency of that.
    pub currency: Option<Currency>,
    /// By whom.
    pub provider: Option<ProviderName>,
    /// When it is taken.
    pub capture: Option<Capture>,
    /// From where and with what they ask.
    pub asker: Asker,
    /// What holds where nothing is said.
    pub usual: Terms,
}

/// From where and with what a payer asks; nothing is known where something else has the payment made.
#[derive(Clone, Debug, Default)]
pub struct Asker {
    /// From where.
    pub client_address: Option<String>,
    /// With what.
    pub device: Option<Device>,
}

/// Who takes the money, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Who.
    pub provider: ProviderName,
    /// When.
    pub capture: Capture,
}

/// Whether a provider is asked to take a payment, now that it is its turn.
#[derive(Clone, Debug)]
pub enum Turn {
    /// It is, on these terms.
    Asks(Box<Payment>, Terms),
    /// Not before fraud detection has said something, or this time.
    Waits {
        /// When the time for that is over.
        until: Timestamp,
    },
    /// It is not: it knows of it, or need not, or somebody waits already.
    Over,
}

const OPEN: &str = "open";

/// An order is to be paid: its payment is made, once.
pub fn for_order(tx: &mut Tx<'_>, told: &OrderCreated) -> Result<(), Error> {
    if store::order(tx, told.order_id)?.is_some() {
        return Ok(());
    }
    let order = PayableOrder {
        order_id: told.order_id,
        user_id: told.user_id,
        amount: told.amount,
        currency: told.currency,
        cancelled: false,
    };
    store::insert_order(tx, &order)?;
    if !(1..=AMOUNT_MAX).contains(&told.amount) || store::live_of_order(tx, told.order_id)?.is_some() {
        return Ok(());
    }
    let made = Payment::new(tx.new_id(), told.total(), tx.now());
    let payment = Payment { order_id: Some(told.order_id), user_id: Some(told.user_id), ..made };
    make(tx, &payment, Asker::default())?;
    if store::is_blocked(tx, told.order_id)? {
        return block::block(tx, payment);
    }
    tx.enqueue(&Open { payment: payment.id })?;
    Ok(())
}

/// A wallet is to be topped up: its payment is made, once, and taken as soon as it is confirmed.
pub fn for_top_up(tx: &mut Tx<'_>, told: &TopUpRequested) -> Result<(), Error> {
    let (top_up_id, user_id) = (told.top_up_id, told.user_id);
    let (amount, currency) = (told.amount, told.currency);
    let known = PayableTopUp { top_up_id, user_id, amount, currency, expired: false };
    if !store::insert_top_up(tx, &known)? {
        return Ok(());
    }
    if !(1..=AMOUNT_MAX).contains(&told.amount) {
        let failed = PaymentFailed {
            order_id: None,
            invoice_id: None,
            top_up_id: Some(top_up_id),
            payment_intent_id: None,
            payment_id: None,
            kind: PaymentKind::Provider,
            user_id: Some(user_id),
            reason: Some("amount_out_of_range".to_owned()),
        };
        tx.publish(top_up_id, &failed)?;
        return Ok(());
    }
    let price = Money::new(told.amount, told.currency);
    let payment = Payment {
        top_up_id: Some(top_up_id),
        user_id: Some(user_id),
        capture: Some(Capture::Automatic),
        ..Payment::new(tx.new_id(), price, tx.now())
    };
    make(tx, &payment, Asker::default())?;
    tx.enqueue(&Open { payment: payment.id })?;
    Ok(())
}

/// Somebody asks for a payment: the one that there is, on the same terms, or a new one.
pub fn start(tx: &mut Tx<'_>, wanted: &Wanted) -> Result<Payment, Error> {
    let (price, user_id) = price(tx, wanted)?;
    let live = match (wanted.order, wanted.top_up, &wanted.invoice) {
        (Some(order), _, _) => store::live_of_order(tx, order)?,
        (None, Some(top_up), _) => store::live_of_top_up(tx, top_up)?,
        (None, None, Some(invoice)) => store::live_of_invoice(tx, invoice)?,
        (None, None, None) => None,
    };
    if let Some(found) = live {
        return agree(tx, found, price, wanted);
    }
    // What goes into a wallet is wanted there now.
    let usual = if wanted.top_up.is_some() { Capture::Automatic } else { wanted.usual.capture };
    let payment = Payment {
        order_id: wanted.order,
        invoice_id: wanted.invoice.clone(),
        top_up_id: wanted.top_up,
        user_id,
        provider: Some(wanted.provider.unwrap_or(wanted.usual.provider)),
        capture: Some(wanted.capture.unwrap_or(usual)),
        ..Payment::new(tx.new_id(), price, tx.now())
    };
    make(tx, &payment, wanted.asker.clone())?;
    tx.enqueue(&Open { payment: payment.id })?;
    Ok(payment)
}

/// Stores a new payment and tells of it: whoever judges it hears of it as early as its provider could.
fn make(tx: &mut Tx<'_>, payment: &Payment, asker: Asker) -> Result<(), Error> {
    store::insert_payment(tx, payment)?;
    let told = PaymentStarted {
        payment_id: payment.id,
        order_id: payment.order_id,
        invoice_id: payment.invoice_id.as_ref().map(ToString::to_string),
        top_up_id: payment.top_up_id,
        amount: payment.amount,
        currency: payment.currency,
        user_id: payment.user_id,
        client_address: asker.client_address,
        device: asker.device.map(|device| device.to_string()),
    };
    tx.publish(key(payment), &told)?;
    Ok(())
}

/// What is to be paid and by whom: for a person what the order or the top-up says, and nothing that they say.
fn price(tx: &mut Tx<'_>, wanted: &Wanted) -> Result<(Money, Option<UserId>), Error> {
    if let Some(top_up) = wanted.top_up {
        let known = store::top_up(tx, top_up)?.filter(|known| wanted.whose.is(known.user_id));
        let known = known.ok_or(Error::NoSuchTopUp)?;
        if known.expired {
            return Err(Error::NotPayable);
        }
        let price = Money::new(known.amount, known.currency);
        return agreed(price, wanted).map(|price| (price, Some(known.user_id)));
    }
    let order = match wanted.order {
        Some(order) => store::order(tx, order)?,
        None => None,
    };
    match (order, wanted.whose) {
        (Some(order), whose) if whose.is(order.user_id) => {
            if order.cancelled {
                return Err(Error::OrderCancelled);
            }
            if store::is_blocked(tx, order.order_id)? {
                return Err(Error::Blocked);
            }
            let price = Money::new(order.amount, order.currency);
            let said =
                Money::new(wanted.amount.unwrap_or(order.amount), wanted.currency.unwrap_or(order.currency));
            let price = if whose == Whose::Everybodys { said } else { agreed(price, wanted)? };
            if price.minor() < 1 {
                return Err(Error::NotPayable);
            }
            Ok((price, Some(order.user_id)))
        }
        (None, Whose::Everybodys) => {
            let amount =
                wanted.amount.ok_or(Error::Field("amount", "is needed: the order is not known here"))?;
            let currency = wanted.currency.ok_or(Error::Field("currency", "goes with the amount"))?;
            Ok((Money::new(amount, currency), None))
        }
        (Some(_) | None, _) => Err(Error::NoSuchOrder),
    }
}

/// The price that was told; whoever says another one is mistaken.
fn agreed(price: Money, wanted: &Wanted) -> Result<Money, Error> {
    let amount = wanted.amount.unwrap_or(price.minor());
    let said = Money::new(amount, wanted.currency.unwrap_or(price.currency()));
    if said == price { Ok(price) } else { Err(Error::AmountMismatch(price)) }
}

fn agree(tx: &mut Tx<'_>, found: Payment, price: Money, wanted: &Wanted) -> Result<Payment, Error> {
    let provider = found.provider.or(wanted.provider);
    let capture = found.capture.or(wanted.capture);
    let agreed = found.price() == price
        && wanted.provider.is_none_or(|wanted| provider == Some(wanted))
        && wanted.capture.is_none_or(|wanted| capture == Some(wanted));
    if !agreed {
        return Err(Error::OtherPayment);
    }
    if (provider, capture) == (found.provider, found.capture) {
        return Ok(found);
    }
    keep(tx, Payment { provider, capture, ..found })
}

/// Decides who takes the money, so that asking again asks the same, and whether they are asked before fraud detection has
/// had `fraud_wait` to say something.
pub fn settle_terms(
    tx: &mut Tx<'_>,
    id: PaymentId,
    usual: Terms,
    fraud_wait: Duration,
) -> Result<Turn, Error> {
    let payment = locked_or_gone(tx, id)?;
    let Some(payment) = payment.filter(|payment| payment.live) else { return Ok(Turn::Over) };
    let known = payment.provider_ref.is_some() && store::client_secret(tx, id)?.is_some();
    if known || payment.waits() || payment.status.stage() != Status::Created.stage() {
        return Ok(Turn::Over);
    }
    if !fraud_wait.is_zero() && payment.clearance == Clearance::Unheard && payment.is_unasked() {
        return Ok(Turn::Waits { until: payment.created_at.saturating_add(fraud_wait) });
    }
    let terms = Terms {
        provider: payment.provider.unwrap_or(usual.provider),
        capture: payment.capture.unwrap_or(usual.capture),
    };
    // A provider that was asked once may know it: it is asked again, whatever is set meanwhile.
    let settled = Payment { provider: Some(terms.provider), capture: Some(terms.capture), ..payment.clone() };
    let settled = settled.cleared();
    let payment = if settled == payment { payment } else { keep(tx, settled)? };
    Ok(Turn::Asks(Box::new(payment), terms))
}

/// The provider knows the payment now.
pub fn opened(
    tx: &mut Tx<'_>,
    id: PaymentId,
    opened: &Opened,
    cause: &str,
    poll_after: Option<Duration>,
) -> Result<(), Error> {
    let Some(found) = locked_or_gone(tx, id)? else { return Ok(()) };
    let source = Source { what: OPEN, cause: Some(cause) };
    let known = Payment { provider_ref: Some(opened.reference.clone()), ..found };
    let (payment, _) = hear(tx, known, &opened.news, &source)?;
    if let Some(secret) = &opened.client_secret {
        let sealed = tx.keys().keyring.seal(&secret_of(tx, id)?, secret.expose().as_bytes())?;
        store::set_client_secret(tx, id, &sealed)?;
    }
    if payment.status == Status::Cancelled || payment.blocked {
        tx.enqueue(&Steering { payment: id, steer: Steer::Cancel })?;
        return Ok(());
    }
    if let (Some(order_id), Some(secret)) = (payment.order_id, &opened.client_secret) {
        let told = PaymentIntentCreated {
            order_id,
            payment_intent_id: opened.reference.clone(),
            client_secret: secret.expose().clone(),
        };
        tx.publish(key(&payment), &told)?;
    }
    if let Some(wait) = poll_after {
        tx.enqueue_at(&Look { payment: id, round: 0, once: false }, tx.now().saturating_add(wait))?;
    }
    Ok(())
}

/// The provider was not willing, or could not be reached often enough.
pub fn not_opened(tx: &mut Tx<'_>, id: PaymentId, code: &str) -> Result<(), Error> {
    let Some(before) = locked_or_gone(tx, id)? else { return Ok(()) };
    let after = keep(tx, before.clone().never_opened(code.to_owned()))?;
    let source = Source { what: OPEN, cause: None };
    note(tx, before.status, &after, &source, Came::of("failed", Some(code)))?;
    tell(tx, &before, &after)
}

/// Nobody knows whether the provider knows the payment: people find out.
pub fn perhaps_opened(tx: &mut Tx<'_>, id: PaymentId) -> Result<(), Error> {
    let Some(before) = locked_or_gone(tx, id)? else { return Ok(()) };
    let after = keep(tx, Payment { needs_review: true, ..before.clone() })?;
    tracing::warn!(payment.id = %id, "nobody knows whether the provider has this payment; somebody has to look");
    if after.is_open() {
        // A message has told its name: it can be looked at, though it cannot be shown to its customer.
        tx.enqueue(&Look { payment: id, round: 0, once: false })?;
    }
    note(tx, before.status, &after, &Source { what: OPEN, cause: None }, Came::of("unknown", None))
}

/// What the secret of a payment is sealed for.
pub fn secret_of(tx: &Tx<'_>, id: PaymentId) -> Result<Vec<u8>, Error> {
    Ok(format!("payments.client_secret {} {id}", tx.project()?).into_bytes())
}

fn locked_or_gone(tx: &mut Tx<'_>, id: PaymentId) -> Result<Option<Payment>, Error> {
    Ok(store::lock_payment(tx, id)?)
}
