//! The pages of the inbox: a list, a message, and what is said when there is neither.

use contracts::Timestamp;
use kernel::store::Page;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::super::form::encode;
use super::super::message::{Attachment, Channel, Message};
use super::super::store::Listed;
use super::links::links;

const STYLE: &str = include_str!("inbox.css");
const RECIPIENTS_SHOWN: usize = 3;

/// The list of messages.
pub fn list(found: &Page<Listed>, search: Option<&str>, is_later_page: bool) -> Markup {
    let newest = found.data.first().map(|row| row.id.to_string()).filter(|_| !is_later_page);
    let about = match search {
        Some(search) => format!("Messages with “{search}”"),
        None => "All messages, newest first".to_owned(),
    };
    let form = html! {
        form .search role="search" action="/inbox" method="get" {
            label for="search" { "Recipient, sender or subject" }
            div .row {
                input #search type="search" name="search" maxlength="200" autocomplete="off" spellcheck="false"
                    value=[search] placeholder="ana@example.com";
                button type="submit" { "Search" }
            }
        }
    };
    let body = html! {
        (form)
        div .bar {
            h2 #about { (about) }
            button #clear .quiet type="button" hidden[true] { "Empty the inbox" }
        }
        p #news .hidden role="status" aria-live="polite" {}
        div #list data-newest=(newest.unwrap_or_default()) data-live[!is_later_page] {
            @if found.data.is_empty() { (empty(search)) } @else {
                ol .messages aria-labelledby="about" { @for row in &found.data { (entry(row)) } }
            }
            @if is_later_page || found.next_cursor.is_some() { (pager(found, search, is_later_page)) }
        }
        script src="/inbox/script.js" defer {}
    };
    document("Inbox", &body)
}

fn pager(found: &Page<Listed>, search: Option<&str>, is_later_page: bool) -> Markup {
    let search = search.map(|search| format!("search={}", encode(search)));
    let first = search.as_ref().map_or("/inbox".to_owned(), |search| format!("/inbox?{search}"));
    let joined = search.map(|search| format!("&{search}")).unwrap_or_default();
    html! {
        nav .pager aria-label="Pages" {
            @if is_later_page { a href=(first) { "Newest" } }
            @if let Some(cursor) = &found.next_cursor {
                a rel="next" href={ "/inbox?cursor=" (encode(cursor)) (joined) } { "Older" }
            }
        }
    }
}

fn empty(search: Option<&str>) -> Markup {
    html! {
        div .empty {
            @match search {
                Some(_) => {
                    p { strong { "Nothing was sent that says so." } }
                    p { a href="/inbox" { "Show all messages" } }
                }
                None => {
                    p { strong { "Nothing has been sent yet." } }
                    p { "Every mail and short message that the platform sends in the sandbox is shown here, and none of \
                        them leaves this machine. This page looks for new ones by itself." }
                }
            }
        }
    }
}

fn entry(row: &Listed) -> Markup {
    let title = match (row.channel, row.subject.as_str()) {
        (Channel::Sms, _) => row.preview.as_str(),
        (Channel::Email, "") => "(no subject)",
        (Channel::Email, subject) => subject,
    };
    let others = row.recipients.0.len().saturating_sub(RECIPIENTS_SHOWN);
    html! {
        li {
            a href={ "/inbox/" (row.id) } {
                span .top {
                    span .to { "To " (row.recipients.0.iter().take(RECIPIENTS_SHOWN).cloned().collect::<Vec<_>>().join(", "))
                        @if others > 0 { " and " (others) " more" } }
                    (moment(row.at))
                }
                span .title { (badge(row.channel)) " " (if title.is_empty() { "(no text)" } else { title }) }
                @if row.channel == Channel::Email && !row.preview.is_empty() { span .preview { (row.preview) } }
                span .from { "From " (if row.sender.is_empty() { "nobody" } else { row.sender.as_str() })
                    @match row.attachments.0.len() { 0 => {} 1 => { " · 1 file" } count => { " · " (count) " files" } } }
            }
        }
    }
}

/// One message.
pub fn message(message: &Message) -> Markup {
    let title = match (message.channel, message.subject.as_str()) {
        (Channel::Sms, _) => "Short message",
        (Channel::Email, "") => "(no subject)",
        (Channel::Email, subject) => subject,
    };
    let found = links(&message.text, &message.html);
    let body = html! {
        p { a href="/inbox" { "← All messages" } }
        article {
            h2 .subject { (badge(message.channel)) " " (title) }
            dl .facts {
                dt { "From" } dd { (if message.sender.is_empty() { "nobody" } else { message.sender.as_str() }) }
                dt { "To" } dd { (message.recipients.0.join(", ")) }
                dt { "At" } dd { (moment(message.at)) }
                @if !message.attachments.0.is_empty() {
                    dt { "Files" } dd { ul .plain { @for file in &message.attachments.0 { li { (named(file)) } } } }
                }
                @if !found.is_empty() {
                    dt { "Links" }
                    dd { ul .plain { @for link in &found {
                        li { a href=(link) target="_blank" rel="noopener noreferrer" { (link) } }
                    } } }
                }
            }
            @if !message.html.is_empty() {
                section {
                    h3 { "Page" }
                    iframe sandbox="" title="The page of this mail" srcdoc=(message.html) {}
                }
            }
            @if !message.text.is_empty() {
                section { h3 { "Text" } pre .text tabindex="0" { (message.text) } }
            }
            @if message.html.is_empty() && message.text.is_empty() { p { "It has no text." } }
            (details(message))
        }
    };
    document(title, &body)
}

fn details(message: &Message) -> Markup {
    html! {
        @if !message.headers.0.is_empty() {
            details {
                summary { "Headers" }
                dl .headers { @for (name, value) in &message.headers.0 { dt { (name) } dd { (value) } } }
            }
        }
        @if !message.html.is_empty() {
            details { summary { "Source of the page" } pre tabindex="0" { (message.html) } }
        }
        details {
            summary { "Raw source, " (size(message.size_bytes)) }
            p { a href={ "/inbox/" (message.id) "/raw" } { "Open it alone" }
                @if message.is_cut() { " (only the first " (size(message.raw.0.len() as u64)) " were kept)" } }
            pre tabindex="0" { (String::from_utf8_lossy(&message.raw.0)) }
        }
    }
}

/// What is said when something cannot be shown.
pub fn trouble(message: &str) -> Markup {
    document("Inbox", &html! { p { "Sorry, " (message) "." } p { a href="/inbox" { "Show all messages" } } })
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · sandbox" }
                // An icon of its own, so that browsers ask for none.
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a .skip href="#main" { "To the messages" }
                header { div .wide { h1 { a href="/inbox" { "Inbox" } } p { "What the sandbox has sent" } } }
                main #main .wide { (body) }
            }
        }
    }
}

fn badge(channel: Channel) -> Markup {
    let name = match channel {
        Channel::Email => "Mail",
        Channel::Sms => "SMS",
    };
    html! { span .badge .(channel.as_str()) { (name) } }
}

fn moment(at: Timestamp) -> Markup {
    let iso = at.to_string();
    let shown = iso.get(..19).unwrap_or_default().replace('T', " ");
    html! { time datetime=(iso) { (shown) " UTC" } }
}

fn named(file: &Attachment) -> String {
    let name = if file.name.is_empty() { "without a name" } else { file.name.as_str() };
    format!("{name} ({}, {})", file.kind, size(file.size_bytes))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KiB", bytes.div_ceil(1_024)),
        _ => format!("{} MiB", bytes.div_ceil(1_048_576)),
    }
}
