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
const TEMPLATE: &str = "only_of_the_first";
const CARL: &str = "carl@first.example";

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
    shop: Goods,
    purse: Purse,
}

/// Ids of what moves between wallets of the first tenant.
struct Purse {
    account: String,
    payment: String,
    request: String,
    schedule: String,
    transaction: String,
    hold: String,
    rules: String,
    simulation: String,
    top_up: String,
    withdrawal: String,
    payout: String,
}

/// Ids of what is in the shop of the first tenant.
struct Goods {
    category: String,
    product: String,
    variant: String,
    import: String,
    cart: String,
    order: String,
    payment: String,
    notification: String,
    inbox: String,
    endpoint: String,
}

impl Goods {
    /// Fills the shop of the first tenant with one of each kind.
    fn of(server: &Server, first: &Administrator) -> Self {
        let ask = |request: Request| {
            let reply = server.ask(&request.clone().bearer(&first.token));
            assert!(reply.status < 300, "{} {}: {}", request.method, request.path, reply.text());
            reply
        };
        let post = |path: &str, body: Value| ask(Request::post(path, &body));
        let product = json!({ "title": MARK, "status": "on_sale", "variants": [
            { "sku": "first-1", "title": "", "prices": [{ "amount": 500, "currency": "EUR" }], "on_hand": 9 }] });
        let product = post("/api/v1/products", product);
        let variant = product.json()["variants"][0]["id"].as_str().unwrap().to_owned();
        let sheet =
            Request::new("POST", "/api/v1/catalog/imports").with("sku,title\nfirst-2,A second thing\n");
        let wanted = json!({ "currency": "EUR", "lines": [{ "variant_id": variant, "quantity": 1 }],
            "ship_to": { "name": MARK, "line1": "1 High Street", "city": "Dublin", "postcode": "D02", "country": "IE" } });
        let place = Request::post("/api/v1/orders", &wanted).bearer(&first.token);
        // The till hears of the goods in a moment.
        let order = wait_for("the order", || Some(server.ask(&place)).filter(|reply| reply.status == 201));
        let order = text(&order, "id");
        let paying = Request::get(&format!("/api/v1/payments?order_id={order}")).bearer(&first.token);
        let payment = wait_for("the payment", || {
            server.ask(&paying).json()["data"][0]["id"].as_str().map(str::to_owned)
        });
        let template = json!({ "name": TEMPLATE, "category": "order", "variables": [],
            "contents": [{ "locale": "en", "sms": { "text": MARK } }] });
        post("/api/v1/templates", template);
        let line =
            json!({ "channel": "in_app", "to": { "user_id": first.id }, "subject": MARK, "text": MARK });
        let said = json!({ "channel": "log", "to": { "email": "nobody@example.com" }, "subject": MARK, "text": MARK });
        let inbox = text(&post("/api/v1/notifications", line), "id");
        Self {
            category: text(&post("/api/v1/categories", json!({ "slug": "first", "title": MARK })), "id"),
            product: text(&product, "id"),
            import: text(&ask(sheet.header("content-type", "text/csv")), "id"),
            cart: text(&post("/api/v1/carts", json!({ "currency": "EUR" })), "id"),
            notification: text(&post("/api/v1/notifications", said), "id"),
            endpoint: text(
                &post(
                    "/api/v1/notifications/endpoints",
                    json!({ "url": "https://first.example/hook", "kinds": ["order.paid"] }),
                ),
                "id",
            ),
            variant,
            order,
            payment,
            inbox,
        }
    }
}

