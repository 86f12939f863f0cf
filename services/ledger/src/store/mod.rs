//! All SQL of the ledger, one statement a function: `heads` (whose turn it is, and where the journal ends), `accounts`,
//! `journal` (pieces, and walking an account's chain), `index` (where ids stand), `holds`, `transactions` (with what went
//! back of them, payments and sealed periods). No decisions are taken here.

mod accounts;
mod heads;
mod holds;
mod index;
mod journal;
mod transactions;

use std::sync::LazyLock;

use kernel::store::{StoreError, Tx, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use accounts::{accounts, accounts_of, add_account, close, freeze, put_accounts};
pub use heads::{Head, head, move_head, projects, stop, take_turn};
pub use holds::{HoldFilter, due, holds, holds_of, projects_with_holds_due, put_holds};
pub use index::{find_in, insert_run, runs};
pub use journal::{
    Line, Places, at_time, chunks, entries_from, insert_checkpoints, insert_chunks, items, statement,
};
pub use transactions::{
    FundingRow, PaymentRow, PeriodRow, TransactionKind, TransactionRow, funding, insert_period,
    insert_transaction, last_period, note_reversed, payment, periods, put_funding, put_payment, reversed,
    transaction, transaction_at, transaction_by_reference, transactions,
};

/// A statement that ends in a list of keys, for a few of them and for many: what is left of the places stays empty.
struct Naming {
    few: String,
    many: String,
}

const FEW: usize = 8;
const MANY: usize = 500;

impl Naming {
    fn of(statement: &str) -> Self {
        let ending = |places: usize| {
            let places: Vec<String> = (0..places).map(|at| format!("${}", at + 2)).collect();
            format!("{statement} ({})", places.join(", "))
        };
        Self { few: ending(FEW), many: ending(MANY) }
    }

    /// The rows of all these keys, in no order; one statement for each 500.
    fn rows<T: DeserializeOwned, K: Serialize>(
        naming: &'static LazyLock<Self>,
        tx: &mut Tx<'_>,
        keys: &[K],
    ) -> Result<Vec<T>, StoreError> {
        let project = Value::of(&tx.project()?);
        let mut found = Vec::with_capacity(keys.len());
        for some in keys.chunks(MANY) {
            let (statement, places) =
                if some.len() <= FEW { (&naming.few, FEW) } else { (&naming.many, MANY) };
            let keys = some.iter().map(Value::of).chain(std::iter::repeat(Value::Null)).take(places);
            let values: Vec<Value> = std::iter::once(project.clone()).chain(keys).collect();
            found.append(&mut tx.rows(statement, &values)?);
        }
        Ok(found)
    }
}

/// A row that this code cannot have written.
fn unreadable(what: &str) -> StoreError {
    StoreError::Sql(format!("a stored {what} cannot be read").into())
}
