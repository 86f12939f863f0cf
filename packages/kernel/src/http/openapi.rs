//! The document of the API, from the same code as the routes: completed here with what is true of every route.

use http::Method;
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

/// The answers that any route may give, by status: code, and when.
const ERRORS: &[(&str, &str, &str)] = &[
    (
        "400",
        "malformed_json",
        "The request cannot be read: malformed JSON, a bad id in the path, a bad cursor.",
    ),
    ("401", "unauthenticated", "There is no token, or it is not valid."),
    ("403", "forbidden", "The caller may not do that."),
    ("404", "not_found", "There is no such thing, or it belongs to somebody else."),
    ("409", "conflict", "It contradicts what is stored, or the same request is still running."),
    ("413", "body_too_large", "The body is too large."),
    ("415", "not_json", "The body is not declared as JSON."),
    (
        "422",
        "invalid_input",
        "Fields of the input are wrong, or the idempotency key was used for another request.",
    ),
    ("429", "too_many_requests", "Too many requests; `Retry-After` says when to try again."),
    ("500", "internal", "Something went wrong on our side; it is in our log under the correlation id."),
    ("503", "unavailable", "Not now; `Retry-After` says when to try again."),
];

/// Completes a service's document: every error, the idempotency header, how callers say who they are, and what is for
/// administrators.
pub fn complete(api: OpenApi, service: &str, admin_paths: &[&str]) -> Value {
    let mut document = serde_json::to_value(api).unwrap_or_else(|_| json!({}));
    document["info"] = json!({ "title": format!("Stoa: {service}"), "version": env!("CARGO_PKG_VERSION") });
    document["openapi"] = json!("3.1.0");
    document["security"] = json!([{ "bearer": [] }, { "api_key": [] }]);
    document["components"]["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
        "api_key": { "type": "apiKey", "in": "header", "name": "x-api-key" },
    });
    let problem = serde_json::to_value(<super::ProblemBody as utoipa::PartialSchema>::schema());
    document["components"]["schemas"]["Problem"] = problem.unwrap_or_else(|_| json!({}));
    let Some(paths) = document["paths"].as_object_mut() else { return document };
    for (path, operations) in paths.iter_mut() {
        let is_admin = admin_paths.iter().any(|known| match known.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => path == known,
        });
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            if is_admin {
                operation["x-stoa"]["admin"] = json!(true);
            }
            let writes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE]
                .iter()
                .any(|known| known.as_str().eq_ignore_ascii_case(method));
            if let Some(operation) = operation.as_object_mut() {
                complete_operation(operation, writes);
            }
        }
    }
    document
}

fn complete_operation(operation: &mut Map<String, Value>, writes: bool) {
    let reads_body = operation.contains_key("requestBody");
    if writes {
        let header = json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Makes the write happen once: the same key and body get the stored answer, with `Idempotency-Replayed: true`. It may also stand in the body, as `idempotency_key`.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$" },
        });
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(header);
        }
    }
    let answers = operation.entry("responses").or_insert_with(|| json!({}));
    let Some(answers) = answers.as_object_mut() else { return };
    for (status, code, when) in ERRORS {
        if (*status == "413" || *status == "415") && !reads_body {
            continue;
        }
        answers.entry(*status).or_insert_with(|| {
            json!({
                "description": when,
                "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/Problem" },
                    "example": { "code": code, "message": when, "details": {}, "correlation_id": "5f0c7a9de1b24c06" },
                } },
            })
        });
    }
}

/// One document for several services; each one's schemas are named after it, so that none hides another's.
pub fn merge(documents: impl IntoIterator<Item = (impl AsRef<str>, Value)>) -> Value {
    let mut whole = json!({
        "openapi": "3.1.0",
        "info": { "title": "Stoa", "version": env!("CARGO_PKG_VERSION") },
        "security": [{ "bearer": [] }, { "api_key": [] }],
        "paths": {}, "components": {},
    });
    for (service, document) in documents {
        let document = under_its_name(service.as_ref(), document);
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let known = &mut whole["paths"][path][method];
                *known = match known.take() {
                    Value::Null => operation.clone(),
                    other => either(other, operation),
                };
            }
        }
        for (kind, named) in document["components"].as_object().into_iter().flatten() {
            for (name, value) in named.as_object().into_iter().flatten() {
                whole["components"][kind][name] = value.clone();
            }
        }
    }
    whole
}

/// One operation that two services share: what it takes and answers is either's, and its words are the first one's.
fn either(mut first: Value, second: &Value) -> Value {
    const SCHEMA: &str = "/content/application~1json/schema";
    let join = |first: &mut Value, second: &Value| {
        if first.is_null() {
            *first = second.clone();
        } else if let (Some(one), Some(other)) = (first.pointer_mut(SCHEMA), second.pointer(SCHEMA)) {
            *one = json!({ "anyOf": [one.take(), other] });
        }
    };
    // An example of one is none of the other.
    if let Some(content) =
        first.pointer_mut("/requestBody/content/application~1json").and_then(Value::as_object_mut)
    {
        content.remove("example");
    }
    join(&mut first["requestBody"], &second["requestBody"]);
    for (status, answer) in second["responses"].as_object().into_iter().flatten() {
        join(&mut first["responses"][status], answer);
    }
    for other in second["parameters"].as_array().into_iter().flatten() {
        let parameters = first["parameters"].as_array_mut();
        let same = |one: &&mut Value| one["name"] == other["name"] && one["in"] == other["in"];
        match parameters.and_then(|all| all.iter_mut().find(same)) {
            Some(one) if one["in"] == "path" => {
                one["schema"] = json!({ "anyOf": [one["schema"].take(), other["schema"]] })
            }
            Some(_) => {}
            None => match first["parameters"].as_array_mut() {
                Some(all) => all.push(other.clone()),
                None => first["parameters"] = json!([other]),
            },
        }
    }
    first
}

fn under_its_name(service: &str, document: Value) -> Value {
    let text = document.to_string().replace(SCHEMAS, &format!("{SCHEMAS}{service}."));
    // The envelope of errors is everybody's.
    let text = text.replace(&format!("{SCHEMAS}{service}.Problem\""), &format!("{SCHEMAS}Problem\""));
    let mut document: Value = serde_json::from_str(&text).unwrap_or(document);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        *schemas = std::mem::take(schemas)
            .into_iter()
            .map(
                |(name, schema)| {
                    if name == "Problem" { (name, schema) } else { (format!("{service}.{name}"), schema) }
                },
            )
            .collect();
    }
    document
}

const SCHEMAS: &str = "#/components/schemas/";
