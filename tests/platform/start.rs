//! Starting, stopping, and what is said when something is wrong with either.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::server::wait_for;
use crate::stage::{ALL, Ran, Stage, project};
use crate::wire::{Request, Wire};

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn one_line(ran: &Ran) -> &str {
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert_eq!(ran.out, "");
    ran.err.trim()
}

#[test]
fn a_second_start_is_told_who_has_the_data() {
    let stage = Stage::embedded();
    let first = stage.start();
    let second = stage.run(&["up"]);
    assert_eq!(second.code, Some(1));
    let told = second.err.lines().last().unwrap();
    assert!(told.contains("is in use by process") && told.contains(&first.id().to_string()), "{told}");
    assert!(first.is_ready());
    assert!(first.stop().success());
    assert!(stage.start().is_ready(), "the lock went with its holder");
}

#[test]
fn a_wrong_setting_stops_the_start_with_one_clear_line() {
    let stage = Stage::embedded();
    let wrong = |name: &str, value: &str| {
        let mut command = stage.command(&["up"]);
        command.env(name, value);
        Ran::of(command)
    };
    for (name, value) in [
        ("STOA_LISTEN", "everywhere"),
        ("STOA_DRAIN", "soon"),
        ("STOA_MODE", "prod"),
        ("STOA_LOG_STYLE", "loud"),
        ("STOA_DATABASE_CONNECTIONS", "-3"),
        ("STOA_HTTP_BODY_MAX", "a lot"),
    ] {
        let ran = wrong(name, value);
        let line = one_line(&ran);
        let key = name.trim_start_matches("STOA_").to_lowercase();
        assert!(line.to_lowercase().replace('.', "_").contains(&key), "{name}: {line}");
    }
    assert!(one_line(&wrong("STOA_LISTNE", "127.0.0.1:1")).to_lowercase().contains("listen"), "a suggestion");
    assert!(one_line(&stage.run(&["--set", "lisen=127.0.0.1:1", "up"])).contains("listen"), "a suggestion");
    assert!(!stage.data().exists(), "nothing was begun");
    let secret = wrong("STOA_DATABASE_URL", "postgres://stoa:hunter2@127.0.0.1:1/none");
    assert_eq!(secret.code, Some(1));
    assert!(!secret.err.contains("hunter2"), "{}", secret.err);
}

#[test]
fn an_address_in_use_is_told() {
    let stage = Stage::embedded();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = stage.run(&["--set", &format!("listen={address}"), "up"]);
    assert_eq!(ran.code, Some(1));
    let told = ran.err.lines().last().unwrap();
    assert!(told.contains(&address) && told.to_lowercase().contains("in use"), "{told}");
}

#[test]
fn a_running_request_is_answered_before_a_stop() {
    for stage in Stage::both() {
        let mut server = stage.start();
        let token = stage.token(project(1), ALL);
        let body = json!({ "action": "thing.made", "object": { "kind": "thing", "id": "late" }, "outcome": "succeeded",
            "class": "operational", "details": {} });
        let (head, body) = {
            let request = Request::post("/api/v1/audit/records", &body).bearer(&token);
            let (head, body) = request.bytes();
            (head, body.to_vec())
        };
        let mut wire = server.wire();
        wire.write(&head).unwrap();
        wire.write(&body[..10]).unwrap();
        wait_for("the request to be running", || {
            let figures = server.wire().ask(&Request::get("/metrics")).unwrap().text();
            figures
                .lines()
                .any(|line| line == "stoa_http_requests_running{service=\"audit\"} 1")
                .then_some(())
        });
        server.ask_to_stop();
        wait_for("no new connections", || Wire::connect(server.address()).is_err().then_some(()));
        assert!(!server.has_ended());
        wire.write(&body[10..]).unwrap();
        let reply = wire.read().unwrap();
        assert_eq!(reply.status, 201, "{}: {}", stage.engine(), reply.text());
        assert!(server.wait().success(), "{}: {}", stage.engine(), server.log());
        server.has_not_panicked();
    }
}

