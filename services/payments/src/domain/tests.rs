//! The rules as tables, and any history.

use contracts::{Currency, Id, Money, PaymentId, RefundId, Timestamp};
use proptest::prelude::*;

use super::*;

const ALL: [Status; 9] = [
    Status::Created,
    Status::Pending,
    Status::Authorized,
    Status::Processing,
    Status::Succeeded,
    Status::Failed,
    Status::Cancelled,
    Status::Refunded,
    Status::PartiallyRefunded,
];
const STANDINGS: [Standing; 6] = [
    Standing::Waiting,
    Standing::Processing,
    Standing::Authorized,
    Standing::Succeeded,
    Standing::Failed,
    Standing::Cancelled,
];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + seconds * 1000)
}

fn payment(status: Status) -> Payment {
    let price = Money::new(1000, Currency::USD);
    let made = Payment::new(PaymentId::from_u128(1), price, at(0));
    Payment { status, provider_ref: Some("pi_1".into()), news_at: at(1), ..made }
}

fn news(standing: Standing, seconds: i64) -> News {
    News {
        standing,
        amount: Some(1000),
        currency: Some(Currency::USD),
        received: None,
        failure: Some("card_declined".into()),
        at: at(seconds),
        said: "said".into(),
    }
}

fn after(heard: Heard) -> Payment {
    match heard {
        Heard::Moved(payment) | Heard::Kept(payment) | Heard::Doubted(payment, _) => payment,
    }
}

#[test]
fn each_status_moves_by_later_news_as_the_table_says() {
    use Status::{
        Authorized as A, Cancelled as X, Failed as F, Pending as P, Processing as R, Succeeded as S,
    };
    let (back, part) = (Status::Refunded, Status::PartiallyRefunded);
    // Waiting, Processing, Authorized, Succeeded, Failed, Cancelled.
    let table = [
        [P, R, A, S, F, X],
        [P, R, A, S, F, X],
        [A, A, A, S, A, X],
        [P, R, A, S, F, X],
        [S, S, S, S, S, S],
        [P, R, A, S, F, X],
        [X, X, X, S, X, X],
        [back, back, back, back, back, back],
        [part, part, part, part, part, part],
    ];
    for (status, row) in ALL.into_iter().zip(table) {
        for (standing, expected) in STANDINGS.into_iter().zip(row) {
            let moved = after(payment(status).hear(&news(standing, 2), at(9)));
            assert_eq!(moved.status, expected, "{status:?} hears {standing:?}");
            assert_eq!(moved.heard_at, at(9));
        }
    }
}

#[test]
fn older_news_only_ever_moves_forward() {
    for (status, standing, expected) in [
        (Status::Processing, Standing::Waiting, Status::Processing),
        (Status::Failed, Standing::Processing, Status::Failed),
        (Status::Failed, Standing::Waiting, Status::Failed),
        (Status::Pending, Standing::Processing, Status::Processing),
        (Status::Processing, Standing::Failed, Status::Failed),
        (Status::Failed, Standing::Succeeded, Status::Succeeded),
    ] {
        let moved = after(payment(status).hear(&news(standing, 0), at(9)));
        assert_eq!(moved.status, expected, "{status:?} hears {standing:?}");
    }
}

#[test]
fn a_success_of_another_amount_or_currency_is_not_believed() {
    let wrong = [
        (News { amount: Some(999), ..news(Standing::Succeeded, 2) }, Doubt::Amount),
        (News { amount: None, ..news(Standing::Succeeded, 2) }, Doubt::Amount),
        (News { received: Some(999), ..news(Standing::Succeeded, 2) }, Doubt::Amount),
        (News { received: Some(1001), ..news(Standing::Succeeded, 2) }, Doubt::Amount),
        (News { currency: Some(Currency::INR), ..news(Standing::Succeeded, 2) }, Doubt::Currency),
        (News { currency: None, ..news(Standing::Succeeded, 2) }, Doubt::Currency),
        (News { amount: Some(1), ..news(Standing::Authorized, 2) }, Doubt::Amount),
    ];
    for (news, why) in wrong {
        match payment(Status::Pending).hear(&news, at(9)) {
            Heard::Doubted(kept, doubt) => {
                assert_eq!((kept.status, kept.captured, kept.needs_review), (Status::Pending, 0, true));
                assert_eq!(doubt, why);
            }
            other => panic!("{news:?} was believed: {other:?}"),
        }
    }
}

