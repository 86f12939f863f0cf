//! The wallet in real browsers, from a clean start: one sends and the other sees it, somebody asks and is paid, and
//! what is stopped, looked at, too much or frozen says so.

use serde_json::{Value, json};

use crate::browser::{Browser, DESK, PHONE, Window};
use crate::server::{Server, wait_for};
use crate::stage::Stage;
use crate::trade::Shop;
use crate::wire::Request;

const PASSWORD: &str = "open the demo door";
const ANA: &str = "ana@demo.example";
const BEN: &str = "ben@demo.example";
/// What the demo gives each of them.
const GIVEN: i64 = 25_000;
/// The amounts that the rules of this test stop, and want looked at.
const STOPPED: &str = "66";
const LOOKED_AT: &str = "77";

/// Somebody with a wallet before a browser.
struct Person<'s> {
    browser: Browser,
    server: &'s Server,
    token: String,
    account: String,
}

impl<'s> Person<'s> {
    /// One of the demo's people, once they have their money, and signed in.
    fn enters(server: &'s Server, mail: &str, window: Window) -> Option<Self> {
        let browser = Browser::open(window)?;
        let login = json!({ "email": mail, "password": PASSWORD });
        let token = wait_for("the demo's person", || {
            let entered = server.post("/api/v1/auth/login", &login);
            (entered.status == 200).then(|| entered.json()["access_token"].as_str().unwrap().to_owned())
        });
        let mine = Request::get("/api/v1/accounts").bearer(&token);
        let account = wait_for("the demo's money", || {
            let account = server.ask(&mine).json()["data"][0].clone();
            (account["available"] == GIVEN).then(|| account["id"].as_str().unwrap().to_owned())
        });
        let person = Self { browser, server, token, account };
        person.go("/wallet");
        person.browser.fill("[name=email]", mail);
        person.browser.fill("[name=password]", PASSWORD);
        person.browser.click("main form button[type=submit]");
        person.browser.sees("€250.00");
        Some(person)
    }

    fn go(&self, path: &str) {
        self.browser.go(&format!("http://{}{path}", self.server.address()));
    }

    /// As far as the look at what would be paid.
    fn looks(&self, to: &str, amount: &str, note: &str) {
        self.go("/wallet/send");
        self.browser.fill("[name=to]", to);
        self.browser.click("main form button[type=submit]");
        self.browser.fill("[name=amount]", amount);
        self.browser.fill("[name=note]", note);
        self.browser.click("main form button.wide");
    }

    /// Pays, and is at the payment.
    fn pays(&self, to: &str, amount: &str, note: &str) {
        self.looks(to, amount, note);
        self.browser.sees("Is this right?");
        self.browser.click("main form button.wide");
        self.browser.is_at("/wallet/payments/wpay_");
    }

    /// Marks the page, so that it can be told whether it was loaded again.
    fn marks(&self) {
        self.browser.run("window.sameAsBefore = true", &json!([]));
    }

    fn was_not_loaded_again(&self) {
        assert_eq!(self.browser.run("return window.sameAsBefore === true", &json!([])), true);
    }

    /// Something of each kind happens in the wallet.
    fn lives_a_little(&self) {
        let ask = |path: &str, body: &Value| {
            let said = self.server.ask(&Request::post(path, body).bearer(&self.token));
            assert!(said.status < 300, "{path}: {}", said.text());
            said.json()
        };
        let from = &self.account;
        let pay = json!({ "from_account": from, "to": BEN, "amount": 1_250, "currency": "EUR", "note": "Two teas" });
        let paid = ask("/api/v1/wallet/payments", &pay)["id"].as_str().unwrap().to_owned();
        ask(&format!("/api/v1/accounts/{from}/top-ups"), &json!({ "amount": 2_000 }));
        let leaving = json!({ "amount": 500, "destination": "ba_1QK7m2LkdIwHu7ix" });
        ask(&format!("/api/v1/accounts/{from}/withdrawals"), &leaving);
        let plan = json!({ "from_account": from, "to": BEN, "amount": 5_000, "every": "month", "note": "Rent",
            "starts_at": "2090-01-31T06:00:00.000Z" });
        ask("/api/v1/wallet/schedules", &plan);
        let wish = json!({ "to_account": from, "from": BEN, "amount": 900, "note": "Cinema" });
        ask("/api/v1/wallet/requests", &wish);
        let done = Request::get(&format!("/api/v1/wallet/payments/{paid}")).bearer(&self.token);
        wait_for("the payment", || (self.server.ask(&done).json()["status"] == "completed").then_some(()));
    }

    fn payments(&self) -> Vec<Value> {
        let list = Request::get("/api/v1/wallet/payments?limit=50").bearer(&self.token);
        self.server.ask(&list).json()["data"].as_array().unwrap().clone()
    }

    fn no_complaints(&self) {
        let said = self.browser.complaints();
        // A form that is shown again is an answer of 422, which the browser writes down by itself.
        let own: Vec<_> = said.iter().filter(|line| !line.contains("422")).collect();
        assert!(own.is_empty(), "{own:#?}");
    }
}

