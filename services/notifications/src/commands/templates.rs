//! Writing templates, publishing versions, and looking at what one would say.

use std::sync::Arc;

use kernel::store::Tx;
use serde_json::{Map, Value};

use super::composing::sendable;
use crate::compiled;
use crate::domain::notification::Channel;
use crate::domain::rendering::{Compiled, Rendered};
use crate::domain::template::{
    Misfit, Template, Variable, Version, VersionId, VersionState, Words, check_shape, checked, samples,
};
use crate::domain::words::{Category, Locale, TemplateName};
use crate::error::Error;
use crate::store::templates as store;

/// Versions of one template.
const VERSIONS_MAX: u32 = 10_000;

/// What a version says and is given.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it is given.
    pub variables: Vec<Variable>,
    /// What it says.
    pub words: Vec<Words>,
}

/// What a version would say by each channel that it has words for.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The version; 0 is one of ours.
    pub version: u32,
    /// By channel, with the language that is spoken there.
    pub said: Vec<(Channel, Locale, Rendered)>,
}

/// Makes a template with its first version.
pub fn create(
    tx: &mut Tx<'_>,
    name: &TemplateName,
    category: &Category,
    draft: &Draft,
) -> Result<(Template, Version), Error> {
    let template = Template {
        id: tx.new_id(),
        name: name.clone(),
        category: category.clone(),
        published: None,
        latest: 1,
        created_at: tx.now(),
    };
    store::insert(tx, &template)?;
    let version = write(tx, name, 1, draft)?;
    Ok((template, version))
}

/// Writes another version.
pub fn add_version(tx: &mut Tx<'_>, name: &TemplateName, draft: &Draft) -> Result<Version, Error> {
    let number = store::next_version(tx, name)?.ok_or(Error::NoSuch("template"))?;
    if number > VERSIONS_MAX {
        return Err(Error::TooMany("versions of a template"));
    }
    write(tx, name, number, draft)
}

fn write(tx: &mut Tx<'_>, name: &TemplateName, number: u32, draft: &Draft) -> Result<Version, Error> {
    check_shape(&draft.variables, &draft.words)?;
    Compiled::new(&draft.variables, &draft.words)?;
    let id: VersionId = tx.new_id();
    let version = Version {
        number,
        id: Some(id),
        state: VersionState::Draft,
        variables: draft.variables.clone(),
        words: draft.words.clone(),
        created_at: tx.now(),
        published_at: None,
    };
    store::insert_version(tx, name, id, &version)?;
    Ok(version)
}

/// Has a draft sent from now on, in the place of the version before it. What was accepted before stays as it is.
pub fn publish(tx: &mut Tx<'_>, name: &TemplateName, number: u32) -> Result<Version, Error> {
    let version = store::version(tx, name, number)?.ok_or(Error::NoSuch("version"))?;
    compiled::compile(&version)?.prove()?;
    store::archive_published(tx, name)?;
    if !store::publish(tx, name, number)? {
        return Err(Error::NotADraft);
    }
    store::set_published(tx, name, number)?;
    Ok(Version { state: VersionState::Published, published_at: Some(tx.now()), ..version })
}

/// What a version would say, made by the engine that sends: with these variables, or with the samples.
pub fn preview(
    tx: &mut Tx<'_>,
    name: &TemplateName,
    number: Option<u32>,
    variables: Option<&Map<String, Value>>,
    locale: Option<&Locale>,
) -> Result<Preview, Error> {
    let (version, compiled): (u32, Arc<Compiled>) = match number {
        Some(number) if number > 0 => {
            let version = store::version(tx, name, number)?.ok_or(Error::NoSuch("version"))?;
            (number, compiled::compile(&version)?)
        }
        _ => match sendable(tx, name) {
            Ok(sendable) => (sendable.version, sendable.compiled),
            Err(Error::Misfit(_)) => return Err(Error::NoSuch("template")),
            Err(error) => return Err(error),
        },
    };
    let given = match variables {
        Some(variables) => checked(compiled.variables(), variables)?,
        None => samples(compiled.variables()),
    };
    let languages: Vec<Locale> = locale.into_iter().cloned().collect();
    let mut said = Vec::new();
    for channel in [Channel::Email, Channel::Sms, Channel::InApp] {
        if let Some(spoken) = compiled.locale(channel, &languages) {
            let rendered = compiled.render(channel, &languages, &given)?;
            said.push((channel, spoken.clone(), rendered));
        }
    }
    if said.is_empty() {
        return Err(Misfit::new("contents", "says nothing by any channel").into());
    }
    Ok(Preview { version, said })
}
