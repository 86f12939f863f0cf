//! The rules of the ledger: `address` (what accounts are called), `account` (four columns and their bounds), `transfer`
//! (what is asked for), `result` (what is answered), `entry` (what the journal holds), `chunk` (how it is written), `ids`
//! (where ids stand in it), `state` (the accounts that batches touch), `machine` (how transfers move them), `replay`
//! (balances from the journal alone), `reversing`, `payment` (how far the money of a payment between wallets has come).
//!
//! The same batch on the same state gives the same answers and the same entries, whenever and wherever it is applied.

mod account;
mod address;
mod chunk;
mod entry;
mod ids;
mod machine;
mod payment;
mod replay;
mod result;
mod reversing;
mod state;
mod transfer;

#[cfg(test)]
mod tests;

pub use account::{Account, Balances, Bounds};
pub use address::{Address, Reference, Role, Text};
pub use chunk::{CHUNK_ITEMS, Chunk};
pub use entry::{Act, Checkpoint, Entry, Hash, Hold, HoldStatus, Item, Position, hex};
pub use ids::{IdPage, Ids, Run};
pub use machine::{apply, expire};
pub use payment::{FundingState, News, PaymentState, Step, legs_of};
pub use replay::{Difference, Replay};
pub use result::LedgerResult;
pub use reversing::{NotReversible, back, undo};
pub use state::{Broken, Outcome, State};
pub use transfer::{Phase, Sides, Transfer};

/// As many transfers as one batch holds at most.
pub const BATCH_MAX: usize = 8_190;