impl Purse {
    /// Gives the first tenant a wallet with money, and has some of it move.
    fn of(server: &Server, first: &Administrator) -> Self {
        let ask = |request: Request| {
            let reply = server.ask(&request.clone().bearer(&first.token));
            assert!(reply.status < 300, "{} {}: {}", request.method, request.path, reply.text());
            reply
        };
        let post = |path: &str, body: Value| ask(Request::post(path, &body));
        let account = text(&post("/api/v1/accounts", json!({ "currency": "INR" })), "id");
        let carl = text(&Person::at(server, CARL).register(), "access_token");
        let open = Request::post("/api/v1/accounts", &json!({ "currency": "INR" })).bearer(&carl);
        let other = text(&server.ask(&open), "id");
        let legs = json!({ "legs": [{ "debit_account_id": "outside:INR", "credit_account_id": account, "amount": 9000,
            "currency": "INR" }], "description": MARK });
        // The ledger hears of the account in a moment.
        let top_up = Request::post("/api/v1/ledger/transactions", &legs).bearer(&first.token);
        let topped = wait_for("the money", || Some(server.ask(&top_up)).filter(|reply| reply.status == 201));
        let held = json!({ "debit_account_id": account, "credit_account_id": "outside:INR", "amount": 10,
            "currency": "INR", "phase": "pending" });
        let held = post("/api/v1/ledger/transfers", held).json();
        let rules = json!({ "block_at": 800, "fuel": 10000, "model_weight": 60, "on_failure": "review", "review_at": 400,
            "review_hours": 24, "unreviewed": "block",
            "rules": [{ "name": "only_of_the_first", "score": 300, "when": "amount > 100_000" }] });
        let version = post("/api/v1/fraud/rule-sets", rules).json()["version"].to_string();
        let replay = json!({ "from": "2026-11-01T00:00:00.000Z", "to": "2026-12-01T00:00:00.000Z" });
        let list = json!({ "entries": [{ "entry": "203.0.113.0/24", "note": "IN" }] });
        ask(Request::new("PUT", "/api/v1/fraud/lists/only_of_the_first").json(list.to_string()));
        let plan = json!({ "from_account": account, "to": other, "amount": 100, "every": "month", "note": MARK,
            "starts_at": "2027-01-31T09:00:00.000Z" });
        let wish = json!({ "to_account": account, "from": CARL, "amount": 100, "note": MARK });
        let gift =
            json!({ "from_account": account, "to": other, "amount": 300, "currency": "INR", "note": MARK });
        let payment = text(&post("/api/v1/wallet/payments", gift), "id");
        let judged = Request::get(&format!("/api/v1/fraud/decisions/{payment}")).bearer(&first.token);
        wait_for("the decision", || (server.ask(&judged).status == 200).then_some(()));
        let under = |kind: &str| format!("/api/v1/accounts/{account}/{kind}");
        let top_up = text(&post(&under("top-ups"), json!({ "amount": 500 })), "id");
        let leaving = json!({ "amount": 1, "destination": "ba_1QK7m2LkdIwHu7ix" });
        let withdrawal = text(&post(&under("withdrawals"), leaving), "id");
        // The ledger sets it aside first.
        let payouts = Request::get("/api/v1/payouts").bearer(&first.token);
        let payout = wait_for("the payout", || {
            Some(server.ask(&payouts).json()["data"][0]["id"].as_str()?.to_owned())
        });
        Self {
            payment,
            request: text(&post("/api/v1/wallet/requests", wish), "id"),
            schedule: text(&post("/api/v1/wallet/schedules", plan), "id"),
            transaction: text(&topped, "id"),
            hold: held["data"][0]["id"].as_str().or(held["id"].as_str()).unwrap_or_default().to_owned(),
            simulation: text(&post(&format!("/api/v1/fraud/rule-sets/{version}/simulate"), replay), "id"),
            rules: version,
            account,
            top_up,
            withdrawal,
            payout,
        }
    }
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
            shop: Goods::of(&server, &first),
            purse: Purse::of(&server, &first),
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
            ("categories", "id") => &owned.shop.category,
            ("products", "id") => &owned.shop.product,
            ("variants", "id") | ("carts", "variant_id") => &owned.shop.variant,
            ("catalog/imports", "id") => &owned.shop.import,
            ("carts", "id") => &owned.shop.cart,
            ("orders", "id") | ("payments/by-order", "order_id") => &owned.shop.order,
            ("payments", "id") => &owned.shop.payment,
            ("notifications", "id") => &owned.shop.notification,
            ("notifications/inbox", "id") => &owned.shop.inbox,
            ("notifications/endpoints", "id") => &owned.shop.endpoint,
            ("preferences", "user_id") => &owned.person,
            ("templates", "name") => TEMPLATE,
            ("templates", "version") => "1",
            ("accounts", "id") | ("ledger/accounts", "id") | ("wallet/qr", "account") => &owned.purse.account,
            ("wallet/payments", "id") | ("fraud/decisions" | "fraud/reviews", "payment_id") => {
                &owned.purse.payment
            }
            ("accounts" | "payments/by-top-up", "top_up_id") => &owned.purse.top_up,
            ("accounts", "withdrawal_id") => &owned.purse.withdrawal,
            ("payouts", "id") => &owned.purse.payout,
            ("wallet/requests", "id") => &owned.purse.request,
            ("wallet/schedules", "id") => &owned.purse.schedule,
            ("ledger/transactions" | "ledger/transfers" | "transactions", "id") => &owned.purse.transaction,
            ("ledger/holds", "id") => &owned.purse.hold,
            ("fraud/rule-sets", "version") => &owned.purse.rules,
            ("fraud/simulations", "id") => &owned.purse.simulation,
            ("fraud/lists", "name") => "only_of_the_first",
            // A proof that nobody has, and a provider that everybody knows.
            ("notifications/unsubscribe", "token") => "nobodys.token",
            ("webhooks", "provider") => "stripe",
            // These belong to the platform itself.
            ("registry/config" | "registry/instances", "service") => "audit",
            ("registry/instances", "instance") => "audit-1",
            _ => panic!("{}: say here what the first tenant has as `{name}`", operation.name()),
        };
        id.to_owned()
    }

    /// What no answer to anybody else may hold.
    pub fn secrets(&self) -> [&str; 10] {
        let Owned { record, role, key, case, session, shop, .. } = &self.owned;
        [
            MARK,
            record,
            role,
            key,
            case,
            session,
            &shop.product,
            &shop.order,
            &shop.payment,
            &shop.notification,
        ]
    }

    /// How what the first tenant has looks to itself.
    pub fn state(&self) -> Vec<(String, String)> {
        let Owned { record, role, key, person, shop, .. } = &self.owned;
        let paths = [
            format!("{RECORDS}/{record}"),
            "/api/v1/audit/retention".to_owned(),
            format!("/api/v1/roles/{role}"),
            format!("/api/v1/api-keys/{key}"),
            format!("/api/v1/users/{person}"),
            format!("/api/v1/users/{person}/roles"),
            format!("/api/v1/projects/{}", self.project),
            format!("/api/v1/products/{}", shop.product),
            format!("/api/v1/carts/{}", shop.cart),
            format!("/api/v1/orders/{}", shop.order),
            format!("/api/v1/notifications/endpoints/{}", shop.endpoint),
            format!("/api/v1/templates/{TEMPLATE}"),
            "/api/v1/categories".to_owned(),
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
