//! Connections that have threads of their own.

use std::collections::BTreeMap;

use super::*;

#[tokio::test]
async fn each_connection_stays_with_one_porter_and_all_have_as_many() {
    let (stop, stopping) = watch::channel(false);
    let routes = Router::new().route("/porter", get(|| async { porter().to_string() }));
    let count = std::thread::available_parallelism().unwrap().get();
    let listening = listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    let listening = listening.with_porters(Porters::hire().unwrap());
    let address = listening.address();
    let serving = tokio::spawn(listening.serve(routes, stopping, LONG));
    let (mut callers, mut by) = (Vec::new(), BTreeMap::new());
    for _ in 0..count * 3 {
        let mut caller = speak_http1(TcpStream::connect(address).await.unwrap()).await;
        let asked = text(caller.send_request(ask("/porter")).await.unwrap()).await;
        *by.entry(asked.clone()).or_insert(0) += 1;
        callers.push((caller, asked));
    }
    let numbers = (1..=count).map(|number| (number.to_string(), 3));
    assert_eq!(by, numbers.collect());
    for (caller, porter) in &mut callers {
        assert_eq!(text(caller.send_request(ask("/porter")).await.unwrap()).await, *porter);
    }
    // Who has fewer takes the next.
    let (_, left) = callers.swap_remove(0);
    let next = async {
        let mut caller = speak_http1(TcpStream::connect(address).await.unwrap()).await;
        text(caller.send_request(ask("/porter")).await.unwrap()).await
    };
    tokio::time::sleep(SHORT).await;
    assert_eq!(next.await, left);
    stop.send(true).unwrap();
    in_time(serving).await.unwrap();
}

#[tokio::test]
async fn what_a_porter_has_begun_it_ends_before_it_goes() {
    let (stop, stopping) = watch::channel(false);
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let routes = routes(&begun, &go_on, &Room::default());
    let listening = listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    let listening = listening.with_porters(Porters::hire().unwrap());
    let address = listening.address();
    let serving = tokio::spawn(listening.serve(routes, stopping, LONG));
    let mut caller = speak_http1(TcpStream::connect(address).await.unwrap()).await;
    let answer = tokio::spawn(async move { text(caller.send_request(ask("/slow")).await.unwrap()).await });
    in_time(begun.notified()).await;
    stop.send(true).unwrap();
    go_on.notify_one();
    assert_eq!(in_time(answer).await.unwrap(), "at last");
    in_time(serving).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}
