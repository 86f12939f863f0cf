//! One decision of fraud detection with 50 rules and the model: what is known is read, the rules and the model asked, the
//! decision journaled and told, what is known written back, and all of it stored; one at a time, on files and on Postgres.

use std::time::{Duration, Instant};

use contracts::events::wallet::{BalanceReserved, WalletPaymentFacts};
use contracts::{Currency, Id, ProjectId, UserId, WalletAccountId, WalletPaymentId};
use fraud::domain::rules::{Rule, RuleSet};
use kernel::events::{catch_up, position_all};
use kernel::store::{Scope, Store, StoreError};
use kernel::testing::{Place, Player, Said, Stage, run};
use serde_json::{Value, json};

use crate::Failure;
use crate::contest::Tally;
use crate::results::{Row, per_second, quantiles, ratio};

/// A decision is to take no longer than this, but for one in a hundred.
const BAR: Duration = Duration::from_millis(1);
const RULES: usize = 50;
/// Payments that are judged before the clock runs, so that profiles have a history.
const PAST: usize = 200;
const PEOPLE: u128 = 20;
/// A score that is never reached.
const NEVER: u32 = 1_001;

/// Measures and keeps the rows of both engines.
pub fn measure(time: Duration) -> Result<(), Failure> {
    for (engine, place) in [("embedded", Some(Place::sqlite())), ("Postgres", Place::postgres())] {
        let Some(place) = place else { continue };
        let (decided, assessed) = run(decisions(&place, time))?;
        keep(&format!("fraud, {engine}: a decision, {RULES} rules and the model, stored"), &decided)?;
        keep(
            &format!("fraud, {engine}: a payment assessed, {RULES} rules and the model, not stored"),
            &assessed,
        )?;
    }
    Ok(())
}

/// Fifty rules of every kind, few of which speak, and the model; they let everybody pass.
pub fn rule_set() -> Result<RuleSet, Failure> {
    let conditions = [
        r#"amount > 100_000_000 and is_new("payer", "payee")"#,
        r#"count("payer", "1h") >= 20 or sum("payer", "24h") + amount > 900_000_000"#,
        r#"distinct("device", "payer", "7d") >= 5 and not in_list("trusted", device)"#,
        r#"country in ["AA", "BB", "CC", "DD"] and hour < 6"#,
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
    Ok(RuleSet { rules, review_at: NEVER, block_at: NEVER, model_weight: 60, ..RuleSet::built_in() })
}

fn keep(what: &str, tally: &Tally) -> Result<(), Failure> {
    let p99 = tally.latencies.quantile(0.99).ok_or("nothing was judged")?;
    Row {
        what: what.to_owned(),
        figure: format!("{}, one at a time", per_second(tally)),
        baseline: format!("the bar: 99 of 100 below {} µs", BAR.as_micros()),
        ratio: format!("{} of the bar", ratio(p99.as_secs_f64(), BAR.as_secs_f64())),
        quantiles: quantiles(&tally.latencies),
    }
    .keep()
}

async fn decisions(place: &Place, time: Duration) -> Result<(Tally, Tally), Failure> {
    let stage = Stage::new(place, fraud::service()).await;
    let ledger = stage.neighbour("ledger").await;
    let analyst = Player::user(9, 1, &["fraud:manage"]);
    let draft = stage.post(&analyst, "/api/v1/fraud/rule-sets", &serde_json::to_value(rule_set()?)?).await;
    let path = format!("/api/v1/fraud/rule-sets/{}/publish", draft.body["version"]);
    good(stage.post(&analyst, &path, &json!({})).await)?;
    for number in 0..PAST {
        judge(&stage, &ledger, number as u128).await?;
    }
    let (mut decided, started) = (Tally::default(), Instant::now());
    while started.elapsed() < time {
        let took = judge(&stage, &ledger, PAST as u128 + u128::from(decided.done)).await?;
        decided.latencies.record(took);
        decided.done += 1;
        decided.took += took;
    }
    let seen = good(stage.get(&analyst, "/api/v1/fraud/decisions?limit=1").await)?;
    if seen["data"][0]["verdict"]["decision"] != "approve" {
        return Err(format!("not what was to be measured: {seen}").into());
    }
    Ok((decided, assessments(&stage, &analyst, time).await?))
}

/// Has one payment judged; how long that took from its event to the stored decision.
async fn judge(stage: &Stage, ledger: &Store, number: u128) -> Result<Duration, Failure> {
    let told = reserved(number);
    let key = told.payment.payment_id;
    ledger
        .write::<_, StoreError, _>(Scope::Project(ProjectId::from_u128(1)), move |tx| {
            tx.publish(key, &told).map(drop)
        })
        .await?;
    position_all(ledger).await?;
    let began = Instant::now();
    catch_up(stage.running.store(), ledger, stage.running.handlers()).await?;
    Ok(began.elapsed())
}

async fn assessments(stage: &Stage, analyst: &Player, time: Duration) -> Result<Tally, Failure> {
    let payment = reserved(1).payment;
    let asked: Value = json!({ "amount": payment.amount, "currency": "INR", "payer": payment.payer, "payee": payment.payee,
        "device": payment.device, "address": payment.client_address });
    let (mut tally, started) = (Tally::default(), Instant::now());
    while started.elapsed() < time {
        let began = Instant::now();
        let said = stage.post(analyst, "/api/v1/fraud/assess", &asked).await;
        tally.latencies.record(began.elapsed());
        good(said)?;
        tally.done += 1;
    }
    tally.took = started.elapsed();
    Ok(tally)
}

/// What was answered, if it is good.
fn good(said: Said) -> Result<Value, Failure> {
    if said.status.is_success() { Ok(said.body) } else { Err(said.body.to_string().into()) }
}

fn reserved(number: u128) -> BalanceReserved {
    let payee = UserId::from_u128(100 + number % PEOPLE);
    let payment = WalletPaymentFacts {
        payment_id: WalletPaymentId::from_u128(1 + number),
        from_account: WalletAccountId::from_u128(1 + number % PEOPLE),
        to_account: WalletAccountId::from_u128(100 + number % PEOPLE),
        amount: 1_000 + (number % 500) as i64,
        fee: 0,
        currency: Currency::INR,
        payer: UserId::from_u128(1 + number / 3 % PEOPLE),
        payee: Some(payee),
        client_address: Some(format!("203.0.113.{}", number % 90)),
        device: Some(format!("device-{}", number % 7)),
    };
    BalanceReserved { payment, available: 1_000_000 }
}
