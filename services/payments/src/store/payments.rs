//! The statements on payments.

use contracts::{OrderId, PaymentId, ProjectId, TopUpId, UserId};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use crate::domain::{InvoiceRef, Payment, ProviderName, Status};
use crate::error::Error;

/// Which payments are wanted; what is none does not matter.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Those that stand so.
    pub status: Option<Status>,
    /// Those for this order.
    pub order: Option<OrderId>,
    /// Those that a person has to look at, or those that nobody has to.
    pub needs_review: Option<bool>,
    /// Those with smaller ids.
    pub before: Option<PaymentId>,
}

/// What holds one payment that is live for each thing to be paid.
const ONE_LIVE: [&str; 3] = ["payments_order", "payments_invoice", "payments_top_up"];

/// All columns of a payment but its sealed secret.
macro_rules! select_payments {
    ($rest:literal) => {
        concat!(
            "select id, order_id, invoice_id, top_up_id, user_id, amount, currency, captured, refund_reserved, refunded, ",
            "capture_asked, provider, capture, provider_ref, status, failure, needs_review, unwanted, blocked, live, acting, ",
            "clearance, news_at, heard_at, created_at, updated_at, version from payments where project_id = $1 and ",
            $rest
        )
    };
}

/// Stores a new payment; its order, invoice or top-up must have no other one that is live.
pub fn insert_payment(tx: &mut Tx<'_>, payment: &Payment) -> Result<(), Error> {
    let stored = tx.run(
        "insert into payments (project_id, id, order_id, invoice_id, user_id, amount, currency, captured,
           refund_reserved, refunded, capture_asked, provider, capture, provider_ref, status, failure, needs_review,
           unwanted, live, acting, news_at, heard_at, created_at, updated_at, version,
           correlation_id, traceparent, top_up_id, blocked, clearance)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
           $23, $24, $25, $26, $27, $28, $29, $30)",
        params![
            tx.project()?,
            payment.id,
            payment.order_id,
            payment.invoice_id,
            payment.user_id,
            payment.amount,
            payment.currency,
            payment.captured,
            payment.refund_reserved,
            payment.refunded,
            payment.capture_asked,
            payment.provider,
            payment.capture,
            payment.provider_ref,
            payment.status,
            payment.failure,
            payment.needs_review,
            payment.unwanted,
            payment.live,
            payment.acting,
            payment.news_at,
            payment.heard_at,
            payment.created_at,
            payment.updated_at,
            payment.version,
            tx.origin().correlation_id.clone(),
            tx.origin().traceparent.clone(),
            payment.top_up_id,
            payment.blocked,
            payment.clearance,
        ],
    );
    match stored {
        Ok(_) => Ok(()),
        Err(error) if ONE_LIVE.iter().any(|name| error.is_constraint(name)) => Err(Error::OtherPayment),
        Err(error) => Err(error.into()),
    }
}

/// Writes down what became of a payment since it was read.
pub fn save_payment(tx: &mut Tx<'_>, payment: &Payment) -> Result<(), StoreError> {
    tx.run_versioned(
        "update payments set captured = $3, refund_reserved = $4, refunded = $5, capture_asked = $6, provider = $7,
           capture = $8, provider_ref = $9, status = $10, failure = $11, needs_review = $12, unwanted = $13, live = $14,
           acting = $15, news_at = $16, heard_at = $17, updated_at = $18, blocked = $20, clearance = $21, version = version + 1
         where project_id = $1 and id = $2 and version = $19",
        params![
            tx.project()?,
            payment.id,
            payment.captured,
            payment.refund_reserved,
            payment.refunded,
            payment.capture_asked,
            payment.provider,
            payment.capture,
            payment.provider_ref,
            payment.status,
            payment.failure,
            payment.needs_review,
            payment.unwanted,
            payment.live,
            payment.acting,
            payment.news_at,
            payment.heard_at,
            tx.now(),
            payment.version,
            payment.blocked,
            payment.clearance
        ],
    )
}

/// Promises to give back `amount`, if so much was taken and not promised yet; says whether.
pub fn reserve(tx: &mut Tx<'_>, id: PaymentId, amount: i64) -> Result<bool, StoreError> {
    let reserved = tx.run(
        "update payments set refund_reserved = refund_reserved + $3, updated_at = $4, version = version + 1
         where project_id = $1 and id = $2 and refund_reserved + $3 <= captured",
        params![tx.project()?, id, amount, tx.now()],
    )?;
    Ok(reserved == 1)
}

/// Keeps the sealed text that lets a browser confirm the payment.
pub fn set_client_secret(tx: &mut Tx<'_>, id: PaymentId, sealed: &str) -> Result<(), StoreError> {
    tx.run(
        "update payments set client_secret = $3 where project_id = $1 and id = $2",
        params![tx.project()?, id, sealed],
    )
    .map(drop)
}

