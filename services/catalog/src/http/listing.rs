//! Lists of products, and one product.

use contracts::Currency;
use kernel::http::{Answer, Answering, Caller, Ctx, Path, Problem, Query};
use kernel::store::{BadPage, Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::ProductView;
use super::{Eye, look};
use crate::domain::Status;
use crate::domain::listing::{Filter, Item, Place, Sort};
use crate::domain::price::AMOUNT_MAX;
use crate::domain::search;
use crate::domain::text::{CategoryName, ProductName, Wanted};
use crate::error::Error;
use crate::store;

/// Which products are wanted, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Words of the title, of variants or SKUs, at most 8: each must be there, or the beginning of one.
    #[param(inline)]
    q: Option<Wanted>,
    /// The id or the slug of a category; what is below it counts.
    #[param(inline)]
    category: Option<CategoryName>,
    /// The lowest price, in minor units of `currency` or, without it, of the currency that is shown.
    #[param(minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    min_price: Option<i64>,
    /// The highest price.
    #[param(minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    max_price: Option<i64>,
    /// Prices in this currency. Where prices filter or order, what has none in it is left out.
    #[param(inline)]
    currency: Option<Currency>,
    /// Only what can be bought now.
    in_stock: Option<bool>,
    /// The order; `newest` when nothing is said.
    #[param(inline)]
    sort: Option<Sort>,
    /// `on_sale` when nothing is said; for another one needs `catalog:write`.
    #[param(inline)]
    status: Option<Status>,
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before, with everything else the same.
    cursor: Option<String>,
}

/// Lists products, or searches them.
#[utoipa::path(get, path = "/api/v1/products", tag = "products", params(Asked),
    responses((status = 200, description = "A page of products.", body = Page<Item>)))]
pub(super) async fn list_products(
    ctx: Ctx,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answer<Page<Item>> {
    let (scope, eye) = look(&caller)?;
    let page = PageQuery { limit: asked.limit, cursor: asked.cursor.clone() };
    let limit = page.limit()?;
    let filter = asked.filter(eye)?;
    let place = match page.after::<Place>()? {
        Some(place) if filter.has(&place) => place,
        Some(_) => return Err(BadPage::Cursor.into()),
        None => filter.start(),
    };
    let list = filter.clone();
    let rows = ctx.read(scope, move |tx| store::listing::items(tx, &list, &place, limit + 1)).await;
    rows.map(|rows| Page::of(rows, limit, |item| filter.place_of(item))).answered()
}

/// Shows a product. Its stock changes without its version, so that the answer has no `ETag`.
#[utoipa::path(get, path = "/api/v1/products/{id}", tag = "products",
    params(("id" = inline(ProductName), Path, description = "The id of a product or its slug.")),
    responses((status = 200, description = "The product.", body = ProductView)))]
pub(super) async fn get_product(
    ctx: Ctx,
    caller: Caller,
    Path(name): Path<ProductName>,
) -> Answer<ProductView> {
    let (scope, eye) = look(&caller)?;
    let found = ctx.read(scope, move |tx| {
        let product = store::products::product(tx, &name)?;
        let shown = product.filter(|product| eye == Eye::Operator || product.status == Status::OnSale);
        shown.ok_or(Error::NoSuch("product"))
    });
    found.await.map(|product| ProductView::of(product, eye)).answered()
}

impl Asked {
    fn filter(self, eye: Eye) -> Result<Filter, Problem> {
        for (field, price) in [("min_price", self.min_price), ("max_price", self.max_price)] {
            if price.is_some_and(|price| !(0..=AMOUNT_MAX).contains(&price)) {
                return Err(Problem::field(field, format!("is a number from 0 to {AMOUNT_MAX}")));
            }
        }
        if eye == Eye::Buyer && self.status.is_some_and(|status| status != Status::OnSale) {
            return Err(Problem::forbidden("only those who may change the catalog see what is not on sale"));
        }
        let words = self.q.as_ref().map_or(Ok(Vec::new()), search::wanted);
        Ok(Filter {
            words: words.map_err(|bad| Problem::field("q", bad.to_string()))?,
            category: self.category,
            price_min: self.min_price,
            price_max: self.max_price,
            currency: self.currency,
            in_stock: self.in_stock.unwrap_or(false),
            status: self.status,
            sort: self.sort.unwrap_or_default(),
        })
    }
}
