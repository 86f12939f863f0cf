//! Queries from outside: what they tell is what the routes tell, to whom the routes tell it.

use serde_json::{Value, json};

use crate::document::Operation;
use crate::person::text;
use crate::server::Server;
use crate::stage::Stage;
use crate::tenants::{Tenants, absent};
use crate::trade::Shop;
use crate::wire::{Reply, Request};

const TYPES: &str =
    "{ __schema { queryType { fields { name description args { name type { ...T } } type { ...T } } }
    types { name kind fields { name args { name } type { ...T } } possibleTypes { name } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name }}}}}}}} }";
/// Types stand in each other, some in themselves: deeper than this nothing is asked for.
const DEPTH_MAX: usize = 7;

fn ask(server: &Server, query: &str, token: Option<&str>) -> Value {
    let request = Request::post("/graphql", &json!({ "query": query }));
    let reply = server.ask(&token.iter().fold(request, |request, token| request.bearer(token)));
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    reply.json()
}

/// The schema as a client finds it.
struct Types(Value);

impl Types {
    fn of(server: &Server) -> Self {
        let answer = ask(server, TYPES, None);
        assert_eq!(answer["errors"], Value::Null);
        Self(answer["data"]["__schema"].clone())
    }

    /// The field of `Query` that is this operation.
    fn field(&self, operation: &Operation) -> Option<&Value> {
        let told = format!("`GET {}`", operation.path);
        let mut fields = self.0["queryType"]["fields"].as_array().unwrap().iter();
        fields.find(|field| field["description"].as_str().is_some_and(|text| text.ends_with(&told)))
    }

    fn named(&self, of: &Value) -> &Value {
        let mut of = of;
        while !of["ofType"].is_null() {
            of = &of["ofType"];
        }
        self.0["types"].as_array().unwrap().iter().find(|known| known["name"] == of["name"]).unwrap()
    }

    /// Everything that can be chosen of a type.
    fn selection(&self, of: &Value, depth: usize) -> String {
        let of = self.named(of);
        let all = match of["kind"].as_str().unwrap() {
            "OBJECT" => {
                let fields = of["fields"].as_array().unwrap().iter().filter(|field| {
                    let has_fields =
                        ["OBJECT", "UNION"].iter().any(|kind| self.named(&field["type"])["kind"] == *kind);
                    depth < DEPTH_MAX || !has_fields
                });
                fields
                    .map(|field| {
                        format!(
                            "{}{} ",
                            field["name"].as_str().unwrap(),
                            self.selection(&field["type"], depth + 1)
                        )
                    })
                    .collect::<String>()
            }
            "UNION" => {
                // What both have is what can be asked for without another name.
                let members = of["possibleTypes"].as_array().unwrap().iter();
                members
                    .map(|member| format!("... on {} {{ __typename id }} ", member["name"].as_str().unwrap()))
                    .collect()
            }
            _ => return String::new(),
        };
        format!(" {{ {all}}}")
    }

    /// The query that asks for all that this request answers.
    fn query(&self, field: &Value, operation: &Operation, request: &Request) -> String {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let declared = operation.path.split('/').zip(path.split('/'));
        let in_path =
            declared.filter_map(|(name, value)| Some((name.strip_prefix('{')?.strip_suffix('}')?, value)));
        let in_query = query.split('&').filter_map(|pair| pair.split_once('='));
        let arguments: Vec<String> = in_path
            .chain(in_query)
            .filter_map(|(name, value)| {
                let known = field["args"].as_array().unwrap().iter().find(|known| known["name"] == name)?;
                let of = self.named(&known["type"]);
                let is_text = of["name"] == "String";
                Some(if is_text { format!("{name}: {}", json!(value)) } else { format!("{name}: {value}") })
            })
            .collect();
        let arguments =
            if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
        format!(
            "{{ it: {}{arguments}{} }}",
            field["name"].as_str().unwrap(),
            self.selection(&field["type"], 0)
        )
    }
}

/// What a query says of the only thing that it asks for is what the route says.
fn tells_the_same(name: &str, asked: &str, queried: &Value, reply: &Reply) {
    if reply.status == 200 {
        assert_eq!(queried["errors"], Value::Null, "{name}: {asked}: {}", reply.text());
        assert_ne!(queried["data"]["it"], Value::Null, "{name}: {asked}");
        return;
    }
    let said = reply.json();
    assert_eq!(queried["data"], json!({ "it": null }), "{name}: {asked}");
    let error = &queried["errors"][0];
    assert_eq!(
        (&error["extensions"]["status"], &error["extensions"]["code"], &error["message"], &error["path"]),
        (&json!(reply.status), &said["code"], &said["message"], &json!(["it"])),
        "{name}: {asked}"
    );
    assert_eq!(queried["errors"].as_array().unwrap().len(), 1, "{name}");
}

