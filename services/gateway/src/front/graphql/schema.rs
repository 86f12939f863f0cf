//! The schema, from the document of the API: each GET that answers JSON is a field of `Query`, each schema a type.

use std::collections::{BTreeMap, HashMap};

use graphql::{Argument, Field, Kind, Schema, Type, TypeRef};
use serde_json::{Map, Value, json};

use super::PATH;

/// What can be asked for at `/graphql`, and which route answers each field.
pub struct Graph {
    /// What can be asked for.
    pub schema: Schema,
    sources: HashMap<String, Source>,
}

/// The route that a field of `Query` is.
#[derive(Debug, PartialEq)]
pub struct Source {
    /// Its path, with its parameters in braces.
    pub path: String,
    parameters: Vec<Parameter>,
}

#[derive(Debug, PartialEq)]
struct Parameter {
    argument: String,
    name: String,
    in_path: bool,
}

/// The document has something of which no schema can be made.
#[derive(Debug, thiserror::Error)]
#[error("no GraphQL schema can be made of the documents: {0}")]
pub struct BadGraph(String);

/// Types as they are made of the document's schemas.
struct Making<'d> {
    schemas: &'d Map<String, Value>,
    /// What each type was made of, so that no name stands for two things.
    made: BTreeMap<String, (Value, Option<Type>)>,
}

impl Graph {
    /// What there is to read, by the document of all services.
    pub fn of(document: &Value) -> Result<Self, BadGraph> {
        let none = Map::new();
        let schemas = document["components"]["schemas"].as_object().unwrap_or(&none);
        let mut making = Making { schemas, made: BTreeMap::new() };
        let (mut fields, mut sources) = (Vec::new(), HashMap::new());
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            let operation = &item["get"];
            let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            let (Some(id), true) = (operation["operationId"].as_str(), answer.is_object()) else { continue };
            if path == PATH {
                continue;
            }
            let field = making.field(&camel_case(id), path, operation, answer)?;
            let parameters = parameters(operation).map(Parameter::of).collect();
            let source = Source { path: path.clone(), parameters };
            if sources.insert(field.name.clone(), source).is_some() {
                return Err(BadGraph(format!("there are two operations `{id}`")));
            }
            fields.push(field);
        }
        fields.sort_by(|one: &Field, other| one.name.cmp(&other.name));
        let types = making.made.into_values().filter_map(|(_, of)| of);
        Ok(Self { schema: Schema::new(fields, types), sources })
    }

    /// The route of a field.
    pub fn source(&self, field: &str) -> Option<&Source> {
        self.sources.get(field)
    }
}

impl Source {
    /// The path and query of a call with these arguments.
    pub fn address(&self, arguments: &Map<String, Value>) -> String {
        let (mut path, mut query) = (self.path.clone(), Vec::new());
        for parameter in &self.parameters {
            let value = match arguments.get(&parameter.argument) {
                None | Some(Value::Null) => continue,
                Some(Value::String(text)) => encoded(text),
                Some(other) => encoded(&other.to_string()),
            };
            if parameter.in_path {
                path = path.replace(&format!("{{{}}}", parameter.name), &value);
            } else {
                query.push(format!("{}={value}", parameter.name));
            }
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }
}

impl Parameter {
    fn of(declared: &Value) -> Self {
        let name = text(&declared["name"]).to_owned();
        Self { argument: name_of(&name), name, in_path: declared["in"] == "path" }
    }
}

impl Making<'_> {
    fn field(
        &mut self,
        name: &str,
        path: &str,
        operation: &Value,
        answer: &Value,
    ) -> Result<Field, BadGraph> {
        let mut arguments = Vec::new();
        for parameter in parameters(operation) {
            let own = text(&parameter["name"]);
            let of =
                self.shape(&parameter["schema"], &format!("{}{}", pascal_case(name), pascal_case(own)))?;
            // Whatever else a parameter is, in an address it is text.
            let of = if self.is_given(&of) { of } else { TypeRef::named("String") };
            let of = if parameter["required"] == true { of.required() } else { nullable(of) };
            let description = description_of(parameter).or_else(|| description_of(&parameter["schema"]));
            arguments.push(Argument { name: name_of(own), description, of, default: None });
        }
        let of = nullable(self.shape(answer, &format!("{}Answer", pascal_case(name)))?);
        let summary = text(&operation["summary"]);
        let description = Some(format!("{summary}\n\n`GET {path}`").trim_start().to_owned());
        Ok(Field { name: name.to_owned(), key: name.to_owned(), description, arguments, of })
    }

