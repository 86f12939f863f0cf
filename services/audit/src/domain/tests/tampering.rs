//! Each way to tamper with stored rows, and the place that the verifier must name.

use proptest::sample::Index;

use super::*;

fn flip_bytes<const N: usize>(bytes: &[u8; N], bit: usize) -> [u8; N] {
    let mut bytes = *bytes;
    bytes[bit / 8 % N] ^= 1 << (bit % 8);
    bytes
}

fn flip_hash(hash: &mut Hash, bit: usize) {
    *hash = Hash::from_bytes(flip_bytes(hash.as_bytes(), bit));
}

/// Flips one of the low bits, which make another number of the same history, or a high one.
fn flip_number(number: &mut u64, bit: usize) {
    *number ^= 1 << [0, 1, 2, 3, 4, 5, 31, 62][bit % 8];
}

fn flip_time(time: &mut Timestamp, bit: usize) {
    // Higher bits leave the years that a time can name; the store refuses such a row.
    *time = Timestamp::from_micros(time.as_micros() ^ 1 << (bit % 48));
}

/// Flips a bit of a letter, below the eighth, so that the text stays text.
fn flip_text(text: &mut String, bit: usize) {
    let mut bytes = text.clone().into_bytes();
    let at = bit / 7 % bytes.len();
    bytes[at] ^= 1 << (bit % 7);
    *text = String::from_utf8(bytes).unwrap();
}

fn flip_optional(text: &mut Option<String>, bit: usize) {
    match text {
        Some(text) => flip_text(text, bit),
        None => *text = Some(String::new()),
    }
}

fn next_class(class: Class) -> Class {
    Class::ALL[(class as usize + 1) % 3]
}

/// The columns of a record after its project and id.
const RECORD_COLUMNS: usize = 13;

fn flip_record(record: &mut Record, column: usize, bit: usize) {
    match column {
        0 => flip_time(&mut record.occurred_at, bit),
        1 => flip_time(&mut record.recorded_at, bit),
        2 => record.class = next_class(record.class),
        3 => record.outcome = Outcome::ALL[(record.outcome as usize + 1 + bit % 2) % 3],
        4 => flip_text(&mut record.actor, bit),
        5 => flip_text(&mut record.action, bit),
        6 => flip_text(&mut record.object_kind, bit),
        7 => flip_text(&mut record.object_id, bit),
        8 => flip_text(&mut record.source, bit),
        9 => flip_text(&mut record.correlation_id, bit),
        10 => flip_optional(&mut record.causation, bit),
        11 => flip_optional(&mut record.subject, bit),
        _ => flip_text(&mut record.details, bit),
    }
}

/// An index into `records` of one that is sealed, and the number of its entry.
fn sealed_record(rows: &History, which: Index) -> (usize, u64) {
    let sealed = rows.records.iter().enumerate().filter_map(|(at, record)| {
        rows.leaves.iter().find(|leaf| leaf.record_id == record.id).map(|leaf| (at, leaf.seq))
    });
    *which.get(&sealed.collect::<Vec<_>>())
}

/// Whether the record bears witness for others, which are then found missing before it is reached.
fn is_witness(record: &Record) -> bool {
    record.action == PURGED
}

/// The number of the entry that a finding names.
fn place_of(finding: &Finding) -> Option<u64> {
    match finding {
        Finding::RecordAltered { seq, .. }
        | Finding::RecordMissing { seq, .. }
        | Finding::RecordPurgedEarly { seq, .. }
        | Finding::RecordUnsound { seq, .. } => Some(*seq),
        _ => None,
    }
}

/// The finding is the expected one, or comes before it since the witness for earlier records is gone.
fn check(found: Option<Finding>, expected: Finding, lost_witness: bool) {
    if lost_witness {
        let place = found.as_ref().and_then(place_of);
        assert!(place.is_some_and(|seq| Some(seq) <= place_of(&expected)), "{found:?}");
    } else {
        assert_eq!(found, Some(expected));
    }
}

