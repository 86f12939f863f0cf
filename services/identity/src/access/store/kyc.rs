//! The statements on what people handed in to prove who they are.

use contracts::{KycCaseId, ProjectId, UserId};
use kernel::params;
use kernel::store::{OnConstraint, StoreError, Tx};

use crate::domain::kyc::{BadMove, CaseState, Earlier, KycCase};
use crate::error::Error;

/// How many cases of one person are looked at: the newest.
const OF_ONE_MAX: u32 = 20;

/// Stores a new case with its sealed claims.
pub fn insert_case(tx: &mut Tx<'_>, project: ProjectId, new: &KycCase, claims: &str) -> Result<(), Error> {
    tx.run(
        "insert into kyc_cases (project_id, id, user_id, level, state, claims, submitted_at, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![project, new.id, new.user_id, new.level, new.state, claims, new.submitted_at, new.version],
    )
    .map(drop)
    .on_constraint("kyc_cases_pending_key", || BadMove::Waiting.into())
}

/// One case.
pub fn case(tx: &mut Tx<'_>, project: ProjectId, id: KycCaseId) -> Result<Option<KycCase>, StoreError> {
    tx.row(
        "select id, user_id, level, state, submitted_at, reviewed_at, reviewed_by, reason, version
         from kyc_cases where project_id = $1 and id = $2",
        params![project, id],
    )
}

/// The sealed claims of a case; none once the person was erased.
pub fn claims(tx: &mut Tx<'_>, project: ProjectId, id: KycCaseId) -> Result<Option<String>, StoreError> {
    let row: Option<Option<String>> =
        tx.row("select claims from kyc_cases where project_id = $1 and id = $2", params![project, id])?;
    Ok(row.flatten())
}

/// Cases after `after`, oldest first.
pub fn cases(
    tx: &mut Tx<'_>,
    project: ProjectId,
    after: Option<KycCaseId>,
    limit: u32,
) -> Result<Vec<KycCase>, StoreError> {
    tx.rows(
        "select id, user_id, level, state, submitted_at, reviewed_at, reviewed_by, reason, version
         from kyc_cases where project_id = $1 and id > coalesce($2, '') order by id limit $3",
        params![project, after, limit],
    )
}

/// Cases that stand so, after `after`, oldest first.
pub fn cases_in(
    tx: &mut Tx<'_>,
    project: ProjectId,
    state: CaseState,
    after: Option<KycCaseId>,
    limit: u32,
) -> Result<Vec<KycCase>, StoreError> {
    tx.rows(
        "select id, user_id, level, state, submitted_at, reviewed_at, reviewed_by, reason, version
         from kyc_cases where project_id = $1 and state = $2 and id > coalesce($3, '') order by id limit $4",
        params![project, state, after, limit],
    )
}

/// What became of all that a person handed in before.
pub fn earlier(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<Earlier, StoreError> {
    tx.one(
        "select cast(coalesce(max(case when state = 'verified' then level else 0 end), 0) as bigint) as proven,
           cast(coalesce(sum(case when state = 'pending' then 1 else 0 end), 0) as bigint) as waiting
         from kyc_cases where project_id = $1 and user_id = $2",
        params![project, user],
    )
}

/// The cases of a person, newest first.
pub fn cases_of(tx: &mut Tx<'_>, project: ProjectId, user: UserId) -> Result<Vec<KycCase>, StoreError> {
    tx.rows(
        "select id, user_id, level, state, submitted_at, reviewed_at, reviewed_by, reason, version
         from kyc_cases where project_id = $1 and user_id = $2 order by id desc limit $3",
        params![project, user, OF_ONE_MAX],
    )
}

/// Stores a decision that was made on top of the version before.
pub fn update_case(tx: &mut Tx<'_>, project: ProjectId, changed: &KycCase) -> Result<(), StoreError> {
    tx.run_versioned(
        "update kyc_cases set state = $3, reviewed_at = $4, reviewed_by = $5, reason = $6, version = $7
         where project_id = $1 and id = $2 and version = $7 - 1",
        params![
            project,
            changed.id,
            changed.state,
            changed.reviewed_at,
            changed.reviewed_by,
            changed.reason,
            changed.version
        ],
    )
}

/// Takes away what somebody handed in, in all projects, and what was written about it; nothing of theirs waits for a
/// look any more.
pub fn forget_claims(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "update kyc_cases set claims = null, reason = null, version = version + 1,
           state = case when state = 'pending' then 'rejected' else state end
         where user_id = $1 and project_id in (select project_id from memberships where user_id = $1)",
        params![user],
    )
    .map(drop)
}
