//! What can be done with the trail: remember, seal, purge, change the retention, erase a person's details.
//!
//! A command neither begins nor commits. Whoever lengthens a chain takes its turn first, so that no two go on
//! from the same end. What the service says of itself (a purge, a change of retention) is sealed in the same
//! transaction: its place in the chain must follow from its commit and not from anybody's clock.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use contracts::{AuditRecordId, ProjectId, Timestamp};
use kernel::auth::{Caller, Who};
use kernel::secrets::SubjectKey;
use kernel::store::{StoreError, Tx};

use crate::domain::{
    Block, Class, Entry, Head, Leaf, Outcome, PURGED, Purge, RETENTION_CHANGED, Record, Retention, SOURCE,
    SUBJECT_ERASED, Signature, platform,
};
use crate::error::Error;
use crate::store;

/// The most records of a block; a proof shows ten hashes at most.
pub const BLOCK_RECORDS_MAX: u32 = 1_000;

/// The most entries that one step of a purge walks over.
const PURGE_ENTRIES_MAX: u64 = 5_000;

/// How far a caller's clock may be ahead of ours.
const CLOCK_SKEW_MAX: Duration = Duration::from_secs(60);

/// What a step of the sealer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// Nothing waits any more; the oldest had waited so long.
    All(Duration),
    /// More may wait.
    Some(Duration),
}

/// Whether a purge is done for today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purged {
    /// All that is old enough is gone.
    All,
    /// There is more.
    Some,
}

/// The project that this transaction writes about: its own, or the platform.
pub fn project_of(tx: &Tx<'_>) -> ProjectId {
    tx.scope().project().unwrap_or_else(platform)
}

/// Remembers what `caller` tells.
pub fn append(tx: &mut Tx<'_>, caller: &Caller, entries: &[Entry]) -> Result<Vec<AuditRecordId>, Error> {
    let records = entries.iter().map(|entry| record_of(tx, caller, entry)).collect::<Result<Vec<_>, _>>()?;
    let ids = records.iter().map(|record| record.id).collect();
    remember(tx, records)?;
    Ok(ids)
}

/// Writes records down and has them sealed soon; details about a person are sealed under that person's key.
pub fn remember(tx: &mut Tx<'_>, mut records: Vec<Record>) -> Result<(), Error> {
    let mut keys = HashMap::new();
    for record in &mut records {
        seal_details(tx, &mut keys, record)?;
    }
    store::insert(tx, &records)?;
    store::await_seal(tx, &records)?;
    Ok(())
}

/// Seals the records that wait longest into one block for each of their projects.
pub fn seal(tx: &mut Tx<'_>) -> Result<Sealed, Error> {
    let waiting = store::waiting(tx, BLOCK_RECORDS_MAX)?;
    let (Some(first), Some(last)) = (waiting.first(), waiting.last()) else {
        return Ok(Sealed::All(Duration::ZERO));
    };
    let (waited, last, count) = (tx.now().duration_since(first.recorded_at), last.id, waiting.len());
    let ends = store::last_blocks_of_waiting(tx, last)?;
    let ends: HashMap<ProjectId, Block> = ends.into_iter().map(|block| (block.project_id, block)).collect();
    let mut projects: BTreeMap<ProjectId, Vec<Record>> = BTreeMap::new();
    for record in waiting {
        projects.entry(record.project_id).or_default().push(record);
    }
    let (mut blocks, mut leaves) = (Vec::with_capacity(projects.len()), Vec::with_capacity(count));
    for (project, records) in &projects {
        let (block, members) = close(tx, *project, ends.get(project), records)?;
        leaves.extend(members.into_iter().map(|leaf| (*project, leaf)));
        blocks.push(block);
    }
    store::take_turns(tx, projects.into_keys())?;
    store::insert_leaves(tx, &leaves)?;
    store::insert_blocks(tx, &blocks)?;
    let listed = store::forget_waiting(tx, last)?;
    if listed > count as u64 {
        tracing::error!(gone = listed - count as u64, "records were deleted before they could be sealed");
    }
    Ok(if count < BLOCK_RECORDS_MAX as usize { Sealed::All(waited) } else { Sealed::Some(waited) })
}

