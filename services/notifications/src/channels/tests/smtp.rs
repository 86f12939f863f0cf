//! A mail server that does what a test says, and remembers what it was told.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does at a point of the conversation.
#[derive(Clone, Copy)]
pub enum Act {
    Say(&'static str),
    SayAndHangUp(&'static str),
    HangUp,
    BeSilent,
}

/// The server; it ends with the value.
pub struct PostOffice {
    port: u16,
    heard: Arc<Mutex<Heard>>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Heard {
    points: Vec<String>,
    letters: Vec<String>,
}

type Script = Arc<dyn Fn(&str, usize) -> Option<Act> + Send + Sync>;

impl PostOffice {
    /// A server that is asked at each point of a conversation (`greeting`, a command, or `.` for the mail itself) what
    /// to do there, with how often the point was reached before; where the script says nothing, it is friendly.
    pub async fn open(script: impl Fn(&str, usize) -> Option<Act> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, script) = (Arc::<Mutex<Heard>>::default(), Arc::new(script) as Script);
        let log = Arc::clone(&heard);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self { port, heard, serving }
    }

    /// One that is always friendly.
    pub async fn friendly() -> Self {
        Self::open(|_, _| None).await
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How often a point was reached.
    pub fn count(&self, point: &str) -> usize {
        self.heard.lock().unwrap().points.iter().filter(|heard| *heard == point).count()
    }

    /// The mails it took, whole.
    pub fn letters(&self) -> Vec<String> {
        self.heard.lock().unwrap().letters.clone()
    }
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn converse(stream: TcpStream, script: Script, heard: Arc<Mutex<Heard>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    answer(&mut stream, "greeting", &script, &heard).await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let command = line.split_whitespace().next().unwrap_or_default().to_uppercase();
        answer(&mut stream, &command, &script, &heard).await?;
        if command == "DATA" {
            let letter = letter(&mut stream).await?;
            answer(&mut stream, ".", &script, &heard).await?;
            heard.lock().unwrap().letters.push(letter);
        }
    }
}

/// The lines up to the one dot, as they were before dots were doubled.
async fn letter(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut letter = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(letter);
        }
        letter.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

async fn answer(
    stream: &mut BufReader<TcpStream>,
    point: &str,
    script: &Script,
    heard: &Mutex<Heard>,
) -> Option<()> {
    let before = {
        let points = &mut heard.lock().unwrap().points;
        points.push(point.to_owned());
        points.iter().filter(|known| *known == point).count() - 1
    };
    let (text, goes_on) = match script(point, before) {
        None => (friendly(point), true),
        Some(Act::Say(text)) => (text, true),
        Some(Act::SayAndHangUp(text)) => (text, false),
        Some(Act::HangUp) => return None,
        Some(Act::BeSilent) => std::future::pending().await,
    };
    stream.get_mut().write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
    goes_on.then_some(())
}

fn friendly(point: &str) -> &'static str {
    match point {
        "greeting" => "220 post.example ESMTP",
        "EHLO" => "250-post.example\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
        "AUTH" => "235 2.7.0 welcome",
        "DATA" => "354 go on",
        "QUIT" => "221 bye",
        _ => "250 2.0.0 ok",
    }
}
