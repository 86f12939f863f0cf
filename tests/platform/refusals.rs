//! Who is turned away, over every operation of the document: whoever brings no proof, a bad one, or one that was
//! taken back, and whoever may not do what they ask for.

use contracts::events::access::ApiKeyKind;
use contracts::{ApiKeyId, Id};
use kernel::auth::ApiKeyText;
use serde_json::json;

use crate::bad_input::is_the_envelope;
use crate::person::text;
use crate::server::wait_for;
use crate::stage::Stage;
use crate::tenants::{RECORDS, Tenants, administrator, blanked};
use crate::wire::{Reply, Request};

/// Operations that anybody may call. A new one stands here once a person has agreed that it does.
const PUBLIC: [&str; 17] = [
    "GET /.well-known/jwks.json",
    "GET /api/v1/status",
    // What a query names is asked for by routes, each of which asks who calls.
    "GET /graphql",
    "GET /ws",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/otp/send",
    "POST /api/v1/auth/otp/verify",
    "POST /api/v1/auth/password/forgot",
    "POST /api/v1/auth/password/reset",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/register",
    "POST /api/v1/notifications/receipts/twilio",
    "POST /api/v1/notifications/unsubscribe/{token}",
    "POST /api/v1/payments/webhook",
    "POST /api/v1/webhooks/{provider}",
    "POST /graphql",
];
/// Operations on what is a person's own: to be signed in is enough.
const FOR_PERSONS: [&str; 15] = [
    "DELETE /api/v1/users/me",
    "DELETE /api/v1/users/me/sessions",
    "DELETE /api/v1/users/me/sessions/{id}",
    "DELETE /api/v1/users/me/totp",
    "GET /api/v1/projects",
    "GET /api/v1/users/me",
    "GET /api/v1/users/me/kyc",
    "GET /api/v1/users/me/sessions",
    "PATCH /api/v1/users/me",
    "POST /api/v1/users/me/email/verify",
    "POST /api/v1/users/me/kyc",
    "POST /api/v1/users/me/password",
    "POST /api/v1/users/me/phone/verify",
    "POST /api/v1/users/me/totp",
    "POST /api/v1/users/me/totp/confirm",
];
/// What a key may do with itself, whatever its scopes.
const FOR_KEYS: &str = "DELETE /api/v1/api-keys/self";
/// They change nothing, whatever their method says, or only what the reader makes of it for themselves.
const READING: [&str; 6] = [
    "POST /api/v1/audit/verify",
    "POST /api/v1/fraud/assess",
    "POST /api/v1/notifications/inbox/read-all",
    "POST /api/v1/notifications/inbox/{id}/read",
    "PUT /api/v1/notifications/preferences",
    "PUT /api/v1/preferences/{user_id}",
];
const READS: [&str; 15] = [
    "api_keys:read",
    "audit:read",
    "catalog:read",
    "config:read",
    "fraud:read",
    "gateway:read",
    "instances:read",
    "ledger:read",
    "notifications:read",
    "orders:read",
    "payments:read",
    "projects:read",
    "roles:read",
    "users:read",
    "wallet:read",
];

