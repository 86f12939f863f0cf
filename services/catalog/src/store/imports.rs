//! The statements on sheets that come in.

use contracts::Timestamp;
use kernel::params;
use kernel::store::{Json, StoreError, Tx, Value};
use serde::Deserialize;

use crate::domain::ImportId;
use crate::domain::sheet::{Column, ImportState, Piece};

/// A sheet on its way in.
#[derive(Clone, Debug, Deserialize)]
pub struct Import {
    /// Which.
    pub id: ImportId,
    /// Where it stands.
    pub state: ImportState,
    /// Its columns.
    pub columns: Json<Vec<Column>>,
    /// How many rows it has.
    pub rows_total: u32,
    /// How many have been looked at.
    pub rows_done: u32,
    /// How many of these were bad.
    pub rows_failed: u32,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// What is wrong with a row of a sheet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RowError {
    /// The number of the row; that of the head is 1.
    pub row_number: u32,
    /// The column; empty where it is the whole row.
    pub column_name: String,
    /// For people.
    pub message: String,
}

#[derive(Deserialize)]
struct PieceRow {
    first_row: u32,
    text: String,
}

/// Stores a new import with its pieces.
pub fn insert_import(tx: &mut Tx<'_>, import: &Import, pieces: &[Piece]) -> Result<(), StoreError> {
    let project = tx.project()?;
    tx.run(
        "insert into imports (project_id, id, state, columns, rows_total, rows_done, rows_failed, created_at, finished_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            project,
            import.id,
            import.state,
            import.columns,
            import.rows_total,
            import.rows_done,
            import.rows_failed,
            import.created_at,
            import.finished_at
        ],
    )?;
    let values = |(number, piece): (usize, &Piece)| -> Vec<Value> {
        params![project, import.id, number, piece.first_row, piece.text].to_vec()
    };
    let rows: Vec<Vec<Value>> = pieces.iter().enumerate().map(values).collect();
    tx.run_many(
        "insert into import_pieces (project_id, import_id, number, first_row, text) values ($1, $2, $3, $4, $5)",
        &rows,
    )
    .map(drop)
}

/// One import.
pub fn import(tx: &mut Tx<'_>, id: ImportId) -> Result<Option<Import>, StoreError> {
    tx.row(
        "select id, state, columns, rows_total, rows_done, rows_failed, created_at, finished_at
         from imports where project_id = $1 and id = $2",
        params![tx.project()?, id],
    )
}

/// Stores how far an import has come.
pub fn update_import(tx: &mut Tx<'_>, import: &Import) -> Result<(), StoreError> {
    tx.run(
        "update imports set state = $3, rows_done = $4, rows_failed = $5, finished_at = $6
         where project_id = $1 and id = $2",
        params![
            tx.project()?,
            import.id,
            import.state,
            import.rows_done,
            import.rows_failed,
            import.finished_at
        ],
    )
    .map(drop)
}

/// One piece of an import that is still to be worked off.
pub fn piece(tx: &mut Tx<'_>, import: ImportId, number: u32) -> Result<Option<Piece>, StoreError> {
    let row: Option<PieceRow> = tx.row(
        "select first_row, text from import_pieces where project_id = $1 and import_id = $2 and number = $3",
        params![tx.project()?, import, number],
    )?;
    Ok(row.map(|row| Piece { first_row: row.first_row, text: row.text }))
}

/// Forgets a piece that is done.
pub fn delete_piece(tx: &mut Tx<'_>, import: ImportId, number: u32) -> Result<(), StoreError> {
    tx.run(
        "delete from import_pieces where project_id = $1 and import_id = $2 and number = $3",
        params![tx.project()?, import, number],
    )
    .map(drop)
}

/// Forgets all pieces of an import.
pub fn delete_pieces(tx: &mut Tx<'_>, import: ImportId) -> Result<(), StoreError> {
    tx.run(
        "delete from import_pieces where project_id = $1 and import_id = $2",
        params![tx.project()?, import],
    )
    .map(drop)
}

/// Keeps what is wrong with rows.
pub fn insert_errors(tx: &mut Tx<'_>, import: ImportId, errors: &[RowError]) -> Result<(), StoreError> {
    let project = tx.project()?;
    let values = |error: &RowError| -> Vec<Value> {
        params![project, import, error.row_number, error.column_name, error.message].to_vec()
    };
    let rows: Vec<Vec<Value>> = errors.iter().map(values).collect();
    tx.run_many(
        "insert into import_errors (project_id, import_id, row_number, column_name, message)
         values ($1, $2, $3, $4, $5) on conflict do nothing",
        &rows,
    )
    .map(drop)
}

/// What is wrong with rows after `after`, in their order.
pub fn errors(
    tx: &mut Tx<'_>,
    import: ImportId,
    after: &(u32, String),
    limit: u32,
) -> Result<Vec<RowError>, StoreError> {
    tx.rows(
        "select row_number, column_name, message from import_errors
         where project_id = $1 and import_id = $2 and (row_number, column_name) > ($3, $4)
         order by row_number, column_name limit $5",
        params![tx.project()?, import, after.0, after.1, limit],
    )
}
