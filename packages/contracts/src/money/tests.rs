//! The laws of money.

use proptest::prelude::*;

use super::*;
use crate::Currency::{INR, JPY, KWD, USD};

const ALL_ROUNDINGS: [Rounding; 7] = [
    Rounding::HalfUp,
    Rounding::HalfDown,
    Rounding::HalfEven,
    Rounding::Up,
    Rounding::Down,
    Rounding::Floor,
    Rounding::Ceiling,
];

fn inr(minor: i64) -> Money {
    Money::new(minor, INR)
}

fn minors(parts: Result<Vec<Money>, MoneyError>) -> Vec<i64> {
    parts.unwrap().iter().map(Money::minor).collect()
}

fn any_weights() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec(prop_oneof![0u64..5, any::<u64>()], 1..20)
        .prop_filter("some weight is not zero", |weights| weights.iter().any(|&weight| weight > 0))
}

proptest! {
    #[test]
    fn allocation_conserves_the_amount(minor: i64, weights in any_weights()) {
        let parts = minors(inr(minor).allocate(&weights));
        prop_assert_eq!(parts.iter().map(|&part| i128::from(part)).sum::<i128>(), i128::from(minor));
    }

    #[test]
    fn each_part_is_within_one_unit_of_its_share(minor: i64, weights in any_weights()) {
        let total: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
        for (part, &weight) in minors(inr(minor).allocate(&weights)).into_iter().zip(&weights) {
            let share = i128::from(minor) * i128::from(weight);
            let (low, high) = (share.div_euclid(total), share.div_euclid(total) + 1);
            prop_assert!((low..=high).contains(&i128::from(part)));
            prop_assert!(weight > 0 || part == 0);
        }
    }

    #[test]
    fn a_refund_is_allocated_as_the_charge_was(minor in 0..i64::MAX, weights in any_weights()) {
        let charged = minors(inr(minor).allocate(&weights));
        let refunded = minors(inr(-minor).allocate(&weights));
        prop_assert_eq!(charged, refunded.into_iter().map(|part| -part).collect::<Vec<_>>());
    }

    #[test]
    fn equal_parts_differ_by_one_unit_at_most(minor: i64, parts in 1usize..50) {
        let parts = minors(inr(minor).split(parts));
        let (most, least) = (parts.iter().max().unwrap(), parts.iter().min().unwrap());
        prop_assert!(most - least <= 1);
    }

    #[test]
    fn rounding_is_exact_where_it_can_be_and_otherwise_next_to_it(amount: i64, by in 1i64..1_000_000) {
        let (amount, by) = (i128::from(amount), i128::from(by));
        for rounding in ALL_ROUNDINGS {
            let off = rounding.divide(amount, by) * by - amount;
            prop_assert!(off.abs() < by);
            prop_assert!(amount % by != 0 || off == 0);
            let nearest = matches!(rounding, Rounding::HalfUp | Rounding::HalfDown | Rounding::HalfEven);
            prop_assert!(!nearest || off.abs() * 2 <= by);
        }
        prop_assert!(Rounding::Floor.divide(amount, by) <= Rounding::Ceiling.divide(amount, by));
        prop_assert!(Rounding::Down.divide(amount, by).abs() <= Rounding::Up.divide(amount, by).abs());
    }

    #[test]
    fn rounding_by_size_is_the_same_on_both_sides_of_zero(amount: i64, by in 1i64..1_000) {
        let (amount, by) = (i128::from(amount), i128::from(by));
        for rounding in [Rounding::HalfUp, Rounding::HalfDown, Rounding::HalfEven, Rounding::Up, Rounding::Down] {
            prop_assert_eq!(rounding.divide(-amount, by), -rounding.divide(amount, by));
        }
        prop_assert_eq!(Rounding::Floor.divide(-amount, by), -Rounding::Ceiling.divide(amount, by));
    }

    #[test]
    fn a_rate_below_zero_rounds_as_the_amount_below_zero(minor in -1_000_000i64..1_000_000, rate in 0i32..20_000) {
        for rounding in ALL_ROUNDINGS {
            let rebate = inr(minor).scale(BasisPoints(-rate), rounding);
            prop_assert_eq!(rebate, inr(-minor).scale(BasisPoints(rate), rounding));
        }
    }

    #[test]
    fn a_decimal_is_read_as_it_was_written(minor: i64, currency in proptest::sample::select(Currency::ACTIVE)) {
        let money = Money::new(minor, currency);
        prop_assert_eq!(Money::from_decimal(&money.to_decimal(), currency), Ok(money));
    }

    #[test]
    fn adding_is_undone_by_subtracting(a: i64, b: i64) {
        if let Ok(sum) = inr(a).checked_add(inr(b)) {
            prop_assert_eq!(sum.checked_sub(inr(b)), Ok(inr(a)));
        } else {
            prop_assert!(a.checked_add(b).is_none());
        }
    }
}

