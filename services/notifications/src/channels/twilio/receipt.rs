//! What Twilio tells us later, and how we know that it is Twilio who tells.
//!
//! Receipts come more than once and out of order; putting that right is the business of who keeps the messages.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::secrets::Secret;
use ring::hmac;

use super::codes::{Meaning, meaning};

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Which message: Twilio's name for it.
    pub reference: String,
    /// What became of it.
    pub status: ReceiptStatus,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptStatus {
    /// It waits at the provider.
    Queued,
    /// The carrier has it.
    Sent,
    /// The recipient has it.
    Delivered,
    /// It will not arrive.
    Failed {
        /// The provider's code, where it gave one.
        code: Option<u32>,
        /// Whether this recipient cannot be reached by any other attempt either.
        permanent: bool,
    },
}

/// What was told is no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReceipt {
    /// It does not come from Twilio, or not to this address.
    #[error("the receipt is not signed by the provider")]
    Signature,
    /// It does not name a message.
    #[error("the receipt names no message")]
    Reference,
    /// It names no status that a message sent can have.
    #[error("the receipt names no status that is known")]
    Status,
}

/// Reads a receipt after checking who it is from: `url` is our address exactly as Twilio was given it, with its query;
/// `params` are all fields of the form, decoded; `signature` is the header `X-Twilio-Signature`.
pub fn receipt(
    auth_token: &Secret<String>,
    url: &str,
    params: &[(String, String)],
    signature: &str,
) -> Result<Receipt, BadReceipt> {
    check(auth_token, url, params, signature)?;
    let field = |name: &str| params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let reference = field("MessageSid").or_else(|| field("SmsSid")).filter(|sid| !sid.is_empty());
    let reference = reference.ok_or(BadReceipt::Reference)?.to_owned();
    let code = field("ErrorCode").and_then(|code| code.parse().ok());
    let status = match field("MessageStatus").or_else(|| field("SmsStatus")) {
        Some("accepted" | "scheduled" | "queued" | "sending") => ReceiptStatus::Queued,
        Some("sent") => ReceiptStatus::Sent,
        Some("delivered" | "read") => ReceiptStatus::Delivered,
        Some("undelivered" | "failed" | "canceled") => {
            let permanent = code.and_then(meaning) == Some(Meaning::Recipient);
            ReceiptStatus::Failed { code, permanent }
        }
        _ => return Err(BadReceipt::Status),
    };
    Ok(Receipt { reference, status })
}

/// Checks the signature over the address and every field, sorted; a field told twice with one value counts once.
fn check(
    auth_token: &Secret<String>,
    url: &str,
    params: &[(String, String)],
    signature: &str,
) -> Result<(), BadReceipt> {
    let signature = STANDARD.decode(signature).map_err(|_| BadReceipt::Signature)?;
    let mut fields: Vec<_> = params.iter().collect();
    fields.sort();
    fields.dedup();
    let fields: String =
        fields.into_iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth_token.expose().as_bytes());
    let is_signed =
        |url: &String| hmac::verify(&key, format!("{url}{fields}").as_bytes(), &signature).is_ok();
    if spellings(url).iter().any(is_signed) { Ok(()) } else { Err(BadReceipt::Signature) }
}

