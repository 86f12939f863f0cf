//! No acknowledgement without a successful fsync of what it acknowledges: it survives a power cut.
//!
//! On the embedded engine; Postgres syncs in processes of its own, and its `synchronous_commit` is its own proof.

use serde_json::json;

use crate::kill9::list;
use crate::stage::{ALL, Stage, project};
use crate::trace::{Call, Traced};
use crate::wire::{Reply, Request, Wire};

/// An append whose mark is in what is stored and in the answer's headers.
fn append(wire: &mut Wire, token: &str, mark: &str) -> std::io::Result<Reply> {
    let body = json!({ "action": "thing.made", "object": { "kind": "mark", "id": mark }, "outcome": "succeeded",
        "class": "operational", "details": {} });
    wire.ask(
        &Request::post("/api/v1/audit/records", &body)
            .bearer(token)
            .once(mark)
            .header("x-correlation-id", mark),
    )
}

/// Whether this row was in a log file, the file synced after that, and the answer sent after that.
fn is_proved(calls: &[Call], mark: &str) -> Result<(), String> {
    let writes = |call: &&Call| call.name.starts_with("pwrite") || call.name.starts_with("write");
    let marked = |call: &&Call| call.text.contains(mark) && call.result.is_some_and(|bytes| bytes > 0);
    let to_log = |call: &&Call| call.text.contains("-wal>");
    let answer = calls
        .iter()
        .filter(marked)
        .find(|call| call.text.contains("HTTP/1.1 201"))
        .ok_or_else(|| format!("{mark}: no 201 was seen"))?;
    let stored = calls.iter().filter(writes).filter(to_log).filter(marked);
    let stored = stored
        .min_by_key(|call| call.ended)
        .ok_or_else(|| format!("{mark}: it was not written to the log"))?;
    let file =
        stored.text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(file, _)| file);
    let synced = calls.iter().find(|call| {
        matches!(call.name.as_str(), "fsync" | "fdatasync")
            && call.text.contains(file)
            && call.result == Some(0)
            && call.began > stored.ended
            && call.ended < answer.began
    });
    synced.map(|_| ()).ok_or_else(|| format!("{mark}: answered without an fsync of {file}"))
}

#[test]
fn an_acknowledgement_comes_after_the_fsync_of_what_it_acknowledges() {
    let stage = Stage::embedded();
    let Some(traced) = Traced::start(&stage, &[]) else { return };
    let token = stage.token(project(1), ALL);
    let mut wire = traced.server.wire();
    let marks: Vec<String> = (0..8).map(|number| format!("mark-{number}-of-eight")).collect();
    for mark in &marks {
        assert_eq!(append(&mut wire, &token, mark).unwrap().status, 201);
    }
    // One more, so that the end of the last answer's call is in the trace before the server is killed.
    assert_eq!(append(&mut wire, &token, "mark-of-the-end").unwrap().status, 201);
    let calls = traced.calls();
    for mark in &marks {
        is_proved(&calls, mark).unwrap();
    }
    // The test of the test: without its fsyncs, the same trace proves nothing.
    let unsynced: Vec<Call> = calls.into_iter().filter(|call| !call.name.ends_with("sync")).collect();
    assert!(is_proved(&unsynced, &marks[0]).is_err());
}

#[test]
fn what_cannot_be_synced_is_not_acknowledged() {
    let stage = Stage::embedded();
    // A first start makes the databases; the disk is well for that and for the start after it.
    assert!(stage.start().stop().success());
    let broken = ["-e", "inject=fsync,fdatasync:error=EIO:when=80+"];
    let Some(mut traced) = Traced::start(&stage, &broken) else { return };
    let token = stage.token(project(1), ALL);
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    for number in 0..400 {
        let mark = format!("mark-{number}-of-many");
        let Ok(mut wire) = Wire::connect(traced.server.address()) else { break };
        match append(&mut wire, &token, &mark) {
            Ok(reply) if reply.status == 201 => acknowledged.push(mark),
            Ok(reply) => {
                assert!(reply.status >= 500, "{}", reply.text());
                refused.push((mark, reply.json()["code"].to_string()));
            }
            Err(_) => break,
        }
    }
    // After an fsync that failed nothing can be built upon: the process ends by itself.
    assert!(!traced.server.wait().success());
    traced.server.has_not_panicked();
    let calls = traced.calls();
    assert!(calls.iter().any(|call| call.name.ends_with("sync") && call.result == Some(-1)));
    for mark in &acknowledged {
        is_proved(&calls, mark).unwrap();
    }

    let server = stage.start();
    let there = list(&mut server.wire(), &token, "object_kind=mark");
    let lost: Vec<_> = acknowledged.iter().filter(|mark| !there.iter().any(|(id, _)| id == *mark)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    // The bytes of a write whose fsync failed may come back with the log: only its outcome is not known.
    let undone: Vec<_> = refused
        .iter()
        .filter(|(mark, code)| code.contains("unavailable") && there.iter().any(|(id, _)| id == mark))
        .collect();
    assert!(undone.is_empty(), "said to be undone, and there: {undone:?}");
    stage.audit_is_whole();
    let (before, told) = (acknowledged.len(), refused.len());
    eprintln!("fsync fails: {before} acknowledged before, {told} refused, then it ended");
}
