//! Form bodies as Stripe takes them: `metadata[order]=7`, `expand[]=customer`, an empty value unsets.

use std::collections::{BTreeMap, BTreeSet};

use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

use super::errors::Error;

/// The parameters of one call, in their order.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_LETTERS_MAX: usize = 40;
const METADATA_VALUE_LETTERS_MAX: usize = 500;
/// Deeper than anything that Stripe takes, and far from the end of a stack.
const DEPTH_MAX: usize = 10;
const TEXT_LETTERS_MAX: usize = 5000;

impl Form {
    /// Reads `application/x-www-form-urlencoded` text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut pairs = Vec::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = decoded(name)?;
            if name.bytes().filter(|byte| *byte == b'[').count() > DEPTH_MAX {
                return Err(Error::invalid("Invalid parameters: they are nested too deeply."));
            }
            pairs.push((name, decoded(value)?));
        }
        Ok(Self(pairs))
    }

    /// This form and what another says.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Refuses what is not among these names: a parameter with a slip in its name must not be passed over.
    pub fn known(&self, names: &[&str]) -> Result<(), Error> {
        let root = |name: &str| name.split('[').next().unwrap_or_default().to_owned();
        // Every call may ask for expansions, and a browser sends its key along.
        let stranger = self.0.iter().map(|(name, _)| root(name)).find(|name| {
            !names.contains(&name.as_str()) && !["expand", "key", "_stripe_version"].contains(&name.as_str())
        });
        let refusal = |name: String| {
            Error::param(&name, "parameter_unknown", format!("Received unknown parameter: {name}"))
        };
        stranger.map_or(Ok(()), |name| Err(refusal(name)))
    }

    /// Whether a parameter, or something below it, is said at all.
    pub fn has(&self, name: &str) -> bool {
        let below = format!("{name}[");
        self.0.iter().any(|(known, _)| known == name || known.starts_with(&below))
    }

    /// A text; empty is as good as not there.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.said(name).filter(|value| !value.is_empty())
    }

    /// What a parameter changes: none where it is not said, and some none where it is unset.
    pub fn change(&self, name: &str) -> Result<Option<Option<String>>, Error> {
        let said = self.said(name);
        if said.is_some_and(|value| value.chars().count() > TEXT_LETTERS_MAX) {
            return Err(Error::param(name, "parameter_invalid_string_too_long", "Invalid string: too long"));
        }
        Ok(said.map(|value| (!value.is_empty()).then(|| value.to_owned())))
    }

    /// A text that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Error> {
        self.text(name).ok_or_else(|| Error::missing(name))
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Error> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let refusal = || Error::param(name, "parameter_invalid_integer", format!("Invalid integer: {text}"));
        text.parse().map(Some).map_err(|_| refusal())
    }

    /// Yes or no.
    pub fn truth(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(text) => Err(Error::invalid(format!("Invalid boolean: {text}")).at(name)),
        }
    }

    /// One of a few words.
    pub fn one_of(&self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, Error> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let refusal =
            || Error::invalid(format!("Invalid {name}: must be one of {}", words.join(", "))).at(name);
        words.iter().find(|word| **word == text).copied().map(Some).ok_or_else(refusal)
    }

    /// `name[]=a&name[]=b`, or with numbers.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let number = |key: &str| {
            let inner = key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
            inner.bytes().all(|byte| byte.is_ascii_digit()).then_some(())
        };
        self.0.iter().filter(|(key, _)| number(key).is_some()).map(|(_, value)| value.as_str()).collect()
    }

    /// Changes metadata as the form says: a key without a value goes, and an empty whole goes whole.
    pub fn merge_metadata(&self, metadata: &mut BTreeMap<String, String>) -> Result<(), Error> {
        if self.said("metadata") == Some("") {
            metadata.clear();
        }
        for (name, value) in &self.0 {
            let key = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']'));
            let Some(key) = key else { continue };
            if key.chars().count() > METADATA_KEY_LETTERS_MAX || key.contains(['[', ']']) {
                return Err(
                    Error::invalid("Metadata keys have at most 40 characters and no brackets.").at(name)
                );
            }
            if value.chars().count() > METADATA_VALUE_LETTERS_MAX {
                return Err(Error::invalid("Metadata values can have up to 500 characters.").at(name));
            }
            if value.is_empty() {
                metadata.remove(key)
            } else {
                metadata.insert(key.into(), value.clone())
            };
        }
        if metadata.len() > METADATA_KEYS_MAX {
            return Err(Error::invalid("Metadata can have up to 50 keys.").at("metadata"));
        }
        Ok(())
    }

    /// What stands below a name, as an object of texts.
    pub fn object(&self, name: &str) -> Option<Value> {
        let below = format!("{name}[");
        let mut object = Map::new();
        for (key, value) in self.0.iter().filter(|(key, _)| key.starts_with(&below)) {
            let steps: Vec<&str> = key[below.len()..].trim_end_matches(']').split("][").collect();
            put(&mut object, &steps, value);
        }
        (!object.is_empty()).then_some(Value::Object(object))
    }

    /// What two calls share only if they say the same.
    pub fn fingerprint(&self) -> String {
        let said: BTreeSet<_> = self.0.iter().collect();
        hex(digest(&SHA256, format!("{said:?}").as_bytes()).as_ref())
    }

    fn said(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn put(object: &mut Map<String, Value>, steps: &[&str], value: &str) {
    match steps {
        [] => {}
        [last] => drop(object.insert((*last).to_owned(), value.into())),
        [first, rest @ ..] => {
            let inner = object.entry(*first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// Bytes as hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decoded(text: &str) -> Result<String, Error> {
    let refusal = || Error::invalid("Invalid encoding of parameters: expected UTF-8 in URL encoding");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
                    return Err(refusal());
                };
                u8::try_from(high * 16 + low).map_err(|_| refusal())?
            }
            plain => plain,
        });
    }
    // No database takes a null letter.
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or_else(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_names_lists_and_escapes_are_read() {
        let form = Form::parse(
            "amount=1099&metadata[order]=7&metadata%5Bnote%5D=a+b%26c&expand[]=customer&expand[1]=x\
             &shipping[address][line1]=1+Way&shipping[name]=Jo&empty=",
        )
        .unwrap();
        assert_eq!(form.integer("amount").unwrap(), Some(1099));
        assert_eq!(form.list("expand"), ["customer", "x"]);
        let mut metadata = BTreeMap::from([("old".to_owned(), "1".to_owned())]);
        form.merge_metadata(&mut metadata).unwrap();
        assert_eq!(metadata["note"], "a b&c");
        assert_eq!(metadata.len(), 3);
        let shipping = serde_json::json!({"address": {"line1": "1 Way"}, "name": "Jo"});
        assert_eq!(form.object("shipping"), Some(shipping));
        assert_eq!((form.text("empty"), form.change("empty").unwrap()), (None, Some(None)));
    }

    #[test]
    fn metadata_keys_go_one_by_one_or_all_at_once() {
        let kept = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        let after = |text: &str| {
            let mut metadata = kept.clone();
            Form::parse(text).unwrap().merge_metadata(&mut metadata).map(|()| metadata)
        };
        assert_eq!(after("metadata[a]=").unwrap().into_keys().collect::<Vec<_>>(), ["b"]);
        assert!(after("metadata=").unwrap().is_empty());
        assert!(after(&format!("metadata[{}]=1", "k".repeat(41))).is_err());
        assert!(after(&format!("metadata[k]={}", "v".repeat(501))).is_err());
    }

    #[test]
    fn what_is_no_utf8_or_holds_a_null_is_refused() {
        for text in ["a=%ff", "a=%0", "a=%zz", "a=%00", "%=1"] {
            assert!(Form::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_without_a_sound_shape_are_read_without_harm_and_deep_ones_refused() {
        for (text, is_there) in [
            ("a[=1", true),
            ("a[]]=1", true),
            ("a[b]c=1", true),
            ("a[b]=1&a[b][c]=2", true),
            ("a]=1", false),
            ("[]=1", false),
            ("[a[b]=1", false),
            ("&&=&=1", false),
        ] {
            let form = Form::parse(text).unwrap();
            let seen = (form.object("a"), form.list("a"), form.object(""), form.fingerprint());
            assert_eq!(form.has("a"), is_there, "{text}: {seen:?}");
        }
        assert!(Form::parse(&format!("a{}=1", "[b]".repeat(11))).is_err());
    }

    #[test]
    fn the_same_parameters_in_another_order_are_the_same_call() {
        let print = |text: &str| Form::parse(text).unwrap().fingerprint();
        assert_eq!(print("a=1&b=2"), print("b=2&a=1"));
        assert_ne!(print("a=1&b=2"), print("a=1&b=3"));
        assert_ne!(print("a=1"), print("a=1&a="));
    }

    #[test]
    fn a_parameter_with_a_slip_in_its_name_is_refused() {
        assert!(Form::parse("amuont=1").unwrap().known(&["amount"]).is_err());
        assert!(Form::parse("amount=1&expand[]=x").unwrap().known(&["amount"]).is_ok());
    }
}
