//! The SQL of the payment provider: one statement a function, each naming its account.

use contracts::Timestamp;
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

use super::events::{Endpoint, Sending};
use super::idempotency::{Answered, Used};
use super::lists::{Narrow, Window};
use super::objects::Kept;

/// An object as it is stored, whatever it is.
#[derive(Clone, Debug, Deserialize)]
pub struct Body {
    /// Whose it is.
    pub account: String,
    /// What it is.
    pub kind: String,
    /// The object.
    pub body: String,
}

/// More endpoints than anybody has.
const ENDPOINTS_MAX: i64 = 100;
/// A list of a hundred, each with a few things expanded.
const BODIES_MAX: i64 = 500;

/// Stores a new object.
pub fn insert<T: Kept>(tx: &mut Tx<'_>, account: &str, object: &T) -> Result<(), StoreError> {
    tx.run(
        "insert into stripe_objects (account, id, kind, owner, about, created_s, body)
         values ($1, $2, $3, $4, $5, $6, $7)",
        params![
            account,
            object.id(),
            T::KIND,
            object.owner(),
            object.about(),
            object.created(),
            Json(object)
        ],
    )
    .map(drop)
}

/// Stores what became of an object; it was locked before.
pub fn update<T: Kept>(tx: &mut Tx<'_>, account: &str, object: &T) -> Result<(), StoreError> {
    tx.run_versioned(
        "update stripe_objects set owner = $3, about = $4, body = $5 where account = $1 and id = $2",
        params![account, object.id(), object.owner(), object.about(), Json(object)],
    )
}

/// One object.
pub fn find<T: Kept>(tx: &mut Tx<'_>, account: &str, id: &str) -> Result<Option<T>, StoreError> {
    let found: Option<(Json<T>,)> = tx.row(
        "select body from stripe_objects where account = $1 and id = $2 and kind = $3",
        params![account, id, T::KIND],
    )?;
    Ok(found.map(|(Json(object),)| object))
}

/// One object that is about to change.
pub fn lock<T: Kept>(tx: &mut Tx<'_>, account: &str, id: &str) -> Result<Option<T>, StoreError> {
    let found: Vec<(Json<T>,)> = tx.lock_rows(
        "select body from stripe_objects where account = $1 and id = $2 and kind = $3",
        params![account, id, T::KIND],
    )?;
    Ok(found.into_iter().next().map(|(Json(object),)| object))
}

/// Objects of one kind, newest first, after the cursor.
pub fn newest<T: Kept>(
    tx: &mut Tx<'_>,
    account: &str,
    narrow: &Narrow,
    window: &Window,
) -> Result<Vec<T>, StoreError> {
    let rows: Vec<(Json<T>,)> = tx.rows(
        "select body from stripe_objects
         where account = $1 and kind = $2 and created_s >= $3 and created_s <= $4
           and (cast($5 as text) is null or owner = $5) and (cast($6 as text) is null or about = $6)
           and (cast($7 as text) is null or $7 like '%\"' || about || '\"%')
           and (cast($8 as text) is null or id < $8)
         order by id desc limit $9",
        params![
            account,
            T::KIND,
            window.created.0,
            window.created.1,
            narrow.owner,
            narrow.about,
            narrow.abouts,
            window.after,
            window.limit + 1
        ],
    )?;
    Ok(rows.into_iter().map(|(Json(object),)| object).collect())
}

/// Objects of one kind that are newer than the cursor, the nearest first.
pub fn newer<T: Kept>(
    tx: &mut Tx<'_>,
    account: &str,
    narrow: &Narrow,
    window: &Window,
) -> Result<Vec<T>, StoreError> {
    let rows: Vec<(Json<T>,)> = tx.rows(
        "select body from stripe_objects
         where account = $1 and kind = $2 and created_s >= $3 and created_s <= $4
           and (cast($5 as text) is null or owner = $5) and (cast($6 as text) is null or about = $6)
           and (cast($7 as text) is null or $7 like '%\"' || about || '\"%')
           and id > $8
         order by id limit $9",
        params![
            account,
            T::KIND,
            window.created.0,
            window.created.1,
            narrow.owner,
            narrow.about,
            narrow.abouts,
            window.before,
            window.limit + 1
        ],
    )?;
    Ok(rows.into_iter().map(|(Json(object),)| object).collect())
}

/// The objects with these ids, whatever they are; `ids` is a JSON list, between its first and last.
pub fn bodies(
    tx: &mut Tx<'_>,
    account: &str,
    ids: &str,
    (first, last): (&str, &str),
) -> Result<Vec<Body>, StoreError> {
    tx.rows(
        "select account, kind, body from stripe_objects
         where account = $1 and id >= $3 and id <= $4 and $2 like '%\"' || id || '\"%' limit $5",
        params![account, ids, first, last, BODIES_MAX],
    )
}

