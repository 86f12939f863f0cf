//! The rules of wallets as sentences: each word against each state, and what is never true.

use std::time::Duration;

use contracts::events::wallet::RiskDecision;
use contracts::{Currency, Id, Money, Timestamp, TransactionId, UserId, WalletAccountId, WalletPaymentId};
use proptest::prelude::*;

use super::limits::Period;
use super::payment::Own;
use super::*;

mod funding;

const NOW: i64 = 100;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn payment(state: State) -> Payment {
    Payment {
        id: WalletPaymentId::from_u128(1),
        from: WalletAccountId::from_u128(1),
        to: WalletAccountId::from_u128(2),
        payer: UserId::from_u128(1),
        payee: UserId::from_u128(2),
        amount: Money::new(500, Currency::INR),
        fee: 0,
        note: None,
        client_address: None,
        device: None,
        cause: Cause::Direct,
        initiated_at: at(0),
        patience: Patience::new(Duration::from_secs(10), Duration::from_secs(1_000)),
        refunded: 0,
        state,
        version: 1,
    }
}

/// One payment in each state there is, with a deadline that has passed.
fn each_state() -> Vec<Payment> {
    let (until, why) = (at(NOW - 1), Reason::heard("early"));
    let transaction = TransactionId::from_u128(1);
    [
        State::Initiated { until },
        State::Reserved { until },
        State::InReview { until },
        State::Processing { until },
        State::Releasing { why: why.clone(), until },
        State::Ended(Ended::Completed { at: until, transaction }),
        State::Ended(Ended::Failed { at: until, why }),
    ]
    .map(payment)
    .into()
}

fn word(payment: &Payment) -> String {
    let status = serde_json::to_value(payment.status()).unwrap();
    let reason = payment.reason().map(|reason| format!(" {}", reason.as_str())).unwrap_or_default();
    format!("{}{reason}", status.as_str().unwrap())
}

/// What a word makes of each state, in their order; `-` where it makes nothing.
fn row(change: impl Fn(Payment) -> Option<Payment>) -> Vec<String> {
    each_state()
        .into_iter()
        .map(|payment| change(payment).map_or("-".to_owned(), |moved| word(&moved)))
        .collect()
}

#[test]
fn each_word_against_each_state() {
    let now = at(NOW);
    let assessed = |decision, frozen| row(move |payment| payment.assess(decision, frozen, now));
    let reviewed = |verdict, frozen| row(move |payment| payment.review(verdict, frozen, now).ok());
    // initiated, reserved, in_review, processing, releasing, completed, failed
    assert_eq!(row(Payment::reserve), ["reserved", "-", "-", "-", "-", "-", "-"]);
    let goes_on = "processing";
    assert_eq!(assessed(RiskDecision::Approve, false), [goes_on, goes_on, goes_on, "-", "-", "-", "-"]);
    let frozen = "releasing frozen";
    assert_eq!(assessed(RiskDecision::Approve, true), [frozen, frozen, frozen, "-", "-", "-", "-"]);
    assert_eq!(assessed(RiskDecision::Review, false), ["in_review", "in_review", "-", "-", "-", "-", "-"]);
    assert_eq!(
        assessed(RiskDecision::Block, false),
        ["releasing blocked", "releasing blocked", "releasing rejected", "-", "-", "-", "-"]
    );
    assert_eq!(reviewed(Verdict::Approve, false), ["-", "-", "processing", "-", "-", "-", "-"]);
    assert_eq!(reviewed(Verdict::Approve, true), ["-", "-", "releasing frozen", "-", "-", "-", "-"]);
    assert_eq!(reviewed(Verdict::Reject, false), ["-", "-", "releasing rejected", "-", "-", "-", "-"]);
    let cancelled = "releasing cancelled";
    assert_eq!(
        row(|payment| payment.cancel(now).ok()),
        [cancelled, cancelled, cancelled, "-", "-", "-", "-"]
    );
    assert_eq!(row(|payment| payment.freeze(now)), [frozen, frozen, frozen, frozen, "-", "-", "-"]);
    let timed_out = "releasing timed_out";
    assert_eq!(
        row(|payment| payment.run_out(now)),
        [timed_out, timed_out, "releasing review_timed_out", timed_out, "releasing early", "-", "-"]
    );
    let done = "completed";
    assert_eq!(
        row(|payment| payment.settle(TransactionId::from_u128(2), now)),
        [done, done, done, done, done, "-", "-"]
    );
    let failed = "failed broke";
    assert_eq!(
        row(|payment| payment.fail(Reason::heard("broke"), now)),
        [failed, failed, failed, failed, failed, "-", "-"]
    );
}

#[test]
fn nothing_runs_out_before_its_time() {
    let early = at(NOW - 2);
    assert_eq!(row(|payment| payment.run_out(early)), ["-"; 7]);
}

