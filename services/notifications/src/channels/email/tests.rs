//! Conversations with a mail server over real sockets, each with its own fault.

use std::time::{Duration, Instant};

use contracts::events::fleet::ConfigPublished;
use contracts::{Id, NotificationId, Timestamp};
use kernel::service::Service;
use kernel::store::Scope;
use kernel::testing::{Place, Stage, outside, run};

use super::letter::{self, Mail};
use super::relay::{self, Login, Patience, Server};
use super::*;
use crate::channels::tests::{Act, Desk, PostOffice, email, outgoing, project, word};
use crate::channels::{Provider, attempt};

fn desk(port: u16, more: &[(&str, &str)]) -> Desk {
    let port = port.to_string();
    let common = [
        ("notifications.smtp.host", "127.0.0.1"),
        ("notifications.smtp.port", port.as_str()),
        ("notifications.smtp.tls", "none"),
        ("notifications.email.from", "Shop <shop@example.com>"),
    ];
    Desk::with(&[&common, more].concat())
}

async fn sent(desk: &Desk, to: &str) -> Result<Accepted, Trouble> {
    attempt(&desk.means, Provider::Smtp, &outgoing(email(to))).await
}

#[test]
fn a_mail_arrives_as_it_was_written() {
    run(async {
        let post = PostOffice::friendly().await;
        let desk = desk(post.port(), &[]);
        let accepted = sent(&desk, "jane@example.com").await.unwrap();
        let id = format!("<{}@example.com>", NotificationId::from_u128(7));
        assert_eq!(accepted, Accepted { reference: Some(id.clone()), delivered: false, segments: None });
        let letters = post.letters();
        let [letter] = letters.as_slice() else { panic!("{letters:?}") };
        for part in [
            &format!("Message-ID: {id}\r\n"),
            "To: jane@example.com\r\n",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
            "Viele Gr=C3=BC=C3=9Fe\r\n.\r\nfrom the shop",
            "List-Unsubscribe: <https://example.com/u/1>\r\n",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        ] {
            assert!(letter.contains(part), "{part} is not in {letter}");
        }
        assert!(letter.is_ascii() && !letter.contains("Subject: Bezahlt \u{2013}"));
        assert_eq!(post.count("AUTH"), 0);
    });
}

#[test]
fn each_fault_of_a_conversation_is_told_as_what_it_is() {
    for (point, act, expected) in [
        ("greeting", Act::Say("421 4.3.2 too busy"), "later"),
        ("greeting", Act::Say("554 5.7.1 go away"), "down"),
        ("greeting", Act::Say("HTTP/1.1 400 Bad Request"), "down"),
        ("greeting", Act::HangUp, "down"),
        ("EHLO", Act::HangUp, "down"),
        ("EHLO", Act::Say("250 no way to log in"), "credential"),
        ("AUTH", Act::Say("535 5.7.8 bad password"), "credential"),
        ("AUTH", Act::Say("454 4.7.0 not now"), "later"),
        ("MAIL", Act::Say("550 5.7.1 not your domain"), "credential"),
        ("MAIL", Act::HangUp, "down"),
        ("RCPT", Act::Say("550 5.1.1 no such user"), "recipient"),
        ("RCPT", Act::Say("450 4.2.0 greylisted"), "later"),
        ("RCPT", Act::Say("554 5.7.1 relay access denied"), "down"),
        ("DATA", Act::HangUp, "down"),
        (".", Act::Say("550 5.7.1 looks like spam"), "content"),
        (".", Act::Say("451 4.3.0 come back"), "later"),
        (".", Act::HangUp, "unknown"),
        (".", Act::Say("what?"), "unknown"),
    ] {
        run(async {
            let post = PostOffice::open(move |at, _| (at == point).then_some(act)).await;
            let login = [("notifications.smtp.username", "us"), ("notifications.smtp.password", "hunter2")];
            let desk = desk(post.port(), &login);
            let result = sent(&desk, "jane@example.com").await;
            assert_eq!(word(&result), expected, "{point}: {result:?}");
            assert!(!format!("{result:?}").contains("jane"), "{result:?}");
            let body_was_said = point == ".";
            assert_eq!(post.count(".") == 1, body_was_said, "{point}");
        });
    }
}

