//! How the model is trained: payments that are made up, a split in time, logistic regression, and an honest measure.
//!
//! Nothing here is real: 600 people pay each other for 90 days, and four kinds of fraud are played among them. How well
//! the model does says that it has learnt what was played, not what it will catch. Only + - * / are used on fractions,
//! so the file is the same on every machine.

use std::collections::HashMap;

use contracts::{Currency, Id, Timestamp, UserId};
use fraud::domain::evidence::{Evidence, Known};
use fraud::domain::facts::{Facts, Source, Subject};
use fraud::domain::model::{FEATURE_NAMES, FEATURES, Model, Weight, certainty, features};
use fraud::domain::profile::{Profile, others};

/// What came of training.
pub struct Learnt {
    /// The model.
    pub model: Model,
    /// Payments that were learnt from.
    pub trained: usize,
    /// Later payments that it was tested with.
    pub tested: usize,
    /// Frauds among the first.
    pub frauds_trained: usize,
    /// Frauds among the others.
    pub frauds_tested: usize,
    /// The area under the curve, of what was learnt from.
    pub auc_trained: f64,
    /// The area under the curve, of the later ones.
    pub auc_tested: f64,
    /// Points of the curve of the later ones: the score, which part of frauds and of honest payments reach it.
    pub points: Vec<(u32, f64, f64)>,
}

struct Person {
    device: String,
    address: String,
    usual: i64,
    payees: Vec<usize>,
    born_day: i64,
}

/// A payment that was made up: what the model sees of it, and whether it is fraud.
struct Sample {
    x: [i64; FEATURES],
    fraud: bool,
    evidence: Evidence,
}

/// Numbers that look random and are the same every time (SplitMix64).
struct Dice(u64);

const PEOPLE: usize = 600;
const DAYS: i64 = 90;
const PAYMENTS: usize = 30_000;
const ROUNDS: usize = 240;
const SEED: u64 = 20_261_121;
const DAY_MS: i64 = 86_400_000;
const START_MS: i64 = 1_767_225_600_000;

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: i64) -> i64 {
        (self.next() % end.max(1) as u64) as i64
    }

    fn percent(&mut self, chance: i64) -> bool {
        self.below(100) < chance
    }

    fn one_of(&mut self, many: usize) -> usize {
        self.below(many as i64) as usize
    }
}

/// Trains a model of made-up payments.
pub fn train() -> Result<Learnt, Box<dyn std::error::Error>> {
    let samples = play();
    let (learn, test) = samples.split_at(samples.len() * 7 / 10);
    let model = fit(learn);
    let scored = |samples: &[Sample]| -> Vec<(i64, bool)> {
        samples.iter().map(|sample| (i64::from(model.score(&sample.evidence)), sample.fraud)).collect()
    };
    let (learnt, tested) = (scored(learn), scored(test));
    let frauds = |samples: &[(i64, bool)]| samples.iter().filter(|sample| sample.1).count();
    let share = |score: u32, fraud: bool| {
        let of: Vec<_> = tested.iter().filter(|sample| sample.1 == fraud).collect();
        of.iter().filter(|sample| sample.0 >= i64::from(score)).count() as f64 / of.len() as f64
    };
    let points = [300, 500, 700, 900].map(|score| (score, share(score, true), share(score, false))).to_vec();
    Ok(Learnt {
        trained: learnt.len(),
        tested: tested.len(),
        frauds_trained: frauds(&learnt),
        frauds_tested: frauds(&tested),
        auc_trained: auc(&learnt),
        auc_tested: auc(&tested),
        points,
        model,
    })
}

impl Learnt {
    /// The file of the model.
    pub fn file(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(&self.model).map(|text| text + "\n")
    }
}

fn people(dice: &mut Dice) -> Vec<Person> {
    let person = |number: usize, dice: &mut Dice| Person {
        device: format!("device-{number}"),
        // Every fifth lives behind an address that they share with others.
        address: if dice.percent(20) {
            format!("10.9.{}.1", number % 12)
        } else {
            format!("10.1.{}.{}", number / 250, number % 250)
        },
        usual: 2_000 * (1 + dice.below(4)) * (1 + dice.below(5)) * (1 + dice.below(4)),
        payees: (0..3 + dice.one_of(9)).map(|_| dice.one_of(PEOPLE)).collect(),
        born_day: dice.below(500) - 450,
    };
    (0..PEOPLE).map(|number| person(number, dice)).collect()
}

