//! The socket itself: whole messages in, frames out, each with its time, and a goodbye that the other side can read.

use std::time::Duration;

use bytes::BytesMut;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::domain::websocket::{Heard, Kind, Reader, goodbye, written};

/// An open socket.
pub struct Socket {
    stream: TokioIo<Upgraded>,
    input: BytesMut,
    reader: Reader,
}

/// The conversation is over.
#[derive(Debug, PartialEq, Eq)]
pub enum Over {
    /// The other side is gone, or reads nothing any more: there is nobody to tell.
    Gone,
    /// It said goodbye.
    Left,
    /// We say goodbye, by a code, for a reason, and with a last frame where there is more to say.
    Ends {
        /// The code of the goodbye.
        code: u16,
        /// In a few words.
        why: &'static str,
        /// The last frame.
        last: Option<Vec<u8>>,
    },
}

/// Whoever takes none of what is told for so long reads nothing any more.
const UNREAD_MAX: Duration = Duration::from_secs(10);
/// The other side has this long to answer a goodbye.
const GOODBYE_MAX: Duration = Duration::from_secs(2);
const READ_BYTES: usize = 4 * 1024;

impl Socket {
    /// Goes on where the handshake ended.
    pub fn on(upgraded: Upgraded) -> Self {
        Self { stream: TokioIo::new(upgraded), input: BytesMut::new(), reader: Reader::default() }
    }

    /// The next thing that was said. Nothing is lost when this is given up before it is there.
    pub async fn hear(&mut self) -> Result<Heard, Over> {
        loop {
            let heard = self.reader.take(&mut self.input).map_err(|broken| Over::Ends {
                code: broken.code(),
                why: "what came is no message that is taken here",
                last: None,
            })?;
            if let Some(heard) = heard {
                return Ok(heard);
            }
            self.input.reserve(READ_BYTES);
            match self.stream.read_buf(&mut self.input).await {
                Ok(0) | Err(_) => return Err(Over::Gone),
                Ok(_) => {}
            }
        }
    }

    /// Tells something, unless nobody reads.
    pub async fn tell(&mut self, kind: Kind, payload: &[u8]) -> Result<(), Over> {
        self.write(&written(kind, payload)).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Over> {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout(UNREAD_MAX, written).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over::Gone),
        }
    }

    /// Says goodbye as the end of the conversation asks for it, and waits a moment for the answer: whoever closes at
    /// once may take away what the other has not read yet.
    pub async fn end(mut self, over: Over) {
        let (code, why, last) = match over {
            Over::Gone => return,
            Over::Left => (1000, "", None),
            Over::Ends { code, why, ref last } => (code, why, last.as_deref()),
        };
        if let Some(last) = last
            && self.tell(Kind::Text, last).await.is_err()
        {
            return;
        }
        if self.write(&goodbye(code, why)).await.is_err() {
            return;
        }
        if over != Over::Left {
            let answered = async { while !matches!(self.hear().await, Ok(Heard::Close(_)) | Err(_)) {} };
            // An answer that does not come is waited for no longer.
            let _ = timeout(GOODBYE_MAX, answered).await;
        }
        let _ = timeout(GOODBYE_MAX, self.stream.shutdown()).await;
    }
}
