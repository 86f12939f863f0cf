//! What is an answer, what is none, and that it does not matter in which pieces it comes.

use proptest::prelude::*;

use super::*;

/// The status, the body, and what is left behind it.
type Whole = (u16, Vec<u8>, Vec<u8>);

/// What is read when the bytes come cut at these places.
fn read(bytes: &[u8], cuts: &[usize], method: &Method) -> Result<Option<Whole>, NoAnswer> {
    let mut input = BytesMut::new();
    let (mut head, mut body) = (None::<Head>, Vec::new());
    let mut from = 0;
    for to in cuts.iter().copied().chain([bytes.len()]) {
        let to = to.clamp(from, bytes.len());
        input.extend_from_slice(&bytes[from..to]);
        from = to;
        if head.is_none() {
            head = take_head(&mut input, method)?;
        }
        if let Some(head) = &mut head {
            while let Some(part) = head.body.take(&mut input)? {
                assert!(!part.is_empty());
                body.extend_from_slice(&part);
            }
        }
    }
    let Some(mut head) = head else { return Ok(None) };
    head.body.closed()?;
    Ok(Some((head.status.as_u16(), body, input.to_vec())))
}

fn whole(text: &str) -> Result<Option<(u16, String)>, NoAnswer> {
    let read = read(text.as_bytes(), &[], &Method::GET)?;
    Ok(read.map(|(status, body, _)| (status, String::from_utf8(body).unwrap())))
}

#[test]
fn answers_are_read_as_they_are_meant() {
    for (text, status, body) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", 200, "hello"),
        ("HTTP/1.1 200 \r\nContent-Length:5  \r\n\r\nhello", 200, "hello"),
        ("HTTP/1.1 404\r\ncontent-length: 0\r\n\r\n", 404, ""),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, "hello"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2;a=b\r\nhe\r\n03 \r\nllo\r\n0\r\nx: y\r\n\r\n",
            200,
            "hello",
        ),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
            204,
            "",
        ),
        ("HTTP/1.1 304 Same\r\ncontent-length: 5\r\n\r\n", 304, ""),
    ] {
        assert_eq!(whole(text), Ok(Some((status, body.to_owned()))), "{text}");
    }
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
    assert_eq!(read(head, &[], &Method::HEAD), Ok(Some((200, vec![], vec![]))), "a HEAD has no body");
    let mut nothing = BytesMut::from("HTTP/1.1 204 No\r\ncontent-length: 5\r\n\r\n");
    let nothing = take_head(&mut nothing, &Method::GET).unwrap().unwrap();
    assert!(nothing.body.is_done() && nothing.headers.is_empty(), "what has no body has no length");
}

#[test]
fn what_could_be_read_in_two_ways_is_no_answer() {
    for text in [
        "220 mail.example ESMTP\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 0x5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;\n\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10000000000000000\r\n",
        "HTTP/1.1 200 OK\r\nx\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx y: z\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx : z\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: z\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\nz: w\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: y\rz\r\n\r\n",
    ] {
        assert!(whole(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_not_whole_is_waited_for_and_what_breaks_off_is_told() {
    assert_eq!(whole("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n"), Ok(None));
    for torn in [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ] {
        assert_eq!(whole(torn), Err(NoAnswer("it broke off")), "{torn}");
    }
}

#[test]
fn a_head_without_end_is_not_kept() {
    let mut input = BytesMut::from("HTTP/1.1 200 OK\r\nx: ");
    input.extend_from_slice(&[b'y'; HEAD_BYTES_MAX]);
    assert!(take_head(&mut input, &Method::GET).is_err());
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(HEADERS_MAX + 1));
    assert!(take_head(&mut BytesMut::from(many.as_str()), &Method::GET).is_err());
    let mut input = BytesMut::from(&[b'1'; LINE_BYTES_MAX][..]);
    assert!(Decoder::Chunked(Chunk::Size).take(&mut input).is_err());
}

#[test]
fn a_connection_is_kept_unless_one_side_says_otherwise() {
    for (text, keeps) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: x, Close\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\n", false),
    ] {
        let head = take_head(&mut BytesMut::from(text), &Method::GET).unwrap().unwrap();
        assert_eq!(head.keeps, keeps, "{text}");
    }
}

#[test]
fn the_length_of_a_request_is_told_once_and_by_us() {
    let request = Request::post("http://there/a?b=c")
        .header("host", "there")
        .header("content-length", "7")
        .header("x-stoa-deadline-ms", "9")
        .header("accept", "*/*")
        .body(())
        .unwrap();
    let written = |framing| {
        let mut out = BytesMut::new();
        write_head(&mut out, &request, Some(&HeaderValue::from_static("here:80")), 1_200, framing);
        String::from_utf8(out.to_vec()).unwrap()
    };
    let head = "POST /a?b=c HTTP/1.1\r\nhost: here:80\r\naccept: */*\r\nx-stoa-deadline-ms: 1200\r\n";
    assert_eq!(written(Framing::None), format!("{head}\r\n"));
    assert_eq!(written(Framing::Length(0)), format!("{head}content-length: 0\r\n\r\n"));
    assert_eq!(written(Framing::Chunked), format!("{head}transfer-encoding: chunked\r\n\r\n"));
}

proptest! {
    #[test]
    fn pieces_do_not_matter(
        body in proptest::collection::vec(any::<u8>(), 0..6_000),
        parts in proptest::collection::vec(1_usize..5_000, 0..5),
        chunked: bool,
        behind in proptest::collection::vec(any::<u8>(), 0..20),
        mut cuts in proptest::collection::vec(0_usize..6_400, 0..12),
    ) {
        let mut bytes = BytesMut::new();
        if chunked {
            bytes.extend_from_slice(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            let mut rest = &body[..];
            for part in parts {
                let (chunk, more) = rest.split_at(part.min(rest.len()));
                rest = more;
                if !chunk.is_empty() {
                    write_chunk(&mut bytes, chunk);
                }
            }
            if !rest.is_empty() {
                write_chunk(&mut bytes, rest);
            }
            write_chunk(&mut bytes, &[]);
        } else {
            bytes.extend_from_slice(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes());
        }
        if !chunked {
            bytes.extend_from_slice(&body);
        }
        bytes.extend_from_slice(&behind);
        cuts.sort_unstable();
        prop_assert_eq!(read(&bytes, &cuts, &Method::GET), Ok(Some((200, body, behind))));
    }

    #[test]
    fn no_bytes_confuse_it(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        prefix in 0_usize..3,
        cuts in proptest::collection::vec(0_usize..400, 0..4),
    ) {
        let prefixes: [&[u8]; 3] =
            [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"];
        let bytes = [prefixes[prefix], &bytes].concat();
        let mut cuts = cuts;
        cuts.sort_unstable();
        let _ = read(&bytes, &cuts, &Method::GET);
    }
}
