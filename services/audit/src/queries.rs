//! What can be asked of the trail: records with their details opened, proofs, digests, and whether it is whole.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use contracts::{AuditRecordId, Id, ProjectId};
use kernel::auth::Jwk;
use kernel::secrets::SealError;
use kernel::store::{Page, Scope, Store, StoreError, Tx};

use crate::commands::{BLOCK_RECORDS_MAX, details_context, key_context, project_of};
use crate::domain::{
    Block, Fault, Finding, Hash, Kept, Leaf, Record, Report, Retention, Verifier, inclusion_proof,
};
use crate::error::Error;
use crate::store::{self, Filter, LeafRow, Place, RecordRow, Stored};

/// A record as it is shown.
#[derive(Debug)]
pub struct Shown {
    /// The record.
    pub record: Record,
    /// Its details as JSON text; none when they can be read no more.
    pub details: Option<String>,
}

/// What proves one record to somebody who trusts nothing but the public key.
#[derive(Debug)]
pub struct Proof {
    /// The record as it was sealed; none when it has been purged.
    pub record: Option<Record>,
    /// The entry that stands for it.
    pub leaf: Leaf,
    /// Its place in the block, from 0.
    pub index: usize,
    /// How many entries the block has.
    pub size: usize,
    /// The hashes that lead from the entry to the block's root.
    pub path: Vec<Hash>,
    /// The block.
    pub block: Block,
    /// The key that signs now.
    pub public_key: Option<Jwk>,
}

/// Rows that are read at a time when all are.
const ROWS_AT_A_TIME: u32 = 500;

/// Records may wait for their seal for so long before it is worth a warning.
const UNSEALED_AGE_MAX: Duration = Duration::from_secs(60);

/// A page of records, newest first.
pub fn list(tx: &mut Tx<'_>, filter: &Filter, place: &Place, limit: u32) -> Result<Page<Shown>, Error> {
    let found = store::list(tx, project_of(tx), filter, place, limit + 1)?;
    let page = Page::of(found, limit, |found| Place {
        occurred_at: found.record.occurred_at.as_micros(),
        id: found.record.id.to_string(),
    });
    let Page { data, next_cursor } = page;
    let data = data.into_iter().map(|found| shown(tx, found)).collect::<Result<_, _>>()?;
    Ok(Page { data, next_cursor })
}

/// One record.
pub fn record(tx: &mut Tx<'_>, id: AuditRecordId) -> Result<Shown, Error> {
    let found = store::find(tx, project_of(tx), id)?.ok_or(Error::NoSuchRecord)?;
    shown(tx, found)
}

/// The proof of one record.
pub fn proof(tx: &mut Tx<'_>, id: AuditRecordId) -> Result<Proof, Error> {
    let project = project_of(tx);
    let record = store::find(tx, project, id)?.map(|found| found.record);
    let Some(leaf) = store::leaf_of(tx, project, id)? else {
        return Err(if record.is_some() { Error::NotSealedYet } else { Error::NoSuchRecord });
    };
    let block = store::block_of(tx, project, leaf.seq)?.ok_or(Error::NotSealedYet)?;
    let hashes = store::hashes(tx, &block, BLOCK_RECORDS_MAX)?;
    let index = leaf.seq.checked_sub(block.first_seq).and_then(|index| usize::try_from(index).ok());
    let proven = index.and_then(|index| Some((index, inclusion_proof(index, &hashes)?)));
    let (index, path) = proven.ok_or(Error::NotSealedYet)?;
    let signed_by = tx.keys().public().keys.into_iter().find(|key| key.kid == block.key_id);
    Ok(Proof { record, leaf, index, size: hashes.len(), path, block, public_key: signed_by })
}

/// Opens the details of a record that is about a person, as long as that person's key is there.
fn shown(tx: &Tx<'_>, found: Stored) -> Result<Shown, Error> {
    let Stored { record, wrapped_key } = found;
    let details = match (&record.subject, wrapped_key) {
        (None, _) => Some(record.details.clone()),
        (Some(_), None) => None,
        (Some(subject), Some(wrapped)) => {
            let key =
                tx.keys().keyring.unwrap_subject_key(&key_context(record.project_id, subject), &wrapped)?;
            match key.open(&details_context(&record), &record.details) {
                Ok(plain) => String::from_utf8(plain).ok(),
                // Sealed before an erasure; the key that is there came after it.
                Err(SealError::Refused) => None,
                Err(error) => return Err(error.into()),
            }
        }
    };
    Ok(Shown { record, details })
}

/// The signed blocks of one project or of all, to be kept where the database's owner cannot reach them.
pub async fn digests(store: &Store, project: Option<ProjectId>) -> Result<Vec<Block>, StoreError> {
    store
        .read(Scope::System("exporting the digests of the audit trail"), move |tx| {
            let mut digests = Vec::new();
            for project in projects(tx, project, &[])? {
                let mut after = 0;
                loop {
                    let page = store::blocks_after(tx, project, after, ROWS_AT_A_TIME)?;
                    let Some(last) = page.last() else { break };
                    after = last.number as i64;
                    digests.extend(page);
                }
            }
            Ok(digests)
        })
        .await
}

