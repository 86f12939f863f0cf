//! The SQL of events: outbox, cursors, processed events, dead letters.

use std::collections::HashSet;

use contracts::{Envelope, EventId, ProjectId, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::log::Logged;
use super::parked::DeadLetter;
use crate::params;
use crate::store::{StoreError, Tx, project_text};

/// The relay's own cursor; no service can be called so.
pub(super) const RELAY: &str = "(relay)";

#[derive(Deserialize)]
struct Row {
    position: i64,
    event_id: EventId,
    project_id: String,
    r#type: String,
    version: u32,
    key: String,
    occurred_at: Timestamp,
    correlation_id: String,
    causation_id: Option<EventId>,
    traceparent: Option<String>,
    data: String,
}

fn parse<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Sql(format!("a stored {what} cannot be read: {text}").into()))
}

impl Row {
    fn logged(self, source: &str) -> Result<Logged, StoreError> {
        let project_id: Option<ProjectId> =
            if self.project_id.is_empty() { None } else { Some(parse(&self.project_id, "project")?) };
        let data = RawValue::from_string(self.data).map_err(|error| StoreError::Sql(error.into()))?;
        Ok(Logged {
            position: self.position,
            traceparent: self.traceparent,
            envelope: Envelope {
                event_id: self.event_id,
                event_type: self.r#type,
                version: self.version,
                occurred_at: self.occurred_at,
                correlation_id: self.correlation_id,
                data,
                project_id,
                key: Some(self.key),
                source: Some(source.to_owned()),
                causation_id: self.causation_id,
            },
        })
    }
}

/// The newest position of this log.
pub(super) fn head(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    tx.one("select coalesce(max(position), 0) from outbox", params![])
}

/// Events of the named types (`,a,b,`; none for all) after `after` up to `until`.
pub(super) fn after(
    tx: &mut Tx<'_>,
    source: &str,
    after: i64,
    until: i64,
    types: Option<&str>,
    limit: u32,
) -> Result<Vec<Logged>, StoreError> {
    let rows: Vec<Row> = match types {
        None => tx.rows(
            "select position, event_id, project_id, type, version, key, occurred_at, correlation_id,
                    causation_id, traceparent, data
             from outbox where position > $1 and position <= $2 order by position limit $3",
            params![after, until, limit],
        )?,
        // `,a,b,` without `,a,` is another text: exact, and the same on both engines, where lists as values
        // and the meaning of `like` differ.
        Some(types) => tx.rows(
            "select position, event_id, project_id, type, version, key, occurred_at, correlation_id,
                    causation_id, traceparent, data
             from outbox where position > $1 and position <= $2
               and replace($3, ',' || type || ',', '') <> $3 order by position limit $4",
            params![after, until, types, limit],
        )?,
    };
    rows.into_iter().map(|row| row.logged(source)).collect()
}

/// Gives committed events their positions, in the order of their rows. Postgres only.
pub(super) fn sequence(tx: &mut Tx<'_>, limit: u32) -> Result<u64, StoreError> {
    let mine: bool =
        tx.one("select pg_try_advisory_xact_lock(7203101, hashtext(current_schema()))", params![])?;
    if !mine {
        return Ok(0);
    }
    tx.run(
        "with placed as materialized (
           select seq, nextval('outbox_positions') as position
           from (select seq from outbox where position is null order by seq limit $1) as waiting)
         update outbox as o set position = placed.position from placed where o.seq = placed.seq",
        params![limit],
    )
}

/// Of the oldest `limit` events, forgets those that happened before `before`.
pub(super) fn purge(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from outbox where position in
           (select position from (select position, occurred_at from outbox where position is not null
                                  order by position limit $2) as oldest
            where occurred_at < $1)",
        params![before, limit],
    )
}

/// How many of the named types (`,a,b,`; empty for all) a consumer at `after` has not heard, and when the
/// oldest happened.
pub(super) fn unheard(
    tx: &mut Tx<'_>,
    after: i64,
    types: &str,
    limit: u32,
) -> Result<(u64, Option<Timestamp>), StoreError> {
    tx.one(
        "select count(*), min(occurred_at) from (
           select occurred_at from (
             select occurred_at from outbox
             where position > $1 and ($2 = '' or replace($2, ',' || type || ',', '') <> $2)
             order by position limit $3) as placed
           union all
           select occurred_at from (
             select occurred_at from outbox
             where position is null and ($2 = '' or replace($2, ',' || type || ',', '') <> $2) limit $3) as waiting
         ) as unheard",
        params![after, types, limit],
    )
}

/// How far the consumer of `source` has come.
pub(super) fn cursor(tx: &mut Tx<'_>, source: &str) -> Result<i64, StoreError> {
    tx.one("select coalesce((select position from cursors where source = $1), 0)", params![source])
}

/// Moves the cursor, unless another process has moved it.
pub(super) fn move_cursor(tx: &mut Tx<'_>, source: &str, from: i64, to: i64) -> Result<(), StoreError> {
    tx.run_versioned(
        "insert into cursors (source, position) values ($1, $3)
         on conflict (source) do update set position = $3 where cursors.position = $2",
        params![source, from, to],
    )
}

