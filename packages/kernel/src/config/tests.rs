//! What settings promise: who overrules whom, what is refused and how, and that secrets stay hidden.

mod live;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::secrets::Secret;

const LISTEN: Setting<SocketAddr> =
    Setting::new("listen", || SocketAddr::from(([127, 0, 0, 1], 8000)), "Where the gateway listens.");
const MODE: Setting<Mode> = Setting::new("mode", || Mode::Sandbox, "Trial or real.");
const DATABASE: Setting<Option<String>> =
    Setting::new("database_url", || None, "The database.").secret().example("postgres://stoa@db/stoa");
const KEEP: Setting<u32> = Setting::new("audit.operational_days", || 90, "How long records are kept.");
const BODY_MAX: Setting<ByteSize> = Setting::new("http.body_max", || ByteSize(1 << 20), "The largest body.");
const DRAIN: Setting<Duration> =
    Setting::new("http.drain_wait", || Duration::from_secs(30), "How long calls | answers may take to end.");
const KEY: Setting<Secret<String>> =
    Setting::new("auth.signing_key", || Secret::new("default-key".to_owned()), "Signs tokens.");

fn declared() -> Vec<Declaration> {
    vec![
        LISTEN.declare(),
        MODE.declare(),
        DATABASE.declare(),
        KEEP.declare(),
        BODY_MAX.declare(),
        DRAIN.declare(),
        KEY.declare(),
    ]
}

fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
    given.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
}

/// A settings file that is gone when the test is over.
struct TempFile(PathBuf);

