//! Payments in each state, reversals, addresses, and a replay that finds what was tampered with.

use contracts::events::wallet::WalletPaymentFacts;
use contracts::{Currency, Id, UserId, WalletAccountId, WalletPaymentId};

use super::books::*;
use crate::domain::*;

#[test]
fn each_fact_in_each_state_has_one_consequence() {
    use PaymentState::{Posted, Refused, Released, Reserved, Withdrawn};
    use Step::{Nothing, Post, Refuse, Release, Reserve, ReserveAndPost, Withdraw};
    let news = [News::Initiated, News::Processing, News::ReleaseRequested];
    let table = [
        (None, [Reserve, ReserveAndPost, Withdraw]),
        (Some(Reserved), [Nothing, Post, Release]),
        (Some(Posted), [Nothing; 3]),
        (Some(Released), [Nothing; 3]),
        (Some(Withdrawn), [Refuse, Nothing, Nothing]),
        (Some(Refused), [Nothing; 3]),
    ];
    for (state, steps) in table {
        assert_eq!(news.map(|news| PaymentState::step(state, news)), steps, "{state:?}");
    }
}

fn facts(amount: i64, fee: i64) -> WalletPaymentFacts {
    WalletPaymentFacts {
        payment_id: WalletPaymentId::from_u128(1),
        from_account: WalletAccountId::from_u128(1),
        to_account: WalletAccountId::from_u128(2),
        amount,
        fee,
        currency: Currency::INR,
        payer: UserId::from_u128(1),
        payee: None,
        client_address: None,
        device: None,
    }
}

#[test]
fn the_payer_gives_the_amount_and_the_fee_is_part_of_it() {
    let amounts = |amount, fee| -> Option<Vec<i64>> {
        let mut number = 0;
        let legs = legs_of(&facts(amount, fee), || {
            number += 1;
            id(number)
        })?;
        assert!(legs.iter().rev().skip(1).all(|leg| leg.linked) && !legs.last()?.linked);
        legs.iter().map(|leg| leg.amount).collect()
    };
    assert_eq!(amounts(1_000, 0), Some(vec![1_000]));
    assert_eq!(amounts(1_000, 30), Some(vec![970, 30]));
    assert_eq!(amounts(30, 30), Some(vec![30]), "nobody is sent nothing");
    for (amount, fee) in [(0, 0), (-5, 0), (10, 11), (10, -1), (i64::MIN, i64::MAX)] {
        assert_eq!(amounts(amount, fee), None, "{amount} with {fee}");
    }
}

#[test]
fn a_transaction_goes_back_once_or_in_parts_up_to_what_is_left() {
    let mut books = Books::new();
    books.apply(&[pay(1, "world", "a", 100), pay(2, "world", "b", 50), hold(3, "a", "b", 5), void(4, 3)]);
    let entries = &books.entries();
    let one = &entries[..1];
    assert_eq!(back(one, 0, None), Ok(100));
    assert_eq!(back(one, 40, None), Ok(60));
    assert_eq!(back(one, 40, Some(60)), Ok(60));
    assert_eq!(back(one, 40, Some(61)), Err(NotReversible::Exceeds(60)));
    assert_eq!(back(one, 100, None), Err(NotReversible::AlreadyReversed));
    assert_eq!(back(&entries[..2], 0, None), Ok(150));
    assert_eq!(back(&entries[..2], 0, Some(10)), Err(NotReversible::OnlyWhole));
    assert_eq!(back(&entries[..2], 150, None), Err(NotReversible::AlreadyReversed));
    for nothing in [&entries[2..3], &entries[3..], &entries[..0]] {
        assert_eq!(back(nothing, 0, None), Err(NotReversible::NothingMoved));
    }
    let mut number = 100;
    let legs = undo(&entries[..2], 150, || {
        number += 1;
        id(number)
    });
    assert_eq!(books.apply(&legs), [LedgerResult::Created; 2]);
    assert_eq!((books.account("a").balance(), books.account("b").balance()), (0, 0));
    books.hold_together();
}

#[test]
fn a_journal_that_was_tampered_with_is_found_out() {
    let mut books = Books::new();
    books.apply(&[pay(1, "world", "a", 100), hold(2, "a", "b", 30), post(3, 2, None), pay(4, "b", "a", 5)]);
    let hash_of =
        |items: &[Item]| Chunk::all_of(items).iter().fold(Hash::OF_NOTHING, |hash, one| hash.after(one));
    // Two pieces, as two batches make them.
    let pieces = |books: &Books| {
        let (first, second) = books.journal.split_at(2.min(books.journal.len()));
        [Chunk::all_of(first), Chunk::all_of(second)].concat()
    };
    let hash = pieces(&books).iter().fold(Hash::OF_NOTHING, |hash, one| hash.after(one));
    let seal = (Position(2), hash_of(&books.journal[..2]));
    let differences = |books: &Books| {
        let mut replay = Replay::against([seal]);
        books.accounts.values().for_each(|account| replay.compare(account.clone()));
        pieces(books).iter().for_each(|chunk| replay.take(chunk));
        replay.end(Position(4), hash, Position(4)).len()
    };
    assert_eq!(differences(&books), 0);
    fn entry(books: &mut Books, at: usize) -> &mut Entry {
        let Item::Entry(entry) = &mut books.journal[at] else { panic!("nothing was refused") };
        entry
    }
    let tampered: [fn(&mut Books); 8] = [
        |books| entry(books, 0).amount = 101,
        |books| entry(books, 1).code = 9,
        |books| entry(books, 3).debit_after.debits_posted += 1,
        |books| entry(books, 3).credit_previous = Position(1),
        |books| drop(books.journal.pop()),
        |books| drop(books.journal.remove(1)),
        |books| books.journal.swap(0, 1),
        |books| books.accounts.get_mut(&address("a")).unwrap().balances.credits_posted += 1,
    ];
    for (at, tamper) in tampered.into_iter().enumerate() {
        let mut other = books.clone();
        tamper(&mut other);
        assert!(differences(&other) > 0, "tampering {at} was not found");
    }
    let mut gone = books.clone();
    gone.accounts.remove(&address("b"));
    assert!(differences(&gone) > 0, "an account is gone");
}

