//! What Twilio's error codes mean to us: <https://www.twilio.com/docs/api/errors>.

use std::time::Duration;

use http::StatusCode;

use crate::channels::Trouble;

/// What a code says, where it says more than the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Too much at once; or a failure that Twilio itself calls passing.
    Passing,
    /// Nobody there, no mobile, or somebody who wants nothing from us.
    Recipient,
    /// No way from this account to that country or carrier; another provider may have one.
    Route,
    /// The text, or carriers' opinion of it.
    Content,
    /// The account, its numbers, or what it may do.
    Account,
}

/// The meaning of a code that has one of its own.
pub(super) fn meaning(code: u32) -> Option<Meaning> {
    Some(match code {
        // Rate, queues, a telephone that is switched off, time-outs inside, and carriers that say nothing.
        14107 | 20429 | 21611 | 30001 | 30003 | 30008 | 30017 | 30022 | 63012 | 63018 => Meaning::Passing,
        // Not a number, opted out, no mobile, blocked, unknown, landline.
        21211 | 21214 | 21217 | 21265 | 21610 | 21614 | 30004..=30006 | 63003 | 63024 => Meaning::Recipient,
        // Empty, too long, filtered.
        21602 | 21605 | 21617 | 21619 | 30007 | 30019 | 63016 => Meaning::Content,
        // No leave to write to that country, no way to that carrier.
        21408 | 21612 => Meaning::Route,
        // Refused, suspended, a sender that is not ours.
        20003 | 20005 | 20404 | 21212 | 21603 | 21606 | 21659 | 21660 | 21703 | 30002 | 30034 => {
            Meaning::Account
        }
        _ => return None,
    })
}

/// What a refusal means.
pub(super) fn trouble(
    status: StatusCode,
    code: Option<u32>,
    asked: Option<Duration>,
    why: String,
) -> Trouble {
    match (status.as_u16(), code.and_then(meaning)) {
        (429, _) | (_, Some(Meaning::Passing)) => Trouble::Later { after: asked, why },
        (_, Some(Meaning::Recipient)) => Trouble::BadRecipient(why),
        (_, Some(Meaning::Content)) => Trouble::BadContent(why),
        (401 | 403 | 404, _) | (_, Some(Meaning::Account)) => Trouble::BadCredential(why),
        (503, None) | (_, Some(Meaning::Route)) => Trouble::ProviderDown(why),
        // Twilio itself says that it failed; without its words it may be a gateway that has lost the answer.
        (500.., None) if code.is_some() => Trouble::ProviderDown(why),
        (500.. | ..=399, None) => Trouble::Unknown(why),
        (_, None) => Trouble::BadContent(why),
    }
}
