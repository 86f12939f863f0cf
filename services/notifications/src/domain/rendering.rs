//! The engine that makes words of templates: for previews and for sending the same one.
//!
//! Variables are escaped in HTML and nowhere else; a template cannot switch that off. What a template may take is
//! bounded in steps and in letters.

use std::collections::HashSet;
use std::io;

use contracts::{Currency, Money};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value as Any, escape_formatter,
};
use serde_json::{Map, Value};

use super::notification::Channel;
use super::template::{Misfit, Variable, Words, samples};
use super::words::Locale;

/// One version, ready to be rendered.
pub struct Compiled {
    engine: Environment<'static>,
    locales: Vec<(Locale, Vec<Channel>)>,
    variables: Vec<Variable>,
}

/// What was made of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// One line: the subject of a mail, the title of a line in an inbox.
    pub subject: Option<String>,
    /// The text.
    pub text: String,
    /// The HTML, for mail.
    pub html: Option<String>,
}

/// Steps that one part may take.
const FUEL: u64 = 50_000;
/// Bytes that one part may have.
const BYTES_MAX: usize = 256 * 1024;
/// Letters of a subject.
const SUBJECT_LETTERS_MAX: usize = 300;

impl Compiled {
    /// Reads the templates of a version; what cannot be read is named.
    pub fn new(variables: &[Variable], words: &[Words]) -> Result<Self, Misfit> {
        let mut engine = engine();
        let mut locales = Vec::with_capacity(words.len());
        for (at, each) in words.iter().enumerate() {
            let mut channels = Vec::new();
            for (channel, part, source) in parts_of(each) {
                let field = format!("contents[{at}].{}.{part}", channel.as_str());
                // Turning the escape off within a template would be an open door for what people type.
                if source.contains("autoescape") {
                    return Err(Misfit::new(field, "must not change how variables are escaped"));
                }
                engine
                    .add_template_owned(name_of(&each.locale, channel, part), source.to_owned())
                    .map_err(|error| Misfit::new(field, told(&error)))?;
                if !channels.contains(&channel) {
                    channels.push(channel);
                }
            }
            locales.push((each.locale.clone(), channels));
        }
        Ok(Self { engine, locales, variables: variables.to_vec() })
    }

    /// Whether it can be published: it uses only what is declared, and every part can be rendered with the samples.
    pub fn prove(&self) -> Result<(), Misfit> {
        let declared: HashSet<&str> = self.variables.iter().map(|variable| variable.name.as_str()).collect();
        for (name, template) in self.engine.templates() {
            let used = template.undeclared_variables(false);
            let globals: HashSet<&str> = self.engine.globals().map(|(name, _)| name).collect();
            let stranger = used
                .iter()
                .find(|used| !declared.contains(used.as_str()) && !globals.contains(used.as_str()));
            if let Some(stranger) = stranger {
                return Err(Misfit::new(name, format!("uses `{stranger}`, which is not declared")));
            }
        }
        for (locale, channels) in &self.locales {
            for channel in channels {
                self.render(*channel, std::slice::from_ref(locale), &samples(&self.variables))?;
            }
        }
        Ok(())
    }

    /// What it is given.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Which of `wanted`, or else of all languages, it speaks by this channel.
    pub fn locale(&self, channel: Channel, wanted: &[Locale]) -> Option<&Locale> {
        let speaks = |locale: &&(Locale, Vec<Channel>)| locale.1.contains(&channel);
        let known =
            |name: &str| self.locales.iter().filter(speaks).find(|(locale, _)| locale.as_str() == name);
        let found =
            wanted.iter().find_map(|locale| known(locale.as_str()).or_else(|| known(locale.language())));
        found.or_else(|| self.locales.iter().find(speaks)).map(|(locale, _)| locale)
    }

    /// What it says by this channel, in the first of these languages that it speaks.
    pub fn render(
        &self,
        channel: Channel,
        wanted: &[Locale],
        variables: &Map<String, Value>,
    ) -> Result<Rendered, Misfit> {
        let absent = || {
            Misfit::new(
                "channel",
                format!("is not one that this template has words for: {}", channel.as_str()),
            )
        };
        let locale = self.locale(channel, wanted).ok_or_else(absent)?;
        let context = Any::from(minijinja::value::Serde(variables));
        let part = |part: &str| self.part(locale, channel, part, &context);
        let rendered = match channel {
            Channel::Email => Rendered {
                subject: part("subject")?.map(|subject| one_line(&subject)),
                text: part("text")?.map(|text| plain(&text)).unwrap_or_default(),
                html: part("html")?,
            },
            Channel::InApp => Rendered {
                subject: part("title")?.map(|title| one_line(&title)),
                text: part("body")?.map(|body| plain(&body)).unwrap_or_default(),
                html: None,
            },
            Channel::Sms | Channel::Webhook | Channel::Log => Rendered {
                subject: None,
                text: part("text")?.map(|text| visible(&text)).unwrap_or_default(),
                html: None,
            },
        };
        Ok(rendered)
    }

