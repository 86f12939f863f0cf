//! The statements on alerts.

use contracts::Timestamp;
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

use crate::domain::{AlertId, AlertKind, PaymentName};

/// An alert, as it was told.
#[derive(Clone, Debug, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// The payment.
    pub payment_id: PaymentName,
    /// What it is about.
    pub kind: AlertKind,
    /// The payment's score.
    pub score: u32,
    /// The names of the rules that spoke.
    pub reasons: Json<Vec<String>>,
    /// When it was raised.
    pub raised_at: Timestamp,
}

/// Stores a new alert.
pub fn insert_alert(tx: &mut Tx<'_>, new: &Alert) -> Result<(), StoreError> {
    let Alert { id, payment_id, kind, score, reasons, raised_at } = new;
    tx.run(
        "insert into alerts (project_id, id, payment_id, kind, score, reasons, raised_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        params![tx.project()?, id, payment_id, kind, score, reasons, raised_at],
    )
    .map(drop)
}

/// A list's statement: the filter that has an index stands in front by itself.
macro_rules! newest_first {
    ($leading:literal) => {
        concat!(
            "select id, payment_id, kind, score, reasons, raised_at from alerts
             where project_id = $1 and ",
            $leading,
            " and id < coalesce($3, 'b') order by id desc limit $4"
        )
    };
}

/// Alerts before `before`, newest first.
pub fn alerts(
    tx: &mut Tx<'_>,
    kind: Option<AlertKind>,
    before: Option<AlertId>,
    limit: u32,
) -> Result<Vec<Alert>, StoreError> {
    let sql = match kind {
        Some(_) => newest_first!("kind = $2"),
        None => newest_first!("cast($2 as text) is null"),
    };
    tx.rows(sql, params![tx.project()?, kind, before, limit])
}