/// Lets one transaction at a time change what is parked of `source`: on Postgres one that began before another's
/// end runs again, and so sees what it did.
pub(super) fn take_turn(tx: &mut Tx<'_>, source: &str) -> Result<(), StoreError> {
    tx.run(
        "insert into cursors (source, position) values ($1, 0)
         on conflict (source) do update set position = cursors.position",
        params![source],
    )
    .map(drop)
}

/// All events of all sources will be heard again.
pub(super) fn rewind(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.run("update cursors set position = 0 where source <> $1", params![RELAY])?;
    tx.run("delete from dead_letters", params![]).map(drop)
}

/// Remembers events that came through a broker; returns those that were not handled before.
pub(super) fn remember(tx: &mut Tx<'_>, events: &[Logged]) -> Result<HashSet<EventId>, StoreError> {
    // An id is 30 letters: `evt_` and 26 digits.
    let ids: String = events.iter().map(|event| event.envelope.event_id.to_string()).collect();
    let fresh: Vec<EventId> = tx.rows(
        "with recursive came (event, rest) as (
           select cast('' as text), cast($1 as text)
           union all
           select substr(rest, 1, 30), substr(rest, 31) from came where rest <> '')
         insert into processed_events (event_id, processed_at)
         select event, cast($2 as bigint) from came where event <> '' on conflict do nothing returning event_id",
        params![ids, tx.now()],
    )?;
    Ok(fresh.into_iter().collect())
}

/// Forgets handled events that no broker will deliver again.
pub(super) fn purge_processed(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from processed_events where event_id in
           (select event_id from processed_events where processed_at < $1 order by processed_at limit $2)",
        params![before, limit],
    )
}

/// Keys of `source` that have parked events, with how many; no more than `limit` events are looked at.
pub(super) fn parked_keys(
    tx: &mut Tx<'_>,
    source: &str,
    limit: u32,
) -> Result<Vec<(String, u32)>, StoreError> {
    tx.rows(
        "select key, count(*) from (select key from dead_letters where source = $1 limit $2) as parked group by key",
        params![source, limit],
    )
}

/// Puts an event aside.
pub(super) fn park(tx: &mut Tx<'_>, event: &Logged, letter: &DeadLetter) -> Result<(), StoreError> {
    let envelope = serde_json::to_string(&event.envelope).map_err(|error| StoreError::Sql(error.into()))?;
    tx.run(
        "insert into dead_letters (source, key, project_id, event, traceparent, state, attempts, due_at, error)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            letter.source,
            letter.key,
            project_text(event.envelope.project_id),
            envelope,
            event.traceparent,
            letter.state,
            letter.attempts,
            letter.due_at,
            letter.error
        ],
    )?;
    Ok(())
}

/// Parked events that are due for another try.
pub(super) fn due(tx: &mut Tx<'_>, now: Timestamp, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
    tx.rows(
        "select id, source, key, event, traceparent, state, attempts, due_at, error from dead_letters
         where state = 'retrying' and due_at <= $1 order by due_at, id limit $2",
        params![now, limit],
    )
}

/// Parked events after `after`, for people.
pub(super) fn letters(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
    tx.rows(
        "select id, source, key, event, traceparent, state, attempts, due_at, error from dead_letters
         where id > $1 order by id limit $2",
        params![after, limit],
    )
}

/// One parked event, locked until the commit.
pub(super) fn letter(tx: &mut Tx<'_>, id: i64) -> Result<Option<DeadLetter>, StoreError> {
    let found = tx.lock_rows(
        "select id, source, key, event, traceparent, state, attempts, due_at, error from dead_letters where id = $1",
        params![id],
    )?;
    Ok(found.into_iter().next())
}

/// Writes what became of a try.
pub(super) fn retried(tx: &mut Tx<'_>, letter: &DeadLetter) -> Result<(), StoreError> {
    tx.run_versioned(
        "update dead_letters set state = $2, attempts = $3, due_at = $4, error = $5 where id = $1",
        params![letter.id, letter.state, letter.attempts, letter.due_at, letter.error],
    )
}

/// Takes a parked event away, and lets the next of its key come forward.
pub(super) fn unpark(tx: &mut Tx<'_>, letter: &DeadLetter, now: Timestamp) -> Result<(), StoreError> {
    tx.run("delete from dead_letters where id = $1", params![letter.id])?;
    tx.run(
        "update dead_letters set state = 'retrying', due_at = $3 where id =
           (select min(id) from dead_letters where source = $1 and key = $2) and state = 'waiting'",
        params![letter.source, letter.key, now],
    )?;
    Ok(())
}

/// How many events are parked, and how many of them are dead.
pub(super) fn parked_count(tx: &mut Tx<'_>) -> Result<(u64, u64), StoreError> {
    tx.one("select count(*), count(case when state = 'dead' then 1 end) from dead_letters", params![])
}
