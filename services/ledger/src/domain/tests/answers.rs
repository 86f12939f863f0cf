//! Each refusal, the order in which they are told, and ids that stay refused.

use contracts::{Currency, Id, WalletPaymentId};

use super::books::*;
use crate::domain::LedgerResult::*;
use crate::domain::*;

/// A ledger with a hundred in `a`, ten of it set aside.
fn books() -> Books {
    let mut books = Books::new();
    let first = [
        pay(1, "world", "a", 100),
        Transfer { timeout_s: 9, ..hold(2, "a", "b", 10) },
        hold(3, "a", "b", 5),
        void(4, 3),
        Transfer { payment: Some(WalletPaymentId::from_u128(1)), ..hold(5, "a", "b", 1) },
    ];
    assert_eq!(books.apply(&first), [Created; 5]);
    books
}

#[test]
fn each_mistake_has_its_answer() {
    let fine = || pay(9, "a", "b", 1);
    let end = || post(9, 2, None);
    let usd = Some(Currency::USD);
    let debit_only = Sides { debit: true, credit: false };
    let wishes = [
        (pay(1, "world", "a", 100), Exists),
        (Transfer { phase: Phase::Pending, ..pay(1, "world", "a", 100) }, ExistsWithDifferentFlags),
        (post(4, 2, None), ExistsWithDifferentFlags),
        (void(4, 2), ExistsWithDifferentPendingId),
        (Transfer { timeout_s: 8, ..hold(2, "a", "b", 10) }, ExistsWithDifferentTimeout),
        (pay(1, "b", "a", 100), ExistsWithDifferentDebitAccountId),
        (pay(1, "world", "b", 100), ExistsWithDifferentCreditAccountId),
        (pay(1, "world", "a", 99), ExistsWithDifferentAmount),
        (Transfer { currency: usd, ..pay(1, "world", "a", 100) }, ExistsWithDifferentLedger),
        (Transfer { code: 2, ..pay(1, "world", "a", 100) }, ExistsWithDifferentCode),
        (void(4, 3), Exists),
        (Transfer { balancing: debit_only, ..end() }, FlagsAreMutuallyExclusive),
        (Transfer { keeps_rest: true, ..fine() }, FlagsAreMutuallyExclusive),
        (Transfer { debit: None, ..fine() }, DebitAccountIdMustNotBeZero),
        (Transfer { credit: None, ..fine() }, CreditAccountIdMustNotBeZero),
        (pay(9, "a", "a", 1), AccountsMustBeDifferent),
        (Transfer { pending_id: Some(id(2)), ..fine() }, PendingIdMustBeZero),
        (Transfer { pending_id: None, ..end() }, PendingIdMustNotBeZero),
        (post(9, 9, None), PendingIdMustBeDifferent),
        (Transfer { timeout_s: 1, ..fine() }, TimeoutReservedForPendingTransfer),
        (Transfer { timeout_s: 1, ..end() }, TimeoutReservedForPendingTransfer),
        (Transfer { closing: debit_only, ..fine() }, ClosingTransferMustBePending),
        (Transfer { amount: None, ..fine() }, AmountMustNotBeZero),
        (Transfer { currency: None, ..fine() }, LedgerMustNotBeZero),
        (Transfer { code: 0, ..fine() }, CodeMustNotBeZero),
        (pay(9, "nobody", "b", 1), DebitAccountNotFound),
        (pay(9, "a", "nobody", 1), CreditAccountNotFound),
        (pay(9, "usd", "a", 1), AccountsMustHaveTheSameLedger),
        (Transfer { currency: usd, ..fine() }, TransferMustHaveTheSameLedgerAsAccounts),
        (post(9, 77, None), PendingTransferNotFound),
        (post(9, 1, None), PendingTransferNotPending),
        (post(9, 5, None), PendingTransferBelongsToPayment),
        (Transfer { debit: Some(address("b")), ..end() }, PendingTransferHasDifferentDebitAccountId),
        (Transfer { credit: Some(address("a")), ..end() }, PendingTransferHasDifferentCreditAccountId),
        (Transfer { currency: usd, ..end() }, PendingTransferHasDifferentLedger),
        (Transfer { code: 7, ..end() }, PendingTransferHasDifferentCode),
        (post(9, 2, Some(11)), ExceedsPendingTransferAmount),
        (Transfer { amount: Some(9), ..void(9, 2) }, PendingTransferHasDifferentAmount),
        (post(9, 3, None), PendingTransferAlreadyVoided),
        (pay(9, "a", "b", 90), ExceedsCredits),
        (pay(9, "world", "till", 1), ExceedsDebits),
    ];
    for (wish, expected) in wishes {
        let (mut books, before) = (books(), books());
        assert_eq!(books.one(wish.clone()), expected, "{wish:?}");
        let unburned = Books { journal: before.journal.clone(), ..books.clone() };
        assert_eq!(unburned, before, "{expected:?} has changed something");
        assert_eq!(books.refused() > before.refused(), expected.is_transient(), "{expected:?}");
    }
}

