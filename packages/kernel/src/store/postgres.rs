//! The scaled engine: Postgres, a schema a service, a bounded set of connections with a thread each.
//!
//! Transactions are `repeatable read`: a lost update is impossible, the loser of a race runs again.
//! Row-level security is forced, and the roles that transactions run as own nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use contracts::ProjectId;
use postgres::error::SqlState;
use postgres::types::ToSql;
use postgres::{Client, Statement};
use serde::de::DeserializeOwned;

use super::Parts;
use super::dial::Dial;
use super::error::StoreError;
use super::queue::{Access, Queue, Verdict, Work};
use super::row;
use super::tx::{self, Health, Scope};
use super::value::{Value, repeat_values};

type Outcome<T> = Result<T, (StoreError, Health)>;

/// The role of a project's work: sees the rows of its project.
pub(super) const APP_ROLE: &str = "stoa_app";
/// The role of the system's own work: sees all rows, owns nothing.
pub(super) const SYSTEM_ROLE: &str = "stoa_system";

/// Enough for as many writers of one hot row as there are connections.
const TRIES_MAX: u32 = 30;
const IDLE_MAX: Duration = Duration::from_secs(60);
/// A statement may have 65,535 values on the wire; a row of ten columns leaves room.
const VALUES_PER_STATEMENT_MAX: usize = 4_000;

/// Where the database is, and how this service connects to it.
#[derive(Clone)]
pub(super) struct Address {
    dial: Dial,
}

/// A connection with its prepared statements.
pub(crate) struct PgConnection {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Address {
    pub(super) fn parse(url: &str, schema: &str) -> Result<Self, StoreError> {
        let mut dial = Dial::parse(url)?;
        let config = &mut dial.config;
        config.options(&format!(
            "-c search_path={schema} -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s"
        ));
        config.application_name(&format!("stoa {schema}"));
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        Ok(Self { dial })
    }

    /// A connection with the rights of the database's address, for migrations.
    pub(super) fn owner(&self) -> Result<Client, StoreError> {
        self.dial.connect().map_err(unavailable)
    }

    /// A connection that owns nothing.
    fn connect(&self) -> Result<PgConnection, StoreError> {
        let mut client = self.owner()?;
        client.batch_execute(&format!("set role {APP_ROLE}")).map_err(unavailable)?;
        Ok(PgConnection { client, statements: HashMap::new() })
    }
}

pub(super) fn unavailable(error: postgres::Error) -> StoreError {
    StoreError::Unavailable(error.into())
}

impl PgConnection {
    /// BEGIN and the scope, in one round trip.
    fn begin(&mut self, scope: &Scope, access: Access) -> Outcome<()> {
        let mode = match access {
            Access::Read => " read only",
            Access::Write => "",
        };
        // The connection stands in the app's role and in no project, so only what differs is set.
        let scope = match scope {
            Scope::Project(project) => project_sql(*project),
            Scope::System(_) => format!("set local role {SYSTEM_ROLE}"),
        };
        self.simple(&format!("begin isolation level repeatable read{mode}; {scope}"))
    }

    pub(super) fn enter(&mut self, scope: &Scope) -> Outcome<()> {
        self.simple(&scope_sql(scope))
    }

    pub(super) fn rows<T: DeserializeOwned>(&mut self, sql: &str, params: &[Value]) -> Outcome<Vec<T>> {
        let statement = self.statement(sql)?;
        let found = self.client.query(&statement, &borrowed(params)).map_err(explain)?;
        let rows: Result<Vec<T>, row::BadRow> = found.iter().map(|row| row::read(row)).collect();
        rows.map_err(|error| (error.into(), Health::Failed))
    }

    pub(super) fn lock_rows<T: DeserializeOwned>(&mut self, sql: &str, params: &[Value]) -> Outcome<Vec<T>> {
        self.rows(&format!("{sql} for update"), params)
    }

    pub(super) fn run(&mut self, sql: &str, params: &[Value]) -> Outcome<u64> {
        let statement = self.statement(sql)?;
        self.client.execute(&statement, &borrowed(params)).map_err(explain)
    }

    pub(super) fn run_many(&mut self, sql: &str, rows: &[Vec<Value>]) -> Outcome<u64> {
        let width = rows.first().map_or(1, Vec::len).max(1);
        let mut changed = 0;
        for chunk in rows.chunks(VALUES_PER_STATEMENT_MAX / width) {
            let params: Vec<&(dyn ToSql + Sync)> =
                chunk.iter().flatten().map(|value| value as &(dyn ToSql + Sync)).collect();
            let statement = self.statement(&repeat_values(sql, width, chunk.len()))?;
            changed += self.client.execute(&statement, &params).map_err(explain)?;
        }
        Ok(changed)
    }

    pub(super) fn simple(&mut self, sql: &str) -> Outcome<()> {
        self.client.batch_execute(sql).map_err(explain)
    }

