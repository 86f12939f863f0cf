//! A trained score: a logistic regression whose weights stand in a file of a version.
//!
//! Everything is computed in integers, so that a score is the same on every machine and for ever. The score is the
//! model's certainty in thousandths, for as many frauds as honest payments; among real payments fraud is rarer, so it
//! ranks payments and is no probability.

use std::sync::LazyLock;

use contracts::Currency;
use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::facts::{Facts, Subject};
use super::profile::Window;

/// A model of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its version, as decisions name it.
    pub version: String,
    /// What an unknown payment starts with, in millionths.
    pub bias: i64,
    /// What each feature weighs, in millionths.
    pub weights: Vec<Weight>,
}

/// What a feature weighs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// The feature.
    pub feature: String,
    /// Its weight, in millionths.
    pub weight: i64,
}

/// How many features there are.
pub const FEATURES: usize = 13;

/// Their names, in their order.
pub const FEATURE_NAMES: [&str; FEATURES] = [
    "amount",
    "amount_over_usual",
    "payer_payments_1h",
    "payer_payments_24h",
    "payer_payees_24h",
    "payee_payers_24h",
    "device_payers_7d",
    "address_payers_24h",
    "new_payee",
    "new_device",
    "new_address",
    "at_night",
    "payer_age",
];

/// 1000 / (1 + e^-z) in thousandths, at each half of z from -8 to 8.
const CURVE: [i64; 33] = [
    335, 553, 911, 1_501, 2_473, 4_070, 6_693, 10_987, 17_986, 29_312, 47_426, 75_858, 119_203, 182_426,
    268_941, 377_541, 500_000, 622_459, 731_059, 817_574, 880_797, 924_142, 952_574, 970_688, 982_014,
    989_013, 993_307, 995_930, 997_527, 998_499, 999_089, 999_447, 999_665,
];
/// The distance of two points of the curve, in millionths.
const CURVE_STEP: i64 = 500_000;
const CURVE_END: i64 = 8_000_000;

/// The model that decides; what it was trained with stands in `examples/train`.
const PRESENT: &str = include_str!("../../model/1.json");
static READ: LazyLock<Result<Model, BadModel>> = LazyLock::new(|| Model::read(PRESENT));

/// A model file that this code does not understand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the model cannot be used: {0}")]
pub struct BadModel(String);

impl Model {
    /// The model that decides.
    pub fn present() -> Result<&'static Self, BadModel> {
        READ.as_ref().map_err(Clone::clone)
    }

    /// The model of a file.
    pub fn read(text: &str) -> Result<Self, BadModel> {
        let model: Self = serde_json::from_str(text).map_err(|error| BadModel(error.to_string()))?;
        let named = model.weights.iter().map(|weight| weight.feature.as_str());
        if named.eq(FEATURE_NAMES) { Ok(model) } else { Err(BadModel("its features are others".to_owned())) }
    }

    /// The score of what is known of a payment: 0 is harmless, 1000 is fraud.
    pub fn score(&self, evidence: &Evidence) -> u32 {
        let thousandths = certainty(self.sum(&features(evidence)));
        u32::try_from(thousandths / 1_000).unwrap_or_default()
    }

    /// The weighted sum of features, in millionths.
    pub fn sum(&self, features: &[i64; FEATURES]) -> i64 {
        let product = |(weight, x): (&Weight, &i64)| i128::from(weight.weight) * i128::from(*x);
        let products = self.weights.iter().zip(features).map(product).fold(0_i128, i128::saturating_add);
        let sum = i128::from(self.bias) + products / 1_000;
        i64::try_from(sum.clamp(-i128::from(CURVE_END), i128::from(CURVE_END))).unwrap_or_default()
    }
}

/// How certain a weighted sum in millionths is, in millionths: the logistic curve, straight between its points.
pub fn certainty(sum: i64) -> i64 {
    let from_start = sum.clamp(-CURVE_END, CURVE_END) + CURVE_END;
    let (step, rest) = (from_start / CURVE_STEP, from_start % CURVE_STEP);
    let at = usize::try_from(step).unwrap_or_default();
    let low = CURVE[at];
    let high = CURVE.get(at + 1).copied().unwrap_or(low);
    low + (high - low) * rest / CURVE_STEP
}

