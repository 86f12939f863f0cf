//! A provider was asked where a payment stands.

use contracts::PaymentId;
use kernel::store::Tx;

use super::hear::hear;
use super::{Came, POLL, Source, keep, note};
use crate::domain::News;
use crate::error::Error;
use crate::providers::{Refusal, Reply};
use crate::store;

/// Applies the answer; says whether there is reason to look again.
pub fn seen(tx: &mut Tx<'_>, id: PaymentId, reply: &Reply<News>, cause: &str) -> Result<bool, Error> {
    let Some(payment) = store::lock_payment(tx, id)? else { return Ok(false) };
    let source = Source { what: POLL, cause: Some(cause) };
    match reply {
        Ok(news) => {
            let (payment, _) = hear(tx, payment, news, &source)?;
            Ok(payment.is_open())
        }
        Err(Refusal { code, .. }) => {
            let payment = keep(tx, payment)?;
            note(tx, payment.status, &payment, &source, Came::of("refused", Some(code)))?;
            Ok(payment.is_open())
        }
    }
}
