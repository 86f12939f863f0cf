//! A sheet of products: its columns, what a row says, and the rows that a product makes.

use std::str::FromStr;

use contracts::{BadText, Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::category::Tree;
use super::csv::{self, Records};
use super::price::Price;
use super::product::{Product, Status};
use super::stock::ON_HAND_MAX;
use super::text::{Description, ImageUrl, Sku, Slug, Title, VariantTitle};

/// The most rows of one sheet.
pub const ROWS_MAX: u32 = 100_000;
/// Rows that are worked off at a time.
const ROWS_PER_PIECE: usize = 200;

/// Where the import of a sheet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Nothing of it is done yet.
    Queued,
    /// Some of it is done.
    Running,
    /// All of it is done; bad rows were left out.
    Done,
    /// It was given up, since too many of its rows are bad. What was done stays.
    Failed,
}

/// A column of a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// What tells variants apart; the one column that must be there.
    Sku,
    /// The product's title.
    Title,
    /// The variant's.
    VariantTitle,
    /// The product's slug.
    Slug,
    /// The slug of its category.
    Category,
    /// What is said about it.
    Description,
    /// A price as people write it.
    Price,
    /// Its currency.
    Currency,
    /// How much there is.
    OnHand,
    /// The variant's picture.
    ImageUrl,
    /// Whether the product is shown.
    Status,
}

/// What a row says; none is not said. One none inside another is said to be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which variant.
    pub sku: Sku,
    /// The product's title.
    pub title: Option<Title>,
    /// The variant's.
    pub variant_title: Option<VariantTitle>,
    /// The product's slug.
    pub slug: Option<Slug>,
    /// The slug of its category.
    pub category: Option<Option<Slug>>,
    /// What is said about it.
    pub description: Option<Description>,
    /// What it costs in one currency.
    pub price: Option<Price>,
    /// How much there is.
    pub on_hand: Option<i64>,
    /// The variant's picture.
    pub image_url: Option<Option<ImageUrl>>,
    /// Whether the product is shown.
    pub status: Option<Status>,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCell {
    /// In which column; none is the whole row.
    pub column: Option<Column>,
    /// For people.
    pub message: String,
}

/// Why a text is no sheet of products.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSheet(String);

/// A sheet, in pieces that are worked off one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// How many rows say something.
    pub rows: u32,
    /// Its rows.
    pub pieces: Vec<Piece>,
}

/// Some rows of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The number of its first row; that of the head is 1.
    pub first_row: u32,
    /// They as they stand.
    pub text: String,
}

impl Column {
    /// All, in the order in which they are written.
    pub const ALL: [Self; 11] = [
        Self::Sku,
        Self::Title,
        Self::VariantTitle,
        Self::Slug,
        Self::Category,
        Self::Description,
        Self::Price,
        Self::Currency,
        Self::OnHand,
        Self::ImageUrl,
        Self::Status,
    ];

    /// What stands above it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sku => "sku",
            Self::Title => "title",
            Self::VariantTitle => "variant_title",
            Self::Slug => "slug",
            Self::Category => "category",
            Self::Description => "description",
            Self::Price => "price",
            Self::Currency => "currency",
            Self::OnHand => "on_hand",
            Self::ImageUrl => "image_url",
            Self::Status => "status",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }
}

impl Sheet {
    /// Takes a text apart as far as must be known before it is worked off.
    pub fn read(text: &str) -> Result<Self, BadSheet> {
        let mut records = Records::of(text);
        let head = records.next().ok_or_else(|| BadSheet("the sheet is empty".into()))?;
        let head = head.cells.map_err(|bad| BadSheet(format!("row 1: {bad}")))?;
        let columns = columns(&head)?;
        let (mut rows, mut pieces) = (0_u32, Vec::<Piece>::new());
        for (index, record) in records.enumerate() {
            let number = u32::try_from(index + 2).unwrap_or(u32::MAX);
            if record.cells == Err(csv::BadRecord::Unclosed) {
                return Err(BadSheet(format!("row {number}: {}", csv::BadRecord::Unclosed)));
            }
            if !record.is_blank() {
                rows += 1;
            }
            if number > ROWS_MAX {
                return Err(BadSheet(format!("a sheet has at most {ROWS_MAX} rows")));
            }
            if index % ROWS_PER_PIECE == 0 {
                pieces.push(Piece { first_row: number, text: String::new() });
            }
            if let Some(piece) = pieces.last_mut() {
                piece.text.push_str(record.text);
            }
        }
        if rows == 0 {
            Err(BadSheet("the sheet has no rows".into()))
        } else {
            Ok(Self { columns, rows, pieces })
        }
    }
}

