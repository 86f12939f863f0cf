//! What a browser shows at `/graphql`: an example, and the fields that can be asked for.

use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};

use super::Graph;
use crate::http::page;

const EXAMPLE: &str = "query Shop($limit: Int = 5) {
  listProducts(limit: $limit) {
    data { id title from_price { amount currency } }
  }
  getMe { id name }
}";

/// The page.
pub fn shown(graph: &Graph) -> Response {
    Html(page("GraphQL", &content(graph))).into_response()
}

fn content(graph: &Graph) -> Markup {
    html! {
        h1 { "GraphQL" }
        p { "Everything that can be read over " a href="/docs" { "the API" } ", in one question. Send it by POST as "
            code { "{\"query\": …, \"variables\": …}" } ", with the token or key that you would send to the routes. Clients find the "
            "types by introspection." }
        pre tabindex="0" { (EXAMPLE) }
        h2 { "What can be asked for" }
        table {
            thead { tr { th scope="col" { "field" } th scope="col" { "type" } th scope="col" { "meaning" } } }
            tbody { @for field in graph.schema.fields() { tr {
                td { code { (field.name)
                    @if !field.arguments.is_empty() { "(" @for (at, argument) in field.arguments.iter().enumerate() {
                        @if at > 0 { ", " } (argument.name) ": " (argument.of)
                    } ")" } } }
                td { code { (field.of) } }
                td { (field.description.as_deref().and_then(|text| text.lines().next()).unwrap_or_default()) }
            } } }
        }
    }
}
