//! What people build of transfers: TigerBeetle's recipes, as tests.

use contracts::Currency;

use super::books::*;
use crate::domain::LedgerResult::*;
use crate::domain::*;

#[test]
fn what_is_set_aside_cannot_be_spent_twice() {
    let mut books = Books::new();
    assert_eq!(books.one(pay(1, "world", "a", 100)), Created);
    assert_eq!(books.one(hold(2, "a", "b", 70)), Created);
    assert_eq!((books.account("a").balance(), books.account("a").available()), (100, 30));
    assert_eq!(books.one(pay(3, "a", "b", 31)), ExceedsCredits);
    assert_eq!(books.one(post(4, 2, None)), Created);
    assert_eq!((books.columns("a"), books.columns("b")), ([0, 70, 0, 100], [0, 0, 0, 70]));
    assert_eq!(books.one(void(5, 2)), PendingTransferAlreadyPosted);
    books.hold_together();
}

#[test]
fn a_hold_is_posted_in_parts_until_the_last() {
    let mut books = Books::new();
    books.apply(&[pay(1, "world", "a", 100), hold(2, "a", "b", 90)]);
    assert_eq!(books.one(Transfer { keeps_rest: true, ..post(3, 2, Some(40)) }), Created);
    assert_eq!(books.holds[&id(2)].remaining, 50);
    assert_eq!(books.one(post(4, 2, Some(51))), ExceedsPendingTransferAmount);
    assert_eq!(books.one(post(5, 2, Some(10))), Created);
    assert_eq!(books.columns("a"), [0, 50, 0, 100], "what the last post left over is free again");
    assert_eq!(books.one(post(6, 2, Some(1))), PendingTransferAlreadyPosted);
    books.hold_together();
}

#[test]
fn a_hold_that_is_over_can_only_expire() {
    let mut books = Books::new();
    books.apply(&[pay(1, "world", "a", 100), Transfer { timeout_s: 60, ..hold(2, "a", "b", 90) }]);
    books.now_s += 59;
    assert_eq!(books.expire(), 0, "never early");
    books.now_s += 1;
    assert_eq!(books.one(post(3, 2, None)), PendingTransferExpired, "also before anybody has looked");
    assert_eq!(books.one(void(4, 2)), PendingTransferExpired);
    assert_eq!((books.expire(), books.expire()), (1, 0));
    assert_eq!(books.columns("a"), [0, 0, 0, 100]);
    assert_eq!(books.one(post(5, 2, None)), PendingTransferExpired);
    books.hold_together();
}

#[test]
fn several_pay_one_through_a_control_account_as_one() {
    let mut books = Books::new();
    books.open("control", Bounds::None, Currency::INR);
    books.apply(&[pay(1, "world", "a", 60), pay(2, "world", "b", 30)]);
    let take = |number, from| Transfer {
        balancing: Sides { debit: true, credit: true },
        ..pay(number, from, "control", i64::MAX)
    };
    let bill = [
        pay(10, "control", "world", 80),
        take(11, "a"),
        take(12, "b"),
        Transfer { balancing: Sides::NEITHER, ..pay(13, "world", "control", 0) },
    ];
    assert_eq!(books.apply(&chain(bill)), [Created; 4]);
    assert_eq!((books.account("a").balance(), books.account("b").balance()), (0, 10));
    assert_eq!(books.account("control").balance(), 0);
    books.hold_together();
}

#[test]
fn a_balance_condition_is_a_chain_that_goes_there_and_back() {
    let mut books = Books::new();
    books.open("control", Bounds::None, Currency::INR);
    books.apply(&[pay(1, "world", "a", 100)]);
    let only_with = |number: u128, floor: i64| {
        chain([hold(number, "a", "control", floor), void(number + 1, number), pay(number + 2, "a", "b", 10)])
    };
    assert_eq!(books.apply(&only_with(10, 101)), [ExceedsCredits, LinkedEventFailed, LinkedEventFailed]);
    assert_eq!(books.apply(&only_with(20, 100)), [Created; 3]);
    assert_eq!(books.account("b").balance(), 10);
    books.hold_together();
}

