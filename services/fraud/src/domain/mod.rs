//! What a payment is judged by, without any I/O: `facts` (what is known of it), `profile` (what went before, in windows;
//! `packed`, how it is kept),
//! `evidence` (both in one, all that a rule can ask), `language` (how a rule is written), `model` (a trained score),
//! `rules` (rule sets), `verdict` (the decision and why), `review` (what people make of it), `tally` (what other rules
//! would have made of it).

pub mod evidence;
pub mod facts;
pub mod language;
pub mod model;
pub mod packed;
pub mod profile;
pub mod review;
pub mod rules;
pub mod tally;
pub mod verdict;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

contracts::ids! {
    /// One decision of the journal; ids are ordered by time.
    DecisionId = "dec";
    /// One alert; ids are ordered by time.
    AlertId = "alr";
    /// One replay of the journal with other rules.
    SimulationId = "sim";
}

contracts::texts! {
    /// A payment, a wallet's or a provider's, by its id.
    PaymentName: is_payment_name, "^[A-Za-z0-9_-]{1,64}$", "wpay_01jd3sa4k8qm7v2x9c5f0t6w1b",
        "1 to 64 of letters, digits, `_` and `-`";
    /// The name of a rule.
    RuleName: is_name, "^[a-z][a-z0-9_]{0,49}$", "new_payee_large_amount",
        "1 to 50 of a-z, 0-9 and `_`, beginning with a letter";
    /// The name of a list.
    ListName: is_name, "^[a-z][a-z0-9_]{0,49}$", "stolen_devices",
        "1 to 50 of a-z, 0-9 and `_`, beginning with a letter";
    /// When a rule speaks, in the language of rules.
    Condition: is_condition, r"^[^\x00-\x1f\x7f-\x9f]{1,1000}$", "is_new(\"payer\", \"payee\") and amount > 100_000",
        "1 to 1,000 printable characters";
    /// What a list names: a user, a device, an address, a network, a country or a currency.
    Entry: is_entry, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "203.0.113.0/24", "1 to 200 printable characters";
    /// What is to be remembered of an entry of a list; in the list `countries` the country.
    Note: is_entry, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "IN", "1 to 200 printable characters";
    /// Why somebody decided as they did.
    Reason: is_entry, r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "The customer confirmed it on the phone.",
        "1 to 200 printable characters";
}

/// What somebody has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FraudAlertKind)]
pub enum AlertKind {
    /// A payment was blocked.
    Blocked,
    /// The rules could not be evaluated; the rule set's posture decided.
    RulesFailed,
    /// Nobody looked at a payment in time; the rule set's word for that decided.
    ReviewOverdue,
}

/// Something happened that people who look after fraud want to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FraudAlertRaised {
    /// The payment.
    pub payment_id: String,
    /// What it is about.
    pub kind: AlertKind,
    /// The payment's score, from 0 to 1000.
    pub score: u32,
    /// The names of the rules that spoke.
    pub reasons: Vec<String>,
}

/// Payments are judged by other rules from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FraudRuleSetPublished)]
pub struct RuleSetPublished {
    /// The rule set's version.
    pub version: u32,
    /// Who published it, as callers are named.
    pub by: String,
}

impl PaymentName {
    /// The name of a payment or an order of ours.
    pub fn of(id: impl contracts::Id) -> Self {
        Self(id.to_string().into())
    }
}

impl contracts::Event for RuleSetPublished {
    const TYPE: &'static str = "fraud.rule_set.published";
}

impl contracts::Event for FraudAlertRaised {
    const TYPE: &'static str = "fraud.alert.raised";
}

fn is_payment_name(text: &str) -> bool {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(sound)
}

fn is_name(text: &str) -> bool {
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= 50 && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(sound)
}

fn is_printable(text: &str, letters_max: usize) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control) && text.chars().count() <= letters_max
}

fn is_condition(text: &str) -> bool {
    is_printable(text, 1_000)
}

fn is_entry(text: &str) -> bool {
    is_printable(text, 200)
}
