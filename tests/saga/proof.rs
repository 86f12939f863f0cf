//! What must hold when everything is quiet again.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{Currency, Money};
use kernel::events;
use kernel::jobs::{self, JobState};
use serde_json::{Value, json};

use crate::crowd::Crowd;
use crate::house::{House, KEEPER, SERVICES, person};

const PAYMENTS: &str = "/api/v1/wallet/payments";
const OPEN: [&str; 5] = ["initiated", "reserved", "in_review", "processing", "releasing"];
const LOG_READ_MAX: u32 = 2_000;
/// How the sentences begin that say how a payment ended; a look at one is said in another.
const ENDINGS: [&str; 3] = ["You paid ", "You received ", " did not go through: "];

/// Payments that have not ended.
pub async fn open(house: &House) -> Vec<Value> {
    let mut open = Vec::new();
    for state in OPEN {
        open.extend(house.all("wallet", KEEPER, &format!("{PAYMENTS}?state={state}")).await);
    }
    open
}

/// Whether every payment has ended.
pub async fn all_have_ended(house: &House) -> bool {
    open(house).await.is_empty()
}

/// All of it; says what was seen.
pub async fn holds(house: &House, crowd: &Crowd) -> String {
    let payments = house.all("wallet", KEEPER, PAYMENTS).await;
    each_was_begun_and_ended_once(house, crowd, &payments).await;
    money_is_conserved(house, crowd, &payments).await;
    everybody_was_told_once(house, crowd, &payments).await;
    limits_count_what_was_paid(house, crowd, &payments).await;
    nothing_is_left(house).await;
    let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
    for payment in &payments {
        let end = payment["reason"].as_str().unwrap_or("completed");
        *ends.entry(end).or_default() += 1;
    }
    let refunds = payments.iter().filter(|payment| !payment["refund_of"].is_null()).count();
    format!("{} payments, {refunds} of them refunds: {ends:?}", payments.len())
}

/// What is there is what was answered, and each has told its end once.
async fn each_was_begun_and_ended_once(house: &House, crowd: &Crowd, payments: &[Value]) {
    let asked: BTreeSet<&str> = crowd.begun.values().map(String::as_str).collect();
    let there: BTreeSet<&str> = payments.iter().map(|payment| text(payment, "id")).collect();
    let (lost, extra): (Vec<_>, Vec<_>) =
        (asked.difference(&there).collect(), there.difference(&asked).collect());
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert!(extra.is_empty(), "nobody asked for: {extra:?}");
    let store = house.running("wallet").store();
    let (mut ended, mut after): (BTreeMap<String, Vec<String>>, i64) = (BTreeMap::new(), 0);
    loop {
        let page = events::tail(store, after, LOG_READ_MAX).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position;
        for event in page.into_iter().map(|logged| logged.envelope) {
            if matches!(event.event_type.as_str(), "payment.completed" | "payment.failed") {
                ended.entry(event.key.unwrap_or_default()).or_default().push(event.event_type);
            }
        }
    }
    for payment in payments {
        let expected = vec![format!("payment.{}", text(payment, "status"))];
        assert_eq!(ended.get(text(payment, "id")), Some(&expected), "{payment}");
    }
    assert_eq!(ended.len(), payments.len());
}

