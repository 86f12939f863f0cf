//! The chain: each entry is bound to the one before, runs of entries are sealed into signed blocks, and each
//! block is bound to the block before.
//!
//! It leaves out who signs (a block is handed its signature) and how the whole is checked (`verify`).
//!
//! The sealer writes a block and all of its leaves in one transaction: a leaf outside any block is a fault.

use contracts::{AuditRecordId, Id, ProjectId, Timestamp};
use serde::{Deserialize, Serialize};

use super::hash::{Hash, Signature};
use super::merkle::Tree;
use super::record::{Class, Record};

/// Each kind of hashed bytes starts with its own tag; `record` has 0x00, `merkle` 0x01.
const LINK: u8 = 0x02;
const GENESIS: u8 = 0x03;
const BLOCK: u8 = 0x04;

/// An entry of the chain. It stays when its record is purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Leaf {
    /// Its place in the project's history: 1, 2, 3, without gaps.
    pub seq: u64,
    /// The record that it stands for.
    pub record_id: AuditRecordId,
    /// That record's class.
    pub class: Class,
    /// The record's leaf hash.
    pub leaf: Hash,
    /// The hash of everything up to here.
    pub chain: Hash,
}

/// The end of a project's chain, where the next record goes.
#[derive(Debug, Clone)]
pub struct Head {
    seq: u64,
    chain: Hash,
    bytes: Vec<u8>,
}

/// A block before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedBlock(Block);

/// A sealed run of entries, as it is stored, and as it is published: its JSON line is the digest that others
/// keep, which anyone can check with nothing but the public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Block {
    /// The project that it belongs to.
    pub project_id: ProjectId,
    /// Its place among the project's blocks: 1, 2, 3, without gaps.
    pub number: u64,
    /// The first entry in it.
    pub first_seq: u64,
    /// The last entry in it.
    pub last_seq: u64,
    /// The Merkle root over its leaves.
    pub root: Hash,
    /// The chain after its last entry.
    pub head: Hash,
    /// The hash of the block before, or the project's genesis.
    pub previous: Hash,
    /// The hash of all the above and of the time.
    pub hash: Hash,
    /// When it was sealed, in whole milliseconds, so that its text form says it exactly.
    pub sealed_at: Timestamp,
    /// The key that signed it.
    pub key_id: String,
    /// The Ed25519 signature over `hash`.
    pub signature: Signature,
}

/// Entries that do not make the next block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotABlock {
    /// Nothing to seal.
    #[error("a block needs at least one entry")]
    Empty,
    /// The entries do not follow the block before, or each other.
    #[error("a block must go on without gaps from entry {expected}")]
    Gap {
        /// The entry that should have come first.
        expected: u64,
    },
}

impl Head {
    /// The end of an empty chain, which no other project shares.
    pub fn genesis(project_id: ProjectId) -> Self {
        Self { seq: 0, chain: genesis(project_id), bytes: Vec::new() }
    }

    /// The end of a chain whose last block is `block`.
    pub fn after(block: &Block) -> Self {
        Self { seq: block.last_seq, chain: block.head, bytes: Vec::new() }
    }

    /// Gives `record` the next place in the chain.
    pub fn append(&mut self, record: &Record) -> Leaf {
        let seq = self.seq + 1;
        let leaf = record.leaf_hash(seq, &mut self.bytes);
        let chain = link(&self.chain, seq, record.id, record.class, &leaf);
        (self.seq, self.chain) = (seq, chain);
        Leaf { seq, record_id: record.id, class: record.class, leaf, chain }
    }

    /// Binds the leaf hash of an entry anew, as one who rebuilds a chain would.
    #[cfg(test)]
    pub(super) fn relink(&mut self, old: &Leaf) -> Leaf {
        let chain = link(&self.chain, self.seq + 1, old.record_id, old.class, &old.leaf);
        (self.seq, self.chain) = (self.seq + 1, chain);
        Leaf { chain, ..*old }
    }

