//! Top-ups, withdrawals and statements as sentences: each word against each state, and what is never true.

use super::*;
use crate::domain::statement::Movement;
use contracts::{TopUpId, WithdrawalId};

fn taken(reference: &str, amount: i64) -> Taken {
    Taken { reference: reference.to_owned(), amount, at: at(50) }
}

fn top_up(state: TopUpState) -> TopUp {
    TopUp {
        id: TopUpId::from_u128(1),
        account: WalletAccountId::from_u128(1),
        user: UserId::from_u128(1),
        asked: Money::new(500, Currency::INR),
        requested_at: at(0),
        answer: Duration::from_secs(10),
        state,
        version: 1,
    }
}

/// One top-up in each state there is, with a deadline that has passed.
fn each_top_up() -> Vec<TopUp> {
    let (until, why, taken) = (at(NOW - 1), Reason::heard("early"), taken("pi_1", 500));
    let transaction = TransactionId::from_u128(1);
    [
        TopUpState::Pending { until },
        TopUpState::Paid { taken: taken.clone(), until },
        TopUpState::Held { taken: taken.clone(), why: why.clone(), until },
        TopUpState::Completed { taken, at: until, transaction },
        TopUpState::Failed { at: until, why },
    ]
    .map(top_up)
    .into()
}

/// What a word makes of each top-up, in their order; `-` where it makes nothing.
fn top_ups(change: impl Fn(TopUp) -> Option<TopUp>) -> Vec<String> {
    let word = |top_up: TopUp| {
        let status = serde_json::to_value(top_up.status()).unwrap();
        let reason = top_up.reason().map(|reason| format!(" {}", reason.as_str())).unwrap_or_default();
        format!("{}{reason}", status.as_str().unwrap())
    };
    each_top_up().into_iter().map(|top_up| change(top_up).map_or("-".to_owned(), word)).collect()
}

#[test]
fn each_word_against_each_state_of_a_top_up() {
    let now = at(NOW);
    // pending, paid, held, completed, failed
    let paid = |reference: &'static str| {
        top_ups(move |top_up| top_up.pay(taken(reference, 480), now).ok().flatten())
    };
    assert_eq!(paid("pi_1"), ["paid", "-", "-", "-", "paid"]);
    assert_eq!(paid("pi_2"), ["paid", "-", "-", "-", "paid"]);
    let refused: Vec<bool> =
        each_top_up().into_iter().map(|top_up| top_up.pay(taken("pi_2", 1), now).is_err()).collect();
    assert_eq!(refused, [false, true, true, true, false], "a second payment is told apart");
    assert_eq!(top_ups(|top_up| top_up.cancel(now)), ["failed cancelled", "-", "-", "-", "-"]);
    let hold = |top_up: TopUp| top_up.hold(Reason::heard("frozen"), now);
    assert_eq!(top_ups(hold), ["-", "held frozen", "-", "-", "-"]);
    assert_eq!(top_ups(|top_up| top_up.thaw(now)), ["-", "-", "paid", "-", "-"]);
    let credit = |top_up: TopUp| top_up.credit(TransactionId::from_u128(2), now);
    assert_eq!(top_ups(credit), ["-", "completed", "completed", "-", "-"]);
    let over = |frozen| top_ups(move |top_up| top_up.run_out(frozen, now));
    assert_eq!(over(false), ["failed expired", "paid", "paid", "-", "-"]);
    assert_eq!(over(true), ["failed expired", "paid", "held early", "-", "-"]);
    assert_eq!(top_ups(|top_up| top_up.run_out(false, at(NOW - 2))), ["-"; 5], "nothing before its time");
}

#[test]
fn a_top_up_is_of_an_amount_that_the_project_allows() {
    let terms = TopUpTerms { min: 100, max: 1_000, timeout: Duration::from_secs(1) };
    let allowed = [99, 100, 1_000, 1_001].map(|amount| terms.allow(amount).is_ok());
    assert_eq!(allowed, [false, true, true, false]);
    assert_eq!(terms.allow(1), Err(OutOfRange { min: 100, max: 1_000 }));
}

