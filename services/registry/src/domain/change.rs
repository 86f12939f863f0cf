//! What a wish would change, and what is wrong with it.

use std::collections::BTreeMap;

use kernel::config::Declaration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::settable::Settable;

/// Values by the setting's name as they are stored: those of secret settings are sealed.
pub type Texts = BTreeMap<String, String>;

/// Values that are wished for, in clear; none takes the setting back to what the process was started with.
pub type Wish = BTreeMap<String, Option<String>>;

/// One setting that has another value afterwards, as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"key": "jobs.kept", "from": null, "to": "3d"}))]
pub struct Change {
    /// The setting.
    pub key: String,
    /// What was set before; null where nothing was.
    pub from: Option<String>,
    /// What is set afterwards; null where nothing is.
    pub to: Option<String>,
}

/// One setting of a wish that cannot be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The setting.
    pub key: String,
    /// Why.
    pub why: String,
}

/// The most settings of one wish.
pub const WISHES_MAX: usize = 100;
/// The longest value.
pub const TEXT_BYTES_MAX: usize = 8 * 1024;

/// What `wish` changes in what is `stored`, or all that is wrong with it. `opened` gives a secret value in clear.
pub fn plan(
    settable: Settable<'_>,
    stored: &Texts,
    wish: &Wish,
    opened: impl Fn(&str, &str) -> Option<String>,
) -> Result<Vec<Change>, Vec<Wrong>> {
    let (mut changes, mut wrong) = (Vec::new(), Vec::new());
    for (key, wanted) in wish {
        let (before, declaration) = (stored.get(key), settable.find(key));
        if let Some(why) = complaint(settable, declaration, key, before.is_some(), wanted.as_deref()) {
            wrong.push(Wrong { key: key.clone(), why });
            continue;
        }
        let in_clear = match (before, declaration) {
            (Some(text), Some(declaration)) if declaration.secret => opened(key, text),
            (before, _) => before.cloned(),
        };
        let is_same = in_clear == *wanted && before.is_some() == wanted.is_some();
        if !is_same {
            let shown = |text: &String| settable.shown(key, text);
            changes.push(Change {
                key: key.clone(),
                from: before.map(shown),
                to: wanted.as_ref().map(shown),
            });
        }
    }
    if wrong.is_empty() { Ok(changes) } else { Err(wrong) }
}

