//! What the pages say: how a payment stands, why it came to nothing, why something is not done.

use client::ApiError;
use contracts::{Currency, Money, WalletAccountId};
use ui::{Told, Tone, price};

use crate::api::{
    Activity, ActivityKind, ActivityState, Every, Kind, Payment, RequestState, ScheduleState, Status,
    TopUpStatus, Withdrawal, WithdrawalStatus,
};

/// What is said of a payment to its payer (`leaving`) or to its payee.
pub fn told(payment: &Payment, leaving: bool) -> Told {
    let said = |tone, short, title, text| Told { tone, short, title, text };
    match (payment.status, leaving) {
        (Status::Initiated | Status::Reserved | Status::Processing, _) => said(
            Tone::Calm,
            "On its way",
            "Your payment is on its way",
            "This takes a moment. The page changes by itself; you need not pay again.",
        ),
        (Status::InReview, _) => said(
            Tone::Warn,
            "Being looked at",
            "We are looking at this payment",
            "Our safety checks want a person to look at it first. The money is set aside and has not left yet; we tell \
             you what comes of it, most often within a day.",
        ),
        (Status::Releasing, _) => said(
            Tone::Warn,
            "Being called off",
            "This payment is being called off",
            "The money goes back to your wallet.",
        ),
        (Status::Completed, true) => said(Tone::Good, "Paid", "Paid", "The money has arrived."),
        (Status::Completed, false) => {
            said(Tone::Good, "Received", "You were paid", "The money is in your wallet.")
        }
        (Status::Failed, _) => {
            let (short, title, text) = failure(payment.reason.as_deref().unwrap_or_default());
            said(Tone::Bad, short, title, text)
        }
    }
}

/// Why a payment came to nothing, by its code.
fn failure(reason: &str) -> (&'static str, &'static str, &'static str) {
    match reason {
        "blocked" => (
            "Stopped",
            "This payment was stopped",
            "Our safety checks stopped it. Nothing left your wallet. If it was you and all is well, write to us.",
        ),
        "rejected" => (
            "Not approved",
            "This payment was not approved",
            "A person looked at it and did not let it go on. Nothing left your wallet.",
        ),
        "exceeds_credits" => (
            "Not enough money",
            "There was not enough money",
            "What you wanted to send was more than your wallet had. Nothing left it.",
        ),
        "frozen" | "debit_account_frozen" | "credit_account_frozen" => (
            "Wallet frozen",
            "A wallet was frozen",
            "Your wallet or that of the other side was frozen meanwhile. Nothing left yours.",
        ),
        "cancelled" => ("Called off", "You called this payment off", "Nothing left your wallet."),
        "timed_out" | "review_timed_out" => (
            "Took too long",
            "This payment took too long",
            "We gave it up, and nothing left your wallet. You can try again.",
        ),
        _ => ("Did not work", "This payment did not work", "Nothing left your wallet. You can try again."),
    }
}

/// Why a payment does not even begin, as far as somebody can do something about it.
pub fn refusal(error: &ApiError, currency: Currency) -> Option<String> {
    let left = || price(Money::new(error.details["left"].as_i64().unwrap_or(0), currency));
    Some(match (error.status.as_u16(), error.code.as_str()) {
        (409, "limit_exceeded") => match error.details["period"].as_str() {
            Some("payment") => format!("That is more than you may send at once: at most {}", left()),
            Some("day") => format!("That is more than you may send today: {} are left", left()),
            _ => format!("That is more than you may send this month: {} are left", left()),
        },
        (409, "account_frozen") => "Your wallet is frozen: nothing can leave it".to_owned(),
        (409, "payee_unavailable") => "They cannot be paid at the moment".to_owned(),
        (409, "same_account") => "That is your own wallet".to_owned(),
        (409, "wrong_currency") => "They have no wallet in this currency".to_owned(),
        (409, "amount_too_large") => "That is too much".to_owned(),
        (409, "amount_out_of_range") => {
            let bound = |name: &str| price(Money::new(error.details[name].as_i64().unwrap_or(0), currency));
            format!("Put in at least {} and at most {}", bound("min"), bound("max"))
        }
        (409, "no_such_time") => {
            "Choose a later day: it begins tomorrow or later, and ends after it begins".to_owned()
        }
        (409, "wrong_state") => "That was answered before".to_owned(),
        (404, _) => "Nobody with a wallet has this address any more".to_owned(),
        _ => return None,
    })
}

/// What is said of money on its way into a wallet; `paying` where somebody has just paid it.
pub const fn top_up(status: TopUpStatus, paying: bool) -> Told {
    let (tone, short, title, text) = match (status, paying) {
        (TopUpStatus::Pending, false) => {
            (Tone::Warn, "To be paid", "This top-up waits to be paid", "Nothing was taken from your card.")
        }
        (TopUpStatus::Pending, true) | (TopUpStatus::Paid, _) => (
            Tone::Calm,
            "On its way",
            "Your money is on its way",
            "This takes a moment. The page changes by itself; you need not pay again.",
        ),
        (TopUpStatus::Held, _) => (
            Tone::Warn,
            "Held",
            "Your money is kept for you",
            "Your wallet is frozen. As soon as it is not, the money goes in.",
        ),
        (TopUpStatus::Completed, _) => {
            (Tone::Good, "Done", "The money is in your wallet", "You can spend it now.")
        }
        (TopUpStatus::Failed, _) => (
            Tone::Plain,
            "Came to nothing",
            "This top-up came to nothing",
            "Nothing was taken from your card.",
        ),
    };
    Told { tone, short, title, text }
}