impl Piece {
    /// What its rows say, by their numbers; blank ones say nothing.
    pub fn rows(&self, columns: &[Column]) -> Vec<(u32, Result<Row, Vec<BadCell>>)> {
        let numbered = Records::of(&self.text).zip(self.first_row..);
        let told = numbered.filter(|(record, _)| !record.is_blank());
        told.map(|(record, number)| {
            let row = match record.cells {
                Ok(cells) => read(columns, &cells),
                Err(bad) => Err(vec![BadCell::whole(bad.to_string())]),
            };
            (number, row)
        })
        .collect()
    }
}

impl BadCell {
    /// Something is wrong in a column.
    pub fn at(column: Column, message: impl Into<String>) -> Self {
        Self { column: Some(column), message: message.into() }
    }

    /// Something is wrong with the whole row.
    pub fn whole(message: impl Into<String>) -> Self {
        Self { column: None, message: message.into() }
    }
}

fn columns(head: &[String]) -> Result<Vec<Column>, BadSheet> {
    let mut columns = Vec::new();
    for name in head {
        let name = name.trim().to_lowercase();
        let column = Column::named(&name).ok_or_else(|| {
            let known = Column::ALL.map(Column::name).join(", ");
            let name: String = name.chars().filter(|letter| !letter.is_control()).take(50).collect();
            BadSheet(format!("there is no column `{name}`; the columns are {known}"))
        })?;
        if columns.contains(&column) {
            return Err(BadSheet(format!("the column `{}` is there twice", column.name())));
        }
        columns.push(column);
    }
    if columns.contains(&Column::Sku) {
        Ok(columns)
    } else {
        Err(BadSheet("the column `sku` is missing".into()))
    }
}

/// The cells of a row by their columns, and what was found wrong with them.
struct Cells<'c> {
    columns: &'c [Column],
    cells: &'c [String],
    bad: Vec<BadCell>,
}

impl<'c> Cells<'c> {
    /// What stands in a column, none where there is no such column.
    fn raw(&self, column: Column) -> Option<&'c str> {
        let at = self.columns.iter().position(|other| *other == column)?;
        self.cells.get(at).map(|cell| csv::plain(cell))
    }

    /// The same without spaces around it.
    fn said(&self, column: Column) -> Option<&'c str> {
        self.raw(column).map(str::trim)
    }

    fn parsed<T, E: ToString>(&mut self, column: Column, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|bad| self.bad.push(BadCell::at(column, bad.to_string()))).ok()
    }

    /// A text that is there; an empty cell says nothing.
    fn text<T: TryFrom<String, Error = BadText>>(&mut self, column: Column) -> Option<T> {
        let text = self.said(column).filter(|text| !text.is_empty())?;
        self.parsed(column, T::try_from(text.to_owned()))
    }

    /// A text that can be taken away; an empty cell says that there is none.
    fn text_or_none<T: TryFrom<String, Error = BadText>>(&mut self, column: Column) -> Option<Option<T>> {
        match self.said(column)? {
            "" => Some(None),
            text => self.parsed(column, T::try_from(text.to_owned())).map(Some),
        }
    }

    fn price(&mut self) -> Option<Price> {
        let amount = self.said(Column::Price).filter(|text| !text.is_empty());
        let currency = self.said(Column::Currency).filter(|text| !text.is_empty());
        match (amount, currency) {
            (None, None) => None,
            (Some(_), None) => {
                self.bad.push(BadCell::at(Column::Currency, "a price needs its currency"));
                None
            }
            (None, Some(_)) => {
                self.bad.push(BadCell::at(Column::Price, "a currency needs a price"));
                None
            }
            (Some(amount), Some(currency)) => {
                let currency = self.parsed(Column::Currency, Currency::from_str(currency))?;
                let money = self.parsed(Column::Price, Money::from_decimal(amount, currency))?;
                self.parsed(Column::Price, Price::of(money))
            }
        }
    }

    fn on_hand(&mut self) -> Option<i64> {
        let text = self.said(Column::OnHand).filter(|text| !text.is_empty())?;
        let number = text.parse::<i64>().ok().filter(|number| (0..=ON_HAND_MAX).contains(number));
        self.parsed(Column::OnHand, number.ok_or(format!("expected a whole number from 0 to {ON_HAND_MAX}")))
    }

    fn status(&mut self) -> Option<Status> {
        let text = self.said(Column::Status).filter(|text| !text.is_empty())?;
        let named = [Status::Draft, Status::OnSale, Status::Archived].into_iter();
        let status = named.into_iter().find(|status| status_name(*status) == text);
        self.parsed(Column::Status, status.ok_or("expected draft, on_sale or archived"))
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Draft => "draft",
        Status::OnSale => "on_sale",
        Status::Archived => "archived",
    }
}

