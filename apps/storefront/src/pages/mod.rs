//! The pages, a file each, and what several of them show.

pub mod browse;
pub mod cart;
pub mod checkout;
pub mod home;
pub mod orders;
pub mod pay;
pub mod product;
pub mod state;

use maud::{Markup, html};
use ui::face::Visit;
use ui::{Icon, Tone, badge, icon, money, nav};

use crate::api::{Availability, Category, Image, Item};

/// A picture of the goods, or a box where there is none. Its frame has the size before it is there.
fn picture(image: Option<&Image>, eager: bool) -> Markup {
    html! {
        @match image.filter(|image| is_shown(&image.url)) {
            Some(image) => {
                img src=(image.url) alt=(image.alt.as_deref().unwrap_or_default()) width="400" height="500"
                    loading=(if eager { "eager" } else { "lazy" }) decoding="async";
            }
            None => { span.no-picture { (icon(Icon::Box)) } }
        }
    }
}

/// The picture of a line in a list, beside its title.
fn thumb(url: Option<&str>) -> Markup {
    let image = url.map(|url| Image { url: url.to_owned(), alt: None });
    html! { span.thumb { (picture(image.as_ref(), false)) } }
}

/// Pictures come over TLS or from this host: whatever else an address may say, a page does not load it.
fn is_shown(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with('/') && !url.starts_with("//")
}

/// Goods side by side.
fn goods(items: &[Item], first_eager: usize) -> Markup {
    html! {
        ul.goods.plain {
            @for (at, item) in items.iter().enumerate() { li { (card(item, at < first_eager)) } }
        }
    }
}

fn card(item: &Item, eager: bool) -> Markup {
    // The title says what the picture would.
    let image = item.image.clone().map(|image| Image { alt: None, ..image });
    html! {
        article.good {
            div.frame { (picture(image.as_ref(), eager)) }
            h3 { a href={ "/shop/p/" (client::encoded(&item.slug)) } { (item.title) } }
            p.price {
                @if let Some(price) = item.from_price {
                    @if item.variant_count > 1 { span.muted { "from " } }
                    (money::shown(price.money()))
                } @else { span.muted { "Not sold here at present" } }
            }
            @if item.availability != Availability::Plenty { p { (stock(item.availability)) } }
        }
    }
}

/// Whether a thing can be had; how many there are is ours to know.
fn stock(availability: Availability) -> Markup {
    match availability {
        Availability::Plenty => badge(Tone::Good, "In stock"),
        Availability::Few => badge(Tone::Warn, "Only a few left"),
        Availability::SoldOut => badge(Tone::Plain, "Sold out"),
    }
}

/// All categories, in their order. A shop without them is a shop still.
async fn categories(visit: &Visit) -> Vec<Category> {
    let listed = visit.get::<crate::api::Listed<Category>>("/api/v1/categories").await;
    let mut categories = listed.map(|listed| listed.data).unwrap_or_default();
    categories.sort_by(|one, other| (one.position, &one.title).cmp(&(other.position, &other.title)));
    categories
}

/// The categories below one, or the first ones.
fn below<'a>(categories: &'a [Category], parent: Option<&str>) -> Vec<&'a Category> {
    categories.iter().filter(|category| category.parent_id.as_deref() == parent).collect()
}

/// The way from the shop's first page to a category, as addresses and names, the category included.
fn way_to(categories: &[Category], id: Option<&str>) -> Vec<(String, String)> {
    let mut way = Vec::new();
    let mut at = id;
    // A category cannot be deeper than there are categories.
    while let (Some(id), true) = (at, way.len() <= categories.len()) {
        let Some(category) = categories.iter().find(|category| category.id == id) else { break };
        way.push((category_address(category), category.title.clone()));
        at = category.parent_id.as_deref();
    }
    way.push(("/shop".to_owned(), "Shop".to_owned()));
    way.reverse();
    way
}

fn category_address(category: &Category) -> String {
    format!("/shop/c/{}", client::encoded(&category.slug))
}

fn category_links(categories: &[&Category], here: Option<&str>) -> Markup {
    let list: Vec<(String, String)> =
        categories.iter().map(|category| (category_address(category), category.title.clone())).collect();
    html! { @if !list.is_empty() { (nav::ways("Categories", &list, here)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(id: &str, parent: Option<&str>) -> Category {
        Category {
            id: id.to_owned(),
            slug: id.to_owned(),
            title: id.to_uppercase(),
            parent_id: parent.map(str::to_owned),
            position: 0,
            product_count: 0,
        }
    }

    #[test]
    fn the_way_to_a_category_ends_even_where_it_goes_round() {
        let tree = [category("a", None), category("b", Some("a"))];
        let names: Vec<String> = way_to(&tree, Some("b")).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["Shop", "A", "B"]);
        let ring = [category("a", Some("b")), category("b", Some("a"))];
        assert!(way_to(&ring, Some("a")).len() <= 4);
        assert_eq!(way_to(&[], Some("x")).len(), 1);
    }

    #[test]
    fn a_page_loads_no_picture_from_an_open_wire() {
        for (url, shown) in [
            ("https://a/b.jpg", true),
            ("/shop/goods/mug.svg", true),
            ("http://a/b", false),
            ("//a/b", false),
            ("javascript:x", false),
        ] {
            assert_eq!(is_shown(url), shown, "{url}");
        }
    }
}
