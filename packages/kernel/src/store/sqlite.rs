//! The embedded engine: one SQLite file a service, its connections with the tenant guard in place. Who works with them:
//! `group.rs`.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{CachedStatement, Connection, ErrorCode, functions::FunctionFlags};
use serde::de::DeserializeOwned;

use super::care::temporary_files_are_refused;
use super::error::StoreError;
use super::row;
use super::tx::{Health, Scope};
use super::value::{Value, repeat_values};

type Outcome<T> = Result<T, (StoreError, Health)>;

/// The WAL-reset bug, which could corrupt a database, was mended in this version.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// A statement opens an undo journal of its own when triggers watch it: rows share one, so many or so many.
const ROWS_PER_STATEMENT: [usize; 3] = [50, 10, 4];

/// A connection with the tenant guard in place.
pub(crate) struct SqliteConnection {
    pub(super) inner: Connection,
    /// The project whose rows may be touched; `None` is the system.
    project: Arc<Mutex<Option<String>>>,
    observed: Arc<Mutex<Observed>>,
    known: HashMap<String, Known>,
    tables: Arc<Tables>,
}

/// What is known of a statement once it was prepared.
struct Known {
    /// As SQLite is told it: what `$2` is called is place 2 there, whichever comes first.
    text: String,
    /// Why no project may run it, if none may.
    refusal: Option<String>,
}

/// What the schema says about the tables of a service.
#[derive(Debug, Default)]
pub(super) struct Tables {
    tenant: HashSet<String>,
    system: HashSet<String>,
    append_only: HashSet<String>,
    /// `table.a, table.b` as SQLite reports a violated uniqueness, to the name it has on Postgres.
    uniques: HashMap<String, String>,
}

/// What the authorizer saw while a statement was prepared.
#[derive(Debug, Default)]
struct Observed {
    touched: HashSet<String>,
    named_project: HashSet<String>,
}

/// Whether a connection writes or reads, and whether the guard stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Writer,
    Reader,
    /// Only a test of the guard's own test takes it away.
    #[cfg(test)]
    Unguarded,
}

/// Opens a database file with the settings that the promises of this store need.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        let found = rusqlite::version();
        return Err(StoreError::Unavailable(format!("SQLite {found} is older than 3.51.3").into()));
    }
    let connection = Connection::open(path).map_err(unavailable)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(unavailable)?;
    connection.set_prepared_statement_cache_capacity(256);
    // A plan must not depend on what is bound: without this a new `limit $n` has its statement prepared anew each time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(unavailable)?;
    connection
        .execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
             pragma journal_size_limit = 67108864;",
        )
        .map_err(unavailable)?;
    // With `memory`, what a savepoint could undo is kept in pieces of 1 KiB: a quarter of the cost of a write.
    // Otherwise it is one piece, and beyond 64 KiB a file, which needs a place.
    if temporary_files_are_refused() {
        connection.execute_batch("pragma temp_store = memory").map_err(unavailable)?;
    }
    Ok(connection)
}

fn unavailable(error: rusqlite::Error) -> StoreError {
    StoreError::Unavailable(error.into())
}

impl Tables {
    /// Reads the schema; `append_only` comes from the migrations' own words.
    pub(super) fn read(connection: &Connection, append_only: HashSet<String>) -> rusqlite::Result<Self> {
        let mut tables = Self { append_only, ..Self::default() };
        let mut names = connection.prepare("select name from main.sqlite_schema where type = 'table'")?;
        let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for table in names.into_iter().filter(|name| !name.starts_with("sqlite_")) {
            let has_project: bool = connection.query_row(
                "select exists (select 1 from pragma_table_info($1) where name = 'project_id')",
                [&table],
                |row| row.get(0),
            )?;
            tables.read_uniques(connection, &table)?;
            if has_project { &mut tables.tenant } else { &mut tables.system }.insert(table);
        }
        Ok(tables)
    }

    fn read_uniques(&mut self, connection: &Connection, table: &str) -> rusqlite::Result<()> {
        let mut indexes =
            connection.prepare("select name, origin from pragma_index_list($1) where \"unique\" = 1")?;
        let indexes: Vec<(String, String)> =
            indexes.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        for (index, origin) in indexes {
            let mut columns = connection.prepare("select name from pragma_index_info($1) order by seqno")?;
            let columns: Vec<String> =
                columns.query_map([&index], |row| row.get(0))?.collect::<Result<_, _>>()?;
            let reported: Vec<String> = columns.iter().map(|column| format!("{table}.{column}")).collect();
            let name = match origin.as_str() {
                "pk" => format!("{table}_pkey"),
                "u" => format!("{table}_{}_key", columns.join("_")),
                _ => index,
            };
            self.uniques.insert(reported.join(", "), name);
        }
        Ok(())
    }
}

