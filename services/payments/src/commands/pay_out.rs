//! Money leaves a wallet: asked for once, told once as paid or failed, and never paid twice.

use std::time::Duration;

use contracts::events::funding::{
    PayoutFailed, PayoutPaid, WithdrawalCancelRequested, WithdrawalRequested, WithdrawalReserved,
};
use kernel::store::Tx;

use super::{Came, Source, WEBHOOK};
use crate::domain::{
    AMOUNT_MAX, ByHand, FailureCode, Payout, PayoutId, PayoutMove, PayoutNews, PayoutStanding, PayoutStatus,
    ProviderName,
};
use crate::error::Error;
use crate::jobs::{LookPayout, PayingOut};
use crate::store::{self, PayoutAttempt};

/// A payout that a provider is to be asked for.
#[derive(Clone, Debug)]
pub struct Asking {
    /// The payout.
    pub payout: Payout,
    /// By whom.
    pub provider: ProviderName,
    /// Where the money goes.
    pub destination: String,
}

/// Whether a provider may be asked for a payout.
#[derive(Clone, Debug)]
pub enum MayAsk {
    /// It may.
    Yes(Box<Asking>),
    /// It is over, or the provider knows it already.
    Needless,
    /// It was asked so long ago that it may have forgotten our key, and would pay twice.
    TooLate,
}

const PAY_OUT: &str = "pay_out";
const CALL_OFF: &str = "call_off";
/// Providers remember a key for a day; who asks near its end may come after it.
const KEY_GOOD_FOR: Duration = Duration::from_secs(20 * 3600);

/// The money of a withdrawal is set aside: it is to be paid out, once.
pub fn for_withdrawal(tx: &mut Tx<'_>, told: &WithdrawalReserved) -> Result<(), Error> {
    let asked = &told.withdrawal;
    if store::payout_of(tx, asked.withdrawal_id)?.is_some() {
        return Ok(());
    }
    let payout = Payout {
        id: tx.new_id(),
        withdrawal_id: asked.withdrawal_id,
        user_id: Some(asked.user_id),
        amount: asked.amount,
        currency: asked.currency,
        provider: None,
        provider_ref: None,
        status: PayoutStatus::Requested,
        failure: None,
        needs_review: false,
        asked_at: None,
        heard_at: tx.now(),
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 0,
    };
    let destination = match &asked.sealed_destination {
        Some(sealed) => {
            tx.keys().keyring.open(&WithdrawalRequested::sealed_for(asked.withdrawal_id), sealed)?
        }
        None => asked.destination.clone().into_bytes(),
    };
    let sealed = tx.keys().keyring.seal(&destination_of(tx, payout.id)?, &destination)?;
    if !store::insert_payout(tx, &payout, &sealed)? {
        return Ok(());
    }
    if let Some(why) = store::unwanted(tx, asked.withdrawal_id)? {
        return refused(tx, payout.id, &why, &Source { what: CALL_OFF, cause: None });
    }
    if !(1..=AMOUNT_MAX).contains(&asked.amount) {
        return refused(tx, payout.id, "amount_out_of_range", &Source { what: PAY_OUT, cause: None });
    }
    tx.enqueue(&PayingOut { payout: payout.id })?;
    Ok(())
}

/// A withdrawal is wanted no more. Once a provider was asked it may have the money, and what it says holds.
pub fn call_off(tx: &mut Tx<'_>, told: &WithdrawalCancelRequested) -> Result<(), Error> {
    let Some(payout) = store::payout_of(tx, told.withdrawal_id)? else {
        return Ok(store::put_unwanted(tx, told.withdrawal_id, &told.reason)?);
    };
    match store::lock_payout(tx, payout.id)? {
        Some(payout) if payout.status == PayoutStatus::Requested && payout.asked_at.is_none() => {
            refused(tx, payout.id, &told.reason, &Source { what: CALL_OFF, cause: None })
        }
        Some(_) | None => Ok(()),
    }
}

