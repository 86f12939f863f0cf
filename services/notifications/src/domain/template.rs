//! Templates: what they say in which language, what they must be given, and how a version lives.

use contracts::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::words::{Category, Locale, TemplateName, VariableName};

contracts::ids! {
    /// A template of a project.
    TemplateId = "tpl";
    /// One version of a template.
    VersionId = "tpv";
}

/// What a template says in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The language.
    pub locale: Locale,
    /// As a mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email: Option<EmailWords>,
    /// As a short message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sms: Option<SmsWords>,
    /// In the inbox of the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub in_app: Option<InAppWords>,
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailWords {
    /// One line.
    #[schema(min_length = 1, max_length = 500, example = "Your order {{ order_number }}")]
    pub subject: String,
    /// For readers without HTML.
    #[schema(min_length = 1, max_length = 50000)]
    pub text: String,
    /// For everybody else; variables are escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 200000)]
    pub html: Option<String>,
}

/// A short message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsWords {
    /// The text.
    #[schema(min_length = 1, max_length = 1600)]
    pub text: String,
}

/// A line in an inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InAppWords {
    /// What it is about.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// What it says.
    #[schema(min_length = 1, max_length = 2000)]
    pub body: String,
}

/// What a variable may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Any text.
    Text,
    /// A whole number, such as an amount in minor units.
    Integer,
    /// Yes or no.
    Boolean,
    /// An address that may stand behind a link.
    Url,
    /// A time like 2026-11-21T09:47:35Z.
    Time,
    /// Several of something.
    List,
}

/// Something that a template is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name.
    pub name: VariableName,
    /// What it may be.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Whether nothing can be sent without it; yes when nothing is said.
    #[serde(default = "yes")]
    pub required: bool,
    /// A value to try the template with.
    pub sample: Value,
}

/// Where a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VersionState {
    /// It can be looked at.
    Draft,
    /// It is sent.
    Published,
    /// Another one took its place.
    Archived,
}

/// One version, which never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Which: 0 is one of ours.
    pub number: u32,
    /// Its name among all versions of all templates; ours have none.
    pub id: Option<VersionId>,
    /// Where it stands.
    pub state: VersionState,
    /// What it is given.
    pub variables: Vec<Variable>,
    /// What it says.
    pub words: Vec<Words>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was first sent.
    pub published_at: Option<Timestamp>,
}

/// A template without its versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Its id.
    pub id: TemplateId,
    /// Its name.
    pub name: TemplateName,
    /// What such messages are about.
    pub category: Category,
    /// The version that is sent.
    pub published: Option<u32>,
    /// The newest version.
    pub latest: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is wrong with a template, or with what it was given: the field, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {why}")]
pub struct Misfit {
    /// Where: `variables.order_number`.
    pub field: String,
    /// Why.
    pub why: String,
}

/// Languages of one version at most.
pub const LOCALES_MAX: usize = 30;
/// Variables of one version at most.
pub const VARIABLES_MAX: usize = 50;

fn yes() -> bool {
    true
}

impl Misfit {
    /// `field` is wrong, and why.
    pub fn new(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self { field: field.into(), why: why.into() }
    }
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
            Self::Url => value.as_str().is_some_and(is_link),
            Self::Time => value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok()),
            Self::List => value.is_array(),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Text => "is a text",
            Self::Integer => "is a whole number",
            Self::Boolean => "is true or false",
            Self::Url => "is a link that begins with https://, http:// or mailto:",
            Self::Time => "is a time like 2026-11-21T09:47:35Z",
            Self::List => "is a list",
        }
    }

    /// What stands for a value that is not there: it prints nothing, and there is nothing in it.
    fn absent(self) -> Value {
        match self {
            Self::List => Value::Array(Vec::new()),
            Self::Text | Self::Integer | Self::Boolean | Self::Url | Self::Time => Value::Null,
        }
    }
}

/// A script behind a link is no link.
fn is_link(text: &str) -> bool {
    let known = ["https://", "http://", "mailto:"];
    known.iter().any(|scheme| text.starts_with(scheme))
        && !text.contains(|letter: char| letter.is_control() || letter.is_whitespace())
}

/// What a template is rendered with: each declared variable, checked; those left out are empty.
pub fn checked(declared: &[Variable], given: &Map<String, Value>) -> Result<Map<String, Value>, Misfit> {
    let known = |name: &str| declared.iter().any(|variable| variable.name.as_str() == name);
    if let Some(stranger) = given.keys().find(|name| !known(name)) {
        return Err(Misfit::new(format!("variables.{stranger}"), "is not a variable of this template"));
    }
    let mut filled = Map::new();
    for variable in declared {
        let name = variable.name.as_str();
        let value = match given.get(name).filter(|value| !value.is_null()) {
            Some(value) if variable.kind.fits(value) => value.clone(),
            Some(_) => return Err(Misfit::new(format!("variables.{name}"), variable.kind.expected())),
            None if variable.required => {
                return Err(Misfit::new(format!("variables.{name}"), "is needed by this template"));
            }
            None => variable.kind.absent(),
        };
        filled.insert(name.to_owned(), value);
    }
    Ok(filled)
}