/// Writes the history anew from the block that holds entry `seq`, with `key` under its own name.
fn rebuild(rows: &mut History, seq: u64, key: usize, key_id: &str) -> u64 {
    let from = rows.blocks.iter().position(|block| seq <= block.last_seq).unwrap();
    let mut head = match from {
        0 => Head::genesis(project()),
        at => Head::after(&rows.blocks[at - 1]),
    };
    for at in from..rows.blocks.len() {
        let old = rows.blocks[at].clone();
        let span = old.first_seq as usize - 1..old.last_seq as usize;
        for at in span.clone() {
            rows.leaves[at] = match rows.find(rows.leaves[at].record_id).cloned() {
                Some(record) => head.append(&record),
                // Of a record that is gone the leaf hash is all that is left to chain.
                None => head.relink(&rows.leaves[at]),
            };
        }
        let previous = at.checked_sub(1).map(|before| &rows.blocks[before]);
        let block = Block::seal(project(), previous, &rows.leaves[span], old.sealed_at).unwrap();
        rows.blocks[at] = sign(block, key_id, key);
    }
    rows.blocks[from].number
}

proptest! {
    #[test]
    fn a_flipped_bit_in_a_record_is_found(
        steps in honest_steps(), which: Index, column in 0..RECORD_COLUMNS, bit in 0..4096usize,
    ) {
        let mut rows = World::after(&steps).rows;
        let (at, seq) = sealed_record(&rows, which);
        let (id, lost) = (rows.records[at].id, is_witness(&rows.records[at]));
        flip_record(&mut rows.records[at], column, bit);
        check(rows.first_bad(&[]), Finding::RecordAltered { seq, id }, lost);
    }

    #[test]
    fn a_record_given_another_id_or_project_is_found_missing(
        steps in honest_steps(), which: Index, bit in 0..128usize, by_id: bool,
    ) {
        let mut rows = World::after(&steps).rows;
        let (at, seq) = sealed_record(&rows, which);
        let record = &mut rows.records[at];
        let (id, lost) = (record.id, is_witness(record));
        if by_id {
            record.id = AuditRecordId::from_u128(id.as_u128() ^ 1 << bit);
        } else {
            record.project_id = ProjectId::from_u128(project().as_u128() ^ 1 << bit);
        }
        check(rows.first_bad(&[]), Finding::RecordMissing { seq, id }, lost);
    }

    #[test]
    fn a_deleted_record_is_found(steps in honest_steps(), which: Index) {
        let mut rows = World::after(&steps).rows;
        let (at, seq) = sealed_record(&rows, which);
        let record = rows.records.remove(at);
        check(rows.first_bad(&[]), Finding::RecordMissing { seq, id: record.id }, is_witness(&record));
    }

    #[test]
    fn two_swapped_records_are_found(steps in honest_steps(), one: Index, other: Index) {
        let mut rows = World::after(&steps).rows;
        let ((a, seq), (b, other)) = (sealed_record(&rows, one), sealed_record(&rows, other));
        prop_assume!(seq < other);
        let lost = is_witness(&rows.records[a]) || is_witness(&rows.records[b]);
        let (id, other_id) = (rows.records[a].id, rows.records[b].id);
        rows.records.swap(a, b);
        (rows.records[a].id, rows.records[b].id) = (id, other_id);
        check(rows.first_bad(&[]), Finding::RecordAltered { seq, id }, lost);
    }

    #[test]
    fn a_flipped_bit_in_an_entry_is_found(
        steps in honest_steps(), which: Index, column in 0..5, bit in 0..256usize,
    ) {
        let mut rows = World::after(&steps).rows;
        let at = which.index(rows.leaves.len());
        let leaf = &mut rows.leaves[at];
        let seq = leaf.seq;
        let mut expected = Finding::LeafAltered { seq };
        match column {
            0 => flip_hash(&mut leaf.leaf, bit),
            1 => flip_hash(&mut leaf.chain, bit),
            2 => leaf.class = next_class(leaf.class),
            3 => leaf.record_id = AuditRecordId::from_u128(leaf.record_id.as_u128() ^ 1 << (bit % 128)),
            _ => {
                flip_number(&mut leaf.seq, bit);
                let is_later = leaf.seq > seq;
                let early = Finding::LeafOutOfOrder { seq: leaf.seq };
                expected = if is_later { Finding::LeafMissing { seq } } else { early };
            }
        }
        prop_assert_eq!(rows.first_bad(&[]), Some(expected));
    }

    #[test]
    fn a_deleted_entry_is_found(steps in honest_steps(), which: Index) {
        let mut rows = World::after(&steps).rows;
        let leaf = rows.leaves.remove(which.index(rows.leaves.len()));
        prop_assert_eq!(rows.first_bad(&[]), Some(Finding::LeafMissing { seq: leaf.seq }));
    }

    #[test]
    fn two_swapped_entries_are_found(steps in honest_steps(), one: Index, other: Index) {
        let mut rows = World::after(&steps).rows;
        let (a, b) = (one.index(rows.leaves.len()), other.index(rows.leaves.len()));
        prop_assume!(a < b);
        let (seq, other) = (rows.leaves[a].seq, rows.leaves[b].seq);
        (rows.leaves[a].seq, rows.leaves[b].seq) = (other, seq);
        prop_assert_eq!(rows.first_bad(&[]), Some(Finding::LeafAltered { seq }));
    }

    #[test]
    fn a_flipped_bit_in_a_block_is_found(
        steps in honest_steps(), which: Index, column in 0..11, bit in 0..512usize,
    ) {
        let mut rows = World::after(&steps).rows;
        let at = which.index(rows.blocks.len());
        let block = &mut rows.blocks[at];
        let (number, mut expected) = (block.number, Finding::BlockAltered { number: block.number });
        match column {
            0 => block.project_id = ProjectId::from_u128(project().as_u128() ^ 1 << (bit % 128)),
            1 => flip_number(&mut block.first_seq, bit),
            2 => flip_number(&mut block.last_seq, bit),
            3 => flip_hash(&mut block.root, bit),
            4 => flip_hash(&mut block.head, bit),
            5 => flip_hash(&mut block.previous, bit),
            6 => flip_hash(&mut block.hash, bit),
            7 => flip_time(&mut block.sealed_at, bit),
            8 => {
                flip_text(&mut block.key_id, bit);
                expected = Finding::BlockForged { number, key_id: block.key_id.clone() };
            }
            9 => {
                block.signature = Signature::from_bytes(flip_bytes(block.signature.as_bytes(), bit));
                expected = Finding::BlockForged { number, key_id: block.key_id.clone() };
            }
            _ => {
                flip_number(&mut block.number, bit);
                let early = Finding::BlockAltered { number: block.number };
                expected = if block.number > number { Finding::BlockMissing { number } } else { early };
            }
        }
        prop_assert_eq!(rows.first_bad(&[]), Some(expected));
    }

    #[test]
    fn a_deleted_block_is_found(steps in honest_steps(), which: Index) {
        let mut rows = World::after(&steps).rows;
        let block = rows.blocks.remove(which.index(rows.blocks.len()));
        let is_last = rows.blocks.last().is_none_or(|last| last.number < block.number);
        let tail = Finding::LeafUnsealed { seq: block.first_seq };
        let expected = if is_last { tail } else { Finding::BlockMissing { number: block.number } };
        prop_assert_eq!(rows.first_bad(&[]), Some(expected));
    }

    #[test]
    fn two_swapped_blocks_are_found(steps in honest_steps(), one: Index, other: Index) {
        let mut rows = World::after(&steps).rows;
        let (a, b) = (one.index(rows.blocks.len()), other.index(rows.blocks.len()));
        prop_assume!(a < b);
        let (number, other) = (rows.blocks[a].number, rows.blocks[b].number);
        (rows.blocks[a].number, rows.blocks[b].number) = (other, number);
        prop_assert_eq!(rows.first_bad(&[]), Some(Finding::BlockAltered { number }));
    }

    #[test]
    fn a_tail_cut_off_the_entries_is_found(steps in honest_steps(), which: Index) {
        let mut rows = World::after(&steps).rows;
        let kept = which.index(rows.leaves.len());
        rows.leaves.truncate(kept);
        prop_assert_eq!(rows.first_bad(&[]), Some(Finding::LeafMissing { seq: kept as u64 + 1 }));
    }

    #[test]
    fn a_tail_cut_off_without_a_trace_is_found_by_what_was_published(steps in honest_steps(), which: Index) {
        let mut rows = World::after(&steps).rows;
        let published = rows.blocks.clone();
        let kept = which.index(rows.blocks.len());
        rows.blocks.truncate(kept);
        let last_seq = rows.blocks.last().map_or(0, |block| block.last_seq);
        rows.leaves.truncate(last_seq as usize);
        let before = rows.records.len();
        let is_kept = |record: &Record| rows.leaves.iter().any(|leaf| leaf.record_id == record.id);
        let lost = rows.records.iter().any(|record| is_witness(record) && !is_kept(record));
        rows.records.retain(is_kept);
        prop_assert!(rows.records.len() < before);
        let found = rows.first_bad(&published[published.len() - 1..]);
        let expected = Finding::BlockMissing { number: kept as u64 + 1 };
        let is_missing = matches!(found, Some(Finding::RecordMissing { .. }));
        prop_assert!(found == Some(expected) || lost && is_missing, "{:?}", found);
    }

    #[test]
    fn a_chain_rebuilt_with_another_key_is_found(steps in honest_steps(), which: Index) {
        let mut rows = World::after(&steps).rows;
        let (at, seq) = sealed_record(&rows, which);
        rows.records[at].actor = "user:nobody".into();
        let number = rebuild(&mut rows, seq, 2, "k1");
        let key_id = "k1".into();
        prop_assert_eq!(rows.first_bad(&[]), Some(Finding::BlockForged { number, key_id }));
    }

    #[test]
    fn a_chain_rebuilt_with_the_true_key_is_found_by_what_was_published(
        steps in honest_steps(), which: Index,
    ) {
        let mut rows = World::after(&steps).rows;
        let published = rows.blocks.clone();
        let (at, seq) = sealed_record(&rows, which);
        rows.records[at].actor = "user:nobody".into();
        let number = rebuild(&mut rows, seq, 0, "k1");
        prop_assert_eq!(rows.first_bad(&[]), None, "the key alone cannot tell");
        prop_assert_eq!(rows.first_bad(&published), Some(Finding::BlockReplaced { number }));
    }

    #[test]
    fn entries_rebuilt_under_their_old_block_are_found(steps in honest_steps(), which: Index) {
        let mut rows = World::after(&steps).rows;
        let blocks = rows.blocks.clone();
        let (at, seq) = sealed_record(&rows, which);
        rows.records[at].actor = "user:nobody".into();
        rebuild(&mut rows, seq, 0, "k1");
        rows.blocks = blocks;
        let block = rows.blocks.iter().find(|block| seq <= block.last_seq).unwrap();
        let &Block { number, first_seq, last_seq, .. } = block;
        prop_assert_eq!(rows.first_bad(&[]), Some(Finding::BlockBroken { number, first_seq, last_seq }));
    }
}

