//! Across a broker that does what brokers do: twice, late, shuffled, gone.

use super::super::broker::{Asked, Relay, intake_once};
use super::*;
use crate::testing::on_both;

const DISHES: [&str; 5] = ["soup", "bread", "stew", "tea", "cake"];

/// A broker of which one answer gets lost: it did what it was asked, and nobody knows.
struct LossyLine {
    broker: MemoryBroker,
    loses: Answer,
}

#[derive(Clone, Copy, PartialEq)]
enum Answer {
    ToPublish,
    ToSettle,
}

fn lost<T>() -> Result<T, BrokerError> {
    Err(BrokerError("the line is dead".into()))
}

impl Broker for LossyLine {
    fn publish(&self, events: Vec<Logged>) -> Asked<'_, ()> {
        Box::pin(async move {
            self.broker.publish(events).await?;
            if self.loses == Answer::ToPublish { lost() } else { Ok(()) }
        })
    }

    fn receive<'a>(&'a self, consumer: &'a str, max: usize) -> Asked<'a, Vec<Delivery>> {
        self.broker.receive(consumer, max)
    }

    fn settle<'a>(&'a self, consumer: &'a str, tags: Vec<u64>) -> Asked<'a, ()> {
        Box::pin(async move {
            if self.loses == Answer::ToSettle { lost() } else { self.broker.settle(consumer, tags).await }
        })
    }
}

fn relay_of(log: &Store, broker: &Arc<MemoryBroker>) -> Relay {
    Relay { log: log.clone(), broker: broker.clone(), cursor: None }
}

async fn relay_all(log: &Store, broker: &Arc<MemoryBroker>) {
    place_all(log).await;
    let mut relay = relay_of(log, broker);
    while relay.step().await.unwrap() > 0 {}
}

async fn take_in_all(hall: &Store, broker: &dyn Broker) {
    while intake_once(hall, &handlers(), broker).await.unwrap() > 0 {}
}

#[test]
fn a_broker_that_delivers_twice_and_shuffled_leads_to_the_same_state_as_the_log() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        let annex = place.store("annex", MIGRATIONS);
        let faults = Faults { duplicate_every: 3, shuffle: true };
        let broker = Arc::new(MemoryBroker::new(&["annex"], faults));
        for round in 0..150 {
            let scope = Scope::Project(project(1 + round % 2));
            cook(&kitchen, scope, &[DISHES[(round % 5) as usize], DISHES[((round + 2) % 5) as usize]]).await;
        }
        hear_all(&hall, &kitchen).await;
        relay_all(&kitchen, &broker).await;
        take_in_all(&annex, broker.as_ref()).await;
        for number in [1, 2] {
            for dish in DISHES {
                let by_log = came(&hall, Scope::Project(project(number)), dish).await;
                assert_eq!(came(&annex, Scope::Project(project(number)), dish).await, by_log);
                assert_eq!(by_log, in_order(30));
            }
        }
    });
}

#[test]
fn a_consumer_that_died_before_it_settled_hears_again_without_effect() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        let line =
            LossyLine { broker: MemoryBroker::new(&["hall"], Faults::default()), loses: Answer::ToSettle };
        cook(&kitchen, mine(), &["soup", "bread"]).await;
        place_all(&kitchen).await;
        line.publish(tail(&kitchen, 0, 10).await.unwrap()).await.unwrap();
        // Received by one that died at once.
        assert_eq!(line.receive("hall", 10).await.unwrap().len(), 2);
        line.broker.redeliver();
        // Handled by one that died before the broker heard of it.
        assert!(intake_once(&hall, &handlers(), &line).await.is_err());
        assert_eq!(came(&hall, mine(), "soup").await, "1");
        line.broker.redeliver();
        take_in_all(&hall, &line.broker).await;
        assert_eq!(came(&hall, mine(), "soup").await, "1");
        assert_eq!(came(&hall, mine(), "bread").await, "1");
        line.broker.redeliver();
        assert_eq!(intake_once(&hall, &handlers(), &line.broker).await.unwrap(), 0, "all is settled");
    });
}