fn withdrawal(state: WithdrawalState) -> Withdrawal {
    Withdrawal {
        id: WithdrawalId::from_u128(1),
        account: WalletAccountId::from_u128(1),
        user: UserId::from_u128(1),
        amount: Money::new(500, Currency::INR),
        destination: None,
        requested_at: at(0),
        wait: Duration::from_secs(100),
        until: None,
        state,
        version: 1,
    }
}

#[test]
fn each_word_against_each_state_of_a_withdrawal() {
    let (now, transaction) = (at(NOW), TransactionId::from_u128(1));
    let why = || Reason::heard("broke");
    let withdrawals = |change: &dyn Fn(Withdrawal) -> Option<Withdrawal>| -> Vec<String> {
        let states = [
            WithdrawalState::Requested,
            WithdrawalState::Reserved,
            WithdrawalState::Cancelling { why: why() },
            WithdrawalState::Completed { at: now, transaction },
            WithdrawalState::Refused { at: now, why: why() },
            WithdrawalState::Returned { at: now, why: why() },
        ];
        let word = |moved: Withdrawal| serde_json::to_value(moved.status()).unwrap();
        let word = |moved| word(moved).as_str().unwrap().to_owned();
        states.map(|state| change(withdrawal(state)).map_or("-".to_owned(), word)).into()
    };
    // requested, reserved, cancelling, completed, refused, returned
    assert_eq!(withdrawals(&Withdrawal::reserve), ["reserved", "-", "-", "-", "-", "-"]);
    assert_eq!(withdrawals(&|it| it.refuse(why(), now)), ["refused", "refused", "refused", "-", "-", "-"]);
    let complete = |it: Withdrawal| it.complete(transaction, now);
    assert_eq!(withdrawals(&complete), ["completed", "completed", "completed", "-", "-", "-"]);
    assert_eq!(
        withdrawals(&|it| it.give_back(why(), now)),
        ["returned", "returned", "returned", "-", "-", "-"]
    );
    let cancel = |it: Withdrawal| it.cancel(now).ok().flatten();
    assert_eq!(withdrawals(&cancel), ["cancelling", "cancelling", "-", "-", "-", "-"]);
    assert_eq!(withdrawals(&|it| it.freeze(now)), ["cancelling", "cancelling", "-", "-", "-", "-"]);
    let late = |it: Withdrawal| Withdrawal { until: Some(now), ..it }.run_out(now);
    assert_eq!(withdrawals(&late), ["cancelling", "cancelling", "cancelling", "-", "-", "-"]);
    assert_eq!(withdrawals(&|it| it.run_out(now)), ["-"; 6], "what has no time or some left goes on");
    let over = withdrawal(WithdrawalState::Completed { at: now, transaction });
    assert_eq!(over.cancel(now), Err(TooLate(WithdrawalStatus::Completed)));
}

#[derive(Clone, Debug)]
enum Word {
    Taken(u8, i64),
    Cancelled,
    Held,
    Thawed,
    Credited(u128),
    Time(bool),
}

fn any_word() -> impl Strategy<Value = Word> {
    prop_oneof![
        (0..3_u8, 1..900_i64).prop_map(|(payment, amount)| Word::Taken(payment, amount)),
        Just(Word::Cancelled),
        Just(Word::Held),
        Just(Word::Thawed),
        (1..3_u128).prop_map(Word::Credited),
        any::<bool>().prop_map(Word::Time),
    ]
}

fn movement(seconds: i64, net: i64) -> Movement {
    Movement {
        moved_at: at(seconds),
        kind: Kind::Payment,
        id: Some("x".to_owned()),
        other_account: None,
        other_name: None,
        amount: net.abs(),
        fee: 0,
        net,
        note: None,
    }
}