/// The payments of all, in the order of time.
fn play() -> Vec<Sample> {
    let mut dice = Dice(SEED);
    let people = people(&mut dice);
    let mut profiles: HashMap<String, (Timestamp, Profile)> = HashMap::new();
    let (mut samples, mut at_ms) = (Vec::with_capacity(PAYMENTS), START_MS);
    let step_ms = DAYS * DAY_MS / PAYMENTS as i64;
    while samples.len() < PAYMENTS {
        at_ms += dice.below(2 * step_ms);
        let who = dice.one_of(PEOPLE);
        if dice.percent(98) {
            let facts = honest(&mut dice, &people, who, at_ms);
            samples.push(pay(&mut profiles, &people, facts, false));
            continue;
        }
        let (kind, mule) = (dice.below(4), PEOPLE + dice.one_of(25));
        let burst = if kind == 2 { 3 + dice.below(8) } else { 1 + dice.below(3) };
        for round in 0..burst {
            let facts = fraudulent(&mut dice, &people, who, mule, kind, at_ms + round * 60_000);
            samples.push(pay(&mut profiles, &people, facts, true));
        }
        at_ms += burst * 60_000;
    }
    samples
}

fn honest(dice: &mut Dice, people: &[Person], who: usize, at_ms: i64) -> (usize, Facts) {
    let person = &people[who];
    let payee =
        if dice.percent(82) { person.payees[dice.one_of(person.payees.len())] } else { dice.one_of(PEOPLE) };
    let device =
        if dice.percent(94) { person.device.clone() } else { format!("device-{who}-{}", dice.below(40)) };
    let away = format!("10.{}.{}.7", 20 + dice.below(60), dice.below(200));
    let address = if dice.percent(80) { person.address.clone() } else { away };
    let times = if dice.percent(6) { 400 + dice.below(1_200) } else { 20 + dice.below(230) };
    (who, facts(who, payee, person.usual * times / 100, device, address, at_ms))
}

/// 0: an account is taken over. 1: somebody is talked into paying. 2: a fresh account is emptied in small amounts.
/// 3: a friendly fraud that looks like the payer on a good day.
fn fraudulent(
    dice: &mut Dice,
    people: &[Person],
    who: usize,
    mule: usize,
    kind: i64,
    at_ms: i64,
) -> (usize, Facts) {
    let person = &people[who];
    let (own, cave) = (person.device.clone(), format!("10.66.{}.1", dice.below(9)));
    match kind {
        0 => {
            let device = if dice.percent(85) { format!("taken-{}", dice.below(30)) } else { own };
            let address = if dice.percent(75) { cave } else { person.address.clone() };
            (who, facts(who, mule, person.usual * (100 + dice.below(700)) / 100, device, address, at_ms))
        }
        1 => {
            let amount = person.usual * (150 + dice.below(600)) / 100;
            (who, facts(who, mule, amount, own, person.address.clone(), at_ms))
        }
        2 => {
            let fresh = PEOPLE + 100 + dice.one_of(200);
            let device = format!("taken-{}", dice.below(30));
            (fresh, facts(fresh, mule + dice.one_of(5), 500 + dice.below(4_000), device, cave, at_ms))
        }
        _ => {
            let payee = person.payees[dice.one_of(person.payees.len())];
            let amount = person.usual * (60 + dice.below(250)) / 100;
            (who, facts(who, payee, amount, own, person.address.clone(), at_ms))
        }
    }
}

fn facts(payer: usize, payee: usize, amount: i64, device: String, address: String, at_ms: i64) -> Facts {
    Facts {
        source: Source::Wallet,
        amount: amount.max(1),
        currency: Currency::INR,
        payer: Some(UserId::from_u128(payer as u128)),
        payee: Some(UserId::from_u128(payee as u128)),
        device: Some(device),
        address: Some(address),
        at: Timestamp::from_millis(at_ms),
    }
}

