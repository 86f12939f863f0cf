//! A backup taken while everything runs can be put in place of nothing, and is what it was.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;

use crate::kill9::list;
use crate::stage::{ALL, Stage, is_required, project};
use crate::wire::Request;

fn has_tools(stage: &Stage) -> bool {
    let there = stage.engine() != "postgres" || Command::new("pg_dump").arg("--version").output().is_ok();
    if !there {
        assert!(!is_required("postgres"), "pg_dump is required and is not there");
        eprintln!("not run on Postgres: `pg_dump` is not installed");
    }
    there
}

#[test]
fn a_backup_taken_under_load_holds_all_that_was_acknowledged_before_it() {
    for stage in Stage::both().into_iter().filter(has_tools) {
        let server = stage.start();
        let (token, address) = (stage.token(project(1), ALL), server.address());
        let (acknowledged, enough) = (Mutex::new(Vec::new()), AtomicBool::new(false));
        let target = stage.path("backup");
        let before = thread::scope(|scope| {
            scope.spawn(|| {
                let mut wire = crate::wire::Wire::connect(address).unwrap();
                for number in 0.. {
                    let body = json!({ "action": "thing.made", "object": { "kind": "thing", "id": format!("thing-{number}") },
                        "outcome": "succeeded", "class": "operational", "details": {} });
                    let reply = wire.ask(&Request::post("/api/v1/audit/records", &body).bearer(&token)).unwrap();
                    assert_eq!(reply.status, 201, "{}", reply.text());
                    acknowledged.lock().unwrap().push(format!("thing-{number}"));
                    if enough.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
            crate::server::wait_for("some records", || {
                (acknowledged.lock().unwrap().len() > 50).then_some(())
            });
            let before = acknowledged.lock().unwrap().clone();
            let made = stage.run(&["backup", &target.display().to_string(), "--with-keys"]);
            enough.store(true, Ordering::Relaxed);
            assert_eq!(made.code, Some(0), "{}: {}{}", stage.engine(), made.out, made.err);
            before
        });
        assert!(server.stop().success());

        let other = stage.another();
        let restored = other.run(&["restore", &target.display().to_string()]);
        assert_eq!(restored.code, Some(0), "{}: {}{}", stage.engine(), restored.out, restored.err);
        other.audit_is_whole();
        let server = other.start();
        let there = list(&mut server.wire(), &other.token(project(1), ALL), "object_kind=thing");
        let lost: Vec<_> = before.iter().filter(|id| !there.iter().any(|(known, _)| known == *id)).collect();
        assert!(lost.is_empty(), "{}: {lost:?}", stage.engine());
        assert!(there.len() <= acknowledged.lock().unwrap().len() + 1);
        server.has_not_panicked();
        drop(server);

        let again = other.run(&["restore", &target.display().to_string()]);
        assert_eq!(again.code, Some(1), "{}: restored over data", stage.engine());
        let over = stage.run(&["backup", &target.display().to_string()]);
        assert_eq!(over.code, Some(1), "{}: a backup over a backup", stage.engine());
        other.audit_is_whole();
    }
}

#[test]
fn a_backup_that_was_changed_is_not_restored() {
    let stage = Stage::embedded();
    assert!(stage.start().stop().success());
    for change in ["a bit", "a file less", "a file more", "no manifest"] {
        let target = stage.path(&change.replace(' ', "-"));
        let name = target.display().to_string();
        assert_eq!(stage.run(&["backup", &name]).code, Some(0));
        let file = target.join("audit.db");
        match change {
            "a bit" => {
                let mut bytes = std::fs::read(&file).unwrap();
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                std::fs::write(&file, bytes).unwrap();
            }
            "a file less" => std::fs::remove_file(&file).unwrap(),
            "a file more" => drop(std::fs::copy(&file, target.join("more.db")).unwrap()),
            _ => std::fs::remove_file(target.join("manifest.json")).unwrap(),
        }
        let other = Stage::embedded();
        let refused = other.run(&["restore", &name]);
        assert_eq!(refused.code, Some(1), "{change}: {}{}", refused.out, refused.err);
        assert!(!other.data().join("db/audit.db").exists(), "{change}: something was put in place");
    }
}
