//! The operations of `/openapi.json`, and for each a request that is as it should be.

use serde_json::{Map, Value, json};

use crate::wire::Request;

/// One operation of the document.
pub struct Operation {
    pub method: String,
    pub path: String,
    /// Whether its document lets anybody call it.
    pub is_public: bool,
    document: Value,
    schemas: Value,
}

/// All operations.
pub fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in
            ["get", "post", "put", "patch", "delete"].into_iter().filter(|method| item[method].is_object())
        {
            let security = item[method].get("security").unwrap_or(&document["security"]);
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                is_public: is_public(security),
                document: item[method].clone(),
                schemas: document["components"]["schemas"].clone(),
            });
        }
    }
    all
}

/// No requirement at all, or one that asks for nothing.
fn is_public(security: &Value) -> bool {
    let asks = |one: &Value| one.as_object().is_some_and(|schemes| !schemes.is_empty());
    security.as_array().is_none_or(|all| all.is_empty() || !all.iter().all(asks))
}

impl Operation {
    /// For messages.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The names in its path.
    pub fn path_names(&self) -> Vec<&str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
    }

    /// A request with these values in its path, and whatever else it must have.
    pub fn request(&self, value: impl Fn(&str) -> String) -> Request {
        let mut path = self.path.clone();
        for name in self.path_names() {
            path = path.replace(&format!("{{{name}}}"), &value(name));
        }
        let mut query = Vec::new();
        for parameter in self.document["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] == "query" && parameter["required"] == true {
                let sample = self.sample(&parameter["schema"]);
                query.push(format!("{}={}", parameter["name"].as_str().unwrap(), plain(&sample)));
            }
        }
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let request = Request::new(&self.method, &path);
        let content = &self.document["requestBody"]["content"]["application/json"];
        match content {
            Value::Null => request,
            content if content["example"].is_null() => {
                request.json(self.sample(&content["schema"]).to_string())
            }
            content => request.json(content["example"].to_string()),
        }
    }

    /// A value of the schema: its example, or the least that it allows.
    fn sample(&self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
            return self.sample(&self.schemas[name]);
        }
        for told in ["/example", "/examples/0", "/default", "/const", "/enum/0"] {
            if let Some(value) = schema.pointer(told) {
                return value.clone();
            }
        }
        if let Some(one) = ["/oneOf/0", "/anyOf/0"].iter().find_map(|place| schema.pointer(place)) {
            return self.sample(one);
        }
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let mut object: Map<String, Value> =
            parts.flat_map(|part| self.sample(part).as_object().cloned().unwrap_or_default()).collect();
        match schema["type"].as_str().or_else(|| schema["type"][0].as_str()) {
            Some("string") => json!("sample"),
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
            Some("boolean") => json!(true),
            Some("array") => {
                let least = schema["minItems"].as_u64().unwrap_or(0);
                (0..least).map(|_| self.sample(&schema["items"])).collect()
            }
            _ => {
                for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    object.insert(name.to_owned(), self.sample(&schema["properties"][name]));
                }
                Value::Object(object)
            }
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
