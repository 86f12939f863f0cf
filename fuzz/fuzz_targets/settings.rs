//! Any text as the value of any setting: taken, or refused in one sentence; what is taken is shown and taken again.
#![no_main]

use gateway::domain::address::Networks;
use gateway::domain::rate::Rate;
use kernel::config::SettingValue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(rate) = Rate::parse(text) {
        assert_eq!(Rate::parse(&rate.show()), Ok(rate));
    }
    if let Ok(networks) = Networks::parse(text) {
        assert_eq!(Networks::parse(&networks.show()), Ok(networks));
    }
    for declaration in kernel::service::settings().iter().chain(gateway::service().declarations()) {
        // A problem is told in one line.
        if let Err(problem) = (declaration.check)(text) {
            assert!(!problem.contains('\n'), "{problem}");
        }
    }
});
