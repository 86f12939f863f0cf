//! How much is let through: by address, caller and kind of call, alone and together with other gateways.

use contracts::events::fleet::ConfigPublished;
use http::Method;
use kernel::store::Scope;
use kernel::testing::Place;

use crate::stage::*;

fn login(from: &'static str) -> Asked {
    asked(Method::POST, "/api/v1/auth/login").body("{}").from(from)
}

/// How many of `count` requests are let through.
async fn passed(stage: &Stage, request: &Asked, count: usize) -> usize {
    let mut passed = 0;
    for _ in 0..count {
        passed += usize::from(stage.ask(request.clone()).await.status == 200);
    }
    passed
}

#[test]
fn signing_in_is_limited_by_address_and_says_when_to_come_back() {
    staged_with(&[("limits.auth", "30/m burst 5")], async |stage| {
        assert_eq!(passed(stage, &login("192.0.2.1"), 8).await, 5);
        let over = stage.ask(login("192.0.2.1")).await;
        assert_eq!(over.problem(), (429, "too_many_requests"));
        let wait: u64 = over.header("retry-after").parse().unwrap();
        assert!((1..=2).contains(&wait), "{wait}");
        assert_eq!(over.header("ratelimit-policy"), "\"auth\";q=5;w=10");
        assert!(over.header("ratelimit").starts_with("\"auth\";r=0;t="), "{}", over.header("ratelimit"));
        assert_eq!(over.body["details"]["limit"], "auth");
        assert_eq!(passed(stage, &login("192.0.2.2"), 5).await, 5, "another address is another caller");
        assert_eq!(passed(stage, &login("2001:db8::1"), 5).await, 5);
        assert_eq!(passed(stage, &login("2001:db8::2"), 5).await, 0, "a /64 of IPv6 is one caller");
    });
}

#[test]
fn a_caller_is_limited_wherever_it_calls_from_and_hears_what_is_left() {
    staged_with(&[("limits.read", "1/s burst 3"), ("limits.write", "1/s burst 2")], async |stage| {
        let read = asked(Method::GET, "/api/v1/notes").bearer(&stage.token());
        let first = stage.ask(read.clone()).await;
        assert_eq!(first.header("ratelimit"), "\"read\";r=2;t=1");
        assert_eq!(passed(stage, &read.clone().from("192.0.2.9"), 5).await, 2);
        let write = asked(Method::POST, "/api/v1/notes").bearer(&stage.token());
        assert_eq!(passed(stage, &write, 5).await, 2, "writing has its own limit");
    });
}

#[test]
fn what_leads_nowhere_is_counted_as_well() {
    staged_with(&[("limits.address", "1/s burst 4")], async |stage| {
        let asks = asked(Method::OPTIONS, "/api/v1/notes")
            .with("origin", "https://shop.example.com")
            .with("access-control-request-method", "POST");
        let outcomes = [
            asks.clone(),
            asked(Method::PUT, "/api/v1/notes"),
            asked(Method::GET, "/nowhere"),
            asks.clone(),
            asks,
        ];
        let mut seen = Vec::new();
        for request in outcomes {
            seen.push(stage.ask(request).await.status.as_u16());
        }
        assert_eq!(seen, [204, 405, 404, 204, 429]);
    });
}

#[test]
fn limits_change_while_requests_come() {
    staged_with(&[("limits.auth", "30/m burst 2")], async |stage| {
        assert_eq!(passed(stage, &login("192.0.2.1"), 4).await, 2);
        let registry = stage.gateway.neighbour("registry").await;
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let mut tasks = tokio::task::JoinSet::new();
        stage.door.start(&stopping, &mut tasks);
        let published = ConfigPublished {
            service: "gateway".to_owned(),
            environment: "default".to_owned(),
            revision: 1,
            values: [("limits.auth".to_owned(), "off".to_owned())].into(),
        };
        let everybody = Scope::System("what holds for all projects");
        stage.gateway.hear(&registry, everybody, "gateway", &published).await;
        stage.gateway.running.refresh_settings().await.unwrap();
        while stage.ask(login("192.0.2.1")).await.status != 200 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passed(stage, &login("192.0.2.1"), 9).await, 9);
        stop.send(true).unwrap();
        tasks.join_all().await;
    });
}

#[test]
fn gateways_share_their_limits_in_redis() {
    let Some(url) = redis_url() else { return };
    kernel::testing::run(async {
        let places = [Place::sqlite(), Place::sqlite()];
        // An address that no other run has used, since Redis remembers.
        let from: &'static str =
            Box::leak(format!("2001:db8:{:x}::1", std::process::id() & 0xffff).into_boxed_str());
        let settings =
            [("limits.webhook", "off"), ("limits.auth", "1/h burst 6"), ("redis_url", url.as_str())];
        let (one, two) = (Stage::new(&places[0], &settings).await, Stage::new(&places[1], &settings).await);
        for stage in [&one, &two] {
            wait_for_redis(stage).await;
        }
        let mut all = 0;
        for _ in 0..6 {
            all += passed(&one, &login(from), 1).await + passed(&two, &login(from), 1).await;
        }
        assert_eq!(all, 6, "together they let through what one alone would");
    });
}

#[test]
fn while_redis_is_away_requests_pass_or_not_as_it_is_set() {
    // A port at which nobody listens.
    let away = ("redis_url", "redis://127.0.0.1:1");
    staged_with(&[away, ("limits.auth", "30/m burst 3")], async |stage| {
        assert_eq!(passed(stage, &login("192.0.2.1"), 5).await, 3, "each keeps its own limits");
    });
    staged_with(&[away, ("limits.redis_away", "closed")], async |stage| {
        assert_eq!(stage.ask(login("192.0.2.1")).await.problem(), (503, "limits_unavailable"));
    });
}

/// Until the connection stands, each gateway counts by itself: `closed` tells when it does.
async fn wait_for_redis(stage: &Stage) {
    for _ in 0..500 {
        let open = asked(Method::GET, "/api/v1/notes/open").from("198.51.100.1");
        if stage.ask(open).await.status == 200 && stage.door.shares_limits().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("Redis does not answer");
}

fn redis_url() -> Option<String> {
    let url = std::env::var("STOA_TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    let address = url.trim_start_matches("redis://").split('/').next().unwrap().to_owned();
    if std::net::TcpStream::connect(&address).is_ok() {
        return Some(url);
    }
    let required = std::env::var("STOA_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.contains("redis"), "Redis is required and is not there");
    eprintln!("not run with Redis: set STOA_TEST_REDIS_URL to a server that may be written to");
    None
}