/// What the model looks at, each in thousandths.
pub fn features(evidence: &Evidence) -> [i64; FEATURES] {
    let Facts { amount, currency, .. } = evidence.facts;
    let count = |subject, window| log2(evidence.count(subject, window));
    let distinct = |subject, other, window| log2(evidence.distinct(subject, other, window));
    let is_new = |other| i64::from(evidence.is_new(Subject::Payer, other)) * 1_000;
    [
        log2(major(amount, currency)),
        over_usual(evidence),
        count(Subject::Payer, Window::Hour),
        count(Subject::Payer, Window::Day),
        distinct(Subject::Payer, Subject::Payee, Window::Day),
        distinct(Subject::Payee, Subject::Payer, Window::Day),
        distinct(Subject::Device, Subject::Payer, Window::Week),
        distinct(Subject::Address, Subject::Payer, Window::Day),
        is_new(Subject::Payee),
        is_new(Subject::Device),
        is_new(Subject::Address),
        i64::from(evidence.facts.hour() < 6) * 1_000,
        log2(evidence.age_days(Subject::Payer)),
    ]
}

/// By how many doublings a payment is larger than the payer's approved ones of the last 30 days in its currency; nothing
/// where there were none.
fn over_usual(evidence: &Evidence) -> i64 {
    match evidence.approved(Subject::Payer, Window::Month) {
        ..=0 => 0,
        count => {
            let usual = evidence.sum(Subject::Payer, Window::Month) / count;
            (log2(evidence.facts.amount) - log2(usual)).clamp(-6_000, 6_000)
        }
    }
}

fn major(amount: i64, currency: Currency) -> i64 {
    amount / 10_i64.pow(currency.exponent())
}

/// The binary logarithm of one more than a number, in thousandths, straight between powers of two.
fn log2(number: i64) -> i64 {
    let number = number.clamp(0, i64::MAX / 2_000) + 1;
    let whole = number.ilog2();
    let power = 1_i64 << whole;
    i64::from(whole) * 1_000 + (number - power) * 1_000 / power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_rises_from_nothing_to_certainty() {
        assert_eq!((certainty(0), certainty(-CURVE_END), certainty(CURVE_END)), (500_000, 335, 999_665));
        assert_eq!((certainty(i64::MIN), certainty(i64::MAX)), (335, 999_665));
        let mut before = 0;
        for sum in (-9_000_000..9_000_000).step_by(7_919) {
            let here = certainty(sum);
            assert!(here >= before, "{sum}");
            let exact = 1e6 / (1.0 + (-sum as f64 / 1e6).exp());
            assert!(
                (here as f64 - exact).abs() < 5_000.0 || sum.abs() > CURVE_END,
                "{sum}: {here} and {exact}"
            );
            before = here;
        }
    }

    #[test]
    fn logarithms_are_near_enough() {
        for number in [0, 1, 2, 3, 7, 8, 100, 12_345, 9_999_999, i64::MAX] {
            let exact = (number.min(i64::MAX / 2_000) as f64 + 1.0).log2() * 1_000.0;
            assert!((log2(number) as f64 - exact).abs() < 90.0, "{number}");
        }
        assert_eq!(log2(-5), 0);
    }

    #[test]
    fn a_model_of_other_features_is_refused() {
        let mut model = Model::present().unwrap().clone();
        let text = |model: &Model| serde_json::to_string(model).unwrap();
        assert_eq!(Model::read(&text(&model)), Ok(model.clone()));
        model.weights.swap(0, 1);
        assert!(Model::read(&text(&model)).is_err());
        assert!(Model::read("{}").is_err());
    }

    #[test]
    fn no_sum_is_beyond_the_curve() {
        let mut model = Model::present().unwrap().clone();
        model.weights.iter_mut().for_each(|weight| weight.weight = i64::MAX);
        assert_eq!(model.sum(&[i64::MAX; FEATURES]), CURVE_END);
        assert_eq!(model.sum(&[i64::MIN; FEATURES]), -CURVE_END);
    }
}
