//! The language: what it says, what it refuses, and what it may cost.

use contracts::{Currency, Id, Timestamp, UserId};
use proptest::prelude::*;

use super::*;
use crate::domain::evidence::Evidence;
use crate::domain::facts::{Facts, Field, Source};

/// A payment of 150,000 at 03:00 on a Thursday, by a payer of 40 days who pays somebody new for the third time today.
fn evidence() -> Evidence {
    let facts = Facts {
        source: Source::Wallet,
        amount: 150_000,
        currency: Currency::INR,
        payer: Some(UserId::from_u128(1)),
        payee: Some(UserId::from_u128(2)),
        device: Some("phone-7".to_owned()),
        address: None,
        at: Timestamp::from_millis(3 * 3_600_000),
    };
    let mut evidence = Evidence::gather(facts, &Default::default(), &Default::default());
    evidence.counts[0] = [0, 1, 2, 2, 9];
    evidence.approved = Some([[0, 1, 2, 2, 7], [0; 5], [0; 5], [0; 5]]);
    evidence.sums[0] = [0, 500, 1_500, 1_500, 90_000];
    evidence.distinct[0][1] = [0, 1, 2, 2, 4];
    evidence.met[0] = [false, false, true, false];
    evidence.ages_days = [40, 0, 3, 0];
    evidence.country = Some("IN".to_owned());
    evidence.list("stolen".to_owned(), Field::Device);
    evidence
}

fn says(text: &str) -> Result<bool, Trouble> {
    let rule = compile(text).unwrap_or_else(|bad| panic!("{text}: {bad}"));
    Asked { evidence: &evidence(), model: 640 }.holds(&rule, &mut Fuel(1_000))
}

#[test]
fn a_rule_says_what_it_reads_like() {
    for holds in [
        "true",
        "not false",
        "amount == 150_000",
        "amount > 100_000 and hour() < 5",
        "hour == 3 && weekday() == 4",
        r#"count("payer", "24h") + 1 >= 3"#,
        r#"approved("payer", "30d") == 7 and approved("payee", "30d") == 0"#,
        r#"sum("payer", "30d") + amount > 200_000"#,
        r#"distinct("payer", "payee", "30d") == 4"#,
        r#"is_new("payer", "payee")"#,
        r#"not is_new("payer", "device")"#,
        r#"not is_new("payer", "address")"#,
        r#"in_list("stolen", device) and not in_list("stolen", payer)"#,
        r#"age_days("payer") == 40 and age_days("payee") == 0"#,
        r#"currency == "INR" and country in ["IN", "NP"]"#,
        r#"starts_with(device, "phone-") and length(device) == 7"#,
        r#"address == "" and length(payer) == 30"#,
        "1 + 2 * 3 == 7 and (1 + 2) * 3 == 9 and 7 - 2 - 1 == 4",
        "7 / 2 == 3 and -7 / 2 == -3 and - -2 == 2",
        "min(3, 2) == 2 and max(3, 2) == 3",
        "true or false and false",
        "not false and not (true and false)",
        "amount in [1, -5, 150_000]",
        "model > 500 or 1 / 0 == 1",
        "not (false and 1 / 0 == 1)",
    ] {
        assert_eq!(says(holds), Ok(true), "{holds}");
    }
}

#[test]
fn what_cannot_be_computed_is_said_to_be_so() {
    assert_eq!(says("amount / (hour - 3) > 1"), Err(Trouble::DivisionByZero));
    for overflow in [
        "amount * 9_000_000_000_000_000 > 1",
        "9_223_372_036_854_775_807 + amount > 1",
        "-9_223_372_036_854_775_807 - amount < 1",
        "(-9_223_372_036_854_775_807 - 1) / -1 > 0",
        "-(-9_223_372_036_854_775_807 - 1) > 0",
    ] {
        assert_eq!(says(overflow), Err(Trouble::Overflow), "{overflow}");
    }
}

#[test]
fn what_is_no_rule_is_refused_with_its_place() {
    for (text, at, why) in [
        ("", 1, "expected a value"),
        ("amount", 1, "expected true or false, this is a number"),
        ("amount > ", 10, "expected a value"),
        ("amount > \"a\"", 10, "expected a number, this is a text"),
        ("payer < payee", 1, "expected a number, this is a text"),
        ("payer == 1", 10, "expected a text, this is a number"),
        ("true and 1", 10, "expected true or false, this is a number"),
        ("-true", 2, "expected a number, this is true or false"),
        ("not 1", 5, "expected true or false, this is a number"),
        ("1 < 2 < 3", 7, "expected the end of the rule"),
        ("nonsense > 1", 1, "there is no `nonsense`"),
        ("frobnicate(1)", 1, "there is no function `frobnicate`"),
        ("count(\"payer\") > 1", 1, "`count` takes (subject, window), as in (\"payer\", \"1h\")"),
        ("count(\"shop\", \"1h\") > 1", 7, "expected \"payer\", \"payee\", \"device\" or \"address\""),
        ("count(\"payer\", \"2h\") > 1", 16, "expected \"10m\", \"1h\", \"24h\", \"7d\" or \"30d\""),
        ("count(payer, \"1h\") > 1", 7, "expected \"payer\", \"payee\", \"device\" or \"address\""),
        ("is_new(\"payer\", \"payer\")", 17, "expected another one than the first"),
        ("in_list(\"a\", \"payer\")", 14, "expected payer, payee, device, address, country or currency"),
        ("amount in []", 1, "the list is empty"),
        ("amount in [1, \"a\"]", 15, "expected a number, this is a text"),
        ("amount in [hour]", 12, "a list holds numbers or texts"),
        ("payer == \"a", 10, "the text has no end"),
        ("amount > 1x", 10, "expected a whole number of 64 bits"),
        ("amount > 99_999_999_999_999_999_999", 10, "expected a whole number of 64 bits"),
        ("amount ; 1", 8, "`;` means nothing here"),
        ("(true", 6, "expected `)`"),
        ("true)", 5, "expected the end of the rule"),
        ("and", 1, "expected a value"),
    ] {
        let bad = compile(text).expect_err(text);
        assert_eq!((bad.at, bad.why.as_str()), (at, why), "{text}");
    }
}

