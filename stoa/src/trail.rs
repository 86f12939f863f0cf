//! `stoa events trail KEY`: all that followed from one thing, from the first click to the last mail, across services.
//!
//! Events of one request carry its correlation id wherever they lead, so the trail is found by the ids of those that
//! name the thing. It is told as lines, or as a diagram in which services speak to those that hear them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use contracts::{Envelope, EventId};
use kernel::events;
use kernel::service::Running;

use crate::output::say;
use crate::platform::Failure;

const PAGE: u32 = 1_000;
/// A trail is one thing's; a longer one is something else.
const EVENTS_MAX: usize = 10_000;

/// One step: who told it, and what.
struct Step {
    service: &'static str,
    event: Envelope,
}

/// Finds the trail of `key` and shows it.
pub async fn show(services: &[Running], key: &str, as_diagram: bool) -> Result<(), Failure> {
    let mut requests = BTreeSet::new();
    for service in services {
        each(service, |event| {
            if names(event, key) {
                requests.insert(event.correlation_id.clone());
            }
        })
        .await?;
    }
    let mut steps = Vec::new();
    for service in services {
        let name = service.name();
        each(service, |event| {
            if requests.contains(&event.correlation_id) && steps.len() < EVENTS_MAX {
                steps.push(Step { service: name, event: event.clone() });
            }
        })
        .await?;
    }
    if steps.is_empty() {
        return Err(Failure::Other(format!("no event names `{key}`")));
    }
    steps.sort_by_key(|step| (step.event.occurred_at, step.event.event_id));
    say(if as_diagram { diagram(services, &steps) } else { lines(&steps) });
    Ok(())
}

fn names(event: &Envelope, key: &str) -> bool {
    event.key.as_deref() == Some(key) || event.data.get().contains(&format!("\"{key}\""))
}

async fn each(service: &Running, mut look: impl FnMut(&Envelope)) -> Result<(), Failure> {
    let mut position = 0;
    loop {
        let page = events::tail(service.store(), position, PAGE).await;
        let page = page.map_err(|error| Failure::Store(service.name(), error))?;
        let Some(last) = page.last() else { return Ok(()) };
        position = last.position;
        page.iter().for_each(|logged| look(&logged.envelope));
    }
}

/// A line a step, set in below the step that caused it.
fn lines(steps: &[Step]) -> String {
    let mut depths: BTreeMap<EventId, usize> = BTreeMap::new();
    let mut text = String::new();
    for Step { service, event } in steps {
        let depth = event.causation_id.and_then(|cause| depths.get(&cause)).map_or(0, |depth| depth + 1);
        depths.insert(event.event_id, depth);
        let (at, key) = (event.occurred_at, event.key.as_deref().unwrap_or("-"));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{at}  {}{service}: {}  {key}", "  ".repeat(depth), event.event_type);
    }
    text.trim_end().to_owned()
}

/// A sequence diagram in Mermaid: each event as arrows to the services that hear it.
fn diagram(services: &[Running], steps: &[Step]) -> String {
    let mut text = String::from("sequenceDiagram\n");
    for Step { service, event } in steps {
        let hears = |other: &&Running| {
            other.name() != *service
                && other.handlers().types().is_some_and(|types| types.contains(&event.event_type.as_str()))
        };
        let mut heard = services.iter().filter(hears).map(Running::name).peekable();
        if heard.peek().is_none() {
            let _ = writeln!(text, "    Note over {service}: {}", event.event_type);
        }
        for other in heard {
            let _ = writeln!(text, "    {service}->>{other}: {}", event.event_type);
        }
    }
    text.trim_end().to_owned()
}
