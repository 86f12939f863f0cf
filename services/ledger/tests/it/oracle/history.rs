//! A history: each wish goes to a running ledger and to the oracle, and both must say the same.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use kernel::store::Engine;
use kernel::testing::Place;
use serde_json::{Value, json};

use super::books::{Account, Answer, Asked, DEPOSIT, NO_BOUNDS, Oracle, Phase, TILL};
use super::deals::{Leg, No, Words};
use super::dice::Dice;
use super::proof::{Seen, statement_makes_the_columns};
use super::wishes::{MOST, Wish, Wisher, wallet};
use crate::stage::*;

pub struct History<'p> {
    place: &'p Place,
    stage: Stage,
    oracle: Oracle,
    /// What everybody had, by the time until which it was so.
    past: BTreeMap<i64, BTreeMap<String, [i64; 4]>>,
    seen: Seen,
    dice: Dice,
}

/// Says where a history went wrong, so that it can be had again.
pub struct Witness {
    pub engine: &'static str,
    pub seed: u64,
    pub step: usize,
    pub doing: String,
}

impl Drop for Witness {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { engine, seed, step, doing } = self;
            eprintln!("on {engine}: STOA_TEST_SEED={seed}, step {step}: {doing}");
        }
    }
}

pub fn engine(place: &Place) -> &'static str {
    match place.engine {
        Engine::Sqlite { .. } => "sqlite",
        Engine::Postgres { .. } => "postgres",
    }
}

/// The whole history of one seed.
pub async fn live(place: &Place, seed: u64, steps: usize) {
    let mut witness = Witness { engine: engine(place), seed, step: 0, doing: "the beginning".to_owned() };
    let mut wisher = Wisher::new(Dice::of(seed), seed.is_multiple_of(3));
    let mut history = History::begin(place, seed, wisher.brims).await;
    for step in 1..=steps {
        let wish = wisher.next(&history.oracle);
        (witness.step, witness.doing) = (step, format!("{wish:?}"));
        history.step(&wish).await;
        if step.is_multiple_of(5) {
            history.look_back().await;
        }
        if step.is_multiple_of(20) {
            history.read_all().await;
        }
    }
    "the end".clone_into(&mut witness.doing);
    history.read_all().await;
}

/// The accounts of all histories, as nobody has touched them.
pub fn opened() -> BTreeMap<String, Account> {
    let wallet = wallet();
    let accounts = [
        ("a", "INR", DEPOSIT),
        ("till", "INR", TILL),
        ("b", "INR", NO_BOUNDS),
        ("u", "USD", DEPOSIT),
        (wallet.as_str(), "INR", DEPOSIT),
        ("outside:INR", "INR", NO_BOUNDS),
        ("outside:USD", "USD", NO_BOUNDS),
        ("liquidity:INR", "INR", NO_BOUNDS),
        ("liquidity:USD", "USD", NO_BOUNDS),
    ];
    accounts.map(|(name, currency, bounds)| (name.to_owned(), Account::new(currency, bounds))).into()
}

/// Opens them, as far as the project does not do it itself.
pub async fn open(stage: &Stage) {
    for (name, account) in opened().iter().filter(|(name, _)| !name.contains(':') && **name != wallet()) {
        let body = json!({ "id": name, "currency": account.currency, "bounds": account.bounds });
        stage.post(&bank(), ACCOUNTS, &body).await.expect(201);
    }
    stage.wallet(1, 0).await;
}

/// The answers as they were given.
pub fn given(said: &Said) -> Vec<(String, Option<i64>)> {
    let each = said.body["data"].as_array().unwrap().iter();
    each.map(|one| (one["result"].as_str().unwrap().to_owned(), one["amount"].as_i64())).collect()
}

pub fn expected(answers: &[Answer]) -> Vec<(String, Option<i64>)> {
    answers.iter().map(|(result, amount)| ((*result).to_owned(), *amount)).collect()
}

/// The ids of a transaction and of its legs.
pub fn ids(said: &Said) -> (String, Vec<String>) {
    let legs = said.body["legs"].as_array().unwrap().iter();
    (id(said), legs.map(|leg| leg["id"].as_str().unwrap().to_owned()).collect())
}

impl<'p> History<'p> {
    async fn begin(place: &'p Place, seed: u64, brims: bool) -> Self {
        let stage = on(place).await;
        open(&stage).await;
        let now_ms = stage.clock.now().as_millis();
        let oracle = Oracle { now_ms, accounts: opened(), ..Oracle::default() };
        let seen = Seen::now(&stage).await;
        let mut history = Self { place, stage, oracle, past: BTreeMap::new(), seen, dice: Dice::of(!seed) };
        let first = |number: u128, from: &str, to: &str, currency| {
            Asked::between(&txn((1 << 21) + number), from, to, 600, currency)
        };
        let mut asked = vec![
            first(0, "outside:INR", "a", "INR"),
            first(1, "till", "outside:INR", "INR"),
            first(2, "outside:INR", &wallet(), "INR"),
            first(3, "outside:USD", "u", "USD"),
        ];
        if brims {
            // So much that one more of the largest amounts may fill 64 bits.
            asked.extend(
                (9..1_032)
                    .map(|number| Asked { amount: Some(MOST), ..first(number, "b", "outside:INR", "INR") }),
            );
        }
        history.step(&Wish::Transfers { asked, atomic: false }).await;
        history
    }

