//! What one can do with payment intents over the API.

use kernel::store::Tx;
use serde_json::json;

use super::errors::Error;
use super::form::Form;
use super::lists::{self, Narrow};
use super::objects::{Intent, Kept, Metadata, Move, PaymentMethod, Status};
use super::paying::{self, How};
use super::wire::{self, Reply};
use super::work::{IntentId, Work};
use super::{customers, methods, store};

/// Less is not worth its fee.
const AMOUNT_MIN: i64 = 50;
const AMOUNT_MAX: i64 = 99_999_999;
/// What is taken and has no effect here.
const WITHOUT_EFFECT: [&str; 4] =
    ["payment_method_options", "mandate_data", "radar_options", "use_stripe_sdk"];
/// What can be said at creation and later.
const FIELDS: [&str; 15] = [
    "amount",
    "currency",
    "capture_method",
    "customer",
    "description",
    "metadata",
    "payment_method",
    "payment_method_data",
    "payment_method_types",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
];
const AT_CREATION: [&str; 6] = [
    "automatic_payment_methods",
    "confirm",
    "confirmation_method",
    "off_session",
    "return_url",
    "error_on_requires_action",
];
const AT_CONFIRMATION: [&str; 10] = [
    "payment_method",
    "payment_method_data",
    "return_url",
    "off_session",
    "error_on_requires_action",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "capture_method",
    "client_secret",
];
const CAPTURE_METHODS: [&str; 3] = ["automatic", "automatic_async", "manual"];

/// `POST /v1/payment_intents`.
pub fn create(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&[&FIELDS[..], &AT_CREATION, &WITHOUT_EFFECT].concat())?;
    let amount = amount(form)?.ok_or_else(|| Error::missing("amount"))?;
    let currency = currency(form)?.ok_or_else(|| Error::missing("currency"))?;
    let id = work.id::<IntentId>();
    let redirects = form.text("automatic_payment_methods[allow_redirects]") != Some("never");
    let manual = form.one_of("confirmation_method", &["automatic", "manual"])?;
    let mut intent = Intent {
        client_secret: format!("{id}_secret_{}", work.secret()?),
        id,
        created: work.now_s(),
        status: Status::RequiresPaymentMethod,
        amount,
        amount_capturable: 0,
        amount_received: 0,
        currency,
        capture_method: "automatic".into(),
        confirmation_method: manual.unwrap_or("automatic").into(),
        payment_method_types: kinds(form)?,
        redirects,
        payment_method: None,
        customer: None,
        description: None,
        receipt_email: None,
        setup_future_usage: None,
        shipping: None,
        statement_descriptor: None,
        statement_descriptor_suffix: None,
        transfer_group: None,
        metadata: Metadata::new(),
        return_url: form.text("return_url").map(str::to_owned),
        authenticated: false,
        next_action: None,
        last_payment_error: None,
        latest_charge: None,
        canceled_at: None,
        cancellation_reason: None,
    };
    if form.truth("automatic_payment_methods[enabled]")? == Some(false)
        && intent.payment_method_types.is_none()
    {
        intent.payment_method_types = Some(vec!["card".into()]);
    }
    let method = apply(work, form, &mut intent)?;
    if form.truth("confirm")? != Some(true) {
        if form.has("return_url") || form.has("off_session") {
            let name = if form.has("return_url") { "return_url" } else { "off_session" };
            return Err(
                Error::invalid(format!("You may only specify `{name}` when `confirm` is true.")).at(name)
            );
        }
        store::insert(work.tx, work.account, &intent)?;
        work.tell("payment_intent.created", wire::intent(&intent));
        return Ok(Reply::ok(wire::intent(&intent)));
    }
    let how = how(form)?;
    check_begin(&intent, method.as_ref(), form)?;
    store::insert(work.tx, work.account, &intent)?;
    work.tell("payment_intent.created", wire::intent(&intent));
    paying::begin(work, intent, method, how)
}

