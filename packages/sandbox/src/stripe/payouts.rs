//! Payouts: money on its way to a bank account, which takes it, turns it down, or sends it back.

use std::time::Duration;

use kernel::jobs::{Job, Jobs};
use kernel::store::Tx;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::Error;
use super::form::Form;
use super::lists::{self, Narrow};
use super::objects::{Kept, Metadata};
use super::store;
use super::wire::{self, Reply};
use super::work::{Cause, PayoutId, Work};

/// Money on its way to a bank account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Payout {
    pub id: String,
    pub created: i64,
    pub amount: i64,
    pub currency: String,
    pub destination: String,
    pub description: Option<String>,
    pub method: String,
    pub statement_descriptor: Option<String>,
    pub status: PayoutStatus,
    pub failure_code: Option<String>,
    pub metadata: Metadata,
}

/// Where a payout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutStatus {
    /// It is on its way.
    Pending,
    /// It has arrived.
    Paid,
    /// It has not, or came back.
    Failed,
    /// It was called off on its way.
    Canceled,
}

/// What a bank account does with what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conduct {
    /// Takes it.
    Takes,
    /// Turns it down.
    TurnsDown(&'static str),
    /// Takes it and sends it back.
    SendsBack,
}

/// What the bank does next with a payout.
#[derive(Debug, Serialize, Deserialize)]
struct Arrive {
    account: String,
    payout: String,
}

impl Job for Arrive {
    const KIND: &'static str = "sandbox.stripe_payout";
}

/// A bank takes days, and is quick here.
const SLOW: Duration = Duration::from_secs(10);
const DAY_S: i64 = 86_400;
const METHODS: [&str; 2] = ["standard", "instant"];
/// Why banks turn payouts down.
const FAILURES: [(&str, &str); 6] = [
    ("account_closed", "The bank account has been closed."),
    ("account_frozen", "The bank account has been frozen."),
    ("debit_not_authorized", "Debit transactions are not approved on your bank account."),
    ("insufficient_funds", "Your account has insufficient funds to cover the payout."),
    ("invalid_currency", "The bank was unable to process this payout because of its currency."),
    ("no_account", "The bank account details on file are probably incorrect."),
];

/// `POST /v1/payouts`.
pub fn create(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&[
        "amount",
        "currency",
        "description",
        "destination",
        "metadata",
        "method",
        "source_type",
        "statement_descriptor",
    ])?;
    let amount = form.integer("amount")?.ok_or_else(|| Error::missing("amount"))?;
    if amount < 1 {
        let message = "Invalid positive integer: amount must be at least 1";
        return Err(Error::param("amount", "parameter_invalid_integer", message));
    }
    let currency = form.required("currency")?.to_ascii_lowercase();
    if currency.to_ascii_uppercase().parse::<contracts::Currency>().is_err() {
        return Err(Error::invalid(format!("Invalid currency: {currency}.")).at("currency"));
    }
    let destination = form.text("destination").unwrap_or("ba_default");
    if !["ba_", "card_"].iter().any(|kind| destination.starts_with(kind)) {
        return Err(Error::no_such_param("destination", "external account", destination));
    }
    if destination.starts_with("ba_empty") {
        let message = "You have insufficient funds in your Stripe account for this payout.";
        return Err(Error::invalid(message).code("balance_insufficient"));
    }
    let mut payout = Payout {
        id: work.id::<PayoutId>(),
        created: work.now_s(),
        amount,
        currency,
        destination: destination.to_owned(),
        description: form.text("description").map(str::to_owned),
        method: form.one_of("method", &METHODS)?.unwrap_or("standard").to_owned(),
        statement_descriptor: form.text("statement_descriptor").map(str::to_owned),
        status: PayoutStatus::Pending,
        failure_code: None,
        metadata: Metadata::new(),
    };
    form.merge_metadata(&mut payout.metadata)?;
    store::insert(work.tx, work.account, &payout)?;
    work.tell("payout.created", shown(&payout));
    later(work, &payout)?;
    Ok(Reply::ok(shown(&payout)))
}

/// `GET /v1/payouts/{id}`.
pub fn retrieve(work: &mut Work<'_, '_>, id: &str) -> Result<Reply, Error> {
    let found = store::find::<Payout>(work.tx, work.account, id)?;
    found.map(|payout| Reply::ok(shown(&payout))).ok_or_else(|| Error::no_such(Payout::KIND, id))
}

/// `POST /v1/payouts/{id}`.
pub fn update(work: &mut Work<'_, '_>, id: &str, form: &Form) -> Result<Reply, Error> {
    form.known(&["metadata"])?;
    let mut payout = locked(work, id)?;
    form.merge_metadata(&mut payout.metadata)?;
    store::update(work.tx, work.account, &payout)?;
    work.tell("payout.updated", shown(&payout));
    Ok(Reply::ok(shown(&payout)))
}

