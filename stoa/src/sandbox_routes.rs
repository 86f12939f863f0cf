//! The sandbox's own routes: its clock can be moved, so that a billing year passes in a minute, and what would have
//! gone out by mail or message can be read, so that nobody needs a mailbox to try a code.

use std::time::Duration;

use axum::Router;
use contracts::events::access::OtpIssued;
use contracts::{Envelope, Event};
use kernel::auth::Permission;
use kernel::events;
use kernel::http::{Answer, Answering, Caller, Ctx, Json, Problem, Query};
use kernel::secrets::Keyring;
use kernel::service::Running;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

/// Whose messages are wanted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The address or number they were for.
    to: String,
}

/// What would have gone out, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct Messages {
    data: Vec<Message>,
}

/// Something that would have gone out.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    at: contracts::Timestamp,
    channel: String,
    to: String,
    /// The event that asked for it: `otp.issued`, `notification.send`.
    about: String,
    says: Value,
}

/// Events that are looked through; the sandbox has few.
const LOOKED_THROUGH: i64 = 2_000;

/// The routes, on the clock that all services of this process share and the log of identity, where it runs here.
pub fn routes(services: &[Running]) -> Router {
    let Some(first) = services.first() else { return Router::new() };
    let clock = axum::routing::get(read_clock).post(advance_clock);
    let routes = Router::new().route("/api/v1/sandbox/clock", clock).with_state(first.clone());
    match services.iter().find(|service| service.name() == "identity") {
        Some(identity) => {
            let inbox = Router::new().route("/api/v1/sandbox/messages", axum::routing::get(list_messages));
            routes.merge(inbox.with_state(identity.clone()))
        }
        None => routes,
    }
}

/// `GET /api/v1/sandbox/messages?to=`
async fn list_messages(ctx: Ctx, Query(wanted): Query<Wanted>) -> Answer<Messages> {
    let newest = events::newest(ctx.store()).await?;
    let logged =
        events::tail(ctx.store(), newest.saturating_sub(LOOKED_THROUGH), LOOKED_THROUGH as u32).await?;
    let keyring = &ctx.store().keys().keyring;
    let messages = logged.into_iter().rev().filter_map(|logged| Message::of(&logged.envelope, keyring));
    let data = messages.filter(|message| message.to == wanted.to).collect();
    Ok::<_, Problem>(Messages { data }).answered()
}

impl Message {
    fn of(event: &Envelope, keyring: &Keyring) -> Option<Self> {
        let mut says: Value = serde_json::from_str(event.data.get()).ok()?;
        if event.event_type == OtpIssued::TYPE {
            let code = keyring.open(OtpIssued::CODE, says.get("code")?.as_str()?).ok()?;
            says["code"] = String::from_utf8(code).ok()?.into();
        }
        let text = |field: &str| Some(says.get(field)?.as_str()?.to_owned());
        let (channel, to) = match event.event_type.as_str() {
            "otp.issued" => (text("channel")?, text("destination")?),
            "notification.send" => (text("channel")?, text("recipient")?),
            _ => return None,
        };
        Some(Self { at: event.occurred_at, channel, to, about: event.event_type.clone(), says })
    }
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
