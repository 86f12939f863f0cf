//! All SQL of the audit trail, one statement a function: `records` (who did what, and its lists), `chain`
//! (what waits, leaves, blocks), `keeping` (retention, purges, keys of persons), `whole` (a chain as it lies
//! there, for those who trust nothing).
//!
//! No decisions are taken here. Rows come with their project named in each statement; what names none is work
//! of the system on all projects at once.

mod records;
mod chain;
mod keeping;
mod whole;

pub use chain::{
    block_of, blocks_after, blocks_before, forget_waiting, hashes, insert_blocks, insert_leaves, last_block,
    last_blocks_of_waiting, leaf_of, take_turns, waiting,
};
pub use keeping::{
    delete_records, destroy_key, insert_key, insert_purged, last_seq_sealed_by, projects_after, purged_until,
    retention, set_retention, span_of, wrapped_key,
};
pub use records::{Filter, Place, Stored, await_seal, find, insert, list};
pub use whole::{
    LeafRow, RecordRow, all_blocks, all_leaves, next_project, purges, sealed_records, unsealed_records,
};
