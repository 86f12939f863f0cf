//! Sheets as text: RFC 4180, read and written, with cells that a spreadsheet would take for formulas made harmless.

/// One record of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'t> {
    /// The record as it stands, with its line end.
    pub text: &'t str,
    /// Its cells, or why they cannot be told apart.
    pub cells: Result<Vec<String>, BadRecord>,
}

/// Why the cells of a record cannot be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// A quote opens and nothing closes it.
    #[error("a quote is opened and never closed")]
    Unclosed,
    /// A quote where none belongs.
    #[error("a quote stands in the middle of a cell; double it and put the whole cell in quotes")]
    StrayQuote,
}

/// The records of a sheet, one after the other.
#[derive(Clone, Debug)]
pub struct Records<'t> {
    rest: &'t str,
}

/// What a spreadsheet takes for the beginning of a formula, and the mark that we put before it.
const DANGEROUS: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠'];
const MARK: char = '\'';

impl<'t> Records<'t> {
    /// The records of `text`, without the mark that some programs put before it.
    pub fn of(text: &'t str) -> Self {
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text) }
    }
}

impl Record<'_> {
    /// Whether nothing stands on it.
    pub fn is_blank(&self) -> bool {
        self.text.trim_end_matches(['\r', '\n']).is_empty()
    }
}

/// Where a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Start,
    Plain,
    Quoted,
    /// Behind a quote inside quotes: the end of the cell, or the first of two.
    Closed,
}

impl<'t> Iterator for Records<'t> {
    type Item = Record<'t>;

    fn next(&mut self) -> Option<Record<'t>> {
        if self.rest.is_empty() {
            return None;
        }
        let (mut cells, mut cell) = (Vec::new(), String::new());
        let (mut at, mut bad) = (At::Start, None);
        let mut end = self.rest.len();
        for (index, letter) in self.rest.char_indices() {
            match (at, letter) {
                (At::Quoted, '"') => at = At::Closed,
                (At::Quoted, _) => cell.push(letter),
                (At::Closed, '"') => {
                    cell.push('"');
                    at = At::Quoted;
                }
                (_, ',') => {
                    cells.push(std::mem::take(&mut cell));
                    at = At::Start;
                }
                (_, '\n') => {
                    end = index + 1;
                    break;
                }
                (At::Start, '"') => at = At::Quoted,
                // Before a line end it is a part of it; elsewhere it is a letter.
                (_, '\r') if self.rest[index + 1..].starts_with('\n') => {}
                (At::Closed, '\r') if index + 1 == self.rest.len() => {}
                (At::Closed, _) | (At::Plain, '"') => {
                    bad = Some(BadRecord::StrayQuote);
                    at = At::Plain;
                }
                (At::Start | At::Plain, _) => {
                    cell.push(letter);
                    at = At::Plain;
                }
            }
        }
        if at == At::Quoted {
            bad = Some(BadRecord::Unclosed);
        }
        cells.push(cell);
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(Record { text, cells: bad.map_or(Ok(cells), Err) })
    }
}

/// Writes a record.
pub fn write<'c>(cells: impl IntoIterator<Item = &'c str>, to: &mut String) {
    for (number, cell) in cells.into_iter().enumerate() {
        if number > 0 {
            to.push(',');
        }
        let quoted = cell.contains([',', '"', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ');
        if quoted {
            to.push('"');
            to.push_str(&cell.replace('"', "\"\""));
            to.push('"');
        } else {
            to.push_str(cell);
        }
    }
    to.push_str("\r\n");
}

/// The text as no spreadsheet takes it for a formula; `plain` gives it back.
pub fn harmless(text: &str) -> String {
    if text.starts_with(DANGEROUS) { format!("{MARK}{text}") } else { text.to_owned() }
}

/// The text that was made harmless, or any other as it is.
pub fn plain(text: &str) -> &str {
    text.strip_prefix(MARK).filter(|rest| rest.starts_with(DANGEROUS)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(text: &str) -> Vec<Result<Vec<String>, BadRecord>> {
        Records::of(text).map(|record| record.cells).collect()
    }

    fn row(cells: &[&str]) -> Result<Vec<String>, BadRecord> {
        Ok(cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn a_sheet_is_read_as_the_rfc_says() {
        let text = "\u{feff}a,b\r\n\"x,\"\"y\"\"\",\"1\n2\"\n,\n\"\"\r\nlast,one";
        let expected =
            [row(&["a", "b"]), row(&["x,\"y\"", "1\n2"]), row(&["", ""]), row(&[""]), row(&["last", "one"])];
        assert_eq!(cells(text), expected);
        assert!(cells("").is_empty());
    }

    #[test]
    fn a_bad_quote_spoils_its_record_alone() {
        let found = cells("a\"b,c\nd,e\n\"f\"g,h\ni\n");
        assert_eq!(
            found,
            [Err(BadRecord::StrayQuote), row(&["d", "e"]), Err(BadRecord::StrayQuote), row(&["i"])]
        );
        assert_eq!(cells("a\n\"b\nc"), [row(&["a"]), Err(BadRecord::Unclosed)]);
    }

    #[test]
    fn a_formula_is_made_harmless() {
        for text in ["=1+1", "+1", "-1", "@a", "\t=1", "＝1", "'=1", "'a"] {
            let written = harmless(text);
            assert!(written.starts_with('\'') && plain(&written) == text, "{text}");
        }
        assert_eq!(harmless("a=1"), "a=1");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_the_same(rows in proptest::collection::vec(proptest::collection::vec("[a,\"\r\n 'é=]{0,6}", 1..5), 0..6)) {
            let mut text = String::new();
            for row in &rows {
                write(row.iter().map(String::as_str), &mut text);
            }
            let read: Vec<_> = cells(&text);
            prop_assert_eq!(read, rows.into_iter().map(Ok).collect::<Vec<_>>());
        }

        #[test]
        fn records_are_the_whole_text(text in "[a,\"\r\n ]{0,60}") {
            let whole: String = Records::of(&text).map(|record| record.text).collect();
            prop_assert_eq!(whole, text);
        }

        #[test]
        fn what_is_made_harmless_is_given_back(text in "\\PC{0,8}") {
            let written = harmless(&text);
            prop_assert_eq!(plain(&written), text.as_str());
        }
    }
}
