//! Charts, drawn on the server as SVG. Each has a name, and its figures as a table for those who cannot see it.
//!
//! Amounts are whole numbers; how they read is the caller's text. Nothing here computes money.

use maud::{Markup, html};

use crate::table::{Column, table};

/// One figure of a chart.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it is of: a day, a kind.
    pub label: String,
    /// How much, drawn.
    pub amount: i64,
    /// How much, read.
    pub text: String,
}

const WIDE: i64 = 640;
const HIGH: i64 = 220;
/// What is left of the height above the labels.
const FLOOR: i64 = HIGH - 24;
const COLOURS: usize = 5;
/// The middle of the ring is as far from its centre that its length is 100, so that parts are percents of it.
const RING: &str = "15.9155";

impl Figure {
    /// A figure.
    pub fn new(label: &str, amount: i64, text: &str) -> Self {
        Self { label: label.to_owned(), amount, text: text.to_owned() }
    }
}

/// How something went over time.
pub fn line(title: &str, figures: &[Figure]) -> Markup {
    let points = points(figures, WIDE, FLOOR);
    let area = format!("0,{FLOOR} {points} {WIDE},{FLOOR}");
    framed(
        title,
        figures,
        &html! {
            svg viewBox=(format!("0 -6 {WIDE} {}", HIGH + 6)) role="img" aria-label=(title) {
                (grid())
                polygon.area points=(area) {}
                polyline.stroke points=(points) {}
                (ends(figures))
            }
        },
    )
}

/// How much of each there was.
pub fn bars(title: &str, figures: &[Figure]) -> Markup {
    let most = most(figures);
    let step = WIDE / i64::try_from(figures.len().max(1)).unwrap_or(1);
    let bar = |at: usize, figure: &Figure| {
        let high = part(figure.amount.max(0), most, FLOOR);
        let left = i64::try_from(at).unwrap_or(0) * step;
        html! {
            rect.f1 x=(left + step / 8) y=(FLOOR - high) width=(step * 3 / 4) height=(high) rx="3" {
                title { (figure.label) ": " (figure.text) }
            }
            text x=(left + step / 2) y=(HIGH - 6) text-anchor="middle" { (figure.label) }
        }
    };
    framed(
        title,
        figures,
        &html! {
            svg viewBox=(format!("0 -6 {WIDE} {}", HIGH + 6)) role="img" aria-label=(title) {
                (grid())
                @for (at, figure) in figures.iter().enumerate() { (bar(at, figure)) }
            }
        },
    )
}

/// Of what a whole is made up; more than five kinds take up the colours again.
pub fn donut(title: &str, figures: &[Figure]) -> Markup {
    let whole: i128 = figures.iter().map(|figure| i128::from(figure.amount.max(0))).sum();
    // In hundredths of a percent, so that small parts stay visible.
    let share = |amount: i64| (i128::from(amount.max(0)) * 10_000).checked_div(whole).unwrap_or(0);
    let mut before = 0;
    let slices: Vec<(i128, i128)> = figures
        .iter()
        .map(|figure| {
            let own = share(figure.amount);
            before += own;
            (own, before - own)
        })
        .collect();
    let hundredths = |of: i128| format!("{}.{:02}", of / 100, of % 100);
    framed(
        title,
        figures,
        &html! {
            div.donut {
                svg viewBox="0 0 42 42" role="img" aria-label=(title) {
                    @for (at, (own, before)) in slices.iter().enumerate() {
                        circle class={ "slice s" (at % COLOURS + 1) } cx="21" cy="21" r=(RING)
                            stroke-dasharray={ (hundredths(*own)) " " (hundredths(10_000 - own)) }
                            stroke-dashoffset=(hundredths(12_500 - before)) {}
                    }
                }
                ul.legend {
                    @for (at, figure) in figures.iter().enumerate() {
                        li {
                            svg viewBox="0 0 10 10" aria-hidden="true" { rect class={ "f" (at % COLOURS + 1) } width="10" height="10" rx="2" {} }
                            (figure.label) " " span.muted { (figure.text) }
                        }
                    }
                }
            }
        },
    )
}

