//! One transaction, as a command sees it: statements, the time, new ids, and what it tells the world.

use std::sync::Arc;

use contracts::{Event, EventId, Id, ProjectId, Timestamp};
use serde::de::DeserializeOwned;

use super::Beside;
use super::error::StoreError;
use super::postgres::PgConnection;
use super::sqlite::SqliteConnection;
use super::value::Value;
use crate::ids::Ids;
use crate::jobs::NewJob;
use crate::keys::Keys;

/// Whose rows a transaction may see and touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One project's rows.
    Project(ProjectId),
    /// All rows, for work of the system itself; the reason is counted in the figures.
    System(&'static str),
}

impl Scope {
    /// The project, where there is one.
    pub fn project(&self) -> Option<ProjectId> {
        match self {
            Self::Project(project) => Some(*project),
            Self::System(_) => None,
        }
    }
}

/// Where a change comes from: carried into the events it announces.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// What ties a request and all that follows from it together.
    pub correlation_id: String,
    /// The event that caused this, when one did.
    pub causation_id: Option<EventId>,
    /// The W3C trace context.
    pub traceparent: Option<String>,
    /// Who asked: `user:usr_…`, `key:key_…`, `service:audit`.
    pub actor: Option<String>,
}

/// What a statement did to the transaction's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Well,
    /// A statement failed: the transaction can only be undone.
    Failed,
    /// Lost a race: the closure may run again.
    Retry,
    /// The connection is gone.
    Lost,
}

pub(super) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// An open transaction. It is begun and committed at the edge only.
pub struct Tx<'c> {
    pub(super) connection: Connection<'c>,
    pub(super) scope: Scope,
    pub(super) origin: Origin,
    pub(super) now: Timestamp,
    pub(super) ids: &'c Ids,
    pub(super) keys: &'c Keys,
    pub(super) beside: &'c Beside,
    pub(super) health: Health,
    /// Announced so far; stored last, when the rows they are about are locked.
    pub(super) events: Vec<NewEvent>,
    pub(super) jobs: Vec<NewJob>,
}

/// An event that will be stored with the transaction.
#[derive(Debug)]
pub(super) struct NewEvent {
    pub id: EventId,
    pub project: Option<ProjectId>,
    pub kind: &'static str,
    pub version: u32,
    pub key: String,
    pub data: String,
    pub correlation_id: String,
    pub causation_id: Option<EventId>,
    pub traceparent: Option<String>,
}

