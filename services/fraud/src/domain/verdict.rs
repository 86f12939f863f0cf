//! The decision on a payment and what explains it: a pure function of the evidence, the rule set and the model.

use contracts::events::wallet::RiskDecision;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::evidence::Evidence;
use super::language::{Asked, Fuel, Trouble};
use super::model::Model;
use super::rules::{Compiled, Judge, Rule, SCORE_MAX};

/// A decision, with all that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FraudVerdict)]
pub struct Verdict {
    /// The decision.
    pub decision: RiskDecision,
    /// From 0, harmless, to 1000.
    pub score: u32,
    /// The model's score, of which the rule set takes a part.
    pub model_score: u32,
    /// The model's version.
    pub model_version: String,
    /// The rule set's version; 0 is the built-in one.
    pub rule_set_version: u32,
    /// The rules that spoke.
    pub hits: Vec<Hit>,
    /// Why the rules could not be evaluated, where the posture decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure: Option<Failure>,
}

/// A rule that spoke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FraudHit)]
pub struct Hit {
    /// The rule.
    pub rule: String,
    /// What it counts.
    pub score: i32,
    /// Whether it is only watched.
    #[serde(default)]
    pub shadow: bool,
}

/// Why the rules could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FraudFailure)]
pub struct Failure {
    /// The rule, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rule: Option<String>,
    /// What went wrong.
    pub trouble: FailureKind,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FraudFailureKind)]
pub enum FailureKind {
    /// The rules cost more than they may.
    OutOfFuel,
    /// A number has no room in 64 bits.
    Overflow,
    /// Something was divided by zero.
    DivisionByZero,
    /// The rule set is none that can be asked.
    Unreadable,
    /// The decision was asked for longer ago than the project waits.
    TimedOut,
}

/// The reason that is told where the model has a part in the score.
const MODEL: &str = "model";
/// The reason that is told where the posture decided.
const FAILED: &str = "rules_failed";

impl From<Trouble> for FailureKind {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::OutOfFuel => Self::OutOfFuel,
            Trouble::Overflow => Self::Overflow,
            Trouble::DivisionByZero => Self::DivisionByZero,
            Trouble::Unreadable => Self::Unreadable,
        }
    }
}

impl Verdict {
    /// Judges a payment.
    pub fn of(evidence: &Evidence, rules: &Compiled, model: &Model) -> Self {
        let (set, model_score) = (&rules.set, model.score(evidence));
        let asked = Asked { evidence, model: i64::from(model_score) };
        let (mut hits, mut failure) = (Vec::new(), None);
        let mut score = i64::from(model_score * set.model_weight / 100);
        let (mut fuel, mut fuel_of_shadows) = (Fuel(set.fuel), Fuel(set.fuel));
        for (rule, condition) in rules.rules() {
            // What is only watched has fuel of its own, so that it cannot make a rule that counts fail.
            let fuel = if rule.shadow { &mut fuel_of_shadows } else { &mut fuel };
            match asked.holds(condition, fuel) {
                Ok(true) => {
                    hits.push(Hit::of(rule));
                    score += if rule.shadow { 0 } else { i64::from(rule.score) };
                }
                Ok(false) => {}
                Err(_) if rule.shadow => {}
                Err(trouble) => {
                    failure.get_or_insert(Failure {
                        rule: Some(rule.name.to_string()),
                        trouble: trouble.into(),
                    });
                }
            }
        }
        let score = u32::try_from(score.clamp(0, i64::from(SCORE_MAX))).unwrap_or_default();
        let decision = if failure.is_some() { set.on_failure } else { set.decision(score) };
        let (model_version, rule_set_version) = (model.version.clone(), rules.version);
        Self { decision, score, model_score, model_version, rule_set_version, hits, failure }
    }

    /// The rule set's posture, without having asked a rule.
    pub fn failed(evidence: &Evidence, judge: &Judge, model: &Model, why: FailureKind) -> Self {
        Self {
            decision: judge.set().on_failure,
            score: 0,
            model_score: model.score(evidence),
            model_version: model.version.clone(),
            rule_set_version: judge.version(),
            hits: Vec::new(),
            failure: Some(Failure { rule: None, trouble: why }),
        }
    }

    /// What is told to others as reasons: the rules that count, and the model where it has a part.
    pub fn reasons(&self, model_weight: u32) -> Vec<String> {
        let spoke = self.hits.iter().filter(|hit| !hit.shadow).map(|hit| hit.rule.clone());
        let model = (self.model_score * model_weight / 100 > 0).then(|| MODEL.to_owned());
        let failed = self.failure.as_ref().map(|_| FAILED.to_owned());
        spoke.chain(model).chain(failed).collect()
    }
}

impl Hit {
    fn of(rule: &Rule) -> Self {
        Self { rule: rule.name.to_string(), score: rule.score, shadow: rule.shadow }
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
