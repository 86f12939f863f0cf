//! What people wish at random: few accounts and ids, so that everything meets everything, and sums that just fit or
//! just do not.

use serde_json::{Value, json};

use super::books::{Asked, Oracle, Phase};
use super::deals::Leg;
use super::dice::Dice;
use crate::stage::{acc, txn};

/// One step of a history.
#[derive(Clone, Debug)]
pub enum Wish {
    Transfers {
        asked: Vec<Asked>,
        atomic: bool,
    },
    /// A single transfer, twice under one idempotency key.
    Keyed {
        asked: Asked,
        key: String,
    },
    Transaction {
        legs: Vec<Leg>,
        reference: Option<String>,
        dry_run: bool,
    },
    /// Two legs through the project's liquidity.
    Exchange {
        sell: Leg,
        buy: Leg,
        reference: Option<String>,
        dry_run: bool,
    },
    Reverse {
        id: String,
        amount: Option<i64>,
        reference: Option<String>,
        dry_run: bool,
    },
    EndHold {
        asked: Asked,
    },
    /// What is refused at the door.
    Unreadable(Value),
    /// The wallet is frozen or thawed.
    Freeze(bool),
    Seal,
    /// So many seconds pass; the jobs run, or are late.
    Wait {
        seconds: u64,
        works: bool,
    },
    Restart,
}

/// Who wishes.
pub struct Wisher {
    pub dice: Dice,
    /// Amounts that fill 64 bits are wished too.
    pub brims: bool,
    /// What was wished before, to be wished again.
    wished: Vec<Asked>,
    names: Vec<String>,
    count: u64,
}

/// The most that JSON carries exactly.
pub const MOST: i64 = (1 << 53) - 1;

/// The one among the accounts that the wallet has opened.
pub fn wallet() -> String {
    acc(1).to_string()
}

/// Whether it is an id that callers know.
fn is_given(id: &str) -> bool {
    id.starts_with("txn")
}

impl Wisher {
    pub fn new(dice: Dice, brims: bool) -> Self {
        let wallet = wallet();
        let names = ["a", "till", "b", &wallet, "outside:INR", "u", "outside:USD"];
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self { dice, brims, wished: Vec::new(), names, count: 0 }
    }

    /// The next step.
    pub fn next(&mut self, oracle: &Oracle) -> Wish {
        match self.dice.below(100) {
            0..34 => Wish::Transfers { asked: vec![self.asked(oracle)], atomic: false },
            34..52 => self.batch(oracle),
            52..55 => Wish::Keyed { asked: self.asked(oracle), key: self.unused("key") },
            55..64 => self.transaction(oracle),
            64..67 => self.exchange(oracle),
            67..75 => self.reversal(oracle),
            75..83 => self.end_of_hold(oracle),
            83..85 => Wish::Unreadable(self.unreadable()),
            85..88 => Wish::Freeze(!oracle.accounts[&wallet()].frozen && self.dice.percent(40)),
            88..90 => Wish::Seal,
            90..98 => Wish::Wait { seconds: 1 + self.dice.below(9), works: self.dice.percent(60) },
            _ => Wish::Restart,
        }
    }

    fn unused(&mut self, what: &str) -> String {
        self.count += 1;
        format!("{what}-{}", self.count)
    }

    fn batch(&mut self, oracle: &Oracle) -> Wish {
        let atomic = self.dice.percent(25);
        let linked = if self.dice.percent(50) { 45 } else { 0 };
        let asked = (0..2 + self.dice.below(5)).map(|_| {
            let asked = self.asked(oracle);
            Asked { linked: self.dice.percent(linked), ..asked }
        });
        Wish::Transfers { asked: asked.collect(), atomic }
    }

    /// A transfer: new, or one that was wished before.
    pub fn asked(&mut self, oracle: &Oracle) -> Asked {
        if !self.wished.is_empty() && self.dice.percent(9) {
            let wished = self.wished.clone();
            let again = Asked { linked: false, ..self.dice.one(&wished) };
            return if self.dice.percent(45) { again } else { self.changed(again) };
        }
        let ends = !oracle.holds.is_empty() && self.dice.percent(30);
        let new = if ends { self.ending(oracle) } else { self.beginning(oracle) };
        let new = if self.dice.percent(12) { self.changed(new) } else { new };
        self.wished.push(new.clone());
        new
    }