/// What is said of money on its way out of a wallet.
pub fn withdrawal(withdrawal: &Withdrawal) -> Told {
    let reason = withdrawal.reason.as_deref().unwrap_or_default();
    let (tone, short, title, text) = match withdrawal.status {
        WithdrawalStatus::Requested | WithdrawalStatus::Reserved => (
            Tone::Calm,
            "On its way",
            "Your money is on its way out",
            "It is set aside. Until it is with your bank it can take a few days.",
        ),
        WithdrawalStatus::Cancelling => (
            Tone::Warn,
            "Being called off",
            "This withdrawal is being called off",
            "If your bank has not got it yet, the money comes back to your wallet. If it has, it is paid out.",
        ),
        WithdrawalStatus::Completed => {
            (Tone::Good, "Paid out", "The money was paid out", "It is with your bank.")
        }
        WithdrawalStatus::Refused => (
            Tone::Bad,
            "Did not work",
            "The money could not be set aside",
            "There was not enough in your wallet, or it is frozen. Nothing left it.",
        ),
        WithdrawalStatus::Returned if reason == "cancelled" => (
            Tone::Plain,
            "Called off",
            "You called this withdrawal off",
            "The money is in your wallet again.",
        ),
        WithdrawalStatus::Returned if reason == "frozen" => (
            Tone::Plain,
            "Called off",
            "Your wallet was frozen",
            "This withdrawal was called off. The money is in your wallet again.",
        ),
        WithdrawalStatus::Returned => (
            Tone::Bad,
            "Came back",
            "The money came back",
            "It could not be paid out, and is in your wallet again. Check where it was to go.",
        ),
    };
    Told { tone, short, title, text }
}

/// Why money moved.
pub const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Payment => "Payment",
        Kind::Refund => "Money back",
        Kind::TopUp => "Top-up",
        Kind::Withdrawal => "Withdrawal",
        Kind::Adjustment => "Adjustment",
    }
}

/// How a request stands.
pub const fn request(state: RequestState) -> (Tone, &'static str) {
    match state {
        RequestState::Open => (Tone::Calm, "Open"),
        RequestState::Accepted => (Tone::Calm, "Being paid"),
        RequestState::Paid => (Tone::Good, "Paid"),
        RequestState::Declined => (Tone::Plain, "Turned down"),
    }
}

/// How often something is paid.
pub const fn every(every: Every) -> &'static str {
    match every {
        Every::Once => "Once",
        Every::Day => "Every day",
        Every::Week => "Every week",
        Every::Month => "Every month",
    }
}

/// Whether a schedule goes on.
pub const fn schedule(state: ScheduleState) -> (Tone, &'static str) {
    match state {
        ScheduleState::Active => (Tone::Good, "Active"),
        ScheduleState::Ended => (Tone::Plain, "Ended"),
        ScheduleState::Cancelled => (Tone::Plain, "Stopped"),
    }
}

/// Somebody as people know them, or else their wallet.
pub fn person(name: Option<&str>, wallet_id: WalletAccountId) -> String {
    name.map_or_else(|| wallet(wallet_id), str::to_owned)
}

/// What something that happened is called.
pub fn activity(what: &Activity) -> String {
    let other = what.other_account.map(|id| person(what.other_name.as_deref(), id)).unwrap_or_default();
    match what.kind {
        ActivityKind::Payment => other,
        ActivityKind::Refund => format!("Money back, {other}"),
        ActivityKind::Fee => format!("Fee, {other}"),
        ActivityKind::TopUp => "Top-up".to_owned(),
        ActivityKind::Withdrawal => "Withdrawal".to_owned(),
    }
}

/// How it stands, where there is more to say than that it happened.
pub fn standing(what: &Activity) -> Option<(Tone, &'static str)> {
    match (what.state, what.kind, what.status.as_str()) {
        (ActivityState::Completed, _, _) => None,
        (ActivityState::Pending, ActivityKind::TopUp, "pending") => Some((Tone::Warn, "To be paid")),
        (ActivityState::Pending, _, "held") => Some((Tone::Warn, "Held")),
        (ActivityState::Pending, _, "in_review") => Some((Tone::Warn, "Being looked at")),
        (ActivityState::Pending, _, "releasing" | "cancelling") => Some((Tone::Warn, "Being called off")),
        (ActivityState::Pending, _, _) => Some((Tone::Calm, "On its way")),
        (ActivityState::Failed, ActivityKind::TopUp, _) => Some((Tone::Plain, "Came to nothing")),
        (ActivityState::Failed, ActivityKind::Withdrawal, "returned") => {
            let called_off = matches!(what.reason.as_deref(), Some("cancelled" | "frozen"));
            Some(if called_off { (Tone::Plain, "Called off") } else { (Tone::Bad, "Came back") })
        }
        (ActivityState::Failed, ActivityKind::Withdrawal, _) => Some((Tone::Bad, "Did not work")),
        (ActivityState::Failed, _, _) => {
            Some((Tone::Bad, failure(what.reason.as_deref().unwrap_or_default()).0))
        }
    }
}

/// A wallet as people tell it apart: the end of its id.
pub fn wallet(id: WalletAccountId) -> String {
    const LETTERS: usize = 6;
    let id = id.to_string();
    let end = id.get(id.len().saturating_sub(LETTERS)..).unwrap_or(&id);
    format!("wallet …{end}")
}