/// The values to try a version with.
pub fn samples(declared: &[Variable]) -> Map<String, Value> {
    declared.iter().map(|variable| (variable.name.to_string(), variable.sample.clone())).collect()
}

/// What is wrong with a version before anybody looks at its templates.
pub fn check_shape(variables: &[Variable], words: &[Words]) -> Result<(), Misfit> {
    if variables.len() > VARIABLES_MAX {
        return Err(Misfit::new("variables", format!("has at most {VARIABLES_MAX} entries")));
    }
    if !(1..=LOCALES_MAX).contains(&words.len()) {
        return Err(Misfit::new("contents", format!("has 1 to {LOCALES_MAX} entries")));
    }
    for (at, variable) in variables.iter().enumerate() {
        if variables.iter().take(at).any(|earlier| earlier.name == variable.name) {
            return Err(Misfit::new(format!("variables[{at}].name"), "is there twice"));
        }
        if !variable.kind.fits(&variable.sample) {
            return Err(Misfit::new(format!("variables[{at}].sample"), variable.kind.expected()));
        }
    }
    for (at, each) in words.iter().enumerate() {
        if words.iter().take(at).any(|earlier| earlier.locale == each.locale) {
            return Err(Misfit::new(format!("contents[{at}].locale"), "is there twice"));
        }
        check_words(at, each)?;
    }
    Ok(())
}

fn check_words(at: usize, words: &Words) -> Result<(), Misfit> {
    let mut sizes: Vec<(&str, &str, usize)> = Vec::new();
    if let Some(EmailWords { subject, text, html }) = &words.email {
        sizes.extend([("email.subject", subject.as_str(), 500), ("email.text", text.as_str(), 50_000)]);
        sizes.extend(html.iter().map(|html| ("email.html", html.as_str(), 200_000)));
    }
    sizes.extend(words.sms.iter().map(|sms| ("sms.text", sms.text.as_str(), 1_600)));
    if let Some(InAppWords { title, body }) = &words.in_app {
        sizes.extend([("in_app.title", title.as_str(), 200), ("in_app.body", body.as_str(), 2_000)]);
    }
    if sizes.is_empty() {
        return Err(Misfit::new(format!("contents[{at}]"), "says something by email, sms or in_app"));
    }
    match sizes.iter().find(|(_, text, letters_max)| text.is_empty() || text.chars().count() > *letters_max) {
        Some((field, _, letters_max)) => {
            Err(Misfit::new(format!("contents[{at}].{field}"), format!("has 1 to {letters_max} letters")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variable(name: &str, kind: Kind, required: bool, sample: Value) -> Variable {
        Variable { name: VariableName::try_from(name.to_owned()).unwrap(), kind, required, sample }
    }

    fn given(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn what_is_given_fits_what_is_declared_and_the_misfit_is_named() {
        let declared = [
            variable("name", Kind::Text, true, json!("Ann")),
            variable("amount", Kind::Integer, false, json!(5)),
            variable("link", Kind::Url, false, json!("https://example.com")),
            variable("lines", Kind::List, false, json!([])),
        ];
        let filled = checked(&declared, &given(json!({ "name": "Ann" }))).unwrap();
        assert_eq!(
            Value::Object(filled),
            json!({ "name": "Ann", "amount": null, "link": null, "lines": [] })
        );
        for (wrong, field) in [
            (json!({}), "variables.name"),
            (json!({ "name": 5 }), "variables.name"),
            (json!({ "name": null }), "variables.name"),
            (json!({ "name": "Ann", "amount": 1.5 }), "variables.amount"),
            (json!({ "name": "Ann", "link": "javascript:alert(1)" }), "variables.link"),
            (json!({ "name": "Ann", "nmae": "Ann" }), "variables.nmae"),
        ] {
            assert_eq!(checked(&declared, &given(wrong)).unwrap_err().field, field);
        }
    }

    #[test]
    fn a_version_says_something_once_in_each_language() {
        let sms = |locale: &str, text: &str| Words {
            locale: Locale::try_from(locale.to_owned()).unwrap(),
            email: None,
            sms: Some(SmsWords { text: text.to_owned() }),
            in_app: None,
        };
        assert_eq!(check_shape(&[], &[sms("en", "Hello"), sms("de", "Hallo")]), Ok(()));
        let field =
            |variables: &[Variable], words: &[Words]| check_shape(variables, words).unwrap_err().field;
        assert_eq!(field(&[], &[]), "contents");
        assert_eq!(field(&[], &[sms("en", "a"), sms("en", "b")]), "contents[1].locale");
        assert_eq!(field(&[], &[sms("en", "")]), "contents[0].sms.text");
        assert_eq!(field(&[], &[Words { sms: None, ..sms("en", "") }]), "contents[0]");
        let twice =
            [variable("a", Kind::Text, true, json!("x")), variable("a", Kind::Text, true, json!("x"))];
        assert_eq!(field(&twice, &[sms("en", "a")]), "variables[1].name");
        let wrong = [variable("a", Kind::Integer, true, json!("x"))];
        assert_eq!(field(&wrong, &[sms("en", "a")]), "variables[0].sample");
    }
}