#[test]
fn a_server_that_is_not_there_is_down() {
    run(async {
        let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let result = sent(&desk(port, &[]), "jane@example.com").await;
        assert_eq!(word(&result), "down", "{result:?}");
    });
}

#[test]
fn mails_follow_each_other_over_one_connection() {
    run(async {
        let post = PostOffice::friendly().await;
        let desk = desk(post.port(), &[]);
        for _ in 0..3 {
            sent(&desk, "jane@example.com").await.unwrap();
        }
        assert_eq!((post.letters().len(), post.count("greeting")), (3, 1));
    });
}

#[test]
fn a_recipient_who_is_refused_does_not_cost_the_connection() {
    run(async {
        let refuse_every_other =
            |at: &str, before| (at == "RCPT" && before % 2 == 0).then_some(Act::Say("550 5.1.1 no"));
        let post = PostOffice::open(refuse_every_other).await;
        let desk = desk(post.port(), &[]);
        for expected in ["recipient", "accepted", "recipient", "accepted"] {
            assert_eq!(word(&sent(&desk, "jane@example.com").await), expected);
        }
        assert_eq!((post.count("greeting"), post.count("RSET")), (1, 2));
    });
}

#[test]
fn a_kept_connection_that_the_server_has_closed_costs_no_mail() {
    for farewell in [Act::SayAndHangUp("250 2.0.0 ok"), Act::Say("250 2.0.0 ok\r\n421 4.4.2 idle too long")] {
        run(async {
            let post =
                PostOffice::open(move |at, before| (at == "." && before == 0).then_some(farewell)).await;
            let desk = desk(post.port(), &[]);
            for _ in 0..2 {
                sent(&desk, "jane@example.com").await.unwrap();
            }
            assert_eq!((post.count("."), post.count("greeting")), (2, 2));
        });
    }
}

#[test]
fn nobody_speaks_over_a_connection_that_another_login_has_opened() {
    run(async {
        let post = PostOffice::friendly().await;
        for password in ["one", "two", "one"] {
            let login = [("notifications.smtp.username", "us"), ("notifications.smtp.password", password)];
            sent(&desk(post.port(), &login), "jane@example.com").await.unwrap();
        }
        assert_eq!((post.count("AUTH"), post.count("greeting")), (2, 2));
    });
}

#[test]
fn a_failing_server_is_left_alone_after_a_few_mails() {
    run(async {
        let post = PostOffice::open(|at, _| (at == "greeting").then_some(Act::HangUp)).await;
        let desk = desk(post.port(), &[]);
        for _ in 0..8 {
            assert_eq!(word(&sent(&desk, "jane@example.com").await), "down");
        }
        assert_eq!(post.count("greeting"), 5);
    });
}

#[test]
fn refusals_do_not_open_the_breaker() {
    run(async {
        let post =
            PostOffice::open(|at, _| (at == "RCPT").then_some(Act::Say("550 5.1.1 no such user"))).await;
        let desk = desk(post.port(), &[]);
        for _ in 0..20 {
            assert_eq!(word(&sent(&desk, "jane@example.com").await), "recipient");
        }
        assert_eq!(post.count("RCPT"), 20);
    });
}

#[test]
fn without_the_encryption_that_was_asked_for_nothing_is_said() {
    run(async {
        let post = PostOffice::friendly().await;
        let login = [
            ("notifications.smtp.username", "us"),
            ("notifications.smtp.password", "hunter2"),
            ("notifications.smtp.tls", "starttls"),
        ];
        let result = sent(&desk(post.port(), &login), "jane@example.com").await;
        assert_eq!(word(&result), "down", "{result:?}");
        assert_eq!((post.count("EHLO"), post.count("AUTH"), post.count("MAIL")), (1, 0, 0));
    });
}

fn letter() -> letter::Letter {
    let mail = Mail { to: "jane@example.com", subject: "x", text: "y", html: None, unsubscribe_url: None };
    let from = "shop@example.com".parse().unwrap();
    letter::write(NotificationId::from_u128(7), from, Timestamp::from_millis(0), &mail).unwrap()
}

