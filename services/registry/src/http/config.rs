//! What is set now, what can be, and changing it.

use std::collections::BTreeMap;

use contracts::Timestamp;
use kernel::config::{Changes, Declaration};
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, IfMatch, Json, Path, Problem, Query};
use kernel::store::{Page, PageQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{READ, WRITE, place_of, scope_of, settable};
use crate::commands::{self, Note};
use crate::domain::{Change, Config, Environment, Place, Remark, ServiceName, Settable, WISHES_MAX, Wish};
use crate::error::Error;
use crate::store;

/// A setting that can be changed while its service runs.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"service": "audit", "key": "jobs.kept", "kind": "duration", "default": "7d",
    "help": "How long finished jobs can be looked at.", "secret": false, "per_project": false}))]
pub(super) struct SettingView {
    /// Of which service.
    service: &'static str,
    /// Its name.
    key: &'static str,
    /// What it may hold.
    kind: &'static str,
    /// What it is where nobody sets it; null for a secret.
    default: Option<String>,
    /// What it is for.
    help: &'static str,
    /// Whether its value is never shown.
    secret: bool,
    /// Whether a project may have a value of its own.
    per_project: bool,
}

/// Which settings are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedSettings {
    /// Of one service only.
    service: Option<ServiceName>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which environment is meant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Where {
    /// The installation; the registry's own when it is left out.
    environment: Option<Environment>,
}

/// What is set in a service.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"service": "audit", "environment": "default", "revision": 3,
    "changed_at": "2026-11-21T09:47:35.123Z", "values": {"jobs.kept": "3d"}}))]
pub(super) struct ConfigView {
    /// In which service.
    service: ServiceName,
    /// In which environment.
    environment: Environment,
    /// How often it was changed; also the `ETag`.
    revision: u64,
    /// When, the last time; null where nothing was ever set.
    changed_at: Option<Timestamp>,
    /// Values by the setting's name; `***` stands for a secret.
    values: BTreeMap<String, String>,
}

/// What is to be set from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"values": {"jobs.kept": "3d", "http.idempotency_kept": null},
    "comment": "The disk is small"}))]
pub(super) struct SetConfig {
    /// In which environment; the registry's own when it is left out.
    environment: Option<Environment>,
    /// 1 to 100 values by the setting's name, as text; null takes one back to what the process was started with.
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    values: Wish,
    /// Why.
    comment: Option<Remark>,
}

/// What a change would do.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"revision": 3, "changes": [{"key": "jobs.kept", "from": null, "to": "3d"}]}))]
pub(super) struct PlanView {
    /// On top of which revision.
    revision: u64,
    /// What would be different.
    changes: Vec<Change>,
}

/// Lists what can be changed while services run.
#[utoipa::path(get, path = "/api/v1/registry/config/schema", tag = "registry", params(WantedSettings),
    responses((status = 200, description = "A page of settings.", body = Page<SettingView>)))]
pub(super) async fn list_settings(
    ctx: Ctx,
    caller: Caller,
    Query(wanted): Query<WantedSettings>,
) -> Answer<Page<SettingView>> {
    let scope = scope_of(&caller, READ)?;
    let page = PageQuery { limit: wanted.limit, cursor: wanted.cursor };
    let (limit, after) = (page.limit()?, page.after::<(String, String)>()?);
    let of_a_project = scope.project().is_some();
    let mut rows: Vec<SettingView> = Vec::new();
    for (name, _) in ctx.catalogue() {
        let Ok(service) = ServiceName::try_from((*name).to_owned()) else { continue };
        if wanted.service.as_ref().is_some_and(|wanted| *wanted != service) {
            continue;
        }
        let settable = Settable::of(ctx.catalogue(), &service, of_a_project);
        rows.extend(settable.into_iter().flat_map(Settable::each).map(|one| SettingView::of(name, one)));
    }
    rows.sort_by_key(|row| (row.service, row.key));
    rows.dedup_by_key(|row| (row.service, row.key));
    if let Some((service, key)) = &after {
        rows.retain(|row| (row.service, row.key) > (service.as_str(), key.as_str()));
    }
    Ok(Page::of(rows, limit, |row| (row.service, row.key))).answered()
}

