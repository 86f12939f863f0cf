//! The Merkle tree of RFC 6962 and RFC 9162 over a block's leaf hashes: one record is proven to be in a block
//! without showing the others.
//!
//! Leaves arrive hashed (`record`). There are no consistency proofs: each block names the hash of the one
//! before, so a longer history proves itself by its chain of blocks.

use super::hash::Hash;

/// An inner node's tag, so that no node can pass for a leaf.
const NODE: u8 = 0x01;

/// A tree that grows leaf by leaf and remembers only the roots of its full subtrees.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The largest subtree first; one for each bit that is set in `size`.
    peaks: Vec<Hash>,
    size: u64,
}

impl Tree {
    /// Adds the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        let mut carry = self.size;
        while carry & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            node = join(&left, &node);
            carry >>= 1;
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root over all leaves so far.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return Hash::of(&[]) };
        peaks.fold(*last, |right, left| join(left, &right))
    }

    /// Forgets all leaves and keeps the memory.
    pub fn clear(&mut self) {
        self.peaks.clear();
        self.size = 0;
    }
}

/// The root over `leaves`.
pub fn root(leaves: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

/// The hashes that lead from leaf `index` to the root, nearest first; none when there is no such leaf.
pub fn inclusion_proof(index: usize, leaves: &[Hash]) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut index, mut span, mut path) = (index, leaves, Vec::new());
    while span.len() > 1 {
        // The largest power of two below the length.
        let (left, right) = span.split_at(span.len().next_power_of_two() / 2);
        if index < left.len() {
            path.push(root(right));
            span = left;
        } else {
            path.push(root(left));
            index -= left.len();
            span = right;
        }
    }
    path.reverse();
    Some(path)
}

/// Whether `proof` shows that `leaf` stands at `index` among the `size` leaves under `root`.
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut node) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            node = join(sibling, &node);
            // A node without a right neighbour rises unchanged until it is somebody's right child.
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            node = join(&node, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && node == *root
}

fn join(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [NODE; 65];
    bytes[1..33].copy_from_slice(left.as_bytes());
    bytes[33..].copy_from_slice(right.as_bytes());
    Hash::of(&bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|n| Hash::of(&n.to_be_bytes())).collect()
    }

    fn flip(hash: &Hash, bit: usize) -> Hash {
        let mut bytes = *hash.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        Hash::from_bytes(bytes)
    }

    /// The definition, word for word.
    fn root_by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of(&[]),
            [one] => *one,
            many => {
                let mut split = 1;
                while split * 2 < many.len() {
                    split *= 2;
                }
                join(&root_by_definition(&many[..split]), &root_by_definition(&many[split..]))
            }
        }
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let inputs: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let leaves: Vec<Hash> = inputs.iter().map(|input| Hash::of(&[b"\x00", *input].concat())).collect();
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (count, expected) in roots.iter().enumerate() {
            assert_eq!(root(&leaves[..count]).to_string(), *expected, "{count} leaves");
        }
    }

    #[test]
    fn every_leaf_of_every_small_tree_is_proven() {
        for size in 0..=70 {
            let leaves = leaves(size);
            let root = root(&leaves);
            assert_eq!(root, root_by_definition(&leaves));
            for (index, leaf) in leaves.iter().enumerate() {
                let proof = inclusion_proof(index, &leaves).unwrap();
                assert!(
                    verify_inclusion(index as u64, size as u64, leaf, &proof, &root),
                    "{index} of {size}"
                );
            }
            assert_eq!(inclusion_proof(size, &leaves), None);
        }
    }

    #[test]
    fn a_cleared_tree_is_an_empty_one() {
        let mut tree = Tree::default();
        leaves(5).into_iter().for_each(|leaf| tree.push(leaf));
        tree.clear();
        assert_eq!(tree.root(), root(&[]));
    }

    proptest! {
        #[test]
        fn a_proof_with_anything_changed_proves_nothing(
            size in 2..200usize, index: prop::sample::Index, bit in 0..256usize, which: prop::sample::Index,
        ) {
            let leaves = leaves(size);
            let (index, root) = (index.index(size), root(&leaves));
            let proof = inclusion_proof(index, &leaves).unwrap();
            let (at, leaf, of) = (index as u64, &leaves[index], size as u64);
            prop_assert!(!verify_inclusion(at, of, &flip(leaf, bit), &proof, &root));
            prop_assert!(!verify_inclusion(at, of, leaf, &proof, &flip(&root, bit)));
            prop_assert!(!verify_inclusion(at, of, leaf, &proof[1..], &root));
            prop_assert!(!verify_inclusion(of, of, leaf, &proof, &root));
            let mut changed = proof.clone();
            let which = which.index(proof.len());
            changed[which] = flip(&proof[which], bit);
            prop_assert!(!verify_inclusion(at, of, leaf, &changed, &root));
            changed.clone_from(&proof);
            changed.push(root);
            prop_assert!(!verify_inclusion(at, of, leaf, &changed, &root));
            let mut elsewhere = (0..of).filter(|other| *other != at);
            prop_assert!(elsewhere.all(|other| !verify_inclusion(other, of, leaf, &proof, &root)));
        }
    }
}
