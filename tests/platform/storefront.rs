//! The shop in a real browser, from a clean start: who looks around, buys, pays, is refused, goes back, comes again.

use std::time::Duration;

use crate::browser::{Browser, DESK, PHONE, Window};
use crate::person::PASSWORD;
use crate::server::{Server, wait_for};
use crate::stage::Stage;
use crate::trade::{Buyer, Shop};

const GOOD: &str = "4242424242424242";
const REFUSED: &str = "4000000000000002";
const ASKS_THE_BANK: &str = "4000002760003184";
/// Longer than an unpaid order holds its goods.
const TOO_LONG: Duration = Duration::from_secs(31 * 60);

/// Somebody before the shop's window.
struct Visitor<'s> {
    browser: Browser,
    server: &'s Server,
    mail: String,
}

impl<'s> Visitor<'s> {
    fn new(server: &'s Server, window: Window, name: &str) -> Option<Self> {
        Some(Self { browser: Browser::open(window)?, server, mail: format!("{name}@buyers.example") })
    }

    fn go(&self, path: &str) {
        self.browser.go(&format!("http://{}{path}", self.server.address()));
    }

    /// Creates an account and comes back signed in.
    fn registers(&self) {
        self.go("/shop/register");
        self.browser.fill("[name=name]", "Nina Gray");
        self.browser.fill("[name=email]", &self.mail);
        self.browser.fill("[name=password]", PASSWORD);
        self.browser.click("main form button[type=submit]");
        wait_for("the account", || (!self.browser.url().contains("/register")).then_some(()));
    }

    /// Puts one of these into the cart.
    fn takes(&self, slug: &str) {
        self.go(&format!("/shop/p/{slug}"));
        self.browser.click("form.offer button[type=submit]");
        self.browser.is_at("/shop/cart");
    }

    /// Gives an address and places the order; answers with its id.
    fn orders(&self) -> String {
        self.go("/shop/checkout");
        for (name, text) in
            [("name", "Nina Gray"), ("line1", "1 High Street"), ("postcode", "D02 X285"), ("city", "Dublin")]
        {
            self.browser.fill(&format!("[name={name}]"), text);
        }
        self.browser.choose("[name=country]", "IE");
        self.browser.click("main form button.wide");
        self.browser.is_at("/pay");
        let url = self.browser.url();
        url.split("/orders/").nth(1).unwrap().split('/').next().unwrap().to_owned()
    }

    /// Fills in the card and presses the button.
    fn pays(&self, card: &str) {
        self.fills(card);
        self.browser.click("#card-form button[type=submit]:not([disabled])");
    }

    fn fills(&self, card: &str) {
        self.browser.fill("#number", card);
        self.browser.fill("#expiry", "12 / 34");
        self.browser.fill("#cvc", "123");
    }

    /// The order's page says that it is paid, without being loaded again.
    fn sees_it_paid(&self, order: &str) {
        self.browser.is_at(&format!("/shop/orders/{order}"));
        self.browser.sees("Thank you, your order is paid");
    }

    fn no_complaints(&self) {
        let said = self.browser.complaints();
        // A refused card is an answer of 402, which the browser writes down by itself.
        let own: Vec<_> =
            said.iter().filter(|line| !line.contains("402") && !line.contains("favicon")).collect();
        assert!(own.is_empty(), "{own:#?}");
    }
}

fn one_mail(shop: &Shop<'_>, to: &str, subject: &str) {
    wait_for(&format!("a mail of `{subject}`"), || (shop.mails(to, subject) > 0).then_some(()));
    assert_eq!(shop.mails(to, subject), 1, "{:#?}", shop.inbox(to));
}

fn buy_two_things(window: Window, name: &str) {
    let stage = Stage::embedded();
    let server = stage.start();
    let Some(nina) = Visitor::new(&server, window, name) else { return };
    let shop = Shop::of(&stage, &server);
    nina.go("/shop");
    nina.browser.sees("Canvas Bag");
    nina.browser.picture(&format!("home-{name}"));
    nina.takes("mug");
    nina.takes("teapot");
    nina.browser.sees("Cast Iron Teapot");
    nina.browser.picture(&format!("cart-{name}"));
    nina.registers();
    let order = nina.orders();
    nina.browser.picture(&format!("pay-{name}"));
    nina.pays(GOOD);
    nina.sees_it_paid(&order);
    nina.browser.picture(&format!("paid-{name}"));
    one_mail(&shop, &nina.mail, "order");
    // The inbox of the sandbox shows it to people as well.
    nina.browser.go(&format!("http://{}/inbox?to={}", server.sandbox(), nina.mail));
    nina.browser.sees("order");
    nina.browser.picture(&format!("inbox-{name}"));
    nina.no_complaints();
    server.has_not_panicked();
}

#[test]
fn somebody_at_a_desk_buys_two_things_and_gets_a_mail() {
    buy_two_things(DESK, "desk");
}