/// A server where at most 100.00 leave a wallet at once, and two amounts are noticed.
fn start(stage: &Stage) -> Server {
    let mut command = stage.command(&["up"]);
    command.env("STOA_WALLET_LIMITS_UNVERIFIED", "10000/20000/50000");
    let server = stage.start_by(command);
    let shop = Shop::of(stage, &server);
    let rule = |name: &str, score: u32, amount: &str| json!({ "name": name, "score": score, "when": format!("amount == {amount}00") });
    let rules = json!({ "block_at": 800, "fuel": 10000, "model_weight": 0, "on_failure": "review", "review_at": 400,
        "review_hours": 24, "unreviewed": "block",
        "rules": [rule("stopped", 900, STOPPED), rule("looked_at", 500, LOOKED_AT)] });
    let version = shop.keeps(Request::post("/api/v1/fraud/rule-sets", &rules))["version"].to_string();
    shop.keeps(Request::post(&format!("/api/v1/fraud/rule-sets/{version}/publish"), &json!({})));
    server
}

#[test]
fn one_sends_and_the_others_balance_changes_by_itself() {
    let stage = Stage::embedded();
    let server = start(&stage);
    let Some(ana) = Person::enters(&server, ANA, PHONE) else { return };
    let Some(ben) = Person::enters(&server, BEN, PHONE) else { return };
    ana.browser.picture("wallet-home");
    ben.marks();
    ana.looks(BEN, "12.50", "Two teas");
    ana.browser.sees("Is this right?");
    ana.browser.picture("wallet-look");
    ana.browser.click("main form button.wide");
    ana.browser.is_at("/wallet/payments/wpay_");
    ana.browser.sees("The money has arrived");
    ana.browser.picture("wallet-receipt");
    ben.browser.sees("€262.50");
    ben.browser.sees("Two teas");
    ben.browser.sees("Ana");
    ben.browser.sees("+€12.50");
    ben.was_not_loaded_again();
    ben.browser.picture("wallet-received");
    // Back to the look, and once more: its key is the same, so nothing is paid again.
    ana.browser.back();
    ana.browser.sees("Is this right?");
    ana.browser.click("main form button.wide");
    ana.browser.sees("The money has arrived");
    assert_eq!(ana.payments().len(), 1, "{:#?}", ana.payments());
    ana.no_complaints();
    ben.no_complaints();
    server.has_not_panicked();
}

#[test]
fn what_is_stopped_looked_at_or_too_much_says_so() {
    let stage = Stage::embedded();
    let server = start(&stage);
    let Some(ana) = Person::enters(&server, ANA, PHONE) else { return };
    ana.pays(BEN, STOPPED, "A sure thing");
    ana.browser.sees("This payment was stopped");
    ana.browser.picture("wallet-stopped");
    ana.pays(BEN, LOOKED_AT, "Something odd");
    ana.browser.sees("We are looking at this payment");
    ana.browser.picture("wallet-review");
    ana.marks();
    let shop = Shop::of(&stage, &server);
    let id = ana.browser.url().split('/').next_back().unwrap().to_owned();
    let review = json!({ "decision": "approve", "reason": "They know each other" });
    shop.keeps(Request::post(&format!("/api/v1/wallet/payments/{id}/review"), &review));
    ana.browser.sees("The money has arrived");
    ana.was_not_loaded_again();
    ana.looks(BEN, "100.01", "Too much at once");
    ana.browser.sees("Is this right?");
    ana.browser.click("main form button.wide");
    ana.browser.sees("at once: at most €100.00");
    ana.browser.picture("wallet-limit");
    ana.looks(BEN, "999", "More than there is");
    ana.browser.sees("There is not enough money in your wallet");
    ana.no_complaints();
}

#[test]
fn a_frozen_wallet_says_so_by_itself_and_pays_nobody() {
    let stage = Stage::embedded();
    let server = start(&stage);
    let Some(ana) = Person::enters(&server, ANA, PHONE) else { return };
    ana.looks(BEN, "5", "Coffee");
    ana.browser.sees("Is this right?");
    let Some(other) = Person::enters(&server, ANA, DESK) else { return };
    other.marks();
    let shop = Shop::of(&stage, &server);
    let freeze = Request::post(
        &format!("/api/v1/accounts/{}/freeze", ana.account),
        &json!({ "reason": "A lost phone" }),
    );
    shop.keeps(freeze);
    other.browser.sees("Your wallet is frozen");
    other.was_not_loaded_again();
    other.browser.picture("wallet-frozen");
    ana.browser.click("main form button.wide");
    ana.browser.sees("Your wallet is frozen: nothing can leave it");
    assert!(ana.payments().is_empty());
}

