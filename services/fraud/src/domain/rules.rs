//! Rule sets: data of a version, which a person writes as a draft and publishes.

use std::collections::BTreeSet;

use contracts::events::wallet::RiskDecision;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::language::{self, Expr};
use super::{Condition, RuleName};

/// A rule: when it speaks and what its word counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FraudRule)]
pub struct Rule {
    /// What it is called.
    pub name: RuleName,
    /// When it speaks.
    pub when: Condition,
    /// What is added to the score then; below 0 it speaks for the payment.
    #[schema(minimum = -1000, maximum = 1000)]
    pub score: i32,
    /// Whether it is only watched: what it says is counted and changes no decision.
    #[serde(default)]
    pub shadow: bool,
}

/// What payments are judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FraudRuleSet, example = json!({
    "rules": [{"name": "new_payee_large_amount", "when": "is_new(\"payer\", \"payee\") and amount > 100_000", "score": 300}],
    "review_at": 400, "block_at": 800, "model_weight": 60, "on_failure": "review", "unreviewed": "block",
    "review_hours": 24, "fuel": 10000}))]
pub struct RuleSet {
    /// Its rules, 0 to 200.
    #[schema(max_items = 200)]
    pub rules: Vec<Rule>,
    /// From this score on a person looks at a payment; 1001 is never.
    #[schema(minimum = 1, maximum = 1001)]
    pub review_at: u32,
    /// From this score on it is blocked; 1001 is never.
    #[schema(minimum = 1, maximum = 1001)]
    pub block_at: u32,
    /// How many hundredths of the model's score are added to that of the rules.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100)]
    pub model_weight: u32,
    /// What is decided where the rules cannot be evaluated.
    pub on_failure: RiskDecision,
    /// What is decided where nobody reviews a payment in time; `review` is to wait on.
    pub unreviewed: RiskDecision,
    /// How long a payment waits for a review, in hours.
    #[schema(minimum = 1, maximum = 720)]
    pub review_hours: u32,
    /// What all rules together may cost: about one for each word of those that are asked.
    #[serde(default = "fuel_default")]
    #[schema(minimum = 1, maximum = 100_000)]
    pub fuel: u32,
}

/// How far a rule set has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FraudRuleSetStatus)]
pub enum Status {
    /// Nothing is judged by it yet.
    Draft,
    /// Everything is judged by it.
    Published,
    /// Another one took its place.
    Archived,
}

/// Why a rule set cannot be published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FraudRuleProblem)]
pub struct RuleProblem {
    /// The rule, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rule: Option<String>,
    /// The letter of its condition, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub at: Option<usize>,
    /// What is wrong.
    pub message: String,
}

/// A rule set that can be asked.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The set.
    pub set: RuleSet,
    /// Its version.
    pub version: u32,
    /// The conditions of its rules.
    conditions: Vec<Expr>,
}

/// A rule set that judges.
#[derive(Clone, Debug)]
pub enum Judge {
    /// It can be asked.
    Asks(Compiled),
    /// It cannot; its posture decides.
    Unreadable {
        /// Its version.
        version: u32,
        /// The set.
        set: RuleSet,
        /// What is wrong with it.
        problems: Vec<RuleProblem>,
    },
}

/// The most rules of a set.
pub const RULES_MAX: usize = 200;
/// What a score can be at most; a threshold above it is never reached.
pub const SCORE_MAX: u32 = 1_000;
/// The version of the rule set that holds until a project publishes one.
pub const BUILT_IN: u32 = 0;

fn fuel_default() -> u32 {
    10_000
}

