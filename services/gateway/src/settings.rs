//! What can be set of the door. All of it changes while running.

use std::time::Duration;

use kernel::config::{Declaration, Setting, choices};

use crate::domain::address::Networks;
use crate::domain::rate::Rate;
use crate::front::Place;

/// Which requests get a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLog {
    /// None.
    Off,
    /// Those of administrators, and those that were refused or failed.
    Notable,
    /// All.
    All,
}

/// What happens while the shared limits cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenAway {
    /// Requests pass; each process keeps its own limits.
    Open,
    /// Requests are refused with 503.
    Closed,
}

choices!(AccessLog { Off => "off", Notable => "notable", All => "all" });
choices!(WhenAway { Open => "open", Closed => "closed" });

/// All together.
pub const GLOBAL: Setting<Rate> =
    Setting::new("limits.global", || Rate::a_second(50_000), "How many requests are taken in all.").live();
/// From one address.
pub const ADDRESS: Setting<Rate> = Setting::new(
    "limits.address",
    || Rate::a_second(2_000),
    "How many requests are taken from one address, or from one /64 of IPv6.",
)
.live();
/// For one project.
pub const PROJECT: Setting<Rate> =
    Setting::new("limits.project", || Rate::a_second(10_000), "How many requests are taken for one project.")
        .live();
/// Reading by one caller.
pub const READ: Setting<Rate> =
    Setting::new("limits.read", || Rate::a_second(1_000), "How many reading requests one caller may send.")
        .live();
/// Writing by one caller.
pub const WRITE: Setting<Rate> =
    Setting::new("limits.write", || Rate::a_second(1_000), "How many writing requests one caller may send.")
        .live();
/// Signing in from one address.
pub const AUTH: Setting<Rate> = Setting::new(
    "limits.auth",
    || Rate::a_minute(30, 15),
    "How many requests to sign in, register or reset a password are taken from one address.",
)
.live();
/// Codes from one address.
pub const OTP: Setting<Rate> = Setting::new(
    "limits.otp",
    || Rate::a_minute(10, 10),
    "How many requests to send or check codes are taken from one address.",
)
.live();
/// Providers' messages from one address.
pub const WEBHOOK: Setting<Rate> = Setting::new(
    "limits.webhook",
    || Rate::a_second(500),
    "How many messages of providers are taken from one address.",
)
.live();
/// The store that processes share their limits in.
pub const REDIS_URL: Setting<Option<Place>> = Setting::new(
    "redis_url",
    || None,
    "A Redis in which several gateways share their limits; without it each keeps its own.",
)
.example("redis://127.0.0.1:6379");
/// What happens when it is away.
pub const WHEN_AWAY: Setting<WhenAway> = Setting::new(
    "limits.redis_away",
    || WhenAway::Open,
    "While Redis is away: `open` lets requests pass by each process's own limits, `closed` refuses them.",
)
.live();
/// Who may say where a call came from.
pub const TRUSTED_PROXIES: Setting<Networks> = Setting::new(
    "gateway.trusted_proxies",
    Networks::default,
    "Proxies before us whose `X-Forwarded-For` is believed.",
)
.live()
.example("10.0.0.0/8");
/// From where administrators may call.
pub const ADMIN_ADDRESSES: Setting<Networks> = Setting::new(
    "gateway.admin_addresses",
    Networks::default,
    "The addresses from which the routes of administrators may be called; all when empty.",
)
.live()
.example("203.0.113.0/24");
/// Origins for all projects.
pub const ORIGINS: Setting<String> = Setting::new(
    "gateway.origins",
    String::new,
    "Web origins whose pages may call for any project, with commas between.",
)
.live()
.example("https://console.example.com");
/// The largest body of any kind.
pub const BODY_MAX: Setting<kernel::config::ByteSize> = Setting::new(
    "gateway.body_max",
    || kernel::config::ByteSize(64 << 20),
    "The largest body of any kind that is passed on; JSON has its own, smaller limit.",
)
.live();
/// How many sockets there may be.
pub const SOCKETS_MAX: Setting<usize> = Setting::new(
    "gateway.sockets_max",
    || 5_000,
    "How many sockets may be open at `/ws` in one process; more are refused with 503.",
)
.live();
/// Which requests are logged.
pub const ACCESS_LOG: Setting<AccessLog> = Setting::new(
    "gateway.access_log",
    || AccessLog::Notable,
    "Which requests get a line in the log: `notable` ones are those of administrators and those that failed.",
)
.live();
/// Static addresses.
pub const UPSTREAMS: Setting<String> = Setting::new(
    "gateway.upstreams",
    String::new,
    "Where services answer that run elsewhere: `orders=http://10.0.0.7:8091 http://10.0.0.8:8091, audit=http://audit:8088`. \
     A name stands for all addresses that it has. Registered instances come in addition.",
)
.live();
/// How often names are looked up.
pub const NAMES_EVERY: Setting<Duration> = Setting::new(
    "gateway.names_every",
    || Duration::from_secs(10),
    "How often the names of upstreams are looked up again.",
);

/// All of them.
pub fn declarations() -> Vec<Declaration> {
    vec![
        GLOBAL.declare(),
        ADDRESS.declare(),
        PROJECT.declare(),
        READ.declare(),
        WRITE.declare(),
        AUTH.declare(),
        OTP.declare(),
        WEBHOOK.declare(),
        REDIS_URL.declare(),
        WHEN_AWAY.declare(),
        TRUSTED_PROXIES.declare(),
        ADMIN_ADDRESSES.declare(),
        ORIGINS.declare(),
        BODY_MAX.declare(),
        SOCKETS_MAX.declare(),
        ACCESS_LOG.declare(),
        UPSTREAMS.declare(),
        NAMES_EVERY.declare(),
    ]
}
