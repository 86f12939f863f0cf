//! What the oracle makes of transactions, exchanges, reversals, and of holds that are ended under their own path.

use serde::Serialize;

use super::books::{Asked, Done, Made, Oracle, Phase};

/// One leg as a caller writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leg {
    pub debit_account_id: String,
    pub credit_account_id: String,
    pub amount: i64,
    pub currency: &'static str,
    pub code: Option<i64>,
}

/// A status and a code that say no.
pub type No = (u16, &'static str);

/// What a transaction is made of, beside its legs.
#[derive(Clone, Debug, Default)]
pub struct Words {
    pub reference: Option<String>,
    pub dry_run: bool,
    /// The ids that the service gave to it and to its legs, where it did it.
    pub ids: Option<(String, Vec<String>)>,
}

impl Asked {
    /// A transfer that asks for nothing special.
    pub fn plain(id: &str, phase: Phase) -> Self {
        Self {
            id: id.to_owned(),
            phase,
            debit_account_id: None,
            credit_account_id: None,
            amount: None,
            currency: None,
            pending_id: None,
            timeout_s: 0,
            code: None,
            last: None,
            balancing_debit: false,
            balancing_credit: false,
            closing_debit: false,
            closing_credit: false,
            linked: false,
        }
    }

    pub fn between(id: &str, from: &str, to: &str, amount: i64, currency: &'static str) -> Self {
        Self {
            debit_account_id: Some(from.to_owned()),
            credit_account_id: Some(to.to_owned()),
            amount: Some(amount),
            currency: Some(currency),
            ..Self::plain(id, Phase::Transfer)
        }
    }
}

impl Oracle {
    /// Makes a transaction; what is returned is how everything stands then, which for a dry run is not kept.
    pub fn make(&mut self, legs: &[Leg], words: &Words) -> Result<Self, No> {
        self.carry_out(legs, words, None)
    }

    /// Takes a transaction back, or so much of it.
    pub fn reverse(&mut self, id: &str, wanted: Option<i64>, words: &Words) -> Result<Self, No> {
        let legs: Vec<String> = match self.made.get(id) {
            Some(made) if made.is_reversal => return Err((409, "nothing_moved")),
            Some(made) => made.legs.clone(),
            None if self.made.values().any(|made| made.legs.iter().any(|leg| leg == id)) => {
                return Err((409, "leg_of_transaction"));
            }
            None => vec![id.to_owned()],
        };
        let done: Option<Vec<&Done>> = legs.iter().map(|leg| self.done.get(leg)).collect();
        let done = done.ok_or((404, "not_found"))?;
        let moves = |done: &&Done| matches!(done.asked.phase, Phase::Transfer | Phase::Post);
        let whole: i64 = done.iter().fold(0, |sum, leg| sum.saturating_add(leg.amount));
        if !done.iter().all(moves) || whole == 0 {
            return Err((409, "nothing_moved"));
        }
        let left = whole - self.reversed.get(id).copied().unwrap_or(0);
        let amount = match wanted {
            _ if left <= 0 => return Err((409, "already_reversed")),
            Some(_) if done.len() > 1 => return Err((409, "only_whole")),
            Some(amount) if amount > left => return Err((409, "exceeds_remainder")),
            Some(amount) => amount,
            None => left,
        };
        let single = done.len() == 1;
        let back = |done: &&Done| Leg {
            debit_account_id: done.asked.credit_account_id.clone().unwrap(),
            credit_account_id: done.asked.debit_account_id.clone().unwrap(),
            amount: if single { amount } else { done.amount },
            currency: done.asked.currency.unwrap(),
            code: done.asked.code,
        };
        let legs: Vec<Leg> = done.iter().rev().map(back).collect();
        self.carry_out(&legs, words, Some((id, amount)))
    }

    fn carry_out(&mut self, legs: &[Leg], words: &Words, back: Option<(&str, i64)>) -> Result<Self, No> {
        if words.reference.as_ref().is_some_and(|name| self.references.contains(name)) {
            return Err((409, "reference_taken"));
        }
        let mut tried = self.clone();
        let given = words.ids.clone();
        let (id, ids) = given.unwrap_or_else(|| {
            (String::new(), (0..legs.len()).map(|at| format!("not given {at}")).collect())
        });
        assert_eq!(ids.len(), legs.len(), "each leg has an id");
        for (leg, id) in legs.iter().zip(&ids) {
            let asked = Asked {
                code: leg.code,
                ..Asked::between(id, &leg.debit_account_id, &leg.credit_account_id, leg.amount, leg.currency)
            };
            let (answer, _) = tried.one(&asked);
            if answer != "created" {
                return Err((409, answer));
            }
        }
        if !words.dry_run {
            tried.references.extend(words.reference.clone());
            tried.made.insert(id, Made { legs: ids, is_reversal: back.is_some() });
            if let Some((original, amount)) = back {
                *tried.reversed.entry(original.to_owned()).or_default() += amount;
            }
            *self = tried.clone();
        }
        Ok(tried)
    }

    /// Ends a hold under its own path; says where it stands then and what is left of it.
    pub fn end_hold(&mut self, asked: &Asked) -> Result<(&'static str, i64), No> {
        let id = asked.pending_id.as_deref().unwrap();
        if !self.holds.contains_key(id) {
            return Err((404, "not_found"));
        }
        match self.one(asked) {
            ("created", _) => Ok((self.holds[id].status, self.holds[id].remaining)),
            (refused, _) => Err((409, refused)),
        }
    }
}