#[test]
fn a_relay_that_dies_before_it_moves_its_cursor_publishes_again_with_one_effect() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        let line = Arc::new(LossyLine {
            broker: MemoryBroker::new(&["hall"], Faults::default()),
            loses: Answer::ToPublish,
        });
        cook(&kitchen, mine(), &["soup", "bread"]).await;
        place_all(&kitchen).await;
        for _ in 0..2 {
            let mut relay = Relay { log: kitchen.clone(), broker: line.clone(), cursor: None };
            assert!(relay.step().await.is_err());
        }
        let count = intake_once(&hall, &handlers(), &line.broker).await.unwrap();
        assert_eq!(count, 4, "each came twice");
        assert_eq!(came(&hall, mine(), "soup").await, "1");
        assert_eq!(came(&hall, mine(), "bread").await, "1");
    });
}

#[test]
fn a_relay_goes_on_where_the_one_before_it_was() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        let broker = Arc::new(MemoryBroker::new(&["hall"], Faults::default()));
        cook(&kitchen, mine(), &["soup"]).await;
        relay_all(&kitchen, &broker).await;
        cook(&kitchen, mine(), &["soup"]).await;
        relay_all(&kitchen, &broker).await;
        let delivered = broker.receive("hall", 10).await.unwrap();
        assert_eq!(delivered.len(), 2);
        // A relay that was overtaken notices it and looks where the cursor is now.
        let (mut slow, mut quick) = (relay_of(&kitchen, &broker), relay_of(&kitchen, &broker));
        assert_eq!((slow.step().await.unwrap(), quick.step().await.unwrap()), (0, 0));
        cook(&kitchen, mine(), &["soup"]).await;
        place_all(&kitchen).await;
        assert_eq!(quick.step().await.unwrap(), 1);
        assert!(slow.step().await.is_err());
        assert_eq!(slow.step().await.unwrap(), 0);
        take_in_all(&hall, broker.as_ref()).await;
        assert_eq!(
            came(&hall, mine(), "soup").await,
            "3",
            "it came twice; the first two died with their consumer"
        );
    });
}

#[test]
fn a_failing_event_from_a_broker_parks_its_key_too() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        let broker = Arc::new(MemoryBroker::new(&["hall"], Faults { duplicate_every: 2, shuffle: false }));
        set_mood(&hall, "soup", "sour").await;
        for _ in 0..3 {
            cook(&kitchen, mine(), &["soup", "bread"]).await;
            relay_all(&kitchen, &broker).await;
            take_in_all(&hall, broker.as_ref()).await;
        }
        assert_eq!(came(&hall, mine(), "bread").await, "1 2 3");
        assert_eq!(parked(&hall).await.unwrap(), Parked { all: 3, dead: 0 });
        set_mood(&hall, "soup", "fine").await;
        hall.clock().advance(Duration::from_secs(600));
        assert_eq!(retry_parked(&hall, &handlers()).await.unwrap(), 3);
        assert_eq!(came(&hall, mine(), "soup").await, "1 2 3");
    });
}

#[test]
fn events_that_came_through_a_broker_are_forgotten_after_their_time() {
    on_both(async |place| {
        let (kitchen, hall) = kitchen_and_hall(place);
        let broker = Arc::new(MemoryBroker::new(&["hall"], Faults::default()));
        cook(&kitchen, mine(), &["soup"]).await;
        relay_all(&kitchen, &broker).await;
        take_in_all(&hall, broker.as_ref()).await;
        let remembered = async || {
            let count = |tx: &mut Tx<'_>| tx.one("select count(*) from processed_events", params![]);
            hall.read::<u32, StoreError, _>(system(), count).await.unwrap()
        };
        purge(&hall, hall.clock().now()).await.unwrap();
        assert_eq!(remembered().await, 1);
        hall.clock().advance(Duration::from_secs(1));
        purge(&hall, hall.clock().now()).await.unwrap();
        assert_eq!(remembered().await, 0);
    });
}
