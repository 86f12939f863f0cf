//! What callers are shown.

use contracts::{Timestamp, UserId};
use kernel::store::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::commands::deciding::Assessment;
use crate::domain::evidence::Evidence;
use crate::domain::facts::Facts;
use crate::domain::review::{Finding, Review, ReviewState};
use crate::domain::rules::{RuleProblem, RuleSet, Status};
use crate::domain::tally::{Progress, Tally};
use crate::domain::verdict::Verdict;
use crate::domain::{AlertId, AlertKind, DecisionId, Entry, Note, PaymentName, SimulationId};
use crate::store::{Alert, Decision, Figure, Listed, Queued, ReviewRow, RuleSetRow, Simulation};

/// A rule set and how far it has come.
#[derive(Serialize, ToSchema)]
pub(super) struct FraudRuleSetView {
    /// Its version.
    version: u32,
    /// How far it has come.
    status: Status,
    /// The set.
    rule_set: RuleSet,
    /// What keeps it from being published.
    problems: Vec<RuleProblem>,
    /// Who wrote it.
    author: String,
    /// When.
    written_at: Timestamp,
    /// When it was last published.
    published_at: Option<Timestamp>,
}

/// How a rule does.
#[derive(Serialize, ToSchema)]
pub(super) struct FraudRuleFigureView {
    /// The rule.
    pub(super) rule: String,
    /// Whether it is only watched.
    shadow: bool,
    /// How often it spoke.
    hits: u64,
    /// How many of these payments people found to be fraud.
    frauds: u64,
    /// How many they found to be honest.
    honest: u64,
    /// Which part of those that people looked at is fraud, in ten-thousandths; nothing where they looked at none.
    precision_basis_points: Option<u64>,
}

/// A decision, without what was known.
#[derive(Serialize, ToSchema)]
pub(super) struct FraudDecisionView {
    /// Its id.
    pub(super) id: DecisionId,
    /// The payment.
    payment_id: PaymentName,
    /// The payment as it was known.
    facts: Facts,
    /// What was decided, and why.
    verdict: Verdict,
    /// What was told as reasons.
    reasons: Vec<String>,
    /// When.
    decided_at: Timestamp,
}

/// A decision with all that it was made of, and what people found.
#[derive(Serialize, ToSchema)]
pub(super) struct FraudDecisionRecord {
    /// The decision.
    decision: FraudDecisionView,
    /// All that was known. With the rule set and the model of the verdict it gives the verdict again.
    evidence: Evidence,
    /// What people make of it.
    review: Option<FraudReviewView>,
}

/// What would be decided.
#[derive(Serialize, ToSchema)]
pub(super) struct FraudAssessment {
    /// The decision, and why.
    verdict: Verdict,
    /// What would be told as reasons.
    reasons: Vec<String>,
    /// All that is known.
    evidence: Evidence,
}

/// What people make of a payment.
#[derive(Serialize, ToSchema)]
pub(super) struct FraudReviewView {
    /// The payment.
    payment_id: PaymentName,
    /// The decision that it is about.
    pub(super) decision_id: DecisionId,
    /// Where it stands.
    state: ReviewState,
    /// Who is to look at it.
    assignee: Option<UserId>,
    /// When it began.
    opened_at: Timestamp,
    /// Whether it is fraud, where somebody has said so.
    fraud: Option<bool>,
    /// Why, in words.
    reason: Option<String>,
    /// Who says so.
    decided_by: Option<String>,
    /// When it ended.
    ended_at: Option<Timestamp>,
}

/// A payment in the queue.
#[derive(Serialize, ToSchema)]
pub(super) struct FraudQueueView {
    /// Where the review stands.
    pub(super) review: FraudReviewView,
    /// The payment.
    facts: Facts,
    /// What was decided, and why.
    verdict: Verdict,
}

/// What people who look after fraud were told.
#[derive(Serialize, ToSchema)]
pub(super) struct FraudAlertView {
    /// Its id.
    id: AlertId,
    /// The payment.
    payment_id: PaymentName,
    /// What it is about.
    kind: AlertKind,
    /// The payment's score, from 0 to 1000.
    score: u32,
    /// The names of the rules that spoke.
    reasons: Vec<String>,
    /// When it was raised.
    raised_at: Timestamp,
}

