//! How the journal is written: pieces of up to 64 items as bytes, each chained to all before it by its hash.
//!
//! A piece is what one row holds, so that a batch of thousands is a few hundred rows, and one item is read with one row.

use contracts::{Currency, Id, Timestamp, TransactionId, WalletPaymentId};
use ring::digest::{Context, SHA256};

use super::account::Balances;
use super::address::Address;
use super::entry::{Act, Entry, Hash, Item, Position, Refusal};
use super::result::LedgerResult;

/// As many items as one piece has at most.
pub const CHUNK_ITEMS: usize = 64;
/// As many bytes as go on one page of a SQLite file, beside the row's other columns.
const CHUNK_BYTES: usize = 3_900;

/// Consecutive items that were made at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where its first item stands.
    pub first: Position,
    /// When they were made.
    pub at: Timestamp,
    /// The items as bytes.
    pub body: Vec<u8>,
}

/// A piece that this code cannot have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a piece of the journal cannot be read")]
pub struct BadChunk;

const ACT: u8 = 0x07;
const REFUSED: u8 = 0x06;
const WITH_FLAGS: u8 = 0x10;
const WITH_PENDING: u8 = 0x20;
const WITH_PAYMENT: u8 = 0x40;

impl Hash {
    /// The hash of a journal that goes on with this piece.
    pub fn after(self, chunk: &Chunk) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(&self.0);
        context.update(&chunk.first.0.to_be_bytes());
        context.update(&chunk.at.as_micros().to_be_bytes());
        context.update(&chunk.body);
        let mut after = [0; 32];
        after.copy_from_slice(context.finish().as_ref());
        Self(after)
    }
}

impl Chunk {
    /// Items as pieces, in their order.
    pub fn all_of(items: &[Item]) -> Vec<Self> {
        let (mut pieces, mut begun): (Vec<Self>, Option<(Self, usize)>) = (Vec::new(), None);
        for item in items {
            let (mut piece, count) = begun.take().unwrap_or_else(|| (Self::at(item), 0));
            let start = piece.body.len();
            write_item(&mut piece.body, item);
            begun = if count == CHUNK_ITEMS || (count > 0 && piece.body.len() > CHUNK_BYTES) {
                let mut next = Self::at(item);
                next.body.extend_from_slice(&piece.body[start..]);
                piece.body.truncate(start);
                pieces.push(piece);
                Some((next, 1))
            } else {
                Some((piece, count + 1))
            };
        }
        pieces.extend(begun.map(|(piece, _)| piece));
        pieces
    }

    /// A piece that begins with an item.
    fn at(item: &Item) -> Self {
        let at = match item {
            Item::Entry(entry) => entry.at,
            Item::Refusal(refusal) => refusal.at,
        };
        Self { first: item.position(), at, body: Vec::with_capacity(CHUNK_BYTES + 512) }
    }

    /// The items.
    pub fn items(&self) -> Result<Vec<Item>, BadChunk> {
        let mut from = Reading(&self.body);
        let (mut items, mut position) = (Vec::with_capacity(CHUNK_ITEMS), self.first);
        while !from.0.is_empty() {
            items.push(from.item(position, self.at)?);
            position = position.next();
        }
        Ok(items)
    }

    /// The last item's place, where it has so many.
    pub fn last(&self, items: usize) -> Position {
        Position(self.first.0.saturating_add(items as u64).saturating_sub(1))
    }
}

fn write_item(to: &mut Vec<u8>, item: &Item) {
    match item {
        Item::Entry(entry) => write_entry(to, entry),
        Item::Refusal(refusal) => {
            to.push(REFUSED);
            to.extend_from_slice(&refusal.id.as_u128().to_be_bytes());
            write_text(to, refusal.why.as_str());
        }
    }
}

