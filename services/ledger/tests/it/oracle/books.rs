//! What the ledger has to answer, and what everybody has afterwards. It is counted anew here, from what the API promises:
//! all that is wrong with a wish is found, and what stands first in the order of the answers is told.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::answers::{PASSING, Wrong};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Transfer,
    Pending,
    Post,
    Void,
}

/// A transfer as a caller writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    pub id: String,
    pub phase: Phase,
    pub debit_account_id: Option<String>,
    pub credit_account_id: Option<String>,
    pub amount: Option<i64>,
    pub currency: Option<&'static str>,
    pub pending_id: Option<String>,
    pub timeout_s: u32,
    pub code: Option<i64>,
    #[serde(rename = "final")]
    pub last: Option<bool>,
    pub balancing_debit: bool,
    pub balancing_credit: bool,
    pub closing_debit: bool,
    pub closing_credit: bool,
    pub linked: bool,
}

/// What is answered to one transfer: the result, and how much it was where it is done.
pub type Answer = (&'static str, Option<i64>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub currency: &'static str,
    pub bounds: &'static str,
    /// Debits pending and posted, credits pending and posted.
    pub columns: [i64; 4],
    pub sequence: u64,
    pub frozen: bool,
    pub closed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    pub asked: Asked,
    pub amount: i64,
    pub remaining: i64,
    pub due_ms: Option<i64>,
    pub status: &'static str,
}

/// What was done under an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// As it was asked for; what a post or void left out is its hold's.
    pub asked: Asked,
    pub amount: i64,
}

/// Legs under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub legs: Vec<String>,
    pub is_reversal: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oracle {
    pub now_ms: i64,
    pub accounts: BTreeMap<String, Account>,
    pub holds: BTreeMap<String, Hold>,
    pub done: BTreeMap<String, Done>,
    /// Ids that were refused for good.
    pub burned: BTreeSet<String>,
    pub references: BTreeSet<String>,
    pub made: BTreeMap<String, Made>,
    /// How much of each transaction went back.
    pub reversed: BTreeMap<String, i64>,
    /// How many things the journal holds, and how many of them are sealed.
    pub written: u64,
    pub sealed: u64,
}

pub const NO_BOUNDS: &str = "none";
pub const DEPOSIT: &str = "debits_must_not_exceed_credits";
pub const TILL: &str = "credits_must_not_exceed_debits";

impl Account {
    pub fn new(currency: &'static str, bounds: &'static str) -> Self {
        Self { currency, bounds, columns: [0; 4], sequence: 0, frozen: false, closed: false }
    }

    /// How much more it can give before it has given all that came.
    pub fn room_to_give(&self) -> i128 {
        let [held, gave, _, took] = self.columns.map(i128::from);
        took - held - gave
    }

    /// The same on the other side.
    pub fn room_to_take(&self) -> i128 {
        let [_, gave, held, took] = self.columns.map(i128::from);
        gave - held - took
    }
}

impl Asked {
    pub fn ends(&self) -> bool {
        matches!(self.phase, Phase::Post | Phase::Void)
    }

    fn balances(&self) -> bool {
        self.balancing_debit || self.balancing_credit
    }

    fn closes(&self) -> bool {
        self.closing_debit || self.closing_credit
    }

    fn keeps_rest(&self) -> bool {
        self.last == Some(false)
    }

    /// The code that it has, or 1.
    fn own_code(&self) -> i64 {
        self.code.unwrap_or(1)
    }

    fn flags(&self) -> [bool; 5] {
        let rest = self.keeps_rest();
        [self.balancing_debit, self.balancing_credit, self.closing_debit, self.closing_credit, rest]
    }
}

/// A said thing that is another.
fn said<T: PartialEq>(said: Option<&T>, is: Option<&T>) -> bool {
    said.is_some() && said != is
}

impl Oracle {
    /// Does a batch: each by itself, and chains whole or not at all.
    pub fn batch(&mut self, asked: &[Asked]) -> Vec<Answer> {
        let mut answers = Vec::new();
        let mut rest = asked;
        while !rest.is_empty() {
            let end = rest.iter().position(|one| !one.linked).map_or(rest.len(), |last| last + 1);
            let (chain, others) = rest.split_at(end);
            answers.extend(self.chain(chain));
            rest = others;
        }
        answers
    }

