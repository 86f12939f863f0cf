//! The statements on what is remembered of payers, payees, devices and addresses.

use contracts::Timestamp;
use kernel::params;
use kernel::store::{Bytes, StoreError, Tx, Value};
use serde::Deserialize;

use crate::domain::evidence::Known;
use crate::domain::facts::Subject;
use crate::domain::profile::Profile;

#[derive(Deserialize)]
struct ProfileRow {
    subject: String,
    since: Timestamp,
    body: String,
    packed: Option<Bytes>,
}

/// The text of a profile that is kept as bytes: an empty one to a program that reads texts alone.
const PACKED: &str = r#"{"newest_ms":0,"minutes":[],"hours":[],"days":[]}"#;

macro_rules! profiles {
    () => {
        "select subject, since, body, packed from profiles where project_id = $1 and subject in ($2, $3, $4, $5) order by subject"
    };
}

/// What is known of the subjects of a payment.
pub fn known(tx: &mut Tx<'_>, names: &[Option<String>; 4]) -> Result<Known, StoreError> {
    let keys = keys(names);
    let rows = tx.rows(profiles!(), params![tx.project()?, keys[0], keys[1], keys[2], keys[3]])?;
    sorted(rows, &keys)
}

/// The same, which nobody else changes until the commit.
pub fn lock_known(tx: &mut Tx<'_>, names: &[Option<String>; 4]) -> Result<Known, StoreError> {
    let keys = keys(names);
    let rows = tx.lock_rows(profiles!(), params![tx.project()?, keys[0], keys[1], keys[2], keys[3]])?;
    sorted(rows, &keys)
}

/// Stores what is known now; since when is kept.
pub fn put_profiles(tx: &mut Tx<'_>, names: &[Option<String>; 4], known: &Known) -> Result<(), StoreError> {
    let project = tx.project()?;
    let each = keys(names).into_iter().zip(known).filter_map(|(key, known)| Some((key?, known.as_ref()?)));
    let row = |(key, (since, profile)): (String, &(Timestamp, Profile))| -> Vec<Value> {
        params![project, key, since, PACKED, Bytes(profile.packed()), 1].to_vec()
    };
    let rows: Vec<Vec<Value>> = each.map(row).collect();
    tx.run_many(
        "insert into profiles (project_id, subject, since, body, packed, version) values ($1, $2, $3, $4, $5, $6)
         on conflict (project_id, subject) do update
           set body = excluded.body, packed = excluded.packed, version = profiles.version + 1",
        &rows,
    )
    .map(drop)
}

/// Notes that a person has been there since a time, or since before it.
pub fn note_since(tx: &mut Tx<'_>, person: &str, since: Timestamp) -> Result<(), StoreError> {
    let (project, nothing) = (tx.project()?, Bytes(Profile::default().packed()));
    let row = |subject| params![project, key(subject, person), since, PACKED, nothing, 1].to_vec();
    tx.run_many(
        "insert into profiles (project_id, subject, since, body, packed, version) values ($1, $2, $3, $4, $5, $6)
         on conflict (project_id, subject) do update set version = profiles.version + 1,
           since = case when excluded.since < profiles.since then excluded.since else profiles.since end",
        &[row(Subject::Payer), row(Subject::Payee)],
    )
    .map(drop)
}

/// Forgets a person.
pub fn forget(tx: &mut Tx<'_>, person: &str) -> Result<(), StoreError> {
    tx.run(
        "delete from profiles where project_id = $1 and subject in ($2, $3)",
        params![tx.project()?, key(Subject::Payer, person), key(Subject::Payee, person)],
    )
    .map(drop)
}

fn key(subject: Subject, name: &str) -> String {
    format!("{}:{name}", subject.name())
}

fn keys(names: &[Option<String>; 4]) -> [Option<String>; 4] {
    Subject::ALL.map(|subject| names[subject as usize].as_ref().map(|name| key(subject, name)))
}

fn sorted(rows: Vec<ProfileRow>, keys: &[Option<String>; 4]) -> Result<Known, StoreError> {
    let mut known = Known::default();
    for row in rows {
        if let Some(at) = keys.iter().position(|key| key.as_ref() == Some(&row.subject)) {
            known[at] = Some((row.since, row.profile()?));
        }
    }
    Ok(known)
}

impl ProfileRow {
    fn profile(self) -> Result<Profile, StoreError> {
        match self.packed {
            Some(Bytes(bytes)) if self.body == PACKED => Profile::unpacked(&bytes).ok_or_else(|| {
                StoreError::Sql(format!("the stored profile of {} cannot be read", self.subject).into())
            }),
            _ => Profile::of_former(&self.body).map_err(|error| StoreError::Sql(error.into())),
        }
    }
}
