//! The statements on what people made of what they looked at, which is never changed.

use kernel::params;
use kernel::store::{StoreError, Tx};

use crate::domain::{Review, ReviewId};

/// Writes down what somebody found.
pub fn insert_review(tx: &mut Tx<'_>, review: &Review) -> Result<(), StoreError> {
    tx.run(
        "insert into reviews (project_id, id, subject, outcome, note, reviewer, reviewed_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        params![
            tx.project()?,
            review.id,
            review.subject,
            review.outcome,
            review.note.as_str(),
            review.reviewer,
            review.reviewed_at
        ],
    )
    .map(drop)
}

/// What was found of a payment or a payout after `after`, oldest first.
pub fn reviews_of(
    tx: &mut Tx<'_>,
    subject: &str,
    after: Option<ReviewId>,
    limit: u32,
) -> Result<Vec<Review>, StoreError> {
    tx.rows(
        "select id, subject, outcome, note, reviewer, reviewed_at from reviews
         where project_id = $1 and subject = $2 and (cast($3 as text) is null or id > $3) order by id limit $4",
        params![tx.project()?, subject, after, limit],
    )
}
