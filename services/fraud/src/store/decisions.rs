//! The statements on the journal of decisions, and on how rules do.

use contracts::events::wallet::RiskDecision;
use contracts::{Timestamp, UserId};
use kernel::params;
use kernel::store::{Json, StoreError, Tx, Value};
use serde::Deserialize;

use crate::domain::evidence::Evidence;
use crate::domain::verdict::Verdict;
use crate::domain::{DecisionId, PaymentName, RuleName};

/// A decision, with all that it was made of.
#[derive(Clone, Debug, Deserialize)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// The payment.
    pub payment_id: PaymentName,
    /// What was known.
    pub evidence: Json<Evidence>,
    /// What was decided, and why.
    pub verdict: Json<Verdict>,
    /// What was told as reasons.
    pub reasons: Json<Vec<String>>,
    /// When.
    pub decided_at: Timestamp,
}

/// Which decisions are looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// What was decided.
    pub decision: Option<RiskDecision>,
    /// Who paid.
    pub payer: Option<UserId>,
}

/// How a rule does.
#[derive(Clone, Debug, Deserialize)]
pub struct Figure {
    /// The rule.
    pub rule: String,
    /// Whether it is only watched.
    pub shadow: bool,
    /// How often it spoke.
    pub hits: u64,
    /// How many of these payments people found to be fraud.
    pub frauds: u64,
    /// How many they found to be honest.
    pub honest: u64,
}

/// Stores a decision; false where the payment was judged before.
pub fn insert_decision(tx: &mut Tx<'_>, decision: &Decision) -> Result<bool, StoreError> {
    let Decision { id, payment_id, evidence, verdict, reasons, decided_at } = decision;
    // Nobody is asked for by an empty name.
    let payer = evidence.0.facts.payer.map(|payer| payer.to_string()).unwrap_or_default();
    let decided = verdict.0.decision;
    let inserted = tx.run(
        "insert into decisions (project_id, payment_id, id, payer, decision, evidence, verdict, reasons, decided_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (project_id, payment_id) do nothing",
        params![tx.project()?, payment_id, id, payer, decided, evidence, verdict, reasons, decided_at],
    )?;
    Ok(inserted > 0)
}

/// One decision.
pub fn decision(tx: &mut Tx<'_>, payment: &PaymentName) -> Result<Option<Decision>, StoreError> {
    tx.row(
        "select id, payment_id, evidence, verdict, reasons, decided_at from decisions
         where project_id = $1 and payment_id = $2",
        params![tx.project()?, payment],
    )
}

/// A list's statement: the filter that has an index stands in front by itself.
macro_rules! newest_first {
    ($leading:literal) => {
        concat!(
            "select id, payment_id, evidence, verdict, reasons, decided_at from decisions
             where project_id = $1 and ",
            $leading,
            " and (cast($2 as text) is null or decision = $2) and (cast($3 as text) is null or payer = $3)
              and id < coalesce($4, 'e') order by id desc limit $5"
        )
    };
}

/// Decisions before `before`, newest first.
pub fn decisions(
    tx: &mut Tx<'_>,
    filter: Filter,
    before: Option<DecisionId>,
    limit: u32,
) -> Result<Vec<Decision>, StoreError> {
    let sql = match filter {
        Filter { payer: Some(_), .. } => newest_first!("payer = $3"),
        Filter { decision: Some(_), .. } => newest_first!("decision = $2"),
        Filter { .. } => newest_first!("true"),
    };
    tx.rows(sql, params![tx.project()?, filter.decision, filter.payer, before, limit])
}

/// Decisions after `after` and before `end`, oldest first.
pub fn decisions_between(
    tx: &mut Tx<'_>,
    after: DecisionId,
    end: DecisionId,
    limit: u32,
) -> Result<Vec<Decision>, StoreError> {
    tx.rows(
        "select id, payment_id, evidence, verdict, reasons, decided_at from decisions
         where project_id = $1 and id > $2 and id < $3 order by id limit $4",
        params![tx.project()?, after, end, limit],
    )
}

/// Counts the rules that spoke.
pub fn add_hits(tx: &mut Tx<'_>, verdict: &Verdict) -> Result<(), StoreError> {
    add(tx, verdict, 1, None)
}

/// Counts what people found a payment to be, for each rule that spoke of it.
pub fn add_findings(tx: &mut Tx<'_>, verdict: &Verdict, fraud: bool) -> Result<(), StoreError> {
    add(tx, verdict, 0, Some(fraud))
}

fn add(tx: &mut Tx<'_>, verdict: &Verdict, hits: u32, fraud: Option<bool>) -> Result<(), StoreError> {
    let project = tx.project()?;
    let (frauds, honest) = (u32::from(fraud == Some(true)), u32::from(fraud == Some(false)));
    let rows: Vec<Vec<Value>> = verdict
        .hits
        .iter()
        .map(|hit| {
            params![project, verdict.rule_set_version, hit.rule, hit.shadow, hits, frauds, honest].to_vec()
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    tx.run_many(
        "insert into rule_figures (project_id, rule_set_version, rule, shadow, hits, frauds, honest)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (project_id, rule_set_version, rule) do update set hits = rule_figures.hits + excluded.hits,
           frauds = rule_figures.frauds + excluded.frauds, honest = rule_figures.honest + excluded.honest",
        &rows,
    )
    .map(drop)
}

/// How the rules of a version do, after `after` by name.
pub fn figures(
    tx: &mut Tx<'_>,
    version: u32,
    after: Option<&RuleName>,
    limit: u32,
) -> Result<Vec<Figure>, StoreError> {
    tx.rows(
        "select rule, shadow, hits, frauds, honest from rule_figures
         where project_id = $1 and rule_set_version = $2 and rule > coalesce($3, '') order by rule limit $4",
        params![tx.project()?, version, after, limit],
    )
}
