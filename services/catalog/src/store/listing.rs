//! The statements that list products: one walk along one index, whatever is asked for.

use std::sync::LazyLock;

use contracts::ProductId;
use kernel::params;
use kernel::store::{Bytes, Json, StoreError, Tx, Value};
use serde::Deserialize;

use crate::domain::listing::{Filter, Item, Key, Place, Sort};
use crate::domain::search::{WORDS_MAX, range};
use crate::domain::text::{Alt, ImageUrl};
use crate::domain::{Availability, CategoryId, Image, Price, Status};

#[derive(Deserialize)]
struct ItemRow {
    id: ProductId,
    slug: String,
    title: String,
    category_id: Option<CategoryId>,
    status: Status,
    face_url: Option<ImageUrl>,
    face_alt: Option<Alt>,
    from_prices: Json<Vec<Price>>,
    availability: Availability,
    variant_count: u32,
    amount: i64,
}

const SORTS: [Sort; 4] = [Sort::Newest, Sort::Cheapest, Sort::Dearest, Sort::Title];

/// For each order, the statement for each number of words.
static STATEMENTS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    SORTS.map(|sort| (0..=WORDS_MAX).map(|words| statement(sort, words)).collect()).to_vec()
});

/// One list of products, from `place` on. The joins are crossed to be walked as they are written.
fn statement(sort: Sort, words: usize) -> String {
    let (behind, order, next) = match sort {
        Sort::Newest => ("s.product_id < $9", "s.product_id desc", 10),
        Sort::Cheapest => ("(s.amount, s.product_id) > ($10, $9)", "s.amount, s.product_id", 11),
        Sort::Dearest => ("(s.amount, s.product_id) < ($10, $9)", "s.amount desc, s.product_id desc", 11),
        Sort::Title => ("(s.title_key, s.product_id) > ($10, $9)", "s.title_key, s.product_id", 11),
    };
    let place = |word: usize| (next + 2 * word, next + 2 * word + 1);
    let (with, from) = match words {
        0 => (String::new(), "shelves as s"),
        // The longest word is in the fewest products: they are looked at one by one.
        _ => {
            let (begin, end) = place(0);
            let with = format!(
                "with found as materialized (select distinct w.product_id from product_search as w
                   where w.project_id = $1 and w.token >= ${begin} and w.token < ${end}) "
            );
            (with, "found as f cross join shelves as s")
        }
    };
    let found = if words > 0 { "and s.product_id = f.product_id" } else { "" };
    let others: String = (1..words)
        .map(|word| {
            let (begin, end) = place(word);
            format!(
                " and exists (select 1 from product_search as w where w.project_id = $1
                   and w.product_id = s.product_id and w.token >= ${begin} and w.token < ${end})"
            )
        })
        .collect();
    format!(
        "{with}select p.id, p.slug, p.title, p.category_id, p.status, p.face_url, p.face_alt, p.from_prices,
           p.availability, p.variant_count, s.amount
         from {from} cross join products as p
         where s.project_id = $1
           and s.place = coalesce((select c.id from categories as c where c.project_id = $1 and c.slug = $2), $2)
           and s.currency = $3 and s.status = $4 and s.amount between $5 and $6 and (s.in_stock or not $7) {found}
           and {behind} and p.project_id = $1 and p.id = s.product_id{others}
         order by {order} limit $8"
    )
}

/// Products of a list from `place` on.
pub fn items(tx: &mut Tx<'_>, filter: &Filter, place: &Place, limit: u32) -> Result<Vec<Item>, StoreError> {
    let (least, most) = filter.amounts();
    let category = filter.category.as_ref().map(|category| category.as_str()).unwrap_or_default();
    let currency = filter.shelf_currency().map(|currency| currency.code()).unwrap_or_default();
    let status = filter.status.unwrap_or(Status::OnSale);
    let mut params =
        params![tx.project()?, category, currency, status, least, most, filter.in_stock, limit, place.id]
            .to_vec();
    match &place.key {
        Key::Newest => {}
        Key::Amount(amount) => params.push(Value::of(amount)),
        Key::Title(title) => params.push(Value::of(title)),
    }
    for (begin, end) in filter.words.iter().map(|word| range(word)) {
        params.extend([Value::of(&Bytes(begin)), Value::of(&Bytes(end))]);
    }
    let of_sort = SORTS.iter().position(|sort| *sort == filter.sort).and_then(|at| STATEMENTS.get(at));
    let sql = of_sort.and_then(|of_sort| of_sort.get(filter.words.len()));
    let sql = sql.ok_or_else(|| StoreError::Sql("there is no list for so many words".into()))?;
    let rows: Vec<ItemRow> = tx.rows(sql, &params)?;
    Ok(rows.into_iter().map(|row| row.item(filter)).collect())
}

impl ItemRow {
    fn item(self, filter: &Filter) -> Item {
        let Self { id, slug, title, category_id, status, availability, variant_count, amount, .. } = self;
        let image = self.face_url.zip(self.face_alt).map(|(url, alt)| Image { url, alt });
        let from_price = filter.shown(&self.from_prices.0);
        Item { id, slug, title, image, category_id, status, from_price, availability, variant_count, amount }
    }
}

#[cfg(test)]
mod tests {
    use contracts::{Id, ProjectId};
    use kernel::migrations;
    use kernel::store::Scope;
    use kernel::testing::{Place, run};

    use super::*;

    /// How the embedded engine goes about a statement, in its own words.
    fn plan(sort: Sort, words: usize) -> Vec<String> {
        let place = Place::sqlite();
        let store = place.store("catalog", migrations!["0001_catalog.sql"]);
        let sql: &'static str =
            Box::leak(format!("explain query plan {}", statement(sort, words)).into_boxed_str());
        let width = if sort == Sort::Newest { 9 } else { 10 } + 2 * words;
        let scope = Scope::Project(ProjectId::from_u128(1));
        let steps: Vec<(i64, i64, i64, String)> = run(async {
            store.read(scope, move |tx| tx.rows(sql, &vec![Value::Null; width])).await.unwrap()
        });
        steps.into_iter().map(|(_, _, _, step)| step).collect()
    }

    #[test]
    fn a_list_is_one_walk_along_an_index_that_holds_all_it_asks() {
        for (sort, index) in [
            (Sort::Newest, "shelves_newest"),
            (Sort::Cheapest, "shelves_price"),
            (Sort::Dearest, "shelves_price"),
            (Sort::Title, "shelves_title"),
        ] {
            let steps = plan(sort, 0);
            assert!(steps[0].contains(&format!("COVERING INDEX {index}")), "{sort:?}: {steps:#?}");
            let sorted = steps.iter().any(|step| step.contains("TEMP B-TREE") || step.starts_with("SCAN"));
            assert!(!sorted, "{sort:?}: {steps:#?}");
        }
    }

    #[test]
    fn a_search_walks_the_range_of_its_longest_word() {
        for sort in SORTS {
            let steps = plan(sort, 3);
            let ranges = steps.iter().filter(|step| step.contains("token>? AND token<?")).count();
            assert_eq!(ranges, 3, "{sort:?}: {steps:#?}");
            let scanned = steps.iter().filter(|step| step.starts_with("SCAN")).count();
            assert_eq!(scanned, 1, "what was found, and nothing else: {steps:#?}");
        }
    }
}