/// What is newest of one kind, of all accounts.
pub fn latest(tx: &mut Tx<'_>, kind: &str, limit: i64) -> Result<Vec<Body>, StoreError> {
    tx.rows(
        "select account, kind, body from stripe_objects where kind = $1 order by id desc limit $2",
        params![kind, limit],
    )
}

/// Forgets events made before `before_s`.
pub fn forget_events(tx: &mut Tx<'_>, before_s: i64) -> Result<u64, StoreError> {
    tx.run("delete from stripe_objects where kind = 'event' and created_s < $1", params![before_s])
}

/// Stores an endpoint; one that is there already gets the new address and secret.
pub fn put_endpoint(tx: &mut Tx<'_>, endpoint: &Endpoint) -> Result<(), StoreError> {
    tx.run(
        "insert into stripe_endpoints (account, id, url, secret, types, created_s)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (account, id) do update set url = excluded.url, secret = excluded.secret",
        params![
            endpoint.account,
            endpoint.id,
            endpoint.url,
            endpoint.secret,
            endpoint.types,
            endpoint.created_s
        ],
    )
    .map(drop)
}

/// The endpoints that hear events of an account.
pub fn endpoints(tx: &mut Tx<'_>, account: &str) -> Result<Vec<Endpoint>, StoreError> {
    tx.rows(
        "select account, id, url, secret, types, created_s from stripe_endpoints
         where account = $1 or account = '*' order by id limit $2",
        params![account, ENDPOINTS_MAX],
    )
}

/// The endpoints that an account has made.
pub fn own_endpoints(tx: &mut Tx<'_>, account: &str, window: &Window) -> Result<Vec<Endpoint>, StoreError> {
    tx.rows(
        "select account, id, url, secret, types, created_s from stripe_endpoints
         where account = $1 and (cast($2 as text) is null or id < $2) order by id desc limit $3",
        params![account, window.after, window.limit + 1],
    )
}

/// One endpoint that hears events of an account.
pub fn endpoint(tx: &mut Tx<'_>, account: &str, id: &str) -> Result<Option<Endpoint>, StoreError> {
    tx.row(
        "select account, id, url, secret, types, created_s from stripe_endpoints
         where (account = $1 or account = '*') and id = $2",
        params![account, id],
    )
}

/// Removes an endpoint.
pub fn delete_endpoint(tx: &mut Tx<'_>, account: &str, id: &str) -> Result<u64, StoreError> {
    tx.run("delete from stripe_endpoints where account = $1 and id = $2", params![account, id])
}

/// Writes down what is on its way.
pub fn insert_deliveries(tx: &mut Tx<'_>, copies: &[Sending], created_s: i64) -> Result<(), StoreError> {
    let rows: Vec<Vec<_>> = copies
        .iter()
        .map(|copy| {
            params![copy.account, copy.event, copy.endpoint, copy.number, copy.state, created_s].to_vec()
        })
        .collect();
    tx.run_many(
        "insert into stripe_deliveries (account, event, endpoint, copy, state, created_s)
         values ($1, $2, $3, $4, $5, $6)",
        &rows,
    )
    .map(drop)
}

/// What became of one copy.
pub fn settle_delivery(tx: &mut Tx<'_>, copy: &Sending) -> Result<(), StoreError> {
    tx.run(
        "update stripe_deliveries set state = $5
         where account = $1 and event = $2 and endpoint = $3 and copy = $4",
        params![copy.account, copy.event, copy.endpoint, copy.number, copy.state],
    )
    .map(drop)
}

/// The copies of one event.
pub fn deliveries(tx: &mut Tx<'_>, account: &str, event: &str) -> Result<Vec<Sending>, StoreError> {
    tx.rows(
        "select account, event, endpoint, copy as number, state from stripe_deliveries
         where account = $1 and event = $2 order by endpoint, copy limit $3",
        params![account, event, ENDPOINTS_MAX],
    )
}

/// Forgets deliveries of events made before `before_s`.
pub fn forget_deliveries(tx: &mut Tx<'_>, before_s: i64) -> Result<u64, StoreError> {
    tx.run("delete from stripe_deliveries where created_s < $1", params![before_s])
}

/// What was answered to a key.
pub fn answered(tx: &mut Tx<'_>, account: &str, key: &str) -> Result<Option<Answered>, StoreError> {
    tx.row(
        "select path, fingerprint, request, status, body from stripe_keys where account = $1 and key = $2",
        params![account, key],
    )
}

/// Keeps what was answered to a key; whoever comes second loses.
pub fn keep_answer(tx: &mut Tx<'_>, used: &Used, answered: &Answered) -> Result<(), StoreError> {
    tx.run(
        "insert into stripe_keys (account, key, path, fingerprint, request, status, body, stored_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            used.account,
            used.key,
            answered.path,
            answered.fingerprint,
            answered.request,
            answered.status,
            answered.body,
            tx.now()
        ],
    )
    .map(drop)
}

/// Forgets answers kept before `before`.
pub fn forget_answers(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, StoreError> {
    tx.run("delete from stripe_keys where stored_at < $1", params![before])
}