#[test]
fn a_record_sealed_twice_is_found() {
    let mut world =
        World::after(&[Step::Record(Class::Operational), Step::Record(Class::Financial), Step::Seal]);
    let record = world.rows.records[0].clone();
    let again = world.head.append(&record);
    let block = Block::seal(project(), world.rows.blocks.last(), &[again], world.now).unwrap();
    world.rows.blocks.push(sign(block, "k1", 0));
    world.rows.leaves.push(again);
    assert_eq!(world.rows.first_bad(&[]), Some(Finding::RecordTwice { seq: 3, id: record.id }));
}

#[test]
fn an_entry_that_names_another_class_or_record_than_it_stands_for_is_found() {
    let world = World::after(&[Step::Record(Class::Financial)]);
    let record = &world.rows.records[0];
    let honest = world.head.clone().append(record);
    for (class, apart) in [(Class::Operational, 0), (Class::Financial, 1)] {
        let record_id = AuditRecordId::from_u128(record.id.as_u128() + apart);
        let leaf = Head::genesis(project()).relink(&Leaf { class, record_id, ..honest });
        let block = Block::seal(project(), None, &[leaf], world.now).unwrap();
        let mut verifier = Verifier::new(project(), &is_trusted, Retention::default(), &[], Vec::new());
        verifier.block(&sign(block, "k1", 0));
        verifier.leaf(&leaf, Kept::Present(record));
        assert_eq!(verifier.first_bad(), Some(&Finding::RecordAltered { seq: 1, id: record_id }));
    }
}