    /// Steps onto a stored entry, if it is bound to this end of the chain.
    pub(super) fn follow(&mut self, leaf: &Leaf) -> bool {
        let chain = link(&self.chain, self.seq + 1, leaf.record_id, leaf.class, &leaf.leaf);
        let follows = leaf.seq == self.seq + 1 && leaf.chain == chain;
        if follows {
            (self.seq, self.chain) = (leaf.seq, chain);
        }
        follows
    }

    /// The number of the last entry; 0 in an empty chain.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The hash of everything so far.
    pub const fn chain(&self) -> Hash {
        self.chain
    }
}

impl Block {
    /// Closes `leaves` into the block after `previous`, which is none for a project's first.
    ///
    /// Time never runs backwards from block to block, so that one look-up finds all that is old enough to go.
    pub fn seal(
        project_id: ProjectId,
        previous: Option<&Self>,
        leaves: &[Leaf],
        sealed_at: Timestamp,
    ) -> Result<UnsignedBlock, NotABlock> {
        let [first, ..] = leaves else { return Err(NotABlock::Empty) };
        let last = leaves.last().unwrap_or(first);
        let expected = previous.map_or(1, |block| block.last_seq + 1);
        if leaves.iter().zip(expected..).any(|(leaf, seq)| leaf.seq != seq) {
            return Err(NotABlock::Gap { expected });
        }
        let mut tree = Tree::default();
        leaves.iter().for_each(|leaf| tree.push(leaf.leaf));
        let sealed_at = whole_millis(sealed_at);
        let mut block = Self {
            project_id,
            number: previous.map_or(1, |block| block.number + 1),
            first_seq: first.seq,
            last_seq: last.seq,
            root: tree.root(),
            head: last.chain,
            previous: previous.map_or_else(|| genesis(project_id), |block| block.hash),
            hash: genesis(project_id),
            sealed_at: previous.map_or(sealed_at, |block| block.sealed_at.max(sealed_at)),
            key_id: String::new(),
            signature: Signature::from_bytes([0; 64]),
        };
        block.hash = block.computed_hash();
        Ok(UnsignedBlock(block))
    }

    /// The hash that the block's own fields give, whatever `hash` says.
    pub fn computed_hash(&self) -> Hash {
        let mut bytes = [BLOCK; 1 + 16 + 4 * 8 + 3 * 32];
        bytes[1..17].copy_from_slice(&self.project_id.as_u128().to_be_bytes());
        bytes[17..25].copy_from_slice(&self.number.to_be_bytes());
        bytes[25..33].copy_from_slice(&self.first_seq.to_be_bytes());
        bytes[33..41].copy_from_slice(&self.last_seq.to_be_bytes());
        bytes[41..49].copy_from_slice(&self.sealed_at.as_micros().to_be_bytes());
        bytes[49..81].copy_from_slice(self.root.as_bytes());
        bytes[81..113].copy_from_slice(self.head.as_bytes());
        bytes[113..].copy_from_slice(self.previous.as_bytes());
        Hash::of(&bytes)
    }
}

impl UnsignedBlock {
    /// What the signature must be over.
    pub const fn message(&self) -> &[u8] {
        self.0.hash.as_bytes()
    }

    /// The finished block.
    pub fn signed(self, key_id: String, signature: Signature) -> Block {
        Block { key_id, signature, ..self.0 }
    }
}

/// The time without what is finer than a millisecond.
pub(super) fn whole_millis(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.as_millis())
}

/// The hash that stands before a project's first entry and first block.
pub(super) fn genesis(project_id: ProjectId) -> Hash {
    let mut bytes = [GENESIS; 17];
    bytes[1..].copy_from_slice(&project_id.as_u128().to_be_bytes());
    Hash::of(&bytes)
}