#[test]
fn a_rule_is_bounded_in_length_and_depth() {
    let deep = format!("{}true{}", "(".repeat(32), ")".repeat(32));
    assert!(compile(&deep).is_ok());
    assert!(compile(&format!("({deep})")).is_err_and(|bad| bad.why.contains("at most 32 deep")));
    assert!(compile(&format!("{}true", "not ".repeat(33))).is_err());
    assert!(compile(&format!("1 > {}1", "-".repeat(33))).is_err());
    let long = format!("true{}", " ".repeat(997));
    assert!(compile(&long[..1_000]).is_ok());
    assert!(compile(&long).is_err_and(|bad| bad.why.contains("at most 1000 letters")));
    let chain = vec!["1"; 498].join("+");
    assert!(compile(&format!("{chain}>1")).is_ok(), "a long chain does not run out of stack");
}

/// Texts that are rules more often than not.
fn near_rule() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("amount"),
        Just("model"),
        Just("payer"),
        Just("device"),
        Just("hour()"),
        Just("count(\"payer\", \"1h\")"),
        Just("approved(\"payer\", \"30d\")"),
        Just("distinct(\"payer\", \"payee\", \"24h\")"),
        Just("is_new(\"payer\", \"payee\")"),
        Just("in_list(\"a\", device)"),
        Just("starts_with(device, \"p\")"),
        Just("length(payer)"),
        Just("and"),
        Just("or"),
        Just("not"),
        Just("in"),
        Just("["),
        Just("]"),
        Just("("),
        Just(")"),
        Just(","),
        Just("=="),
        Just("<"),
        Just(">="),
        Just("+"),
        Just("-"),
        Just("*"),
        Just("/"),
        Just("0"),
        Just("7"),
        Just("9223372036854775807"),
        Just("\"phone-7\""),
        Just("true"),
    ];
    proptest::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.join(" "))
}

fn rule() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        Just("amount".to_owned()),
        Just("model".to_owned()),
        Just("count(\"payer\", \"24h\")".to_owned()),
        any::<i64>().prop_map(|number| number.saturating_abs().to_string()),
    ];
    let number = number.prop_recursive(3, 12, 2, |inner| {
        (inner.clone(), prop_oneof![Just("+"), Just("-"), Just("*"), Just("/")], inner)
            .prop_map(|(a, sign, b)| format!("({a} {sign} {b})"))
    });
    let truth = (number.clone(), prop_oneof![Just("<"), Just("=="), Just(">=")], number)
        .prop_map(|(a, sign, b)| format!("{a} {sign} {b}"));
    truth.prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| format!("not ({a})")),
            (inner.clone(), prop_oneof![Just("and"), Just("or")], inner)
                .prop_map(|(a, word, b)| format!("({a}) {word} ({b})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn no_text_makes_the_compiler_panic(text in ".{0,300}") {
        let _ = compile(&text);
    }

    #[test]
    fn no_text_of_its_own_words_makes_it_panic_and_each_rule_can_be_asked(text in near_rule()) {
        if let Ok(rule) = compile(&text) {
            let said = Asked { evidence: &evidence(), model: 0 }.holds(&rule, &mut Fuel(10_000));
            prop_assert!(said != Err(Trouble::Unreadable), "what is checked cannot be of a wrong type: {}", text);
        }
    }

    #[test]
    fn a_rule_never_burns_more_than_it_was_given(text in rule(), given in 0..60u32) {
        let Ok(rule) = compile(&text) else { return Ok(()) };
        let (evidence, mut whole) = (evidence(), Fuel(10_000));
        let asked = Asked { evidence: &evidence, model: 3 };
        let said = asked.holds(&rule, &mut whole);
        let burnt = 10_000 - whole.0;
        prop_assert!(burnt as usize <= text.len(), "{burnt} for {text}");
        let with_less = asked.holds(&rule, &mut Fuel(given));
        if given >= burnt {
            prop_assert_eq!(with_less, said, "fuel changes nothing but whether there is an answer");
        } else {
            prop_assert_eq!(with_less, Err(Trouble::OutOfFuel));
        }
    }
}