#[test]
fn each_rounding_does_what_its_name_says() {
    // Quarters: 1/4, 2/4, 3/4, 6/4 and the same below zero.
    let table = [
        (Rounding::HalfUp, [0, 1, 1, 2], [0, -1, -1, -2]),
        (Rounding::HalfDown, [0, 0, 1, 1], [0, 0, -1, -1]),
        (Rounding::HalfEven, [0, 0, 1, 2], [0, 0, -1, -2]),
        (Rounding::Up, [1, 1, 1, 2], [-1, -1, -1, -2]),
        (Rounding::Down, [0, 0, 0, 1], [0, 0, 0, -1]),
        (Rounding::Floor, [0, 0, 0, 1], [-1, -1, -1, -2]),
        (Rounding::Ceiling, [1, 1, 1, 2], [0, 0, 0, -1]),
    ];
    for (rounding, above, below) in table {
        assert_eq!([1, 2, 3, 6].map(|quarters| rounding.divide(quarters, 4)), above, "{rounding:?}");
        assert_eq!([-1, -2, -3, -6].map(|quarters| rounding.divide(quarters, 4)), below, "{rounding:?}");
    }
}

#[test]
fn left_over_units_go_to_the_largest_fraction_and_then_to_the_first() {
    assert_eq!(minors(inr(100).allocate(&[1, 1, 1])), [34, 33, 33]);
    assert_eq!(minors(inr(-100).allocate(&[1, 1, 1])), [-34, -33, -33]);
    assert_eq!(minors(inr(5).allocate(&[3, 7])), [2, 3]);
    assert_eq!(minors(inr(10).allocate(&[1, 0, 5])), [2, 0, 8]);
    assert_eq!(minors(inr(i64::MIN).allocate(&[u64::MAX])), [i64::MIN]);
    assert_eq!(minors(inr(7).split(3)), [3, 2, 2]);
}

#[test]
fn nothing_is_divided_into_nothing() {
    assert_eq!(inr(5).allocate(&[]), Err(MoneyError::NoParts));
    assert_eq!(inr(5).allocate(&[0, 0]), Err(MoneyError::NoParts));
    assert_eq!(inr(5).split(0), Err(MoneyError::NoParts));
    assert_eq!(inr(5).prorate(1, 0, Rounding::Down), Err(MoneyError::NoParts));
}

#[test]
fn tax_is_a_rate_of_the_amount_and_comes_out_of_it_again() {
    assert_eq!(inr(999).scale(BasisPoints(1_800), Rounding::HalfUp), Ok(inr(180)));
    assert_eq!(inr(11_800).prorate(10_000, 11_800, Rounding::HalfUp), Ok(inr(10_000)));
    assert_eq!(inr(i64::MAX).scale(BasisPoints(i32::MAX), Rounding::Down), Err(MoneyError::Overflow));
    assert_eq!(inr(i64::MIN).prorate(u64::MAX, u64::MAX, Rounding::Floor), Ok(inr(i64::MIN)));
}

#[test]
fn currencies_do_not_mix() {
    let mixed = MoneyError::CurrencyMismatch { left: INR, right: USD };
    let dollar = Money::new(1, USD);
    assert_eq!(inr(1).checked_add(dollar), Err(mixed));
    assert_eq!(inr(1).checked_sub(dollar), Err(mixed));
    assert_eq!(inr(1).compare(dollar), Err(mixed));
    assert_eq!(inr(1).compare(inr(2)), Ok(Ordering::Less));
    assert_eq!(mixed.to_string(), "INR and USD cannot be reckoned together");
}

#[test]
fn too_much_is_an_error_and_never_another_amount() {
    let overflow = Err(MoneyError::Overflow);
    assert_eq!(inr(i64::MAX).checked_add(inr(1)), overflow);
    assert_eq!(inr(i64::MIN).checked_sub(inr(1)), overflow);
    assert_eq!(inr(i64::MIN).checked_neg(), overflow);
    assert_eq!(inr(i64::MAX).checked_mul(2), overflow);
    assert_eq!(Money::from_decimal("92233720368547758.08", INR), overflow);
    assert_eq!(Money::from_decimal("-92233720368547758.08", INR), Ok(inr(i64::MIN)));
    assert_eq!(Money::from_decimal(&"9".repeat(60), INR), overflow);
}

#[test]
fn money_is_shown_with_its_decimals_and_its_currency() {
    assert_eq!(inr(1_234).to_string(), "12.34 INR");
    assert_eq!(inr(-5).to_string(), "-0.05 INR");
    assert_eq!(Money::new(500, JPY).to_string(), "500 JPY");
    assert_eq!(Money::new(1_005, KWD).to_string(), "1.005 KWD");
}

#[test]
fn a_decimal_finer_than_the_currency_is_refused() {
    assert_eq!(Money::from_decimal("12.3", INR), Ok(inr(1_230)));
    assert_eq!(Money::from_decimal("12", INR), Ok(inr(1_200)));
    assert_eq!(Money::from_decimal("12.340", INR), Err(MoneyError::TooManyDecimals { currency: INR }));
    let yen = Money::from_decimal("5.0", JPY).unwrap_err();
    assert_eq!(yen.to_string(), "an amount in JPY has at most 0 decimals");
    for bad in ["", "-", ".", "1.", ".5", "+1", "--1", "1e3", " 1", "1,00", "1.2.3", "１"] {
        assert_eq!(Money::from_decimal(bad, INR), Err(MoneyError::BadDecimal), "{bad}");
    }
}

#[test]
fn money_travels_as_minor_units_and_a_code() {
    let json = r#"{"minor":1234,"currency":"INR"}"#;
    assert_eq!(serde_json::to_string(&inr(1234)).unwrap(), json);
    assert_eq!(serde_json::from_str::<Money>(json).unwrap(), inr(1234));
    assert!(serde_json::from_str::<Money>(r#"{"minor":12.5,"currency":"INR"}"#).is_err());
    assert!(serde_json::from_str::<Money>(r#"{"minor":1234}"#).is_err());
}
