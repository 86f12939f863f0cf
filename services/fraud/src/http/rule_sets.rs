//! Writing rule sets, publishing them, replaying the journal with them, and how their rules do.

use contracts::Timestamp;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Live, Path, Problem, Query};
use kernel::store::{Page, PageQuery, Tx};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::views::{FraudRuleFigureView, FraudRuleSetView, FraudSimulationView};
use super::{MANAGE, reading};
use crate::commands::{rule_sets, simulating};
use crate::domain::rules::{BUILT_IN, RULES_MAX, RuleSet, SCORE_MAX};
use crate::domain::{RuleName, SimulationId};
use crate::error::Error;
use crate::store;

/// Which payments are judged again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2026-11-01T00:00:00.000Z", "to": "2026-12-01T00:00:00.000Z"}))]
pub(super) struct SimulateFraudRules {
    /// Those judged from this time on.
    from: Timestamp,
    /// Those judged before this time.
    to: Timestamp,
}

/// Whose figures are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedFigures {
    /// The version of the rule set; the one that judges where nothing is said, 0 is the built-in one.
    version: Option<u32>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Writes a rule set as a draft of the next version. Mistakes of its rules are told in `problems`; with them it cannot be published.
#[utoipa::path(post, path = "/api/v1/fraud/rule-sets", tag = "fraud", request_body = RuleSet,
    responses((status = 201, description = "The draft.", body = FraudRuleSetView)))]
pub(super) async fn write_rule_set(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(set): Json<RuleSet>,
) -> Answer<FraudRuleSetView> {
    let scope = caller.require(MANAGE)?;
    bounded(&set)?;
    let author = caller.name();
    ctx.write(scope, key, move |tx| rule_sets::write(tx, &set, &author).map(FraudRuleSetView::from))
        .await
        .created()
}

/// Lists rule sets, newest first.
#[utoipa::path(get, path = "/api/v1/fraud/rule-sets", tag = "fraud", params(PageQuery),
    responses((status = 200, description = "A page of rule sets.", body = Page<FraudRuleSetView>)))]
pub(super) async fn list_rule_sets(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<FraudRuleSetView>> {
    let scope = reading(&caller)?;
    let (limit, before) = (page.limit()?, page.after()?);
    let found = ctx.read(scope, move |tx| store::rule_sets(tx, before, limit + 1)).await;
    found.map(|rows| Page::of(rows, limit, |row| row.version).map(FraudRuleSetView::from)).answered()
}

/// Shows a rule set.
#[utoipa::path(get, path = "/api/v1/fraud/rule-sets/{version}", tag = "fraud", params(("version" = u32, Path)),
    responses((status = 200, description = "The rule set.", body = FraudRuleSetView)))]
pub(super) async fn get_rule_set(
    ctx: Ctx,
    caller: Caller,
    Path(version): Path<u32>,
) -> Answer<FraudRuleSetView> {
    let scope = reading(&caller)?;
    ctx.read(scope, move |tx| rule_sets::found(tx, version)).await.map(FraudRuleSetView::from).answered()
}

/// Makes a rule set the one that judges from now on, an archived one too.
#[utoipa::path(post, path = "/api/v1/fraud/rule-sets/{version}/publish", tag = "fraud",
    params(("version" = u32, Path)),
    responses((status = 200, description = "It judges.", body = FraudRuleSetView)))]
pub(super) async fn publish_rule_set(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(version): Path<u32>,
) -> Answer<FraudRuleSetView> {
    let scope = caller.require(MANAGE)?;
    let by = caller.name();
    ctx.write(scope, key, move |tx| rule_sets::publish(tx, version, &by).map(FraudRuleSetView::from))
        .await
        .answered()
}

/// Judges the payments of a time again with a rule set, by what was known of them then. Nothing is told.
#[utoipa::path(post, path = "/api/v1/fraud/rule-sets/{version}/simulate", tag = "fraud",
    params(("version" = u32, Path)), request_body = SimulateFraudRules,
    responses((status = 202, description = "It has begun.", body = FraudSimulationView)))]