    fn id(&mut self, oracle: &Oracle) -> String {
        loop {
            // In no order, so that the index of ids has something to sort.
            let id = txn(u128::from(1 + self.dice.below(1 << 20)));
            if !oracle.done.contains_key(&id) && !oracle.burned.contains(&id) {
                return id;
            }
        }
    }

    fn name(&mut self, oracle: &Oracle, currency: &str) -> String {
        let names: Vec<String> =
            self.names.iter().filter(|name| oracle.accounts[*name].currency == currency).cloned().collect();
        self.dice.one(&names)
    }

    fn beginning(&mut self, oracle: &Oracle) -> Asked {
        let id = self.id(oracle);
        let currency = if self.dice.percent(80) { "INR" } else { "USD" };
        let from = self.name(oracle, currency);
        let others = |name: &String| *name != from && oracle.accounts[name].currency == currency;
        let others: Vec<String> = self.names.iter().filter(|name| others(name)).cloned().collect();
        let to = self.dice.one(&others);
        let (giver, taker) = (&oracle.accounts[&from], &oracle.accounts[&to]);
        let room = if self.dice.percent(50) { giver.room_to_give() } else { taker.room_to_take() };
        let amount = self.amount(i64::try_from(room).unwrap_or(0));
        let new = Asked::between(&id, &from, &to, amount, currency);
        let timeout_s = if self.dice.percent(70) { 1 + self.dice.below(20) as u32 } else { 0 };
        match self.dice.below(100) {
            0..45 => new,
            45..78 => Asked { phase: Phase::Pending, timeout_s, ..new },
            78..95 => Asked {
                balancing_debit: self.dice.percent(60),
                balancing_credit: self.dice.percent(40),
                amount: if self.dice.percent(50) { None } else { new.amount },
                phase: if self.dice.percent(30) { Phase::Pending } else { Phase::Transfer },
                ..new
            },
            _ => Asked {
                phase: Phase::Pending,
                timeout_s: 1 + self.dice.below(6) as u32,
                closing_debit: self.dice.percent(60),
                closing_credit: self.dice.percent(40),
                ..new
            },
        }
    }

    /// Small, or what there is room for, or just more.
    fn amount(&mut self, room: i64) -> i64 {
        let room = room.clamp(0, MOST - 1);
        match self.dice.below(100) {
            0..4 => 0,
            4..14 => room,
            14..24 => room + 1,
            24..30 if self.brims => MOST - self.dice.below(3) as i64,
            30..50 => self.dice.below(400) as i64,
            _ => self.dice.below(60) as i64,
        }
    }

    /// A hold, most likely one that is still there; or something that is none.
    fn held(&mut self, oracle: &Oracle) -> String {
        let of = |wanted: bool| -> Vec<String> {
            let those = oracle.holds.iter().filter(|(_, hold)| (hold.status == "pending") == wanted);
            those.map(|(id, _)| id.clone()).collect()
        };
        let (open, ended) = (of(true), of(false));
        let done: Vec<String> = oracle.done.keys().filter(|id| is_given(id)).cloned().collect();
        match self.dice.below(100) {
            0..82 if !open.is_empty() => self.dice.one(&open),
            82..92 if !ended.is_empty() => self.dice.one(&ended),
            92..96 if !done.is_empty() => self.dice.one(&done),
            _ => self.id(oracle),
        }
    }

    fn ending(&mut self, oracle: &Oracle) -> Asked {
        let (id, held) = (self.id(oracle), self.held(oracle));
        let left = oracle.holds.get(&held).map_or(0, |hold| hold.remaining);
        let void = self.dice.percent(25);
        let phase = if void { Phase::Void } else { Phase::Post };
        let amount = match self.dice.below(10) {
            0..4 => None,
            4 | 5 => Some(left),
            6 => Some((left + 1).min(MOST)),
            _ if void => None,
            _ => Some(self.dice.below(left.max(0) as u64 + 1) as i64),
        };
        let last = (!void && self.dice.percent(45)).then_some(false);
        Asked { amount, last, pending_id: Some(held), ..Asked::plain(&id, phase) }
    }

