//! Writing, publishing and trying templates.

use contracts::Timestamp;
use kernel::http::{Answer, Answering, Caller, Ctx, IdempotencyKey, Json, Path, Query};
use kernel::store::{Page, PageQuery};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::MANAGE;
use crate::commands::templates::{self as commands, Draft, Preview};
use crate::domain::notification::Channel;
use crate::domain::rendering::Rendered;
use crate::domain::segments::{self, Segments};
use crate::domain::template::{Template, TemplateId, Variable, Version, VersionState, Words};
use crate::domain::words::{Category, Locale, TemplateName};
use crate::error::Error;
use crate::store::templates as store;

/// A template with its first version, a draft.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "table_ready", "category": "booking",
    "variables": [{"name": "guest", "type": "text", "required": true, "sample": "Ann"}],
    "contents": [{"locale": "en", "sms": {"text": "{{ guest }}, your table is ready."}}]}))]
pub(super) struct CreateTemplate {
    /// What it is called.
    name: TemplateName,
    /// What such messages are about.
    category: Category,
    /// What it is given: at most 50.
    #[serde(default)]
    #[schema(max_items = 50)]
    variables: Vec<Variable>,
    /// What it says, in 1 to 30 languages.
    #[schema(min_items = 1, max_items = 30)]
    contents: Vec<Words>,
}

/// Another version, a draft.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"variables": [], "contents": [{"locale": "en", "sms": {"text": "Your table is ready."}}]}))]
pub(super) struct AddVersion {
    /// What it is given: at most 50.
    #[serde(default)]
    #[schema(max_items = 50)]
    variables: Vec<Variable>,
    /// What it says, in 1 to 30 languages.
    #[schema(min_items = 1, max_items = 30)]
    contents: Vec<Words>,
}

/// What a preview is made with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"locale": "en"}))]
pub(super) struct PreviewTemplate {
    /// Which version; what would be sent today when nothing is said.
    #[schema(minimum = 1, maximum = 10000)]
    version: Option<u32>,
    /// The variables; the samples when nothing is said.
    #[schema(value_type = Option<Object>)]
    variables: Option<Map<String, Value>>,
    /// The language.
    locale: Option<Locale>,
}

/// A template.
#[derive(Serialize, ToSchema)]
pub(super) struct TemplateView {
    /// Its id.
    id: TemplateId,
    /// Its name.
    name: TemplateName,
    /// What such messages are about.
    category: Category,
    /// Whether it is sent.
    is_active: bool,
    /// The version that is sent.
    #[schema(minimum = 1)]
    published_version: Option<u32>,
    /// The newest version.
    #[schema(minimum = 1)]
    latest_version: u32,
    /// When it was made.
    created_at: Timestamp,
}

/// A template with one of its versions.
#[derive(Serialize, ToSchema)]
pub(super) struct TemplateDetail {
    #[serde(flatten)]
    template: TemplateView,
    /// The version that is sent, or the newest where none is.
    version: VersionView,
}

/// A version.
#[derive(Serialize, ToSchema)]
pub(super) struct VersionView {
    /// Its number.
    #[schema(minimum = 0)]
    version: u32,
    /// Where it stands.
    state: VersionState,
    /// What it is given.
    variables: Vec<Variable>,
    /// What it says.
    contents: Vec<Words>,
    /// When it was written.
    created_at: Timestamp,
    /// When it was first sent.
    published_at: Option<Timestamp>,
}

/// What would be said.
#[derive(Serialize, ToSchema)]
pub(super) struct PreviewView {
    /// By which version; 0 is one of ours.
    #[schema(minimum = 0)]
    version: u32,
    /// As a mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<EmailPreview>,
    /// As a short message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sms: Option<SmsPreview>,
    /// In the inbox of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    in_app: Option<InAppPreview>,
}

/// A mail.
#[derive(Serialize, ToSchema)]
struct EmailPreview {
    /// The language.
    locale: Locale,
    /// One line.
    subject: String,
    /// For readers without HTML.
    text: String,
    /// For everybody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    html: Option<String>,
}

/// A short message.
#[derive(Serialize, ToSchema)]
struct SmsPreview {
    /// The language.
    locale: Locale,
    /// The text.
    text: String,
    /// What it takes.
    segments: Segments,
}

/// A line in an inbox.
#[derive(Serialize, ToSchema)]
struct InAppPreview {
    /// The language.
    locale: Locale,
    /// What it is about.
    title: String,
    /// What it says.
    body: String,
}

/// Makes a template with its first version; it is sent once that is published.
#[utoipa::path(post, path = "/api/v1/templates", tag = "templates", request_body = CreateTemplate,
    responses((status = 201, description = "The template.", body = TemplateDetail)))]
pub(super) async fn create_template(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Json(body): Json<CreateTemplate>,
) -> Answer<TemplateDetail> {
    let scope = caller.require(MANAGE)?;
    let CreateTemplate { name, category, variables, contents } = body;
    let draft = Draft { variables, words: contents };
    ctx.write(scope, key, move |tx| {
        let (template, version) = commands::create(tx, &name, &category, &draft)?;
        Ok::<_, Error>(TemplateDetail { template: template.into(), version: version.into() })
    })
    .await
    .created()
}

/// Lists templates by name.
#[utoipa::path(get, path = "/api/v1/templates", tag = "templates", params(PageQuery),
    responses((status = 200, description = "A page of templates.", body = Page<TemplateView>)))]
