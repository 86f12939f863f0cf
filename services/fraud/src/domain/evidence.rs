//! All that a rule or the model can ask of a payment, as it was when it was judged. It is journaled whole, so that any
//! rule, also one that is written later, can be asked again.

use std::collections::{BTreeMap, BTreeSet};

use contracts::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::{Facts, Field, Subject};
use super::profile::{Profile, Window};

/// What is known of the subjects of a payment, in their order.
pub type Known = [Option<(Timestamp, Profile)>; 4];

/// All that a rule can ask. The numbers go by subject (payer, payee, device, address), then by window (10m, 1h, 24h, 7d,
/// 30d); they say what went before the payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FraudEvidence)]
pub struct Evidence {
    /// The payment.
    pub facts: Facts,
    /// The address's country, as the list `countries` has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub country: Option<String>,
    /// The lists that name something of the payment, and what.
    pub lists: BTreeMap<String, BTreeSet<Field>>,
    /// Payments that were tried, by subject and window.
    pub counts: [[i64; 5]; 4],
    /// Those that were approved in the payment's currency, by subject and window; of payments of before this was told apart
    /// nothing is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub approved: Option<[[i64; 5]; 4]>,
    /// What they came to, by subject and window.
    pub sums: [[i64; 5]; 4],
    /// Different others, by subject, kind of other and window.
    pub distinct: [[[i64; 5]; 4]; 4],
    /// Whether the subject has had an approved payment with this payment's other before, by subject and kind of other.
    pub met: [[bool; 4]; 4],
    /// Days since each subject was first heard of.
    pub ages_days: [i64; 4],
}

impl Evidence {
    /// What is known at the time of a payment; `names` is what its subjects are called in profiles.
    pub fn gather(facts: Facts, names: &[Option<String>; 4], known: &Known) -> Self {
        let (at_ms, currency) = (facts.at.as_millis(), facts.currency);
        let mut approved = [[0; 5]; 4];
        let mut evidence = Self {
            country: None,
            lists: BTreeMap::new(),
            counts: Default::default(),
            approved: None,
            sums: Default::default(),
            distinct: Default::default(),
            met: Default::default(),
            ages_days: Default::default(),
            facts,
        };
        for (at, known) in known.iter().enumerate() {
            let Some((since, profile)) = known else { continue };
            let age_ms = at_ms.saturating_sub(since.as_millis()).max(0);
            evidence.ages_days[at] = age_ms / 86_400_000;
            for (of, window) in Window::ALL.into_iter().enumerate() {
                evidence.counts[at][of] = profile.count(window, at_ms);
                approved[at][of] = profile.approved(window, currency, at_ms);
                evidence.sums[at][of] = profile.sum(window, currency, at_ms);
                for (other, subject) in Subject::ALL.into_iter().enumerate() {
                    evidence.distinct[at][other][of] = profile.distinct(subject, window, at_ms);
                }
            }
            for (other, subject) in Subject::ALL.into_iter().enumerate() {
                let name = names[other].as_deref();
                evidence.met[at][other] = name.is_some_and(|name| profile.knows(subject, name));
            }
        }
        evidence.approved = Some(approved);
        evidence
    }

    /// Notes that a list names something of the payment.
    pub fn list(&mut self, list: String, field: Field) {
        self.lists.entry(list).or_default().insert(field);
    }

    /// Whether a list names it.
    pub fn is_listed(&self, list: &str, field: Field) -> bool {
        self.lists.get(list).is_some_and(|fields| fields.contains(&field))
    }

    /// Payments of a subject that were tried in a window.
    pub fn count(&self, subject: Subject, window: Window) -> i64 {
        self.counts[subject as usize][window as usize]
    }

    /// Those that were approved, in the payment's currency.
    pub fn approved(&self, subject: Subject, window: Window) -> i64 {
        // Before they were told apart all payments stood for them: a decision of then is made again as it was made.
        self.approved.unwrap_or(self.counts)[subject as usize][window as usize]
    }

    /// What they came to.
    pub fn sum(&self, subject: Subject, window: Window) -> i64 {
        self.sums[subject as usize][window as usize]
    }

    /// Different others that a subject met in a window.
    pub fn distinct(&self, subject: Subject, other: Subject, window: Window) -> i64 {
        self.distinct[subject as usize][other as usize][window as usize]
    }

    /// Whether both are there, and no payment of the subject with the other was approved before.
    pub fn is_new(&self, subject: Subject, other: Subject) -> bool {
        let named = |subject: Subject| match subject {
            Subject::Payer => self.facts.payer.is_some(),
            Subject::Payee => self.facts.payee.is_some(),
            Subject::Device => self.facts.device.is_some(),
            Subject::Address => self.facts.address.is_some(),
        };
        named(subject) && named(other) && !self.met[subject as usize][other as usize]
    }

    /// Days since a subject was first heard of.
    pub fn age_days(&self, subject: Subject) -> i64 {
        self.ages_days[subject as usize]
    }

    /// The text of a field; what is not known is empty.
    pub fn text(&self, field: Field) -> String {
        let facts = &self.facts;
        match field {
            Field::Payer => facts.payer.map(|payer| payer.to_string()).unwrap_or_default(),
            Field::Payee => facts.payee.map(|payee| payee.to_string()).unwrap_or_default(),
            Field::Device => facts.device.clone().unwrap_or_default(),
            Field::Address => facts.address.clone().unwrap_or_default(),
            Field::Country => self.country.clone().unwrap_or_default(),
            Field::Currency => facts.currency.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::{Currency, Id, UserId};

    use super::super::facts::Source;
    use super::*;

    #[test]
    fn evidence_of_before_refusals_were_told_apart_says_what_it_said_then() {
        let facts = Facts {
            source: Source::Wallet,
            amount: 1,
            currency: Currency::INR,
            payer: Some(UserId::from_u128(1)),
            payee: None,
            device: None,
            address: None,
            at: Timestamp::from_millis(0),
        };
        let mut evidence = Evidence::gather(facts, &Default::default(), &Default::default());
        evidence.counts[0] = [0, 1, 2, 2, 9];
        assert_eq!(evidence.approved(Subject::Payer, Window::Month), 0);
        evidence.approved = None;
        let text = serde_json::to_string(&evidence).unwrap();
        assert!(!text.contains("approved"), "{text}");
        let read: Evidence = serde_json::from_str(&text).unwrap();
        assert_eq!(read.approved(Subject::Payer, Window::Month), 9);
    }
}
