//! The statements on endpoints.

use contracts::Timestamp;
use kernel::params;
use kernel::store::{OnConstraint, StoreError, Tx};
use serde::Deserialize;

use crate::domain::endpoint::{Endpoint, EndpointId, Hears};
use crate::domain::words::WebUrl;
use crate::error::Error;

/// The sealed secrets of an endpoint.
#[derive(Clone, Debug, Deserialize)]
pub struct Secrets {
    /// Where it is.
    pub url: WebUrl,
    /// The one that signs.
    pub secret: String,
    /// The one before it.
    pub old_secret: Option<String>,
    /// Until when that goes on.
    pub old_secret_until: Option<Timestamp>,
    /// Since when nobody wants this any more.
    pub gone_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Row {
    id: EndpointId,
    url: WebUrl,
    kinds: String,
    gone_at: Option<Timestamp>,
    old_secret_until: Option<Timestamp>,
    created_at: Timestamp,
}

/// Stores a new endpoint; its address must be free.
pub fn insert(tx: &mut Tx<'_>, endpoint: &Endpoint, secret: &str) -> Result<(), Error> {
    let kinds = serde_json::to_string(&endpoint.kinds)?;
    tx.run(
        "insert into endpoints (project_id, id, url, kinds, secret, created_at) values ($1, $2, $3, $4, $5, $6)",
        params![tx.project()?, endpoint.id, endpoint.url, kinds, secret, endpoint.created_at],
    )
    .map(drop)
    .on_constraint("endpoints_url", || Error::UrlTaken)
}

/// Endpoints after `after`, oldest first.
pub fn list(tx: &mut Tx<'_>, after: Option<EndpointId>, limit: u32) -> Result<Vec<Endpoint>, Error> {
    let rows: Vec<Row> = tx.rows(
        "select id, url, kinds, gone_at, old_secret_until, created_at from endpoints
         where project_id = $1 and id > coalesce($2, '') order by id limit $3",
        params![tx.project()?, after, limit],
    )?;
    rows.into_iter().map(Row::endpoint).collect()
}

/// One endpoint.
pub fn find(tx: &mut Tx<'_>, id: EndpointId) -> Result<Option<Endpoint>, Error> {
    let row: Option<Row> = tx.row(
        "select id, url, kinds, gone_at, old_secret_until, created_at from endpoints
         where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )?;
    row.map(Row::endpoint).transpose()
}

/// The endpoint at an address.
pub fn at(tx: &mut Tx<'_>, url: &WebUrl) -> Result<Option<EndpointId>, StoreError> {
    tx.row(
        "select id from endpoints where project_id = $1 and url = $2 and gone_at is null",
        params![tx.project()?, url],
    )
}

/// How many endpoints the project has.
pub fn count(tx: &mut Tx<'_>) -> Result<u32, StoreError> {
    tx.one("select count(*) from endpoints where project_id = $1", params![tx.project()?])
}

/// The sealed secrets of an endpoint.
pub fn secrets(tx: &mut Tx<'_>, id: EndpointId) -> Result<Option<Secrets>, StoreError> {
    tx.row(
        "select url, secret, old_secret, old_secret_until, gone_at from endpoints
         where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )
}

/// Puts a new secret in the place of the one that signs; that goes on until `until`.
pub fn rotate(tx: &mut Tx<'_>, id: EndpointId, secret: &str, until: Timestamp) -> Result<(), StoreError> {
    tx.run(
        "update endpoints set old_secret = secret, old_secret_until = $4, secret = $3, gone_at = null
         where project_id = $1 and id = $2",
        params![tx.project()?, id, secret, until],
    )
    .map(drop)
}

/// Sends nothing there any more.
pub fn set_gone(tx: &mut Tx<'_>, id: EndpointId) -> Result<(), StoreError> {
    tx.run(
        "update endpoints set gone_at = $3 where project_id = $1 and id = $2",
        params![tx.project()?, id, tx.now()],
    )
    .map(drop)
}

/// Forgets an endpoint; says whether it was there.
pub fn delete(tx: &mut Tx<'_>, id: EndpointId) -> Result<bool, StoreError> {
    let gone =
        tx.run("delete from endpoints where project_id = $1 and id = $2", params![tx.project()?, id])?;
    Ok(gone > 0)
}

impl Row {
    fn endpoint(self) -> Result<Endpoint, Error> {
        let Self { id, url, kinds, gone_at, old_secret_until, created_at } = self;
        let kinds: Vec<Hears> = serde_json::from_str(&kinds)?;
        Ok(Endpoint { id, url, kinds, gone_at, old_secret_until, created_at })
    }
}