#[test]
fn balances_that_are_kept_may_lag_as_far_as_is_said_and_no_further() {
    let mut books = Books::new();
    books.apply(&[pay(1, "world", "a", 100)]);
    let early = books.account("a").clone();
    books.apply(&[pay(2, "world", "a", 5)]);
    let differences = |known: u64| {
        let mut replay = Replay::default();
        books.accounts.values().for_each(|account| replay.compare(account.clone()));
        replay.compare(early.clone());
        let mut hash = Hash::OF_NOTHING;
        for chunk in Chunk::all_of(&books.journal) {
            replay.take(&chunk);
            hash = hash.after(&chunk);
        }
        replay.end(Position(2), hash, Position(known)).len()
    };
    assert_eq!((differences(1), differences(2)), (0, 1));
}

#[test]
fn a_batch_that_is_not_kept_leaves_everything_as_it_was() {
    let mut books = Books::new();
    books.apply(&[pay(1, "world", "a", 100)]);
    let mut state = books.state();
    let before = (state.position(), state.account(&address("a")).cloned(), state.ids());
    apply(&mut state, &[pay(2, "a", "b", 60), hold(3, "a", "b", 10), pay(4, "a", "b", 1_000)]);
    state.forget_batch();
    assert_eq!((state.position(), state.account(&address("a")).cloned(), state.ids()), before);
    state.begin_batch(books.now());
    assert_eq!(apply(&mut state, &[pay(4, "a", "b", 100)])[0].result, LedgerResult::Created);
}

#[test]
fn an_id_is_found_in_the_run_that_has_it_and_in_no_other() {
    let place = |number: u128| Position(number as u64 * 3);
    let mixed = |number: u128| id(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
    let all: Vec<_> = (1..=5_000).map(|number| (mixed(number), place(number))).collect();
    let ids = Ids::of(7, all.clone()).unwrap();
    let find = |id| {
        let page = ids.pages.iter().rev().find(|page| page.first <= id)?;
        IdPage::find(&page.body, id)
    };
    for (id, place) in &all {
        assert!(ids.run.may_have(*id));
        assert_eq!(find(*id), Some(*place));
    }
    let strangers: Vec<_> = (5_001..=15_000).map(mixed).collect();
    assert!(strangers.iter().all(|id| find(*id).is_none()));
    let asked_in_vain = strangers.iter().filter(|id| ids.run.may_have(**id)).count();
    assert!(asked_in_vain < 300, "{asked_in_vain} of 10,000");
    assert_eq!(Ids::of(1, Vec::new()), None);
}

proptest::proptest! {
    #[test]
    fn what_is_no_piece_of_a_journal_is_not_read_as_one(body: Vec<u8>) {
        let chunk = Chunk { first: Position(1), at: contracts::Timestamp::MIN, body };
        if let Ok(items) = chunk.items() {
            proptest::prop_assert!(items.len() <= chunk.body.len());
        }
    }
}

#[test]
fn sums_that_do_not_agree_are_never_kept() {
    let mut state = Books::new().state();
    apply(&mut state, &[pay(1, "world", "a", 100)]);
    assert_eq!(state.verify(), Ok(()));
    let place = state.find(&address("a")).unwrap();
    state.change(place, |account| account.balances.credits_posted += 1);
    assert!(state.verify().unwrap_err().0.contains("INR is out by -1"));
    state.change(place, |account| account.balances = Balances { debits_posted: 1, ..Balances::default() });
    assert!(state.verify().unwrap_err().0.contains("beyond its bounds"));
}

#[test]
fn an_account_has_a_mark_every_128_entries() {
    let mut books = Books::new();
    let batch: Vec<Transfer> = (1..=260).map(|number| pay(number, "world", "a", 1)).collect();
    let mut state = books.state();
    apply(&mut state, &batch);
    let of_a: Vec<u64> = state
        .checkpoints()
        .iter()
        .filter(|mark| mark.account == address("a"))
        .map(|mark| mark.position.0)
        .collect();
    assert_eq!(of_a, [128, 256]);
    books.keep(&state);
    assert_eq!(books.account("a").sequence, 260);
}

#[test]
fn an_address_is_words_between_colons_and_some_are_the_projects_own() {
    let longest = ["x".repeat(40).as_str(); 6].join(":");
    for sound in ["a", "users:7:wallet", "outside:INR", "A-b_9", &longest] {
        assert!(Address::try_from(sound.to_owned()).is_ok(), "{sound}");
    }
    let words = ["a"; 7].join(":");
    for bad in ["", ":", "a:", ":a", "a::b", "a b", "é", &"x".repeat(41), &words] {
        assert!(Address::try_from(bad.to_owned()).is_err(), "{bad}");
    }
    assert_eq!(address("fees:USD").own_currency(), Some(Currency::USD));
    for other in ["fees", "fees:XXX", "fees:USD:2", "mine:USD"] {
        assert_eq!(address(other).own_currency(), None, "{other}");
    }
    let wallet = WalletAccountId::from_u128(7);
    assert_eq!(Address::of_wallet(wallet).wallet(), Some(wallet));
    assert!(
        Address::of_wallet(wallet).is_kept() && address("fees:x").is_kept() && !address("users:7").is_kept()
    );
}