/// The sealed text that lets a browser confirm the payment.
pub fn client_secret(tx: &mut Tx<'_>, id: PaymentId) -> Result<Option<String>, StoreError> {
    let row: Option<Option<String>> = tx.row(
        "select client_secret from payments where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )?;
    Ok(row.flatten())
}

/// One payment.
pub fn payment(tx: &mut Tx<'_>, id: PaymentId) -> Result<Option<Payment>, StoreError> {
    tx.row(select_payments!("id = $2"), params![tx.project()?, id])
}

/// One payment, for whoever is about to change it.
pub fn lock_payment(tx: &mut Tx<'_>, id: PaymentId) -> Result<Option<Payment>, StoreError> {
    let rows = tx.lock_rows(select_payments!("id = $2"), params![tx.project()?, id])?;
    Ok(rows.into_iter().next())
}

/// The payment of a provider's name.
pub fn payment_by_reference(
    tx: &mut Tx<'_>,
    provider: ProviderName,
    reference: &str,
) -> Result<Option<Payment>, StoreError> {
    tx.row(
        select_payments!("provider = $2 and provider_ref = $3"),
        params![tx.project()?, provider, reference],
    )
}

/// The payment of a provider's name, for whoever is about to change it.
pub fn lock_by_reference(
    tx: &mut Tx<'_>,
    provider: ProviderName,
    reference: &str,
) -> Result<Option<Payment>, StoreError> {
    let rows = tx.lock_rows(
        select_payments!("provider = $2 and provider_ref = $3"),
        params![tx.project()?, provider, reference],
    )?;
    Ok(rows.into_iter().next())
}

/// Whose payment it is, and what it belongs to.
#[derive(Clone, Debug, Deserialize)]
pub struct Story {
    /// The project.
    pub project_id: ProjectId,
    /// What ties it to the request that began it.
    pub correlation_id: String,
    /// The trace of that request.
    pub traceparent: Option<String>,
}

/// The payments or payouts of a provider's name: work of the system, to find out whom a message is for.
pub fn stories_of_reference(
    tx: &mut Tx<'_>,
    provider: ProviderName,
    reference: &str,
) -> Result<Vec<Story>, StoreError> {
    tx.rows(
        "select project_id, correlation_id, traceparent from payments where provider = $1 and provider_ref = $2
         union all
         select project_id, correlation_id, traceparent from payouts where provider = $1 and provider_ref = $2 limit 2",
        params![provider, reference],
    )
}

/// The payment that stands for an order, for whoever is about to change it.
pub fn live_of_order(tx: &mut Tx<'_>, order: OrderId) -> Result<Option<Payment>, StoreError> {
    let rows = tx.lock_rows(select_payments!("order_id = $2 and live"), params![tx.project()?, order])?;
    Ok(rows.into_iter().next())
}

/// The payment that stands for an invoice, for whoever is about to change it.
pub fn live_of_invoice(tx: &mut Tx<'_>, invoice: &InvoiceRef) -> Result<Option<Payment>, StoreError> {
    let rows = tx.lock_rows(select_payments!("invoice_id = $2 and live"), params![tx.project()?, invoice])?;
    Ok(rows.into_iter().next())
}

/// The payment that stands for a top-up, for whoever is about to change it.
pub fn live_of_top_up(tx: &mut Tx<'_>, top_up: TopUpId) -> Result<Option<Payment>, StoreError> {
    let rows = tx.lock_rows(select_payments!("top_up_id = $2 and live"), params![tx.project()?, top_up])?;
    Ok(rows.into_iter().next())
}

/// The newest payment for a top-up, whether it stands for it or not.
pub fn newest_of_top_up(tx: &mut Tx<'_>, top_up: TopUpId) -> Result<Option<Payment>, StoreError> {
    tx.row(select_payments!("top_up_id = $2 order by id desc limit 1"), params![tx.project()?, top_up])
}

/// The payment from which an order's money can go back: the one of which most was taken, else the newest.
pub fn paid_of_order(tx: &mut Tx<'_>, order: OrderId) -> Result<Option<Payment>, StoreError> {
    let rows = tx.lock_rows(
        select_payments!("order_id = $2 order by captured desc, id desc limit 1"),
        params![tx.project()?, order],
    )?;
    Ok(rows.into_iter().next())
}

/// Payments, newest first.
pub fn payments(tx: &mut Tx<'_>, asked: &Asked, limit: u32) -> Result<Vec<Payment>, StoreError> {
    let params = params![tx.project()?, asked.before, asked.status, asked.order, limit, asked.needs_review];
    let sql = match asked {
        Asked { order: Some(_), .. } => {
            select_payments!(
                "order_id = $4 and (cast($2 as text) is null or id < $2)
                 and (cast($3 as text) is null or status = $3)
                 and (cast($6 as boolean) is null or needs_review = $6) order by id desc limit $5"
            )
        }
        Asked { needs_review: Some(true), .. } => {
            select_payments!(
                "needs_review and needs_review = $6 and (cast($2 as text) is null or id < $2)
                 and (cast($3 as text) is null or status = $3)
                 and (cast($4 as text) is null or order_id = $4) order by id desc limit $5"
            )
        }
        Asked { status: Some(_), .. } => {
            select_payments!(
                "status = $3 and (cast($2 as text) is null or id < $2)
                 and (cast($4 as text) is null or order_id = $4)
                 and (cast($6 as boolean) is null or needs_review = $6) order by id desc limit $5"
            )
        }
        Asked { .. } => {
            select_payments!(
                "(cast($2 as text) is null or id < $2) and (cast($3 as text) is null or status = $3)
                 and (cast($4 as text) is null or order_id = $4)
                 and (cast($6 as boolean) is null or needs_review = $6) order by id desc limit $5"
            )
        }
    };
    tx.rows(sql, params)
}

/// Payments of one person, newest first.
pub fn payments_of(
    tx: &mut Tx<'_>,
    user: UserId,
    asked: &Asked,
    limit: u32,
) -> Result<Vec<Payment>, StoreError> {
    tx.rows(
        select_payments!(
            "user_id = $6 and (cast($2 as text) is null or id < $2) and (cast($3 as text) is null or status = $3)
             and (cast($4 as text) is null or order_id = $4)
             and (cast($7 as boolean) is null or needs_review = $7) order by id desc limit $5"
        ),
        params![
            tx.project()?,
            asked.before,
            asked.status,
            asked.order,
            limit,
            user,
            asked.needs_review
        ],
    )
}
