//! Lists in pages: `?limit=&cursor=` in, `{"data": [..], "next_cursor": ..}` out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The largest page that may be asked for.
pub const LIMIT_MAX: u32 = 200;
/// The page when nothing is said.
pub const LIMIT_DEFAULT: u32 = 50;

/// Which page of a list is wanted.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// How many at most: 1 to 200, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The rows of this page.
    pub data: Vec<T>,
    /// Ask for the next page with it; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Why a page cannot be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPage {
    /// A cursor that we did not make.
    #[error("is not a cursor of this list")]
    Cursor,
    /// Zero, or more than is allowed.
    #[error("is a number from 1 to 200")]
    Limit,
}

impl PageQuery {
    /// How many rows to answer with.
    pub fn limit(&self) -> Result<u32, BadPage> {
        match self.limit.unwrap_or(LIMIT_DEFAULT) {
            limit @ 1..=LIMIT_MAX => Ok(limit),
            _ => Err(BadPage::Limit),
        }
    }

    /// Where to go on: the key of the last row that was seen.
    pub fn after<K: DeserializeOwned>(&self) -> Result<Option<K>, BadPage> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| BadPage::Cursor)?;
        serde_json::from_slice(&bytes).map(Some).map_err(|_| BadPage::Cursor)
    }
}

impl<T> Page<T> {
    /// Makes a page of `limit` from rows that were asked for with `limit + 1`; `key` names a row's place.
    pub fn of<K: Serialize>(mut rows: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> Self {
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        let next_cursor = last
            .and_then(|row| serde_json::to_vec(&key(row)).ok())
            .map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        Self { data: rows, next_cursor }
    }

    /// The same page in other words.
    pub fn map<U>(self, view: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(view).collect(), next_cursor: self.next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end_when_there_is_no_row_left() {
        let page = Page::of(vec![1, 2, 3], 2, |row| *row);
        assert_eq!(page.data, [1, 2]);
        let next = PageQuery { limit: None, cursor: page.next_cursor };
        assert_eq!(next.after::<i32>(), Ok(Some(2)));
        assert_eq!(Page::of(vec![3], 2, |row| *row).next_cursor, None);
    }

    #[test]
    fn a_cursor_of_somebody_else_is_refused() {
        for cursor in ["", "!", "e30", "AAAA", "'; drop table records"] {
            let query = PageQuery { limit: None, cursor: Some(cursor.into()) };
            assert_eq!(query.after::<i64>(), Err(BadPage::Cursor), "{cursor}");
        }
    }
}