/// Every balance follows from what was completed, in the wallet and in the books, and nothing is set aside.
async fn money_is_conserved(house: &House, crowd: &Crowd, payments: &[Value]) {
    let pending = house.get("ledger", KEEPER, "/api/v1/ledger/holds?status=pending").await;
    assert_eq!(pending["data"], json!([]), "something is still set aside");
    let books = house.all("ledger", KEEPER, "/api/v1/ledger/accounts").await;
    let number = |value: &Value, field: &str| value[field].as_i64().unwrap();
    let sum: i64 = books
        .iter()
        .map(|account| {
            let columns = &account["columns"];
            assert_eq!(
                (number(columns, "debits_pending"), number(columns, "credits_pending")),
                (0, 0),
                "{account}"
            );
            number(columns, "credits_posted") - number(columns, "debits_posted")
        })
        .sum();
    assert_eq!(sum, 0, "money was made or lost");
    let books: BTreeMap<&str, &Value> = books.iter().map(|account| (text(account, "id"), account)).collect();
    let completed = || payments.iter().filter(|payment| payment["status"] == "completed");
    let fees: i64 = completed().map(|payment| number(payment, "fee")).sum();
    let kept = books.get("fees:INR").map_or(0, |account| number(account, "balance"));
    assert_eq!(kept, fees, "the fees");
    let wallets = house.all("wallet", KEEPER, "/api/v1/accounts").await;
    let mut all = kept;
    for wallet in &wallets {
        let id = text(wallet, "id");
        let shown = (number(wallet, "balance"), number(wallet, "available"), number(wallet, "held"));
        let booked = number(books[id], "balance");
        assert_eq!(shown, (booked, booked, 0), "{wallet}");
        assert_eq!(wallet["state"], "open", "{wallet}");
        all += booked;
    }
    assert_eq!(all, crowd.funded, "what was given is in the wallets and the fees");
    let by_payments = |field: &str, account: &str| -> i64 {
        completed()
            .filter(|payment| payment[field] == account)
            .map(|payment| {
                number(payment, "amount") - if field == "to_account" { number(payment, "fee") } else { 0 }
            })
            .sum()
    };
    for account in &crowd.accounts {
        let moved = by_payments("to_account", account) - by_payments("from_account", account);
        let posted = &books[account.as_str()]["columns"];
        let paid = number(posted, "debits_posted");
        assert_eq!(paid, by_payments("from_account", account), "{account}");
        assert_eq!(number(books[account.as_str()], "balance") - crowd.funds_of(account), moved, "{account}");
    }
    let report = house.get("ledger", KEEPER, "/api/v1/ledger/verification").await;
    assert_eq!(report["sound"], true, "{report}");
}

/// Of each payment its payer was told the end once, and its payee where there was something to tell.
async fn everybody_was_told_once(house: &House, crowd: &Crowd, payments: &[Value]) {
    let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for payment in payments {
        let money = |minor: i64| Money::new(minor, Currency::INR);
        let (amount, fee) = (payment["amount"].as_i64().unwrap(), payment["fee"].as_i64().unwrap());
        let payer = expected.entry(text(payment, "from_account")).or_default();
        if payment["status"] == "completed" {
            payer.push(format!("You paid {}.", money(amount)));
            let received = format!("You received {}.", money(amount - fee));
            expected.entry(text(payment, "to_account")).or_default().push(received);
        } else {
            let reason = text(payment, "reason");
            payer.push(format!("Your payment of {} did not go through: {reason}.", money(amount)));
        }
    }
    for (number, account) in crowd.accounts.iter().enumerate() {
        let inbox = house.all("notifications", person(number), "/api/v1/notifications/inbox").await;
        let lines = inbox.iter().map(|line| text(line, "body").to_owned());
        let mut told: Vec<String> =
            lines.filter(|line| ENDINGS.iter().any(|ending| line.contains(ending))).collect();
        let mut expected = expected.remove(account.as_str()).unwrap_or_default();
        told.sort_unstable();
        expected.sort_unstable();
        assert_eq!(told, expected, "what {account} was told");
    }
    assert!(expected.is_empty(), "{expected:?}");
}

/// What counts against the limits of an account is what it has paid but for what it gave back.
async fn limits_count_what_was_paid(house: &House, crowd: &Crowd, payments: &[Value]) {
    for account in &crowd.accounts {
        let counted = payments.iter().filter(|payment| {
            payment["from_account"] == account.as_str()
                && payment["status"] == "completed"
                && payment["refund_of"].is_null()
        });
        let spent: i64 = counted.map(|payment| payment["amount"].as_i64().unwrap()).sum();
        let limits = house.get("wallet", KEEPER, &format!("/api/v1/accounts/{account}/limits")).await;
        assert_eq!(limits["spent_this_month"], json!(spent), "{account}");
    }
    let mut back: BTreeMap<&str, i64> = BTreeMap::new();
    for payment in payments.iter().filter(|payment| payment["status"] == "completed") {
        if let Some(of) = payment["refund_of"].as_str() {
            *back.entry(of).or_default() += payment["amount"].as_i64().unwrap();
        }
    }
    for payment in payments {
        let back = back.get(text(payment, "id")).copied().unwrap_or_default();
        assert_eq!(payment["refunded_amount"], json!(back), "{payment}");
    }
}

/// No event is put aside, and no job is dead or of unknown outcome.
async fn nothing_is_left(house: &House) {
    for name in SERVICES {
        let store = house.running(name).store();
        assert_eq!(events::parked(store).await.unwrap(), events::Parked::default(), "{name}");
        let stuck: Vec<_> = jobs::counts(store)
            .await
            .unwrap()
            .into_iter()
            .filter(|count| matches!(count.state, JobState::Dead | JobState::Unknown))
            .collect();
        assert!(stuck.is_empty(), "{name}: {stuck:?}");
    }
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_else(|| panic!("no {field}: {value}"))
}
