//! What a decision is made of: thresholds, shadows, failures, and that it is the same whenever it is made again.

use contracts::{Currency, Id, Timestamp, UserId};
use proptest::prelude::*;

use super::*;
use crate::domain::facts::{Facts, Field, Source, Subject};
use crate::domain::profile::Profile;
use crate::domain::rules::RuleSet;
use crate::domain::{Condition, RuleName};

fn evidence(amount: i64, payments: u8, listed: bool) -> Evidence {
    let at = Timestamp::from_millis(1_767_225_600_000);
    let facts = Facts {
        source: Source::Wallet,
        amount,
        currency: Currency::INR,
        payer: Some(UserId::from_u128(1)),
        payee: Some(UserId::from_u128(2)),
        device: None,
        address: Some("203.0.113.9".to_owned()),
        at,
    };
    let mut profile = Profile::default();
    for payment in 0..payments {
        let before_ms = at.as_millis() - i64::from(payment) * 700_000;
        profile.add(before_ms, Currency::INR, &facts.named());
        profile.learn(before_ms, 1_000, Currency::INR, &facts.named());
    }
    let names = facts.named();
    let mut evidence = Evidence::gather(facts, &names, &[Some((at, profile)), None, None, None]);
    if listed {
        evidence.list("blocked".to_owned(), Field::Payer);
    }
    evidence
}

fn rule(name: &str, when: &str, score: i32, shadow: bool) -> Rule {
    let (name, when) = (RuleName::try_from(name.to_owned()), Condition::try_from(when.to_owned()));
    Rule { name: name.unwrap(), when: when.unwrap(), score, shadow }
}

fn set(rules: Vec<Rule>) -> RuleSet {
    RuleSet { rules, review_at: 400, block_at: 800, model_weight: 0, ..RuleSet::built_in() }
}

fn judged(set: &RuleSet, evidence: &Evidence) -> Verdict {
    Verdict::of(evidence, &set.compile(3).unwrap(), Model::present().unwrap())
}

fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

fn hits(verdict: &Verdict) -> Vec<(&str, bool)> {
    verdict.hits.iter().map(|hit| (hit.rule.as_str(), hit.shadow)).collect()
}

