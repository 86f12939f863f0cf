//! What a page has to say: notices stand in the text, toasts lie over it for a while.

use maud::{Markup, html};

use crate::badge::Tone;
use crate::icon::{Icon, icon};

/// Something to be read before going on; what went wrong is told at once to those who listen.
pub fn notice(tone: Tone, title: &str, body: &Markup) -> Markup {
    let role = if tone == Tone::Bad { "alert" } else { "note" };
    html! {
        div class={ "notice " (tone.class()) } role=(role) {
            p.title { (title) }
            (body)
        }
    }
}

/// Something that was done. What went well goes away by itself after a while, all else when it is sent away.
pub fn toast(tone: Tone, text: &str) -> Markup {
    html! {
        div class={ "toast " (tone.class()) } role="status" data-passing[tone == Tone::Good] {
            span { (text) }
            // Without the script nobody could send it away.
            button.button.icon-only type="button" data-dismiss hidden aria-label="Dismiss" { (icon(Icon::Close)) }
        }
    }
}

/// The place of toasts, at the end of the page.
pub fn toasts(list: &[Markup]) -> Markup {
    html! { div.toasts { @for toast in list { (toast) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_an_alert_and_is_escaped() {
        let bad = notice(Tone::Bad, "<b>", &html! { p { "no" } }).into_string();
        assert!(bad.contains("role=\"alert\"") && bad.contains("&lt;b&gt;"), "{bad}");
        assert!(toast(Tone::Good, "Saved").into_string().contains("role=\"status\""));
    }
}