/// A replay of the journal with other rules.
#[derive(Serialize, ToSchema)]
pub(super) struct FraudSimulationView {
    /// Its id.
    id: SimulationId,
    /// The rules.
    rule_set_version: u32,
    /// Payments from this time on.
    from: Timestamp,
    /// Payments before this time.
    to: Timestamp,
    /// How far it has come.
    state: Progress,
    /// What it has found so far.
    tally: Tally,
    /// When it was asked for.
    asked_at: Timestamp,
    /// When it was done.
    done_at: Option<Timestamp>,
}

/// An entry of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct FraudListedView {
    /// What it names.
    pub(super) entry: Entry,
    /// What is to be remembered of it.
    note: Option<Note>,
}

impl From<RuleSetRow> for FraudRuleSetView {
    fn from(row: RuleSetRow) -> Self {
        let (status, problems) = (row.status(), row.body.0.problems());
        let RuleSetRow { version, body: Json(rule_set), author, written_at, published_at, .. } = row;
        Self { version, status, rule_set, problems, author, written_at, published_at }
    }
}

impl From<Figure> for FraudRuleFigureView {
    fn from(Figure { rule, shadow, hits, frauds, honest }: Figure) -> Self {
        let precision_basis_points = (frauds * 10_000).checked_div(frauds + honest);
        Self { rule, shadow, hits, frauds, honest, precision_basis_points }
    }
}

impl From<Decision> for FraudDecisionView {
    fn from(decision: Decision) -> Self {
        let Decision { id, payment_id, evidence, verdict, reasons, decided_at } = decision;
        let (facts, verdict, reasons) = (evidence.0.facts, verdict.0, reasons.0);
        Self { id, payment_id, facts, verdict, reasons, decided_at }
    }
}

impl FraudDecisionRecord {
    pub(super) fn of(decision: Decision, review: Option<ReviewRow>) -> Self {
        let evidence = decision.evidence.0.clone();
        Self { decision: decision.into(), evidence, review: review.map(FraudReviewView::from) }
    }
}

impl From<Assessment> for FraudAssessment {
    fn from(Assessment { evidence, verdict, reasons }: Assessment) -> Self {
        Self { verdict, reasons, evidence }
    }
}

impl From<ReviewRow> for FraudReviewView {
    fn from(row: ReviewRow) -> Self {
        let state = row.review.state();
        let ReviewRow { payment_id, decision_id, opened_at, review, .. } = row;
        let mut view = Self {
            payment_id,
            decision_id,
            state,
            assignee: None,
            opened_at,
            fraud: None,
            reason: None,
            decided_by: None,
            ended_at: None,
        };
        match review {
            Review::Waiting { assignee } => view.assignee = assignee,
            Review::Decided(Finding { fraud, reason, by, at }) => {
                view.fraud = Some(fraud);
                view.reason = Some(reason);
                view.decided_by = Some(by);
                view.ended_at = Some(at);
            }
            Review::Expired { at } | Review::Closed { at } => view.ended_at = Some(at),
        }
        view
    }
}

impl From<Queued> for FraudQueueView {
    fn from(Queued { row, evidence, verdict }: Queued) -> Self {
        Self { review: row.into(), facts: evidence.facts, verdict }
    }
}

impl From<Alert> for FraudAlertView {
    fn from(Alert { id, payment_id, kind, score, reasons, raised_at }: Alert) -> Self {
        Self { id, payment_id, kind, score, reasons: reasons.0, raised_at }
    }
}

impl From<Simulation> for FraudSimulationView {
    fn from(simulation: Simulation) -> Self {
        let Simulation {
            id,
            rule_set_version,
            from_at: from,
            to_at: to,
            state,
            tally,
            asked_at,
            done_at,
            ..
        } = simulation;
        Self { id, rule_set_version, from, to, state, tally: tally.0, asked_at, done_at }
    }
}

impl From<Listed> for FraudListedView {
    fn from(Listed { entry, note }: Listed) -> Self {
        Self { entry, note }
    }
}