/// The address as it is, without its port, and with the one it has by nature: Twilio signs now one, now another.
fn spellings(url: &str) -> Vec<String> {
    let mut spellings = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return spellings };
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            spellings.push(format!("{scheme}://{host}{path}"));
        }
        _ => {
            let port = if scheme == "http" { 80 } else { 443 };
            spellings.push(format!("{scheme}://{host}:{port}{path}"));
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://example.com/receipts/twilio?project=prj_1";

    fn token() -> Secret<String> {
        Secret::new("12345".to_owned())
    }

    fn params(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// Signs as Twilio writes that it does, independently of the order in which the fields come.
    fn signed(token: &str, url: &str, fields: &[(&str, &str)]) -> String {
        let mut sorted = fields.to_vec();
        sorted.sort_unstable();
        let text = sorted.iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
        STANDARD.encode(hmac::sign(&key, text.as_bytes()))
    }

    fn told(fields: &[(&str, &str)]) -> Result<Receipt, BadReceipt> {
        receipt(&token(), URL, &params(fields), &signed("12345", URL, fields))
    }

    const PUBLISHED: [(&str, &str); 5] = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675310"),
        ("Digits", "1234"),
        ("From", "+14158675310"),
        ("To", "+18005551212"),
    ];

    #[test]
    fn the_vector_that_twilio_publishes_is_accepted_in_any_order_of_fields() {
        let (url, signature) = ("https://example.com/myapp.php?foo=1&bar=2", "L/OH5YylLD5NRKLltdqwSvS0BnU=");
        let mut fields = params(&PUBLISHED);
        for _ in 0..fields.len() {
            assert_eq!(check(&token(), url, &fields, signature), Ok(()));
            fields.rotate_left(1);
        }
        let doubled = [fields.clone(), fields].concat();
        assert_eq!(check(&token(), url, &doubled, signature), Ok(()));
    }

    #[test]
    fn nothing_of_a_signed_receipt_can_be_changed() {
        let (url, signature) = ("https://example.com/myapp.php?foo=1&bar=2", "L/OH5YylLD5NRKLltdqwSvS0BnU=");
        let fields = params(&PUBLISHED);
        let refused = |token: &str, url: &str, fields: &[(String, String)], signature: &str| {
            let told = receipt(&Secret::new(token.to_owned()), url, fields, signature);
            assert_eq!(told, Err(BadReceipt::Signature), "{token} {url} {signature}");
        };
        refused("12346", url, &fields, signature);
        refused("12345", "https://example.com/myapp.php?foo=1&bar=3", &fields, signature);
        refused("12345", "http://example.com/myapp.php?foo=1&bar=2", &fields, signature);
        refused("12345", "https://example.com:8443/myapp.php?foo=1&bar=3", &fields, signature);
        for signature in
            ["", "AAAA", "L/OH5YylLD5NRKLltdqwSvS0BnU", "nonsense!", "L/OH5YylLD5NRKLltdqwSvS0BnV="]
        {
            refused("12345", url, &fields, signature);
        }
        for at in 0..fields.len() {
            let (mut changed, mut fewer) = (fields.clone(), fields.clone());
            changed[at].1.push('0');
            fewer.remove(at);
            refused("12345", url, &changed, signature);
            refused("12345", url, &fewer, signature);
        }
        refused("12345", url, &[fields.clone(), params(&[("More", "1")])].concat(), signature);
    }

    #[test]
    fn an_address_is_the_same_with_and_without_its_port() {
        let fields = [("MessageSid", "SM1"), ("MessageStatus", "sent")];
        for (ours, theirs) in [
            ("https://a.example/r?x=1", "https://a.example:443/r?x=1"),
            ("https://a.example:8443/r", "https://a.example/r"),
            ("http://a.example", "http://a.example:80"),
        ] {
            let told = receipt(&token(), ours, &params(&fields), &signed("12345", theirs, &fields));
            assert!(told.is_ok(), "{ours} {theirs}");
        }
    }

    #[test]
    fn each_status_has_one_meaning() {
        let failed = |code, permanent| ReceiptStatus::Failed { code, permanent };
        for (status, code, meaning) in [
            ("accepted", "", ReceiptStatus::Queued),
            ("scheduled", "", ReceiptStatus::Queued),
            ("queued", "", ReceiptStatus::Queued),
            ("sending", "", ReceiptStatus::Queued),
            ("sent", "", ReceiptStatus::Sent),
            ("delivered", "", ReceiptStatus::Delivered),
            ("read", "", ReceiptStatus::Delivered),
            ("undelivered", "30003", failed(Some(30003), false)),
            ("undelivered", "30005", failed(Some(30005), true)),
            ("undelivered", "30008", failed(Some(30008), false)),
            ("failed", "30006", failed(Some(30006), true)),
            ("failed", "30001", failed(Some(30001), false)),
            ("failed", "30007", failed(Some(30007), false)),
            ("canceled", "", failed(None, false)),
        ] {
            let told = told(&[("ErrorCode", code), ("MessageSid", "SM1"), ("MessageStatus", status)]);
            assert_eq!(told, Ok(Receipt { reference: "SM1".to_owned(), status: meaning }), "{status} {code}");
        }
    }

    #[test]
    fn a_signed_form_that_is_no_receipt_is_refused() {
        assert_eq!(told(&[("MessageSid", "SM1"), ("MessageStatus", "received")]), Err(BadReceipt::Status));
        assert_eq!(told(&[("MessageSid", "SM1"), ("MessageStatus", "")]), Err(BadReceipt::Status));
        assert_eq!(told(&[("MessageSid", "SM1")]), Err(BadReceipt::Status));
        assert_eq!(told(&[("MessageSid", ""), ("MessageStatus", "sent")]), Err(BadReceipt::Reference));
        assert_eq!(told(&[("MessageStatus", "sent")]), Err(BadReceipt::Reference));
    }
}