    /// Does one step on both sides, and compares all that can be seen.
    async fn step(&mut self, wish: &Wish) {
        let before = self.oracle.written;
        let accounts = self.oracle.accounts.clone();
        match wish {
            Wish::Transfers { asked, atomic } => self.transfers(asked, *atomic).await,
            Wish::Keyed { asked, key } => self.keyed(asked, key).await,
            Wish::Transaction { legs, reference, dry_run } => {
                let path = format!("{TRANSACTIONS}?dry_run={dry_run}");
                let body = json!({ "legs": legs, "reference": reference });
                let words = Words { reference: reference.clone(), dry_run: *dry_run, ids: None };
                self.deal(&path, &body, words, |oracle, words| oracle.make(legs, words)).await;
            }
            Wish::Exchange { sell, buy, reference, dry_run } => {
                let words = Words { reference: reference.clone(), dry_run: *dry_run, ids: None };
                self.exchange(sell, buy, words).await;
            }
            Wish::Reverse { id, amount, reference, dry_run } => {
                let path = format!("{TRANSACTIONS}/{id}/reverse?dry_run={dry_run}");
                let body = json!({ "amount": amount, "reference": reference });
                let words = Words { reference: reference.clone(), dry_run: *dry_run, ids: None };
                self.deal(&path, &body, words, |oracle, words| oracle.reverse(id, *amount, words)).await;
            }
            Wish::EndHold { asked } => self.end_hold(asked).await,
            Wish::Unreadable(body) => {
                let said = self.stage.post(&bank(), TRANSFERS, body).await;
                assert_eq!(said.problem(), (422, "invalid_input"));
            }
            Wish::Freeze(frozen) => self.freeze(*frozen).await,
            Wish::Seal => self.seal().await,
            Wish::Wait { seconds, works } => self.wait(*seconds, *works).await,
            Wish::Restart => self.restart().await,
        }
        let seen = Seen::now(&self.stage).await;
        seen.agrees(&self.oracle);
        if accounts == self.oracle.accounts {
            seen.rejection_atomicity(&self.seen);
        }
        assert!(before <= self.oracle.written, "the journal only grows");
        self.seen = seen;
        self.remember();
    }

    fn remember(&mut self) {
        let columns = |(name, account): (&String, &Account)| (name.clone(), account.columns);
        self.past.insert(self.oracle.now_ms, self.oracle.accounts.iter().map(columns).collect());
    }

    async fn transfers(&mut self, asked: &[Asked], atomic: bool) {
        let body = if let [one] = asked { json!(one) } else { json!(asked) };
        let said = self.stage.post(&bank(), &format!("{TRANSFERS}?atomic={atomic}"), &body).await.expect(200);
        let mut asked = asked.to_vec();
        if atomic {
            let last = asked.len() - 1;
            asked.iter_mut().enumerate().for_each(|(at, one)| one.linked = at < last);
        }
        assert_eq!(given(&said), expected(&self.oracle.batch(&asked)), "left the answer, right the oracle's");
    }

    /// The second of the same key is answered as the first was, and does nothing.
    async fn keyed(&mut self, asked: &Asked, key: &str) {
        let answers = self.oracle.batch(std::slice::from_ref(asked));
        for _ in 0..2 {
            let headers = [("idempotency-key", key)];
            let (caller, body) = (bank(), json!(asked));
            let said = self.stage.ask(Method::POST, TRANSFERS, Some(&caller), Some(&body), &headers).await;
            assert_eq!(given(&said.expect(200)), expected(&answers), "left the answer, right the oracle's");
        }
    }

    /// Whatever makes a transaction: refused by the same name, or done with the same balances.
    async fn deal(
        &mut self,
        path: &str,
        body: &Value,
        words: Words,
        make: impl Fn(&mut Oracle, &Words) -> Result<Oracle, No>,
    ) {
        let said = self.stage.post(&bank(), path, body).await;
        let done = said.status.is_success();
        let ids = (done && !words.dry_run).then(|| ids(&said));
        let words = Words { ids, ..words };
        let after = match make(&mut self.oracle, &words) {
            Ok(after) => after,
            Err(no) => return assert_eq!(said.problem(), no, "left the answer, right the oracle's"),
        };
        assert_eq!(said.status, if words.dry_run { 200 } else { 201 }, "{}", said.body);
        for left in said.body["accounts"].as_array().unwrap() {
            let name = left["account_id"].as_str().unwrap();
            let names = ["debits_pending", "debits_posted", "credits_pending", "credits_posted"];
            let columns = names.map(|column| left["columns"][column].as_i64().unwrap());
            assert_eq!(columns, after.accounts[name].columns, "{name} as it is left");
        }
        if let Some((id, _)) = &words.ids {
            let shown = self.stage.get(&bank(), &format!("{TRANSACTIONS}/{id}")).await.expect(200);
            assert_eq!(shown.body["legs"], said.body["legs"], "it is shown as it was made");
        }
    }

