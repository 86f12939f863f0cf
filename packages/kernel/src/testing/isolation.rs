//! The isolation suite: what one project can do to the rows of another, table by table, statement by statement.

use contracts::ProjectId;

use crate::params;
use crate::store::{Engine, Scope, Store, StoreError};

/// What the suite found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Isolation {
    /// Tables and statements by which a row of the other project was reached.
    pub leaks: Vec<String>,
    /// Tables in which the other project has no row: nothing is proved of them.
    pub unproved: Vec<String>,
    /// Tables that were tried.
    pub tried: usize,
}

/// Tries every statement kind on every table of `store` as `intruder`, against the rows of `owner`.
pub async fn isolation(
    store: &Store,
    owner: ProjectId,
    intruder: ProjectId,
) -> Result<Isolation, StoreError> {
    let mut found = Isolation::default();
    for table in tenant_tables(store).await? {
        let before = count(store, &table, owner).await?;
        if before == 0 {
            found.unproved.push(table.clone());
        }
        found.tried += 1;
        for statement in [
            format!("select count(*) from {table}"),
            format!("select count(*) from {table} where project_id = $1"),
            format!("select count(*) from {table} where project_id = $1 or 1 = 1"),
        ] {
            let sql = fixed(statement);
            let seen = store
                .read(Scope::Project(intruder), move |tx| {
                    let params: &[_] = if sql.contains("$1") { params![owner] } else { params![] };
                    tx.one::<i64>(sql, params)
                })
                .await;
            if seen.is_ok_and(|rows| rows > 0) {
                found.leaks.push(sql.to_owned());
            }
        }
        for statement in [
            format!("insert into {table} select * from {table} where project_id = $1"),
            format!("update {table} set project_id = project_id where project_id = $1"),
            format!("update {table} set project_id = $2 where project_id = $1"),
            format!("delete from {table} where project_id = $1"),
            format!("delete from {table} where project_id = $1 or 1 = 1"),
        ] {
            let sql = fixed(statement);
            let changed = store
                .write(Scope::Project(intruder), move |tx| {
                    let params: &[_] =
                        if sql.contains("$2") { params![owner, intruder] } else { params![owner] };
                    tx.run(sql, params)
                })
                .await;
            if changed.is_ok_and(|rows| rows > 0) {
                found.leaks.push(sql.to_owned());
            }
        }
        if count(store, &table, owner).await? != before {
            found.leaks.push(format!("{table} has lost or gained rows"));
        }
    }
    Ok(found)
}

async fn count(store: &Store, table: &str, owner: ProjectId) -> Result<i64, StoreError> {
    let sql = fixed(format!("select count(*) from {table} where project_id = $1"));
    store.read(Scope::System("the isolation suite"), move |tx| tx.one(sql, params![owner])).await
}

async fn tenant_tables(store: &Store) -> Result<Vec<String>, StoreError> {
    let sql = match store.engine() {
        Engine::Sqlite { .. } => {
            "select t.name from main.sqlite_schema as t, pragma_table_info(t.name, 'main') as c
             where t.type = 'table' and c.name = 'project_id' order by t.name"
        }
        Engine::Postgres { .. } => {
            "select cast(table_name as text) from information_schema.columns
             where table_schema = current_schema() and column_name = 'project_id' order by table_name"
        }
    };
    store.read(Scope::System("the isolation suite"), move |tx| tx.rows(sql, params![])).await
}

/// Statements are constants of the code; a suite that makes them up leaks a few of them.
fn fixed(statement: String) -> &'static str {
    Box::leak(statement.into_boxed_str())
}