pub(super) async fn list_templates(
    ctx: Ctx,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Answer<Page<TemplateView>> {
    let scope = caller.require(MANAGE)?;
    let (limit, after) = (page.limit()?, page.after::<TemplateName>()?);
    let rows = ctx.read(scope, move |tx| store::list(tx, after.as_ref(), limit + 1)).await;
    rows.map(|rows| Page::of(rows, limit, |one| one.name.clone()).map(TemplateView::from)).answered()
}

/// Shows a template with the version that is sent.
#[utoipa::path(get, path = "/api/v1/templates/{name}", tag = "templates", params(("name" = TemplateName, Path)),
    responses((status = 200, description = "The template.", body = TemplateDetail)))]
pub(super) async fn get_template(
    ctx: Ctx,
    caller: Caller,
    Path(name): Path<TemplateName>,
) -> Answer<TemplateDetail> {
    let scope = caller.require(MANAGE)?;
    ctx.read(scope, move |tx| {
        let template = store::find(tx, &name)?.ok_or(Error::NoSuch("template"))?;
        let shown = template.published.unwrap_or(template.latest);
        let version = store::version(tx, &name, shown)?.ok_or(Error::NoSuch("version"))?;
        Ok::<_, Error>(TemplateDetail { template: template.into(), version: version.into() })
    })
    .await
    .answered()
}

/// Writes another version of a template, a draft.
#[utoipa::path(post, path = "/api/v1/templates/{name}/versions", tag = "templates", request_body = AddVersion,
    params(("name" = TemplateName, Path)),
    responses((status = 201, description = "The version.", body = VersionView)))]
pub(super) async fn add_template_version(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path(name): Path<TemplateName>,
    Json(body): Json<AddVersion>,
) -> Answer<VersionView> {
    let scope = caller.require(MANAGE)?;
    let draft = Draft { variables: body.variables, words: body.contents };
    ctx.write(scope, key, move |tx| commands::add_version(tx, &name, &draft).map(VersionView::from))
        .await
        .created()
}

/// Lists the versions of a template, newest first.
#[utoipa::path(get, path = "/api/v1/templates/{name}/versions", tag = "templates",
    params(("name" = TemplateName, Path), PageQuery),
    responses((status = 200, description = "A page of versions.", body = Page<VersionView>)))]
pub(super) async fn list_template_versions(
    ctx: Ctx,
    caller: Caller,
    Path(name): Path<TemplateName>,
    Query(page): Query<PageQuery>,
) -> Answer<Page<VersionView>> {
    let scope = caller.require(MANAGE)?;
    let (limit, before) = (page.limit()?, page.after::<u32>()?.unwrap_or(u32::MAX));
    ctx.read(scope, move |tx| {
        store::find(tx, &name)?.ok_or(Error::NoSuch("template"))?;
        let rows = store::versions(tx, &name, before, limit + 1)?;
        Ok::<_, Error>(Page::of(rows, limit, |version| version.number).map(VersionView::from))
    })
    .await
    .answered()
}

/// Has a draft sent from now on, once it is proven with its samples.
#[utoipa::path(post, path = "/api/v1/templates/{name}/versions/{version}/publish", tag = "templates",
    params(("name" = TemplateName, Path), ("version" = u32, Path, minimum = 1, maximum = 10000)),
    responses((status = 200, description = "It is sent from now on.", body = VersionView)))]
pub(super) async fn publish_template_version(
    ctx: Ctx,
    caller: Caller,
    key: IdempotencyKey,
    Path((name, version)): Path<(TemplateName, u32)>,
) -> Answer<VersionView> {
    let scope = caller.require(MANAGE)?;
    ctx.write(scope, key, move |tx| commands::publish(tx, &name, version).map(VersionView::from))
        .await
        .answered()
}

/// Shows what a template would say, made by the engine that sends; nothing is sent.
#[utoipa::path(post, path = "/api/v1/templates/{name}/preview", tag = "templates", request_body = PreviewTemplate,
    params(("name" = TemplateName, Path)),
    responses((status = 200, description = "What it would say.", body = PreviewView)))]
pub(super) async fn preview_template(
    ctx: Ctx,
    caller: Caller,
    Path(name): Path<TemplateName>,
    Json(body): Json<PreviewTemplate>,
) -> Answer<PreviewView> {
    let scope = caller.require(MANAGE)?;
    let PreviewTemplate { version, variables, locale } = body;
    ctx.read(scope, move |tx| {
        let preview = commands::preview(tx, &name, version, variables.as_ref(), locale.as_ref())?;
        Ok::<_, Error>(PreviewView::of(preview))
    })
    .await
    .answered()
}

impl From<Template> for TemplateView {
    fn from(template: Template) -> Self {
        Self {
            id: template.id,
            name: template.name,
            category: template.category,
            is_active: template.published.is_some(),
            published_version: template.published,
            latest_version: template.latest,
            created_at: template.created_at,
        }
    }
}

impl From<Version> for VersionView {
    fn from(version: Version) -> Self {
        Self {
            version: version.number,
            state: version.state,
            variables: version.variables,
            contents: version.words,
            created_at: version.created_at,
            published_at: version.published_at,
        }
    }
}

impl PreviewView {
    fn of(preview: Preview) -> Self {
        let mut view = Self { version: preview.version, email: None, sms: None, in_app: None };
        for (channel, locale, Rendered { subject, text, html }) in preview.said {
            let subject = subject.unwrap_or_default();
            match channel {
                Channel::Email => view.email = Some(EmailPreview { locale, subject, text, html }),
                Channel::Sms => {
                    let segments = segments::count(&text);
                    view.sms = Some(SmsPreview { locale, text, segments });
                }
                Channel::InApp => view.in_app = Some(InAppPreview { locale, title: subject, body: text }),
                Channel::Webhook | Channel::Log => {}
            }
        }
        view
    }
}