/// Deletes some of the records of this project that are past their time, and says so in the chain.
pub fn purge(tx: &mut Tx<'_>) -> Result<Purged, Error> {
    let project = project_of(tx);
    store::take_turns(tx, [project].into_iter())?;
    let (retention, _) = store::retention(tx, project)?.unwrap_or_default();
    let mut purged = Purged::All;
    for class in Class::ALL {
        let Some(cutoff) = retention.cutoff(class, tx.now()) else { continue };
        let after = store::purged_until(tx, project, class)?;
        let end = store::last_seq_sealed_by(tx, project, cutoff)?;
        let until = end.min(after.saturating_add(PURGE_ENTRIES_MAX));
        if until <= after {
            continue;
        }
        purge_stretch(tx, project, (class, cutoff), (after, until))?;
        if until < end {
            purged = Purged::Some;
        }
    }
    Ok(purged)
}

fn purge_stretch(
    tx: &mut Tx<'_>,
    project: ProjectId,
    (class, cutoff): (Class, Timestamp),
    stretch: (u64, u64),
) -> Result<(), Error> {
    let span = store::span_of(tx, project, class, stretch)?;
    let count = store::delete_records(tx, project, class, stretch)?;
    store::insert_purged(tx, project, class, stretch.1)?;
    // The count is of what was there: a record that was gone before is not covered up.
    if let (Some(first_seq), Some(last_seq), 1..) = (span.first_seq, span.last_seq, count) {
        let purge = Purge { class, cutoff, first_seq, last_seq, count };
        let object = ("records", class.as_str().to_owned());
        let record = own_record(tx, project, PURGED, object, serde_json::to_string(&purge)?);
        seal_own(tx, record)?;
    }
    Ok(())
}

/// Keeps this project's records for as long as `wanted` says from now on; `seen` is the version that the caller
/// has seen. Returns the new version.
pub fn set_retention(tx: &mut Tx<'_>, wanted: Retention, seen: Option<u64>) -> Result<u64, Error> {
    let project = project_of(tx);
    store::take_turns(tx, [project].into_iter())?;
    let (current, version) = store::retention(tx, project)?.unwrap_or_default();
    if seen.is_some_and(|seen| seen != version) {
        return Err(StoreError::Conflict.into());
    }
    if current == wanted {
        return Ok(version);
    }
    store::set_retention(tx, project, wanted, version)?;
    let object = ("retention", project.to_string());
    let record = own_record(tx, project, RETENTION_CHANGED, object, serde_json::to_string(&wanted)?);
    seal_own(tx, record)?;
    Ok(version + 1)
}

/// Destroys a person's key, so that nobody can read the details about that person any more, and remembers that
/// it was done. Says whether there was anything to destroy.
pub fn erase_subject(tx: &mut Tx<'_>, subject: &str) -> Result<bool, Error> {
    let project = project_of(tx);
    let destroyed = store::destroy_key(tx, project, subject)?;
    if destroyed {
        let object = ("subject", subject.to_owned());
        let record = own_record(tx, project, SUBJECT_ERASED, object, "{}".to_owned());
        remember(tx, vec![record])?;
    }
    Ok(destroyed)
}

/// What a caller's entry becomes.
fn record_of(tx: &Tx<'_>, caller: &Caller, entry: &Entry) -> Result<Record, Error> {
    let (source, may_speak_for_others) = match &caller.who {
        Who::Service(name) if name == SOURCE => return Err(Error::NotUs),
        Who::Service(name) => (name.as_str(), true),
        Who::User(_) | Who::Key(_) => ("api", false),
    };
    let actor = match &entry.actor {
        None => caller.name(),
        Some(named) if may_speak_for_others || named.as_str() == caller.name() => named.as_str().to_owned(),
        Some(_) => return Err(Error::NotTheActor),
    };
    let occurred_at = entry.occurred_at.unwrap_or_else(|| tx.now());
    if occurred_at > tx.now().saturating_add(CLOCK_SKEW_MAX) {
        return Err(Error::NotYetHappened);
    }
    Ok(Record {
        project_id: project_of(tx),
        id: tx.new_id(),
        occurred_at,
        recorded_at: tx.now(),
        class: entry.class,
        actor,
        action: entry.action.as_str().to_owned(),
        object_kind: entry.object.kind.as_str().to_owned(),
        object_id: entry.object.id.as_str().to_owned(),
        outcome: entry.outcome,
        source: source.to_owned(),
        correlation_id: tx.origin().correlation_id.clone(),
        causation: None,
        subject: entry.subject.as_ref().map(|subject| subject.as_str().to_owned()),
        details: entry.details.as_str().to_owned(),
    })
}