impl SqliteConnection {
    /// Puts the guard in place: rows outside the scope can be neither read nor written.
    pub(super) fn guard(mut inner: Connection, tables: Arc<Tables>, role: Role) -> rusqlite::Result<Self> {
        let project = Arc::new(Mutex::new(Some(String::new())));
        let held = Arc::clone(&project);
        inner.create_scalar_function("in_scope", 1, FunctionFlags::SQLITE_UTF8, move |call| {
            let held = held.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(match &*held {
                None => true,
                Some(project) => call.get_raw(0).as_str().is_ok_and(|row| row == project),
            })
        })?;
        match role {
            Role::Writer => inner.execute_batch(&tables.write_triggers())?,
            Role::Reader => {
                inner.execute_batch(&tables.read_views())?;
                inner.execute_batch("pragma query_only = on")?;
            }
            #[cfg(test)]
            Role::Unguarded => {}
        }
        let observed = Arc::new(Mutex::new(Observed::default()));
        let seen = Arc::clone(&observed);
        inner.authorizer(Some(move |context: AuthContext<'_>| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).see(&context)
        }))?;
        #[cfg(test)]
        let tables = if role == Role::Unguarded { Arc::new(Tables::default()) } else { tables };
        Ok(Self { inner, project, observed, known: HashMap::new(), tables })
    }

    pub(super) fn enter(&mut self, scope: &Scope) {
        let project = scope.project().map(|project| project.to_string());
        *self.project.lock().unwrap_or_else(PoisonError::into_inner) = project;
    }

    pub(super) fn rows<T: DeserializeOwned>(
        &mut self,
        scope: &Scope,
        sql: &'static str,
        params: &[Value],
    ) -> Outcome<Vec<T>> {
        let tables = Arc::clone(&self.tables);
        let mut statement = self.statement(scope, sql)?;
        bind(&mut statement, &[params]).map_err(|error| tables.explain(error))?;
        let mut found = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(|error| tables.explain(error))? {
            rows.push(row::read(row).map_err(|error| (error.into(), Health::Failed))?);
        }
        Ok(rows)
    }

    pub(super) fn run(&mut self, scope: &Scope, sql: &str, params: &[Value]) -> Outcome<u64> {
        self.run_with(scope, sql, &[params])
    }

    /// Rows go into a statement by fixed numbers, so that there are a few more texts to prepare and no others.
    pub(super) fn run_many(&mut self, scope: &Scope, sql: &str, rows: &[Vec<Value>]) -> Outcome<u64> {
        let (mut changed, mut rest) = (0, rows);
        let width = rows.first().map_or(0, Vec::len);
        for count in ROWS_PER_STATEMENT {
            let many = if rest.len() < count { continue } else { repeat_values(sql, width, count) };
            let chunks = rest.chunks_exact(count);
            rest = chunks.remainder();
            for chunk in chunks {
                let params: Vec<&[Value]> = chunk.iter().map(Vec::as_slice).collect();
                changed += self.run_with(scope, &many, &params)?;
            }
        }
        for row in rest {
            changed += self.run(scope, sql, row)?;
        }
        Ok(changed)
    }

    fn run_with(&mut self, scope: &Scope, sql: &str, params: &[&[Value]]) -> Outcome<u64> {
        let tables = Arc::clone(&self.tables);
        let mut statement = self.statement(scope, sql)?;
        bind(&mut statement, params).map_err(|error| tables.explain(error))?;
        let changed = statement.raw_execute().map_err(|error| tables.explain(error))?;
        Ok(changed as u64)
    }

    pub(super) fn simple(&mut self, sql: &str) -> Outcome<()> {
        self.inner
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(drop)
            .map_err(|error| self.tables.explain(error))
    }

    /// Prepares a statement, once, and refuses it in a project's scope when it could reach beyond.
    fn statement(&mut self, scope: &Scope, sql: &str) -> Outcome<CachedStatement<'_>> {
        if !self.known.contains_key(sql) {
            *self.observed.lock().unwrap_or_else(PoisonError::into_inner) = Observed::default();
            let text = numbered(sql);
            self.inner.prepare_cached(&text).map_err(|error| self.tables.explain(error))?;
            let observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
            let refusal = observed.verdict(&self.tables);
            self.known.insert(sql.to_owned(), Known { text, refusal });
        }
        let Some(known) = self.known.get(sql) else {
            return Err((StoreError::Sql("a statement was not prepared".into()), Health::Failed));
        };
        if let (Scope::Project(_), Some(refusal)) = (scope, &known.refusal) {
            return Err((StoreError::Scope(refusal.clone()), Health::Failed));
        }
        self.inner.prepare_cached(&known.text).map_err(|error| self.tables.explain(error))
    }
}

