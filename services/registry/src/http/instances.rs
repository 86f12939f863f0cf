//! Where instances of services are: they say it themselves, again and again.

use contracts::Timestamp;
use contracts::events::fleet::InstanceState;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Problem, Query};
use kernel::store::{Page, PageQuery, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{SEE_INSTANCES, TELL_INSTANCES, environment_of, fleet_scope};
use crate::LEASE;
use crate::commands;
use crate::domain::{Address, Environment, InstanceName, Presence, Said, ServiceName, Version};
use crate::error::Error;
use crate::store::{self, Listed};

/// A sign of life.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"address": "http://10.0.0.7:8091", "version": "0.1.0", "config_revision": 3}))]
pub(super) struct TellInstance {
    /// Where it answers.
    address: Address,
    /// Which version it runs.
    version: Version,
    /// In which environment; the registry's own when it is left out.
    environment: Option<Environment>,
    /// Which revision of its settings it has heard.
    #[schema(minimum = 0, maximum = 9007199254740991_i64)]
    config_revision: Option<u64>,
    /// Whether it takes work.
    #[serde(default)]
    state: Presence,
}

/// An instance.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"service": "audit", "instance": "audit-1", "address": "http://10.0.0.7:8091",
    "version": "0.1.0", "environment": "default", "state": "up", "config_revision": 3, "latest_revision": 3,
    "drifts": false, "registered_at": "2026-11-21T09:00:00.000Z", "seen_at": "2026-11-21T09:47:35.123Z",
    "silent_ms": 2000, "lease_until": "2026-11-21T09:47:50.123Z"}))]
pub(super) struct InstanceView {
    /// Of which service.
    service: ServiceName,
    /// Which.
    instance: InstanceName,
    /// Where it answers.
    address: Address,
    /// Which version it runs.
    version: Version,
    /// In which environment.
    environment: Environment,
    /// Whether it can be called.
    state: InstanceState,
    /// Which revision of its settings it has heard, where it said so.
    config_revision: Option<u64>,
    /// The latest revision of the settings of its service; 0 where nothing was ever set.
    latest_revision: u64,
    /// Whether it has said that it is behind.
    drifts: bool,
    /// When it came.
    registered_at: Timestamp,
    /// When it last gave a sign of life.
    seen_at: Timestamp,
    /// How long ago that was, in milliseconds.
    silent_ms: u64,
    /// It is down when it is silent until then; null when it is down.
    lease_until: Option<Timestamp>,
}

/// Which instances are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedInstances {
    /// Of one service only.
    service: Option<ServiceName>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists instances, those that went down within a day included.
#[utoipa::path(get, path = "/api/v1/registry/instances", tag = "registry", params(WantedInstances),
    responses((status = 200, description = "A page of instances.", body = Page<InstanceView>)))]
pub(super) async fn list_instances(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedInstances>,
) -> Answer<Page<InstanceView>> {
    let scope = fleet_scope(&caller, SEE_INSTANCES)?;
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor };
    let (limit, after) = (page.limit()?, page.after::<(ServiceName, InstanceName)>()?);
    let after =
        after.map(|(service, instance)| (service.to_string(), instance.to_string())).unwrap_or_default();
    ctx.read(scope, move |tx| {
        let rows = store::instances_after(tx, wanted.service.as_ref(), &after, limit + 1)?;
        let key = |row: &Listed| (row.instance.service.to_string(), row.instance.instance.to_string());
        let now = tx.now();
        Ok::<_, StoreError>(Page::of(rows, limit, key).map(|row| InstanceView::of(row, now)))
    })
    .await
    .answered()
}

/// Registers an instance, and keeps it registered: it is down when it stays silent for as long as its lease.
#[utoipa::path(put, path = "/api/v1/registry/instances/{service}/{instance}", tag = "registry",
    request_body = TellInstance,
    params(("service" = ServiceName, Path), ("instance" = InstanceName, Path)),
    responses((status = 200, description = "The instance.", body = InstanceView)))]
pub(super) async fn put_instance(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(name): Path<(ServiceName, InstanceName)>,
    Json(body): Json<TellInstance>,
) -> Answer<InstanceView> {
    let scope = fleet_scope(&caller, TELL_INSTANCES)?;
    if body.config_revision.is_some_and(|heard| i64::try_from(heard).is_err()) {
        return Err(Problem::field("config_revision", "is no revision that was ever told"));
    }
    let said = Said {
        address: body.address,
        version: body.version,
        environment: environment_of(&ctx, body.environment)?,
        config_revision: body.config_revision,
        presence: body.state,
    };
    let lease = ctx.settings().get(&LEASE);
    ctx.write(scope, key, move |tx| {
        let listed = commands::hear(tx, name.clone(), &said, lease)?;
        Ok::<_, Error>(InstanceView::of(listed, tx.now()))
    })
    .await
    .answered()
}

/// Says that an instance has gone: nobody calls it any more.
#[utoipa::path(delete, path = "/api/v1/registry/instances/{service}/{instance}", tag = "registry",
    params(("service" = ServiceName, Path), ("instance" = InstanceName, Path)),
    responses((status = 200, description = "The instance, which is down.", body = InstanceView)))]
pub(super) async fn delete_instance(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path((service, instance)): Path<(ServiceName, InstanceName)>,
) -> Answer<InstanceView> {
    let scope = fleet_scope(&caller, TELL_INSTANCES)?;
    ctx.write(scope, key, move |tx| {
        let listed = commands::let_go(tx, &service, &instance)?;
        Ok::<_, Error>(InstanceView::of(listed, tx.now()))
    })
    .await
    .answered()
}

impl InstanceView {
    fn of(Listed { instance, latest_revision }: Listed, now: Timestamp) -> Self {
        let latest_revision = latest_revision.unwrap_or(0);
        let silent = now.duration_since(instance.seen_at);
        Self {
            drifts: instance.config_revision.is_some_and(|heard| heard < latest_revision),
            service: instance.service,
            instance: instance.instance,
            address: instance.address,
            version: instance.version,
            environment: instance.environment,
            state: instance.state,
            config_revision: instance.config_revision,
            latest_revision,
            registered_at: instance.registered_at,
            seen_at: instance.seen_at,
            silent_ms: u64::try_from(silent.as_millis()).unwrap_or(u64::MAX),
            lease_until: instance.lease_until,
        }
    }
}
