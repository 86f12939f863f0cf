//! What a sheet says, row by row.

use super::*;

fn rows(text: &str) -> Vec<(u32, Result<Row, Vec<BadCell>>)> {
    let sheet = Sheet::read(text).unwrap();
    sheet.pieces.iter().flat_map(|piece| piece.rows(&sheet.columns)).collect()
}

#[test]
fn the_head_names_known_columns_once_and_the_sku() {
    let bad = |text: &str| Sheet::read(text).unwrap_err().to_string();
    assert!(bad("").contains("empty"));
    assert!(bad("sku,colour\na,b\n").contains("`colour`"));
    assert!(bad("sku,sku\na,b\n").contains("twice"));
    assert!(bad("title\na\n").contains("`sku` is missing"));
    assert!(bad("sku\n\n\n").contains("no rows"));
    assert!(bad("sku\n\"a\n").contains("row 2"));
    assert_eq!(Sheet::read(" SKU ,Title\na,b\n").unwrap().columns, [Column::Sku, Column::Title]);
}

#[test]
fn rows_have_the_numbers_that_a_spreadsheet_shows_and_blank_ones_say_nothing() {
    let found = rows("sku\na\n\nb\n");
    let numbers: Vec<u32> = found.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [2, 4]);
}

#[test]
fn each_bad_cell_is_told_by_its_column() {
    let found = rows("sku,price,currency,on_hand,status,image_url\n=a,1.234,INR,-1,sold,ftp://x\nb,1,,,,\n");
    let columns = |at: usize| -> Vec<_> {
        let bad = found[at].1.as_ref().unwrap_err();
        bad.iter().map(|cell| cell.column.map(Column::name).unwrap_or_default()).collect()
    };
    assert_eq!(columns(0), ["sku", "price", "on_hand", "image_url", "status"]);
    assert_eq!(columns(1), ["currency"]);
    assert_eq!(rows("sku,title\na\n")[0].1.as_ref().unwrap_err()[0].column, None);
}

#[test]
fn an_empty_cell_takes_away_what_can_be_taken_away() {
    let found = rows("sku,title,category,image_url,description,variant_title\na,,,,,\n");
    let row = found[0].1.clone().unwrap();
    assert_eq!((row.title, row.category, row.image_url), (None, Some(None), Some(None)));
    assert_eq!(row.description, Some(Description::none()));
    assert_eq!(row.variant_title, Some(VariantTitle::none()));
    let found = rows("sku\na\n");
    assert_eq!(found[0].1.clone().unwrap().category, None);
}

#[test]
fn a_long_sheet_is_cut_into_pieces_at_its_rows() {
    let text = format!("sku\n{}", "a\n".repeat(450));
    let sheet = Sheet::read(&text).unwrap();
    let firsts: Vec<u32> = sheet.pieces.iter().map(|piece| piece.first_row).collect();
    assert_eq!((sheet.rows, firsts), (450, vec![2, 202, 402]));
    assert!(Sheet::read(&format!("sku\n{}", "a\n".repeat(ROWS_MAX as usize))).is_err());
}
