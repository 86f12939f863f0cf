//! What must hold after each step, seen from outside over all accounts: Blnk's six invariants, each by its name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::books::{Account, DEPOSIT, NO_BOUNDS, Oracle, TILL};
use crate::stage::*;

/// Everything that the ledger shows at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    accounts: BTreeMap<String, Value>,
    /// What is set aside.
    holds: BTreeMap<String, Value>,
}

const HOLDS: &str = "/api/v1/ledger/holds";

/// All rows of a list, page by page.
pub async fn all(stage: &Stage, path: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let join = if path.contains('?') { '&' } else { '?' };
        let page = stage.get(&bank(), &format!("{path}{join}limit=200{cursor}")).await.expect(200);
        rows.extend(page.body["data"].as_array().unwrap().iter().cloned());
        let Some(next) = page.body["next_cursor"].as_str() else { return rows };
        cursor = format!("&cursor={next}");
    }
}

fn columns(account: &Value) -> [i64; 4] {
    let names = ["debits_pending", "debits_posted", "credits_pending", "credits_posted"];
    names.map(|name| account["columns"][name].as_i64().unwrap())
}

fn text<'v>(row: &'v Value, field: &str) -> &'v str {
    row[field].as_str().unwrap()
}

impl Seen {
    pub async fn now(stage: &Stage) -> Self {
        let by_id = |rows: Vec<Value>| rows.into_iter().map(|row| (text(&row, "id").to_owned(), row));
        let accounts = by_id(all(stage, ACCOUNTS).await).collect();
        let holds = by_id(all(stage, &format!("{HOLDS}?status=pending")).await).collect();
        Self { accounts, holds }
    }

    pub fn names(&self) -> Vec<String> {
        self.accounts.keys().cloned().collect()
    }

    /// All of it is what the oracle says, and holds together by itself.
    pub fn agrees(&self, oracle: &Oracle) {
        self.is_what_the_oracle_says(oracle);
        self.conservation();
        self.non_negativity();
        self.derived_identity();
        self.overdraft_safety();
        self.hold_accounting();
    }

    fn is_what_the_oracle_says(&self, oracle: &Oracle) {
        for (name, seen) in &self.accounts {
            let currency = ["INR", "USD"].into_iter().find(|currency| seen["currency"] == *currency).unwrap();
            let kinds = [NO_BOUNDS, DEPOSIT, TILL];
            let bounds = kinds.into_iter().find(|bounds| seen["bounds"] == *bounds).unwrap();
            let (frozen, closed) = (seen["frozen"] == true, seen["closed"] == true);
            let sequence = seen["sequence"].as_u64().unwrap();
            let seen = Account { currency, bounds, columns: columns(seen), sequence, frozen, closed };
            assert_eq!(Some(&seen), oracle.accounts.get(name), "{name}: left what is, right what should be");
        }
        for (name, account) in &oracle.accounts {
            assert!(account.sequence == 0 || self.accounts.contains_key(name), "{name} is not there");
        }
        let held = oracle.holds.iter().filter(|(_, hold)| hold.status == "pending");
        let held: BTreeMap<_, _> = held.map(|(id, hold)| (id.as_str(), hold.remaining)).collect();
        let seen = self.holds.iter().map(|(id, hold)| (id.as_str(), hold["remaining"].as_i64().unwrap()));
        assert_eq!(seen.collect::<BTreeMap<_, _>>(), held, "what is set aside, and what should be");
    }

    /// Over all accounts of a currency as much left as came, and as much is set aside to leave as to come.
    fn conservation(&self) {
        let mut sums: BTreeMap<&str, [i128; 4]> = BTreeMap::new();
        for account in self.accounts.values() {
            let sums = sums.entry(text(account, "currency")).or_default();
            sums.iter_mut().zip(columns(account)).for_each(|(sum, column)| *sum += i128::from(column));
        }
        for (currency, [held, gave, coming, took]) in sums {
            assert_eq!((held, gave), (coming, took), "conservation of {currency}");
        }
    }

    fn non_negativity(&self) {
        for (name, account) in &self.accounts {
            assert!(
                columns(account).iter().all(|column| *column >= 0),
                "non-negativity of {name}: {account}"
            );
        }
    }

    /// What is in an account, and what of it can leave, follows from its columns.
    fn derived_identity(&self) {
        for (name, account) in &self.accounts {
            let [held, gave, coming, took] = columns(account).map(i128::from);
            let (balance, held) =
                if account["bounds"] == TILL { (gave - took, coming) } else { (took - gave, held) };
            let shown = |field: &str| i128::from(account[field].as_i64().unwrap());
            assert_eq!(
                (shown("balance"), shown("available")),
                (balance, balance - held),
                "derived identity of {name}"
            );
        }
    }

    /// Nobody has promised and given more than came.
    fn overdraft_safety(&self) {
        for (name, account) in &self.accounts {
            let [held, gave, coming, took] = columns(account).map(i128::from);
            let safe = match text(account, "bounds") {
                DEPOSIT => held + gave <= took,
                TILL => coming + took <= gave,
                _ => true,
            };
            assert!(safe, "overdraft safety of {name}: {account}");
        }
    }

    /// What is pending in the columns is what is left of the holds.
    fn hold_accounting(&self) {
        for (name, account) in &self.accounts {
            let held = |side: &str| -> i64 {
                let mine = self.holds.values().filter(|hold| hold[side] == name.as_str());
                mine.map(|hold| hold["remaining"].as_i64().unwrap()).sum()
            };
            let [debits, _, credits, _] = columns(account);
            assert_eq!(
                [held("debit_account_id"), held("credit_account_id")],
                [debits, credits],
                "hold accounting of {name}"
            );
        }
    }

    /// Where nothing was done, everything is as it was.
    pub fn rejection_atomicity(&self, before: &Self) {
        for (name, account) in &self.accounts {
            match before.accounts.get(name) {
                Some(was) => assert_eq!(account, was, "rejection atomicity of {name}"),
                // The project's own accounts are opened when an id is refused for good that names them.
                None => assert_eq!(account["sequence"], 0, "rejection atomicity of {name}"),
            }
        }
        assert_eq!(self.holds, before.holds, "rejection atomicity of what is set aside");
    }
}

/// What moved by an account's statement is what its columns say, line by line.
pub async fn statement_makes_the_columns(stage: &Stage, oracle: &Oracle, name: &str) {
    let lines = all(stage, &format!("{ACCOUNTS}/{name}/statement")).await;
    let account = &oracle.accounts[name];
    assert_eq!(lines.len() as u64, account.sequence, "{name} has as many lines as entries");
    let mut moved = [0; 2];
    for line in lines.iter().rev() {
        if matches!(text(line, "act"), "transfer" | "post") {
            moved[usize::from(line["side"] == "credit")] += line["amount"].as_i64().unwrap();
        }
        let [gave, took] = moved;
        let balance = if account.bounds == TILL { gave - took } else { took - gave };
        assert_eq!(line["balance"], balance, "{name} after {line}");
    }
    assert_eq!(moved, [account.columns[1], account.columns[3]], "{name} by its statement");
}
