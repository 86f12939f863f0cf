//! What a client says, read. No sockets.

/// One command.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// `HELO`, without extensions.
    Helo,
    /// `EHLO`, with them.
    Ehlo,
    /// `MAIL FROM`: who sends; empty for a bounce.
    Mail(Envelope),
    /// `RCPT TO`: one recipient.
    Rcpt(String),
    /// `DATA`: the content follows.
    Data,
    /// `RSET`: forget this mail.
    Rset,
    /// `NOOP`.
    Noop,
    /// `VRFY`: does somebody exist.
    Vrfy,
    /// `HELP`.
    Help,
    /// `QUIT`.
    Quit,
    /// `STARTTLS`.
    StartTls,
    /// `AUTH`: by which mechanism, and what was said at once.
    Auth(Mechanism, Option<String>),
    /// It cannot be done; the answer says why.
    Wrong(&'static str),
}

/// How a mail begins.
#[derive(Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Who sends.
    pub sender: String,
    /// How large the mail will be, if that was said.
    pub size_bytes: Option<u64>,
    /// Whether addresses and headers may be more than ASCII.
    pub alphabet: Alphabet,
}

/// What addresses are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// ASCII.
    Ascii,
    /// UTF-8, as SMTPUTF8 allows.
    Utf8,
}

/// How a client says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// All in one.
    Plain,
    /// Name and password, one after the other.
    Login,
}

const UNKNOWN: Command = Command::Wrong("500 5.5.2 this command is not known here");
const BAD_ADDRESS: Command = Command::Wrong("501 5.1.3 this is no address");
const BAD_PARAMETER: Command = Command::Wrong("555 5.5.4 this parameter is not known here");
const LOCAL_BYTES_MAX: usize = 64;
const DOMAIN_BYTES_MAX: usize = 255;

impl Command {
    /// Reads one line.
    pub fn read(line: &[u8]) -> Self {
        let Ok(line) = std::str::from_utf8(line) else { return UNKNOWN };
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match (verb.to_ascii_uppercase().as_str(), rest.is_empty()) {
            ("HELO", false) => Self::Helo,
            ("EHLO", false) => Self::Ehlo,
            ("HELO" | "EHLO", true) => Self::Wrong("501 5.5.4 say who you are"),
            ("MAIL", _) => mail(rest),
            ("RCPT", _) => recipient(rest),
            ("DATA", true) => Self::Data,
            ("RSET", true) => Self::Rset,
            ("QUIT", true) => Self::Quit,
            ("STARTTLS", true) => Self::StartTls,
            ("DATA" | "RSET" | "QUIT" | "STARTTLS", false) => {
                Self::Wrong("501 5.5.4 this takes no parameter")
            }
            ("NOOP", _) => Self::Noop,
            ("VRFY", _) => Self::Vrfy,
            ("HELP", _) => Self::Help,
            ("AUTH", _) => auth(rest),
            ("EXPN" | "TURN" | "ETRN" | "BDAT", _) => Self::Wrong("502 5.5.1 this is not done here"),
            _ => UNKNOWN,
        }
    }
}

fn mail(rest: &str) -> Command {
    let Some((sender, parameters)) = after(rest, "FROM:").and_then(path) else { return BAD_ADDRESS };
    let mut envelope = Envelope { sender, size_bytes: None, alphabet: Alphabet::Ascii };
    for parameter in parameters.split_ascii_whitespace() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (name.to_ascii_uppercase().as_str(), value.to_ascii_uppercase().as_str()) {
            ("SIZE", size) => match size.parse() {
                Ok(size_bytes) => envelope.size_bytes = Some(size_bytes),
                Err(_) => return BAD_PARAMETER,
            },
            ("BODY", "7BIT" | "8BITMIME") => {}
            ("SMTPUTF8", "") => envelope.alphabet = Alphabet::Utf8,
            // Who said it first; nobody here asks.
            ("AUTH", _) => {}
            _ => return BAD_PARAMETER,
        }
    }
    match envelope.sender.is_empty() || is_address(&envelope.sender) {
        true => Command::Mail(envelope),
        false => BAD_ADDRESS,
    }
}