/// Binds an entry to the one before, with its record's id and class, because those must hold after a purge.
fn link(previous: &Hash, seq: u64, record_id: AuditRecordId, class: Class, leaf: &Hash) -> Hash {
    let mut bytes = [LINK; 1 + 32 + 8 + 16 + 1 + 32];
    bytes[1..33].copy_from_slice(previous.as_bytes());
    bytes[33..41].copy_from_slice(&seq.to_be_bytes());
    bytes[41..57].copy_from_slice(&record_id.as_u128().to_be_bytes());
    bytes[57] = class.code();
    bytes[58..].copy_from_slice(leaf.as_bytes());
    Hash::of(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(number: u128) -> ProjectId {
        ProjectId::from_u128(number)
    }

    fn leaves(head: &mut Head, count: u128) -> Vec<Leaf> {
        (0..count).map(|id| head.append(&super::super::tests::record(id, Class::Operational))).collect()
    }

    #[test]
    fn blocks_follow_each_other_without_gaps() {
        let mut head = Head::genesis(project(1));
        let leaves = leaves(&mut head, 5);
        let first = Block::seal(project(1), None, &leaves[..3], Timestamp::from_millis(5)).unwrap();
        let first = first.signed("k1".into(), Signature::from_bytes([0; 64]));
        assert_eq!((first.number, first.first_seq, first.last_seq, first.head), (1, 1, 3, leaves[2].chain));
        let second = Block::seal(project(1), Some(&first), &leaves[3..], Timestamp::from_millis(9)).unwrap();
        let second = second.signed("k1".into(), Signature::from_bytes([0; 64]));
        assert_eq!((second.number, second.first_seq, second.previous), (2, 4, first.hash));
        let refused = |from| Block::seal(project(1), Some(&first), from, Timestamp::from_millis(9));
        assert_eq!(refused(&[]), Err(NotABlock::Empty));
        assert_eq!(refused(&leaves[4..]), Err(NotABlock::Gap { expected: 4 }));
        assert_eq!(refused(&[leaves[3], leaves[3]]), Err(NotABlock::Gap { expected: 4 }));
    }

    #[test]
    fn a_block_is_never_older_than_the_one_before_and_knows_no_fractions_of_milliseconds() {
        let mut head = Head::genesis(project(1));
        let leaves = leaves(&mut head, 2);
        let unsigned = Signature::from_bytes([0; 64]);
        let first = Block::seal(project(1), None, &leaves[..1], Timestamp::from_micros(7_999)).unwrap();
        let first = first.signed("k1".into(), unsigned);
        assert_eq!(first.sealed_at, Timestamp::from_micros(7_000));
        let second = Block::seal(project(1), Some(&first), &leaves[1..], Timestamp::from_micros(1)).unwrap();
        assert_eq!(second.signed("k1".into(), unsigned).sealed_at, first.sealed_at);
    }

    #[test]
    fn a_published_block_reads_back_and_proves_its_own_hash() {
        let leaves = leaves(&mut Head::genesis(project(1)), 3);
        let block = Block::seal(project(1), None, &leaves, Timestamp::from_micros(1_234_567_890)).unwrap();
        let block = block.signed("k1".into(), Signature::from_bytes([9; 64]));
        let line = serde_json::to_string(&block).unwrap();
        let read: Block = serde_json::from_str(&line).unwrap();
        assert_eq!(read, block);
        assert_eq!(read.computed_hash(), block.hash);
        assert!(!line.contains('\n'));
    }

    #[test]
    fn no_two_projects_share_a_chain() {
        assert_ne!(Head::genesis(project(1)).chain(), Head::genesis(project(2)).chain());
    }

    #[test]
    fn a_chain_goes_on_where_it_was_left() {
        let mut whole = Head::genesis(project(1));
        let leaves = leaves(&mut whole, 3);
        let block = Block::seal(project(1), None, &leaves[..2], Timestamp::from_millis(5)).unwrap();
        let mut resumed = Head::after(&block.signed("k1".into(), Signature::from_bytes([0; 64])));
        assert!(resumed.follow(&leaves[2]));
        assert_eq!((resumed.seq(), resumed.chain()), (whole.seq(), whole.chain()));
        assert!(!resumed.follow(&leaves[2]), "the same entry twice");
    }
}