#[test]
fn the_scores_of_the_rules_that_speak_are_added_up_and_compared() {
    let set = set(vec![
        rule("large", "amount > 1_000", 450, false),
        rule("busy", r#"count("payer", "1h") >= 3"#, 400, false),
        rule("trusted", "amount == 1_001", -100, false),
    ]);
    for (amount, payments, score, decision, spoke) in [
        (500, 0, 0, RiskDecision::Approve, vec![]),
        (1_001, 0, 350, RiskDecision::Approve, vec!["large", "trusted"]),
        (500, 4, 400, RiskDecision::Review, vec!["busy"]),
        (2_000, 4, 850, RiskDecision::Block, vec!["large", "busy"]),
    ] {
        let verdict = judged(&set, &evidence(amount, payments, false));
        assert_eq!((verdict.score, verdict.decision), (score, decision), "{amount} {payments}");
        assert_eq!(verdict.reasons(0), spoke);
        assert_eq!((verdict.rule_set_version, verdict.model_version.as_str()), (3, "1"));
    }
}

#[test]
fn a_score_ends_at_nothing_and_at_a_thousand() {
    let of = |score| {
        judged(
            &set(vec![rule("a", "true", score, false), rule("b", "true", score, false)]),
            &evidence(1, 0, false),
        )
    };
    assert_eq!((of(1_000).score, of(-1_000).score), (1_000, 0));
}

#[test]
fn the_model_counts_for_its_part_and_is_told_as_a_reason() {
    let evidence = evidence(9_999_999, 4, false);
    let part = |model_weight| judged(&RuleSet { model_weight, ..set(Vec::new()) }, &evidence);
    let whole = part(100);
    assert!(whole.model_score > 10, "{whole:?}");
    assert_eq!(whole.score, whole.model_score);
    assert_eq!(part(50).score, whole.model_score / 2);
    assert_eq!(part(0).score, 0);
    assert_eq!((whole.reasons(100), whole.reasons(0)), (vec!["model".to_owned()], Vec::new()));
}

#[test]
fn where_rules_fail_the_posture_decides_and_says_so() {
    let broken = rule("ratio", r#"amount / count("payer", "1h") > 5"#, 100, false);
    for on_failure in [RiskDecision::Approve, RiskDecision::Review, RiskDecision::Block] {
        let set =
            RuleSet { on_failure, ..set(vec![broken.clone(), rule("large", "amount > 5", 900, false)]) };
        let verdict = judged(&set, &evidence(10, 0, false));
        let failure = Failure { rule: Some("ratio".to_owned()), trouble: FailureKind::DivisionByZero };
        assert_eq!((verdict.decision, verdict.failure.as_ref()), (on_failure, Some(&failure)));
        assert_eq!(verdict.reasons(0), ["large", "rules_failed"]);
        let sound = judged(&set, &evidence(10, 1, false));
        assert_eq!((sound.decision, sound.failure), (RiskDecision::Block, None));
    }
}

#[test]
fn rules_that_cost_too_much_fail() {
    let rules = vec![rule("dear", "1 + 1 + 1 + 1 + 1 + 1 == 6", 0, false); 1];
    let set = |fuel| RuleSet { fuel, ..set(rules.clone()) };
    assert_eq!(judged(&set(13), &evidence(1, 0, false)).failure, None);
    let failed = judged(&set(12), &evidence(1, 0, false));
    let failure = Failure { rule: Some("dear".to_owned()), trouble: FailureKind::OutOfFuel };
    assert_eq!((failed.decision, failed.failure), (RiskDecision::Review, Some(failure)));
}

#[test]
fn the_built_in_rules_block_who_is_listed_and_let_others_pay() {
    let set = RuleSet::built_in();
    assert_eq!(judged(&set, &evidence(1_000, 0, true)).decision, RiskDecision::Block);
    assert_eq!(judged(&set, &evidence(1_000, 0, false)).decision, RiskDecision::Approve);
}

#[test]
fn what_is_on_a_block_list_is_blocked_whoever_pays() {
    let set = RuleSet::built_in();
    let trusted = |amount, blocked: &[Field]| {
        let mut evidence = evidence(amount, 4, false);
        evidence.list("trusted".to_owned(), Field::Payer);
        blocked.iter().for_each(|field| evidence.list("blocked".to_owned(), *field));
        judged(&set, &evidence)
    };
    for field in [Field::Payer, Field::Payee, Field::Device, Field::Address] {
        let verdict = trusted(1, &[field]);
        assert_eq!((verdict.decision, verdict.score), (RiskDecision::Block, 1_000), "{field:?}");
        assert!(!hits(&verdict).contains(&("trusted_payer", false)), "{field:?}");
    }
    assert_eq!(trusted(9_999_999, &[]).decision, RiskDecision::Approve);
    assert_eq!(hits(&trusted(9_999_999, &[])), [("trusted_payer", false), ("unusual_amount", false)]);
    let lifting = set.rules.iter().filter(|rule| rule.score < 0).map(|rule| rule.name.as_str());
    assert_eq!(lifting.collect::<Vec<_>>(), ["trusted_payer"], "nothing else speaks for a payment");
}

fn some_rule() -> impl Strategy<Value = Rule> {
    let conditions = proptest::sample::select(vec![
        "true",
        "amount > 1_000",
        "amount / (amount - 7) > 1",
        r#"count("payer", "1h") >= 2"#,
        r#"sum("payer", "24h") + amount > 5_000"#,
        r#"is_new("payer", "payee")"#,
        r#"in_list("blocked", payer)"#,
        "model > 300",
        "1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 == 9",
    ]);
    (0..1_000_u32, conditions, -1_000..=1_000i32, any::<bool>())
        .prop_map(|(name, when, score, shadow)| rule(&format!("r{name}"), when, score, shadow))
}

fn some_set() -> impl Strategy<Value = RuleSet> {
    let rules = proptest::collection::vec(some_rule(), 0..8).prop_map(|mut rules| {
        let mut seen = std::collections::BTreeSet::new();
        rules.retain(|rule| seen.insert(rule.name.clone()));
        rules
    });
    (rules, 1..=500u32, 501..=1_001u32, 0..=100u32, prop_oneof![Just(10_000), 1..60u32]).prop_map(
        |(rules, review_at, block_at, model_weight, fuel)| RuleSet {
            review_at,
            block_at,
            model_weight,
            fuel,
            ..set(rules)
        },
    )
}

fn some_evidence() -> impl Strategy<Value = Evidence> {
    (1..20_000i64, 0..12u8, any::<bool>())
        .prop_map(|(amount, payments, listed)| evidence(amount, payments, listed))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn a_decision_made_again_of_its_journal_row_is_the_same_bit_for_bit(set in some_set(), evidence in some_evidence()) {
        let verdict = judged(&set, &evidence);
        let (kept_set, kept_evidence) = (text(&set), text(&evidence));
        let (set, evidence) = (
            serde_json::from_str::<RuleSet>(&kept_set).unwrap(),
            serde_json::from_str::<Evidence>(&kept_evidence).unwrap(),
        );
        let again = judged(&set, &evidence);
        prop_assert_eq!(text(&again), text(&verdict));
        prop_assert_eq!(text(&evidence), kept_evidence);
    }

    #[test]
    fn a_shadow_changes_no_decision(set in some_set(), evidence in some_evidence()) {
        let with = judged(&set, &evidence);
        let live = RuleSet { rules: set.rules.iter().filter(|rule| !rule.shadow).cloned().collect(), ..set };
        let without = judged(&live, &evidence);
        prop_assert_eq!(with.reasons(100), without.reasons(100));
        let counted: Vec<Hit> = with.hits.iter().filter(|hit| !hit.shadow).cloned().collect();
        prop_assert_eq!(Verdict { hits: counted, ..with }, without);
    }

    #[test]
    fn a_shadow_that_speaks_is_noted(evidence in some_evidence()) {
        let verdict = judged(&set(vec![rule("watched", "true", 1_000, true)]), &evidence);
        prop_assert_eq!(hits(&verdict), vec![("watched", true)]);
        prop_assert_eq!((verdict.score, verdict.decision), (0, RiskDecision::Approve));
    }
}

#[test]
fn whoever_has_no_device_meets_none_for_the_first_time() {
    let evidence = evidence(1, 0, false);
    assert!(evidence.is_new(Subject::Payer, Subject::Payee));
    assert!(!evidence.is_new(Subject::Payer, Subject::Device));
}
