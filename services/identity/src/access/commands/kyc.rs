//! The proof of who somebody is: handed in by them, looked at by somebody else.

use contracts::events::access::KycReviewed;
use contracts::{KycCaseId, ProjectId, UserId};
use kernel::store::Tx;

use super::author;
use crate::access::store::kyc as store;
use crate::access::telling::{KycSubmitted, KycViewed};
use crate::domain::kyc::{Claims, Decision, KycCase};
use crate::domain::text::Reason;
use crate::error::Error;

/// Hands in what proves who somebody is. It is sealed before it is stored.
pub fn submit(
    tx: &mut Tx<'_>,
    project: ProjectId,
    user: UserId,
    level: u8,
    claims: &Claims,
) -> Result<KycCase, Error> {
    if !claims.born_on.is_past(tx.now()) {
        return Err(Error::field("born_on", "is a day between 1900 and today"));
    }
    let earlier = store::earlier(tx, project, user)?;
    let case = KycCase::submit(tx.new_id(), user, level, earlier, tx.now())?;
    let sealed = tx.keys().keyring.seal(&KycCase::context(case.id), &serde_json::to_vec(claims)?)?;
    store::insert_case(tx, project, &case, &sealed)?;
    tx.publish_for(project, user, &KycSubmitted { user_id: user, case_id: case.id, level })?;
    Ok(case)
}

/// Opens a case for whoever decides on it, and tells that it was looked at.
pub fn view(tx: &mut Tx<'_>, project: ProjectId, id: KycCaseId) -> Result<(KycCase, Option<Claims>), Error> {
    let case = store::case(tx, project, id)?.ok_or(Error::NoSuch("case"))?;
    let claims = match store::claims(tx, project, id)? {
        Some(sealed) => {
            let opened = tx.keys().keyring.open(&KycCase::context(id), &sealed)?;
            Some(serde_json::from_slice(&opened)?)
        }
        None => None,
    };
    let told = KycViewed { user_id: case.user_id, case_id: id, viewed_by: author(tx) };
    tx.publish_for(project, case.user_id, &told)?;
    Ok((case, claims))
}

/// Decides on a case.
pub fn review(
    tx: &mut Tx<'_>,
    project: ProjectId,
    id: KycCaseId,
    decision: Decision,
    reason: Option<Reason>,
    by: UserId,
) -> Result<KycCase, Error> {
    let case = store::case(tx, project, id)?.ok_or(Error::NoSuch("case"))?;
    let version = case.version + 1;
    let reviewed = KycCase { version, ..case.review(decision, reason, by, tx.now())? };
    store::update_case(tx, project, &reviewed)?;
    let proven = store::earlier(tx, project, reviewed.user_id)?.proven;
    let told = KycReviewed { user_id: reviewed.user_id, state: reviewed.state.told(), level: proven };
    tx.publish_for(project, reviewed.user_id, &told)?;
    Ok(reviewed)
}
