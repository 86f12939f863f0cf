//! What traces promise: headers by the rules, spans that reach their collector whole, and none that wait.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, MutexGuard};

use super::*;

const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The listeners are the process's, so tests that set them take turns.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// Answers as many requests as there are statuses and returns their bodies.
async fn collector(statuses: &'static [&'static str]) -> (String, tokio::task::JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let mut bodies = Vec::new();
        for status in statuses {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let body = loop {
                let mut bytes = [0; 4096];
                let read = socket.read(&mut bytes).await.unwrap();
                request.extend_from_slice(&bytes[..read]);
                let text = String::from_utf8_lossy(&request);
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
                assert!(head.contains("content-type: application/json"), "{head}");
                if let Ok(body) = serde_json::from_str(body) {
                    break body;
                }
            };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            socket.write_all(answer.as_bytes()).await.unwrap();
            bodies.push(body);
        }
        bodies
    });
    (address, serving)
}

fn spans(body: &Value) -> &Vec<Value> {
    body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap()
}

#[test]
fn a_header_by_the_rules_is_read_and_written_back() {
    let context = TraceContext::parse(HEADER).unwrap();
    assert_eq!(context.trace_id, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
    assert_eq!((context.span_id, context.sampled), (0xb7ad_6b71_6920_3331, true));
    assert_eq!(context.to_string(), HEADER);
}

#[test]
fn a_header_that_breaks_the_rules_counts_as_none() {
    let zero_trace = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
    let zero_span = "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01";
    let longer = format!("{HEADER}-00");
    let wrong = [
        "",
        zero_trace,
        zero_span,
        &longer,
        &HEADER.to_uppercase(),
        &HEADER.replace("00-0af", "ff-0af"),
        &HEADER.replace("00-0af", "0g-0af"),
        &HEADER.replace('-', "_"),
        &HEADER[..54],
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-001",
        "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ];
    for header in wrong {
        assert_eq!(TraceContext::parse(header), None, "{header}");
    }
}

#[test]
fn a_later_version_is_read_as_far_as_we_know_it() {
    let later = HEADER.replace("00-0af", "01-0af");
    assert!(TraceContext::parse(&later).is_some());
    assert!(TraceContext::parse(&format!("{later}-more")).is_some());
    assert_eq!(TraceContext::parse(&format!("{later}more")), None);
}

#[test]
fn only_the_lowest_flag_says_sampled() {
    let with = |flags| TraceContext::parse(&HEADER.replace("-01", flags)).unwrap().sampled;
    assert_eq!([with("-00"), with("-02"), with("-03")], [false, false, true]);
}

#[test]
fn ids_do_not_repeat_and_a_child_stays_in_its_trace() {
    let made: HashSet<_> =
        (0..10_000).map(|_| TraceContext::new_root()).flat_map(|c| [c.span_id, c.trace_id as u64]).collect();
    assert_eq!(made.len(), 20_000);
    let root = TraceContext::new_root();
    let child = root.child();
    assert_eq!((child.trace_id, child.sampled), (root.trace_id, true));
    assert_ne!(child.span_id, root.span_id);
}

proptest! {
    #[test]
    fn any_context_survives_its_header_and_no_header_panics(trace_id in 1u128.., span_id in 1u64.., sampled: bool, text in "\\PC{0,70}") {
        let context = TraceContext { trace_id, span_id, sampled };
        prop_assert_eq!(TraceContext::parse(&context.to_string()), Some(context));
        let _ = TraceContext::parse(&text);
    }
}

#[tokio::test]
async fn a_span_reaches_the_collector_whole() {
    let _turn = turn().await;
    let (address, serving) = collector(&["200 OK"]).await;
    let exporter = install(&format!("{address}/"), "stoa").unwrap();
    let parent = TraceContext::parse(HEADER).unwrap();
    let linked = TraceContext::parse(HEADER).unwrap().child();
    let mut span = Span::start("GET /x", SpanKind::Server, Some(&parent));
    span.set("http.route", "/x");
    span.set("http.response.status_code", 404u16);
    span.set("http.response.status_code", 500u16);
    span.set("cached", true);
    span.set("ratio", 0.5);
    span.set("user.password", "hunter2");
    span.link(&linked);
    span.fail("it broke");
    let own = format!("{:016x}", span.context().span_id);
    drop(span);
    exporter.shutdown().await;

    let bodies = serving.await.unwrap();
    let resource = &bodies[0]["resourceSpans"][0]["resource"]["attributes"][0];
    assert_eq!(*resource, json!({"key": "service.name", "value": {"stringValue": "stoa"}}));
    let mut sent = spans(&bodies[0]).iter().find(|sent| sent["spanId"] == own).unwrap().clone();
    let started: u64 = sent["startTimeUnixNano"].take().as_str().unwrap().parse().unwrap();
    let ended: u64 = sent["endTimeUnixNano"].take().as_str().unwrap().parse().unwrap();
    assert!(started > 1_600_000_000_000_000_000 && ended >= started);
    assert_eq!(
        sent,
        json!({
            "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": own, "parentSpanId": "b7ad6b7169203331",
            "name": "GET /x", "kind": 2, "startTimeUnixNano": null, "endTimeUnixNano": null,
            "attributes": [
                {"key": "http.route", "value": {"stringValue": "/x"}},
                {"key": "http.response.status_code", "value": {"intValue": "500"}},
                {"key": "cached", "value": {"boolValue": true}},
                {"key": "ratio", "value": {"doubleValue": 0.5}},
                {"key": "user.password", "value": {"stringValue": "***"}},
            ],
            "links": [{"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": format!("{:016x}", linked.span_id)}],
            "status": {"code": 2, "message": "it broke"},
        })
    );
}

#[tokio::test]
async fn a_batch_that_the_collector_could_not_take_is_sent_once_more() {
    let _turn = turn().await;
    let (address, serving) = collector(&["503 Service Unavailable", "200 OK"]).await;
    let exporter = install(&address, "stoa").unwrap();
    drop(Span::start("once", SpanKind::Internal, None));
    exporter.shutdown().await;
    let bodies = serving.await.unwrap();
    assert_eq!(spans(&bodies[0]), spans(&bodies[1]));
}

#[tokio::test]
async fn many_spans_go_in_batches_and_those_beyond_the_queue_are_dropped() {
    let _turn = turn().await;
    let (address, serving) = collector(&["200 OK"; 8]).await;
    let exporter = install(&address, "stoa").unwrap();
    // The exporter runs on this thread and gets no turn before we wait, so the queue fills.
    (0..5_000).for_each(|_| drop(Span::start("one of many", SpanKind::Internal, None)));
    exporter.shutdown().await;
    let sizes: Vec<usize> = serving.await.unwrap().iter().map(|body| spans(body).len()).collect();
    assert_eq!(sizes, [512; 8]);
    let page = crate::telemetry::metrics::render();
    let dropped = page.split("{reason=\"queue_full\"} ").nth(1).and_then(|rest| rest.lines().next());
    assert!(dropped.is_some_and(|count| count.parse::<u64>().unwrap() >= 5_000 - 4_096), "{page}");
}

#[tokio::test]
async fn an_unsampled_trace_is_not_recorded_but_goes_on() {
    let _turn = turn().await;
    keep_recent(2_048);
    let parent = TraceContext { sampled: false, ..TraceContext::new_root() };
    let span = Span::start("quiet", SpanKind::Internal, Some(&parent));
    assert_eq!(span.context().trace_id, parent.trace_id);
    drop(span);
    assert!(recent(parent.trace_id).is_empty());
    keep_recent(0);
}

#[tokio::test]
async fn finished_spans_are_kept_without_a_collector_and_only_when_asked() {
    let _turn = turn().await;
    let root = TraceContext::new_root();
    let work = |name: &'static str| drop(Span::start(name, SpanKind::Internal, Some(&root)));
    work("before");
    keep_recent(2_048);
    ["one", "two", "three"].into_iter().for_each(work);
    let names: Vec<_> = recent(root.trace_id).iter().map(|span| span.name.clone()).collect();
    assert_eq!(names, ["one", "two", "three"]);
    assert!(recent(TraceContext::new_root().trace_id).is_empty());
    keep_recent(0);
    work("after");
    assert!(recent(root.trace_id).is_empty());
}

#[tokio::test]
async fn text_on_a_span_is_masked_and_cut() {
    let _turn = turn().await;
    keep_recent(2_048);
    let mut span = Span::start("talkative", SpanKind::Internal, None);
    span.set("note", "é".repeat(10_000));
    span.fail("refused password=hunter2");
    let trace_id = span.context().trace_id;
    drop(span);
    let kept = recent(trace_id);
    keep_recent(0);
    let Attribute::Text(note) = &kept[0].attributes[0].1 else { panic!("not text") };
    assert_eq!(note.len(), 4_096);
    assert!(kept[0].failure.as_ref().is_some_and(|why| !why.contains("hunter2")));
}

#[test]
fn an_address_that_is_none_is_refused_without_showing_its_password() {
    for wrong in ["", "localhost:4318", "ftp://x", "http://"] {
        assert!(install(wrong, "stoa").is_err(), "{wrong}");
    }
}