/// A way to say who one is: headers.
struct Proof {
    name: String,
    headers: Vec<(&'static str, String)>,
}

impl Proof {
    fn new(name: &str, headers: &[(&'static str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { name: name.to_owned(), headers }
    }

    fn token(name: &str, token: &str) -> Self {
        Self::new(name, &[("authorization", &format!("Bearer {token}"))])
    }

    fn key(name: &str, key: &str) -> Self {
        Self::new(name, &[("x-api-key", key)])
    }

    fn on(&self, request: &Request) -> Request {
        let on = |request: Request, (name, value): &(&str, String)| request.header(name, value.as_str());
        self.headers.iter().fold(request.clone(), on)
    }
}

/// A refusal is one of these, in the envelope, and tells nothing of anybody.
fn is_refused(tenants: &Tenants, name: &str, reply: &Reply, statuses: &[u16]) {
    assert!(statuses.contains(&reply.status), "{name}: {} {}", reply.status, reply.text());
    is_the_envelope(name, reply);
    for secret in tenants.secrets() {
        assert!(!reply.text().contains(secret), "{name} tells of the first: {}", reply.text());
    }
}

/// A key of the first tenant that may do everything: its id and its text.
fn key(tenants: &Tenants, scope: &str) -> (String, String) {
    let wanted = json!({ "name": "a key", "kind": "project", "scopes": [scope] });
    let made = tenants.ask(&Request::post("/api/v1/api-keys", &wanted), &tenants.first);
    assert_eq!(made.status, 201, "{}", made.text());
    (text(&made, "id"), text(&made, "api_key"))
}

/// Waits until this proof opens the door, or does so no more.
fn wait_until(tenants: &Tenants, proof: &Proof, status: u16) {
    let request = proof.on(&Request::get(RECORDS));
    wait_for(&proof.name, || (tenants.server.ask(&request).status == status).then_some(()));
}

/// Does what takes a proof back, having seen that it was good.
fn taken_back(tenants: &Tenants, proof: Proof, request: &Request, token: &str) -> Proof {
    wait_until(tenants, &proof, 200);
    let done = tenants.ask(request, token);
    assert!(done.status < 300, "{}: {}", proof.name, done.text());
    wait_until(tenants, &proof, 401);
    proof
}

fn bad_keys(tenants: &Tenants) -> Vec<Proof> {
    let first = &tenants.first;
    let ((revoked_id, revoked), (replaced_id, replaced), (_, good)) =
        (key(tenants, "*"), key(tenants, "*"), key(tenants, "*"));
    wait_until(tenants, &Proof::key("a good key", &good), 200);
    let revoke = Request::new("DELETE", &format!("/api/v1/api-keys/{revoked_id}"));
    let at_once = json!({ "overlap_seconds": 0 });
    let replace = Request::post(&format!("/api/v1/api-keys/{replaced_id}/rotate"), &at_once);
    let known = ApiKeyText::parse(&good).unwrap();
    let other = |id| ApiKeyText::generate(ApiKeyKind::Project, id).unwrap().reveal().into_exposed();
    let (body, check) = good.split_at(good.len() - 1);
    let miscopied = format!("{body}{}", if check == "0" { "1" } else { "0" });
    vec![
        taken_back(tenants, Proof::key("a revoked key", &revoked), &revoke, first),
        taken_back(tenants, Proof::key("a replaced key", &replaced), &replace, first),
        Proof::token("a revoked key as a token", &revoked),
        Proof::key("a key that was not copied whole", &miscopied),
        Proof::key("a key with another secret", &other(known.id)),
        Proof::key("a key of another kind", &good.replacen("stoa_pk_", "stoa_sk_", 1)),
        Proof::key("a key that there is not", &other(ApiKeyId::from_u128(77))),
        Proof::key("a key's name alone", &known.id.to_string()),
        Proof::key("nearly the key of the examples", "dev-key-124"),
        Proof::key("no key", ""),
    ]
}

fn over_sessions(stage: &Stage, tenants: &Tenants) -> Vec<Proof> {
    let admit = |mail| administrator(stage, &tenants.server, (mail, "shopcardd", tenants.project));
    let (left, let_go) = (admit("dan@first.example"), admit("eve@first.example"));
    let leave = Request::post("/api/v1/auth/logout", &json!({}));
    let go = Request::new("PATCH", &format!("/api/v1/users/{}", let_go.id)).json(r#"{"active":false}"#);
    vec![
        taken_back(tenants, Proof::token("a session that was left", &left.token), &leave, &left.token),
        taken_back(tenants, Proof::token("a member let go", &let_go.token), &go, &tenants.first),
    ]
}

fn bad_proofs(stage: &Stage, tenants: &Tenants) -> Vec<Proof> {
    let word = stage.inside_word(tenants.project);
    let stranger = &stage.refused_tokens(tenants.project)[3].1;
    let mut all = vec![
        Proof::new("no proof", &[]),
        Proof::new("an empty header", &[("authorization", "")]),
        Proof::new("no token", &[("authorization", "Bearer ")]),
        Proof::new("a name and a password", &[("authorization", "Basic YTpi")]),
        Proof::new("the door's word from outside", &[("x-stoa-caller", &word)]),
        Proof::new("bare headers", &[("x-user-id", "usr_1"), ("x-project-id", &tenants.project.to_string())]),
        Proof::new("a forged cookie", &[("cookie", &format!("stoa_access={stranger}"))]),
    ];
    all.extend(stage.refused_tokens(tenants.project).iter().map(|(name, token)| Proof::token(name, token)));
    all.extend(bad_keys(tenants));
    all.extend(over_sessions(stage, tenants));
    all
}

#[test]
fn nothing_is_open_to_everybody_but_what_people_have_agreed_on() {
    let stage = Stage::embedded();
    let tenants = Tenants::on(&stage);
    let public = tenants.operations().into_iter().filter(|operation| operation.is_public);
    let mut names: Vec<String> = public.map(|operation| operation.name()).collect();
    names.sort_unstable();
    assert_eq!(names, PUBLIC);
}

#[test]
fn nobody_comes_in_without_a_good_proof() {
    for stage in Stage::both() {
        let tenants = Tenants::on(&stage);
        let (guarded, proofs) = (tenants.guarded(), bad_proofs(&stage, &tenants));
        let before = tenants.state();
        for operation in &guarded {
            let request = tenants.request(operation);
            for proof in &proofs {
                let name = format!("{}: {} with {}", stage.engine(), operation.name(), proof.name);
                let reply = tenants.server.ask(&proof.on(&request));
                is_refused(&tenants, &name, &reply, &[401]);
                assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{name}");
            }
        }
        assert_eq!(before, tenants.state(), "{}: somebody changed something", stage.engine());
        eprintln!("{}: {} operations, {} bad proofs each", stage.engine(), guarded.len(), proofs.len());
        tenants.server.has_not_panicked();
    }
}

#[test]
fn keys_that_open_nothing_hear_the_same_whatever_is_wrong_with_them() {
    for stage in Stage::both() {
        let tenants = Tenants::on(&stage);
        let request = Request::get(RECORDS);
        let heard: Vec<_> = bad_keys(&tenants)
            .iter()
            .filter(|proof| proof.headers[0].0 == "x-api-key")
            .map(|proof| (proof.name.clone(), blanked(&tenants.server.ask(&proof.on(&request)), &[])))
            .collect();
        for (name, answer) in &heard {
            assert_eq!(answer, &heard[0].1, "{}: {name}", stage.engine());
        }
    }
}

#[test]
fn a_bad_proof_changes_nothing_where_none_is_needed() {
    for stage in Stage::both() {
        let tenants = Tenants::on(&stage);
        let forged = Proof::token("forged", &stage.refused_tokens(tenants.project)[3].1);
        let proofs = [forged, Proof::key("no key of ours", "stoa_pk_nothing")];
        for operation in tenants.operations().iter().filter(|operation| operation.is_public) {
            let request = tenants.request(operation);
            let alone = tenants.server.ask(&request);
            assert!(alone.status < 500, "{}: {}", operation.name(), alone.text());
            for proof in &proofs {
                let name = format!("{}: {} with {}", stage.engine(), operation.name(), proof.name);
                let reply = tenants.server.ask(&proof.on(&request));
                assert_eq!(reply.status, alone.status, "{name}: {}", reply.text());
            }
        }
    }
}

#[test]
fn nobody_does_what_they_may_not() {
    for stage in Stage::both() {
        let tenants = Tenants::on(&stage);
        let person = text(&tenants.ask(&Request::get("/api/v1/users/me"), &tenants.first), "id");
        let (_, narrow) = key(&tenants, "leads:read");
        let narrow = Proof::key("a key for something else", &narrow);
        wait_until(&tenants, &narrow, 403);
        let token = |name, permissions: &[&str]| {
            Proof::token(name, &stage.token_of(&person, tenants.project, permissions))
        };
        let powerless = token("no permission", &["nothing:at_all", "audit", "aud*", "*:read"]);
        let reader = token("permissions to read", &READS);
        let cookie = Proof::new("the cookie alone", &[("cookie", &format!("stoa_access={}", tenants.first))]);
        let before = tenants.state();
        for operation in tenants.guarded() {
            let request = tenants.request(&operation);
            let (named, is_own) = (operation.name(), FOR_PERSONS.contains(&operation.name().as_str()));
            let (reads, is_of_keys) = (operation.method == "GET", named == FOR_KEYS);
            for (proof, may) in [
                (&narrow, is_of_keys),
                (&powerless, is_own),
                (&reader, is_own || reads || READING.contains(&named.as_str())),
                (&cookie, reads),
            ] {
                if !may {
                    let name = format!("{}: {named} with {}", stage.engine(), proof.name);
                    is_refused(&tenants, &name, &tenants.server.ask(&proof.on(&request)), &[403]);
                }
            }
        }
        assert_eq!(before, tenants.state(), "{}: somebody changed something", stage.engine());
        tenants.server.has_not_panicked();
    }
}
