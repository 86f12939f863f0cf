//! The platform as processes of their own on one Postgres: a door, identity, the registry, and audit twice.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use contracts::{Id, ProjectId};
use serde_json::json;

use crate::person::{Person, SHOP_NUMBER, text};
use crate::server::{Server, wait_for};
use crate::stage::{ALL, Stage};
use crate::tenants::{RECORDS, administrator};
use crate::wire::{Request, Wire};

/// As soon as that, whatever was taken back is refused at the door.
const SOON: Duration = Duration::from_secs(1);
const CLIENTS: usize = 4;
/// For how long each trouble lasts under load.
const TROUBLE: Duration = Duration::from_secs(3);
/// Longer than the door waits for one of several instances: a third of a route's 30 seconds.
const FROZEN: Duration = Duration::from_secs(12);
/// A door that is too early is so now and then only.
const STARTS: usize = 8;

/// Processes that make one platform.
struct Fleet {
    door: Server,
    identity: Server,
    registry: Server,
    audits: Vec<Server>,
    stage: Stage,
}

/// What readers saw.
struct Read {
    answered: usize,
    failed: Vec<String>,
    slowest: Duration,
}

/// How the door learns where audit is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// It is told at its start.
    BySetting,
    /// Instances register.
    ByRegistering,
}

impl Fleet {
    /// All of them; `None` where there is no Postgres.
    fn start(found: Found) -> Option<Self> {
        let stage = Stage::postgres()?;
        let identity = serve(&stage, "identity", &[]);
        let registry = serve(&stage, "registry", &[]);
        let (own, at) = (format!("identity={},registry={}", url(&identity), url(&registry)), url(&registry));
        let registers: &[(&str, &str)] = match found {
            Found::BySetting => &[],
            Found::ByRegistering => &[("STOA_REGISTRY_URL", &at)],
        };
        let audits: Vec<Server> = (0..2).map(|_| serve(&stage, "audit", registers)).collect();
        let upstreams = match found {
            Found::BySetting => format!("{own},audit={} {}", url(&audits[0]), url(&audits[1])),
            Found::ByRegistering => own,
        };
        let door = serve(&stage, "gateway", &[("STOA_GATEWAY_UPSTREAMS", &upstreams)]);
        let fleet = Self { door, identity, registry, audits, stage };
        // That it does so at once is a test of its own.
        wait_for("the door to check tokens", || (fleet.door.ask(&fleet.look()).status == 200).then_some(()));
        Some(fleet)
    }

    /// A look at the door by one who runs the platform.
    fn look(&self) -> Request {
        Request::get("/api/v1/gateway/door").bearer(&self.stage.operator_token())
    }

    fn nina(&self) -> Person<'_> {
        Person::behind(&self.door, &self.identity, "nina@example.com")
    }

    /// Whoever runs the shop, and a key of theirs that opens everything.
    fn key(&self) -> (String, String, String) {
        let keeper = self.stage.token(shop(), ALL);
        let wanted = json!({ "name": "shop", "kind": "project", "scopes": ["*"] });
        let made = self.door.ask(&Request::post("/api/v1/api-keys", &wanted).bearer(&keeper));
        assert_eq!(made.status, 201, "{}", made.text());
        let (id, key) = (text(&made, "id"), text(&made, "api_key"));
        wait_for("the key to open", || (self.records(&by_key(&key)) == 200).then_some(()));
        (id, key, keeper)
    }

    fn records(&self, proof: &Request) -> u16 {
        self.door.ask(proof).status
    }

    /// Where the door calls audit.
    fn called(&self) -> Vec<String> {
        let door = self.door.ask(&self.look());
        assert_eq!(door.status, 200, "{}", door.text());
        let door = door.json();
        let services = door["elsewhere"].as_array().unwrap().iter();
        let audit = services.filter(|service| service["service"] == "audit");
        let instances = audit.flat_map(|audit| audit["instances"].as_array().unwrap());
        instances.map(|one| one["address"].as_str().unwrap().to_owned()).collect()
    }
}

