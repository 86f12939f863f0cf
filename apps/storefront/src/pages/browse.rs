//! Looking around: search and categories, with filters that stand in the address.

use axum::Extension;
use axum::extract::{Path, Query};
use axum::response::Response;
use contracts::{Currency, Money};
use maud::{Markup, html};
use serde::Deserialize;
use ui::face::{Failure, Sheet, Visit};
use ui::form::check;
use ui::{Field, Icon, empty, nav};

use super::{below, categories, category_address, category_links, goods, way_to};
use crate::api::{Category, Item, Listed};

/// What is looked for, as it stands in the address; what makes no sense is left out.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    min: String,
    #[serde(default)]
    max: String,
    #[serde(default)]
    in_stock: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    cursor: String,
}

/// Fills whole lines of two, three and four.
const A_PAGE: u32 = 24;
const SORTS: [(&str, &str); 4] = [
    ("newest", "Newest first"),
    ("price", "Price, low to high"),
    ("-price", "Price, high to low"),
    ("title", "Name"),
];

/// `GET /shop/search`.
pub async fn search_products(
    Extension(visit): Extension<Visit>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let (listed, categories) = tokio::join!(find(&visit, &wanted, None), categories(&visit));
    let title = if wanted.q.trim().is_empty() {
        "Everything we sell".to_owned()
    } else {
        format!("“{}”", wanted.q.trim())
    };
    let crumbs = nav::crumbs(&way_to(&categories, None), "Search");
    let links = category_links(&below(&categories, None), None);
    let main = html! {
        (crumbs)
        (found("/shop/search", &title, &wanted, &listed?, visit.face().currency, &links))
    };
    let sheet = if wanted.is_plain() {
        let about = format!("Everything that {} sells.", visit.face().name);
        Sheet::public(&title, "/shop/search", &about)
    } else {
        Sheet::private(&title)
    };
    Ok(sheet.seeking(&wanted.q).answer(&visit, &main))
}

/// `GET /shop/c/{category}`.
pub async fn show_category(
    Extension(visit): Extension<Visit>,
    Path(slug): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let categories = categories(&visit).await;
    let category = categories.iter().find(|category| category.slug == slug).ok_or(Failure::NotFound)?;
    let listed = find(&visit, &wanted, Some(category)).await?;
    let path = category_address(category);
    let mut way = way_to(&categories, Some(&category.id));
    way.pop();
    let main = html! {
        (nav::crumbs(&way, &category.title))
        (found(&path, &category.title, &wanted, &listed, visit.face().currency,
            &category_links(&below(&categories, Some(&category.id)), None)))
    };
    let about = format!(
        "{} at {}: see the range, compare prices and order online.",
        category.title,
        visit.face().name
    );
    let sheet = if wanted.is_plain() {
        Sheet::public(&category.title, &path, &about)
    } else {
        Sheet::private(&category.title)
    };
    Ok(sheet.seeking(&wanted.q).answer(&visit, &main))
}

async fn find(
    visit: &Visit,
    wanted: &Wanted,
    within: Option<&Category>,
) -> Result<Listed<Item>, client::Error> {
    visit.get(&wanted.request(visit.face().currency, within.map(|category| category.slug.as_str()))).await
}

impl Wanted {
    /// Whether nothing is asked: then search engines may know the page.
    fn is_plain(&self) -> bool {
        [&self.q, &self.min, &self.max, &self.in_stock, &self.sort, &self.cursor]
            .iter()
            .all(|text| text.is_empty())
    }

