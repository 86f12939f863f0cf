//! What carries events between the services: a broker as bad as its contract allows. What is of one key comes in its
//! order; everything may come twice, late, and before or after what is of another key.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contracts::{EventId, Id};
use kernel::events::{Asked, Broker, BrokerError, Delivery, Logged};
use tokio::sync::watch;

use crate::dice::Dice;

/// How a piece of work goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is done.
    Done,
    /// What is said to the post at its end is lost.
    Lost,
    /// The post has heard it, and its answer is lost.
    Unanswered,
    /// Whoever does it dies at that moment.
    CutOff(Duration),
}

/// How often what was seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub delivered: u64,
    pub twice: u64,
    pub forgotten: u64,
    pub again: u64,
    pub held_back: u64,
}

/// The broker.
pub struct Post(Mutex<State>);

struct State {
    dice: Dice,
    /// Which types each consumer hears.
    interests: BTreeMap<&'static str, Vec<&'static str>>,
    /// What waits, by consumer and source, in the order of its publication.
    waiting: BTreeMap<(&'static str, String), VecDeque<Delivery>>,
    /// What each consumer was given and has not settled.
    hands: BTreeMap<String, Hand>,
    /// Up to where each log was published.
    published: BTreeMap<String, i64>,
    relays: BTreeMap<String, (watch::Sender<bool>, Fate)>,
    /// Keys that are late: until which round.
    late: HashMap<(&'static str, String), u64>,
    /// What was delivered before, to come again long after.
    past: BTreeMap<&'static str, VecDeque<Delivery>>,
    round: u64,
    calm: bool,
    next_tag: u64,
    counts: Counts,
}

/// A batch on its way to one consumer.
struct Hand {
    source: String,
    batch: Vec<Delivery>,
    given: bool,
    settled: bool,
    fate: Fate,
    stop: watch::Sender<bool>,
}

const PAST_MAX: usize = 512;
/// An event of a key that is late holds back the key for up to so many rounds.
const LATE_MAX: u64 = 60;

impl Post {
    /// A post for these consumers, each with the types that it hears.
    pub fn new(dice: Dice, interests: BTreeMap<&'static str, Vec<&'static str>>) -> Self {
        Self(Mutex::new(State {
            dice,
            interests,
            waiting: BTreeMap::new(),
            hands: BTreeMap::new(),
            published: BTreeMap::new(),
            relays: BTreeMap::new(),
            late: HashMap::new(),
            past: BTreeMap::new(),
            round: 0,
            calm: false,
            next_tag: 0,
            counts: Counts::default(),
        }))
    }

    /// The next round begins.
    pub fn turns(&self) {
        let mut state = self.state();
        state.round += 1;
        let round = state.round;
        state.late.retain(|_, until| *until > round);
    }

    /// From now on nothing is late, twice or out of order; or no longer.
    pub fn calms(&self, calm: bool) {
        let mut state = self.state();
        state.calm = calm;
        if calm {
            state.late.clear();
        }
    }

    /// Much of what was ever heard comes once more, and nobody remembers its id.
    pub fn comes_again(&self) {
        let mut state = self.state();
        for (consumer, past) in std::mem::take(&mut state.past) {
            for mut old in past.into_iter().filter(is_timeless) {
                state.forgets(&mut old);
                let source = old.envelope.source.clone().unwrap_or_default();
                state.waiting.entry((consumer, source)).or_default().push_back(old);
            }
        }
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// Whether nothing waits for anybody.
    pub fn is_empty(&self) -> bool {
        self.state().waiting.values().all(VecDeque::is_empty)
    }

    /// Up to where the log of this source was published.
    pub fn published(&self, source: &str) -> i64 {
        self.state().published.get(source).copied().unwrap_or_default()
    }

    /// The next publication of this source goes so; what is returned says when it is over.
    pub fn opens(&self, source: &str, fate: Fate) -> watch::Receiver<bool> {
        let (stop, stopped) = watch::channel(false);
        self.state().relays.insert(source.to_owned(), (stop, fate));
        stopped
    }

    /// Puts up to `most` events into a consumer's hand; nothing where none may come now.
    pub fn hands(&self, consumer: &'static str, most: usize, fate: Fate) -> Option<watch::Receiver<bool>> {
        let mut state = self.state();
        let (source, batch) = state.draw(consumer, most)?;
        let (stop, stopped) = watch::channel(false);
        let hand = Hand { source, batch, given: false, settled: false, fate, stop };
        state.hands.insert(consumer.to_owned(), hand);
        Some(stopped)
    }

    /// Takes back what a consumer has not settled.
    pub fn takes_back(&self, consumer: &'static str) {
        let mut state = self.state();
        let Some(hand) = state.hands.remove(consumer) else { return };
        if hand.settled {
            state.remembers(consumer, hand.batch);
            return;
        }
        state.counts.again += hand.batch.len() as u64;
        let queue = state.waiting.entry((consumer, hand.source)).or_default();
        hand.batch.into_iter().rev().for_each(|delivery| queue.push_front(delivery));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Some events of one source for a consumer: all of a key or none, in its order, the keys in any order.
    fn draw(&mut self, consumer: &'static str, most: usize) -> Option<(String, Vec<Delivery>)> {
        let sources: Vec<String> = self
            .waiting
            .iter()
            .filter(|((name, _), queue)| *name == consumer && !queue.is_empty())
            .map(|((_, source), _)| source.clone())
            .collect();
        let source = sources.get(self.dice.below(sources.len() as u64) as usize)?.clone();
        let queue = self.waiting.remove(&(consumer, source.clone()))?;
        let (mut taken, mut left) = (Vec::new(), VecDeque::new());
        let mut ranks: HashMap<String, Option<u64>> = HashMap::new();
        for delivery in queue {
            let key = key_of(&delivery);
            let late = self.late.contains_key(&(consumer, key.clone()));
            let (calm, dice) = (self.calm, &mut self.dice);
            let rank = *ranks.entry(key).or_insert_with(|| match (late, calm) {
                (true, _) => None,
                (false, true) => Some(0),
                (false, false) => (!dice.once_in(4)).then(|| dice.below(1 << 20)),
            });
            match rank {
                Some(rank) if taken.len() < most => taken.push((rank, delivery)),
                Some(_) | None => {
                    // What follows of this key has to wait with it.
                    ranks.insert(key_of(&delivery), None);
                    left.push_back(delivery);
                }
            }
        }
        self.waiting.insert((consumer, source.clone()), left);
        taken.sort_by_key(|(rank, _)| *rank);
        let mut batch: Vec<Delivery> = taken.into_iter().map(|(_, delivery)| delivery).collect();
        self.counts.delivered += batch.len() as u64;
        if !self.calm {
            self.repeats(consumer, &source, &mut batch);
        }
        (!batch.is_empty()).then_some((source, batch))
    }

    /// Adds what comes twice: at once, or long after it was heard; some of it when nobody remembers its id any more.
    fn repeats(&mut self, consumer: &'static str, source: &str, batch: &mut Vec<Delivery>) {
        for at in (0..batch.len()).rev() {
            if self.dice.once_in(8) {
                batch.push(batch[at].clone());
                self.counts.twice += 1;
            }
        }
        let past = self.past.get(consumer).filter(|past| !past.is_empty() && self.dice.once_in(3));
        if let Some(past) = past {
            let mut old = past[self.dice.below(past.len() as u64) as usize].clone();
            if old.envelope.source.as_deref() == Some(source) {
                if is_timeless(&old) && self.dice.once_in(2) {
                    self.forgets(&mut old);
                }
                batch.push(old);
                self.counts.twice += 1;
            }
        }
    }

    /// It comes when its id has been forgotten.
    fn forgets(&mut self, delivery: &mut Delivery) {
        self.next_tag += 1;
        self.counts.forgotten += 1;
        delivery.envelope.event_id = EventId::from_u128(u128::from(self.next_tag) << 64);
    }

    /// Keeps some of what was heard, to come again.
    fn remembers(&mut self, consumer: &'static str, batch: Vec<Delivery>) {
        let past = self.past.entry(consumer).or_default();
        past.extend(batch.into_iter().filter(|_| self.dice.once_in(4)));
        let more = past.len().saturating_sub(PAST_MAX);
        past.drain(..more);
    }

    fn take_in(&mut self, events: &[Logged]) {
        let mut fresh: HashSet<(&'static str, String)> = HashSet::new();
        for Logged { envelope, traceparent, .. } in events {
            let source = envelope.source.clone().unwrap_or_default();
            let key = envelope.key.clone().unwrap_or_default();
            let kind = envelope.event_type.as_str();
            let hearers: Vec<&'static str> = self
                .interests
                .iter()
                .filter(|(name, types)| **name != source && types.contains(&kind))
                .map(|(name, _)| *name)
                .collect();
            for consumer in hearers {
                self.next_tag += 1;
                let delivery = Delivery {
                    tag: self.next_tag,
                    envelope: envelope.clone(),
                    traceparent: traceparent.clone(),
                };
                self.waiting.entry((consumer, source.clone())).or_default().push_back(delivery);
                if !self.calm && fresh.insert((consumer, key.clone())) && self.dice.once_in(25) {
                    let until = self.round + 1 + self.dice.below(LATE_MAX);
                    self.late.insert((consumer, key.clone()), until);
                    self.counts.held_back += 1;
                }
            }
        }
    }
}

/// Whether an account is frozen follows from the order of what is told of it; nothing else here does.
fn is_timeless(delivery: &Delivery) -> bool {
    !matches!(delivery.envelope.event_type.as_str(), "account.frozen" | "account.thawed")
}

fn key_of(delivery: &Delivery) -> String {
    delivery.envelope.key.clone().unwrap_or_default()
}

/// What the post answers, as far as it is heard.
fn answer(fate: Fate) -> Result<(), BrokerError> {
    match fate {
        Fate::Done | Fate::CutOff(_) => Ok(()),
        Fate::Lost | Fate::Unanswered => Err(BrokerError("nothing was answered".into())),
    }
}

impl Broker for Post {
    fn publish(&self, events: Vec<Logged>) -> Asked<'_, ()> {
        let mut state = self.state();
        let last =
            events.last().map(|last| (last.envelope.source.clone().unwrap_or_default(), last.position));
        let Some((source, position)) = last else { return Box::pin(async { Ok(()) }) };
        let fate = state.relays.remove(&source).map_or(Fate::Done, |(stop, fate)| {
            // Nobody waits for it where its publisher was cut off.
            let _ = stop.send(true);
            fate
        });
        if fate != Fate::Lost {
            state.take_in(&events);
        }
        let answer = answer(fate);
        if answer.is_ok() {
            state.published.insert(source, position);
        }
        Box::pin(async { answer })
    }

    fn receive<'a>(&'a self, consumer: &'a str, _: usize) -> Asked<'a, Vec<Delivery>> {
        let mut batch = Vec::new();
        if let Some(hand) = self.state().hands.get_mut(consumer) {
            if hand.given {
                let _ = hand.stop.send(true);
            } else {
                hand.given = true;
                batch.clone_from(&hand.batch);
            }
        }
        Box::pin(async { Ok(batch) })
    }

    fn settle<'a>(&'a self, consumer: &'a str, tags: Vec<u64>) -> Asked<'a, ()> {
        let mut said = Ok(());
        if let Some(hand) = self.state().hands.get_mut(consumer).filter(|_| !tags.is_empty()) {
            let _ = hand.stop.send(true);
            said = answer(hand.fate);
            hand.settled = hand.fate != Fate::Lost;
        }
        Box::pin(async { said })
    }
}