impl RuleSet {
    /// What holds until a project publishes rules of its own.
    pub fn built_in() -> Self {
        let rule = |name: &str, when: &str, score| {
            let (name, when) = (RuleName(name.into()), Condition(when.into()));
            Rule { name, when, score, shadow: false }
        };
        Self {
            rules: vec![
                rule("blocked_party", r#"in_list("blocked", payer) or in_list("blocked", payee)"#, 1_000),
                rule("blocked_device", r#"in_list("blocked", device) or in_list("blocked", address)"#, 1_000),
                // It says nothing where a block list does: who is trusted may not pay who is blocked either.
                rule(
                    "trusted_payer",
                    concat!(
                        r#"in_list("trusted", payer) and not (in_list("blocked", payer) or in_list("blocked", payee)"#,
                        r#" or in_list("blocked", device) or in_list("blocked", address))"#
                    ),
                    -500,
                ),
                rule("many_payments", r#"count("payer", "1h") >= 20"#, 300),
                rule(
                    "many_payees",
                    r#"distinct("payer", "payee", "24h") >= 10 and is_new("payer", "payee")"#,
                    300,
                ),
                rule(
                    "shared_device",
                    r#"distinct("device", "payer", "7d") >= 5 and is_new("payer", "device")"#,
                    300,
                ),
                rule("shared_address", r#"distinct("address", "payer", "1h") >= 10"#, 200),
                rule(
                    "unusual_amount",
                    r#"approved("payer", "30d") >= 3 and amount / 10 > sum("payer", "30d") / max(approved("payer", "30d"), 1)"#,
                    250,
                ),
                rule(
                    "fresh_account",
                    r#"age_days("payer") < 1 and distinct("payer", "payee", "24h") >= 3"#,
                    150,
                ),
            ],
            review_at: 600,
            block_at: 900,
            model_weight: 50,
            on_failure: RiskDecision::Review,
            unreviewed: RiskDecision::Block,
            review_hours: 24,
            fuel: fuel_default(),
        }
    }

    /// The set as it can be asked, or all that is wrong with it.
    pub fn compile(&self, version: u32) -> Result<Compiled, Vec<RuleProblem>> {
        let (mut conditions, mut problems, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
        for rule in &self.rules {
            let problem = |at, message| RuleProblem { rule: Some(rule.name.to_string()), at, message };
            if !names.insert(&rule.name) {
                problems.push(problem(None, "another rule has this name".to_owned()));
            }
            match language::compile(rule.when.as_str()) {
                Ok(condition) => conditions.push(condition),
                Err(bad) => problems.push(problem(Some(bad.at), bad.why)),
            }
        }
        if self.review_at > self.block_at {
            let message = "`review_at` is above `block_at`: nothing would be reviewed".to_owned();
            problems.push(RuleProblem { rule: None, at: None, message });
        }
        if problems.is_empty() {
            Ok(Compiled { set: self.clone(), version, conditions })
        } else {
            Err(problems)
        }
    }

    /// What is wrong with it.
    pub fn problems(&self) -> Vec<RuleProblem> {
        self.compile(BUILT_IN).err().unwrap_or_default()
    }

    /// What a score comes to.
    pub fn decision(&self, score: u32) -> RiskDecision {
        if score >= self.block_at {
            RiskDecision::Block
        } else if score >= self.review_at {
            RiskDecision::Review
        } else {
            RiskDecision::Approve
        }
    }
}

impl Compiled {
    /// Its rules with their conditions.
    pub(super) fn rules(&self) -> impl Iterator<Item = (&Rule, &Expr)> {
        self.set.rules.iter().zip(&self.conditions)
    }
}

impl Judge {
    /// What a set is when it judges.
    pub fn of(set: RuleSet, version: u32) -> Self {
        match set.compile(version) {
            Ok(compiled) => Self::Asks(compiled),
            Err(problems) => Self::Unreadable { version, set, problems },
        }
    }

    /// The set.
    pub fn set(&self) -> &RuleSet {
        match self {
            Self::Asks(compiled) => &compiled.set,
            Self::Unreadable { set, .. } => set,
        }
    }

    /// Its version.
    pub fn version(&self) -> u32 {
        match self {
            Self::Asks(compiled) => compiled.version,
            Self::Unreadable { version, .. } => *version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_can_be_asked() {
        let set = RuleSet::built_in();
        assert_eq!(set.problems(), Vec::new());
        for rule in set.rules {
            let again = Condition::try_from(rule.when.to_string());
            assert_eq!(again.as_ref(), Ok(&rule.when), "a project can write it as well");
        }
    }

    #[test]
    fn a_score_comes_to_what_the_thresholds_say() {
        let set = |review_at, block_at| RuleSet { review_at, block_at, ..RuleSet::built_in() };
        use RiskDecision::{Approve, Block, Review};
        for (review_at, block_at, expected) in [
            (1, 1, [Approve, Block, Block, Block, Block]),
            (400, 800, [Approve, Approve, Review, Block, Block]),
            (400, 400, [Approve, Approve, Block, Block, Block]),
            (400, 1_001, [Approve, Approve, Review, Review, Review]),
            (1_000, 1_000, [Approve, Approve, Approve, Approve, Block]),
            (1_001, 1_001, [Approve; 5]),
        ] {
            let found = [0, 399, 400, 800, 1_000].map(|score| set(review_at, block_at).decision(score));
            assert_eq!(found, expected, "{review_at} {block_at}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let mut set = RuleSet { review_at: 900, block_at: 800, ..RuleSet::built_in() };
        set.rules.truncate(2);
        set.rules[1].name = set.rules[0].name.clone();
        set.rules[0].when = Condition("amount >".into());
        let problems = set.problems();
        let told: Vec<_> = problems.iter().map(|problem| (problem.rule.is_some(), problem.at)).collect();
        assert_eq!(told, [(true, Some(9)), (true, None), (false, None)]);
    }
}
