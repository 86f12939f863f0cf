//! Fields of forms: a label, a hint, a control and what is wrong with it, tied together for those who listen.

use maud::{Markup, html};

use crate::badge::Tone;
use crate::toast::notice;

/// One field, written out by [`Field::shown`].
#[derive(Clone, Debug)]
pub struct Field<'a> {
    name: &'a str,
    label: &'a str,
    control: Control<'a>,
    value: &'a str,
    hint: Option<&'a str>,
    error: Option<&'a str>,
    autocomplete: Option<&'a str>,
    keyboard: Option<&'a str>,
    letters_max: Option<u32>,
    required: bool,
    size: &'a str,
}

#[derive(Clone, Copy, Debug)]
enum Control<'a> {
    Input(&'a str),
    Area,
    Choice(&'a [(&'a str, &'a str)]),
    /// Never sent: a module of the page reads it.
    Unsent,
}

impl<'a> Field<'a> {
    /// A line of text.
    pub const fn text(name: &'a str, label: &'a str) -> Self {
        Self::new(name, label, Control::Input("text"))
    }

    /// A mail address.
    pub const fn email(name: &'a str, label: &'a str) -> Self {
        Self::new(name, label, Control::Input("email"))
    }

    /// A password; its value is never shown again.
    pub const fn password(name: &'a str, label: &'a str) -> Self {
        Self::new(name, label, Control::Input("password"))
    }

    /// A telephone number.
    pub const fn telephone(name: &'a str, label: &'a str) -> Self {
        Self::new(name, label, Control::Input("tel"))
    }

    /// A day.
    pub const fn day(name: &'a str, label: &'a str) -> Self {
        Self::new(name, label, Control::Input("date"))
    }

    /// Several lines of text.
    pub const fn area(name: &'a str, label: &'a str) -> Self {
        Self::new(name, label, Control::Area)
    }

    /// One of some values, each with its label.
    pub const fn choice(name: &'a str, label: &'a str, choices: &'a [(&'a str, &'a str)]) -> Self {
        Self::new(name, label, Control::Choice(choices))
    }

    /// A field without a name: no form ever sends it, whatever happens to the script that reads it.
    pub const fn unsent(id: &'a str, label: &'a str) -> Self {
        Self::new(id, label, Control::Unsent)
    }

    const fn new(name: &'a str, label: &'a str, control: Control<'a>) -> Self {
        Self {
            name,
            label,
            control,
            value: "",
            hint: None,
            error: None,
            autocomplete: None,
            keyboard: None,
            letters_max: None,
            required: true,
            size: "",
        }
    }

    /// What it holds at first.
    pub const fn value(self, value: &'a str) -> Self {
        Self { value, ..self }
    }

    /// What helps to fill it in.
    pub const fn hint(self, hint: &'a str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// What is wrong with it.
    pub const fn error(self, error: Option<&'a str>) -> Self {
        Self { error, ..self }
    }

    /// What browsers may fill it with.
    pub const fn autocomplete(self, what: &'a str) -> Self {
        Self { autocomplete: Some(what), ..self }
    }

    /// Which keyboard a phone shows.
    pub const fn keyboard(self, which: &'a str) -> Self {
        Self { keyboard: Some(which), ..self }
    }

    /// The most letters that it takes.
    pub const fn letters_max(self, most: u32) -> Self {
        Self { letters_max: Some(most), ..self }
    }

    /// May be left empty.
    pub const fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    /// How much of a line it takes, by class: `half`, `third`, `rest`.
    pub const fn size(self, size: &'a str) -> Self {
        Self { size, ..self }
    }

    /// The field as it stands in a form.
    pub fn shown(&self) -> Markup {
        let hint_id = format!("{}-hint", self.name);
        let error_id = format!("{}-error", self.name);
        // A field that a module checks has the place of its error from the start.
        let has_error = self.error.is_some() || matches!(self.control, Control::Unsent);
        let told: Vec<&str> = [self.hint.map(|_| hint_id.as_str()), has_error.then_some(error_id.as_str())]
            .into_iter()
            .flatten()
            .collect();
        let told = (!told.is_empty()).then(|| told.join(" "));
        html! {
            div class={ "field " (self.size) } {
                label for=(self.name) { (self.label) @if !self.required { " " span.optional { "(optional)" } } }
                @if let Some(hint) = self.hint { p.hint id=(hint_id) { (hint) } }
                (self.control(told.as_deref()))
                @if has_error { p.error id=(error_id) hidden[self.error.is_none()] { (self.error.unwrap_or_default()) } }
            }
        }
    }

    fn control(&self, told: Option<&str>) -> Markup {
        let invalid = self.error.map(|_| "true");
        let name = Some(self.name).filter(|_| !matches!(self.control, Control::Unsent));
        html! {
            @match self.control {
                Control::Input(_) | Control::Unsent => {
                    @let kind = if let Control::Input(kind) = self.control { kind } else { "text" };
                    @let value = Some(self.value).filter(|value| kind != "password" && !value.is_empty());
                    input.control id=(self.name) name=[name] type=(kind) value=[value] autocomplete=[self.autocomplete]
                        inputmode=[self.keyboard] maxlength=[self.letters_max] required[self.required]
                        aria-invalid=[invalid] aria-describedby=[told];
                }
                Control::Area => {
                    textarea.control id=(self.name) name=[name] autocomplete=[self.autocomplete] maxlength=[self.letters_max]
                        required[self.required] aria-invalid=[invalid] aria-describedby=[told] { (self.value) }
                }
                Control::Choice(choices) => {
                    select.control id=(self.name) name=[name] autocomplete=[self.autocomplete] required[self.required]
                        aria-invalid=[invalid] aria-describedby=[told] {
                        @for (value, label) in choices {
                            option value=(value) selected[*value == self.value] { (label) }
                        }
                    }
                }
            }
        }
    }
}

/// A box to tick.
pub fn check(name: &str, label: &str, ticked: bool) -> Markup {
    html! {
        label.check { input type="checkbox" name=(name) value="true" checked[ticked]; span { (label) } }
    }
}

/// A value that the form carries along.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// What is wrong, above a form that was not taken; each entry leads to its field.
pub fn summary(errors: &[(String, String)]) -> Markup {
    let list = html! {
        ul { @for (field, message) in errors {
            li { @if field.is_empty() { (message) } @else { a href={ "#" (field) } { (message) } } }
        } }
    };
    html! { @if !errors.is_empty() { (notice(Tone::Bad, "Please check what you entered", &list)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_and_a_hint_are_tied_to_their_field() {
        let field = Field::email("email", "Email")
            .value("\"><script>")
            .hint("We write to it")
            .error(Some("is <bad>"));
        let made = field.shown().into_string();
        for part in [
            "<label for=\"email\">Email</label>",
            "<p class=\"hint\" id=\"email-hint\">We write to it</p>",
            "aria-invalid=\"true\" aria-describedby=\"email-hint email-error\"",
            "value=\"&quot;&gt;&lt;script&gt;\"",
            "<p class=\"error\" id=\"email-error\">is &lt;bad&gt;</p>",
            " required",
        ] {
            assert!(made.contains(part), "{part} in {made}");
        }
    }

    #[test]
    fn a_field_without_trouble_says_nothing_of_it() {
        let made = Field::text("name", "Name").optional().shown().into_string();
        assert!(
            !made.contains("aria-") && !made.contains("required") && made.contains("(optional)"),
            "{made}"
        );
    }

    #[test]
    fn a_password_is_never_shown_again() {
        let made = Field::password("password", "Password").value("secret").shown().into_string();
        assert!(!made.contains("secret"), "{made}");
    }

    #[test]
    fn what_is_not_to_be_sent_has_no_name() {
        let made = Field::unsent("card", "Card number").shown().into_string();
        assert!(!made.contains(" name=") && made.contains("id=\"card\""), "{made}");
        assert!(
            made.contains("aria-describedby=\"card-error\"") && made.contains("id=\"card-error\" hidden")
        );
    }

    #[test]
    fn the_chosen_value_is_selected() {
        let made = Field::choice("c", "C", &[("a", "A"), ("b", "B")]).value("b").shown().into_string();
        assert!(made.contains("<option value=\"b\" selected>B</option>"), "{made}");
    }

    #[test]
    fn the_summary_leads_to_the_fields() {
        let errors =
            [("city".to_owned(), "City is missing".to_owned()), (String::new(), "Again, please".to_owned())];
        let made = summary(&errors).into_string();
        assert!(
            made.contains("<a href=\"#city\">City is missing</a>") && made.contains("<li>Again, please</li>")
        );
        assert_eq!(summary(&[]).into_string(), "");
    }
}
