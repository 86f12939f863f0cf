//! What one tenant sees of another, over every operation of the document: nothing. A route that is added is covered
//! by that alone.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::document::Operation;
use crate::stage::{Stage, project};
use crate::tenants::{MARK, Tenants, absent, blanked};
use crate::wire::{Reply, Request};

/// Operations whose example, sent by an administrator, is rightly not done, and what is said instead.
const EXAMPLES_REFUSED: [(&str, u16); 18] = [
    // Only a key gives itself up.
    ("DELETE /api/v1/api-keys/self", 403),
    // The example's password and codes are nobody's.
    ("DELETE /api/v1/users/me", 422),
    ("DELETE /api/v1/users/me/totp", 422),
    // The examples' goods, payments and addresses are nobody's, and a sheet is no JSON.
    ("DELETE /api/v1/notifications/suppressions", 404),
    ("POST /api/v1/catalog/imports", 415),
    ("POST /api/v1/ledger/exchanges", 409),
    ("POST /api/v1/ledger/periods", 409),
    ("POST /api/v1/orders", 409),
    ("POST /api/v1/payments/capture", 404),
    ("POST /api/v1/payments/refund", 404),
    ("POST /api/v1/wallet/payments", 404),
    ("POST /api/v1/wallet/requests", 404),
    ("POST /api/v1/wallet/schedules", 404),
    // No project chooses what the example sets for all of them.
    ("POST /api/v1/registry/config/{service}/check", 422),
    // Whoever came in by the front door has verified it.
    ("POST /api/v1/users/me/email/verify", 409),
    ("POST /api/v1/users/me/password", 422),
    ("POST /api/v1/users/me/totp/confirm", 422),
    ("PUT /api/v1/registry/config/{service}", 422),
];

/// Every project has its own of these, under a name that all know: the settings of a service, what a person
/// wants, a list, the first version of its rules.
const OWN_UNDER_A_COMMON_NAME: [&str; 4] = [
    "/api/v1/registry/config/{service}",
    "/api/v1/preferences/{user_id}",
    "/api/v1/fraud/lists/{name}",
    "/api/v1/fraud/rule-sets/{version}",
];

/// By-id routes whose time must not tell what is there.
const TIMED: [&str; 6] = ["api-keys", "audit/records", "kyc/cases", "projects", "roles", "users"];
const TIMED_TIMES: usize = 60;
/// Generous: the machine has others to serve.
const FACTOR_MAX: f64 = 2.0;
const DIFFERENCE_MAX: Duration = Duration::from_millis(2);

fn is_operators(reply: &Reply) -> bool {
    reply.status == 403 && reply.text().contains("the platform's own operators")
}

/// What an administrator of a project may not do, an operator may.
fn operators_may(tenants: &Tenants, operation: &Operation, name: &str) {
    let request = operation.request(|name| absent(&tenants.owned(operation, name)));
    let reply = tenants.ask(&request, &tenants.operator);
    assert!(
        reply.status < 500 && ![401, 403].contains(&reply.status),
        "{name} for operators: {}",
        reply.text()
    );
}

/// What is wrong with how the document's own example was answered, if anything is.
fn example_not_done(operation: &Operation, name: &str, reply: &Reply) -> Option<String> {
    let refused = EXAMPLES_REFUSED.iter().find(|(known, _)| *known == operation.name());
    let is_right = refused.map_or(reply.status < 300, |(_, status)| reply.status == *status);
    (!is_right).then(|| format!("{name}: {} {}", reply.status, reply.text()))
}

#[test]
fn another_tenant_cannot_tell_what_is_not_its_own_from_what_is_not_there() {
    for stage in Stage::both() {
        let tenants = Tenants::on(&stage);
        let (before, mut not_done) = (tenants.state(), Vec::new());
        assert!(before[0].1.contains(MARK));
        for operation in tenants.guarded() {
            let name = format!("{}: {}", stage.engine(), operation.name());
            let not_yours = tenants.ask(&tenants.request(&operation), &tenants.second);
            assert!(not_yours.status < 500, "{name}: {}", not_yours.text());
            for secret in tenants.secrets() {
                let told = not_yours.text().contains(secret);
                assert!(!told, "{name} tells another tenant: {}", not_yours.text());
            }
            if is_operators(&not_yours) {
                operators_may(&tenants, &operation, &name);
                continue;
            }
            let owned: Vec<String> =
                operation.path_names().iter().map(|name| tenants.owned(&operation, name)).collect();
            if owned.is_empty() || OWN_UNDER_A_COMMON_NAME.iter().any(|path| operation.path.starts_with(path))
            {
                not_done.extend(example_not_done(&operation, &name, &not_yours));
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
        assert!(not_done.is_empty(), "the document's own examples: {not_done:#?}");
        assert_eq!(before, tenants.state(), "{}: another tenant changed what is not its own", stage.engine());
        tenants.server.has_not_panicked();
    }
}

#[test]
fn the_time_of_an_answer_does_not_tell_what_is_there() {
    for stage in Stage::both() {
        let tenants = Tenants::on(&stage);
        let by_id: Vec<Operation> = tenants
            .guarded()
            .into_iter()
            .filter(|operation| {
                operation.method == "GET"
                    && TIMED.iter().any(|family| operation.path == format!("/api/v1/{family}/{{id}}"))
            })
            .collect();
        assert_eq!(by_id.len(), TIMED.len());
        for operation in by_id {
            let not_yours = tenants.request(&operation).bearer(&tenants.second);
            let not_there = operation.request(|name| absent(&tenants.owned(&operation, name)));
            let (mine, none) = medians(&tenants, [&not_yours, &not_there.bearer(&tenants.second)]);
            let (least, most) = (mine.min(none), mine.max(none));
            eprintln!("{}: {}: {mine:?} not yours, {none:?} not there", stage.engine(), operation.name());
            assert!(
                most.as_secs_f64() < FACTOR_MAX * least.as_secs_f64() || most - least < DIFFERENCE_MAX,
                "{}: {}: {mine:?} and {none:?}",
                stage.engine(),
                operation.name()
            );
        }
    }
}

/// The median times of both, asked in turns.
fn medians(tenants: &Tenants, requests: [&Request; 2]) -> (Duration, Duration) {
    let mut wire = tenants.server.wire();
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..TIMED_TIMES {
        for (request, took) in requests.iter().zip(&mut took) {
            let asked = Instant::now();
            let reply = wire.ask(request).unwrap();
            took.push(asked.elapsed());
            assert_eq!(reply.status, 404, "{}", reply.text());
        }
    }
    let [mine, none] = took.map(|mut took| {
        took.sort_unstable();
        took[took.len() / 2]
    });
    (mine, none)
}

#[test]
fn the_clock_of_the_sandbox_is_moved_by_its_keepers_alone() {
    let stage = Stage::embedded();
    let server = stage.start();
    let clock = "/api/v1/sandbox/clock";
    let forward = Request::post(clock, &json!({ "seconds": 60 }));
    let reader = stage.token(project(1), &["audit:*"]);
    for request in [Request::get(clock), forward.clone()] {
        assert_eq!(server.ask(&request).status, 401);
        assert_eq!(server.ask(&request.clone().bearer(&reader)).status, 403);
    }
    let production = stage.another();
    let mut command = production.command(&["up"]);
    command.env("STOA_MODE", "production");
    let server = production.start_by(command);
    assert_eq!(server.ask(&forward).status, 404, "there is no such clock in production");
}