/// `POST /v1/payouts/{id}/cancel`.
pub fn cancel(work: &mut Work<'_, '_>, id: &str, form: &Form) -> Result<Reply, Error> {
    form.known(&[])?;
    let mut payout = locked(work, id)?;
    if payout.status != PayoutStatus::Pending {
        return Err(Error::invalid("Payouts can only be canceled while they are pending."));
    }
    payout.status = PayoutStatus::Canceled;
    store::update(work.tx, work.account, &payout)?;
    work.tell("payout.canceled", shown(&payout));
    Ok(Reply::ok(shown(&payout)))
}

/// `GET /v1/payouts`.
pub fn list(work: &mut Work<'_, '_>, form: &Form) -> Result<Reply, Error> {
    form.known(&[&lists::PARAMS[..], &["destination", "status"]].concat())?;
    let narrow = Narrow {
        owner: form.text("destination").map(str::to_owned),
        about: form.text("status").map(str::to_owned),
        ..Narrow::default()
    };
    lists::list(work, form, "/v1/payouts", &narrow, shown)
}

/// `payout`.
pub fn shown(payout: &Payout) -> Value {
    let failed = payout.failure_code.as_deref();
    let message = failed.and_then(|code| FAILURES.iter().find(|(known, _)| *known == code));
    json!({
        "id": payout.id,
        "object": Payout::KIND,
        "amount": payout.amount,
        "application_fee": null,
        "application_fee_amount": null,
        "arrival_date": payout.created + DAY_S,
        "automatic": false,
        "balance_transaction": wire::transaction_id(&payout.id),
        "created": payout.created,
        "currency": payout.currency,
        "description": payout.description,
        "destination": payout.destination,
        "failure_balance_transaction": null,
        "failure_code": failed,
        "failure_message": message.map(|(_, text)| *text),
        "livemode": false,
        "metadata": payout.metadata,
        "method": payout.method,
        "original_payout": null,
        "reconciliation_status": "not_applicable",
        "reversed_by": null,
        "source_type": "card",
        "statement_descriptor": payout.statement_descriptor,
        "status": payout.status,
        "trace_id": null,
        "type": if payout.destination.starts_with("card_") { "card" } else { "bank_account" },
    })
}

/// The jobs of banks.
pub fn jobs(jobs: &mut Jobs) {
    jobs.inside(arrive);
}

fn arrive(tx: &mut Tx<'_>, job: &Arrive) -> Result<(), Error> {
    let cause = Cause::default();
    let mut work = Work::new(tx, &job.account, &cause);
    let mut payout = locked(&mut work, &job.payout)?;
    let conduct = Conduct::of(&payout.destination);
    let (status, failure) = match (payout.status, conduct) {
        (PayoutStatus::Pending, Conduct::Takes | Conduct::SendsBack) => (PayoutStatus::Paid, None),
        (PayoutStatus::Pending, Conduct::TurnsDown(code)) => (PayoutStatus::Failed, Some(code)),
        (PayoutStatus::Paid, Conduct::SendsBack) => (PayoutStatus::Failed, Some("account_closed")),
        (PayoutStatus::Paid, Conduct::Takes | Conduct::TurnsDown(_))
        | (PayoutStatus::Failed | PayoutStatus::Canceled, _) => return Ok(()),
    };
    (payout.status, payout.failure_code) = (status, failure.map(str::to_owned));
    store::update(work.tx, work.account, &payout)?;
    work.tell("payout.updated", shown(&payout));
    if failure.is_some() {
        work.tell("payout.failed", shown(&payout));
    } else {
        work.tell("payout.paid", shown(&payout));
        if conduct == Conduct::SendsBack {
            later(&mut work, &payout)?;
        }
    }
    work.finish()
}

fn later(work: &mut Work<'_, '_>, payout: &Payout) -> Result<(), Error> {
    let arrive = Arrive { account: work.account.to_owned(), payout: payout.id.clone() };
    work.tx.enqueue_at(&arrive, work.tx.now().saturating_add(SLOW))?;
    Ok(())
}

fn locked(work: &mut Work<'_, '_>, id: &str) -> Result<Payout, Error> {
    store::lock::<Payout>(work.tx, work.account, id)?.ok_or_else(|| Error::no_such(Payout::KIND, id))
}

impl Conduct {
    /// What an account does is in its name: `ba_fail`, `ba_fail_no_account`, `ba_sendBack`.
    fn of(destination: &str) -> Self {
        if destination.starts_with("ba_sendBack") {
            return Self::SendsBack;
        }
        match destination.strip_prefix("ba_fail") {
            Some(rest) => {
                let named = FAILURES.iter().find(|(code, _)| rest.trim_start_matches('_') == *code);
                Self::TurnsDown(named.map_or("account_closed", |(code, _)| *code))
            }
            None => Self::Takes,
        }
    }
}

impl Kept for Payout {
    const KIND: &'static str = "payout";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> i64 {
        self.created
    }
    fn owner(&self) -> Option<&str> {
        Some(&self.destination)
    }
    fn about(&self) -> Option<&str> {
        Some(match self.status {
            PayoutStatus::Pending => "pending",
            PayoutStatus::Paid => "paid",
            PayoutStatus::Failed => "failed",
            PayoutStatus::Canceled => "canceled",
        })
    }
}
