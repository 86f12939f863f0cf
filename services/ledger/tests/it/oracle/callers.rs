//! Several callers at once: what each was answered is what the oracle answers when it replays in the order of commit.
//!
//! Each batch begins with a transfer of nothing that is always done, from one account that takes part in all of them: the
//! statement of that account is the order.

use std::collections::BTreeMap;

use kernel::store::Engine;
use kernel::testing::Place;
use serde_json::json;

use super::books::{Account, Answer, Asked, NO_BOUNDS, Oracle};
use super::dice::Dice;
use super::history::{Witness, engine, expected, given, open, opened};
use super::proof::{Seen, all};
use super::wishes::{Wisher, wallet};
use crate::stage::*;

const CALLERS: u64 = 8;
const BATCHES: u64 = 6;
const CLERK: &str = "clerk";
const DESK: &str = "desk";

/// A batch, and what was answered to it.
struct Told {
    caller: u64,
    asked: Vec<Asked>,
    answers: Vec<(String, Option<i64>)>,
}

/// All callers of one seed, on Postgres at two processes.
pub async fn come_together(place: &Place, seed: u64) {
    let mut witness = Witness { engine: engine(place), seed, step: 0, doing: "callers at once".to_owned() };
    let stage = on(place).await;
    let other = match place.engine {
        Engine::Sqlite { .. } => None,
        Engine::Postgres { .. } => Some(on(place).await),
    };
    let mut wisher = Wisher::new(Dice::of(seed), false);
    let mut oracle = begin(&stage, &mut wisher).await;
    let wanted: Vec<Vec<Vec<Asked>>> = (0..CALLERS)
        .map(|caller| (0..BATCHES).map(|batch| wish(&mut wisher, &oracle, caller, batch)).collect())
        .collect();
    let calls = wanted.iter().zip(0..).map(|(batches, caller)| {
        let stage = if caller % 2 == 0 { &stage } else { other.as_ref().unwrap_or(&stage) };
        call(stage, caller, batches)
    });
    let told: Vec<Told> = join_all(calls).await.into_iter().flatten().collect();
    let by_marker: BTreeMap<&str, &Told> =
        told.iter().map(|told| (told.asked[0].id.as_str(), told)).collect();
    let mut lines = all(&stage, &format!("{ACCOUNTS}/{CLERK}/statement")).await;
    lines.reverse();
    let order: Vec<&Told> =
        lines.iter().map(|line| by_marker[line["transfer_id"].as_str().unwrap()]).collect();
    assert_eq!(order.len(), told.len(), "each batch is in the journal once");
    let mut last = BTreeMap::new();
    for (step, told) in order.iter().enumerate() {
        (witness.step, witness.doing) = (step, format!("{:?} of caller {}", told.asked, told.caller));
        let answers = oracle.batch(&told.asked);
        assert_eq!(told.answers, expected(&answers), "left the answer, right the oracle's");
        let before = last.insert(told.caller, told.asked[0].id.clone());
        assert!(before < last.get(&told.caller).cloned(), "a caller's batches are done in their order");
    }
    "the end".clone_into(&mut witness.doing);
    Seen::now(&stage).await.agrees(&oracle);
    stage.adds_up().await;
}

/// Accounts with something in them, and holds for all to fight over.
async fn begin(stage: &Stage, wisher: &mut Wisher) -> Oracle {
    open(stage).await;
    let mut oracle =
        Oracle { now_ms: stage.clock.now().as_millis(), accounts: opened(), ..Oracle::default() };
    for name in [CLERK, DESK] {
        stage.opens(name, NO_BOUNDS).await;
        oracle.accounts.insert(name.to_owned(), Account::new("INR", NO_BOUNDS));
    }
    let first =
        |number, from: &str, to: &str, currency| Asked::between(&txn(number), from, to, 900, currency);
    let wallet = wallet();
    let funds = [
        first((1 << 21) + 1, "outside:INR", "a", "INR"),
        first((1 << 21) + 2, "till", "outside:INR", "INR"),
        first((1 << 21) + 3, "outside:INR", &wallet, "INR"),
        first((1 << 21) + 4, "outside:USD", "u", "USD"),
    ];
    post(stage, &mut oracle, &funds).await;
    for _ in 0..4 {
        let some: Vec<Asked> = (0..10).map(|_| wisher.asked(&oracle)).collect();
        post(stage, &mut oracle, &some).await;
    }
    oracle
}

async fn post(stage: &Stage, oracle: &mut Oracle, asked: &[Asked]) {
    let said = stage.post(&bank(), TRANSFERS, &json!(asked)).await.expect(200);
    let answers: Vec<Answer> = oracle.batch(asked);
    assert_eq!(given(&said), expected(&answers), "left the answer, right the oracle's");
}

/// A batch that begins with its mark in the order.
fn wish(wisher: &mut Wisher, oracle: &Oracle, caller: u64, batch: u64) -> Vec<Asked> {
    let number = (1 << 22) + u128::from(caller * BATCHES + batch);
    let mut asked = vec![Asked::between(&txn(number), CLERK, DESK, 0, "INR")];
    for _ in 0..1 + wisher.dice.below(4) {
        let linked = wisher.dice.percent(25);
        asked.push(Asked { linked, ..wisher.asked(oracle) });
    }
    asked
}

async fn call(stage: &Stage, caller: u64, batches: &[Vec<Asked>]) -> Vec<Told> {
    let mut told = Vec::new();
    for asked in batches {
        let said = stage.post(&bank(), TRANSFERS, &json!(asked)).await.expect(200);
        told.push(Told { caller, asked: asked.clone(), answers: given(&said) });
    }
    told
}
