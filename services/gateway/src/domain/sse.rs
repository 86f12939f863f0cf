//! Server-sent events as bytes and as what they say: only their data matters here.

use bytes::{Buf, BytesMut};

/// Puts events together from bytes that come in any pieces.
#[derive(Debug, Default)]
pub struct Reader {
    input: BytesMut,
    /// So much of the input holds no end of a line.
    looked_at: usize,
    data: String,
    has_data: bool,
    /// A line feed that comes next belongs to the line before.
    after_return: bool,
}

/// An event is no text, or larger than any that is told here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event has at most {EVENT_BYTES_MAX} bytes of text")]
pub struct BadEvent;

const EVENT_BYTES_MAX: usize = 1 << 20;

impl Reader {
    /// More bytes have come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The data of the next event, once all of it is there.
    pub fn take(&mut self) -> Result<Option<String>, BadEvent> {
        loop {
            if self.after_return {
                match self.input.first() {
                    None => return Ok(None),
                    Some(b'\n') => self.input.advance(1),
                    Some(_) => {}
                }
                self.after_return = false;
            }
            let rest = self.input.get(self.looked_at..).unwrap_or_default();
            let end =
                rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).map(|at| self.looked_at + at);
            if self.data.len() + end.unwrap_or(self.input.len()) > EVENT_BYTES_MAX {
                return Err(BadEvent);
            }
            let Some(end) = end else {
                self.looked_at = self.input.len();
                return Ok(None);
            };
            self.looked_at = 0;
            let line = self.input.split_to(end);
            self.after_return = self.input.first() == Some(&b'\r');
            self.input.advance(1);
            if line.is_empty() {
                if std::mem::take(&mut self.has_data) {
                    return Ok(Some(std::mem::take(&mut self.data)));
                }
            } else if let Some(said) = line.strip_prefix(b"data").and_then(|rest| rest.strip_prefix(b":")) {
                let said =
                    std::str::from_utf8(said.strip_prefix(b" ").unwrap_or(said)).map_err(|_| BadEvent)?;
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(said);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(parts: &[&[u8]]) -> Result<Vec<String>, BadEvent> {
        let (mut reader, mut heard) = (Reader::default(), Vec::new());
        for part in parts {
            reader.push(part);
            while let Some(data) = reader.take()? {
                heard.push(data);
            }
        }
        Ok(heard)
    }

    #[test]
    fn an_event_says_what_its_data_lines_say() {
        let text = ": still here\n\ndata: {\"a\":1}\n\nevent: x\r\nid: 7\r\ndata:one\r\ndata: two\r\n\r\n\rdata\r\rdata: cut";
        assert_eq!(all(&[text.as_bytes()]).unwrap(), ["{\"a\":1}", "one\ntwo"]);
        assert_eq!(all(&[b"data: \xff\n\n"]), Err(BadEvent));
        let long = format!("data: {}", "x".repeat(EVENT_BYTES_MAX));
        assert_eq!(all(&[long.as_bytes()]), Err(BadEvent));
        let line = format!("data: {}\n", "x".repeat(1_000));
        assert_eq!(all(&[line.repeat(1_100).as_bytes()]), Err(BadEvent), "many lines are long as well");
    }

    proptest! {
        #[test]
        fn events_are_the_same_however_they_are_cut(said in prop::collection::vec("[^\r\n]{0,12}", 1..6), cut: prop::sample::Index) {
            let text: String = said.iter().map(|data| format!("data: {data}\n\n")).collect();
            let (first, second) = text.as_bytes().split_at(cut.index(text.len()));
            prop_assert_eq!(all(&[first, second]).unwrap(), said);
        }

        #[test]
        fn any_bytes_are_read_alike_whole_and_in_two_parts(bytes: Vec<u8>, cut: prop::sample::Index) {
            let (first, second) = bytes.split_at(cut.index(bytes.len() + 1));
            prop_assert_eq!(all(&[&bytes]), all(&[first, second]));
        }
    }
}
