//! Two tenants of one installation, each with an administrator who came in by the front door, and what the first has.

use contracts::{Id, ProjectId};
use serde_json::{Value, json};

use crate::document::{Operation, operations};
use crate::person::{Person, text};
use crate::server::{Server, wait_for};
use crate::stage::{ALL, Stage};
use crate::wire::{Reply, Request};

/// The path of audit records.
pub const RECORDS: &str = "/api/v1/audit/records";
/// What the first tenant wrote and nobody else may see.
pub const MARK: &str = "Only the first may read this";
const PERSON: &str = "person-of-the-first";

/// The first tenant, and the second, who knows all the ids of the first.
pub struct Tenants {
    pub server: Server,
    /// The tokens of their administrators.
    pub first: String,
    pub second: String,
    /// One who runs the platform itself.
    pub operator: String,
    pub project: ProjectId,
    owned: Owned,
}

/// Ids of what the first tenant has.
struct Owned {
    organisation: String,
    record: String,
    role: String,
    key: String,
    person: String,
    session: String,
    case: String,
}

/// Somebody who came in and was made an administrator.
pub struct Administrator {
    pub token: String,
    pub id: String,
    session: String,
}

impl Tenants {
    /// Lets both in and has the first one own one of each kind.
    pub fn on(stage: &Stage) -> Self {
        let server = stage.start();
        let (project, other) = (ProjectId::from_u128(2), ProjectId::from_u128(3));
        let first = administrator(stage, &server, ("ann@first.example", "shopcardd", project));
        let second = administrator(stage, &server, ("ben@second.example", "oms", other));
        let operator = stage.operator_token();
        let ask = |request: Request| {
            let reply = server.ask(&request.clone().bearer(&first.token));
            assert!(reply.status < 300, "{} {}: {}", request.method, request.path, reply.text());
            reply
        };
        let entry = json!({ "action": "thing.made", "object": { "kind": "thing", "id": "thing-1" }, "outcome": "succeeded",
            "class": "operational", "subject": PERSON, "details": { "said": MARK } });
        let papers = json!({ "level": 1, "full_name": MARK, "born_on": "1990-04-30", "country": "IN",
            "document_kind": "passport", "document_number": "P1234567" });
        let key = json!({ "name": MARK, "kind": "project", "scopes": ["audit:read"] });
        let role = json!({ "name": "only-of-the-first", "permissions": ["audit:read"] });
        let organisations = server.ask(&Request::get("/api/v1/organisations").bearer(&operator)).json();
        let owned = Owned {
            organisation: first_id(&organisations),
            record: text(&ask(Request::post(RECORDS, &entry)), "id"),
            role: text(&ask(Request::post("/api/v1/roles", &role)), "id"),
            key: text(&ask(Request::post("/api/v1/api-keys", &key)), "id"),
            case: text(&ask(Request::post("/api/v1/users/me/kyc", &papers)), "id"),
            person: first.id,
            session: first.session,
        };
        // Sealed, so that there is a proof to be kept from others.
        let proof = Request::get(&format!("{RECORDS}/{}/proof", owned.record)).bearer(&first.token);
        wait_for("the seal", || (server.ask(&proof).status == 200).then_some(()));
        Self { server, first: first.token, second: second.token, operator, project, owned }
    }

    /// What is answered to whoever has this token.
    pub fn ask(&self, request: &Request, token: &str) -> Reply {
        self.server.ask(&request.clone().bearer(token))
    }

    /// All operations, public ones included.
    pub fn operations(&self) -> Vec<Operation> {
        let document = self.server.ask(&Request::get("/openapi.json")).json();
        let found = operations(&document);
        assert!(found.len() >= 75, "the document lost its operations: {}", found.len());
        found
    }

    /// Those that ask who calls.
    pub fn guarded(&self) -> Vec<Operation> {
        self.operations().into_iter().filter(|operation| !operation.is_public).collect()
    }

    /// A good request for what the first tenant has.
    pub fn request(&self, operation: &Operation) -> Request {
        operation.request(|name| self.owned(operation, name))
    }