pub(super) async fn simulate_rule_set(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(version): Path<u32>,
    Json(SimulateFraudRules { from, to }): Json<SimulateFraudRules>,
) -> Answer<FraudSimulationView> {
    let scope = caller.require(MANAGE)?;
    let begin =
        move |tx: &mut Tx<'_>| simulating::begin(tx, version, from, to).map(FraudSimulationView::from);
    ctx.write(scope, key, begin).await.accepted()
}

/// Shows how far a replay has come and what it has found.
#[utoipa::path(get, path = "/api/v1/fraud/simulations/{id}", tag = "fraud", params(("id" = SimulationId, Path)),
    responses((status = 200, description = "The replay.", body = FraudSimulationView)))]
pub(super) async fn get_simulation(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<SimulationId>,
) -> Answer<FraudSimulationView> {
    let scope = reading(&caller)?;
    let found =
        ctx.read(scope, move |tx| store::simulation(tx, id)?.ok_or(Error::Absent("simulation"))).await;
    found.map(FraudSimulationView::from).answered()
}

/// Shows a replay, and again whenever it has come further.
#[utoipa::path(get, path = "/api/v1/fraud/simulations/{id}/live", tag = "fraud", params(("id" = SimulationId, Path)),
    responses((status = 200, description = "Server-sent events, each a replay as JSON.",
        content_type = "text/event-stream", body = serde_json::Value)))]
pub(super) async fn follow_simulation(
    ctx: Ctx,
    caller: Caller,
    Path(id): Path<SimulationId>,
) -> Result<Live, Problem> {
    let scope = reading(&caller)?;
    ctx.live(scope, move |tx| {
        let found = store::simulation(tx, id)?.ok_or(Error::Absent("simulation"))?;
        Ok::<_, Error>(FraudSimulationView::from(found))
    })
    .await
}

/// Shows how often each rule of a version spoke, and how often rightly, as far as people looked at the payments.
#[utoipa::path(get, path = "/api/v1/fraud/rules/figures", tag = "fraud", params(WantedFigures),
    responses((status = 200, description = "A page of rules, by name.", body = Page<FraudRuleFigureView>)))]
pub(super) async fn list_rule_figures(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedFigures>,
) -> Answer<Page<FraudRuleFigureView>> {
    let scope = reading(&caller)?;
    let WantedFigures { version, limit, cursor } = wanted;
    let page = PageQuery { limit, cursor };
    let (limit, after) = (page.limit()?, page.after::<RuleName>()?);
    let found = ctx.read(scope, move |tx| {
        let version = match version {
            Some(version) => version,
            None => store::published(tx)?.map_or(BUILT_IN, |published| published.version),
        };
        Ok::<_, Error>(store::figures(tx, version, after.as_ref(), limit + 1)?)
    });
    let figures = found.await?.into_iter().map(FraudRuleFigureView::from).collect();
    Ok(Page::of(figures, limit, |figure: &FraudRuleFigureView| figure.rule.clone())).answered()
}

/// What the schema says of numbers, and serde does not.
fn bounded(set: &RuleSet) -> Result<(), Problem> {
    let within = |field: &str, value: u32, first: u32, last: u32| {
        let fits = (first..=last).contains(&value);
        if fits { Ok(()) } else { Err(Problem::field(field, format!("is a number from {first} to {last}"))) }
    };
    within("review_at", set.review_at, 1, SCORE_MAX + 1)?;
    within("block_at", set.block_at, 1, SCORE_MAX + 1)?;
    within("model_weight", set.model_weight, 0, 100)?;
    within("review_hours", set.review_hours, 1, 720)?;
    within("fuel", set.fuel, 1, 100_000)?;
    if set.rules.len() > RULES_MAX {
        return Err(Problem::field("rules", format!("holds at most {RULES_MAX} rules")));
    }
    match set.rules.iter().position(|rule| rule.score.unsigned_abs() > SCORE_MAX) {
        Some(at) => Err(Problem::field(&format!("rules[{at}].score"), "is a number from -1000 to 1000")),
        None => Ok(()),
    }
}
