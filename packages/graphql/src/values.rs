//! Values that are given: literals of a query and variables of a request, made what their types say.

use serde_json::{Map, Number, Value as Json};

use crate::ast::{Literal, Operation, Value};
use crate::error::Error;
use crate::schema::{Argument, Kind, Scalar, Schema, Type, TypeRef};

/// What the variables of a request are.
pub(crate) type Given = Map<String, Json>;

impl Schema {
    /// A literal as this type has it. Where `given` is not known yet, any variable fits.
    pub(crate) fn literal(
        &self,
        of: &TypeRef,
        value: &Value<'_>,
        given: Option<&Given>,
    ) -> Result<Json, Error> {
        let wrong = |what: &str| Error::invalid(format!("expected {of}, found {what}"), value.place);
        match (of, &value.is) {
            (_, Literal::Variable(name)) => match given {
                None => Ok(Json::Null),
                Some(given) => match given.get(*name) {
                    None | Some(Json::Null) if of.is_required() => {
                        Err(wrong(&format!("no value in `${name}`")))
                    }
                    found => Ok(found.cloned().unwrap_or_default()),
                },
            },
            (TypeRef::NonNull(_), Literal::Null) => Err(wrong("null")),
            (TypeRef::NonNull(inner), _) => self.literal(inner, value, given),
            (_, Literal::Null) => Ok(Json::Null),
            (TypeRef::List(item), Literal::List(values)) => {
                values.iter().map(|value| self.literal(item, value, given)).collect()
            }
            // One is a list of one.
            (TypeRef::List(item), _) => Ok(Json::Array(vec![self.literal(item, value, given)?])),
            (TypeRef::Named(name), literal) => {
                let of = self.get(name).ok_or_else(|| wrong("nothing"))?;
                leaf_of(of, literal, given).ok_or_else(|| wrong(&shown(literal)))
            }
        }
    }

    /// A value of a request as this type has it.
    fn variable(&self, of: &TypeRef, value: &Json) -> Option<Json> {
        match (of, value) {
            (TypeRef::NonNull(_), Json::Null) => None,
            (TypeRef::NonNull(inner), _) => self.variable(inner, value),
            (_, Json::Null) => Some(Json::Null),
            (TypeRef::List(item), Json::Array(values)) => {
                values.iter().map(|value| self.variable(item, value)).collect()
            }
            (TypeRef::List(item), _) => Some(Json::Array(vec![self.variable(item, value)?])),
            (TypeRef::Named(name), _) => match &self.get(name)?.kind {
                Kind::Scalar(Scalar::Id) if value.is_i64() => Some(Json::from(value.to_string())),
                Kind::Scalar(scalar) => scalar.holds(value).then(|| value.clone()),
                Kind::Enum(words) => {
                    words.iter().any(|word| value.as_str() == Some(word)).then(|| value.clone())
                }
                Kind::Object(_) | Kind::Union(_) => None,
            },
        }
    }

    /// The variables of an operation, from what the request says of them.
    pub(crate) fn given(&self, operation: &Operation<'_>, said: &Given) -> Result<Given, Error> {
        let mut given = Given::new();
        for variable in &operation.variables {
            let (name, of) = (variable.name.text, TypeRef::from(&variable.of));
            let value = match (said.get(name), &variable.default) {
                (Some(value), _) => self.variable(&of, value).ok_or_else(|| {
                    Error::invalid(format!("the value of `${name}` is no {of}"), variable.name.place)
                })?,
                (None, Some(default)) => self.literal(&of, default, None)?,
                (None, None) if of.is_required() => {
                    let message = format!("`${name}` needs a value, of the type {of}");
                    return Err(Error::invalid(message, variable.name.place));
                }
                (None, None) => continue,
            };
            given.insert(name.to_owned(), value);
        }
        Ok(given)
    }

    /// The arguments that a field or directive declares, from those that were written.
    pub(crate) fn arguments(
        &self,
        declared: &[Argument],
        written: &[crate::ast::Argument<'_>],
        given: &Given,
    ) -> Result<Given, Error> {
        let mut all = Given::new();
        for argument in declared {
            let found = written.iter().find(|one| one.name.text == argument.name).map(|one| &one.value);
            // A variable without a value is as if nothing had been written.
            let is_said = |value: &&Value<'_>| !matches!(value.is, Literal::Variable(name) if !given.contains_key(name));
            let value = match found.filter(is_said) {
                Some(value) => Some(self.literal(&argument.of, value, Some(given))?),
                None => argument.default.clone(),
            };
            if let Some(value) = value {
                all.insert(argument.name.clone(), value);
            }
        }
        Ok(all)
    }
}

impl Scalar {
    /// Whether this is one of its values.
    pub(crate) fn holds(self, value: &Json) -> bool {
        match self {
            Self::Int => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            Self::Long => value.is_i64(),
            Self::Float => value.is_number(),
            Self::String | Self::Id => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Json => true,
        }
    }
}

fn leaf_of(of: &Type, literal: &Literal<'_>, given: Option<&Given>) -> Option<Json> {
    match (&of.kind, literal) {
        (Kind::Enum(words), Literal::Enum(word)) => {
            words.iter().any(|known| known == word).then(|| Json::from(*word))
        }
        (Kind::Scalar(Scalar::Json), _) => any(literal, given),
        (Kind::Scalar(Scalar::Id), Literal::Int(text)) => Some(Json::from(*text)),
        // What is written like a word of an enum is no text.
        (Kind::Scalar(_), Literal::Enum(_) | Literal::List(_) | Literal::Object(_)) => None,
        (Kind::Scalar(scalar), _) => any(literal, given).filter(|value| scalar.holds(value)),
        (Kind::Enum(_) | Kind::Object(_) | Kind::Union(_), _) => None,
    }
}

/// A literal as JSON, whatever its type.
fn any(literal: &Literal<'_>, given: Option<&Given>) -> Option<Json> {
    Some(match literal {
        Literal::Variable(name) => given.and_then(|given| given.get(*name)).cloned().unwrap_or_default(),
        Literal::Int(text) => match text.parse::<i64>() {
            Ok(number) => Json::from(number),
            Err(_) => float(text)?,
        },
        Literal::Float(text) => float(text)?,
        Literal::Text(text) => Json::from(text.as_str()),
        Literal::Boolean(is) => Json::from(*is),
        Literal::Null => Json::Null,
        Literal::Enum(word) => Json::from(*word),
        Literal::List(items) => {
            Json::Array(items.iter().map(|item| any(&item.is, given)).collect::<Option<_>>()?)
        }
        Literal::Object(fields) => {
            let field =
                |one: &crate::ast::Argument<'_>| Some((one.name.text.to_owned(), any(&one.value.is, given)?));
            Json::Object(fields.iter().map(field).collect::<Option<_>>()?)
        }
    })
}

fn float(text: &str) -> Option<Json> {
    Number::from_f64(text.parse().ok()?).map(Json::Number)
}

fn shown(literal: &Literal<'_>) -> String {
    match literal {
        Literal::Variable(name) => format!("`${name}`"),
        Literal::Int(text) | Literal::Float(text) | Literal::Enum(text) => format!("`{text}`"),
        Literal::Text(_) => "a text".to_owned(),
        Literal::Boolean(is) => format!("`{is}`"),
        Literal::Null => "null".to_owned(),
        Literal::List(_) => "a list".to_owned(),
        Literal::Object(_) => "an object".to_owned(),
    }
}