fn recipient(rest: &str) -> Command {
    match after(rest, "TO:").and_then(path) {
        Some((_, parameters)) if !parameters.trim().is_empty() => BAD_PARAMETER,
        Some((address, _)) if is_address(&address) => Command::Rcpt(address),
        Some((name, _)) if name.eq_ignore_ascii_case("postmaster") => Command::Rcpt(name),
        _ => BAD_ADDRESS,
    }
}

fn auth(rest: &str) -> Command {
    let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
    let initial = Some(initial.trim()).filter(|initial| !initial.is_empty()).map(str::to_owned);
    match mechanism.to_ascii_uppercase().as_str() {
        "PLAIN" => Command::Auth(Mechanism::Plain, initial),
        "LOGIN" => Command::Auth(Mechanism::Login, initial),
        _ => Command::Wrong("504 5.5.4 this way to sign in is not known here"),
    }
}

fn after<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let start = text.get(..word.len())?;
    start.eq_ignore_ascii_case(word).then(|| text[word.len()..].trim_start())
}

/// The address between angle brackets, and what comes after them.
fn path(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    for (at, letter) in inner.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => return Some((inner[..at].to_owned(), &inner[at + 1..])),
            _ => {}
        }
    }
    None
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
    let local_letter = |letter: char| match letter {
        ' ' | '@' | '"' | '\\' | '<' | '>' | ',' | ';' | ':' => quoted,
        letter => !letter.is_control(),
    };
    let domain_letter = |letter: char| {
        letter.is_ascii_alphanumeric()
            || "-._:[]".contains(letter)
            || (!letter.is_ascii() && !letter.is_control())
    };
    (1..=LOCAL_BYTES_MAX).contains(&local.len())
        && (1..=DOMAIN_BYTES_MAX).contains(&domain.len())
        && local.chars().all(local_letter)
        && domain.chars().all(domain_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Command {
        Command::read(line.as_bytes())
    }

    fn from(sender: &str, size_bytes: Option<u64>, alphabet: Alphabet) -> Command {
        Command::Mail(Envelope { sender: sender.to_owned(), size_bytes, alphabet })
    }

    #[test]
    fn commands_are_read_in_any_case() {
        assert_eq!(said("ehlo me"), Command::Ehlo);
        assert_eq!(said("Quit"), Command::Quit);
        assert_eq!(said("mail from:<a@b.c>"), from("a@b.c", None, Alphabet::Ascii));
        assert_eq!(said("MAIL FROM: <>"), from("", None, Alphabet::Ascii));
        assert_eq!(
            said("MAIL FROM:<ü@b.c> SIZE=12 body=8bitmime SMTPUTF8"),
            from("ü@b.c", Some(12), Alphabet::Utf8)
        );
        assert_eq!(said("RCPT TO:<\"a>b\"@c.d>"), Command::Rcpt("\"a>b\"@c.d".to_owned()));
        assert_eq!(said("RCPT TO:<Postmaster>"), Command::Rcpt("Postmaster".to_owned()));
        assert_eq!(said("AUTH PLAIN AGEAYg=="), Command::Auth(Mechanism::Plain, Some("AGEAYg==".to_owned())));
        assert_eq!(said("auth login"), Command::Auth(Mechanism::Login, None));
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        let long = format!("RCPT TO:<{}@b.c>", "a".repeat(65));
        for (line, code) in [
            ("", "500"),
            ("HELLO", "500"),
            ("EHLO", "501"),
            ("DATA now", "501"),
            ("MAIL FROM:a@b.c", "501"),
            ("MAIL FROM:<a@b.c", "501"),
            ("MAIL FROM:<a b@c.d>", "501"),
            ("MAIL FROM:<a@b.c> SIZE=x", "555"),
            ("MAIL FROM:<a@b.c> RET=FULL", "555"),
            ("RCPT TO:<>", "501"),
            ("RCPT TO:<a@b.c> NOTIFY=NEVER", "555"),
            ("RCPT TO:<a@b c>", "501"),
            ("AUTH CRAM-MD5", "504"),
            ("EXPN all", "502"),
            (long.as_str(), "501"),
        ] {
            assert!(matches!(said(line), Command::Wrong(why) if why.starts_with(code)), "{line}");
        }
        assert_eq!(Command::read(b"\xff\xfe"), UNKNOWN);
    }
}