    fn chain(&mut self, chain: &[Asked]) -> Vec<Answer> {
        if let [one] = chain
            && !one.linked
        {
            let answer = self.one(one);
            self.burn(one, answer.0);
            return vec![answer];
        }
        let is_open = chain.last().is_some_and(|last| last.linked);
        let whole = chain.len() - usize::from(is_open);
        let mut tried = self.clone();
        let mut answers: Vec<Answer> = Vec::new();
        for one in &chain[..whole] {
            let answer = tried.one(one);
            if answer.0 != "created" {
                self.burn(one, answer.0);
                answers = vec![("linked_event_failed", None); chain.len()];
                answers[chain.iter().position(|other| std::ptr::eq(one, other)).unwrap()] = answer;
                break;
            }
            answers.push(answer);
        }
        if is_open {
            answers.resize(chain.len(), ("linked_event_failed", None));
            let failed = |answer: &mut Answer| *answer = ("linked_event_failed", None);
            answers.iter_mut().filter(|answer| answer.0 == "created").for_each(failed);
            *answers.last_mut().unwrap() = ("linked_event_chain_open", None);
        } else if answers.iter().all(|answer| answer.0 == "created") {
            *self = tried;
        }
        answers
    }

    fn burn(&mut self, asked: &Asked, answer: &str) {
        if PASSING.contains(&answer) {
            self.burned.insert(asked.id.clone());
            self.written += 1;
        }
    }

    /// One transfer: what is wrong with it, or it is done.
    pub fn one(&mut self, asked: &Asked) -> Answer {
        if let Some(done) = self.done.get(&asked.id) {
            let differs = self.differs(asked, done);
            return differs.map_or(("exists", Some(done.amount)), |differs| (differs, None));
        }
        if self.burned.contains(&asked.id) {
            return ("id_already_failed", None);
        }
        let wrong = if asked.ends() { self.wrong_to_end(asked) } else { self.wrong_to_begin(asked) };
        if let Some(wrong) = wrong.first() {
            return (wrong, None);
        }
        let amount = if asked.ends() { self.end(asked) } else { self.begin(asked) };
        ("created", Some(amount))
    }

