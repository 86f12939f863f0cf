//! As much of Redis as limits need: one connection, many questions on their way at once, answers in their order.
//!
//! It speaks RESP2 to a server that may go away at any time; while it is away every question fails at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kernel::config::SettingValue;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

/// A server, and the questions to it.
#[derive(Clone)]
pub struct Redis {
    questions: mpsc::Sender<Question>,
    connected: Arc<AtomicBool>,
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Text, of a status or a bulk; none is nil.
    Text(Option<Vec<u8>>),
    /// A number.
    Number(i64),
    /// Several.
    Many(Vec<Answer>),
    /// It refused.
    Error(String),
}

/// The server is away, or does not answer in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Redis does not answer")]
pub struct Away;

/// Where a server is: `redis://[:password@]host[:port][/database]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    address: String,
    password: Option<String>,
    database: u32,
}

struct Question {
    bytes: Vec<u8>,
    answer: oneshot::Sender<Answer>,
}

const WAITING_MAX: usize = 4_096;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Answers are short: one that says it is longer comes from something else than Redis.
const ANSWER_BYTES_MAX: usize = 1 << 20;
const DEPTH_MAX: u8 = 4;

/// The address may hold a password, so it is shown nowhere.
impl SettingValue for Place {
    const KIND: &'static str = "address of a Redis";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        Self::of(text).ok_or_else(|| "an address like redis://127.0.0.1:6379".to_owned())
    }

    fn show(&self) -> String {
        String::new()
    }
}

impl Place {
    fn of(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("redis://")?;
        let (rest, database) = match rest.split_once('/') {
            Some((rest, "")) => (rest, 0),
            Some((rest, number)) => (rest, number.parse().ok()?),
            None => (rest, 0),
        };
        let (password, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (user.split_once(':').map(|(_, password)| password.to_owned()), host),
            None => (None, rest),
        };
        if host.is_empty() {
            return None;
        }
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if has_port { host.to_owned() } else { format!("{host}:6379") };
        Some(Self { address, password, database })
    }
}

impl Redis {
    /// A connection that is opened, and opened again, for as long as there are questions to be asked.
    pub fn at(place: Place) -> Self {
        let (questions, asked) = mpsc::channel(WAITING_MAX);
        let connected = Arc::new(AtomicBool::new(false));
        tokio::spawn(keep_connected(place, asked, Arc::clone(&connected)));
        Self { questions, connected }
    }

    /// Asks, for at most `patience`.
    pub async fn ask(&self, words: &[&[u8]], patience: Duration) -> Result<Answer, Away> {
        if !self.connected.load(Ordering::Acquire) {
            return Err(Away);
        }
        let (answer, answered) = oneshot::channel();
        self.questions.try_send(Question { bytes: written(words), answer }).map_err(|_| Away)?;
        tokio::time::timeout(patience, answered).await.map_err(|_| Away)?.map_err(|_| Away)
    }
}