#[test]
fn somebody_asks_and_is_paid() {
    let stage = Stage::embedded();
    let server = start(&stage);
    let Some(ana) = Person::enters(&server, ANA, PHONE) else { return };
    let Some(ben) = Person::enters(&server, BEN, PHONE) else { return };
    ben.go("/wallet/requests/new");
    ben.browser.picture("wallet-ask");
    ben.browser.fill("[name=from]", ANA);
    ben.browser.fill("[name=amount]", "7");
    ben.browser.fill("[name=note]", "Lunch");
    ben.browser.click("main form button.wide");
    ben.browser.sees("They are asked");
    ben.go("/wallet");
    ben.browser.sees("€250.00");
    ben.marks();
    ana.go("/wallet/requests");
    ana.browser.sees("Lunch");
    ana.browser.picture("wallet-requests");
    ana.browser.click("main a.button[href^='/wallet/requests/wreq_']");
    ana.browser.sees("Pay what you are asked for?");
    ana.browser.sees("Ben");
    ana.browser.picture("wallet-asked");
    ana.browser.click("main form button.wide");
    ana.browser.sees("The money has arrived");
    ben.browser.sees("€257.00");
    ben.was_not_loaded_again();
    ben.go("/wallet/requests?direction=outgoing");
    ben.browser.sees("Paid");
    ana.no_complaints();
    ben.no_complaints();
}

#[test]
fn a_payment_is_planned_and_stopped() {
    let stage = Stage::embedded();
    let server = start(&stage);
    let Some(ana) = Person::enters(&server, ANA, PHONE) else { return };
    ana.go("/wallet/schedules");
    ana.browser.sees("Nothing is planned");
    ana.browser.click("main a[href='/wallet/schedules/new']");
    ana.browser.fill("[name=to]", BEN);
    ana.browser.fill("[name=amount]", "50");
    ana.browser.run("document.querySelector('[name=first]').value = '2090-01-31'", &json!([]));
    ana.browser.fill("[name=note]", "Rent");
    ana.browser.click("main form button.wide");
    ana.browser.sees("Is this right?");
    ana.browser.sees("Ben");
    ana.browser.picture("wallet-plan");
    ana.browser.click("main form button.wide");
    ana.browser.sees("It is planned.");
    ana.browser.sees("Rent");
    ana.browser.click("main form button[type=submit]");
    ana.browser.sees("It will not be paid any more.");
    ana.no_complaints();
}

#[test]
fn money_is_put_in_by_card_and_some_of_it_taken_out() {
    let stage = Stage::embedded();
    let server = start(&stage);
    let Some(ana) = Person::enters(&server, ANA, PHONE) else { return };
    ana.go("/wallet/top-up");
    ana.browser.fill("[name=amount]", "20");
    ana.browser.click("main form button.wide");
    ana.browser.fill("#number", "4242424242424242");
    ana.browser.fill("#expiry", "12 / 34");
    ana.browser.fill("#cvc", "123");
    ana.browser.picture("wallet-card");
    ana.browser.click("#card-form button[type=submit]:not([disabled])");
    ana.browser.sees("The money is in your wallet");
    ana.go("/wallet");
    ana.browser.sees("€270.00");
    ana.go("/wallet/withdraw");
    ana.browser.fill("[name=amount]", "10");
    ana.browser.fill("[name=destination]", "ba_1QK7m2LkdIwHu7ix");
    ana.browser.click("main form button.wide");
    ana.browser.sees("Is this right?");
    ana.browser.click("main form button.wide");
    ana.browser.is_at("/wallet/withdrawals/");
    ana.browser.sees("****u7ix");
    ana.go("/wallet");
    ana.browser.sees("€260.00");
    ana.no_complaints();
}

#[test]
fn every_page_stands_on_a_phone_and_on_a_desk() {
    let stage = Stage::embedded();
    let server = start(&stage);
    let Some(phone) = Person::enters(&server, ANA, PHONE) else { return };
    let Some(desk) = Person::enters(&server, ANA, DESK) else { return };
    phone.lives_a_little();
    for (ana, name) in [(phone, "phone"), (desk, "desk")] {
        for page in [
            "",
            "/send",
            "/schedules/new",
            "/requests?direction=outgoing",
            "/requests",
            "/requests/new",
            "/my-code?amount=12.50",
            "/history",
            "/statement",
            "/limits",
            "/security",
            "/schedules",
            "/open",
            "/top-up",
            "/withdraw",
            "/offline",
            "/nothing",
        ] {
            ana.go(&format!("/wallet{page}"));
            ana.browser.sees("a");
            let wide =
                ana.browser.run("return document.documentElement.scrollWidth - innerWidth", &json!([]));
            assert!(wide.as_i64().unwrap() <= 0, "{name} {page} is {wide} wider than the window");
            let file: String = page.chars().filter(char::is_ascii_alphabetic).collect();
            ana.browser.picture(&format!("wallet-{name}-{file}"));
        }
        let code = ana.browser.complaints();
        let own: Vec<_> = code.iter().filter(|line| !line.contains("404")).collect();
        assert!(own.is_empty(), "{own:#?}");
    }
}
