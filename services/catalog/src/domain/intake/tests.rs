//! What sheets promise: a round trip changes nothing, and a bad row spoils itself alone.

use contracts::{Currency, Id, Money};
use proptest::prelude::*;

use super::*;
use crate::domain::category::{CategoryId, Node};
use crate::domain::price::Price;
use crate::domain::sheet::{Sheet, write_head, write_product};
use crate::domain::stock::Stock;
use crate::domain::text::ImageUrl;

const NOW: Timestamp = Timestamp::from_millis(7);

fn tree() -> Tree {
    let node = |number: u128, slug: &str| Node {
        id: CategoryId::from_u128(number),
        slug: Slug::try_from(slug.to_owned()).unwrap(),
        parent_id: None,
    };
    Tree::of(vec![node(1, "garden"), node(2, "kitchen")])
}

fn texts<T: TryFrom<String> + std::fmt::Debug>(pattern: &'static str) -> impl Strategy<Value = T> {
    let parsed = |text: String| T::try_from(text).ok();
    pattern.prop_filter_map("no such text", parsed)
}

fn prices() -> impl Strategy<Value = Prices> {
    let price =
        (0_i64..1_000_000, prop_oneof![Just(Currency::INR), Just(Currency::JPY), Just(Currency::KWD)])
            .prop_map(|(minor, currency)| Price::of(Money::new(minor, currency)).unwrap());
    proptest::collection::vec(price, 0..3)
        .prop_filter_map("a currency twice", |all| Prices::try_from(all).ok())
}

fn variants() -> impl Strategy<Value = Vec<Variant>> {
    let image = proptest::option::of(Just(ImageUrl::try_from("https://a/b.jpg".to_owned()).unwrap()));
    let one = (texts::<VariantTitle>("['=+a\"]{0,3}"), prices(), image, 0_i64..50);
    proptest::collection::vec(one, 1..4).prop_map(|all| {
        let numbered = all.into_iter().zip(0_u32..);
        let variant = |((title, prices, image_url, on_hand), position)| Variant {
            id: VariantId::from_u128(0),
            position,
            sku: Sku::try_from("unset".to_owned()).unwrap(),
            title,
            prices,
            image_url,
            stock: Stock { on_hand, committed: 0 },
        };
        numbered.map(variant).collect()
    })
}

fn products() -> impl Strategy<Value = Vec<Product>> {
    let status = prop_oneof![Just(Status::Draft), Just(Status::OnSale), Just(Status::Archived)];
    let category = proptest::option::of((1_u128..3).prop_map(CategoryId::from_u128));
    let one = (
        texts::<Title>("['=@é,\"a]{1,4}"),
        texts::<Description>("[\t\r\n'=,\"b ]{0,6}"),
        category,
        status,
        variants(),
    );
    proptest::collection::vec(one, 1..5).prop_map(|all| {
        let numbered = all.into_iter().zip(1_u128..);
        numbered
            .map(|((title, description, category_id, status, mut variants), number)| {
                for (variant, at) in variants.iter_mut().zip(0_u128..) {
                    variant.id = VariantId::from_u128(number * 100 + at);
                    variant.sku = Sku::try_from(format!("s{number}-{at}")).unwrap();
                }
                let slug = Slug::try_from(format!("p{number}")).unwrap();
                Product {
                    id: ProductId::from_u128(number),
                    slug,
                    title,
                    description,
                    category_id,
                    status,
                    images: Vec::new(),
                    variants,
                    version: 1,
                    created_at: NOW,
                    updated_at: NOW,
                }
            })
            .collect()
    })
}

/// Has a sheet taken in, all of its pieces at once.
fn take(products: Vec<Product>, text: &str) -> (Vec<Revision>, Vec<(u32, BadCell)>) {
    let (tree, sheet) = (tree(), Sheet::read(text).unwrap());
    let mut intake = Intake::into(products, &tree, NOW);
    let mut bad = Vec::new();
    for (number, row) in sheet.pieces.iter().flat_map(|piece| piece.rows(&sheet.columns)) {
        let ids = (ProductId::from_u128(number.into()), VariantId::from_u128(number.into()));
        match row {
            Ok(row) => bad.extend(intake.take(&row, ids).err().map(|cell| (number, cell))),
            Err(cells) => bad.extend(cells.into_iter().map(|cell| (number, cell))),
        }
    }
    (intake.revisions(), bad)
}

fn written(products: &[Product]) -> String {
    let mut text = String::new();
    write_head(&mut text);
    products.iter().for_each(|product| write_product(product, &tree(), &mut text));
    text
}

proptest! {
    #[test]
    fn what_went_out_comes_in_and_changes_nothing(products in products()) {
        let (revisions, bad) = take(products.clone(), &written(&products));
        prop_assert_eq!(bad, vec![]);
        prop_assert_eq!(revisions.len(), products.len());
        for revision in revisions {
            prop_assert_eq!(Some(revision.after), revision.before);
        }
    }

    #[test]
    fn what_went_out_makes_the_same_shop_anew(products in products()) {
        let text = written(&products);
        let (revisions, bad) = take(Vec::new(), &text);
        prop_assert_eq!(bad, vec![]);
        let made: Vec<Product> = revisions.into_iter().map(|revision| revision.after).collect();
        prop_assert_eq!(written(&made), text);
    }

    #[test]
    fn taken_twice_is_taken_once(products in products()) {
        let text = written(&products);
        let made: Vec<Product> = take(Vec::new(), &text).0.into_iter().map(|one| one.after).collect();
        let again = take(made.clone(), &text).0;
        prop_assert_eq!(again.into_iter().map(|one| one.after).collect::<Vec<_>>(), made);
    }
}

#[test]
fn a_bad_row_spoils_itself_alone() {
    let text = "sku,title,category,price,currency\na,A,,1.00,INR\nb,B,nowhere,2.00,INR\nc,,,3,INR\nd,D,garden,4,INR\n";
    let (revisions, bad) = take(Vec::new(), text);
    let titles: Vec<_> = revisions.iter().map(|one| one.after.title.to_string()).collect();
    assert_eq!(titles, ["A", "D"]);
    let places: Vec<_> = bad.iter().map(|(row, cell)| (*row, cell.column)).collect();
    assert_eq!(places, [(3, Some(Column::Category)), (4, Some(Column::Title))]);
}

#[test]
fn rows_of_one_slug_are_variants_of_one_product_and_rows_of_one_sku_are_prices() {
    let text =
        "sku,title,variant_title,price,currency\na,Hose,10 m,1,INR\na,Hose,10 m,2,EUR\nb,Hose,20 m,3,INR\n";
    let (revisions, bad) = take(Vec::new(), text);
    assert_eq!((revisions.len(), bad), (1, vec![]));
    let prices: Vec<usize> = revisions[0].after.variants.iter().map(|variant| variant.prices.len()).collect();
    assert_eq!(prices, [2, 1]);
}

#[test]
fn a_name_that_another_product_has_or_had_at_first_is_taken() {
    let made: Vec<Product> =
        take(Vec::new(), "sku,title\na,A\nb,B\n").0.into_iter().map(|one| one.after).collect();
    let (revisions, bad) = take(made, "sku,slug\nb,c\na,b\n");
    let slugs: Vec<_> = revisions.iter().map(|one| one.after.slug.to_string()).collect();
    assert_eq!(slugs, ["a", "c"]);
    assert_eq!(bad, [(3, BadCell::at(Column::Slug, "another product has it"))]);
}
