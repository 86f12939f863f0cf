//! Statements of a month: on paper, and as a sheet.

use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use contracts::Timestamp;
use http::{HeaderValue, Method, header};
use kernel::clock::Clock;
use maud::html;
use serde::Deserialize;
use ui::Field;
use ui::face::{Failure, Sheet, Visit, redirect};

use super::{crumbs, which};
use crate::api::{Account, Statement, me, my_accounts};
use crate::frame::ROOT;
use crate::printed::{self, About};

/// Of which wallet and month.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    account: String,
    #[serde(default)]
    month: String,
}

/// A month of a calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Month {
    year: u16,
    month: u8,
}

const NAMES: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Two years are offered; what is older can be had by its address.
const MONTHS_MAX: usize = 24;

/// `GET /wallet/statement`.
pub async fn show_statement(
    Extension(visit): Extension<Visit>,
    Extension(clock): Extension<Clock>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let mine = my_accounts(&visit).await?;
    let Some(oldest) = mine.iter().map(|account| account.opened_at).min() else {
        return Ok(redirect(ROOT, ROOT));
    };
    // What the ledger books by itself is in no list, so all months are offered.
    let months: Vec<(String, String)> = months(oldest, clock.now().max(oldest));
    let months: Vec<(&str, &str)> =
        months.iter().map(|(value, label)| (value.as_str(), label.as_str())).collect();
    let main = html! {
        (crumbs("Statements"))
        div.narrow.stack {
            h1 { "Statements" }
            p.muted { "What reached and left your wallet in a month, in UTC." }
            form.card.stack action="/wallet/statement.csv" {
                (Field::choice("month", "Month", &months).value(&wanted.month).shown())
                (which("account", "Wallet", &mine, &wanted.account))
                button.button.wide type="submit" formaction="/wallet/statement.pdf" { "On paper (PDF)" }
                button.button.second.wide type="submit" { "As a sheet (CSV)" }
            }
        }
    };
    Ok(Sheet::private("Statements").answer(&visit, &main))
}

/// `GET /wallet/statement.csv`.
pub async fn send_sheet(
    Extension(visit): Extension<Visit>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let (account, month) = wanted.read(&my_accounts(&visit).await?)?;
    let path =
        format!("/api/v1/accounts/{}/statement.csv?from={}&to={}", account.id, month.first(), month.last());
    let answer = visit.as_visitor()?.send(Method::GET, &path, None::<&()>).await?;
    if !answer.status().is_success() {
        client::read::<serde_json::Value>(&answer)?;
        return Err(Failure::NotFound);
    }
    Ok(file(
        "text/csv; charset=utf-8",
        &format!("statement-{}.csv", month.value()),
        answer.into_body().into(),
    ))
}

/// `GET /wallet/statement.pdf`.
pub async fn send_paper(
    Extension(visit): Extension<Visit>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let (owner, mine) = (me(&visit).await?, my_accounts(&visit).await?);
    let (account, month) = wanted.read(&mine)?;
    let path =
        format!("/api/v1/accounts/{}/statement?from={}&to={}", account.id, month.first(), month.last());
    let statement: Statement = visit.as_visitor()?.get(&path).await?;
    let face = visit.face();
    let name = if face.seller.name.is_empty() { &face.name } else { &face.seller.name };
    let issuer = [name, &face.seller.address].into_iter().filter(|line| !line.is_empty()).cloned().collect();
    let about = About { issuer, care: face.seller.care.clone(), owner, account, period: month.name() };
    // Many lines take a while to draw, and others want this thread.
    let drawn = tokio::task::spawn_blocking(move || printed::statement(&about, &statement)).await;
    match drawn {
        Ok(Ok(pdf)) => Ok(file("application/pdf", &format!("statement-{}.pdf", month.value()), pdf.into())),
        Ok(Err(error)) => Err(Failure::broken(error)),
        Err(error) => Err(Failure::broken(error)),
    }
}

impl Wanted {
    fn read(&self, mine: &[Account]) -> Result<(Account, Month), Failure> {
        let account = mine.iter().find(|account| account.id.to_string() == self.account);
        let month = Month::read(&self.month).ok_or(Failure::NotFound)?;
        Ok((account.cloned().ok_or(Failure::NotFound)?, month))
    }
}

impl Month {
    /// From `2026-11`, or what begins so.
    fn read(text: &str) -> Option<Self> {
        let (year, month) = (text.get(..4)?.parse().ok()?, text.get(5..7)?.parse().ok()?);
        Some(Self { year, month })
            .filter(|_| (1..=12).contains(&month) && text.as_bytes().get(4) == Some(&b'-'))
    }

    fn of(at: Timestamp) -> Option<Self> {
        Self::read(&at.to_string())
    }

    /// As `2026-11`.
    fn value(self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }

    /// As `November 2026`.
    fn name(self) -> String {
        let name = NAMES.get(usize::from(self.month) - 1).copied().unwrap_or_default();
        format!("{name} {}", self.year)
    }

    fn first(self) -> String {
        format!("{}-01", self.value())
    }

    fn last(self) -> String {
        let leap =
            self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        let days = match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        format!("{}-{days}", self.value())
    }

    fn before(self) -> Self {
        if self.month == 1 {
            Self { year: self.year - 1, month: 12 }
        } else {
            Self { month: self.month - 1, ..self }
        }
    }
}

/// The months from the newest back to the oldest, as values and names.
fn months(oldest: Timestamp, newest: Timestamp) -> Vec<(String, String)> {
    let (Some(oldest), Some(newest)) = (Month::of(oldest), Month::of(newest)) else { return Vec::new() };
    let all =
        std::iter::successors(Some(newest), |month| Some(month.before()).filter(|before| *before >= oldest));
    all.take(MONTHS_MAX).map(|month| (month.value(), month.name())).collect()
}

/// A file to be kept by whoever asked; nobody on the way keeps it.
fn file(kind: &'static str, name: &str, body: axum::body::Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_days() {
        let days = |text: &str| Month::read(text).map(|month| (month.first(), month.last()));
        let range = |first: &str, last: &str| Some((first.to_owned(), last.to_owned()));
        assert_eq!(days("2026-11"), range("2026-11-01", "2026-11-30"));
        assert_eq!(days("2028-02"), range("2028-02-01", "2028-02-29"));
        assert_eq!(days("2100-02"), range("2100-02-01", "2100-02-28"));
        for bad in ["", "2026", "2026-13", "2026-00", "2026/11", "x026-11"] {
            assert_eq!(days(bad), None, "{bad}");
        }
    }

    #[test]
    fn months_are_offered_from_the_newest_back_to_the_oldest() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let offered = months(at("2025-12-31T23:59:59.000Z"), at("2026-02-01T00:00:00.000Z"));
        let names: Vec<&str> = offered.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["February 2026", "January 2026", "December 2025"]);
        assert_eq!(months(at("2001-01-01T00:00:00.000Z"), at("2026-02-01T00:00:00.000Z")).len(), MONTHS_MAX);
    }
}
