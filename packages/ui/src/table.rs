//! Tables: a caption, headed columns, and rows that fold into blocks on a narrow screen.

use maud::{Markup, html};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    label: &'a str,
    number: bool,
}

impl<'a> Column<'a> {
    /// A column of text.
    pub const fn text(label: &'a str) -> Self {
        Self { label, number: false }
    }

    /// A column of numbers, which stand on the right.
    pub const fn number(label: &'a str) -> Self {
        Self { label, number: true }
    }

    const fn class(self) -> Option<&'static str> {
        if self.number { Some("num") } else { None }
    }
}

/// A table; the first cell of a row is its heading. A row with fewer cells than columns ends early.
pub fn table(caption: &str, columns: &[Column<'_>], rows: &[Vec<Markup>]) -> Markup {
    html! {
        table.table.fold {
            caption { (caption) }
            thead { tr { @for column in columns { th scope="col" class=[column.class()] { (column.label) } } } }
            tbody {
                @for row in rows {
                    tr {
                        @for (at, (column, cell)) in columns.iter().zip(row).enumerate() {
                            @if at == 0 {
                                th scope="row" data-label=(column.label) class=[column.class()] { (cell) }
                            } @else {
                                td data-label=(column.label) class=[column.class()] { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_knows_its_column_and_every_row_its_heading() {
        let columns = [Column::text("Order"), Column::number("Total")];
        let made = table("Orders", &columns, &[vec![html! { "<1>" }, html! { "2" }]]).into_string();
        for part in [
            "<caption>Orders</caption>",
            "<th scope=\"col\">Order</th>",
            "<th scope=\"row\" data-label=\"Order\">&lt;1&gt;</th>",
            "<td data-label=\"Total\" class=\"num\">2</td>",
        ] {
            assert!(made.contains(part), "{part} in {made}");
        }
    }
}
