//! Judging a payment: what is known is read, the decision made, journaled and told, and the payment counts from then on;
//! what it says of people is learnt once it is approved. Nothing of the history is read.

use std::time::Duration;

use contracts::Timestamp;
use contracts::events::wallet::{RiskAssessed, RiskDecision};
use kernel::store::{Json, StoreError, Tx};

use crate::domain::evidence::{Evidence, Known};
use crate::domain::facts::{Facts, Field, Subject, networks};
use crate::domain::model::Model;
use crate::domain::profile::{Profile, others};
use crate::domain::review::Review;
use crate::domain::rules::{Judge, RuleSet};
use crate::domain::verdict::{FailureKind, Verdict};
use crate::domain::{AlertKind, FraudAlertRaised, PaymentName};
use crate::error::Error;
use crate::jobs::ExpireReview;
use crate::judges;
use crate::store::{self, Alert, Decision, Match, ReviewRow};

/// What is done with a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// Others are told, and a person is asked where the rules say so.
    Acts,
    /// It is journaled alone.
    Observes,
}

/// What would be decided, and why.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// What is known.
    pub evidence: Evidence,
    /// The decision.
    pub verdict: Verdict,
    /// What would be told as reasons.
    pub reasons: Vec<String>,
}

/// The list that says in which country an address is.
const COUNTRIES: &str = "countries";
/// What devices and addresses are marked for, so that no profile names one.
const MARKS: &[u8] = b"fraud profiles";
/// 22 letters of a mark are 128 bits of it.
const MARK_LETTERS: usize = 22;

/// Judges a payment; one that was judged before is left as it is.
pub fn judge(
    tx: &mut Tx<'_>,
    payment: &PaymentName,
    facts: Facts,
    consequence: Consequence,
    late: bool,
) -> Result<(), Error> {
    let (judged, published) = store::standing(tx, payment)?;
    if judged {
        return Ok(());
    }
    let judge = judges::of(tx, published)?;
    let facts = facts.kept();
    let names = names(tx, &facts);
    let mut known = store::lock_known(tx, &names)?;
    let evidence = gathered(tx, facts, &names, &known)?;
    let verdict = verdict(&evidence, &judge, late)?;
    let reasons = verdict.reasons(judge.set().model_weight);
    let decision = Decision {
        id: tx.new_id(),
        payment_id: payment.clone(),
        evidence: Json(evidence),
        verdict: Json(verdict),
        reasons: Json(reasons),
        decided_at: tx.now(),
    };
    if !store::insert_decision(tx, &decision)? {
        return Ok(());
    }
    let (facts, decided) = (&decision.evidence.0.facts, decision.verdict.0.decision);
    remember(&mut known, &names, facts, decided);
    store::put_profiles(tx, &names, &known)?;
    store::add_hits(tx, &decision.verdict.0)?;
    match consequence {
        Consequence::Acts => act(tx, &decision, judge.set()),
        Consequence::Observes => Ok(()),
    }
}

/// What would be decided on a payment now; nothing is remembered of it.
pub fn assess(tx: &mut Tx<'_>, facts: Facts) -> Result<Assessment, Error> {
    let published = store::published(tx)?;
    let judge = judges::of(tx, published)?;
    let facts = facts.kept();
    let names = names(tx, &facts);
    let known = store::known(tx, &names)?;
    let evidence = gathered(tx, facts, &names, &known)?;
    let verdict = verdict(&evidence, &judge, false)?;
    let reasons = verdict.reasons(judge.set().model_weight);
    Ok(Assessment { evidence, verdict, reasons })
}

/// The decision that a rule set makes of evidence.
pub fn verdict(evidence: &Evidence, judge: &Judge, late: bool) -> Result<Verdict, Error> {
    let model = Model::present()?;
    Ok(match judge {
        _ if late => Verdict::failed(evidence, judge, model, FailureKind::TimedOut),
        Judge::Asks(rules) => Verdict::of(evidence, rules, model),
        Judge::Unreadable { .. } => Verdict::failed(evidence, judge, model, FailureKind::Unreadable),
    })
}

/// What the payment's subjects are called in profiles: people by their ids, devices and addresses by a mark.
fn names(tx: &Tx<'_>, facts: &Facts) -> [Option<String>; 4] {
    let [payer, payee, device, address] = facts.named();
    if device.is_none() && address.is_none() {
        return [payer, payee, None, None];
    }
    let macs = tx.keys().keyring.macs(MARKS);
    let mark = |text: String| -> String {
        let mark = macs.mark(text.as_bytes());
        mark.rsplit('.').next().unwrap_or_default().chars().take(MARK_LETTERS).collect()
    };
    [payer, payee, device.map(mark), address.map(mark)]
}