#[test]
fn each_living_state_has_a_later_deadline_after_it_moved() {
    let now = at(NOW);
    let moved = each_state().into_iter().flat_map(|payment| {
        [
            payment.clone().assess(RiskDecision::Approve, false, now),
            payment.clone().assess(RiskDecision::Review, false, now),
            payment.clone().cancel(now).ok(),
            payment.clone().freeze(now),
            payment.run_out(now),
        ]
    });
    let deadlines: Vec<_> = moved.flatten().map(|payment| payment.until()).collect();
    assert_eq!(deadlines.len(), 3 + 2 + 3 + 4 + 5);
    assert!(deadlines.iter().all(|until| until.is_some_and(|until| until > now)), "{deadlines:?}");
}

#[derive(Clone, Debug)]
enum Word {
    Reserved,
    Assessed(RiskDecision, bool),
    Reviewed(Verdict),
    Cancelled,
    Frozen,
    Time,
    Settled,
    Released,
}

fn any_word() -> impl Strategy<Value = Word> {
    let decision =
        prop_oneof![Just(RiskDecision::Approve), Just(RiskDecision::Review), Just(RiskDecision::Block)];
    prop_oneof![
        Just(Word::Reserved),
        (decision, any::<bool>()).prop_map(|(decision, frozen)| Word::Assessed(decision, frozen)),
        prop_oneof![Just(Verdict::Approve), Just(Verdict::Reject)].prop_map(Word::Reviewed),
        Just(Word::Cancelled),
        Just(Word::Frozen),
        Just(Word::Time),
        Just(Word::Settled),
        Just(Word::Released),
    ]
}

proptest! {
    #[test]
    fn whatever_is_heard_in_whatever_order_a_payment_ends_once_and_lives_with_a_deadline(
        words in prop::collection::vec(any_word(), 0..30),
    ) {
        let mut payment = payment(State::Initiated { until: at(10) });
        let mut ends = 0;
        for (seconds, word) in words.iter().enumerate() {
            let now = at(seconds as i64 * 20);
            let before = payment.clone();
            let moved = match word {
                Word::Reserved => payment.reserve(),
                Word::Assessed(decision, frozen) => payment.assess(*decision, *frozen, now),
                Word::Reviewed(verdict) => payment.review(*verdict, false, now).ok(),
                Word::Cancelled => payment.cancel(now).ok(),
                Word::Frozen => payment.freeze(now),
                Word::Time => payment.run_out(now),
                Word::Settled => payment.settle(TransactionId::from_u128(1), now),
                Word::Released => payment.fail(Own::Blocked.into(), now),
            };
            ends += usize::from(moved.as_ref().is_some_and(|moved| moved.ended_at().is_some()));
            payment = moved.unwrap_or(before);
            prop_assert_eq!(payment.until().is_none(), payment.ended_at().is_some());
        }
        prop_assert!(ends <= 1);
        prop_assert_eq!(ends == 1, payment.ended_at().is_some());
    }

    #[test]
    fn what_limits_allow_never_adds_up_to_more_than_they_are(
        amounts in prop::collection::vec(1..400_i64, 0..40), day in 0..2_000_i64, month in 0..3_000_i64,
    ) {
        let limits = Limits { payment: 300, day, month };
        let mut spent = Spent::default();
        for amount in amounts {
            match limits.allow(spent, amount) {
                Ok(()) => spent = Spent { day: spent.day + amount, month: spent.month + amount },
                Err(Exceeded { period, left }) => {
                    prop_assert!(amount > left);
                    prop_assert_eq!(period == Period::Payment, amount > 300);
                }
            }
            prop_assert!(spent.day <= day && spent.month <= month);
        }
    }

    #[test]
    fn a_schedule_keeps_its_day_and_time_and_misses_none(start in 0..4_000_000_000_i64, after in 0..400_000_000_i64) {
        let start = Timestamp::from_millis(start * 1_000);
        let after = start.saturating_add(Duration::from_secs(after as u64));
        for every in [Every::Day, Every::Week, Every::Month] {
            let next = every.next(start, after).unwrap();
            prop_assert!(next > after);
            prop_assert_eq!((next.as_micros() - start.as_micros()).rem_euclid(86_400_000_000), 0);
            let between = Timestamp::from_micros(after.as_micros().midpoint(next.as_micros()));
            prop_assert_eq!(every.next(start, between), Some(next), "nothing lies between");
        }
        prop_assert_eq!(Every::Once.next(start, after), None);
    }

    #[test]
    fn a_fee_is_part_of_its_payment(amount in 1..=999_999_999_999_i64, points in 0..=10_000_u32) {
        let fee = fee_of(Money::new(amount, Currency::INR), Some(points)).unwrap();
        prop_assert!((0..=amount).contains(&fee));
        prop_assert_eq!(i128::from(fee), i128::from(amount) * i128::from(points) / 10_000);
    }
}

