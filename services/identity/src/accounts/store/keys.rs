//! The statements on the keys that tokens are signed with.

use contracts::Timestamp;
use kernel::auth::Jwk;
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

/// A key's row.
#[derive(Clone, Debug, Deserialize)]
pub struct SigningKey {
    /// Its name.
    pub kid: String,
    /// The private half, sealed.
    pub sealed: String,
    /// The public half.
    pub public_key: Json<Jwk>,
    /// From then on it signs.
    pub signs_from: Timestamp,
}

/// All keys that are published, the one that signs last first.
pub fn signing_keys(tx: &mut Tx<'_>) -> Result<Vec<SigningKey>, StoreError> {
    tx.rows(
        "select kid, sealed, public_key, signs_from from signing_keys order by signs_from desc, kid limit 50",
        params![],
    )
}

/// Stores a new key.
pub fn insert_key(tx: &mut Tx<'_>, new: &SigningKey) -> Result<(), StoreError> {
    tx.run(
        "insert into signing_keys (kid, sealed, public_key, created_at, signs_from) values ($1, $2, $3, $4, $5)",
        params![new.kid, new.sealed, new.public_key, tx.now(), new.signs_from],
    )
    .map(drop)
}

/// Keys that another one has followed sign no more.
pub fn retire_followed(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.run(
        "update signing_keys set retired_at = $1 where retired_at is null
           and signs_from < (select max(signs_from) from signing_keys where signs_from <= $1)",
        params![tx.now()],
    )
}

/// Removes keys that were retired before `before`.
pub fn forget_retired(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, StoreError> {
    tx.run("delete from signing_keys where retired_at < $1", params![before])
}
