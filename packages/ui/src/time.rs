//! Instants as people read them, in UTC; `js/ui.js` shows them in the reader's own zone.

use contracts::Timestamp;
use maud::{Markup, html};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// An instant: `21 Nov 2026, 09:47 UTC`.
pub fn when(at: Timestamp) -> Markup {
    let machine = at.to_string();
    html! { time datetime=(machine) data-local { (read(&machine)) } }
}

/// The day of an instant, for where there is no page: `21 Nov 2026`.
pub fn day(at: Timestamp) -> String {
    let text = read(&at.to_string());
    text.split(',').next().unwrap_or_default().to_owned()
}

/// From `2026-11-21T09:47:35.123Z`.
fn read(machine: &str) -> String {
    let part = |from: usize, to: usize| machine.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let day = part(8, 10).trim_start_matches('0');
    format!("{day} {} {}, {} UTC", month.copied().unwrap_or_default(), part(0, 4), part(11, 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_by_people_and_by_machines() {
        let at: Timestamp = "2026-11-01T09:47:35.123Z".parse().unwrap();
        assert_eq!(
            when(at).into_string(),
            "<time datetime=\"2026-11-01T09:47:35.123Z\" data-local>1 Nov 2026, 09:47 UTC</time>"
        );
        assert_eq!(day(at), "1 Nov 2026");
    }
}