fn complaint(
    settable: Settable<'_>,
    declaration: Option<&Declaration>,
    key: &str,
    is_set: bool,
    wanted: Option<&str>,
) -> Option<String> {
    let Some(declaration) = declaration else {
        // What a newer version no longer has can still be taken away.
        return (!is_set || wanted.is_some()).then(|| settable.refusal(key).to_owned());
    };
    let wanted = wanted?;
    if wanted.len() > TEXT_BYTES_MAX {
        return Some(format!("has more than {TEXT_BYTES_MAX} bytes"));
    }
    match (declaration.check)(wanted) {
        Ok(()) => None,
        // What a parser says of a secret may quote it.
        Err(_) if declaration.secret => Some(format!("is no value of this kind: {}", declaration.kind)),
        Err(expected) => Some(format!("is not {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kernel::config::Setting;
    use kernel::secrets::Secret;
    use kernel::service::Catalogue;
    use proptest::prelude::*;

    use super::super::names::ServiceName;
    use super::*;

    const KEPT: Setting<Duration> = Setting::new("shop.kept", || Duration::ZERO, "Live.").live();
    const SIGN: Setting<String> = Setting::new("shop.sign", String::new, "A project's.").per_project();
    const DOOR: Setting<u32> = Setting::new("shop.door", || 1, "At a start.");
    const KEY: Setting<Secret<String>> =
        Setting::new("shop.key", || Secret::new(String::new()), "A secret.").live();

    fn catalogue() -> Catalogue {
        vec![("shop", vec![KEPT.declare(), SIGN.declare(), DOOR.declare(), KEY.declare()])]
    }

    fn planned(of_a_project: bool, stored: &[(&str, &str)], wish: &Wish) -> Result<Vec<Change>, Vec<Wrong>> {
        let catalogue = catalogue();
        let shop = ServiceName::try_from("shop".to_owned()).unwrap();
        let settable = Settable::of(&catalogue, &shop, of_a_project).unwrap();
        let stored = stored.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        // In these tests sealing writes a text backwards.
        plan(settable, &stored, wish, |_, sealed| Some(sealed.chars().rev().collect()))
    }

    fn wish(key: &str, text: Option<&str>) -> Wish {
        Wish::from([(key.to_owned(), text.map(str::to_owned))])
    }

    fn change(key: &str, from: Option<&str>, to: Option<&str>) -> Change {
        Change { key: key.to_owned(), from: from.map(str::to_owned), to: to.map(str::to_owned) }
    }

    #[test]
    fn only_what_becomes_different_is_a_change() {
        let stored = [("shop.kept", "3d"), ("shop.key", "terces")];
        let planned = |key, text| planned(false, &stored, &wish(key, text)).unwrap();
        assert_eq!(planned("shop.kept", Some("3d")), []);
        assert_eq!(planned("shop.kept", Some("4d")), [change("shop.kept", Some("3d"), Some("4d"))]);
        assert_eq!(planned("shop.kept", None), [change("shop.kept", Some("3d"), None)]);
        assert_eq!(planned("shop.sign", None), []);
        assert_eq!(planned("shop.key", Some("secret")), []);
        assert_eq!(planned("shop.key", Some("other")), [change("shop.key", Some("***"), Some("***"))]);
    }

    #[test]
    fn a_wish_that_cannot_be_is_refused_by_the_name_of_its_setting() {
        for (of_a_project, key, text, why) in [
            (false, "shop.roof", "1", "is no setting of this service"),
            (false, "shop.door", "2", "can be set at a start only"),
            (true, "shop.kept", "3d", "is not for a project to choose"),
            (false, "shop.kept", "soon", "is not a duration like 250ms, 30s, 5m, 2h or 90d"),
        ] {
            let wrong = planned(of_a_project, &[], &wish(key, Some(text))).unwrap_err();
            assert_eq!(wrong, [Wrong { key: key.to_owned(), why: why.to_owned() }]);
        }
        assert!(planned(true, &[], &wish("shop.sign", Some("Moin"))).is_ok());
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        assert!(planned(false, &[], &wish("shop.sign", Some(&long))).is_err());
    }

    #[test]
    fn what_there_is_no_more_can_be_taken_away_and_is_never_shown() {
        let stored = [("shop.gone", "perhaps a secret")];
        let planned = |text| planned(false, &stored, &wish("shop.gone", text));
        assert_eq!(planned(None).unwrap(), [change("shop.gone", Some("***"), None)]);
        assert!(planned(Some("again")).is_err());
    }

    proptest! {
        #[test]
        fn a_wish_that_was_granted_changes_nothing_when_it_is_wished_again(
            days in proptest::option::of(0_u32..99), sign: Option<String>, key: Option<String>,
        ) {
            let wish = Wish::from([
                ("shop.kept".to_owned(), days.map(|days| format!("{days}d"))),
                ("shop.sign".to_owned(), sign),
                ("shop.key".to_owned(), key),
            ]);
            let Ok(changes) = planned(false, &[("shop.kept", "3d")], &wish) else { return Ok(()) };
            prop_assert!(changes.iter().all(|change| change.from != change.to || change.key == "shop.key"));
            let granted: Vec<(String, String)> = wish
                .iter()
                .filter_map(|(key, text)| Some((key.clone(), text.clone()?)))
                .map(|(key, text)| {
                    let sealed = if key == "shop.key" { text.chars().rev().collect() } else { text };
                    (key, sealed)
                })
                .collect();
            let granted: Vec<(&str, &str)> = granted.iter().map(|(k, t)| (k.as_str(), t.as_str())).collect();
            prop_assert_eq!(planned(false, &granted, &wish).unwrap(), []);
        }
    }
}