/// Decides who pays it out and notes that they are asked, so that asking again asks the same.
pub fn settle_terms(tx: &mut Tx<'_>, id: PayoutId, usual: ProviderName) -> Result<MayAsk, Error> {
    let Some(payout) = store::lock_payout(tx, id)? else { return Ok(MayAsk::Needless) };
    if payout.status != PayoutStatus::Requested || payout.provider_ref.is_some() {
        return Ok(MayAsk::Needless);
    }
    // Both words may have come at one moment, and neither handler have seen what the other wrote.
    if payout.asked_at.is_none()
        && let Some(why) = store::unwanted(tx, payout.withdrawal_id)?
    {
        refused(tx, id, &why, &Source { what: CALL_OFF, cause: None })?;
        return Ok(MayAsk::Needless);
    }
    let (provider, now) = (payout.provider.unwrap_or(usual), tx.now());
    if payout.asked_at.is_some_and(|asked| asked.saturating_add(KEY_GOOD_FOR) < now) {
        return Ok(MayAsk::TooLate);
    }
    let payout = match (payout.provider, payout.asked_at) {
        (Some(_), Some(_)) => payout,
        _ => keep(tx, Payout { provider: Some(provider), asked_at: Some(now), ..payout })?,
    };
    let Some(destination) = destination(tx, id)? else { return Ok(MayAsk::Needless) };
    Ok(MayAsk::Yes(Box::new(Asking { payout, provider, destination })))
}

/// Where the money of a payout goes; none once it is over.
pub fn destination(tx: &mut Tx<'_>, id: PayoutId) -> Result<Option<String>, Error> {
    let Some(sealed) = store::destination(tx, id)? else { return Ok(None) };
    let opened = tx.keys().keyring.open(&destination_of(tx, id)?, &sealed)?;
    Ok(Some(String::from_utf8_lossy(&opened).into_owned()))
}

/// The provider has said where a payout stands; says what that did.
pub fn hear(
    tx: &mut Tx<'_>,
    id: PayoutId,
    news: &PayoutNews,
    source: &Source<'_>,
) -> Result<Option<(Payout, &'static str)>, Error> {
    match store::lock_payout(tx, id)? {
        Some(payout) => apply(tx, payout, news, source).map(Some),
        None => Ok(None),
    }
}

/// The same of a payout that is locked already.
pub fn apply(
    tx: &mut Tx<'_>,
    before: Payout,
    news: &PayoutNews,
    source: &Source<'_>,
) -> Result<(Payout, &'static str), Error> {
    let status = before.status;
    if !before.fits(news) {
        let payout = flagged(tx, before, "a provider names another amount for a payout")?;
        note(tx, status, &payout, source, Came::of("amount_mismatch", Some(&news.said)))?;
        return Ok((payout, "amount_mismatch"));
    }
    let known =
        Payout { provider_ref: before.provider_ref.clone().or(Some(news.reference.clone())), ..before };
    let (payout, moved) = known.hear(news.standing, news.failure.clone(), tx.now());
    let (payout, result) = match moved {
        PayoutMove::Kept => (keep(tx, payout)?, "kept"),
        PayoutMove::Waiting | PayoutMove::PaidOut | PayoutMove::CameToNothing => {
            (keep(tx, payout)?, "applied")
        }
        PayoutMove::CameBack => (flagged(tx, payout, "a payout came back after it was paid")?, "came_back"),
        // Messages overtake each other: the provider itself knows.
        PayoutMove::Contradicted if source.what == WEBHOOK => {
            tx.enqueue(&LookPayout { payout: payout.id, round: 0, once: true })?;
            (keep(tx, payout)?, "kept")
        }
        PayoutMove::Contradicted => {
            (flagged(tx, payout, "a payout that had failed was paid")?, "paid_after_failure")
        }
    };
    note(tx, status, &payout, source, Came::of(result, Some(&news.said)))?;
    tell(tx, &payout, moved)?;
    Ok((payout, result))
}

/// The provider certainly has none of it.
pub fn refused(tx: &mut Tx<'_>, id: PayoutId, code: &str, source: &Source<'_>) -> Result<(), Error> {
    let Some(before) = store::lock_payout(tx, id)? else { return Ok(()) };
    if before.provider_ref.is_some() {
        return note(tx, before.status, &before, source, Came::of("kept", Some(code)));
    }
    let status = before.status;
    let (payout, moved) = before.hear(PayoutStanding::Failed, Some(code.to_owned()), tx.now());
    let payout = keep(tx, payout)?;
    note(tx, status, &payout, source, Came::of("refused", Some(code)))?;
    tell(tx, &payout, moved)
}

/// Nobody knows whether the provider has it: the money stays set aside, and people find out.
pub fn lost(tx: &mut Tx<'_>, id: PayoutId, source: &Source<'_>) -> Result<(), Error> {
    let Some(before) = store::lock_payout(tx, id)? else { return Ok(()) };
    if !before.is_open() || before.provider_ref.is_some() {
        return Ok(());
    }
    let payout = flagged(tx, before, "nobody knows whether this payout was made")?;
    note(tx, payout.status, &payout, source, Came::of("unknown", None))
}

