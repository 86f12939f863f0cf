//! Where ids stand in the journal: sorted runs of pages, each run with a filter that says which ids it surely lacks.
//!
//! The ids of the latest items are in `State`; when they are many they become a run. Ids that are ordered by time, as ours
//! are, lie in one run each; others are asked of every run's filter.

use contracts::{Id, TransactionId};

use super::entry::Position;

/// So many ids stand on one page.
const PAGE_IDS: usize = 160;
/// One of a hundred ids that are not there is looked up in vain.
const BITS_AN_ID: usize = 10;
const PROBES: u64 = 7;

/// What is known of a run without reading its pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first is 1.
    pub number: u64,
    /// Its lowest id.
    pub first: TransactionId,
    /// Its highest id.
    pub last: TransactionId,
    /// The filter's bits.
    pub filter: Vec<u8>,
}

/// Neighbouring ids of a run with their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdPage {
    /// The lowest of them.
    pub first: TransactionId,
    /// 24 bytes each: the id and its place.
    pub body: Vec<u8>,
}

/// A run to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    /// What is kept in memory of it.
    pub run: Run,
    /// Its pages, in their order.
    pub pages: Vec<IdPage>,
}

impl Ids {
    /// A run of these ids; nothing, where there are none.
    pub fn of(number: u64, mut ids: Vec<(TransactionId, Position)>) -> Option<Self> {
        ids.sort_unstable();
        let (first, last) = (ids.first()?.0, ids.last()?.0);
        let mut filter = vec![0; (ids.len() * BITS_AN_ID).div_ceil(8)];
        for (id, _) in &ids {
            for bit in bits(*id, filter.len()) {
                filter[bit / 8] |= 1 << (bit % 8);
            }
        }
        let page = |ids: &[(TransactionId, Position)]| {
            let mut body = Vec::with_capacity(ids.len() * 24);
            for (id, position) in ids {
                body.extend_from_slice(&id.as_u128().to_be_bytes());
                body.extend_from_slice(&position.0.to_be_bytes());
            }
            ids.first().map(|(first, _)| IdPage { first: *first, body })
        };
        let pages = ids.chunks(PAGE_IDS).filter_map(page).collect();
        Some(Self { run: Run { number, first, last, filter }, pages })
    }
}

impl Run {
    /// Whether it may have an id; if not, it has not.
    pub fn may_have(&self, id: TransactionId) -> bool {
        self.first <= id
            && id <= self.last
            && bits(id, self.filter.len()).all(|bit| self.filter[bit / 8] & (1 << (bit % 8)) != 0)
    }
}

impl IdPage {
    /// Where an id stands, if it is on a page of these bytes.
    pub fn find(body: &[u8], id: TransactionId) -> Option<Position> {
        let (ids, _) = body.as_chunks::<24>();
        let wanted = id.as_u128().to_be_bytes();
        let at = ids.binary_search_by(|one| one[..16].cmp(&wanted[..])).ok()?;
        let place = ids[at][16..].try_into().ok()?;
        Some(Position(u64::from_be_bytes(place)))
    }
}

/// Which bits of a filter of so many bytes are an id's.
fn bits(id: TransactionId, bytes: usize) -> impl Iterator<Item = usize> {
    let (high, low) = ((id.as_u128() >> 64) as u64, id.as_u128() as u64);
    let (start, step) = (mixed(high ^ mixed(low)), mixed(low.wrapping_add(high.rotate_left(32))) | 1);
    let all = (bytes as u64 * 8).max(1);
    (0..PROBES).map(move |probe| (start.wrapping_add(probe.wrapping_mul(step)) % all) as usize)
}

/// A finaliser that leaves no bit where it was: ids that are ordered by time differ in few.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
