//! The socket at `/ws`: what is followed there, by whom, and how it ends.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use contracts::events::access::{ApiKeyRevoked, SessionsEnded};
use contracts::{ApiKeyId, Id, SessionId, UserId};
use gateway::upstreams::{Tuning, Upstreams};
use http::Method;
use kernel::testing::{Place, Player};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::stage::*;
use crate::stomp::{Heard, PING, Socket, TEXT};
use crate::upstreams_backend::Backend;

const MINE: &str = "/api/v1/notes/7/live";
const THEIRS: &str = "/api/v1/notes/8/live";
/// 4,000 × 5 ms: twenty seconds.
const LOOKS: u32 = 4_000;

struct Open {
    address: SocketAddr,
    bearer: String,
    _stop: watch::Sender<bool>,
}

impl Open {
    async fn of(stage: &Stage) -> Self {
        let (stop, stopping) = watch::channel(false);
        let address = stage.listen(stopping).await;
        Self { address, bearer: format!("Bearer {}", stage.token()), _stop: stop }
    }

    fn connected(&self) -> Socket {
        Socket::connected(self.address, ("authorization", &self.bearer))
    }

    fn following(&self) -> Socket {
        let mut socket = self.connected();
        socket.follow(MINE);
        assert_eq!(socket.message(), "\"first\"");
        socket
    }
}

async fn until(what: &str, mut look: impl FnMut() -> bool) {
    for _ in 0..LOOKS {
        if look() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what} did not come");
}

#[test]
fn a_follower_is_told_what_is_and_each_change() {
    staged(async |stage| {
        let open = Open::of(stage).await;
        let mut socket =
            Socket::open(open.address, &[("sec-websocket-protocol", "v10.stomp, v12.stomp")]).unwrap();
        assert_eq!(socket.protocol.as_deref(), Some("v12.stomp"));
        let connected = socket.connect(&[("Authorization", &open.bearer), ("heart-beat", "0,0")]);
        assert_eq!((connected.command.as_str(), connected.header("version")), ("CONNECTED", "1.2"));
        socket.say("SUBSCRIBE", &[("id", "a\\cb"), ("destination", MINE), ("receipt", "r-1")]);
        let receipt = socket.frame();
        assert_eq!((receipt.command.as_str(), receipt.header("receipt-id")), ("RECEIPT", "r-1"));
        let first = socket.frame();
        assert_eq!((first.command.as_str(), first.body.as_str()), ("MESSAGE", "\"first\""));
        assert_eq!((first.header("subscription"), first.header("destination")), ("a:b", MINE));
        assert_eq!(first.header("content-type"), "application/json");
        stage.notes.says("{\"grün\":1}");
        let second = socket.frame();
        assert_eq!(second.body, "{\"grün\":1}");
        assert_ne!(second.header("message-id"), first.header("message-id"));
        socket.say("UNSUBSCRIBE", &[("id", "a\\cb"), ("receipt", "r-2")]);
        assert_eq!(socket.frame().header("receipt-id"), "r-2");
        until("the end of the stream", || stage.notes.open() == 0).await;
        socket.say("DISCONNECT", &[("receipt", "r-3")]);
        assert_eq!(socket.frame().header("receipt-id"), "r-3");
        assert_eq!(socket.goodbye(), 1000);
    });
}

#[test]
fn a_stream_that_ends_is_opened_again_and_tells_nothing_twice() {
    staged(async |stage| {
        let mut socket = Open::of(stage).await.following();
        stage.notes.cut();
        until("another stream", || stage.notes.opened() == 2).await;
        stage.notes.answers(503);
        stage.notes.cut();
        until("a stream that is refused for now", || stage.notes.opened() > 3).await;
        stage.notes.answers(200);
        stage.notes.says("\"second\"");
        assert_eq!(socket.message(), "\"second\"");
        stage.notes.answers(403);
        stage.notes.cut();
        assert_eq!(
            socket.refused(),
            ("not_now".to_owned(), 1008),
            "what is refused for good ends the socket"
        );
    });
}

