//! Mail over real sockets: what is taken, what is refused, and what the inbox has afterwards.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::ServerName;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::super::smtp::{Limits, Server, steered};
use super::{Post, certificate, posted};

/// A server on a port of its own.
struct Office {
    port: u16,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// A client.
struct Client<S>(BufReader<S>);

impl Office {
    async fn open(post: &Post) -> Self {
        Self::with(post, Limits::default(), None).await
    }

    async fn with(post: &Post, limits: Limits, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = watch::channel(false);
        let server = Server { running: post.stage.running.clone(), tls, limits, fault: steered };
        let serving = tokio::spawn(server.serve(listener, stopped));
        Self { port, stop, serving }
    }

    async fn call(&self) -> Client<TcpStream> {
        let mut client = Client(BufReader::new(TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()));
        let greeting = client.hear().await;
        assert!(greeting.starts_with("220 "), "{greeting}");
        client
    }

    /// A client that has said hello.
    async fn greeted(&self) -> Client<TcpStream> {
        let mut client = self.call().await;
        client.told("EHLO test", "250").await;
        client
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// One answer, all its lines; empty when the line is dead.
    async fn hear(&mut self) -> String {
        let mut answer = String::new();
        loop {
            let begin = answer.len();
            if self.0.read_line(&mut answer).await.unwrap_or(0) == 0 {
                return answer;
            }
            if answer.as_bytes().get(begin + 3) != Some(&b'-') {
                return answer;
            }
        }
    }

    async fn write(&mut self, text: &[u8]) {
        self.0.get_mut().write_all(text).await.unwrap();
        self.0.get_mut().flush().await.unwrap();
    }

    async fn say(&mut self, line: &str) -> String {
        self.write(format!("{line}\r\n").as_bytes()).await;
        self.hear().await
    }

    /// Says it, and hears an answer that begins so.
    async fn told(&mut self, line: &str, expected: &str) -> String {
        let answer = self.say(line).await;
        assert!(answer.starts_with(expected), "{line}: {answer}");
        answer
    }

    async fn send(&mut self, to: &[&str], content: &str) -> String {
        self.told("MAIL FROM:<shop@example.com>", "250").await;
        for recipient in to {
            self.told(&format!("RCPT TO:<{recipient}>"), "250").await;
        }
        self.told("DATA", "354").await;
        self.write(content.as_bytes()).await;
        self.say(".").await
    }
}

#[test]
fn a_mail_is_stored_before_the_sender_hears_of_it() {
    posted(async |post| {
        let office = Office::open(post).await;
        let mut client = office.greeted().await;
        let mail =
            "From: Shop <shop@example.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n..dot\r\n";
        let answer = client.send(&["Ana@Example.com", "ben@example.com", "ana@example.com"], mail).await;
        assert!(answer.starts_with("250 2.0.0 stored as msg_"), "{answer}");
        let found = post.inbox("ana@example.com").await;
        assert_eq!(found.len(), 1);
        assert!(answer.contains(found[0]["id"].as_str().unwrap()));
        assert_eq!(found[0]["channel"], "email");
        assert_eq!(found[0]["from"], "Shop <shop@example.com>");
        assert_eq!(found[0]["to"], json!(["Ana@Example.com", "ben@example.com", "ana@example.com"]));
        assert_eq!(found[0]["subject"], "Grüße");
        assert_eq!(found[0]["text"], "Hello\n.dot\n");
        assert_eq!(post.inbox("ben@example.com").await.len(), 1);
        assert_eq!(post.inbox("en@example.com").await.len(), 0);
        client.told("QUIT", "221").await;
    });
}

#[test]
fn a_whole_conversation_may_be_said_at_once() {
    posted(async |post| {
        let office = Office::open(post).await;
        let mut client = office.call().await;
        client
            .write(
                b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\nSubject: One\r\n\r\n1\r\n.\r\n\
                  MAIL FROM:<x@y.z>\r\nRCPT TO:<a@b.c>\r\nDATA\r\nSubject: Two\r\n\r\n2\r\n.\r\nQUIT\r\n",
            )
            .await;
        let mut answers = Vec::new();
        loop {
            let answer = client.hear().await;
            if answer.is_empty() {
                break;
            }
            answers.push(answer[..3].to_owned());
        }
        assert_eq!(answers, ["250", "250", "250", "354", "250", "250", "250", "354", "250", "221"]);
        let found = post.inbox("a@b.c").await;
        let subjects: Vec<_> = found.iter().map(|mail| mail["subject"].as_str().unwrap()).collect();
        assert_eq!(subjects, ["Two", "One"]);
        // Neither the empty envelope nor the mail says who sent the first one.
        assert_eq!(found[1]["from"], "");
    });
}

#[test]
fn commands_have_an_order() {
    posted(async |post| {
        let office = Office::open(post).await;
        let mut client = office.call().await;
        client.told("MAIL FROM:<a@b.c>", "503").await;
        client.told("NOOP", "250").await;
        client.told("HELO test", "250 sandbox").await;
        for (line, expected) in [
            ("RCPT TO:<a@b.c>", "503"),
            ("DATA", "503"),
            ("VRFY ana", "252"),
            ("EXPN all", "502"),
            ("STARTTLS", "502"),
            ("NONSENSE", "500"),
            ("MAIL FROM:<a@b.c>", "250"),
            ("MAIL FROM:<a@b.c>", "503"),
            ("DATA", "554"),
            ("RCPT TO:<ü@b.c>", "553"),
            ("RCPT TO:<nobody>", "501"),
            ("RCPT TO:<a@b.c>", "250"),
            ("RSET", "250"),
            ("DATA", "503"),
            ("MAIL FROM:<ü@b.c>", "553"),
            ("MAIL FROM:<ü@b.c> SMTPUTF8 BODY=8BITMIME", "250"),
            ("RCPT TO:<ü@b.c>", "250"),
            ("EHLO again", "250-sandbox"),
            ("DATA", "503"),
        ] {
            client.told(line, expected).await;
        }
    });
}

#[test]
fn recipients_steer_the_trouble() {
    posted(async |post| {
        let office = Office::open(post).await;
        let mut client = office.greeted().await;
        client.told("MAIL FROM:<shop@example.com>", "250").await;
        client.told("RCPT TO:<bounce@example.com>", "550 5.1.1").await;
        client.told("RCPT TO:<full@example.com>", "452 4.2.2").await;
        client.told("RCPT TO:<greylist@example.com>", "451").await;
        client.told("DATA", "554").await;
        client.told("RCPT TO:<greylist@example.com>", "250").await;
        client.told("RSET", "250").await;
        // Who comes back after a day is a stranger again.
        post.stage.wait(Duration::from_secs(86_401)).await;
        client.told("MAIL FROM:<shop@example.com>", "250").await;
        client.told("RCPT TO:<greylist@example.com>", "451").await;
        client.told("RSET", "250").await;

        let answer = client.send(&["drop@example.com"], "Subject: lost\r\n\r\nx\r\n").await;
        assert_eq!(answer, "", "the line is dead");
        assert_eq!(post.inbox("drop@example.com").await.len(), 1, "and the mail is there");
    });
}

#[test]
fn faults_are_taken_once() {
    posted(async |post| {
        let office = Office::open(post).await;
        let mut client = office.greeted().await;
        post.ask_for(json!({ "provider": "smtp", "kind": "error_500" })).await;
        let refused = client.send(&["a@b.c"], "Subject: 1\r\n\r\n").await;
        assert!(refused.starts_with("451 4.3.0"), "{refused}");
        assert!(post.inbox("a@b.c").await.is_empty());
        post.ask_for(json!({ "provider": "smtp", "kind": "latency", "millis": 1 })).await;
        let taken = client.send(&["a@b.c"], "Subject: 2\r\n\r\n").await;
        assert!(taken.starts_with("250"), "{taken}");
        post.ask_for(json!({ "provider": "smtp", "kind": "timeout_after_accepting", "millis": 1 })).await;
        assert_eq!(client.send(&["a@b.c"], "Subject: 3\r\n\r\n").await, "");
        assert_eq!(post.inbox("a@b.c").await.len(), 2);
    });
}

#[test]
fn limits_hold() {
    posted(async |post| {
        let limits = Limits { message_bytes_max: 4_000, recipients_max: 2, ..Limits::default() };
        let office = Office::with(post, limits, None).await;
        let mut client = office.call().await;
        let extensions = client.say("EHLO test").await;
        assert!(extensions.contains("250-SIZE 4000\r\n"), "{extensions}");
        client.told("MAIL FROM:<a@b.c> SIZE=4001", "552").await;
        client.told(&"x".repeat(3_000), "500").await;

        let line = |length: usize| "y".repeat(length - 2) + "\r\n";
        assert!(client.send(&["a@b.c"], &line(1_000)).await.starts_with("250"));
        assert!(client.send(&["a@b.c"], &line(1_001)).await.starts_with("554 5.6.0"));
        assert!(client.send(&["a@b.c"], &line(1_000).repeat(4)).await.starts_with("250"));
        assert!(client.send(&["a@b.c"], &(line(1_000).repeat(4) + "z\r\n")).await.starts_with("552"));

        client.told("MAIL FROM:<a@b.c>", "250").await;
        client.told("RCPT TO:<1@b.c>", "250").await;
        client.told("RCPT TO:<2@b.c>", "250").await;
        client.told("RCPT TO:<3@b.c>", "452 4.5.3").await;
        client.told("DATA", "354").await;
        client.write(line(1_000).repeat(20).as_bytes()).await;
        assert!(client.hear().await.starts_with("421"), "who sends without end is left");
        assert_eq!(post.inbox("a@b.c").await.len(), 2);
    });
}

#[test]
fn only_a_line_with_one_dot_ends_a_mail() {
    posted(async |post| {
        let office = Office::open(post).await;
        let mut client = office.greeted().await;
        let smuggled = "Subject: one\r\n\r\nx\n.\nMAIL FROM:<evil@b.c>\n.\r\nx\r\n.\ny\r\n";
        assert!(client.send(&["a@b.c"], smuggled).await.starts_with("250"));
        let found = post.inbox("a@b.c").await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["text"], "x\n.\nMAIL FROM:<evil@b.c>\n.\nx\n\ny\n");
    });
}

#[test]
fn anybody_may_sign_in() {
    posted(async |post| {
        let office = Office::open(post).await;
        for talk in [
            &[("AUTH PLAIN AHVzZXIAcGFzcw==", "235")][..],
            &[("AUTH PLAIN", "334"), ("AHVzZXIAcGFzcw==", "235")],
            &[("AUTH LOGIN", "334 VXNlcm5hbWU6"), ("dXNlcg==", "334 UGFzc3dvcmQ6"), ("cGFzcw==", "235")],
            &[
                ("AUTH LOGIN dXNlcg==", "334 UGFzc3dvcmQ6"),
                ("cGFzcw==", "235"),
                ("AUTH PLAIN AGEAYg==", "503"),
            ],
            &[("AUTH PLAIN", "334"), ("*", "501"), ("NOOP", "250")],
            &[("AUTH CRAM-MD5", "504"), ("AUTH PLAIN !", "501")],
        ] {
            let mut client = office.greeted().await;
            for (line, expected) in talk {
                client.told(line, expected).await;
            }
        }
    });
}

#[test]
fn tls_begins_anew_and_forgets_what_was_said_before() {
    posted(async |post| {
        let (tls, trusting) = certificate::localhost();
        let office = Office::with(post, Limits::default(), Some(tls)).await;
        let mut client = office.call().await;
        let extensions = client.say("EHLO test").await;
        assert!(extensions.ends_with("250 STARTTLS\r\n"), "{extensions}");
        // Said in the same breath by somebody on the way: it must not be heard inside.
        client.write(b"STARTTLS\r\nMAIL FROM:<evil@b.c>\r\n").await;
        assert!(client.hear().await.starts_with("220"));
        let name = ServerName::try_from("localhost").unwrap();
        let secured = TlsConnector::from(trusting).connect(name, client.0.into_inner()).await.unwrap();
        let mut client = Client(BufReader::new(secured));
        client.told("MAIL FROM:<a@b.c>", "503").await;
        assert!(!client.say("EHLO test").await.contains("STARTTLS"));
        client.told("STARTTLS", "503").await;
        assert!(client.send(&["a@b.c"], "Subject: safe\r\n\r\n").await.starts_with("250"));
        assert_eq!(post.inbox("a@b.c").await[0]["subject"], "safe");
        client.told("QUIT", "221").await;
    });
}

#[test]
fn the_silent_the_crowd_and_the_babbling_are_left() {
    posted(async |post| {
        let limits = Limits { idle: Duration::from_millis(300), connections_max: 1, ..Limits::default() };
        let office = Office::with(post, limits, None).await;
        let mut first = office.call().await;
        let mut second =
            Client(BufReader::new(TcpStream::connect(("127.0.0.1", office.port)).await.unwrap()));
        assert!(second.hear().await.starts_with("421 4.7.0"));
        assert!(first.hear().await.starts_with("421 4.4.2"));
        assert_eq!(first.hear().await, "");
        let office = Office::open(post).await;
        let mut babbling = office.call().await;
        for _ in 0..19 {
            babbling.told("blah", "500").await;
        }
        babbling.told("blah", "500").await;
        assert!(babbling.hear().await.starts_with("421"));
    });
}

#[test]
fn a_stop_ends_conversations_and_keeps_nothing_half() {
    posted(async |post| {
        let office = Office::open(post).await;
        let mut client = office.greeted().await;
        client.told("MAIL FROM:<a@b.c>", "250").await;
        client.told("RCPT TO:<a@b.c>", "250").await;
        client.told("DATA", "354").await;
        client.write(b"Subject: half\r\n").await;
        office.stop.send(true).unwrap();
        assert!(client.hear().await.starts_with("421 4.3.2"));
        let mut rest = Vec::new();
        client.0.read_to_end(&mut rest).await.unwrap();
        office.serving.await.unwrap();
        assert!(post.inbox("a@b.c").await.is_empty());
        assert!(TcpStream::connect(("127.0.0.1", office.port)).await.is_err());
    });
}