fn shop() -> ProjectId {
    ProjectId::from_u128(SHOP_NUMBER)
}

fn url(server: &Server) -> String {
    format!("http://{}", server.address())
}

fn serve(stage: &Stage, name: &str, settings: &[(&str, &str)]) -> Server {
    let mut command = stage.command(&["serve", name]);
    command.envs(settings.iter().copied());
    stage.start_by(command)
}

fn by_key(key: &str) -> Request {
    Request::get(RECORDS).header("x-api-key", key)
}

fn refused_soon(what: &str, mut is_refused: impl FnMut() -> bool) {
    let asked = Instant::now();
    wait_for("the refusal", || is_refused().then_some(()));
    let took = asked.elapsed();
    eprintln!("apart: {what} is refused after {took:?}");
    assert!(took < SOON, "{what}: {took:?}");
}

/// How many lists of records this process has answered.
fn answered_by(server: &Server) -> u64 {
    let figures = server.ask(&Request::get("/metrics")).text();
    let mut lines = figures.lines().filter(|line| {
        line.starts_with("stoa_http_requests_total{") && line.contains(&format!("route=\"{RECORDS}\""))
    });
    lines.by_ref().filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// Reads through the door from several clients while `trouble` happens.
fn read_during(door: SocketAddr, proof: &Request, trouble: impl FnOnce()) -> Read {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| read_until(door, proof, &over))).collect();
        trouble();
        over.store(true, Ordering::Relaxed);
        let mut all = Read { answered: 0, failed: Vec::new(), slowest: Duration::ZERO };
        for client in clients {
            let read = client.join().unwrap();
            all.answered += read.answered;
            all.failed.extend(read.failed);
            all.slowest = all.slowest.max(read.slowest);
        }
        all
    })
}

fn read_until(door: SocketAddr, proof: &Request, over: &AtomicBool) -> Read {
    let mut wire = Wire::connect(door).unwrap();
    let mut read = Read { answered: 0, failed: Vec::new(), slowest: Duration::ZERO };
    while !over.load(Ordering::Relaxed) {
        let asked = Instant::now();
        match wire.ask(proof) {
            Ok(reply) if reply.status == 200 => read.answered += 1,
            Ok(reply) => read.failed.push(format!("{} {}", reply.status, reply.text())),
            Err(error) => {
                read.failed.push(error.to_string());
                wire = Wire::connect(door).unwrap();
            }
        }
        read.slowest = read.slowest.max(asked.elapsed());
    }
    read
}

fn nothing_failed(what: &str, read: &Read) {
    let Read { answered, failed, slowest } = read;
    eprintln!("apart: {what}: {answered} answered, {} failed, the slowest took {slowest:?}", failed.len());
    assert!(
        *answered > 0 && failed.is_empty(),
        "{what}: {} of {answered} failed: {:#?}",
        failed.len(),
        failed.first()
    );
}

#[test]
fn a_newcomer_comes_in_by_the_door_of_another_process() {
    let Some(fleet) = Fleet::start(Found::BySetting) else { return };
    let nina = fleet.nina();
    nina.register();
    let login = nina.sign_in();
    let token = text(&login, "access_token");
    assert_eq!(nina.me(&token).json()["email"], nina.mail, "{}", nina.me(&token).text());
    let refreshed = nina.refresh(&text(&login, "refresh_token"));
    let token = text(&refreshed, "access_token");
    assert_eq!((nina.me(&token).status, nina.at_the_trail(&token)), (200, 403));
    let out = fleet.door.ask(&Request::post("/api/v1/auth/logout", &json!({})).bearer(&token));
    assert_eq!(out.status, 200, "{}", out.text());
    refused_soon("a session that is over", || nina.at_the_trail(&token) == 401);
    let late = nina.refresh(&text(&refreshed, "refresh_token"));
    assert_eq!(late.status, 401, "{}", late.text());
    let told = fleet.door.ask(&Request::get("/api/v1/status"));
    assert_eq!(told.status, 200, "{}", told.text());
    for server in [&fleet.door, &fleet.identity, &fleet.registry].into_iter().chain(&fleet.audits) {
        server.has_not_panicked();
    }
}

