//! Migrations: numbered SQL files, one text for both engines, each applied once and never edited afterwards.
//!
//! Expand, then contract: a migration may add what the running version ignores; what it no longer uses goes
//! in a later release. The types are Postgres': `bigint`, `text`, `boolean`, `bytea`, `jsonb`; on SQLite they
//! become strict ones. A comment `-- append only` on the line before `create table` takes update and delete
//! away from everybody.

use std::collections::HashSet;

use ring::digest::{SHA256, digest};

use super::StoreError;
use super::postgres::{APP_ROLE, SYSTEM_ROLE};

/// One migration of a service.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The file's name: `0001_records.sql`; its number gives the order.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
}

/// The migrations of a service, in order: `migrations!["0001_records.sql"]`.
#[macro_export]
macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        &[$($crate::store::Migration {
            name: $name,
            sql: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $name)),
        }),*]
    };
}

/// Tables whose rows the engine numbers, which each engine says in its own words.
const NUMBERED_SQLITE: Migration = Migration {
    name: "kernel/0001_numbered.sql",
    sql: include_str!("../../migrations/0001_numbered_sqlite.sql"),
};
const NUMBERED_POSTGRES: Migration = Migration {
    name: "kernel/0001_numbered.sql",
    sql: include_str!("../../migrations/0001_numbered_postgres.sql"),
};
const SHARED: Migration =
    Migration { name: "kernel/0002_shared.sql", sql: include_str!("../../migrations/0002_shared.sql") };

const LIVE_SETTINGS: Migration = Migration {
    name: "kernel/0003_live_settings.sql",
    sql: include_str!("../../migrations/0003_live_settings.sql"),
};

const LEDGER: &str = "create table if not exists migrations (
    name text primary key, checksum text not null, applied_at bigint not null)";

/// Tables that the migrations declare append-only.
pub(super) fn append_only(migrations: &[Migration]) -> HashSet<String> {
    let mut tables = HashSet::new();
    for migration in migrations {
        let mut marked = false;
        for line in migration.sql.lines().map(str::trim) {
            if line == "-- append only" {
                marked = true;
            } else if let Some(rest) = line.strip_prefix("create table ") {
                let name =
                    rest.trim_start_matches("if not exists ").split([' ', '(']).next().unwrap_or_default();
                if marked {
                    tables.insert(name.to_owned());
                }
                marked = false;
            }
        }
    }
    tables
}

