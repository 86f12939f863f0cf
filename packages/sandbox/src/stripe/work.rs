//! One call at work: its transaction, whose it is, and what is to be told when it is done.

use contracts::Id;
use kernel::store::Tx;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;

use super::errors::Error;
use super::events;
use super::form::hex;

contracts::ids! {
    /// An intent.
    IntentId = "pi";
    /// A charge.
    ChargeId = "ch";
    /// A refund.
    RefundId = "re";
    /// A payout.
    PayoutId = "po";
    /// A customer.
    CustomerId = "cus";
    /// A way to pay.
    PaymentMethodId = "pm";
    /// Something that happened.
    EventId = "evt";
    /// Who hears of it.
    EndpointId = "we";
    /// A request.
    RequestId = "req";
}

/// What is about to be told.
pub struct Told {
    /// Its type.
    pub kind: &'static str,
    /// The object as it is then.
    pub object: Value,
}

/// What a call was caused by.
#[derive(Clone, Debug, Default)]
pub struct Cause {
    /// The request.
    pub request: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// The version of the API that was asked for.
    pub version: Option<String>,
    /// Where this provider answers, as the caller sees it.
    pub url: String,
}

/// A call at work.
pub struct Work<'w, 'c> {
    /// Its transaction.
    pub tx: &'w mut Tx<'c>,
    /// Whose.
    pub account: &'w str,
    /// Why.
    pub cause: &'w Cause,
    told: Vec<Told>,
}

const SECRET_BYTES: usize = 16;

impl<'w, 'c> Work<'w, 'c> {
    /// Begins.
    pub fn new(tx: &'w mut Tx<'c>, account: &'w str, cause: &'w Cause) -> Self {
        Self { tx, account, cause, told: Vec::new() }
    }

    /// What time it is, in seconds.
    pub fn now_s(&self) -> i64 {
        self.tx.now().as_millis() / 1000
    }

    /// This year and month.
    pub fn month(&self) -> (i64, i64) {
        // `2026-11-21T…`
        let date = self.tx.now().to_string();
        let part =
            |of: std::ops::Range<usize>| date.get(of).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        (part(0..4), part(5..7))
    }

    /// A new id.
    pub fn id<I: Id>(&self) -> String {
        self.tx.new_id::<I>().to_string()
    }

    /// Letters that nobody guesses.
    pub fn secret(&self) -> Result<String, Error> {
        let mut bytes = [0; SECRET_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| Error::server())?;
        Ok(hex(&bytes))
    }

    /// Tells of a change when the work is done.
    pub fn tell(&mut self, kind: &'static str, object: Value) {
        self.told.push(Told { kind, object });
    }

    /// Ends, and sends what is to be told on its way.
    pub fn finish(self) -> Result<(), Error> {
        events::send(self.tx, self.account, self.cause, self.told)
    }
}