    fn part(
        &self,
        locale: &Locale,
        channel: Channel,
        part: &str,
        context: &Any,
    ) -> Result<Option<String>, Misfit> {
        let name = name_of(locale, channel, part);
        let Ok(template) = self.engine.get_template(&name) else { return Ok(None) };
        let mut bounded = Bounded(Vec::new());
        let failed = |error: Error| Misfit::new(name.clone(), told(&error));
        template.render_captured_to(context.clone(), &mut bounded).map_err(failed)?;
        String::from_utf8(bounded.0).map(Some).map_err(|_| Misfit::new(name.clone(), "is not text"))
    }
}

fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_auto_escape_callback(|name| {
        if name.ends_with("/html") { AutoEscape::Html } else { AutoEscape::None }
    });
    engine.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    engine.set_formatter(
        |out, state, value| {
            if value.is_none() { Ok(()) } else { escape_formatter(out, state, value) }
        },
    );
    engine.set_fuel(Some(FUEL));
    engine.set_recursion_limit(64);
    engine.remove_filter("safe");
    engine.add_filter("money", money);
    engine.add_filter("date", date);
    engine
}

/// `amount|money(currency)`: minor units as people read them.
fn money(minor: i64, currency: String) -> Result<String, Error> {
    let unknown = |_| Error::new(ErrorKind::InvalidOperation, format!("`{currency}` is not a currency"));
    let currency: Currency = currency.parse().map_err(unknown)?;
    Ok(Money::new(minor, currency).to_string())
}

/// `at|date("%e %B %Y")`: a time in UTC as people read it; the day where nothing is said.
fn date(at: String, format: Option<String>) -> Result<String, Error> {
    let wrong = |why: String| Error::new(ErrorKind::InvalidOperation, why);
    let at: jiff::Timestamp = at.parse().map_err(|_| wrong(format!("`{at}` is not a time")))?;
    let format = format.as_deref().unwrap_or("%e %B %Y");
    let zoned = at.to_zoned(jiff::tz::TimeZone::UTC);
    let text = jiff::fmt::strtime::format(format, &zoned).map_err(|error| wrong(error.to_string()))?;
    Ok(text.trim().to_owned())
}

fn parts_of(words: &Words) -> Vec<(Channel, &'static str, &str)> {
    let mut parts = Vec::new();
    if let Some(email) = &words.email {
        parts.push((Channel::Email, "subject", email.subject.as_str()));
        parts.push((Channel::Email, "text", email.text.as_str()));
        parts.extend(email.html.as_deref().map(|html| (Channel::Email, "html", html)));
    }
    parts.extend(words.sms.as_ref().map(|sms| (Channel::Sms, "text", sms.text.as_str())));
    if let Some(in_app) = &words.in_app {
        parts.push((Channel::InApp, "title", in_app.title.as_str()));
        parts.push((Channel::InApp, "body", in_app.body.as_str()));
    }
    // The log says what a short message would, or else the text of the mail, or the line of the inbox.
    let short = words.sms.as_ref().map(|sms| sms.text.as_str());
    let mail = words.email.as_ref().map(|email| email.text.as_str());
    let line = words.in_app.as_ref().map(|in_app| in_app.body.as_str());
    parts.extend(short.or(mail).or(line).map(|text| (Channel::Log, "text", text)));
    parts
}

fn name_of(locale: &Locale, channel: Channel, part: &str) -> String {
    format!("{locale}/{}/{part}", channel.as_str())
}

fn told(error: &Error) -> String {
    let line = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
    format!(
        "cannot be rendered{line}: {}",
        error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
    )
}

/// A subject: nothing in it can begin another header.
pub fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SUBJECT_LETTERS_MAX).collect()
}

/// Plain text without what steers terminals and printers.
pub fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}

/// A short message without letters that nobody sees and everybody pays for.
pub fn visible(text: &str) -> String {
    let hidden =
        |letter: &char| matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}');
    plain(text)
        .chars()
        .filter(|letter| !hidden(letter))
        .map(|letter| if letter == '\t' { ' ' } else { letter })
        .collect()
}

