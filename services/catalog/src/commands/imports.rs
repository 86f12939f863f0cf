//! Taking sheets in, a piece at a time.

use kernel::jobs::Job;
use kernel::store::{Json, Tx};
use serde::{Deserialize, Serialize};

use super::keep::keep;
use crate::domain::ImportId;
use crate::domain::intake::Intake;
use crate::domain::sheet::{BadCell, Column, ImportState, Row, Sheet};
use crate::domain::text::{Sku, Slug};
use crate::error::Error;
use crate::store::imports::{self, Import, RowError};
use crate::store::{categories, products};

/// A sheet with more bad rows is given up.
const FAILED_MAX: u32 = 10_000;
const WHY: &str = "import";

/// The next piece of a sheet is to be worked off.
#[derive(Debug, Serialize, Deserialize)]
pub struct WorkOff {
    /// The import.
    import: ImportId,
    /// Which piece of it.
    piece: u32,
}

impl Job for WorkOff {
    const KIND: &'static str = "catalog.work_off_import";
}

/// Keeps a sheet and has it worked off.
pub fn start(tx: &mut Tx<'_>, sheet: &Sheet) -> Result<Import, Error> {
    let import = Import {
        id: tx.new_id(),
        state: ImportState::Queued,
        columns: Json(sheet.columns.clone()),
        rows_total: sheet.rows,
        rows_done: 0,
        rows_failed: 0,
        created_at: tx.now(),
        finished_at: None,
    };
    imports::insert_import(tx, &import, &sheet.pieces)?;
    tx.enqueue(&WorkOff { import: import.id, piece: 0 })?;
    Ok(import)
}

/// Works off one piece: its good rows become products, its bad rows are told, and the next piece waits.
pub fn work_off(tx: &mut Tx<'_>, job: &WorkOff) -> Result<(), Error> {
    let Some(mut import) = imports::import(tx, job.import)? else { return Ok(()) };
    let Some(piece) = imports::piece(tx, import.id, job.piece)? else { return Ok(()) };
    let rows = piece.rows(&import.columns.0);
    let errors = take(tx, &rows)?;
    imports::insert_errors(tx, import.id, &errors)?;
    imports::delete_piece(tx, import.id, job.piece)?;
    let mut failed: Vec<u32> = errors.iter().map(|error| error.row_number).collect();
    failed.dedup();
    import.rows_done += u32::try_from(rows.len()).unwrap_or(u32::MAX);
    import.rows_failed += u32::try_from(failed.len()).unwrap_or(u32::MAX);
    import.state = match (import.rows_failed > FAILED_MAX, import.rows_done >= import.rows_total) {
        (true, _) => ImportState::Failed,
        (false, true) => ImportState::Done,
        (false, false) => ImportState::Running,
    };
    match import.state {
        ImportState::Running | ImportState::Queued => {
            tx.enqueue(&WorkOff { import: import.id, piece: job.piece + 1 })?;
        }
        ImportState::Done | ImportState::Failed => {
            import.finished_at = Some(tx.now());
            imports::delete_pieces(tx, import.id)?;
        }
    }
    imports::update_import(tx, &import)?;
    Ok(())
}

type ReadRow = (u32, Result<Row, Vec<BadCell>>);

/// Takes rows in; says what is wrong with those that are not.
fn take(tx: &mut Tx<'_>, rows: &[ReadRow]) -> Result<Vec<RowError>, Error> {
    let good = || rows.iter().filter_map(|(_, row)| row.as_ref().ok());
    let skus: Vec<&Sku> = good().map(|row| &row.sku).collect();
    let slugs: Vec<Slug> = good().filter_map(named).collect();
    let ids = products::named(tx, &skus, &slugs)?;
    let known = products::with_ids(tx, &ids)?;
    let tree = categories::tree(tx)?;
    let mut intake = Intake::into(known, &tree, tx.now());
    let mut errors = Vec::new();
    for (number, row) in rows {
        match row {
            Ok(row) => {
                let taken = intake.take(row, (tx.new_id(), tx.new_id()));
                errors.extend(taken.err().map(|bad| told(*number, bad)));
            }
            Err(cells) => errors.extend(cells.iter().map(|bad| told(*number, bad.clone()))),
        }
    }
    keep(tx, &tree, intake.revisions(), WHY)?;
    Ok(errors)
}

/// The slug that a row may find its product by.
fn named(row: &Row) -> Option<Slug> {
    row.slug.clone().or_else(|| row.title.as_ref().map(Slug::of))
}

fn told(row_number: u32, bad: BadCell) -> RowError {
    let column_name = bad.column.map(Column::name).unwrap_or_default().to_owned();
    RowError { row_number, column_name, message: bad.message }
}
