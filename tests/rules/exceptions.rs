//! What may break a rule, for a reason: a list that may only shrink.
//!
//! A line of `exceptions/<rule>.txt` is `what = how much: why`. More than is listed fails, and so does less: then
//! the line is to be lowered or taken out, so that no slack is left behind.

use std::collections::BTreeMap;

use crate::tree;

/// How often (or by how much) each thing breaks a rule.
pub type Found = BTreeMap<String, usize>;

/// Fails when what was found is not what is listed.
pub fn hold(rule: &str, found: &Found) {
    let path = format!("tests/rules/exceptions/{rule}.txt");
    let text = if tree::root().join(&path).exists() { tree::text(&path) } else { String::new() };
    let complaints = compare(&text, found);
    assert!(complaints.is_empty(), "rule `{rule}` ({path}):\n  {}\n", complaints.join("\n  "));
}

fn compare(listed: &str, found: &Found) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut allowed = BTreeMap::new();
    for line in listed.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match parse(line) {
            Some((what, much)) => drop(allowed.insert(what.to_owned(), much)),
            None => complaints.push(format!("write `what = how much: why` instead of `{line}`")),
        }
    }
    for (what, much) in found {
        match allowed.remove(what) {
            None => complaints.push(format!("{what} = {much}")),
            Some(listed) if listed < *much => {
                complaints.push(format!("{what} = {much}, and {listed} are allowed"))
            }
            Some(listed) if listed > *much => {
                complaints.push(format!("{what}: lower {listed} to {much}; lists only shrink"))
            }
            Some(_) => {}
        }
    }
    complaints
        .extend(allowed.keys().map(|what| format!("{what} needs no exception any more; take the line out")));
    complaints
}

fn parse(line: &str) -> Option<(&str, usize)> {
    let (what, rest) = line.split_once(" = ")?;
    let (much, why) = rest.split_once(':')?;
    let reasoned = why.trim().len() > 10;
    much.trim().parse().ok().filter(|_| reasoned).map(|much| (what.trim(), much))
}

#[test]
fn an_exception_holds_for_as_much_as_it_says_and_no_longer_than_it_is_needed() {
    let found = Found::from([("a.rs".to_owned(), 2)]);
    assert_eq!(compare("a.rs = 2: it cannot be otherwise", &found), Vec::<String>::new());
    assert_eq!(compare("", &found).len(), 1, "not listed");
    assert_eq!(compare("a.rs = 1: it cannot be otherwise", &found).len(), 1, "more than is listed");
    assert_eq!(compare("a.rs = 3: it cannot be otherwise", &found).len(), 1, "less than is listed");
    assert_eq!(
        compare("a.rs = 2: it cannot be otherwise\nb.rs = 1: it was needed once", &found).len(),
        1,
        "stale"
    );
    assert_eq!(compare("a.rs = 2:", &found).len(), 2, "without a reason");
}
