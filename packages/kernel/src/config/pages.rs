//! Pages made from the declarations: the settings reference and the example file.
//!
//! Both list the common settings first and then each service's, so a change of the code changes the page.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::setting::{Changes, Declaration};

/// The reference page: one table for the common settings and one for each service.
pub fn reference_markdown(declarations: &[Declaration]) -> String {
    let mut page = String::from(
        "# Settings\n\nA default is overruled by `stoa.toml`, that by the environment, that by a flag \
         (`--set key=value`). What is live can be set by the registry while services run, over all of these.\n",
    );
    for (group, members) in groups(declarations) {
        let title = if group.is_empty() { "Common" } else { group };
        let _ = write!(
            page,
            "\n## {title}\n\n| key | variable | kind | default | meaning |\n|---|---|---|---|---|\n"
        );
        for one in members {
            let default = match (one.secret, one.default.as_str()) {
                (true, _) => "(secret)".to_owned(),
                (false, "") => "(none)".to_owned(),
                (false, text) => format!("`{}`", cell(text)),
            };
            let _ = writeln!(
                page,
                "| `{}` | `{}` | {} | {default} | {}{} |",
                one.key,
                one.variable(),
                cell(one.kind),
                cell(one.help),
                match one.changes {
                    Changes::AtStart => "",
                    Changes::Live => " Live.",
                    Changes::PerProject => " Live, and each project may choose for itself.",
                }
            );
        }
    }
    page
}

/// An example `stoa.toml`: take the `#` from before a setting to set it.
pub fn example_toml(declarations: &[Declaration]) -> String {
    let mut file = String::from("# Settings of Stoa. Take the # from before a setting to set it.\n");
    for (group, members) in groups(declarations) {
        if !group.is_empty() {
            let _ = write!(file, "\n[{group}]\n");
        }
        for one in members {
            let name = one.key.split_once('.').map_or(one.key, |(_, rest)| rest);
            let text = one.example.unwrap_or(&one.default);
            let bare = matches!(one.kind, "whole number" | "true or false") && !text.is_empty();
            let value = if bare { text.to_owned() } else { serde_json::Value::from(text).to_string() };
            let _ = write!(file, "\n# {} ({})\n#{name} = {value}\n", one.help, one.kind);
        }
    }
    file
}

/// Declarations by their first segment; the common ones have none and come first.
fn groups(declarations: &[Declaration]) -> BTreeMap<&'static str, Vec<&Declaration>> {
    let mut groups: BTreeMap<&'static str, BTreeMap<&'static str, &Declaration>> = BTreeMap::new();
    for one in declarations {
        let group = one.key.split_once('.').map_or("", |(group, _)| group);
        groups.entry(group).or_default().insert(one.key, one);
    }
    groups.into_iter().map(|(group, members)| (group, members.into_values().collect())).collect()
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
