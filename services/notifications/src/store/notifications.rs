//! The statements on notifications and on what was tried.

use contracts::{NotificationId, ProjectId, Timestamp, UserId};
use kernel::params;
use kernel::store::{StoreError, Tx, Value};
use serde::Deserialize;

use crate::domain::endpoint::EndpointId;
use crate::domain::notification::{Channel, Priority, Reason, State};
use crate::domain::words::{Category, Locale, TemplateName};

contracts::ids! {
    /// One entry of a timeline.
    EntryId = "nte";
}

/// A notification as it is kept.
#[derive(Clone, Debug, Deserialize)]
pub struct Kept {
    /// Its id.
    pub id: NotificationId,
    /// How it travels.
    pub channel: Channel,
    /// Where it stands.
    pub state: State,
    /// Why.
    pub reason: Option<Reason>,
    /// What it is about.
    pub category: Category,
    /// Whether it can wait.
    pub priority: Priority,
    /// The person it is for.
    pub user_id: Option<UserId>,
    /// The address.
    pub recipient: Option<String>,
    /// The endpoint that hears it.
    pub endpoint_id: Option<EndpointId>,
    /// The template.
    pub template: Option<TemplateName>,
    /// Its version.
    pub template_version: Option<u32>,
    /// The language.
    pub locale: Option<Locale>,
    /// What is said, as JSON; sealed where `sealed`.
    pub content: Option<String>,
    /// Whether the content is sealed.
    pub sealed: bool,
    /// What the sender wants to find again, as JSON.
    pub metadata: Option<String>,
    /// What tells it from another one with the same key.
    pub fingerprint: Option<String>,
    /// Who sent it, or tried last.
    pub provider: Option<String>,
    /// The provider's name for it.
    pub provider_reference: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// After this it is not worth sending.
    pub expires_at: Option<Timestamp>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One entry of a timeline.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What happened, in a word.
    pub what: String,
    /// With which provider.
    pub provider: Option<String>,
    /// In words.
    pub detail: Option<String>,
}

/// Where one notification of some project stands.
#[derive(Clone, Debug, Deserialize)]
pub struct Found {
    /// Whose.
    pub project_id: ProjectId,
    /// Which.
    pub id: NotificationId,
}

/// Which notifications are wanted; what is none does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of this person.
    pub user: Option<UserId>,
    /// Those that stand so.
    pub state: Option<State>,
    /// Those that travel so.
    pub channel: Option<Channel>,
    /// Those about this.
    pub category: Option<Category>,
    /// Those that stand where they stand because of this.
    pub reason: Option<Reason>,
}

macro_rules! kept {
    ($($rest:tt)*) => {
        concat!(
            "select id, channel, state, reason, category, priority, user_id, recipient, endpoint_id, template,
                    template_version, locale, content, sealed, metadata, fingerprint, provider, provider_reference,
                    attempts, expires_at, created_at, updated_at
             from notifications where project_id = $1 and ",
            $($rest)*
        )
    };
}

/// A list's statement: neither engine uses an index for `$2 is null or user_id = $2`, so the filter that has one
/// stands in front by itself.
macro_rules! newest_first {
    ($leading:literal) => {
        kept!(
            $leading,
            " and (cast($2 as text) is null or user_id = $2)
              and (cast($3 as text) is null or state = $3)
              and (cast($4 as text) is null or channel = $4)
              and (cast($5 as text) is null or category = $5)
              and (cast($6 as text) is null or reason = $6)
              and (cast($7 as text) is null or id < $7)
              order by id desc limit $8"
        )
    };
}

const INSERT: &str = "insert into notifications (project_id, id, channel, state, reason, category, priority, user_id,
       recipient, endpoint_id, template, template_version, locale, content, sealed, metadata, dedup_key, fingerprint,
       attempts, expires_at, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
     on conflict (project_id, dedup_key) do nothing";

/// Stores a new notification; says whether its key was free.
pub fn insert(tx: &mut Tx<'_>, kept: &Kept, dedup_key: Option<&str>) -> Result<bool, StoreError> {
    let row = row(tx.project()?, kept, dedup_key);
    Ok(tx.run(INSERT, &row)? > 0)
}

/// Stores new notifications, those whose keys are free.
pub fn insert_many(tx: &mut Tx<'_>, all: &[(Kept, String)]) -> Result<(), StoreError> {
    let project = tx.project()?;
    let rows: Vec<Vec<Value>> = all.iter().map(|(kept, key)| row(project, kept, Some(key))).collect();
    tx.run_many(INSERT, &rows).map(drop)
}

