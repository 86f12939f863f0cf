//! A socket as a client has it: WebSocket and STOMP as bytes, so that what a test sends is what arrives.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The key of RFC 6455's own example, and what it is answered with.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPTED: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const PATIENCE: Duration = Duration::from_secs(20);

pub const TEXT: u8 = 0x81;
pub const PING: u8 = 0x89;

/// An open socket.
pub struct Socket {
    stream: TcpStream,
    /// What the server agreed to speak.
    pub protocol: Option<String>,
}

/// What is heard at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Frame(Frame),
    Beat,
    Ping,
    Pong(Vec<u8>),
    /// The goodbye's code.
    Close(u16),
}

/// A frame of STOMP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub command: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Frame {
    /// A header's value, nothing where it has none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn parse(text: &str) -> Self {
        let (head, body) = text.trim_end_matches('\0').split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let command = lines.next().unwrap().to_owned();
        let plain = |text: &str| text.replace("\\c", ":").replace("\\n", "\n").replace("\\\\", "\\");
        let headers = lines.map(|line| line.split_once(':').unwrap());
        let headers = headers.map(|(name, value)| (plain(name), plain(value))).collect();
        Self { command, headers, body: body.to_owned() }
    }
}

impl Socket {
    /// Asks for a socket with these headers beside the usual ones; otherwise the status that was answered.
    pub fn open(address: SocketAddr, headers: &[(&str, &str)]) -> std::result::Result<Self, u16> {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut socket = Self { stream, protocol: None };
        let mut request = format!(
            "GET /ws HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\n"
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        socket.stream.write_all((request + "\r\n").as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.exactly::<1>().unwrap()[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        if status != 101 {
            return Err(status);
        }
        assert!(head.contains(&format!("sec-websocket-accept: {ACCEPTED}")), "{head}");
        let protocol = head.lines().find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
        socket.protocol = protocol.map(str::to_owned);
        Ok(socket)
    }

    /// A socket at which CONNECT with this header was answered.
    pub fn connected(address: SocketAddr, proof: (&str, &str)) -> Self {
        let mut socket = Self::open(address, &[]).unwrap();
        let answer = socket.connect(&[proof]);
        assert_eq!(answer.command, "CONNECTED", "{answer:?}");
        socket
    }

    /// Says CONNECT with these headers, and hears the answer.
    pub fn connect(&mut self, headers: &[(&str, &str)]) -> Frame {
        let usual = [("accept-version", "1.1,1.2"), ("host", "stoa")];
        self.say("CONNECT", &[&usual, headers].concat());
        self.frame()
    }

    /// Follows a destination, which is the subscription's id as well.
    pub fn follow(&mut self, destination: &str) {
        self.say("SUBSCRIBE", &[("id", destination), ("destination", destination)]);
    }

    /// Sends a frame of STOMP.
    pub fn say(&mut self, command: &str, headers: &[(&str, &str)]) {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        self.send(TEXT, format!("{command}\n{headers}\n\0").as_bytes()).unwrap();
    }

    /// Sends a frame of WebSocket, masked as clients do; `first` has its opcode.
    pub fn send(&mut self, first: u8, payload: &[u8]) -> Result<()> {
        let length = u16::try_from(payload.len()).unwrap();
        let mask = [1, 2, 3, 4];
        let mut frame = vec![first, 0x80 | 126];
        frame.extend_from_slice(&length.to_be_bytes());
        if length < 126 {
            frame = vec![first, 0x80 | payload.len() as u8];
        }
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
        self.raw(&frame)
    }

    /// Sends bytes.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next frame of STOMP; beats and questions are passed over.
    pub fn frame(&mut self) -> Frame {
        loop {
            match self.hear().unwrap() {
                Heard::Frame(frame) => return frame,
                Heard::Beat | Heard::Ping | Heard::Pong(_) => {}
                Heard::Close(code) => panic!("closed by {code}"),
            }
        }
    }

    /// The next MESSAGE's body.
    pub fn message(&mut self) -> String {
        let frame = self.frame();
        assert_eq!(frame.command, "MESSAGE", "{frame:?}");
        frame.body
    }

    /// An ERROR, and the goodbye that follows it: its code in the envelope, and the code of the goodbye.
    pub fn refused(&mut self) -> (String, u16) {
        let frame = self.frame();
        assert_eq!(frame.command, "ERROR", "{frame:?}");
        let (code, _) = frame.header("message").split_once(": ").unwrap();
        assert!(frame.body.contains(&format!("\"code\":\"{code}\"")), "{frame:?}");
        (code.to_owned(), self.goodbye())
    }

    /// The code of the goodbye, which is all that is to come.
    pub fn goodbye(&mut self) -> u16 {
        loop {
            match self.hear().unwrap() {
                Heard::Close(code) => {
                    assert_eq!(self.hear().unwrap_err().kind(), ErrorKind::UnexpectedEof);
                    return code;
                }
                Heard::Beat | Heard::Ping | Heard::Pong(_) => {}
                Heard::Frame(frame) => panic!("{frame:?}"),
            }
        }
    }

    /// The next that comes. A goodbye is answered.
    pub fn hear(&mut self) -> Result<Heard> {
        let [first, short] = self.exactly::<2>()?;
        let length = match short {
            126 => usize::from(u16::from_be_bytes(self.exactly()?)),
            127 => u64::from_be_bytes(self.exactly()?) as usize,
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload)?;
        Ok(match first {
            0x81 if payload == b"\n" => Heard::Beat,
            0x81 => Heard::Frame(Frame::parse(std::str::from_utf8(&payload).map_err(Error::other)?)),
            0x88 => {
                // The server may have gone already.
                let _ = self.send(0x88, &payload);
                Heard::Close(u16::from_be_bytes([payload[0], payload[1]]))
            }
            PING => Heard::Ping,
            0x8a => Heard::Pong(payload),
            other => return Err(Error::other(format!("{other:x}"))),
        })
    }

    fn exactly<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