/// A line as small as a word, beside the number that it explains.
pub fn sparkline(title: &str, amounts: &[i64]) -> Markup {
    let figures: Vec<Figure> = amounts.iter().map(|amount| Figure::new("", *amount, "")).collect();
    html! {
        svg.spark viewBox="-2 -2 104 29" preserveAspectRatio="none" role="img" aria-label=(title) {
            polyline points=(points(&figures, 100, 25)) vector-effect="non-scaling-stroke" {}
        }
    }
}

fn framed(title: &str, figures: &[Figure], drawing: &Markup) -> Markup {
    let rows: Vec<Vec<Markup>> =
        figures.iter().map(|figure| vec![html! { (figure.label) }, html! { (figure.text) }]).collect();
    html! {
        figure.chart {
            figcaption { (title) }
            (drawing)
            details { summary { "As a table" } (table(title, &[Column::text("What"), Column::number("How much")], &rows)) }
        }
    }
}

fn grid() -> Markup {
    html! { @for quarter in 0..=4_i64 {
        @let y = FLOOR * quarter / 4;
        line.grid x1="0" x2=(WIDE) y1=(y) y2=(y) {}
    } }
}

/// The first and the last label, under the ends of a line.
fn ends(figures: &[Figure]) -> Markup {
    html! {
        @if let (Some(first), Some(last)) = (figures.first(), figures.last()) {
            text x="0" y=(HIGH - 6) { (first.label) }
            text x=(WIDE) y=(HIGH - 6) text-anchor="end" { (last.label) }
        }
    }
}

fn most(figures: &[Figure]) -> i64 {
    figures.iter().map(|figure| figure.amount).max().unwrap_or(0).max(1)
}

/// `amount` of `most`, where all of it is `whole`.
fn part(amount: i64, most: i64, whole: i64) -> i64 {
    let drawn = i128::from(amount) * i128::from(whole) / i128::from(most.max(1));
    i64::try_from(drawn).unwrap_or(0).clamp(0, whole)
}

fn points(figures: &[Figure], wide: i64, high: i64) -> String {
    let most = most(figures);
    let steps = i64::try_from(figures.len()).unwrap_or(1).saturating_sub(1).max(1);
    let point = |(at, figure): (usize, &Figure)| {
        let x = i64::try_from(at).unwrap_or(0) * wide / steps;
        format!("{x},{}", high - part(figure.amount, most, high))
    };
    figures.iter().enumerate().map(point).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(amounts: &[i64]) -> Vec<Figure> {
        amounts.iter().map(|amount| Figure::new("<d>", *amount, &format!("{amount} pcs"))).collect()
    }

    #[test]
    fn the_largest_figure_touches_the_top_and_nothing_goes_below_the_floor() {
        assert_eq!(points(&figures(&[0, 50, 100, -7]), 90, 20), "0,20 30,10 60,0 90,20");
        assert_eq!(points(&figures(&[i64::MAX, 0]), 10, 10), "0,0 10,10");
        assert_eq!(points(&[], 10, 10), "");
    }

    #[test]
    fn every_chart_has_a_name_and_a_table_and_is_escaped() {
        for made in [
            line("A & B", &figures(&[1, 2])),
            bars("A & B", &figures(&[1])),
            donut("A & B", &figures(&[1, 3])),
        ] {
            let made = made.into_string();
            assert!(made.contains("role=\"img\" aria-label=\"A &amp; B\""), "{made}");
            assert!(made.contains("<caption>A &amp; B</caption>") && made.contains("1 pcs"), "{made}");
            assert!(!made.contains("<d>"), "{made}");
        }
    }

    #[test]
    fn the_parts_of_a_donut_are_of_its_whole() {
        let made = donut("Kinds", &figures(&[1, 3])).into_string();
        assert!(made.contains("stroke-dasharray=\"25.00 75.00\" stroke-dashoffset=\"125.00\""), "{made}");
        assert!(made.contains("stroke-dasharray=\"75.00 25.00\" stroke-dashoffset=\"100.00\""), "{made}");
        assert!(donut("None", &figures(&[0])).into_string().contains("0.00 100.00"));
    }
}
