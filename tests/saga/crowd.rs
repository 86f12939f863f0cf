//! What people do: they pay each other and one hot payee, want too much, give back, cancel, are frozen, and are looked at.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};

use crate::dice::Dice;
use crate::house::{Asked, Caller, House, KEEPER, person};

/// Everybody pays them, and they are a merchant.
const HOT: usize = 0;
/// They have next to nothing.
const POOR: std::ops::RangeInclusive<usize> = 1..=2;
const POOR_FUNDS: i64 = 500;
const FUNDS: i64 = 300_000;
/// From this amount on a person looks at a payment, from the next on it is blocked, and the last is more than a limit.
const LOOKED_AT: i64 = 80_000;
const BLOCKED: i64 = 90_000;
const TOO_MUCH: i64 = 1_000_001;
/// A frozen account thaws after so many rounds.
const FROZEN_ROUNDS: u64 = 12;

/// Something somebody wants of a service; asked again under its key until it is answered.
#[derive(Clone, Debug)]
pub struct Wish {
    service: &'static str,
    who: Caller,
    path: String,
    body: Option<Value>,
    key: String,
    begins: bool,
}

/// The people, their accounts, and what they have begun.
pub struct Crowd {
    dice: Dice,
    /// The account of each person.
    pub accounts: Vec<String>,
    /// What all of them were given together.
    pub funded: i64,
    /// The payments that were begun, by the keys they were asked with.
    pub begun: BTreeMap<String, String>,
    /// How often which refusal was heard.
    pub refused: BTreeMap<String, u64>,
    frozen: VecDeque<(usize, u64)>,
    unanswered: Vec<Wish>,
    next_key: u64,
}

impl Crowd {
    /// So many people with accounts; the ledger does not know them yet.
    pub async fn arrives(house: &House, mut dice: Dice, people: usize) -> Self {
        let mut accounts = Vec::new();
        for number in 0..people {
            let body = json!({ "currency": "INR" });
            let opened = house.sets("wallet", person(number), "POST", "/api/v1/accounts", &body).await;
            accounts.push(opened["id"].as_str().unwrap().to_owned());
        }
        let path = format!("/api/v1/accounts/{}/merchant", accounts[HOT]);
        house.sets("wallet", KEEPER, "PUT", &path, &json!({ "fee_basis_points": 150 })).await;
        let rules = json!({ "rules": [
            { "name": "large", "when": format!("amount >= {LOOKED_AT}"), "score": 500 },
            { "name": "huge", "when": format!("amount >= {BLOCKED}"), "score": 400 },
            { "name": "watched", "when": "in_list(\"blocked\", payer)", "score": 1_000 }],
            "review_at": 400, "block_at": 800, "on_failure": "review", "unreviewed": "block", "review_hours": 1 });
        let draft = house.sets("fraud", KEEPER, "POST", "/api/v1/fraud/rule-sets", &rules).await;
        let path = format!("/api/v1/fraud/rule-sets/{}/publish", draft["version"]);
        house.sets("fraud", KEEPER, "POST", &path, &json!({})).await;
        Self {
            dice: dice.split(),
            accounts,
            funded: 0,
            begun: BTreeMap::new(),
            refused: BTreeMap::new(),
            frozen: VecDeque::new(),
            unanswered: Vec::new(),
            next_key: 0,
        }
    }

    /// Money comes in from outside, once the ledger knows the accounts.
    pub async fn is_funded(&mut self, house: &House) {
        let transfer = |(number, account): (usize, &String)| {
            json!({ "debit_account_id": "outside:INR", "credit_account_id": account, "amount": funds(number),
                "currency": "INR" })
        };
        let transfers: Vec<Value> = self.accounts.iter().enumerate().map(transfer).collect();
        let answer =
            house.sets("ledger", KEEPER, "POST", "/api/v1/ledger/transfers", &json!(transfers)).await;
        let done = answer["data"].as_array().unwrap().iter().filter(|one| one["result"] == "created").count();
        assert_eq!(done, self.accounts.len(), "{answer}");
        self.funded = (0..self.accounts.len()).map(funds).sum();
    }

    /// What is wanted in this round: what was not answered, then something new.
    pub async fn wants(&mut self, house: &House, round: u64, most: usize) -> Vec<Wish> {
        let mut wishes = std::mem::take(&mut self.unanswered);
        while self.frozen.front().is_some_and(|(_, until)| *until <= round) {
            if let Some((number, _)) = self.frozen.pop_front() {
                wishes.push(self.of_account(number, "thaw", None));
            }
        }
        if self.dice.once_in(20) {
            let number = self.somebody();
            let reason = json!({ "reason": "a lost phone" });
            wishes.push(self.of_account(number, "freeze", Some(reason)));
            self.frozen.push_back((number, round + 1 + self.dice.below(FROZEN_ROUNDS)));
        }
        if self.dice.once_in(3) {
            wishes.extend(self.about_one_of(house).await);
        }
        let new = self.dice.below(most as u64 + 1);
        wishes.extend((0..new).map(|_| self.pays()));
        wishes
    }