    fn sort(&self) -> &'static str {
        SORTS.iter().find(|(name, _)| *name == self.sort).map_or("newest", |(name, _)| name)
    }

    /// What the API is asked.
    fn request(&self, currency: Currency, category: Option<&str>) -> String {
        let minor = |text: &str| {
            let amount =
                Money::from_decimal(text.trim(), currency).ok().filter(|amount| !amount.is_negative());
            amount.map(|amount| amount.minor().to_string())
        };
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let parts = [
            ("q", some(&self.q)),
            ("category", category.map(str::to_owned)),
            ("min_price", minor(&self.min)),
            ("max_price", minor(&self.max)),
            ("currency", Some(currency.code().to_owned())),
            ("in_stock", (self.in_stock == "true").then(|| "true".to_owned())),
            ("sort", Some(self.sort().to_owned())),
            ("limit", Some(A_PAGE.to_string())),
            ("cursor", some(&self.cursor)),
        ];
        query("/api/v1/products", &parts)
    }

    /// The address of this search, at its beginning or after a cursor.
    fn address(&self, path: &str, cursor: Option<&str>) -> String {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let parts = [
            ("q", some(&self.q)),
            ("min", some(&self.min)),
            ("max", some(&self.max)),
            ("in_stock", some(&self.in_stock)),
            ("sort", some(&self.sort)),
            ("cursor", cursor.map(str::to_owned)),
        ];
        query(path, &parts)
    }
}

fn query(path: &str, parts: &[(&str, Option<String>)]) -> String {
    let said =
        parts.iter().filter_map(|(name, value)| Some(format!("{name}={}", client::encoded(value.as_ref()?))));
    let said: Vec<String> = said.collect();
    if said.is_empty() { path.to_owned() } else { format!("{path}?{}", said.join("&")) }
}

fn found(
    path: &str,
    title: &str,
    wanted: &Wanted,
    listed: &Listed<Item>,
    currency: Currency,
    links: &Markup,
) -> Markup {
    let next = listed.next_cursor.as_deref().map(|cursor| wanted.address(path, Some(cursor)));
    let first = (!wanted.cursor.is_empty()).then(|| wanted.address(path, None));
    html! {
        h1 { (title) }
        (links)
        div.browse {
            (filters(path, wanted, currency))
            section.stack {
                h2.hush { "Results" }
                @if listed.data.is_empty() {
                    (empty(Icon::Search, "Nothing fits", "Try another word, a wider price range, or look at everything.", Some(("/shop/search", "See everything"))))
                } @else {
                    (goods(&listed.data, 4))
                }
                (nav::pager(first.as_deref(), next.as_deref()))
            }
        }
    }
}

fn filters(path: &str, wanted: &Wanted, currency: Currency) -> Markup {
    let sort = wanted.sort();
    let is_used = !(wanted.min.is_empty() && wanted.max.is_empty() && wanted.in_stock.is_empty());
    html! {
        // On a phone the filters are folded away until they are wanted.
        details.filters open[is_used] {
            summary.button.second { "Filter and sort" }
            form.stack action=(path) method="get" {
                @if !wanted.q.is_empty() { (ui::form::hidden("q", &wanted.q)) }
                (Field::choice("sort", "Sort by", &SORTS).value(sort).shown())
                fieldset.field {
                    legend { "Price in " (currency.code()) }
                    div.range {
                        label { span.hush { "Lowest price" } input.control name="min" value=(wanted.min) inputmode="decimal" placeholder="from" maxlength="12"; }
                        span aria-hidden="true" { "–" }
                        label { span.hush { "Highest price" } input.control name="max" value=(wanted.max) inputmode="decimal" placeholder="to" maxlength="12"; }
                    }
                }
                (check("in_stock", "In stock only", wanted.in_stock == "true"))
                button.button.wide type="submit" { "Show" }
                @if !wanted.is_plain() { a.clear href=(path) { "Clear all" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_put_to_the_api_in_its_own_words_and_nonsense_is_left_out() {
        let wanted = Wanted {
            q: " tea & cups ".to_owned(),
            min: "12.50".to_owned(),
            max: "lots".to_owned(),
            in_stock: "true".to_owned(),
            sort: "; drop".to_owned(),
            cursor: String::new(),
        };
        assert_eq!(
            wanted.request(Currency::INR, Some("kitchen")),
            "/api/v1/products?q=tea%20%26%20cups&category=kitchen&min_price=1250&currency=INR&in_stock=true&sort=newest&limit=24"
        );
    }

    #[test]
    fn the_next_page_keeps_the_filters() {
        let wanted = Wanted { q: "mug".to_owned(), sort: "price".to_owned(), ..Wanted::default() };
        assert_eq!(wanted.address("/shop/search", Some("a/b")), "/shop/search?q=mug&sort=price&cursor=a%2Fb");
        assert_eq!(Wanted::default().address("/shop/search", None), "/shop/search");
    }
}
