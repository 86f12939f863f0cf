//! Random histories of every operation, against an oracle that knows nothing but the list of what was done.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::books::*;
use crate::domain::*;

/// What was done, as people would write it down.
#[derive(Clone, Debug)]
enum Deed {
    Moved { from: usize, to: usize, amount: i64 },
    Held { id: u128, from: usize, to: usize, amount: i64, due_s: Option<i64> },
    Ended { id: u128, moved: i64, released: i64, last: bool },
}

/// What somebody wants.
#[derive(Clone, Debug)]
enum Wish {
    Transfer { id: u128, from: usize, to: usize, amount: i64, takes_what_there_is: bool },
    Hold { id: u128, from: usize, to: usize, amount: i64, timeout_s: u32 },
    Post { id: u128, pending: u128, amount: Option<i64>, keeps_rest: bool },
    Void { id: u128, pending: u128 },
}

#[derive(Clone, Debug)]
enum Step {
    Batch(Vec<(Wish, bool)>),
    Wait(i64),
}

const NAMES: [&str; 4] = ["a", "b", "till", "world"];

#[derive(Clone, Debug, Default)]
struct Oracle {
    deeds: Vec<Deed>,
    used: BTreeSet<u128>,
    refused: BTreeSet<u128>,
}

impl Oracle {
    /// Recounted from the first deed, every time.
    fn columns(&self, account: usize) -> [i64; 4] {
        let mut columns = [0; 4];
        for deed in &self.deeds {
            let (from, to, pending, posted) = match deed {
                Deed::Moved { from, to, amount } => (*from, *to, 0, *amount),
                Deed::Held { from, to, amount, .. } => (*from, *to, *amount, 0),
                Deed::Ended { id, moved, released, .. } => {
                    let (from, to, ..) = self.held(*id).unwrap();
                    (from, to, -released, *moved)
                }
            };
            for (side, at) in [(from, 0), (to, 2)] {
                if side == account {
                    columns[at] += pending;
                    columns[at + 1] += posted;
                }
            }
        }
        columns
    }

    fn held(&self, wanted: u128) -> Option<(usize, usize, i64, Option<i64>)> {
        self.deeds.iter().find_map(|deed| match deed {
            Deed::Held { id, from, to, amount, due_s } if *id == wanted => {
                Some((*from, *to, *amount, *due_s))
            }
            _ => None,
        })
    }

    /// What is left of a hold that has not ended.
    fn remaining(&self, wanted: u128) -> Option<i64> {
        let (_, _, mut left, _) = self.held(wanted)?;
        for deed in &self.deeds {
            if let Deed::Ended { id, released, last, .. } = deed
                && *id == wanted
            {
                left -= released;
                if *last {
                    return None;
                }
            }
        }
        Some(left)
    }

    fn room(&self, from: usize, to: usize) -> (i64, i64) {
        let (giver, taker) = (self.columns(from), self.columns(to));
        let debit = if from < 2 { giver[3] - giver[0] - giver[1] } else { i64::MAX };
        let credit = if to == 2 { taker[1] - taker[2] - taker[3] } else { i64::MAX };
        (debit, credit)
    }

    /// Whether it can be done; if so, it is written down.
    fn wish(&mut self, wish: &Wish, now_s: i64) -> bool {
        let id = match wish {
            Wish::Transfer { id, .. }
            | Wish::Hold { id, .. }
            | Wish::Post { id, .. }
            | Wish::Void { id, .. } => *id,
        };
        if self.used.contains(&id) || self.refused.contains(&id) {
            return false;
        }
        let deed = match wish {
            Wish::Transfer { from, to, amount, takes_what_there_is, .. } => {
                let (debit, credit) = self.room(*from, *to);
                let giver = self.columns(*from);
                let there = (giver[3] - giver[0] - giver[1]).max(0);
                let amount = if *takes_what_there_is { there.min(*amount) } else { *amount };
                (from != to && amount <= debit && amount <= credit).then_some(Deed::Moved {
                    from: *from,
                    to: *to,
                    amount,
                })
            }
            Wish::Hold { from, to, amount, timeout_s, .. } => {
                let (debit, credit) = self.room(*from, *to);
                let due_s = (*timeout_s > 0).then(|| now_s + i64::from(*timeout_s));
                (from != to && *amount <= debit && *amount <= credit).then_some(Deed::Held {
                    id,
                    from: *from,
                    to: *to,
                    amount: *amount,
                    due_s,
                })
            }
            Wish::Post { pending, amount, keeps_rest, .. } => {
                self.open(*pending, id, now_s).and_then(|left| {
                    let moved = amount.unwrap_or(left);
                    let released = if *keeps_rest { moved } else { left };
                    let last = released == left;
                    (moved <= left).then_some(Deed::Ended { id: *pending, moved, released, last })
                })
            }
            Wish::Void { pending, .. } => self.open(*pending, id, now_s).map(|left| Deed::Ended {
                id: *pending,
                moved: 0,
                released: left,
                last: true,
            }),
        };
        let done = deed.is_some();
        if let Some(deed) = deed {
            self.deeds.push(deed);
            self.used.insert(id);
        }
        done
    }

    fn open(&self, pending: u128, id: u128, now_s: i64) -> Option<i64> {
        let (.., due_s) = self.held(pending)?;
        let over = due_s.is_some_and(|due_s| due_s <= now_s);
        self.remaining(pending).filter(|_| !over && pending != id)
    }