#[test]
fn currencies_are_exchanged_through_a_provider_or_not_at_all() {
    let mut books = Books::new();
    books.open("liquidity:INR", Bounds::None, Currency::INR);
    books.open("liquidity:USD", Bounds::None, Currency::USD);
    books.apply(&[pay(1, "world", "a", 8_431)]);
    let exchange = |number, amount| {
        let out = Transfer { currency: Some(Currency::USD), ..pay(number + 1, "liquidity:USD", "usd", 100) };
        chain([pay(number, "a", "liquidity:INR", amount), out])
    };
    assert_eq!(books.apply(&exchange(10, 8_432)), [ExceedsCredits, LinkedEventFailed]);
    assert_eq!(books.account("usd").balance(), 0);
    assert_eq!(books.apply(&exchange(20, 8_431)), [Created; 2]);
    assert_eq!((books.account("a").balance(), books.account("usd").balance()), (0, 100));
    books.hold_together();
}

#[test]
fn holds_with_a_timeout_limit_a_rate() {
    let mut books = Books::new();
    books.open("quota", Bounds::DebitsMustNotExceedCredits, Currency::INR);
    books.apply(&[pay(1, "world", "quota", 3)]);
    let ask = |number| Transfer { timeout_s: 60, ..hold(number, "quota", "world", 1) };
    assert_eq!(books.apply(&[ask(2), ask(3), ask(4), ask(5)]), [Created, Created, Created, ExceedsCredits]);
    books.now_s += 60;
    books.expire();
    assert_eq!(books.one(ask(6)), Created);
}

#[test]
fn a_closed_account_takes_nothing_until_it_is_opened_again() {
    let mut books = Books::new();
    books.apply(&[pay(1, "world", "a", 100), hold(2, "a", "b", 10)]);
    let close = Transfer {
        closing: Sides { debit: true, credit: false },
        balancing: Sides { debit: true, credit: false },
        ..hold(3, "a", "world", i64::MAX)
    };
    assert_eq!(books.one(close), Created);
    assert!(books.account("a").closed);
    assert_eq!(books.one(pay(4, "world", "a", 1)), CreditAccountAlreadyClosed);
    assert_eq!(books.one(post(5, 2, None)), DebitAccountAlreadyClosed);
    assert_eq!(books.one(void(6, 2)), Created, "letting go is all that a closed account does");
    assert_eq!(books.one(void(7, 3)), Created);
    assert!(!books.account("a").closed);
    assert_eq!(books.one(pay(8, "a", "b", 100)), Created);
    books.hold_together();
}

#[test]
fn a_frozen_account_starts_nothing_new_and_ends_what_it_began() {
    let mut books = Books::new();
    books.apply(&[pay(1, "world", "a", 100), hold(2, "a", "b", 10), hold(3, "a", "b", 10)]);
    books.accounts.get_mut(&address("a")).unwrap().frozen = true;
    assert_eq!(books.one(pay(4, "a", "b", 1)), DebitAccountFrozen);
    assert_eq!(books.one(hold(5, "world", "a", 1)), CreditAccountFrozen);
    assert_eq!(books.apply(&[post(6, 2, None), void(7, 3)]), [Created; 2]);
    books.hold_together();
}

#[test]
fn a_debit_account_is_bound_the_other_way_round() {
    let mut books = Books::new();
    assert_eq!(books.one(pay(1, "a", "till", 0)), Created, "nothing is a lawful amount");
    assert_eq!(books.one(pay(2, "world", "till", 1)), ExceedsDebits);
    assert_eq!(books.one(pay(3, "till", "a", 100)), Created);
    assert_eq!(books.one(hold(4, "a", "till", 100)), Created);
    assert_eq!((books.account("till").balance(), books.account("till").available()), (100, 0));
    books.hold_together();
}
