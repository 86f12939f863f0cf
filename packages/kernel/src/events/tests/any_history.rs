//! Any history of cooking, hearing, moods, crashes and redeliveries ends where the straight run ends.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::super::broker::{Relay, Trouble, intake_once};
use super::*;
use crate::testing::run;

const DISHES: [&str; 3] = ["soup", "bread", "stew"];

#[derive(Clone, Copy, Debug)]
enum Step {
    Cook(usize),
    Hear,
    /// The task of the consumer is dropped while its batch is on the way.
    HearAndDie,
    /// Both processes end without a word and start again.
    Crash,
    Sour(usize),
    Sweet(usize),
    Retry,
    /// The relay dies between the broker's yes and its cursor.
    PublishAndDie,
    /// What was received and not settled comes again.
    Redeliver,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Log,
    Broker,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let dish = 0..DISHES.len();
    let step = prop_oneof![
        6 => dish.clone().prop_map(Step::Cook),
        4 => Just(Step::Hear),
        2 => Just(Step::HearAndDie),
        1 => Just(Step::Crash),
        1 => dish.clone().prop_map(Step::Sour),
        2 => dish.prop_map(Step::Sweet),
        2 => Just(Step::Retry),
        1 => Just(Step::PublishAndDie),
        1 => Just(Step::Redeliver),
    ];
    proptest::collection::vec(step, 1..50)
}

struct World<'p> {
    place: &'p Place,
    way: Way,
    kitchen: Store,
    hall: Store,
    broker: Arc<MemoryBroker>,
    cooked: [u32; DISHES.len()],
}

impl<'p> World<'p> {
    fn new(place: &'p Place, way: Way) -> Self {
        let (kitchen, hall) = kitchen_and_hall(place);
        let broker = Arc::new(MemoryBroker::new(&["hall"], Faults { duplicate_every: 3, shuffle: true }));
        Self { place, way, kitchen, hall, broker, cooked: [0; DISHES.len()] }
    }

    async fn go(&mut self, step: Step) {
        match step {
            Step::Cook(dish) => {
                cook(&self.kitchen, mine(), &[DISHES[dish]]).await;
                self.cooked[dish] += 1;
            }
            Step::Hear => self.hear().await,
            Step::HearAndDie => self.hear_and_die().await,
            Step::Crash => (self.kitchen, self.hall) = kitchen_and_hall(self.place),
            Step::Sour(dish) => set_mood(&self.hall, DISHES[dish], "sour").await,
            Step::Sweet(dish) => set_mood(&self.hall, DISHES[dish], "fine").await,
            Step::Retry => {
                self.hall.clock().advance(Duration::from_secs(600));
                retry_parked(&self.hall, &handlers()).await.unwrap();
            }
            Step::PublishAndDie => {
                place_all(&self.kitchen).await;
                let some = tail(&self.kitchen, 0, 20).await.unwrap();
                if matches!(self.way, Way::Broker) && some.len() == self.cooked.iter().sum::<u32>() as usize {
                    self.broker.publish(some).await.unwrap();
                }
            }
            Step::Redeliver => self.broker.redeliver(),
        }
    }

    async fn hear(&self) {
        place_all(&self.kitchen).await;
        match self.way {
            Way::Log => {
                hear_all(&self.hall, &self.kitchen).await;
            }
            Way::Broker => {
                let mut relay = self.relay();
                loop {
                    match relay.step().await {
                        Ok(0) => break,
                        Ok(_) | Err(Trouble::Store(StoreError::Conflict)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
                while intake_once(&self.hall, &handlers(), self.broker.as_ref()).await.unwrap() > 0 {}
            }
        }
    }

    async fn hear_and_die(&self) {
        place_all(&self.kitchen).await;
        let (hall, kitchen, broker) = (self.hall.clone(), self.kitchen.clone(), self.broker.clone());
        let mut relay = self.relay();
        let task = match self.way {
            Way::Log => tokio::spawn(async move {
                let _ = Hearing::new(hall, kitchen, handlers()).step().await;
            }),
            Way::Broker => tokio::spawn(async move {
                let _ = relay.step().await;
                let _ = intake_once(&hall, &handlers(), broker.as_ref()).await;
            }),
        };
        for _ in 0..self.cooked[0] % 4 {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
        // A queue of one consumer is delivered again, in its order, before it goes on.
        self.broker.redeliver();
    }

    fn relay(&self) -> Relay {
        Relay { log: self.kitchen.clone(), broker: self.broker.clone(), cursor: None }
    }

    /// Moods pass, a person replays what died, and everything is heard.
    async fn finish(&mut self) {
        for dish in 0..DISHES.len() {
            self.go(Step::Sweet(dish)).await;
        }
        self.broker.redeliver();
        self.hear().await;
        for letter in dead_letters(&self.hall, 0, 1_000).await.unwrap() {
            replay(&self.hall, letter.id).await.unwrap();
        }
        self.go(Step::Retry).await;
        for (dish, count) in DISHES.into_iter().zip(self.cooked) {
            assert_eq!(came(&self.hall, mine(), dish).await, in_order(count), "{dish}");
        }
        assert_eq!(parked(&self.hall).await.unwrap(), Parked::default());
    }
}

async fn live(place: &Place, way: Way, steps: &[Step]) {
    let mut world = World::new(place, way);
    for step in steps {
        world.go(*step).await;
    }
    world.finish().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, ..ProptestConfig::default() })]
    #[test]
    fn any_history_ends_where_the_straight_run_ends(
        steps in steps(), way in prop_oneof![Just(Way::Log), Just(Way::Broker)]
    ) {
        let place = Place::sqlite();
        run(live(&place, way, &steps));
    }
}

#[test]
fn any_history_ends_where_the_straight_run_ends_on_postgres() {
    let mut runner = TestRunner::deterministic();
    for way in [Way::Log, Way::Broker, Way::Log, Way::Broker] {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let Some(place) = Place::postgres() else { return };
        run(live(&place, way, &steps));
    }
}