#[test]
fn silence_is_an_open_question_only_after_the_mail_itself() {
    for (point, expected) in [("greeting", "down"), ("MAIL", "down"), ("DATA", "down"), (".", "unknown")] {
        run(async {
            let post = PostOffice::open(move |at, _| (at == point).then_some(Act::BeSilent)).await;
            let server = Server {
                host: "127.0.0.1".into(),
                port: post.port(),
                tls: Tls::Off,
                ca: None,
                is_guarded: false,
            };
            let login = Login { hello: "example.com".into(), username: None, password: None };
            let patience = Patience { open: Duration::from_millis(300), body: Duration::from_millis(300) };
            let started = Instant::now();
            let result = relay::deliver(server, login, &letter(), patience).await;
            assert_eq!(word(&result), expected, "{point}: {result:?}");
            assert!(started.elapsed() < Duration::from_secs(5));
        });
    }
}

#[test]
fn an_address_outside_of_ascii_needs_a_server_that_takes_it() {
    run(async {
        let post = PostOffice::friendly().await;
        assert_eq!(word(&sent(&desk(post.port(), &[]), "jörg@example.com").await), "recipient");
        let modern = |at: &str, _| (at == "EHLO").then_some(Act::Say("250-post.example\r\n250 SMTPUTF8"));
        let post = PostOffice::open(modern).await;
        assert_eq!(word(&sent(&desk(post.port(), &[]), "jörg@example.com").await), "accepted");
    });
}

/// The means of a service whose project has chosen some settings for itself.
async fn choosing(place: &Place, ours: &[(&str, &str)], theirs: &[(&str, &str)]) -> (Stage, Means) {
    let service = settings().into_iter().fold(Service::new("notifications"), Service::setting);
    let stage = Stage::with(place, service, ours).await;
    let registry = stage.neighbour("registry").await;
    let values = theirs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
    let (service, environment) = ("notifications".to_owned(), "default".to_owned());
    let told = ConfigPublished { service, environment, revision: 1, values };
    stage.hear(&registry, Scope::Project(project()), "notifications/default", &told).await;
    let means = Means {
        store: stage.running.store().clone(),
        settings: stage.running.settings().clone(),
        outside: outside(),
    };
    (stage, means)
}

#[test]
fn a_server_that_a_project_chose_is_not_told_our_password_and_leads_nowhere_inside() {
    run(async {
        let post = PostOffice::friendly().await;
        let port = post.port().to_string();
        let ours = [
            ("notifications.smtp.host", "127.0.0.1"),
            ("notifications.smtp.port", port.as_str()),
            ("notifications.smtp.tls", "none"),
            ("notifications.email.from", "shop@example.com"),
        ];
        let login = [("notifications.smtp.username", "us"), ("notifications.smtp.password", "hunter2")];
        let with_login = [&ours[..], &login].concat();
        for (ours, theirs) in [
            (&with_login[..], ("notifications.smtp.host", "mail.example.com")),
            (&with_login[..], ("notifications.smtp.port", "2525")),
            (&with_login[..], ("notifications.smtp.tls", "starttls")),
            (&ours[..], ("notifications.smtp.host", "localhost")),
            (&ours[..], ("notifications.smtp.host", "169.254.169.254")),
            (&ours[..], ("notifications.smtp.port", "25")),
        ] {
            let place = Place::sqlite();
            let (_stage, means) = choosing(&place, ours, &[theirs]).await;
            let result = attempt(&means, Provider::Smtp, &outgoing(email("jane@example.com"))).await;
            assert_eq!(word(&result), "credential", "{theirs:?}: {result:?}");
        }
        let place = Place::sqlite();
        let from = [("notifications.email.from", "own@project.example")];
        let (_stage, means) = choosing(&place, &with_login, &from).await;
        attempt(&means, Provider::Smtp, &outgoing(email("jane@example.com"))).await.unwrap();
        assert!(post.letters()[0].contains("From: own@project.example\r\n"));
        assert_eq!(post.count("greeting"), 1, "only our own server was asked, with our own password");
    });
}