#[test]
fn a_key_that_is_revoked_in_one_process_is_refused_at_the_door_of_another() {
    let Some(fleet) = Fleet::start(Found::BySetting) else { return };
    let (id, key, keeper) = fleet.key();
    let revoke = Request::new("DELETE", &format!("/api/v1/api-keys/{id}")).bearer(&keeper);
    let revoked = fleet.identity.ask(&revoke);
    assert_eq!(revoked.status, 200, "{}", revoked.text());
    refused_soon("a revoked key", || fleet.records(&by_key(&key)) == 401);
}

#[test]
fn what_was_taken_back_while_the_door_was_away_is_refused_once_it_is_back() {
    let Some(fleet) = Fleet::start(Found::BySetting) else { return };
    let (id, key, keeper) = fleet.key();
    let leaver = administrator(&fleet.stage, &fleet.identity, ("ann@first.example", "shopcardd", shop()));
    let token = Request::get(RECORDS).bearer(&leaver.token);
    assert_eq!(fleet.door.ask(&token).status, 200);
    let Fleet { door, identity, audits, stage, .. } = fleet;
    door.kill();
    let revoke = Request::new("DELETE", &format!("/api/v1/api-keys/{id}")).bearer(&keeper);
    assert_eq!(identity.ask(&revoke).status, 200);
    let leave = Request::post("/api/v1/auth/logout", &json!({})).bearer(&leaver.token);
    assert_eq!(identity.ask(&leave).status, 200);
    let upstreams = format!("identity={},audit={}", url(&identity), url(&audits[0]));
    let door = serve(&stage, "gateway", &[("STOA_GATEWAY_UPSTREAMS", &upstreams)]);
    refused_soon("a key revoked while the door was away", || door.ask(&by_key(&key)).status == 401);
    refused_soon("a session left while the door was away", || door.ask(&token).status == 401);
}

#[test]
fn a_door_that_says_that_it_is_ready_checks_tokens_at_once() {
    let Some(fleet) = Fleet::start(Found::BySetting) else { return };
    // By a name, as installations have it: to look it up takes a moment.
    let port = fleet.identity.address().port();
    let upstreams = format!("identity=http://localhost:{port}");
    let start = || {
        // What an earlier door remembers of identity's keys would help.
        std::fs::remove_file(fleet.stage.data().join("keys/issuer.json")).unwrap();
        let door = serve(&fleet.stage, "gateway", &[("STOA_GATEWAY_UPSTREAMS", &upstreams)]);
        let first = door.ask(&fleet.look());
        let asked = Instant::now();
        wait_for("its keys", || (door.ask(&fleet.look()).status == 200).then_some(()));
        eprintln!(
            "apart: the first answer is {}; tokens are checked after {:?}",
            first.status,
            asked.elapsed()
        );
        first.status
    };
    // Beside others who have work to do, as everywhere.
    let mut said = Vec::new();
    read_during(fleet.door.address(), &fleet.look(), || said.extend((0..STARTS).map(|_| start())));
    assert_eq!(said, [200; STARTS]);
}

#[test]
fn while_identity_is_away_good_tokens_and_keys_still_pass() {
    let Some(fleet) = Fleet::start(Found::BySetting) else { return };
    let (_, key, _) = fleet.key();
    let admitted = administrator(&fleet.stage, &fleet.identity, ("ann@first.example", "shopcardd", shop()));
    let token = Request::get(RECORDS).bearer(&admitted.token);
    assert_eq!(fleet.records(&token), 200);
    let Fleet { door, identity, registry, audits, stage } = fleet;
    identity.kill();
    for proof in [&token, &by_key(&key)] {
        assert_eq!(door.ask(proof).status, 200, "{}", door.ask(proof).text());
    }
    let me = door.ask(&Request::get("/api/v1/users/me").bearer(&admitted.token));
    assert!([502, 503].contains(&me.status), "{} {}", me.status, me.text());
    assert!(me.json()["code"].is_string() && me.json()["correlation_id"].is_string(), "{}", me.text());

    let upstreams = format!("registry={},audit={}", url(&registry), url(&audits[0]));
    drop(door);
    let door = serve(&stage, "gateway", &[("STOA_GATEWAY_UPSTREAMS", &upstreams)]);
    for proof in [&token, &by_key(&key)] {
        let reply = door.ask(proof);
        assert_eq!(reply.status, 200, "of a door that starts meanwhile: {}", reply.text());
    }
}