    fn statement(&mut self, sql: &str) -> Outcome<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        // Statements are written in the code, so they are few; lengths of batches make the rest.
        if self.statements.len() >= 1_000 {
            self.statements.clear();
        }
        let statement = self.client.prepare(sql).map_err(explain)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

fn borrowed(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// A project id is made of letters, digits and `_` by its type, so it needs no escaping.
fn project_sql(project: ProjectId) -> String {
    format!("select set_config('app.current_project', '{project}', true)")
}

/// From any scope to this one, in the middle of a transaction.
fn scope_sql(scope: &Scope) -> String {
    match scope {
        Scope::Project(project) => format!("set local role {APP_ROLE}; {}", project_sql(*project)),
        Scope::System(_) => {
            format!("set local role {SYSTEM_ROLE}; select set_config('app.current_project', '', true)")
        }
    }
}

fn explain(error: postgres::Error) -> (StoreError, Health) {
    let Some(refusal) = error.as_db_error() else {
        let health = if error.is_closed()
            || std::error::Error::source(&error).is_some_and(|s| s.is::<std::io::Error>())
        {
            Health::Lost
        } else {
            Health::Failed
        };
        return match health {
            Health::Lost => (StoreError::Unavailable(error.into()), health),
            _ => (StoreError::Sql(error.into()), health),
        };
    };
    let code = refusal.code();
    if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
        return (StoreError::Conflict, Health::Retry);
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return (StoreError::Scope(refusal.message().to_owned()), Health::Failed);
    }
    match code.code().get(..2) {
        Some("23") => {
            let name = match (refusal.constraint(), refusal.column()) {
                _ if *code == SqlState::FOREIGN_KEY_VIOLATION => "foreign_key".to_owned(),
                (Some(name), _) => name.to_owned(),
                (None, column) => format!("{}.{}", refusal.table().unwrap_or(""), column.unwrap_or("")),
            };
            (StoreError::Constraint { name }, Health::Failed)
        }
        // 08 connection, 53 resources, 57 shutdown: the server, not the statement.
        Some("08" | "53" | "57") => (StoreError::Unavailable(error.into()), Health::Lost),
        _ => (StoreError::Sql(error.into()), Health::Failed),
    }
}

/// What one try at a transaction came to.
enum Tried {
    Done(Result<(), StoreError>),
    /// Nothing was stored: a lost race, or a connection that was gone before the commit.
    Again {
        connection_lost: bool,
    },
}

/// One worker: a connection that serves the line until it is closed or idle for long.
pub(super) fn serve_until_idle(address: &Address, queue: &Queue, parts: &Arc<Parts>) {
    let mut connection: Option<PgConnection> = None;
    loop {
        match queue.pop(IDLE_MAX) {
            Some(work) => serve(address, &mut connection, work, queue, parts),
            None => {
                connection = None;
                if queue.leave() {
                    return;
                }
            }
        }
    }
}

fn serve(
    address: &Address,
    held: &mut Option<PgConnection>,
    mut work: Box<dyn Work>,
    queue: &Queue,
    parts: &Parts,
) {
    let mut turn = None;
    for attempt in 0..TRIES_MAX {
        let connection = match held {
            Some(connection) => connection,
            None => match address.connect() {
                Ok(connection) => held.insert(connection),
                Err(error) => return work.finish(Err(error)),
            },
        };
        match attempt_work(connection, work.as_mut(), parts) {
            Tried::Done(done) => {
                if connection.client.is_closed() {
                    *held = None;
                }
                return work.finish(done);
            }
            Tried::Again { connection_lost } => {
                if connection_lost {
                    *held = None;
                }
                // Who loses again waits for a turn, so that the losers of one hot row go one after another here; from
                // those of other processes full jitter keeps them apart.
                if attempt > 0 && turn.is_none() {
                    turn = Some(queue.turn());
                }
                let ceiling_micros = 500_u64 << attempt.min(7);
                std::thread::sleep(Duration::from_micros(parts.ids.random() % ceiling_micros));
            }
        }
    }
    work.finish(Err(StoreError::Conflict));
}

fn attempt_work(connection: &mut PgConnection, work: &mut dyn Work, parts: &Parts) -> Tried {
    if let Err((error, health)) = connection.begin(work.scope(), work.access()) {
        return match health {
            Health::Lost => Tried::Again { connection_lost: true },
            _ => Tried::Done(Err(error)),
        };
    }
    let mut tx = parts.tx(tx::Connection::Postgres(connection), work);
    let verdict = work.run(&mut tx);
    let told = if verdict == Verdict::Keep { tx.tell() } else { Err(None) };
    let health = tx.health;
    match (health, told) {
        (Health::Lost, _) => Tried::Again { connection_lost: true },
        (Health::Retry, _) => match connection.simple("rollback") {
            Ok(()) => Tried::Again { connection_lost: false },
            Err(_) => Tried::Again { connection_lost: true },
        },
        (Health::Well, Ok((events, jobs))) => commit(connection, events, jobs, parts),
        (_, told) => {
            let rolled_back = connection.simple("rollback");
            if let Err((error, _)) = rolled_back {
                tracing::warn!(error = %error, "a rollback failed; the connection is dropped");
            }
            Tried::Done(told.map(drop).or_else(|error| error.map_or(Ok(()), Err)))
        }
    }
}

fn commit(connection: &mut PgConnection, events: usize, jobs: usize, parts: &Parts) -> Tried {
    match connection.simple("commit") {
        Ok(()) => {
            parts.signals.announce(events, jobs);
            Tried::Done(Ok(()))
        }
        Err((_, Health::Retry)) => Tried::Again { connection_lost: false },
        Err((_, Health::Lost)) => Tried::Done(Err(StoreError::Unknown)),
        Err((error, _)) => Tried::Done(Err(error)),
    }
}
