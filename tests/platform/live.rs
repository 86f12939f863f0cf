//! What is followed at `/ws`, from outside: money that moves is told to whom it belongs, and to nobody else.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{Server, wait_for};
use crate::stage::{ALL, Stage, demo_project};
use crate::stomp::Socket;
use crate::trade::Shop;
use crate::wallets::{Owner, TOPPED_UP};
use crate::wire::Request;

/// As soon as that, nobody hears anything by a proof that was taken back.
const SOON: Duration = Duration::from_secs(5);
/// A process with open sockets stops as soon as one without.
const STOPS: Duration = Duration::from_secs(5);

fn account(owner: &Owner) -> String {
    format!("/api/v1/accounts/{}/live", owner.account)
}

fn connected(door: &Server, token: &str) -> Socket {
    Socket::connected(door.address(), ("authorization", &format!("Bearer {token}")))
}

/// Listens until a message says this.
fn hears(socket: &mut Socket, field: &str, expected: &Value) {
    loop {
        let said: Value = serde_json::from_str(&socket.message()).unwrap();
        if said[field] == *expected {
            return;
        }
    }
}

/// Ann pays Ben, and both hear of it where they listen.
fn pay_and_hear(shop: &Shop<'_>) -> (Owner, Owner) {
    let (ann, ben) = (Owner::new(shop, "ann"), Owner::new(shop, "ben"));
    let mut hers = connected(shop.server, &ann.person.token);
    let mut his = connected(shop.server, &ben.person.token);
    his.follow(&account(&ben));
    hears(&mut his, "balance", &json!(TOPPED_UP));
    let (status, payment) = ann.pays(shop.server, &ben, 1_500).unwrap();
    assert_eq!(status, 202, "{payment}");
    hers.follow(&format!("/api/v1/wallet/payments/{}/live", payment["id"].as_str().unwrap()));
    hears(&mut hers, "status", &json!("completed"));
    hears(&mut his, "balance", &json!(TOPPED_UP + 1_500));
    (ann, ben)
}

#[test]
fn a_payment_is_heard_of_by_both_and_an_account_by_its_owner_alone() {
    for stage in Stage::both() {
        let server = stage.start();
        let shop = Shop::of(&stage, &server);
        let (ann, ben) = pay_and_hear(&shop);
        let mut curious = connected(&server, &ann.person.token);
        curious.follow(&account(&ben));
        assert_eq!(curious.refused(), ("not_found".to_owned(), 1008), "as if it were not there");
        let mut forger = Socket::open(server.address(), &[]).unwrap();
        let forged = ben.person.token.rsplit_once('.').unwrap().0.to_owned() + "." + &"A".repeat(86);
        forger.say("CONNECT", &[("accept-version", "1.2"), ("authorization", &format!("Bearer {forged}"))]);
        assert_eq!(forger.refused(), ("unauthenticated".to_owned(), 1008));
        server.has_not_panicked();
    }
}

#[test]
fn who_leaves_hears_nothing_more_and_a_server_that_stops_says_so() {
    for stage in Stage::both() {
        let mut server = stage.start();
        let shop = Shop::of(&stage, &server);
        let (ann, ben) = (Owner::new(&shop, "ann"), Owner::new(&shop, "ben"));
        let mut hers = connected(&server, &ann.person.token);
        hers.follow(&account(&ann));
        hears(&mut hers, "balance", &json!(TOPPED_UP));
        let out = Request::post("/api/v1/auth/logout", &json!({})).bearer(&ann.person.token);
        assert_eq!(server.ask(&out).status, 200);
        let left = Instant::now();
        assert_eq!(hers.refused(), ("unauthenticated".to_owned(), 1008));
        assert!(left.elapsed() < SOON, "{:?}", left.elapsed());
        let mut his = connected(&server, &ben.person.token);
        his.follow(&account(&ben));
        hears(&mut his, "balance", &json!(TOPPED_UP));
        server.ask_to_stop();
        let asked = Instant::now();
        assert_eq!(his.goodbye(), 1001);
        assert!(server.wait().success());
        assert!(asked.elapsed() < STOPS, "{:?}", asked.elapsed());
        server.has_not_panicked();
    }
}

#[test]
fn what_other_processes_tell_is_heard_at_the_door() {
    let Some(stage) = Stage::postgres() else { return };
    let serve = |names: &[&str], upstreams: &str| {
        let mut command = stage.command(&[&["serve"], names].concat());
        command.env("STOA_GATEWAY_UPSTREAMS", upstreams);
        stage.start_by(command)
    };
    let identity = serve(&["identity"], "");
    let wallets = serve(&["wallet", "ledger", "fraud"], "");
    let (people, money) = (identity.address(), wallets.address());
    let upstreams =
        format!("identity=http://{people},wallet=http://{money},ledger=http://{money},fraud=http://{money}");
    let door = serve(&["gateway"], &upstreams);
    // Nothing goes out to providers here, so there is no sandbox to be asked.
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let shop = Shop { server: &door, sandbox: nowhere, keeper: stage.token(demo_project(), ALL) };
    let look = Request::get("/api/v1/accounts").bearer(&shop.keeper);
    wait_for("the door to check tokens", || (door.ask(&look).status == 200).then_some(()));
    pay_and_hear(&shop);
    for server in [&door, &identity, &wallets] {
        server.has_not_panicked();
    }
}