/// What is known before the payment is its evidence; then it is part of what is known.
fn pay(
    profiles: &mut HashMap<String, (Timestamp, Profile)>,
    people: &[Person],
    (who, facts): (usize, Facts),
    fraud: bool,
) -> Sample {
    let names = facts.named();
    let keys = [0, 1, 2, 3].map(|at| names[at].as_ref().map(|name| format!("{at}:{name}")));
    let born_ms = people.get(who).map_or(facts.at.as_millis(), |person| START_MS + person.born_day * DAY_MS);
    let since = Timestamp::from_millis(born_ms);
    let known: Known = keys.clone().map(|key| key.and_then(|key| profiles.get(&key).cloned()));
    let known = match known {
        [None, payee, device, address] => [Some((since, Profile::default())), payee, device, address],
        known => known,
    };
    let (at, amount, currency) = (facts.at, facts.amount, facts.currency);
    let evidence = Evidence::gather(facts, &names, &known);
    for (subject, key) in Subject::ALL.into_iter().zip(keys) {
        let Some(key) = key else { continue };
        let since = if subject == Subject::Payer { since } else { at };
        let (_, profile) = profiles.entry(key).or_insert_with(|| (since, Profile::default()));
        // Nobody is refused in the play.
        let others = others(subject, &names);
        profile.add(at.as_millis(), currency, &others);
        profile.learn(at.as_millis(), amount, currency, &others);
    }
    Sample { x: features(&evidence), fraud, evidence }
}

/// Logistic regression by plain descent; frauds count for as much as all honest payments together.
fn fit(samples: &[Sample]) -> Model {
    let count = samples.len() as f64;
    let frauds = samples.iter().filter(|sample| sample.fraud).count() as f64;
    let (weight_of_fraud, weight_of_honest) = (count / (2.0 * frauds), count / (2.0 * (count - frauds)));
    let mut mean = [0.0; FEATURES];
    for sample in samples {
        for (mean, x) in mean.iter_mut().zip(sample.x) {
            *mean += x as f64 / 1_000.0 / count;
        }
    }
    let (mut bias, mut weights) = (0.0, [0.0; FEATURES]);
    for _ in 0..ROUNDS {
        let (mut bias_step, mut steps) = (0.0, [0.0; FEATURES]);
        for sample in samples {
            let mut sum: f64 = bias;
            for at in 0..FEATURES {
                sum += weights[at] * (sample.x[at] as f64 / 1_000.0 - mean[at]);
            }
            let sure = certainty((sum * 1e6) as i64) as f64 / 1e6;
            let (target, weight) =
                if sample.fraud { (1.0, weight_of_fraud) } else { (0.0, weight_of_honest) };
            let error = (target - sure) * weight / count;
            bias_step += error;
            for at in 0..FEATURES {
                steps[at] += error * (sample.x[at] as f64 / 1_000.0 - mean[at]);
            }
        }
        bias += bias_step;
        for at in 0..FEATURES {
            // A little is taken away from each weight, so that none grows for one odd payment's sake.
            weights[at] += steps[at] - 0.000_5 * weights[at];
        }
    }
    let centre: f64 = (0..FEATURES).map(|at| weights[at] * mean[at]).sum();
    let millionths = |value: f64| (value * 1e6) as i64;
    let weight =
        |at: usize| Weight { feature: FEATURE_NAMES[at].to_owned(), weight: millionths(weights[at]) };
    Model {
        version: "1".to_owned(),
        bias: millionths(bias - centre),
        weights: (0..FEATURES).map(weight).collect(),
    }
}

/// How likely it is that a fraud scores above an honest payment; a tie counts half.
fn auc(samples: &[(i64, bool)]) -> f64 {
    let mut by_score: HashMap<i64, (f64, f64)> = HashMap::new();
    for (score, fraud) in samples {
        let at = by_score.entry(*score).or_default();
        if *fraud { at.0 += 1.0 } else { at.1 += 1.0 }
    }
    let mut scores: Vec<_> = by_score.into_iter().collect();
    scores.sort_by_key(|(score, _)| *score);
    let (mut honest_below, mut frauds, mut won) = (0.0, 0.0, 0.0);
    for (_, (fraud, honest)) in scores {
        won += fraud * (honest_below + honest / 2.0);
        frauds += fraud;
        honest_below += honest;
    }
    won / (frauds * honest_below)
}