fn gathered(
    tx: &mut Tx<'_>,
    facts: Facts,
    names: &[Option<String>; 4],
    known: &Known,
) -> Result<Evidence, StoreError> {
    let mut evidence = Evidence::gather(facts, names, known);
    let asked: Vec<(String, Field)> = Field::ALL
        .into_iter()
        .map(|field| (evidence.text(field), field))
        .chain(networks(&evidence.text(Field::Address)).into_iter().map(|network| (network, Field::Address)))
        .filter(|(text, _)| !text.is_empty())
        .collect();
    let values: Vec<String> = asked.iter().map(|(text, _)| text.clone()).collect();
    let found = store::matches(tx, &values)?;
    // The smallest network is asked first, and it knows best.
    let in_country = |text: &String| {
        found.iter().find(|found| found.list == COUNTRIES && found.entry == *text)?.note.clone()
    };
    evidence.country =
        asked.iter().filter(|(_, field)| *field == Field::Address).find_map(|(text, _)| in_country(text));
    note(&mut evidence, &asked, found);
    if let Some(country) = evidence.country.clone() {
        let found = store::matches(tx, std::slice::from_ref(&country))?;
        note(&mut evidence, &[(country, Field::Country)], found);
    }
    Ok(evidence)
}

fn note(evidence: &mut Evidence, asked: &[(String, Field)], found: Vec<Match>) {
    for Match { list, entry, .. } in found {
        for (_, field) in asked.iter().filter(|(text, _)| *text == entry) {
            evidence.list(list.clone(), *field);
        }
    }
}

/// Every payment counts, so that trying often is seen; only what is approved makes people known to each other.
fn remember(known: &mut Known, names: &[Option<String>; 4], facts: &Facts, decided: RiskDecision) {
    let at_ms = facts.at.as_millis();
    for (subject, known) in Subject::ALL.into_iter().zip(known) {
        if names[subject as usize].is_some() {
            let (_, profile) = known.get_or_insert_with(|| (facts.at, Profile::default()));
            let others = others(subject, names);
            profile.add(at_ms, facts.currency, &others);
            if decided == RiskDecision::Approve {
                profile.learn(at_ms, facts.amount, facts.currency, &others);
            }
        }
    }
}

/// Learns of a payment that is approved after it was judged.
pub fn learn(tx: &mut Tx<'_>, facts: &Facts) -> Result<(), StoreError> {
    let names = names(tx, facts);
    let mut known = store::lock_known(tx, &names)?;
    for (subject, known) in Subject::ALL.into_iter().zip(&mut known) {
        // Who is not there was erased since, and stays forgotten.
        if let Some((_, profile)) = known {
            profile.learn(facts.at.as_millis(), facts.amount, facts.currency, &others(subject, &names));
        }
    }
    store::put_profiles(tx, &names, &known)
}

fn act(tx: &mut Tx<'_>, decision: &Decision, set: &RuleSet) -> Result<(), Error> {
    let (verdict, payment) = (&decision.verdict.0, &decision.payment_id);
    if verdict.decision == RiskDecision::Review {
        let (payment_id, decision_id) = (payment.clone(), decision.id);
        let review = Review::Waiting { assignee: None };
        store::insert_review(
            tx,
            &ReviewRow { payment_id, decision_id, opened_at: tx.now(), review, version: 1 },
        )?;
        if set.unreviewed != RiskDecision::Review {
            let expire = ExpireReview { payment: payment.clone(), then: set.unreviewed };
            tx.enqueue_at(&expire, after_hours(tx.now(), set.review_hours))?;
        }
    }
    tell(tx, decision, verdict.decision, decision.reasons.0.clone())?;
    if verdict.failure.is_some() {
        alert(tx, decision, AlertKind::RulesFailed)?;
    }
    if verdict.decision == RiskDecision::Block {
        alert(tx, decision, AlertKind::Blocked)?;
    }
    Ok(())
}

fn after_hours(at: Timestamp, hours: u32) -> Timestamp {
    at.saturating_add(Duration::from_secs(u64::from(hours) * 3_600))
}

/// Tells what a payment is judged to be, now.
pub fn tell(
    tx: &mut Tx<'_>,
    decision: &Decision,
    decided: RiskDecision,
    reasons: Vec<String>,
) -> Result<(), StoreError> {
    let (payment_id, score) = (decision.payment_id.to_string(), decision.verdict.0.score);
    tx.publish(&decision.payment_id, &RiskAssessed { payment_id, decision: decided, score, reasons })?;
    Ok(())
}

/// Tells people who look after fraud, and keeps what they are told.
pub fn alert(tx: &mut Tx<'_>, decision: &Decision, kind: AlertKind) -> Result<(), StoreError> {
    let (payment_id, score) = (decision.payment_id.clone(), decision.verdict.0.score);
    let (id, raised_at, reasons) = (tx.new_id(), tx.now(), decision.reasons.clone());
    store::insert_alert(tx, &Alert { id, payment_id, kind, score, reasons, raised_at })?;
    let (payment_id, reasons) = (decision.payment_id.to_string(), decision.reasons.0.clone());
    tx.publish(&decision.payment_id, &FraudAlertRaised { payment_id, kind, score, reasons })?;
    Ok(())
}
