//! The sandbox's own routes: its clock can be moved, so that a billing year passes in a minute.

use std::time::Duration;

use axum::Router;
use kernel::auth::Permission;
use kernel::http::{Answer, Answering, Caller, Ctx, Json, Problem};
use kernel::service::Running;
use serde::{Deserialize, Serialize};

const MANAGE: Permission = Permission::new("sandbox:manage");
/// Further than any contract reaches; a clock cannot be moved back.
const ADVANCE_MAX: Duration = Duration::from_secs(10 * 366 * 86_400);

/// By how much the clock is to be moved on.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    seconds: u64,
}

/// What time the sandbox has.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SandboxTime {
    now: contracts::Timestamp,
}

/// The routes, on the clock that all services of this process share.
pub fn routes(service: &Running) -> Router {
    Router::new()
        .route("/api/v1/sandbox/clock", axum::routing::get(read_clock).post(advance_clock))
        .with_state(service.clone())
}

/// `GET /api/v1/sandbox/clock`
async fn read_clock(ctx: Ctx, caller: Caller) -> Answer<SandboxTime> {
    caller.require(MANAGE)?;
    Ok::<_, Problem>(SandboxTime { now: ctx.store().clock().now() }).answered()
}

/// `POST /api/v1/sandbox/clock`
async fn advance_clock(ctx: Ctx, caller: Caller, Json(body): Json<Advance>) -> Answer<SandboxTime> {
    caller.require(MANAGE)?;
    let by = Duration::from_secs(body.seconds);
    if by > ADVANCE_MAX {
        return Err(Problem::field("seconds", "is at most ten years"));
    }
    let clock = ctx.store().clock();
    clock.advance(by);
    Ok::<_, Problem>(SandboxTime { now: clock.now() }).answered()
}