/// A command as it travels.
fn written(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

async fn keep_connected(place: Place, mut asked: mpsc::Receiver<Question>, connected: Arc<AtomicBool>) {
    let mut pause = PAUSE_MIN;
    while !asked.is_closed() || !asked.is_empty() {
        match tokio::time::timeout(CONNECT_TIMEOUT, open(&place)).await {
            Ok(Ok(stream)) => {
                tracing::info!(address = place.address, "limits are shared in Redis");
                connected.store(true, Ordering::Release);
                pause = PAUSE_MIN;
                if let Err(error) = talk(stream, &mut asked).await {
                    tracing::warn!(address = place.address, %error, "Redis went away");
                }
                connected.store(false, Ordering::Release);
            }
            Ok(Err(error)) => tracing::debug!(address = place.address, %error, "Redis is away"),
            Err(_) => tracing::debug!(address = place.address, "Redis is away: no connection in time"),
        }
        // Those who wait hear at once that it is away.
        while asked.try_recv().is_ok() {}
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn open(place: &Place) -> std::io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(&place.address).await?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut hello = Vec::new();
    if let Some(password) = &place.password {
        hello.push(written(&[b"AUTH", password.as_bytes()]));
    }
    hello.push(written(&[b"SELECT", place.database.to_string().as_bytes()]));
    for command in hello {
        stream.get_mut().write_all(&command).await?;
        if let Answer::Error(why) = read(&mut stream, 0).await? {
            return Err(std::io::Error::other(why));
        }
    }
    Ok(stream)
}

/// Sends questions as they come, many in one packet when many wait, and hands out answers in their order.
async fn talk(stream: BufReader<TcpStream>, asked: &mut mpsc::Receiver<Question>) -> std::io::Result<()> {
    let (reading, mut writing) = tokio::io::split(stream);
    let mut reading = BufReader::new(reading);
    let mut waiting: VecDeque<oneshot::Sender<Answer>> = VecDeque::new();
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            biased;
            question = asked.recv() => {
                let Some(question) = question else { return Ok(()) };
                batch.clear();
                let mut next = Some(question);
                while let Some(Question { bytes, answer }) = next {
                    batch.extend_from_slice(&bytes);
                    waiting.push_back(answer);
                    next = asked.try_recv().ok();
                }
                writing.write_all(&batch).await?;
            }
            // Whether bytes are there is cancel-safe; reading an answer is not, so it is done whole.
            filled = reading.fill_buf() => {
                if filled?.is_empty() {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                let answer = read(&mut reading, 0).await?;
                // Whoever asked may have lost patience.
                if let Some(to) = waiting.pop_front() {
                    let _ = to.send(answer);
                }
            }
        }
    }
}

type Reading<'r> = std::pin::Pin<Box<dyn Future<Output = std::io::Result<Answer>> + Send + 'r>>;

fn read<R: AsyncBufReadExt + Unpin + Send>(from: &mut R, depth: u8) -> Reading<'_> {
    Box::pin(async move {
        let wrong = || std::io::Error::other("this is not how Redis answers");
        let mut line = Vec::new();
        let length = (&mut *from).take(ANSWER_BYTES_MAX as u64).read_until(b'\n', &mut line).await?;
        let (Some(kind), Some(text)) = (line.first().copied(), line.get(1..length.saturating_sub(2))) else {
            return Err(wrong());
        };
        let text = std::str::from_utf8(text).map_err(|_| wrong())?;
        Ok(match kind {
            b'+' => Answer::Text(Some(text.as_bytes().to_vec())),
            b'-' => Answer::Error(text.to_owned()),
            b':' => Answer::Number(text.parse().map_err(|_| wrong())?),
            b'$' => match usize::try_from(text.parse::<i64>().map_err(|_| wrong())?) {
                Err(_) => Answer::Text(None),
                Ok(length) if length > ANSWER_BYTES_MAX => return Err(wrong()),
                Ok(length) => {
                    let mut bytes = vec![0; length + 2];
                    from.read_exact(&mut bytes).await?;
                    bytes.truncate(length);
                    Answer::Text(Some(bytes))
                }
            },
            b'*' if depth < DEPTH_MAX => {
                let count = text.parse::<i64>().map_err(|_| wrong())?.max(0);
                let mut many = Vec::new();
                for _ in 0..count {
                    many.push(read(from, depth + 1).await?);
                }
                Answer::Many(many)
            }
            _ => return Err(wrong()),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(bytes: &[u8]) -> std::io::Result<Answer> {
        kernel::testing::run(async { read(&mut BufReader::new(bytes), 0).await })
    }

    #[test]
    fn answers_are_read_as_redis_writes_them() {
        assert_eq!(heard(b"+OK\r\n").unwrap(), Answer::Text(Some(b"OK".to_vec())));
        assert_eq!(heard(b":-7\r\n").unwrap(), Answer::Number(-7));
        assert_eq!(heard(b"$-1\r\n").unwrap(), Answer::Text(None));
        assert_eq!(heard(b"$2\r\nab\r\n").unwrap(), Answer::Text(Some(b"ab".to_vec())));
        assert_eq!(heard(b"-NOSCRIPT no\r\n").unwrap(), Answer::Error("NOSCRIPT no".to_owned()));
        assert_eq!(
            heard(b"*2\r\n:0\r\n:5\r\n").unwrap(),
            Answer::Many(vec![Answer::Number(0), Answer::Number(5)])
        );
        for bad in [
            &b"HTTP/1.1 400 Bad\r\n"[..],
            b"$9999999999\r\n",
            b":x\r\n",
            b"",
            b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        ] {
            assert!(heard(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_place_is_read_from_its_url() {
        let place = |url| Place::of(url).map(|place| (place.address, place.password, place.database));
        assert_eq!(place("redis://127.0.0.1:6379"), Some(("127.0.0.1:6379".into(), None, 0)));
        assert_eq!(place("redis://:secret@cache/2"), Some(("cache:6379".into(), Some("secret".into()), 2)));
        assert_eq!(place("redis://me:pw@cache:7000/"), Some(("cache:7000".into(), Some("pw".into()), 0)));
        for bad in ["http://x", "redis://", "redis://h/x"] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }
}
