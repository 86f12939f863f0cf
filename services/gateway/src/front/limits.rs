//! How much is let through: a bucket for everything, one an address, a project, a caller and a kind of call.
//!
//! Buckets stand in this process. Where several processes share their limits, `shared` asks for the same ones in
//! Redis, after the local ones have let the request pass.

use std::time::Instant;

use contracts::ProjectId;
use http::{HeaderMap, HeaderName, HeaderValue};
use kernel::config::Settings;
use kernel::http::Problem;
use kernel::limits::{Allowance, Quota, Refused, TokenBuckets};

use crate::domain::rate::Rate;
use crate::route::Tier;
use crate::settings;

/// The limits as they are set now.
pub struct Limits {
    global: Option<TokenBuckets<()>>,
    address: Option<TokenBuckets<u128>>,
    project: Option<TokenBuckets<ProjectId>>,
    auth: Option<TokenBuckets<u128>>,
    otp: Option<TokenBuckets<u128>>,
    webhook: Option<TokenBuckets<u128>>,
    read: Option<TokenBuckets<u128>>,
    write: Option<TokenBuckets<u128>>,
}

/// What is left of the limit that is nearest to its end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Left(Option<(&'static str, Quota, Allowance)>);

/// A limit that was reached.
#[derive(Clone, Copy, Debug)]
pub struct Over {
    /// Which.
    pub name: &'static str,
    quota: Quota,
    refused: Refused,
}

/// One bucket that a request spends from, for the shared limits.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// The limit's name.
    pub name: &'static str,
    /// Whose bucket.
    pub key: u128,
    /// How it fills.
    pub quota: Quota,
}

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// Callers, addresses and projects that are remembered at a time.
const KEYS_MAX: usize = 100_000;

impl Limits {
    /// The limits that the settings say.
    pub fn new(settings: &Settings) -> Self {
        Self {
            global: buckets(settings.get(&settings::GLOBAL)),
            address: buckets(settings.get(&settings::ADDRESS)),
            project: buckets(settings.get(&settings::PROJECT)),
            auth: buckets(settings.get(&settings::AUTH)),
            otp: buckets(settings.get(&settings::OTP)),
            webhook: buckets(settings.get(&settings::WEBHOOK)),
            read: buckets(settings.get(&settings::READ)),
            write: buckets(settings.get(&settings::WRITE)),
        }
    }

    /// Spends for a request of which only the address and the route are known: before any proof is checked.
    pub fn arriving(
        &self,
        address: u128,
        tier: Option<Tier>,
        now: Instant,
        left: &mut Left,
    ) -> Result<(), Over> {
        spend("global", &self.global, &(), now, left)?;
        spend("address", &self.address, &address, now, left)?;
        match tier {
            Some(Tier::Auth) => spend("auth", &self.auth, &address, now, left),
            Some(Tier::Otp) => spend("otp", &self.otp, &address, now, left),
            Some(Tier::Webhook) => spend("webhook", &self.webhook, &address, now, left),
            Some(Tier::Read | Tier::Write) | None => Ok(()),
        }
    }

    /// Spends for a request whose caller is known; `caller` is their number, or that of their address.
    pub fn admitted(
        &self,
        caller: u128,
        project: Option<ProjectId>,
        tier: Tier,
        now: Instant,
        left: &mut Left,
    ) -> Result<(), Over> {
        if let Some(project) = project {
            spend("project", &self.project, &project, now, left)?;
        }
        match tier {
            Tier::Read => spend("read", &self.read, &caller, now, left),
            Tier::Write => spend("write", &self.write, &caller, now, left),
            Tier::Auth | Tier::Otp | Tier::Webhook => Ok(()),
        }
    }

    /// The buckets that `arriving` and `admitted` spend from, by number.
    pub fn spent(&self, address: u128, caller: u128, project: Option<u128>, tier: Tier) -> Vec<Spent> {
        let of = |name, quota: Option<&Quota>, key| quota.map(|quota| Spent { name, key, quota: *quota });
        let tiered = match tier {
            Tier::Auth => of("auth", self.auth.as_ref().map(TokenBuckets::quota), address),
            Tier::Otp => of("otp", self.otp.as_ref().map(TokenBuckets::quota), address),
            Tier::Webhook => of("webhook", self.webhook.as_ref().map(TokenBuckets::quota), address),
            Tier::Read => of("read", self.read.as_ref().map(TokenBuckets::quota), caller),
            Tier::Write => of("write", self.write.as_ref().map(TokenBuckets::quota), caller),
        };
        let project =
            project.and_then(|key| of("project", self.project.as_ref().map(TokenBuckets::quota), key));
        let all = [
            of("global", self.global.as_ref().map(TokenBuckets::quota), 0),
            of("address", self.address.as_ref().map(TokenBuckets::quota), address),
            project,
            tiered,
        ];
        all.into_iter().flatten().collect()
    }
}

fn buckets<K: std::hash::Hash + Eq + Clone>(rate: Rate) -> Option<TokenBuckets<K>> {
    rate.quota().map(|quota| TokenBuckets::new(quota, KEYS_MAX))
}

fn spend<K: std::hash::Hash + Eq + Clone>(
    name: &'static str,
    buckets: &Option<TokenBuckets<K>>,
    key: &K,
    now: Instant,
    left: &mut Left,
) -> Result<(), Over> {
    let Some(buckets) = buckets else { return Ok(()) };
    let quota = *buckets.quota();
    match buckets.check(key, 1, now) {
        Ok(allowance) => {
            left.consider(name, quota, allowance);
            Ok(())
        }
        Err(refused) => Err(Over { name, quota, refused }),
    }
}

impl Left {
    fn consider(&mut self, name: &'static str, quota: Quota, allowance: Allowance) {
        // Which share of each bucket is left is compared without a division.
        let nearer = |other: &Allowance| {
            u64::from(allowance.remaining) * u64::from(other.limit)
                < u64::from(other.remaining) * u64::from(allowance.limit)
        };
        if self.0.as_ref().is_none_or(|(_, _, other)| nearer(other)) {
            self.0 = Some((name, quota, allowance));
        }
    }

    /// Tells the caller.
    pub fn tell(&self, headers: &mut HeaderMap) {
        if let Some((name, quota, allowance)) = &self.0 {
            put(headers, POLICY, quota.policy_header(name));
            put(headers, LIMIT, allowance.header(name));
        }
    }
}

impl Over {
    /// A limit that another process noticed.
    pub fn shared(spent: &Spent, retry_after: std::time::Duration) -> Self {
        let refused = Refused { limit: spent.quota.burst(), retry_after };
        Self { name: spent.name, quota: spent.quota, refused }
    }

    /// What the caller hears.
    pub fn problem(&self) -> Problem {
        Problem::new(http::StatusCode::TOO_MANY_REQUESTS, "too_many_requests", self.refused.to_string())
            .with_details(serde_json::json!({ "limit": self.name }))
            .after(self.refused.retry_after)
    }

    /// Tells the caller.
    pub fn tell(&self, headers: &mut HeaderMap) {
        put(headers, POLICY, self.quota.policy_header(self.name));
        put(headers, LIMIT, self.refused.header(self.name));
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