    async fn exchange(&mut self, sell: &Leg, buy: &Leg, words: Words) {
        let path = format!("/api/v1/ledger/exchanges?dry_run={}", words.dry_run);
        let body = json!({ "from_account_id": sell.debit_account_id, "to_account_id": buy.credit_account_id,
            "sell_amount": sell.amount, "sell_currency": sell.currency, "buy_amount": buy.amount,
            "buy_currency": buy.currency, "reference": words.reference });
        let legs = [sell.clone(), buy.clone()];
        self.deal(&path, &body, words, |oracle, words| oracle.make(&legs, words)).await;
    }

    async fn end_hold(&mut self, asked: &Asked) {
        let id = asked.pending_id.as_deref().unwrap();
        let (path, body) = match asked.phase {
            Phase::Void => ("void", json!({})),
            _ => ("post", json!({ "amount": asked.amount, "final": asked.last })),
        };
        let said = self.stage.post(&bank(), &format!("/api/v1/ledger/holds/{id}/{path}"), &body).await;
        match self.oracle.end_hold(asked) {
            Ok((status, remaining)) => {
                let hold = said.expect(200).body;
                assert_eq!((&hold["status"], &hold["remaining"]), (&json!(status), &json!(remaining)));
            }
            Err(no) => assert_eq!(said.problem(), no, "left the answer, right the oracle's"),
        }
    }

    async fn freeze(&mut self, frozen: bool) {
        if frozen {
            self.stage.freezes(1).await;
        } else {
            self.stage.thaws(1).await;
        }
        self.oracle.accounts.get_mut(&wallet()).unwrap().frozen = frozen;
    }

    /// A sealed period ends where the journal ends: nothing is written that the oracle does not know of.
    async fn seal(&mut self) {
        let said = self.stage.post(&bank(), "/api/v1/ledger/periods", &json!({})).await;
        let Oracle { written, sealed, .. } = self.oracle;
        if written == sealed {
            return assert_eq!(said.problem(), (409, "nothing_to_seal"));
        }
        let period = said.expect(201).body;
        assert_eq!((&period["first"], &period["last"]), (&json!(sealed + 1), &json!(written)));
        self.oracle.sealed = written;
    }

    async fn wait(&mut self, seconds: u64, works: bool) {
        let time = Duration::from_secs(seconds);
        if works {
            self.oracle.expire();
            self.remember();
            self.stage.wait(time).await;
        } else {
            self.stage.clock.advance(time);
        }
        self.oracle.now_ms += time.as_millis() as i64;
        if works {
            self.oracle.expire();
        }
    }

    /// The process ends, and another one goes on at the same time of day.
    async fn restart(&mut self) {
        let now = self.stage.clock.now();
        let again = on(self.place).await;
        let late = now.as_millis() - again.clock.now().as_millis();
        again.clock.advance(Duration::from_millis(late as u64));
        self.stage = again;
    }

    /// What somebody had at some time before.
    async fn look_back(&mut self) {
        let (first, now) = (*self.past.keys().next().unwrap(), self.oracle.now_ms);
        let at_ms = first + self.dice.below((now - first) as u64 + 1) as i64;
        let then = self.past.range(..=at_ms).next_back().unwrap().1;
        let name = self.dice.one(&self.seen.names());
        let at = contracts::Timestamp::from_millis(at_ms);
        let path = format!("{ACCOUNTS}/{name}/balance?at={at}");
        let shown = self.stage.get(&bank(), &path).await.expect(200).body;
        let names = ["debits_pending", "debits_posted", "credits_pending", "credits_posted"];
        let columns = names.map(|column| shown["columns"][column].as_i64().unwrap());
        assert_eq!(columns, then[&name], "{name} at {at}");
    }

    /// The journal makes the balances, by its own replay and by the lines that callers see; holds and transactions are
    /// shown as they stand.
    async fn read_all(&mut self) {
        self.stage.adds_up().await;
        let name = self.dice.one(&self.seen.names());
        statement_makes_the_columns(&self.stage, &self.oracle, &name).await;
        let holds: Vec<String> = self.oracle.holds.keys().cloned().collect();
        if !holds.is_empty() {
            let id = self.dice.one(&holds);
            let shown = self.stage.get(&bank(), &format!("/api/v1/ledger/holds/{id}")).await.expect(200).body;
            let hold = &self.oracle.holds[&id];
            assert_eq!(
                (&shown["status"], &shown["amount"], &shown["remaining"]),
                (&json!(hold.status), &json!(hold.amount), &json!(hold.remaining))
            );
        }
        let back: Vec<String> = self.oracle.reversed.keys().cloned().collect();
        if !back.is_empty() {
            let id = self.dice.one(&back);
            let shown = self.stage.get(&bank(), &format!("{TRANSACTIONS}/{id}")).await.expect(200).body;
            assert_eq!(shown["reversed"], self.oracle.reversed[&id], "what went back of {id}");
        }
    }
}
