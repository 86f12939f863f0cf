//! Whatever the order in which words of funding come, and however often: what was taken is in the account once, and what
//! left has left once.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::stage::*;

#[derive(Clone, Debug)]
enum Step {
    TopUp {
        amount: i64,
    },
    Take {
        which: usize,
        payment: u32,
        amount: i64,
    },
    CallOff {
        which: usize,
    },
    Withdraw {
        amount: i64,
    },
    PayOut {
        which: usize,
        fails: bool,
    },
    /// The word at this place arrives, once or twice.
    Deliver {
        place: usize,
        twice: bool,
    },
    Listen,
    Turn {
        freeze: bool,
    },
    Wait {
        minutes: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let place = 0..12_usize;
    prop_oneof![
        2 => (100..600_i64).prop_map(|amount| Step::TopUp { amount }),
        4 => (place.clone(), 0..2_u32, 1..700_i64)
            .prop_map(|(which, payment, amount)| Step::Take { which, payment, amount }),
        1 => place.clone().prop_map(|which| Step::CallOff { which }),
        2 => (1..600_i64).prop_map(|amount| Step::Withdraw { amount }),
        3 => (place.clone(), any::<bool>()).prop_map(|(which, fails)| Step::PayOut { which, fails }),
        8 => (place, any::<bool>()).prop_map(|(place, twice)| Step::Deliver { place, twice }),
        6 => Just(Step::Listen),
        2 => any::<bool>().prop_map(|freeze| Step::Turn { freeze }),
        2 => (1..600_u64).prop_map(|minutes| Step::Wait { minutes }),
    ]
}

/// All that happens to one wallet.
struct Play {
    world: World,
    account: String,
    on_their_way: Vec<Word>,
    top_ups: Vec<String>,
    /// What was taken first for each top-up.
    taken: BTreeMap<String, i64>,
    withdrawals: Vec<String>,
}

impl Play {
    async fn take(&mut self, stage: &Stage, step: &Step) {
        match step {
            Step::TopUp { amount } => {
                let path = format!("/api/v1/accounts/{}/top-ups", self.account);
                let said = stage.post(&ann(), &path, &json!({ "amount": amount })).await;
                match said.status.as_u16() {
                    201 => self.top_ups.push(id(&said)),
                    _ => assert_eq!(said.problem(), (409, "account_frozen")),
                }
            }
            Step::Take { which, payment, amount } => {
                let Some(top_up) = pick(&self.top_ups, *which) else { return };
                self.taken.entry(top_up.clone()).or_insert(*amount);
                stage.takes(&top_up, *payment, Some(*amount), None).await;
            }
            Step::CallOff { which } => {
                let Some(top_up) = pick(&self.top_ups, *which) else { return };
                stage.calls_off(&top_up).await;
            }
            Step::Withdraw { amount } => {
                let path = format!("/api/v1/accounts/{}/withdrawals", self.account);
                let body = json!({ "amount": amount, "destination": "ba_1QK7m2LkdIwHu7ix" });
                let said = stage.post(&ann(), &path, &body).await;
                match said.status.as_u16() {
                    202 => self.withdrawals.push(id(&said)),
                    _ => assert_eq!(said.problem(), (409, "account_frozen")),
                }
            }
            Step::PayOut { which, fails } => self.pay_out(*which, *fails),
            Step::Deliver { place, twice } => {
                if !self.on_their_way.is_empty() {
                    let word = self.on_their_way.remove(place % self.on_their_way.len());
                    for _ in 0..=usize::from(*twice) {
                        stage.hears(&word).await;
                    }
                }
            }
            Step::Listen => {
                stage.work().await;
                let words = stage.words(&mut self.world).await;
                self.on_their_way.extend(words);
            }
            Step::Turn { freeze } => {
                stage.turns(&self.account, if *freeze { "freeze" } else { "thaw" }).await;
            }
            Step::Wait { minutes } => stage.wait(Duration::from_secs(minutes * 60)).await,
        }
    }

    fn pay_out(&mut self, which: usize, fails: bool) {
        let leaving = self.world.leaving();
        let Some(withdrawal) = leaving.get(which % leaving.len().max(1)).copied() else { return };
        let words = if fails { self.world.gives_back(withdrawal) } else { self.world.pays_out(withdrawal) };
        self.on_their_way.extend(words);
    }

    /// All that is on its way arrives, the account is thawed, and time passes until nobody waits any more.
    async fn finish(&mut self, stage: &Stage) {
        for word in std::mem::take(&mut self.on_their_way) {
            stage.hears(&word).await;
        }
        stage.turns(&self.account, "thaw").await;
        for _ in 0..3 {
            stage.settles(&mut self.world).await;
            stage.wait(Duration::from_secs(90_000)).await;
        }
        stage.settles(&mut self.world).await;
        while !self.world.leaving().is_empty() {
            self.pay_out(0, false);
        }
        for word in std::mem::take(&mut self.on_their_way) {
            stage.hears(&word).await;
        }
    }

    async fn check(&self, stage: &Stage) {
        let mut expected = 0;
        for top_up in &self.top_ups {
            let seen = stage.under(&self.account, &format!("top-ups/{top_up}")).await;
            match self.taken.get(top_up) {
                Some(taken) => {
                    assert_eq!((&seen["status"], &seen["paid_amount"]), (&json!("completed"), &json!(taken)));
                    expected += taken;
                }
                None => assert_eq!(seen["status"], "failed", "{top_up}"),
            }
        }
        for withdrawal in &self.withdrawals {
            let seen = stage.under(&self.account, &format!("withdrawals/{withdrawal}")).await;
            match seen["status"].as_str().unwrap() {
                "completed" => expected -= seen["amount"].as_i64().unwrap(),
                status => {
                    assert!(["refused", "returned"].contains(&status), "{withdrawal} hangs in {status}")
                }
            }
        }
        assert_eq!(self.world.purse(account_id(&self.account)), (expected, 0));
        assert_eq!(stage.balance(&self.account).await, (expected, expected, 0));
        let statement = stage.under(&self.account, "statement?from=2001-01-01&to=2090-01-01").await;
        assert_eq!(
            (&statement["opening_balance"], &statement["closing_balance"]),
            (&json!(0), &json!(expected))
        );
        let last = statement["lines"].as_array().unwrap().last().map(|line| line["balance"].clone());
        assert_eq!(last.unwrap_or(json!(0)), json!(expected));
    }
}

fn pick(of: &[String], which: usize) -> Option<String> {
    of.get(which % of.len().max(1)).cloned()
}

#[test]
fn whatever_is_late_or_heard_twice_what_was_taken_is_there_once_and_what_left_has_left_once() {
    staged(async |stage, _| {
        let mut runner = TestRunner::deterministic();
        let mut world = World::default();
        let account = stage.opens(&mut world, &ann(), 0).await;
        let mut play = Play {
            world,
            account,
            on_their_way: Vec::new(),
            top_ups: Vec::new(),
            taken: BTreeMap::new(),
            withdrawals: Vec::new(),
        };
        for _ in 0..4 {
            let steps = prop::collection::vec(step(), 50).new_tree(&mut runner).unwrap().current();
            for step in steps {
                play.take(stage, &step).await;
            }
            play.finish(stage).await;
            play.check(stage).await;
        }
        assert!(
            play.taken.len() > 3 && play.withdrawals.len() > 5,
            "{} {}",
            play.taken.len(),
            play.withdrawals.len()
        );
    });
}