/// `GET /v1/payment_intents/{id}`.
pub fn retrieve(work: &mut Work<'_, '_>, id: &str, form: &Form, public: bool) -> Result<Reply, Error> {
    form.known(&["client_secret"])?;
    let found = store::find::<Intent>(work.tx, work.account, id)?;
    let intent = found.ok_or_else(|| Error::no_such(Intent::KIND, id))?;
    check_secret(&intent, form, public)?;
    Ok(Reply::ok(wire::intent(&intent)))
}

/// `POST /v1/payment_intents/{id}`.
pub fn update(work: &mut Work<'_, '_>, id: &str, form: &Form) -> Result<Reply, Error> {
    form.known(&[&FIELDS[..], &WITHOUT_EFFECT].concat())?;
    let mut intent = locked(work.tx, work.account, id)?;
    let (amount, currency) = (amount(form)?, currency(form)?);
    let names =
        ["payment_method", "payment_method_data", "payment_method_types", "customer", "capture_method"];
    if amount.is_some() || currency.is_some() || names.iter().any(|name| form.has(name)) {
        allow(&intent, Move::Update, "updated")?;
        intent.amount = amount.unwrap_or(intent.amount);
        intent.currency = currency.unwrap_or(intent.currency);
        intent.payment_method_types = kinds(form)?.or(intent.payment_method_types);
        if form.has("payment_method") && form.text("payment_method").is_none() {
            intent.payment_method = None;
        }
        apply(work, form, &mut intent)?;
        intent.reset();
    } else {
        apply(work, form, &mut intent)?;
    }
    store::update(work.tx, work.account, &intent)?;
    Ok(Reply::ok(wire::intent(&intent)))
}

/// `POST /v1/payment_intents/{id}/confirm`.
pub fn confirm(work: &mut Work<'_, '_>, id: &str, form: &Form, public: bool) -> Result<Reply, Error> {
    form.known(&[&AT_CONFIRMATION[..], &WITHOUT_EFFECT].concat())?;
    let mut intent = locked(work.tx, work.account, id)?;
    check_secret(&intent, form, public)?;
    if public && intent.confirmation_method == "manual" {
        return Err(Error::invalid(
            "This PaymentIntent has confirmation_method set to manual: it is confirmed with a secret key.",
        ));
    }
    allow(&intent, Move::Confirm, "confirmed")?;
    if form.has("return_url") {
        intent.return_url = form.text("return_url").map(str::to_owned);
    }
    let given = apply(work, form, &mut intent)?;
    let method = match (given, &intent.payment_method) {
        (Some(method), _) => {
            intent.authenticated = false;
            Some(method)
        }
        (None, Some(known)) => store::find::<PaymentMethod>(work.tx, work.account, known)?,
        (None, None) => None,
    };
    let how = how(form)?;
    check_begin(&intent, method.as_ref(), form)?;
    paying::begin(work, intent, method, how)
}

/// `POST /v1/payment_intents/{id}/capture`.
pub fn capture(work: &mut Work<'_, '_>, id: &str, form: &Form) -> Result<Reply, Error> {
    form.known(&["amount_to_capture", "final_capture", "metadata", "statement_descriptor_suffix"])?;
    let mut intent = locked(work.tx, work.account, id)?;
    allow(&intent, Move::Capture, "captured")?;
    if form.truth("final_capture")? == Some(false) {
        return Err(Error::invalid("This PaymentIntent does not support multicapture.").at("final_capture"));
    }
    let amount = form.integer("amount_to_capture")?.unwrap_or(intent.amount_capturable);
    if amount < 1 {
        let message = "Invalid positive integer: amount_to_capture must be at least 1";
        return Err(Error::param("amount_to_capture", "parameter_invalid_integer", message));
    }
    if amount > intent.amount_capturable {
        let message = format!(
            "The requested capture amount ({amount}) is greater than the amount that can be captured ({}).",
            intent.amount_capturable
        );
        return Err(Error::param("amount_to_capture", "amount_too_large", message));
    }
    form.merge_metadata(&mut intent.metadata)?;
    paying::capture(work, intent, amount)
}