fn row(project: ProjectId, kept: &Kept, dedup_key: Option<&str>) -> Vec<Value> {
    params![
        project,
        kept.id,
        kept.channel,
        kept.state,
        kept.reason,
        kept.category,
        kept.priority,
        kept.user_id,
        kept.recipient,
        kept.endpoint_id,
        kept.template,
        kept.template_version,
        kept.locale,
        kept.content,
        kept.sealed,
        kept.metadata,
        dedup_key,
        kept.fingerprint,
        kept.attempts,
        kept.expires_at,
        kept.created_at,
        kept.updated_at
    ]
    .to_vec()
}

/// One notification.
pub fn find(tx: &mut Tx<'_>, id: NotificationId) -> Result<Option<Kept>, StoreError> {
    tx.row(kept!("id = $2"), params![tx.project()?, id])
}

/// The notification that was asked for with this key.
pub fn by_key(tx: &mut Tx<'_>, dedup_key: &str) -> Result<Option<Kept>, StoreError> {
    tx.row(kept!("dedup_key = $2"), params![tx.project()?, dedup_key])
}

/// Notifications before `before`, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    filter: &Filter,
    before: Option<NotificationId>,
    limit: u32,
) -> Result<Vec<Kept>, StoreError> {
    let sql = match filter {
        Filter { user: Some(_), .. } => newest_first!("user_id = $2"),
        Filter { state: Some(_), .. } => newest_first!("state = $3"),
        _ => newest_first!("true"),
    };
    let Filter { user, state, channel, category, reason } = filter;
    tx.rows(sql, params![tx.project()?, user, state, channel, category, reason, before, limit])
}

/// Writes down what became of a notification.
pub fn update(tx: &mut Tx<'_>, project: ProjectId, kept: &Kept) -> Result<(), StoreError> {
    tx.run(
        "update notifications set state = $3, reason = $4, provider = $5, provider_reference = $6, attempts = $7,
           updated_at = $8
         where project_id = $1 and id = $2",
        params![
            project,
            kept.id,
            kept.state,
            kept.reason,
            kept.provider,
            kept.provider_reference,
            kept.attempts,
            tx.now()
        ],
    )
    .map(drop)
}

/// One notification, locked against receipts that arrive at the same time.
pub fn lock(tx: &mut Tx<'_>, project: ProjectId, id: NotificationId) -> Result<Option<Kept>, StoreError> {
    Ok(tx.lock_rows(kept!("id = $2"), params![project, id])?.into_iter().next())
}

/// The notification that a provider knows by this name. Work of the system: receipts know no project.
pub fn by_reference(tx: &mut Tx<'_>, provider: &str, reference: &str) -> Result<Option<Found>, StoreError> {
    tx.row(
        "select project_id, id from notifications where provider_reference = $1 and provider = $2
         order by id desc limit 1",
        params![reference, provider],
    )
}

/// Clears what was said to a person, and where.
pub fn clear_of(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.run(
        "update notifications set content = null, sealed = false, recipient = null, metadata = null, updated_at = $3
         where project_id = $1 and user_id = $2",
        params![tx.project()?, user, tx.now()],
    )
    .map(drop)
}

/// Leaves out what is still to be sent to a person.
pub fn suppress_open_of(tx: &mut Tx<'_>, user: UserId, reason: Reason) -> Result<(), StoreError> {
    tx.run(
        "update notifications set state = 'suppressed', reason = $3, updated_at = $4
         where project_id = $1 and user_id = $2 and state in ('accepted', 'sending', 'dead')",
        params![tx.project()?, user, reason, tx.now()],
    )
    .map(drop)
}

/// Adds an entry to a timeline.
pub fn add_entry(
    tx: &mut Tx<'_>,
    project: ProjectId,
    id: NotificationId,
    what: &str,
    provider: Option<&str>,
    detail: Option<&str>,
) -> Result<(), StoreError> {
    tx.run(
        "insert into notification_attempts (project_id, notification_id, id, at, what, provider, detail)
         values ($1, $2, $3, $4, $5, $6, $7)",
        params![project, id, tx.new_id::<EntryId>(), tx.now(), what, provider, detail],
    )
    .map(drop)
}

/// The timeline of a notification, oldest first.
pub fn entries(tx: &mut Tx<'_>, id: NotificationId, limit: u32) -> Result<Vec<Entry>, StoreError> {
    tx.rows(
        "select at, what, provider, detail from notification_attempts
         where project_id = $1 and notification_id = $2 order by id limit $3",
        params![tx.project()?, id, limit],
    )
}
