//! Balances from the journal alone, to compare with those that are kept beside it.

use std::collections::{BTreeMap, HashMap};

use contracts::Currency;

use super::account::{Account, Balances, Side};
use super::address::Address;
use super::chunk::Chunk;
use super::entry::{Entry, Hash, Position};

/// What was found wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where: an address, a position, or the journal as a whole.
    pub place: String,
    /// What is wrong there.
    pub what: String,
}

/// A replay on its way.
#[derive(Debug, Default)]
pub struct Replay {
    position: u64,
    hash: Option<Hash>,
    seals: BTreeMap<Position, Hash>,
    accounts: HashMap<Address, Replayed>,
    entries: u64,
    differences: Vec<Difference>,
}

/// One account on the way.
#[derive(Debug, Default)]
struct Replayed {
    balances: Balances,
    head: Position,
    sequence: u64,
    /// The first entry after the last that its kept balances know.
    unknown_since: Option<Position>,
    kept: Option<Account>,
}

/// Enough to see what is wrong; a journal that is damaged as a whole would fill the memory.
const DIFFERENCES_MAX: usize = 100;

impl Replay {
    /// A replay that compares the journal with the roots of its sealed periods on the way.
    pub fn against(seals: impl IntoIterator<Item = (Position, Hash)>) -> Self {
        Self { seals: seals.into_iter().collect(), ..Self::default() }
    }

    /// Has an account compared as it is kept: with what the journal makes of it up to the last entry that it knows.
    pub fn compare(&mut self, account: Account) {
        let address = account.address.clone();
        self.accounts.entry(address).or_default().kept = Some(account);
    }

    /// Takes the next piece of the journal.
    pub fn take(&mut self, chunk: &Chunk) {
        let Ok(items) = chunk.items() else {
            return self.differs(chunk.first.0, "this piece cannot be read".to_owned());
        };
        for item in &items {
            self.position = self.position.saturating_add(1);
            if item.position().0 != self.position {
                let expected = self.position;
                self.differs(item.position().0, format!("it should stand at {expected}"));
                self.position = item.position().0;
            }
            if let Some(entry) = item.entry() {
                self.entries += 1;
                self.move_one(entry, Side::Debit);
                self.move_one(entry, Side::Credit);
            }
        }
        let hash = self.hash.unwrap_or(Hash::OF_NOTHING).after(chunk);
        self.hash = Some(hash);
        let last = chunk.last(items.len());
        if self.seals.remove(&last).is_some_and(|root| root != hash) {
            self.differs(last.0, "the period that ends here was sealed with another root".to_owned());
        }
    }

    fn move_one(&mut self, entry: &Entry, side: Side) {
        let (address, after, previous) = match side {
            Side::Debit => (&entry.debit, entry.debit_after, entry.debit_previous),
            Side::Credit => (&entry.credit, entry.credit_after, entry.credit_previous),
        };
        let (set_aside, moved) = entry.effect();
        if !self.accounts.contains_key(address) {
            self.accounts.insert(address.clone(), Replayed::default());
        }
        let Some(account) = self.accounts.get_mut(address) else { return };
        let expected = account.balances.moved(side, set_aside, moved);
        let (was, sound) = (account.head.0, expected == Some(after) && account.head == previous);
        account.balances = expected.unwrap_or(after);
        (account.head, account.sequence) = (entry.position, account.sequence.saturating_add(1));
        let mut wrong = (!sound).then(|| format!("should have {expected:?} after it, and {was} before it"));
        if let Some(kept) = &account.kept {
            if kept.head < entry.position {
                account.unknown_since.get_or_insert(entry.position);
            } else if kept.head == entry.position
                && (kept.balances, kept.sequence) != (account.balances, account.sequence)
            {
                wrong = Some(format!("is kept with other balances than {:?}", account.balances));
            }
        }
        if let Some(wrong) = wrong {
            self.differs(entry.position.0, format!("{address} {wrong}"));
        }
    }

    /// Ends the replay: where the journal ends by its own word, what its hash is, and up to where kept balances should
    /// know it.
    pub fn end(mut self, position: Position, hash: Hash, known: Position) -> Vec<Difference> {
        if position.0 != self.position {
            let found = self.position;
            self.differs("the journal", format!("it ends at {found} and should end at {}", position.0));
        }
        if self.hash.unwrap_or(Hash::OF_NOTHING) != hash {
            self.differs("the journal", "its hash is another one".to_owned());
        }
        if let Some(Position(sealed)) = self.seals.keys().next().copied() {
            self.differs("the journal", format!("a period is sealed up to {sealed}, and that entry is gone"));
        }
        let mut sums: BTreeMap<Currency, (i128, i128)> = BTreeMap::new();
        for (address, account) in std::mem::take(&mut self.accounts) {
            let Some(kept) = &account.kept else {
                self.differs(address, "the journal names it and it is not kept".to_owned());
                continue;
            };
            if kept.head > account.head || account.unknown_since.is_some_and(|since| since <= known) {
                self.differs(&address, format!("it should know the journal up to {}", known.0));
            }
            if kept.head == Position::NOWHERE && kept.balances != Balances::default() {
                self.differs(&address, "no entry led to its balances".to_owned());
            }
            if !account.balances.keep(kept.bounds) || !kept.balances.keep(kept.bounds) {
                self.differs(&address, "it is beyond its bounds".to_owned());
            }
            let (pending, posted) = sums.entry(kept.currency).or_default();
            *pending +=
                i128::from(account.balances.debits_pending) - i128::from(account.balances.credits_pending);
            *posted +=
                i128::from(account.balances.debits_posted) - i128::from(account.balances.credits_posted);
        }
        for (currency, sums) in sums {
            if sums != (0, 0) {
                self.differs(currency, format!("debits and credits are apart by {sums:?}"));
            }
        }
        self.differences
    }

    /// How many entries were taken.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    fn differs(&mut self, place: impl ToString, what: String) {
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(Difference { place: place.to_string(), what });
        }
    }
}