    /// The same with something else in it, which is often wrong.
    fn changed(&mut self, mut asked: Asked) -> Asked {
        for _ in 0..1 + self.dice.below(2) {
            let names = [self.names.as_slice(), &["nobody".to_owned()]].concat();
            match self.dice.below(15) {
                0 => asked.amount = asked.amount.map_or(Some(5), |amount| Some((amount + 1).min(MOST))),
                1 => asked.amount = None,
                2 => asked.currency = self.dice.one(&[None, Some("USD"), Some("INR"), Some("EUR")]),
                3 => asked.debit_account_id = Some(self.dice.one(&names)),
                4 => asked.credit_account_id = Some(self.dice.one(&names)),
                5 => asked.debit_account_id = None,
                6 => asked.credit_account_id.clone_from(&asked.debit_account_id),
                7 => asked.code = Some(1 + self.dice.below(3) as i64),
                8 => asked.timeout_s = self.dice.below(4) as u32,
                9 => asked.last = self.dice.one(&[None, Some(true), Some(false)]),
                10 => asked.balancing_debit = !asked.balancing_debit,
                11 => asked.closing_credit = !asked.closing_credit && self.dice.percent(40),
                12 => asked.pending_id = self.dice.one(&[None, Some(asked.id.clone())]),
                13 => {
                    asked.phase = self.dice.one(&[Phase::Transfer, Phase::Pending, Phase::Post, Phase::Void])
                }
                _ => asked.amount = Some(0),
            }
        }
        asked
    }

    fn leg(&mut self, oracle: &Oracle) -> Leg {
        let made = self.beginning(oracle);
        let nobody = self.dice.percent(3);
        Leg {
            debit_account_id: made.debit_account_id.unwrap(),
            credit_account_id: if nobody { "nobody".to_owned() } else { made.credit_account_id.unwrap() },
            amount: made.amount.unwrap_or(1).max(1),
            currency: if self.dice.percent(3) { "EUR" } else { made.currency.unwrap() },
            code: self.dice.percent(30).then_some(7),
        }
    }

    fn reference(&mut self) -> Option<String> {
        let few = self.dice.below(30);
        self.dice.percent(50).then(|| format!("r-{few}"))
    }

    fn transaction(&mut self, oracle: &Oracle) -> Wish {
        let legs = (0..1 + self.dice.below(4)).map(|_| self.leg(oracle)).collect();
        Wish::Transaction { legs, reference: self.reference(), dry_run: self.dice.percent(20) }
    }

    fn exchange(&mut self, oracle: &Oracle) -> Wish {
        let (sold, bought) = self.dice.one(&[("INR", "USD"), ("USD", "INR")]);
        let through = |currency: &str| format!("liquidity:{currency}");
        let mut leg = |debit_account_id, credit_account_id, currency| {
            let amount = 1 + self.dice.below(90) as i64;
            Leg { debit_account_id, credit_account_id, amount, currency, code: None }
        };
        let mut sell = leg(String::new(), through(sold), sold);
        let mut buy = leg(through(bought), String::new(), bought);
        sell.debit_account_id = self.name(oracle, sold);
        buy.credit_account_id = self.name(oracle, bought);
        Wish::Exchange { sell, buy, reference: self.reference(), dry_run: self.dice.percent(20) }
    }

    fn reversal(&mut self, oracle: &Oracle) -> Wish {
        let made: Vec<String> = oracle.made.keys().cloned().collect();
        let legs: Vec<String> = oracle.made.values().flat_map(|made| made.legs.clone()).collect();
        let done: Vec<String> = oracle.done.keys().filter(|id| is_given(id)).cloned().collect();
        let id = match self.dice.below(10) {
            0..6 if !made.is_empty() => self.dice.one(&made),
            6 if !legs.is_empty() => self.dice.one(&legs),
            0..9 if !done.is_empty() => self.dice.one(&done),
            _ => self.id(oracle),
        };
        let amount = self.dice.percent(60).then(|| 1 + self.dice.below(40) as i64);
        Wish::Reverse { id, amount, reference: self.reference(), dry_run: self.dice.percent(15) }
    }

    fn end_of_hold(&mut self, oracle: &Oracle) -> Wish {
        let asked = self.ending(oracle);
        let void = asked.phase == Phase::Void;
        // The path says nothing of nothing, and a void there is of all.
        let amount = asked.amount.filter(|amount| *amount > 0 && !void);
        Wish::EndHold { asked: Asked { id: self.unused("not given"), amount, ..asked } }
    }

    fn unreadable(&mut self) -> Value {
        self.dice.one(&[
            json!({ "amount": -1 }),
            json!({ "amount": MOST + 1 }),
            json!({ "amount": 1.5 }),
            json!({ "debit_account_id": "a b" }),
            json!({ "phase": "gone" }),
            json!({ "code": 0 }),
            json!([]),
            json!([{ "id": "7" }]),
        ])
    }
}