    fn is_given(&self, of: &TypeRef) -> bool {
        let is_enum = |(_, of): &(Value, Option<Type>)| matches!(of, Some(Type { kind: Kind::Enum(_), .. }));
        ["Int", "Long", "Float", "String", "Boolean"].contains(&of.name())
            || self.made.get(of.name()).is_some_and(is_enum)
    }

    /// The type of a schema; `name` is what it is called if nobody has named it.
    fn shape(&mut self, schema: &Value, name: &str) -> Result<TypeRef, BadGraph> {
        if let Some(component) = referred(schema) {
            let found = self.schemas.get(component).cloned().unwrap_or_default();
            return self.of_itself(&found, &type_name(component));
        }
        // Where it stands without its name it may have one elsewhere, at its own service first.
        let same = self.schemas.iter().filter(|(_, known)| *known == schema).map(|(component, _)| component);
        let at_home = |component: &&String| {
            component.split_once('.').is_some_and(|(service, _)| name.starts_with(&pascal_case(service)))
        };
        match same.clone().find(at_home).or(same.clone().next()) {
            Some(component) => self.of_itself(schema, &type_name(component)),
            None => self.of_itself(schema, name),
        }
    }

    fn of_itself(&mut self, schema: &Value, name: &str) -> Result<TypeRef, BadGraph> {
        if referred(schema).is_some() {
            return self.shape(schema, name);
        }
        if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            return self.one_of(choices, name);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let whole = self.joined(parts);
            return self.shape(&whole, name);
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().map(text).collect(),
            kind => vec![text(kind)],
        };
        let of = match kinds.iter().find(|kind| **kind != "null").copied().unwrap_or_default() {
            "string" if schema["enum"].is_array() => self.words(schema, name)?,
            "string" => TypeRef::named("String"),
            "boolean" => TypeRef::named("Boolean"),
            "integer" if schema["format"] == "int32" => TypeRef::named("Int"),
            "integer" => TypeRef::named("Long"),
            "number" => TypeRef::named("Float"),
            "array" => self.shape(&schema["items"], &format!("{name}Item"))?.list(),
            "object" if is_closed(schema) => self.object(schema, name)?,
            "object" => TypeRef::named("JSON"),
            // It says nothing of itself, so it may be anything.
            _ => return Ok(TypeRef::named("JSON")),
        };
        Ok(if kinds.contains(&"null") { of } else { of.required() })
    }

    fn one_of(&mut self, choices: &[Value], name: &str) -> Result<TypeRef, BadGraph> {
        let (nulls, others): (Vec<&Value>, Vec<&Value>) =
            choices.iter().partition(|one| one["type"] == "null");
        let mut of = Vec::new();
        for (at, choice) in others.iter().enumerate() {
            of.push(self.shape(choice, &format!("{name}{}", at + 1))?.required());
        }
        of.dedup();
        let one = match of.as_slice() {
            [only] => only.clone(),
            several if several.iter().all(|of| self.is_object(of)) => self.union(several)?,
            _ => return Ok(TypeRef::named("JSON")),
        };
        Ok(if nulls.is_empty() { one } else { nullable(one) })
    }

    fn is_object(&self, of: &TypeRef) -> bool {
        matches!(of, TypeRef::NonNull(inner) if matches!(&**inner, TypeRef::Named(name) if self.made.contains_key(name)))
            // A type that is being made is an object.
            && self.made.get(of.name()).is_some_and(|(_, of)| {
                of.as_ref().is_none_or(|of| matches!(of.kind, Kind::Object(_)))
            })
    }

    fn union(&mut self, members: &[TypeRef]) -> Result<TypeRef, BadGraph> {
        let members: Vec<String> = members.iter().map(|of| of.name().to_owned()).collect();
        let name = members.join("Or");
        self.make(&name, &json!({ "anyOf": members }), |_| Ok(Kind::Union(members.clone())))
    }

    /// Parts that together are one object.
    fn joined(&self, parts: &[Value]) -> Value {
        let (mut properties, mut required, mut about) = (Map::new(), Vec::new(), Value::Null);
        for part in parts {
            let part = referred(part).and_then(|name| self.schemas.get(name)).unwrap_or(part);
            properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
            required.extend(part["required"].as_array().cloned().unwrap_or_default());
            if about.is_null() {
                about = part["description"].clone();
            }
        }
        json!({ "type": "object", "properties": properties, "required": required, "description": about })
    }

    fn object(&mut self, schema: &Value, name: &str) -> Result<TypeRef, BadGraph> {
        self.make(name, schema, |making| {
            let mut fields: Vec<Field> = Vec::new();
            for (key, property) in schema["properties"].as_object().into_iter().flatten() {
                let of = making.shape(property, &format!("{name}{}", pascal_case(key)))?;
                let is_there =
                    schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == key));
                let of = if is_there { of } else { nullable(of) };
                let own = name_of(key);
                if fields.iter().any(|field| field.name == own) {
                    return Err(BadGraph(format!("`{name}` has two fields `{own}`")));
                }
                let description = description_of(property);
                fields.push(Field { name: own, key: key.clone(), description, arguments: Vec::new(), of });
            }
            Ok(Kind::Object(fields))
        })
    }

    fn words(&mut self, schema: &Value, name: &str) -> Result<TypeRef, BadGraph> {
        let words: Vec<String> =
            schema["enum"].as_array().into_iter().flatten().map(|word| text(word).to_owned()).collect();
        let can_be_said =
            |word: &String| name_of(word) == *word && !["true", "false", "null"].contains(&word.as_str());
        if words.is_empty() || !words.iter().all(can_be_said) {
            return Ok(TypeRef::named("String"));
        }
        self.make(name, schema, |_| Ok(Kind::Enum(words.clone())))
    }

    /// A type with a name, made once. While it is being made it may already be spoken of.
    fn make(
        &mut self,
        name: &str,
        schema: &Value,
        kind: impl FnOnce(&mut Self) -> Result<Kind, BadGraph>,
    ) -> Result<TypeRef, BadGraph> {
        match self.made.get(name) {
            Some((known, _)) if known == schema => return Ok(TypeRef::named(name)),
            Some(_) => return Err(BadGraph(format!("two schemas would be the type `{name}`"))),
            None => {}
        }
        self.made.insert(name.to_owned(), (schema.clone(), None));
        let of = Type { name: name.to_owned(), description: description_of(schema), kind: kind(self)? };
        self.made.insert(name.to_owned(), (schema.clone(), Some(of)));
        Ok(TypeRef::named(name))
    }
}

fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    all.filter(|parameter| parameter["in"] == "path" || parameter["in"] == "query")
}

fn referred(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

/// Whether an object has the fields that it names and no others.
fn is_closed(schema: &Value) -> bool {
    let has_fields = schema["properties"].as_object().is_some_and(|all| !all.is_empty());
    has_fields && matches!(schema["additionalProperties"], Value::Null | Value::Bool(false))
}

fn nullable(of: TypeRef) -> TypeRef {
    match of {
        TypeRef::NonNull(inner) => *inner,
        other => other,
    }
}

fn description_of(schema: &Value) -> Option<String> {
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    let own = [schema].into_iter().chain(choices).find_map(|one| one["description"].as_str());
    own.map(str::to_owned)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `wallet.Page_WalletPaymentView` is a `WalletPaymentViewPage`, `catalog.Price` a `CatalogPrice`.
fn type_name(component: &str) -> String {
    let (service, own) = component.split_once('.').unwrap_or(("", component));
    let own: String = own.rsplit('_').map(pascal_case).collect();
    let service = pascal_case(service);
    if own.starts_with(&service) { own } else { service + &own }
}

/// What a name has to be changed into, where it has other signs than names here may have.
fn name_of(name: &str) -> String {
    let plain: String =
        name.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
    if plain.starts_with(|char: char| char.is_ascii_digit()) { format!("_{plain}") } else { plain }
}

fn pascal_case(name: &str) -> String {
    let parts = name.split(|char: char| !char.is_ascii_alphanumeric());
    let raised = parts
        .map(|part| part.chars().take(1).map(|first| first.to_ascii_uppercase()).chain(part.chars().skip(1)));
    raised.flatten().collect()
}

fn camel_case(name: &str) -> String {
    let name = pascal_case(name);
    name.chars().take(1).map(|first| first.to_ascii_lowercase()).chain(name.chars().skip(1)).collect()
}

/// A text as one part of a path or query.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut whole, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            whole.push_str(&format!("%{byte:02X}"));
        }
        whole
    })
}
