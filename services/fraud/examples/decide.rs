//! How long a decision takes with 50 rules and the model: `cargo run --release -p fraud --example decide`.
//!
//! `judge` is what the rules and the model cost. `whole` is all that a decision does but for the database: four profiles
//! full of history are read from their rows, asked, written back, and the journal's row is made. The rules are kept in
//! memory as they can be asked.

#![allow(clippy::print_stdout, reason = "what it finds is for the person who runs it")]

use contracts::{Currency, Id, Timestamp, UserId};
use fraud::domain::evidence::{Evidence, Known};
use fraud::domain::facts::{Facts, Source, Subject};
use fraud::domain::model::Model;
use fraud::domain::profile::{Profile, others};
use fraud::domain::rules::{Rule, RuleSet};
use fraud::domain::verdict::Verdict;
use kernel::clock::Clock;

type Failure = Box<dyn std::error::Error>;

const DECISIONS: usize = 20_000;
const RULES: usize = 50;

fn main() -> Result<(), Failure> {
    let profiles = profiles();
    let rules = rule_set()?.compile(1).map_err(|_| "the rules have mistakes")?;
    let (model, clock) = (Model::present()?, Clock::system());
    let (mut judging, mut whole, mut blocked) = (Vec::new(), Vec::new(), 0);
    for number in 0..DECISIONS {
        let facts = facts(START_MS + 40_000, number);
        let names = facts.named();
        let begun = clock.wall();
        let mut known = Known::default();
        for (known, bytes) in known.iter_mut().zip(&profiles) {
            let profile = Profile::unpacked(bytes).ok_or("a profile cannot be read")?;
            *known = Some((Timestamp::from_millis(START_MS), profile));
        }
        let asked = clock.wall();
        let evidence = Evidence::gather(facts.clone(), &names, &known);
        let verdict = Verdict::of(&evidence, &rules, model);
        let said = clock.wall();
        for (subject, known) in Subject::ALL.into_iter().zip(&mut known) {
            if let Some((_, profile)) = known {
                let others = others(subject, &names);
                profile.add(facts.at.as_millis(), facts.currency, &others);
                profile.learn(facts.at.as_millis(), facts.amount, facts.currency, &others);
                blocked += profile.packed().len() % 2;
            }
        }
        blocked += serde_json::to_string(&evidence)?.len() + serde_json::to_string(&verdict)?.len();
        judging.push(said.duration_since(asked).as_micros());
        whole.push(clock.wall().duration_since(begun).as_micros());
    }
    let bytes = profiles.iter().map(Vec::len).sum::<usize>();
    println!(
        "{DECISIONS} decisions, {RULES} rules, the model, four profiles of {bytes} bytes together ({blocked})"
    );
    print("judge", judging);
    print("whole", whole);
    Ok(())
}

const START_MS: i64 = 1_767_225_600_000;

fn facts(at_ms: i64, number: usize) -> Facts {
    Facts {
        source: Source::Wallet,
        amount: 1_000 + number as i64,
        currency: Currency::INR,
        payer: Some(UserId::from_u128(1)),
        payee: Some(UserId::from_u128(number as u128 % 300)),
        device: Some(format!("device-{}", number % 7)),
        address: Some(format!("203.0.{}.9", number % 90)),
        at: Timestamp::from_millis(at_ms),
    }
}

/// Four profiles of somebody who has paid every 20 minutes for a month.
fn profiles() -> Vec<Vec<u8>> {
    let mut profiles = [const { None::<Profile> }; 4].map(Option::unwrap_or_default);
    for number in 0..2_160_usize {
        let facts = facts(START_MS - (2_160 - number as i64) * 1_200_000, number);
        for (subject, profile) in Subject::ALL.into_iter().zip(&mut profiles) {
            let met = others(subject, &facts.named());
            profile.add(facts.at.as_millis(), facts.currency, &met);
            profile.learn(facts.at.as_millis(), facts.amount, facts.currency, &met);
        }
    }
    profiles.iter().map(Profile::packed).collect()
}

/// Fifty rules of every kind, few of which speak.
fn rule_set() -> Result<RuleSet, Failure> {
    let conditions = [
        r#"amount > 100_000_000 and is_new("payer", "payee")"#,
        r#"count("payer", "1h") >= 20 or sum("payer", "24h") + amount > 900_000_000"#,
        r#"distinct("device", "payer", "7d") >= 5 and not in_list("trusted", device)"#,
        r#"country in ["AA", "BB", "CC", "DD"] and hour() < 6"#,
        r#"age_days("payer") < 1 and distinct("payer", "payee", "24h") >= 200"#,
    ];
    let rule = |number: usize| -> Result<Rule, Failure> {
        let (name, when) = (format!("rule_{number}"), conditions[number % conditions.len()].to_owned());
        Ok(Rule {
            name: name.try_into()?,
            when: when.try_into()?,
            score: 20,
            shadow: number.is_multiple_of(10),
        })
    };
    let rules = (0..RULES).map(rule).collect::<Result<_, _>>()?;
    Ok(RuleSet { rules, ..RuleSet::built_in() })
}

fn print(what: &str, mut micros: Vec<u128>) {
    micros.sort_unstable();
    let at = |part: usize| micros[(micros.len() - 1) * part / 100];
    println!("{what}  p50 {} us, p99 {} us, max {} us", at(50), at(99), at(100));
}