/// `POST /v1/payment_intents/{id}/cancel`.
pub fn cancel(work: &mut Work<'_, '_>, id: &str, form: &Form) -> Result<Reply, Error> {
    form.known(&["cancellation_reason"])?;
    let reasons = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"];
    let reason = form.one_of("cancellation_reason", &reasons)?;
    let mut intent = locked(work.tx, work.account, id)?;
    allow(&intent, Move::Cancel, "canceled")?;
    intent.cancel(work.now_s(), reason);
    store::update(work.tx, work.account, &intent)?;
    work.tell("payment_intent.canceled", wire::intent(&intent));
    Ok(Reply::ok(wire::intent(&intent)))
}

/// `GET /v1/payment_intents`.
pub fn list(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&[&lists::PARAMS[..], &["customer"]].concat())?;
    let narrow = Narrow { owner: form.text("customer").map(str::to_owned), ..Narrow::default() };
    lists::list(work, form, "/v1/payment_intents", &narrow, wire::intent)
}

/// The intent, for this transaction alone.
pub fn locked(tx: &mut Tx<'_>, account: &str, id: &str) -> Result<Intent, Error> {
    store::lock(tx, account, id)?.ok_or_else(|| Error::no_such(Intent::KIND, id))
}

/// Refuses a move that the intent cannot make now.
pub fn allow(intent: &Intent, to_do: Move, done: &str) -> Result<(), Error> {
    intent.may(to_do).map_err(|_| {
        let status = intent.status.name();
        let message = format!("This PaymentIntent could not be {done} because it has a status of {status}.");
        Error::invalid(message)
            .code("payment_intent_unexpected_state")
            .beside("payment_intent", wire::intent(intent))
    })
}

/// Sets what the form says; returns the way to pay, where one is given.
fn apply(work: &mut Work<'_, '_>, form: &Form, intent: &mut Intent) -> Result<Option<PaymentMethod>, Error> {
    let set = |name: &str, field: &mut Option<String>| {
        form.change(name).map(|change| {
            if let Some(change) = change {
                *field = change
            }
        })
    };
    set("description", &mut intent.description)?;
    set("receipt_email", &mut intent.receipt_email)?;
    set("statement_descriptor", &mut intent.statement_descriptor)?;
    set("statement_descriptor_suffix", &mut intent.statement_descriptor_suffix)?;
    set("transfer_group", &mut intent.transfer_group)?;
    set("customer", &mut intent.customer)?;
    if form.has("customer")
        && let Some(customer) = &intent.customer
    {
        customers::require(work, "customer", customer)?;
    }
    form.merge_metadata(&mut intent.metadata)?;
    if form.has("shipping") {
        intent.shipping = form.object("shipping");
    }
    if let Some(usage) = form.one_of("setup_future_usage", &["on_session", "off_session"])? {
        intent.setup_future_usage = Some(usage.into());
    }
    if let Some(how) = form.one_of("capture_method", &CAPTURE_METHODS)? {
        intent.capture_method = how.into();
    }
    let Some(method) = methods::given(work, form)? else { return Ok(None) };
    check_method(intent, &method)?;
    intent.payment_method = Some(method.id.clone());
    if intent.status == Status::RequiresPaymentMethod {
        intent.status = Status::RequiresConfirmation;
    }
    Ok(Some(method))
}

fn check_method(intent: &Intent, method: &PaymentMethod) -> Result<(), Error> {
    let takes = |kinds: &Vec<String>| kinds.iter().any(|kind| kind == method.kind());
    if !intent.payment_method_types.as_ref().is_none_or(takes) {
        let message = format!(
            "The PaymentMethod provided ({}) is not allowed for this PaymentIntent. Please attach a PaymentMethod \
             of one of its payment_method_types.",
            method.kind()
        );
        return Err(Error::invalid(message).at("payment_method"));
    }
    match &method.customer {
        Some(owner) if intent.customer.as_ref() != Some(owner) => Err(Error::invalid(
            "The provided PaymentMethod belongs to a Customer. Please include that Customer in the `customer` \
             parameter.",
        )
        .at("payment_method")),
        _ => Ok(()),
    }
}