impl Observed {
    fn see(&mut self, context: &AuthContext<'_>) -> Authorization {
        // What a trigger or view does is not the statement's own doing.
        let own = context.accessor.is_none();
        match context.action {
            AuthAction::Read { table_name, column_name } if own => {
                self.touched.insert(table_name.to_owned());
                if column_name == "project_id" {
                    self.named_project.insert(table_name.to_owned());
                }
            }
            AuthAction::Update { table_name, .. } | AuthAction::Delete { table_name } if own => {
                self.touched.insert(table_name.to_owned());
            }
            // The row's own project_id is checked by a trigger when it is inserted.
            AuthAction::Insert { table_name } if own => {
                self.touched.insert(table_name.to_owned());
                self.named_project.insert(table_name.to_owned());
            }
            AuthAction::Attach { .. } | AuthAction::Detach { .. } | AuthAction::DropTable { .. } => {
                return Authorization::Deny;
            }
            _ => {}
        }
        Authorization::Allow
    }

    fn verdict(&self, tables: &Tables) -> Option<String> {
        self.touched.iter().find_map(|table| {
            if tables.system.contains(table) {
                return Some(format!("`{table}` belongs to no project; only system work may touch it"));
            }
            let unnamed = tables.tenant.contains(table) && !self.named_project.contains(table);
            unnamed.then(|| format!("the statement touches `{table}` without naming its project_id"))
        })
    }
}

impl Tables {
    fn write_triggers(&self) -> String {
        let mut sql = String::new();
        for table in &self.tenant {
            for (verb, rows) in [("insert", &["new"][..]), ("update", &["old", "new"]), ("delete", &["old"])]
            {
                let outside: Vec<String> =
                    rows.iter().map(|row| format!("not in_scope({row}.project_id)")).collect();
                let outside = outside.join(" or ");
                sql += &format!(
                    "create temp trigger scope_{verb}_{table} before {verb} on main.{table} when {outside} \
                     begin select raise(abort, 'stoa: the row belongs to another project'); end;\n"
                );
            }
        }
        for table in &self.append_only {
            for verb in ["update", "delete"] {
                sql += &format!(
                    "create temp trigger append_{verb}_{table} before {verb} on main.{table} \
                     begin select raise(abort, 'stoa: rows of this table are never changed'); end;\n"
                );
            }
        }
        sql
    }

    fn read_views(&self) -> String {
        self.tenant
            .iter()
            .map(|table| {
                format!(
                    "create temp view {table} as select * from main.{table} where in_scope(project_id);\n"
                )
            })
            .collect()
    }

    fn explain(&self, error: rusqlite::Error) -> (StoreError, Health) {
        let rusqlite::Error::SqliteFailure(failure, message) = &error else {
            return (StoreError::Sql(error.into()), Health::Failed);
        };
        let message = message.as_deref().unwrap_or_default();
        if let Some(refusal) = message.strip_prefix("stoa: ") {
            return (StoreError::Scope(refusal.to_owned()), Health::Failed);
        }
        match failure.code {
            ErrorCode::ConstraintViolation => {
                let what = message.split_once(": ").map_or("", |(_, what)| what);
                let name = match self.uniques.get(what) {
                    Some(name) => name.clone(),
                    None if message.starts_with("FOREIGN KEY") => "foreign_key".to_owned(),
                    None => what.trim_matches('\'').trim_start_matches("index '").to_owned(),
                };
                (StoreError::Constraint { name }, Health::Failed)
            }
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::OutOfMemory => (StoreError::Unavailable(error.into()), Health::Lost),
            _ => (StoreError::Sql(error.into()), Health::Failed),
        }
    }
}

/// `$2` is a name to SQLite, to be looked up for each value; `?2` is a place. No text of a statement holds a `$` itself.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

/// The values of several rows count on, row after row.
fn bind(statement: &mut CachedStatement<'_>, rows: &[&[Value]]) -> rusqlite::Result<()> {
    let (wanted, given) = (statement.parameter_count(), rows.iter().map(|row| row.len()).sum());
    if wanted > given {
        return Err(rusqlite::Error::InvalidParameterCount(given, wanted));
    }
    for (at, value) in (1..=wanted).zip(rows.iter().copied().flatten()) {
        statement.raw_bind_parameter(at, value)?;
    }
    Ok(())
}
