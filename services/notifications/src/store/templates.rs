//! The statements on templates and their versions.

use contracts::Timestamp;
use kernel::params;
use kernel::store::{OnConstraint, StoreError, Tx};
use serde::Deserialize;

use crate::domain::template::{Template, TemplateId, Version, VersionId, VersionState};
use crate::domain::words::{Category, TemplateName};
use crate::error::Error;

/// What is needed to send: the version, and the category.
#[derive(Clone, Debug, Deserialize)]
pub struct Current {
    /// What such messages are about.
    pub category: Category,
    /// The version that is sent.
    pub version: u32,
    /// Its name among all versions.
    pub id: VersionId,
}

#[derive(Deserialize)]
struct TemplateRow {
    id: TemplateId,
    name: TemplateName,
    category: Category,
    published: Option<u32>,
    latest: u32,
    created_at: Timestamp,
}

#[derive(Deserialize)]
struct VersionRow {
    version: u32,
    id: VersionId,
    state: VersionState,
    variables: String,
    contents: String,
    created_at: Timestamp,
    published_at: Option<Timestamp>,
}

/// Stores a new template; its name must be free.
pub fn insert(tx: &mut Tx<'_>, template: &Template) -> Result<(), Error> {
    tx.run(
        "insert into templates (project_id, name, id, category, published, latest, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        params![
            tx.project()?,
            template.name,
            template.id,
            template.category,
            template.published,
            template.latest,
            template.created_at
        ],
    )
    .map(drop)
    .on_constraint("templates_pkey", || Error::NameTaken)
}

/// One template.
pub fn find(tx: &mut Tx<'_>, name: &TemplateName) -> Result<Option<Template>, StoreError> {
    let row: Option<TemplateRow> = tx.row(
        "select id, name, category, published, latest, created_at from templates
         where project_id = $1 and name = $2",
        params![tx.project()?, name],
    )?;
    Ok(row.map(TemplateRow::template))
}

/// Templates after `after`, by name.
pub fn list(tx: &mut Tx<'_>, after: Option<&TemplateName>, limit: u32) -> Result<Vec<Template>, StoreError> {
    let rows: Vec<TemplateRow> = tx.rows(
        "select id, name, category, published, latest, created_at from templates
         where project_id = $1 and name > coalesce($2, '') order by name limit $3",
        params![tx.project()?, after, limit],
    )?;
    Ok(rows.into_iter().map(TemplateRow::template).collect())
}

/// The version that is sent, of a template that has one.
pub fn current(tx: &mut Tx<'_>, name: &TemplateName) -> Result<Option<Current>, StoreError> {
    tx.row(
        "select t.category, v.version, v.id from templates as t
         join template_versions as v on v.project_id = t.project_id and v.name = t.name and v.version = t.published
         where t.project_id = $1 and t.name = $2",
        params![tx.project()?, name],
    )
}

/// Counts one more version of a template; says its number.
pub fn next_version(tx: &mut Tx<'_>, name: &TemplateName) -> Result<Option<u32>, StoreError> {
    tx.row(
        "update templates set latest = latest + 1 where project_id = $1 and name = $2 returning latest",
        params![tx.project()?, name],
    )
}

/// Stores a new version.
pub fn insert_version(
    tx: &mut Tx<'_>,
    name: &TemplateName,
    id: VersionId,
    version: &Version,
) -> Result<(), Error> {
    let (variables, contents) =
        (serde_json::to_string(&version.variables)?, serde_json::to_string(&version.words)?);
    tx.run(
        "insert into template_versions (project_id, name, version, id, state, variables, contents, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            tx.project()?,
            name,
            version.number,
            id,
            version.state,
            variables,
            contents,
            version.created_at
        ],
    )?;
    Ok(())
}

/// One version.
pub fn version(tx: &mut Tx<'_>, name: &TemplateName, number: u32) -> Result<Option<Version>, Error> {
    let row: Option<VersionRow> = tx.row(
        "select version, id, state, variables, contents, created_at, published_at from template_versions
         where project_id = $1 and name = $2 and version = $3",
        params![tx.project()?, name, number],
    )?;
    row.map(VersionRow::version).transpose()
}

/// Versions of a template before `before`, newest first.
pub fn versions(
    tx: &mut Tx<'_>,
    name: &TemplateName,
    before: u32,
    limit: u32,
) -> Result<Vec<Version>, Error> {
    let rows: Vec<VersionRow> = tx.rows(
        "select version, id, state, variables, contents, created_at, published_at from template_versions
         where project_id = $1 and name = $2 and version < $3 order by version desc limit $4",
        params![tx.project()?, name, before, limit],
    )?;
    rows.into_iter().map(VersionRow::version).collect()
}

/// The version that was sent until now is not any more.
pub fn archive_published(tx: &mut Tx<'_>, name: &TemplateName) -> Result<(), StoreError> {
    tx.run(
        "update template_versions set state = 'archived'
         where project_id = $1 and name = $2 and state = 'published'",
        params![tx.project()?, name],
    )
    .map(drop)
}

/// A draft is what is sent from now on; says whether it was a draft.
pub fn publish(tx: &mut Tx<'_>, name: &TemplateName, number: u32) -> Result<bool, StoreError> {
    let published = tx.run(
        "update template_versions set state = 'published', published_at = $4
         where project_id = $1 and name = $2 and version = $3 and state = 'draft'",
        params![tx.project()?, name, number, tx.now()],
    )?;
    Ok(published > 0)
}

/// This version is the one that is sent.
pub fn set_published(tx: &mut Tx<'_>, name: &TemplateName, number: u32) -> Result<(), StoreError> {
    tx.run(
        "update templates set published = $3 where project_id = $1 and name = $2",
        params![tx.project()?, name, number],
    )
    .map(drop)
}

impl TemplateRow {
    fn template(self) -> Template {
        let Self { id, name, category, published, latest, created_at } = self;
        Template { id, name, category, published, latest, created_at }
    }
}

impl VersionRow {
    fn version(self) -> Result<Version, Error> {
        Ok(Version {
            number: self.version,
            id: Some(self.id),
            state: self.state,
            variables: serde_json::from_str(&self.variables)?,
            words: serde_json::from_str(&self.contents)?,
            created_at: self.created_at,
            published_at: self.published_at,
        })
    }
}