#[test]
fn a_service_elsewhere_that_restarts_is_followed_again() {
    staged(async |stage| {
        let mut backend = Backend::start(stage.notes.routes());
        let upstreams = Upstreams::new(Tuning::default(), None);
        upstreams.set_instances("notes", vec![backend.at().parse().unwrap()]);
        let door = door_before(&stage.gateway, true, HashMap::new(), upstreams);
        let (_stop, stopping) = watch::channel(false);
        let address = listened(&door, stopping).await;
        let mut socket = Socket::connected(address, ("authorization", &format!("Bearer {}", stage.token())));
        socket.follow(MINE);
        assert_eq!(socket.message(), "\"first\"");
        backend.kill();
        stage.notes.says("\"second\"");
        backend.restart();
        assert_eq!(socket.message(), "\"second\"");
    });
}

#[test]
fn who_proves_nothing_follows_nothing() {
    staged(async |stage| {
        let open = Open::of(stage).await;
        let key = stage.key(9, None).await;
        for (headers, code) in [
            (vec![], "unauthenticated"),
            (vec![("authorization", "Bearer a.b.c")], "unauthenticated"),
            (vec![("authorization", "Basic eA==")], "unauthenticated"),
            (vec![("x-api-key", "stoa_pk_wrong")], "unauthenticated"),
            (vec![("x-api-key", &key), ("authorization", &open.bearer)], "two_credentials"),
            (vec![("authorization", &open.bearer), ("accept-version", "3.0")], ""),
        ] {
            let mut socket = Socket::open(open.address, &[]).unwrap();
            if code.is_empty() {
                socket.say("CONNECT", &[("accept-version", "3.0"), headers[0]]);
                assert_eq!(socket.refused(), ("unknown_version".to_owned(), 1002));
                continue;
            }
            socket.say("CONNECT", &[&headers[..], &[("accept-version", "1.2")]].concat());
            assert_eq!(socket.refused(), (code.to_owned(), 1008), "{headers:?}");
        }
        let mut silent = Socket::open(open.address, &[]).unwrap();
        silent.follow(MINE);
        assert_eq!(silent.refused(), ("connect_first".to_owned(), 1002));
        // What the handshake proves needs no second proof.
        let mut known = Socket::open(open.address, &[("x-api-key", &key)]).unwrap();
        assert_eq!(known.connect(&[]).command, "CONNECTED");
    });
}

#[test]
fn what_cannot_be_done_is_refused_by_its_reason_and_ends_the_socket() {
    staged(async |stage| {
        let open = Open::of(stage).await;
        let here = ("destination", MINE);
        for (command, headers, code, goodbye) in [
            ("SUBSCRIBE", vec![("id", "1"), ("destination", THEIRS)], "not_found", 1008),
            ("SUBSCRIBE", vec![("id", "1"), ("destination", "/topic/all")], "no_such_destination", 1008),
            ("SUBSCRIBE", vec![("id", "1"), ("destination", "/api/v1/notes")], "no_such_destination", 1008),
            ("SUBSCRIBE", vec![("id", "1"), ("destination", "not a path")], "no_such_destination", 1008),
            ("SUBSCRIBE", vec![("id", "1")], "no_destination", 1002),
            ("SUBSCRIBE", vec![here], "no_id", 1002),
            ("SUBSCRIBE", vec![("id", "1"), here, ("ack", "client")], "no_acknowledgements", 1002),
            ("UNSUBSCRIBE", vec![("id", "1")], "no_such_subscription", 1002),
            ("SEND", vec![here], "send_over_http", 1002),
            ("NACK", vec![("id", "1")], "no_acknowledgements", 1002),
            ("BEGIN", vec![("transaction", "1")], "no_transactions", 1002),
            ("CONNECT", vec![("accept-version", "1.2")], "connected", 1002),
            ("SHOUT", vec![], "bad_frame", 1002),
        ] {
            let mut socket = open.connected();
            socket.say(command, &headers);
            assert_eq!(socket.refused(), (code.to_owned(), goodbye), "{command} {headers:?}");
        }
        let mut twice = open.following();
        twice.follow(MINE);
        assert_eq!(twice.refused(), ("id_taken".to_owned(), 1002));
        let mut greedy = open.connected();
        for number in 0..33 {
            greedy.say("SUBSCRIBE", &[("id", &number.to_string()), here]);
        }
        while let Heard::Frame(frame) = greedy.hear().unwrap() {
            assert!(frame.command == "MESSAGE" || frame.header("message").contains("too_many_subscriptions"));
        }
    });
}