/// The first was found by a random history over HTTP (`tests/it/oracle.rs`), the others when its oracle was written.
#[test]
fn of_several_mistakes_the_first_of_the_list_is_told() {
    let mut books = books();
    let no_debit = Transfer { keeps_rest: true, debit: None, ..pay(10, "a", "b", 1) };
    assert_eq!(books.one(no_debit), FlagsAreMutuallyExclusive);
    assert_eq!(books.one(Transfer { keeps_rest: true, ..post(11, 2, Some(4)) }), Created);
    assert_eq!(books.one(Transfer { amount: Some(8), ..void(12, 2) }), ExceedsPendingTransferAmount);
    assert_eq!(books.one(Transfer { amount: Some(5), ..void(12, 2) }), PendingTransferHasDifferentAmount);
    books.open("other", Bounds::None, Currency::INR);
    books.open("third", Bounds::None, Currency::INR);
    books.apply(&[pay(13, "other", "b", 9), hold(14, "third", "b", i64::MAX - 100)]);
    let both = hold(15, "other", "b", i64::MAX - 8);
    assert_eq!(books.one(both), OverflowsCreditsPending, "and what leaves overflows with what has left");
}

#[test]
fn sums_beyond_64_bits_are_answers_and_no_panics() {
    let most = i64::MAX;
    let mut books = Books::new();
    books.open("other", Bounds::None, Currency::INR);
    assert_eq!(books.one(pay(1, "world", "a", most)), Created);
    assert_eq!(books.one(pay(2, "world", "b", 1)), OverflowsDebitsPosted);
    assert_eq!(books.one(hold(3, "world", "b", 1)), OverflowsDebits);
    assert_eq!(books.one(pay(4, "other", "a", 1)), OverflowsCreditsPosted);
    assert_eq!(books.one(hold(5, "other", "a", 1)), OverflowsCredits);
    assert_eq!(books.one(hold(6, "other", "b", most)), Created);
    assert_eq!(books.one(hold(7, "other", "till", 1)), OverflowsDebitsPending);
    books.open("third", Bounds::None, Currency::INR);
    assert_eq!(books.one(hold(8, "third", "b", 1)), OverflowsCreditsPending);
    assert_eq!(books.one(post(9, 6, None)), Created);
    books.now_s = 253_402_000_000;
    assert_eq!(books.one(Transfer { timeout_s: u32::MAX, ..hold(11, "third", "till", 0) }), OverflowsTimeout);
    books.hold_together();
}

#[test]
fn an_id_that_failed_for_want_of_money_never_succeeds_later() {
    let mut books = Books::new();
    assert_eq!(books.one(pay(1, "a", "b", 10)), ExceedsCredits);
    books.one(pay(2, "world", "a", 100));
    assert_eq!(books.one(pay(1, "a", "b", 10)), IdAlreadyFailed);
    assert_eq!(books.one(pay(3, "a", "b", 10)), Created);
    assert_eq!(
        books.apply(&[pay(4, "a", "nobody", 1), pay(4, "a", "b", 1)]),
        [CreditAccountNotFound, IdAlreadyFailed]
    );
}

#[test]
fn a_chain_is_done_whole_or_not_at_all() {
    let mut books = Books::new();
    books.one(pay(1, "world", "a", 100));
    let before = books.clone();
    let broken = chain([pay(10, "a", "b", 60), hold(11, "b", "a", 50), pay(12, "a", "b", 60)]);
    assert_eq!(books.apply(&broken), [LinkedEventFailed, LinkedEventFailed, ExceedsCredits]);
    assert_eq!(Books { journal: before.journal.clone(), ..books.clone() }, before);
    let again = chain([pay(10, "a", "b", 60), hold(11, "b", "a", 50), pay(13, "a", "b", 40)]);
    assert_eq!(books.apply(&again), [Created; 3], "only the one that failed is refused for good");
    let open = [
        Transfer { linked: true, ..pay(20, "b", "a", 1) },
        Transfer { linked: true, ..pay(21, "b", "a", 1) },
    ];
    assert_eq!(books.apply(&open), [LinkedEventFailed, LinkedEventChainOpen]);
    let two = [
        chain([pay(30, "b", "a", 1), pay(31, "b", "b", 1)]),
        chain([pay(32, "b", "a", 1), pay(33, "b", "a", 1)]),
    ];
    assert_eq!(books.apply(&two.concat()), [LinkedEventFailed, AccountsMustBeDifferent, Created, Created]);
    books.hold_together();
}

#[test]
fn a_transfer_that_takes_what_there_is_takes_no_more_and_is_found_again() {
    let mut books = Books::new();
    books.apply(&[pay(1, "world", "a", 100), hold(2, "a", "b", 30)]);
    let all = Transfer { balancing: Sides { debit: true, credit: false }, ..pay(3, "a", "b", 1_000) };
    assert_eq!(books.one(all.clone()), Created);
    assert_eq!(books.columns("a"), [30, 70, 0, 100]);
    assert_eq!(books.one(all.clone()), Exists, "although it asks for more than it got");
    assert_eq!(books.one(Transfer { amount: Some(69), ..all }), ExistsWithDifferentAmount);
}

#[test]
fn names_are_told_as_they_are_written() {
    for result in LedgerResult::ALL {
        assert_eq!(serde_json::to_value(result).unwrap(), result.as_str());
    }
}
