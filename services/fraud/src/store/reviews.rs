//! The statements on reviews.

use contracts::{Timestamp, UserId};
use kernel::params;
use kernel::store::{Json, StoreError, Tx, Value};
use serde::Deserialize;

use crate::domain::evidence::Evidence;
use crate::domain::review::{Finding, Review, ReviewState};
use crate::domain::verdict::Verdict;
use crate::domain::{DecisionId, PaymentName};

/// A review, with its place among others.
#[derive(Clone, Debug)]
pub struct ReviewRow {
    /// The payment.
    pub payment_id: PaymentName,
    /// The decision that it is about.
    pub decision_id: DecisionId,
    /// When it began.
    pub opened_at: Timestamp,
    /// Where it stands.
    pub review: Review,
    /// How often it was changed.
    pub version: u64,
}

/// A review with what was decided.
#[derive(Clone, Debug)]
pub struct Queued {
    /// The review.
    pub row: ReviewRow,
    /// What was known.
    pub evidence: Evidence,
    /// What was decided.
    pub verdict: Verdict,
}

/// Which reviews are looked for.
#[derive(Clone, Copy, Debug)]
pub struct ReviewFilter {
    /// Where they stand.
    pub state: ReviewState,
    /// Who is to look at them.
    pub assignee: Option<UserId>,
}

/// A review as it lies in its table.
#[derive(Deserialize)]
struct Row {
    payment_id: PaymentName,
    decision_id: DecisionId,
    state: ReviewState,
    assignee: Option<UserId>,
    opened_at: Timestamp,
    fraud: Option<bool>,
    reason: Option<String>,
    ended_by: Option<String>,
    ended_at: Option<Timestamp>,
    version: u64,
    evidence: Option<Json<Evidence>>,
    verdict: Option<Json<Verdict>>,
}

impl Row {
    fn read(self) -> Result<ReviewRow, StoreError> {
        let Self { payment_id, decision_id, opened_at, version, .. } = self;
        let review = match (self.state, self.fraud, self.reason, self.ended_by, self.ended_at) {
            (ReviewState::Waiting, ..) => Review::Waiting { assignee: self.assignee },
            (ReviewState::Decided, Some(fraud), Some(reason), Some(by), Some(at)) => {
                Review::Decided(Finding { fraud, reason, by, at })
            }
            (ReviewState::Expired, _, _, _, Some(at)) => Review::Expired { at },
            (ReviewState::Closed, _, _, _, Some(at)) => Review::Closed { at },
            (ReviewState::Decided | ReviewState::Expired | ReviewState::Closed, ..) => {
                return Err(StoreError::Sql(
                    format!("the stored review of {payment_id} cannot be read").into(),
                ));
            }
        };
        Ok(ReviewRow { payment_id, decision_id, opened_at, review, version })
    }

    fn queued(mut self) -> Result<Queued, StoreError> {
        let (evidence, verdict) = (self.evidence.take(), self.verdict.take());
        match (evidence, verdict) {
            (Some(Json(evidence)), Some(Json(verdict))) => {
                Ok(Queued { row: self.read()?, evidence, verdict })
            }
            _ => Err(StoreError::Missing),
        }
    }
}

/// The columns that say where a review stands.
fn standing(review: &Review) -> Vec<Value> {
    let state = review.state();
    match review {
        Review::Waiting { assignee } => {
            params![state, assignee, None::<bool>, None::<&str>, None::<&str>, None::<Timestamp>].to_vec()
        }
        Review::Decided(Finding { fraud, reason, by, at }) => {
            params![state, None::<UserId>, fraud, reason, by, at].to_vec()
        }
        Review::Expired { at } | Review::Closed { at } => {
            params![state, None::<UserId>, None::<bool>, None::<&str>, None::<&str>, at].to_vec()
        }
    }
}

/// Stores a new review; false where the payment has one.
pub fn insert_review(tx: &mut Tx<'_>, row: &ReviewRow) -> Result<bool, StoreError> {
    let mut values =
        params![tx.project()?, row.payment_id, row.decision_id, row.opened_at, row.version].to_vec();
    values.extend(standing(&row.review));
    let inserted = tx.run(
        "insert into reviews (project_id, payment_id, decision_id, opened_at, version, state, assignee, fraud, reason,
           ended_by, ended_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (project_id, payment_id) do nothing",
        &values,
    )?;
    Ok(inserted > 0)
}

/// Stores where a review stands now, on top of the version that it was read with.
pub fn update_review(tx: &mut Tx<'_>, row: &ReviewRow) -> Result<(), StoreError> {
    let mut values = params![tx.project()?, row.payment_id, row.version].to_vec();
    values.extend(standing(&row.review));
    tx.run_versioned(
        "update reviews set version = version + 1, state = $4, assignee = $5, fraud = $6, reason = $7, ended_by = $8,
           ended_at = $9
         where project_id = $1 and payment_id = $2 and version = $3",
        &values,
    )
}

macro_rules! one_review {
    () => {
        "select payment_id, decision_id, state, assignee, opened_at, fraud, reason, ended_by, ended_at, version,
           null as evidence, null as verdict
         from reviews where project_id = $1 and payment_id = $2"
    };
}

/// One review.
pub fn review(tx: &mut Tx<'_>, payment: &PaymentName) -> Result<Option<ReviewRow>, StoreError> {
    let row: Option<Row> = tx.row(one_review!(), params![tx.project()?, payment])?;
    row.map(Row::read).transpose()
}

/// One review, which nobody else changes until the commit.
pub fn lock_review(tx: &mut Tx<'_>, payment: &PaymentName) -> Result<Option<ReviewRow>, StoreError> {
    let rows: Vec<Row> = tx.lock_rows(one_review!(), params![tx.project()?, payment])?;
    rows.into_iter().next().map(Row::read).transpose()
}

macro_rules! oldest_first {
    ($leading:literal) => {
        concat!(
            "select r.payment_id, r.decision_id, r.state, r.assignee, r.opened_at, r.fraud, r.reason, r.ended_by,
               r.ended_at, r.version, d.evidence, d.verdict
             from reviews as r join decisions as d on d.project_id = $1 and d.payment_id = r.payment_id
             where r.project_id = $1 and ",
            $leading,
            " and r.state = $3 and r.decision_id > coalesce($4, '') order by r.decision_id limit $5"
        )
    };
}

/// Reviews after `after`, oldest first.
pub fn queue(
    tx: &mut Tx<'_>,
    filter: ReviewFilter,
    after: Option<DecisionId>,
    limit: u32,
) -> Result<Vec<Queued>, StoreError> {
    let sql = match filter.assignee {
        Some(_) => oldest_first!("r.assignee = $2"),
        None => oldest_first!("cast($2 as text) is null"),
    };
    let rows: Vec<Row> = tx.rows(sql, params![tx.project()?, filter.assignee, filter.state, after, limit])?;
    rows.into_iter().map(Row::queued).collect()
}