#[test]
fn what_is_no_websocket_message_ends_the_socket_by_its_code() {
    staged(async |stage| {
        let open = Open::of(stage).await;
        let mut socket = open.connected();
        socket.send(PING, b"there?").unwrap();
        assert_eq!(socket.hear().unwrap(), Heard::Pong(b"there?".to_vec()));
        socket.send(0x01, b"SUBSCRIBE\nid:1\ndesti").unwrap();
        socket.send(0x80, format!("nation:{MINE}\n\n\0\n").as_bytes()).unwrap();
        assert_eq!(socket.message(), "\"first\"", "parts are one message");
        socket.send(0x88, &[0x0f, 0xa0]).unwrap();
        assert_eq!(socket.goodbye(), 1000);
        for (bytes, code) in [
            (vec![0x81, 0x01, b'a'], 1002),
            (vec![0xc1, 0x81, 0, 0, 0, 0, b'a'], 1002),
            (vec![0x81, 0x81, 0, 0, 0, 0, 0xff], 1007),
            (vec![0x82, 0xff, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0], 1009),
        ] {
            let mut socket = open.connected();
            socket.raw(&bytes).unwrap();
            assert_eq!(socket.goodbye(), code, "{bytes:x?}");
        }
        until("the end of all streams", || stage.notes.open() == 0).await;
    });
}

#[test]
fn a_socket_ends_with_the_proof_that_opened_it() {
    staged(async |stage| {
        let (session, ann) = (SessionId::from_u128(5), Player::user(7, PROJECT, &["notes:*"]));
        let open = Open::of(stage).await;
        let leaving = stage.gateway.token(&ann.clone().in_session(session));
        let mut leaver = Socket::connected(open.address, ("authorization", &format!("Bearer {leaving}")));
        leaver.follow(MINE);
        leaver.message();
        let key = stage.key(9, None).await;
        let mut program = Socket::connected(open.address, ("x-api-key", &key));
        let mut staying = open.following();

        let user_id = UserId::from_u128(7);
        stage
            .tell("s", &SessionsEnded { user_id, session_ids: vec![session], reason: "logout".to_owned() })
            .await;
        assert_eq!(leaver.refused(), ("unauthenticated".to_owned(), 1008));
        stage.tell("k", &ApiKeyRevoked { api_key_id: ApiKeyId::from_u128(9) }).await;
        assert_eq!(program.refused(), ("unauthenticated".to_owned(), 1008));
        stage.notes.says("\"second\"");
        assert_eq!(staying.message(), "\"second\"", "others stay");
        stage.gateway.clock.advance(Duration::from_secs(400));
        assert_eq!(staying.refused(), ("unauthenticated".to_owned(), 1008), "a token's end ends it");
    });
}