#[test]
fn somebody_with_a_phone_buys_two_things_and_gets_a_mail() {
    buy_two_things(PHONE, "phone");
}

#[test]
fn a_refused_card_is_told_and_another_one_pays() {
    let stage = Stage::embedded();
    let server = stage.start();
    let Some(nina) = Visitor::new(&server, PHONE, "refused") else { return };
    let shop = Shop::of(&stage, &server);
    nina.registers();
    nina.takes("candle");
    let order = nina.orders();
    nina.pays(REFUSED);
    nina.browser.sees("declined");
    nina.browser.picture("refused");
    one_mail(&shop, &nina.mail, "did not go through");
    nina.pays(GOOD);
    nina.sees_it_paid(&order);
    nina.no_complaints();
}

#[test]
fn a_bank_that_asks_may_say_no_and_then_yes() {
    let stage = Stage::embedded();
    let server = stage.start();
    let Some(nina) = Visitor::new(&server, DESK, "bank") else { return };
    nina.registers();
    nina.takes("clock");
    let order = nina.orders();
    nina.pays(ASKS_THE_BANK);
    nina.browser.is_at("/3ds/");
    nina.browser.picture("bank");
    nina.browser.click("button[value=fail], [name=outcome][value=fail], form button:last-of-type");
    nina.browser.is_at(&format!("/shop/orders/{order}"));
    nina.go(&format!("/shop/orders/{order}/pay"));
    nina.pays(ASKS_THE_BANK);
    nina.browser.is_at("/3ds/");
    nina.browser.click("button[value=complete], [name=outcome][value=complete], form button:first-of-type");
    nina.sees_it_paid(&order);
}

#[test]
fn pressing_pay_twice_pays_once_and_going_back_does_not_pay_again() {
    let stage = Stage::embedded();
    let server = stage.start();
    let Some(nina) = Visitor::new(&server, DESK, "twice") else { return };
    let shop = Shop::of(&stage, &server);
    nina.registers();
    nina.takes("notebook");
    let order = nina.orders();
    nina.fills(GOOD);
    nina.browser.run(
        "const button = document.querySelector('#card-form button[type=submit]'); button.click(); button.click()",
        &serde_json::json!([]),
    );
    nina.sees_it_paid(&order);
    let payment = shop.payment(&order);
    assert_eq!((&payment["status"], &payment["captured"]), (&"succeeded".into(), &payment["amount"]));
    one_mail(&shop, &nina.mail, "order");
    nina.browser.back();
    nina.go(&format!("/shop/orders/{order}/pay"));
    nina.sees_it_paid(&order);
    assert_eq!(shop.mails(&nina.mail, "order"), 1);
    nina.browser.reload();
    nina.sees_it_paid(&order);
}

#[test]
fn of_two_tabs_one_pays_and_the_other_sees_it() {
    let stage = Stage::embedded();
    let server = stage.start();
    let Some(nina) = Visitor::new(&server, DESK, "tabs") else { return };
    nina.registers();
    nina.takes("plant");
    let order = nina.orders();
    let first = nina.browser.another_tab();
    nina.go(&format!("/shop/orders/{order}/pay"));
    nina.pays(GOOD);
    nina.sees_it_paid(&order);
    nina.browser.show_tab(&first);
    nina.pays(GOOD);
    nina.sees_it_paid(&order);
}

#[test]
fn an_order_that_ran_out_of_time_says_so_and_can_be_had_again() {
    let stage = Stage::embedded();
    let server = stage.start();
    let Some(nina) = Visitor::new(&server, PHONE, "late") else { return };
    let shop = Shop::of(&stage, &server);
    nina.registers();
    nina.takes("bag");
    let order = nina.orders();
    // The page follows by itself what becomes of the order.
    nina.go(&format!("/shop/orders/{order}"));
    nina.browser.sees("Your order waits for its payment");
    shop.time_passes(TOO_LONG);
    nina.browser.sees("This order ran out of time");
    nina.browser.picture("late");
    nina.go(&format!("/shop/orders/{order}/pay"));
    nina.browser.is_at(&format!("/shop/orders/{order}"));
    nina.browser.click("form[action$='/again'] button");
    nina.browser.is_at("/shop/cart");
    nina.browser.sees("Canvas Bag");
}

#[test]
fn without_scripts_one_gets_as_far_as_the_card() {
    let stage = Stage::embedded();
    let server = stage.start();
    let shop = Shop::of(&stage, &server);
    let Buyer { token, .. } = shop.buyer("plain");
    assert!(!token.is_empty());
    for path in
        ["/shop", "/shop/c/kitchen", "/shop/search?q=mug", "/shop/p/mug", "/shop/cart", "/shop/sign-in"]
    {
        let page = server.ask(&crate::wire::Request::get(path).header("accept", "text/html"));
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        assert!(page.text().contains("<main"), "{path}");
    }
}