    /// In what it is another than what has its id.
    fn differs(&self, asked: &Asked, done: &Done) -> Option<&'static str> {
        let (was, ends) = (&done.asked, asked.ends());
        let mut wrong = Wrong::default();
        let flags = was.phase != asked.phase || was.flags() != asked.flags();
        wrong.note(flags, "exists_with_different_flags");
        wrong.note(was.pending_id != asked.pending_id, "exists_with_different_pending_id");
        wrong.note(was.timeout_s != asked.timeout_s, "exists_with_different_timeout");
        let other = |now: &Option<String>, before: &Option<String>| now != before && !(ends && now.is_none());
        let debit = other(&asked.debit_account_id, &was.debit_account_id);
        wrong.note(debit, "exists_with_different_debit_account_id");
        let credit = other(&asked.credit_account_id, &was.credit_account_id);
        wrong.note(credit, "exists_with_different_credit_account_id");
        let amount = match asked.amount {
            Some(amount) if asked.balances() => amount < done.amount,
            Some(amount) => amount != done.amount,
            None => !ends && !asked.balances(),
        };
        wrong.note(amount, "exists_with_different_amount");
        let currency = asked.currency != was.currency && !(ends && asked.currency.is_none());
        wrong.note(currency, "exists_with_different_ledger");
        let code = asked.own_code() != was.own_code() && !(ends && asked.code.is_none());
        wrong.note(code, "exists_with_different_code");
        wrong.first()
    }

    fn wrong_to_begin(&self, asked: &Asked) -> Wrong {
        let mut wrong = Wrong::default();
        let pending = asked.phase == Phase::Pending;
        let (debit, credit) = (asked.debit_account_id.as_ref(), asked.credit_account_id.as_ref());
        wrong.note(asked.keeps_rest(), "flags_are_mutually_exclusive");
        wrong.note(debit.is_none(), "debit_account_id_must_not_be_zero");
        wrong.note(credit.is_none(), "credit_account_id_must_not_be_zero");
        wrong.note(debit == credit, "accounts_must_be_different");
        wrong.note(asked.pending_id.is_some(), "pending_id_must_be_zero");
        wrong.note(asked.timeout_s > 0 && !pending, "timeout_reserved_for_pending_transfer");
        wrong.note(asked.closes() && !pending, "closing_transfer_must_be_pending");
        wrong.note(asked.amount.is_none() && !asked.balances(), "amount_must_not_be_zero");
        wrong.note(asked.currency.is_none(), "ledger_must_not_be_zero");
        let find = |name: Option<&String>| name.and_then(|name| self.accounts.get(name));
        let (from, to) = (find(debit), find(credit));
        wrong.note(from.is_none(), "debit_account_not_found");
        wrong.note(to.is_none(), "credit_account_not_found");
        if let (Some(from), Some(to)) = (from, to) {
            wrong.note(from.currency != to.currency, "accounts_must_have_the_same_ledger");
            let other = asked.currency != Some(from.currency);
            wrong.note(other, "transfer_must_have_the_same_ledger_as_accounts");
            wrong.note(from.closed, "debit_account_already_closed");
            wrong.note(to.closed, "credit_account_already_closed");
            wrong.note(from.frozen, "debit_account_frozen");
            wrong.note(to.frozen, "credit_account_frozen");
            let amount = amount_of(asked, from, to);
            let beyond = |columns: &[i64]| {
                columns.iter().copied().map(i128::from).sum::<i128>() + amount > i128::from(i64::MAX)
            };
            let (gives, takes) = (&from.columns[..2], &to.columns[2..]);
            wrong.note(pending && beyond(&gives[..1]), "overflows_debits_pending");
            wrong.note(pending && beyond(&takes[..1]), "overflows_credits_pending");
            wrong.note(!pending && beyond(&gives[1..]), "overflows_debits_posted");
            wrong.note(!pending && beyond(&takes[1..]), "overflows_credits_posted");
            wrong.note(beyond(gives), "overflows_debits");
            wrong.note(beyond(takes), "overflows_credits");
            wrong.note(from.bounds == DEPOSIT && amount > from.room_to_give(), "exceeds_credits");
            wrong.note(to.bounds == TILL && amount > to.room_to_take(), "exceeds_debits");
        }
        wrong
    }

    fn wrong_to_end(&self, asked: &Asked) -> Wrong {
        let mut wrong = Wrong::default();
        let void = asked.phase == Phase::Void;
        let exclusive = asked.balances() || asked.closes() || (void && asked.keeps_rest());
        wrong.note(exclusive, "flags_are_mutually_exclusive");
        wrong.note(asked.pending_id.is_none(), "pending_id_must_not_be_zero");
        wrong.note(asked.pending_id.as_ref() == Some(&asked.id), "pending_id_must_be_different");
        wrong.note(asked.timeout_s > 0, "timeout_reserved_for_pending_transfer");
        let Some(id) = &asked.pending_id else { return wrong };
        let Some(hold) = self.holds.get(id) else {
            let known = self.done.contains_key(id);
            wrong.note(!known, "pending_transfer_not_found");
            wrong.note(known, "pending_transfer_not_pending");
            return wrong;
        };
        let (held, pending) = (&hold.asked, hold.status == "pending");
        let debit = said(asked.debit_account_id.as_ref(), held.debit_account_id.as_ref());
        wrong.note(debit, "pending_transfer_has_different_debit_account_id");
        let credit = said(asked.credit_account_id.as_ref(), held.credit_account_id.as_ref());
        wrong.note(credit, "pending_transfer_has_different_credit_account_id");
        let currency = said(asked.currency.as_ref(), held.currency.as_ref());
        wrong.note(currency, "pending_transfer_has_different_ledger");
        let code = said(asked.code.as_ref(), Some(&held.own_code()));
        wrong.note(code, "pending_transfer_has_different_code");
        let amount = asked.amount.unwrap_or(hold.remaining);
        let left = if pending { hold.remaining } else { hold.amount };
        wrong.note(amount > left, "exceeds_pending_transfer_amount");
        wrong.note(void && pending && amount != left, "pending_transfer_has_different_amount");
        wrong.note(hold.status == "posted", "pending_transfer_already_posted");
        wrong.note(hold.status == "voided", "pending_transfer_already_voided");
        let over = hold.due_ms.is_some_and(|due| due <= self.now_ms);
        wrong.note(hold.status == "expired" || (pending && over), "pending_transfer_expired");
        let closed = |name: &Option<String>| !void && self.accounts[name.as_ref().unwrap()].closed;
        wrong.note(closed(&held.debit_account_id), "debit_account_already_closed");
        wrong.note(closed(&held.credit_account_id), "credit_account_already_closed");
        wrong
    }

    fn begin(&mut self, asked: &Asked) -> i64 {
        let (debit, credit) = names(asked);
        let amount = amount_of(asked, &self.accounts[&debit], &self.accounts[&credit]);
        let amount = i64::try_from(amount).unwrap();
        if asked.phase == Phase::Pending {
            self.shift(asked, amount, 0);
            let due_ms = (asked.timeout_s > 0).then(|| self.now_ms + i64::from(asked.timeout_s) * 1_000);
            let (asked, remaining, status) = (asked.clone(), amount, "pending");
            self.shut(&asked, true);
            self.holds.insert(asked.id.clone(), Hold { asked, amount, remaining, due_ms, status });
        } else {
            self.shift(asked, 0, amount);
        }
        self.done.insert(asked.id.clone(), Done { asked: asked.clone(), amount });
        amount
    }

    fn end(&mut self, asked: &Asked) -> i64 {
        let id = asked.pending_id.clone().unwrap();
        let hold = self.holds[&id].clone();
        let void = asked.phase == Phase::Void;
        let amount = asked.amount.unwrap_or(hold.remaining);
        let released = if asked.keeps_rest() { amount } else { hold.remaining };
        self.release(&id, if void { 0 } else { amount }, released, if void { "voided" } else { "posted" });
        let was = Asked {
            debit_account_id: hold.asked.debit_account_id,
            credit_account_id: hold.asked.credit_account_id,
            currency: hold.asked.currency,
            code: Some(hold.asked.code.unwrap_or(1)),
            ..asked.clone()
        };
        self.done.insert(asked.id.clone(), Done { asked: was, amount });
        amount
    }

    /// So much is set aside no more, and so much of it moves.
    fn release(&mut self, id: &str, moved: i64, released: i64, status: &'static str) {
        let asked = self.holds[id].asked.clone();
        self.shift(&asked, -released, moved);
        let hold = self.holds.get_mut(id).unwrap();
        hold.remaining -= released;
        if status != "posted" || hold.remaining == 0 {
            hold.status = status;
        }
        if status != "posted" {
            self.shut(&asked, false);
        }
    }

    fn shift(&mut self, asked: &Asked, pending: i64, posted: i64) {
        let (debit, credit) = names(asked);
        for (name, first) in [(debit, 0), (credit, 2)] {
            let account = self.accounts.get_mut(&name).unwrap();
            account.columns[first] += pending;
            account.columns[first + 1] += posted;
            account.sequence += 1;
        }
        self.written += 1;
    }

    fn shut(&mut self, asked: &Asked, closed: bool) {
        let (debit, credit) = names(asked);
        for (name, meant) in [(debit, asked.closing_debit), (credit, asked.closing_credit)] {
            if meant {
                self.accounts.get_mut(&name).unwrap().closed = closed;
            }
        }
    }

    /// Lets go of all that is over.
    pub fn expire(&mut self) {
        let over =
            |hold: &Hold| hold.status == "pending" && hold.due_ms.is_some_and(|due| due <= self.now_ms);
        let over: Vec<(String, i64)> = self
            .holds
            .iter()
            .filter(|(_, hold)| over(hold))
            .map(|(id, hold)| (id.clone(), hold.remaining))
            .collect();
        for (id, remaining) in over {
            self.release(&id, 0, remaining, "expired");
        }
    }
}

fn names(asked: &Asked) -> (String, String) {
    (asked.debit_account_id.clone().unwrap(), asked.credit_account_id.clone().unwrap())
}

fn amount_of(asked: &Asked, from: &Account, to: &Account) -> i128 {
    let mut amount = i128::from(asked.amount.unwrap_or(i64::MAX));
    if asked.balancing_debit {
        amount = amount.min(from.room_to_give().max(0));
    }
    if asked.balancing_credit {
        amount = amount.min(to.room_to_take().max(0));
    }
    amount
}