#[test]
fn a_stream_of_events_ends_with_the_proof_that_it_was_asked_for_with() {
    staged(async |stage| {
        let (session, ann) = (SessionId::from_u128(5), Player::user(7, PROJECT, &["notes:*"]));
        let leaving = stage.gateway.token(&ann.in_session(session));
        let key = stage.key(9, None).await;
        let follow = |asked: Asked| {
            let streamed = tokio::time::timeout(Duration::from_secs(20), stage.ask(asked));
            async move { streamed.await.expect("a stream that outlives its proof").status }
        };
        let live = || asked(Method::GET, MINE);
        let ends = async {
            until("three streams", || stage.notes.open() == 3).await;
            let (user_id, session_ids) = (UserId::from_u128(7), vec![session]);
            stage.tell("s", &SessionsEnded { user_id, session_ids, reason: "logout".to_owned() }).await;
            until("the end of the session's", || stage.notes.open() == 2).await;
            stage.tell("k", &ApiKeyRevoked { api_key_id: ApiKeyId::from_u128(9) }).await;
            until("the end of the key's", || stage.notes.open() == 1).await;
            stage.gateway.clock.advance(Duration::from_secs(400));
        };
        let (of_session, of_key, of_token, ()) = tokio::join!(
            follow(live().bearer(&leaving)),
            follow(live().with("x-api-key", &key)),
            follow(live().bearer(&stage.token())),
            ends
        );
        assert_eq!([of_session, of_key, of_token].map(|status| status.as_u16()), [200; 3]);
        until("the end of all streams", || stage.notes.open() == 0).await;
        assert_eq!(stage.ask(live().bearer(&leaving)).await.problem(), (401, "unauthenticated"));
    });
}

#[test]
fn a_browsers_cookie_opens_a_socket_from_our_own_page_alone() {
    staged_with(&[("gateway.origins", "https://console.example")], async |stage| {
        stage.project(&["https://shop.example"], &[], true).await;
        let open = Open::of(stage).await;
        let (host, cookie) =
            (format!("http://{}", open.address), format!("a=b; stoa_access={}", stage.token()));
        for (origin, status) in [
            (Some(host.as_str()), 101),
            (Some("https://shop.example"), 101),
            (Some("https://console.example"), 403),
            (Some("https://evil.example"), 403),
            (Some("null"), 403),
            (None, 403),
        ] {
            let mut headers = vec![("cookie", cookie.as_str())];
            headers.extend(origin.map(|origin| ("origin", origin)));
            match Socket::open(open.address, &headers) {
                Err(refused) => assert_eq!(refused, status, "{origin:?}"),
                Ok(mut socket) => {
                    assert_eq!(
                        (socket.connect(&[]).command.as_str(), status),
                        ("CONNECTED", 101),
                        "{origin:?}"
                    );
                    socket.follow(MINE);
                    assert_eq!(socket.message(), "\"first\"");
                }
            }
        }
        for (origin, command) in [("https://console.example", "CONNECTED"), ("https://evil.example", "ERROR")]
        {
            let mut socket = Socket::open(open.address, &[("origin", origin)]).unwrap();
            assert_eq!(socket.connect(&[("authorization", &open.bearer)]).command, command, "{origin}");
        }
        let mut old = Socket::open(open.address, &[("cookie", "stoa_access=an.old.one")]).unwrap();
        assert_eq!(old.connect(&[("authorization", &open.bearer)]).command, "CONNECTED");
    });
}

#[test]
fn a_request_for_no_socket_hears_what_to_ask_for() {
    staged(async |stage| {
        let said = stage.ask(asked(Method::GET, "/ws")).await;
        assert_eq!(said.problem(), (426, "upgrade_required"));
        assert_eq!((said.header("upgrade"), said.header("sec-websocket-version")), ("websocket", "13"));
        assert_eq!(said.body["correlation_id"], said.header("x-correlation-id"));
        let open = Open::of(stage).await;
        let other = Socket::open(open.address, &[("sec-websocket-protocol", "mqtt")]);
        assert_eq!(other.err(), Some(400));
    });
}