#[test]
fn a_sound_block_of_another_history_is_found() {
    let mut world = World::after(&[Step::Record(Class::Operational), Step::Seal]);
    let mut other = world.clone();
    other.rows.records[0].actor = "user:nobody".into();
    rebuild(&mut other.rows, 1, 0, "k1");
    for world in [&mut world, &mut other] {
        world.step(&Step::Record(Class::Financial));
        world.seal();
    }
    world.rows.blocks[1] = other.rows.blocks[1].clone();
    assert_eq!(world.rows.first_bad(&[]), Some(Finding::BlockDetached { number: 2 }));
}

/// A change to a block, which the sealer itself then signs.
type Slip = fn(&mut Block);

#[test]
fn a_block_that_its_own_sealer_got_wrong_is_found() {
    let detached = Finding::BlockDetached { number: 2 };
    let broken = Finding::BlockBroken { number: 2, first_seq: 2, last_seq: 3 };
    let slips: [(Slip, Finding); 5] = [
        (|block| block.first_seq += 1, detached.clone()),
        (|block| block.last_seq = block.first_seq - 1, detached.clone()),
        (|block| block.previous = block.root, detached),
        (|block| block.root = block.previous, broken.clone()),
        (|block| block.head = block.previous, broken),
    ];
    let record = || Step::Record(Class::Operational);
    let rows = World::after(&[record(), Step::Seal, record(), record(), Step::Seal]).rows;
    for (slip, expected) in slips {
        let mut rows = rows.clone();
        slip(&mut rows.blocks[1]);
        rows.blocks[1].hash = rows.blocks[1].computed_hash();
        let signature = KEYS[0].sign(rows.blocks[1].hash.as_bytes());
        rows.blocks[1].signature = Signature::try_from(signature.as_ref()).unwrap();
        assert_eq!(rows.first_bad(&[]), Some(expected));
    }
}

