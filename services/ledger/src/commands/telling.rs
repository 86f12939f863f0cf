//! Telling each night what is in wallets, so that whoever keeps their balances can compare.

use contracts::events::wallet::{BalancesTold, ToldBalance};
use kernel::store::Tx;

use super::batch::take_turn;
use crate::error::Error;
use crate::jobs::TellBalances;
use crate::store;

/// So many accounts are told of at a time.
const ACCOUNTS_AT_A_TIME: u32 = 500;

/// Tells what is in some wallets, and goes on with the next. It has the turn, so what was told of one account before is
/// in the log before it.
pub fn tell_balances(tx: &mut Tx<'_>, job: &TellBalances) -> Result<(), Error> {
    let turn = match take_turn(tx) {
        // What its books say is not to be believed before a person has looked.
        Err(Error::Stopped(_)) => return Ok(()),
        turn => turn?,
    };
    let mut accounts = store::accounts(tx, job.after.as_ref(), ACCOUNTS_AT_A_TIME)?;
    for account in &mut accounts {
        if let Some(latest) = turn.state().account(&account.address) {
            account.set_standing(latest.standing());
        }
    }
    let is_full = accounts.len() as u64 == u64::from(ACCOUNTS_AT_A_TIME);
    let after = accounts.last().filter(|_| is_full).map(|last| last.address.clone());
    let told = accounts.iter().filter_map(|account| {
        let (account_id, balance) = (account.address.wallet()?, account.balance());
        Some(ToldBalance { account_id, balance, currency: account.currency, sequence: account.sequence })
    });
    let (balances, last): (Vec<_>, _) = (told.collect(), after.is_none());
    let mut page = job.page;
    // Of a project without wallets there is nothing to be told.
    if !balances.is_empty() || (last && page > 0) {
        let told = BalancesTold { started_at: job.started_at, page, last, balances };
        tx.publish(tx.project()?, &told)?;
        page += 1;
    }
    if let Some(after) = after {
        tx.enqueue(&TellBalances { started_at: job.started_at, page, after: Some(after) })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use contracts::events::wallet::AccountCreated;
    use contracts::{Currency, Id, ProjectId, UserId, WalletAccountId};
    use kernel::store::Scope;
    use kernel::testing::{Player, Stage, on_both};
    use serde_json::{Value, json};

    const TRANSFERS: &str = "/api/v1/ledger/transfers";

    async fn told(stage: &Stage, kind: &str) -> Vec<Value> {
        stage.told().await.into_iter().filter(|(name, _)| name == kind).map(|(_, told)| told).collect()
    }

    /// A project's ledger with so many wallets, of which the first has money.
    async fn with_wallets(stage: &Stage, number: u128, count: u128) {
        let wallet = stage.neighbour("wallet").await;
        for account in 1..=count {
            let account_id = WalletAccountId::from_u128(account);
            let user_id = Some(UserId::from_u128(account));
            let created = AccountCreated { account_id, user_id, currency: Currency::INR };
            let scope = Scope::Project(ProjectId::from_u128(number));
            stage.hear(&wallet, scope, &account_id.to_string(), &created).await;
        }
    }

    async fn pays_in(stage: &Stage, player: &Player, number: u128, amount: i64) {
        let id = WalletAccountId::from_u128(number);
        let body = json!({ "debit_account_id": "outside:INR", "credit_account_id": id, "amount": amount,
            "currency": "INR" });
        stage.post(player, TRANSFERS, &body).await.expect(200);
    }

    /// Until after the next hour at which balances are told.
    async fn a_night(stage: &Stage) {
        for _ in 0..3 {
            stage.wait(Duration::from_secs(12 * 3_600)).await;
        }
    }

    #[test]
    fn each_night_it_is_told_what_is_in_wallets_as_it_was_told_when_it_changed() {
        on_both(async |place| {
            let stage = Stage::with(place, crate::service(), &[]).await;
            let bank = Player::program(1, 1, &["ledger:manage"]);
            with_wallets(&stage, 1, 2).await;
            pays_in(&stage, &bank, 1, 700).await;
            pays_in(&stage, &bank, 2, 50).await;
            pays_in(&stage, &bank, 1, 5).await;
            a_night(&stage).await;
            let pages = told(&stage, "ledger.balances.told").await;
            let page = pages.first().unwrap();
            assert_eq!((&page["page"], &page["last"]), (&json!(0), &json!(true)));
            let updated = told(&stage, "account.balance.updated").await;
            let latest: BTreeMap<String, Value> =
                updated.into_iter().map(|told| (told["accountId"].to_string(), told)).collect();
            let balances = page["balances"].as_array().unwrap();
            assert_eq!(balances.len(), 2, "wallets alone: {page}");
            for balance in balances {
                let told = &latest[&balance["accountId"].to_string()];
                for field in ["balance", "currency", "sequence"] {
                    assert_eq!(balance[field], told[field], "{field}");
                }
            }
            assert_eq!(balances[0]["balance"], 705);
        });
    }

    #[test]
    fn more_wallets_than_fit_on_a_page_are_told_on_several() {
        on_both(async |place| {
            let stage = Stage::with(place, crate::service(), &[]).await;
            with_wallets(&stage, 1, 501).await;
            a_night(&stage).await;
            let pages = told(&stage, "ledger.balances.told").await;
            let first: Vec<_> =
                pages.iter().filter(|page| page["startedAt"] == pages[0]["startedAt"]).collect();
            let shown = |page: &Value| {
                (page["page"].clone(), page["last"].clone(), page["balances"].as_array().unwrap().len())
            };
            let each: Vec<_> = first.into_iter().map(shown).collect();
            assert_eq!(each, [(json!(0), json!(false), 500), (json!(1), json!(true), 1)]);
        });
    }

    #[test]
    fn nothing_is_told_of_a_project_without_wallets_or_of_books_that_are_wrong() {
        on_both(async |place| {
            let stage = Stage::with(place, crate::service(), &[]).await;
            let elsewhere = Player::program(1, 2, &["ledger:manage"]);
            let body = json!({ "debit_account_id": "outside:INR", "credit_account_id": "fees:INR", "amount": 5,
                "currency": "INR" });
            stage.post(&elsewhere, TRANSFERS, &body).await.expect(200);
            with_wallets(&stage, 1, 1).await;
            stage.as_owner("update heads set stopped = 'a test'".to_owned()).await;
            a_night(&stage).await;
            assert_eq!(told(&stage, "ledger.balances.told").await, Vec::<Value>::new());
        });
    }
}