#[test]
fn subscriptions_are_counted_as_requests() {
    staged_with(&[("limits.read", "1/h burst 4")], async |stage| {
        let mut socket = Open::of(stage).await.connected();
        for id in ["1", "2", "3", "4"] {
            socket.say("SUBSCRIBE", &[("id", id), ("destination", MINE)]);
            socket.message();
        }
        socket.say("SUBSCRIBE", &[("id", "5"), ("destination", MINE), ("receipt", "r")]);
        let refused = socket.frame();
        assert!(refused.header("message").starts_with("too_many_requests"), "{refused:?}");
        assert_eq!(refused.header("receipt-id"), "r");
        assert_eq!(socket.goodbye(), 1008);
    });
}

#[test]
fn there_are_so_many_sockets_and_so_many_of_one_caller() {
    staged_with(&[("gateway.sockets_max", "20")], async |stage| {
        let open = Open::of(stage).await;
        let mut anns: Vec<Socket> = (0..16).map(|_| open.connected()).collect();
        let mut another = Socket::open(open.address, &[]).unwrap();
        another.say("CONNECT", &[("accept-version", "1.2"), ("authorization", &open.bearer)]);
        assert_eq!(another.refused(), ("too_many_sockets".to_owned(), 1008));
        anns.pop();
        until("a seat of the caller", || {
            let mut socket = Socket::open(open.address, &[]).unwrap();
            socket.connect(&[("authorization", &open.bearer)]).command == "CONNECTED"
        })
        .await;
        let mut others = Vec::new();
        until("a full door", || match Socket::open(open.address, &[]) {
            Ok(socket) => {
                others.push(socket);
                false
            }
            Err(status) => status == 503,
        })
        .await;
        drop((anns, others));
        until("a free seat", || Socket::open(open.address, &[]).is_ok()).await;
    });
}

#[test]
fn a_door_that_stops_says_goodbye_to_all() {
    staged(async |stage| {
        let open = Open::of(stage).await;
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        stage.door.start(&stopping, &mut tasks);
        let mut socket = open.following();
        stop.send(true).unwrap();
        assert_eq!(socket.goodbye(), 1001);
        tasks.join_all().await;
        assert_eq!(stage.notes.open(), 0);
    });
}

#[test]
fn a_peer_that_asked_for_it_hears_that_we_are_there() {
    kernel::testing::run(async {
        let stage = Stage::new(&Place::sqlite(), &[]).await;
        let open = Open::of(&stage).await;
        let mut socket = Socket::open(open.address, &[]).unwrap();
        let connected = socket.connect(&[("authorization", &open.bearer), ("heart-beat", "0,1000")]);
        assert_eq!(connected.header("heart-beat"), "10000,10000");
        assert_eq!(socket.hear().unwrap(), Heard::Beat);
        socket.send(TEXT, b"\n").unwrap();
        assert_eq!(socket.hear().unwrap(), Heard::Beat);
    });
}

#[test]
fn a_reader_that_reads_nothing_is_let_go_and_holds_up_nobody() {
    kernel::testing::run(async {
        let stage = Stage::new(&Place::sqlite(), &[]).await;
        let open = Open::of(&stage).await;
        let _slow = open.following();
        let mut brisk = open.following();
        let more = async {
            for number in 0.. {
                let text = format!("\"{number}{}\"", "x".repeat(900_000));
                stage.notes.says(text.clone());
                while brisk.message() != text {}
                if stage.notes.open() == 1 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(40), more).await.unwrap();
    });
}

#[test]
fn a_service_that_does_not_know_its_own_route_refuses_it() {
    staged(async |stage| {
        let here = HashMap::from([("notes", Router::new())]);
        let door = door_before(&stage.gateway, true, here, Upstreams::new(Tuning::default(), None));
        let (_stop, stopping) = watch::channel(false);
        let address = listened(&door, stopping).await;
        let bearer = format!("Bearer {}", stage.token());
        let mut socket = Socket::connected(address, ("authorization", &bearer));
        socket.follow(MINE);
        assert_eq!(socket.refused(), ("refused".to_owned(), 1008));
    });
}