#[test]
fn a_capture_of_a_part_is_believed_where_a_part_was_asked_for() {
    let held = Payment { capture_asked: Some(400), ..payment(Status::Authorized) };
    let taken = News { received: Some(400), ..news(Standing::Succeeded, 2) };
    let paid = after(held.hear(&taken, at(9)));
    assert_eq!((paid.status, paid.captured, paid.refundable()), (Status::Succeeded, 400, 400));
    assert!(matches!(payment(Status::Authorized).hear(&taken, at(9)), Heard::Doubted(..)));
}

#[test]
fn each_status_is_called_off_as_the_table_says() {
    let expected = [
        (CallOff::AskProvider, Status::Created),
        (CallOff::AskProvider, Status::Pending),
        (CallOff::AskProvider, Status::Authorized),
        (CallOff::Wait, Status::Processing),
        (CallOff::Over, Status::Succeeded),
        (CallOff::AskProvider, Status::Failed),
        (CallOff::Over, Status::Cancelled),
        (CallOff::Over, Status::Refunded),
        (CallOff::Over, Status::PartiallyRefunded),
    ];
    for (status, (todo, then)) in ALL.into_iter().zip(expected) {
        let (called_off, told) = payment(status).call_off();
        assert_eq!((told, called_off.status), (todo, then), "{status:?}");
    }
    let unopened = Payment { provider_ref: None, ..payment(Status::Created) };
    let (gone, told) = unopened.call_off();
    assert_eq!((told, gone.status, gone.live), (CallOff::Cancelled, Status::Cancelled, false));
}

#[test]
fn only_a_held_payment_is_captured_and_never_for_more() {
    for status in ALL {
        let held = status == Status::Authorized;
        assert_eq!(payment(status).capturable(None), held.then_some(1000), "{status:?}");
    }
    let held = payment(Status::Authorized);
    let asked = [Some(1), Some(1000), Some(1001), Some(0), Some(-1)].map(|amount| held.capturable(amount));
    assert_eq!(asked, [Some(1), Some(1000), None, None, None]);
}

#[test]
fn each_refund_moves_as_the_table_says() {
    use RefundMove::{GivenBack, Kept, Released, TakenBack, Waiting};
    use RefundStatus::{Failed, Pending, Requested, Succeeded};
    let table = [
        (Requested, [(Pending, Waiting), (Succeeded, GivenBack), (Failed, Released)]),
        (Pending, [(Pending, Kept), (Succeeded, GivenBack), (Failed, Released)]),
        (Succeeded, [(Succeeded, Kept), (Succeeded, Kept), (Failed, TakenBack)]),
        (Failed, [(Failed, Kept), (Failed, Kept), (Failed, Kept)]),
    ];
    let standings = [RefundStanding::Pending, RefundStanding::Succeeded, RefundStanding::Failed];
    for (status, row) in table {
        for (standing, expected) in standings.into_iter().zip(row) {
            let (moved, did) = refund(status, 5).hear(standing, None);
            assert_eq!((moved.status, did), expected, "{status:?} hears {standing:?}");
        }
    }
}

fn refund(status: RefundStatus, amount: i64) -> Refund {
    Refund {
        id: RefundId::from_u128(1),
        payment_id: PaymentId::from_u128(1),
        amount,
        currency: Currency::USD,
        reason: "test".into(),
        status,
        provider_ref: None,
        failure: None,
        created_at: at(0),
        updated_at: at(0),
        version: 0,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Hear(usize, i64, Option<i64>),
    Ask(Option<i64>),
    Answer(usize, usize),
    CallOff,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0usize..6, 0i64..9, prop::option::of(0i64..1200))
            .prop_map(|(which, at, received)| Step::Hear(which, at, received)),
        prop::option::of(-5i64..700).prop_map(Step::Ask),
        (0usize..9, 0usize..3).prop_map(|(which, how)| Step::Answer(which, how)),
        Just(Step::CallOff),
    ]
}

