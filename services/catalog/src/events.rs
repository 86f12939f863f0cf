//! What orders do with goods moves their stock.

use contracts::events::commerce::StockMoved;
use kernel::events::Heard;
use kernel::store::Tx;

use crate::commands::stock;
use crate::error::Error;

/// An order held goods, gave them back or sent them out: stock follows.
pub fn on_stock_moved(tx: &mut Tx<'_>, heard: &Heard<'_, StockMoved>) -> Result<(), Error> {
    stock::follow(tx, &heard.data, heard.at)
}
