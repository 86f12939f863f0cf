//! Paying at a time, once or again and again.

use std::time::Duration;

use contracts::Timestamp;
use contracts::events::access::UserErased;
use http::Method;
use serde_json::{Value, json};

use crate::stage::*;

const DAY: Duration = Duration::from_secs(86_400);

async fn plan(stage: &Stage, from: &str, to: &str, every: &str, starts_at: Timestamp, more: Value) -> Said {
    let mut body =
        json!({ "from_account": from, "to": to, "amount": 100, "every": every, "starts_at": starts_at });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stage.post(&ann(), "/api/v1/wallet/schedules", &body).await
}

async fn sees(stage: &Stage, schedule: &str) -> Value {
    stage.get(&ann(), &format!("/api/v1/wallet/schedules/{schedule}")).await.expect(200).body
}

async fn until(stage: &Stage, at: &str) {
    let at: Timestamp = at.parse().unwrap();
    stage.wait(at.duration_since(stage.clock.now())).await;
}

#[test]
fn a_payment_is_made_at_its_time_and_once() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let starts = stage.clock.now().saturating_add(DAY);
        let schedule =
            id(&plan(stage, &from, &to, "once", starts, json!({ "note": "Rent" })).await.expect(201));
        stage.wait(DAY - Duration::from_secs(1)).await;
        assert_eq!(stage.told_of("payment.initiated").await.len(), 0);
        stage.wait(Duration::from_secs(2)).await;
        stage.settles(&mut world).await;
        let seen = sees(stage, &schedule).await;
        assert_eq!(
            (&seen["state"], &seen["runs"], &seen["next_at"]),
            (&json!("ended"), &json!(1), &Value::Null)
        );
        let payment = stage.payment(seen["last_payment_id"].as_str().unwrap()).await;
        assert_eq!((&payment["status"], &payment["note"]), (&json!("completed"), &json!("Rent")));
        assert_eq!(payment["schedule_id"], json!(schedule));
        stage.wait(DAY * 2).await;
        assert_eq!(stage.told_of("payment.initiated").await.len(), 1);
    });
}

#[test]
fn a_monthly_payment_keeps_its_day_through_short_months() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 10_000).await;
        let year: i32 = stage.clock.now().to_string()[..4].parse::<i32>().unwrap() + 1;
        let starts: Timestamp = format!("{year}-01-31T09:00:00Z").parse().unwrap();
        let schedule = id(&plan(stage, &from, &to, "month", starts, json!({})).await.expect(201));
        let mut days = vec![sees(stage, &schedule).await["next_at"].as_str().unwrap().to_owned()];
        for _ in 0..3 {
            until(stage, days.last().unwrap()).await;
            stage.settles(&mut world).await;
            days.push(sees(stage, &schedule).await["next_at"].as_str().unwrap().to_owned());
        }
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let february = if leap { "02-29" } else { "02-28" };
        let expected = ["01-31", february, "03-31", "04-30"].map(|day| format!("{year}-{day}T09:00:00.000Z"));
        assert_eq!(days, expected);
        assert_eq!(stage.told_of("payment.completed").await.len(), 3);
    });
}

#[test]
fn times_that_were_missed_are_not_made_up_for_and_an_end_is_kept() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 10_000).await;
        let starts = stage.clock.now().saturating_add(DAY);
        let more = json!({ "until": starts.saturating_add(DAY * 6) });
        let schedule = id(&plan(stage, &from, &to, "day", starts, more).await.expect(201));
        stage.wait(DAY * 4).await;
        assert_eq!(stage.told_of("payment.initiated").await.len(), 1, "four days at once are one");
        for _ in 0..6 {
            stage.wait(DAY).await;
        }
        let seen = sees(stage, &schedule).await;
        assert_eq!((&seen["state"], &seen["runs"]), (&json!("ended"), &json!(4)));
    });
}

#[test]
fn what_could_not_be_paid_is_told_and_tried_the_next_time() {
    staged_with(&[("wallet.limits_unverified", "50/1000/1000")], async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let starts = stage.clock.now().saturating_add(DAY);
        let schedule = id(&plan(stage, &from, &to, "week", starts, json!({})).await.expect(201));
        stage.wait(DAY * 2).await;
        let seen = sees(stage, &schedule).await;
        assert_eq!((&seen["state"], &seen["last_problem"]), (&json!("active"), &json!("limit_exceeded")));
        assert_eq!((stage.told_of("payment.initiated").await.len(), stage.spent(&from).await), (0, (0, 0)));
        let expected = "Your planned payment of 1.00 INR was not made: limit_exceeded.";
        assert_eq!(stage.said_to(1).await.pop().unwrap(), expected);
    });
}

#[test]
fn a_schedule_can_be_stopped_by_its_owner_alone() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let starts = stage.clock.now().saturating_add(DAY);
        let schedule = id(&plan(stage, &from, &to, "day", starts, json!({})).await.expect(201));
        let path = format!("/api/v1/wallet/schedules/{schedule}");
        let stop = async |who: &Player| stage.ask(Method::DELETE, &path, Some(who), None, &[]).await;
        assert_eq!(stop(&ben()).await.problem(), (404, "not_found"));
        assert_eq!(stage.get(&ben(), &path).await.problem(), (404, "not_found"));
        assert_eq!(stage.get(&ben(), "/api/v1/wallet/schedules").await.each("id").len(), 0);
        for _ in 0..2 {
            assert_eq!(stop(&ann()).await.expect(200).body["state"], "cancelled");
        }
        stage.wait(DAY * 3).await;
        assert_eq!(stage.told_of("payment.initiated").await.len(), 0);
        assert_eq!(stage.get(&ann(), "/api/v1/wallet/schedules").await.each("id"), [&schedule]);
    });
}

#[test]
fn a_schedule_begins_later_than_now_and_pays_somebody_else() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let now = stage.clock.now();
        let past = plan(stage, &from, &to, "day", now, json!({})).await;
        assert_eq!(past.problem(), (409, "no_such_time"));
        let later = now.saturating_add(DAY);
        let short = plan(stage, &from, &to, "day", later, json!({ "until": now })).await;
        assert_eq!(short.problem(), (409, "no_such_time"));
        assert_eq!(plan(stage, &from, &from, "day", later, json!({})).await.problem(), (409, "same_account"));
        assert_eq!(plan(stage, &to, &from, "day", later, json!({})).await.problem(), (404, "not_found"));
    });
}

#[test]
fn a_planned_payment_whose_job_is_gone_is_made_all_the_same() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let starts = stage.clock.now().saturating_add(DAY);
        plan(stage, &from, &to, "once", starts, json!({})).await.expect(201);
        stage.as_owner("delete from jobs".to_owned()).await;
        stage.wait(DAY).await;
        assert_eq!(stage.told_of("payment.initiated").await.len(), 0);
        for _ in 0..3 {
            stage.wait(Duration::from_secs(300)).await;
        }
        assert_eq!(stage.told_of("payment.initiated").await.len(), 1);
    });
}

#[test]
fn nothing_is_paid_by_itself_for_somebody_who_was_forgotten() {
    staged(async |stage, _| {
        let mut world = World::default();
        let (from, to) = stage.two(&mut world, 1_000).await;
        let starts = stage.clock.now().saturating_add(DAY);
        let schedule = id(&plan(stage, &from, &to, "day", starts, json!({})).await.expect(201));
        stage.meets(&UserErased { user_id: user(1) }).await;
        stage.wait(DAY * 3).await;
        assert_eq!(stage.told_of("payment.initiated").await.len(), 0);
        assert_eq!(sees(stage, &schedule).await["state"], "cancelled");
    });
}