#[test]
fn health_and_doctor_tell_what_is_so() {
    for stage in Stage::both() {
        let server = stage.start();
        let url = format!("http://{}", server.address());
        let ready = stage.run(&["health", &url]);
        assert_eq!(ready.code, Some(0), "{}{}", ready.out, ready.err);
        assert!(ready.out.contains("ready"), "{}", ready.out);
        assert!(server.stop().success());
        let absent = stage.run(&["health", &url]);
        assert!(one_line(&absent).contains(&url), "{}", absent.err);
        let doctor = stage.run(&["doctor"]);
        assert_eq!(doctor.code, Some(0), "{}: {}{}", stage.engine(), doctor.out, doctor.err);
        assert!(doctor.out.contains("Nothing is wrong."), "{}", doctor.out);
    }
}

/// A container asks itself, whose certificate is for another name, and shows its own where callers must.
#[test]
fn an_installation_that_speaks_tls_is_asked_for_its_health() {
    let stage = Stage::embedded();
    let mut params = rcgen::CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let ca = params.self_signed(&key).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, key);
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
    let shown = params.signed_by(&key, &issuer).unwrap().pem();
    for (name, text) in [("ca.crt", ca), ("tls.crt", shown), ("tls.key", key.serialize_pem())] {
        std::fs::write(stage.path(name), text).unwrap();
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let asked = |arguments: &[&str]| {
        let mut command = stage.command(arguments);
        command.env("STOA_LISTEN", format!("127.0.0.1:{port}"));
        for (setting, file) in [("CERTIFICATE", "tls.crt"), ("KEY", "tls.key"), ("CLIENT_CA", "ca.crt")] {
            command.env(format!("STOA_TLS_{setting}"), stage.path(file));
        }
        command
    };
    let server = Running(asked(&["serve", "registry"]).stdout(Stdio::null()).spawn().unwrap());
    let ready = wait_for("health over TLS", || {
        let ran = Ran::of(asked(&["health"]));
        (ran.code == Some(0)).then_some(ran)
    });
    assert!(ready.out.contains("ready"), "{}", ready.out);
    // Another machine is believed by its authority and its name only.
    let elsewhere = Ran::of(asked(&["health", &format!("https://127.0.0.1:{port}")]));
    assert!(one_line(&elsewhere).contains("not valid for name"), "{}", elsewhere.err);
    drop(server);
    assert_eq!(Ran::of(asked(&["health"])).code, Some(1));
}

#[test]
fn doctor_finds_a_broken_database() {
    let stage = Stage::embedded();
    assert!(stage.start().stop().success());
    let file = stage.data().join("db/audit.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[100..middle].fill(0xA5);
    std::fs::write(&file, bytes).unwrap();
    let doctor = stage.run(&["doctor"]);
    assert_eq!(doctor.code, Some(1), "{}{}", doctor.out, doctor.err);
    assert!(doctor.out.contains("WRONG"), "{}", doctor.out);
}

#[test]
fn a_warm_start_is_soon_ready() {
    for stage in Stage::both() {
        let cold = stage.start();
        let first = cold.ready_after;
        assert!(cold.stop().success());
        let warm: Vec<_> = (0..3)
            .map(|_| {
                let server = stage.start();
                let after = server.ready_after;
                assert!(server.stop().success());
                after
            })
            .collect();
        eprintln!("start to ready on {}: cold {first:?}, warm {warm:?}", stage.engine());
    }
}

#[test]
fn the_same_commands_are_there_from_any_directory() {
    let stage = Stage::embedded();
    let mut command = Command::new(crate::stage::binary());
    stage.settle(&mut command);
    command.arg("--help");
    let help = Ran::of(command);
    assert_eq!(help.code, Some(0));
    for name in [
        "up", "serve", "migrate", "doctor", "health", "config", "openapi", "events", "jobs", "backup",
        "restore", "audit",
    ] {
        assert!(help.out.lines().any(|line| line.trim_start().starts_with(name)), "{name}: {}", help.out);
    }
}