/// What must be known before anything is begun.
fn check_begin(intent: &Intent, method: Option<&PaymentMethod>, form: &Form) -> Result<(), Error> {
    if method.is_none() {
        return Err(Error::invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method. Update it with one, or \
             confirm it again with one.",
        )
        .code("payment_intent_unexpected_state")
        .beside("payment_intent", wire::intent(intent)));
    }
    let may_lead_away = intent.payment_method_types.is_none() && intent.redirects;
    if may_lead_away && intent.return_url.is_none() && form.truth("use_stripe_sdk")? != Some(true) {
        return Err(Error::invalid(
            "This PaymentIntent accepts payment methods that might redirect your customer off of your page: you \
             must provide a `return_url`, or set `automatic_payment_methods[allow_redirects]` to `never`.",
        )
        .at("return_url"));
    }
    Ok(())
}

fn check_secret(intent: &Intent, form: &Form, public: bool) -> Result<(), Error> {
    match form.text("client_secret") {
        Some(secret) if secret == intent.client_secret => Ok(()),
        None if !public => Ok(()),
        None => Err(Error::missing("client_secret")),
        Some(_) => Err(Error::param(
            "client_secret",
            "payment_intent_invalid_parameter",
            "The client_secret provided does not match the client_secret associated with the PaymentIntent.",
        )),
    }
}

fn how(form: &Form) -> Result<How, Error> {
    // Stripe also takes `one_off` and `recurring` here, which are yes as well.
    let off_session = matches!(form.text("off_session"), Some("true" | "one_off" | "recurring"));
    Ok(How { off_session, error_on_action: form.truth("error_on_requires_action")? == Some(true) })
}

fn amount(form: &Form) -> Result<Option<i64>, Error> {
    let Some(amount) = form.integer("amount")? else { return Ok(None) };
    if amount < 0 {
        return Err(Error::param(
            "amount",
            "parameter_invalid_integer",
            "Invalid non-negative integer: amount",
        ));
    }
    if amount < AMOUNT_MIN {
        let message = format!("Amount must be at least {AMOUNT_MIN} of the currency's smallest unit.");
        return Err(Error::param("amount", "amount_too_small", message));
    }
    if amount > AMOUNT_MAX {
        return Err(Error::param(
            "amount",
            "amount_too_large",
            format!("Amount must be no more than {AMOUNT_MAX}."),
        ));
    }
    Ok(Some(amount))
}

fn currency(form: &Form) -> Result<Option<String>, Error> {
    let Some(text) = form.text("currency") else { return Ok(None) };
    if text.to_uppercase().parse::<contracts::Currency>().is_err() {
        return Err(Error::invalid(format!("Invalid currency: {text}.")).at("currency"));
    }
    Ok(Some(text.to_lowercase()))
}

fn kinds(form: &Form) -> Result<Option<Vec<String>>, Error> {
    let kinds = form.list("payment_method_types");
    if let Some(stranger) = kinds.iter().find(|kind| !methods::KINDS.contains(kind)) {
        let message = format!("The payment method type \"{stranger}\" is invalid.");
        return Err(Error::invalid(message).at("payment_method_types"));
    }
    Ok((!kinds.is_empty()).then(|| kinds.into_iter().map(str::to_owned).collect()))
}

/// The answer that a declined payment gets: the error with the intent in it.
pub fn declined(intent: &Intent) -> Reply {
    let mut error = intent.last_payment_error.clone().unwrap_or_else(|| json!({}));
    error["payment_intent"] = wire::intent(intent);
    Reply { status: 402, body: json!({ "error": error }) }
}
