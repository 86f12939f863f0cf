//! What identity tells of people: by what they are found, what is proven of them, whom to forget.

use contracts::events::UserCreated;
use contracts::events::access::{KycReviewed, UserContactsChanged, UserNamed};
use contracts::{Timestamp, UserId};
use kernel::store::{StoreError, Tx};

use crate::domain::ShortName;
use crate::jobs::OpenFirst;
use crate::store;

const KYC_LEVEL_MAX: u8 = 2;

/// Somebody new has an account where the project wants it so. Their addresses are taken once they are known to be
/// theirs.
pub fn meet(tx: &mut Tx<'_>, told: &UserCreated) -> Result<(), StoreError> {
    tx.enqueue(&OpenFirst { user: told.user_id }).map(drop)
}

/// Somebody can be paid under these addresses, and under no other.
pub fn find_by(tx: &mut Tx<'_>, told: &UserContactsChanged, at: Timestamp) -> Result<(), StoreError> {
    let email = told.email.as_ref().map(|email| email.to_ascii_lowercase());
    store::put_contacts(tx, told.user_id, email.as_deref(), told.phone.as_deref(), at)
}

/// Somebody is called so, as far as others are shown it.
pub fn name(tx: &mut Tx<'_>, told: &UserNamed) -> Result<(), StoreError> {
    store::put_name(tx, told.user_id, told.name.as_deref().and_then(ShortName::of))
}

/// More or less is proven of who somebody is.
pub fn know(tx: &mut Tx<'_>, told: &KycReviewed, at: Timestamp) -> Result<(), StoreError> {
    store::put_kyc(tx, told.user_id, told.level.min(KYC_LEVEL_MAX), at)
}

/// Nobody finds them by an address any more, nothing is paid for them by itself, and where their money went is
/// forgotten. What they paid stays, as the law has it.
pub fn forget(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    store::forget_person(tx, user)?;
    store::cancel_schedules(tx, user)?;
    store::forget_destinations(tx, user)
}
