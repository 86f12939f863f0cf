//! The journal of decisions, and what would be decided.

use contracts::events::wallet::RiskDecision;
use contracts::{Currency, UserId};
use kernel::http::{Answer, Answering, Caller, Ctx, Json, Path, Problem, Query};
use kernel::store::{Page, PageQuery};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::reading;
use super::views::{FraudAssessment, FraudDecisionRecord, FraudDecisionView};
use crate::commands::deciding;
use crate::domain::facts::{Facts, Source};
use crate::domain::{Entry, PaymentName};
use crate::error::Error;
use crate::store::{self, Filter};

/// Which decisions are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedDecisions {
    /// What was decided.
    #[param(inline)]
    decision: Option<RiskDecision>,
    /// Who paid.
    payer: Option<UserId>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A payment that somebody thinks of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 150_000, "currency": "INR", "payer": "usr_01jd3sa4k8qm7v2x9c5f0t6w1b",
    "payee": "usr_01jd3sa4k8qm7v2x9c5f0t6w1c", "device": "9f1c2e", "address": "203.0.113.9"}))]
pub(super) struct AssessFraud {
    /// How much, in minor units.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000_i64)]
    amount: i64,
    /// In which currency.
    currency: Currency,
    /// Who would pay.
    payer: UserId,
    /// Who would be paid.
    payee: Option<UserId>,
    /// With which device.
    device: Option<Entry>,
    /// From where.
    address: Option<Entry>,
}

const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

/// Lists decisions, newest first.
#[utoipa::path(get, path = "/api/v1/fraud/decisions", tag = "fraud", params(WantedDecisions),
    responses((status = 200, description = "A page of decisions.", body = Page<FraudDecisionView>)))]
pub(super) async fn list_decisions(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedDecisions>,
) -> Answer<Page<FraudDecisionView>> {
    let scope = reading(&caller)?;
    let WantedDecisions { decision, payer, limit, cursor } = wanted;
    let page = PageQuery { limit, cursor };
    let (limit, before) = (page.limit()?, page.after()?);
    let filter = Filter { decision, payer };
    let found = ctx.read(scope, move |tx| store::decisions(tx, filter, before, limit + 1)).await;
    found.map(|rows| Page::of(rows, limit, |row| row.id).map(FraudDecisionView::from)).answered()
}

/// Shows a decision with all that it was made of, and what people found.
#[utoipa::path(get, path = "/api/v1/fraud/decisions/{payment_id}", tag = "fraud",
    params(("payment_id" = PaymentName, Path)),
    responses((status = 200, description = "The decision.", body = FraudDecisionRecord)))]
pub(super) async fn get_decision(
    ctx: Ctx,
    caller: Caller,
    Path(payment): Path<PaymentName>,
) -> Answer<FraudDecisionRecord> {
    let scope = reading(&caller)?;
    let found = ctx.read(scope, move |tx| {
        let decision = store::decision(tx, &payment)?.ok_or(Error::Absent("decision"))?;
        Ok::<_, Error>(FraudDecisionRecord::of(decision, store::review(tx, &payment)?))
    });
    found.await.answered()
}

/// Says what would be decided on a payment now, and why. Nothing is remembered of it.
#[utoipa::path(post, path = "/api/v1/fraud/assess", tag = "fraud", request_body = AssessFraud,
    responses((status = 200, description = "The decision.", body = FraudAssessment)))]
pub(super) async fn assess_payment(
    ctx: Ctx,
    caller: Caller,
    Json(body): Json<AssessFraud>,
) -> Answer<FraudAssessment> {
    let scope = reading(&caller)?;
    let AssessFraud { amount, currency, payer, payee, device, address } = body;
    if !(1..=AMOUNT_MAX).contains(&amount) {
        return Err(Problem::field("amount", format!("is a number from 1 to {AMOUNT_MAX}")));
    }
    let [device, address] = [device, address].map(|text| text.map(|text| text.to_string()));
    let found = ctx.read(scope, move |tx| {
        let (device, address, at) = (device.clone(), address.clone(), tx.now());
        let (source, payer) = (Source::Asked, Some(payer));
        let facts = Facts { source, amount, currency, payer, payee, device, address, at };
        deciding::assess(tx, facts)
    });
    found.await.map(FraudAssessment::from).answered()
}
