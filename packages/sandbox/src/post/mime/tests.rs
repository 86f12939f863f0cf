//! How mail of many kinds is read, and that nothing that comes in stops the reader.

use super::*;

fn read(raw: &str) -> Letter {
    Letter::read(raw.replace('\n', "\r\n").as_bytes())
}

#[test]
fn a_plain_mail_is_read() {
    let letter = read("From: Shop <shop@example.com>\nSubject: Hello\n there\nX-Empty:\n\nFirst\n\nSecond\n");
    assert_eq!(letter.from, "Shop <shop@example.com>");
    assert_eq!(letter.subject, "Hello there");
    assert_eq!(letter.text, "First\n\nSecond\n");
    assert_eq!(letter.headers[2], ("X-Empty".to_owned(), String::new()));
    assert!(letter.html.is_empty() && letter.attachments.is_empty());
}

#[test]
fn encoded_words_are_decoded_also_where_a_letter_is_split_between_two() {
    for (written, meant) in [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?= aus Wien", "Grüße aus Wien"),
        ("=?utf-8?q?Gr=C3?= =?utf-8?q?=BC=C3=9Fe_an_alle?=", "Grüße an alle"),
        ("=?iso-8859-1?Q?caf=E9?= =?utf-8?b?4oKs?=", "café€"),
        ("a =?utf-8?q?b?= c =?utf-8?q?d?=", "a b c d"),
        ("=?utf-8*en?q?x?=", "x"),
        ("not =?utf-8?x?y?= one", "not =?utf-8?x?y?= one"),
        ("=?broken", "=?broken"),
        ("=?utf-8?q?a?==?utf-8?q?b?=c", "abc"),
        ("2 =? 2", "2 =? 2"),
    ] {
        assert_eq!(words::decode(written), meant, "{written}");
    }
}

#[test]
fn the_parts_of_a_mail_are_told_apart() {
    let letter = read(
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"out;er\"\n\npreamble\n--out;er\n\
         Content-Type: multipart/alternative; boundary=inner\n\n--inner\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: quoted-printable\n\nCaf=C3=A9 =\nau lait\n--inner\n\
         Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: base64\n\nPHA+Y2Fm6TwvcD4=\n\
         --inner--\n--out;er\nContent-Type: application/pdf; name=ignored\n\
         Content-Disposition: attachment; filename*=utf-8''Rechnung%20N%C2%BA1.pdf\n\
         Content-Transfer-Encoding: base64\n\nAAEC\nAwQ=\n--out;er\nContent-Type: text/plain\n\
         Content-Disposition: attachment; filename*0=\"no\"; filename*1=\"tes.txt\"\n\nlater\n--out;er--\nepilogue\n",
    );
    assert_eq!(letter.text, "Café au lait");
    assert_eq!(letter.html, "<p>café</p>");
    let attached: Vec<_> =
        letter.attachments.iter().map(|one| (one.name.as_str(), one.kind.as_str(), one.size_bytes)).collect();
    assert_eq!(attached, [("Rechnung Nº1.pdf", "application/pdf", 5), ("notes.txt", "text/plain", 5)]);
}

#[test]
fn a_related_picture_is_a_file() {
    let letter = read(
        "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<img src=\"cid:1\">\n--b\n\
         Content-Type: image/png\nContent-ID: <1>\nContent-Transfer-Encoding: base64\n\niVBORw==\n--b--\n",
    );
    assert_eq!(letter.html, "<img src=\"cid:1\">");
    assert_eq!(letter.attachments.len(), 1);
    assert_eq!((letter.attachments[0].kind.as_str(), letter.attachments[0].size_bytes), ("image/png", 4));
}

#[test]
fn charsets_are_told_apart() {
    assert_eq!(decode::text(b"caf\xe9 \x80", "Windows-1252"), "café €");
    assert_eq!(decode::text("café".as_bytes(), "UTF-8"), "café");
    assert_eq!(decode::text(b"caf\xe9", ""), "café");
    assert_eq!(decode::text(b"caf\xe9", "utf-8"), "caf\u{fffd}");
    assert_eq!(decode::text("é".as_bytes(), "latin1"), "Ã©");
}

#[test]
fn broken_encodings_are_read_as_well_as_can_be() {
    assert_eq!(decode::quoted_printable(b"a=3Db=ZZ=\r\nc= \r\nd="), b"a=b=ZZcd");
    assert_eq!(decode::base64(b"aGVs\r\n bG8="), b"hello");
    assert_eq!(decode::base64(b"aGVsb"), b"hel");
    assert_eq!(decode::base64(b"!!"), b"");
}

#[test]
fn parts_nest_and_repeat_within_bounds() {
    let deep: String = (0..50)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"))
        .collect();
    let letter = read(&(deep + "Content-Type: text/plain\n\nbottom\n"));
    assert!(!letter.text.contains("bottom"), "what is deeper than the bound is not looked at");

    let many = "--b\nContent-Type: image/gif\n\nx\n".repeat(1_000);
    let letter = read(&format!("Content-Type: multipart/mixed; boundary=b\n\n{many}"));
    assert_eq!(letter.attachments.len(), PARTS_MAX - 1);
    let long = read(&format!("Subject: {}\n\n", "=?a?q?x\n ".repeat(100_000)));
    assert!(long.subject.len() <= 70_000, "{}", long.subject.len());
    // A boundary that is never met, and one that is empty.
    assert_eq!(
        read("Content-Type: multipart/mixed; boundary=b\n\nlost\n"),
        Letter {
            headers: vec![("Content-Type".to_owned(), "multipart/mixed; boundary=b".to_owned())],
            ..Letter::default()
        }
    );
    assert_eq!(read("Content-Type: multipart/mixed; boundary=\"\"\n\nlost\n").attachments.len(), 1);
}

/// A generator of its own (xorshift), so that each run tries the same mails.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// What breaks readers of mail, to be strewn among random bytes.
const PIECES: [&[u8]; 24] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"--b",
    b"--b--",
    b"\r\n--b\r\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Type: text/html; charset=\"",
    b"Content-Type: text/plain; charset=latin1\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Disposition: attachment; filename*0*=utf-8'';filename*1*=%",
    b"Subject: =?utf-8?q?=C3?= =?utf-8?b?",
    b"?=",
    b"=?",
    b"=",
    b"=\r\n",
    b"\"",
    b"\\",
    b";",
    b":",
    b" ",
    b"\xf0\x9f\x98",
    b"\0",
];

#[test]
fn no_bytes_stop_the_reader() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..20_000 {
        let mut raw = Vec::new();
        for _ in 0..dice.below(40) {
            if dice.below(3) == 0 {
                raw.push(dice.below(256) as u8);
            } else {
                raw.extend_from_slice(PIECES[dice.below(PIECES.len())]);
            }
        }
        let letter = Letter::read(&raw);
        assert!(letter.attachments.len() <= PARTS_MAX);
        let id = contracts::Id::from_u128(1);
        let at = contracts::Timestamp::from_millis(0);
        let kept = super::super::message::Message::mail(id, at, "", &[], &letter, &raw);
        assert!(!kept.text.contains('\0') && !kept.subject.contains('\0') && !kept.preview.contains('\0'));
    }
}