proptest! {
    #[test]
    fn whatever_is_heard_in_whatever_order_a_top_up_is_credited_once_with_what_was_taken_first(
        words in prop::collection::vec(any_word(), 0..30),
    ) {
        let mut top_up = top_up(TopUpState::Pending { until: at(10) });
        let (mut credits, mut first) = (0, None);
        for (seconds, word) in words.iter().enumerate() {
            let now = at(seconds as i64 * 20);
            let before = top_up.clone();
            let moved = match word {
                Word::Taken(payment, amount) => {
                    let taken = taken(&format!("pi_{payment}"), *amount);
                    first.get_or_insert(taken.clone());
                    top_up.pay(taken, now).ok().flatten()
                }
                Word::Cancelled => top_up.cancel(now),
                Word::Held => top_up.hold(Reason::heard("frozen"), now),
                Word::Thawed => top_up.thaw(now),
                Word::Credited(number) => top_up.credit(TransactionId::from_u128(*number), now),
                Word::Time(frozen) => top_up.run_out(*frozen, now),
            };
            credits += usize::from(moved.as_ref().is_some_and(|moved| moved.transaction().is_some()));
            top_up = moved.unwrap_or(before);
            prop_assert_eq!(top_up.until().is_none(), top_up.ended_at().is_some());
            prop_assert_eq!(top_up.taken(), first.as_ref(), "what was taken is never forgotten or replaced");
        }
        prop_assert!(credits <= 1);
    }

    #[test]
    fn whatever_is_heard_in_whatever_order_a_withdrawal_ends_once(words in prop::collection::vec(0..4_u8, 0..20)) {
        let mut withdrawal = withdrawal(WithdrawalState::Requested);
        let mut ends = 0;
        for word in words {
            let before = withdrawal.clone();
            let moved = match word {
                0 => withdrawal.reserve(),
                1 => withdrawal.refuse(Reason::heard("broke"), at(1)),
                2 => withdrawal.complete(TransactionId::from_u128(1), at(1)),
                _ => withdrawal.give_back(Reason::heard("broke"), at(1)),
            };
            ends += usize::from(moved.as_ref().is_some_and(|moved| moved.ended_at().is_some()));
            withdrawal = moved.unwrap_or(before);
        }
        prop_assert!(ends <= 1);
        prop_assert_eq!(ends == 1, withdrawal.ended_at().is_some());
    }

    #[test]
    fn a_statement_adds_up_from_morning_to_morning(
        nets in prop::collection::vec((0..5_i64, 0..86_400_i64, -500..500_i64), 0..30),
        mut days in prop::collection::btree_map(0..5_i64, -1_000..1_000_i64, 0..5),
        closing in -1_000..1_000_i64,
    ) {
        let mut movements: Vec<_> = nets.iter().map(|(day, time, net)| movement(day * 86_400 + time, *net)).collect();
        movements.sort_by_key(|movement| movement.moved_at);
        if let Some((day, _)) = days.pop_first() {
            days.insert(day, 7);
        }
        let mornings: Vec<_> =
            days.iter().map(|(day, balance)| Morning { day_at: at(day * 86_400), balance: *balance }).collect();
        let statement = Statement::of(movements.clone(), &mornings, closing);
        let mut balance = statement.opening;
        for line in &statement.lines {
            balance += line.movement.net;
            prop_assert_eq!(line.balance, balance);
        }
        prop_assert_eq!(balance, closing);
        prop_assert!(statement.lines.is_sorted_by_key(|line| line.movement.moved_at));
        for morning in &mornings {
            let before = statement.lines.iter().rfind(|line| line.movement.moved_at < morning.day_at);
            prop_assert_eq!(before.map_or(statement.opening, |line| line.balance), morning.balance);
        }
        let ours = statement.lines.into_iter().map(|line| line.movement).filter(|it| it.kind != Kind::Adjustment);
        prop_assert_eq!(ours.collect::<Vec<_>>(), movements);
    }
}

#[test]
fn where_a_withdrawal_goes_is_shown_by_its_end_alone() {
    let masked = |text: &str| Destination::try_from(text.to_owned()).ok().map(|it| it.masked());
    assert_eq!(masked("ba_1QK7m2LkdIwHu7ix"), Some("****u7ix".to_owned()));
    assert_eq!(masked("1234567"), Some("****".to_owned()), "of a short one it would be most");
    for bad in ["", "abc", "a b c d", "äöüß", "abcd\n", &"x".repeat(201)] {
        assert_eq!(masked(bad), None, "{bad}");
    }
}
