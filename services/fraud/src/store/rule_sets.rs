//! The statements on rule sets.

use contracts::{EventId, Timestamp};
use kernel::params;
use kernel::store::{Json, StoreError, Tx};
use serde::Deserialize;

use crate::domain::PaymentName;
use crate::domain::rules::{RuleSet, Status};

/// A rule set with its history.
#[derive(Clone, Debug, Deserialize)]
pub struct RuleSetRow {
    /// Its version.
    pub version: u32,
    /// The set as it was written.
    pub body: Json<RuleSet>,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub written_at: Timestamp,
    /// When it was last published.
    pub published_at: Option<Timestamp>,
    /// The version that judges.
    pub head: Option<u32>,
}

/// Which rule set judges. It is the same one for as long as all of this is the same.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Published {
    /// Its version.
    pub version: u32,
    /// Another one each time something is published.
    pub mark: Option<String>,
}

#[derive(Deserialize)]
struct Standing {
    judged: u32,
    published: Option<u32>,
    mark: Option<String>,
}

impl RuleSetRow {
    /// How far it has come.
    pub fn status(&self) -> Status {
        match self.published_at {
            _ if self.head == Some(self.version) => Status::Published,
            Some(_) => Status::Archived,
            None => Status::Draft,
        }
    }
}

/// The version of the next rule set of this project. Whoever is given one makes the others wait for the commit.
pub fn next_version(tx: &mut Tx<'_>) -> Result<u32, StoreError> {
    tx.one(
        "insert into rule_heads (project_id, last) values ($1, 1)
         on conflict (project_id) do update set last = rule_heads.last + 1 returning last",
        params![tx.project()?],
    )
}

/// Stores a draft.
pub fn insert_rule_set(tx: &mut Tx<'_>, version: u32, set: &RuleSet, author: &str) -> Result<(), StoreError> {
    tx.run(
        "insert into rule_sets (project_id, version, body, author, written_at) values ($1, $2, $3, $4, $5)",
        params![tx.project()?, version, Json(set), author, tx.now()],
    )
    .map(drop)
}

/// Makes a version the one that judges: who publishes another at this moment has to begin anew.
pub fn set_published(tx: &mut Tx<'_>, version: u32) -> Result<(), StoreError> {
    tx.run_versioned(
        "update rule_heads set published = $2, mark = $3 where project_id = $1",
        params![tx.project()?, version, tx.new_id::<EventId>()],
    )
}

/// Notes when a version was published.
pub fn mark_published(tx: &mut Tx<'_>, version: u32) -> Result<(), StoreError> {
    tx.run_versioned(
        "update rule_sets set published_at = $3 where project_id = $1 and version = $2",
        params![tx.project()?, version, tx.now()],
    )
}

/// The rule set that judges, where the project has published one.
pub fn published(tx: &mut Tx<'_>) -> Result<Option<Published>, StoreError> {
    tx.row(
        "select published as version, mark from rule_heads where project_id = $1 and published is not null",
        params![tx.project()?],
    )
}

/// Whether a payment was judged, and the rule set that judges.
pub fn standing(tx: &mut Tx<'_>, payment: &PaymentName) -> Result<(bool, Option<Published>), StoreError> {
    let Standing { judged, published, mark } = tx.one(
        "select d.judged, h.published, h.mark
         from (select count(*) as judged from decisions where project_id = $1 and payment_id = $2) as d
         left join rule_heads as h on h.project_id = $1",
        params![tx.project()?, payment],
    )?;
    Ok((judged > 0, published.map(|version| Published { version, mark })))
}

/// One rule set.
pub fn rule_set(tx: &mut Tx<'_>, version: u32) -> Result<Option<RuleSetRow>, StoreError> {
    tx.row(
        "select s.version, s.body, s.author, s.written_at, s.published_at, h.published as head from rule_sets as s
         join rule_heads as h on h.project_id = $1 where s.project_id = $1 and s.version = $2",
        params![tx.project()?, version],
    )
}

/// Rule sets before `before`, newest first.
pub fn rule_sets(tx: &mut Tx<'_>, before: Option<u32>, limit: u32) -> Result<Vec<RuleSetRow>, StoreError> {
    tx.rows(
        "select s.version, s.body, s.author, s.written_at, s.published_at, h.published as head from rule_sets as s
         join rule_heads as h on h.project_id = $1
         where s.project_id = $1 and (cast($2 as bigint) is null or s.version < $2) order by s.version desc limit $3",
        params![tx.project()?, before, limit],
    )
}
