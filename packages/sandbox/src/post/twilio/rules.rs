//! What Twilio takes and refuses, the magic numbers, and how many messages a text takes on the air.

use ::http::Uri;

use super::super::form::Form;

/// A short message that may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Who it is for.
    pub recipient: String,
    /// Who it is from.
    pub sender: Option<String>,
    /// The messaging service that sends it.
    pub messaging_service: Option<String>,
    /// What it says.
    pub body: String,
    /// How many messages it takes on the air.
    pub segments: u32,
    /// Where to tell what becomes of it.
    pub callback: Option<String>,
}

/// Why something is refused, in Twilio's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Twilio's code.
    pub code: u32,
    /// Twilio's message.
    pub message: String,
}

const BODY_LETTERS_MAX: usize = 1_600;
const VALIDITY_S_MAX: u32 = 36_000;
const CALLBACK_BYTES_MAX: usize = 2_000;
/// Twilio's word for a message that went to a phone which is off or gone, by its number.
const UNREACHABLE_NUMBER: &str = "+15005550003";

impl Refusal {
    /// A refusal of what was asked for.
    pub fn bad(code: u32, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into() }
    }

    /// Nobody has shown who they are.
    pub fn unauthenticated() -> Self {
        Self { status: 401, code: 20_003, message: "Authenticate".to_owned() }
    }

    /// Something is broken, because somebody asked for it.
    pub fn broken() -> Self {
        Self { status: 500, code: 20_500, message: "Internal server error".to_owned() }
    }

    /// There is nothing at this path.
    pub fn not_found(path: &str) -> Self {
        let message = format!("The requested resource {path} was not found");
        Self { status: 404, code: 20_404, message }
    }
}

impl Order {
    /// Reads a form, and refuses what Twilio refuses.
    pub fn read(form: &Form) -> Result<Self, Refusal> {
        let recipient =
            form.get("To").ok_or_else(|| Refusal::bad(21_604, "A 'To' phone number is required."))?;
        let sender = form.get("From");
        let messaging_service = form.get("MessagingServiceSid");
        if sender.is_none() && messaging_service.is_none() {
            return Err(Refusal::bad(21_603, "A 'From' phone number is required."));
        }
        sender.map_or(Ok(()), may_send)?;
        may_receive(recipient)?;
        let body = form.get("Body").unwrap_or_default();
        if body.is_empty() && form.get("MediaUrl").is_none() {
            return Err(Refusal::bad(21_602, "Message body is required."));
        }
        if body.chars().count() > BODY_LETTERS_MAX {
            return Err(Refusal::bad(
                21_617,
                "The concatenated message body exceeds the 1600 character limit.",
            ));
        }
        may_expire(form.get("ValidityPeriod"))?;
        let callback = form.get("StatusCallback");
        callback.map_or(Ok(()), may_be_told)?;
        Ok(Self {
            recipient: recipient.to_owned(),
            sender: sender.map(str::to_owned),
            messaging_service: messaging_service.map(str::to_owned),
            body: body.to_owned(),
            segments: segments(body),
            callback: callback.map(str::to_owned),
        })
    }
}

/// Whether a message to this number is taken and then does not arrive.
pub fn is_unreachable(recipient: &str) -> bool {
    bare(recipient) == UNREACHABLE_NUMBER
}

fn may_receive(recipient: &str) -> Result<(), Refusal> {
    let refused = |code, message: String| Err(Refusal::bad(code, message));
    match bare(recipient) {
        "+15005550001" => refused(21_211, format!("Invalid 'To' Phone Number: {recipient}")),
        "+15005550002" => refused(21_612, format!("The 'To' phone number {recipient} cannot be reached.")),
        "+15005550004" => refused(21_610, "Attempt to send to unsubscribed recipient".to_owned()),
        "+15005550009" => refused(21_614, format!("'To' number is not a valid mobile number: {recipient}")),
        number if is_number(number) => Ok(()),
        _ => refused(21_211, format!("Invalid 'To' Phone Number: {recipient}")),
    }
}

fn may_send(sender: &str) -> Result<(), Refusal> {
    let refused = |code, why: &str| Err(Refusal::bad(code, format!("The 'From' number {sender} {why}")));
    match bare(sender) {
        "+15005550007" => refused(21_606, "is not a phone number of this account."),
        "+15005550008" => refused(21_611, "has exceeded the maximum number of queued messages."),
        "+15005550001" => refused(21_212, "is not valid."),
        name if is_number(name) || is_short_code(name) || is_name(name) => Ok(()),
        _ => refused(21_212, "is not a valid phone number, short code or alphanumeric sender."),
    }
}

fn may_expire(validity_s: Option<&str>) -> Result<(), Refusal> {
    let Some(text) = validity_s else { return Ok(()) };
    match text.parse::<u32>() {
        Ok(1..=VALIDITY_S_MAX) => Ok(()),
        _ => {
            Err(Refusal::bad(20_001, format!("ValidityPeriod {text} is not between 1 and {VALIDITY_S_MAX}")))
        }
    }
}