fn read(columns: &[Column], cells: &[String]) -> Result<Row, Vec<BadCell>> {
    if cells.len() != columns.len() {
        let message = format!("expected {} cells, found {}", columns.len(), cells.len());
        return Err(vec![BadCell::whole(message)]);
    }
    let mut cells = Cells { columns, cells, bad: Vec::new() };
    let sku = cells.said(Column::Sku).unwrap_or_default().to_owned();
    let sku = cells.parsed(Column::Sku, Sku::try_from(sku));
    let description = cells.raw(Column::Description).map(|text| Description::try_from(text.to_owned()));
    let description = description.and_then(|parsed| cells.parsed(Column::Description, parsed));
    let variant_title = cells.text_or_none(Column::VariantTitle);
    let (title, slug, category) =
        (cells.text(Column::Title), cells.text(Column::Slug), cells.text_or_none(Column::Category));
    let (price, on_hand) = (cells.price(), cells.on_hand());
    let (image_url, status) = (cells.text_or_none(Column::ImageUrl), cells.status());
    match sku {
        Some(sku) if cells.bad.is_empty() => Ok(Row {
            sku,
            title,
            variant_title: variant_title.map(|title| title.unwrap_or_else(VariantTitle::none)),
            slug,
            category,
            description,
            price,
            on_hand,
            image_url,
            status,
        }),
        _ => Err(cells.bad),
    }
}

/// Writes the head of a sheet with all columns.
pub fn write_head(to: &mut String) {
    csv::write(Column::ALL.map(Column::name), to);
}

/// Writes a product: a row for each price of each variant, and one for a variant without.
pub fn write_product(product: &Product, tree: &Tree, to: &mut String) {
    let category = product.category_id.and_then(|id| tree.slug(id)).map(Slug::as_str).unwrap_or_default();
    for variant in &product.variants {
        let prices: Vec<(String, &str)> = match &*variant.prices {
            [] => vec![(String::new(), "")],
            some => some.iter().map(|price| (price.money().to_decimal(), price.currency().code())).collect(),
        };
        // What a late word of an order has made negative for a while cannot be counted.
        let on_hand = variant.stock.on_hand;
        let on_hand = if on_hand < 0 { String::new() } else { on_hand.to_string() };
        let image = variant.image_url.as_ref().map(ImageUrl::as_str).unwrap_or_default();
        for (amount, currency) in &prices {
            let cells = [
                variant.sku.as_str(),
                product.title.as_str(),
                variant.title.as_str(),
                product.slug.as_str(),
                category,
                product.description.as_str(),
                amount,
                currency,
                &on_hand,
                image,
                status_name(product.status),
            ];
            let harmless = cells.map(csv::harmless);
            csv::write(harmless.iter().map(String::as_str), to);
        }
    }
}

#[cfg(test)]
mod tests;