/// Shows what is set in a service: for all projects to an operator, for its own to a project.
#[utoipa::path(get, path = "/api/v1/registry/config/{service}", tag = "registry",
    params(("service" = ServiceName, Path), Where),
    responses((status = 200, description = "What is set.", body = ConfigView)))]
pub(super) async fn get_config(
    ctx: Ctx,
    caller: Caller,
    Path(service): Path<ServiceName>,
    Query(wanted): Query<Where>,
) -> Answer<ConfigView> {
    let scope = scope_of(&caller, READ)?;
    let place = place_of(&ctx, &scope, service, wanted.environment)?;
    let found = place.clone();
    let config = ctx.read(scope.clone(), move |tx| store::config(tx, &found)).await?;
    let view = ConfigView::of(settable(&ctx, &scope, &place.service)?, &place, config);
    let revision = view.revision;
    Ok(view).answered().map(|reply| reply.versioned(revision))
}

/// Sets several values at once; services take them while they run.
#[utoipa::path(put, path = "/api/v1/registry/config/{service}", tag = "registry", request_body = SetConfig,
    params(("service" = ServiceName, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of what is changed.")),
    responses((status = 200, description = "What is set now.", body = ConfigView)))]
pub(super) async fn set_config(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(service): Path<ServiceName>,
    IfMatch(seen): IfMatch,
    Json(body): Json<SetConfig>,
) -> Answer<ConfigView> {
    let scope = scope_of(&caller, WRITE)?;
    let wish = body.bounded()?;
    let place = place_of(&ctx, &scope, service, body.environment)?;
    let (running, of, note) = (ctx.service().clone(), scope.clone(), Note { seen, remark: body.comment });
    ctx.write(scope, key, move |tx| {
        let settable = settable(&running, &of, &place.service)?;
        let config = commands::set(tx, settable, &place, &wish, &note)?;
        Ok::<_, Error>(ConfigView::of(settable, &place, config))
    })
    .await
    .answered()
}

/// Says what a change would do, and does not do it.
#[utoipa::path(post, path = "/api/v1/registry/config/{service}/check", tag = "registry", request_body = SetConfig,
    params(("service" = ServiceName, Path)),
    responses((status = 200, description = "What would be different.", body = PlanView)))]
pub(super) async fn check_config(
    ctx: Ctx,
    caller: Caller,
    Path(service): Path<ServiceName>,
    Json(body): Json<SetConfig>,
) -> Answer<PlanView> {
    let scope = scope_of(&caller, WRITE)?;
    let wish = body.bounded()?;
    let place = place_of(&ctx, &scope, service, body.environment)?;
    let (running, of) = (ctx.service().clone(), scope.clone());
    ctx.read(scope, move |tx| {
        let settable = settable(&running, &of, &place.service)?;
        let (revision, changes) = commands::check(tx, settable, &place, &wish)?;
        Ok::<_, Error>(PlanView { revision, changes })
    })
    .await
    .answered()
}

impl SettingView {
    fn of(service: &'static str, declaration: &Declaration) -> Self {
        Self {
            service,
            key: declaration.key,
            kind: declaration.kind,
            default: (!declaration.secret).then(|| declaration.default.clone()),
            help: declaration.help,
            secret: declaration.secret,
            per_project: declaration.changes == Changes::PerProject,
        }
    }
}

impl ConfigView {
    pub(super) fn of(settable: Settable<'_>, place: &Place, config: Config) -> Self {
        let shown = |(key, text): (String, String)| {
            let text = settable.shown(&key, &text);
            (key, text)
        };
        Self {
            service: place.service.clone(),
            environment: place.environment.clone(),
            revision: config.revision,
            changed_at: config.changed_at,
            values: config.texts.into_iter().map(shown).collect(),
        }
    }
}

impl SetConfig {
    /// The wish, if it is not too large.
    fn bounded(&self) -> Result<Wish, Problem> {
        if (1..=WISHES_MAX).contains(&self.values.len()) {
            Ok(self.values.clone())
        } else {
            Err(Problem::field("values", format!("holds 1 to {WISHES_MAX} settings")))
        }
    }
}