fn write_entry(to: &mut Vec<u8>, entry: &Entry) {
    let act = match entry.act {
        Act::Transfer => 1,
        Act::Pending => 2,
        Act::Post => 3,
        Act::Void => 4,
        Act::Expire => 5,
    };
    let with = |bit: u8, is_there: bool| if is_there { bit } else { 0 };
    to.push(
        act | with(WITH_FLAGS, entry.flags != 0)
            | with(WITH_PENDING, entry.pending_id.is_some())
            | with(WITH_PAYMENT, entry.payment.is_some()),
    );
    to.extend_from_slice(&entry.id.as_u128().to_be_bytes());
    to.extend_from_slice(entry.currency.code().as_bytes());
    write_number(to, entry.code.into());
    write_signed(to, entry.amount);
    write_text(to, entry.debit.as_str());
    write_text(to, entry.credit.as_str());
    for previous in [entry.debit_previous, entry.credit_previous] {
        write_number(to, previous.0);
    }
    for of in [&entry.debit_after, &entry.credit_after] {
        for column in [of.debits_pending, of.debits_posted, of.credits_pending, of.credits_posted] {
            write_signed(to, column);
        }
    }
    if entry.flags != 0 {
        write_number(to, entry.flags.into());
    }
    if let Some(pending) = entry.pending_id {
        to.extend_from_slice(&pending.as_u128().to_be_bytes());
        write_signed(to, entry.released);
    }
    if let Some(payment) = entry.payment {
        to.extend_from_slice(&payment.as_u128().to_be_bytes());
    }
}

/// Seven bits a byte, the lowest first: most numbers are small.
fn write_number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn write_signed(to: &mut Vec<u8>, number: i64) {
    write_number(to, number.cast_unsigned());
}

fn write_text(to: &mut Vec<u8>, text: &str) {
    write_number(to, text.len() as u64);
    to.extend_from_slice(text.as_bytes());
}

/// What is left to be read.
struct Reading<'b>(&'b [u8]);

impl<'b> Reading<'b> {
    fn item(&mut self, position: Position, at: Timestamp) -> Result<Item, BadChunk> {
        let head = self.byte()?;
        let id = TransactionId::from_u128(self.wide()?);
        let act = match head & ACT {
            1 => Act::Transfer,
            2 => Act::Pending,
            3 => Act::Post,
            4 => Act::Void,
            5 => Act::Expire,
            REFUSED => {
                let why = LedgerResult::named(self.text()?).ok_or(BadChunk)?;
                return Ok(Item::Refusal(Refusal { position, id, why, at }));
            }
            _ => return Err(BadChunk),
        };
        let currency = std::str::from_utf8(self.take(3)?).ok().and_then(|code| code.parse().ok());
        let currency: Currency = currency.ok_or(BadChunk)?;
        let (code, amount) = (self.short()?, self.signed()?);
        let (debit, credit) = (self.address()?, self.address()?);
        let (debit_previous, credit_previous) = (Position(self.number()?), Position(self.number()?));
        let (debit_after, credit_after) = (self.balances()?, self.balances()?);
        let flags = if head & WITH_FLAGS == 0 { 0 } else { self.short()? };
        let (pending_id, released) = match head & WITH_PENDING {
            0 => (None, 0),
            _ => (Some(TransactionId::from_u128(self.wide()?)), self.signed()?),
        };
        let payment = match head & WITH_PAYMENT {
            0 => None,
            _ => Some(WalletPaymentId::from_u128(self.wide()?)),
        };
        Ok(Item::Entry(Entry {
            position,
            id,
            act,
            debit,
            credit,
            amount,
            released,
            currency,
            code,
            flags,
            pending_id,
            payment,
            at,
            debit_previous,
            credit_previous,
            debit_after,
            credit_after,
        }))
    }

    fn take(&mut self, bytes: usize) -> Result<&'b [u8], BadChunk> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(BadChunk)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, BadChunk> {
        let (byte, rest) = self.0.split_first().ok_or(BadChunk)?;
        self.0 = rest;
        Ok(*byte)
    }

    fn wide(&mut self) -> Result<u128, BadChunk> {
        let bytes = self.take(16)?.try_into().map_err(|_| BadChunk)?;
        Ok(u128::from_be_bytes(bytes))
    }

    fn number(&mut self) -> Result<u64, BadChunk> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(BadChunk)
    }

    fn signed(&mut self) -> Result<i64, BadChunk> {
        self.number().map(u64::cast_signed)
    }

    fn short(&mut self) -> Result<u16, BadChunk> {
        u16::try_from(self.number()?).map_err(|_| BadChunk)
    }

    fn text(&mut self) -> Result<&'b str, BadChunk> {
        let length = usize::try_from(self.number()?).map_err(|_| BadChunk)?;
        std::str::from_utf8(self.take(length)?).map_err(|_| BadChunk)
    }

    fn address(&mut self) -> Result<Address, BadChunk> {
        self.text()?.parse().map_err(|_| BadChunk)
    }

    fn balances(&mut self) -> Result<Balances, BadChunk> {
        Ok(Balances {
            debits_pending: self.signed()?,
            debits_posted: self.signed()?,
            credits_pending: self.signed()?,
            credits_posted: self.signed()?,
        })
    }
}
