//! What the mask removes, what it leaves alone, and the laws it keeps on any text.

use std::borrow::Cow;

use proptest::prelude::*;

use super::mask;

fn assert_masked(cases: &[(&str, &str)]) {
    for (text, masked) in cases {
        assert_eq!(mask(text), *masked);
    }
}

#[test]
fn ordinary_text_is_left_alone_and_not_copied() {
    for text in [
        "",
        "order ord_01h455vb4pex5vsknk084sn02q placed at 2026-11-21T09:47:35.123Z, total=129900 INR",
        "shipping: 2 boxes; opinion = good; total=5 & more",
        "send a bearer token. The eyJ prefix alone is nothing",
        "took 1735689600000000 us, phone 98765 43210",
        "name@localhost and @handle and a @ b",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "https://example.com:8443/a@b",
        "schlüssel: große Straße",
    ] {
        assert!(matches!(mask(text), Cow::Borrowed(same) if same == text), "{text} became {}", mask(text));
    }
}

#[test]
fn sensitive_pairs_lose_their_value_in_every_spelling() {
    assert_masked(&[
        ("POST /login?user=ann&password=hunter2&next=/", "POST /login?user=ann&password=***&next=/"),
        (r#"{"client_secret":"s3","a":"b"}"#, r#"{"client_secret":"***","a":"b"}"#),
        (r#"{"password": "a\"b", "c": 1}"#, r#"{"password": "***", "c": 1}"#),
        (r#"body="{\"apiKey\":\"k 1\",\"n\":1}""#, r#"body="{\"apiKey\":\"***\",\"n\":1}""#),
        (r#"{"tokens":["a","b]"],"n":1}"#, r#"{"tokens":***,"n":1}"#),
        (r#"Login { password: Some("hun ter2"), n: 1 }"#, r#"Login { password: ***, n: 1 }"#),
        ("X-API-Key: abc123, next", "X-API-Key: ***, next"),
        ("password => 'hunter2' ok", "password => '***' ok"),
        ("PGPASSWORD=hunter2 psql", "PGPASSWORD=*** psql"),
        ("pin=1234 otp: 998877; cvv=\"123\"", "pin=*** otp: ***; cvv=\"***\""),
        ("authorization: Basic dXNlcjpwYXNz, x\nhost: a", "authorization: ***\nhost: a"),
        (r#"{"Authorization":"Bearer x y","n":1}"#, r#"{"Authorization":"***","n":1}"#),
        ("Set-Cookie: sid=1; Path=/\r\nDate: now", "Set-Cookie: ***\r\nDate: now"),
        ("password=", "password="),
        ("secret='never closed", "secret='***"),
        ("password=größe ende", "password=*** ende"),
    ]);
}

#[test]
fn tokens_are_removed_wherever_they_stand() {
    let token = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl-_";
    assert_eq!(mask(&format!("got {token}.")), "got ***.");
    assert_eq!(mask(&format!("/cb#{token}&x=1")), "/cb#***&x=1");
    assert_masked(&[
        ("sent Bearer abc.def to x", "sent Bearer *** to x"),
        ("bearer  0123", "bearer  ***"),
        ("postgres://stoa:hunter2@db:5432/x", "postgres://stoa:***@db:5432/x"),
        ("redis://:p@ss@cache/0", "redis://:***@cache/0"),
    ]);
}

#[test]
fn card_numbers_keep_their_last_four_digits() {
    assert_masked(&[
        ("card 4111111111111111 ok", "card ***1111 ok"),
        ("4111 1111 1111 1111", "***1111"),
        ("5555-5555-5555-4444, 378282246310005.", "***4444, ***0005."),
        ("x4222222222222", "x***2222"),
        ("4111 1111 1111 1111 12 27", "***1111 12 27"),
        ("12 4111111111111111", "12 ***1111"),
        ("4111111111111112 and 41111111111111111111111", "4111111111111112 and 41111111111111111111111"),
    ]);
}

#[test]
fn mail_addresses_keep_their_first_letter_and_domain() {
    assert_masked(&[
        ("to ann.lee+shop@example.co.in.", "to a***@example.co.in."),
        ("<a@b.io>,<é.x@münchen.de>", "<a***@b.io>,<é***@münchen.de>"),
        ("a@b.co@c.com", "a***@b***@c.com"),
    ]);
}

#[test]
fn private_keys_are_removed_whole() {
    assert_masked(&[
        ("k: -----BEGIN EC PRIVATE KEY-----\nMII\n-----END EC PRIVATE KEY-----\nok", "k: [private key]\nok"),
        ("-----BEGIN PRIVATE KEY-----\\nMIIcut", "[private key]"),
        (
            "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nB",
            "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n[private key]",
        ),
    ]);
}

/// Texts that are made of what the rules look for, in any order.
fn tangled() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "password",
        "token",
        "authorization",
        "pin",
        "=",
        ":",
        "\"",
        "'",
        "\\",
        " ",
        "\n",
        "&",
        ",",
        "{",
        "}",
        "(",
        ")",
        "*",
        "***",
        "a",
        "é",
        "1",
        "4111111111111111",
        "4111-1111-1111-1",
        "111",
        "-",
        "@",
        "b.co",
        ".",
        "eyJ",
        "hbGciOiJF",
        "Bearer ",
        "://",
        "/",
        "-----BEGIN ",
        "-----END ",
        "PRIVATE KEY",
        "-----",
        "[private key]",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn masking_twice_is_masking_once(text in prop_oneof![tangled(), any::<String>()]) {
        let once = mask(&text).into_owned();
        let twice = mask(&once);
        prop_assert_eq!(&twice, &once);
        prop_assert!(matches!(twice, Cow::Borrowed(_)));
    }

    #[test]
    fn a_password_never_survives(before in tangled(), password in "[A-Za-z0-9]{8,20}x", after in "( .*)?") {
        let text = format!("{before} password={password}{after}");
        prop_assume!(!before.contains(&password) && !after.contains(&password));
        prop_assert!(!mask(&text).contains(&password));
    }
}
