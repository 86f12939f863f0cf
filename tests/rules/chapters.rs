//! A service reads like a chapter, and a decision like a page that can be found.

use crate::tree;

/// What a service's README has, in this order; a heading may say more than the word.
const SECTIONS: [&str; 11] = [
    "overview",
    "responsibilities",
    "data",
    "api",
    "events",
    "settings",
    "development",
    "deployment",
    "health",
    "runbook",
    "security",
];

fn missing_sections(readme: &str) -> Vec<&'static str> {
    let headings: Vec<_> =
        readme.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_lowercase).collect();
    let mut rest = headings.as_slice();
    let missing = SECTIONS.into_iter().filter(|section| {
        match rest.iter().position(|heading| heading.contains(section)) {
            Some(at) => {
                rest = &rest[at + 1..];
                false
            }
            None => true,
        }
    });
    missing.collect()
}

/// What is wrong with the decisions, given by their file names and texts.
fn lost_decisions(index: &str, decisions: &[(String, String)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, text) in decisions {
        if !text.starts_with("# ") {
            wrong.push(format!("{name} has no title"));
        }
        if !text
            .lines()
            .any(|line| line.trim_start_matches(['-', '*', '#', ' ']).to_lowercase().starts_with("status"))
        {
            wrong.push(format!("{name} has no status"));
        }
        if !index.contains(&format!("({name})")) && !index.contains(&format!("(./{name})")) {
            wrong.push(format!("{name} is not linked from README.md"));
        }
    }
    wrong
}

#[test]
fn every_service_has_the_eleven_sections_and_its_document() {
    let mut wrong = Vec::new();
    for service in tree::services() {
        let folder = tree::root().join("services").join(&service);
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap_or_default();
        wrong.extend(
            missing_sections(&readme).into_iter().map(|section| format!("{service}/README.md: {section}")),
        );
        let document = std::fs::read_to_string(folder.join("openapi.yaml")).unwrap_or_default();
        if !document.starts_with("# Generated") {
            wrong.push(format!("{service}/openapi.yaml is not there; `stoa generate` writes it"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_decision_has_a_title_and_a_status_and_can_be_found() {
    let folder = "docs/decisions/";
    let pages: Vec<String> =
        tree::files().into_iter().filter(|path| path.starts_with(folder) && path.ends_with(".md")).collect();
    let named = |path: &String| path.strip_prefix(folder).unwrap().to_owned();
    let decisions: Vec<_> = pages
        .iter()
        .map(|path| (named(path), tree::text(path)))
        .filter(|(name, _)| name != "README.md")
        .collect();
    let index = if decisions.is_empty() { String::new() } else { tree::text(&format!("{folder}README.md")) };
    let wrong = lost_decisions(&index, &decisions);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_missing_section_and_a_lost_decision_are_found() {
    let headings = [
        "Overview",
        "Responsibilities and boundaries",
        "Owned data",
        "API",
        "Events",
        "Settings and secrets",
        "Local development",
        "Deployment",
        "Health and SLOs",
        "Runbook",
        "Security",
    ];
    let readme: String = headings.iter().map(|heading| format!("## {heading}\n\ntext\n\n")).collect();
    assert!(missing_sections(&readme).is_empty());
    assert_eq!(missing_sections(&readme.replace("## Runbook", "Runbook")), ["runbook"]);
    let decision = |text: &str| vec![("0001-a.md".to_owned(), text.to_owned())];
    assert!(lost_decisions("[1](0001-a.md)", &decision("# A\n\nStatus: accepted\n")).is_empty());
    assert_eq!(lost_decisions("", &decision("A\n")).len(), 3);
}