proptest! {
    #[test]
    fn no_history_gives_back_more_than_was_taken(steps in prop::collection::vec(any_step(), 0..60)) {
        let mut now = payment(Status::Created);
        let mut refunds: Vec<Refund> = Vec::new();
        for step in steps {
            let before = now.status.stage();
            now = match step {
                Step::Hear(which, seconds, received) => {
                    after(now.hear(&News { received, ..news(STANDINGS[which], seconds) }, at(9)))
                }
                Step::Ask(wanted) => match now.reservable(wanted) {
                    Some(amount) => {
                        refunds.push(refund(RefundStatus::Requested, amount));
                        Payment { refund_reserved: now.refund_reserved + amount, ..now }
                    }
                    None => now,
                },
                Step::Answer(which, how) if !refunds.is_empty() => {
                    let which = which % refunds.len();
                    let standing = [RefundStanding::Pending, RefundStanding::Succeeded, RefundStanding::Failed][how];
                    let (moved, did) = refunds[which].clone().hear(standing, None);
                    refunds[which] = moved;
                    let amount = refunds[which].amount;
                    match did {
                        RefundMove::Kept | RefundMove::Waiting => now,
                        RefundMove::GivenBack => now.give_back(amount).unwrap(),
                        RefundMove::Released => now.release(amount).unwrap(),
                        RefundMove::TakenBack => now.take_back(amount).unwrap(),
                    }
                }
                Step::Answer(..) => now,
                Step::CallOff => now.call_off().0,
            };
            prop_assert!(0 <= now.refunded && now.refunded <= now.refund_reserved);
            prop_assert!(now.refund_reserved <= now.captured && now.captured <= now.amount);
            prop_assert!(now.status.stage() >= before, "nothing goes back to an earlier stage");
            let promised: i64 =
                refunds.iter().filter(|refund| refund.status != RefundStatus::Failed).map(|refund| refund.amount).sum();
            prop_assert_eq!(promised, now.refund_reserved);
        }
    }

    #[test]
    fn a_payment_that_succeeded_ends_so_whatever_the_order_of_its_news(order in Just([0usize, 1, 3, 4]).prop_shuffle()) {
        let told = order.into_iter().fold(payment(Status::Created), |payment, which| {
            after(payment.hear(&news(STANDINGS[which], i64::try_from(which).unwrap()), at(9)))
        });
        prop_assert_eq!((told.status, told.captured), (Status::Succeeded, 1000));
    }
}

#[test]
fn only_a_payment_that_no_provider_knows_waits_and_a_wait_ends_once() {
    for status in ALL {
        let unknown = Payment { provider_ref: None, ..payment(status) };
        let waits = unknown.clone().awaits();
        assert_eq!(waits.is_some(), status == Status::Created, "{status:?}");
        assert_eq!(payment(status).awaits(), None, "a provider knows it");
        assert_eq!(unknown.clone().unheard_of(OnSilence::Fail), Waited::NotAtAll, "nobody waited");
        let Some(waits) = waits else { continue };
        assert_eq!(waits.clone().awaits(), None, "once is enough");
        assert_eq!(waits.clone().cleared().unheard_of(OnSilence::Fail), Waited::NotAtAll);
        assert_eq!(waits.clone().cleared().awaits(), None, "what may go on does not wait again");
        assert_eq!(waits.clone().unheard_of(OnSilence::GoOn), Waited::GoesOn(unknown.cleared()));
        let Waited::Failed(failed) = waits.clone().unheard_of(OnSilence::Fail) else { panic!("it fails") };
        assert_eq!((failed.status, failed.live), (Status::Failed, false));
        for (ended, _) in [waits.clone().block(), waits.call_off()] {
            assert_eq!(ended.unheard_of(OnSilence::GoOn), Waited::NotAtAll, "it is over already");
        }
    }
}
