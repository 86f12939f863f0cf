//! TLS: what is spoken, who is let in, how certificates are changed, and what is said of bad files.

use std::path::Path;

use super::certificates::{Authority, Files, dial};
use super::*;
use crate::http::{ClientTls, TlsError};

const H1: &[u8] = b"http/1.1";
const H2: &[u8] = b"h2";

/// An authority, its file, and a server that shows a certificate of it.
fn served(files: &Files) -> (Authority, ServerTls) {
    let authority = Authority::new("a");
    files.write("ca.pem", &authority.pem);
    let (certificate, key) = files.keep("server", &authority.sign());
    let tls = ServerTls::load(&certificate, &key, None).unwrap();
    (authority, tls)
}

async fn hello(door: &Open, files: &Files, identity: Option<(&Path, &Path)>) -> std::io::Result<String> {
    let stream = dial(door.address, &files.path("ca.pem"), identity, &[H1]).await?;
    let answer = speak_http1(stream).await.send_request(ask("/arrived")).await;
    Ok(text(answer.map_err(std::io::Error::other)?).await)
}

#[tokio::test]
async fn a_tls_door_speaks_what_was_agreed_on() {
    let files = Files::new("alpn");
    let (_, tls) = served(&files);
    let door = Open::new(patient(), Some(tls), LONG).await;
    let ca = files.path("ca.pem");
    assert_eq!(hello(&door, &files, None).await.unwrap(), format!("{} true 127.0.0.1", door.address.port()));
    let stream = dial(door.address, &ca, None, &[H2, H1]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(H2));
    let (mut sender, _) = speak_http2(stream).await;
    let answer = sender.send_request(ask("https://localhost/hello")).await.unwrap();
    assert_eq!((answer.version(), text(answer).await.as_str()), (Version::HTTP_2, "hello"));
    assert!(dial(door.address, &ca, None, &[b"spdy/3"]).await.is_err());
    door.stop().await;
}

#[tokio::test]
async fn a_tls_door_answers_nothing_in_the_clear() {
    let files = Files::new("clear");
    let (_, tls) = served(&files);
    let door = Open::new(patient(), Some(tls), LONG).await;
    let heard = door.say("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(!heard.contains("HTTP/1.1"), "{heard}");
    door.stop().await;
}

#[tokio::test]
async fn who_does_not_shake_hands_is_let_go_and_holds_nobody_up() {
    let files = Files::new("silent");
    let (_, tls) = served(&files);
    let door = Open::new(Patience { handshake: SHORT, ..patient() }, Some(tls), LONG).await;
    let mut silent = door.connect().await;
    assert!(hello(&door, &files, None).await.is_ok(), "others are served meanwhile");
    assert_eq!(rest(&mut silent).await, "");
    door.stop().await;
}

#[tokio::test]
async fn a_handshake_that_has_begun_does_not_hold_up_a_stop() {
    let files = Files::new("stop");
    let (_, tls) = served(&files);
    let door = Open::new(patient(), Some(tls), LONG).await;
    let mut silent = door.connect().await;
    silent.write_all(&[22, 3, 1]).await.unwrap();
    in_time(async {
        while door.room.taken() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    door.stop().await;
    assert_eq!(rest(&mut silent).await, "");
}

#[tokio::test]
async fn with_a_client_authority_only_its_certificates_are_let_in() {
    let files = Files::new("mtls");
    let (authority, _) = served(&files);
    let ca = files.path("ca.pem");
    let tls = ServerTls::load(&files.path("server.pem"), &files.path("server.key"), Some(&ca)).unwrap();
    let door = Open::new(patient(), Some(tls), LONG).await;
    let ours = files.keep("ours", &authority.sign());
    let theirs = files.keep("theirs", &Authority::new("b").sign());
    assert!(hello(&door, &files, Some((&ours.0, &ours.1))).await.is_ok());
    assert!(hello(&door, &files, Some((&theirs.0, &theirs.1))).await.is_err());
    assert!(hello(&door, &files, None).await.is_err());
    door.stop().await;
}

#[tokio::test]
async fn a_changed_certificate_is_shown_and_a_bad_one_is_not() {
    let files = Files::new("reload");
    let (_, tls) = served(&files);
    let tick = Duration::from_millis(5);
    let door = Open::new(Patience { certificate: tick, ..patient() }, Some(tls), LONG).await;
    let shown = async || {
        let stream = dial(door.address, &files.path("ca.pem"), None, &[H1]).await.ok()?;
        Some(stream.get_ref().1.peer_certificates().unwrap()[0].to_vec())
    };
    let first = shown().await.unwrap();

    // The old certificate with a key that is not its own is bad; what was in use stays.
    let next = Authority::new("next");
    let signed = next.sign();
    // One byte longer, so that it differs by its length where a file system tells time coarsely.
    files.write("server.key", &format!("{}\n", signed.key));
    assert!(tokio::time::timeout(tick * 20, std::future::pending::<()>()).await.is_err());
    assert_eq!(shown().await.unwrap(), first);

    // Now both fit, and the next connection is shown them.
    files.write("server.pem", &signed.certificate);
    files.write("ca.pem", &next.pem);
    in_time(async {
        while shown().await.is_none_or(|certificate| certificate == first) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    door.stop().await;
}

#[test]
fn bad_files_are_told_in_one_line_that_names_them() {
    let files = Files::new("bad");
    let authority = Authority::new("a");
    let (certificate, key) = files.keep("good", &authority.sign());
    let other_key = files.keep("other", &authority.sign()).1;
    let empty = files.write("empty.pem", "");
    let broken = files.write("broken.pem", &authority.pem.replace("MII", "!!!"));
    let absent = files.path("absent.pem");
    let load = |certificate: &Path, key: &Path, ca: Option<&Path>| {
        ServerTls::load(certificate, key, ca).unwrap_err()
    };
    let told = [
        (load(&absent, &key, None), "absent.pem cannot be read: No such file"),
        (load(&certificate, &absent, None), "absent.pem cannot be read: No such file"),
        (load(&empty, &key, None), "empty.pem holds no certificate in PEM form"),
        (load(&key, &key, None), "good.key holds no certificate in PEM form"),
        (load(&certificate, &certificate, None), "good.pem holds no private key in PEM form"),
        (load(&broken, &key, None), "broken.pem cannot be used: "),
        (load(&certificate, &other_key, None), "other.key cannot be used: it is not the key of "),
        (load(&certificate, &key, Some(&empty)), "empty.pem holds no certificate in PEM form"),
        (ClientTls::load(Some(&absent), None).unwrap_err(), "absent.pem cannot be read: No such file"),
        (ClientTls::load(None, Some((&certificate, &other_key))).unwrap_err(), "other.key cannot be used: "),
    ];
    for (error, expected) in told {
        let error: TlsError = error;
        let line = error.to_string();
        assert!(line.contains(expected) && line.lines().count() == 1, "{line}");
    }
    assert!(ClientTls::load(None, None).is_ok(), "the web's authorities come with us");
}