fn may_be_told(callback: &str) -> Result<(), Refusal> {
    let url = callback.parse::<Uri>().ok().filter(|_| callback.len() <= CALLBACK_BYTES_MAX);
    let is_web = |url: Uri| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some();
    match url.is_some_and(is_web) {
        true => Ok(()),
        false => Err(Refusal::bad(21_609, "The 'StatusCallback' URL is not a valid URL.")),
    }
}

/// The number without the channel it is reached by.
fn bare(address: &str) -> &str {
    address.strip_prefix("whatsapp:").unwrap_or(address)
}

/// E.164: a plus and 7 to 15 digits.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_short_code(text: &str) -> bool {
    (3..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_name(text: &str) -> bool {
    (1..=11).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" +-_&".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The letters that phones know by one septet each (GSM 03.38).
const SEPTET: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                      abcdefghijklmnopqrstuvwxyzäöñüà";
/// Those that take two.
const TWO_SEPTETS: &str = "\u{c}^{}\\[~]|€";

/// How many messages a text takes: 160 septets, or 70 units where a letter needs more; less in each of several.
pub fn segments(body: &str) -> u32 {
    let septets = |letter: char| match letter {
        letter if SEPTET.contains(letter) => Some(1),
        letter if TWO_SEPTETS.contains(letter) => Some(2),
        _ => None,
    };
    let is_gsm = body.chars().all(|letter| septets(letter).is_some());
    let (alone, each) = if is_gsm { (160, 153) } else { (70, 67) };
    let width = |letter: char| match is_gsm {
        true => septets(letter).unwrap_or(1),
        false => letter.len_utf16(),
    };
    if body.chars().map(width).sum::<usize>() <= alone {
        return 1;
    }
    // A letter of two units does not stand on a seam.
    let (mut count, mut used) = (1, 0);
    for letter in body.chars() {
        let width = width(letter);
        if used + width > each {
            (count, used) = (count + 1, 0);
        }
        used += width;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(fields: &[(&str, &str)]) -> Result<Order, Refusal> {
        let form =
            Form::default().with("To", "+491701234567").with("From", "+15005550006").with("Body", "hi");
        let kept = form.fields().iter().filter(|(name, _)| fields.iter().all(|(other, _)| other != name));
        let kept = kept.fold(Form::default(), |form, (name, value)| form.with(name, value));
        Order::read(&fields.iter().fold(kept, |form, (name, value)| form.with(name, *value)))
    }

    #[test]
    fn twilio_refuses_with_its_codes() {
        let long = "x".repeat(1_601);
        for (fields, code) in [
            (&[("To", "+15005550001")][..], 21_211),
            (&[("To", "+15005550002")], 21_612),
            (&[("To", "+15005550004")], 21_610),
            (&[("To", "whatsapp:+15005550009")], 21_614),
            (&[("To", "12345")], 21_211),
            (&[("To", "")], 21_604),
            (&[("From", "")], 21_603),
            (&[("From", "+15005550001")], 21_212),
            (&[("From", "+15005550007")], 21_606),
            (&[("From", "+15005550008")], 21_611),
            (&[("From", "a name too long")], 21_212),
            (&[("Body", "")], 21_602),
            (&[("Body", long.as_str())], 21_617),
            (&[("StatusCallback", "ftp://example.com")], 21_609),
            (&[("StatusCallback", "not a url")], 21_609),
            (&[("ValidityPeriod", "0")], 20_001),
            (&[("ValidityPeriod", "36001")], 20_001),
        ] {
            assert_eq!(
                order(fields).map_err(|refusal| (refusal.status, refusal.code)),
                Err((400, code)),
                "{fields:?}"
            );
        }
    }

    #[test]
    fn what_twilio_takes_is_taken() {
        for fields in [
            &[][..],
            &[("To", "+15005550003")],
            &[("To", "whatsapp:+491701234567"), ("From", "whatsapp:+14155238886")],
            &[("From", "My Shop")],
            &[("From", "72345")],
            &[("From", ""), ("MessagingServiceSid", "MG1")],
            &[("Body", ""), ("MediaUrl", "https://example.com/a.png")],
            &[("ValidityPeriod", "36000"), ("StatusCallback", "https://example.com/a?b=c")],
        ] {
            assert!(order(fields).is_ok(), "{fields:?}");
        }
    }

    #[test]
    fn segments_are_counted_as_phones_do() {
        for (body, count) in [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            // 152 septets and one letter of two: it moves to the second.
            ("a".repeat(152) + "€" + &"a".repeat(151), 2),
            ("a".repeat(152) + "€" + &"a".repeat(152), 3),
            ("ж".repeat(70), 1),
            ("ж".repeat(71), 2),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
        ] {
            assert_eq!(segments(&body), count, "{body}");
        }
    }
}
