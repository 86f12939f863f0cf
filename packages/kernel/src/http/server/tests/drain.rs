//! The end: running requests are answered, nothing new begins, and nobody waits for the silent.

use super::*;

async fn is_refused(address: SocketAddr) {
    in_time(async { while TcpStream::connect(address).await.is_ok() {} }).await;
}

#[tokio::test]
async fn a_slow_request_ends_and_new_connections_are_refused() {
    let door = Open::plain(patient()).await;
    let mut stream = door.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    in_time(door.begun.notified()).await;
    door.stop.send(true).unwrap();
    is_refused(door.address).await;
    assert!(!door.serving.is_finished());
    door.go_on.notify_one();
    let answer = rest(&mut stream).await.to_lowercase();
    assert!(answer.starts_with("http/1.1 200 ") && answer.ends_with("at last"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    in_time(door.serving).await.unwrap();
}

#[tokio::test]
async fn http2_callers_hear_of_the_end_and_their_streams_end_well() {
    let door = Open::plain(patient()).await;
    let (mut sender, connection) = speak_http2(door.connect().await).await;
    let uri = format!("http://{}", door.address);
    let slow = sender.send_request(ask(&format!("{uri}/slow")));
    let slow = tokio::spawn(slow);
    in_time(door.begun.notified()).await;
    door.stop.send(true).unwrap();
    is_refused(door.address).await;
    // Told to go away, the caller begins nothing new here; this may take a moment to arrive.
    in_time(async { while sender.send_request(ask(&format!("{uri}/hello"))).await.is_ok() {} }).await;
    door.go_on.notify_one();
    assert_eq!(text(in_time(slow).await.unwrap().unwrap()).await, "at last");
    in_time(connection).await.unwrap().unwrap();
    in_time(door.serving).await.unwrap();
}

#[tokio::test]
async fn connections_without_a_request_do_not_hold_up_a_stop() {
    let door = Open::plain(patient()).await;
    let mut silent = door.connect().await;
    let mut used = door.connect().await;
    used.write_all(b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    until(&mut used, "hello").await;
    let (mut sender, connection) = speak_http2(door.connect().await).await;
    let asked = sender.send_request(ask(&format!("http://{}/hello", door.address))).await.unwrap();
    assert_eq!(text(asked).await, "hello");
    door.stop().await;
    assert_eq!(rest(&mut silent).await, "");
    assert_eq!(rest(&mut used).await, "");
    in_time(connection).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_off() {
    let door = Open::new(patient(), None, SHORT).await;
    let mut stream = door.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    in_time(door.begun.notified()).await;
    door.stop().await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_door_whose_stop_was_dropped_stops() {
    let door = Open::plain(patient()).await;
    drop(door.stop);
    in_time(door.serving).await.unwrap();
}