    fn expire(&mut self, now_s: i64) {
        let holds: Vec<u128> = self
            .deeds
            .iter()
            .filter_map(|deed| if let Deed::Held { id, .. } = deed { Some(*id) } else { None })
            .collect();
        for id in holds {
            let over = self.held(id).and_then(|(.., due_s)| due_s).is_some_and(|due_s| due_s <= now_s);
            if let Some(released) = self.remaining(id).filter(|_| over) {
                self.deeds.push(Deed::Ended { id, moved: 0, released, last: true });
            }
        }
    }
}

fn transfer(wish: &Wish, linked: bool) -> Transfer {
    let made = match wish {
        Wish::Transfer { id, from, to, amount, takes_what_there_is } => Transfer {
            balancing: Sides { debit: *takes_what_there_is, credit: false },
            ..pay(*id, NAMES[*from], NAMES[*to], *amount)
        },
        Wish::Hold { id, from, to, amount, timeout_s } => {
            Transfer { timeout_s: *timeout_s, ..super::books::hold(*id, NAMES[*from], NAMES[*to], *amount) }
        }
        Wish::Post { id, pending, amount, keeps_rest } => {
            Transfer { keeps_rest: *keeps_rest, ..post(*id, *pending, *amount) }
        }
        Wish::Void { id, pending } => void(*id, *pending),
    };
    Transfer { linked, ..made }
}

/// Few ids and accounts, so that everything meets everything.
fn wish() -> impl Strategy<Value = Wish> {
    let (ids, accounts) = (1_u128..60, 0_usize..4);
    let amount = prop_oneof![Just(0), 1_i64..50, 50_i64..400];
    prop_oneof![
        3 => (ids.clone(), accounts.clone(), accounts.clone(), amount.clone(), any::<bool>()).prop_map(
            |(id, from, to, amount, takes_what_there_is)| Wish::Transfer { id, from, to, amount, takes_what_there_is }),
        3 => (ids.clone(), Just(3), accounts.clone(), amount.clone()).prop_map(
            |(id, from, to, amount)| Wish::Transfer { id, from, to, amount, takes_what_there_is: false }),
        3 => (ids.clone(), accounts.clone(), accounts, amount.clone(), 0_u32..20).prop_map(
            |(id, from, to, amount, timeout_s)| Wish::Hold { id, from, to, amount, timeout_s }),
        3 => (ids.clone(), ids.clone(), prop::option::of(amount), any::<bool>()).prop_map(
            |(id, pending, amount, keeps_rest)| Wish::Post { id, pending, amount, keeps_rest }),
        1 => (ids.clone(), ids).prop_map(|(id, pending)| Wish::Void { id, pending }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec((wish(), prop::bool::weighted(0.3)), 1..6).prop_map(Step::Batch),
        1 => (1_i64..15).prop_map(Step::Wait),
    ]
}

/// Applies a batch to both; says what the oracle thinks was done.
fn batch(books: &mut Books, oracle: &mut Oracle, wishes: &[(Wish, bool)]) {
    let transfers: Vec<Transfer> = wishes.iter().map(|(wish, linked)| transfer(wish, *linked)).collect();
    let before = books.clone();
    let results = books.apply(&transfers);
    let mut at = 0;
    while at < wishes.len() {
        let end = (at..wishes.len()).find(|at| !wishes[*at].1);
        let last = end.unwrap_or(wishes.len() - 1);
        let mut tried = oracle.clone();
        let all = (at..=last).all(|at| tried.wish(&wishes[at].0, books.now_s)) && end.is_some();
        if all {
            *oracle = tried;
        }
        for at in at..=last {
            assert_eq!(
                results[at] == LedgerResult::Created,
                all,
                "{:?} of {wishes:?}: {results:?}",
                wishes[at]
            );
        }
        let failed = (at..=last).filter(|at| results[*at].is_transient());
        oracle.refused.extend(failed.map(|at| contracts::Id::as_u128(transfers[at].id)));
        at = last + 1;
    }
    if results.iter().all(|result| *result != LedgerResult::Created) {
        let unchanged = Books { journal: before.journal.clone(), ..books.clone() };
        assert_eq!(unchanged, before, "what was refused has changed something");
        assert_eq!(books.entries(), before.entries(), "what was refused is written as done");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn every_history_is_what_a_list_of_deeds_makes_of_it(steps in prop::collection::vec(step(), 1..40)) {
        let (mut books, mut oracle) = (Books::new(), Oracle::default());
        for step in &steps {
            match step {
                Step::Batch(wishes) => batch(&mut books, &mut oracle, wishes),
                Step::Wait(seconds) => {
                    books.now_s += seconds;
                    books.expire();
                    oracle.expire(books.now_s);
                }
            }
            for (account, name) in NAMES.iter().enumerate() {
                prop_assert_eq!(books.columns(name), oracle.columns(account), "{}", name);
            }
            books.hold_together();
        }
    }

    #[test]
    fn a_batch_is_the_same_whether_it_comes_whole_or_in_pieces(
        wishes in prop::collection::vec(wish(), 1..40), cut in 0_usize..40,
    ) {
        let transfers: Vec<Transfer> = wishes.iter().map(|wish| transfer(wish, false)).collect();
        let (mut whole, mut pieces) = (Books::new(), Books::new());
        let together = whole.apply(&transfers);
        let (first, second) = transfers.split_at(cut.min(transfers.len()));
        let apart = [pieces.apply(first), pieces.apply(second)].concat();
        prop_assert_eq!(together, apart);
        prop_assert_eq!(whole, pieces);
    }
}