impl TempFile {
    fn new(test: &str, text: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("stoa-config-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("stoa.toml"), text).unwrap();
        Self(folder)
    }

    fn load(&self, env: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        Settings::load(declared(), Some(&self.0.join("stoa.toml")), pairs(env), &pairs(flags))
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn load(env: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    Settings::load(declared(), None, pairs(env), &pairs(flags))
}

fn problems(result: Result<Settings, ConfigError>) -> Vec<String> {
    result.unwrap_err().problems
}

fn origin(settings: &Settings, key: &str) -> Origin {
    settings.rows().into_iter().find(|row| row.key == key).unwrap().origin
}

#[test]
fn a_flag_overrules_the_environment_that_overrules_the_file_that_overrules_the_default() {
    let file = TempFile::new("order", "[audit]\noperational_days = 30\n");
    let variable = [("STOA_AUDIT_OPERATIONAL_DAYS", "60")];
    let flag = [("audit.operational_days", "120")];

    let cases = [
        (load(&[], &[]).unwrap(), 90, Origin::Default),
        (file.load(&[], &[]).unwrap(), 30, Origin::File),
        (file.load(&variable, &[]).unwrap(), 60, Origin::Environment),
        (file.load(&variable, &flag).unwrap(), 120, Origin::Flag),
    ];
    for (settings, days, from) in cases {
        assert_eq!(settings.get(&KEEP), days);
        assert_eq!(origin(&settings, "audit.operational_days"), from);
    }
}

#[test]
fn every_kind_is_read_from_the_file_as_toml_or_as_text() {
    let text = "listen = \"0.0.0.0:80\"\nmode = \"production\"\ndatabase_url = \"postgres://x\"\n\
                audit.operational_days = \"7\"\n[http]\nbody_max = \"10MiB\"\ndrain_wait = \"250ms\"\n";
    let settings = TempFile::new("kinds", text).load(&[], &[]).unwrap();
    assert_eq!(settings.get(&LISTEN), SocketAddr::from(([0, 0, 0, 0], 80)));
    assert_eq!(settings.get(&MODE), Mode::Production);
    assert_eq!(settings.get(&DATABASE).as_deref(), Some("postgres://x"));
    assert_eq!(settings.get(&KEEP), 7);
    assert_eq!(settings.get(&BODY_MAX), ByteSize(10 << 20));
    assert_eq!(settings.get(&DRAIN), Duration::from_millis(250));
}

#[test]
fn an_empty_optional_setting_is_none() {
    let settings = load(&[("STOA_DATABASE_URL", "")], &[]).unwrap();
    assert_eq!(settings.get(&DATABASE), None);
}

#[test]
fn a_setting_that_nobody_declared_has_its_default() {
    let settings = Settings::load(Vec::new(), None, [], &[]).unwrap();
    assert_eq!(settings.get(&KEEP), 90);
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest_known_one() {
    let file = TempFile::new("unknown", "lisen = \"x\"\noperational_days = 3\n");
    let found = problems(file.load(&[("STOA_LISTN", "x")], &[("mod", "x"), ("nothing.like.it", "x")]));
    assert_eq!(
        found,
        [
            "unknown setting `lisen` in stoa.toml; did you mean `listen`?",
            "unknown setting `operational_days` in stoa.toml; did you mean `audit.operational_days`?",
            "unknown setting `STOA_LISTN` in the environment; did you mean `STOA_LISTEN`?",
            "unknown setting `mod` in the flags; did you mean `mode`?",
            "unknown setting `nothing.like.it` in the flags",
        ]
    );
}

#[test]
fn a_wrong_value_is_refused_naming_its_place_and_what_belongs_there() {
    let file = TempFile::new("wrong", "[audit]\noperational_days = -1\n[http]\nbody_max = [1]\n");
    let found =
        problems(file.load(&[("STOA_LISTEN", "abc"), ("STOA_MODE", "x\n")], &[("http.drain_wait", "5")]));
    assert_eq!(
        found,
        [
            "stoa.toml, `audit.operational_days`: `-1` is not a whole number from 0 to 4294967295",
            "stoa.toml, `http.body_max`: a list stands where one value belongs",
            "STOA_LISTEN: `abc` is not an address like 127.0.0.1:8000",
            "STOA_MODE: `x\\n` is not sandbox or production",
            "--set http.drain_wait: `5` is not a duration like 250ms, 30s, 5m, 2h or 90d",
        ]
    );
}

#[test]
fn a_wrong_value_is_refused_even_where_a_better_one_overrules_it() {
    let file = TempFile::new("overruled", "listen = \"abc\"\n");
    assert_eq!(problems(file.load(&[("STOA_LISTEN", "127.0.0.1:1")], &[])).len(), 1);
}

#[test]
fn a_file_that_is_not_toml_is_refused_by_line_without_quoting_it() {
    let file = TempFile::new("syntax", "listen = \"127.0.0.1:1\"\n[auth]\nsigning_key = hunter2 oops\n");
    let found = problems(file.load(&[], &[]));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("stoa.toml, line 3: "), "{found:?}");
    assert!(!found[0].contains("hunter2"), "{found:?}");
}

#[test]
fn a_file_that_is_not_there_is_a_problem() {
    let result = Settings::load(declared(), Some(Path::new("/nowhere/stoa.toml")), [], &[]);
    assert!(problems(result)[0].starts_with("/nowhere/stoa.toml cannot be read: "));
}

#[test]
fn variables_of_others_and_of_tests_are_left_alone() {
    assert!(load(&[("PATH", "/bin"), ("STOA_TEST_POSTGRES", "x"), ("STOA_BENCH_SECONDS", "1")], &[]).is_ok());
}

#[test]
fn two_settings_with_one_variable_are_refused_and_one_declared_twice_is_not() {
    const TWIN: Setting<u32> = Setting::new("audit_operational.days", || 1, "Clashes.");
    let clash = Settings::load(vec![KEEP.declare(), TWIN.declare()], None, [], &[]);
    assert_eq!(
        problems(clash),
        [
            "settings `audit.operational_days` and `audit_operational.days` are both set by STOA_AUDIT_OPERATIONAL_DAYS"
        ]
    );
    assert!(Settings::load(vec![KEEP.declare(), KEEP.declare()], None, [], &[]).is_ok());
}

#[test]
fn a_secret_never_appears_in_rows_debug_pages_or_errors() {
    const PIN: Setting<u32> = Setting::new("auth.pin", || 0, "A number nobody sees.").secret();
    let env = pairs(&[("STOA_DATABASE_URL", "hunter2"), ("STOA_AUTH_SIGNING_KEY", "hunter2")]);
    let settings = Settings::load(declared(), None, env, &[]).unwrap();
    let wrong = Settings::load(vec![PIN.declare()], None, pairs(&[("STOA_AUTH_PIN", "hunter2")]), &[]);

    assert_eq!(settings.get(&KEY).expose(), "hunter2");
    let shown = [
        format!("{:?}", settings.rows()),
        format!("{settings:?}"),
        format!("{:?}", wrong.as_ref().unwrap_err()),
        wrong.unwrap_err().to_string(),
        format!("{:?}", declared()),
        reference_markdown(&declared()),
        example_toml(&declared()),
    ];
    for text in shown {
        assert!(!text.contains("hunter2") && !text.contains("default-key"), "{text}");
    }
}

#[test]
fn rows_list_common_settings_first_and_hide_secrets_that_are_set() {
    let settings = load(&[("STOA_DATABASE_URL", "x")], &[]).unwrap();
    let rows: Vec<_> = settings.rows().into_iter().map(|row| (row.key, row.value)).collect();
    let expected = [
        ("database_url", "***"),
        ("listen", "127.0.0.1:8000"),
        ("mode", "sandbox"),
        ("audit.operational_days", "90"),
        ("auth.signing_key", ""),
        ("http.body_max", "1MiB"),
        ("http.drain_wait", "30s"),
    ];
    assert_eq!(rows, expected.map(|(key, value)| (key, value.to_owned())));
}

#[test]
fn the_example_file_loads_when_its_settings_are_uncommented() {
    let example = example_toml(&declared());
    let unset = TempFile::new("example", &example).load(&[], &[]).unwrap();
    assert_eq!(origin(&unset, "listen"), Origin::Default);

    let lines = example.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => setting,
        _ => line,
    });
    let uncommented = lines.collect::<Vec<_>>().join("\n");
    let set = TempFile::new("uncommented", &uncommented).load(&[], &[]).unwrap();
    assert!(set.rows().iter().all(|row| row.origin == Origin::File), "{uncommented}");
    assert_eq!(set.get(&LISTEN), unset.get(&LISTEN));
    assert_eq!(set.get(&DRAIN), unset.get(&DRAIN));
    assert_eq!(set.get(&DATABASE).as_deref(), Some("postgres://stoa@db/stoa"));
}

#[test]
fn the_reference_page_has_a_row_for_each_setting() {
    let page = reference_markdown(&declared());
    assert!(page.contains(
        "| `audit.operational_days` | `STOA_AUDIT_OPERATIONAL_DAYS` | whole number | `90` | How long records are kept. |"
    ));
    assert!(page.contains("## http\n"));
    assert!(page.contains("calls \\| answers"), "a bar in a text must not end its cell");
    assert!(page.find("## Common") < page.find("## audit"));
}

fn returns<T: SettingValue + PartialEq + std::fmt::Debug>(value: T) {
    assert_eq!(T::parse(&value.show()), Ok(value));
}

proptest! {
    #[test]
    fn a_value_shown_and_read_again_is_the_same(number: u64, ip: IpAddr, port: u16, text: String, yes: bool) {
        returns(number);
        returns(SocketAddr::new(ip, port));
        returns(yes);
        returns(ByteSize(number));
        returns(Duration::from_millis(number));
        returns(Some(number));
        returns(text);
    }

    #[test]
    fn no_text_makes_a_parser_panic(text: String) {
        let _ = (Duration::parse(&text), ByteSize::parse(&text), u16::parse(&text), Mode::parse(&text));
        let _ = load(&[(&format!("STOA_{text}"), &text)], &[(&text, &text)]);
    }
}

#[test]
fn a_duration_or_size_too_large_to_hold_is_refused() {
    assert!(Duration::parse("18446744073709551615d").is_err());
    assert!(ByteSize::parse("18446744073709551615KiB").is_err());
    assert!(Duration::parse("ms").is_err());
}