#[test]
fn no_read_fails_while_one_of_two_instances_is_killed_restarted_and_frozen() {
    let Some(mut fleet) = Fleet::start(Found::BySetting) else { return };
    let (_, key, _) = fleet.key();
    let (door, proof) = (fleet.door.address(), by_key(&key));
    let victim = fleet.audits.remove(0);
    let address = victim.address().to_string();
    let killed = read_during(door, &proof, || {
        thread::sleep(TROUBLE / 3);
        victim.kill();
        thread::sleep(TROUBLE);
    });
    nothing_failed("killed", &killed);

    let mut back = None;
    let restarted = read_during(door, &proof, || {
        let started = serve(&fleet.stage, "audit", &[("STOA_LISTEN", &address)]);
        wait_for("calls to the one that is back", || (answered_by(&started) > 0).then_some(()));
        back = Some(started);
    });
    nothing_failed("restarted", &restarted);

    let back = back.unwrap();
    let before = answered_by(&back);
    let frozen = read_during(door, &proof, || {
        thread::sleep(TROUBLE / 3);
        back.freeze();
        thread::sleep(FROZEN);
        back.thaw();
        let thawed = answered_by(&back);
        wait_for("calls to the one that goes on", || (answered_by(&back) > thawed).then_some(()));
    });
    assert!(answered_by(&back) > before);
    nothing_failed("frozen", &frozen);
    fleet.door.has_not_panicked();
}

#[test]
fn an_instance_that_registers_is_called_and_one_that_leaves_is_called_no_more() {
    let Some(mut fleet) = Fleet::start(Found::ByRegistering) else { return };
    wait_for("both to be called", || (fleet.called().len() == 2).then_some(()));
    let (_, key, _) = fleet.key();
    let (door, proof, at) = (fleet.door.address(), by_key(&key), url(&fleet.registry));
    let mut third = None;
    let joined = read_during(door, &proof, || {
        let started = serve(&fleet.stage, "audit", &[("STOA_REGISTRY_URL", &at)]);
        wait_for("calls to the new one", || (answered_by(&started) > 0).then_some(()));
        third = Some(started);
    });
    nothing_failed("an instance joined", &joined);

    let leaving = fleet.audits.remove(0);
    let gone = url(&leaving);
    let left = read_during(door, &proof, || {
        assert!(leaving.stop().success());
        wait_for("its leaving", || (!fleet.called().iter().any(|known| known.contains(&gone))).then_some(()));
    });
    nothing_failed("an instance left", &left);
    let mut expected = vec![url(&fleet.audits[0]), url(third.as_ref().unwrap())];
    expected.sort_unstable();
    let mut called: Vec<String> =
        fleet.called().iter().map(|address| address.trim_end_matches('/').to_owned()).collect();
    called.sort_unstable();
    assert_eq!(called, expected);

    let mut patient =
        serve(&fleet.stage, "audit", &[("STOA_REGISTRY_URL", &at), ("STOA_DRAIN_NOTICE", "60s")]);
    wait_for("the patient one to be called", || (fleet.called().len() == 3).then_some(()));
    let drained = read_during(door, &proof, || {
        patient.ask_to_stop();
        wait_for("nobody to be sent there", || (fleet.called().len() == 2).then_some(()));
    });
    nothing_failed("an instance said that it will stop", &drained);
    assert_eq!(patient.ask(&Request::get("/health/live")).status, 200, "it serves on");
    patient.ask_to_stop();
    assert!(patient.wait().success());
}