#[test]
fn a_published_block_vouches_only_for_what_it_says() {
    let rows = World::after(&[Step::Record(Class::Operational), Step::Seal]).rows;
    let mut damaged = rows.blocks[0].clone();
    flip_hash(&mut damaged.root, 1);
    assert_eq!(rows.first_bad(&[damaged]), Some(Finding::BlockReplaced { number: 1 }));
    let foreign = Block { project_id: ProjectId::from_u128(8), ..rows.blocks[0].clone() };
    let report = rows.verify(&[foreign]);
    assert_eq!((report.published, report.first_bad), (0, None), "another project's block says nothing");
}

#[test]
fn a_row_that_cannot_be_read_is_the_place() {
    let rows = World::after(&[Step::Record(Class::Operational), Step::Seal]).rows;
    let mut verifier = Verifier::new(project(), &is_trusted, Retention::default(), &[], Vec::new());
    verifier.block(&rows.blocks[0]);
    verifier.leaf(&rows.leaves[0], Kept::Unreadable);
    let expected = Finding::RecordAltered { seq: 1, id: rows.leaves[0].record_id };
    assert_eq!(verifier.first_bad(), Some(&expected));
    verifier.found(Finding::BlockMissing { number: 2 });
    let report = verifier.finish(start(), Duration::ZERO);
    assert_eq!(report.first_bad, Some(expected), "the first place stays the first");
}
