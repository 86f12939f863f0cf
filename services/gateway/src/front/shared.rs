//! Limits that several gateways keep together, in Redis: one question a request, all of its buckets at once.
//!
//! The local limits are asked first, so a flood stays here. Buckets are the same as the local ones (the generic cell
//! rate algorithm), on Redis's clock. What happens while Redis is away is a setting, never an accident.

use std::time::Duration;

use kernel::telemetry::metrics::Counter;

use super::limits::{Over, Spent};
use super::redis::{Answer, Away, Place, Redis};

/// The limits that gateways share.
pub struct Shared(Redis);

static AWAY: Counter = Counter::new(
    "stoa_gateway_redis_away_total",
    "Requests for which the shared limits could not be asked.",
    &[],
);

/// Slower than this, the limit costs more than what it protects.
const PATIENCE: Duration = Duration::from_millis(50);

/// Spends from all buckets or from none; answers which of them holds too little (from 1), and for how many µs.
const SPEND: &str = "local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local full = {}
for i, key in ipairs(KEYS) do
  local cell, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local at = math.max(tonumber(redis.call('GET', key) or '0'), now) + cell
  if at > now + cell * burst then return {i, math.ceil(at - now - cell * burst)} end
  full[i] = at
end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', full[i]), 'PX', math.ceil((full[i] - now) / 1000) + 1)
end
return {0, 0}";

impl Shared {
    /// The limits in the Redis at this place.
    pub fn at(place: Place) -> Self {
        Self(Redis::at(place))
    }

    /// Spends from these buckets.
    pub async fn spend(&self, spent: &[Spent]) -> Result<Result<(), Over>, Away> {
        let asked = self.ask(spent).await;
        if asked.is_err() {
            AWAY.add(1, &[]);
        }
        asked
    }

    async fn ask(&self, spent: &[Spent]) -> Result<Result<(), Over>, Away> {
        let mut words =
            vec![b"EVAL".to_vec(), SPEND.as_bytes().to_vec(), spent.len().to_string().into_bytes()];
        // The braces keep all buckets on one node of a cluster.
        words.extend(spent.iter().map(|one| format!("{{stoa}}:{}:{:x}", one.name, one.key).into_bytes()));
        for one in spent {
            words.push(one.quota.cell().as_micros().max(1).to_string().into_bytes());
            words.push(one.quota.burst().to_string().into_bytes());
        }
        let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let Answer::Many(answer) = self.0.ask(&words, PATIENCE).await? else { return Err(Away) };
        let [Answer::Number(which), Answer::Number(wait_us)] = answer.as_slice() else { return Err(Away) };
        let Some(over) = usize::try_from(*which).ok().and_then(|which| spent.get(which.checked_sub(1)?))
        else {
            return Ok(Ok(()));
        };
        let wait = Duration::from_micros(u64::try_from(*wait_us).unwrap_or(0));
        Ok(Err(Over::shared(over, wait)))
    }
}