#[test]
fn a_month_that_is_shorter_pays_on_its_last_day_and_the_next_on_the_first_ones_day() {
    let start: Timestamp = "2027-01-31T09:30:00Z".parse().unwrap();
    let mut times = vec![start];
    for _ in 0..4 {
        times.push(Every::Month.next(start, *times.last().unwrap()).unwrap());
    }
    let shown: Vec<String> = times.iter().map(|time| time.to_string()[..10].to_owned()).collect();
    assert_eq!(shown, ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]);
    let leap: Timestamp = "2028-02-01T00:00:00Z".parse().unwrap();
    assert_eq!(Every::Month.next(start, leap).unwrap().to_string(), "2028-02-29T09:30:00.000Z");
    assert_eq!(Every::Month.next(start, at(0)), Some(start));
}

#[test]
fn a_day_and_its_month_have_names_in_utc() {
    let late: Timestamp = "2026-12-31T23:59:59.999Z".parse().unwrap();
    let names = |at| {
        let Periods { day, month } = Periods::of(at);
        format!("{day} {month}")
    };
    assert_eq!(names(late), "2026-12-31 2026-12");
    assert_eq!(names(late.saturating_add(Duration::from_millis(1))), "2027-01-01 2027-01");
}

#[test]
fn only_what_has_arrived_can_go_back() {
    let left: Vec<_> = each_state().iter().map(|payment| still_refundable(payment).ok()).collect();
    assert_eq!(left, [None, None, None, None, None, Some(500), None]);
    let partly = Payment { refunded: 200, ..each_state().swap_remove(5) };
    assert_eq!(still_refundable(&partly), Ok(300));
}

#[test]
fn a_request_is_answered_once() {
    let open = MoneyRequest {
        id: MoneyRequestId::from_u128(1),
        requester: UserId::from_u128(1),
        to: WalletAccountId::from_u128(1),
        payer: UserId::from_u128(2),
        amount: Money::new(5, Currency::INR),
        note: None,
        state: RequestState::Open,
        payment: None,
        asked_at: at(0),
        version: 1,
    };
    let paying = WalletPaymentId::from_u128(1);
    assert_eq!(open.clone().accept(paying).map(|request| request.state), Ok(RequestState::Accepted));
    assert_eq!(open.clone().decline().map(|request| request.state), Ok(RequestState::Declined));
    for state in [RequestState::Accepted, RequestState::Paid, RequestState::Declined] {
        let answered = MoneyRequest { state, ..open.clone() };
        assert_eq!(answered.clone().accept(paying), Err(Answered(state)));
        assert_eq!(answered.decline(), Err(Answered(state)));
    }
}

#[test]
fn what_is_on_its_way_cannot_be_spent() {
    let account = Account {
        id: WalletAccountId::from_u128(1),
        owner: UserId::from_u128(1),
        frozen: None,
        fee_basis_points: None,
        balance: Money::new(1_000, Currency::INR),
        opened_at: at(0),
    };
    assert_eq!(Purse { account, held: 300 }.available(), 700);
}

#[test]
fn addresses_and_days_are_parsed_by_their_rules() {
    let payee = |text: &str| Payee::try_from(text.to_owned()).ok();
    let account = WalletAccountId::from_u128(7);
    assert_eq!(payee(&account.to_string()), Some(Payee::Account(account)));
    assert_eq!(payee("Ben@Example.COM"), Some(Payee::Email("ben@example.com".to_owned())));
    assert_eq!(payee("+919900000000"), Some(Payee::Phone("+919900000000".to_owned())));
    for bad in ["", "ben", "@", "a@", "@b", "a@b@c", "a b@c", "+12", "+0123456789", "\u{0}@b", "ä@b", "acc_1"]
    {
        assert_eq!(payee(bad), None, "{bad}");
    }
    assert_eq!(payee(&format!("{}@b", "a".repeat(65))), None);
    let day = |text: &str| Day::try_from(text.to_owned()).ok();
    let ends = day("2028-02-29").map(|day| (day.begins().to_string(), day.ends().to_string()));
    assert_eq!(ends, Some(("2028-02-29T00:00:00.000Z".to_owned(), "2028-03-01T00:00:00.000Z".to_owned())));
    for bad in ["2027-02-29", "2027-2-1", "20270201", "-00001-01-01", "2027-01-01T00:00:00Z", ""] {
        assert_eq!(day(bad), None, "{bad}");
    }
    assert!(day("9999-12-31").is_some_and(|day| day.ends() == Timestamp::MAX));
}

#[test]
fn a_reason_of_others_is_kept_short_and_printable() {
    assert_eq!(Reason::heard("exceeds_credits").as_str(), "exceeds_credits");
    assert_eq!(Reason::heard("\u{0}\n").as_str(), "unknown");
    assert_eq!(Reason::heard(&"x".repeat(300)).as_str().len(), 100);
}
