//! The baselines: the same statements on the same engines with nothing of ours in between.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contracts::OrderId;
use kernel::clock::Clock;
use kernel::ids::Ids;
use postgres::{Client, NoTls, Statement};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::Failure;
use crate::contest::Tally;
use crate::shop;

/// What a bare transaction writes: given the connection, a fresh id, the time and a number.
type Write = Box<dyn FnMut(&Connection, &str, i64, u64) -> rusqlite::Result<()>>;

/// An SQLite file with the settings of the embedded engine.
pub struct Embedded {
    connection: Connection,
    ids: Ids,
    clock: Clock,
    count: u64,
    write: Write,
}

/// Opens a file as the embedded engine does.
pub fn sqlite(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch("pragma journal_mode = wal; pragma synchronous = full;")?;
    Ok(connection)
}

impl Embedded {
    /// The shop's own tables and statements.
    pub fn shop(path: &Path) -> Result<Self, Failure> {
        let connection = sqlite(path)?;
        shop::MIGRATIONS.iter().try_for_each(|migration| connection.execute_batch(migration.sql))?;
        let project = shop::project().to_string();
        for (sku, minor) in shop::prices() {
            connection.execute(shop::INSERT_PRICE, (&project, sku, minor))?;
        }
        let write: Write = Box::new(move |connection, id, now, number| {
            let sku = shop::sku(number);
            let minor: i64 = connection
                .prepare_cached(shop::SELECT_PRICE)?
                .query_row((&project, &sku), |row| row.get(0))?;
            connection.prepare_cached(shop::INSERT_ORDER)?.execute((&project, id, &sku, minor, now))?;
            connection.prepare_cached(shop::INSERT_HOLD)?.execute((&project, id, &sku)).map(drop)
        });
        Ok(Self { connection, ids: Ids::new(), clock: Clock::system(), count: 0, write })
    }

    /// Rows like one that a server has stored, each with a fresh id: tables of `source` and their id column.
    pub fn like(path: &Path, source: &Path, tables: &[(&str, &str)]) -> Result<Self, Failure> {
        let connection = sqlite(path)?;
        connection.execute("attach $1 as source", [source.display().to_string()])?;
        let mut inserts = Vec::new();
        for (table, id) in tables {
            let sql = "select sql from source.sqlite_schema where tbl_name = $1 and sql is not null order by type desc";
            let schema: Vec<String> =
                connection.prepare(sql)?.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
            schema.iter().try_for_each(|sql| connection.execute_batch(sql))?;
            inserts.push(row_like(&connection, table, id)?);
        }
        connection.execute_batch("detach source")?;
        let write: Write = Box::new(move |connection, fresh, _, _| {
            for (sql, row, at) in &mut inserts {
                row[*at] = Value::Text(fresh.to_owned());
                connection.prepare_cached(sql)?.execute(params_from_iter(row.iter()))?;
            }
            Ok(())
        });
        Ok(Self { connection, ids: Ids::new(), clock: Clock::system(), count: 0, write })
    }

    /// One transaction of `works`, each in a savepoint where there are several.
    pub fn commit(&mut self, works: u64) -> Result<u64, Failure> {
        let execute = |sql: &str| self.connection.prepare_cached(sql)?.execute([]);
        execute("begin immediate")?;
        for _ in 0..works {
            let now = self.clock.now();
            let id: OrderId = self.ids.next(now);
            self.count += 1;
            if works > 1 {
                execute("savepoint work")?;
            }
            (self.write)(&self.connection, &id.to_string(), now.as_micros(), self.count)?;
            if works > 1 {
                execute("release work")?;
            }
        }
        execute("commit")?;
        Ok(works)
    }

    /// Commits of `works` each until `time` is over.
    pub fn run(&mut self, time: Duration, works: u64) -> Result<Tally, Failure> {
        Tally::of_steps(time, || self.commit(works))
    }
}

/// The insert of a row like the newest one of a table, its values, and where its id stands in them.
fn row_like(connection: &Connection, table: &str, id: &str) -> Result<(String, Vec<Value>, usize), Failure> {
    let mut found =
        connection.prepare(&format!("select * from source.{table} order by rowid desc limit 1"))?;
    let names: Vec<String> = found.column_names().map(str::to_owned).collect();
    let at = names.iter().position(|name| name == id).ok_or("the table has no such id")?;
    let row = found.query_row([], |row| (0..names.len()).map(|column| row.get(column)).collect())?;
    let places: Vec<String> = (1..=names.len()).map(|number| format!("${number}")).collect();
    Ok((format!("insert into {table} ({}) values ({})", names.join(", "), places.join(", ")), row, at))
}

/// Connections to Postgres that do what the kernel's do, in tables that it has made.
pub struct Scaled {
    clients: Vec<(Client, [Statement; 3])>,
    begin: String,
    ids: Ids,
    clock: Clock,
    count: AtomicU64,
}

impl Scaled {
    /// As many connections as the kernel opens.
    pub fn connect(url: &str) -> Result<Self, Failure> {
        let connect = || -> Result<_, postgres::Error> {
            let mut client = Client::connect(url, NoTls)?;
            client.batch_execute("set search_path = shop; set role stoa_app")?;
            let select = client.prepare(shop::SELECT_PRICE)?;
            let statements =
                [select, client.prepare(shop::INSERT_ORDER)?, client.prepare(shop::INSERT_HOLD)?];
            Ok((client, statements))
        };
        let clients = (0..shop::CONNECTIONS).map(|_| connect()).collect::<Result<_, _>>()?;
        let begin = format!(
            "begin isolation level repeatable read; \
             select set_config('app.current_project', '{}', true)",
            shop::project()
        );
        Ok(Self { clients, begin, ids: Ids::new(), clock: Clock::system(), count: AtomicU64::new(0) })
    }

    /// Places orders on all connections until `time` is over.
    pub fn run(&mut self, time: Duration) -> Result<Tally, Failure> {
        let started = Instant::now();
        let (begin, ids, clock, count) = (&self.begin, &self.ids, &self.clock, &self.count);
        let mut all = Tally::default();
        let parts: Vec<_> = std::thread::scope(|scope| {
            let serve = |(client, statements): &'_ mut (Client, [Statement; 3])| {
                Tally::of_steps(time, || {
                    let now = clock.now();
                    let id: OrderId = ids.next(now);
                    let number = count.fetch_add(1, Ordering::Relaxed);
                    place(client, statements, begin, &id.to_string(), now.as_micros(), number)?;
                    Ok(1)
                })
            };
            let running: Vec<_> =
                self.clients.iter_mut().map(|client| scope.spawn(move || serve(client))).collect();
            running.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        for part in parts {
            all.add_beside(&part.map_err(|_| "a connection's thread panicked")??);
        }
        all.took = started.elapsed();
        Ok(all)
    }
}

fn place(
    client: &mut Client,
    [select, order, hold]: &[Statement; 3],
    begin: &str,
    id: &str,
    now_micros: i64,
    number: u64,
) -> Result<(), postgres::Error> {
    let (project, sku) = (shop::project().to_string(), shop::sku(number));
    client.batch_execute(begin)?;
    let minor: i64 = client.query_one(select, &[&project, &sku])?.get(0);
    client.execute(order, &[&project, &id, &sku, &minor, &now_micros])?;
    client.execute(hold, &[&project, &id, &sku])?;
    client.batch_execute("commit")
}
