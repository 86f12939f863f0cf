//! Whatever the order in which words come, twice or never: each payment ends once, and nothing stays set aside.

use std::collections::BTreeMap;
use std::time::Duration;

use contracts::events::wallet::RiskDecision;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::stage::*;

/// What becomes of the words that are on their way.
#[derive(Clone, Debug)]
enum Step {
    Pay {
        amount: i64,
        decision: u8,
        back: bool,
    },
    /// The word at this place arrives, once or twice.
    Deliver {
        place: usize,
        twice: bool,
    },
    /// The word at this place is lost, if a later one makes up for it.
    Lose {
        place: usize,
    },
    Listen,
    Cancel {
        which: usize,
    },
    Review {
        which: usize,
        approve: bool,
    },
    Freeze,
    Thaw,
    Wait {
        seconds: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let place = 0..20_usize;
    prop_oneof![
        4 => (1..600_i64, 0..6_u8, any::<bool>())
            .prop_map(|(amount, decision, back)| Step::Pay { amount, decision, back }),
        8 => (place.clone(), any::<bool>()).prop_map(|(place, twice)| Step::Deliver { place, twice }),
        2 => place.clone().prop_map(|place| Step::Lose { place }),
        5 => Just(Step::Listen),
        1 => place.clone().prop_map(|which| Step::Cancel { which }),
        2 => (place, any::<bool>()).prop_map(|(which, approve)| Step::Review { which, approve }),
        1 => Just(Step::Freeze),
        1 => Just(Step::Thaw),
        2 => (1..200_u64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// All that happens between two wallets.
struct Play {
    world: World,
    accounts: [String; 2],
    on_their_way: Vec<Word>,
    payments: Vec<String>,
}

/// The ledger answers again when it is asked again, so its refusals and releases may be lost, and so may what only
/// keeps a payment from going on. What it settled it does not say again, and its last word on a balance is the last.
fn may_be_lost(word: &Word) -> bool {
    match word {
        Word::Reserved(_) | Word::Assessed(_) | Word::Refused(_) | Word::Released(_) => true,
        Word::Settled(_)
        | Word::Updated(_)
        | Word::Credited(_)
        | Word::Kept(_)
        | Word::SetAside(_)
        | Word::NotSetAside(_)
        | Word::Left(_)
        | Word::Returned(_) => false,
    }
}

impl Play {
    async fn take(&mut self, stage: &Stage, step: &Step) {
        match step {
            Step::Pay { amount, decision, back } => {
                self.world.decision = match decision {
                    0 => RiskDecision::Block,
                    1 => RiskDecision::Review,
                    _ => RiskDecision::Approve,
                };
                let [ann_has, ben_has] = &self.accounts;
                let (who, body) = if *back {
                    (ben(), paying(ben_has, ann_has, *amount))
                } else {
                    (ann(), paying(ann_has, ben_has, *amount))
                };
                let said = stage.post(&who, "/api/v1/wallet/payments", &body).await;
                match said.status.as_u16() {
                    202 => self.payments.push(id(&said)),
                    _ => assert!(["account_frozen", "payee_unavailable"].contains(&said.problem().1)),
                }
            }
            Step::Deliver { place, twice } => {
                if !self.on_their_way.is_empty() {
                    let word = self.on_their_way.remove(place % self.on_their_way.len());
                    for _ in 0..=usize::from(*twice) {
                        stage.hears(&word).await;
                    }
                }
            }
            Step::Lose { place } => {
                let place = place % self.on_their_way.len().max(1);
                if self.on_their_way.get(place).is_some_and(may_be_lost) {
                    self.on_their_way.remove(place);
                }
            }
            Step::Listen => {
                stage.work().await;
                let words = stage.words(&mut self.world).await;
                self.on_their_way.extend(words);
            }
            Step::Cancel { which } => {
                let Some(payment) = self.any(*which) else { return };
                let said = stage.does(&staff(), &payment, "cancel", None).await;
                assert!(said.status == 403 || said.status == 200 || said.problem().1 == "wrong_state");
            }
            Step::Review { which, approve } => {
                let Some(payment) = self.any(*which) else { return };
                let decision = if *approve { "approve" } else { "reject" };
                let body = json!({ "decision": decision, "reason": "x" });
                let said = stage.does(&staff(), &payment, "review", Some(&body)).await;
                assert!(said.status == 200 || said.problem() == (409, "wrong_state"));
            }
            Step::Freeze => {
                let path = format!("/api/v1/accounts/{}/freeze", self.accounts[0]);
                stage.post(&staff(), &path, &json!({ "reason": "x" })).await.expect(200);
            }
            Step::Thaw => self.thaw(stage).await,
            Step::Wait { seconds } => stage.wait(Duration::from_secs(*seconds)).await,
        }
    }

    fn any(&self, which: usize) -> Option<String> {
        self.payments.get(which % self.payments.len().max(1)).cloned()
    }

    async fn thaw(&self, stage: &Stage) {
        let path = format!("/api/v1/accounts/{}/thaw", self.accounts[0]);
        stage.ask(http::Method::POST, &path, Some(&staff()), None, &[]).await.expect(200);
    }

    /// All that is on its way arrives, and time passes until nobody waits any more.
    async fn finish(&mut self, stage: &Stage) {
        for word in std::mem::take(&mut self.on_their_way) {
            stage.hears(&word).await;
        }
        for _ in 0..3 {
            stage.settles(&mut self.world).await;
            stage.wait(Duration::from_secs(90_000)).await;
        }
        stage.settles(&mut self.world).await;
    }

    /// Each payment has ended once, and nothing is left of those that failed.
    async fn check(&self, stage: &Stage) {
        let mut sent = BTreeMap::from([(self.accounts[0].clone(), 0), (self.accounts[1].clone(), 0)]);
        for payment in &self.payments {
            let seen = stage.payment(payment).await;
            let status = seen["status"].as_str().unwrap();
            assert!(["completed", "failed"].contains(&status), "{payment} hangs in {status}");
            if status == "completed" {
                *sent.get_mut(seen["from_account"].as_str().unwrap()).unwrap() +=
                    seen["amount"].as_i64().unwrap();
            }
        }
        let completed = stage.told_of("payment.completed").await;
        let failed = stage.told_of("payment.failed").await;
        assert_eq!(completed.len() + failed.len(), self.payments.len(), "each ends once");
        let mut ids: Vec<&str> = completed.iter().map(|told| told["paymentId"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), completed.len());
        for account in &self.accounts {
            let (balance, pending) = self.world.purse(account_id(account));
            assert_eq!(pending, 0, "money stays set aside");
            assert_eq!(stage.balance(account).await, (balance, balance, 0));
            let counted = stage.running.store().read(kernel::store::Scope::Project(project(1)), {
                let account = account.clone();
                move |tx| {
                    tx.one::<i64>(
                        "select cast(coalesce(sum(amount), 0) as bigint) from spent
                         where project_id = $1 and account_id = $2 and length(period) = 10",
                        kernel::params![tx.project()?, account],
                    )
                }
            });
            let counted: Result<i64, kernel::store::StoreError> = counted.await;
            assert_eq!(counted.unwrap(), sent[account], "limits count what was paid and nothing else");
        }
    }
}

#[test]
fn whatever_is_late_lost_or_heard_twice_each_payment_ends_once_and_nothing_stays_set_aside() {
    staged(async |stage, _| {
        let mut runner = TestRunner::deterministic();
        let mut world = World::default();
        let (one, other) = stage.two(&mut world, 3_000).await;
        let mut play = Play { world, accounts: [one, other], on_their_way: Vec::new(), payments: Vec::new() };
        for _ in 0..5 {
            let steps = prop::collection::vec(step(), 50).new_tree(&mut runner).unwrap().current();
            for step in steps {
                play.take(stage, &step).await;
            }
            play.thaw(stage).await;
            play.finish(stage).await;
            play.check(stage).await;
        }
        assert!(play.payments.len() > 15, "{}", play.payments.len());
        assert!(stage.told_of("payment.completed").await.len() > 3);
        assert!(stage.told_of("payment.failed").await.len() > 3);
    });
}

#[test]
fn a_word_that_comes_before_another_that_it_follows_is_understood() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let payment = stage.pays(&ann(), &from, &to, 300).await;
        let words = stage.words(&mut world).await;
        let [reserved, assessed] = words.as_slice() else { panic!("{words:?}") };
        stage.hears(assessed).await;
        assert_eq!(stage.stands(&payment).await.0, "processing");
        stage.hears(reserved).await;
        stage.hears(assessed).await;
        assert_eq!(stage.told_of("payment.processing").await.len(), 1);
        stage.settles(&mut world).await;
        assert_eq!(stage.stands(&payment).await.0, "completed");
    });
}

#[test]
fn each_word_heard_twice_is_heard_once() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        stage.pays(&ann(), &from, &to, 300).await;
        stage.pays(&ann(), &from, &to, 5_000).await;
        loop {
            stage.work().await;
            let words = stage.words(&mut world).await;
            if words.is_empty() {
                break;
            }
            for word in words.iter().chain(&words) {
                stage.hears(word).await;
            }
        }
        let told: Vec<String> = stage.told().await.into_iter().map(|(kind, _)| kind).collect();
        let count = |kind: &str| told.iter().filter(|told| *told == kind).count();
        assert_eq!(
            (count("payment.processing"), count("payment.completed"), count("payment.failed")),
            (1, 1, 1)
        );
        assert_eq!((stage.spent(&from).await, stage.balance(&from).await), ((300, 300), (700, 700, 0)));
    });
}
