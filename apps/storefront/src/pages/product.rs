//! One product: its pictures, its variants, and the way into the cart.

use axum::Extension;
use axum::extract::Path;
use axum::response::Response;
use contracts::{Currency, Money};
use maud::{Markup, html};
use serde_json::{Value, json};
use ui::face::{Failure, Sheet, Visit, token_field};
use ui::{Field, Icon, icon, money, nav, price};

use super::{categories, is_shown, picture, stock, way_to};
use crate::api::{Availability, Image, Product, Variant};

/// What search engines show of a description.
const ABOUT_LETTERS_MAX: usize = 155;
const AT_ONCE: [(&str, &str); 9] = [
    ("1", "1"),
    ("2", "2"),
    ("3", "3"),
    ("4", "4"),
    ("5", "5"),
    ("6", "6"),
    ("7", "7"),
    ("8", "8"),
    ("9", "9"),
];

/// `GET /shop/p/{slug}`.
pub async fn show_product(
    Extension(visit): Extension<Visit>,
    Path(slug): Path<String>,
) -> Result<Response, Failure> {
    let path = format!("/api/v1/products/{}", client::encoded(&slug));
    let (product, categories) = tokio::join!(visit.get::<Product>(&path), categories(&visit));
    let product = product?;
    let currency = visit.face().currency;
    let about = shortened(product.description.as_deref().unwrap_or(&product.title));
    let page = format!("/shop/p/{}", client::encoded(&product.slug));
    let absolute = |url: &str| {
        if url.starts_with('/') { format!("{}{url}", visit.face().origin) } else { url.to_owned() }
    };
    let cover = product.images.iter().find(|image| is_shown(&image.url)).map(|image| absolute(&image.url));
    let facts = facts(&product, currency, &visit, &page, cover.as_deref());
    let main = html! {
        (nav::crumbs(&way_to(&categories, product.category_id.as_deref()), &product.title))
        div.product {
            (gallery(&product))
            div.stack {
                h1 { (product.title) }
                (offer(&visit, &product, currency))
                @if let Some(text) = &product.description {
                    div.prose { @for part in text.split("\n\n").filter(|part| !part.trim().is_empty()) { p { (part) } } }
                }
                (particulars(&product))
            }
        }
    };
    let sheet = Sheet::public(&product.title, &page, &about).showing("product", cover, facts.to_string());
    Ok(sheet.answer(&visit, &main))
}

/// The product's own pictures, and those of its variants that are not among them.
fn images(product: &Product) -> Vec<Image> {
    let mut images = product.images.clone();
    for variant in &product.variants {
        let Some(url) = &variant.image_url else { continue };
        if images.iter().all(|image| image.url != *url) {
            images.push(Image { url: url.clone(), alt: Some(variant.title.clone()) });
        }
    }
    images
}

fn gallery(product: &Product) -> Markup {
    let images = images(product);
    let titled = |image: &Image| {
        let alt = image.alt.clone().unwrap_or_else(|| product.title.clone());
        Image { alt: Some(alt), ..image.clone() }
    };
    html! {
        div.gallery {
            @if images.is_empty() { div.frame { (picture(None, true)) } }
            @for (at, image) in images.iter().enumerate() {
                div.frame { (picture(Some(&titled(image)), at == 0)) }
            }
        }
    }
}

/// The price, the choice and the button; what cannot be had says so in the button's place.
fn offer(visit: &Visit, product: &Product, currency: Currency) -> Markup {
    let sold: Vec<(&Variant, Money)> =
        product.variants.iter().filter_map(|variant| Some((variant, variant.price_in(currency)?))).collect();
    let to_be_had = |variant: &Variant| variant.availability != Availability::SoldOut;
    let chosen = sold.iter().find(|(variant, _)| to_be_had(variant));
    html! {
        @match (sold.as_slice(), chosen) {
            ([], _) => { p.muted { "This is not sold here at present." } }
            ([(_, amount), ..], None) => {
                p.price.large { (money::shown(*amount)) }
                p { (stock(Availability::SoldOut)) }
                p.muted { "All of it is sold. Look again later." }
            }
            (_, Some((first, amount))) => {
                @if sold.len() == 1 {
                    p.price.large { (money::shown(*amount)) }
                    p { (stock(first.availability)) }
                }
                form.stack.offer method="post" action="/shop/cart/lines" {
                    (token_field(visit))
                    @if sold.len() == 1 {
                        (ui::form::hidden("variant_id", &first.id))
                    } @else {
                        (choices(&sold, &first.id))
                    }
                    div.buy {
                        (Field::choice("quantity", "Quantity", &AT_ONCE).shown())
                        button.button type="submit" { (icon(Icon::Bag)) "Add to cart" }
                    }
                }
            }
        }
    }
}

fn choices(sold: &[(&Variant, Money)], chosen: &str) -> Markup {
    html! {
        fieldset.field.variants {
            legend { "Choose one" }
            @for (variant, amount) in sold {
                @let gone = variant.availability == Availability::SoldOut;
                label.variant {
                    input type="radio" name="variant_id" value=(variant.id) checked[variant.id == chosen] disabled[gone] required;
                    span.grow.variant-name {
                        span { (variant.title) }
                        @if variant.availability != Availability::Plenty { (stock(variant.availability)) }
                    }
                    span.num { (price(*amount)) }
                }
            }
        }
    }
}

fn particulars(product: &Product) -> Markup {
    html! {
        ul.promises.plain.narrow-promises {
            li { (icon(Icon::Truck)) div { p.strong { "Held for you while you pay" } p.small.muted { "Your goods are put aside the moment you order." } } }
            li { (icon(Icon::Lock)) div { p.strong { "Secure payment" } p.small.muted { "We never see your card." } } }
        }
        p.small.muted { "Article " @for (at, variant) in product.variants.iter().enumerate() { @if at > 0 { ", " } (variant.sku) } }
    }
}

fn facts(product: &Product, currency: Currency, visit: &Visit, page: &str, cover: Option<&str>) -> Value {
    let url = format!("{}{page}", visit.face().origin);
    let offers: Vec<Value> = product
        .variants
        .iter()
        .filter_map(|variant| {
            let amount = variant.price_in(currency)?;
            let availability = match variant.availability {
                Availability::Plenty => "https://schema.org/InStock",
                Availability::Few => "https://schema.org/LimitedAvailability",
                Availability::SoldOut => "https://schema.org/OutOfStock",
            };
            Some(json!({"@type": "Offer", "sku": variant.sku, "price": amount.to_decimal(),
                "priceCurrency": currency.code(), "availability": availability, "url": url,
                "itemCondition": "https://schema.org/NewCondition",
                "seller": {"@type": "Organization", "name": visit.face().name}}))
        })
        .collect();
    json!({"@context": "https://schema.org", "@type": "Product", "name": product.title, "url": url,
        "description": product.description, "image": cover, "offers": offers})
}

/// As much as search engines show, cut between words.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= ABOUT_LETTERS_MAX {
        return line;
    }
    let cut: String = line.chars().take(ABOUT_LETTERS_MAX).collect();
    format!("{}…", cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_cut_between_words() {
        assert_eq!(shortened("a  b\nc"), "a b c");
        let long = shortened(&"word ".repeat(60));
        assert!(long.ends_with("word…") && long.chars().count() <= ABOUT_LETTERS_MAX + 1, "{long}");
    }
}