    /// What the first tenant has under this name of a path.
    pub fn owned(&self, operation: &Operation, name: &str) -> String {
        let owned = &self.owned;
        let path = operation.path.strip_prefix("/api/v1/").unwrap_or(&operation.path);
        let family = path.split("/{").next().unwrap_or(path);
        let id = match (family, name) {
            ("api-keys", "id") => &owned.key,
            ("audit/records", "id") => &owned.record,
            ("audit/subjects", "subject") => PERSON,
            ("kyc/cases", "id") => &owned.case,
            ("organisations", "id") => &owned.organisation,
            ("projects", "id") => return self.project.to_string(),
            ("roles", "id") | ("users", "role_id") => &owned.role,
            ("users", "id") => &owned.person,
            ("users/me/sessions", "id") => &owned.session,
            // These belong to the platform itself.
            ("registry/config" | "registry/instances", "service") => "audit",
            ("registry/instances", "instance") => "audit-1",
            _ => panic!("{}: say here what the first tenant has as `{name}`", operation.name()),
        };
        id.to_owned()
    }

    /// What no answer to anybody else may hold.
    pub fn secrets(&self) -> [&str; 6] {
        let Owned { record, role, key, case, session, .. } = &self.owned;
        [MARK, record, role, key, case, session]
    }

    /// How what the first tenant has looks to itself.
    pub fn state(&self) -> Vec<(String, String)> {
        let Owned { record, role, key, person, .. } = &self.owned;
        let paths = [
            format!("{RECORDS}/{record}"),
            "/api/v1/audit/retention".to_owned(),
            format!("/api/v1/roles/{role}"),
            format!("/api/v1/api-keys/{key}"),
            format!("/api/v1/users/{person}"),
            format!("/api/v1/users/{person}/roles"),
            format!("/api/v1/projects/{}", self.project),
            "/api/v1/registry/config/audit".to_owned(),
            "/api/v1/users".to_owned(),
            "/api/v1/users/me/kyc".to_owned(),
        ];
        let look = |path: String| {
            let reply = self.ask(&Request::get(&path), &self.first);
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            (path, reply.text())
        };
        paths.map(look).into()
    }
}

/// Registers somebody, makes them an administrator, and lets them in anew.
pub fn administrator(
    stage: &Stage,
    server: &Server,
    (mail, slug, project): (&str, &str, ProjectId),
) -> Administrator {
    let person = Person::at(server, mail).of(slug);
    let entered = person.register();
    let id = text(&person.me(&text(&entered, "access_token")), "id");
    let keeper = stage.token(project, ALL);
    let roles = server.ask(&Request::get("/api/v1/roles").bearer(&keeper)).json();
    let mut roles = roles["data"].as_array().unwrap().iter();
    let admin = roles.find(|role| role["name"] == "ADMIN").unwrap()["id"].as_str().unwrap();
    let grant = Request::new("PUT", &format!("/api/v1/users/{id}/roles/{admin}")).bearer(&keeper);
    let granted = server.ask(&grant);
    assert_eq!(granted.status, 200, "{}", granted.text());
    let refreshed = person.refresh(&text(&entered, "refresh_token"));
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());
    Administrator { token: text(&refreshed, "access_token"), session: text(&refreshed, "session_id"), id }
}

fn first_id(list: &Value) -> String {
    list["data"][0]["id"].as_str().unwrap_or_else(|| panic!("nothing in {list}")).to_owned()
}

/// What nobody has, of the same kind.
pub fn absent(owned: &str) -> String {
    let mut letters: Vec<char> = owned.chars().collect();
    let last = letters.last_mut().unwrap();
    *last = if *last == '0' { '1' } else { '0' };
    letters.into_iter().collect()
}

/// An answer without what differs between any two requests, and without the values that were asked for.
pub fn blanked(reply: &Reply, values: &[String]) -> (u16, Vec<(String, String)>, String) {
    let differs = ["x-correlation-id", "traceparent", "date", "ratelimit"];
    let headers =
        reply.headers.iter().filter(|(name, _)| !differs.contains(&name.as_str())).cloned().collect();
    let mut body = reply.json();
    if body["correlation_id"].is_string() {
        body["correlation_id"] = Value::Null;
    }
    let body = values.iter().fold(body.to_string(), |body, value| body.replace(value.as_str(), "…"));
    (reply.status, headers, body)
}
