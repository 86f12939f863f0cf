//! The demo's people with money: two who can pay each other at once.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::demo::{PASSWORD, SLUG};
use crate::hand::Hand;

/// What they are called, and where mail reaches them.
pub const PEOPLE: [(&str, &str); 2] = [("Ana", "ana@demo.example"), ("Ben", "ben@demo.example")];
/// 250.00 each.
const MONEY: i64 = 25_000;
const CURRENCY: &str = "EUR";
/// 150 × 200 ms: half a minute for wallet and ledger to hear of somebody new.
const LOOKS_MAX: u32 = 150;
const PAUSE: Duration = Duration::from_millis(200);

/// Gives the demo's people wallets with money in them, once, as soon as the services have heard of them.
pub async fn fill(hand: Hand, mut stop: watch::Receiver<bool>) {
    let all = async {
        for (name, mail) in PEOPLE {
            if let Err(why) = settle(&hand, name, mail).await {
                tracing::warn!(why, "a wallet of the demo is not filled");
            }
        }
    };
    tokio::select! { () = all => {}, _ = stop.wait_for(|stop| *stop) => {} }
}

async fn settle(hand: &Hand, name: &str, mail: &str) -> Result<(), String> {
    if wallet(hand, mail).await?.is_none() {
        let person = json!({ "email": mail, "password": PASSWORD, "name": name, "project": SLUG });
        // Who is there already has a wallet in a moment.
        hand.ask(Method::POST, "/api/v1/auth/register", Some(person)).await?;
    }
    for _ in 0..LOOKS_MAX {
        if let Some(wallet) = wallet(hand, mail).await?
            && pay_in(hand, name, &wallet).await?
        {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(format!("{mail} has no wallet"))
}

/// The wallet of whoever has this address.
async fn wallet(hand: &Hand, mail: &str) -> Result<Option<Value>, String> {
    let mut found = hand.done(Method::GET, &format!("/api/v1/wallet/payees?q={mail}"), None).await?;
    let mut wallets = found["data"].as_array_mut().into_iter().flatten();
    Ok(wallets.find(|wallet| wallet["currency"] == CURRENCY).map(|wallet| wallet["account_id"].take()))
}

/// Whether the money is in the books; not as long as the ledger has not heard of the wallet. The reference makes
/// twice once.
async fn pay_in(hand: &Hand, name: &str, wallet: &Value) -> Result<bool, String> {
    let body = json!({ "reference": format!("demo-{name}"), "description": "The money of the demo", "legs": [{
        "debit_account_id": format!("outside:{CURRENCY}"), "credit_account_id": wallet, "amount": MONEY,
        "currency": CURRENCY }] });
    let (status, answer) = hand.ask(Method::POST, "/api/v1/ledger/transactions", Some(body)).await?;
    Ok(status.is_success() || answer["code"] == "reference_taken")
}