fn checksum(migration: &Migration) -> String {
    digest(&SHA256, migration.sql.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn edited(name: &str) -> StoreError {
    let why = format!("migration {name} was edited after it was applied; write a new one instead");
    StoreError::Unavailable(why.into())
}

fn failed(name: &str, error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(format!("migration {name} failed: {}", chain(&error)).into())
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}

/// Brings an SQLite file up to date. Two processes cannot meet here: the data directory has one owner.
pub(super) fn sqlite(
    connection: &mut rusqlite::Connection,
    migrations: &[Migration],
) -> Result<(), StoreError> {
    let tx = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(|error| failed("begin", error))?;
    tx.execute_batch(LEDGER).map_err(|error| failed("ledger", error))?;
    for migration in [NUMBERED_SQLITE, SHARED, LIVE_SETTINGS].iter().chain(migrations) {
        let applied: Option<String> = tx
            .query_row("select checksum from migrations where name = $1", [migration.name], |row| row.get(0))
            .map(Some)
            .or_else(|error| match error {
                rusqlite::Error::QueryReturnedNoRows => Ok(None),
                other => Err(failed(migration.name, other)),
            })?;
        match applied {
            Some(sum) if sum == checksum(migration) => continue,
            Some(_) => return Err(edited(migration.name)),
            None => {}
        }
        tx.execute_batch(&sqlite_text(migration.sql)).map_err(|error| failed(migration.name, error))?;
        tx.execute(
            "insert into migrations (name, checksum, applied_at) values ($1, $2, unixepoch() * 1000000)",
            [migration.name, &checksum(migration)],
        )
        .map_err(|error| failed(migration.name, error))?;
    }
    tx.commit().map_err(|error| failed("commit", error))
}

/// The same tables in SQLite's strict types.
fn sqlite_text(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len() + 64);
    for statement in statements(sql) {
        let words =
            statement.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let creates_table = statement.lines().any(|line| line.trim_start().starts_with("create table"));
        for word in words {
            let name = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            let strict = match name {
                "bigint" | "boolean" => "integer",
                "bytea" => "blob",
                "jsonb" => "text",
                same => same,
            };
            text.push_str(strict);
            text.push_str(&word[name.len()..]);
        }
        text.push_str(if creates_table { " strict;\n" } else { ";\n" });
    }
    text
}

/// Splits at `;`; comments are dropped, and migrations hold no `;` in text.
fn statements(sql: &str) -> Vec<String> {
    let code: String = sql
        .lines()
        .map(|line| line.split_once("--").map_or(line, |(code, _)| code))
        .collect::<Vec<_>>()
        .join("\n");
    code.split(';').map(|statement| statement.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

/// Brings a Postgres schema up to date; several processes may start at once.
pub(super) fn postgres(
    client: &mut postgres::Client,
    schema: &str,
    migrations: &[Migration],
) -> Result<(), StoreError> {
    let fail = |error: postgres::Error| failed(schema, error);
    let mut tx = client.transaction().map_err(fail)?;
    // Every schema of the database takes its turn at one lock.
    tx.batch_execute("select pg_advisory_xact_lock(7203100, 0)").map_err(fail)?;
    tx.batch_execute(&roles_sql(schema)).map_err(fail)?;
    tx.batch_execute(LEDGER).map_err(fail)?;
    let mut changed = false;
    for migration in [NUMBERED_POSTGRES, SHARED, LIVE_SETTINGS].iter().chain(migrations) {
        let applied = tx
            .query_opt("select checksum from migrations where name = $1", &[&migration.name])
            .map_err(|error| failed(migration.name, error))?;
        match applied.map(|row| row.get::<_, String>(0)) {
            Some(sum) if sum == checksum(migration) => continue,
            Some(_) => return Err(edited(migration.name)),
            None => {}
        }
        changed = true;
        tx.batch_execute(migration.sql).map_err(|error| failed(migration.name, error))?;
        tx.execute(
            "insert into migrations (name, checksum, applied_at)
             values ($1, $2, cast(extract(epoch from now()) * 1000000 as bigint))",
            &[&migration.name, &checksum(migration)],
        )
        .map_err(|error| failed(migration.name, error))?;
    }
    if changed {
        tx.batch_execute(&posture_sql(schema, &append_only(migrations))).map_err(fail)?;
    }
    tx.commit().map_err(fail)
}

fn roles_sql(schema: &str) -> String {
    // The lock is the database's and the roles are the server's: who begins another database may be first.
    let create = |role: &str| {
        format!(
            "begin if not exists (select 1 from pg_roles where rolname = '{role}') then \
             create role {role} nologin nosuperuser nobypassrls; end if; \
             exception when duplicate_object or unique_violation then null; end; \
             begin if not pg_has_role(current_user, '{role}', 'member') then \
             grant {role} to current_user; end if; \
             exception when unique_violation then null; end;"
        )
    };
    format!(
        "do $$ begin {} {} end $$; create schema if not exists {schema}; \
         grant usage on schema {schema} to {APP_ROLE}, {SYSTEM_ROLE};",
        create(APP_ROLE),
        create(SYSTEM_ROLE)
    )
}

/// Grants and policies of every table, from what the schema says: a new table cannot be forgotten.
fn posture_sql(schema: &str, append_only: &HashSet<String>) -> String {
    let mut sql = format!(
        "grant select, insert, update, delete on all tables in schema {schema} to {SYSTEM_ROLE};
         grant usage on all sequences in schema {schema} to {APP_ROLE}, {SYSTEM_ROLE};
         do $$ declare t text; begin
           for t in select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
             where c.relnamespace = '{schema}'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'project_id'
           loop
             execute format('grant select, insert, update, delete on {schema}.%I to {APP_ROLE}', t);
             execute format('alter table {schema}.%I enable row level security', t);
             execute format('alter table {schema}.%I force row level security', t);
             execute format('drop policy if exists tenant on {schema}.%I', t);
             execute format('drop policy if exists system on {schema}.%I', t);
             execute format('create policy tenant on {schema}.%I to {APP_ROLE}
               using (project_id = nullif(current_setting(''app.current_project'', true), ''''))
               with check (project_id = nullif(current_setting(''app.current_project'', true), ''''))', t);
             execute format('create policy system on {schema}.%I to {SYSTEM_ROLE} using (true) with check (true)', t);
           end loop;
         end $$;\n"
    );
    for table in append_only {
        sql +=
            &format!("revoke update, delete, truncate on {schema}.{table} from {APP_ROLE}, {SYSTEM_ROLE};\n");
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_becomes_strict_tables_on_sqlite() {
        let sql = "-- a bigint in words; and a semicolon\ncreate table t (\n  a bigint not null, -- why\n  b bytea, c jsonb, d boolean\n);\ncreate index t_a on t (a);";
        insta::assert_snapshot!(sqlite_text(sql), @r"
        create table t (
          a integer not null, 
          b blob, c text, d integer
        ) strict;
        create index t_a on t (a);
        ");
    }

    #[test]
    fn a_table_is_append_only_when_its_migration_says_so() {
        let sql = "-- append only\ncreate table leaves (a bigint);\ncreate table records (b bigint);";
        let tables = append_only(&[Migration { name: "0001.sql", sql }]);
        assert_eq!(tables, HashSet::from(["leaves".to_owned()]));
    }
}