/// People have paid it out by hand, or found out that it was.
pub fn settle(tx: &mut Tx<'_>, id: PayoutId, by: &str) -> Result<Payout, Error> {
    let payout = store::lock_payout(tx, id)?.ok_or(Error::NoSuchPayout)?;
    if payout.status == PayoutStatus::Paid {
        return Ok(payout);
    }
    said_by_people(tx, payout, PayoutStanding::Paid, None, &Source { what: "settle", cause: Some(by) })
}

/// People cannot pay it out, or found out that it was not.
pub fn fail(tx: &mut Tx<'_>, id: PayoutId, code: &FailureCode, by: &str) -> Result<Payout, Error> {
    let payout = store::lock_payout(tx, id)?.ok_or(Error::NoSuchPayout)?;
    if payout.status == PayoutStatus::Failed {
        return Ok(payout);
    }
    let source = Source { what: "fail", cause: Some(by) };
    said_by_people(tx, payout, PayoutStanding::Failed, Some(code), &source)
}

fn said_by_people(
    tx: &mut Tx<'_>,
    payout: Payout,
    standing: PayoutStanding,
    code: Option<&FailureCode>,
    source: &Source<'_>,
) -> Result<Payout, Error> {
    match payout.by_hand() {
        ByHand::Theirs => {}
        ByHand::Over => return Err(Error::PayoutOver),
        ByHand::NotReady => return Err(Error::NotReady),
        ByHand::Providers => {
            return Err(Error::OtherHands("a provider pays this money out; it says when it has"));
        }
    }
    let news = PayoutNews {
        reference: payout.provider_ref.clone().unwrap_or_else(|| payout.id.to_string()),
        standing,
        amount: payout.amount,
        currency: Some(payout.currency),
        failure: code.map(ToString::to_string),
        said: "said_by_hand".to_owned(),
    };
    apply(tx, payout, &news, source).map(|(payout, _)| payout)
}

/// Writes a payout down; where the money went is forgotten when it is over.
pub(super) fn keep(tx: &mut Tx<'_>, payout: Payout) -> Result<Payout, Error> {
    store::save_payout(tx, &payout)?;
    if !payout.is_open() {
        store::forget_destination(tx, payout.id)?;
    }
    Ok(Payout { updated_at: tx.now(), version: payout.version + 1, ..payout })
}

fn flagged(tx: &mut Tx<'_>, payout: Payout, why: &'static str) -> Result<Payout, Error> {
    tracing::warn!(payout.id = %payout.id, "{why}; somebody has to look");
    keep(tx, Payout { needs_review: true, ..payout })
}

/// Writes an attempt down.
pub(super) fn note(
    tx: &mut Tx<'_>,
    before: PayoutStatus,
    after: &Payout,
    source: &Source<'_>,
    came: Came<'_>,
) -> Result<(), Error> {
    let attempt = PayoutAttempt {
        id: tx.new_id(),
        payout_id: after.id,
        what: source.what.to_owned(),
        result: came.result.to_owned(),
        status_before: before,
        status_after: after.status,
        said: came.said.map(str::to_owned),
        cause: source.cause.map(str::to_owned),
        happened_at: tx.now(),
    };
    Ok(store::insert_payout_attempt(tx, &attempt)?)
}

fn tell(tx: &mut Tx<'_>, payout: &Payout, moved: PayoutMove) -> Result<(), Error> {
    match moved {
        PayoutMove::PaidOut => {
            let told = PayoutPaid {
                withdrawal_id: payout.withdrawal_id,
                amount: payout.amount,
                currency: payout.currency,
                provider_ref: payout.provider_ref.clone().unwrap_or_else(|| payout.id.to_string()),
            };
            tx.publish(payout.withdrawal_id, &told)?;
        }
        PayoutMove::CameToNothing => {
            let reason = payout.failure.clone().unwrap_or_else(|| "refused".to_owned());
            tx.publish(payout.withdrawal_id, &PayoutFailed { withdrawal_id: payout.withdrawal_id, reason })?;
        }
        PayoutMove::Kept | PayoutMove::Waiting | PayoutMove::CameBack | PayoutMove::Contradicted => {}
    }
    Ok(())
}

/// What the destination of a payout is sealed for.
fn destination_of(tx: &Tx<'_>, id: PayoutId) -> Result<Vec<u8>, Error> {
    Ok(format!("payments.destination {} {id}", tx.project()?).into_bytes())
}
