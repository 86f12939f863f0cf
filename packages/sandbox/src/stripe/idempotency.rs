//! The same write twice is one: what was answered once it had begun is stored with it and said again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::store::Tx;
use serde::Deserialize;

use super::errors::Error;
use super::store;
use super::wire::Reply;

/// A key as it was used.
#[derive(Clone, Debug)]
pub struct Used {
    /// Whose.
    pub account: String,
    /// The key.
    pub key: String,
    /// Where it was used.
    pub path: String,
    /// What was sent.
    pub fingerprint: String,
}

/// What was answered to it.
#[derive(Clone, Debug, Deserialize)]
pub struct Answered {
    /// Where it was used.
    pub path: String,
    /// What was sent.
    pub fingerprint: String,
    /// The request that did the work.
    pub request: String,
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// The keys of writes that this process has under way.
#[derive(Clone, Default)]
pub struct UnderWay(Arc<Mutex<HashSet<(String, String)>>>);

/// One of them, until it is dropped.
pub struct Held {
    under_way: UnderWay,
    key: (String, String),
}

const KEY_LETTERS_MAX: usize = 255;

impl Used {
    /// Refuses keys that are too long.
    pub fn check(&self) -> Result<(), Error> {
        if self.key.chars().count() > KEY_LETTERS_MAX {
            return Err(Error::of(
                400,
                "idempotency_error",
                "Idempotency keys can be at most 255 characters long.",
            ));
        }
        Ok(())
    }

    /// What was answered before, if the same was asked.
    pub fn answer(&self, tx: &mut Tx<'_>) -> Result<Option<Answered>, Error> {
        let Some(answered) = store::answered(tx, &self.account, &self.key)? else { return Ok(None) };
        let complaint = if answered.path != self.path {
            format!(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for \
                 ('{}' vs '{}'). Try using a key other than '{}' if you meant to execute a different request.",
                self.path, answered.path, self.key
            )
        } else if answered.fingerprint != self.fingerprint {
            format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used \
                 with. Try using a key other than '{}' if you meant to execute a different request.",
                self.key
            )
        } else {
            return Ok(Some(answered));
        };
        Err(Error::of(400, "idempotency_error", complaint))
    }

    /// Keeps an answer, in the transaction of what it tells.
    pub fn keep(&self, tx: &mut Tx<'_>, request: &str, reply: &Reply) -> Result<(), Error> {
        let answered = Answered {
            path: self.path.clone(),
            fingerprint: self.fingerprint.clone(),
            request: request.to_owned(),
            status: reply.status,
            body: reply.body.to_string(),
        };
        store::keep_answer(tx, self, &answered).map_err(|error| {
            // Another process was faster with the same key.
            if error.is_constraint("stripe_keys_pkey") { Error::in_use(&self.key) } else { error.into() }
        })
    }
}

impl UnderWay {
    /// Takes a key, unless a request with it is under way.
    pub fn hold(&self, used: &Used) -> Result<Held, Error> {
        let key = (used.account.clone(), used.key.clone());
        if !self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone()) {
            return Err(Error::in_use(&used.key));
        }
        Ok(Held { under_way: self.clone(), key })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.under_way.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