/// What the service says of itself: kept for ever.
fn own_record(
    tx: &Tx<'_>,
    project_id: ProjectId,
    action: &str,
    (object_kind, object_id): (&str, String),
    details: String,
) -> Record {
    Record {
        project_id,
        id: tx.new_id(),
        occurred_at: tx.now(),
        recorded_at: tx.now(),
        class: Class::Permanent,
        actor: tx.origin().actor.clone().unwrap_or_else(|| format!("service:{SOURCE}")),
        action: action.to_owned(),
        object_kind: object_kind.to_owned(),
        object_id,
        outcome: Outcome::Succeeded,
        source: SOURCE.to_owned(),
        correlation_id: tx.origin().correlation_id.clone(),
        causation: None,
        subject: None,
        details,
    }
}

/// Writes a record and seals it alone; the turn is taken already.
fn seal_own(tx: &mut Tx<'_>, record: Record) -> Result<(), Error> {
    let project = record.project_id;
    let last = store::last_block(tx, project)?;
    let (block, leaves) = close(tx, project, last.as_ref(), std::slice::from_ref(&record))?;
    let leaves: Vec<(ProjectId, Leaf)> = leaves.into_iter().map(|leaf| (project, leaf)).collect();
    store::insert(tx, &[record])?;
    store::insert_leaves(tx, &leaves)?;
    store::insert_blocks(tx, &[block])?;
    Ok(())
}

/// Makes the block after `last` of `records`, and signs it.
fn close(
    tx: &Tx<'_>,
    project: ProjectId,
    last: Option<&Block>,
    records: &[Record],
) -> Result<(Block, Vec<Leaf>), Error> {
    let mut head = last.map_or_else(|| Head::genesis(project), Head::after);
    let leaves: Vec<Leaf> = records.iter().map(|record| head.append(record)).collect();
    let unsigned = Block::seal(project, last, &leaves, tx.now())?;
    let signer = &tx.keys().signer;
    let signature = signer.sign_bytes(unsigned.message());
    let signature = Signature::try_from(&*signature).map_err(|error| StoreError::Sql(error.into()))?;
    Ok((unsigned.signed(signer.kid().to_owned(), signature), leaves))
}

/// Seals the details of a record that is about a person. One look-up a person, not one a record.
fn seal_details(
    tx: &mut Tx<'_>,
    keys: &mut HashMap<String, SubjectKey>,
    record: &mut Record,
) -> Result<(), Error> {
    let Some(subject) = &record.subject else { return Ok(()) };
    if !keys.contains_key(subject) {
        let key = key_of(tx, record.project_id, subject)?;
        keys.insert(subject.clone(), key);
    }
    if let Some(key) = keys.get(subject) {
        record.details = key.seal(&details_context(record), record.details.as_bytes())?;
    }
    Ok(())
}

fn key_of(tx: &mut Tx<'_>, project: ProjectId, subject: &str) -> Result<SubjectKey, Error> {
    let context = key_context(project, subject);
    if let Some(wrapped) = store::wrapped_key(tx, project, subject)? {
        return Ok(tx.keys().keyring.unwrap_subject_key(&context, &wrapped)?);
    }
    let (key, wrapped) = tx.keys().keyring.new_subject_key(&context)?;
    store::insert_key(tx, project, subject, &wrapped)?;
    Ok(key)
}

/// Where a person's key may stand: moved to another person or project, it does not open.
pub fn key_context(project: ProjectId, subject: &str) -> Vec<u8> {
    format!("audit key of {subject} in {project}").into_bytes()
}

/// Where sealed details may stand: moved to another record, they do not open.
pub fn details_context(record: &Record) -> Vec<u8> {
    format!("audit details of {}", record.id).into_bytes()
}
