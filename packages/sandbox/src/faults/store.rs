//! The SQL of faults: one statement a function.

use kernel::params;
use kernel::store::{StoreError, Tx};

use super::{FaultId, Kind, Provider, Standing};

/// More than anybody asks for at once.
const LISTED_MAX: i64 = 1000;

/// Whether one of a kind stands.
pub(super) fn any(tx: &mut Tx<'_>, provider: Provider, kind: Kind) -> Result<bool, StoreError> {
    let found: Option<FaultId> = tx.row(
        "select id from faults where provider = $1 and kind = $2 and times_left > 0 limit 1",
        params![provider, kind],
    )?;
    Ok(found.is_some())
}

/// Whether anything is to go wrong with a provider.
pub(super) fn any_of(tx: &mut Tx<'_>, provider: Provider) -> Result<bool, StoreError> {
    let found: Option<FaultId> =
        tx.row("select id from faults where provider = $1 and times_left > 0 limit 1", params![provider])?;
    Ok(found.is_some())
}

/// The oldest of a kind, for this transaction alone.
pub(super) fn next(tx: &mut Tx<'_>, provider: Provider, kind: Kind) -> Result<Option<Standing>, StoreError> {
    let found = tx.lock_rows(
        "select id, provider, kind, times_left, millis from faults
         where provider = $1 and kind = $2 and times_left > 0 order by id limit 1",
        params![provider, kind],
    )?;
    Ok(found.into_iter().next())
}

/// One time less.
pub(super) fn spend(tx: &mut Tx<'_>, id: FaultId) -> Result<(), StoreError> {
    tx.run_versioned("update faults set times_left = times_left - 1 where id = $1", params![id])
}

/// A new one.
pub(super) fn insert(tx: &mut Tx<'_>, standing: &Standing) -> Result<(), StoreError> {
    tx.run(
        "insert into faults (id, provider, kind, times_left, millis) values ($1, $2, $3, $4, $5)",
        params![standing.id, standing.provider, standing.kind, standing.times_left, standing.millis],
    )
    .map(drop)
}

/// What is still to go wrong, oldest first.
pub(super) fn standing(tx: &mut Tx<'_>) -> Result<Vec<Standing>, StoreError> {
    tx.rows(
        "select id, provider, kind, times_left, millis from faults where times_left > 0 order by id limit $1",
        params![LISTED_MAX],
    )
}

/// Nothing goes wrong any more.
pub(super) fn clear(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.run("delete from faults", params![])
}
