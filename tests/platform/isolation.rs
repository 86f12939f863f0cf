//! Who may call what, over every operation of the document: a route that is added is covered by that alone.

use serde_json::{Value, json};

use crate::document::{Operation, operations};
use crate::server::{Server, wait_for};
use crate::stage::{ALL, Stage, project};
use crate::wire::{Reply, Request};

const RECORDS: &str = "/api/v1/audit/records";
const PERSON: &str = "person-of-the-first";
/// What the first tenant wrote and nobody else may see.
const MARK: &str = "only-the-first-may-read-this";

/// The first tenant, and the second, who knows all the ids of the first.
struct Tenants {
    server: Server,
    first: String,
    second: String,
    record: String,
}

impl Tenants {
    fn on(stage: &Stage) -> Self {
        let server = stage.start();
        let (first, second) = (stage.token(project(1), ALL), stage.token(project(2), ALL));
        let entry = json!({ "action": "thing.made", "object": { "kind": "thing", "id": "thing-1" }, "outcome": "succeeded",
            "class": "operational", "subject": PERSON, "details": { "said": MARK } });
        let made = server.wire().ask(&Request::post(RECORDS, &entry).bearer(&first)).unwrap();
        assert_eq!(made.status, 201, "{}", made.text());
        let record = made.json()["id"].as_str().unwrap().to_owned();
        let tenants = Self { server, first, second, record };
        // Sealed, so that there is a proof to be kept from others.
        let proof = Request::get(&format!("{RECORDS}/{}/proof", tenants.record));
        wait_for("the seal", || (tenants.ask(&proof, &tenants.first).status == 200).then_some(()));
        tenants
    }

    fn ask(&self, request: &Request, token: &str) -> Reply {
        self.server.wire().ask(&request.clone().bearer(token)).unwrap()
    }

    fn operations(&self) -> Vec<Operation> {
        let document = self.server.wire().ask(&Request::get("/openapi.json")).unwrap().json();
        let found = operations(&document);
        assert!(found.len() >= 12, "the document lost its operations: {}", found.len());
        found.into_iter().filter(|operation| !operation.is_public).collect()
    }

    /// What the first tenant has under this name of a path.
    fn owned(&self, operation: &Operation, name: &str) -> String {
        match (operation.path.as_str(), name) {
            (path, "id") if path.starts_with(RECORDS) => self.record.clone(),
            (_, "subject") => PERSON.to_owned(),
            _ => panic!("{}: say here what the first tenant has as `{name}`", operation.name()),
        }
    }
}

/// What nobody has, of the same kind.
fn absent(owned: &str) -> String {
    let mut letters: Vec<char> = owned.chars().collect();
    let last = letters.last_mut().unwrap();
    *last = if *last == '0' { '1' } else { '0' };
    letters.into_iter().collect()
}

/// An answer without what differs between any two requests, and without the values that were asked for.
fn blanked(reply: &Reply, values: &[String]) -> (u16, Vec<(String, String)>, String) {
    let differs = ["x-correlation-id", "traceparent", "date"];
    let headers =
        reply.headers.iter().filter(|(name, _)| !differs.contains(&name.as_str())).cloned().collect();
    let mut body = reply.json();
    if body["correlation_id"].is_string() {
        body["correlation_id"] = Value::Null;
    }
    let body = values.iter().fold(body.to_string(), |body, value| body.replace(value.as_str(), "…"));
    (reply.status, headers, body)
}

#[test]
fn nobody_calls_without_a_token_a_fresh_one_and_the_permission() {
    for stage in Stage::both() {
        let tenants = Tenants::on(&stage);
        let expired = stage.expired_token(project(1));
        let powerless = stage.token(project(1), &["nothing:at_all"]);
        for operation in tenants.operations() {
            let name = operation.name();
            let request = operation.request(|name| tenants.owned(&operation, name));
            let alone = tenants.server.wire().ask(&request).unwrap();
            assert_eq!(alone.status, 401, "{name} without a token: {}", alone.text());
            let late = tenants.ask(&request, &expired);
            assert_eq!(late.status, 401, "{name} with an expired token: {}", late.text());
            let refused = tenants.ask(&request, &powerless);
            assert_eq!(refused.status, 403, "{name} without the permission: {}", refused.text());
            assert!(!refused.text().contains(MARK), "{name}");
        }
        tenants.server.has_not_panicked();
    }
}

#[test]
fn another_tenant_cannot_tell_what_is_not_its_own_from_what_is_not_there() {
    for stage in Stage::both() {
        let tenants = Tenants::on(&stage);
        let mine = Request::get(&format!("{RECORDS}/{}", tenants.record));
        let kept = Request::get("/api/v1/audit/retention");
        let before = [&mine, &kept].map(|request| tenants.ask(request, &tenants.first).text());
        assert!(before[0].contains(MARK));
        for operation in tenants.operations() {
            let name = format!("{}: {}", stage.engine(), operation.name());
            let owned: Vec<String> =
                operation.path_names().iter().map(|name| tenants.owned(&operation, name)).collect();
            let not_yours =
                tenants.ask(&operation.request(|name| tenants.owned(&operation, name)), &tenants.second);
            assert!(not_yours.status < 500, "{name}: {}", not_yours.text());
            for secret in [MARK, &tenants.record] {
                let told = not_yours.text().contains(secret);
                assert!(!told, "{name} tells another tenant: {}", not_yours.text());
            }
            if owned.is_empty() {
                assert!(
                    not_yours.status < 300,
                    "{name} with the document's own example: {}",
                    not_yours.text()
                );
                continue;
            }
            let not_there = tenants
                .ask(&operation.request(|name| absent(&tenants.owned(&operation, name))), &tenants.second);
            let gone: Vec<String> = owned.iter().map(|value| absent(value)).collect();
            assert_eq!(blanked(&not_yours, &owned), blanked(&not_there, &gone), "{name}");
            if operation.method == "GET" {
                assert_eq!(not_yours.status, 404, "{name}");
            }
        }
        let after = [&mine, &kept].map(|request| tenants.ask(request, &tenants.first).text());
        assert_eq!(before, after, "{}: another tenant changed what is not its own", stage.engine());
        tenants.server.has_not_panicked();
    }
}

#[test]
fn the_clock_of_the_sandbox_is_moved_by_its_keepers_alone() {
    let stage = Stage::embedded();
    let server = stage.start();
    let clock = "/api/v1/sandbox/clock";
    let forward = Request::post(clock, &json!({ "seconds": 60 }));
    let reader = stage.token(project(1), &["audit:*"]);
    for request in [Request::get(clock), forward.clone()] {
        assert_eq!(server.wire().ask(&request).unwrap().status, 401);
        assert_eq!(server.wire().ask(&request.clone().bearer(&reader)).unwrap().status, 403);
    }
    let production = stage.another();
    let mut command = production.command(&["up"]);
    command.env("STOA_MODE", "production");
    let server = production.start_by(command);
    assert_eq!(server.wire().ask(&forward).unwrap().status, 404, "there is no such clock in production");
}