#[test]
fn a_query_tells_everybody_what_the_routes_tell_them() {
    for stage in Stage::both() {
        let tenants = Tenants::on(&stage);
        let (types, mut fields, mut answered) = (Types::of(&tenants.server), 0, 0);
        for operation in tenants.operations().iter().filter(|operation| operation.method == "GET") {
            let Some(field) = types.field(operation) else { continue };
            fields += 1;
            let own = tenants.request(operation);
            let gone = operation.request(|name| absent(&tenants.owned(operation, name)));
            let callers = [
                ("the first", Some(&tenants.first)),
                ("the second", Some(&tenants.second)),
                ("nobody", None),
            ];
            for (request, (caller, token)) in
                [&own, &gone].into_iter().flat_map(|one| callers.map(|who| (one, who)))
            {
                let name = format!("{}: {} by {caller}", stage.engine(), operation.name());
                let reply = tenants
                    .server
                    .ask(&token.iter().fold(request.clone(), |request, token| request.bearer(token)));
                let asked = types.query(field, operation, request);
                let queried = ask(&tenants.server, &asked, token.map(String::as_str));
                tells_the_same(&name, &asked, &queried, &reply);
                answered += usize::from(reply.status == 200);
                if caller != "the first" {
                    let told =
                        tenants.secrets().into_iter().find(|secret| queried.to_string().contains(secret));
                    assert_eq!(told, None, "{name}");
                }
            }
        }
        eprintln!("{}: {fields} fields, {answered} of their calls answered", stage.engine());
        assert!(fields >= 90, "the schema lost its fields: {fields}");
        assert!(answered >= 150, "so few are answered that nothing is compared: {answered}");
        tenants.server.has_not_panicked();
    }
}

#[test]
fn a_buyer_asks_for_the_shop_and_for_what_is_theirs_in_one_question() {
    for stage in Stage::both() {
        let server = stage.start();
        let shop = Shop::of(&stage, &server);
        let variant = shop.sells("rake-7", 1_200, 9);
        let (ann, ben) = (shop.buyer("ann"), shop.buyer("ben"));
        let order = shop.placed(&ann, &variant, 2);
        let query = format!(
            "{{ getMe {{ id email }} getOrder(id: {id}) {{ id status lines {{ quantity variant_id }} }}
                listProducts(q: \"rake-7\", limit: 5) {{ data {{ id title }} next_cursor }} }}",
            id = json!(order)
        );
        let answer = ask(&server, &query, Some(&ann.token));
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        let data = &answer["data"];
        assert_eq!(data["getOrder"]["lines"], json!([{ "quantity": 2, "variant_id": variant }]));
        let product = &data["listProducts"]["data"][0];
        assert_eq!(product["title"], "rake-7");
        let nested = format!(
            "{{ getProduct(id: {}) {{ title variants {{ id sku prices {{ amount currency }} }} }} }}",
            product["id"]
        );
        let nested = ask(&server, &nested, Some(&ann.token));
        assert_eq!(nested["data"]["getProduct"]["variants"][0]["id"], variant, "{nested}");
        assert_eq!(nested["data"]["getProduct"]["variants"][0]["prices"][0]["amount"], 1_200);
        let others = ask(&server, &query, Some(&ben.token));
        assert_eq!(
            (&others["data"]["getOrder"], &others["data"]["listProducts"]),
            (&Value::Null, &data["listProducts"])
        );
        assert_eq!(others["errors"][0]["extensions"]["status"], 404, "{others}");
    }
}

#[test]
fn the_administrator_of_the_demo_signs_in_and_asks() {
    let stage = Stage::embedded();
    let server = stage.start();
    let shown = json!({ "email": "operator@demo.example", "password": "open the demo door" });
    let token = text(&server.post("/api/v1/auth/login", &shown), "access_token");
    let query = "query($n: Int) { getMe { email } listProducts(limit: $n) { data { title } } listMembers { data { id } } }";
    let asked = json!({ "query": query, "variables": { "n": 2 } });
    let answer = server.ask(&Request::post("/graphql", &asked).bearer(&token)).json();
    assert_eq!(answer["data"]["getMe"]["email"], "operator@demo.example", "{answer}");
    assert_eq!(answer["data"]["listProducts"]["data"].as_array().unwrap().len(), 2, "{answer}");
    let page = server.ask(&Request::get("/graphql").header("accept", "text/html"));
    let page = page.text();
    let example = page.split_once("<pre").and_then(|(_, rest)| rest.split_once('>')).unwrap().1;
    let example = ask(&server, example.split_once("</pre>").unwrap().0, Some(&token));
    assert_eq!(example["errors"], Value::Null, "the page's own example: {example}");
    assert_eq!(example["data"]["listProducts"]["data"].as_array().unwrap().len(), 5, "{example}");
}
