//! What happens because time passed: an order that is not paid expires, carts that nobody uses go, erased buyers are
//! forgotten step by step.

use contracts::{OrderId, UserId};
use kernel::jobs::{Job, Jobs, Schedule};
use kernel::store::Tx;
use serde::{Deserialize, Serialize};

use crate::commands::{carts, ending, forgetting};
use crate::error::Error;

/// The end of an order's patience; enqueued with the order, for its own time.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExpireUnpaid {
    /// Which order.
    pub order: OrderId,
}

impl Job for ExpireUnpaid {
    const KIND: &'static str = "orders.expire_unpaid";
}

/// The next step of forgetting to whom the orders of an erased buyer went.
#[derive(Debug, Serialize, Deserialize)]
pub struct ForgetBuyer {
    /// Who was erased.
    pub buyer: UserId,
    /// The last order that was looked at.
    pub after: Option<OrderId>,
}

impl Job for ForgetBuyer {
    const KIND: &'static str = "orders.forget_buyer";
}

/// The next steps of the purge of carts.
#[derive(Debug, Serialize, Deserialize)]
struct PurgeCarts {}

impl Job for PurgeCarts {
    const KIND: &'static str = "orders.purge_carts";
}

/// Says what is done when.
pub fn register(jobs: &mut Jobs) {
    jobs.inside(|tx, job: &ExpireUnpaid| ending::expire(tx, job.order));
    jobs.inside(|tx, job: &ForgetBuyer| forgetting::forget(tx, job.buyer, job.after));
    jobs.inside(purge_carts);
    if let Ok(each_night) = Schedule::cron(EACH_NIGHT) {
        jobs.every("orders.purge", each_night, start_purge);
    }
}

const EACH_NIGHT: &str = "41 3 * * *";

fn start_purge(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.enqueue(&PurgeCarts {})?;
    Ok(())
}

/// Deletes some of the old carts of all projects; what is left is the next step's.
fn purge_carts(tx: &mut Tx<'_>, _: &PurgeCarts) -> Result<(), Error> {
    if carts::purge(tx)? {
        tx.enqueue(&PurgeCarts {})?;
    }
    Ok(())
}
