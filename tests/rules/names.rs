//! The project speaks of itself alone: it names no package registry and no place on somebody's machine.

use crate::exceptions::{Found, hold};
use crate::tree;

/// In pieces, so that this file does not find itself.
fn registries() -> [String; 6] {
    let join = |name: &str, end: &str| format!("{name}.{end}");
    [
        join("crates", "io"),
        join("pypi", "org"),
        join("pythonhosted", "org"),
        join("npmjs", "org"),
        join("npmjs", "com"),
        join("proxy.golang", "org"),
    ]
}

fn homes() -> [String; 5] {
    ["home", "root", "work", "Users", "farm"].map(|name| format!("/{name}/"))
}

fn spoken(text: &str) -> usize {
    let registries: usize = registries().iter().map(|host| text.matches(host.as_str()).count()).sum();
    // `https://host/work/` and `$HOME/work/` are no absolute paths.
    let absolute = |at: usize| {
        !text[..at].ends_with(|before: char| before.is_alphanumeric() || "_-./}{~".contains(before))
    };
    let homes = homes()
        .iter()
        .flat_map(|home| text.match_indices(home.as_str()).collect::<Vec<_>>())
        .filter(|(at, _)| absolute(*at))
        .count();
    registries + homes
}

#[test]
fn nothing_names_a_registry_or_a_place_on_a_machine() {
    let mut found = Found::new();
    // The lock file is cargo's own.
    for path in tree::files().into_iter().filter(|path| !path.ends_with("Cargo.lock")) {
        let count = spoken(&tree::text(&path));
        if count > 0 {
            found.insert(path, count);
        }
    }
    hold("names", &found);
}

#[test]
fn a_path_and_a_host_are_found() {
    let home = ["/ho", "me/somebody"].concat();
    assert_eq!(spoken(&format!("look in {home} or \"{home}\"")), 2);
    assert_eq!(spoken(&["https://static.crates", ".io/"].concat()), 1);
    assert_eq!(spoken("https://host/work/1 and $HOME/work/x"), 0);
}