    /// What is still to be answered, and that everybody can pay again.
    pub fn comes_to_rest(&mut self) -> Vec<Wish> {
        let frozen = std::mem::take(&mut self.frozen);
        let mut wishes = std::mem::take(&mut self.unanswered);
        wishes.extend(frozen.into_iter().map(|(number, _)| self.of_account(number, "thaw", None)));
        wishes
    }

    /// What an account was given.
    pub fn funds_of(&self, account: &str) -> i64 {
        let number = self.accounts.iter().position(|known| known == account);
        number.map_or(0, funds)
    }

    /// What was answered to a wish; nothing where nobody lived to answer.
    pub fn hears(&mut self, wish: Wish, answer: Option<(u16, Value)>) {
        let Some((status, body)) = answer else { return self.unanswered.push(wish) };
        match status {
            200..300 if wish.begins => {
                let id = body["id"].as_str().unwrap().to_owned();
                let before = self.begun.insert(wish.key, id.clone());
                assert!(before.is_none_or(|before| before == id), "one key has begun two payments: {id}");
            }
            200..300 => {}
            // The first asking is still being answered, a race was lost, or the service is not well: ask again.
            409 if body["code"] == "idempotency_key_in_use" || body["code"] == "conflict" => {
                self.unanswered.push(wish);
            }
            503 | 504 => self.unanswered.push(wish),
            404 | 409 => *self.refused.entry(body["code"].to_string()).or_default() += 1,
            _ => panic!("{wish:?}: {status} {body}"),
        }
    }

    fn somebody(&mut self) -> usize {
        self.dice.below(self.accounts.len() as u64) as usize
    }

    fn pays(&mut self) -> Wish {
        let from = self.somebody();
        let to = if self.dice.once_in(2) { HOT } else { self.somebody() };
        let small = 100 + self.dice.below(4_900) as i64;
        let amount = match self.dice.below(100) {
            0..4 => LOOKED_AT + small,
            4..7 => BLOCKED + small,
            7 => TOO_MUCH,
            _ => small,
        };
        let body = json!({ "from_account": self.accounts[from], "to": self.accounts[to], "amount": amount,
            "currency": "INR" });
        self.wish("wallet", person(from), "/api/v1/wallet/payments".to_owned(), Some(body), true)
    }

    /// Something is done about a payment that stands somewhere.
    async fn about_one_of(&mut self, house: &House) -> Option<Wish> {
        let state = ["completed", "completed", "in_review", "in_review", "reserved"]
            .get(self.dice.below(5) as usize)?;
        let path = format!("/api/v1/wallet/payments?state={state}&limit=50");
        let found = house.get("wallet", KEEPER, &path).await;
        let found = found["data"].as_array()?;
        let payment = found.get(self.dice.below(found.len() as u64) as usize)?;
        let id = payment["id"].as_str()?;
        let path = format!("/api/v1/wallet/payments/{id}");
        let owner = |field: &str| self.accounts.iter().position(|account| payment[field] == account.as_str());
        let (payer, payee) = (owner("from_account")?, owner("to_account")?);
        Some(match (*state, self.dice.below(3)) {
            ("completed", part) => {
                let amount = payment["amount"].as_i64()?;
                let body = if part == 0 { json!({}) } else { json!({ "amount": 1 + amount / 3 }) };
                self.wish("wallet", person(payee), format!("{path}/refund"), Some(body), true)
            }
            ("in_review", 0) => {
                let body = json!({ "decision": "reject", "reason": "nobody answered the phone" });
                self.wish("wallet", KEEPER, format!("{path}/review"), Some(body), false)
            }
            ("in_review", 1) => {
                let body = json!({ "decision": "approve", "reason": "the payer called back" });
                self.wish("wallet", KEEPER, format!("{path}/review"), Some(body), false)
            }
            ("in_review", _) => {
                let body = json!({ "fraud": self.dice.once_in(2), "reason": "the pattern is known" });
                let path = format!("/api/v1/fraud/reviews/{id}/decide");
                self.wish("fraud", KEEPER, path, Some(body), false)
            }
            _ => self.wish("wallet", person(payer), format!("{path}/cancel"), None, false),
        })
    }

    fn of_account(&mut self, number: usize, what: &str, body: Option<Value>) -> Wish {
        let path = format!("/api/v1/accounts/{}/{what}", self.accounts[number]);
        self.wish("wallet", KEEPER, path, body, false)
    }

    fn wish(
        &mut self,
        service: &'static str,
        who: Caller,
        path: String,
        body: Option<Value>,
        begins: bool,
    ) -> Wish {
        self.next_key += 1;
        Wish { service, who, path, body, key: format!("wish-{}", self.next_key), begins }
    }
}

fn funds(number: usize) -> i64 {
    if POOR.contains(&number) { POOR_FUNDS } else { FUNDS }
}

impl Wish {
    /// Which service it is about.
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// The answer, unless whoever is to give it dies before that.
    pub async fn asked(&self, house: &House, until: Option<Duration>) -> Option<(u16, Value)> {
        let request =
            Asked { method: "POST", path: &self.path, body: self.body.as_ref(), key: Some(&self.key) };
        let answer = house.ask(self.service, self.who, request);
        match until {
            Some(until) => tokio::time::timeout(until, answer).await.ok(),
            None => Some(answer.await),
        }
    }
}