/// Verifies the trail of one project or of all against itself, its signatures and the `published` digests, on one
/// snapshot. No project's history is held in memory.
pub async fn verify(
    store: &Store,
    project: Option<ProjectId>,
    published: Vec<Block>,
) -> Result<Vec<(ProjectId, Report)>, StoreError> {
    store
        .read(Scope::System("verifying the audit trail"), move |tx| {
            let projects = projects(tx, project, &published)?;
            projects
                .into_iter()
                .map(|project| Ok((project, verify_one(tx, project, published.clone())?)))
                .collect()
        })
        .await
}

/// Which projects are meant: the given one, or all that have anything or ever had a digest.
fn projects(
    tx: &mut Tx<'_>,
    given: Option<ProjectId>,
    published: &[Block],
) -> Result<BTreeSet<ProjectId>, StoreError> {
    if let Some(project) = given {
        return Ok(BTreeSet::from([project]));
    }
    let mut all: BTreeSet<ProjectId> = published.iter().map(|block| block.project_id).collect();
    let mut after = String::new();
    while let Some(next) = store::next_project(tx, &after)? {
        // Rows of what is no project belong to nobody's history.
        all.extend(next.parse::<ProjectId>());
        after = next;
    }
    Ok(all)
}

/// Verifies the trail of one project.
pub fn verify_one(tx: &mut Tx<'_>, project: ProjectId, published: Vec<Block>) -> Result<Report, StoreError> {
    let public = tx.keys().public();
    let is_trusted =
        move |kid: &str, message: &[u8], signature: &[u8]| public.signed(kid, message, signature);
    let purges = store::purges(tx, project)?;
    let mut verifier = Verifier::new(project, &is_trusted, Retention::default(), &purges, published);
    let mut leaves = Leaves::of(project);
    let mut after = i64::MIN;
    while verifier.first_bad().is_none() {
        let blocks = store::all_blocks(tx, project, after, ROWS_AT_A_TIME)?;
        let Some(last) = blocks.last() else { break };
        after = last.number;
        for row in blocks {
            let number = row.number;
            let Some(block) = row.read() else {
                verifier.found(Finding::BlockAltered { number: positive(number) });
                break;
            };
            verifier.block(&block);
            leaves.feed(tx, &mut verifier, i64::try_from(block.last_seq).unwrap_or(i64::MAX))?;
        }
    }
    leaves.feed(tx, &mut verifier, i64::MAX)?;
    feed_unsealed(tx, project, &mut verifier, leaves.after)?;
    Ok(verifier.finish(tx.now(), UNSEALED_AGE_MAX))
}

/// The entries of a chain in their order, read a page at a time.
struct Leaves {
    project: ProjectId,
    after: i64,
    page: VecDeque<LeafRow>,
    records: HashMap<String, RecordRow>,
}

impl Leaves {
    fn of(project: ProjectId) -> Self {
        Self { project, after: i64::MIN, page: VecDeque::new(), records: HashMap::new() }
    }

    /// Shows the verifier the entries up to `until`.
    fn feed(&mut self, tx: &mut Tx<'_>, verifier: &mut Verifier<'_>, until: i64) -> Result<(), StoreError> {
        while verifier.first_bad().is_none() {
            if self.page.is_empty() && !self.turn(tx)? {
                return Ok(());
            }
            let Some(row) = self.page.pop_front_if(|row| row.seq <= until) else { return Ok(()) };
            let (seq, record) = (row.seq, self.records.remove(&row.record_id));
            let Some(leaf) = row.read() else {
                verifier.found(Finding::LeafAltered { seq: positive(seq) });
                return Ok(());
            };
            match record.map(RecordRow::read) {
                Some(Some(record)) => verifier.leaf(&leaf, Kept::Present(&record)),
                Some(None) => verifier.leaf(&leaf, Kept::Unreadable),
                None => verifier.leaf(&leaf, Kept::Gone),
            }
        }
        Ok(())
    }

    /// Reads the next page; says whether there was one.
    fn turn(&mut self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        self.page = store::all_leaves(tx, self.project, self.after, ROWS_AT_A_TIME)?.into();
        let (Some(first), Some(last)) = (self.page.front(), self.page.back()) else { return Ok(false) };
        self.after = last.seq;
        let records = store::sealed_records(tx, self.project, first.seq, last.seq)?;
        self.records = records.into_iter().map(|row| (row.id.clone(), row)).collect();
        Ok(true)
    }
}

/// Shows the verifier the records that no entry stands for: they wait for their seal, or were slipped in.
fn feed_unsealed(
    tx: &mut Tx<'_>,
    project: ProjectId,
    verifier: &mut Verifier<'_>,
    last_seq: i64,
) -> Result<(), StoreError> {
    let mut after = String::new();
    while verifier.first_bad().is_none() {
        let rows = store::unsealed_records(tx, project, &after, ROWS_AT_A_TIME)?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.id);
        for row in rows {
            let id = row.id.parse().unwrap_or_else(|_| AuditRecordId::from_u128(0));
            match row.read() {
                Some(record) => verifier.unsealed(&record),
                None => {
                    let seq = positive(last_seq) + 1;
                    verifier.found(Finding::RecordUnsound { seq, id, fault: Fault::Unreadable });
                }
            }
        }
    }
    Ok(())
}

/// A number that a row should have; 0, which no row has, when it is less.
fn positive(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