/// Takes so many bytes and no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > BYTES_MAX {
            return Err(io::Error::other("what was made of the template is too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::template::{EmailWords, Kind, SmsWords};
    use crate::domain::words::VariableName;

    fn locale(text: &str) -> Locale {
        Locale::try_from(text.to_owned()).unwrap()
    }

    fn mail(at: &str, subject: &str, text: &str, html: Option<&str>) -> Words {
        let html = html.map(str::to_owned);
        let email = Some(EmailWords { subject: subject.to_owned(), text: text.to_owned(), html });
        Words { locale: locale(at), email, sms: None, in_app: None }
    }

    fn text_variable(name: &str) -> Variable {
        let name = VariableName::try_from(name.to_owned()).unwrap();
        Variable { name, kind: Kind::Text, required: true, sample: json!("x") }
    }

    fn with(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn variables_are_escaped_in_html_and_nowhere_else() {
        let words = [mail("en", "Hi {{ name }}", "Hi {{ name }}", Some("<p>Hi {{ name }}</p>"))];
        let compiled = Compiled::new(&[text_variable("name")], &words).unwrap();
        assert_eq!(compiled.prove(), Ok(()));
        let given = with(json!({ "name": "<b>&\"Ann\"\r\nBcc: x" }));
        let rendered = compiled.render(Channel::Email, &[locale("en")], &given).unwrap();
        assert_eq!(rendered.subject.as_deref(), Some("Hi <b>&\"Ann\" Bcc: x"));
        assert_eq!(rendered.text, "Hi <b>&\"Ann\"\nBcc: x");
        let html = rendered.html.unwrap();
        assert!(html.starts_with("<p>Hi &lt;b&gt;&amp;&quot;Ann&quot;"), "{html}");
    }

    #[test]
    fn a_template_cannot_switch_the_escape_off() {
        let of = |html: &str| Compiled::new(&[text_variable("name")], &[mail("en", "a", "b", Some(html))]);
        assert!(of("{% autoescape false %}{{ name }}{% endautoescape %}").is_err());
        let safe = of("{{ name|safe }}").and_then(|compiled| compiled.prove());
        assert!(safe.is_err());
    }

    #[test]
    fn what_is_not_declared_or_cannot_be_rendered_is_not_published() {
        let proof = |text: &str| {
            Compiled::new(&[text_variable("name")], &[mail("en", "a", text, None)])
                .and_then(|one| one.prove())
        };
        assert_eq!(proof("{{ name }}{% if name %}!{% endif %}"), Ok(()));
        assert!(proof("{{ nmae }}").unwrap_err().why.contains("`nmae`"));
        assert!(proof("{% if name %}").is_err());
        assert!(proof("{{ name.first.second }}").is_err());
        assert!(proof("{% for i in range(100000) %}{{ name }}{% endfor %}").is_err(), "fuel");
    }

    #[test]
    fn no_template_makes_more_than_fits() {
        let words = [mail("en", "a", "{% for i in range(400) %}{{ name }}{% endfor %}", None)];
        let compiled = Compiled::new(&[text_variable("name")], &words).unwrap();
        let given = with(json!({ "name": "x".repeat(10_000) }));
        assert!(compiled.render(Channel::Email, &[locale("en")], &given).is_err());
    }

    #[test]
    fn the_nearest_language_is_spoken() {
        let words = [mail("de", "Hallo", "Hallo", None), mail("en", "Hello", "Hello", None)];
        let compiled = Compiled::new(&[], &words).unwrap();
        let spoken = |wanted: &[&str]| {
            let wanted: Vec<Locale> = wanted.iter().map(|text| locale(text)).collect();
            compiled.render(Channel::Email, &wanted, &Map::new()).unwrap().text
        };
        assert_eq!(spoken(&["en-IN", "de"]), "Hello");
        assert_eq!(spoken(&["fr", "en"]), "Hello");
        assert_eq!(spoken(&["fr"]), "Hallo");
        assert!(compiled.render(Channel::Sms, &[], &Map::new()).is_err());
    }

    #[test]
    fn amounts_and_times_are_written_as_people_read_them() {
        let text = "{{ 1999|money('INR') }} on {{ '2026-11-21T09:47:35Z'|date }} at {{ '2026-11-21T09:47:35Z'|date('%H:%M') }}";
        let compiled = Compiled::new(&[], &[mail("en", "a", text, None)]).unwrap();
        let rendered = compiled.render(Channel::Email, &[], &Map::new()).unwrap();
        assert_eq!(rendered.text, "19.99 INR on 21 November 2026 at 09:47");
        let wrong = Compiled::new(&[], &[mail("en", "a", "{{ 5|money('shells') }}", None)]).unwrap();
        assert!(wrong.prove().is_err());
    }

    #[test]
    fn a_short_message_has_no_hidden_letters() {
        let sms = Some(SmsWords { text: "a\u{200b}b\tc\u{7}".to_owned() });
        let words = [Words { locale: locale("en"), email: None, sms, in_app: None }];
        let compiled = Compiled::new(&[], &words).unwrap();
        assert_eq!(compiled.render(Channel::Sms, &[], &Map::new()).unwrap().text, "ab c");
        assert_eq!(compiled.render(Channel::Log, &[], &Map::new()).unwrap().text, "ab c");
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_engine_or_out_of_a_header(text: String, name: String) {
            if let Ok(compiled) = Compiled::new(&[text_variable("name")], &[mail("en", &text, "b", Some(&text))]) {
                let rendered = compiled.render(Channel::Email, &[], &with(json!({ "name": name })));
                if let Ok(Rendered { subject: Some(subject), .. }) = rendered {
                    prop_assert!(!subject.contains(['\r', '\n']));
                }
            }
        }

        #[test]
        fn what_people_type_never_becomes_markup(name: String) {
            let words = [mail("en", "a", "b", Some("{{ name }}"))];
            let compiled = Compiled::new(&[text_variable("name")], &words).unwrap();
            let html = compiled.render(Channel::Email, &[], &with(json!({ "name": name }))).unwrap().html.unwrap();
            prop_assert!(!html.contains(['<', '>', '"', '\'']), "{}", html);
        }
    }
}