impl Tx<'_> {
    /// The time of this transaction.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id, ordered by time.
    pub fn new_id<I: Id>(&self) -> I {
        self.ids.next(self.now)
    }

    /// The keys that fields are sealed and blocks are signed with.
    pub fn keys(&self) -> &Keys {
        self.keys
    }

    /// What the service keeps in memory beside this database.
    pub fn beside<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.beside.get()
    }

    /// A random number for jitter.
    pub(crate) fn random(&self) -> u64 {
        self.ids.random()
    }

    /// Whose rows this transaction may touch.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The project of this transaction; system work has none.
    pub fn project(&self) -> Result<ProjectId, StoreError> {
        self.scope.project().ok_or_else(|| StoreError::Scope("this needs a project".into()))
    }

    /// Where this change comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// All rows that a statement returns. Every list has a limit.
    pub fn rows<T: DeserializeOwned>(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> Result<Vec<T>, StoreError> {
        self.usable()?;
        let rows = match &mut self.connection {
            Connection::Sqlite(connection) => connection.rows(&self.scope, sql, params),
            Connection::Postgres(connection) => connection.rows(sql, params),
        };
        self.noting(rows)
    }

    /// The row that a statement returns, if there is one.
    pub fn row<T: DeserializeOwned>(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(sql, params)?.into_iter().next())
    }

    /// The row that must be there.
    pub fn one<T: DeserializeOwned>(&mut self, sql: &'static str, params: &[Value]) -> Result<T, StoreError> {
        self.row(sql, params)?.ok_or(StoreError::Missing)
    }

    /// Runs a statement for its effect; returns how many rows it changed.
    pub fn run(&mut self, sql: &'static str, params: &[Value]) -> Result<u64, StoreError> {
        self.usable()?;
        let changed = match &mut self.connection {
            Connection::Sqlite(connection) => connection.run(&self.scope, sql, params),
            Connection::Postgres(connection) => connection.run(sql, params),
        };
        self.noting(changed)
    }

    /// Runs `insert into .. values ($1, $2 ..)` for many rows in few round trips; a row is its values alone.
    pub fn run_many(&mut self, sql: &'static str, rows: &[Vec<Value>]) -> Result<u64, StoreError> {
        self.usable()?;
        let width = rows.first().map_or(0, Vec::len);
        if !takes_values(sql, width) {
            return Err(StoreError::Sql(
                format!("`{sql}` does not end its rows with exactly `values ($1 .. ${width})`").into(),
            ));
        }
        let changed = match &mut self.connection {
            Connection::Sqlite(connection) => connection.run_many(&self.scope, sql, rows),
            Connection::Postgres(connection) => connection.run_many(sql, rows),
        };
        self.noting(changed)
    }

    /// Runs an update that names the version it saw; zero rows mean somebody was faster.
    pub fn run_versioned(&mut self, sql: &'static str, params: &[Value]) -> Result<(), StoreError> {
        if self.run(sql, params)? == 0 { Err(StoreError::Conflict) } else { Ok(()) }
    }

    /// Reads rows and locks them until the commit, where the engine has more than one writer.
    pub fn lock_rows<T: DeserializeOwned>(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> Result<Vec<T>, StoreError> {
        self.usable()?;
        let rows = match &mut self.connection {
            Connection::Sqlite(connection) => connection.rows(&self.scope, sql, params),
            Connection::Postgres(connection) => connection.lock_rows(sql, params),
        };
        self.noting(rows)
    }

    /// Announces an event: stored with this transaction, or not at all. Events of one `key` keep their order
    /// when the row they are about is written in the same transaction.
    pub fn publish<E: Event>(
        &mut self,
        key: impl std::fmt::Display,
        event: &E,
    ) -> Result<EventId, StoreError> {
        self.announce(self.scope.project(), key, event)
    }

    /// Announces an event of one project: how work of the system tells what it did to a project's things.
    pub fn publish_for<E: Event>(
        &mut self,
        project: ProjectId,
        key: impl std::fmt::Display,
        event: &E,
    ) -> Result<EventId, StoreError> {
        if self.scope.project().is_some_and(|mine| mine != project) {
            return Err(StoreError::Scope("an event of another project cannot be announced here".into()));
        }
        self.announce(Some(project), key, event)
    }

    fn announce<E: Event>(
        &mut self,
        project: Option<ProjectId>,
        key: impl std::fmt::Display,
        event: &E,
    ) -> Result<EventId, StoreError> {
        let data = serde_json::to_string(event).map_err(|error| StoreError::Sql(error.into()))?;
        let id = self.new_id();
        self.events.push(NewEvent {
            id,
            project,
            kind: E::TYPE,
            version: E::VERSION,
            key: key.to_string(),
            data,
            correlation_id: self.origin.correlation_id.clone(),
            causation_id: self.origin.causation_id,
            traceparent: self.origin.traceparent.clone(),
        });
        Ok(id)
    }

    /// Runs `work` as another scope and origin: how one transaction handles a batch of events of many projects.
    pub(crate) fn acting<T>(
        &mut self,
        scope: Scope,
        origin: Origin,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (before_scope, before_origin) = (self.scope.clone(), self.origin.clone());
        self.act_as(scope, origin)?;
        let outcome = work(self);
        // A failed transaction takes no more statements; whoever undoes it sets the scope again.
        if self.health == Health::Well {
            self.act_as(before_scope, before_origin)?;
        } else {
            (self.scope, self.origin) = (before_scope, before_origin);
        }
        outcome
    }

    /// Goes on as another scope and origin; a neighbour of the same project costs nothing.
    pub(crate) fn act_as(&mut self, scope: Scope, origin: Origin) -> Result<(), StoreError> {
        if scope.project() != self.scope.project() {
            self.enter(&scope)?;
        }
        (self.scope, self.origin) = (scope, origin);
        Ok(())
    }

    /// Runs `work` so that its failure undoes its own changes only.
    pub(crate) fn attempt<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<Result<T, E>, StoreError> {
        let (events, jobs) = (self.events.len(), self.jobs.len());
        let scope = self.scope.clone();
        self.simple("savepoint attempt")?;
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(self)))
            .unwrap_or_else(|_| Err(E::from(StoreError::Panicked)));
        match self.health {
            Health::Retry => return Err(StoreError::Conflict),
            Health::Lost => return Err(StoreError::Unavailable("the database was lost on the way".into())),
            Health::Well | Health::Failed => {}
        }
        let outcome = match self.health {
            Health::Failed if outcome.is_ok() => Err(E::from(swallowed())),
            _ => outcome,
        };
        if outcome.is_err() {
            self.health = Health::Well;
            self.events.truncate(events);
            self.jobs.truncate(jobs);
            self.simple("rollback to savepoint attempt")?;
            // Also where work of another scope failed in between: the engine stands in that one.
            self.enter(&scope)?;
            self.scope = scope;
        }
        self.simple("release savepoint attempt")?;
        Ok(outcome)
    }

    /// A statement without values or rows.
    pub(super) fn simple(&mut self, sql: &str) -> Result<(), StoreError> {
        let done = match &mut self.connection {
            Connection::Sqlite(connection) => connection.simple(sql),
            Connection::Postgres(connection) => connection.simple(sql),
        };
        self.noting(done)
    }

    fn enter(&mut self, scope: &Scope) -> Result<(), StoreError> {
        let entered = match &mut self.connection {
            Connection::Sqlite(connection) => {
                connection.enter(scope);
                Ok(())
            }
            Connection::Postgres(connection) => connection.enter(scope),
        };
        self.noting(entered)
    }

    fn usable(&self) -> Result<(), StoreError> {
        if self.health == Health::Well { Ok(()) } else { Err(swallowed()) }
    }

    fn noting<T>(&mut self, outcome: Result<T, (StoreError, Health)>) -> Result<T, StoreError> {
        outcome.map_err(|(error, health)| {
            self.health = health;
            error
        })
    }
}

/// Whether a row of `sql` is `values ($1, $2 ..)` and nothing else: only that can be repeated.
fn takes_values(sql: &str, width: usize) -> bool {
    let row: Vec<String> = (1..=width).map(|number| format!("${number}")).collect();
    width == 0 || sql.contains(&format!("values ({})", row.join(", ")))
}

/// One rule for both engines: after a failed statement the transaction can only be undone.
pub(super) fn swallowed() -> StoreError {
    StoreError::Sql("a statement failed before this one; its error must end the transaction".into())
}
