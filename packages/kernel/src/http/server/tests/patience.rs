//! Silence and crowds: nobody keeps a connection by saying nothing, and there are never more than there may be.

use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const NO_SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

#[tokio::test]
async fn the_silent_and_the_slow_are_let_go() {
    let door = Open::plain(Patience { headers: SHORT, ..patient() }).await;
    for said in [
        b"".as_slice(),
        b"G",
        b"GET /hello HTTP/1.1\r\nhost: a\r\nx-slow",
        &PREFACE[..9],
        PREFACE,
        &[PREFACE, NO_SETTINGS].concat(),
    ] {
        let mut stream = door.connect().await;
        stream.write_all(said).await.unwrap();
        let heard = rest(&mut stream).await;
        assert!(!heard.contains(" 200 "), "{said:?}: {heard}");
    }
    assert_eq!(door.room.taken(), 0);
    door.stop().await;
}

#[tokio::test]
async fn a_byte_now_and_then_does_not_help() {
    let door = Open::plain(Patience { headers: SHORT, ..patient() }).await;
    let mut stream = door.connect().await;
    stream.write_all(b"GET /hello HTTP/1.1\r\nx: ").await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let dripping = async {
        let mut drops = tokio::time::interval(SHORT / 8);
        while writer.write_all(b"x").await.is_ok() {
            drops.tick().await;
        }
    };
    tokio::select! { heard = rest(&mut reader) => assert_eq!(heard, ""), () = in_time(dripping) => {} }
    door.stop().await;
}

#[tokio::test]
async fn a_pause_between_requests_is_no_reason_to_go_and_a_long_one_is() {
    let door = Open::plain(Patience { headers: SHORT, idle: SHORT * 3, ..patient() }).await;
    let (mut sender, connection) = speak_http2(door.connect().await).await;
    let uri = format!("http://{}", door.address);
    // It runs for longer than all patience there is, and is answered.
    let slow = tokio::spawn(sender.send_request(ask(&format!("{uri}/slow"))));
    in_time(door.begun.notified()).await;
    assert!(tokio::time::timeout(SHORT * 8, door.begun.notified()).await.is_err());
    assert!(!connection.is_finished());
    door.go_on.notify_one();
    assert_eq!(text(slow.await.unwrap().unwrap()).await, "at last");
    let asked = sender.send_request(ask(&format!("{uri}/hello"))).await.unwrap();
    assert_eq!(text(asked).await, "hello");
    // Told to go away, not cut off.
    in_time(connection).await.unwrap().unwrap();
    door.stop().await;
}

#[tokio::test]
async fn there_are_never_more_connections_than_there_may_be() {
    let room = Room::for_connections(2);
    let one = Open::with_room(patient(), None, LONG, room.clone()).await;
    let held = [one.connect().await, one.connect().await];
    in_time(async {
        while room.taken() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut third = one.connect().await;
    third.write_all(b"GET /taken HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(tokio::time::timeout(SHORT, third.readable()).await.is_err(), "it waits for a place");
    drop(held);
    let answer = rest(&mut third).await;
    assert!(answer.ends_with("\r\n\r\n1") || answer.ends_with("\r\n\r\n2"), "{answer}");
    one.stop().await;
    assert_eq!(room.taken(), 0);
}

#[tokio::test]
async fn doors_share_their_room_and_an_idle_door_takes_none_of_it() {
    let room = Room::for_connections(1);
    let doors = [
        Open::with_room(patient(), None, LONG, room.clone()).await,
        Open::with_room(patient(), None, LONG, room.clone()).await,
        Open::with_room(patient(), None, LONG, room.clone()).await,
    ];
    for door in doors.iter().cycle().take(9) {
        let answer = door.say("GET /taken HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        assert!(answer.ends_with("\r\n\r\n1"), "{answer}");
    }
    for door in doors {
        door.stop().await;
    }
}

#[tokio::test]
async fn a_full_house_can_be_stopped() {
    let door = Open::with_room(patient(), None, LONG, Room::for_connections(1)).await;
    let _held = door.connect().await;
    let _waiting = door.connect().await;
    door.stop().await;
}
